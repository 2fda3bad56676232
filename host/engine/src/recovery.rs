//! Folding journals: after a crash to go on, and at any time to look.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use stepwell_asl::{CallId, Effect, Execution, HistoryEvent, Output, Start, Timestamp};
use stepwell_store::{Entry, ExecutionRow, MapRunRow, Status, Store};

use crate::dispatcher::{Action, Adopted, AdoptedRun, Dispatcher};
use crate::journal::{Record, decode};
use crate::map_runs::{ChildNames, Indices};
use crate::workflows::{Pinned, Workflows};
use crate::{Error, MapRunCounts, MapRunView};

/// How many journal entries, or open executions, are read from the store at once.
const READ_ROWS: usize = 512;

/// An execution out of its journal.
#[derive(Debug)]
pub(crate) struct Folded {
    pub start: Start,
    pub pinned: Pinned,
    pub execution: Execution,
    pub events: Vec<HistoryEvent>,
    /// When the last entry came.
    pub last_at: Timestamp,
    pub entries: u64,
    /// How often calls were sent again after a loss of the host.
    dispatched_again: BTreeMap<CallId, u32>,
    parked: BTreeSet<CallId>,
}

impl Folded {
    /// The awaited calls, each with the dispatch number under which it is sent next.
    fn calls_to_send(&self) -> Vec<(CallId, u32)> {
        let dispatch = |call: CallId| {
            let lost_now = u32::from(!self.parked.contains(&call));
            1 + self.dispatched_again.get(&call).copied().unwrap_or(0) + lost_now
        };
        let calls = self.execution.awaited().into_iter().filter_map(|effect| match effect {
            Effect::Invoke(invoke) => Some((invoke.call, dispatch(invoke.call))),
            Effect::CancelCall { .. }
            | Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::RunMap(_)
            | Effect::AdjustRun(_)
            | Effect::CancelRun { .. } => None,
        });
        calls.collect()
    }
}

/// Folds an execution's journal, checking the digest that each entry carries.
pub(crate) fn fold(store: &dyn Store, workflows: &Workflows, row: &ExecutionRow) -> Result<Folded, Error> {
    let aside = |reason: String| Error::SetAside { id: row.id.clone(), reason };
    let pinned = pinned(store, workflows, row)?;
    let mut folded: Option<Folded> = None;
    let mut next = 0;
    loop {
        let entries = store.journal(&row.id, next, READ_ROWS)?;
        let is_last = entries.len() < READ_ROWS;
        for entry in entries {
            next = entry.number + 1;
            let state = folded.take();
            // A bug of the interpreter must not take the process along.
            folded = Some(
                catch_unwind(AssertUnwindSafe(|| fold_entry(state, &pinned, &entry)))
                    .unwrap_or_else(|_| Err("the interpreter failed; this is a bug".to_owned()))
                    .map_err(|reason| aside(format!("at entry {}: {reason}", entry.number)))?,
            );
        }
        if is_last {
            return folded.ok_or_else(|| aside("its journal is empty".to_owned()));
        }
    }
}

fn pinned(store: &dyn Store, workflows: &Workflows, row: &ExecutionRow) -> Result<Pinned, Error> {
    if let Some(pinned) = workflows.checked(&row.definition_digest) {
        return Ok(pinned);
    }
    let aside = |reason: String| Error::SetAside { id: row.id.clone(), reason };
    let text = store
        .definition(&row.definition_digest)?
        .ok_or_else(|| aside(format!("its definition {} is not in the store", row.definition_digest)))?;
    workflows.check(&row.definition_digest, &text).map_err(|problems| {
        let first = problems.first().map_or_else(String::new, |problem| problem.message.clone());
        aside(format!("this release refuses its definition: {first}"))
    })
}

/// What an execution begins with: the definition, or the processor of it that a child runs.
fn begun(pinned: &Pinned, start: &Start) -> Result<Pinned, String> {
    let Some(child) = &start.child else { return Ok(pinned.clone()) };
    let machine = pinned.machine.processor(&child.processor);
    let machine = machine.ok_or_else(|| format!("its definition has no distributed Map at {}", child.processor))?;
    Ok(Pinned { machine: Arc::new(machine), ..pinned.clone() })
}

