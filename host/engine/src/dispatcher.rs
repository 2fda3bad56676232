//! The dispatcher: owns the running executions and decides what is to be done. It waits for
//! nothing and reads no clock; the shell tells it the time and carries its actions out.
//!
//! What a step causes is held back until the commit of its entry has returned; commits
//! return in the order they were asked for.

mod calls;
mod children;
mod closing;
mod maps;
mod release;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use stepwell_asl::{
    CallId, Effect, Execution, Failure, HistoryEvent, Input, Machine, Output, Start, Status as Folded, TimerId,
    Timestamp,
};
use stepwell_store::{CallLog, Entry, ExecutionChange, Group, MapRunRow, NewExecution, Outcome, Status};
use stepwell_tasks::Returned;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::journal::{Record, encode};
use crate::map_items::{OpenItems, Page};
use crate::map_results::{WriteResults, Written};
use crate::map_runs::{ChildEnd, Counted};
use crate::names::ExecutionNames;
use crate::workflows::{Pinned, Workflow};
use crate::{Error, MapRunChange, MapRunView, Started};

pub(crate) use calls::SendOut;
pub(crate) use maps::AdoptedRun;
pub(crate) use release::Adopted;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(pub u64);

/// Something the dispatcher is told.
#[derive(Debug)]
pub(crate) enum Command {
    Start {
        ticket: Ticket,
        start: Box<StartCommand>,
    },
    Stop {
        ticket: Ticket,
        id: Arc<str>,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    Watch {
        ticket: Ticket,
        id: Arc<str>,
    },
    Returned {
        id: Arc<str>,
        call: CallId,
        dispatch: u32,
        returned: Box<Returned>,
    },
    Committed {
        outcomes: Vec<Outcome>,
    },
    /// A map run as it stands, when it is under way here.
    DescribeRun {
        ticket: Ticket,
        run: Arc<str>,
    },
    AdjustRun {
        ticket: Ticket,
        run: Arc<str>,
        change: MapRunChange,
    },
    /// The items of a map run were counted and can be read.
    ItemsOpened {
        run: Arc<str>,
        counted: Result<Counted, Failure>,
    },
    ItemsRead {
        run: Arc<str>,
        page: Result<Page, Failure>,
    },
    ResultsWritten {
        run: Arc<str>,
        written: Box<Written>,
    },
    /// The store takes no writes for now (with the reason), or takes them again.
    Writable(Result<(), String>),
    /// Only timers may be due.
    Tick,
    /// Accept and send nothing more; answer when nothing is under way.
    Drain {
        ticket: Ticket,
    },
    /// Do not wait for calls any longer.
    DrainLimit,
}

/// A start whose workflow is known and whose name is allowed.
#[derive(Debug)]
pub(crate) struct StartCommand {
    pub id: Arc<str>,
    pub workflow: Workflow,
    pub name: Arc<str>,
    pub input: stepwell_asl::expr::Value,
    pub input_digest: String,
    pub seed: u64,
    pub token_key: u128,
}

/// Something for the shell to do, in this order.
#[derive(Debug)]
pub(crate) enum Action {
    Commit(Box<Group>),
    Send(Box<SendOut>),
    Cancel {
        id: Arc<str>,
        call: CallId,
    },
    Reply {
        ticket: Ticket,
        answer: Answer,
    },
    OpenItems(Box<OpenItems>),
    ReadItems {
        run: Arc<str>,
    },
    /// Nobody reads the items of the map run any more.
    CloseItems {
        run: Arc<str>,
    },
    WriteResults(Box<WriteResults>),
}

#[derive(Debug)]
pub(crate) enum Answer {
    Started(Result<Started, Error>),
    Stopped(Result<Timestamp, Error>),
    /// Events after the given id will come; `None` when the execution is not running here.
    Watching(Option<(u64, UnboundedReceiver<HistoryEvent>)>),
    /// `None` when the map run is not under way here.
    Run(Option<Box<MapRunView>>),
    Adjusted(Result<(), Error>),
    Drained,
}

/// A running execution and what is out in the world for it.
#[derive(Debug)]
struct Live {
    workflow: Arc<str>,
    name: Arc<str>,
    pinned: Pinned,
    execution: Execution,
    /// Of a child execution of a map run.
    child: Option<children::Child>,
    /// It has, or had, map runs of its own.
    has_runs: bool,
    /// Entries written or being written.
    entries: u64,
    /// The wake-up time its row has.
    wake_at: Option<Timestamp>,
    calls: HashMap<CallId, calls::Sent>,
    timers: BTreeMap<TimerId, Timestamp>,
    /// Id of the last event whose entry is durable.
    published: u64,
    watchers: Vec<UnboundedSender<HistoryEvent>>,
}

/// What waits for a commit.
#[derive(Debug, Default)]
struct Held {
    id: Arc<str>,
    reply: Option<(Ticket, Answer)>,
    /// Of a start: whether an execution of the same name is the same start again.
    input_digest: Option<String>,
    effects: Vec<Effect>,
    events: Vec<HistoryEvent>,
}

/// What comes with an input.
#[derive(Debug, Default)]
struct Beside {
    reply: Option<(Ticket, Answer)>,
    logs: Vec<CallLog>,
    map_runs: Vec<MapRunRow>,
}

/// What is to be written of a step.
#[derive(Debug, Default)]
struct Change {
    create: Option<NewExecution>,
    /// An entry of the journal.
    body: Option<Vec<u8>>,
    logs: Vec<CallLog>,
    map_runs: Vec<MapRunRow>,
}

#[derive(Debug)]
pub(crate) struct Dispatcher {
    names: ExecutionNames,
    calls_max: usize,
    /// The latest time it was told: time never runs backwards.
    now: Timestamp,
    live: HashMap<Arc<str>, Live>,
    /// Why an execution is set aside.
    aside: HashMap<Arc<str>, String>,
    timers: BTreeSet<(Timestamp, Arc<str>, TimerId)>,
    held: VecDeque<Held>,
    queue: calls::Queue,
    calls_out: usize,
    runs: maps::Runs,
    writable: Result<(), String>,
    draining: Option<closing::Draining>,
}

impl Dispatcher {
    pub fn new(names: ExecutionNames, calls_max: usize) -> Self {
        Self {
            names,
            calls_max: calls_max.max(1),
            now: Timestamp::default(),
            live: HashMap::new(),
            aside: HashMap::new(),
            timers: BTreeSet::new(),
            held: VecDeque::new(),
            queue: calls::Queue::default(),
            calls_out: 0,
            runs: maps::Runs::default(),
            writable: Ok(()),
            draining: None,
        }
    }

