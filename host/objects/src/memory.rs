//! Objects in memory: for tests, and the reference for what is kept elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, ObjectInfo, ObjectWriter, Objects, check_key};

/// Buckets in memory. Clones share their objects.
///
/// Its clock counts writes: the first object was modified one microsecond after 1970 began.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    buckets: BTreeMap<String, BTreeMap<String, Held>>,
    read_only: BTreeSet<String>,
    writes: i64,
}

#[derive(Debug)]
struct Held {
    bytes: Arc<Vec<u8>>,
    written: i64,
}

impl MemoryObjects {
    /// Empty buckets that may be written.
    #[must_use]
    pub fn new<'a>(buckets: impl IntoIterator<Item = &'a str>) -> Self {
        let buckets = buckets.into_iter().map(|name| (name.to_owned(), BTreeMap::new())).collect();
        Self { shared: Arc::new(Mutex::new(Shared { buckets, ..Shared::default() })) }
    }

    /// From now on this bucket may be read and not written.
    pub fn make_read_only(&self, bucket: &str) {
        self.with(|shared| shared.read_only.insert(bucket.to_owned()));
    }

    /// Puts an object there in one step.
    ///
    /// # Errors
    /// As [`Objects::write`].
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) -> Result<ObjectInfo, Error> {
        check_key(key)?;
        self.with(|shared| shared.put(bucket, key, bytes.into()))
    }

    fn with<R>(&self, work: impl FnOnce(&mut Shared) -> R) -> R {
        work(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Objects for MemoryObjects {
    fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, Error> {
        check_key(key)?;
        self.with(|shared| shared.held(bucket, key).map(|held| held.info(key)))
    }

    fn read(&self, bucket: &str, key: &str, offset: u64, bytes_max: usize) -> Result<Vec<u8>, Error> {
        check_key(key)?;
        let bytes = self.with(|shared| shared.held(bucket, key).map(|held| Arc::clone(&held.bytes)))?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(bytes_max).min(bytes.len());
        Ok(bytes.get(from..to).unwrap_or_default().to_vec())
    }

    fn list(&self, bucket: &str, prefix: &str, after: Option<&str>, max: usize) -> Result<Vec<ObjectInfo>, Error> {
        self.with(|shared| {
            let from = match after {
                Some(after) if after >= prefix => Bound::Excluded(after),
                _ => Bound::Included(prefix),
            };
            let found = shared.bucket(bucket)?.range::<str, _>((from, Bound::Unbounded));
            let found = found.take_while(|(key, _)| key.starts_with(prefix)).take(max);
            Ok(found.map(|(key, held)| held.info(key)).collect())
        })
    }

    fn write(&self, bucket: &str, key: &str) -> Result<Box<dyn ObjectWriter>, Error> {
        check_key(key)?;
        self.with(|shared| shared.writable(bucket).map(|_| ()))?;
        let writer =
            Writer { objects: self.clone(), bucket: bucket.to_owned(), key: key.to_owned(), bytes: Vec::new() };
        Ok(Box::new(writer))
    }
}

impl Shared {
    fn bucket(&self, bucket: &str) -> Result<&BTreeMap<String, Held>, Error> {
        self.buckets.get(bucket).ok_or_else(|| Error::NoSuchBucket { bucket: bucket.to_owned() })
    }

    fn writable(&mut self, bucket: &str) -> Result<&mut BTreeMap<String, Held>, Error> {
        if self.read_only.contains(bucket) {
            return Err(Error::ReadOnly { bucket: bucket.to_owned() });
        }
        self.buckets.get_mut(bucket).ok_or_else(|| Error::NoSuchBucket { bucket: bucket.to_owned() })
    }

    fn held(&self, bucket: &str, key: &str) -> Result<&Held, Error> {
        let missing = || Error::NoSuchKey { bucket: bucket.to_owned(), key: key.to_owned() };
        self.bucket(bucket)?.get(key).ok_or_else(missing)
    }

    fn put(&mut self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<ObjectInfo, Error> {
        let written = self.writes + 1;
        let held = Held { bytes: Arc::new(bytes), written };
        let info = held.info(key);
        self.writable(bucket)?.insert(key.to_owned(), held);
        self.writes = written;
        Ok(info)
    }
}

impl Held {
    fn info(&self, key: &str) -> ObjectInfo {
        let size_bytes = self.bytes.len() as u64;
        let etag = format!("{:032x}", self.written);
        ObjectInfo { key: key.to_owned(), size_bytes, etag, modified_micros: self.written }
    }
}

struct Writer {
    objects: MemoryObjects,
    bucket: String,
    key: String,
    bytes: Vec<u8>,
}

impl ObjectWriter for Writer {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<ObjectInfo, Error> {
        let Self { objects, bucket, key, bytes } = *self;
        objects.with(|shared| shared.put(&bucket, &key, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::contract_tests!(|| {
        let objects = MemoryObjects::new(["orders", "kept"]);
        objects.put("kept", "there.txt", "there").unwrap();
        objects.make_read_only("kept");
        move || Arc::new(objects.clone()) as Arc<dyn Objects>
    });
}