fn fold_entry(state: Option<Folded>, pinned: &Pinned, entry: &Entry) -> Result<Folded, String> {
    let at = Timestamp::from_micros(entry.at_micros);
    let (record, digest) = decode(entry.number, at, &entry.body).map_err(|error| error.to_string())?;
    let mut out = Output::default();
    let mut folded = match (state, record) {
        (None, Record::Started(start)) => {
            let pinned = begun(pinned, &start)?;
            Folded {
                execution: Execution::start(Arc::clone(&pinned.machine), start.clone(), &mut out),
                pinned,
                start,
                events: Vec::new(),
                last_at: at,
                entries: 0,
                dispatched_again: BTreeMap::new(),
                parked: BTreeSet::new(),
            }
        }
        (None, Record::Input(_) | Record::Redispatched { .. } | Record::Parked { .. }) => {
            return Err("the journal does not begin with a start".to_owned());
        }
        (Some(_), Record::Started(_)) => return Err("a second start".to_owned()),
        (Some(mut folded), Record::Input(input)) => {
            folded.execution.step(at, input, &mut out);
            folded
        }
        (Some(mut folded), Record::Redispatched { calls }) => {
            for call in calls {
                if !folded.parked.remove(&call) {
                    *folded.dispatched_again.entry(call).or_default() += 1;
                }
            }
            folded
        }
        (Some(mut folded), Record::Parked { calls }) => {
            folded.parked.extend(calls);
            folded
        }
    };
    folded.events.append(&mut out.events);
    folded.last_at = at;
    folded.entries = entry.number + 1;
    let now = folded.execution.digest();
    if now == digest { Ok(folded) } else { Err(format!("it folds to {now:016x} here, and {digest:016x} was recorded")) }
}

/// What recovery did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovered {
    pub executions: usize,
    pub aside: usize,
}

/// Gives every running execution in the store to the dispatcher, and then every map run.
pub(crate) fn recover(
    store: &dyn Store,
    workflows: &Workflows,
    dispatcher: &mut Dispatcher,
    actions: &mut Vec<Action>,
) -> Result<Recovered, Error> {
    let mut recovered = Recovered::default();
    let mut after: Option<String> = None;
    loop {
        let rows = store.open_executions(after.as_deref(), READ_ROWS)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id.clone());
        for row in &rows {
            match fold(store, workflows, row) {
                Ok(folded) => {
                    recovered.executions += 1;
                    dispatcher.adopt(adopted(row, folded), actions);
                }
                Err(Error::SetAside { id, reason }) => {
                    recovered.aside += 1;
                    dispatcher.adopt_aside(id.into(), reason);
                }
                Err(other) => return Err(other),
            }
        }
    }
    recover_runs(store, dispatcher, actions)?;
    Ok(recovered)
}

fn recover_runs(store: &dyn Store, dispatcher: &mut Dispatcher, actions: &mut Vec<Action>) -> Result<(), Error> {
    let mut after: Option<String> = None;
    loop {
        let rows = store.unsettled_map_runs(after.as_deref(), READ_ROWS)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id.clone());
        for row in rows {
            let parent = row.execution.as_str().into();
            // What one that is set aside has started goes on: a later release may take it back.
            if !dispatcher.is_aside(&parent) {
                let adopted = adopted_run(store, dispatcher, parent, row)?;
                dispatcher.adopt_run(adopted, actions);
            }
        }
    }
}

/// A run as its children tell it.
fn adopted_run(
    store: &dyn Store,
    dispatcher: &Dispatcher,
    parent: Arc<str>,
    row: MapRunRow,
) -> Result<AdoptedRun, Error> {
    let number = row.number;
    let spec = dispatcher.awaited_run(&parent, number);
    let parent_entries = store.execution(&parent)?.map_or(0, |row| row.entries);
    let (mut view, counted) = MapRunView::read(row)?;
    let names = ChildNames::new(&view.arn.as_str().into());
    let (mut begun, mut running) = (Indices::default(), BTreeSet::new());
    let known = (view.items.total, view.executions.total);
    (view.items, view.executions) = (MapRunCounts::default(), MapRunCounts::default());
    (view.items.total, view.executions.total) = known;
    for status in Status::ALL {
        let mut after = None;
        loop {
            let children = store.child_indices(&view.id, status, after, READ_ROWS)?;
            let Some((last, _)) = children.last() else { break };
            after = Some(*last);
            for (index, items) in children {
                begun.insert(index);
                let id = names.id(index);
                // One that cannot be folded is set aside, and counts as failed.
                let is_lost = status == Status::Running && !dispatcher.is_live(&id);
                let status = if is_lost { Status::Failed } else { status };
                *view.items.of_mut(status) += items;
                *view.executions.of_mut(status) += 1;
                if status == Status::Running {
                    running.insert(id);
                }
            }
        }
    }
    Ok(AdoptedRun { parent, parent_entries, number, view, counted, spec, begun, running })
}

fn adopted(row: &ExecutionRow, folded: Folded) -> Adopted {
    Adopted {
        id: row.id.as_str().into(),
        workflow: row.workflow.as_str().into(),
        name: row.name.as_str().into(),
        calls: folded.calls_to_send(),
        entries: folded.entries,
        wake_at: row.wake_at_micros.map(Timestamp::from_micros),
        last_at: folded.last_at,
        child: row.child.clone(),
        pinned: folded.pinned,
        execution: folded.execution,
    }
}
