//! An execution: the fold of its inputs.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use stepwell_expr::{Entropy, Value};

use crate::{
    CallId, Effect, EventKind, Failure, HistoryEvent, Input, Invoke, Machine, MapRun, RunId, Start, TimerId, Timestamp,
};

mod callback;
mod choice;
mod context;
mod digest;
mod distributed;
mod fan;
mod inspect;
mod outlay;
mod payload;
mod query;
mod recover;
mod run;
mod task;
mod thread;
mod tolerance;
mod variables;
mod wait;

pub use callback::execution_of_token;
pub(crate) use inspect::{Inspection, Seen, Told};
pub use payload::payload_fits;
pub(crate) use payload::{located, too_large};
pub(crate) use tolerance::{Tolerance, threshold_exceeded};

use callback::Deadlines;
use digest::Digest;
use run::Step;
use thread::{ThreadIx, Threads};

/// A running or ended execution. Two are equal when their folds are, provided that they are
/// of the same machine.
#[derive(Clone)]
pub struct Execution {
    machine: Arc<Machine>,
    fold: Fold,
}

/// Where an execution stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    Running,
    Succeeded { output: Value },
    Failed(Failure),
    TimedOut(Failure),
    Aborted(Failure),
}

/// What steps produced, appended in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Output {
    /// To be carried out once the input that caused them is durable.
    pub effects: Vec<Effect>,
    pub events: Vec<HistoryEvent>,
}

/// Everything but the machine.
#[derive(Debug, Clone, PartialEq)]
struct Fold {
    start: Arc<Start>,
    /// `$$.Execution` and `$$.StateMachine`.
    about: Arc<context::About>,
    status: Status,
    threads: Threads,
    /// Threads that can go on; empty between steps.
    ready: VecDeque<ThreadIx>,
    calls: BTreeMap<CallId, ThreadIx>,
    /// The timers of calls that have some.
    deadlines: BTreeMap<CallId, Deadlines>,
    runs: BTreeMap<RunId, ThreadIx>,
    timers: BTreeMap<TimerId, Timer>,
    timers_set: u64,
    last_event: u64,
    /// The history has no room but for the event that ends the execution, or a step has made or
    /// looked at more than one may: either way the execution ends.
    exhausted: bool,
    entropy: Entropy,
    digest: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Timer {
    at: Timestamp,
    /// Who waits; `None` for the machine's `TimeoutSeconds`.
    thread: Option<ThreadIx>,
}

impl Execution {
    /// Begins an execution, and runs it up to where it waits for an input.
    #[must_use]
    pub fn start(machine: Arc<Machine>, start: Start, out: &mut Output) -> Self {
        let mut execution = Self::new(machine, start);
        execution.stepping(execution.fold.start.at, out).begin();
        execution
    }

    /// Applies one input. Total: an input that is late, doubled or for nobody changes nothing.
    pub fn step(&mut self, at: Timestamp, input: Input, out: &mut Output) {
        if self.fold.status == Status::Running {
            self.stepping(at, out).apply(input);
        }
    }

    /// Begins the test of the state that the machine begins with: it is left, or waits for an
    /// input, or fails.
    pub(crate) fn inspect(machine: Arc<Machine>, start: Start, inspection: &mut Inspection, out: &mut Output) -> Self {
        let mut execution = Self::new(machine, start);
        let mut about = context::About::new(&execution.fold.start);
        about.given = Some(inspection.told.context.clone());
        execution.fold.about = Arc::new(about);
        let at = execution.fold.start.at;
        Step { inspection: Some(inspection), ..execution.stepping(at, out) }.begin();
        execution
    }

    /// As [`Self::step`], of a state that is tested.
    pub(crate) fn step_inspected(&mut self, input: Input, inspection: &mut Inspection, out: &mut Output) {
        if self.fold.status == Status::Running {
            let at = self.fold.start.at;
            Step { inspection: Some(inspection), ..self.stepping(at, out) }.apply(input);
        }
    }

    fn new(machine: Arc<Machine>, start: Start) -> Self {
        let fold = Fold {
            about: Arc::new(context::About::new(&start)),
            status: Status::Running,
            threads: Threads::default(),
            ready: VecDeque::new(),
            calls: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            runs: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            last_event: 0,
            exhausted: false,
            entropy: Entropy::new(start.seed),
            digest: Digest::default(),
            start: Arc::new(start),
        };
        Self { machine, fold }
    }

    #[must_use]
    pub fn status(&self) -> &Status {
        &self.fold.status
    }

    /// The effects that are still open, each [`Effect::Invoke`], [`Effect::RunMap`] or
    /// [`Effect::SetTimer`]: what recovery carries out again. Calls come first, then map runs,
    /// each kind by its id.
    #[must_use]
    pub fn awaited(&self) -> Vec<Effect> {
        let waiting = self.fold.calls.values().filter_map(|thread| self.fold.threads.get(*thread)?.phase.call());
        let calls = waiting.map(|invoke| Effect::Invoke(Invoke::clone(invoke)));
        let runs = self.map_runs().map(|run| Effect::RunMap(Arc::clone(run)));
        let timers = self.fold.timers.iter();
        calls.chain(runs).chain(timers.map(|(timer, set)| Effect::SetTimer { timer: *timer, at: set.at })).collect()
    }

    /// A call that is awaited.
    #[must_use]
    pub fn awaited_call(&self, call: CallId) -> Option<&Invoke> {
        self.fold.threads.get(*self.fold.calls.get(&call)?)?.phase.call().map(|invoke| &**invoke)
    }

