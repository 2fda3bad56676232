//! What every store must do, as tests that an adapter runs on itself.
//!
//! An adapter names a place for a store and how to open it; [`contract_tests!`] makes one
//! test of each behaviour:
//!
//! ```
//! use std::sync::Arc;
//! use stepwell_store::{MemoryStore, Store};
//!
//! stepwell_store::contract_tests!(|| {
//!     let place = MemoryStore::new();
//!     move || Arc::new(place.clone()) as Arc<dyn Store>
//! });
//! ```
//!
//! The outer closure makes a new, empty place. Each call of the inner one opens that place;
//! a behaviour drops what it opened before it opens again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use crate::{ExecutionRow, ListQuery, Outcome, Status, Store};

mod fixture;
mod listing;
mod map_runs;
mod model;

use fixture::{appended, closed, closing, committed, created, entries, entry, ids, log, new, pages, running};
pub use listing::{
    counts_are_by_status, listings_are_ordered_paged_and_filtered, open_executions_leave_out_the_closed,
};
pub use map_runs::{
    children_are_listed_with_their_run_alone, map_runs_are_kept_with_their_execution, outcomes_are_kept_beside_the_row,
};
pub use model::agrees_with_memory;

/// Opens the place under test.
pub type Open<'a> = &'a mut dyn FnMut() -> Arc<dyn Store>;

/// One `#[test]` for each behaviour, against the place that the expression makes.
#[macro_export]
macro_rules! contract_tests {
    ($place:expr) => {
        $crate::contract_tests! { @each $place;
            an_execution_begins_with_its_group
            entries_and_changes_follow
            a_wrong_number_of_entries_conflicts
            a_taken_name_disturbs_no_other_group
            groups_of_one_batch_see_each_other
            a_journal_is_read_in_pages
            listings_are_ordered_paged_and_filtered
            counts_are_by_status
            open_executions_leave_out_the_closed
            a_definition_is_kept_once
            call_logs_are_in_order
            large_bodies_come_back_whole
            text_of_any_kind_comes_back_whole
            map_runs_are_kept_with_their_execution
            children_are_listed_with_their_run_alone
            outcomes_are_kept_beside_the_row
            reopening_keeps_everything
            readers_see_what_writers_committed
            agrees_with_memory
        }
    };
    (@each $place:expr; $($behaviour:ident)+) => {
        $(#[test]
        fn $behaviour() {
            let mut open = ($place)();
            $crate::contract::$behaviour(&mut open);
        })+
    };
}

/// The size of the largest bodies in the suite: a task's largest output.
pub const LARGE_BODY_BYTES: usize = 256 * 1024;

/// Create, first entries, first change and first logs are one group.
pub fn an_execution_begins_with_its_group(open: Open<'_>) {
    let store = open();
    assert_eq!(store.execution("e1").unwrap(), None);
    assert_eq!(store.execution_by_name("report", "n1").unwrap(), None);
    assert_eq!(store.commit(&[]).unwrap(), []);

    let mut group = created("e1", "n1", 10);
    group.entries = entries(0..2);
    group.change = Some(running(Some(77)));
    group.logs = vec![log(3, 1, "hello\n")];
    assert_eq!(store.commit(&[group]).unwrap(), [Outcome::Committed]);

    let row = store.execution("e1").unwrap().unwrap();
    let expected = ExecutionRow { wake_at_micros: Some(77), entries: 2, ..new("n1", 10).row("e1") };
    assert_eq!(row, expected);
    assert_eq!(store.execution_by_name("report", "n1").unwrap(), Some(row));
    assert_eq!(store.execution_by_name("other", "n1").unwrap(), None);
    assert_eq!(store.execution_by_name("report", "e1").unwrap(), None);
    assert_eq!(store.journal("e1", 0, 10).unwrap(), entries(0..2));
    assert_eq!(store.call_logs("e1").unwrap(), [log(3, 1, "hello\n")]);
}

