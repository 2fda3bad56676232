//! The documents an expression may look into.

use std::cell::Cell;

use crate::value::{Map, Value};

/// What `$`, `$$` and `$name` stand for while an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `$`: the state's input, or its result where the field looks at the result.
    pub input: &'a Value,
    /// `$$`: the context object.
    pub context: &'a Value,
    /// `$name`: the variables; `None` where the field may not use any.
    pub variables: Option<&'a Map>,
    /// Counts the values that are looked at or made; a text counts as one for every
    /// [`TEXT_BYTES_PER_VALUE`](crate::limits::TEXT_BYTES_PER_VALUE) bytes.
    pub meter: Option<&'a Cell<u64>>,
}

impl<'a> Scope<'a> {
    /// A scope without variables.
    #[must_use]
    pub fn new(input: &'a Value, context: &'a Value) -> Self {
        Self { input, context, variables: None, meter: None }
    }

    pub(crate) fn count(&self, values: usize) {
        if let Some(meter) = self.meter {
            meter.set(meter.get().saturating_add(u64::try_from(values).unwrap_or(u64::MAX)));
        }
    }
}
