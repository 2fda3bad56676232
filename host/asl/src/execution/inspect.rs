//! One state under observation: what it makes of its data on the way, and what it is told that
//! its call, its branches or its iterations came to. An ordinary step has none of this and pays
//! nothing for it.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::distributed::Prepared;
use super::fan::Listed;
use super::payload::{measured, payload_fits};
use super::run::{Done, Exit, Step};
use super::thread::ThreadIx;
use super::tolerance::{Tolerance, threshold_exceeded};
use crate::Failure;
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::machine::{Distributed, MapState, State};
use crate::map_run::{GIVEN_SOURCE, MapItem, batched, listed, with_item};

/// What an observed state is told, and what was seen of it.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    pub(crate) told: Told,
    pub(crate) seen: Seen,
}

/// What comes from whoever tests the state.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What the call, the branches or the iterations come to.
    pub(crate) mock: Option<Result<Value, Failure>>,
    /// The context object.
    pub(crate) context: Value,
    pub(crate) variables: Arc<Map>,
    /// Retries made so far, by the retrier that the failure meets.
    pub(crate) retries: u64,
    /// Iterations of the Map that failed.
    pub(crate) failed_iterations: Option<u64>,
    /// What the `ItemReader` read.
    pub(crate) read: Option<Value>,
}

/// What was seen of the state; what it did not come to is absent.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) after_input_path: Option<Value>,
    pub(crate) after_parameters: Option<Value>,
    pub(crate) after_arguments: Option<Value>,
    pub(crate) result: Option<Value>,
    pub(crate) after_result_selector: Option<Value>,
    pub(crate) after_result_path: Option<Value>,
    pub(crate) after_items_path: Option<Value>,
    pub(crate) after_items_pointer: Option<Value>,
    pub(crate) after_item_selector: Option<Value>,
    pub(crate) after_item_batcher: Option<Value>,
    pub(crate) max_concurrency: Option<u64>,
    pub(crate) tolerated_count: Option<u64>,
    pub(crate) tolerated_percentage: Option<f64>,
    /// What the state failed with at first.
    pub(crate) failure: Option<Failure>,
    /// The place of the retrier that the failure met.
    pub(crate) retrier: Option<usize>,
    /// Its delay before the next attempt, where it has one left (microseconds).
    pub(crate) retry_micros: Option<i64>,
    /// The place of the catcher that the failure met.
    pub(crate) catcher: Option<usize>,
    /// How the state was left.
    pub(crate) left: Option<Left>,
    /// More iterations are said to have failed than there are.
    pub(crate) too_many_failed: bool,
}

/// How a state was left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) output: Value,
    pub(crate) assigned: Option<Arc<Map>>,
    /// The name of the next state.
    pub(crate) next: Option<Arc<str>>,
}

