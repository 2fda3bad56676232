//! Request bodies: read up to a limit and within a time, checked to be JSON.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use stepwell_asl::expr::{Map, Value};

use crate::Problem;

/// Largest body of a request (bytes).
pub const BODY_BYTES_MAX: usize = 1_048_576;

/// Longest time that a body may take to arrive (seconds).
pub const BODY_SECONDS_MAX: u64 = 30;

/// The body as a JSON value.
pub(crate) async fn json(request: Request) -> Result<Value, Problem> {
    json_within(Duration::from_secs(BODY_SECONDS_MAX), request).await
}

/// The same, when it arrives within another time.
pub(crate) async fn json_within(time: Duration, request: Request) -> Result<Value, Problem> {
    let (parts, body) = request.into_parts();
    check_content_type(&parts.headers)?;
    let bytes = collect(time, body).await?;
    if bytes.is_empty() {
        return Err(invalid_json("the body is empty; send a JSON document, at least {}; nothing was started"));
    }
    parse(&bytes)
}

/// The body as a JSON object; no body is an empty one.
pub(crate) async fn optional_object(request: Request) -> Result<Value, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = collect(Duration::from_secs(BODY_SECONDS_MAX), body).await?;
    if bytes.is_empty() {
        return Ok(Value::object::<&str>([]));
    }
    check_content_type(&parts.headers)?;
    parse(&bytes)
}

/// The members of an object, all of which must be known.
pub(crate) fn members<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Map, Problem> {
    let map = value.as_object().ok_or_else(|| wrong_type("", "an object", value))?;
    match map.keys().find(|key| !known.contains(&&***key)) {
        Some(key) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-member", "A member is not known")
            .detail(format!("the member \"{key}\" is not known here; known: {}; nothing was done", known.join(", ")))
            .with("pointer", format!("/{}", key.replace('~', "~0").replace('/', "~1")))),
        None => Ok(map),
    }
}

/// The text of a member; `null` counts as absent.
pub(crate) fn text<'a>(map: &'a Map, name: &str) -> Result<Option<&'a str>, Problem> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_type(&format!("/{name}"), "a string", other)),
    }
}

/// The whole number of a member, not below 0; `null` counts as absent.
pub(crate) fn whole(map: &Map, name: &str) -> Result<Option<u64>, Problem> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64().and_then(|number| u64::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong_type(&format!("/{name}"), "a whole number from 0 on", value)),
        },
    }
}

/// The number of a member; `null` counts as absent.
pub(crate) fn number(map: &Map, name: &str) -> Result<Option<f64>, Problem> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.as_f64())),
        Some(value) => Err(wrong_type(&format!("/{name}"), "a number", value)),
    }
}

/// A value of another kind than is needed, at a JSON pointer.
pub(crate) fn wrong_type(pointer: &str, wanted: &str, found: &Value) -> Problem {
    let place = if pointer.is_empty() { "the body" } else { pointer };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-type", "A value has the wrong type")
        .detail(format!("{place} must be {wanted}, and is of the type {}; nothing was started", found.kind()))
        .with("pointer", pointer)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("").to_ascii_lowercase());
    let essence = given.as_deref().and_then(|text| text.split(';').next()).map(str::trim);
    let is_json = |essence: &str| {
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    };
    if essence.is_some_and(is_json) {
        return Ok(());
    }
    let found = given.map_or_else(|| "there is no Content-Type".to_owned(), |given| format!("it is \"{given}\""));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-content-type", "The body must be JSON")
        .detail(format!("the Content-Type must be application/json; {found}; nothing was started")))
}

async fn collect(time: Duration, body: Body) -> Result<Vec<u8>, Problem> {
    let reading = Limited::new(body, BODY_BYTES_MAX).collect();
    match tokio::time::timeout(time, reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large").detail(format!(
                "a body may have {BODY_BYTES_MAX} bytes, and the input of an execution {}; nothing was started",
                stepwell_engine::INPUT_BYTES_MAX
            )))
        }
        Ok(Err(error)) => Err(Problem::new(StatusCode::BAD_REQUEST, "broken-body", "The body did not arrive whole")
            .detail(format!("{error}; nothing was started"))),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "slow-body", "The body took too long to arrive")
            .detail(format!("a body must arrive within {BODY_SECONDS_MAX} s; nothing was started"))),
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        invalid_json(&format!("the body is not UTF-8 from byte {} on; nothing was started", error.valid_up_to()))
    })?;
    Value::parse(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        invalid_json(&format!("{reason} at line {line}, column {column}; nothing was started"))
            .with("line", line)
            .with("column", column)
    })
}

fn invalid_json(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-json", "The body is not valid JSON").detail(detail)
}
