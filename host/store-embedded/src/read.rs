//! The queries, and the connections that they run on.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use stepwell_store::{
    CallLog, ChildOf, ChildQuery, Entry, Error, ExecutionRow, ListQuery, MapRunRow, Status, StatusCounts,
};

use crate::schema::{body_checksum, definition_checksum, entry_checksum, status_code, status_of_code};
use crate::trouble::Trouble;

/// Connections that read. Each read sees one commit whole, the newest when it began.
#[derive(Debug)]
pub(crate) struct Readers {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
    trouble: Trouble,
}

impl Readers {
    pub(crate) fn new(connections: Vec<Connection>, trouble: Trouble) -> Self {
        Self { idle: Mutex::new(connections), returned: Condvar::new(), trouble }
    }

    /// Runs the query on a connection of its own, as soon as one is idle.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, Failed>) -> Result<T, Error> {
        let borrowed = self.borrow();
        let found = borrowed.connection.as_ref().map(query);
        match found {
            Some(found) => found.map_err(|failed| failed.of_reading(&self.trouble)),
            None => unreachable!("a connection is taken out only when its guard goes"),
        }
    }

    /// Nobody reads any more: only the owner of the store can call this.
    pub(crate) fn close(&mut self) {
        self.idle().clear();
    }

    fn borrow(&self) -> Borrowed<'_> {
        let mut idle = self.idle();
        loop {
            if let Some(connection) = idle.pop() {
                return Borrowed { connection: Some(connection), readers: self };
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives its connection back, after a panic too.
struct Borrowed<'a> {
    connection: Option<Connection>,
    readers: &'a Readers,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.readers.idle().extend(self.connection.take());
        self.readers.returned.notify_one();
    }
}

/// Why a query has no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    Sqlite(rusqlite::Error),
    /// What was read cannot be right.
    Damaged(String),
}

impl Failed {
    pub(crate) fn of_reading(&self, trouble: &Trouble) -> Error {
        match self {
            Self::Sqlite(error) => trouble.of_reading(error),
            Self::Damaged(what) => trouble.damaged(what),
        }
    }

