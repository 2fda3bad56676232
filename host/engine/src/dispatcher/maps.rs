//! Map runs that are under way: which of their items were read, which child executions run, and
//! what has become of the others.
//!
//! **Invariant:** what is held of a run does not grow with its items. There are at most two pages
//! of inputs that were read, the child executions that run, and counts; where it stands is in
//! the rows of its children, which recovery counts.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{Effect, Failure, Input, MapRun, RunId};
use stepwell_store::{Group, MapRunRow, Status};

use super::{Action, Answer, Beside, Dispatcher, Held, Live, Ticket};
use crate::map_items::{ITEMS_PAGE_MAX, OpenItems, Page, Ready};
use crate::map_results::{WriteResults, Written};
use crate::map_runs::{ChildNames, Counted, Indices, MapRunView, run_id};
use crate::workflows::Pinned;
use crate::{Error, MapRunChange};

/// Most child executions at the same time, of all map runs; a run that has none may always
/// start one, so that runs within runs go on.
pub(crate) const CHILDREN_MAX: usize = 1_000;

/// No child execution is started while so many groups wait for their commit.
const HELD_GROUPS_MAX: usize = 512;

/// Most child executions that are started before the next message is looked at.
const TURN_STARTS_MAX: usize = 64;

/// A run that recovery found, as far as the store knows it.
#[derive(Debug)]
pub(crate) struct AdoptedRun {
    /// Id of the execution that it belongs to, and how many entries that has.
    pub parent: Arc<str>,
    pub parent_entries: u64,
    pub number: u64,
    /// With the counts of its children.
    pub view: MapRunView,
    pub counted: Option<Counted>,
    /// `None` where nobody awaits it any more.
    pub spec: Option<Arc<MapRun>>,
    pub begun: Indices,
    /// Ids of the child executions that run, all adopted before.
    pub running: BTreeSet<Arc<str>>,
}

/// All runs by id.
#[derive(Debug, Default)]
pub(super) struct Runs {
    by_id: HashMap<Arc<str>, Run>,
    /// Child executions that run.
    children: usize,
    /// Runs that may start a child execution, in the order of their turns.
    turns: VecDeque<Arc<str>>,
    /// Runs of which something has changed since they were looked at.
    stirred: BTreeSet<Arc<str>>,
    /// More could have been started in the last turn.
    is_hurried: bool,
}

#[derive(Debug)]
struct Run {
    parent: Arc<str>,
    parent_entries: u64,
    number: u64,
    view: MapRunView,
    counted: Option<Counted>,
    /// What is left to do; `None` when nobody awaits the run and only its children are to end.
    work: Option<Work>,
    phase: Phase,
    ready: VecDeque<Ready>,
    is_reading: bool,
    has_turn: bool,
    /// Ids of the child executions that run.
    running: BTreeSet<Arc<str>>,
}

#[derive(Debug)]
struct Work {
    spec: Arc<MapRun>,
    /// Of the parent.
    pinned: Pinned,
    /// Of the children.
    processor: Pinned,
    names: ChildNames,
}

#[derive(Debug, PartialEq)]
enum Phase {
    /// Its first entry is not durable yet, or its items are being counted.
    Opening,
    Going {
        /// There are no more pages.
        is_read: bool,
    },
    /// Its children are being stopped; then it fails.
    Failing(Failure),
    /// Its results are being written.
    Writing,
    /// Nobody awaits it any more; its children are being stopped.
    Cancelled,
}

impl Runs {
    pub fn view(&self, run: &Arc<str>) -> Option<&MapRunView> {
        self.by_id.get(run).map(|run| &run.view)
    }

    /// The execution that the run belongs to.
    pub fn parent(&self, run: &Arc<str>) -> Option<&Arc<str>> {
        self.by_id.get(run).map(|run| &run.parent)
    }

    /// What a child execution of the run begins with.
    pub fn work(&self, run: &Arc<str>) -> Option<(Arc<MapRun>, Pinned, ChildNames)> {
        let work = self.by_id.get(run)?.work.as_ref()?;
        Some((Arc::clone(&work.spec), work.processor.clone(), work.names.clone()))
    }

    pub fn child_started(&mut self, run: &Arc<str>, id: &Arc<str>, items: u64) {
        let Some(found) = self.by_id.get_mut(run) else { return };
        self.children += 1;
        found.running.insert(Arc::clone(id));
        found.view.executions.running += 1;
        found.view.items.running += items;
    }

