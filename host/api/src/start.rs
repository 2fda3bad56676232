//! Starting executions: by a route of the project, and by a workflow's name.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use stepwell_asl::expr::Value;
use stepwell_engine::StartRequest;

use crate::{App, Problem, body, wire};

/// The header that makes a repeated start answer with the execution there is.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The body, an object, is the input.
pub(crate) async fn by_route(
    State(app): State<App>,
    workflow: Arc<str>,
    request: Request,
) -> Result<Response, Problem> {
    let name = idempotency_key(request.headers())?;
    let input = body::json(request).await?;
    if input.as_object().is_none() {
        return Err(body::wrong_type("", "an object", &input));
    }
    start(&app, StartRequest { workflow: workflow.to_string(), name, input }).await
}

/// The body is `{"name"?, "input"?}`; the input is any JSON value, `{}` without one.
pub(crate) async fn by_name(
    State(app): State<App>,
    Path(workflow): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let body = body::json(request).await?;
    let members = body::members(&body, &["name", "input"])?;
    let name = body::text(members, "name")?.map(str::to_owned);
    if let (Some(key), Some(name)) = (&key, &name)
        && key != name
    {
        return Err(invalid_key(format!("the header says \"{key}\" and the body's name \"{name}\"; send one of them")));
    }
    let input = members.get("input").cloned().unwrap_or_else(|| Value::object::<&str>([]));
    start(&app, StartRequest { workflow, name: name.or(key), input }).await
}

async fn start(app: &App, request: StartRequest) -> Result<Response, Problem> {
    let started = app.engine.start(request).await?;
    let answer = wire::Started::of(&started);
    let location = answer.links.itself.clone();
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(answer)).into_response())
}

/// The key, with the quotes of a structured header or without.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().map_err(|_| invalid_key("the header is not text".to_owned()))?.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > stepwell_engine::NAME_CHARS_MAX || !text.chars().all(allowed) {
        return Err(invalid_key(format!(
            "the key becomes the execution's name; send 1 to {} of the characters a-z A-Z 0-9 - _ .",
            stepwell_engine::NAME_CHARS_MAX
        )));
    }
    Ok(Some(text.to_owned()))
}

fn invalid_key(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-idempotency-key", "The Idempotency-Key is not valid")
        .detail(format!("{detail}; nothing was started"))
}