/// Later groups append and change; an absent part leaves its column alone.
pub fn entries_and_changes_follow(open: Open<'_>) {
    let store = open();
    committed(&*store, &[created("e1", "n1", 10)]);
    committed(&*store, &[appended("e1", 0..3)]);

    let mut waits = appended("e1", 3..4);
    waits.change = Some(running(Some(99)));
    committed(&*store, &[waits]);
    // Entries alone leave the row as it was.
    committed(&*store, &[appended("e1", 4..6)]);
    let row = store.execution("e1").unwrap().unwrap();
    assert_eq!((row.status, row.wake_at_micros, row.entries), (Status::Running, Some(99), 6));

    committed(&*store, &[closed("e1", 6, Status::Failed, 1_000)]);
    let row = store.execution("e1").unwrap().unwrap();
    assert_eq!(row.status, Status::Failed);
    assert_eq!(row.closed_at_micros, Some(1_000));
    assert_eq!(row.wake_at_micros, None);
    assert_eq!(row.entries, 6);
    assert_eq!(store.journal("e1", 0, 100).unwrap(), entries(0..6));

    // A closed execution can run again.
    let mut again = appended("e1", 6..7);
    again.change = Some(running(None));
    committed(&*store, &[again]);
    let row = store.execution("e1").unwrap().unwrap();
    assert_eq!((row.status, row.closed_at_micros, row.entries), (Status::Running, None, 7));
    assert_eq!(store.open_executions(None, 10).unwrap(), [row]);
}

/// A conflicting group changes nothing: no entry, no row, no log, no definition.
pub fn a_wrong_number_of_entries_conflicts(open: Open<'_>) {
    let store = open();
    let mut begin = created("e1", "n1", 10);
    begin.entries = entries(0..2);
    committed(&*store, &[begin]);
    let before = store.execution("e1").unwrap();

    for range in [1..2, 3..4] {
        let mut group = appended("e1", range);
        group.change = Some(closing(Status::Aborted, 5));
        group.logs = vec![log(1, 0, "lost\n")];
        assert_eq!(store.commit(&[group]).unwrap(), [Outcome::Conflict { entries: 2 }]);
    }
    // The id is there already, under this name or another.
    for name in ["n1", "n2"] {
        let mut again = created("e1", name, 11);
        again.create.as_mut().unwrap().definition_digest = "d-lost".to_owned();
        assert_eq!(store.commit(&[again]).unwrap(), [Outcome::Conflict { entries: 2 }]);
    }
    // Nothing to append to, and a beginning that does not begin.
    assert_eq!(store.commit(&[appended("e9", 0..1)]).unwrap(), [Outcome::Conflict { entries: 0 }]);
    let mut late = created("e9", "n9", 10);
    late.expected_entries = 4;
    assert_eq!(store.commit(&[late]).unwrap(), [Outcome::Conflict { entries: 0 }]);

    assert_eq!(store.execution("e1").unwrap(), before);
    assert_eq!(store.execution("e9").unwrap(), None);
    assert_eq!(store.execution_by_name("report", "n2").unwrap(), None);
    assert_eq!(store.journal("e1", 0, 10).unwrap(), entries(0..2));
    assert_eq!(store.call_logs("e1").unwrap(), []);
    assert_eq!(store.definition("d-lost").unwrap(), None);
}

/// In one batch, groups before and after a refused one take effect.
pub fn a_taken_name_disturbs_no_other_group(open: Open<'_>) {
    let store = open();
    committed(&*store, &[created("e1", "taken", 10)]);

    let mut refused = created("e3", "taken", 12);
    refused.entries = entries(0..1);
    refused.logs = vec![log(1, 0, "lost\n")];
    refused.create.as_mut().unwrap().definition_digest = "d-lost".to_owned();
    let mut other_workflow = created("e5", "taken", 13);
    other_workflow.create.as_mut().unwrap().workflow = "audit".to_owned();
    let batch = [created("e2", "n2", 11), refused, appended("e1", 7..8), created("e4", "n4", 12), other_workflow];
    let holder = store.execution("e1").unwrap().unwrap();
    assert_eq!(
        store.commit(&batch).unwrap(),
        [
            Outcome::Committed,
            Outcome::NameTaken(holder.clone()),
            Outcome::Conflict { entries: 0 },
            Outcome::Committed,
            Outcome::Committed,
        ]
    );
    for id in ["e2", "e4", "e5"] {
        assert!(store.execution(id).unwrap().is_some(), "{id} was committed beside a refused group");
    }
    assert_eq!(store.execution("e3").unwrap(), None);
    assert_eq!(store.journal("e3", 0, 10).unwrap(), []);
    assert_eq!(store.call_logs("e3").unwrap(), []);
    assert_eq!(store.definition("d-lost").unwrap(), None);
    assert_eq!(store.execution_by_name("report", "taken").unwrap(), Some(holder));

    // The name stays taken when its execution has closed.
    committed(&*store, &[closed("e1", 0, Status::Succeeded, 50)]);
    let holder = store.execution("e1").unwrap().unwrap();
    assert_eq!(store.commit(&[created("e6", "taken", 60)]).unwrap(), [Outcome::NameTaken(holder)]);
}