    pub fn child_ended(&mut self, run: &Arc<str>, id: &Arc<str>, items: u64, status: Status) {
        let Some(found) = self.by_id.get_mut(run) else { return };
        if !found.running.remove(id) {
            return;
        }
        self.children -= 1;
        found.view.executions.running -= 1;
        found.view.items.running -= items;
        *found.view.executions.of_mut(status) += 1;
        *found.view.items.of_mut(status) += items;
        self.stirred.insert(Arc::clone(run));
    }

    pub fn child_lost(&mut self, run: &Arc<str>, items: u64) {
        let Some(found) = self.by_id.get_mut(run) else { return };
        found.view.executions.failed += 1;
        found.view.items.failed += items;
        self.stirred.insert(Arc::clone(run));
    }

    /// The execution of these runs is forgotten.
    pub fn parent_gone(&mut self, parent: &Arc<str>, entries: u64) {
        for run in self.by_id.values_mut().filter(|run| run.parent == *parent) {
            run.parent_entries = entries;
        }
    }

    /// The execution of these runs is set aside: nobody knows what it awaits. Their children go
    /// on, because a later release may take it back.
    pub fn abandon(&mut self, parent: &Arc<str>) {
        let children = &mut self.children;
        self.by_id.retain(|_, run| {
            let is_kept = run.parent != *parent;
            *children -= if is_kept { 0 } else { run.running.len() };
            is_kept
        });
    }

    fn find(&self, parent: &Arc<str>, number: RunId) -> Option<Arc<str>> {
        let found = self.by_id.iter().find(|(_, run)| run.parent == *parent && run.number == number.0);
        found.map(|(id, _)| Arc::clone(id))
    }

    /// There may be something to do though nothing happens.
    pub fn is_hurried(&self) -> bool {
        self.is_hurried
    }

    /// Child executions that run, and inputs that were read and wait, of all runs.
    #[cfg(test)]
    pub fn sizes(&self) -> (usize, usize) {
        (self.children, self.by_id.values().map(|run| run.ready.len()).sum())
    }
}

impl Run {
    fn new(parent: &Arc<str>, number: u64, view: MapRunView, work: Option<Work>) -> Self {
        Self {
            parent: Arc::clone(parent),
            parent_entries: 0,
            number,
            view,
            counted: None,
            phase: if work.is_some() { Phase::Opening } else { Phase::Cancelled },
            work,
            ready: VecDeque::new(),
            is_reading: false,
            has_turn: false,
            running: BTreeSet::new(),
        }
    }

    fn row(&self, is_settled: bool) -> MapRunRow {
        self.view.row(self.number, self.counted.as_ref(), is_settled)
    }

    fn may_start(&self) -> bool {
        let running = u64::try_from(self.running.len()).unwrap_or(u64::MAX);
        let has_place = self.view.max_concurrency == 0 || running < self.view.max_concurrency;
        matches!(self.phase, Phase::Going { .. }) && has_place && !self.ready.is_empty()
    }

    fn wants_page(&self) -> bool {
        self.phase == Phase::Going { is_read: false } && !self.is_reading && self.ready.len() < ITEMS_PAGE_MAX
    }

    /// Every child execution has ended, and none is to come.
    fn is_through(&self) -> bool {
        let is_read = match self.phase {
            Phase::Going { is_read } => is_read && self.ready.is_empty(),
            Phase::Failing(_) | Phase::Cancelled => true,
            Phase::Opening | Phase::Writing => false,
        };
        is_read && self.running.is_empty()
    }
}

impl Dispatcher {
    /// The rows of map runs that begin or change with these effects. What begins is known from
    /// now on, and opened when its row is durable.
    pub(super) fn note_runs(&mut self, id: &Arc<str>, effects: &[Effect]) -> Vec<MapRunRow> {
        let mut rows = Vec::new();
        for effect in effects {
            match effect {
                Effect::RunMap(spec) => rows.extend(self.note_run(id, spec)),
                Effect::AdjustRun(spec) => {
                    let Some(run) = self.runs.by_id.get(run_id(&spec.arn)) else { continue };
                    let mut view = run.view.clone();
                    view.adjust(spec);
                    rows.push(view.row(run.number, run.counted.as_ref(), false));
                }
                // The row is written when its children have ended, and is not settled till then.
                Effect::CancelRun { .. }
                | Effect::Invoke(_)
                | Effect::CancelCall { .. }
                | Effect::SetTimer { .. }
                | Effect::CancelTimer { .. } => {}
            }
        }
        rows
    }

