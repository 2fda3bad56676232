//! Filters: `[?(@.price < 10 && !(@.sold))]`.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::budget::{Budget, Exhausted};
use crate::value::Value;

use super::Segment;
use super::select::{collect, follow};

/// A condition on one value, which `@` stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    /// A path from `@` leads somewhere, be it to null.
    Exists(Relative),
    Compare(Operand, Comparison, Operand),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Literal(Value),
    Path(Relative),
}

/// A path from `@`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Relative {
    pub(crate) segments: Vec<Segment>,
    pub(crate) definite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Whether the condition holds for `value`. The recursion ends at `FILTER_DEPTH_MAX`.
    pub(super) fn accepts(&self, value: &Value, budget: &mut Budget) -> Result<bool, Exhausted> {
        budget.take(1)?;
        match self {
            Self::Any(conditions) => {
                for condition in conditions {
                    if condition.accepts(value, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::All(conditions) => {
                for condition in conditions {
                    if !condition.accepts(value, budget)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(condition) => Ok(!condition.accepts(value, budget)?),
            Self::Exists(path) if path.definite => Ok(follow(&path.segments, value).is_ok()),
            Self::Exists(path) => Ok(!collect(&path.segments, value, budget)?.is_empty()),
            Self::Compare(left, comparison, right) => {
                let left = left.resolve(value, budget)?;
                let right = right.resolve(value, budget)?;
                if let (Some(Value::Array(_) | Value::Object(_)), Some(right)) = (left.as_deref(), &right) {
                    budget.take_whole(right)?;
                }
                Ok(comparison.holds(left.as_deref(), right.as_deref()))
            }
        }
    }
}

impl Operand {
    /// The operand's value; `None` where a definite path leads nowhere. What an indefinite path
    /// finds is an array.
    fn resolve<'v>(&'v self, value: &'v Value, budget: &mut Budget) -> Result<Option<Cow<'v, Value>>, Exhausted> {
        match self {
            Self::Literal(literal) => Ok(Some(Cow::Borrowed(literal))),
            Self::Path(path) if path.definite => Ok(follow(&path.segments, value).ok().map(Cow::Borrowed)),
            Self::Path(path) => {
                let found = collect(&path.segments, value, budget)?;
                Ok(Some(Cow::Owned(Value::array(found.into_iter().cloned()))))
            }
        }
    }
}

impl Comparison {
    /// Nothing equals what is missing, not even null. Only numbers with numbers and strings with
    /// strings have an order.
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let equal = left.is_some() && left == right;
        let order = left.zip(right).and_then(|(left, right)| order(left, right));
        match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
