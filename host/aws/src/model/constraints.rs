//! The model's constraints, told as AWS tells them: all at once, in the model's order.

use std::ops::ControlFlow;

use serde_json::Value;

use super::show::{shown, spelled};
use super::{Kind, Model, Operation, Shape};
use crate::ServiceError;

/// Most constraints that one answer names; further ones are not looked for.
pub const VALIDATION_ERRORS_MAX: usize = 20;
/// Most characters of a value that an answer repeats.
pub const SHOWN_CHARS_MAX: usize = 16_384;

impl Model {
    /// All constraints of an input that has the model's types.
    pub(super) fn check_constraints(&self, operation: &Operation, input: &Value) -> Result<(), ServiceError> {
        let mut found = Found { errors: Vec::new() };
        if let Some(shape) = self.shape(&operation.input) {
            // Stopped is full: there is nothing else to do than to tell.
            let _ = self.check_parts(shape, input, "", &mut found);
        }
        let count = found.errors.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "error" } else { "errors" };
        Err(ServiceError::validation(format!("{count} validation {plural} detected: {}", found.errors.join("; "))))
    }

    fn check_parts(&self, shape: &Shape, value: &Value, path: &str, found: &mut Found) -> ControlFlow<()> {
        match (&shape.kind, value) {
            (Kind::Structure { members, shown: _ }, Value::Object(object)) => {
                for member in members {
                    let path = joined(path, &spelled(&member.name));
                    match object.get(&member.name) {
                        None if member.required => {
                            found.add(format!(
                                "Value null at '{path}' failed to satisfy constraint: Member must not be null"
                            ))?;
                        }
                        None => {}
                        Some(value) => self.check_value(&member.shape, value, &path, found)?,
                    }
                }
            }
            (Kind::List { member }, Value::Array(items)) => {
                if let Some(inner) = self.shape(member).filter(|shape| !shape.is_scalar()) {
                    for (index, item) in items.iter().enumerate() {
                        let path = format!("{path}.{}.member", index + 1);
                        self.check_own(inner, item, &path, found)?;
                        self.check_parts(inner, item, &path, found)?;
                    }
                }
            }
            (Kind::Map { key: _, value: member }, Value::Object(object)) => {
                if let Some(inner) = self.shape(member).filter(|shape| !shape.is_scalar()) {
                    for (key, item) in object {
                        let path = format!("{path}.{key}.member");
                        self.check_own(inner, item, &path, found)?;
                        self.check_parts(inner, item, &path, found)?;
                    }
                }
            }
            (_, _) => {}
        }
        ControlFlow::Continue(())
    }

    fn check_value(&self, shape: &str, value: &Value, path: &str, found: &mut Found) -> ControlFlow<()> {
        let Some(shape) = self.shape(shape) else { return ControlFlow::Continue(()) };
        self.check_own(shape, value, path, found)?;
        self.check_items(shape, value, path, found)?;
        self.check_parts(shape, value, path, found)
    }

    /// What the shape asks of the value itself.
    fn check_own(&self, shape: &Shape, value: &Value, path: &str, found: &mut Found) -> ControlFlow<()> {
        for constraint in shape.broken(value) {
            let value = if shape.sensitive { String::new() } else { format!(" '{}'", shown(self, shape, value)) };
            found.add(format!("Value{value} at '{path}' failed to satisfy constraint: {constraint}"))?;
        }
        ControlFlow::Continue(())
    }

    /// Texts and numbers in lists and maps have no path of their own: the list is named, with all
    /// that its items must be.
    fn check_items(&self, shape: &Shape, value: &Value, path: &str, found: &mut Found) -> ControlFlow<()> {
        let text = |constraints: Vec<String>| format!("[{}]", constraints.join(", "));
        let mut broken = Vec::new();
        match (&shape.kind, value) {
            (Kind::List { member }, Value::Array(items)) => {
                if let Some(inner) = self.shape(member).filter(|shape| shape.is_scalar())
                    && items.iter().any(|item| !inner.holds(item))
                {
                    broken.push(format!("Member must satisfy constraint: {}", text(inner.constraints())));
                }
            }
            (Kind::Map { key, value: member }, Value::Object(object)) => {
                if let Some(inner) = self.shape(key)
                    && object.keys().any(|key| !inner.holds(&Value::String(key.clone())))
                {
                    broken.push(format!("Map keys must satisfy constraint: {}", text(inner.constraints())));
                }
                if let Some(inner) = self.shape(member).filter(|shape| shape.is_scalar())
                    && object.values().any(|item| !inner.holds(item))
                {
                    broken.push(format!("Map value must satisfy constraint: {}", text(inner.constraints())));
                }
            }
            (_, _) => {}
        }
        for constraint in broken {
            let value = if shape.sensitive { String::new() } else { format!(" '{}'", shown(self, shape, value)) };
            found.add(format!("Value{value} at '{path}' failed to satisfy constraint: {constraint}"))?;
        }
        ControlFlow::Continue(())
    }
}