    /// Takes one command at a time of the shell's clock, then fires the timers that are due.
    pub fn handle(&mut self, now: Timestamp, command: Command, actions: &mut Vec<Action>) {
        self.now = self.now.max(now);
        match command {
            Command::Start { ticket, start } => self.start(ticket, *start, actions),
            Command::Stop { ticket, id, error, cause } => self.stop(ticket, &id, error, cause, actions),
            Command::Watch { ticket, id } => self.watch(ticket, &id, actions),
            Command::Returned { id, call, dispatch, returned } => {
                self.returned(&id, call, dispatch, *returned, actions);
            }
            Command::Committed { outcomes } => self.committed(outcomes, actions),
            Command::DescribeRun { ticket, run } => {
                let view = self.runs.view(&run).cloned().map(Box::new);
                actions.push(Action::Reply { ticket, answer: Answer::Run(view) });
            }
            Command::AdjustRun { ticket, run, change } => self.adjust_run(ticket, &run, change, actions),
            Command::ItemsOpened { run, counted } => self.items_opened(&run, counted, actions),
            Command::ItemsRead { run, page } => self.items_read(&run, page, actions),
            Command::ResultsWritten { run, written } => self.results_written(&run, *written, actions),
            Command::Writable(writable) => self.writable = writable,
            Command::Tick => {}
            Command::Drain { ticket } => self.draining = Some(closing::Draining::new(ticket)),
            Command::DrainLimit => self.give_up_calls(actions),
        }
        self.fire_due(actions);
        self.advance_runs(actions);
        self.send_queued(actions);
        self.advance_drain(actions);
    }

