//! `stepwell:task/files`: directories that are granted by name.
//!
//! A directory is opened once, when its plugin is loaded, and every path is resolved below
//! that handle by cap-std: neither dots nor links lead out of it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower};

use crate::grants::{Access, Directory};
use crate::options::{DIRECTORY_ENTRIES_MAX, FILE_BYTES_MAX, PATH_BYTES_MAX, PATH_NAMES_MAX};
use crate::random;
use crate::state::{CallState, waiting};

/// Names of files that are being written; guests neither see nor use them.
const UNFINISHED: &str = ".stepwell-unfinished-";
/// Length of one name in a path, as file systems have it.
const NAME_BYTES_MAX: usize = 255;

#[derive(Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Metadata {
    size: u64,
    #[component(name = "is-directory")]
    is_directory: bool,
}

#[derive(Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Entry {
    name: String,
    metadata: Metadata,
}

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
pub(crate) enum Error {
    #[component(name = "denied")]
    Denied(String),
    #[component(name = "not-found")]
    NotFound(String),
    #[component(name = "exists")]
    Exists(String),
    #[component(name = "too-large")]
    TooLarge(String),
    #[component(name = "invalid")]
    Invalid(String),
    #[component(name = "unavailable")]
    Unavailable(String),
}

type Place = (String, String);
type Content = (String, String, Vec<u8>);
type Store<'a> = StoreContextMut<'a, CallState>;

pub(crate) fn add(linker: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    linker.func_wrap_async("read", |store: Store<'_>, (directory, path): Place| {
        Box::new(at(store, directory, path, Access::ReadOnly, |place| place.read()))
    })?;
    linker.func_wrap_async("write", |store: Store<'_>, (directory, path, content): Content| {
        Box::new(at(store, directory, path, Access::ReadWrite, move |place| place.write(&content, Replace::Yes)))
    })?;
    linker.func_wrap_async("create-new", |store: Store<'_>, (directory, path, content): Content| {
        Box::new(at(store, directory, path, Access::ReadWrite, move |place| place.write(&content, Replace::No)))
    })?;
    linker.func_wrap_async("stat", |store: Store<'_>, (directory, path): Place| {
        Box::new(at(store, directory, path, Access::ReadOnly, |place| place.stat()))
    })?;
    linker.func_wrap_async("list", |store: Store<'_>, (directory, path): Place| {
        Box::new(at(store, directory, path, Access::ReadOnly, |place| place.list()))
    })?;
    linker.func_wrap_async("remove", |store: Store<'_>, (directory, path): Place| {
        Box::new(at(store, directory, path, Access::ReadWrite, |place| place.remove()))
    })
}

/// Does `work` at a path, on a thread that may block, and charges the time.
async fn at<R: Send + 'static>(
    mut store: Store<'_>,
    directory: String,
    path: String,
    access: Access,
    work: impl FnOnce(&At) -> Result<R, Error> + Send + 'static,
) -> wasmtime::Result<(Result<R, Error>,)> {
    let found = store.data().granted.directories.find(&directory, &path, access);
    let place = match found {
        Ok(place) => place,
        Err(error) => return Ok((Err(error),)),
    };
    let done = waiting(&mut store, tokio::task::spawn_blocking(move || work(&place))).await?;
    Ok((done.unwrap_or_else(|error| Err(Error::Unavailable(format!("the work ended early: {error}")))),))
}

/// The directories of one plugin.
pub(crate) struct Directories(BTreeMap<String, (Arc<Dir>, Access)>);

impl Directories {
    /// Opens each; makes the ones that may be written and are missing.
    ///
    /// # Errors
    /// The name of the one that cannot be opened, and why.
    pub(crate) fn open(granted: &BTreeMap<String, Directory>) -> Result<Self, (String, String)> {
        let mut open = BTreeMap::new();
        for (name, directory) in granted {
            let opened = match directory.access {
                Access::ReadWrite => std::fs::create_dir_all(&directory.path),
                Access::ReadOnly => Ok(()),
            }
            .and_then(|()| Dir::open_ambient_dir(&directory.path, ambient_authority()));
            let opened = opened.map_err(|error| {
                (name.clone(), format!("{} cannot be opened as a directory: {error}", directory.path.display()))
            })?;
            open.insert(name.clone(), (Arc::new(opened), directory.access));
        }
        Ok(Self(open))
    }

    fn find(&self, directory: &str, path: &str, needed: Access) -> Result<At, Error> {
        let Some((root, access)) = self.0.get(directory) else {
            return Err(Error::Denied(format!("no grant names the directory {}", directory.escape_debug())));
        };
        if needed == Access::ReadWrite && *access == Access::ReadOnly {
            return Err(Error::Denied(format!(
                "the grant of the directory {directory} is read-only; `access = \"read-write\"` would let it be written"
            )));
        }
        check_path(path)?;
        Ok(At { root: Arc::clone(root), path: path.to_owned() })
    }
}

/// A path in a granted directory; the empty path is the directory itself.
struct At {
    root: Arc<Dir>,
    path: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Replace {
    Yes,
    No,
}

impl At {
    fn read(&self) -> Result<Vec<u8>, Error> {
        // Looked at before it is opened: opening a pipe would wait for its other end.
        let metadata = self.root.metadata(self.path_or_dot()).map_err(|error| self.trouble(&error))?;
        if !metadata.is_file() {
            return Err(Error::Invalid(format!("{} is not a file", self.path)));
        }
        let too_large =
            || Error::TooLarge(format!("{} is larger than {FILE_BYTES_MAX} bytes (file_bytes_max)", self.path));
        if metadata.len() > FILE_BYTES_MAX {
            return Err(too_large());
        }
        let file = self.root.open(&self.path).map_err(|error| self.trouble(&error))?;
        let mut content = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(|error| self.trouble(&error))?;
        if content.len() as u64 > FILE_BYTES_MAX { Err(too_large()) } else { Ok(content) }
    }

