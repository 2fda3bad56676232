//! The output of a map run, out of what became of its child executions, on threads that may wait
//! for a disk. They are read in the order of their indices, a page at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stepwell_asl::expr::{Value, json_bytes_within};
use stepwell_asl::limits::PAYLOAD_BYTES_MAX;
use stepwell_asl::{Failure, MapRun, Timestamp, WriteResults as Writer};
use stepwell_items::{Outcome, Results, Status as Ended, transform};
use stepwell_objects::Objects;
use stepwell_store::{ChildQuery, ExecutionRow, Status, Store};

use crate::journal::{Record, can_be_read_again, decode};
use crate::map_runs::{ChildEnd, run_id};
use crate::names::ExecutionNames;

/// Child executions that are read at once when a run ends.
const RESULTS_PAGE_ROWS: usize = 256;

/// A run whose child executions have all ended.
#[derive(Debug)]
pub(crate) struct WriteResults {
    /// Id of the run.
    pub run: Arc<str>,
    pub spec: Arc<MapRun>,
    /// What the run fails with whatever becomes of its results.
    pub failure: Option<Failure>,
}

/// What the thread works with.
pub(crate) struct Desk {
    pub store: Arc<dyn Store>,
    pub objects: Arc<dyn Objects>,
    pub names: ExecutionNames,
    pub stop: Arc<AtomicBool>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Written {
    pub outcome: Result<Value, Failure>,
    /// Child executions and items whose results are in objects.
    pub executions: u64,
    pub items: u64,
}

impl Desk {
    /// The output of the run, or what it fails with. The results of a run that fails are still
    /// exported, when it has a `ResultWriter`: one that cannot do so does not change the failure.
    pub fn write(&self, order: &WriteResults) -> Written {
        let mut written = Written { outcome: Ok(Value::Null), executions: 0, items: 0 };
        let exporting = order.spec.writer.as_ref().filter(|writer| writer.resource.is_some());
        let outcome = match (exporting, &order.failure) {
            (Some(writer), _) => self.export(order, writer, &mut written),
            (None, None) => self.collect(order),
            (None, Some(failure)) => Err(failure.clone()),
        };
        written.outcome = match &order.failure {
            Some(failure) => Err(failure.clone()),
            None => outcome,
        };
        written
    }

    fn export(&self, order: &WriteResults, writer: &Writer, written: &mut Written) -> Result<Value, Failure> {
        let objects = Arc::clone(&self.objects);
        let run = run_id(&order.spec.arn);
        let mut results =
            Results::new(objects, &writer.arguments, &writer.config, &order.spec.arn, run).map_err(unwritten)?;
        self.each(order, |outcome, items| {
            results.push(outcome).map_err(unwritten)?;
            written.executions += 1;
            written.items += items;
            Ok(())
        })?;
        results.finish().map_err(unwritten)
    }

