//! Distributed Maps: their items become executions of their own, which the host runs.

use std::sync::Arc;

use stepwell_expr::Value;

use super::query::Subject;
use super::run::{Done, Step};
use super::thread::{Phase, ThreadIx};
use crate::machine::{Amount, Batcher, Distributed, MapState, Payload, Reader, State, Writer};
use crate::map_run::View;
use crate::{Batch, Effect, EventKind, Failure, Items, MapRun, ReadItems, RunId, WriteResults};

/// What a Map has found out about its items before it starts.
pub(super) struct Prepared {
    /// The effective input.
    pub(super) input: Value,
    /// None where they are read by the host.
    pub(super) items: Arc<Vec<Value>>,
    /// Whether they are the members of an object, each `{"Key", "Value"}`.
    pub(super) is_keyed: bool,
    pub(super) concurrency: u64,
}

impl Step<'_> {
    /// Starts the map run of a Map that has told the history that it started.
    pub(super) fn run_map(
        &mut self,
        at: ThreadIx,
        state: &State,
        map: &MapState,
        distributed: &Distributed,
        prepared: Prepared,
    ) -> Result<Done, Failure> {
        let Prepared { input, items, is_keyed, concurrency } = prepared;
        let (tolerated_count, tolerated_percentage) = self.thresholds(at, state, map)?;
        let items = match &distributed.reader {
            Some(reader) => Items::Read(self.read_items(at, state, reader, &input)?),
            None => Items::Given(items),
        };
        let batch = match &distributed.batcher {
            Some(batcher) => Some(self.batch(at, state, batcher, &input)?),
            None => None,
        };
        let writer = match &distributed.writer {
            Some(writer) => Some(self.write_results(at, state, writer, &input)?),
            None => None,
        };
        let (arn, machine_name) = self.run_names(distributed);
        self.started(at, EventKind::MapRunStarted { arn: Arc::clone(&arn) });
        let thread = self.thread(at)?;
        let view = View {
            state: thread.state,
            entered_event: thread.entered_event,
            input,
            context: self.context(at, state),
            variables: self.variables(at),
            seed: 0,
            at: self.at,
        };
        let run = RunId(thread.last_event);
        let view = View { seed: self.fold.entropy.next_u64(), ..view };
        if self.fold.exhausted {
            return Ok(Done::Blocked);
        }
        let run = Arc::new(MapRun {
            run,
            arn,
            machine_name,
            state_name: Arc::clone(&state.name),
            processor: distributed.pointer.as_str().into(),
            child: distributed.child,
            items,
            max_concurrency: concurrency,
            tolerated_count,
            tolerated_percentage,
            batch,
            writer,
            is_keyed,
            view,
        });
        self.fold.runs.insert(run.run, at);
        self.effect(Effect::RunMap(Arc::clone(&run)));
        self.block(at, Phase::Running(run));
        Ok(Done::Blocked)
    }

    /// The ARN of a new map run, and the name of the machine of its child executions. A child
    /// execution's own map runs are named after the workflow that it belongs to.
    fn run_names(&mut self, distributed: &Distributed) -> (Arc<str>, Arc<str>) {
        let name = Arc::clone(&self.fold.start.machine_name);
        let name = name.split_once('/').map_or(&*name, |(name, _)| name);
        let label = match &distributed.label {
            Some(label) => label.to_string(),
            None => self.fold.entropy.uuid_v4(),
        };
        let run = self.fold.entropy.uuid_v4();
        let about = &self.fold.about;
        let arn = format!("arn:aws:states:{}:{}:mapRun:{name}/{label}:{run}", about.region, about.account);
        (arn.into(), format!("{name}/{label}").into())
    }

    pub(super) fn run_ended(&mut self, run: RunId, outcome: Result<Value, Failure>) {
        let Some(at) = self.fold.runs.remove(&run) else { return };
        let Some(thread) = self.fold.threads.get(at) else { return };
        let state = self.machine.state(thread.state);
        let outcome = outcome.and_then(|output| self.fitting(at, state, output, &state.name));
        match outcome {
            Ok(results) => {
                self.started(at, EventKind::MapRunSucceeded);
                self.block(at, Phase::Joined(results));
                self.fold.ready.push_back(at);
            }
            Err(failure) => {
                self.started(at, EventKind::MapRunFailed { failure: failure.clone() });
                self.fail(at, failure);
            }
        }
        self.run();
    }

    pub(super) fn run_adjusted(
        &mut self,
        run: RunId,
        max_concurrency: Option<u64>,
        tolerated_count: Option<u64>,
        tolerated_percentage: Option<f64>,
    ) {
        let Some(at) = self.fold.runs.get(&run).copied() else { return };
        let Some(thread) = self.fold.threads.get_mut(at) else { return };
        let Phase::Running(running) = &mut thread.phase else { return };
        let adjusted = Arc::make_mut(running);
        adjusted.max_concurrency = max_concurrency.unwrap_or(adjusted.max_concurrency);
        adjusted.tolerated_count = tolerated_count.or(adjusted.tolerated_count);
        adjusted.tolerated_percentage = tolerated_percentage.or(adjusted.tolerated_percentage);
        let running = Arc::clone(running);
        self.effect(Effect::AdjustRun(running));
    }

    pub(super) fn read_items(
        &mut self,
        at: ThreadIx,
        state: &State,
        reader: &Reader,
        input: &Value,
    ) -> Result<ReadItems, Failure> {
        let arguments = self.arguments(at, state, reader.arguments.as_ref(), "ItemReader/Arguments", input)?;
        let mut config =
            self.query(at, state, &reader.config.fields, "ItemReader/ReaderConfig", Subject::Input(input))?;
        if let Some(max_items) = &reader.config.max_items {
            let most = self.amount(at, state, max_items, "MaxItems", "MaxItemsPath")?;
            let mut map = config.as_object().cloned().unwrap_or_default();
            map.remove("MaxItemsPath");
            map.insert("MaxItems", Value::from(i64::try_from(most).unwrap_or(i64::MAX)));
            config = Value::Object(Arc::new(map));
        }
        Ok(ReadItems { resource: Arc::clone(&reader.resource), arguments, config })
    }

    pub(super) fn batch(
        &mut self,
        at: ThreadIx,
        state: &State,
        batcher: &Batcher,
        input: &Value,
    ) -> Result<Batch, Failure> {
        let items_max = match &batcher.items {
            Some(amount) => Some(self.amount(at, state, amount, "MaxItemsPerBatch", "MaxItemsPerBatchPath")?),
            None => None,
        };
        let bytes_max = match &batcher.bytes {
            Some(amount) => {
                Some(self.amount(at, state, amount, "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")?)
            }
            None => None,
        };
        let given = match &batcher.input {
            Some(_) => Some(self.arguments(at, state, batcher.input.as_ref(), "ItemBatcher/BatchInput", input)?),
            None => None,
        };
        Ok(Batch { items_max, bytes_max, input: given })
    }

    pub(super) fn write_results(
        &mut self,
        at: ThreadIx,
        state: &State,
        writer: &Writer,
        input: &Value,
    ) -> Result<WriteResults, Failure> {
        let arguments = self.arguments(at, state, writer.arguments.as_ref(), "ResultWriter/Arguments", input)?;
        Ok(WriteResults { resource: writer.resource.clone(), arguments, config: writer.config.clone() })
    }

    /// A payload of one of the Map's own fields; null where it has none.
    fn arguments(
        &mut self,
        at: ThreadIx,
        state: &State,
        payload: Option<&Payload>,
        field: &str,
        input: &Value,
    ) -> Result<Value, Failure> {
        let value = match payload {
            None => return Ok(Value::Null),
            Some(Payload::Template(template)) => self.fill(at, state, template, input)?,
            Some(Payload::Query(query)) => self.query(at, state, query, field, Subject::Input(input))?,
        };
        self.fitting(at, state, value, &state.name)
    }

    fn amount(
        &mut self,
        at: ThreadIx,
        state: &State,
        amount: &Amount<u64>,
        name: &str,
        path_name: &str,
    ) -> Result<u64, Failure> {
        match amount {
            Amount::Fixed(n) => Ok(*n),
            Amount::Path(path) => self.whole_at(at, state, path, name, path_name),
            Amount::Query(query) => self.query_whole(at, state, query, name),
        }
    }
}
