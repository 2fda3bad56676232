//! The test of one state: what AWS's `TestState` answers, worked out by the interpreter itself.
//!
//! A mock stands for what the state would have called, so a state can be tested whose service
//! this host does not have. A Task without a mock says what it calls, and whoever tests it brings
//! back what that came to.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use crate::definition::LONE_STATE;
use crate::execution::{Execution, Inspection, Output, Seen, Status, Told, payload_fits};
use crate::limits::TEST_SECONDS_MAX;
use crate::machine::{Kind, QueryLanguage, State};
use crate::{Checks, Diagnostic, Effect, Failure, Input, Integrations, Invoke, Machine, Severity, Start, WorkflowType};

mod checks;
mod context;
mod request;
mod response;
mod shapes;

pub use request::{FieldValidation, InspectionLevel, Mock, MockError, TestStateConfiguration, TestStateRequest};
pub use response::{ErrorDetails, InspectionData, TestStateResponse, TestStatus};

/// Why a state was not tested. A state that fails is no such error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The definition cannot be used: with its problems, where they are the definition's own.
    #[error("{message}")]
    InvalidDefinition { message: String, problems: Vec<Diagnostic> },
    /// The state's input is not JSON, or is too large.
    #[error("{0}")]
    InvalidExecutionInput(String),
    /// The request does not fit itself, the state, or the service that the mock stands for.
    #[error("{0}")]
    Validation(String),
}

impl Error {
    /// AWS's name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidDefinition { .. } => "InvalidDefinition",
            Self::InvalidExecutionInput(_) => "InvalidExecutionInput",
            Self::Validation(_) => "ValidationException",
        }
    }
}

/// How far a test came by itself.
#[derive(Debug)]
pub enum Tested {
    Ended(Box<TestStateResponse>),
    /// The state is a Task without a mock.
    Calls(Box<OpenTest>),
}

/// A test that awaits what a call comes to.
#[derive(Debug)]
pub struct OpenTest {
    test: Test,
    invoke: Invoke,
}

/// Tests a state.
///
/// # Errors
/// The request cannot be used: see [`Error`].
pub fn test_state(request: &TestStateRequest) -> Result<Tested, Error> {
    let machine = Arc::new(machine(request)?);
    let state = machine.state(machine.start);
    let mock = checks::checked(request, state, &machine)?;
    let input = match &request.input {
        Some(text) => input(text)?,
        None => Value::object::<Arc<str>>([]),
    };
    let configuration = request.configuration.clone().unwrap_or_default();
    let retries = configuration.retrier_retry_count.unwrap_or(0);
    let names = context::Names::new(request);
    let told = Told {
        mock,
        context: context::context(request, state, &input, &names, retries)?,
        variables: variables(request)?,
        retries,
        failed_iterations: configuration.map_iteration_failure_count,
        read: configuration.map_item_reader_data.map(|text| Value::parse(&text).unwrap_or(Value::String(text))),
    };
    let start = Start {
        execution_arn: names.execution_arn.into(),
        execution_name: names.execution.into(),
        role_arn: request.role_arn.clone().unwrap_or_else(|| "".into()),
        machine_arn: names.machine_arn.into(),
        machine_name: names.machine.into(),
        at: request.at,
        seed: request.seed,
        token_key: 0,
        input,
        child: None,
    };
    let mut inspection = Inspection { told, seen: Seen::default() };
    let mut out = Output::default();
    let execution = Execution::inspect(Arc::clone(&machine), start, &mut inspection, &mut out);
    let mut test = Test { execution, inspection, level: request.inspection_level };
    let Some(invoke) = test.go_on(out.effects) else { return Ok(Tested::Ended(Box::new(test.response()?))) };
    match test.inspection.told.mock.clone() {
        Some(outcome) => {
            test.returned(&invoke, outcome);
            Ok(Tested::Ended(Box::new(test.response()?)))
        }
        None => Ok(Tested::Calls(Box::new(OpenTest { test, invoke }))),
    }
}

impl OpenTest {
    /// The call that the state makes.
    #[must_use]
    pub fn invoke(&self) -> &Invoke {
        &self.invoke
    }

