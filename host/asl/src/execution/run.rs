//! One step: threads go on until every one of them waits for an input.

use std::cell::Cell;
use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::inspect::Inspection;
use super::query::Subject;
use super::thread::{Phase, Thread, ThreadIx};
use super::variables::Variables;
use super::{Fold, Output, Status, Timer};
use crate::limits::HISTORY_EVENTS_MAX;
use crate::machine::{Kind, State, StateIx, Text};
use crate::{Effect, EventKind, Failure, Machine, TimerId, Timestamp};

/// The place where one input is applied.
pub(super) struct Step<'a> {
    pub(super) machine: &'a Machine,
    pub(super) fold: &'a mut Fold,
    pub(super) at: Timestamp,
    pub(super) out: &'a mut Output,
    /// Of new payloads, so far (bytes).
    pub(super) made_bytes: usize,
    /// That expressions of JSONata may still take (steps of evaluation).
    pub(super) query_steps_left: u64,
    /// Of a state that is tested.
    pub(super) inspection: Option<&'a mut Inspection>,
    /// What paths and functions have looked at or made, so far (values).
    pub(super) values: Cell<u64>,
    /// What new data takes, so far (bytes, about).
    pub(super) memory_bytes: usize,
}

/// How far a state came.
pub(super) enum Done {
    Exit(Exit),
    /// It waits for something.
    Blocked,
    Failed(Failure),
}

/// How a state is left.
pub(super) struct Exit {
    pub(super) output: Value,
    /// The variables that are set with it; `None` rather than none.
    pub(super) assigned: Option<Arc<Map>>,
    pub(super) next: Option<StateIx>,
}

