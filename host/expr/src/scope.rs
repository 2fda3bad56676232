//! The documents an expression may look into.

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
}

impl<'a> Scope<'a> {
    /// A scope without variables.
    #[must_use]
    pub fn new(input: &'a Value, context: &'a Value) -> Self {
        Self { input, context, variables: None }
    }
}
