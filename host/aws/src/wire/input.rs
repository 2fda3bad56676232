//! Where an operation's input stands in a request.

use serde_json::{Map, Number, Value};

use super::Request;
use crate::ServiceError;
use crate::model::{Kind, Member, Model, Operation, Place};
use crate::percent::{decode, pairs};

/// Largest body of a request: a definition of the largest size, every character of it escaped.
pub const BODY_BYTES_MAX: usize = 6_291_456;

/// awsJson: the body is the input. An empty one is an input without members.
pub(super) fn json(request: &Request<'_>) -> Result<Value, ServiceError> {
    check_size(request)?;
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(request.body)
        .map_err(|error| ServiceError::serialization(format!("The body of the request is not valid JSON: {error}")))
}

/// restJson1: members stand in the path, in the query, and all others in the body.
pub(super) fn rest(model: &Model, operation: &Operation, request: &Request<'_>) -> Result<Value, ServiceError> {
    let mut found = match json(request)? {
        Value::Object(found) => found,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(ServiceError::serialization("Unexpected value type in payload"));
        }
    };
    if !found.is_empty() {
        check_media_type(request)?;
    }
    let labels = operation.http().and_then(|(_, path)| labels(path, request.path)).unwrap_or_default();
    let query = query(request)?;
    for member in model.input_members(operation) {
        let value = match &member.place {
            Place::Body => continue,
            Place::Label(label) => match labels.iter().find(|(name, _)| name == label) {
                Some((_, Some(value))) => Some(Value::from(value.clone())),
                Some((_, None)) => return Err(not_utf8("path")),
                None => None,
            },
            Place::Query(name) => {
                let values: Vec<_> = query.iter().filter(|(found, _)| found == name).map(|(_, value)| value).collect();
                of_query(model, member, &values)?
            }
        };
        found.remove(&member.name);
        found.extend(value.map(|value| (member.name.clone(), value)));
    }
    Ok(Value::Object(found))
}

/// Forms: the operations of these that this host has take nothing.
pub(super) fn form(model: &Model, operation: &Operation, request: &Request<'_>) -> Result<Value, ServiceError> {
    check_size(request)?;
    debug_assert!(model.input_members(operation).is_empty(), "{} takes members", operation.name());
    Ok(Value::Object(Map::new()))
}

/// The `Action` of a form, in the body or in the query.
pub(super) fn form_action(request: &Request<'_>) -> Option<String> {
    let body = if request.body.len() <= BODY_BYTES_MAX { std::str::from_utf8(request.body).ok()? } else { "" };
    let action = |text: &str| pairs(text).flatten().find(|(name, _)| name == "Action").map(|(_, value)| value);
    let is_form =
        request.header("content-type").is_some_and(|found| media_type(found) == "application/x-www-form-urlencoded");
    action(request.query).or_else(|| if is_form { action(body) } else { None })
}

/// The labels of a path such as `/schedules/{Name}`, each with its value, unless that is no UTF-8;
/// `None` if the path is another one.
pub(super) fn labels<'a>(template: &'a str, path: &str) -> Option<Vec<(&'a str, Option<String>)>> {
    let mut found = Vec::new();
    let mut given = path.split('/');
    for part in template.split('/') {
        let given = given.next()?;
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(_) if given.is_empty() => return None,
            Some(label) => found.push((label, String::from_utf8(decode(given, false)).ok())),
            None if part == given => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(found)
}

fn query(request: &Request<'_>) -> Result<Vec<(String, String)>, ServiceError> {
    pairs(request.query).map(|pair| pair.ok_or_else(|| not_utf8("query"))).collect()
}

/// A member's value out of its texts: the last one, or all of them for a list.
fn of_query(model: &Model, member: &Member, values: &[&String]) -> Result<Option<Value>, ServiceError> {
    let Some(last) = values.last() else { return Ok(None) };
    let Some(shape) = model.shape(&member.shape) else { return Ok(None) };
    let wrong = |wanted: &str| {
        let shown: String = last.chars().take(100).collect();
        ServiceError::serialization(format!("'{shown}' cannot be converted to {wanted} at '{}'", member.name))
    };
    Ok(Some(match &shape.kind {
        Kind::List { member: _ } => Value::Array(values.iter().map(|value| Value::from(value.as_str())).collect()),
        Kind::String => Value::from(last.as_str()),
        Kind::Integer | Kind::Long => Value::from(last.parse::<i64>().map_err(|_| wrong("Integer"))?),
        Kind::Float | Kind::Timestamp => {
            let number = last.parse::<f64>().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or_else(|| wrong("Number"))?)
        }
        Kind::Boolean => Value::Bool(last.parse::<bool>().map_err(|_| wrong("Boolean"))?),
        Kind::Structure { .. } | Kind::Map { .. } => return Err(wrong("a structure")),
    }))
}

/// A page in a browser can send forms and plain texts to any host, but JSON only to one that
/// allows it.
fn check_media_type(request: &Request<'_>) -> Result<(), ServiceError> {
    let given = request.header("content-type").unwrap_or_default();
    if media_type(given) == "application/json" {
        return Ok(());
    }
    Err(ServiceError::new("UnsupportedMediaTypeException", "The body of the request must be application/json")
        .with_status(415))
}

/// `application/json; charset=utf-8` without its parameters.
fn media_type(given: &str) -> String {
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn check_size(request: &Request<'_>) -> Result<(), ServiceError> {
    if request.body.len() <= BODY_BYTES_MAX {
        return Ok(());
    }
    let message = format!("The body of the request is larger than {BODY_BYTES_MAX} bytes");
    Err(ServiceError::new("RequestEntityTooLargeException", message).with_status(413))
}

fn not_utf8(place: &str) -> ServiceError {
    ServiceError::serialization(format!("The {place} of the request is not valid UTF-8"))
}
