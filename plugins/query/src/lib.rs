//! `task:query`: one parameterised, read-only SQL statement on a granted database.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use stepwell::{Failure, ensure, sql};

/// Rows when the input does not say otherwise.
const ROWS_MAX_DEFAULT: u32 = 1_000;
/// Rows that an input can ask for.
const ROWS_MAX: u32 = 10_000;
/// What a state's output can hold (bytes of JSON).
const OUTPUT_BYTES_MAX: usize = 262_144;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    database: String,
    statement: String,
    #[serde(default)]
    parameters: Vec<Value>,
    #[serde(default = "rows_max_default")]
    rows_max: u32,
}

#[derive(Serialize)]
struct Output {
    columns: Vec<String>,
    rows: Vec<Map<String, Value>>,
    truncated: bool,
}

/// Runs one parameterised, read-only SQL statement on a granted database.
#[stepwell::task]
fn query(input: Input) -> Result<Output, Failure> {
    let Input { database, statement, parameters, rows_max } = input;
    ensure!((1..=ROWS_MAX).contains(&rows_max), "InvalidInput", "`rowsMax` is {rows_max}: it can be 1 to {ROWS_MAX}");
    let mut query = sql::query(database, statement).rows_max(rows_max);
    for (position, value) in (1..).zip(parameters) {
        query = query.bind(parameter(position, value)?);
    }
    let sql::Rows { columns, rows, truncated } = query.rows().map_err(named)?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = columns.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Failure::new(
            "QueryFailed",
            format!("two columns are called `{twice}`: name one otherwise with AS"),
        ));
    }
    let object = |row: Vec<sql::Value>| columns.iter().cloned().zip(row.into_iter().map(json_value)).collect();
    let rows = rows.into_iter().map(object).collect();
    let output = Output { columns, rows, truncated };
    let bytes = serde_json::to_vec(&output)?.len();
    ensure!(
        bytes <= OUTPUT_BYTES_MAX,
        "ResultTooLarge",
        "{bytes} bytes are more than the {OUTPUT_BYTES_MAX} of a state's output: ask for fewer columns, or for rows in parts with LIMIT"
    );
    Ok(output)
}

fn rows_max_default() -> u32 {
    ROWS_MAX_DEFAULT
}

fn parameter(position: usize, value: Value) -> Result<sql::Value, Failure> {
    match value {
        Value::Null => Ok(sql::Value::Null),
        Value::Bool(truth) => Ok(truth.into()),
        Value::String(text) => Ok(text.into()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(whole.into()),
            (None, Some(real)) if number.is_f64() => Ok(real.into()),
            (None, _) => Err(not_a_parameter(position, "a number out of range")),
        },
        Value::Array(_) => Err(not_a_parameter(position, "an array")),
        Value::Object(_) => Err(not_a_parameter(position, "an object")),
    }
}

fn not_a_parameter(position: usize, what: &str) -> Failure {
    let cause = format!("parameter {position} is {what}: it can be a string, a number, a boolean or null");
    Failure::new("InvalidInput", cause)
}

fn json_value(value: sql::Value) -> Value {
    match value {
        sql::Value::Blob(bytes) => json!({ "base64": STANDARD.encode(bytes) }),
        other => other.into(),
    }
}

fn named(error: sql::Error) -> Failure {
    let name = match &error {
        sql::Error::Denied(_) => "QueryDenied",
        sql::Error::Statement(_) | sql::Error::Shape(_) => "QueryFailed",
        sql::Error::TooLarge(_) => "ResultTooLarge",
        sql::Error::Unavailable(_) => "QueryUnavailable",
    };
    Failure::new(name, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        cases::run(env!("CARGO_MANIFEST_DIR"), query);
    }

    #[test]
    fn a_result_larger_than_an_output_is_refused() {
        let wide = |_: &str, _: &[sql::Value]| Ok(sql::Rows::new(["x"]).row(["x".repeat(OUTPUT_BYTES_MAX)]));
        let host = stepwell::testing::Host::new().database("d", wide).install();
        let failure = host.run(query, json!({ "database": "d", "statement": "SELECT x" }));
        assert_eq!(failure.err().map(|failure| failure.error().to_owned()).as_deref(), Some("ResultTooLarge"));
    }
}