    fn note_run(&mut self, id: &Arc<str>, spec: &Arc<MapRun>) -> Option<MapRunRow> {
        let now = self.now;
        let live = self.live.get_mut(id)?;
        live.has_runs = true;
        let work = work(&live.pinned, spec)?;
        let run = Run::new(id, spec.run.0, MapRunView::begun(id, spec, now), Some(work));
        let row = run.row(false);
        self.runs.by_id.insert(run_id(&spec.arn).into(), run);
        Some(row)
    }

    /// Takes a run over from a lost host, after its execution and its children. One that nobody
    /// awaits is brought to its end.
    pub fn adopt_run(&mut self, adopted: AdoptedRun, actions: &mut Vec<Action>) {
        let AdoptedRun { parent, parent_entries, number, view, counted, spec, begun, running } = adopted;
        let id: Arc<str> = view.id.as_str().into();
        let live = self.live.get_mut(&parent);
        let work = live.and_then(|live| {
            live.has_runs = true;
            work(&live.pinned, spec.as_ref()?)
        });
        let mut run = Run { parent_entries, counted, running, ..Run::new(&parent, number, view, work) };
        self.runs.children += run.running.len();
        let open = run.work.as_ref().map(|work| open_items(&id, work, begun, run.counted.clone()));
        if let Some(spec) = spec {
            run.view.adjust(&spec);
        }
        self.runs.stirred.insert(Arc::clone(&id));
        self.runs.by_id.insert(Arc::clone(&id), run);
        match open {
            Some(open) => {
                actions.push(Action::OpenItems(Box::new(open)));
                self.check_tolerance(&id, actions);
            }
            None => self.stop_children(&id, actions),
        }
    }

    /// The row of the run is durable.
    pub(super) fn open_run(&mut self, spec: &Arc<MapRun>, actions: &mut Vec<Action>) {
        let id: Arc<str> = run_id(&spec.arn).into();
        let Some(work) = self.runs.by_id.get(&id).and_then(|run| run.work.as_ref()) else { return };
        actions.push(Action::OpenItems(Box::new(open_items(&id, work, Indices::default(), None))));
    }

    pub(super) fn items_opened(&mut self, id: &Arc<str>, counted: Result<Counted, Failure>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        if run.phase != Phase::Opening {
            return;
        }
        let counted = match counted {
            Ok(counted) => counted,
            Err(failure) => return self.fail_run(id, failure, actions),
        };
        run.view.items.total = counted.items;
        if run.work.as_ref().is_some_and(|work| work.spec.batch.is_none()) {
            run.view.executions.total = counted.items;
        }
        let is_news = run.counted.as_ref() != Some(&counted);
        run.counted = Some(counted);
        run.phase = Phase::Going { is_read: false };
        self.runs.stirred.insert(Arc::clone(id));
        if is_news {
            self.write_row(id, false, actions);
        }
        self.check_tolerance(id, actions);
    }

    pub(super) fn items_read(&mut self, id: &Arc<str>, page: Result<Page, Failure>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        run.is_reading = false;
        let Phase::Going { is_read } = &mut run.phase else { return };
        match page {
            Ok(Page { ready, executions, is_last }) => {
                *is_read = is_last;
                run.ready.extend(ready);
                run.view.executions.total = run.view.executions.total.max(executions);
                self.runs.stirred.insert(Arc::clone(id));
                if is_last {
                    actions.push(Action::CloseItems { run: Arc::clone(id) });
                }
            }
            Err(failure) => self.fail_run(id, failure, actions),
        }
    }

