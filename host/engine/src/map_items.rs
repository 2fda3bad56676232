//! Reading what a map run goes over, on threads that may wait for a disk: items become the
//! inputs of child executions, a page at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stepwell_asl::expr::{Value, json_bytes_within};
use stepwell_asl::limits::PAYLOAD_BYTES_MAX;
use stepwell_asl::{Failure, Items, Machine, MapItem, MapRun};
use stepwell_items::{Dataset, Item, ItemStream, stream};
use stepwell_objects::Objects;

use crate::map_runs::{Counted, Indices};

/// Most child executions of one page that is read ahead.
pub(crate) const ITEMS_PAGE_MAX: usize = 256;

/// A page ends with the input that makes it larger than this (bytes of compact JSON).
pub(crate) const ITEMS_PAGE_BYTES_MAX: usize = 524_288;

/// What is to be read for a map run.
#[derive(Debug)]
pub(crate) struct OpenItems {
    /// Id of the run.
    pub run: Arc<str>,
    pub spec: Arc<MapRun>,
    /// The machine of the execution that the run belongs to.
    pub machine: Arc<Machine>,
    /// Which child executions have begun already.
    pub begun: Indices,
    /// What was counted before the host was restarted.
    pub counted: Option<Counted>,
}

/// A child execution that can be started.
#[derive(Debug)]
pub(crate) struct Ready {
    pub index: u64,
    /// How many items it has.
    pub items: u64,
    pub input: Value,
}

/// Child executions in the order of their indices, without those that have begun already.
#[derive(Debug)]
pub(crate) struct Page {
    pub ready: Vec<Ready>,
    /// How many child executions of the run are known by now.
    pub executions: u64,
    /// There are no more.
    pub is_last: bool,
}

/// The items of one run, read in order.
pub(crate) struct ItemReader {
    spec: Arc<MapRun>,
    machine: Arc<Machine>,
    begun: Indices,
    counted: Counted,
    source: Source,
    /// The number of the next item.
    at: u64,
    /// The index of the next child execution.
    next: u64,
    /// An item that did not fit into the batch before it.
    over: Option<Value>,
    stop: Arc<AtomicBool>,
}

enum Source {
    Given(Arc<Vec<Value>>),
    Read(Box<ItemStream>),
}

impl std::fmt::Debug for ItemReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemReader").field("run", &self.spec.arn).field("at", &self.at).finish_non_exhaustive()
    }
}

impl ItemReader {
    /// Counts the items where that was not done before.
    ///
    /// # Errors
    /// What the run fails with.
    pub fn open(open: OpenItems, objects: &Arc<dyn Objects>, stop: Arc<AtomicBool>) -> Result<Self, Failure> {
        let OpenItems { run: _, spec, machine, begun, counted } = open;
        // Which items a batch has is known when those before it were looked at.
        let skip = if spec.batch.is_some() { 0 } else { begun.first_missing() };
        let (counted, source) = match &spec.items {
            Items::Given(items) => {
                let items_max = u64::try_from(items.len()).unwrap_or(u64::MAX);
                let counted = Counted { items: items_max, fingerprint: String::new() };
                (counted, Source::Given(Arc::clone(items)))
            }
            Items::Read(read) => {
                let dataset = Dataset::new(&read.resource, &read.arguments, &read.config).map_err(unread)?;
                let counted = match counted {
                    Some(counted) => counted,
                    None => count(&dataset, objects, &stop)?,
                };
                (counted, Source::Read(Box::new(stream(&dataset, Arc::clone(objects), skip))))
            }
        };
        Ok(Self { spec, machine, begun, counted, source, at: skip, next: skip, over: None, stop })
    }

    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// The next page.
    ///
    /// # Errors
    /// What the run fails with.
    pub fn page(&mut self) -> Result<Page, Failure> {
        let mut ready = Vec::new();
        let mut bytes = 0;
        while ready.len() < ITEMS_PAGE_MAX && bytes <= ITEMS_PAGE_BYTES_MAX {
            let child = if self.spec.batch.is_some() { self.batch()? } else { self.single()? };
            let Some((child, child_bytes)) = child else {
                return Ok(Page { ready, executions: self.next, is_last: true });
            };
            if !self.begun.contains(child.index) {
                bytes += child_bytes;
                ready.push(child);
            }
        }
        Ok(Page { ready, executions: self.next, is_last: false })
    }

