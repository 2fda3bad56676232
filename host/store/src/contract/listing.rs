//! Behaviours of the reads over many executions.

use super::Open;
use super::fixture::{closed, closing, committed, created, ids, pages};
use crate::{ListQuery, Status, StatusCounts};

/// Newest start first, then greatest id; `after` goes on without gap or repetition.
pub fn listings_are_ordered_paged_and_filtered(open: Open<'_>) {
    let store = open();
    // Three share a start; ids do not follow starts.
    let starts = [("e5", 10), ("e1", 30), ("e4", 20), ("e2", 20), ("e3", 20), ("e6", -5)];
    for (id, start) in starts {
        let mut group = created(id, id, start);
        if id == "e3" || id == "e6" {
            group.create.as_mut().unwrap().workflow = "audit".to_owned();
        }
        committed(&*store, &[group]);
    }
    committed(&*store, &[closed("e4", 0, Status::Failed, 99)]);
    committed(&*store, &[closed("e3", 0, Status::Failed, 99)]);

    let all = |workflow: Option<&str>, status| ListQuery {
        workflow: workflow.map(str::to_owned),
        status,
        after: None,
        limit: 100,
    };
    let listed = |query: &ListQuery| ids(store.list(query).unwrap());
    assert_eq!(listed(&all(None, None)), ["e1", "e4", "e3", "e2", "e5", "e6"]);
    assert_eq!(listed(&all(Some("report"), None)), ["e1", "e4", "e2", "e5"]);
    assert_eq!(listed(&all(None, Some(Status::Failed))), ["e4", "e3"]);
    assert_eq!(listed(&all(Some("audit"), Some(Status::Failed))), ["e3"]);
    assert_eq!(listed(&all(Some("audit"), Some(Status::Running))), ["e6"]);
    assert_eq!(listed(&all(Some("none"), None)), [""; 0]);
    assert_eq!(listed(&ListQuery { limit: 0, ..all(None, None) }), [""; 0]);

    for workflow in [None, Some("report"), Some("audit")] {
        for status in [None, Some(Status::Running), Some(Status::Failed)] {
            let whole = store.list(&all(workflow, status)).unwrap();
            for limit in 1..4 {
                let paged = pages(&*store, &ListQuery { limit, ..all(workflow, status) });
                assert_eq!(paged, whole, "{workflow:?} {status:?} in pages of {limit}");
            }
        }
    }
    // The place to go on from need not be an execution.
    let between = ListQuery { after: Some((20, "e3x".to_owned())), ..all(None, None) };
    assert_eq!(listed(&between), ["e3", "e2", "e5", "e6"]);
}

/// Counts of all workflows and of one.
pub fn counts_are_by_status(open: Open<'_>) {
    let store = open();
    assert_eq!(store.count(None).unwrap(), StatusCounts::default());
    for (number, status) in Status::ALL.into_iter().enumerate() {
        for copy in 0..=number {
            let id = format!("e{number}-{copy}");
            let mut group = created(&id, &id, 10);
            if copy == 0 {
                group.create.as_mut().unwrap().workflow = "audit".to_owned();
            }
            if status != Status::Running {
                group.change = Some(closing(status, 20));
            }
            committed(&*store, &[group]);
        }
    }
    let counts = |workflow| {
        let counts = store.count(workflow).unwrap();
        Status::ALL.map(|status| counts.of(status))
    };
    assert_eq!(counts(None), [1, 2, 3, 4, 5]);
    assert_eq!(counts(Some("report")), [0, 1, 2, 3, 4]);
    assert_eq!(counts(Some("audit")), [1; 5]);
    assert_eq!(counts(Some("none")), [0; 5]);
}

/// What recovery reads: the running ones in order of id, in pages.
pub fn open_executions_leave_out_the_closed(open: Open<'_>) {
    let store = open();
    assert_eq!(store.open_executions(None, 10).unwrap(), []);
    for number in 0..9 {
        // Later starts have smaller ids.
        let id = format!("e{}", 9 - number);
        committed(&*store, &[created(&id, &id, number)]);
    }
    committed(&*store, &[closed("e4", 0, Status::Succeeded, 99)]);
    committed(&*store, &[closed("e9", 0, Status::TimedOut, 99)]);
    let opened = |after, limit| ids(store.open_executions(after, limit).unwrap());
    assert_eq!(opened(None, 100), ["e1", "e2", "e3", "e5", "e6", "e7", "e8"]);
    assert_eq!(opened(None, 3), ["e1", "e2", "e3"]);
    assert_eq!(opened(Some("e3"), 3), ["e5", "e6", "e7"]);
    assert_eq!(opened(Some("e4"), 1), ["e5"]);
    assert_eq!(opened(Some("e7"), 3), ["e8"]);
    assert_eq!(opened(Some("e8"), 3), [""; 0]);
    assert_eq!(opened(None, 0), [""; 0]);
}
