//! Uses every interface that a grant opens, as its input says, and tells what came of it.

wit_bindgen::generate!({ path: "../../../wit/v1", world: "task-with-grants" });

use exports::stepwell::task::guest::{Failure, Guest};
use serde_json::{Value, json};
use stepwell::task::{config, files, http, secrets, sql};

struct Grants;

impl Guest for Grants {
    fn describe() -> String {
        r#"{"name":"grants","version":"0.1.0","summary":"Uses every interface that a grant opens."}"#.to_owned()
    }

    fn run(input: String) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&input)
            .map_err(|error| Failure { error: "Probe.Input".to_owned(), cause: error.to_string() })?;
        let answer = match input["do"].as_str().unwrap_or("") {
            "config" => json!(config::get(text(&input, "key"))),
            "secrets" => json!(secrets::get(text(&input, "key"))),
            "secret-to-log" => {
                println!("the key is {}", secrets::get(text(&input, "key")).unwrap_or_default());
                Value::Null
            }
            "http" => send(&input),
            "sql" => query(&input),
            _ => file(&input),
        };
        Ok(answer.to_string())
    }
}

fn text<'a>(input: &'a Value, key: &str) -> &'a str {
    input[key].as_str().unwrap_or("")
}

/// As many bytes as `bytes` says, or else the text under the key.
fn content(input: &Value, key: &str) -> Vec<u8> {
    match input["bytes"].as_u64() {
        Some(bytes) => vec![b'x'; usize::try_from(bytes).unwrap_or(0)],
        None => text(input, key).as_bytes().to_vec(),
    }
}

fn send(input: &Value) -> Value {
    let request = http::Request {
        method: input["method"].as_str().unwrap_or("GET").to_owned(),
        url: text(input, "url").to_owned(),
        headers: input["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| http::Field { name: name.clone(), value: value.as_str().unwrap_or("").to_owned() })
            .collect(),
        body: content(input, "body"),
    };
    match http::send(&request) {
        Ok(response) => json!({
            "status": response.status,
            "headers": response.headers.iter().map(|field| (field.name.clone(), json!(field.value))).collect::<serde_json::Map<_, _>>(),
            "bytes": response.body.len(),
            "body": String::from_utf8_lossy(&response.body[..response.body.len().min(1000)]),
        }),
        Err(http::Error::Denied(why)) => json!({"denied": why}),
        Err(http::Error::Invalid(why)) => json!({"invalid": why}),
        Err(http::Error::Unreachable(why)) => json!({"unreachable": why}),
        Err(http::Error::TooLarge(why)) => json!({"tooLarge": why}),
    }
}

fn query(input: &Value) -> Value {
    let parameters: Vec<sql::Value> = input["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|value| match value {
            Value::Null => sql::Value::Null,
            Value::Number(number) if number.is_i64() => sql::Value::Integer(number.as_i64().unwrap_or(0)),
            Value::Number(number) => sql::Value::Real(number.as_f64().unwrap_or(0.0)),
            Value::String(text) => sql::Value::Text(text.clone()),
            other => sql::Value::Blob(other.to_string().into_bytes()),
        })
        .collect();
    let rows_max = u32::try_from(input["rowsMax"].as_u64().unwrap_or(100)).unwrap_or(u32::MAX);
    match sql::query(text(input, "database"), text(input, "statement"), &parameters, rows_max) {
        Ok(rows) => json!({
            "columns": rows.columns,
            "count": rows.rows.len(),
            "rows": rows.rows.iter().take(20).map(|row| row.iter().map(cell).collect::<Vec<_>>()).collect::<Vec<_>>(),
            "truncated": rows.truncated,
        }),
        Err(sql::Error::Denied(why)) => json!({"denied": why}),
        Err(sql::Error::Statement(why)) => json!({"statement": why}),
        Err(sql::Error::TooLarge(why)) => json!({"tooLarge": why}),
        Err(sql::Error::Unavailable(why)) => json!({"unavailable": why}),
    }
}

fn cell(value: &sql::Value) -> Value {
    match value {
        sql::Value::Null => Value::Null,
        sql::Value::Integer(number) => json!(number),
        sql::Value::Real(number) => json!(number),
        sql::Value::Text(text) => json!(text),
        sql::Value::Blob(bytes) => json!({"blob": bytes}),
    }
}

fn file(input: &Value) -> Value {
    let (directory, path) = (text(input, "directory"), text(input, "path"));
    let content = content(input, "content");
    let done = match text(input, "do") {
        "read" => files::read(directory, path).map(|bytes| json!(String::from_utf8_lossy(&bytes))),
        "write" => files::write(directory, path, &content).map(|()| json!("done")),
        "create-new" => files::create_new(directory, path, &content).map(|()| json!("done")),
        "stat" => files::stat(directory, path)
            .map(|metadata| json!({"size": metadata.size, "isDirectory": metadata.is_directory})),
        "list" => files::list(directory, path)
            .map(|entries| json!(entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>())),
        "remove" => files::remove(directory, path).map(|()| json!("done")),
        other => return json!({"unknown": other}),
    };
    match done {
        Ok(value) => value,
        Err(files::Error::Denied(why)) => json!({"denied": why}),
        Err(files::Error::NotFound(why)) => json!({"notFound": why}),
        Err(files::Error::Exists(why)) => json!({"exists": why}),
        Err(files::Error::TooLarge(why)) => json!({"tooLarge": why}),
        Err(files::Error::Invalid(why)) => json!({"invalid": why}),
        Err(files::Error::Unavailable(why)) => json!({"unavailable": why}),
    }
}

export!(Grants);
