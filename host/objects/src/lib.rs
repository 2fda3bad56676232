//! The objects port: what a distributed Map reads its items from and writes its results to.
//!
//! An *object* is bytes under a *key* in a *bucket*; a bucket is there when the project file
//! grants it. Everything is synchronous and may wait for a disk, so it is called on threads that
//! may block.
//!
//! ```
//! use stepwell_objects::{MemoryObjects, Objects};
//!
//! let objects = MemoryObjects::new(["orders"]);
//! let mut writer = objects.write("orders", "2026/january.json")?;
//! writer.append(b"[1, 2]")?;
//! let info = writer.finish()?;
//! assert_eq!(info.size_bytes, 6);
//! assert_eq!(objects.read("orders", "2026/january.json", 1, 4)?, b"1, 2");
//! assert_eq!(objects.list("orders", "2026/", None, 10)?, [info]);
//! # Ok::<(), stepwell_objects::Error>(())
//! ```
//!
//! # What every implementation keeps to
//! - An object appears whole when its writer has finished, or not at all: also when the process
//!   is killed meanwhile. A writer that is dropped leaves nothing behind.
//! - A listing is in the order of the keys' bytes, and strictly after `after`.
//! - The etag of an object is another one after the object has changed.
//! - No key reaches what is not in its bucket.
//!
//! The module `contract` (feature `contract`) has these as tests, which every implementation
//! runs on itself.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod key;
mod memory;

pub use key::{KEY_BYTES_MAX, KEY_NAME_BYTES_MAX, KEY_NAMES_MAX, RESERVED, check_key};
pub use memory::MemoryObjects;

/// Buckets of objects.
pub trait Objects: Send + Sync + std::fmt::Debug {
    /// What is known of an object without reading it.
    fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, Error>;

    /// Bytes of an object from `offset` on, at most `bytes_max`. There are fewer only where the
    /// object ends, and none from its end on.
    fn read(&self, bucket: &str, key: &str, offset: u64, bytes_max: usize) -> Result<Vec<u8>, Error>;

    /// The objects whose keys begin with `prefix`, in the order of the keys' bytes, strictly
    /// after the key `after` (which need not be there), at most `max`. Fewer than `max` means
    /// that there are no more.
    fn list(&self, bucket: &str, prefix: &str, after: Option<&str>, max: usize) -> Result<Vec<ObjectInfo>, Error>;

    /// Begins an object, which replaces one of this key when it is finished.
    fn write(&self, bucket: &str, key: &str) -> Result<Box<dyn ObjectWriter>, Error>;
}

/// An object that is being written. Dropped before it is finished, it leaves nothing behind.
pub trait ObjectWriter: Send {
    /// Appends bytes; nobody sees them yet.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error>;

    /// Makes the object durable, and then visible.
    fn finish(self: Box<Self>) -> Result<ObjectInfo, Error>;
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    pub key: String,
    pub size_bytes: u64,
    /// Another one after the object has changed; without quotation marks.
    pub etag: String,
    /// When it was written, in microseconds since 1970-01-01T00:00:00Z.
    pub modified_micros: i64,
}

/// Why an object cannot be had, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project file does not grant this bucket.
    #[error(
        "the bucket {bucket:?} is not granted: add [buckets.{bucket}] with the path of a directory to stepwell.toml"
    )]
    NoSuchBucket { bucket: String },
    /// The bucket has no such object.
    #[error("the provided object key {key:?} does not exist in the bucket {bucket:?}")]
    NoSuchKey { bucket: String, key: String },
    /// The bucket may be read and not written.
    #[error(
        "the bucket {bucket:?} is granted read-only: access = \"read-write\" under [buckets.{bucket}] in stepwell.toml \
         would let objects be written"
    )]
    ReadOnly { bucket: String },
    /// No object can have this key.
    #[error("the object key {key:?} cannot be used: {problem}")]
    KeyInvalid { key: String, problem: String },
    /// What holds the bucket failed.
    #[error("{doing} {key:?} in the bucket {bucket:?}: {source}")]
    Io { doing: &'static str, bucket: String, key: String, source: std::io::Error },
}
