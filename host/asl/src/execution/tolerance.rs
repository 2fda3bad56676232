//! How many iterations of a Map may fail, and numbers that a Map reads from its input.

use std::sync::Arc;

use stepwell_expr::{Expression, Number, Value};

use super::query::Subject;
use super::run::Step;
use super::thread::{Phase, ThreadIx};
use crate::machine::{Amount, MapState, State};
use crate::query::Query;
use crate::{EventKind, Failure};

/// The thresholds of a Map that tolerates failures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) count: Option<u64>,
    pub(crate) percentage: Option<f64>,
    /// Iterations that have failed so far.
    pub(crate) failed: u64,
}

impl Tolerance {
    #[expect(clippy::cast_precision_loss, reason = "counts of items stay far below 2⁵³")]
    pub(crate) fn is_exceeded(&self, items: u64) -> bool {
        let share = self.failed as f64 * 100.0 / items.max(1) as f64;
        self.count.is_some_and(|count| self.failed > count)
            || self.percentage.is_some_and(|percentage| share > percentage)
    }
}

/// What a Map fails with once more iterations have failed than it tolerates.
pub(crate) fn threshold_exceeded() -> Failure {
    let cause = "The specified tolerated failure threshold was exceeded";
    Failure::new("States.ExceedToleratedFailureThreshold", cause)
}

impl Step<'_> {
    /// The thresholds; `None` for a Map that fails with its first iteration.
    pub(super) fn tolerance(
        &mut self,
        at: ThreadIx,
        state: &State,
        map: &MapState,
    ) -> Result<Option<Tolerance>, Failure> {
        let (count, percentage) = self.thresholds(at, state, map)?;
        let tolerant = count.is_some() || percentage.is_some();
        Ok(tolerant.then_some(Tolerance { count, percentage, failed: 0 }))
    }

    /// `ToleratedFailureCount` and `ToleratedFailurePercentage`.
    pub(super) fn thresholds(
        &mut self,
        at: ThreadIx,
        state: &State,
        map: &MapState,
    ) -> Result<(Option<u64>, Option<f64>), Failure> {
        let count = match &map.tolerated_count {
            None => None,
            Some(Amount::Fixed(count)) => Some(*count),
            Some(Amount::Query(query)) => Some(self.query_whole(at, state, query, "ToleratedFailureCount")?),
            Some(Amount::Path(path)) => {
                Some(self.whole_at(at, state, path, "ToleratedFailureCount", "ToleratedFailureCountPath")?)
            }
        };
        let percentage = match &map.tolerated_percentage {
            None => None,
            Some(Amount::Fixed(percentage)) => Some(*percentage),
            Some(Amount::Query(query)) => Some(self.queried_percentage(at, state, query)?),
            Some(Amount::Path(path)) => {
                let number = self.number_at(at, state, path, "ToleratedFailurePercentagePath", "float")?;
                if !(0.0..=100.0).contains(&number.as_f64()) {
                    return Err(self.runtime(at, state, "ToleratedFailurePercentage must be between 0 and 100."));
                }
                Some(number.as_f64())
            }
        };
        Ok((count, percentage))
    }

    fn queried_percentage(&mut self, at: ThreadIx, state: &State, query: &Query) -> Result<f64, Failure> {
        let field = "ToleratedFailurePercentage";
        let value = self.query(at, state, query, field, Subject::Input(&Value::Null))?;
        let Some(number) = value.as_number() else {
            return Err(self.unexpected(at, state, query, field, "number", &value));
        };
        if !(0.0..=100.0).contains(&number.as_f64()) {
            let detail = "ToleratedFailurePercentage must be between 0 and 100.";
            return Err(self.query_failed(at, state, Some(field), detail));
        }
        Ok(number.as_f64())
    }

    /// A count from the input. `what` is the field that the path stands for.
    pub(super) fn whole_at(
        &mut self,
        at: ThreadIx,
        state: &State,
        path: &Expression,
        what: &str,
        field: &str,
    ) -> Result<u64, Failure> {
        let number = self.number_at(at, state, path, field, "integer")?;
        let whole = number.as_i64().unwrap_or(i64::MAX);
        u64::try_from(whole).map_err(|_| self.runtime(at, state, format!("{what} cannot be negative.")))
    }

    /// A number from the input, or text that is one, as AWS takes it.
    fn number_at(
        &mut self,
        at: ThreadIx,
        state: &State,
        path: &Expression,
        field: &str,
        kind: &str,
    ) -> Result<Number, Failure> {
        let value = self.evaluate(at, state, path, field)?;
        let number = match &value {
            Value::Number(number) => Some(*number),
            Value::String(text) => Value::parse(text).ok().and_then(|value| value.as_number()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let wanted = number.filter(|number| kind == "float" || number.as_i64().is_some());
        wanted.ok_or_else(|| {
            let shown = match &value {
                Value::String(text) => text.to_string(),
                Value::Object(_) => "{}".to_owned(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
            };
            let path = path.as_str();
            self.runtime(
                at,
                state,
                format!("The {field} field refers to value \"{shown}\" which is not a valid {kind}: {path}"),
            )
        })
    }

    /// An iteration failed, and its Map may tolerate that: then the error takes the place of the
    /// iteration's result, and `Ok(())` says that the Map goes on. Otherwise what the Map fails with.
    pub(super) fn tolerated(
        &mut self,
        parent: ThreadIx,
        branch: usize,
        last: u64,
        failure: Failure,
    ) -> Result<(), Failure> {
        let Some(thread) = self.fold.threads.get_mut(parent) else { return Err(failure) };
        let Phase::Fanned(fan) = &mut thread.phase else { return Err(failure) };
        let Some(tolerance) = &mut fan.tolerance else { return Err(failure) };
        tolerance.failed += 1;
        if tolerance.is_exceeded(fan.results.len() as u64) {
            return Err(threshold_exceeded());
        }
        fan.done += 1;
        if let Some(slot) = fan.results.get_mut(branch) {
            let text = |text: Option<Arc<str>>| Value::String(text.unwrap_or_else(|| "".into()));
            *slot = Value::object([("Error", text(failure.error)), ("Cause", text(failure.cause))]);
        }
        // What comes next follows the end of this iteration.
        thread.last_event = last;
        self.refill(parent)
    }

    /// `MapIterationFailed`; returns its id.
    pub(super) fn iteration_failed(&mut self, name: &Arc<str>, branch: usize, last: u64) -> u64 {
        self.emit(last, EventKind::MapIterationFailed { name: Arc::clone(name), index: branch as u64 })
    }
}
