//! Looking at executions: everything is read from the store, so whoever was given an answer
//! reads what it said.

use stepwell_asl::expr::Value;
use stepwell_asl::{Failure, HistoryEvent, Status as FoldedStatus, Timestamp};
use stepwell_store::{CallLog, ChildQuery, ExecutionRow, Status, StatusCounts, Store};

use crate::Error;
use crate::map_runs::run_id;
use crate::names::ExecutionNames;
use crate::recovery::fold;
use crate::workflows::Workflows;

/// Most executions on one page of a listing.
pub const PAGE_ROWS_MAX: usize = 1000;

/// An execution as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionSummary {
    pub id: String,
    pub arn: String,
    pub workflow: String,
    pub name: String,
    pub status: Status,
    pub started_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// An execution with its input and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionView {
    pub id: String,
    pub arn: String,
    pub workflow: String,
    pub name: String,
    pub status: Status,
    pub started_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub input: Value,
    /// When it succeeded.
    pub output: Option<Value>,
    /// When it failed, timed out or was aborted.
    pub failure: Option<Failure>,
    pub definition_digest: String,
    /// Id of the map run whose child it is.
    pub map_run: Option<String>,
}

/// Which executions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    pub workflow: Option<String>,
    pub status: Option<Status>,
    /// Id or ARN of a map run: its child executions, in the order of their items. Other listings
    /// leave child executions out. `workflow` does not matter then.
    pub map_run: Option<String>,
    /// At most [`PAGE_ROWS_MAX`]; 0 stands for 100.
    pub limit: usize,
    /// Where a page before said to go on.
    pub cursor: Option<String>,
}

/// A page of a listing, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub executions: Vec<ExecutionSummary>,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
}

/// Reads for the engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub store: &'a dyn Store,
    pub workflows: &'a Workflows,
    pub names: &'a ExecutionNames,
}

impl Reader<'_> {
    /// The row of an execution by id or ARN.
    pub fn row(&self, id_or_arn: &str) -> Result<ExecutionRow, Error> {
        let row = match ExecutionNames::parse_execution_arn(id_or_arn) {
            Some((workflow, name)) => self.store.execution_by_name(workflow, name)?,
            None => self.store.execution(id_or_arn)?,
        };
        row.ok_or_else(|| Error::UnknownExecution { id: id_or_arn.to_owned() })
    }

    pub fn execution(&self, id_or_arn: &str) -> Result<ExecutionView, Error> {
        let row = self.row(id_or_arn)?;
        let folded = fold(self.store, self.workflows, &row)?;
        // The journal may have grown since the row was read: the fold says how it stands.
        let (status, output, failure) = match folded.execution.status() {
            FoldedStatus::Running => (Status::Running, None, None),
            FoldedStatus::Succeeded { output } => (Status::Succeeded, Some(output.clone()), None),
            FoldedStatus::Failed(failure) => (Status::Failed, None, Some(failure.clone())),
            FoldedStatus::TimedOut(failure) => (Status::TimedOut, None, Some(failure.clone())),
            FoldedStatus::Aborted(failure) => (Status::Aborted, None, Some(failure.clone())),
        };
        let summary = self.summary(&row);
        Ok(ExecutionView {
            id: summary.id,
            arn: summary.arn,
            workflow: summary.workflow,
            name: summary.name,
            status,
            started_at: summary.started_at,
            closed_at: (status != Status::Running).then_some(folded.last_at),
            input: folded.start.input,
            output,
            failure,
            definition_digest: row.definition_digest,
            map_run: row.child.map(|child| child.map_run),
        })
    }

    pub fn history(&self, id_or_arn: &str) -> Result<Vec<HistoryEvent>, Error> {
        let row = self.row(id_or_arn)?;
        Ok(fold(self.store, self.workflows, &row)?.events)
    }

    pub fn call_logs(&self, id_or_arn: &str) -> Result<Vec<CallLog>, Error> {
        let row = self.row(id_or_arn)?;
        Ok(self.store.call_logs(&row.id)?)
    }

    pub fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, Error> {
        Ok(self.store.count(workflow)?)
    }

    pub fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        let limit = if query.limit == 0 { 100 } else { query.limit.min(PAGE_ROWS_MAX) };
        if let Some(run) = &query.map_run {
            return self.children(run_id(run), query, limit);
        }
        let after = query.cursor.as_deref().map(read_cursor).transpose()?;
        let mut rows = self.store.list(&stepwell_store::ListQuery {
            workflow: query.workflow.clone(),
            status: query.status,
            after,
            limit: limit + 1,
        })?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| format!("{}.{}", row.started_at_micros, row.id));
        Ok(Page { executions: rows.iter().map(|row| self.summary(row)).collect(), next })
    }

    fn children(&self, run: &str, query: &ListQuery, limit: usize) -> Result<Page, Error> {
        let after = query.cursor.as_deref().map(str::parse).transpose().map_err(|_| Error::CursorInvalid)?;
        if self.store.map_run(run)?.is_none() {
            return Err(Error::UnknownMapRun { id: run.to_owned() });
        }
        let query = ChildQuery { map_run: run.to_owned(), status: query.status, after, limit: limit + 1 };
        let mut rows = self.store.children(&query)?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more).and_then(|row| row.child.as_ref());
        let next = last.map(|child| child.index.to_string());
        Ok(Page { executions: rows.iter().map(|row| self.summary(row)).collect(), next })
    }

    fn summary(&self, row: &ExecutionRow) -> ExecutionSummary {
        ExecutionSummary {
            id: row.id.clone(),
            arn: self.names.execution_arn(&row.workflow, &row.name),
            workflow: row.workflow.clone(),
            name: row.name.clone(),
            status: row.status,
            started_at: Timestamp::from_micros(row.started_at_micros),
            closed_at: row.closed_at_micros.map(Timestamp::from_micros),
        }
    }
}

fn read_cursor(cursor: &str) -> Result<(i64, String), Error> {
    let (started, id) = cursor.split_once('.').ok_or(Error::CursorInvalid)?;
    Ok((started.parse().map_err(|_| Error::CursorInvalid)?, id.to_owned()))
}