    /// A child execution of one item, with the bytes of its input.
    fn single(&mut self) -> Result<Option<(Ready, usize)>, Failure> {
        let Some(item) = self.next_item()? else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        if self.begun.contains(index) {
            return Ok(Some((Ready { index, items: 1, input: Value::Null }, 0)));
        }
        let input = self.selected(index, &item)?;
        let bytes = self.size(&input)?;
        Ok(Some((Ready { index, items: 1, input }, bytes)))
    }

    /// A child execution of as many items as its batch may have, with the bytes of its input.
    fn batch(&mut self) -> Result<Option<(Ready, usize)>, Failure> {
        let batch = self.spec.batch.as_ref();
        let items_max = batch.and_then(|batch| batch.items_max).unwrap_or(u64::MAX).max(1);
        let bytes_max = batch.and_then(|batch| batch.bytes_max).unwrap_or(u64::MAX);
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(PAYLOAD_BYTES_MAX);
        let mut items = Vec::new();
        let mut bytes = self.size(&self.spec.batched(Vec::new()))?;
        let mut count = 0;
        while count < items_max {
            let item = match self.over.take() {
                Some(item) => item,
                None => {
                    let at = self.at;
                    let Some(item) = self.next_item()? else { break };
                    self.selected(at, &item)?
                }
            };
            let longer = bytes + self.size(&item)? + usize::from(count > 0);
            if longer > bytes_max {
                if count == 0 {
                    return Err(self.spec.too_large());
                }
                self.over = Some(item);
                break;
            }
            bytes = longer;
            items.push(item);
            count += 1;
        }
        if count == 0 {
            return Ok(None);
        }
        let index = self.next;
        self.next += 1;
        Ok(Some((Ready { index, items: count, input: self.spec.batched(items) }, bytes)))
    }

    /// Bytes of a payload, which must not be too large.
    fn size(&self, value: &Value) -> Result<usize, Failure> {
        json_bytes_within(value, PAYLOAD_BYTES_MAX).map_err(|_| self.spec.too_large())
    }

    /// What an item becomes by `ItemSelector`.
    fn selected(&self, index: u64, item: &Item) -> Result<Value, Failure> {
        let item = match &self.source {
            Source::Given(_) => self.spec.given(index, &item.value),
            Source::Read(_) => {
                MapItem { index, key: item.key.as_deref(), value: &item.value, source: Some(&item.source) }
            }
        };
        self.spec.selected(&self.machine, item)
    }

    fn next_item(&mut self) -> Result<Option<Item>, Failure> {
        check(&self.stop)?;
        let item = match &mut self.source {
            Source::Given(items) => {
                let value = usize::try_from(self.at).ok().and_then(|at| items.get(at)).cloned();
                value.map(|value| Item { key: None, value, source: "".into() })
            }
            Source::Read(stream) => match stream.next() {
                Some(item) => Some(item.map_err(unread)?),
                None => {
                    self.unchanged()?;
                    None
                }
            },
        };
        self.at += u64::from(item.is_some());
        Ok(item)
    }

    /// The data that was read must be what was counted.
    fn unchanged(&self) -> Result<(), Failure> {
        let Source::Read(stream) = &self.source else { return Ok(()) };
        if stream.fingerprint() == self.counted.fingerprint && self.at == self.counted.items {
            return Ok(());
        }
        let cause = "the data that the ItemReader names changed after its items had been counted: start again when \
                     nobody writes it";
        Err(Failure::new(READER_FAILED, cause))
    }
}

const READER_FAILED: &str = "States.ItemReaderFailed";

fn count(dataset: &Dataset, objects: &Arc<dyn Objects>, stop: &AtomicBool) -> Result<Counted, Failure> {
    let mut items = 0;
    let mut stream = stream(dataset, Arc::clone(objects), 0);
    for item in &mut stream {
        item.map_err(unread)?;
        check(stop)?;
        items += 1;
    }
    Ok(Counted { items, fingerprint: stream.fingerprint() })
}

fn unread(error: stepwell_items::Error) -> Failure {
    Failure::new(READER_FAILED, error.to_string())
}

/// The host goes down: nobody hears of this failure any more.
fn check(stop: &AtomicBool) -> Result<(), Failure> {
    if stop.load(Ordering::Relaxed) { Err(Failure::new(READER_FAILED, "the host goes down")) } else { Ok(()) }
}