impl Step<'_> {
    /// Takes note of something, if the state is under observation.
    pub(super) fn note(&mut self, note: impl FnOnce(&mut Seen)) {
        if let Some(inspection) = &mut self.inspection {
            note(&mut inspection.seen);
        }
    }

    /// What the state is told that it came to.
    pub(super) fn mocked(&self) -> Option<&Result<Value, Failure>> {
        self.inspection.as_ref()?.told.mock.as_ref()
    }

    /// The state is left; true when it is under observation, which is then at its end.
    pub(super) fn note_exit(&mut self, at: ThreadIx, exit: &Exit) -> bool {
        let next = exit.next.map(|next| Arc::clone(&self.machine.state(next).name));
        let Some(inspection) = &mut self.inspection else { return false };
        let (output, assigned) = (exit.output.clone(), exit.assigned.clone());
        inspection.seen.left = Some(Left { output, assigned, next });
        self.fold.threads.remove(at);
        true
    }

    /// A Parallel whose branches came to something without being run.
    pub(super) fn joined_without_running(
        &mut self,
        at: ThreadIx,
        state: &State,
        outcome: Result<Value, Failure>,
    ) -> Result<Done, Failure> {
        let results = self.fitting(at, state, outcome?, &state.name)?;
        Ok(self.joined(at, state, results))
    }

    /// A Map whose iterations came to something without being run. What makes their inputs is
    /// evaluated all the same.
    pub(super) fn mapped_without_running(
        &mut self,
        at: ThreadIx,
        state: &State,
        map: &MapState,
        prepared: Prepared,
        outcome: Result<Value, Failure>,
    ) -> Result<Done, Failure> {
        let Prepared { input, mut items, mut is_keyed, .. } = prepared;
        let (count, percentage) = self.thresholds(at, state, map)?;
        self.note(|seen| (seen.tolerated_count, seen.tolerated_percentage) = (count, percentage));
        let mut iterations = items.len();
        if let Some(distributed) = &map.distributed {
            let mut source = GIVEN_SOURCE.to_owned();
            if let Some(reader) = &distributed.reader {
                let read = self.read_items(at, state, reader, &input)?;
                Listed { items, is_keyed } = self.items_read(&read.config);
                iterations = items.len();
                let named = |name| read.arguments.get(name).and_then(Value::as_str).unwrap_or("");
                source = format!("S3://{}/{}", named("Bucket"), named("Key"));
            }
            let context = self.context(at, state);
            let about = |index, item: &Value| with_item(&context, listed(index, item, is_keyed, &source));
            items = self.select_items(at, state, map, &input, items, about)?;
            iterations = self.batches(at, state, distributed, &input, &items)?.unwrap_or(iterations);
            if let Some(writer) = &distributed.writer {
                self.write_results(at, state, writer, &input)?;
            }
        } else {
            let context = self.context(at, state);
            let about = |index, value: &Value| with_item(&context, MapItem { index, key: None, value, source: None });
            self.select_items(at, state, map, &input, items, about)?;
        }
        let failed = self.inspection.as_ref().and_then(|inspection| inspection.told.failed_iterations);
        if failed.is_some_and(|failed| failed > iterations as u64) {
            self.note(|seen| seen.too_many_failed = true);
        }
        let results = outcome?;
        let tolerance = Tolerance { count, percentage, failed: failed.unwrap_or(0) };
        if tolerance.is_exceeded(iterations as u64) {
            return Err(threshold_exceeded());
        }
        let results = self.fitting(at, state, results, &state.name)?;
        Ok(self.joined(at, state, results))
    }

    /// What is gone over, out of the data that were read. Text that a reader would split, such as
    /// CSV, counts as one item.
    fn items_read(&mut self, config: &Value) -> Listed {
        let told = self.inspection.as_ref().and_then(|inspection| inspection.told.read.clone());
        let Some(mut read) = told else { return Listed::default() };
        if let Some(pointer) = config.get("ItemsPointer").and_then(Value::as_str) {
            let found = pointer.split('/').skip(1).try_fold(read.clone(), |value, step| {
                let step = step.replace("~1", "/").replace("~0", "~");
                match &value {
                    Value::Object(map) => map.get(&step).cloned(),
                    Value::Array(items) => items.get(step.parse::<usize>().ok()?).cloned(),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
                }
            });
            if let Some(found) = found {
                read = found;
            }
            self.note(|seen| seen.after_items_pointer = Some(read.clone()));
        }
        match read {
            Value::Array(items) => Listed { items, is_keyed: false },
            Value::Object(members) => Listed::members(&members),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                Listed { items: Arc::new(vec![other]), is_keyed: false }
            }
        }
    }

    /// Every item as `ItemSelector` makes it; the items themselves where there is none. `about` is
    /// the context object that is about an item.
    fn select_items(
        &mut self,
        at: ThreadIx,
        state: &State,
        map: &MapState,
        input: &Value,
        items: Arc<Vec<Value>>,
        about: impl Fn(u64, &Value) -> Value,
    ) -> Result<Arc<Vec<Value>>, Failure> {
        let Some(selector) = &map.item_selector else { return Ok(items) };
        let mut selected = Vec::with_capacity(items.len());
        let mut bytes = 0_usize;
        for (index, value) in (0..).zip(items.iter()) {
            let item = self.item_selected(at, state, selector, input.clone(), about(index, value))?;
            bytes = bytes.saturating_add(measured(&item).unwrap_or(PAYLOAD_BYTES_MAX));
            selected.push(item);
        }
        let selected = Arc::new(selected);
        if bytes <= PAYLOAD_BYTES_MAX {
            self.note(|seen| seen.after_item_selector = Some(Value::Array(Arc::clone(&selected))));
        }
        Ok(selected)
    }

    /// The items in batches; how many there are, where the Map makes any.
    fn batches(
        &mut self,
        at: ThreadIx,
        state: &State,
        distributed: &Distributed,
        input: &Value,
        items: &[Value],
    ) -> Result<Option<usize>, Failure> {
        let Some(batcher) = &distributed.batcher else { return Ok(None) };
        let batch = self.batch(at, state, batcher, input)?;
        let items_max = usize::try_from(batch.items_max.unwrap_or(u64::MAX)).unwrap_or(usize::MAX).max(1);
        let bytes_max = usize::try_from(batch.bytes_max.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let mut batches: Vec<Vec<Value>> = Vec::new();
        let mut bytes = 0_usize;
        for item in items {
            let size = measured(item).unwrap_or(PAYLOAD_BYTES_MAX);
            match batches.last_mut() {
                Some(open) if open.len() < items_max && bytes.saturating_add(size) <= bytes_max => {
                    bytes = bytes.saturating_add(size);
                    open.push(item.clone());
                }
                _ => {
                    bytes = size;
                    batches.push(vec![item.clone()]);
                }
            }
        }
        let count = batches.len();
        let made: Vec<Value> = batches.into_iter().map(|items| batched(batch.input.clone(), items)).collect();
        let shown = Value::Array(Arc::new(made));
        if payload_fits(&shown) {
            self.note(|seen| seen.after_item_batcher = Some(shown));
        }
        Ok(Some(count))
    }
}
