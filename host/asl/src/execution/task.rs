//! Task states: a call goes out, and comes back.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use stepwell_expr::{Map, Value};

use super::query::Subject;
use super::run::{Done, Exit, Step};
use super::thread::{Phase, ThreadIx};
use crate::definition::invoked_name;
use crate::event::Service;
use crate::machine::{Kind, State, Target, Task};
use crate::{CallId, Effect, EventKind, Failure, Invoke, Receipt, Resource};

impl Step<'_> {
    pub(super) fn call(&mut self, at: ThreadIx, state: &State, task: &Task) -> Result<Done, Failure> {
        let input = self.effective_input(at, state)?;
        let input = self.fitting(at, state, input, &state.name)?;
        let timeout_seconds = self.seconds(at, state, &task.timeout, "TimeoutSecondsPath")?;
        let heartbeat_seconds = self.seconds(at, state, &task.heartbeat, "HeartbeatSecondsPath")?;
        let attempt = u32::try_from(self.thread(at)?.retry_count).unwrap_or(u32::MAX - 1) + 1;
        let wants_log = wants_log(&task.target, &input);
        let (resource, argument) = self.called(at, state, &task.target, &input)?;
        let thread = self.thread(at)?;
        let (entered_event, last) = (thread.entered_event, thread.last_event);
        let scheduled = match events(&task.target) {
            Events::Task(service) => EventKind::TaskScheduled {
                service,
                region: Arc::clone(&self.fold.about.region),
                parameters: input,
                timeout_seconds,
                heartbeat_seconds,
            },
            Events::Function { arn } => EventKind::LambdaFunctionScheduled { resource: arn, input, timeout_seconds },
            Events::Activity { arn } => {
                EventKind::ActivityScheduled { resource: arn, input, timeout_seconds, heartbeat_seconds }
            }
        };
        let id = self.emit(last, scheduled);
        let last = match events(&task.target) {
            Events::Task(service) => self.emit(id, EventKind::TaskStarted { service }),
            Events::Function { .. } => self.emit(id, EventKind::LambdaFunctionStarted),
            // An activity starts when a worker takes it.
            Events::Activity { .. } => id,
        };
        if self.fold.exhausted {
            return Ok(Done::Blocked);
        }
        let invoke = Invoke {
            call: CallId(id),
            resource,
            input: argument,
            timeout_seconds,
            heartbeat_seconds,
            state_name: Arc::clone(&state.name),
            entered_event,
            attempt,
            wants_log,
            token: self.token(&task.target, entered_event, attempt),
            is_submitted: false,
        };
        self.fold.calls.insert(invoke.call, at);
        self.effect(Effect::Invoke(invoke.clone()));
        self.set_deadlines(at, &task.target, &invoke);
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.last_event = last;
            thread.phase = Phase::Calling(Arc::new(invoke));
        }
        Ok(Done::Blocked)
    }

    /// Who is called, with what.
    fn called(
        &self,
        at: ThreadIx,
        state: &State,
        target: &Target,
        input: &Value,
    ) -> Result<(Resource, Value), Failure> {
        match target {
            Target::Task { name } => Ok((Resource::Task { name: Arc::clone(name) }, input.clone())),
            Target::Function { name, .. } => Ok((Resource::Lambda { function: Arc::clone(name) }, input.clone())),
            Target::Invoke { .. } => {
                let Some(function) = input.get("FunctionName").and_then(Value::as_str) else {
                    return Err(self.runtime(at, state, "The Parameters field 'FunctionName' must be a string."));
                };
                let resource = Resource::Lambda { function: invoked_name(function).into() };
                Ok((resource, sent(input.get("Payload"))))
            }
            Target::Service { service, action, pattern } => {
                let (service, action) = (Arc::clone(service), Arc::clone(action));
                Ok((Resource::Service { service, action, pattern: *pattern }, input.clone()))
            }
            Target::Activity { arn } => Ok((Resource::Activity { arn: Arc::clone(arn) }, input.clone())),
        }
    }

    pub(super) fn returned(&mut self, call: CallId, outcome: Result<Value, Failure>, receipt: Option<Receipt>) {
        let Some(at) = self.fold.calls.remove(&call) else { return };
        self.clear_deadlines(call);
        let Some(thread) = self.fold.threads.get_mut(at) else { return };
        let called = std::mem::replace(&mut thread.phase, Phase::Perform);
        let last = thread.last_event;
        let state = self.machine.state(thread.state);
        let (Kind::Task(task), Phase::Calling(invoke)) = (&state.kind, called) else { return };
        let outcome = if self.mocked().is_some() {
            outcome
        } else {
            let outcome = outcome.map_err(|failure| self.not_found(&task.target, &invoke.resource, failure));
            outcome.map(|result| wrapped(&task.target, result, invoke.wants_log.then_some(receipt.as_ref())))
        };
        let outcome = outcome.and_then(|result| self.fitting(at, state, result, &result_owner(&task.target)));
        if let Ok(result) = &outcome {
            self.note(|seen| seen.result = Some(result.clone()));
        }
        let receipt = receipt.map(Box::new);
        let event = match &outcome {
            Ok(result) => succeeded(&task.target, result.clone(), receipt),
            Err(failure) => failed(&task.target, failure.clone(), receipt),
        };
        let id = self.emit(last, event);
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.last_event = id;
        }
        match outcome.and_then(|result| self.taken(at, state, result)) {
            Ok(exit) => self.leave(at, state, exit),
            Err(failure) => self.fail(at, failure),
        }
        self.run();
    }

    /// Of a function that does not exist, AWS says so in its own words.
    fn not_found(&self, target: &Target, called: &Resource, failure: Failure) -> Failure {
        if failure.error_name() != TASK_NOT_FOUND {
            return failure;
        }
        let about = &self.fold.about;
        let arn = match target {
            Target::Task { .. } | Target::Service { .. } | Target::Activity { .. } => return failure,
            Target::Function { arn, .. } => arn.to_string(),
            Target::Invoke { .. } => {
                format!("arn:aws:lambda:{}:{}:function:{}", about.region, about.account, called.task_name())
            }
        };
        Failure::new(
            "Lambda.ResourceNotFoundException",
            format!(
                "Function not found: {arn}:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: {}; Proxy: null)",
                self.fold.start.execution_name
            ),
        )
    }

    /// A result on its way out of its state.
    pub(super) fn taken(&mut self, at: ThreadIx, state: &State, result: Value) -> Result<Exit, Failure> {
        let result = self.selected_result(at, state, result)?;
        let assigned = self.assigned(at, state, state.assign.as_ref(), Subject::Result(&result))?;
        let output = self.combine(at, state, result)?;
        Ok(Exit { output, assigned, next: state.next })
    }
}

