//! Choice states.

use std::cmp::Ordering;

use stepwell_expr::{EvalError, Path, Scope, Selection, Value};

use super::query::Subject;
use super::run::{Done, Exit, Step};
use super::thread::ThreadIx;
use crate::machine::{ChoiceRule, Condition, Operand, Operator, Order, Pattern, QueryLanguage, State, StateIx, Test};
use crate::query::Query;
use crate::{Failure, Timestamp};

impl Step<'_> {
    pub(super) fn choose(
        &mut self,
        at: ThreadIx,
        state: &State,
        rules: &[ChoiceRule],
        default: Option<StateIx>,
    ) -> Result<Done, Failure> {
        let input = self.selected_input(at, state)?;
        let (context, variables) = (self.context(at, state), self.variables(at));
        let (mut chosen, mut assign, mut output) = (default, state.assign.as_ref(), state.flow.output.as_ref());
        for (index, rule) in rules.iter().enumerate() {
            let true_now = match &rule.test {
                Condition::Test(test) => {
                    let scope = Scope { variables: Some(&variables), ..Scope::new(&input, &context) };
                    let scope = Scope { meter: Some(&self.values), ..scope };
                    holds(test, &scope).map_err(|error| self.evaluation(at, state, &error))?
                }
                Condition::Query(query) => self.condition(at, state, query, index)?,
            };
            if true_now {
                (chosen, assign, output) = (Some(rule.next), rule.assign.as_ref(), rule.output.as_ref());
                break;
            }
        }
        let Some(next) = chosen else {
            let detail = "Failed to transition out of the state. The state does not point to a next state.";
            return Err(Failure::new("States.NoChoiceMatched", self.located(at, state, detail)));
        };
        let assigned = self.assigned(at, state, assign, Subject::Input(&input))?;
        let output = match state.language {
            QueryLanguage::JsonPath => self.output(at, state, input)?,
            QueryLanguage::Jsonata => self.query_output(at, state, output, Subject::Input(&input))?,
        };
        Ok(Done::Exit(Exit { output, assigned, next: Some(next) }))
    }

    fn condition(&mut self, at: ThreadIx, state: &State, query: &Query, index: usize) -> Result<bool, Failure> {
        let field = format!("Choices[{index}]/Condition");
        let value = self.query(at, state, query, &field, Subject::Input(&Value::Null))?;
        value.as_bool().ok_or_else(|| self.unexpected(at, state, query, &field, "boolean", &value))
    }
}

/// Recurses as deep as the rule nests, which the checks bound.
fn holds(test: &Test, scope: &Scope<'_>) -> Result<bool, EvalError> {
    match test {
        Test::And(tests) => {
            for test in tests {
                if !holds(test, scope)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Test::Or(tests) => {
            for test in tests {
                if holds(test, scope)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Test::Not(test) => holds(test, scope).map(|held| !held),
        Test::Compare { variable, operator: Operator::IsPresent, operand } => {
            Ok(found(variable, scope)?.is_some() == wanted(operand))
        }
        Test::Compare { variable, operator, operand } => {
            let Some(left) = found(variable, scope)? else {
                return Err(EvalError::runtime(format!(
                    "Invalid path '{}': The choice state's condition path references an invalid value.",
                    variable.as_str()
                )));
            };
            compare(&left, *operator, operand, scope)
        }
    }
}

fn found(path: &Path, scope: &Scope<'_>) -> Result<Option<Value>, EvalError> {
    match path.select(scope) {
        Selection::One(value) | Selection::Many(value) => Ok(Some(value)),
        Selection::None => Ok(None),
        Selection::Exhausted => {
            Err(EvalError::runtime(format!("The path '{}' looks at too many values.", path.as_str())))
        }
    }
}

fn wanted(operand: &Operand) -> bool {
    match operand {
        Operand::Fixed(value) => value.as_bool().unwrap_or(true),
        Operand::Path(_) | Operand::Pattern(_) => true,
    }
}

fn compare(left: &Value, operator: Operator, operand: &Operand, scope: &Scope<'_>) -> Result<bool, EvalError> {
    let selected;
    let right = match operand {
        Operand::Fixed(value) => value,
        Operand::Pattern(pattern) => return Ok(left.as_str().is_some_and(|text| pattern.matches(text))),
        Operand::Path(path) => {
            selected = path.eval_path_field(scope)?;
            &selected
        }
    };
    Ok(match operator {
        Operator::String(order) => both(left, right, Value::as_str).is_some_and(|(a, b)| order.holds(a.cmp(b))),
        Operator::Numeric(order) => both(left, right, Value::as_number)
            .and_then(|(a, b)| compare_numbers(a, b))
            .is_some_and(|ordering| order.holds(ordering)),
        Operator::Timestamp(order) => both(left, right, instant).is_some_and(|(a, b)| order.holds(a.cmp(&b))),
        Operator::BooleanEquals => both(left, right, Value::as_bool).is_some_and(|(a, b)| a == b),
        Operator::StringMatches => false,
        Operator::IsPresent => wanted(operand),
        Operator::IsNull => left.is_null() == wanted(operand),
        Operator::IsNumeric => left.as_number().is_some() == wanted(operand),
        Operator::IsString => left.as_str().is_some() == wanted(operand),
        Operator::IsBoolean => left.as_bool().is_some() == wanted(operand),
        Operator::IsTimestamp => instant(left).is_some() == wanted(operand),
    })
}

fn both<'v, T>(left: &'v Value, right: &'v Value, read: impl Fn(&'v Value) -> Option<T>) -> Option<(T, T)> {
    Some((read(left)?, read(right)?))
}

fn instant(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?)
}

fn compare_numbers(a: stepwell_expr::Number, b: stepwell_expr::Number) -> Option<Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64().partial_cmp(&b.as_f64()),
    }
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::GreaterThan => ordering.is_gt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

impl Pattern {
    /// In time that grows with the text and the pattern, whatever they are: each piece is
    /// taken at its first place.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return text.is_empty() };
        let Some((last, middle)) = rest.split_last() else { return *text == **first };
        let Some(mut left) = text.strip_prefix(&**first) else { return false };
        for piece in middle {
            let Some(at) = left.find(&**piece) else { return false };
            left = left.get(at + piece.len()..).unwrap_or("");
        }
        left.ends_with(&**last)
    }
}