    /// What an output may have and no more is held: the first result beyond ends it.
    fn collect(&self, order: &WriteResults) -> Result<Value, Failure> {
        let config = order.spec.writer.as_ref().map_or(Value::Null, |writer| writer.config.clone());
        let (mut results, mut text, mut bytes) = (Vec::new(), None::<String>, 2);
        self.each(order, |outcome, _| {
            let made = transform(&config, std::slice::from_ref(outcome)).map_err(unwritten)?;
            let made_bytes = json_bytes_within(&made, PAYLOAD_BYTES_MAX).map_err(|_| order.spec.too_large())?;
            // Two of those are brackets or quotation marks; a comma stands behind all but the last.
            let comma = usize::from(made.as_array().is_some_and(|some| !some.is_empty()));
            bytes += made_bytes.saturating_sub(2) + comma;
            if bytes > PAYLOAD_BYTES_MAX + comma {
                return Err(order.spec.too_large());
            }
            match made {
                Value::String(lines) => text.get_or_insert_default().push_str(&lines),
                Value::Array(some) => results.extend(some.iter().cloned()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
            }
            Ok(())
        })?;
        let output = match text {
            Some(text) => Value::from(text),
            None if results.is_empty() => transform(&config, &[]).map_err(unwritten)?,
            None => Value::array(results),
        };
        if can_be_read_again(&output) { Ok(output) } else { Err(order.spec.too_large()) }
    }

    /// Gives each child execution and its number of items to `take`, in order.
    fn each(
        &self,
        order: &WriteResults,
        mut take: impl FnMut(&Outcome<'_>, u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let machine_arn = self.names.machine_arn(&order.spec.machine_name);
        let mut query =
            ChildQuery { map_run: order.run.to_string(), limit: RESULTS_PAGE_ROWS, ..ChildQuery::default() };
        loop {
            let rows = self.store.children(&query).map_err(unread)?;
            for row in &rows {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(Failure::new(WRITER_FAILED, "the host goes down"));
                }
                let Some(child) = &row.child else { continue };
                self.one(row, &machine_arn, |outcome| take(outcome, child.items))?;
                query.after = Some(child.index);
            }
            if rows.len() < query.limit {
                return Ok(());
            }
        }
    }

    fn one(
        &self,
        row: &ExecutionRow,
        machine_arn: &str,
        take: impl FnOnce(&Outcome<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let end = match self.store.outcome(&row.id).map_err(unread)? {
            Some(body) => ChildEnd::decode(&body).map_err(|error| damaged(row, &error.to_string()))?,
            // It was set aside: nobody knows how it would have ended.
            None => ChildEnd { output: None, error: None, cause: Some("the execution is set aside".into()) },
        };
        let output = end.output.as_ref().map(Value::to_string);
        let failure = stepwell_items::Failure { error: end.error.as_deref(), cause: end.cause.as_deref() };
        let status = match (row.status, &output) {
            (Status::Succeeded, Some(output)) => Ended::Succeeded { output },
            (Status::Succeeded, None) => return Err(damaged(row, "it has no output")),
            (Status::Failed | Status::Running, _) => Ended::Failed(failure),
            (Status::TimedOut, _) => Ended::TimedOut(failure),
            (Status::Aborted, _) => Ended::Aborted(failure),
        };
        take(&Outcome {
            name: &row.name,
            execution_arn: &self.names.execution_arn(&row.workflow, &row.name),
            machine_arn,
            input: &self.input(row)?,
            status,
            started_micros: row.started_at_micros,
            stopped_micros: row.closed_at_micros.unwrap_or(row.started_at_micros),
            redrive_count: 0,
        })
    }

    /// The text of an execution's input, which stands in its first entry alone.
    fn input(&self, row: &ExecutionRow) -> Result<String, Failure> {
        let entries = self.store.journal(&row.id, 0, 1).map_err(unread)?;
        let first = entries.first().ok_or_else(|| damaged(row, "its journal is empty"))?;
        let (record, _) = decode(first.number, Timestamp::from_micros(first.at_micros), &first.body)
            .map_err(|error| damaged(row, &error.to_string()))?;
        match record {
            Record::Started(start) => Ok(start.input.to_string()),
            Record::Input(_) | Record::Redispatched { .. } | Record::Parked { .. } => {
                Err(damaged(row, "its journal does not begin with a start"))
            }
        }
    }
}

const WRITER_FAILED: &str = "States.ResultWriterFailed";

fn unwritten(error: stepwell_items::Error) -> Failure {
    Failure::new(WRITER_FAILED, error.to_string())
}

fn unread(error: stepwell_store::Error) -> Failure {
    Failure::new(WRITER_FAILED, format!("what became of the child executions cannot be read: {error}"))
}

fn damaged(row: &ExecutionRow, reason: &str) -> Failure {
    Failure::new(WRITER_FAILED, format!("what became of the child execution {} cannot be read: {reason}", row.id))
}