/// Several groups of one execution, and a name that two groups of one batch want.
pub fn groups_of_one_batch_see_each_other(open: Open<'_>) {
    let store = open();
    let mut close = closed("e1", 2, Status::Succeeded, 30);
    close.logs = vec![log(2, 0, "done\n")];
    let batch = [created("e1", "n1", 10), appended("e1", 0..2), appended("e1", 1..2), close, created("e2", "n1", 20)];
    let outcomes = store.commit(&batch).unwrap();
    let holder = store.execution("e1").unwrap().unwrap();
    assert_eq!(holder.status, Status::Succeeded);
    assert_eq!(
        outcomes,
        [
            Outcome::Committed,
            Outcome::Committed,
            Outcome::Conflict { entries: 2 },
            Outcome::Committed,
            Outcome::NameTaken(holder),
        ]
    );
    assert_eq!(store.journal("e1", 0, 10).unwrap(), entries(0..2));
}

/// `from` and `limit` cut the journal; what is not there is empty.
pub fn a_journal_is_read_in_pages(open: Open<'_>) {
    let store = open();
    committed(&*store, &[created("e1", "n1", 10), created("e2", "n2", 10)]);
    committed(&*store, &[appended("e1", 0..5), appended("e2", 0..1), appended("e1", 5..10)]);
    assert_eq!(store.journal("e1", 0, 4).unwrap(), entries(0..4));
    assert_eq!(store.journal("e1", 4, 4).unwrap(), entries(4..8));
    assert_eq!(store.journal("e1", 8, 4).unwrap(), entries(8..10));
    assert_eq!(store.journal("e1", 10, 4).unwrap(), []);
    assert_eq!(store.journal("e1", 3, 0).unwrap(), []);
    assert_eq!(store.journal("e1", 7, usize::MAX).unwrap(), entries(7..10));
    assert_eq!(store.journal("e1", u64::MAX, usize::MAX).unwrap(), []);
    assert_eq!(store.journal("e2", 0, 10).unwrap(), entries(0..1));
    assert_eq!(store.journal("e3", 0, 10).unwrap(), []);
}

/// The first text of a digest stays.
pub fn a_definition_is_kept_once(open: Open<'_>) {
    let store = open();
    assert_eq!(store.definition("d1").unwrap(), None);
    let mut second = created("e2", "n2", 10);
    second.create.as_mut().unwrap().definition = "another text".into();
    let mut third = created("e3", "n3", 10);
    third.create.as_mut().unwrap().definition_digest = "d2".to_owned();
    third.create.as_mut().unwrap().definition = "{\"StartAt\":\"B\"}".into();
    committed(&*store, &[created("e1", "n1", 10), second, third]);
    assert_eq!(store.definition("d1").unwrap().unwrap(), *new("n1", 10).definition);
    assert_eq!(store.definition("d2").unwrap().unwrap(), "{\"StartAt\":\"B\"}");
    assert_eq!(store.execution("e2").unwrap().unwrap().definition_digest, "d1");
}

/// By call, then by dispatch; a repeated one takes the place of the first.
pub fn call_logs_are_in_order(open: Open<'_>) {
    let store = open();
    committed(&*store, &[created("e1", "n1", 10), created("e2", "n2", 10)]);
    let mut first = appended("e1", 0..1);
    first.logs = vec![log(12, 1, "c\n"), log(2, 2, "b\n"), log(2, 1, "a\n")];
    let mut other = appended("e2", 0..1);
    other.logs = vec![log(1, 1, "other\n")];
    committed(&*store, &[first, other]);
    let mut second = appended("e1", 1..1);
    second.logs = vec![log(7, 0, ""), log(2, 2, "b again\n")];
    committed(&*store, &[second]);
    assert_eq!(
        store.call_logs("e1").unwrap(),
        [log(2, 1, "a\n"), log(2, 2, "b again\n"), log(7, 0, ""), log(12, 1, "c\n")]
    );
    assert_eq!(store.call_logs("e2").unwrap(), [log(1, 1, "other\n")]);
    assert_eq!(store.call_logs("e3").unwrap(), []);
}