    /// The call came to this.
    ///
    /// # Errors
    /// As of [`test_state`].
    pub fn returned(mut self, outcome: Result<Value, Failure>) -> Result<TestStateResponse, Error> {
        self.test.returned(&self.invoke, outcome);
        self.test.response()
    }
}

/// A state that is being tested.
#[derive(Debug)]
struct Test {
    execution: Execution,
    inspection: Inspection,
    level: InspectionLevel,
}

impl Test {
    /// Carries out what the state asks for, but for a call, which is given back.
    fn go_on(&mut self, effects: Vec<Effect>) -> Option<Invoke> {
        for effect in effects {
            match effect {
                Effect::Invoke(invoke) => return Some(invoke),
                Effect::SetTimer { timer, at } if self.inspection.seen.retry_micros.is_none() => {
                    let micros = at.as_micros().saturating_sub(self.execution.started().at.as_micros());
                    let mut out = Output::default();
                    let input =
                        if micros > i64::try_from(TEST_SECONDS_MAX).unwrap_or(i64::MAX).saturating_mul(1_000_000) {
                            Input::Stopped { error: Some("States.Timeout".into()), cause: None }
                        } else {
                            Input::Fired { timer }
                        };
                    self.execution.step_inspected(input, &mut self.inspection, &mut out);
                }
                Effect::SetTimer { .. }
                | Effect::CancelCall { .. }
                | Effect::CancelTimer { .. }
                | Effect::RunMap(_)
                | Effect::AdjustRun(_)
                | Effect::CancelRun { .. } => {}
            }
        }
        None
    }

    fn returned(&mut self, invoke: &Invoke, outcome: Result<Value, Failure>) {
        let input = Input::Returned { call: invoke.call, outcome, receipt: None };
        self.execution.step_inspected(input, &mut self.inspection, &mut Output::default());
    }

    fn response(&self) -> Result<TestStateResponse, Error> {
        let seen = &self.inspection.seen;
        if seen.too_many_failed {
            let message = "Map iteration failure count must be less than or equal to the number of Map iterations";
            return Err(Error::Validation(message.to_owned()));
        }
        let failed = match self.execution.status() {
            Status::Failed(failure) | Status::TimedOut(failure) | Status::Aborted(failure) => Some(failure),
            Status::Running | Status::Succeeded { .. } => seen.failure.as_ref(),
        };
        let status = match (&seen.left, seen.catcher) {
            (Some(_), Some(_)) => TestStatus::CaughtError,
            (Some(_), None) => TestStatus::Succeeded,
            (None, _) if seen.retry_micros.is_some() => TestStatus::Retriable,
            (None, _) => TestStatus::Failed,
        };
        let inspection = match self.level {
            InspectionLevel::Info => None,
            InspectionLevel::Debug | InspectionLevel::Trace => Some(Box::new(self.inspected())),
        };
        Ok(TestStateResponse {
            status,
            output: seen.left.as_ref().map(|left| left.output.clone()),
            error: failed.and_then(|failure| failure.error.clone()),
            cause: failed.and_then(|failure| failure.cause.clone()),
            next_state: seen.left.as_ref().and_then(|left| left.next.clone()),
            inspection,
        })
    }

