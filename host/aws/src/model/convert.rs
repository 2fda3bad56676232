//! A request's JSON with the types of the model.

use serde_json::{Map, Number, Value};

use super::{Kind, Model, Operation, Shape};
use crate::ServiceError;

impl Model {
    /// The members that the model knows, with its types and without nulls.
    pub(super) fn convert_input(&self, operation: &Operation, input: Value) -> Result<Value, ServiceError> {
        match self.shape(&operation.input) {
            Some(shape) => self.convert(shape, input, &mut Vec::new()),
            None => Ok(Value::Object(Map::new())),
        }
    }

    /// Goes no deeper than the model does, whose shapes do not contain themselves.
    fn convert(&self, shape: &Shape, value: Value, path: &mut Vec<String>) -> Result<Value, ServiceError> {
        match (&shape.kind, value) {
            (Kind::Structure { members, shown: _ }, Value::Object(mut found)) => {
                let mut kept = Map::new();
                for member in members {
                    let Some(value) = found.remove(&member.name).filter(|value| !value.is_null()) else { continue };
                    kept.insert(member.name.clone(), self.convert_part(&member.shape, value, &member.name, path)?);
                }
                Ok(Value::Object(kept))
            }
            (Kind::Map { key: _, value: shape }, Value::Object(found)) => {
                let mut kept = Map::new();
                for (key, value) in found.into_iter().filter(|(_, value)| !value.is_null()) {
                    let value = self.convert_part(shape, value, &key, path)?;
                    kept.insert(key, value);
                }
                Ok(Value::Object(kept))
            }
            (Kind::List { member }, Value::Array(found)) => {
                let mut kept = Vec::with_capacity(found.len());
                for (index, value) in found.into_iter().enumerate() {
                    kept.push(match value {
                        Value::Null => Value::Null,
                        value => self.convert_part(member, value, &index.to_string(), path)?,
                    });
                }
                Ok(Value::Array(kept))
            }
            (Kind::String, value @ Value::String(_)) | (Kind::Boolean, value @ Value::Bool(_)) => Ok(value),
            (Kind::Float | Kind::Timestamp, value @ Value::Number(_)) => Ok(value),
            (Kind::Integer, Value::Number(number)) => whole(&number, i64::from(i32::MIN), i64::from(i32::MAX))
                .ok_or_else(|| mismatch(shape, &Value::Number(number), path)),
            (Kind::Long, Value::Number(number)) => {
                whole(&number, i64::MIN, i64::MAX).ok_or_else(|| mismatch(shape, &Value::Number(number), path))
            }
            (_, value) => Err(mismatch(shape, &value, path)),
        }
    }

    fn convert_part(
        &self,
        shape: &str,
        value: Value,
        name: &str,
        path: &mut Vec<String>,
    ) -> Result<Value, ServiceError> {
        // A test sees to it that every shape that a model names is there.
        let Some(shape) = self.shape(shape) else { return Ok(value) };
        path.push(name.to_owned());
        let converted = self.convert(shape, value, path);
        path.pop();
        converted
    }
}

/// A whole number within bounds; `1.0` is one.
fn whole(number: &Number, least: i64, most: i64) -> Option<Value> {
    let exact = |value: f64| {
        let bounds = -9_007_199_254_740_992.0..=9_007_199_254_740_992.0;
        let is_whole = bounds.contains(&value) && value.fract() == 0.0;
        is_whole.then(|| format!("{value:.0}").parse::<i64>().ok()).flatten()
    };
    let value = number.as_i64().or_else(|| number.as_f64().and_then(exact))?;
    (least..=most).contains(&value).then(|| Value::from(value))
}

/// What AWS's JSON reader says, and where.
fn mismatch(shape: &Shape, value: &Value, path: &[String]) -> ServiceError {
    let wanted = match shape.kind {
        Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. } => None,
        Kind::String => Some("String"),
        Kind::Boolean => Some("Boolean"),
        Kind::Integer => Some("Integer"),
        Kind::Long => Some("Long"),
        Kind::Float => Some("Float"),
        Kind::Timestamp => Some("Date"),
    };
    let token = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) | Value::Object(_) => "",
    };
    let what = match (value, wanted) {
        (Value::Object(_), _) => "Start of structure or map found where not expected".to_owned(),
        (Value::Array(_), _) => "Start of list found where not expected".to_owned(),
        (_, Some(wanted)) => format!("{token} cannot be converted to {wanted}"),
        (_, None) if path.is_empty() => "Unexpected value type in payload".to_owned(),
        (_, None) => "Unexpected field type".to_owned(),
    };
    ServiceError::serialization(match path {
        [] => what,
        path => format!("{what} at '{}'", path.join(".").chars().take(256).collect::<String>()),
    })
}
