//! Runs a plugin's cases: `cases/*.json`, each one input and what comes of it.
//!
//! ```json
//! {
//!   "name": "what the case shows",
//!   "input": {},
//!   "output": {}
//! }
//! ```
//!
//! Instead of `output`, `failure` has the `error` and optionally its `cause`: a string that
//! the cause contains, or any other JSON value that the cause, read as JSON, equals. What the
//! plugin is granted stands beside the input: `config` and `secrets` (values by name),
//! `databases` (by name, the statements that make it), `directories` (by name, the content of
//! each file by its path), `http` (an answer's `status` and `body`, or `unreachable`), and
//! `idempotencyKey`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, types::Value as Sqlite};
use serde::Deserialize;
use serde_json::Value;
use stepwell::testing::{Host, Runnable};
use stepwell::{Failure, http, sql};

/// One case; the fields are told above.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub input: Value,
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    #[serde(default)]
    pub databases: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub directories: BTreeMap<String, BTreeMap<String, String>>,
    pub http: Option<Answer>,
    pub idempotency_key: Option<String>,
    pub output: Option<Value>,
    pub failure: Option<Expected>,
}

/// What every HTTP request is answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub body: String,
    pub unreachable: Option<String>,
}

/// The failure that a case expects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub error: String,
    pub cause: Option<Value>,
}

/// Runs every case in the plugin's directory.
///
/// # Panics
/// When there is no case, when one cannot be read, and, after all have run, with every case
/// that ended otherwise than it says.
pub fn run<M>(plugin: &str, task: impl Runnable<M> + Copy) {
    let mut wrong = Vec::new();
    for path in paths(&Path::new(plugin).join("cases")) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let outcome = case.host().install().run(task, case.input.clone());
        if let Err(why) = case.compare(&outcome) {
            wrong.push(format!("{} ({}): {why}", case.name, path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn paths(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(!paths.is_empty(), "{} has no case", directory.display());
    paths
}

impl Case {
    fn host(&self) -> Host {
        let mut host = Host::new();
        for (key, value) in &self.config {
            host = host.config(key, value);
        }
        for (name, value) in &self.secrets {
            host = host.secret(name, value);
        }
        for (name, statements) in &self.databases {
            let database = database(statements);
            host = host.database(name, move |statement, parameters| select(&database, statement, parameters));
        }
        for (name, files) in &self.directories {
            host = host.directory(name);
            for (path, content) in files {
                host = host.file(name, path, content.as_str());
            }
        }
        if let Some(answer) = self.http.clone() {
            host = host.http(move |_| match &answer.unreachable {
                Some(why) => Err(http::Error::Unreachable(why.clone())),
                None => Ok(http::Response::new(answer.status).with_body(answer.body.clone())),
            });
        }
        match &self.idempotency_key {
            Some(key) => host.idempotency_key(key),
            None => host,
        }
    }

    fn compare(&self, outcome: &Result<Value, Failure>) -> Result<(), String> {
        match (outcome, &self.output, &self.failure) {
            (Ok(output), Some(expected), None) if output == expected => Ok(()),
            (Ok(output), Some(expected), None) => Err(format!("expected {expected:#}\nfound {output:#}")),
            (Ok(output), None, Some(expected)) => Err(format!("expected {}, found {output:#}", expected.error)),
            (Err(failure), Some(_), None) => Err(format!("expected an output, found {failure}")),
            (Err(failure), None, Some(expected)) => expected.compare(failure),
            (_, Some(_), Some(_)) | (_, None, None) => Err("a case has either `output` or `failure`".to_owned()),
        }
    }
}

impl Expected {
    fn compare(&self, failure: &Failure) -> Result<(), String> {
        let same_cause = match &self.cause {
            None => true,
            Some(Value::String(part)) => failure.cause().contains(part.as_str()),
            Some(value) => serde_json::from_str::<Value>(failure.cause()).is_ok_and(|cause| cause == *value),
        };
        if failure.error() == self.error && same_cause {
            return Ok(());
        }
        let cause = self.cause.as_ref().map(Value::to_string).unwrap_or_default();
        Err(format!("expected {}: {cause}\nfound {failure}", self.error))
    }
}

fn database(statements: &[String]) -> Connection {
    let database = Connection::open_in_memory().unwrap_or_else(|error| panic!("{error}"));
    for statement in statements {
        database.execute_batch(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    // The real grant is read-only too.
    database.execute_batch("PRAGMA query_only = ON").unwrap_or_else(|error| panic!("{error}"));
    database
}

fn select(database: &Connection, statement: &str, parameters: &[sql::Value]) -> Result<sql::Rows, sql::Error> {
    let rows = || {
        let mut prepared = database.prepare(statement)?;
        let columns: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let count = columns.len();
        let parameters = rusqlite::params_from_iter(parameters.iter().cloned().map(to_sqlite));
        let read = |row: &rusqlite::Row<'_>| (0..count).map(|at| row.get(at).map(from_sqlite)).collect();
        let rows: Result<Vec<Vec<sql::Value>>, rusqlite::Error> = prepared.query_map(parameters, read)?.collect();
        Ok(sql::Rows { columns, rows: rows?, truncated: false })
    };
    rows().map_err(|error: rusqlite::Error| sql::Error::Statement(error.to_string()))
}

fn to_sqlite(value: sql::Value) -> Sqlite {
    match value {
        sql::Value::Null => Sqlite::Null,
        sql::Value::Integer(whole) => Sqlite::Integer(whole),
        sql::Value::Real(real) => Sqlite::Real(real),
        sql::Value::Text(text) => Sqlite::Text(text),
        sql::Value::Blob(bytes) => Sqlite::Blob(bytes),
    }
}

fn from_sqlite(value: Sqlite) -> sql::Value {
    match value {
        Sqlite::Null => sql::Value::Null,
        Sqlite::Integer(whole) => sql::Value::Integer(whole),
        Sqlite::Real(real) => sql::Value::Real(real),
        Sqlite::Text(text) => sql::Value::Text(text),
        Sqlite::Blob(bytes) => sql::Value::Blob(bytes),
    }
}