    fn write(&self, content: &[u8], replace: Replace) -> Result<(), Error> {
        if content.len() as u64 > FILE_BYTES_MAX {
            return Err(Error::TooLarge(format!(
                "{} bytes for {}; file_bytes_max is {FILE_BYTES_MAX}",
                content.len(),
                self.path
            )));
        }
        let (parent, name) = match self.path.rsplit_once('/') {
            Some((parent, name)) => (parent, name),
            None => ("", self.path.as_str()),
        };
        if name.is_empty() {
            return Err(Error::Invalid("the path is empty".to_owned()));
        }
        self.write_in(parent, name, content, replace).map_err(|error| self.trouble(&error))
    }

    /// Writes beside, then puts the finished file in its place.
    fn write_in(&self, parent: &str, name: &str, content: &[u8], replace: Replace) -> io::Result<()> {
        let directory = if parent.is_empty() {
            self.root.try_clone()?
        } else {
            self.root.create_dir_all(parent)?;
            self.root.open_dir(parent)?
        };
        let unfinished = format!("{UNFINISHED}{}", hex::encode(random::bytes::<8>()?));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = directory.open_with(&unfinished, &options)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        let placed = written.and_then(|()| match replace {
            Replace::Yes => directory.rename(&unfinished, &directory, name),
            Replace::No => directory.hard_link(&unfinished, &directory, name),
        });
        if replace == Replace::No || placed.is_err() {
            // The file is in its place under its own name, or the error below tells why not.
            let _ = directory.remove_file(&unfinished);
        }
        placed?;
        self.sync_directories(parent)
    }

    /// Makes the new name durable, and those of parents that may be new too.
    fn sync_directories(&self, parent: &str) -> io::Result<()> {
        let mut path = parent;
        while !path.is_empty() {
            self.root.open(path)?.sync_all()?;
            path = path.rsplit_once('/').map_or("", |(above, _)| above);
        }
        self.root.open(".")?.sync_all()
    }

    fn stat(&self) -> Result<Metadata, Error> {
        let metadata = self.root.metadata(self.path_or_dot()).map_err(|error| self.trouble(&error))?;
        Ok(Metadata { size: if metadata.is_dir() { 0 } else { metadata.len() }, is_directory: metadata.is_dir() })
    }

    fn list(&self) -> Result<Vec<Entry>, Error> {
        let found = self.root.read_dir(self.path_or_dot()).map_err(|error| self.trouble(&error))?;
        let mut entries = Vec::new();
        for entry in found {
            let entry = entry.map_err(|error| self.trouble(&error))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // A file that went away meanwhile is not there.
            let Ok(metadata) = entry.metadata() else { continue };
            if name.starts_with(UNFINISHED) {
                continue;
            }
            if entries.len() >= DIRECTORY_ENTRIES_MAX {
                return Err(Error::TooLarge(format!(
                    "more than {DIRECTORY_ENTRIES_MAX} entries (directory_entries_max)"
                )));
            }
            let is_directory = metadata.is_dir();
            let size = if is_directory { 0 } else { metadata.len() };
            entries.push(Entry { name, metadata: Metadata { size, is_directory } });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn remove(&self) -> Result<(), Error> {
        let metadata = self.root.symlink_metadata(self.path_or_dot()).map_err(|error| self.trouble(&error))?;
        let removed =
            if metadata.is_dir() { self.root.remove_dir(&self.path) } else { self.root.remove_file(&self.path) };
        removed.map_err(|error| self.trouble(&error))
    }

    fn path_or_dot(&self) -> &str {
        if self.path.is_empty() { "." } else { &self.path }
    }

    fn trouble(&self, error: &io::Error) -> Error {
        let said = format!("{}: {error}", self.path);
        match error.kind() {
            ErrorKind::NotFound => Error::NotFound(said),
            ErrorKind::AlreadyExists => Error::Exists(said),
            ErrorKind::PermissionDenied => Error::Denied(said),
            ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::DirectoryNotEmpty
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename => Error::Invalid(said),
            _ => Error::Unavailable(said),
        }
    }
}

/// Refuses paths that would be resolved in surprising ways, before the file system sees
/// them. What leads out by links is refused when it is opened.
fn check_path(path: &str) -> Result<(), Error> {
    let shown = path.escape_debug();
    if path.len() > PATH_BYTES_MAX || path.split('/').count() > PATH_NAMES_MAX {
        return Err(Error::Invalid(format!(
            "the path is longer than {PATH_BYTES_MAX} bytes (path_bytes_max) or {PATH_NAMES_MAX} names (path_names_max)"
        )));
    }
    if path.is_empty() {
        return Ok(());
    }
    if path.starts_with('/') || path.split('/').any(|name| name == "..") {
        return Err(Error::Denied(format!("{shown} leads out of the granted directory")));
    }
    let is_odd = |name: &str| {
        name.is_empty()
            || name == "."
            || name.len() > NAME_BYTES_MAX
            || name.contains(['\0', '\\'])
            || name.starts_with(UNFINISHED)
    };
    if path.split('/').any(is_odd) {
        return Err(Error::Invalid(format!(
            "{shown} is not a path of names, each of at most {NAME_BYTES_MAX} bytes (name_bytes_max), with `/` between them"
        )));
    }
    Ok(())
}
