//! Looking at map runs, and changing their limits.

use axum::Json;
use axum::extract::{Path, Request, State};
use stepwell_engine::MapRunChange;

use crate::{App, Problem, body, wire};

pub(crate) async fn of_execution(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<wire::MapRuns>, Problem> {
    let runs = app.engine.map_runs(&id).await?;
    Ok(Json(wire::MapRuns { map_runs: runs.iter().map(wire::MapRun::of).collect() }))
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<wire::MapRun>, Problem> {
    Ok(Json(wire::MapRun::of(&app.engine.map_run(&id).await?)))
}

/// What is not there stays as it is. The answer comes when the change is durable.
pub(crate) async fn adjust(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<wire::MapRun>, Problem> {
    let body = body::optional_object(request).await?;
    let known = ["maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"];
    let members = body::members(&body, &known)?;
    let change = MapRunChange {
        max_concurrency: body::whole(members, "maxConcurrency")?,
        tolerated_count: body::whole(members, "toleratedFailureCount")?,
        tolerated_percentage: body::number(members, "toleratedFailurePercentage")?,
    };
    Ok(Json(wire::MapRun::of(&app.engine.adjust_map_run(&id, change).await?)))
}
