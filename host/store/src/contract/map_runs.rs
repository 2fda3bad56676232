//! Behaviours of map runs and their child executions.

use super::Open;
use super::fixture::{appended, child, closed, committed, created, ids, map_run};
use crate::{ChildQuery, Group, ListQuery, Outcome, Status};

/// A run begins and changes with groups of its execution, and not with refused ones.
pub fn map_runs_are_kept_with_their_execution(open: Open<'_>) {
    let store = open();
    let mut begin = created("e1", "n1", 10);
    begin.map_runs = vec![map_run("r2", "e1", 4), map_run("r1", "e1", 9)];
    committed(&*store, &[begin, created("e2", "n2", 10)]);
    let mut other = appended("e2", 0..1);
    other.map_runs = vec![map_run("r3", "e2", 1)];
    let mut refused = appended("e2", 3..4);
    refused.map_runs = vec![map_run("r4", "e2", 2)];
    assert_eq!(store.commit(&[other, refused]).unwrap(), [Outcome::Committed, Outcome::Conflict { entries: 1 }]);
    assert_eq!(store.map_runs("e1").unwrap(), [map_run("r2", "e1", 4), map_run("r1", "e1", 9)]);
    assert_eq!(store.map_runs("e3").unwrap(), []);
    assert_eq!(store.map_run("r3").unwrap(), Some(map_run("r3", "e2", 1)));
    assert_eq!(store.map_run("r4").unwrap(), None);

    let mut settled = map_run("r1", "e1", 9);
    settled.is_settled = true;
    settled.body = b"ended".to_vec();
    let group = Group { map_runs: vec![settled.clone()], ..appended("e1", 0..0) };
    committed(&*store, &[group]);
    assert_eq!(store.map_run("r1").unwrap(), Some(settled));
    let unsettled = |after, limit| -> Vec<String> {
        store.unsettled_map_runs(after, limit).unwrap().into_iter().map(|run| run.id).collect()
    };
    assert_eq!(unsettled(None, 10), ["r2", "r3"]);
    assert_eq!(unsettled(None, 1), ["r2"]);
    assert_eq!(unsettled(Some("r2"), 10), ["r3"]);
    drop(store);
    assert_eq!(open().map_run("r2").unwrap(), Some(map_run("r2", "e1", 4)));
}

/// Children are in no listing and no count but their run's; recovery sees the running ones.
pub fn children_are_listed_with_their_run_alone(open: Open<'_>) {
    let store = open();
    let mut begin = created("e1", "n1", 10);
    begin.map_runs = vec![map_run("r1", "e1", 4), map_run("r2", "e1", 8)];
    committed(&*store, &[begin]);
    let statuses = [Status::Succeeded, Status::Running, Status::Failed, Status::Succeeded, Status::Running];
    for (index, status) in (0..).zip(statuses) {
        committed(&*store, &[child("r1", index, status)]);
    }
    committed(&*store, &[child("r2", 7, Status::Running)]);
    let orphan = child("r9", 0, Status::Running);
    assert_eq!(store.commit(&[orphan]).unwrap(), [Outcome::Conflict { entries: 0 }]);

    for workflow in [None, Some("report".to_owned())] {
        let query = ListQuery { workflow: workflow.clone(), limit: 100, ..ListQuery::default() };
        assert_eq!(ids(store.list(&query).unwrap()), ["e1"]);
        assert_eq!(store.count(workflow.as_deref()).unwrap().running, 1);
    }
    assert_eq!(ids(store.open_executions(None, 10).unwrap()), ["e1", "r1-1", "r1-4", "r2-7"]);
    let listed = |status, after, limit| {
        ids(store.children(&ChildQuery { map_run: "r1".to_owned(), status, after, limit }).unwrap())
    };
    assert_eq!(listed(None, None, 100), ["r1-0", "r1-1", "r1-2", "r1-3", "r1-4"]);
    assert_eq!(listed(None, Some(1), 2), ["r1-2", "r1-3"]);
    assert_eq!(listed(Some(Status::Succeeded), None, 100), ["r1-0", "r1-3"]);
    assert_eq!(listed(Some(Status::Succeeded), Some(0), 100), ["r1-3"]);
    assert_eq!(listed(None, Some(u64::MAX), 100), [""; 0]);
    assert_eq!(listed(None, None, 0), [""; 0]);
    let row = store.execution("r2-7").unwrap().unwrap();
    assert_eq!(row.child, child("r2", 7, Status::Running).create.unwrap().child);

    committed(&*store, &[closed("r1-4", 0, Status::Aborted, 50)]);
    let indices = |status, after, limit| store.child_indices("r1", status, after, limit).unwrap();
    assert_eq!(indices(Status::Succeeded, None, 10), [(0, 1), (3, 4)]);
    assert_eq!(indices(Status::Succeeded, None, 1), [(0, 1)]);
    assert_eq!(indices(Status::Succeeded, Some(0), 10), [(3, 4)]);
    assert_eq!(indices(Status::Aborted, None, 10), [(4, 5)]);
    assert_eq!(indices(Status::TimedOut, None, 10), []);
    assert_eq!(store.child_indices("r9", Status::Running, None, 10).unwrap(), []);
}

/// The last one said stays, and large ones come back whole.
pub fn outcomes_are_kept_beside_the_row(open: Open<'_>) {
    let store = open();
    let mut begin = created("e1", "n1", 10);
    begin.map_runs = vec![map_run("r1", "e1", 4)];
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(super::LARGE_BODY_BYTES).collect();
    let mut first = child("r1", 0, Status::Succeeded);
    first.outcome = Some(large.clone());
    committed(&*store, &[begin, first, child("r1", 1, Status::Running)]);
    assert_eq!(store.outcome("r1-0").unwrap(), Some(large));
    assert_eq!(store.outcome("r1-1").unwrap(), None);
    assert_eq!(store.outcome("e9").unwrap(), None);
    let mut again = appended("r1-0", 0..1);
    again.outcome = Some(b"again".to_vec());
    let mut refused = appended("r1-0", 5..6);
    refused.outcome = Some(b"refused".to_vec());
    store.commit(&[again, refused]).unwrap();
    drop(store);
    assert_eq!(open().outcome("r1-0").unwrap(), Some(b"again".to_vec()));
}