    /// Starts child executions where there is room, asks for pages, and ends what is through.
    pub(super) fn advance_runs(&mut self, actions: &mut Vec<Action>) {
        if self.draining.is_some() {
            return;
        }
        while let Some(id) = self.runs.stirred.pop_first() {
            self.ask_for_page(&id, actions);
            let Some(run) = self.runs.by_id.get_mut(&id) else { continue };
            if run.is_through() {
                self.end_run(&id, actions);
            } else if run.may_start() && !run.has_turn {
                run.has_turn = true;
                self.runs.turns.push_back(id);
            }
        }
        let (mut passed, mut started) = (0, 0);
        while started < TURN_STARTS_MAX && passed < self.runs.turns.len() && self.has_room() {
            let Some(id) = self.runs.turns.pop_front() else { return };
            let Some(run) = self.runs.by_id.get_mut(&id) else { continue };
            if !run.may_start() {
                run.has_turn = false;
                continue;
            }
            if self.runs.children >= CHILDREN_MAX && !run.running.is_empty() {
                passed += 1;
                self.runs.turns.push_back(id);
                continue;
            }
            if let Some(ready) = run.ready.pop_front() {
                (passed, started) = (0, started + 1);
                self.start_child(&id, ready, actions);
            }
            self.ask_for_page(&id, actions);
            self.runs.turns.push_back(id);
        }
        self.runs.is_hurried = started == TURN_STARTS_MAX;
    }

    /// Nothing else has to wait for child executions: neither for their commits nor for their calls.
    fn has_room(&self) -> bool {
        self.writable.is_ok() && self.held.len() < HELD_GROUPS_MAX && self.queue.children() < self.calls_max
    }

    fn ask_for_page(&mut self, id: &Arc<str>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        if run.wants_page() {
            run.is_reading = true;
            actions.push(Action::ReadItems { run: Arc::clone(id) });
        }
    }

    /// More items may have failed than are tolerated.
    pub(super) fn check_tolerance(&mut self, id: &Arc<str>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get(id) else { return };
        if !matches!(run.phase, Phase::Going { .. }) {
            return;
        }
        let items = run.view.items;
        let exceeded = run.work.as_ref().and_then(|work| work.spec.exceeded(items.unsuccessful(), items.total));
        if let Some(failure) = exceeded {
            self.fail_run(id, failure, actions);
        }
    }

    /// Stops what runs; when it has ended, the run fails.
    fn fail_run(&mut self, id: &Arc<str>, failure: Failure, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        run.phase = Phase::Failing(failure);
        self.stop_children(id, actions);
    }

    /// Nobody awaits the run any more.
    pub(super) fn cancel_run(&mut self, parent: &Arc<str>, number: RunId, actions: &mut Vec<Action>) {
        let Some(id) = self.runs.find(parent, number) else { return };
        let Some(run) = self.runs.by_id.get_mut(&id) else { return };
        run.phase = Phase::Cancelled;
        self.stop_children(&id, actions);
    }

    fn stop_children(&mut self, id: &Arc<str>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        run.ready.clear();
        let running: Vec<Arc<str>> = run.running.iter().cloned().collect();
        self.runs.stirred.insert(Arc::clone(id));
        actions.push(Action::CloseItems { run: Arc::clone(id) });
        for child in running {
            self.apply(&child, Input::Stopped { error: None, cause: None }, Beside::default(), actions);
        }
    }

    fn end_run(&mut self, id: &Arc<str>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        let spec = run.work.as_ref().map(|work| Arc::clone(&work.spec));
        let has_results = run.view.executions.pending() < run.view.executions.total;
        let failure = match std::mem::replace(&mut run.phase, Phase::Writing) {
            Phase::Failing(failure) => Some(failure),
            Phase::Opening | Phase::Going { .. } | Phase::Writing => None,
            Phase::Cancelled => return self.settle(id, actions),
        };
        let Some(spec) = spec else { return self.settle(id, actions) };
        if let (Some(failure), false) = (&failure, has_results) {
            return self.end(id, Err(failure.clone()), actions);
        }
        actions.push(Action::WriteResults(Box::new(WriteResults { run: Arc::clone(id), spec, failure })));
    }

    pub(super) fn results_written(&mut self, id: &Arc<str>, written: Written, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get_mut(id) else { return };
        run.view.executions.results_written = written.executions;
        run.view.items.results_written = written.items;
        if run.phase != Phase::Writing {
            // Cancelled meanwhile.
            return;
        }
        self.end(id, written.outcome, actions);
    }