    pub(crate) fn of_writing(&self, trouble: &Trouble) -> Error {
        match self {
            Self::Sqlite(error) => trouble.of_writing(error),
            Self::Damaged(what) => trouble.damaged(what),
        }
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The columns of an [`ExecutionRow`]. Names and digests are looked up rather than joined, so
/// that a missing one is found out and no plan can begin with them.
macro_rules! select_executions {
    ($rest:literal) => {
        concat!(
            "SELECT id, (SELECT workflow.name FROM workflow WHERE key = execution.workflow),
                    name, (SELECT digest FROM definition WHERE key = execution.definition),
                    input_digest, status, started_at_micros, closed_at_micros, wake_at_micros,
                    (SELECT max(number) FROM journal WHERE journal.execution = execution.key),
                    (SELECT map_run.id FROM map_run WHERE key = execution.map_run), item, items,
                    map_run
             FROM execution ",
            $rest
        )
    };
}

pub(crate) const BY_ID: &str = select_executions!("WHERE id = ?1");

pub(crate) const BY_NAME: &str =
    select_executions!("WHERE workflow = (SELECT workflow.key FROM workflow WHERE workflow.name = ?1) AND name = ?2");

/// The planner would take `execution_status` and sort: it has no figures that tell it how many
/// executions are open.
pub(crate) const OPEN: &str = select_executions!("INDEXED BY execution_open WHERE status = 0 ORDER BY id LIMIT ?1");

pub(crate) const OPEN_AFTER: &str =
    select_executions!("INDEXED BY execution_open WHERE status = 0 AND id > ?2 ORDER BY id LIMIT ?1");

pub(crate) const LIST: &str = select_executions!(
    "INDEXED BY execution_status WHERE map_run IS NULL AND status = ?2
     ORDER BY started_at_micros DESC, id DESC LIMIT ?1"
);

pub(crate) const LIST_AFTER: &str = select_executions!(
    "INDEXED BY execution_status WHERE map_run IS NULL AND status = ?2 AND (started_at_micros, id) < (?3, ?4)
     ORDER BY started_at_micros DESC, id DESC LIMIT ?1"
);

pub(crate) const LIST_WORKFLOW: &str = select_executions!(
    "INDEXED BY execution_workflow_status WHERE map_run IS NULL AND status = ?2 AND workflow = ?3
     ORDER BY started_at_micros DESC, id DESC LIMIT ?1"
);

pub(crate) const LIST_WORKFLOW_AFTER: &str = select_executions!(
    "INDEXED BY execution_workflow_status
     WHERE map_run IS NULL AND status = ?2 AND workflow = ?3 AND (started_at_micros, id) < (?4, ?5)
     ORDER BY started_at_micros DESC, id DESC LIMIT ?1"
);

pub(crate) const CHILDREN: &str = select_executions!(
    "INDEXED BY execution_map_run WHERE map_run = ?2 AND status = ?3 AND item > ?4 ORDER BY item LIMIT ?1"
);

pub(crate) const CHILD_INDICES: &str = "SELECT item, items FROM execution INDEXED BY execution_map_run
     WHERE map_run = ?2 AND status = ?3 AND item > ?4 ORDER BY item LIMIT ?1";

pub(crate) const COUNT: &str =
    "SELECT count(*) FROM execution INDEXED BY execution_status WHERE map_run IS NULL AND status = ?1";

pub(crate) const COUNT_WORKFLOW: &str = "SELECT count(*) FROM execution INDEXED BY execution_workflow_status
     WHERE map_run IS NULL AND status = ?1 AND workflow = ?2";

/// The columns of a [`MapRunRow`].
macro_rules! select_map_runs {
    ($rest:literal) => {
        concat!(
            "SELECT id, (SELECT execution.id FROM execution WHERE key = map_run.execution), number,
                    is_settled, checksum, body
             FROM map_run ",
            $rest
        )
    };
}

pub(crate) const MAP_RUN: &str = select_map_runs!("WHERE id = ?1");

pub(crate) const MAP_RUNS: &str =
    select_map_runs!("WHERE execution = (SELECT execution.key FROM execution WHERE id = ?1) ORDER BY number");

pub(crate) const UNSETTLED: &str =
    select_map_runs!("INDEXED BY map_run_unsettled WHERE is_settled = 0 ORDER BY id LIMIT ?1");

pub(crate) const UNSETTLED_AFTER: &str =
    select_map_runs!("INDEXED BY map_run_unsettled WHERE is_settled = 0 AND id > ?2 ORDER BY id LIMIT ?1");

pub(crate) const OUTCOME: &str = "SELECT checksum, body FROM outcome
     WHERE execution = (SELECT key FROM execution WHERE id = ?1)";

pub(crate) const JOURNAL: &str = "SELECT number, at_micros, checksum, body FROM journal
     WHERE execution = ?1 AND number >= ?2 ORDER BY number LIMIT ?3";

pub(crate) const CALL_LOGS: &str = "SELECT call, dispatch, text FROM call_log
     WHERE execution = (SELECT key FROM execution WHERE id = ?1) ORDER BY call, dispatch";

pub(crate) fn execution(connection: &Connection, id: &str) -> Result<Option<ExecutionRow>, Failed> {
    one(connection, BY_ID, &[&id])
}

pub(crate) fn execution_by_name(
    connection: &Connection,
    workflow: &str,
    name: &str,
) -> Result<Option<ExecutionRow>, Failed> {
    one(connection, BY_NAME, &[&workflow, &name])
}

pub(crate) fn journal(connection: &Connection, id: &str, from: u64, limit: usize) -> Result<Vec<Entry>, Failed> {
    let Some(key) = key(connection, id)? else {
        return Ok(Vec::new());
    };
    let mut select = connection.prepare_cached(JOURNAL)?;
    let mut rows = select.query(params![key, integer(from), rows_max(limit)])?;
    let mut entries = Vec::new();
    let mut expected = from;
    while let Some(row) = rows.next()? {
        let entry = entry(row, id, key)?;
        if entry.number != expected {
            let found = entry.number;
            return Err(Failed::Damaged(format!(
                "execution {id}: entry {expected} is missing, entry {found} follows the one before"
            )));
        }
        expected += 1;
        entries.push(entry);
    }
    Ok(entries)
}

pub(crate) fn call_logs(connection: &Connection, id: &str) -> Result<Vec<CallLog>, Failed> {
    let mut select = connection.prepare_cached(CALL_LOGS)?;
    let mut rows = select.query([id])?;
    let mut logs = Vec::new();
    while let Some(row) = rows.next()? {
        let call: i64 = row.get(0)?;
        let call = u64::try_from(call).map_err(|_| Failed::Damaged(format!("execution {id}: a log of call {call}")))?;
        logs.push(CallLog { call, dispatch: row.get(1)?, text: row.get(2)? });
    }
    Ok(logs)
}

pub(crate) fn open_executions(
    connection: &Connection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<ExecutionRow>, Failed> {
    match after {
        None => many(connection, OPEN, &[&rows_max(limit)]),
        Some(after) => many(connection, OPEN_AFTER, &[&rows_max(limit), &after]),
    }
}

/// Each status is a range of an index in the order of listings. Without a status, as many rows
/// of each as are asked for are brought into one order: five flat reads, and one index less
/// to be kept by every start and every close.
pub(crate) fn list(connection: &Connection, query: &ListQuery) -> Result<Vec<ExecutionRow>, Failed> {
    let snapshot = connection.unchecked_transaction()?;
    let limit = rows_max(query.limit);
    let workflow = match &query.workflow {
        None => None,
        Some(name) => match workflow_key(&snapshot, name)? {
            None => return Ok(Vec::new()),
            key @ Some(_) => key,
        },
    };
    let mut rows = Vec::new();
    for status in Status::ALL {
        if query.status.is_some_and(|wanted| wanted != status) {
            continue;
        }
        let status = status_code(status);
        rows.extend(match (&workflow, &query.after) {
            (None, None) => many(&snapshot, LIST, &[&limit, &status]),
            (None, Some((start, id))) => many(&snapshot, LIST_AFTER, &[&limit, &status, start, id]),
            (Some(key), None) => many(&snapshot, LIST_WORKFLOW, &[&limit, &status, key]),
            (Some(key), Some((start, id))) => many(&snapshot, LIST_WORKFLOW_AFTER, &[&limit, &status, key, start, id]),
        }?);
    }
    rows.sort_unstable_by(|a, b| (b.started_at_micros, &b.id).cmp(&(a.started_at_micros, &a.id)));
    rows.truncate(query.limit);
    Ok(rows)
}

pub(crate) fn count(connection: &Connection, workflow: Option<&str>) -> Result<StatusCounts, Failed> {
    let snapshot = connection.unchecked_transaction()?;
    let mut counts = StatusCounts::default();
    let workflow = match workflow {
        None => None,
        Some(name) => match workflow_key(&snapshot, name)? {
            None => return Ok(counts),
            key @ Some(_) => key,
        },
    };
    for status in Status::ALL {
        let code = status_code(status);
        let number: i64 = match workflow {
            None => snapshot.prepare_cached(COUNT)?.query_row([code], |row| row.get(0))?,
            Some(key) => {
                let mut select = snapshot.prepare_cached(COUNT_WORKFLOW)?;
                select.query_row([code, key], |row| row.get(0))?
            }
        };
        *counts.of_mut(status) = number.unsigned_abs();
    }
    Ok(counts)
}

pub(crate) fn definition(connection: &Connection, digest: &str) -> Result<Option<String>, Failed> {
    let mut select = connection.prepare_cached("SELECT checksum, text FROM definition WHERE digest = ?1")?;
    let found = select.query_row([digest], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((checksum, text)): Option<(i64, String)> = found else {
        return Ok(None);
    };
    let computed = definition_checksum(digest, &text);
    if checksum != computed {
        return Err(Failed::Damaged(format!(
            "definition {digest}: its checksum is {checksum:08x}, its text gives {computed:08x}"
        )));
    }
    Ok(Some(text))
}

pub(crate) fn map_run(connection: &Connection, id: &str) -> Result<Option<MapRunRow>, Failed> {
    Ok(map_run_rows(connection, MAP_RUN, &[&id])?.pop())
}

pub(crate) fn map_runs(connection: &Connection, execution: &str) -> Result<Vec<MapRunRow>, Failed> {
    map_run_rows(connection, MAP_RUNS, &[&execution])
}

pub(crate) fn unsettled_map_runs(
    connection: &Connection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<MapRunRow>, Failed> {
    match after {
        None => map_run_rows(connection, UNSETTLED, &[&rows_max(limit)]),
        Some(after) => map_run_rows(connection, UNSETTLED_AFTER, &[&rows_max(limit), &after]),
    }
}

/// As in [`list`], each status is a range, and they are brought into one order.
pub(crate) fn children(connection: &Connection, query: &ChildQuery) -> Result<Vec<ExecutionRow>, Failed> {
    let snapshot = connection.unchecked_transaction()?;
    let Some(run) = map_run_key(&snapshot, &query.map_run)? else { return Ok(Vec::new()) };
    let (limit, after) = (rows_max(query.limit), query.after.map_or(-1, integer));
    let mut rows = Vec::new();
    for status in Status::ALL {
        if query.status.is_none_or(|wanted| wanted == status) {
            rows.extend(many(&snapshot, CHILDREN, &[&limit, &run, &status_code(status), &after])?);
        }
    }
    rows.sort_by_key(|row| row.child.as_ref().map(|child| child.index));
    rows.truncate(query.limit);
    Ok(rows)
}

pub(crate) fn child_indices(
    connection: &Connection,
    map_run: &str,
    status: Status,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, u64)>, Failed> {
    let Some(run) = map_run_key(connection, map_run)? else { return Ok(Vec::new()) };
    let mut select = connection.prepare_cached(CHILD_INDICES)?;
    let range = params![rows_max(limit), run, status_code(status), after.map_or(-1, integer)];
    let mut rows = select.query(range)?;
    let mut indices = Vec::new();
    while let Some(row) = rows.next()? {
        let (index, items): (i64, i64) = (row.get(0)?, row.get(1)?);
        indices.push((index.unsigned_abs(), items.unsigned_abs()));
    }
    Ok(indices)
}

pub(crate) fn outcome(connection: &Connection, execution: &str) -> Result<Option<Vec<u8>>, Failed> {
    let mut select = connection.prepare_cached(OUTCOME)?;
    let found = select.query_row([execution], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((checksum, body)): Option<(i64, Vec<u8>)> = found else { return Ok(None) };
    if checksum != body_checksum(execution, &body) {
        return Err(Failed::Damaged(format!("execution {execution}: its outcome is not what was written")));
    }
    Ok(Some(body))
}

/// As SQLite keeps it. What is greater than any number of ours lies behind them all.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How many entries a journal holds whose greatest number is this one.
pub(crate) fn entries_after(last: Option<i64>) -> u64 {
    last.map_or(0, |last| last.unsigned_abs().saturating_add(1))
}

fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn key(connection: &Connection, id: &str) -> Result<Option<i64>, rusqlite::Error> {
    let mut select = connection.prepare_cached("SELECT key FROM execution WHERE id = ?1")?;
    select.query_row([id], |row| row.get(0)).optional()
}

pub(crate) fn map_run_key(connection: &Connection, id: &str) -> Result<Option<i64>, rusqlite::Error> {
    let mut select = connection.prepare_cached("SELECT key FROM map_run WHERE id = ?1")?;
    select.query_row([id], |row| row.get(0)).optional()
}

fn map_run_rows(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<Vec<MapRunRow>, Failed> {
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, number): (String, i64) = (row.get(0)?, row.get(2)?);
        let (checksum, body): (i64, Vec<u8>) = (row.get(4)?, row.get(5)?);
        let Some(execution) = row.get(1)? else {
            return Err(Failed::Damaged(format!("map run {id}: its execution is missing")));
        };
        if checksum != body_checksum(&id, &body) {
            return Err(Failed::Damaged(format!("map run {id}: its content is not what was written")));
        }
        found.push(MapRunRow { execution, number: number.unsigned_abs(), is_settled: row.get(3)?, body, id });
    }
    Ok(found)
}

fn workflow_key(connection: &Connection, name: &str) -> Result<Option<i64>, rusqlite::Error> {
    let mut select = connection.prepare_cached("SELECT key FROM workflow WHERE name = ?1")?;
    select.query_row([name], |row| row.get(0)).optional()
}

fn one(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<Option<ExecutionRow>, Failed> {
    Ok(many(connection, sql, parameters)?.pop())
}

fn many(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<Vec<ExecutionRow>, Failed> {
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(execution_row(row)?);
    }
    Ok(found)
}

fn execution_row(row: &Row<'_>) -> Result<ExecutionRow, Failed> {
    let id: String = row.get(0)?;
    let code: i64 = row.get(5)?;
    let status =
        status_of_code(code).ok_or_else(|| Failed::Damaged(format!("execution {id}: there is no status {code}")))?;
    let (Some(workflow), Some(definition_digest)) = (row.get(1)?, row.get(3)?) else {
        return Err(Failed::Damaged(format!("execution {id}: its workflow or its definition is missing")));
    };
    let child = match (row.get(10)?, row.get(11)?, row.get(12)?, row.get::<_, Option<i64>>(13)?) {
        (_, _, _, None) => None,
        (Some(map_run), Some(index), Some(items), Some(_)) => {
            let (index, items): (i64, i64) = (index, items);
            Some(ChildOf { map_run, index: index.unsigned_abs(), items: items.unsigned_abs() })
        }
        (_, _, _, Some(_)) => {
            return Err(Failed::Damaged(format!("execution {id}: its map run is missing")));
        }
    };
    Ok(ExecutionRow {
        child,
        workflow,
        name: row.get(2)?,
        definition_digest,
        input_digest: row.get(4)?,
        status,
        started_at_micros: row.get(6)?,
        closed_at_micros: row.get(7)?,
        wake_at_micros: row.get(8)?,
        entries: entries_after(row.get(9)?),
        id,
    })
}

fn entry(row: &Row<'_>, id: &str, key: i64) -> Result<Entry, Failed> {
    let number: i64 = row.get(0)?;
    let at_micros: i64 = row.get(1)?;
    let checksum: i64 = row.get(2)?;
    let body: Vec<u8> = row.get(3)?;
    let computed = entry_checksum(key, number, at_micros, &body);
    if checksum != computed {
        return Err(Failed::Damaged(format!(
            "execution {id}, entry {number}: its checksum is {checksum:08x}, its content gives \
             {computed:08x}"
        )));
    }
    Ok(Entry { number: number.unsigned_abs(), at_micros, body })
}
