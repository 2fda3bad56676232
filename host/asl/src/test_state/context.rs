//! The context object of a test: the one that is given, or one that is made up.

use std::sync::Arc;

use stepwell_expr::{Entropy, Map, Value};

use super::{Error, TestStateRequest};
use crate::ServicePattern;
use crate::machine::{Kind, State, Target};

/// What the test's execution is called.
pub(super) struct Names {
    pub(super) machine: String,
    pub(super) execution: String,
    pub(super) machine_arn: String,
    pub(super) execution_arn: String,
}

impl Names {
    pub(super) fn new(request: &TestStateRequest) -> Self {
        let mut entropy = Entropy::new(request.seed);
        let (region, account) = (&request.region, &request.account);
        let (machine, execution) = (entropy.uuid_v4(), entropy.uuid_v4());
        Self {
            machine_arn: format!("arn:aws:states:{region}:{account}:stateMachine:{machine}"),
            execution_arn: format!("arn:aws:states:{region}:{account}:express:{machine}:{execution}"),
            machine,
            execution,
        }
    }
}

/// The context object that the state sees.
pub(super) fn context(
    request: &TestStateRequest,
    state: &State,
    input: &Value,
    names: &Names,
    retries: u64,
) -> Result<Value, Error> {
    match &request.context {
        Some(text) => given(text, state),
        None => Ok(made_up(request, state, input, names, retries)),
    }
}

fn made_up(request: &TestStateRequest, state: &State, input: &Value, names: &Names, retries: u64) -> Value {
    let role = request.role_arn.as_ref().map_or(Value::Null, |role| Value::String(Arc::clone(role)));
    let now = || Value::from(request.at.to_string());
    let mut about = Map::with_capacity(3);
    about.insert("EnteredTime", now());
    about.insert("Name", super::LONE_STATE.into());
    if state.kind.recovery().is_some() {
        about.insert("RetryCount", Value::from(i64::try_from(retries).unwrap_or(i64::MAX)));
    }
    let mut context = Map::with_capacity(4);
    context.insert(
        "Execution",
        Value::object([
            ("Id", names.execution_arn.as_str().into()),
            ("Input", input.clone()),
            ("StartTime", now()),
            ("Name", names.execution.as_str().into()),
            ("RoleArn", role),
        ]),
    );
    context.insert(
        "StateMachine",
        Value::object([("Id", Value::from(names.machine_arn.as_str())), ("Name", names.machine.as_str().into())]),
    );
    context.insert("State", Value::Object(Arc::new(about)));
    if pattern(state) == Some(ServicePattern::WaitForTaskToken) {
        context.insert("Task", Value::object([("Token", Value::from(names.execution.as_str()))]));
    }
    Value::Object(Arc::new(context))
}

/// What a context object may have: a section, its fields, and the kind of each.
const SECTIONS: [(&str, &[(&str, Takes)]); 4] = [
    (
        "Execution",
        &[
            ("Id", Takes::Text),
            ("Input", Takes::Anything),
            ("Name", Takes::Text),
            ("RoleArn", Takes::Text),
            ("StartTime", Takes::Text),
            ("RedriveCount", Takes::Number),
            ("RedriveTime", Takes::Text),
        ],
    ),
    ("State", &[("EnteredTime", Takes::Text), ("Name", Takes::Text), ("RetryCount", Takes::Number)]),
    ("StateMachine", &[("Id", Takes::Text), ("Name", Takes::Text)]),
    ("Task", &[("Token", Takes::Text)]),
];

const ITEM: [(&str, Takes); 4] =
    [("Index", Takes::Number), ("Value", Takes::Anything), ("Key", Takes::Text), ("Source", Takes::Text)];

#[derive(Clone, Copy)]
enum Takes {
    Text,
    Number,
    Anything,
}

fn given(text: &str, state: &State) -> Result<Value, Error> {
    let value = Value::parse(text).map_err(|_| invalid("it must be valid JSON"))?;
    let map = object(&value, "Context")?;
    for (name, section) in map.iter() {
        if &**name == "Map" {
            map_section(section)?;
            continue;
        }
        let Some((_, fields)) = SECTIONS.iter().find(|(known, _)| *known == &**name) else {
            return Err(not_allowed(name));
        };
        check(object(section, name)?, fields)?;
    }
    if map.contains_key("Task") && !pattern(state).is_some_and(waits) {
        return Err(invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
        ));
    }
    Ok(value)
}

fn map_section(section: &Value) -> Result<(), Error> {
    for (name, item) in object(section, "Map")?.iter() {
        if &**name != "Item" {
            return Err(not_allowed(name));
        }
        check(object(item, name)?, &ITEM)?;
    }
    Ok(())
}

fn check(section: &Map, fields: &[(&str, Takes)]) -> Result<(), Error> {
    for (name, value) in section.iter() {
        let Some((_, takes)) = fields.iter().find(|(known, _)| *known == &**name) else {
            return Err(not_allowed(name));
        };
        let (fits, wanted) = match takes {
            Takes::Anything => (true, ""),
            Takes::Text => (value.as_str().is_some(), "a string"),
            Takes::Number => (value.as_number().is_some(), "a number"),
        };
        if !fits {
            return Err(invalid(&format!("Field '{name}' must be {wanted}")));
        }
    }
    Ok(())
}

/// The pattern of the service that a Task state calls.
pub(super) fn pattern(state: &State) -> Option<ServicePattern> {
    let Kind::Task(task) = &state.kind else { return None };
    match &task.target {
        Target::Service { pattern, .. } => Some(*pattern),
        Target::Invoke { .. } => Some(ServicePattern::RequestResponse),
        Target::Task { .. } | Target::Function { .. } | Target::Activity { .. } => None,
    }
}

pub(super) fn waits(pattern: ServicePattern) -> bool {
    match pattern {
        ServicePattern::RequestResponse => false,
        ServicePattern::Sync | ServicePattern::Sync2 | ServicePattern::WaitForTaskToken => true,
    }
}

fn object<'v>(value: &'v Value, name: &str) -> Result<&'v Map, Error> {
    value.as_object().ok_or_else(|| invalid(&format!("Field '{name}' must be an object")))
}

fn not_allowed(name: &str) -> Error {
    invalid(&format!("Field '{name}' is not allowed"))
}

fn invalid(why: &str) -> Error {
    Error::Validation(format!("Invalid Context object provided: {why}"))
}
