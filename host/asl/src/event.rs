//! The history of an execution: what AWS's `GetExecutionHistory` shows.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use crate::machine::StateType;
use crate::{Failure, Receipt, Timestamp};

mod json;

/// One event of an execution's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// From 1, without gaps.
    pub id: u64,
    /// The event that led to this one; 0 for the first events.
    pub previous_id: u64,
    pub at: Timestamp,
    pub kind: EventKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    ExecutionStarted {
        input: Value,
        role_arn: Arc<str>,
    },
    ExecutionSucceeded {
        output: Value,
    },
    ExecutionFailed {
        failure: Failure,
    },
    ExecutionTimedOut {
        failure: Failure,
    },
    ExecutionAborted {
        failure: Failure,
    },
    StateEntered {
        state: StateType,
        name: Arc<str>,
        input: Value,
    },
    StateExited {
        state: StateType,
        name: Arc<str>,
        output: Value,
        /// The variables that were set; never an empty map.
        assigned: Option<Arc<Map>>,
    },
    /// An expression of JSONata failed, or gave what its field does not take.
    EvaluationFailed {
        state: Arc<str>,
        /// The field, `Output/total`.
        location: Option<Arc<str>>,
        failure: Failure,
    },
    /// The state was left because a sibling failed, or the execution ended.
    StateAborted {
        state: StateType,
    },
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted {
        name: Arc<str>,
        index: u64,
    },
    MapIterationSucceeded {
        name: Arc<str>,
        index: u64,
    },
    MapIterationFailed {
        name: Arc<str>,
        index: u64,
    },
    MapIterationAborted {
        name: Arc<str>,
        index: u64,
    },
    MapRunStarted {
        arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed {
        failure: Failure,
    },
    MapRunAborted,
    LambdaFunctionScheduled {
        resource: Arc<str>,
        input: Value,
        timeout_seconds: Option<u64>,
    },
    LambdaFunctionStarted,
    LambdaFunctionSucceeded {
        output: Value,
        receipt: Option<Box<Receipt>>,
    },
    LambdaFunctionFailed {
        failure: Failure,
        receipt: Option<Box<Receipt>>,
    },
    LambdaFunctionTimedOut {
        failure: Failure,
        receipt: Option<Box<Receipt>>,
    },
    ActivityScheduled {
        resource: Arc<str>,
        input: Value,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    /// A worker took it.
    ActivityStarted {
        worker: Option<Arc<str>>,
    },
    ActivitySucceeded {
        output: Value,
    },
    ActivityFailed {
        failure: Failure,
    },
    ActivityTimedOut {
        failure: Failure,
    },
    TaskScheduled {
        service: Service,
        region: Arc<str>,
        parameters: Value,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    TaskStarted {
        service: Service,
    },
    /// A service took the call on, and its end is to come.
    TaskSubmitted {
        service: Service,
        output: Value,
    },
    TaskSucceeded {
        service: Service,
        output: Value,
        receipt: Option<Box<Receipt>>,
    },
    TaskFailed {
        service: Service,
        failure: Failure,
        receipt: Option<Box<Receipt>>,
    },
    TaskTimedOut {
        service: Service,
        failure: Failure,
        receipt: Option<Box<Receipt>>,
    },
}

/// `resourceType` and `resource` of a task's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `task`, `lambda` or the service's name.
    pub resource_type: Arc<str>,
    /// The name of the task, `invoke`, or the action with its pattern.
    pub resource: Arc<str>,
}

impl HistoryEvent {
    /// The event's `type`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.kind.type_name()
    }

    /// The event as AWS shows it: inputs and outputs as JSON text, the timestamp as RFC 3339
    /// text. Events that close a call carry `stepwell` beside it: what the call used.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json::event(self)
    }
}

impl EventKind {
    /// The `type` of such an event.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::EvaluationFailed { .. } => "EvaluationFailed",
            Self::ExecutionStarted { .. } => "ExecutionStarted",
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Self::ExecutionFailed { .. } => "ExecutionFailed",
            Self::ExecutionTimedOut { .. } => "ExecutionTimedOut",
            Self::ExecutionAborted { .. } => "ExecutionAborted",
            Self::StateEntered { state, .. } => entered(*state),
            Self::StateExited { state, .. } => exited(*state),
            Self::StateAborted { state } => aborted(*state),
            Self::ParallelStateStarted => "ParallelStateStarted",
            Self::ParallelStateSucceeded => "ParallelStateSucceeded",
            Self::ParallelStateFailed => "ParallelStateFailed",
            Self::MapStateStarted { .. } => "MapStateStarted",
            Self::MapStateSucceeded => "MapStateSucceeded",
            Self::MapStateFailed => "MapStateFailed",
            Self::MapIterationStarted { .. } => "MapIterationStarted",
            Self::MapIterationSucceeded { .. } => "MapIterationSucceeded",
            Self::MapIterationFailed { .. } => "MapIterationFailed",
            Self::MapIterationAborted { .. } => "MapIterationAborted",
            Self::MapRunStarted { .. } => "MapRunStarted",
            Self::MapRunSucceeded => "MapRunSucceeded",
            Self::MapRunFailed { .. } => "MapRunFailed",
            Self::MapRunAborted => "MapRunAborted",
            Self::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            Self::LambdaFunctionStarted => "LambdaFunctionStarted",
            Self::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            Self::LambdaFunctionFailed { .. } => "LambdaFunctionFailed",
            Self::LambdaFunctionTimedOut { .. } => "LambdaFunctionTimedOut",
            Self::ActivityScheduled { .. } => "ActivityScheduled",
            Self::ActivityStarted { .. } => "ActivityStarted",
            Self::ActivitySucceeded { .. } => "ActivitySucceeded",
            Self::ActivityFailed { .. } => "ActivityFailed",
            Self::ActivityTimedOut { .. } => "ActivityTimedOut",
            Self::TaskScheduled { .. } => "TaskScheduled",
            Self::TaskStarted { .. } => "TaskStarted",
            Self::TaskSubmitted { .. } => "TaskSubmitted",
            Self::TaskSucceeded { .. } => "TaskSucceeded",
            Self::TaskFailed { .. } => "TaskFailed",
            Self::TaskTimedOut { .. } => "TaskTimedOut",
        }
    }
}

fn entered(state: StateType) -> &'static str {
    match state {
        StateType::Task => "TaskStateEntered",
        StateType::Pass => "PassStateEntered",
        StateType::Choice => "ChoiceStateEntered",
        StateType::Wait => "WaitStateEntered",
        StateType::Succeed => "SucceedStateEntered",
        StateType::Fail => "FailStateEntered",
        StateType::Parallel => "ParallelStateEntered",
        StateType::Map => "MapStateEntered",
    }
}

fn exited(state: StateType) -> &'static str {
    match state {
        StateType::Task => "TaskStateExited",
        StateType::Pass => "PassStateExited",
        StateType::Choice => "ChoiceStateExited",
        StateType::Wait => "WaitStateExited",
        StateType::Succeed => "SucceedStateExited",
        StateType::Fail => "FailStateExited",
        StateType::Parallel => "ParallelStateExited",
        StateType::Map => "MapStateExited",
    }
}

fn aborted(state: StateType) -> &'static str {
    match state {
        StateType::Task => "TaskStateAborted",
        StateType::Pass => "PassStateAborted",
        StateType::Choice => "ChoiceStateAborted",
        StateType::Wait => "WaitStateAborted",
        StateType::Succeed => "SucceedStateAborted",
        StateType::Fail => "FailStateAborted",
        StateType::Parallel => "ParallelStateAborted",
        StateType::Map => "MapStateAborted",
    }
}
