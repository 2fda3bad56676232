//! Wait states, and timers that are up.

use stepwell_expr::{Expression, Number, Value};

use super::query::Subject;
use super::run::{Done, Step, micros};
use super::thread::{Phase, ThreadIx};
use crate::limits::{DELAY_SECONDS_MAX, WAIT_SECONDS_MAX};
use crate::machine::{Seconds, State, Wait};
use crate::query::Query;
use crate::{Failure, TimerId, Timestamp};

impl Step<'_> {
    pub(super) fn wait(&mut self, at: ThreadIx, state: &State, wait: &Wait) -> Result<Done, Failure> {
        let until = match wait {
            Wait::Seconds(seconds) => self.at.plus_micros(micros(*seconds)),
            Wait::SecondsPath(path) => {
                let seconds = self.seconds_to_wait(at, state, path)?;
                self.at.plus_micros(micros(seconds))
            }
            Wait::SecondsQuery(query) => {
                let seconds = self.query_whole(at, state, query, "Seconds")?;
                self.at.plus_micros(micros(seconds))
            }
            Wait::UntilQuery(query) => self.instant_to_wait_for(at, state, query)?,
            Wait::Until(until) => *until,
            Wait::UntilPath(path) => {
                let value = self.evaluate(at, state, path, "TimestampPath")?;
                match value.as_str().and_then(Timestamp::parse) {
                    Some(until) => until,
                    None => {
                        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        return Err(self.runtime(at, state, format!(
                            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {shown}",
                            path.as_str()
                        )));
                    }
                }
            }
        };
        if until.as_micros().saturating_sub(self.at.as_micros()) > micros(WAIT_SECONDS_MAX) {
            return Err(self.runtime(at, state, "Wait state delay is too long."));
        }
        if until <= self.at {
            return self.passed_on(at, state, state.next);
        }
        let timer = self.set_timer(until, Some(at));
        self.block(at, Phase::Waiting(timer));
        Ok(Done::Blocked)
    }

    fn instant_to_wait_for(&mut self, at: ThreadIx, state: &State, query: &Query) -> Result<Timestamp, Failure> {
        let value = self.query(at, state, query, "Timestamp", Subject::Input(&Value::Null))?;
        let Some(text) = value.as_str() else {
            return Err(self.unexpected(at, state, query, "Timestamp", "string", &value));
        };
        Timestamp::parse(text).ok_or_else(|| {
            let detail = format!(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
            );
            // The expression is evaluated by then, so that this follows the entry itself.
            let last = self.fold.threads.get(at).map_or(0, |thread| thread.last_event);
            self.query_failed_after(last, at, state, Some("Timestamp"), &detail)
        })
    }

    fn seconds_to_wait(&mut self, at: ThreadIx, state: &State, path: &Expression) -> Result<u64, Failure> {
        let value = self.evaluate(at, state, path, "SecondsPath")?;
        let whole = match &value {
            Value::Number(Number::Int(n)) => Some(*n),
            Value::Null
            | Value::Bool(_)
            | Value::Number(Number::Float(_))
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        let Some(whole) = whole else {
            return Err(self.runtime(
                at,
                state,
                format!("The SecondsPath parameter cannot be parsed as a long value: {} == {value}", path.as_str()),
            ));
        };
        u64::try_from(whole).map_err(|_| {
            self.runtime(
                at,
                state,
                format!("The SecondsPath parameter references a negative value: {} == {whole}", path.as_str()),
            )
        })
    }

    /// A timeout of a task: absent, fixed or from the input.
    pub(super) fn seconds(
        &mut self,
        at: ThreadIx,
        state: &State,
        seconds: &Seconds,
        field: &'static str,
    ) -> Result<Option<u64>, Failure> {
        match seconds {
            Seconds::Absent => Ok(None),
            Seconds::Fixed(seconds) => Ok(Some(*seconds)),
            Seconds::Query(query) => {
                let field = field.strip_suffix("Path").unwrap_or(field);
                let whole = self.query_whole(at, state, query, field)?;
                if (1..=DELAY_SECONDS_MAX).contains(&whole) {
                    return Ok(Some(whole));
                }
                let detail = format!("The {field} field must be from 1 to {DELAY_SECONDS_MAX} but was: {whole}");
                Err(self.query_failed(at, state, Some(field), &detail))
            }
            Seconds::Path(path) => {
                let value = self.evaluate(at, state, path, field)?;
                let whole = value.as_i64().and_then(|n| u64::try_from(n).ok());
                match whole.filter(|n| (1..=DELAY_SECONDS_MAX).contains(n)) {
                    Some(whole) => Ok(Some(whole)),
                    None => Err(self.runtime(
                        at,
                        state,
                        format!("The {field} parameter must reference a whole number of seconds from 1 to {DELAY_SECONDS_MAX}: {} == {value}", path.as_str()),
                    )),
                }
            }
        }
    }

    /// The timer that a thread waits for is up.
    pub(super) fn timer_is_up(&mut self, at: ThreadIx, timer: TimerId) {
        let Some(thread) = self.fold.threads.get_mut(at) else { return };
        match &thread.phase {
            Phase::Calling(invoke) => {
                let call = invoke.call;
                self.call_is_late(call, timer);
            }
            Phase::Delayed(_) => {
                thread.phase = Phase::Perform;
                self.fold.ready.push_back(at);
            }
            Phase::Waiting(_) => {
                thread.phase = Phase::Perform;
                let state = self.machine.state(thread.state);
                match self.passed_on(at, state, state.next) {
                    Ok(Done::Exit(exit)) => self.leave(at, state, exit),
                    Ok(Done::Blocked) => {}
                    Ok(Done::Failed(failure)) | Err(failure) => self.fail(at, failure),
                }
            }
            Phase::Enter | Phase::Perform | Phase::Fanned(_) | Phase::Running(_) | Phase::Joined(_) => {}
        }
    }

    pub(super) fn block(&mut self, at: ThreadIx, phase: Phase) {
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.phase = phase;
        }
    }
}
