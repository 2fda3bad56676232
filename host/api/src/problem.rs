//! Refusals: `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use stepwell_engine::Error;

/// Why a request is refused.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Option<String>,
    retry_after: Option<Duration>,
    members: Map<String, Value>,
}

impl Problem {
    /// `kind` ends the type, `urn:stepwell:problem:KIND`; the title is the same for the kind always.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title, detail: None, retry_after: None, members: Map::new() }
    }

    /// What is wrong with this very request, and what to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Another member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// When trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    fn body(&self, instance: Option<&str>) -> String {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(format!("urn:stepwell:problem:{}", self.kind)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        if let Some(detail) = &self.detail {
            body.insert("detail".to_owned(), json!(detail));
        }
        if let Some(instance) = instance {
            body.insert("instance".to_owned(), json!(instance));
        }
        body.extend(self.members.clone());
        Value::Object(body).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body(None)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Adds the path to a problem and the headers that every answer carries.
pub(crate) async fn complete(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let body = problem.body(Some(&path));
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = body.into();
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let problem = match error {
            Error::UnknownWorkflow { .. } => {
                Self::new(StatusCode::NOT_FOUND, "unknown-workflow", "There is no such workflow")
            }
            Error::UnknownExecution { .. } => {
                Self::new(StatusCode::NOT_FOUND, "unknown-execution", "There is no such execution")
            }
            Error::UnknownMapRun { .. } => {
                Self::new(StatusCode::NOT_FOUND, "unknown-map-run", "There is no such map run")
            }
            Error::MapRunClosed { .. } => Self::new(StatusCode::CONFLICT, "map-run-closed", "The map run has ended"),
            Error::LimitInvalid { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-limit", "A limit cannot have this value")
            }
            Error::NameTaken { id, .. } => {
                Self::new(StatusCode::CONFLICT, "name-taken", "Another execution has this name").with("execution", id)
            }
            Error::NameInvalid { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "invalid-name", "The execution's name is not allowed")
            }
            Error::InputTooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "input-too-large", "The input is too large")
            }
            Error::InputTooDeep => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "input-too-deep", "The input nests too deep")
            }
            Error::AlreadyClosed { .. } => {
                Self::new(StatusCode::CONFLICT, "already-closed", "The execution is not running any more")
            }
            Error::CursorInvalid => {
                Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", "A parameter of the query is not valid")
            }
            Error::Throttled { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", "The host takes no more for now")
                    .retry_after(retry_after)
            }
            Error::Draining => Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", "The host is shutting down")
                .retry_after(Duration::from_secs(5)),
            Error::ReadOnly(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "read-only", "The host cannot write for now")
                    .retry_after(Duration::from_secs(10))
            }
            Error::SetAside { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "set-aside", "The execution is set aside")
            }
            Error::Store(_) | Error::Stopped => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", "The host's store failed")
            }
        };
        problem.detail(detail)
    }
}
