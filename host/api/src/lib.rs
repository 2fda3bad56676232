//! HTTP: routes, executions, progress. Wire types and no logic.
//!
//! | request | answer |
//! |---|---|
//! | `POST {route}` | 202, the execution's id and links; `Location` |
//! | `POST /api/v1/workflows/{name}/executions` | the same, from `{"name"?, "input"?}` |
//! | `GET /api/v1/executions?workflow=&status=&limit=&cursor=` | a page, newest first |
//! | `GET /api/v1/executions?mapRun=&status=&limit=&cursor=` | child executions of a map run, in the order of its items |
//! | `GET /api/v1/executions/{id}` | the execution; `{id}` is an id or an ARN |
//! | `GET /api/v1/executions/{id}/result` | 200 the output, 202 still running, 422 it failed |
//! | `GET /api/v1/executions/{id}/history?after=&limit=` | history events in order |
//! | `GET /api/v1/executions/{id}/events` | the same as server-sent events, live |
//! | `GET /api/v1/executions/{id}/logs` | what its tasks wrote |
//! | `POST /api/v1/executions/{id}/stop` | stops it, from `{"error"?, "cause"?}` |
//! | `GET /api/v1/executions/{id}/map-runs` | the map runs of an execution |
//! | `GET /api/v1/map-runs/{id}` | a map run; `{id}` is an id or an ARN |
//! | `PATCH /api/v1/map-runs/{id}` | changes its limits, from `{"maxConcurrency"?, "toleratedFailureCount"?, "toleratedFailurePercentage"?}` |
//! | `GET /api/v1/workflows`, `/api/v1/workflows/{name}`, `/api/v1/tasks` | what there is |
//! | `GET /livez`, `/readyz?verbose` | health |
//!
//! Every refusal is `application/problem+json` (RFC 9457), and nothing is started then. A
//! repeated start is known by its `Idempotency-Key` header, which becomes the execution's
//! name: with the same input it answers with the execution that there is.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod body;
mod events;
mod executions;
mod guard;
mod info;
mod map_runs;
mod problem;
mod query;
mod serve;
mod start;
pub mod wire;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use stepwell_engine::Engine;
use tower_http::catch_panic::CatchPanicLayer;

pub use body::{BODY_BYTES_MAX, BODY_SECONDS_MAX};
pub use events::KEEP_ALIVE_SECONDS;
pub use executions::{HISTORY_EVENTS_DEFAULT, HISTORY_EVENTS_MAX, LIST_ROWS_DEFAULT};
pub use problem::Problem;
pub use serve::{HEADER_SECONDS_MAX, HEADERS_MAX, serve};
pub use wire::Task;

/// A path of the project file that starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `POST`.
    pub method: String,
    /// Literal, from the first slash on.
    pub path: String,
    /// The workflow's name.
    pub start: String,
}

/// What the router is told beside the engine.
#[derive(Debug, Clone, Default)]
pub struct ApiOptions {
    pub routes: Vec<Route>,
    /// What `GET /api/v1/tasks` lists.
    pub tasks: Vec<Task>,
    /// The host names by which requests may come (without port); empty: any. A host that
    /// listens on loopback names loopback here, so that no web page can reach it through a
    /// name of its own that resolves to loopback.
    pub allowed_hosts: Vec<String>,
}

impl ApiOptions {
    /// The names of loopback, for [`ApiOptions::allowed_hosts`].
    #[must_use]
    pub fn loopback_hosts() -> Vec<String> {
        ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct App {
    engine: Engine,
    tasks: Arc<Vec<Task>>,
    allowed_hosts: Arc<Vec<String>>,
}

/// All of the API on one engine.
pub fn router(engine: Engine, options: ApiOptions) -> Router {
    let app = App { engine, tasks: Arc::new(options.tasks), allowed_hosts: Arc::new(options.allowed_hosts) };
    let mut router = Router::new()
        .route("/api/v1/executions", get(executions::list))
        .route("/api/v1/executions/{id}", get(executions::show))
        .route("/api/v1/executions/{id}/result", get(executions::result))
        .route("/api/v1/executions/{id}/history", get(executions::history))
        .route("/api/v1/executions/{id}/logs", get(executions::logs))
        .route("/api/v1/executions/{id}/events", get(events::events))
        .route("/api/v1/executions/{id}/stop", post(executions::stop))
        .route("/api/v1/executions/{id}/map-runs", get(map_runs::of_execution))
        .route("/api/v1/map-runs/{id}", get(map_runs::show).patch(map_runs::adjust))
        .route("/api/v1/workflows", get(info::workflows))
        .route("/api/v1/workflows/{name}", get(info::workflow))
        .route("/api/v1/workflows/{name}/executions", post(start::by_name))
        .route("/api/v1/tasks", get(info::tasks))
        .route("/livez", get(info::livez))
        .route("/readyz", get(info::readyz));
    for route in options.routes {
        let workflow: Arc<str> = route.start.into();
        let handler = move |app, request| start::by_route(app, Arc::clone(&workflow), request);
        router = router.route(&route.path, post(handler));
    }
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(from_fn(problem::complete))
        .with_state(app)
}

async fn unknown_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown-path", "There is nothing at this path")
        .detail("the routes of the project and what is below /api/v1 are served; nothing was started")
}

async fn wrong_method(method: axum::http::Method) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "This path does not take this method")
        .detail(format!("{method} is not served here; the Allow header says what is; nothing was started"))
}

fn panicked(reason: Box<dyn Any + Send + 'static>) -> Response {
    let text = reason.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| reason.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = text, "a request handler panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "The host made a mistake")
        .detail("the request handler panicked; the log has the message")
        .into_response()
}

#[cfg(test)]
mod tests;
