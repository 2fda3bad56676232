//! Parallel and Map states: branches and iterations, their ends, and their being called off.

use std::sync::Arc;

use stepwell_expr::{Map, Scope, Value};

use super::distributed::Prepared;
use super::query::Subject;
use super::run::{Done, Step};
use super::thread::{Fan, Item, Phase, Thread, ThreadIx};
use crate::limits::MAP_CONCURRENCY_MAX;
use crate::machine::{Concurrency, Kind, MapState, Payload, QueryLanguage, State, StateIx};
use crate::{CallId, Effect, EventKind, Failure};

/// What a Map goes over.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) items: Arc<Vec<Value>>,
    /// Whether they are the members of an object, each `{"Key", "Value"}`.
    pub(super) is_keyed: bool,
}

impl Listed {
    /// A distributed Map takes the members of an object, too.
    pub(super) fn members(members: &Map) -> Self {
        let member = |(key, value): (&Arc<str>, &Value)| {
            Value::object([("Key", Value::String(Arc::clone(key))), ("Value", value.clone())])
        };
        Self { items: Arc::new(members.iter().map(member).collect()), is_keyed: true }
    }
}

impl Step<'_> {
    pub(super) fn fan_out(&mut self, at: ThreadIx, state: &State, branches: &[StateIx]) -> Result<Done, Failure> {
        let input = self.effective_input(at, state)?;
        self.started(at, EventKind::ParallelStateStarted);
        if let Some(outcome) = self.mocked().cloned() {
            return self.joined_without_running(at, state, outcome);
        }
        let count = branches.len();
        self.spread(at, Fan::new(None, input, count, count))
    }

    pub(super) fn map_out(&mut self, at: ThreadIx, state: &State, map: &MapState) -> Result<Done, Failure> {
        let input = self.selected_input(at, state)?;
        // What a reader reads the state does not see.
        let reads = map.distributed.as_ref().is_some_and(|distributed| distributed.reader.is_some());
        let items = if reads { Ok(Listed::default()) } else { self.items(at, state, map, &input) };
        let prepared = items.and_then(|listed| {
            let concurrency = self.concurrency(at, state, &map.concurrency)?;
            Ok((listed, concurrency))
        });
        let (Listed { items, is_keyed }, concurrency) = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => {
                // Of fields of JSONata alone AWS says that the Map failed.
                if state.language == QueryLanguage::Jsonata {
                    self.started(at, EventKind::MapStateFailed);
                }
                return Err(failure);
            }
        };
        self.started(at, EventKind::MapStateStarted { length: items.len() as u64 });
        self.note(|seen| seen.max_concurrency = Some(concurrency));
        if let Some(outcome) = self.mocked().cloned() {
            return self.mapped_without_running(
                at,
                state,
                map,
                Prepared { input, items, is_keyed, concurrency },
                outcome,
            );
        }
        if let Some(distributed) = &map.distributed {
            return self.run_map(at, state, map, distributed, Prepared { input, items, is_keyed, concurrency });
        }
        let concurrency = if concurrency == 0 { MAP_CONCURRENCY_MAX } else { concurrency.min(MAP_CONCURRENCY_MAX) };
        // AWS reads these only after the start.
        let tolerance = self.tolerance(at, state, map)?;
        let count = items.len();
        let fan = Fan::new(Some(items), input, count, usize::try_from(concurrency).unwrap_or(1));
        self.spread(at, Fan { tolerance, ..fan })
    }

    fn concurrency(&mut self, at: ThreadIx, state: &State, concurrency: &Concurrency) -> Result<u64, Failure> {
        match concurrency {
            Concurrency::Fixed(n) => Ok(*n),
            Concurrency::Path(path) => self.whole_at(at, state, path, "MaxConcurrency", "MaxConcurrencyPath"),
            Concurrency::Query(query) => self.query_whole(at, state, query, "MaxConcurrency"),
        }
    }

    /// `Items` of JSONata, or the input itself.
    fn queried_items(&mut self, at: ThreadIx, state: &State, map: &MapState, input: &Value) -> Result<Listed, Failure> {
        let value = match &map.items {
            Some(query) => {
                let items = self.query(at, state, query, "Items", Subject::Input(input))?;
                self.fitting(at, state, items, &state.name)?
            }
            None => input.clone(),
        };
        match value {
            Value::Array(items) => Ok(Listed { items, is_keyed: false }),
            Value::Object(members) if map.distributed.is_some() => Ok(Listed::members(&members)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(match &map.items {
                    Some(query) => self.unexpected(at, state, query, "Items", "array", &value),
                    None => {
                        let detail = format!("Map state input must be an array but was: {value}");
                        self.query_failed(at, state, None, &detail)
                    }
                })
            }
        }
    }

    fn items(&mut self, at: ThreadIx, state: &State, map: &MapState, input: &Value) -> Result<Listed, Failure> {
        if state.language == QueryLanguage::Jsonata {
            return self.queried_items(at, state, map, input);
        }
        let items = match &map.items_path {
            None => input.clone(),
            Some(path) => {
                let (context, variables) = (self.context(at, state), self.variables(at));
                let scope = Scope { variables: Some(&variables), ..Scope::new(input, &context) };
                self.metered(scope, |scope, _| path.eval_path_field(scope))
                    .map_err(|error| self.evaluation(at, state, &error))?
            }
        };
        match items {
            Value::Array(items) => {
                self.note(|seen| seen.after_items_path = Some(Value::Array(Arc::clone(&items))));
                Ok(Listed { items, is_keyed: false })
            }
            Value::Object(members) if map.distributed.is_some() => {
                self.note(|seen| seen.after_items_path = Some(Value::Object(Arc::clone(&members))));
                Ok(Listed::members(&members))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                let path = map.items_path.as_ref().map_or("$", |path| path.as_str());
                // Of a path into the context object AWS shows what follows the first `$`.
                let path = path.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(path);
                Err(self.runtime(at, state, format!("Reference path \"{path}\" must point to array.")))
            }
        }
    }

    pub(super) fn started(&mut self, at: ThreadIx, event: EventKind) {
        let last = self.fold.threads.get(at).map_or(0, |thread| thread.last_event);
        let id = self.emit(last, event);
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.last_event = id;
        }
    }

    fn spread(&mut self, at: ThreadIx, fan: Fan) -> Result<Done, Failure> {
        self.block(at, Phase::Fanned(Box::new(fan)));
        self.refill(at)?;
        Ok(Done::Blocked)
    }

    /// Starts as many branches or iterations as may run; joins when there are none left.
    pub(super) fn refill(&mut self, at: ThreadIx) -> Result<(), Failure> {
        while !self.is_exhausted() {
            let Some(thread) = self.fold.threads.get_mut(at) else { return Ok(()) };
            let state = self.machine.state(thread.state);
            let last = thread.last_event;
            let around = thread.item.clone();
            let Phase::Fanned(fan) = &mut thread.phase else { return Ok(()) };
            if fan.done == fan.results.len() {
                let results = Value::Array(Arc::new(std::mem::take(&mut fan.results)));
                thread.phase = Phase::Joined(results);
                self.fold.ready.push_back(at);
                return Ok(());
            }
            if fan.next == fan.results.len() || fan.running.len() >= fan.concurrency {
                return Ok(());
            }
            let branch = fan.next;
            fan.next += 1;
            let item = fan.items.as_ref().and_then(|items| items.get(branch)).cloned();
            let input = fan.input.clone();
            let child = self.branch(at, state, branch, around, item, input, last)?;
            let child = self.fold.threads.add(child);
            if let Some(Thread { phase: Phase::Fanned(fan), .. }) = self.fold.threads.get_mut(at) {
                fan.running.push(child);
            }
            self.fold.ready.push_back(child);
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "what a branch inherits")]
    fn branch(
        &mut self,
        at: ThreadIx,
        state: &State,
        branch: usize,
        around: Option<Arc<Item>>,
        item: Option<Value>,
        input: Value,
        last: u64,
    ) -> Result<Thread, Failure> {
        let mut child = Thread {
            parent: Some((at, branch)),
            state: self.machine.start,
            input: Value::Null,
            entered_event: 0,
            entered_after: 0,
            entered_at: self.at,
            last_event: last,
            attempts: Vec::new(),
            retry_count: 0,
            item: around,
            variables: self.thread(at)?.variables.inner(),
            phase: Phase::Enter,
        };
        match &state.kind {
            Kind::Parallel { branches, .. } => {
                child.state = branches.get(branch).copied().unwrap_or(self.machine.start);
                child.input = input;
            }
            Kind::Map(map) => {
                let index = branch as u64;
                let name = Arc::clone(&state.name);
                child.last_event = self.emit(last, EventKind::MapIterationStarted { name, index });
                child.state = map.processor;
                let value = item.unwrap_or_default();
                child.item = Some(Arc::new(Item { index, value: value.clone() }));
                child.input = self.item_input(at, state, map, &child, input, value)?;
            }
            Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => {}
        }
        Ok(child)
    }

    fn item_input(
        &mut self,
        at: ThreadIx,
        state: &State,
        map: &MapState,
        child: &Thread,
        input: Value,
        value: Value,
    ) -> Result<Value, Failure> {
        let Some(selector) = &map.item_selector else { return Ok(value) };
        let context = match self.fold.threads.get(at) {
            // The Map's own context object, with the item that the iteration is about.
            Some(thread) => {
                let thread = Thread { item: child.item.clone(), ..thread.clone_header() };
                self.fold.about.context(state, &thread)
            }
            None => Value::Null,
        };
        self.item_selected(at, state, selector, input, context)
    }

    /// What `ItemSelector` makes of the item that the context object is about.
    pub(super) fn item_selected(
        &mut self,
        at: ThreadIx,
        state: &State,
        selector: &Payload,
        input: Value,
        context: Value,
    ) -> Result<Value, Failure> {
        let selected = match selector {
            Payload::Template(template) => {
                let variables = self.variables(at);
                let scope = Scope { variables: Some(&variables), ..Scope::new(&input, &context) };
                self.metered(scope, |scope, entropy| template.eval(scope, entropy))
                    .map_err(|error| self.evaluation(at, state, &error))?
            }
            Payload::Query(query) => self.query_item(at, state, query, input, context)?,
        };
        self.fitting(at, state, selected, &state.name)
    }

    pub(super) fn branch_is_done(
        &mut self,
        parent: ThreadIx,
        branch: usize,
        child: ThreadIx,
        last: u64,
        output: Value,
    ) {
        let Some(thread) = self.fold.threads.get_mut(parent) else { return };
        thread.last_event = last;
        let state = self.machine.state(thread.state);
        let Phase::Fanned(fan) = &mut thread.phase else { return };
        fan.running.retain(|running| *running != child);
        fan.done += 1;
        let complete = fan.done == fan.results.len();
        if let Some(slot) = fan.results.get_mut(branch) {
            *slot = output;
        }
        if let Kind::Map(_) = &state.kind {
            let name = Arc::clone(&state.name);
            let id = self.emit(last, EventKind::MapIterationSucceeded { name, index: branch as u64 });
            if complete && let Some(thread) = self.fold.threads.get_mut(parent) {
                thread.last_event = id;
            }
        }
        if let Err(failure) = self.refill(parent) {
            self.fail(parent, failure);
        }
    }

    /// All branches or iterations are done.
    pub(super) fn joined(&mut self, at: ThreadIx, state: &State, results: Value) -> Done {
        let event = match &state.kind {
            Kind::Parallel { .. } => EventKind::ParallelStateSucceeded,
            Kind::Map(_)
            | Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => EventKind::MapStateSucceeded,
        };
        let last = self.fold.threads.get(at).map_or(0, |thread| thread.last_event);
        // The state's exit follows the same event as this one, as AWS has it.
        self.emit(last, event);
        match self.taken(at, state, results) {
            Ok(exit) => Done::Exit(exit),
            Err(failure) => Done::Failed(failure),
        }
    }

    /// One branch or iteration of `parent` failed. `Ok(())` when the others go on; otherwise
    /// they are to be called off, and the parent fails in turn.
    pub(super) fn branch_failed(
        &mut self,
        parent: ThreadIx,
        branch: usize,
        child: ThreadIx,
        last: u64,
        failure: Failure,
    ) -> Result<(), Failure> {
        let Some(thread) = self.fold.threads.get_mut(parent) else { return Err(failure) };
        thread.last_event = last;
        let state = self.machine.state(thread.state);
        if let Phase::Fanned(fan) = &mut thread.phase {
            fan.running.retain(|running| *running != child);
        }
        let Kind::Map(_) = &state.kind else { return Err(failure) };
        let id = self.iteration_failed(&state.name, branch, last);
        self.tolerated(parent, branch, id, failure)
    }

    /// Calls off the branches or iterations that still run.
    pub(super) fn end_branches(&mut self, at: ThreadIx, cause: u64) {
        let Some(thread) = self.fold.threads.get_mut(at) else { return };
        if let Phase::Fanned(fan) = &mut thread.phase {
            let running = std::mem::take(&mut fan.running);
            thread.phase = Phase::Perform;
            for child in running {
                self.abort(child, cause);
            }
        }
    }

    /// Takes a thread and all that it started out of the execution, inner ones first. An
    /// explicit stack keeps deep nesting off the machine's.
    pub(super) fn abort(&mut self, root: ThreadIx, cause: u64) {
        let mut open = vec![(root, false)];
        while let Some((at, inner_done)) = open.pop() {
            if !inner_done {
                self.iteration_aborted(at, cause);
            }
            let Some(thread) = self.fold.threads.get_mut(at) else { continue };
            if let Phase::Fanned(fan) = &mut thread.phase
                && !inner_done
            {
                let running = std::mem::take(&mut fan.running);
                open.push((at, true));
                open.extend(running.into_iter().rev().map(|child| (child, false)));
                continue;
            }
            if let Some(thread) = self.fold.threads.remove(at) {
                self.take_back(&thread, cause);
            }
        }
    }

    /// Of a thread that is an iteration, before what happens to its state.
    fn iteration_aborted(&mut self, at: ThreadIx, cause: u64) {
        let Some((parent, branch)) = self.fold.threads.get(at).and_then(|thread| thread.parent) else { return };
        let Some(parent) = self.fold.threads.get(parent) else { return };
        let around = self.machine.state(parent.state);
        if let Kind::Map(_) = &around.kind {
            let name = Arc::clone(&around.name);
            self.emit(cause, EventKind::MapIterationAborted { name, index: branch as u64 });
        }
    }

    fn take_back(&mut self, thread: &Thread, cause: u64) {
        let state = self.machine.state(thread.state);
        let entered = match &thread.phase {
            Phase::Calling(invoke) => {
                let call: CallId = invoke.call;
                self.cancel_call(call);
                true
            }
            Phase::Waiting(timer) | Phase::Delayed(timer) => {
                self.cancel_timer(*timer);
                true
            }
            Phase::Running(map_run) => {
                let run = map_run.run;
                self.fold.runs.remove(&run);
                self.effect(Effect::CancelRun { run });
                self.emit(cause, EventKind::MapRunAborted);
                true
            }
            Phase::Fanned(_) | Phase::Joined(_) | Phase::Perform => true,
            Phase::Enter => false,
        };
        if entered {
            self.emit(cause, EventKind::StateAborted { state: state.kind.state_type() });
        }
    }
}
