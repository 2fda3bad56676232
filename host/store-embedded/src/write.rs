//! What a commit does.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use stepwell_store::{CallLog, Entry, Error, Group, MapRunRow, NewExecution, Outcome};

use crate::read::{self, Failed};
use crate::schema::{body_checksum, definition_checksum, entry_checksum, status_code};
use crate::trouble::Trouble;

/// One transaction for all groups. What speaks against a group is found out by reading before
/// its first change, so that a refused one leaves nothing to undo and costs the others nothing.
pub(crate) fn commit(connection: &mut Connection, groups: &[Group], trouble: &Trouble) -> Result<Vec<Outcome>, Error> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| trouble.of_writing(&error))?;
    let outcomes: Result<Vec<_>, _> = groups.iter().map(|group| apply(&transaction, group)).collect();
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(failed) => {
            let rolled_back = transaction.finish();
            return Err(after_rollback(connection, rolled_back, trouble).unwrap_or_else(|| failed.of_writing(trouble)));
        }
    };
    // Dropped without having committed, the transaction rolls back.
    match transaction.commit() {
        Ok(()) => Ok(outcomes),
        Err(error) => Err(after_rollback(connection, Ok(()), trouble).unwrap_or_else(|| trouble.of_committing(&error))),
    }
}

/// What to answer instead, when the transaction could not be undone.
fn after_rollback(
    connection: &Connection,
    rolled_back: Result<(), rusqlite::Error>,
    trouble: &Trouble,
) -> Option<Error> {
    match rolled_back {
        Err(error) => Some(trouble.broken(&error)),
        Ok(()) if connection.is_autocommit() => None,
        Ok(()) => Some(Error::Broken("a failed commit could not be rolled back".to_owned())),
    }
}

/// The part of an execution's row that a group is compared with.
struct Held {
    key: i64,
    entries: u64,
    status: i64,
    closed_at_micros: Option<i64>,
    wake_at_micros: Option<i64>,
}

fn apply(connection: &Connection, group: &Group) -> Result<Outcome, Failed> {
    let held = held(connection, &group.execution)?;
    let entries = held.as_ref().map_or(0, |held| held.entries);
    if group.create.is_some() == held.is_some() || group.expected_entries != entries {
        return Ok(Outcome::Conflict { entries });
    }
    let held = match (&group.create, held) {
        (None, Some(held)) => held,
        (Some(new), _) => {
            if let Some(row) = read::execution_by_name(connection, &new.workflow, &new.name)? {
                return Ok(Outcome::NameTaken(row));
            }
            let map_run = match &new.child {
                None => None,
                Some(child) => match read::map_run_key(connection, &child.map_run)? {
                    None => return Ok(Outcome::Conflict { entries }),
                    key @ Some(_) => key,
                },
            };
            create(connection, group, new, map_run)?
        }
        (None, None) => return Ok(Outcome::Conflict { entries }),
    };
    change(connection, group, &held)?;
    append(connection, held.key, &group.entries)?;
    keep_logs(connection, held.key, &group.logs)?;
    keep_map_runs(connection, held.key, &group.map_runs)?;
    keep_outcome(connection, held.key, group)?;
    Ok(Outcome::Committed)
}

fn held(connection: &Connection, id: &str) -> Result<Option<Held>, rusqlite::Error> {
    let mut select = connection.prepare_cached(
        "SELECT key, status, closed_at_micros, wake_at_micros,
                (SELECT max(number) FROM journal WHERE journal.execution = execution.key)
         FROM execution WHERE id = ?1",
    )?;
    let held = |row: &rusqlite::Row<'_>| {
        Ok(Held {
            key: row.get(0)?,
            status: row.get(1)?,
            closed_at_micros: row.get(2)?,
            wake_at_micros: row.get(3)?,
            entries: read::entries_after(row.get(4)?),
        })
    };
    select.query_row([id], held).optional()
}

