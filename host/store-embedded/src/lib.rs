//! The store in one local SQLite file.
//!
//! # The data directory
//! | file | what it is |
//! |---|---|
//! | `store.db` | the store |
//! | `store.db-wal`, `store.db-shm` | SQLite's write-ahead log and its index; part of the store while they are there |
//! | `lock` | the id of the process that has the store; removing it lets nobody else in |
//! | `store.schema-N.db` | a copy made before a newer release changed schema N |
//!
//! The directory is for its owner alone (0700), and so are the files (0600). It must lie on a
//! local file system: locks and shared memory of network file systems do not hold what the
//! store needs.
//!
//! # What is promised
//! A commit that has returned survives kill -9 and power loss: write-ahead log, and
//! `synchronous=FULL`, which waits for the disk at every commit. NORMAL would lose
//! acknowledged commits when power fails.
//!
//! **Invariant:** one process, one connection that writes. Readers have connections of their
//! own and never wait for the writer.
//!
//! **Invariant:** after a commit whose fate is not known nothing more is written, by anyone,
//! until the store is opened again. An fsync that failed may have dropped the pages, so that
//! the next one succeeds without them.
//!
//! # Where to read on
//! `schema` has the tables and says why they are as they are, `write` what a commit does,
//! `read` the queries, `place` the directory and its lock, `trouble` which of SQLite's
//! errors is which of the port's.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod place;
mod read;
mod schema;
mod trouble;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use stepwell_store::{
    CallLog, ChildQuery, Entry, Error, ExecutionRow, Group, ListQuery, MapRunRow, Outcome, Status, StatusCounts, Store,
};

use place::Place;
use read::Readers;

/// The oldest SQLite library that is let near a store, as `sqlite3_libversion_number` has it.
/// Older ones can damage a write-ahead log that several connections use.
pub const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How long a connection waits for a lock that another one holds: a person's `sqlite3` shell,
/// or a backup.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// After how many pages in the write-ahead log a commit moves them into the main file.
pub const WAL_CHECKPOINT_PAGES: u32 = 4_000;

/// How many reads go on at once; further ones wait for their turn.
pub const READERS_MAX: usize = 4;

/// Page cache of the writing connection.
const WRITER_CACHE_KIB: u32 = 64 * 1024;

/// Page cache of each reading connection.
const READER_CACHE_KIB: u32 = 8 * 1024;

/// The store in one data directory. The directory is free for another process when this has
/// been dropped, which also empties the write-ahead log.
pub struct EmbeddedStore {
    // Dropped in this order: readers, writer, then the lock on the place.
    readers: Readers,
    writer: Mutex<Writer>,
    place: Place,
}

struct Writer {
    connection: Connection,
    /// Why nothing may be written any more.
    broken: Option<String>,
}

