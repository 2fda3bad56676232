//! One call and its outcome.

use std::sync::Arc;
use std::time::Duration;

use crate::Budget;

/// One attempt at one task.
#[derive(Debug, Clone)]
pub struct Call {
    /// The task's name, as in `task:NAME`.
    pub task: Arc<str>,
    /// A JSON document.
    pub input: Arc<str>,
    pub budget: Budget,
    pub identity: Identity,
}

/// Who is calling: what the guest's `context` import answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub idempotency_key: Arc<str>,
    /// From 1, one more for each `Retry`.
    pub attempt: u32,
    /// From 1, one more each time the attempt is sent out again after a loss of the host.
    pub dispatch: u32,
    pub execution_id: Arc<str>,
    pub execution_name: Arc<str>,
    pub workflow_name: Arc<str>,
    pub state_name: Arc<str>,
}

/// A workflow failure: data, matched by `Retry` and `Catch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub error: String,
    pub cause: String,
}

impl Failure {
    #[must_use]
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }
}

/// What came back from a call.
#[derive(Debug, Clone)]
pub struct Returned {
    /// A JSON document, already checked to be one, or why there is none.
    pub outcome: Result<String, Failure>,
    pub receipt: Receipt,
    /// What the task wrote to standard output and standard error, oldest first.
    pub log: Vec<LogLine>,
}

/// What the call used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of the component that ran, `sha256:` and 64 hexadecimal digits; empty when none ran.
    pub component: String,
    /// Fuel burnt by computing (units).
    pub fuel_computing: u64,
    /// Fuel burnt by waiting in host calls (units).
    pub fuel_waiting: u64,
    /// The budget the call had (units).
    pub fuel_budget: u64,
    /// Largest size of the guest's linear memory (bytes).
    pub memory_bytes_peak: u64,
    /// Wall-clock time from the call to its end.
    pub elapsed: Duration,
}

/// A line of a task's log, without its line end, control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub stream: LogStream,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    Stdout,
    Stderr,
}
