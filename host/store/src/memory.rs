//! A store that keeps everything in memory: for tests, and for `stepwell run`, where one
//! workflow runs in one process and nothing is to be left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    CallLog, ChildQuery, Entry, Error, ExecutionRow, Group, ListQuery, MapRunRow, NewExecution, Outcome, Status,
    StatusCounts, Store,
};

/// A store without a file. Clones share what is stored, so a clone that outlives an engine
/// shows a second engine what a restart would find.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is stored now, in a store that goes its own way from here: what a host that is lost
    /// at this moment leaves behind.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { tables: Arc::new(Mutex::new(self.tables().clone())) }
    }

    /// A panic between two changes is not possible: everything that can panic is checked
    /// before the first of them. So a poisoned lock still guards whole tables.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MemoryStore")
            .field("executions", &self.tables().executions.len())
            .finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn commit(&self, groups: &[Group]) -> Result<Vec<Outcome>, Error> {
        groups.iter().for_each(Group::assert_well_formed);
        let mut tables = self.tables();
        Ok(groups.iter().map(|group| tables.commit(group)).collect())
    }

    fn execution(&self, id: &str) -> Result<Option<ExecutionRow>, Error> {
        Ok(self.tables().executions.get(id).map(|held| held.row.clone()))
    }

    fn execution_by_name(&self, workflow: &str, name: &str) -> Result<Option<ExecutionRow>, Error> {
        Ok(self.tables().by_name(workflow, name).cloned())
    }

    fn journal(&self, execution: &str, from: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let tables = self.tables();
        let Some(held) = tables.executions.get(execution) else {
            return Ok(Vec::new());
        };
        // An entry's number is its place. A number past the address space is past the end.
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(held.journal.iter().skip(from).take(limit).cloned().collect())
    }

    fn call_logs(&self, execution: &str) -> Result<Vec<CallLog>, Error> {
        let tables = self.tables();
        let Some(held) = tables.executions.get(execution) else {
            return Ok(Vec::new());
        };
        let log = |(&(call, dispatch), text): (&(u64, u32), &String)| CallLog { call, dispatch, text: text.clone() };
        Ok(held.logs.iter().map(log).collect())
    }

    fn open_executions(&self, after: Option<&str>, limit: usize) -> Result<Vec<ExecutionRow>, Error> {
        let tables = self.tables();
        let lower = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = tables.open.range::<str, _>((lower, Bound::Unbounded));
        Ok(ids.take(limit).filter_map(|id| tables.row(id)).cloned().collect())
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<ExecutionRow>, Error> {
        let tables = self.tables();
        let upper = query.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let newest_first = tables
            .starts
            .range::<(i64, String), _>((Bound::Unbounded, upper))
            .rev()
            .filter_map(|(_, id)| tables.row(id));
        let wanted = |row: &&ExecutionRow| {
            query.workflow.as_ref().is_none_or(|workflow| *workflow == row.workflow)
                && query.status.is_none_or(|status| status == row.status)
        };
        Ok(newest_first.filter(wanted).take(query.limit).cloned().collect())
    }

    fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, Error> {
        let tables = self.tables();
        let mut counts = StatusCounts::default();
        for held in tables.executions.values() {
            if held.row.child.is_none() && workflow.is_none_or(|workflow| workflow == held.row.workflow) {
                *counts.of_mut(held.row.status) += 1;
            }
        }
        Ok(counts)
    }

    fn definition(&self, digest: &str) -> Result<Option<String>, Error> {
        Ok(self.tables().definitions.get(digest).map(|text| text.to_string()))
    }

    fn map_run(&self, id: &str) -> Result<Option<MapRunRow>, Error> {
        Ok(self.tables().map_runs.get(id).cloned())
    }

    fn map_runs(&self, execution: &str) -> Result<Vec<MapRunRow>, Error> {
        let tables = self.tables();
        let mut rows: Vec<_> = tables.map_runs.values().filter(|run| run.execution == execution).cloned().collect();
        rows.sort_unstable_by_key(|run| run.number);
        Ok(rows)
    }

    fn unsettled_map_runs(&self, after: Option<&str>, limit: usize) -> Result<Vec<MapRunRow>, Error> {
        let tables = self.tables();
        let lower = after.map_or(Bound::Unbounded, Bound::Excluded);
        let runs = tables.map_runs.range::<str, _>((lower, Bound::Unbounded)).map(|(_, run)| run);
        Ok(runs.filter(|run| !run.is_settled).take(limit).cloned().collect())
    }

    fn children(&self, query: &ChildQuery) -> Result<Vec<ExecutionRow>, Error> {
        let tables = self.tables();
        let rows = tables.children_after(&query.map_run, query.after);
        let wanted = |row: &&ExecutionRow| query.status.is_none_or(|status| status == row.status);
        Ok(rows.filter(wanted).take(query.limit).cloned().collect())
    }

    fn child_indices(
        &self,
        map_run: &str,
        status: Status,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, Error> {
        let tables = self.tables();
        let rows = tables.children_after(map_run, after).filter(|row| row.status == status);
        Ok(rows.filter_map(|row| row.child.as_ref().map(|child| (child.index, child.items))).take(limit).collect())
    }

    fn outcome(&self, execution: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.tables().executions.get(execution).and_then(|held| held.outcome.clone()))
    }
}