/// The failure of a call whose task is not installed.
const TASK_NOT_FOUND: &str = "Task.NotFound";

/// What the function gets for a `Payload`: of text that is JSON, what it says.
fn sent(payload: Option<&Value>) -> Value {
    match payload {
        None | Some(Value::Null) => Value::Object(Arc::new(Map::new())),
        Some(Value::String(text)) => Value::parse(text).unwrap_or_else(|_| Value::String(Arc::clone(text))),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.clone(),
    }
}

/// Whether the end of the log is to come with the result.
fn wants_log(target: &Target, input: &Value) -> bool {
    match target {
        Target::Task { .. } | Target::Function { .. } | Target::Service { .. } | Target::Activity { .. } => false,
        Target::Invoke { .. } => input.get("LogType").and_then(Value::as_str) == Some("Tail"),
    }
}

/// A result as its integration gives it. `log` is there where the end of the call's log is wanted.
fn wrapped(target: &Target, result: Value, log: Option<Option<&Receipt>>) -> Value {
    match target {
        Target::Task { .. } | Target::Function { .. } | Target::Service { .. } | Target::Activity { .. } => result,
        Target::Invoke { .. } => {
            let mut members = Map::with_capacity(4);
            members.insert("ExecutedVersion", Value::from("$LATEST"));
            if let Some(receipt) = log {
                let tail = receipt.and_then(|receipt| receipt.log_tail.as_deref()).unwrap_or_default();
                members.insert("LogResult", Value::from(BASE64.encode(tail)));
            }
            members.insert("Payload", result);
            members.insert("StatusCode", Value::from(200));
            Value::Object(Arc::new(members))
        }
    }
}

fn succeeded(target: &Target, output: Value, receipt: Option<Box<Receipt>>) -> EventKind {
    match events(target) {
        Events::Task(service) => EventKind::TaskSucceeded { service, output, receipt },
        Events::Function { .. } => EventKind::LambdaFunctionSucceeded { output, receipt },
        Events::Activity { .. } => EventKind::ActivitySucceeded { output },
    }
}

fn failed(target: &Target, failure: Failure, receipt: Option<Box<Receipt>>) -> EventKind {
    let timed_out = matches!(failure.error_name(), "States.Timeout" | "States.HeartbeatTimeout");
    match (events(target), timed_out) {
        (Events::Task(service), true) => EventKind::TaskTimedOut { service, failure, receipt },
        (Events::Task(service), false) => EventKind::TaskFailed { service, failure, receipt },
        (Events::Function { .. }, true) => EventKind::LambdaFunctionTimedOut { failure, receipt },
        (Events::Function { .. }, false) => EventKind::LambdaFunctionFailed { failure, receipt },
        (Events::Activity { .. }, true) => EventKind::ActivityTimedOut { failure },
        (Events::Activity { .. }, false) => EventKind::ActivityFailed { failure },
    }
}

/// Which events tell of a call.
pub(super) enum Events {
    Task(Service),
    Function { arn: Arc<str> },
    Activity { arn: Arc<str> },
}

pub(super) fn events(target: &Target) -> Events {
    match target {
        Target::Task { name } => Events::Task(Service { resource_type: "task".into(), resource: Arc::clone(name) }),
        Target::Invoke { .. } => Events::Task(Service { resource_type: "lambda".into(), resource: "invoke".into() }),
        Target::Service { service, action, pattern } => Events::Task(Service {
            resource_type: Arc::clone(service),
            resource: format!("{action}{}", pattern.suffix()).into(),
        }),
        Target::Function { arn, .. } => Events::Function { arn: Arc::clone(arn) },
        Target::Activity { arn } => Events::Activity { arn: Arc::clone(arn) },
    }
}

/// Whom the text about a result that is too large names.
fn result_owner(target: &Target) -> Arc<str> {
    match target {
        Target::Task { name } => Arc::clone(name),
        Target::Function { arn, .. } | Target::Activity { arn } => Arc::clone(arn),
        Target::Invoke { .. } => "lambda".into(),
        Target::Service { service, .. } => Arc::clone(service),
    }
}
