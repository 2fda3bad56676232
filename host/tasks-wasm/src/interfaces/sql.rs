//! `stepwell:task/sql`: read-only questions to SQLite files that are granted by name.
//!
//! Three things keep a statement from changing anything: the file is opened read-only,
//! SQLite's `query_only` is set, and an authorizer allows reading and nothing else, so that
//! `ATTACH` and `PRAGMA` reach no other file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, OpenFlags, params_from_iter};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower};

use crate::options::{SQL_PARAMETERS_MAX, SQL_RESULT_BYTES_MAX, SQL_ROWS_MAX, SQL_STATEMENT_BYTES_MAX};
use crate::state::{CallState, time_for, waiting};

/// Virtual machine steps between two looks at the clock.
const STEPS_BETWEEN_CHECKS: i32 = 1_000;
/// Columns of a result.
const COLUMNS_MAX: i32 = 500;
/// Depth of an expression.
const EXPRESSION_DEPTH_MAX: i32 = 200;

#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
pub(crate) enum Value {
    #[component(name = "null")]
    Null,
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "real")]
    Real(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "blob")]
    Blob(Vec<u8>),
}

#[derive(Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    truncated: bool,
}

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
pub(crate) enum Error {
    #[component(name = "denied")]
    Denied(String),
    #[component(name = "statement")]
    Statement(String),
    #[component(name = "too-large")]
    TooLarge(String),
    #[component(name = "unavailable")]
    Unavailable(String),
}

type Parameters = (String, String, Vec<Value>, u32);

pub(crate) fn add(linker: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    linker.func_wrap_async("query", |mut store: StoreContextMut<'_, CallState>, parameters: Parameters| {
        Box::new(async move {
            let granted = Arc::clone(&store.data().granted);
            let deadline = Instant::now() + time_for(store.get_fuel()?);
            let answered = waiting(&mut store, granted.databases.query(parameters, deadline)).await?;
            Ok((answered,))
        })
    })
}

/// The databases of one plugin.
pub(crate) struct Databases(BTreeMap<String, PathBuf>);

impl Databases {
    /// Looks whether each can be opened.
    ///
    /// # Errors
    /// The name of the one that cannot, and why.
    pub(crate) fn open(granted: &BTreeMap<String, PathBuf>) -> Result<Self, (String, String)> {
        for (name, path) in granted {
            let reason = |why: String| (name.clone(), format!("{} {why}", path.display()));
            if !path.is_file() {
                return Err(reason("is not a file; create the database, or correct its path".to_owned()));
            }
            let looked = connect(path).and_then(|connection| {
                connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).map_err(unreadable)
            });
            looked.map_err(|_| reason("is not a SQLite database that can be read".to_owned()))?;
        }
        Ok(Self(granted.clone()))
    }

    async fn query(&self, parameters: Parameters, deadline: Instant) -> Result<Rows, Error> {
        let (database, statement, values, rows_max) = parameters;
        let Some(path) = self.0.get(&database).cloned() else {
            return Err(Error::Denied(format!("no grant names the database {}", database.escape_debug())));
        };
        if statement.len() > SQL_STATEMENT_BYTES_MAX {
            return Err(Error::Statement(format!(
                "the statement is longer than {SQL_STATEMENT_BYTES_MAX} bytes (sql_statement_bytes_max)"
            )));
        }
        if values.len() > SQL_PARAMETERS_MAX {
            return Err(Error::Statement(format!("more than {SQL_PARAMETERS_MAX} parameters (sql_parameters_max)")));
        }
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop.0);
        let work = move || {
            let mut connection = connect(&path)?;
            restrict(&mut connection, deadline, stopped)?;
            ask(&connection, &statement, &values, rows_max.min(SQL_ROWS_MAX))
        };
        let answered = tokio::task::spawn_blocking(work).await;
        answered.map_err(|error| Error::Unavailable(format!("the query ended early: {error}")))?
    }
}

/// Ends a query whose caller is gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    connection.pragma_update(None, "query_only", true).map_err(unreadable)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(unreadable)?;
    Ok(connection)
}

fn restrict(connection: &mut Connection, deadline: Instant, stopped: Arc<AtomicBool>) -> Result<(), Error> {
    let limit = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, limit(SQL_RESULT_BYTES_MAX)),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, limit(SQL_STATEMENT_BYTES_MAX)),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, limit(SQL_PARAMETERS_MAX)),
        (Limit::SQLITE_LIMIT_COLUMN, COLUMNS_MAX),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_MAX),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ];
    for (limit, value) in limits {
        connection.set_limit(limit, value).map_err(unreadable)?;
    }
    let is_over = move || stopped.load(Ordering::Relaxed) || Instant::now() >= deadline;
    connection.progress_handler(STEPS_BETWEEN_CHECKS, Some(is_over)).map_err(unreadable)?;
    connection.authorizer(Some(authorize)).map_err(unreadable)?;
    Ok(())
}

/// Reading, and functions that stay inside the database.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

fn ask(connection: &Connection, statement: &str, values: &[Value], rows_max: u32) -> Result<Rows, Error> {
    let mut batch = Batch::new(connection, statement);
    let prepared = batch.next().map_err(refused)?;
    let mut prepared = prepared.ok_or_else(|| Error::Statement("there is no statement".to_owned()))?;
    if batch.next().map_err(refused)?.is_some() {
        return Err(Error::Statement("there is more than one statement".to_owned()));
    }
    let expected = prepared.parameter_count();
    if expected != values.len() {
        return Err(Error::Statement(format!("the statement has {expected} parameters, {} were given", values.len())));
    }
    let columns: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut found = Rows { columns, rows: Vec::new(), truncated: false };
    let mut bytes = 0_usize;
    let mut rows = prepared.query(params_from_iter(values.iter().map(parameter))).map_err(refused)?;
    while let Some(row) = rows.next().map_err(refused)? {
        if found.rows.len() >= rows_max as usize {
            found.truncated = true;
            break;
        }
        let mut cells = Vec::with_capacity(width);
        for column in 0..width {
            let (cell, size) = cell(row.get_ref(column).map_err(refused)?);
            bytes = bytes.saturating_add(size);
            if bytes > SQL_RESULT_BYTES_MAX {
                return Err(Error::TooLarge(format!(
                    "the result is larger than {SQL_RESULT_BYTES_MAX} bytes (sql_result_bytes_max); ask for less"
                )));
            }
            cells.push(cell);
        }
        found.rows.push(cells);
    }
    Ok(found)
}

fn parameter(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(number) => rusqlite::types::Value::Integer(*number),
        Value::Real(number) => rusqlite::types::Value::Real(*number),
        Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
        Value::Blob(bytes) => rusqlite::types::Value::Blob(bytes.clone()),
    }
}

fn cell(value: ValueRef<'_>) -> (Value, usize) {
    match value {
        ValueRef::Null => (Value::Null, 8),
        ValueRef::Integer(number) => (Value::Integer(number), 8),
        ValueRef::Real(number) => (Value::Real(number), 8),
        ValueRef::Text(text) => (Value::Text(String::from_utf8_lossy(text).into_owned()), text.len().saturating_add(8)),
        ValueRef::Blob(bytes) => (Value::Blob(bytes.to_vec()), bytes.len().saturating_add(8)),
    }
}

fn unreadable(error: rusqlite::Error) -> Error {
    Error::Unavailable(error.to_string())
}

/// What SQLite said to the statement, by what the task can do about it.
fn refused(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::TooBig) => Error::TooLarge(text),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::NotADatabase
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::SystemIoFailure,
        ) => Error::Unavailable(text),
        _ => Error::Statement(text),
    }
}