impl Shape {
    fn is_scalar(&self) -> bool {
        match self.kind {
            Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. } => false,
            Kind::String | Kind::Boolean | Kind::Integer | Kind::Long | Kind::Float | Kind::Timestamp => true,
        }
    }

    fn holds(&self, value: &Value) -> bool {
        self.broken(value).is_empty()
    }

    /// The constraints that a value does not meet. AWS names a pattern before a length.
    fn broken(&self, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        match value {
            Value::Null => found.push("Member must not be null".to_owned()),
            Value::String(text) => {
                if self.pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
                    found.extend(self.pattern_constraint());
                }
                let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
                found.extend(self.bounds_constraints("length", |min| length < min, |max| length > max));
                if !self.values.is_empty() && !self.values.contains(text) {
                    found.extend(self.enum_constraint());
                }
            }
            Value::Number(number) => {
                // No model has a bound that a double cannot hold.
                let number = number.as_f64().unwrap_or(f64::MAX);
                let (below, above) = (|min: i64| number < as_double(min), |max: i64| number > as_double(max));
                found.extend(self.bounds_constraints("value", below, above));
            }
            Value::Array(items) => {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                found.extend(self.bounds_constraints("length", |min| length < min, |max| length > max));
            }
            Value::Object(object) => {
                let length = i64::try_from(object.len()).unwrap_or(i64::MAX);
                found.extend(self.bounds_constraints("length", |min| length < min, |max| length > max));
            }
            Value::Bool(_) => {}
        }
        found
    }

    /// Everything that the shape asks, for the items of a list: lengths before patterns there.
    fn constraints(&self) -> Vec<String> {
        let what = match self.kind {
            Kind::Integer | Kind::Long | Kind::Float => "value",
            Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. } => "length",
            Kind::String | Kind::Boolean | Kind::Timestamp => "length",
        };
        let mut found = self.bounds_constraints(what, |_| true, |_| true);
        // The larger bound comes first.
        found.reverse();
        found.extend(self.pattern_constraint());
        found.extend(self.enum_constraint());
        found.push("Member must not be null".to_owned());
        found
    }

    fn bounds_constraints(&self, what: &str, below: impl Fn(i64) -> bool, above: impl Fn(i64) -> bool) -> Vec<String> {
        let least = self.min.filter(|min| below(*min));
        let most = self.max.filter(|max| above(*max));
        let least = least.map(|min| format!("Member must have {what} greater than or equal to {min}"));
        let most = most.map(|max| format!("Member must have {what} less than or equal to {max}"));
        least.into_iter().chain(most).collect()
    }

    fn pattern_constraint(&self) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        Some(format!("Member must satisfy regular expression pattern: {}", pattern.shown))
    }

    fn enum_constraint(&self) -> Option<String> {
        (!self.values.is_empty()).then(|| format!("Member must satisfy enum value set: [{}]", self.values.join(", ")))
    }
}

struct Found {
    errors: Vec<String>,
}

impl Found {
    fn add(&mut self, error: String) -> ControlFlow<()> {
        self.errors.push(error);
        if self.errors.len() < VALIDATION_ERRORS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[expect(clippy::cast_precision_loss, reason = "a bound of a model: no more than nine digits")]
fn as_double(bound: i64) -> f64 {
    bound as f64
}
