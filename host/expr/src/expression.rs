//! The value of a field whose name ends in `.$`.

use std::fmt;

use crate::budget::Budget;
use crate::entropy::Entropy;
use crate::error::{EvalError, ParseError};
use crate::intrinsic::Call;
use crate::path::Path;
use crate::scope::Scope;
use crate::value::Value;

/// A compiled path or call of an intrinsic function.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A path into the input, the context object or a variable.
    Path(Path),
    /// A call of an intrinsic function, with at most 10 levels of calls.
    Intrinsic(Call),
}

impl Expression {
    /// Reads a path (`$…`) or a call (`States.…`).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.starts_with('$') {
            Path::parse(text).map(Self::Path)
        } else if text.trim_start().starts_with("States.") {
            Call::parse(text).map(Self::Intrinsic)
        } else {
            Err(ParseError {
                message: "a path begins with `$` and a call of an intrinsic function with `States.`".to_owned(),
                offset: 0,
            })
        }
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Path(path) => path.as_str(),
            Self::Intrinsic(call) => call.as_str(),
        }
    }

    /// Evaluates the expression. `field` is the field's name for the cause of an error, as it is
    /// written: `value.$`, `ErrorPath`. A path that leads nowhere is `States.Runtime`, a function
    /// that refuses its arguments `States.IntrinsicFailure`.
    pub fn eval(&self, scope: &Scope<'_>, entropy: &mut Entropy, field: &str) -> Result<Value, EvalError> {
        Budget::for_one(scope, |budget| self.eval_within(scope, entropy, field, budget))
    }

    pub(crate) fn eval_within(
        &self,
        scope: &Scope<'_>,
        entropy: &mut Entropy,
        field: &str,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        match self {
            Self::Path(path) => path.eval_field_within(scope, field, budget),
            Self::Intrinsic(call) => call.eval(scope, entropy, budget),
        }
    }

    /// Calls `visit` with every path in the expression, for checks of the variables it uses.
    pub fn visit_paths<'e>(&'e self, visit: &mut dyn FnMut(&'e Path)) {
        match self {
            Self::Path(path) => visit(path),
            Self::Intrinsic(call) => call.visit_paths(visit),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