/// Bodies of [`LARGE_BODY_BYTES`] and empty ones, of any byte.
pub fn large_bodies_come_back_whole(open: Open<'_>) {
    let store = open();
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(LARGE_BODY_BYTES).collect();
    let bodies = [large, Vec::new(), vec![0; LARGE_BODY_BYTES]];
    let mut group = created("e1", "n1", 10);
    group.entries = (0..).zip(&bodies).map(|(number, body)| entry(number, body)).collect();
    group.logs = vec![log(1, 0, &"line\n".repeat(LARGE_BODY_BYTES / 5))];
    let logs = group.logs.clone();
    let written = group.entries.clone();
    committed(&*store, &[group]);
    assert_eq!(store.journal("e1", 0, 10).unwrap(), written);
    assert_eq!(store.call_logs("e1").unwrap(), logs);
}

/// Names, texts and times at the ends of their ranges.
pub fn text_of_any_kind_comes_back_whole(open: Open<'_>) {
    let store = open();
    let names = ["", "a\0b", "it's; --", "naïve ☂ 🚀", "\u{10ffff}", "%_*?"];
    for (name, start) in names.into_iter().zip([i64::MIN, -1, 0, 1, 2, i64::MAX]) {
        let id = format!("id {name}");
        let mut group = created(&id, name, start);
        group.logs = vec![log(crate::NUMBER_MAX, u32::MAX, name)];
        group.change = Some(running(Some(start)));
        committed(&*store, &[group]);
        let row = store.execution_by_name("report", name).unwrap().unwrap();
        assert_eq!((row.id.as_str(), row.started_at_micros), (id.as_str(), start));
        assert_eq!(row.wake_at_micros, Some(start));
        assert_eq!(store.execution(&id).unwrap(), Some(row));
        assert_eq!(store.call_logs(&id).unwrap(), [log(crate::NUMBER_MAX, u32::MAX, name)]);
    }
    let query = ListQuery { limit: 2, ..ListQuery::default() };
    assert_eq!(pages(&*store, &query).len(), names.len());
}

/// Opened again, the store answers as before and goes on from there.
pub fn reopening_keeps_everything(open: Open<'_>) {
    let store = open();
    let mut begin = created("e1", "n1", 10);
    begin.entries = entries(0..3);
    begin.change = Some(running(Some(40)));
    begin.logs = vec![log(1, 0, "kept\n")];
    committed(&*store, &[begin, created("e2", "n2", 20), closed("e2", 0, Status::Aborted, 30)]);
    let everything = ListQuery { limit: 10, ..ListQuery::default() };
    let before = store.list(&everything).unwrap();
    drop(store);

    let store = open();
    assert_eq!(store.list(&everything).unwrap(), before);
    assert_eq!(ids(store.open_executions(None, 10).unwrap()), ["e1"]);
    assert_eq!(store.journal("e1", 0, 10).unwrap(), entries(0..3));
    assert_eq!(store.call_logs("e1").unwrap(), [log(1, 0, "kept\n")]);
    assert_eq!(store.definition("d1").unwrap().unwrap(), *new("n1", 10).definition);
    assert_eq!(
        store.commit(&[appended("e1", 2..3), appended("e1", 3..4)]).unwrap(),
        [Outcome::Conflict { entries: 3 }, Outcome::Committed]
    );
    drop(store);
    assert_eq!(open().journal("e1", 0, 10).unwrap(), entries(0..4));
}

/// Threads write and read at once: each write is seen by the thread that made it, and no
/// reader sees a row whose entries are not there.
pub fn readers_see_what_writers_committed(open: Open<'_>) {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 12;
    let store = open();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &*store;
            scope.spawn(move || {
                let id = format!("e{thread}");
                committed(store, &[created(&id, &id, 10)]);
                for round in 0..ROUNDS {
                    committed(store, &[appended(&id, round..round + 1)]);
                    assert_eq!(store.execution(&id).unwrap().unwrap().entries, round + 1);
                    for row in store.open_executions(None, 10).unwrap() {
                        let journal = store.journal(&row.id, 0, 100).unwrap();
                        assert!(u64::try_from(journal.len()).unwrap() >= row.entries);
                    }
                }
            });
        }
    });
    assert_eq!(store.count(None).unwrap().running, THREADS);
}
