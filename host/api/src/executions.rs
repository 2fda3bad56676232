//! Looking at executions, and stopping them.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use stepwell_engine::{Engine, Error, ListQuery, PAGE_ROWS_MAX, Status};

use crate::query::{Parameters, invalid};
use crate::{App, Problem, body, wire};

/// Rows on a page of executions, when the request does not say.
pub const LIST_ROWS_DEFAULT: usize = 100;

/// Events on a page of history, when the request does not say.
pub const HISTORY_EVENTS_DEFAULT: u64 = 1000;

/// Most events on a page of history.
pub const HISTORY_EVENTS_MAX: u64 = 10_000;

/// When to ask again for the result of an execution that is still running.
const RESULT_RETRY_AFTER: Duration = Duration::from_secs(1);

pub(crate) async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<wire::Executions>, Problem> {
    let parameters = parameters.only(&["workflow", "status", "mapRun", "limit", "cursor"])?;
    let status = parameters.text("status").map(status_named).transpose()?;
    let limit_max = u64::try_from(PAGE_ROWS_MAX).unwrap_or(u64::MAX);
    let limit = parameters.number("limit", 1, limit_max)?;
    let query = ListQuery {
        workflow: parameters.text("workflow").map(str::to_owned),
        status,
        map_run: parameters.text("mapRun").map(str::to_owned),
        limit: limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIST_ROWS_DEFAULT),
        cursor: parameters.text("cursor").map(str::to_owned),
    };
    let page = reading(&app, move |engine| engine.list(&query)).await?;
    let executions = page.executions.iter().map(wire::Summary::of).collect();
    Ok(Json(wire::Executions { executions, next: page.next }))
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<wire::Execution>, Problem> {
    let view = reading(&app, move |engine| engine.execution(&id)).await?;
    Ok(Json(wire::Execution::of(&view)))
}

/// 200 with the output itself, 202 with the execution while it runs, 422 when it did not succeed.
pub(crate) async fn result(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let view = reading(&app, move |engine| engine.execution(&id)).await?;
    match view.status {
        Status::Running => {
            let wait = HeaderValue::from(RESULT_RETRY_AFTER.as_secs());
            let answer = Json(wire::Execution::of(&view));
            Ok((StatusCode::ACCEPTED, [(header::RETRY_AFTER, wait)], answer).into_response())
        }
        Status::Succeeded => Ok(Json(view.output.unwrap_or_default()).into_response()),
        Status::Failed | Status::TimedOut | Status::Aborted => {
            let execution = wire::Execution::of(&view);
            let what = match (&execution.error, &execution.cause) {
                (Some(error), Some(cause)) => format!("{error}: {cause}"),
                (Some(text), None) | (None, Some(text)) => text.clone(),
                (None, None) => "it says neither error nor cause".to_owned(),
            };
            let mut problem =
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "execution-failed", "The execution did not succeed")
                    .detail(what)
                    .with("execution", execution.id)
                    .with("executionStatus", execution.status);
            if let Some(error) = execution.error {
                problem = problem.with("error", error);
            }
            if let Some(cause) = execution.cause {
                problem = problem.with("cause", cause);
            }
            Err(problem)
        }
    }
}

pub(crate) async fn history(
    State(app): State<App>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<wire::History>, Problem> {
    let parameters = parameters.only(&["after", "limit"])?;
    let after = parameters.number("after", 0, u64::MAX)?.unwrap_or(0);
    let limit = parameters.number("limit", 1, HISTORY_EVENTS_MAX)?.unwrap_or(HISTORY_EVENTS_DEFAULT);
    let all = reading(&app, move |engine| engine.history(&id)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut rest = all.iter().filter(|event| event.id > after);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = page.last().map(|event| event.id).filter(|_| rest.next().is_some());
    Ok(Json(wire::History { events: page.iter().map(|event| event.to_json()).collect(), next }))
}

pub(crate) async fn logs(State(app): State<App>, Path(id): Path<String>) -> Result<Json<wire::Logs>, Problem> {
    let logs = reading(&app, move |engine| engine.call_logs(&id)).await?;
    let logs = logs.into_iter().map(|log| wire::CallLog { call: log.call, dispatch: log.dispatch, text: log.text });
    Ok(Json(wire::Logs { logs: logs.collect() }))
}

pub(crate) async fn stop(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<wire::Stopped>, Problem> {
    let body = body::optional_object(request).await?;
    let members = body::members(&body, &["error", "cause"])?;
    let error = body::text(members, "error")?.map(str::to_owned);
    let cause = body::text(members, "cause")?.map(str::to_owned);
    // The engine knows running executions by id; an ARN may be given as well.
    let id = reading(&app, move |engine| engine.execution(&id)).await?.id;
    Ok(Json(wire::Stopped::at(app.engine.stop(&id, error, cause).await?)))
}

/// Reads off the runtime's threads: the store waits for the disk.
pub(crate) async fn reading<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&Engine) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let engine = app.engine.clone();
    match tokio::task::spawn_blocking(move || read(&engine)).await {
        Ok(answer) => Ok(answer?),
        Err(error) => {
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "The host made a mistake")
                .detail(error.to_string()))
        }
    }
}

fn status_named(name: &str) -> Result<Status, Problem> {
    let names: Vec<&str> = Status::ALL.iter().map(|status| status.name()).collect();
    let wanted = name.to_ascii_uppercase();
    Status::from_name(&wanted)
        .ok_or_else(|| invalid(format!("there is no status \"{name}\"; there are: {}", names.join(", "))))
}