#[derive(Clone, Default)]
struct Tables {
    executions: BTreeMap<String, Held>,
    /// Id by workflow and name.
    names: BTreeMap<(String, String), String>,
    /// Start and id of every execution that is no child: the order of listings.
    starts: BTreeSet<(i64, String)>,
    /// Ids of the running executions.
    open: BTreeSet<String>,
    /// Text by digest.
    definitions: BTreeMap<String, Arc<str>>,
    map_runs: BTreeMap<String, MapRunRow>,
    /// Ids of children by map run and index.
    children: BTreeMap<(String, u64), String>,
}

#[derive(Clone)]
struct Held {
    row: ExecutionRow,
    journal: Vec<Entry>,
    /// Text by call and dispatch.
    logs: BTreeMap<(u64, u32), String>,
    outcome: Option<Vec<u8>>,
}

impl Tables {
    fn children_after(&self, map_run: &str, after: Option<u64>) -> impl Iterator<Item = &ExecutionRow> {
        let key = |index| (map_run.to_owned(), index);
        let lower = after.map_or(Bound::Included(key(0)), |after| Bound::Excluded(key(after)));
        let range = self.children.range((lower, Bound::Included(key(u64::MAX))));
        range.filter_map(|(_, id)| self.row(id))
    }

    fn row(&self, id: &str) -> Option<&ExecutionRow> {
        self.executions.get(id).map(|held| &held.row)
    }

    fn by_name(&self, workflow: &str, name: &str) -> Option<&ExecutionRow> {
        let id = self.names.get(&(workflow.to_owned(), name.to_owned()))?;
        self.row(id)
    }

    /// Everything that speaks against the group is found out before the first change.
    fn commit(&mut self, group: &Group) -> Outcome {
        let held_entries = self.row(&group.execution).map(|row| row.entries);
        let entries = held_entries.unwrap_or(0);
        if group.create.is_some() == held_entries.is_some() || group.expected_entries != entries {
            return Outcome::Conflict { entries };
        }
        if let Some(new) = &group.create {
            if let Some(row) = self.by_name(&new.workflow, &new.name) {
                return Outcome::NameTaken(row.clone());
            }
            if new.child.as_ref().is_some_and(|child| !self.map_runs.contains_key(&child.map_run)) {
                return Outcome::Conflict { entries };
            }
            self.create(&group.execution, new);
        }
        self.append(group);
        Outcome::Committed
    }

    fn create(&mut self, id: &str, new: &NewExecution) {
        let row = new.row(id);
        self.names.insert((row.workflow.clone(), row.name.clone()), row.id.clone());
        match &row.child {
            None => drop(self.starts.insert((row.started_at_micros, row.id.clone()))),
            Some(child) => drop(self.children.insert((child.map_run.clone(), child.index), row.id.clone())),
        }
        self.open.insert(row.id.clone());
        self.definitions.entry(new.definition_digest.clone()).or_insert_with(|| Arc::clone(&new.definition));
        let held = Held { row, journal: Vec::new(), logs: BTreeMap::new(), outcome: None };
        self.executions.insert(id.to_owned(), held);
    }

