//! The same operations on a store and on the in-memory one give the same answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Open;
use super::fixture::{closing, entries, log, pages, running};
use crate::{ChildOf, ChildQuery, Group, ListQuery, MapRunRow, MemoryStore, NewExecution, Status, Store};

/// Random sequences of commits and reopenings. The place is used again for every sequence;
/// its executions bear the sequence's number.
///
/// # Panics
/// With the smallest sequence on which the stores differ.
pub fn agrees_with_memory(open: Open<'_>) {
    let place = RefCell::new((0, open));
    let memory = MemoryStore::new();
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..10), |steps| {
        let (sequence, open) = &mut *place.borrow_mut();
        *sequence += 1;
        run(&steps, *sequence, &memory, *open)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Intent>),
    Reopen,
}

/// A group, before it is known how many entries the execution holds.
#[derive(Debug, Clone)]
struct Intent {
    execution: usize,
    create: Option<Beginning>,
    /// How far the expected number lies from the true one; mostly 0.
    slip: u64,
    entries: u64,
    change: Option<(Status, Option<i64>)>,
    logs: Vec<(u64, u32)>,
    /// Which map run begins or changes, and whether it is settled.
    map_run: Option<(usize, bool)>,
    outcome: bool,
}

#[derive(Debug, Clone)]
struct Beginning {
    workflow: usize,
    name: usize,
    definition: usize,
    started_at_micros: i64,
    /// Of which map run; its index there is the number of the execution.
    child: Option<usize>,
}

const EXECUTIONS: usize = 6;
const WORKFLOWS: [&str; 2] = ["report", "audit"];
const NAMES: usize = 4;
const DEFINITIONS: usize = 2;
const MAP_RUNS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => vec(intent(), 1..8).prop_map(Step::Commit),
        1 => Just(Step::Reopen),
    ]
}

fn intent() -> impl Strategy<Value = Intent> {
    let status = proptest::sample::select(&Status::ALL[..]);
    (
        0..EXECUTIONS,
        option::of(beginning()),
        prop_oneof![6 => Just(0_u64), 1 => 1..3_u64],
        0..4_u64,
        option::of((status, option::of(-3..3_i64))),
        vec((0..3_u64, 0..2_u32), 0..3),
        option::weighted(0.3, (0..MAP_RUNS, any::<bool>())),
        any::<bool>(),
    )
        .prop_map(|(execution, create, slip, entries, change, logs, map_run, outcome)| Intent {
            execution,
            create,
            slip,
            entries,
            change,
            logs,
            map_run,
            outcome,
        })
}

fn beginning() -> impl Strategy<Value = Beginning> {
    let child = option::weighted(0.3, 0..MAP_RUNS);
    (0..WORKFLOWS.len(), 0..NAMES, 0..DEFINITIONS, -2..3_i64, child).prop_map(
        |(workflow, name, definition, started_at_micros, child)| Beginning {
            workflow,
            name,
            definition,
            started_at_micros,
            child,
        },
    )
}

fn run(steps: &[Step], sequence: u32, memory: &MemoryStore, open: Open<'_>) -> Result<(), TestCaseError> {
    let mut store = open();
    for step in steps {
        match step {
            Step::Commit(intents) => {
                let groups = groups(intents, sequence, memory);
                let expected = memory.commit(&groups).map_err(failed)?;
                prop_assert_eq!(store.commit(&groups).map_err(failed)?, expected);
            }
            Step::Reopen => {
                drop(store);
                store = open();
            }
        }
        same_executions(sequence, memory, &store)?;
        same_listings(sequence, memory, &store)?;
    }
    Ok(())
}