    /// When there is something to do if nothing happens before: the next timer is due, or more
    /// child executions can be started. None while draining, for nothing fires then.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.draining.is_some() {
            return None;
        }
        if self.runs.is_hurried() {
            return Some(self.now);
        }
        self.timers.first().map(|(at, _, _)| *at)
    }

    pub fn open_executions(&self) -> usize {
        self.live.len()
    }

    /// Why the store takes no writes.
    pub fn write_trouble(&self) -> Option<&str> {
        self.writable.as_ref().err().map(String::as_str)
    }

    fn start(&mut self, ticket: Ticket, start: StartCommand, actions: &mut Vec<Action>) {
        let refused = match &self.writable {
            _ if self.draining.is_some() => Some(Error::Draining),
            Err(reason) => Some(Error::ReadOnly(reason.clone())),
            Ok(()) => None,
        };
        if let Some(error) = refused {
            actions.push(Action::Reply { ticket, answer: Answer::Started(Err(error)) });
            return;
        }
        let StartCommand { id, workflow, name, input, input_digest, seed, token_key } = start;
        let info = &workflow.info;
        let arn = self.names.execution_arn(&info.name, &name);
        let begun = Start {
            execution_arn: arn.as_str().into(),
            execution_name: Arc::clone(&name),
            role_arn: self.names.role_arn().into(),
            machine_arn: info.arn.as_str().into(),
            machine_name: info.name.as_str().into(),
            at: self.now,
            seed,
            token_key,
            input,
            child: None,
        };
        let pinned = workflow.pinned;
        let mut out = Output::default();
        let Some(execution) = begin(&pinned.machine, begun.clone(), &mut out) else {
            let reason = "the interpreter failed on its first step; this is a bug".to_owned();
            let error = Error::SetAside { id: id.to_string(), reason };
            actions.push(Action::Reply { ticket, answer: Answer::Started(Err(error)) });
            return;
        };
        let started = Started {
            id: id.to_string(),
            arn,
            name: name.to_string(),
            workflow: info.name.clone(),
            started_at: self.now,
            existing: false,
        };
        let create = NewExecution {
            workflow: info.name.clone(),
            name: name.to_string(),
            definition_digest: info.digest.clone(),
            definition: Arc::clone(&pinned.definition),
            input_digest: input_digest.clone(),
            started_at_micros: self.now.as_micros(),
            child: None,
        };
        let body = encode(&Record::Started(begun), execution.digest());
        let live = Live::new(info.name.as_str().into(), name, pinned, execution);
        self.live.insert(Arc::clone(&id), live);
        let held = Held {
            id,
            reply: Some((ticket, Answer::Started(Ok(started)))),
            input_digest: Some(input_digest),
            effects: out.effects,
            events: out.events,
        };
        self.record(held, Change { create: Some(create), body: Some(body), ..Change::default() }, actions);
    }

    fn stop(
        &mut self,
        ticket: Ticket,
        id: &Arc<str>,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
        actions: &mut Vec<Action>,
    ) {
        let answer = match &self.writable {
            Err(reason) => Err(Error::ReadOnly(reason.clone())),
            Ok(()) if !self.live.contains_key(id) => Err(self.not_live(id)),
            Ok(()) => Ok(self.now),
        };
        if answer.is_err() {
            actions.push(Action::Reply { ticket, answer: Answer::Stopped(answer) });
            return;
        }
        if self.refuse_late_stop(ticket, id, actions) {
            return;
        }
        let reply = Some((ticket, Answer::Stopped(answer)));
        self.apply(id, Input::Stopped { error, cause }, Beside { reply, ..Beside::default() }, actions);
    }

    /// An execution whose end is just being written cannot be stopped any more. That is only said
    /// once the end is durable: a group that changes nothing comes back after those before it.
    fn refuse_late_stop(&mut self, ticket: Ticket, id: &Arc<str>, actions: &mut Vec<Action>) -> bool {
        let Some(live) = self.live.get(id) else { return false };
        let status = status_of(&live.execution);
        if status == Status::Running {
            return false;
        }
        let answer = Answer::Stopped(Err(Error::AlreadyClosed { id: id.to_string(), status: status.name() }));
        let group = Group {
            execution: id.to_string(),
            expected_entries: live.entries,
            create: None,
            entries: Vec::new(),
            change: None,
            logs: Vec::new(),
            map_runs: Vec::new(),
            outcome: None,
        };
        self.held.push_back(Held {
            id: Arc::clone(id),
            reply: Some((ticket, answer)),
            input_digest: None,
            effects: Vec::new(),
            events: Vec::new(),
        });
        actions.push(Action::Commit(Box::new(group)));
        true
    }

    fn not_live(&self, id: &Arc<str>) -> Error {
        match self.aside.get(id) {
            Some(reason) => Error::SetAside { id: id.to_string(), reason: reason.clone() },
            None => Error::UnknownExecution { id: id.to_string() },
        }
    }

    fn watch(&mut self, ticket: Ticket, id: &Arc<str>, actions: &mut Vec<Action>) {
        let watching = self.live.get_mut(id).map(|live| {
            let (sender, receiver) = unbounded_channel();
            live.watchers.retain(|watcher| !watcher.is_closed());
            live.watchers.push(sender);
            (live.published, receiver)
        });
        actions.push(Action::Reply { ticket, answer: Answer::Watching(watching) });
    }

    fn fire_due(&mut self, actions: &mut Vec<Action>) {
        while self.draining.is_none() && self.timers.first().is_some_and(|(at, _, _)| *at <= self.now) {
            let Some((_, id, timer)) = self.timers.pop_first() else { return };
            if let Some(live) = self.live.get_mut(&id) {
                live.timers.remove(&timer);
                self.apply(&id, Input::Fired { timer }, Beside::default(), actions);
            }
        }
    }

    /// Applies an input to a running execution, and asks for the commit of its entry.
    fn apply(&mut self, id: &Arc<str>, input: Input, beside: Beside, actions: &mut Vec<Action>) {
        let now = self.now;
        let Beside { reply, logs, map_runs } = beside;
        let Some(live) = self.live.get_mut(id) else { return };
        let mut out = Output::default();
        let stepped = catch_unwind(AssertUnwindSafe(|| live.execution.step(now, input.clone(), &mut out)));
        if stepped.is_err() {
            self.set_aside(id, "the interpreter failed on a step; this is a bug".to_owned(), reply, actions);
            return;
        }
        if out.events.is_empty() && out.effects.is_empty() {
            // The input was late or came twice. There is nothing to record, but whoever asked
            // still waits for what is being written.
            if let Some((ticket, answer)) = reply {
                actions.push(Action::Reply { ticket, answer });
            }
            return;
        }
        let body = encode(&Record::Input(input), live.execution.digest());
        let held = Held { id: Arc::clone(id), reply, input_digest: None, effects: out.effects, events: out.events };
        self.record(held, Change { create: None, body: Some(body), logs, map_runs }, actions);
    }

    /// Asks for the commit of what changes with a step; what it causes is held back until then.
    fn record(&mut self, held: Held, change: Change, actions: &mut Vec<Action>) {
        let Change { create, body, logs, mut map_runs } = change;
        map_runs.extend(self.note_runs(&held.id, &held.effects));
        let now = self.now;
        let Some(live) = self.live.get_mut(&held.id) else { return };
        let number = live.entries;
        let entries: Vec<Entry> =
            body.map(|body| Entry { number, at_micros: now.as_micros(), body }).into_iter().collect();
        live.entries += u64::try_from(entries.len()).unwrap_or(0);
        let status = status_of(&live.execution);
        let wake_at = if status == Status::Running { live.execution.wake_at() } else { None };
        let changes = status != Status::Running || wake_at != live.wake_at;
        let mut group = Group {
            execution: held.id.to_string(),
            expected_entries: number,
            create,
            entries,
            change: changes.then(|| ExecutionChange {
                status,
                closed_at_micros: (status != Status::Running).then(|| now.as_micros()),
                wake_at_micros: wake_at.map(Timestamp::as_micros),
            }),
            logs,
            map_runs,
            outcome: None,
        };
        live.wake_at = wake_at;
        if let Some(child) = &mut live.child {
            group.outcome = ChildEnd::of(&live.execution).map(|end| end.encode());
            match child.keep_unwritten(group) {
                None => {
                    self.release(held, actions);
                    return;
                }
                Some(whole) => group = whole,
            }
        }
        self.held.push_back(held);
        actions.push(Action::Commit(Box::new(group)));
    }

    /// Takes an execution out of the running ones; the others go on.
    fn set_aside(&mut self, id: &Arc<str>, reason: String, reply: Option<(Ticket, Answer)>, actions: &mut Vec<Action>) {
        tracing::error!(execution = %id, %reason, "an execution is set aside");
        if let Some((ticket, answer)) = reply {
            let error = Error::SetAside { id: id.to_string(), reason: reason.clone() };
            let answer = match answer {
                Answer::Started(_) => Answer::Started(Err(error)),
                Answer::Stopped(_) => Answer::Stopped(Err(error)),
                Answer::Adjusted(_) => Answer::Adjusted(Err(error)),
                Answer::Watching(_) | Answer::Run(_) | Answer::Drained => answer,
            };
            actions.push(Action::Reply { ticket, answer });
        }
        self.aside.insert(Arc::clone(id), reason);
        self.runs.abandon(id);
        self.forget(id, actions);
    }
}

