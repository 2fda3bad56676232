//! Groups and rows that the behaviours are shown with.

use crate::{
    CallLog, ChildOf, Entry, ExecutionChange, ExecutionRow, Group, ListQuery, MapRunRow, NewExecution, Outcome, Status,
    Store,
};

pub(super) fn committed(store: &dyn Store, groups: &[Group]) {
    assert_eq!(store.commit(groups).unwrap(), vec![Outcome::Committed; groups.len()]);
}

/// The listing, asked for in pages of the query's limit.
pub(super) fn pages(store: &dyn Store, query: &ListQuery) -> Vec<ExecutionRow> {
    let mut rows = Vec::new();
    let mut query = query.clone();
    loop {
        let page = store.list(&query).unwrap();
        let Some(last) = page.last() else {
            return rows;
        };
        assert!(page.len() <= query.limit);
        query.after = Some((last.started_at_micros, last.id.clone()));
        rows.extend(page);
    }
}

pub(super) fn ids(rows: Vec<ExecutionRow>) -> Vec<String> {
    rows.into_iter().map(|row| row.id).collect()
}

pub(super) fn new(name: &str, started_at_micros: i64) -> NewExecution {
    NewExecution {
        workflow: "report".to_owned(),
        name: name.to_owned(),
        definition_digest: "d1".to_owned(),
        definition: "{\"StartAt\":\"A\"}".into(),
        input_digest: format!("input of {name}"),
        started_at_micros,
        child: None,
    }
}

pub(super) fn created(id: &str, name: &str, started_at_micros: i64) -> Group {
    Group {
        execution: id.to_owned(),
        expected_entries: 0,
        create: Some(new(name, started_at_micros)),
        ..Group::default()
    }
}

pub(super) fn appended(id: &str, numbers: std::ops::Range<u64>) -> Group {
    Group { execution: id.to_owned(), expected_entries: numbers.start, entries: entries(numbers), ..Group::default() }
}

pub(super) fn child(map_run: &str, index: u64, status: Status) -> Group {
    let id = format!("{map_run}-{index}");
    let mut group = created(&id, &id, 5);
    if let Some(create) = &mut group.create {
        create.child = Some(ChildOf { map_run: map_run.to_owned(), index, items: index + 1 });
    }
    if status != Status::Running {
        group.change = Some(closing(status, 20));
    }
    group
}

pub(super) fn map_run(id: &str, execution: &str, number: u64) -> MapRunRow {
    let (id, execution) = (id.to_owned(), execution.to_owned());
    MapRunRow { id, execution, number, is_settled: false, body: b"begun".to_vec() }
}

pub(super) fn closed(id: &str, expected_entries: u64, status: Status, at_micros: i64) -> Group {
    let change = Some(closing(status, at_micros));
    Group { change, ..appended(id, expected_entries..expected_entries) }
}

pub(super) fn closing(status: Status, at_micros: i64) -> ExecutionChange {
    ExecutionChange { status, closed_at_micros: Some(at_micros), wake_at_micros: None }
}

pub(super) fn running(wake_at_micros: Option<i64>) -> ExecutionChange {
    ExecutionChange { status: Status::Running, closed_at_micros: None, wake_at_micros }
}

pub(super) fn entries(numbers: std::ops::Range<u64>) -> Vec<Entry> {
    numbers.map(|number| entry(number, format!("body {number}").as_bytes())).collect()
}

pub(super) fn entry(number: u64, body: &[u8]) -> Entry {
    let at_micros = 1_000 + i64::try_from(number).unwrap();
    Entry { number, at_micros, body: body.to_vec() }
}

pub(super) fn log(call: u64, dispatch: u32, text: &str) -> CallLog {
    CallLog { call, dispatch, text: text.to_owned() }
}
