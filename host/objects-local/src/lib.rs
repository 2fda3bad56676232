//! Buckets of objects in granted directories.
//!
//! A bucket is a directory, a key the path of a file in it. Nothing outside the directory can be
//! reached: no key has `..`, and symbolic links are neither followed nor listed.
//!
//! What is being written lies beside its place under a name that begins with
//! [`RESERVED`](stepwell_objects::RESERVED), which is never listed. When the process is killed
//! such a file is left over; nobody reads it, and it may be deleted.
//!
//! The etag of a file is made of its size, the time it was modified and its number in the file
//! system. A file that is written through this crate is another file; one that somebody else
//! changes in place, to the same length and within the file system's grain of time, keeps its
//! etag.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod list;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt};
use stepwell_objects::{Error, ObjectInfo, ObjectWriter, Objects, check_key};

/// A bucket as the project file grants it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The directory. It is made when it is missing and the access is read-write.
    pub path: PathBuf,
    pub access: Access,
}

/// What may be done with the objects of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ReadOnly,
    ReadWrite,
}

/// Buckets in granted directories.
#[derive(Debug)]
pub struct LocalObjects {
    buckets: BTreeMap<String, (Arc<Dir>, Access)>,
}

impl LocalObjects {
    /// Opens the directory of each bucket, by its name.
    ///
    /// # Errors
    /// [`Error::Io`] names the first bucket whose directory cannot be opened, or be made.
    pub fn new(buckets: BTreeMap<String, Bucket>) -> Result<Self, Error> {
        let mut open = BTreeMap::new();
        for (name, bucket) in buckets {
            let opened = match bucket.access {
                Access::ReadWrite => std::fs::create_dir_all(&bucket.path),
                Access::ReadOnly => Ok(()),
            }
            .and_then(|()| Dir::open_ambient_dir(&bucket.path, ambient_authority()));
            let directory = opened.map_err(|source| Error::Io {
                doing: "opening the directory",
                bucket: name.clone(),
                key: bucket.path.display().to_string(),
                source,
            })?;
            open.insert(name, (Arc::new(directory), bucket.access));
        }
        Ok(Self { buckets: open })
    }

    fn bucket(&self, bucket: &str) -> Result<(&Arc<Dir>, Access), Error> {
        let found = self.buckets.get(bucket).map(|(directory, access)| (directory, *access));
        found.ok_or_else(|| Error::NoSuchBucket { bucket: bucket.to_owned() })
    }

    /// The directory that holds the object, its name there, and what is known of it.
    fn find<'a>(&self, bucket: &str, key: &'a str) -> Result<(Dir, &'a str, Metadata), Error> {
        check_key(key)?;
        let (root, _) = self.bucket(bucket)?;
        let (above, name) = key.rsplit_once('/').unwrap_or(("", key));
        let found = open_below(root, above).and_then(|directory| {
            let metadata = directory.symlink_metadata(name)?;
            Ok((directory, metadata))
        });
        let missing = || Error::NoSuchKey { bucket: bucket.to_owned(), key: key.to_owned() };
        match found {
            Ok((directory, metadata)) if metadata.is_file() => Ok((directory, name, metadata)),
            Ok(_) => Err(missing()),
            Err(error) if is_missing(&error) => Err(missing()),
            Err(error) => Err(trouble("looking for", bucket, key, error)),
        }
    }
}

impl Objects for LocalObjects {
    fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, Error> {
        let (_, _, metadata) = self.find(bucket, key)?;
        Ok(info(key.to_owned(), &metadata))
    }

    fn read(&self, bucket: &str, key: &str, offset: u64, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let (directory, name, metadata) = self.find(bucket, key)?;
        let wanted = metadata.len().saturating_sub(offset).min(u64::try_from(bytes_max).unwrap_or(u64::MAX));
        let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
        let read = directory.open(name).and_then(|mut file| {
            if wanted > 0 {
                file.seek(SeekFrom::Start(offset))?;
                file.take(wanted).read_to_end(&mut bytes)?;
            }
            Ok(bytes)
        });
        read.map_err(|error| trouble("reading", bucket, key, error))
    }

    fn list(&self, bucket: &str, prefix: &str, after: Option<&str>, max: usize) -> Result<Vec<ObjectInfo>, Error> {
        let (root, _) = self.bucket(bucket)?;
        list::list(root, prefix, after, max).map_err(|error| trouble("listing what begins with", bucket, prefix, error))
    }

    fn write(&self, bucket: &str, key: &str) -> Result<Box<dyn ObjectWriter>, Error> {
        check_key(key)?;
        let (root, access) = self.bucket(bucket)?;
        match access {
            Access::ReadOnly => Err(Error::ReadOnly { bucket: bucket.to_owned() }),
            Access::ReadWrite => Ok(Box::new(write::Writer::begin(Arc::clone(root), bucket, key)?)),
        }
    }
}

/// Opens a directory by its path, which has no `..`, without following a link.
fn open_below(root: &Dir, path: &str) -> io::Result<Dir> {
    let mut directory = root.try_clone()?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        if !directory.symlink_metadata(name)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        directory = directory.open_dir(name)?;
    }
    Ok(directory)
}

fn info(key: String, metadata: &Metadata) -> ObjectInfo {
    let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    let etag = format!("{modified:x}-{:x}-{:x}", metadata.len(), metadata.ino());
    let modified_micros = i64::try_from(modified.div_euclid(1_000)).unwrap_or_default();
    ObjectInfo { key, size_bytes: metadata.len(), etag, modified_micros }
}

/// Whether it says that there is nothing of this name.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn trouble(doing: &'static str, bucket: &str, key: &str, source: io::Error) -> Error {
    Error::Io { doing, bucket: bucket.to_owned(), key: key.to_owned(), source }
}
