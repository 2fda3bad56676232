//! Whether an answer is what the model promises.

use std::fmt;

use serde_json::{Map, Value};

use super::{Kind, Model, Shape};

/// Where an answer is not what its model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The member, with points and indices between its parts; empty for the whole answer.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.path.is_empty() { "the answer" } else { &self.path }, self.what)
    }
}

/// Codes that every service may answer with besides those of its model.
const COMMON_ERRORS: [&str; 18] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestEntityTooLargeException",
    "SerializationException",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "UnsupportedOperationException",
    "ValidationException",
];

impl Model {
    /// What is wrong with an answer: a required member that is missing, a value of another type,
    /// a member or a value that the model does not know. Lengths are not looked at.
    pub fn check_output(&self, operation: &str, output: &Value) -> Vec<Violation> {
        let mut found = Vec::new();
        match self.operation(operation) {
            None => found.push(violation("", format!("there is no operation {operation}"))),
            Some(operation) => match self.shape(&operation.output) {
                Some(shape) => self.check_against(shape, output, "", &mut found),
                None if output.as_object().is_some_and(Map::is_empty) || output.is_null() => {}
                None => found.push(violation("", format!("{} answers with nothing", operation.name))),
            },
        }
        found
    }

    /// Says so if neither the operation's model nor all services have an error of this code.
    pub fn check_error(&self, operation: &str, code: &str) -> Option<Violation> {
        let operation = self.operation(operation);
        let own = operation.is_some_and(|operation| {
            operation
                .errors
                .iter()
                .any(|name| name == code || self.shape(name).is_some_and(|shape| shape.code.as_deref() == Some(code)))
        });
        let known = own || COMMON_ERRORS.contains(&code);
        (!known).then(|| violation("", format!("{code} is no error of this operation")))
    }

    /// An answer without the members that are null or that its model does not know.
    pub(crate) fn shaped_output(&self, operation: &str, output: Value) -> Value {
        let shape = self.operation(operation).and_then(|operation| self.shape(&operation.output));
        match shape {
            Some(shape) => self.without_nulls(shape, output),
            None => Value::Object(Map::new()),
        }
    }

    fn without_nulls(&self, shape: &Shape, value: Value) -> Value {
        let part = |name: &str, value: Value| match self.shape(name) {
            Some(shape) => self.without_nulls(shape, value),
            None => value,
        };
        match (&shape.kind, value) {
            (Kind::Structure { members, shown: _ }, Value::Object(mut object)) => {
                let kept = members.iter().filter_map(|member| {
                    let value = object.remove(&member.name).filter(|value| !value.is_null())?;
                    Some((member.name.clone(), part(&member.shape, value)))
                });
                Value::Object(kept.collect())
            }
            (Kind::List { member }, Value::Array(items)) => {
                Value::Array(items.into_iter().map(|item| part(member, item)).collect())
            }
            (Kind::Map { key: _, value: member }, Value::Object(object)) => {
                Value::Object(object.into_iter().map(|(key, item)| (key, part(member, item))).collect())
            }
            (_, value) => value,
        }
    }

    fn check_against(&self, shape: &Shape, value: &Value, path: &str, found: &mut Vec<Violation>) {
        match (&shape.kind, value) {
            (Kind::Structure { members, shown: _ }, Value::Object(object)) => {
                for member in members.iter().filter(|member| member.required && !object.contains_key(&member.name)) {
                    found.push(violation(&joined(path, &member.name), "is required and missing".to_owned()));
                }
                for (name, value) in object {
                    let path = joined(path, name);
                    match members.iter().find(|member| member.name == *name).and_then(|m| self.shape(&m.shape)) {
                        Some(shape) => self.check_against(shape, value, &path, found),
                        None => found.push(violation(&path, "is no member of the model".to_owned())),
                    }
                }
            }
            (Kind::List { member }, Value::Array(items)) => {
                if let Some(shape) = self.shape(member) {
                    for (index, item) in items.iter().enumerate() {
                        self.check_against(shape, item, &joined(path, &index.to_string()), found);
                    }
                }
            }
            (Kind::Map { key: _, value: member }, Value::Object(object)) => {
                if let Some(shape) = self.shape(member) {
                    for (key, item) in object {
                        self.check_against(shape, item, &joined(path, key), found);
                    }
                }
            }
            (Kind::String, Value::String(text)) => {
                if !shape.values.is_empty() && !shape.values.contains(text) {
                    found.push(violation(path, format!("is {text:?}, not one of {}", shape.values.join(", "))));
                }
            }
            (Kind::Boolean, Value::Bool(_)) | (Kind::Float | Kind::Timestamp, Value::Number(_)) => {}
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() => {}
            (kind, value) => found.push(violation(path, format!("is {value}, not {}", kind.article()))),
        }
    }
}

impl Kind {
    fn article(&self) -> &'static str {
        match self {
            Self::Structure { .. } => "a structure",
            Self::List { .. } => "a list",
            Self::Map { .. } => "a map",
            Self::String => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Long => "a long integer",
            Self::Float => "a number",
            Self::Timestamp => "a timestamp in seconds since 1970",
        }
    }
}

fn violation(path: &str, what: String) -> Violation {
    Violation { path: path.to_owned(), what }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
