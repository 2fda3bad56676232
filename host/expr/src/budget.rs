//! How much one evaluation may do.

use crate::limits::{EVALUATION_VALUES_MAX, TEXT_BYTES_PER_VALUE};
use crate::scope::Scope;
use crate::value::Value;

/// What is left of [`EVALUATION_VALUES_MAX`]. One budget serves a whole template: many cheap
/// fields would add up to what one expensive field may not do.
#[derive(Debug)]
pub(crate) struct Budget {
    values_left: usize,
}

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Budget {
    /// One evaluation with a budget of its own; the scope counts what it takes.
    pub(crate) fn for_one<R>(scope: &Scope<'_>, evaluate: impl FnOnce(&mut Self) -> R) -> R {
        let mut budget = Self { values_left: EVALUATION_VALUES_MAX };
        let result = evaluate(&mut budget);
        scope.count(EVALUATION_VALUES_MAX - budget.values_left);
        result
    }

    /// Pays for looking at, or making, so many values.
    pub(crate) fn take(&mut self, values: usize) -> Result<(), Exhausted> {
        let left = self.values_left.checked_sub(values);
        self.values_left = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Exhausted)
    }

    /// Pays for making a text of so many bytes.
    pub(crate) fn take_text(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.take(bytes / TEXT_BYTES_PER_VALUE + 1)
    }

    /// Pays for looking at a value and everything below it, as a comparison does.
    pub(crate) fn take_whole(&mut self, value: &Value) -> Result<(), Exhausted> {
        self.take(1)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.take_whole(item)),
            Value::Object(map) => map.values().try_for_each(|member| self.take_whole(member)),
            Value::String(text) => self.take(text.len() / TEXT_BYTES_PER_VALUE),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }
}