impl Live {
    fn new(workflow: Arc<str>, name: Arc<str>, pinned: Pinned, execution: Execution) -> Self {
        Self {
            workflow,
            name,
            pinned,
            execution,
            child: None,
            has_runs: false,
            entries: 0,
            wake_at: None,
            calls: HashMap::new(),
            timers: BTreeMap::new(),
            published: 0,
            watchers: Vec::new(),
        }
    }
}

/// An execution after its first step; `None` when the interpreter failed.
fn begin(machine: &Arc<Machine>, start: Start, out: &mut Output) -> Option<Execution> {
    let machine = Arc::clone(machine);
    catch_unwind(AssertUnwindSafe(|| Execution::start(machine, start, out))).ok()
}

/// The bug `timer-early`: half a second too soon, when it is asked for.
#[cfg(feature = "seeded-bugs")]
fn early(at: Timestamp) -> Timestamp {
    let is_asked = std::env::var("STEPWELL_SEEDED_BUG").is_ok_and(|bug| bug == "timer-early");
    if is_asked { at.plus_micros(-500_000) } else { at }
}

/// The store's word for where an execution is.
pub(crate) fn status_of(execution: &Execution) -> Status {
    match execution.status() {
        Folded::Running => Status::Running,
        Folded::Succeeded { .. } => Status::Succeeded,
        Folded::Failed(_) => Status::Failed,
        Folded::TimedOut(_) => Status::TimedOut,
        Folded::Aborted(_) => Status::Aborted,
    }
}
