//! What is asked of the test of a state.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::Error;
use crate::Timestamp;
use crate::limits::{
    DEFINITION_BYTES_MAX, STATE_NAME_CHARS_MAX, TEST_CAUSE_CHARS_MAX, TEST_ERROR_CHARS_MAX, TEST_INPUT_CHARS_MAX,
};

/// The test of one state. The texts are as AWS's `TestState` takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct TestStateRequest {
    /// The definition of one state; of a whole machine where `state_name` says which state.
    pub definition: Arc<str>,
    /// A state of the machine, also one within a Map or Parallel.
    pub state_name: Option<Arc<str>>,
    /// JSON; `{}` where it is absent.
    pub input: Option<Arc<str>>,
    /// A Task state that is not mocked needs one.
    pub role_arn: Option<Arc<str>>,
    pub inspection_level: InspectionLevel,
    pub reveal_secrets: bool,
    /// A JSON object: the variables that the state sees.
    pub variables: Option<Arc<str>>,
    /// A JSON object: the context object, in place of one that is made up.
    pub context: Option<Arc<str>>,
    pub mock: Option<Mock>,
    pub configuration: Option<TestStateConfiguration>,
    /// Of the ARNs in a context object that is made up.
    pub region: Arc<str>,
    pub account: Arc<str>,
    /// When the test takes place.
    pub at: Timestamp,
    /// What looks random comes from here.
    pub seed: u64,
}

/// How much the answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InspectionLevel {
    /// The outcome alone.
    #[default]
    Info,
    /// What the data became at each field, too.
    Debug,
    /// The request and the response of an HTTP Task as well, where they were made.
    Trace,
}

/// What the state's call, branches or iterations are said to come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mock {
    /// JSON.
    pub result: Option<Arc<str>>,
    pub error_output: Option<MockError>,
    pub validation: FieldValidation,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MockError {
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
}

/// How a mocked result is compared with what the service's API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// Required fields must be there, and those that are there must fit.
    #[default]
    Strict,
    /// Those that are there must fit.
    Present,
    None,
}

/// Where in its life the state is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestStateConfiguration {
    /// Retries so far, by the retrier that the mocked error meets.
    pub retrier_retry_count: Option<u64>,
    /// The state, within a Map or Parallel, that the mocked error comes from.
    pub error_caused_by_state: Option<Arc<str>>,
    /// Iterations of a Map that failed.
    pub map_iteration_failure_count: Option<u64>,
    /// What the `ItemReader` of a distributed Map read: JSON, or any other text.
    pub map_item_reader_data: Option<Arc<str>>,
}

impl TestStateRequest {
    /// The test of a definition with everything else left out.
    #[must_use]
    pub fn new(definition: impl Into<Arc<str>>, at: Timestamp) -> Self {
        Self {
            definition: definition.into(),
            state_name: None,
            input: None,
            role_arn: None,
            inspection_level: InspectionLevel::Info,
            reveal_secrets: false,
            variables: None,
            context: None,
            mock: None,
            configuration: None,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            at,
            seed: 0,
        }
    }

    /// Reads the body of AWS's `TestState`.
    ///
    /// # Errors
    /// A field that is missing, or of another kind than it must be. Fields that are not known are
    /// passed over, as AWS does.
    pub fn from_json(body: &Value, at: Timestamp, seed: u64) -> Result<Self, Error> {
        let body = object(body, "the request")?;
        let Some(definition) = text(body, "definition")? else { return Err(missing("definition")) };
        within(&definition, "definition", 1, DEFINITION_BYTES_MAX)?;
        let state_name = text(body, "stateName")?;
        if let Some(name) = &state_name {
            within(name, "stateName", 1, STATE_NAME_CHARS_MAX)?;
        }
        let inspection_level = match text(body, "inspectionLevel")?.as_deref() {
            None | Some("INFO") => InspectionLevel::Info,
            Some("DEBUG") => InspectionLevel::Debug,
            Some("TRACE") => InspectionLevel::Trace,
            Some(other) => return Err(not_among("inspectionLevel", other, "[INFO, DEBUG, TRACE]")),
        };
        let mock = body.get("mock").filter(|mock| !mock.is_null()).map(mock).transpose()?;
        let configuration =
            body.get("stateConfiguration").filter(|value| !value.is_null()).map(configuration).transpose()?;
        Ok(Self {
            state_name,
            input: limited(body, "input")?,
            role_arn: text(body, "roleArn")?,
            inspection_level,
            reveal_secrets: flag(body, "revealSecrets")?.unwrap_or(false),
            variables: limited(body, "variables")?,
            context: limited(body, "context")?,
            mock,
            configuration,
            seed,
            ..Self::new(definition, at)
        })
    }
}

