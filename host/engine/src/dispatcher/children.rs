//! Child executions of map runs.
//!
//! A Standard child is an execution like any other. Of an Express one nothing is written until it
//! ends; then one group has its row and its whole journal. After a crash it runs again, under the
//! same id and so with the same idempotency keys: Express is at least once.

use std::sync::Arc;

use stepwell_asl::{Child as ChildStart, Output, Start, WorkflowType};
use stepwell_store::{ChildOf, Group, NewExecution, Status};

use super::{Action, Change, Dispatcher, Held, Live, Record, begin, encode};
use crate::map_items::Ready;

/// An Express child execution whose entries are larger together is written, and goes on as one
/// that was written from its beginning (bytes).
const UNWRITTEN_BYTES_MAX: usize = 1_048_576;

/// What makes a running execution the child of a map run.
#[derive(Debug)]
pub(super) struct Child {
    /// Id of the run.
    pub run: Arc<str>,
    pub items: u64,
    /// Everything so far, of an Express child.
    unwritten: Option<Box<Group>>,
    unwritten_bytes: usize,
}

impl Child {
    /// One whose row and journal are in the store.
    pub fn written(child: &ChildOf) -> Self {
        Self { run: child.map_run.as_str().into(), items: child.items, unwritten: None, unwritten_bytes: 0 }
    }

    /// Takes in the group of a step while nothing is to be written. Gives back what is to be
    /// written: that very group of a Standard child, or all groups so far as one.
    pub fn keep_unwritten(&mut self, group: Group) -> Option<Group> {
        let Some(whole) = &mut self.unwritten else { return Some(group) };
        let bytes = |entries: &[stepwell_store::Entry]| entries.iter().map(|entry| entry.body.len()).sum::<usize>();
        self.unwritten_bytes += bytes(&group.entries);
        whole.create = whole.create.take().or(group.create);
        whole.entries.extend(group.entries);
        whole.logs.extend(group.logs);
        whole.change = group.change.or_else(|| whole.change.take());
        whole.outcome = group.outcome;
        let is_closed = whole.outcome.is_some();
        if !is_closed && self.unwritten_bytes <= UNWRITTEN_BYTES_MAX {
            return None;
        }
        self.unwritten.take().map(|whole| *whole)
    }
}

impl Live {
    /// Nothing of it is in the store.
    pub(super) fn is_unwritten(&self) -> bool {
        self.child.as_ref().is_some_and(|child| child.unwritten.is_some())
    }
}

impl Dispatcher {
    /// Starts the child execution of a run that has room for it.
    pub(super) fn start_child(&mut self, run: &Arc<str>, ready: Ready, actions: &mut Vec<Action>) {
        let Some((spec, pinned, names)) = self.runs.work(run) else { return };
        let Ready { index, items, input } = ready;
        let id = names.id(index);
        let Some(parent) = self.runs.parent(run).and_then(|parent| self.live.get(parent)) else { return };
        let (seed, token_key) = names.secrets(parent.execution.started(), index);
        let child = ChildStart { run: Arc::clone(&spec.arn), processor: Arc::clone(&spec.processor), index };
        let begun = Start {
            execution_arn: self.names.execution_arn(&spec.machine_name, &id).into(),
            execution_name: Arc::clone(&id),
            role_arn: self.names.role_arn().into(),
            machine_arn: self.names.machine_arn(&spec.machine_name).into(),
            machine_name: Arc::clone(&spec.machine_name),
            at: self.now,
            seed,
            token_key,
            input,
            child: Some(child),
        };
        let mut out = Output::default();
        let Some(execution) = begin(&pinned.machine, begun.clone(), &mut out) else {
            tracing::error!(execution = %id, "the interpreter failed on its first step; this is a bug");
            self.child_lost(run, items, actions);
            return;
        };
        let child_of = ChildOf { map_run: run.to_string(), index, items };
        let create = NewExecution {
            workflow: spec.machine_name.to_string(),
            name: id.to_string(),
            definition_digest: pinned.digest.to_string(),
            definition: Arc::clone(&pinned.definition),
            // A child is known again by its id.
            input_digest: String::new(),
            started_at_micros: self.now.as_micros(),
            child: Some(child_of.clone()),
        };
        let body = encode(&Record::Started(begun), execution.digest());
        let mut child = Child::written(&child_of);
        if spec.child == WorkflowType::Express {
            child.unwritten = Some(Box::new(Group { execution: id.to_string(), ..Group::default() }));
        }
        let mut live = Live::new(Arc::clone(&spec.machine_name), Arc::clone(&id), pinned, execution);
        live.child = Some(child);
        self.live.insert(Arc::clone(&id), live);
        self.runs.child_started(run, &id, items);
        let held = Held { id, effects: out.effects, events: out.events, ..Held::default() };
        self.record(held, Change { create: Some(create), body: Some(body), ..Change::default() }, actions);
    }

    /// A child execution is not running any more, and what became of it is durable.
    pub(super) fn child_ended(&mut self, id: &Arc<str>, child: &Child, status: Status, actions: &mut Vec<Action>) {
        self.runs.child_ended(&child.run, id, child.items, status);
        self.check_tolerance(&child.run, actions);
    }

    /// A child execution that could not even be started.
    fn child_lost(&mut self, run: &Arc<str>, items: u64, actions: &mut Vec<Action>) {
        self.runs.child_lost(run, items);
        self.check_tolerance(run, actions);
    }
}
