//! What comes from outside: the start of an execution and everything that happens to it.

use std::sync::Arc;

use stepwell_expr::Value;

use crate::{CallId, Failure, RunId, TimerId, Timestamp};

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
    /// What task tokens are authenticated with. A secret: it is shown nowhere.
    pub token_key: u128,
    pub input: Value,
    /// Of a child execution of a distributed Map; `None` of any other.
    pub child: Option<Child>,
}

/// What makes an execution the child of a map run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The ARN of the map run.
    pub run: Arc<str>,
    /// JSON pointer of the `ItemProcessor` in the definition: see [`crate::Machine::processor`].
    pub processor: Arc<str>,
    /// Which of the run's child executions, from 0.
    pub index: u64,
}

/// Something that happened to a running execution.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A call ended. Late or doubled: the call is not awaited any more, and the step changes nothing.
    Returned { call: CallId, outcome: Result<Value, Failure>, receipt: Option<Receipt> },
    /// A service took the call on, and its end is to come: what the service answered.
    Submitted { call: CallId, output: Value },
    /// A worker took the call of an activity.
    Taken { call: CallId, worker: Option<Arc<str>> },
    /// Whoever works on the call is alive.
    Heartbeat { call: CallId },
    /// A timer's instant has come. The same holds for one that is not awaited any more.
    Fired { timer: TimerId },
    /// A map run ended: with the output of its state, or with what the state fails with. The same
    /// holds for one that is not awaited any more.
    RunEnded { run: RunId, outcome: Result<Value, Failure> },
    /// Somebody changed the limits of a map run that is under way; `None` leaves one as it is.
    RunAdjusted {
        run: RunId,
        /// 0 is as many as the host runs.
        max_concurrency: Option<u64>,
        tolerated_count: Option<u64>,
        /// From 0 to 100.
        tolerated_percentage: Option<f64>,
    },
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
    /// The last [`crate::limits::LOG_TAIL_BYTES_MAX`] bytes of the call's log, where they are wanted.
    pub log_tail: Option<Arc<str>>,
}