impl Step<'_> {
    pub(super) fn begin(&mut self) {
        let start = Arc::clone(&self.fold.start);
        self.emit(0, EventKind::ExecutionStarted { input: start.input.clone(), role_arn: Arc::clone(&start.role_arn) });
        if let Some(seconds) = self.machine.timeout_seconds {
            let at = self.at.plus_micros(micros(seconds));
            self.set_timer(at, None);
        }
        let given = self.inspection.as_ref().map(|inspection| Arc::clone(&inspection.told.variables));
        let variables = given.map(Variables::given).unwrap_or_default();
        let root = self.fold.threads.add(Thread {
            parent: None,
            state: self.machine.start,
            input: start.input.clone(),
            entered_event: 0,
            entered_after: 0,
            entered_at: self.at,
            last_event: 0,
            attempts: Vec::new(),
            retry_count: 0,
            item: None,
            variables,
            phase: Phase::Enter,
        });
        self.fold.ready.push_back(root);
        self.run();
    }

    pub(super) fn fired(&mut self, timer: TimerId) {
        let Some(set) = self.fold.timers.remove(&timer) else { return };
        match set.thread {
            None => {
                // AWS gives neither error nor cause: the status says it all.
                let failure = Failure::default();
                self.end_all();
                self.conclude(EventKind::ExecutionTimedOut { failure: failure.clone() }, Status::TimedOut(failure));
            }
            Some(thread) => {
                self.timer_is_up(thread, timer);
                self.run();
            }
        }
    }

    pub(super) fn stopped(&mut self, failure: Failure) {
        self.end_all();
        self.conclude(EventKind::ExecutionAborted { failure: failure.clone() }, Status::Aborted(failure));
    }

    /// Runs every thread that can go on. What a run can do is bounded by the history.
    pub(super) fn run(&mut self) {
        while let Some(thread) = self.fold.ready.pop_front() {
            self.advance(thread);
            self.end_if_exhausted();
        }
        // What came in may have filled the history before any thread went on.
        self.end_if_exhausted();
    }

    fn end_if_exhausted(&mut self) {
        if self.fold.exhausted && self.fold.status == Status::Running {
            self.no_room_is_left();
        }
    }

    fn advance(&mut self, at: ThreadIx) {
        while self.fold.status == Status::Running && !self.is_exhausted() {
            let Some(thread) = self.fold.threads.get_mut(at) else { return };
            let state = self.machine.state(thread.state);
            let done = match std::mem::replace(&mut thread.phase, Phase::Perform) {
                Phase::Enter => {
                    self.enter(at, state);
                    continue;
                }
                Phase::Perform => self.perform(at, state),
                Phase::Joined(results) => self.joined(at, state, results),
                blocked @ (Phase::Calling(_)
                | Phase::Waiting(_)
                | Phase::Delayed(_)
                | Phase::Fanned(_)
                | Phase::Running(_)) => {
                    thread.phase = blocked;
                    return;
                }
            };
            if self.fold.exhausted {
                return;
            }
            match done {
                Done::Exit(exit) => {
                    if !self.exit(at, state, exit) {
                        return;
                    }
                }
                Done::Blocked => return,
                Done::Failed(failure) => return self.fail(at, failure),
            }
        }
    }

    fn enter(&mut self, at: ThreadIx, state: &State) {
        let Some(thread) = self.fold.threads.get(at) else { return };
        let entered = EventKind::StateEntered {
            state: state.kind.state_type(),
            name: Arc::clone(&state.name),
            input: thread.input.clone(),
        };
        let id = self.emit(thread.last_event, entered);
        let now = self.at;
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.entered_event = id;
            thread.entered_after = thread.last_event;
            thread.entered_at = now;
            thread.last_event = id;
        }
    }

    fn perform(&mut self, at: ThreadIx, state: &State) -> Done {
        let done = match &state.kind {
            Kind::Pass { result } => self.pass(at, state, result.as_ref()),
            Kind::Succeed => self.passed_on(at, state, None),
            Kind::Choice { rules, default } => self.choose(at, state, rules, *default),
            Kind::Wait(wait) => self.wait(at, state, wait),
            Kind::Fail { error, cause } => self.failing(at, state, error, cause),
            Kind::Task(task) => self.call(at, state, task),
            Kind::Parallel { branches, .. } => self.fan_out(at, state, branches),
            Kind::Map(map) => self.map_out(at, state, map),
        };
        done.unwrap_or_else(Done::Failed)
    }

    fn pass(&mut self, at: ThreadIx, state: &State, result: Option<&Value>) -> Result<Done, Failure> {
        let input = self.effective_input(at, state)?;
        self.note(|seen| seen.result = result.cloned());
        let result = result.cloned().unwrap_or(input);
        self.note(|seen| seen.after_result_selector = Some(result.clone()));
        let assigned = self.assigned(at, state, state.assign.as_ref(), Subject::Input(&result))?;
        let output = self.combine(at, state, result)?;
        Ok(Done::Exit(Exit { output, assigned, next: state.next }))
    }

    /// Of Succeed and Wait: `InputPath`, then `OutputPath`.
    pub(super) fn passed_on(&mut self, at: ThreadIx, state: &State, next: Option<StateIx>) -> Result<Done, Failure> {
        let input = self.selected_input(at, state)?;
        let assigned = self.assigned(at, state, state.assign.as_ref(), Subject::Input(&input))?;
        let output = self.output(at, state, input)?;
        Ok(Done::Exit(Exit { output, assigned, next }))
    }

    fn failing(&mut self, at: ThreadIx, state: &State, error: &Text, cause: &Text) -> Result<Done, Failure> {
        let mut text = |text: &Text, field: &'static str| match text {
            Text::Absent => Ok(None),
            Text::Fixed(text) => Ok(Some(Arc::clone(text))),
            Text::Query(query) => {
                let field = field.strip_suffix("Path").unwrap_or(field);
                match self.query(at, state, query, field, Subject::Input(&Value::Null))? {
                    Value::String(text) => Ok(Some(text)),
                    other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                        Err(self.unexpected(at, state, query, field, "string", &other))
                    }
                }
            }
            Text::Path(path) => {
                let value = self.evaluate(at, state, path, field)?;
                match value {
                    Value::String(text) => Ok(Some(text)),
                    other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                        Err(self.runtime(
                            at,
                            state,
                            format!("The {field} field must lead to a string but was: {}: {other}", path.as_str()),
                        ))
                    }
                }
            }
        };
        Ok(Done::Failed(Failure { error: text(error, "ErrorPath")?, cause: text(cause, "CausePath")? }))
    }

    /// Leaves the state, for another one or for the end of the branch; true when the thread goes on.
    pub(super) fn exit(&mut self, at: ThreadIx, state: &State, exit: Exit) -> bool {
        if self.note_exit(at, &exit) {
            return false;
        }
        let Exit { output, assigned, next } = exit;
        let Some(thread) = self.fold.threads.get(at) else { return false };
        let exited = EventKind::StateExited {
            state: state.kind.state_type(),
            name: Arc::clone(&state.name),
            output: output.clone(),
            assigned: assigned.clone(),
        };
        let id = self.emit(thread.last_event, exited);
        if self.fold.exhausted {
            return false;
        }
        let Some(thread) = self.fold.threads.get_mut(at) else { return false };
        thread.last_event = id;
        let Some(next) = next else {
            self.finish(at, output);
            return false;
        };
        if let Some(assigned) = &assigned {
            thread.variables.assign(assigned);
        }
        thread.state = next;
        thread.input = output;
        thread.attempts.clear();
        thread.retry_count = 0;
        thread.phase = Phase::Enter;
        true
    }

    /// As [`Self::exit`], outside a run: the thread goes on when its turn comes.
    pub(super) fn leave(&mut self, at: ThreadIx, state: &State, exit: Exit) {
        if self.exit(at, state, exit) {
            self.fold.ready.push_back(at);
        }
    }

    /// The branch is at its end.
    fn finish(&mut self, at: ThreadIx, output: Value) {
        let Some(thread) = self.fold.threads.remove(at) else { return };
        match thread.parent {
            Some((parent, branch)) => self.branch_is_done(parent, branch, at, thread.last_event, output),
            None => {
                self.end_all();
                let last = thread.last_event;
                let status = Status::Succeeded { output: output.clone() };
                self.conclude_after(last, EventKind::ExecutionSucceeded { output }, status);
            }
        }
    }

    fn no_room_is_left(&mut self) {
        let detail = match self.overspent() {
            Some(detail) => detail,
            None => format!("The execution reached the maximum number of history events ({HISTORY_EVENTS_MAX})."),
        };
        let failure = Failure::new("States.Runtime", detail);
        self.fold.ready.clear();
        self.drop_all();
        self.conclude(EventKind::ExecutionFailed { failure: failure.clone() }, Status::Failed(failure));
    }

    /// The last event, after whatever happened last.
    pub(super) fn conclude(&mut self, kind: EventKind, status: Status) {
        self.conclude_after(self.fold.last_event, kind, status);
    }

    pub(super) fn conclude_after(&mut self, previous_id: u64, kind: EventKind, status: Status) {
        self.emit_last(previous_id, kind);
        self.fold.status = status;
        self.fold.ready.clear();
    }

    /// Takes back whatever is awaited, telling the history which states that ends.
    pub(super) fn end_all(&mut self) {
        let last = self.fold.last_event;
        let roots: Vec<ThreadIx> = self.fold.threads.roots().collect();
        for root in roots {
            self.abort(root, last);
        }
        self.drop_all();
    }

    /// Takes back whatever is awaited, without a word.
    fn drop_all(&mut self) {
        for (call, _) in std::mem::take(&mut self.fold.calls) {
            self.effect(Effect::CancelCall { call });
        }
        self.fold.deadlines.clear();
        for (run, _) in std::mem::take(&mut self.fold.runs) {
            self.effect(Effect::CancelRun { run });
        }
        for (timer, _) in std::mem::take(&mut self.fold.timers) {
            self.effect(Effect::CancelTimer { timer });
        }
        self.fold.threads.clear();
    }

    pub(super) fn set_timer(&mut self, at: Timestamp, thread: Option<ThreadIx>) -> TimerId {
        self.fold.timers_set += 1;
        let timer = TimerId(self.fold.timers_set);
        self.fold.timers.insert(timer, Timer { at, thread });
        self.effect(Effect::SetTimer { timer, at });
        timer
    }

    pub(super) fn cancel_timer(&mut self, timer: TimerId) {
        if self.fold.timers.remove(&timer).is_some() {
            self.effect(Effect::CancelTimer { timer });
        }
    }
}

/// Microseconds of so many seconds.
pub(super) fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}
