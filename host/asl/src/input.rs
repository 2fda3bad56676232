//! What comes from outside: the start of an execution and everything that happens to it.

use std::sync::Arc;

use stepwell_expr::Value;

use crate::{CallId, Failure, TimerId, Timestamp};

/// How an execution begins. Part of the journal: every fold begins from the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// `$$.Execution.Id`: an ARN.
    pub execution_arn: Arc<str>,
    /// `$$.Execution.Name`.
    pub execution_name: Arc<str>,
    /// `$$.Execution.RoleArn`.
    pub role_arn: Arc<str>,
    /// `$$.StateMachine.Id`: an ARN.
    pub machine_arn: Arc<str>,
    /// `$$.StateMachine.Name`.
    pub machine_name: Arc<str>,
    /// `$$.Execution.StartTime`.
    pub at: Timestamp,
    /// What `States.UUID`, `States.MathRandom` and jitter are drawn from.
    pub seed: u64,
    pub input: Value,
}

/// Something that happened to a running execution.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A call ended. Late or doubled: the call is not awaited any more, and the step changes nothing.
    Returned { call: CallId, outcome: Result<Value, Failure>, receipt: Option<Receipt> },
    /// A timer's instant has come. The same holds for one that is not awaited any more.
    Fired { timer: TimerId },
    /// Somebody stopped the execution.
    Stopped { error: Option<Arc<str>>, cause: Option<Arc<str>> },
}

/// What a call used; shown in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Digest of the component that ran.
    pub component: Arc<str>,
    /// Fuel burnt by computing (units).
    pub fuel_computing: u64,
    /// Fuel burnt by waiting in host calls (units).
    pub fuel_waiting: u64,
    /// The budget the call had (units).
    pub fuel_budget: u64,
    /// Largest size of the guest's memory (bytes).
    pub memory_bytes_peak: u64,
    /// Wall-clock time (microseconds).
    pub elapsed_micros: u64,
}