    /// The stages that AWS shows of a state of its kind.
    fn inspected(&self) -> InspectionData {
        let machine = self.execution.machine();
        let state = machine.state(machine.start);
        let seen = &self.inspection.seen;
        let mut data = InspectionData {
            input: self.execution.started().input.clone(),
            variables: self.variables(),
            error_details: self.error_details(),
            ..InspectionData::default()
        };
        let paths = state.language == QueryLanguage::JsonPath;
        if paths {
            shown_of_paths(&mut data, state, seen);
        }
        match &state.kind {
            Kind::Task(_) => {
                data.result.clone_from(&seen.result);
                if !paths {
                    data.after_arguments = seen.after_arguments.clone().or_else(|| seen.after_parameters.clone());
                }
            }
            Kind::Map(_) => {
                data.after_items_pointer.clone_from(&seen.after_items_pointer);
                data.after_item_selector.clone_from(&seen.after_item_selector);
                data.after_item_batcher.clone_from(&seen.after_item_batcher);
                data.max_concurrency = seen.max_concurrency;
                data.tolerated_failure_count = seen.tolerated_count;
                data.tolerated_failure_percentage = seen.tolerated_percentage;
            }
            Kind::Pass { .. }
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. }
            | Kind::Parallel { .. } => {}
        }
        data
    }

    fn variables(&self) -> Option<Arc<Map>> {
        let mut variables = Arc::clone(&self.inspection.told.variables);
        if let Some(assigned) = self.inspection.seen.left.as_ref().and_then(|left| left.assigned.as_ref()) {
            let all = Arc::make_mut(&mut variables);
            for (name, value) in assigned.iter() {
                all.insert(Arc::clone(name), value.clone());
            }
        }
        (!variables.is_empty()).then_some(variables)
    }

    fn error_details(&self) -> Option<ErrorDetails> {
        let seen = &self.inspection.seen;
        let details = ErrorDetails {
            catch_index: seen.catcher,
            retry_index: seen.retrier,
            retry_backoff_seconds: seen.retry_micros.map(|micros| u64::try_from(micros / 1_000_000).unwrap_or(0)),
        };
        (details != ErrorDetails::default()).then_some(details)
    }
}

/// Of a Parallel AWS shows nothing before its result, of a `Result` nothing that it replaces.
fn shown_of_paths(data: &mut InspectionData, state: &State, seen: &Seen) {
    let (mut comes_in, mut goes_out) = (true, true);
    match &state.kind {
        Kind::Pass { result: Some(_) } => {
            comes_in = false;
            data.result.clone_from(&seen.result);
        }
        Kind::Pass { result: None } | Kind::Task(_) => data.after_parameters.clone_from(&seen.after_parameters),
        Kind::Map(_) => data.after_items_path.clone_from(&seen.after_items_path),
        Kind::Parallel { .. } => comes_in = false,
        Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed => goes_out = false,
        Kind::Fail { .. } => {
            (comes_in, goes_out) = (false, false);
            data.after_input_path = Some(data.input.clone());
        }
    }
    if comes_in {
        data.after_input_path.clone_from(&seen.after_input_path);
    }
    if goes_out {
        data.after_result_selector.clone_from(&seen.after_result_selector);
        data.after_result_path.clone_from(&seen.after_result_path);
    }
}

/// The machine that begins with the state.
fn machine(request: &TestStateRequest) -> Result<Machine, Error> {
    let checks = Checks { workflow: WorkflowType::Standard, integrations: Integrations::Any };
    match &request.state_name {
        None => Machine::parse_state(&request.definition, checks).map_err(refused),
        Some(name) => {
            let machine = Machine::parse_with(&request.definition, checks).map_err(refused)?;
            let found = machine.beginning_with(name);
            found.ok_or_else(|| Error::Validation("State not found in definition".to_owned()))
        }
    }
}

fn refused(problems: Vec<Diagnostic>) -> Error {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let lines: Vec<String> = errors.map(ToString::to_string).collect();
    let message = format!("Invalid State Machine Definition: '{}'", lines.join(", "));
    Error::InvalidDefinition { message, problems }
}

fn input(text: &str) -> Result<Value, Error> {
    let invalid = |why: String| Error::InvalidExecutionInput(format!("Invalid State Machine Execution Input: '{why}'"));
    let value = Value::parse(text).map_err(|error| invalid(error.to_string()))?;
    if payload_fits(&value) { Ok(value) } else { Err(invalid("it is larger than a payload may be".to_owned())) }
}

fn variables(request: &TestStateRequest) -> Result<Arc<Map>, Error> {
    let Some(text) = &request.variables else { return Ok(Arc::default()) };
    match Value::parse(text) {
        Ok(value) if !payload_fits(&value) => {
            Err(Error::Validation("Variables are larger than a payload may be".to_owned()))
        }
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Err(Error::Validation("Variables must be a valid JSON object".to_owned()))
        }
    }
}