impl EmbeddedStore {
    /// Opens the store in the data directory, which is made if it is not there. A store of an
    /// older schema is copied and then brought forward.
    ///
    /// # Errors
    /// - [`Error::Locked`]: another process has it; the message names directory and process.
    /// - [`Error::Incompatible`]: a newer release wrote it, it is not a store, or the SQLite
    ///   library is older than [`SQLITE_VERSION_MIN`].
    /// - [`Error::ReadOnly`]: directory or files cannot be written, or the disk is full.
    /// - [`Error::Damaged`], [`Error::Broken`]: as SQLite found it.
    pub fn open(data_directory: &Path) -> Result<Self, Error> {
        check_library(rusqlite::version_number())?;
        let place = Place::take(data_directory)?;
        let trouble = place.trouble();
        let mut connection = connect(&place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::admit(&connection, &place, schema::STEPS)?;
        prepare_writer(&connection, &place)?;
        schema::bring_forward(&mut connection, &place, schema::STEPS)?;
        let readers = (0..READERS_MAX)
            .map(|_| {
                let reader = connect(&place, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                set(&reader, "cache_size", -i64::from(READER_CACHE_KIB)).map_err(|error| trouble.of_reading(&error))?;
                Ok(reader)
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let writer = Mutex::new(Writer { connection, broken: None });
        Ok(Self { readers: Readers::new(readers, trouble), writer, place })
    }

    /// Has SQLite look over the whole file: seconds per gigabyte, while others read and write.
    ///
    /// # Errors
    /// [`Error::Damaged`] with what SQLite found first.
    pub fn quick_check(&self) -> Result<(), Error> {
        let found: String =
            self.readers.read(|connection| Ok(connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?))?;
        if found == "ok" {
            return Ok(());
        }
        Err(self.place.trouble().damaged(&found))
    }

    /// Moves all of the write-ahead log into the main file and empties it, if no reader needs
    /// it; then `store.db` alone is the store.
    ///
    /// # Errors
    /// [`Error::Broken`] when the disk fails, now or before.
    pub fn checkpoint(&self) -> Result<(), Error> {
        let mut writer = self.writer();
        if let Some(reason) = &writer.broken {
            return Err(Error::Broken(reason.clone()));
        }
        let outcome = writer.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        outcome.map_err(|error| {
            let error = self.place.trouble().of_writing(&error);
            writer.note(&error);
            error
        })
    }

    /// A panic while the lock is held leaves a transaction that its guard has rolled back.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for EmbeddedStore {
    fn commit(&self, groups: &[Group]) -> Result<Vec<Outcome>, Error> {
        groups.iter().for_each(Group::assert_well_formed);
        let mut writer = self.writer();
        if let Some(reason) = &writer.broken {
            return Err(Error::Broken(reason.clone()));
        }
        let outcomes = write::commit(&mut writer.connection, groups, &self.place.trouble());
        if let Err(error) = &outcomes {
            writer.note(error);
        }
        outcomes
    }

    fn execution(&self, id: &str) -> Result<Option<ExecutionRow>, Error> {
        self.readers.read(|connection| read::execution(connection, id))
    }

    fn execution_by_name(&self, workflow: &str, name: &str) -> Result<Option<ExecutionRow>, Error> {
        self.readers.read(|connection| read::execution_by_name(connection, workflow, name))
    }

    fn journal(&self, execution: &str, from: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        self.readers.read(|connection| read::journal(connection, execution, from, limit))
    }

    fn call_logs(&self, execution: &str) -> Result<Vec<CallLog>, Error> {
        self.readers.read(|connection| read::call_logs(connection, execution))
    }

    fn open_executions(&self, after: Option<&str>, limit: usize) -> Result<Vec<ExecutionRow>, Error> {
        self.readers.read(|connection| read::open_executions(connection, after, limit))
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<ExecutionRow>, Error> {
        self.readers.read(|connection| read::list(connection, query))
    }

    fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, Error> {
        self.readers.read(|connection| read::count(connection, workflow))
    }

    fn definition(&self, digest: &str) -> Result<Option<String>, Error> {
        self.readers.read(|connection| read::definition(connection, digest))
    }

    fn map_run(&self, id: &str) -> Result<Option<MapRunRow>, Error> {
        self.readers.read(|connection| read::map_run(connection, id))
    }

    fn map_runs(&self, execution: &str) -> Result<Vec<MapRunRow>, Error> {
        self.readers.read(|connection| read::map_runs(connection, execution))
    }

    fn unsettled_map_runs(&self, after: Option<&str>, limit: usize) -> Result<Vec<MapRunRow>, Error> {
        self.readers.read(|connection| read::unsettled_map_runs(connection, after, limit))
    }

    fn children(&self, query: &ChildQuery) -> Result<Vec<ExecutionRow>, Error> {
        self.readers.read(|connection| read::children(connection, query))
    }

    fn child_indices(
        &self,
        map_run: &str,
        status: Status,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, Error> {
        self.readers.read(|connection| read::child_indices(connection, map_run, status, after, limit))
    }

    fn outcome(&self, execution: &str) -> Result<Option<Vec<u8>>, Error> {
        self.readers.read(|connection| read::outcome(connection, execution))
    }
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EmbeddedStore").field("path", &self.place.store()).finish_non_exhaustive()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.readers.close();
        // What cannot be moved now stays in the log and is read from there at the next open.
        let _ = self.checkpoint();
    }
}

impl Writer {
    /// Remembers an error after which nothing may be written, not even by the checkpoint that
    /// SQLite makes of its own accord when the connection closes.
    fn note(&mut self, error: &Error) {
        match error {
            Error::Broken(reason) => {
                self.broken.get_or_insert_with(|| reason.clone());
                let off = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
                let _ = self.connection.set_db_config(off, true);
            }
            Error::Locked(_) | Error::ReadOnly(_) | Error::Damaged(_) | Error::Incompatible(_) => {}
        }
    }
}

fn check_library(version: i32) -> Result<(), Error> {
    if version >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    Err(Error::Incompatible(format!(
        "the SQLite library has version number {version}, but a store needs \
         {SQLITE_VERSION_MIN} or later: older ones can damage it; build with the bundled library"
    )))
}

/// The lock on the place is held, so nobody else opens the file in between.
fn connect(place: &Place, access: OpenFlags) -> Result<Connection, Error> {
    let open = || {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(place.store(), flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        // A damaged page is found when it is read, not when what it says has been believed.
        set(&connection, "cell_size_check", 1)?;
        Ok(connection)
    };
    open().map_err(|error| place.trouble().of_opening(&error))
}

fn prepare_writer(connection: &Connection, place: &Place) -> Result<(), Error> {
    let trouble = place.trouble();
    let failed = |error| trouble.of_opening(&error);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(Error::Incompatible(format!(
            "{}: its file system cannot hold a write-ahead log (SQLite chose `{mode}`); \
             put the data directory on a local disk",
            place.store().display()
        )));
    }
    set(connection, "synchronous", 2).map_err(failed)?;
    set(connection, "wal_autocheckpoint", i64::from(WAL_CHECKPOINT_PAGES)).map_err(failed)?;
    set(connection, "cache_size", -i64::from(WRITER_CACHE_KIB)).map_err(failed)?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(failed)?;
    assert!(synchronous == 2, "synchronous=FULL was asked for, {synchronous} was given");
    Ok(())
}

fn set(connection: &Connection, pragma: &str, value: i64) -> Result<(), rusqlite::Error> {
    // Some of these answer with the new value, which `pragma_update` would take for an error.
    connection
        .pragma_update_and_check(None, pragma, value, |_| Ok(()))
        .or_else(|error| if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(()) } else { Err(error) })
}
