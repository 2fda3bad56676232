//! Failures: `Retry`, `Catch`, and the way up through Parallel and Map.

use std::sync::Arc;

use stepwell_expr::Value;

use super::Status;
use super::query::Subject;
use super::run::{Exit, Step, micros};
use super::thread::{Phase, ThreadIx};
use crate::limits::DELAY_SECONDS_MAX;
use crate::machine::{Catcher, Kind, QueryLanguage, Retrier, State};
use crate::{EventKind, Failure};

impl Step<'_> {
    /// A thread's state failed: it tries again, goes another way, or takes with it the
    /// Parallel or Map around it, and so on up to the execution.
    pub(super) fn fail(&mut self, at: ThreadIx, failure: Failure) {
        self.note(|seen| seen.failure = Some(failure.clone()));
        self.told(&failure);
        let (mut at, mut failure) = (at, failure);
        loop {
            if self.fold.exhausted {
                return;
            }
            let Some(thread) = self.fold.threads.get(at) else { return };
            let state = self.machine.state(thread.state);
            let fanned = matches!(thread.phase, Phase::Fanned(_) | Phase::Running(_));
            self.end_branches(at, thread.last_event);
            if self.retried(at, state, &failure) {
                return;
            }
            let caught = match self.caught(at, state, &failure, fanned) {
                Ok(caught) => caught,
                Err(worse) => {
                    failure = worse;
                    false
                }
            };
            if caught {
                return;
            }
            let last = self.tell_failed(at, state, fanned);
            let Some(thread) = self.fold.threads.remove(at) else { return };
            let Some((parent, branch)) = thread.parent else {
                self.end_all();
                let event = EventKind::ExecutionFailed { failure: failure.clone() };
                return self.conclude_after(last, event, Status::Failed(failure));
            };
            failure = match self.branch_failed(parent, branch, at, last, failure) {
                Ok(()) => return,
                Err(failure) => failure,
            };
            if let Kind::Task(_) = &state.kind {
                // It was entered and is not left: the end of the state around it ends it too.
                self.emit(last, EventKind::StateAborted { state: state.kind.state_type() });
            }
            at = parent;
        }
    }

    /// Of a Parallel or Map that was at work; returns the event the next one follows. Of one whose
    /// own fields failed, before or after, AWS says nothing of the kind.
    fn tell_failed(&mut self, at: ThreadIx, state: &State, fanned: bool) -> u64 {
        let last = self.fold.threads.get(at).map_or(0, |thread| thread.last_event);
        if !fanned {
            return last;
        }
        let event = match &state.kind {
            Kind::Parallel { .. } => EventKind::ParallelStateFailed,
            Kind::Map(_) => EventKind::MapStateFailed,
            Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => return last,
        };
        self.emit(last, event)
    }

    fn retried(&mut self, at: ThreadIx, state: &State, failure: &Failure) -> bool {
        let Some(recovery) = state.kind.recovery() else { return false };
        let Some(place) = recovery.retried.first(failure) else { return false };
        let Some(retrier) = recovery.retriers.get(place) else { return false };
        let Some(thread) = self.fold.threads.get_mut(at) else { return false };
        if thread.attempts.len() < recovery.retriers.len() {
            thread.attempts.resize(recovery.retriers.len(), 0);
        }
        let Some(attempts) = thread.attempts.get_mut(place) else { return false };
        if let Some(inspection) = &mut self.inspection {
            inspection.seen.retrier = Some(place);
            *attempts = inspection.told.retries;
        }
        if *attempts >= retrier.attempts_max {
            return false;
        }
        let before = *attempts;
        *attempts += 1;
        thread.retry_count += 1;
        let mut delay = delay_micros(retrier, before);
        self.note(|seen| seen.retry_micros = Some(delay));
        if retrier.full_jitter {
            delay = jittered(delay, self.fold.entropy.next_u64());
        }
        let timer = self.set_timer(self.at.plus_micros(delay), Some(at));
        self.block(at, Phase::Delayed(timer));
        true
    }

    fn caught(&mut self, at: ThreadIx, state: &State, failure: &Failure, fanned: bool) -> Result<bool, Failure> {
        let Some(recovery) = state.kind.recovery() else { return Ok(false) };
        let Some(place) = recovery.caught.first(failure) else { return Ok(false) };
        let Some(Catcher { result_path, output, assign, next, .. }) = recovery.catchers.get(place) else {
            return Ok(false);
        };
        self.note(|seen| seen.catcher = Some(place));
        let text = |text: &Option<Arc<str>>| Value::String(text.clone().unwrap_or_else(|| "".into()));
        let error = Value::object([("Error", text(&failure.error)), ("Cause", text(&failure.cause))]);
        let assigned = self.assigned(at, state, assign.as_ref(), Subject::Error(&error))?;
        let output = match state.language {
            QueryLanguage::JsonPath => self.placed(at, state, result_path, error)?,
            QueryLanguage::Jsonata => self.query_output(at, state, output.as_ref(), Subject::Error(&error))?,
        };
        let last = self.tell_failed(at, state, fanned);
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.last_event = last;
        }
        self.leave(at, state, Exit { output, assigned, next: Some(*next) });
        Ok(true)
    }
}

/// The delay before the retry that follows so many. Multiplied step by step: the same on any
/// machine, which a power function need not be.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "seconds far below 2⁵³, bounded first"
)]
fn delay_micros(retrier: &Retrier, before: u64) -> i64 {
    let most = retrier.delay_seconds_max.unwrap_or(DELAY_SECONDS_MAX) as f64;
    let mut seconds = retrier.interval_seconds as f64;
    if retrier.backoff_rate > 1.0 {
        for _ in 0..before {
            seconds *= retrier.backoff_rate;
            if seconds >= most {
                break;
            }
        }
    }
    ((seconds.min(most) * 1_000_000.0) as i64).min(micros(DELAY_SECONDS_MAX))
}

/// A delay drawn evenly from nothing to the whole.
fn jittered(delay: i64, drawn: u64) -> i64 {
    let whole = u64::try_from(delay).unwrap_or(0);
    let product = u128::from(drawn) * (u128::from(whole) + 1);
    i64::try_from(product >> 64).unwrap_or(delay)
}