fn mock(value: &Value) -> Result<Mock, Error> {
    let map = object(value, "mock")?;
    let error_output = match map.get("errorOutput").filter(|value| !value.is_null()) {
        None => None,
        Some(value) => {
            let map = object(value, "mock.errorOutput")?;
            let (error, cause) = (text(map, "error")?, text(map, "cause")?);
            if let Some(error) = &error {
                within(error, "mock.errorOutput.error", 0, TEST_ERROR_CHARS_MAX)?;
            }
            if let Some(cause) = &cause {
                within(cause, "mock.errorOutput.cause", 0, TEST_CAUSE_CHARS_MAX)?;
            }
            Some(MockError { error, cause })
        }
    };
    let validation = match text(map, "fieldValidationMode")?.as_deref() {
        None | Some("STRICT") => FieldValidation::Strict,
        Some("PRESENT") => FieldValidation::Present,
        Some("NONE") => FieldValidation::None,
        Some(other) => return Err(not_among("mock.fieldValidationMode", other, "[STRICT, PRESENT, NONE]")),
    };
    Ok(Mock { result: limited(map, "result")?, error_output, validation })
}

fn configuration(value: &Value) -> Result<TestStateConfiguration, Error> {
    let map = object(value, "stateConfiguration")?;
    let error_caused_by_state = text(map, "errorCausedByState")?;
    if let Some(name) = &error_caused_by_state {
        within(name, "stateConfiguration.errorCausedByState", 1, STATE_NAME_CHARS_MAX)?;
    }
    Ok(TestStateConfiguration {
        retrier_retry_count: count(map, "retrierRetryCount")?,
        error_caused_by_state,
        map_iteration_failure_count: count(map, "mapIterationFailureCount")?,
        map_item_reader_data: limited(map, "mapItemReaderData")?,
    })
}

fn object<'v>(value: &'v Value, name: &str) -> Result<&'v Map, Error> {
    value.as_object().ok_or_else(|| Error::Validation(format!("'{name}' must be an object")))
}

fn text(map: &Map, name: &str) -> Result<Option<Arc<str>>, Error> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(Arc::clone(text))),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Error::Validation(format!("'{name}' must be a string")))
        }
    }
}

/// A text of no more than [`TEST_INPUT_CHARS_MAX`].
fn limited(map: &Map, name: &str) -> Result<Option<Arc<str>>, Error> {
    let found = text(map, name)?;
    if let Some(found) = &found {
        within(found, name, 0, TEST_INPUT_CHARS_MAX)?;
    }
    Ok(found)
}

fn flag(map: &Map, name: &str) -> Result<Option<bool>, Error> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Error::Validation(format!("'{name}' must be a boolean")))
        }
    }
}

fn count(map: &Map, name: &str) -> Result<Option<u64>, Error> {
    let Some(value) = map.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let whole = value.as_i64().filter(|whole| i32::try_from(*whole).is_ok());
    let Some(whole) = whole else {
        return Err(Error::Validation(format!("'stateConfiguration.{name}' must be a whole number")));
    };
    let count = u64::try_from(whole).map_err(|_| {
        constraint(
            &format!("stateConfiguration.{name}"),
            &whole.to_string(),
            "Member must have value greater than or equal to 0",
        )
    })?;
    Ok(Some(count))
}

fn within(text: &str, name: &str, least: usize, most: usize) -> Result<(), Error> {
    let chars = text.chars().count();
    let said = if chars < least {
        format!("Member must have length greater than or equal to {least}")
    } else if chars > most {
        format!("Member must have length less than or equal to {most}")
    } else {
        return Ok(());
    };
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    Err(constraint(name, &shown, &said))
}

/// How much of a value that does not fit its field is shown (characters).
const SHOWN_CHARS: usize = 100;

fn missing(name: &str) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    ))
}

fn not_among(name: &str, value: &str, values: &str) -> Error {
    let shown: String = value.chars().take(SHOWN_CHARS).collect();
    constraint(name, &shown, &format!("Member must satisfy enum value set: {values}"))
}

fn constraint(name: &str, value: &str, said: &str) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {said}"
    ))
}
