//! What there is, and whether the host is well.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::query::Parameters;
use crate::{App, Problem, wire};

pub(crate) async fn workflows(State(app): State<App>) -> Json<wire::Workflows> {
    Json(wire::Workflows { workflows: app.engine.workflows().iter().map(wire::Workflow::of).collect() })
}

pub(crate) async fn workflow(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<wire::WorkflowWithDefinition>, Problem> {
    let found = app.engine.workflows().into_iter().find(|workflow| workflow.name == name);
    match found {
        Some(workflow) => Ok(Json(wire::WorkflowWithDefinition::of(&workflow))),
        None => Err(stepwell_engine::Error::UnknownWorkflow { name }.into()),
    }
}

pub(crate) async fn tasks(State(app): State<App>) -> Json<wire::Tasks> {
    Json(wire::Tasks { tasks: app.tasks.to_vec() })
}

/// The process answers: that is all it says.
pub(crate) async fn livez() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "ok\n").into_response()
}

/// 200 when starts are taken, 503 when not.
pub(crate) async fn readyz(State(app): State<App>, parameters: Parameters) -> Result<Response, Problem> {
    let verbose = parameters.only(&["verbose"])?.is_present("verbose");
    let readiness = app.engine.ready();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if verbose {
        return Ok((status, Json(wire::Readiness::of(readiness))).into_response());
    }
    let text = if readiness.ready { "ok\n" } else { "not ready\n" };
    Ok((status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
