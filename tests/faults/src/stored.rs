//! What a store holds, read with SQL from a copy of its files: rows, journals, definitions, and
//! what is wrong with the file. The checksums are computed here once more.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};

/// An execution's row and journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    pub id: String,
    pub workflow: String,
    pub name: String,
    pub definition_digest: String,
    pub input_digest: String,
    /// As AWS writes it: `RUNNING`, …
    pub status: String,
    pub started_at_micros: i64,
    pub closed_at_micros: Option<i64>,
    pub wake_at_micros: Option<i64>,
    pub journal: Vec<Entry>,
}

/// A line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    pub number: u64,
    pub at_micros: i64,
    pub body: Vec<u8>,
}

/// All of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// By id.
    pub executions: BTreeMap<String, Execution>,
    /// Texts by digest.
    pub definitions: BTreeMap<String, String>,
    /// What SQLite, the checksums and the joins find wrong.
    pub complaints: Vec<String>,
}

const STATUSES: [&str; 5] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

impl Stored {
    /// Reads the store in a data directory that no host has. The directory is left as it is.
    ///
    /// # Errors
    /// When there is no store, or SQLite cannot read it at all.
    pub fn read(data: &Path) -> Result<Self> {
        let copy = tempfile::tempdir()?;
        for name in ["store.db", "store.db-wal"] {
            let from = data.join(name);
            if from.exists() {
                std::fs::copy(&from, copy.path().join(name)).with_context(|| from.display().to_string())?;
            }
        }
        Self::read_in_place(copy.path())
    }

    /// The same for a directory that is nobody's: SQLite may change its files.
    ///
    /// # Errors
    /// As for [`Stored::read`].
    pub fn read_in_place(data: &Path) -> Result<Self> {
        let path = data.join("store.db");
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .with_context(|| path.display().to_string())?;
        let mut stored = Self::default();
        stored.read_complaints(&connection).context("checking the file")?;
        stored.read_definitions(&connection).context("definitions")?;
        let mut ids = stored.read_executions(&connection).context("executions")?;
        stored.read_journals(&connection, &mut ids).context("journals")?;
        Ok(stored)
    }

    fn read_complaints(&mut self, connection: &Connection) -> Result<()> {
        let mut check = connection.prepare("PRAGMA integrity_check(10)")?;
        for line in check.query_map([], |row| row.get::<_, String>(0))? {
            let line = line?;
            if line != "ok" {
                self.complaints.push(format!("integrity_check: {line}"));
            }
        }
        let mut check = connection.prepare("PRAGMA foreign_key_check")?;
        for table in check.query_map([], |row| row.get::<_, String>(0))? {
            self.complaints.push(format!("foreign_key_check: a row of {} points nowhere", table?));
        }
        for (what, query) in [
            ("entries without an execution", "FROM journal WHERE execution NOT IN (SELECT key FROM execution)"),
            ("logs without an execution", "FROM call_log WHERE execution NOT IN (SELECT key FROM execution)"),
            ("executions without a workflow", "FROM execution WHERE workflow NOT IN (SELECT key FROM workflow)"),
            ("executions without a definition", "FROM execution WHERE definition NOT IN (SELECT key FROM definition)"),
            (
                "closed executions that are to be woken",
                "FROM execution WHERE status <> 0 AND wake_at_micros IS NOT NULL",
            ),
            ("running executions with an end", "FROM execution WHERE status = 0 AND closed_at_micros IS NOT NULL"),
            ("closed executions without an end", "FROM execution WHERE status <> 0 AND closed_at_micros IS NULL"),
        ] {
            let count: i64 = connection.query_row(&format!("SELECT count(*) {query}"), [], |row| row.get(0))?;
            if count > 0 {
                self.complaints.push(format!("{count} {what}"));
            }
        }
        Ok(())
    }

    fn read_definitions(&mut self, connection: &Connection) -> Result<()> {
        let mut select = connection.prepare("SELECT digest, checksum, text FROM definition")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (digest, checksum, text): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if checksum != crc(&[digest.as_bytes(), text.as_bytes()]) {
                self.complaints.push(format!("the definition {digest} is not what was written"));
            }
            self.definitions.insert(digest, text);
        }
        Ok(())
    }

    /// Ids by key.
    fn read_executions(&mut self, connection: &Connection) -> Result<BTreeMap<i64, String>> {
        let mut ids = BTreeMap::new();
        let mut select = connection.prepare(
            "SELECT execution.key, id, workflow.name, execution.name, digest, input_digest, status,
                    started_at_micros, closed_at_micros, wake_at_micros
             FROM execution JOIN workflow ON workflow.key = execution.workflow
                            JOIN definition ON definition.key = execution.definition",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let status: i64 = row.get(6)?;
            let execution = Execution {
                id: row.get(1)?,
                workflow: row.get(2)?,
                name: row.get(3)?,
                definition_digest: row.get(4)?,
                input_digest: row.get(5)?,
                status: usize::try_from(status)
                    .ok()
                    .and_then(|at| STATUSES.get(at).copied())
                    .unwrap_or("UNKNOWN")
                    .to_owned(),
                started_at_micros: row.get(7)?,
                closed_at_micros: row.get(8)?,
                wake_at_micros: row.get(9)?,
                journal: Vec::new(),
            };
            ids.insert(row.get(0)?, execution.id.clone());
            self.executions.insert(execution.id.clone(), execution);
        }
        Ok(ids)
    }

    fn read_journals(&mut self, connection: &Connection, ids: &mut BTreeMap<i64, String>) -> Result<()> {
        let mut select = connection
            .prepare("SELECT execution, number, at_micros, checksum, body FROM journal ORDER BY execution, number")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (key, number, at_micros, checksum): (i64, i64, i64, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let body: Vec<u8> = row.get(4)?;
            let parts = [&key.to_le_bytes()[..], &number.to_le_bytes(), &at_micros.to_le_bytes(), &body];
            if checksum != crc(&parts) {
                self.complaints.push(format!("entry {number} of the execution with key {key} is not what was written"));
            }
            if let Some(execution) = ids.get(&key).and_then(|id| self.executions.get_mut(id)) {
                let number = u64::try_from(number).context("a negative number of an entry")?;
                execution.journal.push(Entry { number, at_micros, body });
            }
        }
        Ok(())
    }
}

fn crc(parts: &[&[u8]]) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    i64::from(hasher.finalize())
}