fn failed(error: crate::Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

fn id(sequence: u32, execution: usize) -> String {
    format!("e{execution}-{sequence}")
}

fn workflow(sequence: u32, workflow: &str) -> String {
    format!("{workflow}-{sequence}")
}

/// The groups of one batch; each expects what the ones before it leave.
fn groups(intents: &[Intent], sequence: u32, memory: &MemoryStore) -> Vec<Group> {
    let mut held = BTreeMap::new();
    let group = |intent: &Intent| {
        let id = id(sequence, intent.execution);
        let row = memory.execution(&id).unwrap();
        let held = held.entry(id.clone()).or_insert(row.map_or(0, |row| row.entries));
        let expected_entries = *held + intent.slip;
        let numbers = expected_entries..expected_entries + intent.entries;
        if intent.slip == 0 {
            *held = numbers.end;
        }
        Group {
            expected_entries,
            create: intent.create.as_ref().map(|beginning| new(beginning, intent.execution, sequence)),
            entries: entries(numbers),
            change: intent.change.map(|(status, at)| match status {
                Status::Running => running(at),
                Status::Succeeded | Status::Failed | Status::TimedOut | Status::Aborted => {
                    closing(status, at.unwrap_or(7))
                }
            }),
            logs: intent.logs.iter().map(|&(call, dispatch)| log(call, dispatch, &format!("{intent:?}\n"))).collect(),
            map_runs: intent
                .map_run
                .iter()
                .map(|&(run, is_settled)| map_run((sequence, run), &id, is_settled, intent))
                .collect(),
            outcome: intent.outcome.then(|| format!("outcome {intent:?}").into_bytes()),
            execution: id,
        }
    };
    intents.iter().map(group).collect()
}

fn run_id(sequence: u32, run: usize) -> String {
    format!("r{run}-{sequence}")
}

/// A run stays with the execution that it is told of first.
fn map_run((sequence, run): (u32, usize), execution: &str, is_settled: bool, intent: &Intent) -> MapRunRow {
    MapRunRow {
        id: run_id(sequence, run),
        execution: execution.to_owned(),
        number: u64::try_from(run).unwrap(),
        is_settled,
        body: format!("run {intent:?}").into_bytes(),
    }
}

fn new(beginning: &Beginning, execution: usize, sequence: u32) -> NewExecution {
    let name = WORKFLOWS.get(beginning.workflow).unwrap();
    NewExecution {
        workflow: workflow(sequence, name),
        name: format!("n{}", beginning.name),
        definition_digest: format!("d{}-{sequence}", beginning.definition),
        definition: format!("{beginning:?}").into(),
        input_digest: format!("i{}", beginning.started_at_micros),
        started_at_micros: beginning.started_at_micros,
        child: beginning.child.map(|run| {
            let index = u64::try_from(execution).unwrap();
            ChildOf { map_run: run_id(sequence, run), index, items: index * 2 }
        }),
    }
}

fn same_executions(sequence: u32, memory: &MemoryStore, store: &Arc<dyn Store>) -> Result<(), TestCaseError> {
    for execution in 0..EXECUTIONS {
        let id = id(sequence, execution);
        prop_assert_eq!(store.execution(&id).unwrap(), memory.execution(&id).unwrap());
        for (from, limit) in [(0, usize::MAX), (1, 2), (3, 1)] {
            prop_assert_eq!(store.journal(&id, from, limit).unwrap(), memory.journal(&id, from, limit).unwrap());
        }
        prop_assert_eq!(store.call_logs(&id).unwrap(), memory.call_logs(&id).unwrap());
        prop_assert_eq!(store.map_runs(&id).unwrap(), memory.map_runs(&id).unwrap());
        prop_assert_eq!(store.outcome(&id).unwrap(), memory.outcome(&id).unwrap());
    }
    for name in (0..NAMES).map(|name| format!("n{name}")) {
        let workflow = workflow(sequence, WORKFLOWS[0]);
        prop_assert_eq!(
            store.execution_by_name(&workflow, &name).unwrap(),
            memory.execution_by_name(&workflow, &name).unwrap()
        );
    }
    for digest in (0..DEFINITIONS).map(|definition| format!("d{definition}-{sequence}")) {
        prop_assert_eq!(store.definition(&digest).unwrap(), memory.definition(&digest).unwrap());
    }
    Ok(())
}

fn same_listings(sequence: u32, memory: &MemoryStore, store: &Arc<dyn Store>) -> Result<(), TestCaseError> {
    let workflow = workflow(sequence, WORKFLOWS[0]);
    for workflow in [None, Some(workflow)] {
        prop_assert_eq!(store.count(workflow.as_deref()).unwrap(), memory.count(workflow.as_deref()).unwrap());
        for status in [None, Some(Status::Running), Some(Status::Failed)] {
            let query = ListQuery { workflow: workflow.clone(), status, after: None, limit: 3 };
            if workflow.is_some() {
                prop_assert_eq!(pages(&**store, &query), pages(memory, &query));
            } else {
                prop_assert_eq!(store.list(&query).unwrap(), memory.list(&query).unwrap());
            }
        }
    }
    let after = id(sequence, 0);
    for after in [None, Some(after.as_str())] {
        prop_assert_eq!(store.open_executions(after, 4).unwrap(), memory.open_executions(after, 4).unwrap());
    }
    let after = run_id(sequence, 0);
    for after in [None, Some(after.as_str())] {
        prop_assert_eq!(store.unsettled_map_runs(after, 4).unwrap(), memory.unsettled_map_runs(after, 4).unwrap());
    }
    for run in (0..MAP_RUNS).map(|run| run_id(sequence, run)) {
        prop_assert_eq!(store.map_run(&run).unwrap(), memory.map_run(&run).unwrap());
        for status in [None, Some(Status::Running), Some(Status::Failed)] {
            for after in [None, Some(2)] {
                let query = ChildQuery { map_run: run.clone(), status, after, limit: 3 };
                prop_assert_eq!(store.children(&query).unwrap(), memory.children(&query).unwrap());
                let status = status.unwrap_or(Status::Succeeded);
                let indices = |store: &dyn Store| store.child_indices(&run, status, after, 3).unwrap();
                prop_assert_eq!(indices(&**store), indices(memory));
            }
        }
    }
    Ok(())
}
