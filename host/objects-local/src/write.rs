//! Writing an object: beside its place, and then into it.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cap_std::fs::{Dir, File, OpenOptions};
use stepwell_objects::{Error, ObjectInfo, ObjectWriter, RESERVED};

use crate::{info, is_missing, trouble};

/// How often another name is tried where a name is taken, or where a directory was taken away by
/// a writer that gave up.
const ATTEMPTS: usize = 8;

pub(crate) struct Writer {
    bucket: String,
    key: String,
    root: Arc<Dir>,
    place: Place,
    /// `None` when the file is in its place.
    unfinished: Option<(String, BufWriter<File>)>,
}

/// Where an object will be.
struct Place {
    directory: Dir,
    /// The directory's path in the bucket.
    path: String,
    name: String,
    /// Paths of the directories that were made for it, outermost first.
    made: Vec<String>,
}

impl Writer {
    pub(crate) fn begin(root: Arc<Dir>, bucket: &str, key: &str) -> Result<Self, Error> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for _ in 0..ATTEMPTS {
            let place = make_place(&root, bucket, key)?;
            if place.directory.symlink_metadata(&place.name).is_ok_and(|metadata| !metadata.is_file()) {
                return Err(taken(key, key));
            }
            let unfinished = unfinished_name();
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            match place.directory.open_with(&unfinished, &options) {
                Ok(file) => {
                    let unfinished = Some((unfinished, BufWriter::new(file)));
                    return Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), root, place, unfinished });
                }
                Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::AlreadyExists => failed = error,
                Err(error) => return Err(trouble("beginning to write", bucket, key, error)),
            }
        }
        Err(trouble("beginning to write", bucket, key, failed))
    }

    fn trouble(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::IsADirectory {
            return taken(&self.key, &self.key);
        }
        trouble("writing", &self.bucket, &self.key, error)
    }

    /// Makes the new name durable, and those of directories that are new as well.
    fn sync_directories(&self) -> io::Result<()> {
        self.place.directory.open(".")?.sync_all()?;
        if self.place.made.is_empty() {
            return Ok(());
        }
        let mut path = self.place.path.as_str();
        while let Some((above, _)) = path.rsplit_once('/') {
            self.root.open(above)?.sync_all()?;
            path = above;
        }
        self.root.open(".")?.sync_all()
    }
}

impl ObjectWriter for Writer {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some((_, file)) = &mut self.unfinished else { return Ok(()) };
        let written = file.write_all(bytes);
        written.map_err(|error| self.trouble(error))
    }

    fn finish(mut self: Box<Self>) -> Result<ObjectInfo, Error> {
        let finished = match &mut self.unfinished {
            Some((name, file)) => {
                file.flush().and_then(|()| file.get_ref().sync_all()).and_then(|()| file.get_ref().metadata()).and_then(
                    |metadata| {
                        self.place.directory.rename(name.as_str(), &self.place.directory, &self.place.name)?;
                        Ok(metadata)
                    },
                )
            }
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let metadata = finished.map_err(|error| self.trouble(error))?;
        self.unfinished = None;
        self.sync_directories().map_err(|error| self.trouble(error))?;
        Ok(info(self.key.clone(), &metadata))
    }
}

/// What was not finished goes away, and so do directories that were made for it and are empty.
impl Drop for Writer {
    fn drop(&mut self) {
        let Some((name, file)) = self.unfinished.take() else { return };
        drop(file.into_parts());
        // A file that cannot be removed stays under a name that is never listed; a directory
        // that is not empty holds somebody else's objects.
        let _ = self.place.directory.remove_file(name);
        for path in self.place.made.iter().rev() {
            let _ = self.root.remove_dir(path);
        }
    }
}

/// Opens the directory that the object belongs in, and makes those that are missing.
fn make_place(root: &Dir, bucket: &str, key: &str) -> Result<Place, Error> {
    let failed = |error| trouble("making the directories of", bucket, key, error);
    let (above, name) = key.rsplit_once('/').unwrap_or(("", key));
    let mut directory = root.try_clone().map_err(failed)?;
    let mut made = Vec::new();
    let mut path = String::new();
    for part in above.split('/').filter(|part| !part.is_empty()) {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(part);
        match directory.create_dir(part) {
            Ok(()) => made.push(path.clone()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !directory.symlink_metadata(part).map_err(failed)?.is_dir() {
                    return Err(taken(key, &path));
                }
            }
            Err(error) => return Err(failed(error)),
        }
        directory = directory.open_dir(part).map_err(failed)?;
    }
    Ok(Place { directory, path, name: name.to_owned(), made })
}

fn taken(key: &str, path: &str) -> Error {
    let problem = if key == path {
        "there is a directory or a link of this name; choose another key".to_owned()
    } else {
        format!("{path:?} is not a directory, so nothing can lie under it; choose another key")
    };
    Error::KeyInvalid { key: key.to_owned(), problem }
}

/// Another one each time, also after the process was started again.
fn unfinished_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{RESERVED}{since:x}-{:x}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
