//! What is on the wire, converted by hand: names here are promises to clients.

use serde::Serialize;
use stepwell_asl::Timestamp;
use stepwell_asl::expr::Value;
use stepwell_engine::{ExecutionSummary, ExecutionView, MapRunView, Readiness as EngineReadiness, WorkflowInfo};

/// Where to look on.
#[derive(Debug, Clone, Serialize)]
pub struct Links {
    #[serde(rename = "self")]
    pub itself: String,
    pub result: String,
    pub history: String,
    pub events: String,
    pub logs: String,
}

impl Links {
    /// Links of the execution with this id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        let itself = format!("/api/v1/executions/{id}");
        Self {
            result: format!("{itself}/result"),
            history: format!("{itself}/history"),
            events: format!("{itself}/events"),
            logs: format!("{itself}/logs"),
            itself,
        }
    }
}

/// The answer to a start.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub workflow: String,
    pub status: &'static str,
    pub start_date: String,
    /// The same start had come before.
    pub existing: bool,
    pub links: Links,
}

impl Started {
    #[must_use]
    pub fn of(started: &stepwell_engine::Started) -> Self {
        Self {
            id: started.id.clone(),
            arn: started.arn.clone(),
            name: started.name.clone(),
            workflow: started.workflow.clone(),
            // A start is acknowledged while the execution runs, and known again only then.
            status: stepwell_engine::Status::Running.name(),
            start_date: started.started_at.to_string(),
            existing: started.existing,
            links: Links::of(&started.id),
        }
    }
}

/// An execution in full.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub workflow: String,
    pub status: &'static str,
    pub start_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_date: Option<String>,
    /// Digest of the definition it is pinned to.
    pub definition_digest: String,
    /// Id of the map run whose child it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_run: Option<String>,
    pub input: Value,
    /// When it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// When it failed, with a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    pub links: Links,
}

impl Execution {
    #[must_use]
    pub fn of(view: &ExecutionView) -> Self {
        let failure = view.failure.clone().unwrap_or_default();
        Self {
            id: view.id.clone(),
            arn: view.arn.clone(),
            name: view.name.clone(),
            workflow: view.workflow.clone(),
            status: view.status.name(),
            start_date: view.started_at.to_string(),
            stop_date: view.closed_at.map(|at| at.to_string()),
            definition_digest: view.definition_digest.clone(),
            map_run: view.map_run.clone(),
            input: view.input.clone(),
            output: view.output.clone(),
            error: failure.error.map(|text| text.to_string()),
            cause: failure.cause.map(|text| text.to_string()),
            links: Links::of(&view.id),
        }
    }
}

/// An execution in a listing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub workflow: String,
    pub status: &'static str,
    pub start_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_date: Option<String>,
}

impl Summary {
    #[must_use]
    pub fn of(row: &ExecutionSummary) -> Self {
        Self {
            id: row.id.clone(),
            arn: row.arn.clone(),
            name: row.name.clone(),
            workflow: row.workflow.clone(),
            status: row.status.name(),
            start_date: row.started_at.to_string(),
            stop_date: row.closed_at.map(|at| at.to_string()),
        }
    }
}

/// A page of executions, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct Executions {
    pub executions: Vec<Summary>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// A page of history.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// Shaped as AWS's `GetExecutionHistory` has them; times are RFC 3339 text.
    pub events: Vec<Value>,
    /// `after` of the next page.
    pub next: Option<u64>,
}

/// What the tasks of an execution wrote.
#[derive(Debug, Clone, Serialize)]
pub struct Logs {
    pub logs: Vec<CallLog>,
}

/// What one dispatch of one call wrote.
#[derive(Debug, Clone, Serialize)]
pub struct CallLog {
    /// Id of the history event that scheduled the call.
    pub call: u64,
    pub dispatch: u32,
    pub text: String,
}

/// The answer to a stop.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    pub stop_date: String,
}

impl Stopped {
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self { stop_date: instant.to_string() }
    }
}

