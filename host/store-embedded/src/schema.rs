//! The tables, and how a store of an older schema becomes one of today's.

use rusqlite::{Connection, TransactionBehavior};
use stepwell_store::{Error, Status};

use crate::place::Place;

/// `STPW`: says in the file's header whose file it is.
pub(crate) const APPLICATION_ID: i64 = 0x5354_5057;

/// The step at place N makes schema N + 1 out of schema N. A step that has been released is
/// never changed; a new one is added behind it.
pub(crate) const STEPS: &[&str] = &[SCHEMA_1, SCHEMA_2];

/// Keys are integers, because every table and index repeats them; texts stand once.
///
/// `journal` grows at its end: an entry costs its bytes once, and the index with narrow keys
/// takes the random writes. How many entries an execution holds is not stored but is the
/// last key of that index, so that a step which neither changes the status nor the time to
/// wake leaves the execution's row alone. The index is unique, as the last wall behind the
/// comparison of numbers.
///
/// `execution_open` and `execution_wake` hold running executions alone: what recovery and
/// timers read does not grow with what has finished. Listings read `execution_status` and
/// `execution_workflow_status`, one range for each status.
const SCHEMA_1: &str = "
CREATE TABLE workflow (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE definition (
    key INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    checksum INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE execution (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow INTEGER NOT NULL,
    name TEXT NOT NULL,
    definition INTEGER NOT NULL,
    input_digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    started_at_micros INTEGER NOT NULL,
    closed_at_micros INTEGER,
    wake_at_micros INTEGER,
    UNIQUE (workflow, name)
) STRICT;

CREATE INDEX execution_status ON execution (status, started_at_micros, id);
CREATE INDEX execution_workflow_status ON execution (workflow, status, started_at_micros, id);
CREATE INDEX execution_open ON execution (id) WHERE status = 0;
CREATE INDEX execution_wake ON execution (wake_at_micros)
    WHERE status = 0 AND wake_at_micros IS NOT NULL;

CREATE TABLE journal (
    position INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_micros INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX journal_entry ON journal (execution, number);

CREATE TABLE call_log (
    position INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    call INTEGER NOT NULL,
    dispatch INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX call_log_call ON call_log (execution, call, dispatch);
";

/// Map runs and their children. A child is a row like any other, and a run can have a million:
/// so the indexes of listings leave children out, and one of their own, in the order of their
/// indices, answers everything about a run without reading a row. (`map_run` is a column of the
/// others because SQLite counts by an index alone only where that has every column of the
/// condition.)
///
/// `outcome` holds what became of each child a second time, beside the journal, because the
/// end of a run reads all of them in order. It is a table of its own so that the rows of
/// executions stay narrow.
const SCHEMA_2: &str = "
CREATE TABLE map_run (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    execution INTEGER NOT NULL,
    number INTEGER NOT NULL,
    is_settled INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE INDEX map_run_execution ON map_run (execution, number);
CREATE INDEX map_run_unsettled ON map_run (id) WHERE is_settled = 0;

CREATE TABLE outcome (
    execution INTEGER PRIMARY KEY,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

ALTER TABLE execution ADD COLUMN map_run INTEGER;
ALTER TABLE execution ADD COLUMN item INTEGER;
ALTER TABLE execution ADD COLUMN items INTEGER;

DROP INDEX execution_status;
DROP INDEX execution_workflow_status;
CREATE INDEX execution_status ON execution (status, started_at_micros, id, map_run)
    WHERE map_run IS NULL;
CREATE INDEX execution_workflow_status ON execution (workflow, status, started_at_micros, id, map_run)
    WHERE map_run IS NULL;
CREATE INDEX execution_map_run ON execution (map_run, status, item, items)
    WHERE map_run IS NOT NULL;
";

/// Refuses what is not ours or newer than we are, before anything in the file is changed.
pub(crate) fn admit(connection: &Connection, place: &Place, steps: &[&str]) -> Result<(), Error> {
    let trouble = place.trouble();
    let found = || {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((header(connection, "application_id")?, version(connection)?, tables))
    };
    let (application_id, version, tables) = found().map_err(|error| trouble.of_opening(&error))?;
    if application_id == 0 && version == 0 && tables == 0 {
        return Ok(());
    }
    if application_id != APPLICATION_ID {
        return Err(trouble.not_a_store("another program made this SQLite file"));
    }
    let newest = newest(steps);
    if version > newest {
        return Err(Error::Incompatible(format!(
            "{} was written by a newer release: it has schema {version}, this release knows \
             schemas up to {newest}; start the newer release, or restore the copy that it made \
             before it changed the schema",
            place.store().display()
        )));
    }
    Ok(())
}

/// All missing steps in one transaction, after a copy has been made of a store that is there.
pub(crate) fn bring_forward(connection: &mut Connection, place: &Place, steps: &[&str]) -> Result<(), Error> {
    let trouble = place.trouble();
    let from = version(connection).map_err(|error| trouble.of_opening(&error))?;
    let newest = newest(steps);
    if from == newest {
        return Ok(());
    }
    if from > 0 {
        copy(connection, place, from)?;
    }
    let missing = steps.iter().skip(usize::try_from(from).unwrap_or(usize::MAX));
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| trouble.of_writing(&error))?;
    let change = || {
        missing.clone().try_for_each(|step| transaction.execute_batch(step))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", newest)
    };
    change().map_err(|error| trouble.of_writing(&error))?;
    transaction.commit().map_err(|error| trouble.of_committing(&error))
}

fn copy(connection: &Connection, place: &Place, schema: i64) -> Result<(), Error> {
    let path = place.new_copy(schema)?;
    let name = path.to_string_lossy();
    let copied = connection
        .execute("VACUUM INTO ?1", [&name])
        .map_err(|error| place.trouble().of_writing(&error))
        .and_then(|_| place.keep_copy(&path));
    if copied.is_err() {
        place.discard_copy(&path);
    }
    copied
}

/// How a status stands in a row. 0 also stands in the conditions of two indexes.
pub(crate) fn status_code(status: Status) -> i64 {
    match status {
        Status::Running => 0,
        Status::Succeeded => 1,
        Status::Failed => 2,
        Status::TimedOut => 3,
        Status::Aborted => 4,
    }
}

pub(crate) fn status_of_code(code: i64) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status_code(*status) == code)
}

/// Covers what says where the entry belongs as well as what is in it, so that an index which
/// leads to the wrong row is found out too.
pub(crate) fn entry_checksum(execution: i64, number: i64, at_micros: i64, body: &[u8]) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    for integer in [execution, number, at_micros] {
        hasher.update(&integer.to_le_bytes());
    }
    hasher.update(body);
    i64::from(hasher.finalize())
}

/// Covers whose it is as well as what it is.
pub(crate) fn body_checksum(owner: &str, body: &[u8]) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(owner.as_bytes());
    hasher.update(body);
    i64::from(hasher.finalize())
}

pub(crate) fn definition_checksum(digest: &str, text: &str) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(digest.as_bytes());
    hasher.update(text.as_bytes());
    i64::from(hasher.finalize())
}

fn newest(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    header(connection, "user_version")
}

fn header(connection: &Connection, field: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, field, |row| row.get(0))
}