    /// Tells the execution of the run how it ended.
    fn end(&mut self, id: &Arc<str>, outcome: Result<Value, Failure>, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get(id) else { return };
        let awaits = |live: &Live| live.execution.map_runs().any(|awaited| awaited.run.0 == run.number);
        if !self.live.get(&run.parent).is_some_and(awaits) {
            return self.settle(id, actions);
        }
        let Some(mut run) = self.runs.by_id.remove(id) else { return };
        run.view.status = if outcome.is_ok() { Status::Succeeded } else { Status::Failed };
        run.view.closed_at = Some(self.now);
        let beside = Beside { map_runs: vec![run.row(true)], ..Beside::default() };
        self.apply(&run.parent, Input::RunEnded { run: RunId(run.number), outcome }, beside, actions);
    }

    /// The children of a run that nobody awaits have ended.
    fn settle(&mut self, id: &Arc<str>, actions: &mut Vec<Action>) {
        let now = self.now;
        if let Some(run) = self.runs.by_id.get_mut(id) {
            run.view.status = Status::Aborted;
            run.view.closed_at = Some(now);
        }
        self.write_row(id, true, actions);
        self.runs.by_id.remove(id);
    }

    /// Writes the row of a run, with no entry of its execution.
    fn write_row(&mut self, id: &Arc<str>, is_settled: bool, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.by_id.get(id) else { return };
        let parent = Arc::clone(&run.parent);
        let group = Group {
            execution: parent.to_string(),
            expected_entries: self.live.get(&parent).map_or(run.parent_entries, |live| live.entries),
            map_runs: vec![run.row(is_settled)],
            ..Group::default()
        };
        self.held.push_back(Held { id: parent, ..Held::default() });
        actions.push(Action::Commit(Box::new(group)));
    }

    /// Changes the limits of a run that is under way; answered when that is durable.
    pub(super) fn adjust_run(
        &mut self,
        ticket: Ticket,
        id: &Arc<str>,
        change: MapRunChange,
        actions: &mut Vec<Action>,
    ) {
        let refused = match (&self.writable, self.runs.by_id.get(id)) {
            (Err(reason), _) => Some(Error::ReadOnly(reason.clone())),
            (Ok(()), Some(run)) if matches!(run.phase, Phase::Opening | Phase::Going { .. }) => None,
            (Ok(()), Some(_) | None) => Some(Error::MapRunClosed { id: id.to_string() }),
        };
        let number = self.runs.by_id.get(id).map(|run| (Arc::clone(&run.parent), RunId(run.number)));
        let (None, Some((parent, run))) = (&refused, number) else {
            let refused = refused.unwrap_or_else(|| Error::MapRunClosed { id: id.to_string() });
            actions.push(Action::Reply { ticket, answer: Answer::Adjusted(Err(refused)) });
            return;
        };
        let MapRunChange { max_concurrency, tolerated_count, tolerated_percentage } = change;
        let input = Input::RunAdjusted { run, max_concurrency, tolerated_count, tolerated_percentage };
        let reply = Some((ticket, Answer::Adjusted(Ok(()))));
        self.apply(&parent, input, Beside { reply, ..Beside::default() }, actions);
    }

    /// The limits hold from now on.
    pub(super) fn run_adjusted(&mut self, spec: &Arc<MapRun>, actions: &mut Vec<Action>) {
        let id: Arc<str> = run_id(&spec.arn).into();
        let Some(run) = self.runs.by_id.get_mut(&id) else { return };
        run.view.adjust(spec);
        if let Some(work) = &mut run.work {
            work.spec = Arc::clone(spec);
        }
        self.runs.stirred.insert(Arc::clone(&id));
        self.check_tolerance(&id, actions);
    }
}

/// What is needed to run the children; `None` where the machine has no such processor, which its
/// own fold rules out.
fn work(pinned: &Pinned, spec: &Arc<MapRun>) -> Option<Work> {
    let machine = Arc::new(pinned.machine.processor(&spec.processor)?);
    Some(Work {
        spec: Arc::clone(spec),
        processor: Pinned { machine, ..pinned.clone() },
        pinned: pinned.clone(),
        names: ChildNames::new(&spec.arn),
    })
}

fn open_items(id: &Arc<str>, work: &Work, begun: Indices, counted: Option<Counted>) -> OpenItems {
    OpenItems {
        run: Arc::clone(id),
        spec: Arc::clone(&work.spec),
        machine: Arc::clone(&work.pinned.machine),
        begun,
        counted,
    }
}