    /// The call that somebody may end with this token; `None` where the token is not true, or the
    /// call has ended.
    #[must_use]
    pub fn call_of_token(&self, token: &str) -> Option<CallId> {
        let call = self.fold.calls.keys().find(|call| {
            let held = self.awaited_call(**call).and_then(|invoke| invoke.token.as_deref());
            held.is_some_and(|held| same(held, token))
        });
        call.copied()
    }

    /// The map runs that are under way, by their ids.
    pub fn map_runs(&self) -> impl Iterator<Item = &Arc<MapRun>> {
        self.fold.runs.values().filter_map(|thread| self.fold.threads.get(*thread)?.phase.map_run())
    }

    /// When the earliest timer fires.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.fold.timers.values().map(|timer| timer.at).min()
    }

    /// The digest of everything folded so far. The same journal gives the same digest, on any
    /// machine and in any release.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.fold.digest.get()
    }

    /// The id of the latest event; 0 before the first.
    #[must_use]
    pub fn last_event_id(&self) -> u64 {
        self.fold.last_event
    }

    /// How the execution began.
    #[must_use]
    pub fn started(&self) -> &Start {
        &self.fold.start
    }

    /// The machine it is an execution of.
    #[must_use]
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// The names of the states it is in: of the machine, and of every branch and iteration that
    /// runs.
    #[must_use]
    pub fn current_states(&self) -> Vec<Arc<str>> {
        self.fold.threads.iter().map(|thread| Arc::clone(&self.machine.state(thread.state).name)).collect()
    }

    fn stepping<'a>(&'a mut self, at: Timestamp, out: &'a mut Output) -> Step<'a> {
        Step {
            machine: &self.machine,
            fold: &mut self.fold,
            at,
            out,
            made_bytes: 0,
            query_steps_left: crate::limits::STEP_QUERY_STEPS_MAX,
            inspection: None,
            values: Cell::new(0),
            memory_bytes: 0,
        }
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn same(a: &str, b: &str) -> bool {
    let differing = a.bytes().zip(b.bytes()).fold(0_u8, |differing, (a, b)| differing | (a ^ b));
    a.len() == b.len() && differing == 0
}

impl PartialEq for Execution {
    fn eq(&self, other: &Self) -> bool {
        self.fold == other.fold
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").field("fold", &self.fold).finish_non_exhaustive()
    }
}

impl Status {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded { .. } => "SUCCEEDED",
            Self::Failed(_) => "FAILED",
            Self::TimedOut(_) => "TIMED_OUT",
            Self::Aborted(_) => "ABORTED",
        }
    }
}

impl Step<'_> {
    fn apply(&mut self, input: Input) {
        match input {
            Input::Returned { call, outcome, receipt } => self.returned(call, outcome, receipt),
            Input::Submitted { call, output } => self.submitted(call, output),
            Input::Taken { call, worker } => self.taken_by(call, worker),
            Input::Heartbeat { call } => self.heartbeat(call),
            Input::Fired { timer } => self.fired(timer),
            Input::RunEnded { run, outcome } => self.run_ended(run, outcome),
            Input::RunAdjusted { run, max_concurrency, tolerated_count, tolerated_percentage } => {
                self.run_adjusted(run, max_concurrency, tolerated_count, tolerated_percentage);
            }
            Input::Stopped { error, cause } => self.stopped(Failure { error, cause }),
        }
    }

    /// Appends an event and returns its id. Once the history is full nothing is appended, and
    /// the run ends the execution.
    fn emit(&mut self, previous_id: u64, kind: EventKind) -> u64 {
        if self.fold.last_event + 1 >= crate::limits::HISTORY_EVENTS_MAX {
            self.fold.exhausted = true;
            return self.fold.last_event;
        }
        self.emit_last(previous_id, kind)
    }

    /// As [`Self::emit`], into the room that is kept for the event that ends the execution.
    fn emit_last(&mut self, previous_id: u64, kind: EventKind) -> u64 {
        let id = self.fold.last_event + 1;
        self.fold.last_event = id;
        let digest = &mut self.fold.digest;
        digest.number(id);
        digest.number(previous_id);
        digest.text(kind.type_name());
        // The type and the ids say enough of most events: what they carry shows in an effect,
        // or at the end.
        if let EventKind::StateEntered { name, .. } = &kind {
            digest.text(name);
        } else if let EventKind::ExecutionSucceeded { output } = &kind {
            digest.value(output);
        } else if let EventKind::ExecutionFailed { failure } = &kind {
            digest.text(failure.error_name());
            digest.text(failure.cause.as_deref().unwrap_or(""));
        }
        self.out.events.push(HistoryEvent { id, previous_id, at: self.at, kind });
        id
    }

    fn effect(&mut self, effect: Effect) {
        let digest = &mut self.fold.digest;
        match &effect {
            Effect::Invoke(invoke) => {
                digest.number(invoke.call.0);
                digest.text(&invoke.resource.task_name());
                digest.value(&invoke.input);
                digest.number(invoke.timeout_seconds.unwrap_or(u64::MAX));
                digest.text(invoke.token.as_deref().unwrap_or_default());
            }
            Effect::CancelCall { call } => digest.number(call.0),
            Effect::SetTimer { timer, at } => {
                digest.number(timer.0);
                digest.number(at.as_micros().cast_unsigned());
            }
            Effect::CancelTimer { timer } => digest.number(timer.0),
            Effect::RunMap(run) | Effect::AdjustRun(run) => digest.run(run),
            Effect::CancelRun { run } => digest.number(run.0),
        }
        self.out.effects.push(effect);
    }
}
