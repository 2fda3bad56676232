//! Reading a dataset.

use std::sync::Arc;

use stepwell_expr::Value;
use stepwell_objects::Objects;

use crate::bytes::{READ_BYTES, Reading};
use crate::sources::{Fingerprint, Reader, Sources, Step};
use crate::{Dataset, Error};

/// One item of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The member's name when the members of a JSON object are the items: `Map.Item.Key`.
    pub key: Option<Arc<str>>,
    /// `Map.Item.Value`.
    pub value: Value,
    /// `Map.Item.Source`: the object that the item is from, such as `S3://bucket/key`, or the
    /// bucket of a listing, `S3://bucket`.
    pub source: Arc<str>,
}

impl Item {
    /// What an iteration gets when there is no `ItemSelector`: the value, or
    /// `{"Key": …, "Value": …}` for the member of an object.
    #[must_use]
    pub fn input(self) -> Value {
        match self.key {
            None => self.value,
            Some(key) => Value::object([("Key", Value::from(key)), ("Value", self.value)]),
        }
    }
}

/// How much there is of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub items: u64,
    /// Another one when one of the objects that were read changed, came or went. It is that of
    /// [`ItemStream::fingerprint`] when the stream has ended.
    pub fingerprint: String,
}

/// Reads the dataset to its end, or to `MaxItems`, and checks every item.
///
/// # Errors
/// What would stop the [`ItemStream`].
pub fn count(dataset: &Dataset, objects: &Arc<dyn Objects>) -> Result<Counted, Error> {
    let mut stream = stream(dataset, Arc::clone(objects), 0);
    let mut items = 0;
    for item in &mut stream {
        item?;
        items += 1;
    }
    Ok(Counted { items, fingerprint: stream.fingerprint() })
}

/// The items of the dataset behind the first `skip`, which are not made. Nothing is read before
/// the first item is asked for.
#[must_use]
pub fn stream(dataset: &Dataset, objects: Arc<dyn Objects>, skip: u64) -> ItemStream {
    stream_by(dataset, Reading { objects, read_bytes: READ_BYTES }, skip)
}

pub(crate) fn stream_by(dataset: &Dataset, reading: Reading, skip: u64) -> ItemStream {
    ItemStream {
        reading,
        sources: Sources::new(&dataset.origin),
        reader: None,
        read: Fingerprint::default(),
        skip,
        at: 0,
        items_max: dataset.items_max,
        ended: false,
    }
}

/// Items in order, each made when it is asked for. After an error there are none.
pub struct ItemStream {
    reading: Reading,
    sources: Sources,
    reader: Option<Reader>,
    read: Fingerprint,
    skip: u64,
    /// The number of the next item.
    at: u64,
    items_max: u64,
    ended: bool,
}

impl ItemStream {
    /// What was read so far; to compare with [`Counted`] when the stream has ended.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.read.text()
    }

    fn advance(&mut self) -> Result<Option<Item>, Error> {
        while self.at < self.items_max {
            let Some(reader) = &mut self.reader else {
                self.reader = self.sources.next(&self.reading, &mut self.read)?;
                if self.reader.is_none() {
                    break;
                }
                continue;
            };
            match reader.next(&self.reading, &mut self.read, self.at >= self.skip)? {
                Step::Item { key, value } => {
                    self.at += 1;
                    return Ok(Some(Item { key, value, source: Arc::clone(&reader.source) }));
                }
                Step::Passed => self.at += 1,
                Step::End => self.reader = None,
            }
        }
        Ok(None)
    }

    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.reader.as_ref().map_or(0, Reader::held_bytes)
    }
}

impl Iterator for ItemStream {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

impl std::fmt::Debug for ItemStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemStream").field("at", &self.at).field("items_max", &self.items_max).finish_non_exhaustive()
    }
}
