//! The data directory, its files, and the lock that keeps it for one process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use stepwell_store::Error;

use crate::trouble::Trouble;

/// How many copies of one schema are kept before opening asks a person to clear them away.
pub(crate) const COPIES_MAX: u32 = 100;

/// Longest process id that is read out of a lock file.
const PROCESS_ID_BYTES_MAX: u64 = 20;

/// The directory, for as long as this process has it.
#[derive(Debug)]
pub(crate) struct Place {
    directory: PathBuf,
    store: PathBuf,
    _lock: Lock,
}

/// The lock on the directory. The kernel takes it back however the process ends.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    /// Given back by name, for closing alone would not do: a child that another thread is
    /// just starting has its own hold on what is open, until it has become its program.
    fn drop(&mut self) {
        // Were it not given back here, closing gives it back a moment later.
        let _ = self.0.unlock();
    }
}

impl Place {
    /// Makes the directory and an empty store file where they are missing.
    pub(crate) fn take(directory: &Path) -> Result<Self, Error> {
        let refused = |error: io::Error| {
            Error::ReadOnly(format!(
                "the data directory {}: {error}; let this user write there, or choose another",
                directory.display()
            ))
        };
        make_directory(directory).map_err(refused)?;
        // Messages and SQLite get a path that stays right if the working directory changes.
        let directory = directory.canonicalize().map_err(refused)?;
        let lock = lock(&directory, refused)?;
        let store = directory.join("store.db");
        // SQLite gives its log and index the permissions of the store, so it comes first. Only
        // opened where it is missing: closing a file gives up SQLite's locks on it.
        match make_file(&store) {
            Ok(()) => sync_directory(&directory).map_err(refused)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused(error)),
        }
        restrict(&store, 0o600).map_err(refused)?;
        Ok(Self { directory, store, _lock: lock })
    }

    pub(crate) fn store(&self) -> &Path {
        &self.store
    }

    pub(crate) fn trouble(&self) -> Trouble {
        Trouble::new(&self.store)
    }

    /// An empty file for a copy of the store as it is at this schema.
    pub(crate) fn new_copy(&self, schema: i64) -> Result<PathBuf, Error> {
        for number in 1..=COPIES_MAX {
            let name = match number {
                1 => format!("store.schema-{schema}.db"),
                _ => format!("store.schema-{schema}-{number}.db"),
            };
            let path = self.directory.join(name);
            match make_file(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_copy(&path, &error)),
            }
        }
        Err(Error::ReadOnly(format!(
            "{} holds {COPIES_MAX} copies of schema {schema} already; move them away",
            self.directory.display()
        )))
    }

    /// Takes back a copy that did not come about: half a copy must not pass for one.
    pub(crate) fn discard_copy(&self, path: &Path) {
        // If even that fails, opening has failed with the reason already.
        let _ = std::fs::remove_file(path);
    }

    /// Waits until a copy is on the disk.
    pub(crate) fn keep_copy(&self, path: &Path) -> Result<(), Error> {
        File::open(path)
            .and_then(|file| file.sync_all())
            .and_then(|()| sync_directory(&self.directory))
            .map_err(|error| cannot_copy(path, &error))
    }
}

fn cannot_copy(path: &Path, error: &io::Error) -> Error {
    Error::ReadOnly(format!(
        "the copy {} could not be made before the schema changes: {error}; \
         nothing was changed; make room or let this user write there",
        path.display()
    ))
}

/// The file `lock` says who holds the lock. The lock itself is on the directory where the
/// system can do that, so that somebody who takes the file for a leftover and removes it does
/// not let a second process in.
fn lock(directory: &Path, refused: impl Fn(io::Error) -> Error) -> Result<Lock, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    owner_only(&mut options);
    let mut note = options.open(directory.join("lock")).map_err(&refused)?;
    let lock = lockable(directory, &note).map_err(&refused)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = holder(&note)
                .map_or_else(|| "another process".to_owned(), |process| format!("the process with id {process}"));
            return Err(Error::Locked(format!(
                "the data directory {} is in use by {holder}; stop it, or choose another \
                 data directory",
                directory.display()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    let lock = Lock(lock);
    note.set_len(0).map_err(&refused)?;
    writeln!(note, "{}", std::process::id()).map_err(&refused)?;
    Ok(lock)
}

#[cfg(unix)]
fn lockable(directory: &Path, _note: &File) -> io::Result<File> {
    File::open(directory)
}

#[cfg(not(unix))]
fn lockable(_directory: &Path, note: &File) -> io::Result<File> {
    note.try_clone()
}

/// The holder writes its id just after it has taken the lock, so it may not be there yet.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PROCESS_ID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    restrict(directory, 0o700)
}

fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    options.open(path).map(drop)
}

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Changes nothing where it is right already, so that a store on a disk that is mounted
/// read-only is refused by what really needs to write.
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if std::fs::metadata(path)?.permissions().mode() & 0o777 != mode {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// A new name is durable only when its directory is.
fn sync_directory(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}