/// The map runs of an execution.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapRuns {
    pub map_runs: Vec<MapRun>,
}

/// A map run, with the names that AWS's `DescribeMapRun` has.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapRun {
    pub id: String,
    pub map_run_arn: String,
    /// Id of the execution that it belongs to.
    pub execution: String,
    /// What its child executions call their workflow.
    pub workflow: String,
    /// The name of the Map state.
    pub state: String,
    pub status: &'static str,
    pub start_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_date: Option<String>,
    /// 0 is as many as the host runs.
    pub max_concurrency: u64,
    pub tolerated_failure_count: u64,
    pub tolerated_failure_percentage: f64,
    pub item_counts: MapRunCounts,
    pub execution_counts: MapRunCounts,
}

impl MapRun {
    #[must_use]
    pub fn of(view: &MapRunView) -> Self {
        Self {
            id: view.id.clone(),
            map_run_arn: view.arn.clone(),
            execution: view.execution.clone(),
            workflow: view.workflow.clone(),
            state: view.state.clone(),
            status: view.status.name(),
            start_date: view.started_at.to_string(),
            stop_date: view.closed_at.map(|at| at.to_string()),
            max_concurrency: view.max_concurrency,
            tolerated_failure_count: view.tolerated_count.unwrap_or(0),
            tolerated_failure_percentage: view.tolerated_percentage.unwrap_or(0.0),
            item_counts: MapRunCounts::of(&view.items),
            execution_counts: MapRunCounts::of(&view.executions),
        }
    }
}

/// How many items or child executions there are of each kind.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapRunCounts {
    pub total: u64,
    pub pending: u64,
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub aborted: u64,
    pub results_written: u64,
}

impl MapRunCounts {
    fn of(counts: &stepwell_engine::MapRunCounts) -> Self {
        Self {
            total: counts.total,
            pending: counts.pending(),
            running: counts.running,
            succeeded: counts.succeeded,
            failed: counts.failed,
            timed_out: counts.timed_out,
            aborted: counts.aborted,
            results_written: counts.results_written,
        }
    }
}

/// All workflows.
#[derive(Debug, Clone, Serialize)]
pub struct Workflows {
    pub workflows: Vec<Workflow>,
}

/// A workflow in a listing.
#[derive(Debug, Clone, Serialize)]
pub struct Workflow {
    pub name: String,
    pub arn: String,
    pub digest: String,
}

impl Workflow {
    #[must_use]
    pub fn of(info: &WorkflowInfo) -> Self {
        Self { name: info.name.clone(), arn: info.arn.clone(), digest: info.digest.clone() }
    }
}

/// A workflow with its definition's text, byte for byte.
#[derive(Debug, Clone, Serialize)]
pub struct WorkflowWithDefinition {
    pub name: String,
    pub arn: String,
    pub digest: String,
    pub definition: String,
}

impl WorkflowWithDefinition {
    #[must_use]
    pub fn of(info: &WorkflowInfo) -> Self {
        Self {
            name: info.name.clone(),
            arn: info.arn.clone(),
            digest: info.digest.clone(),
            definition: info.definition.to_string(),
        }
    }
}

/// All tasks.
#[derive(Debug, Clone, Serialize)]
pub struct Tasks {
    pub tasks: Vec<Task>,
}

/// A registered task.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub name: String,
    /// Digest of the component, `sha256:` and 64 hexadecimal digits.
    pub component: String,
    /// What the component says of itself.
    pub description: Value,
    pub timeout_seconds_default: u64,
    /// Why its calls fail at once, when it could not be loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// Why a task cannot be called.
#[derive(Debug, Clone, Serialize)]
pub struct Broken {
    pub error: String,
    pub cause: String,
}

/// `GET /readyz?verbose`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    pub ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub open_executions: u64,
}

impl Readiness {
    #[must_use]
    pub fn of(readiness: EngineReadiness) -> Self {
        Self { ready: readiness.ready, reason: readiness.reason, open_executions: readiness.open_executions }
    }
}