/// The row begins with what the group's change says, so that it is written once.
fn create(connection: &Connection, group: &Group, new: &NewExecution, map_run: Option<i64>) -> Result<Held, Failed> {
    let row = new.row(&group.execution);
    let change = group.change.as_ref();
    let status = status_code(change.map_or(row.status, |change| change.status));
    let closed_at_micros = change.and_then(|change| change.closed_at_micros);
    let wake_at_micros = change.and_then(|change| change.wake_at_micros);
    let mut insert = connection.prepare_cached(
        "INSERT INTO execution (id, workflow, name, definition, input_digest, status,
                                started_at_micros, closed_at_micros, wake_at_micros,
                                map_run, item, items)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let key = insert.insert(params![
        row.id,
        workflow_key(connection, &new.workflow)?,
        row.name,
        definition_key(connection, new)?,
        row.input_digest,
        status,
        row.started_at_micros,
        closed_at_micros,
        wake_at_micros,
        map_run,
        new.child.as_ref().map(|child| read::integer(child.index)),
        new.child.as_ref().map(|child| read::integer(child.items)),
    ])?;
    Ok(Held { key, entries: 0, status, closed_at_micros, wake_at_micros })
}

fn workflow_key(connection: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    let mut select = connection.prepare_cached("SELECT key FROM workflow WHERE name = ?1")?;
    match select.query_row([name], |row| row.get(0)).optional()? {
        Some(key) => Ok(key),
        None => connection.prepare_cached("INSERT INTO workflow (name) VALUES (?1)")?.insert([name]),
    }
}

fn definition_key(connection: &Connection, new: &NewExecution) -> Result<i64, rusqlite::Error> {
    let digest = &new.definition_digest;
    let mut select = connection.prepare_cached("SELECT key FROM definition WHERE digest = ?1")?;
    match select.query_row([digest], |row| row.get(0)).optional()? {
        Some(key) => Ok(key),
        None => connection
            .prepare_cached("INSERT INTO definition (digest, checksum, text) VALUES (?1, ?2, ?3)")?
            .insert(params![digest, definition_checksum(digest, &new.definition), &*new.definition]),
    }
}

/// A column that keeps its value is not named: naming it would rewrite its indexes.
fn change(connection: &Connection, group: &Group, held: &Held) -> Result<(), rusqlite::Error> {
    let Some(change) = &group.change else {
        return Ok(());
    };
    let status = status_code(change.status);
    if status != held.status || change.closed_at_micros != held.closed_at_micros {
        let mut update = connection.prepare_cached(
            "UPDATE execution SET status = ?2, closed_at_micros = ?3, wake_at_micros = ?4
             WHERE key = ?1",
        )?;
        let row = params![held.key, status, change.closed_at_micros, change.wake_at_micros];
        update.execute(row)?;
    } else if change.wake_at_micros != held.wake_at_micros {
        let mut update = connection.prepare_cached("UPDATE execution SET wake_at_micros = ?2 WHERE key = ?1")?;
        update.execute(params![held.key, change.wake_at_micros])?;
    }
    Ok(())
}

fn append(connection: &Connection, key: i64, entries: &[Entry]) -> Result<(), rusqlite::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO journal (execution, number, at_micros, checksum, body)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for entry in entries {
        let number = read::integer(entry.number);
        let checksum = entry_checksum(key, number, entry.at_micros, &entry.body);
        insert.execute(params![key, number, entry.at_micros, checksum, entry.body])?;
    }
    Ok(())
}

fn keep_logs(connection: &Connection, key: i64, logs: &[CallLog]) -> Result<(), rusqlite::Error> {
    if logs.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO call_log (execution, call, dispatch, text) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (execution, call, dispatch) DO UPDATE SET text = excluded.text",
    )?;
    for log in logs {
        insert.execute(params![key, read::integer(log.call), log.dispatch, log.text])?;
    }
    Ok(())
}

/// Whose a run is stays as it was said first.
fn keep_map_runs(connection: &Connection, key: i64, runs: &[MapRunRow]) -> Result<(), rusqlite::Error> {
    if runs.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO map_run (id, execution, number, is_settled, checksum, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET is_settled = excluded.is_settled, checksum = excluded.checksum,
                                        body = excluded.body",
    )?;
    for run in runs {
        let checksum = body_checksum(&run.id, &run.body);
        insert.execute(params![run.id, key, read::integer(run.number), run.is_settled, checksum, run.body])?;
    }
    Ok(())
}

fn keep_outcome(connection: &Connection, key: i64, group: &Group) -> Result<(), rusqlite::Error> {
    let Some(outcome) = &group.outcome else { return Ok(()) };
    let mut insert = connection.prepare_cached(
        "INSERT INTO outcome (execution, checksum, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (execution) DO UPDATE SET checksum = excluded.checksum, body = excluded.body",
    )?;
    insert.execute(params![key, body_checksum(&group.execution, outcome), outcome])?;
    Ok(())
}
