//! Databases that the project file grants by name, read-only
//! (`[plugins.NAME.grants] databases.NAME`).
//!
//! ```
//! # use serde::Deserialize;
//! # use stepwell::{Failure, sql};
//! #[derive(Deserialize)]
//! struct Carrier { code: String, flights: u64 }
//!
//! fn busiest(month: i64) -> Result<Vec<Carrier>, Failure> {
//!     let carriers = sql::query("flights", "SELECT carrier AS code, COUNT(*) AS flights FROM flights WHERE month = ?1 GROUP BY 1")
//!         .bind(month)
//!         .all()?;
//!     Ok(carriers)
//! }
//! ```

use serde::de::DeserializeOwned;
use serde_json::{Map, Number};

use crate::host;

/// Rows that a query returns when it does not say otherwise.
pub const ROWS_MAX_DEFAULT: u32 = 1_000;

/// A value that a database holds, or a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// What a query found.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The columns' names, in the statement's order.
    pub columns: Vec<String>,
    /// One list of values for each row, in the columns' order.
    pub rows: Vec<Vec<Value>>,
    /// More rows were there than the query asked for.
    pub truncated: bool,
}

/// Why there are no rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No grant has this name.
    Denied(String),
    /// The statement does not parse, names what is not there, or would write.
    Statement(String),
    /// The result is larger than the grant's `result_bytes_max`.
    TooLarge(String),
    /// The database could not be read; trying again may help.
    Unavailable(String),
    /// A row does not fit the type it is read into, or there is not exactly one.
    Shape(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied(why)
            | Self::Statement(why)
            | Self::TooLarge(why)
            | Self::Unavailable(why)
            | Self::Shape(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

/// One statement with positional parameters (`?1`, `?2`, …), not run yet.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a query does nothing until `rows`, `all` or `one`"]
pub struct Query {
    database: String,
    statement: String,
    parameters: Vec<Value>,
    rows_max: u32,
}

/// Begins a query on a database that is granted by this name.
pub fn query(database: impl Into<String>, statement: impl Into<String>) -> Query {
    Query { database: database.into(), statement: statement.into(), parameters: Vec::new(), rows_max: ROWS_MAX_DEFAULT }
}

impl Query {
    /// Adds the next positional parameter.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Asks for at most this many rows instead of [`ROWS_MAX_DEFAULT`].
    pub fn rows_max(mut self, rows_max: u32) -> Self {
        self.rows_max = rows_max;
        self
    }

    /// Runs the query.
    ///
    /// # Errors
    /// [`Error`], every kind but `Shape`.
    pub fn rows(self) -> Result<Rows, Error> {
        host::sql_query(&self.database, &self.statement, &self.parameters, self.rows_max)
    }

    /// Runs the query and reads each row into a `T`, by the columns' names.
    ///
    /// # Errors
    /// [`Error`]; `Shape` when a row is not a `T`, naming row and field.
    pub fn all<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        self.rows()?.decode()
    }

    /// Runs the query and reads its only row into a `T`.
    ///
    /// # Errors
    /// [`Error`]; `Shape` also when there is no row, or more than one.
    pub fn one<T: DeserializeOwned>(self) -> Result<T, Error> {
        let mut all: Vec<T> = self.rows_max(2).all()?;
        match (all.pop(), all.len()) {
            (Some(one), 0) => Ok(one),
            (found, _) => {
                let count = if found.is_none() { "no row" } else { "more than one row" };
                Err(Error::Shape(format!("the query found {count} where one is expected")))
            }
        }
    }
}

impl Rows {
    /// Rows without any in them, for a test's responder: `Rows::new(["code", "flights"])`.
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { columns, rows: Vec::new(), truncated: false }
    }

    /// Adds a row, for a test's responder.
    #[must_use]
    pub fn row<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.rows.push(values.into_iter().map(Into::into).collect());
        self
    }

    /// Each row as a JSON object, by the columns' names: a blob is a list of numbers, a real
    /// that is not finite is `null`.
    pub fn objects(self) -> impl Iterator<Item = Map<String, serde_json::Value>> {
        let Self { columns, rows, truncated: _ } = self;
        rows.into_iter()
            .map(move |row| columns.iter().cloned().zip(row.into_iter().map(serde_json::Value::from)).collect())
    }

    /// Each row read into a `T`, by the columns' names.
    ///
    /// # Errors
    /// [`Error::Shape`], naming row and field.
    pub fn decode<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        let objects = self.objects().enumerate();
        let read = |(row, object)| {
            let value = serde_json::Value::Object(object);
            serde_path_to_error::deserialize(value).map_err(|error| {
                let path = error.path().to_string();
                Error::Shape(format!("row {}, column `{path}`: {}", row + 1, error.into_inner()))
            })
        };
        objects.map(read).collect()
    }
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(whole) => Self::from(whole),
            Value::Real(real) => Number::from_f64(real).map_or(Self::Null, Self::Number),
            Value::Text(text) => Self::String(text),
            Value::Blob(bytes) => Self::from(bytes),
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}
