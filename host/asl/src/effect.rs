//! What a step asks the world to do. Effects carry ids that survive replay, so carrying one
//! out twice is harmless.

use std::sync::Arc;

use stepwell_expr::Value;

use crate::{MapRun, Timestamp};

/// Which call: the id of its `…Scheduled` event in the execution's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Which timer: numbered from 1 within the execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u64);

/// Which map run: the id of its `MapRunStarted` event in the execution's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send the call out; answer with [`crate::Input::Returned`].
    Invoke(Invoke),
    /// Nobody awaits the call any more: what it started is to be stopped.
    CancelCall { call: CallId },
    /// Answer with [`crate::Input::Fired`] at the instant, never before.
    SetTimer { timer: TimerId, at: Timestamp },
    /// Nobody awaits the timer any more.
    CancelTimer { timer: TimerId },
    /// Run the items of a distributed Map; answer with [`crate::Input::RunEnded`].
    RunMap(Arc<MapRun>),
    /// The limits of a map run that is under way have changed: these hold from now on.
    AdjustRun(Arc<MapRun>),
    /// Nobody awaits the map run any more: its child executions are to be stopped.
    CancelRun { run: RunId },
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoke {
    pub call: CallId,
    pub resource: Resource,
    /// The effective input.
    pub input: Value,
    /// Effective `TimeoutSeconds`, when the state has one.
    pub timeout_seconds: Option<u64>,
    /// Effective `HeartbeatSeconds`, when the state has one.
    pub heartbeat_seconds: Option<u64>,
    pub state_name: Arc<str>,
    /// Id of the visit's `TaskStateEntered` event: with the execution's id, the idempotency key.
    pub entered_event: u64,
    /// From 1, one more for each `Retry` of this visit.
    pub attempt: u32,
    /// Whether the end of the call's log is wanted with its result: see [`crate::Receipt::log_tail`].
    pub wants_log: bool,
    /// Whoever holds it can end the call: of an activity, and of a service that waits for it.
    pub token: Option<Arc<str>>,
    /// Whether a service took it on, or a worker took it: it must not be sent again.
    pub is_submitted: bool,
}

/// What a Task state's `Resource` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `task:NAME`.
    Task { name: Arc<str> },
    /// A Lambda function's ARN, or `lambda:invoke` with its `FunctionName`: the component of that name.
    Lambda { function: Arc<str> },
    /// `arn:aws:states:::SERVICE:ACTION`, with what follows it: `dynamodb` and `putItem`,
    /// `aws-sdk:kms` and `encrypt`.
    Service { service: Arc<str>, action: Arc<str>, pattern: ServicePattern },
    /// An activity's ARN.
    Activity { arn: Arc<str> },
}

/// When the call of a service has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServicePattern {
    /// Once the service has answered.
    RequestResponse,
    /// `.sync`: once what the call started has ended.
    Sync,
    /// `.sync:2`: the same, with the output as JSON instead of its text.
    Sync2,
    /// `.waitForTaskToken`: once somebody returns the token that the call was given.
    WaitForTaskToken,
}

impl Resource {
    /// The name of the task that stands for it. Of a service it is `SERVICE:ACTION` with its
    /// pattern, of an activity its ARN: no task has such a name.
    #[must_use]
    pub fn task_name(&self) -> Arc<str> {
        match self {
            Self::Task { name } => Arc::clone(name),
            Self::Lambda { function } => Arc::clone(function),
            Self::Service { service, action, pattern } => format!("{service}:{action}{}", pattern.suffix()).into(),
            Self::Activity { arn } => Arc::clone(arn),
        }
    }
}

impl ServicePattern {
    /// What follows the action in a `Resource`.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::Sync => ".sync",
            Self::Sync2 => ".sync:2",
            Self::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}