    fn append(&mut self, group: &Group) {
        let Some(held) = self.executions.get_mut(&group.execution) else {
            return;
        };
        held.journal.extend(group.entries.iter().cloned());
        held.row.entries = group.entries_after();
        for log in &group.logs {
            held.logs.insert((log.call, log.dispatch), log.text.clone());
        }
        if group.outcome.is_some() {
            held.outcome.clone_from(&group.outcome);
        }
        for run in &group.map_runs {
            // Whose it is and when it began stays as it was said first.
            let kept = self.map_runs.entry(run.id.clone()).or_insert_with(|| run.clone());
            kept.is_settled = run.is_settled;
            kept.body.clone_from(&run.body);
        }
        let Some(change) = &group.change else {
            return;
        };
        held.row.status = change.status;
        held.row.closed_at_micros = change.closed_at_micros;
        held.row.wake_at_micros = change.wake_at_micros;
        match change.status {
            Status::Running => self.open.insert(group.execution.clone()),
            Status::Succeeded | Status::Failed | Status::TimedOut | Status::Aborted => {
                self.open.remove(&group.execution)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MemoryStore;
    use crate::{CallLog, ChildOf, Entry, Group, MapRunRow, NUMBER_MAX, NewExecution, Store};

    crate::contract_tests!(|| {
        let place = MemoryStore::new();
        move || Arc::new(place.clone()) as Arc<dyn Store>
    });

    fn group(expected_entries: u64, entry: u64) -> Group {
        Group {
            execution: "e1".to_owned(),
            expected_entries,
            entries: vec![Entry { number: entry, at_micros: 0, body: Vec::new() }],
            ..Group::default()
        }
    }

    #[test]
    #[should_panic(expected = "execution e1: entry 1 stands where 0 belongs")]
    fn a_gap_in_the_numbers_is_a_bug() {
        let _ = MemoryStore::new().commit(&[group(0, 1)]);
    }

    #[test]
    fn numbers_have_an_end() {
        let refused = |group: Group| {
            let panic = std::panic::catch_unwind(|| group.assert_well_formed()).err()?;
            panic.downcast_ref::<String>().cloned()
        };
        assert_eq!(refused(group(NUMBER_MAX - 1, NUMBER_MAX - 1)), None);
        let entries = format!("execution e1: entry numbers end at {NUMBER_MAX}");
        assert_eq!(refused(group(NUMBER_MAX, NUMBER_MAX)), Some(entries));
        let with_log = |call| {
            let log = CallLog { call, dispatch: 1, text: String::new() };
            Group { logs: vec![log], ..group(0, 0) }
        };
        assert_eq!(refused(with_log(NUMBER_MAX)), None);
        let calls = format!("execution e1: call numbers end at {NUMBER_MAX}");
        assert_eq!(refused(with_log(NUMBER_MAX + 1)), Some(calls));
        let with_child = |index| {
            let child = Some(ChildOf { map_run: "r1".to_owned(), index, items: 1 });
            Group { create: Some(NewExecution { child, ..NewExecution::default() }), ..group(0, 0) }
        };
        assert_eq!(refused(with_child(NUMBER_MAX)), None);
        assert!(refused(with_child(NUMBER_MAX + 1)).is_some());
        let with_run = |number| {
            let (id, execution) = ("r1".to_owned(), "e1".to_owned());
            let run = MapRunRow { id, execution, number, is_settled: false, body: Vec::new() };
            Group { map_runs: vec![run], ..group(0, 0) }
        };
        assert_eq!(refused(with_run(NUMBER_MAX)), None);
        assert!(refused(with_run(NUMBER_MAX + 1)).is_some());
        let mut strange = with_run(1);
        strange.map_runs.iter_mut().for_each(|run| run.execution = "e2".to_owned());
        assert!(refused(strange).unwrap().contains("belongs to e2"));
    }
}
