//! Whether a request fits itself and its state.

use stepwell_expr::Value;

use super::context::{pattern, waits};
use super::{Error, FieldValidation, Mock, TestStateRequest, shapes};
use crate::execution::payload_fits;
use crate::limits::TEST_INPUT_CHARS_MAX;
use crate::machine::{Kind, MapState, State, StateType, Target};
use crate::{Failure, Machine, ServicePattern};

/// What the state is told that it comes to; `None` where nothing is mocked.
pub(super) fn checked(
    request: &TestStateRequest,
    state: &State,
    machine: &Machine,
) -> Result<Option<Result<Value, Failure>>, Error> {
    let Some(mock) = &request.mock else {
        unmocked(request, state)?;
        return Ok(None);
    };
    if request.reveal_secrets {
        return refuse("TestState does not support RevealSecrets when a mock is specified.");
    }
    if state.kind.recovery().is_none() {
        let kind = type_name(state.kind.state_type());
        return refuse(&format!("State type '{kind}' is not supported when a mock is specified"));
    }
    configured(request, state, machine)?;
    outcome(mock, state).map(Some)
}

/// What can be tested without a mock, and asked for.
fn unmocked(request: &TestStateRequest, state: &State) -> Result<(), Error> {
    let configuration = request.configuration.as_ref();
    let asked = [
        ("RetrierRetryCount", configuration.is_some_and(|given| given.retrier_retry_count.is_some())),
        ("ErrorCausedByState", configuration.is_some_and(|given| given.error_caused_by_state.is_some())),
        ("MapIterationFailureCount", configuration.is_some_and(|given| given.map_iteration_failure_count.is_some())),
        ("MapItemReaderData", configuration.is_some_and(|given| given.map_item_reader_data.is_some())),
        ("Context", request.context.is_some()),
    ];
    if let Some((name, _)) = asked.iter().find(|(_, asked)| *asked) {
        return refuse(&format!("TestState does not support {name} when a mock is not specified."));
    }
    match &state.kind {
        Kind::Map(_) | Kind::Parallel { .. } => unsupported(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
        ),
        Kind::Task(task) => {
            if let Target::Activity { .. } = &task.target {
                return unsupported("TestState API does not support Activity tasks when a mock is not specified.");
            }
            if let Some(pattern) = pattern(state).filter(|pattern| waits(*pattern)) {
                return unsupported(&format!(
                    "TestState API does not support the '{}' service integration pattern when a mock is not specified.",
                    pattern.suffix()
                ));
            }
            if request.role_arn.is_none() {
                return refuse("RoleArn must be specified when testing a Task state");
            }
            Ok(())
        }
        Kind::Pass { .. } | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => Ok(()),
    }
}

/// `stateConfiguration` against the state.
fn configured(request: &TestStateRequest, state: &State, machine: &Machine) -> Result<(), Error> {
    let Some(configuration) = &request.configuration else { return Ok(()) };
    let map = map_of(state);
    if configuration.map_iteration_failure_count.is_some() && map.is_none() {
        return refuse("MapIterationFailureCount is only supported for a Map state.");
    }
    let reads = map.and_then(|map| map.distributed.as_ref()).is_some_and(|distributed| distributed.reader.is_some());
    if configuration.map_item_reader_data.is_some() && !reads {
        return refuse("MapItemReaderData is only supported for a Map state with an ItemReader.");
    }
    let Some(name) = &configuration.error_caused_by_state else { return Ok(()) };
    match &state.kind {
        Kind::Map(_) | Kind::Parallel { .. } => {}
        Kind::Pass { .. } | Kind::Task(_) | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => {
            return refuse("ErrorCausedByState is only supported for a Map or Parallel state.");
        }
    }
    let inside = format!("{}/", state.pointer);
    if machine.states.iter().any(|found| found.name == *name && found.pointer.starts_with(&inside)) {
        return Ok(());
    }
    refuse(&format!("ErrorCausedByState names '{name}', which is not a state within the tested state."))
}

fn outcome(mock: &Mock, state: &State) -> Result<Result<Value, Failure>, Error> {
    match (&mock.result, &mock.error_output) {
        (Some(_), Some(_)) => refuse("A mock has either a result or an errorOutput, not both."),
        (None, None) => refuse("A mock must have a result or an errorOutput."),
        (None, Some(output)) => {
            if output.error.is_none() {
                return refuse("The errorOutput of a mock must have an error.");
            }
            Ok(Err(Failure { error: output.error.clone(), cause: output.cause.clone() }))
        }
        (Some(text), None) => {
            let value =
                Value::parse(text).map_err(|_| Error::Validation("Mocked result must be valid JSON".to_owned()))?;
            if text.len() > TEST_INPUT_CHARS_MAX && !payload_fits(&value) {
                return refuse("Mocked result is larger than a payload may be.");
            }
            fits(&value, mock.validation, state)?;
            Ok(Ok(value))
        }
    }
}

/// A mocked result against what the state can come to.
fn fits(value: &Value, validation: FieldValidation, state: &State) -> Result<(), Error> {
    let array = value.as_array();
    match &state.kind {
        Kind::Parallel { branches, .. } => match array {
            None => refuse("Mocked result must be an array."),
            Some(items) if items.len() != branches.len() => {
                refuse("Mocked result must contain the same number of items as number of Parallel branches.")
            }
            Some(_) => Ok(()),
        },
        Kind::Map(map) => {
            let written = map.distributed.as_ref().and_then(|distributed| distributed.writer.as_ref());
            if array.is_none() && written.is_none_or(|writer| writer.resource.is_none()) {
                return refuse("Mocked result must be an array.");
            }
            Ok(())
        }
        Kind::Task(task) => match &task.target {
            Target::Invoke { .. } => {
                shapes::check("lambda", "invoke", ServicePattern::RequestResponse, value, validation)
            }
            Target::Service { service, action, pattern } => shapes::check(service, action, *pattern, value, validation),
            Target::Task { .. } | Target::Function { .. } | Target::Activity { .. } => Ok(()),
        },
        Kind::Pass { .. } | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => Ok(()),
    }
}

fn map_of(state: &State) -> Option<&MapState> {
    if let Kind::Map(map) = &state.kind { Some(map) } else { None }
}

fn type_name(kind: StateType) -> &'static str {
    match kind {
        StateType::Task => "Task",
        StateType::Pass => "Pass",
        StateType::Choice => "Choice",
        StateType::Wait => "Wait",
        StateType::Succeed => "Succeed",
        StateType::Fail => "Fail",
        StateType::Parallel => "Parallel",
        StateType::Map => "Map",
    }
}

fn unsupported<T>(message: &str) -> Result<T, Error> {
    Err(Error::InvalidDefinition { message: message.to_owned(), problems: Vec::new() })
}

fn refuse<T>(message: &str) -> Result<T, Error> {
    Err(Error::Validation(message.to_owned()))
}
