//! The log of what clients were told: one JSON object a line. What is in it was acknowledged.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that was told, or done to the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ack", rename_all = "kebab-case")]
pub enum Ack {
    /// A start was answered with 202.
    Started {
        id: String,
        workflow: String,
        name: String,
        input: Value,
        /// The start had come before.
        existing: bool,
        /// How long the log of the disk was when the answer had come (bytes); 0 without one.
        #[serde(default)]
        position: u64,
    },
    /// A stop was answered with 200.
    Stopped {
        id: String,
        #[serde(default)]
        position: u64,
    },
    /// A start was refused because another execution has the name.
    NameTaken { workflow: String, name: String, id: String },
    /// An execution that was acknowledged was asked for, and the host did not know it.
    Missing { id: String },
    /// A history was read.
    Read { id: String, events: Vec<Value> },
    /// How many executions of each status the host counted, when nothing went on any more.
    Listed { ids: Vec<(String, String)> },
    /// The host was started.
    HostStarted,
    /// The host was lost: killed, or ended by itself.
    HostLost,
    /// The host went down in good order.
    HostEnded,
}

/// The log, to be written.
#[derive(Debug)]
pub struct AckLog {
    file: Mutex<File>,
    /// The log of the disk, whose length is noted with every acknowledgement.
    disk: Option<PathBuf>,
}

impl AckLog {
    /// Goes on with the log at the path.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(path: &Path, disk: Option<PathBuf>) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path);
        Ok(Self { file: Mutex::new(file.with_context(|| path.display().to_string())?), disk })
    }

    /// How long the log of the disk is now: what is acknowledged from here on was durable by then.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.disk.as_ref().and_then(|path| path.metadata().ok()).map_or(0, |metadata| metadata.len())
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note(&self, ack: &Ack) -> Result<()> {
        let mut line = serde_json::to_vec(ack)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(&line)?)
    }

    /// Waits until all lines are on the disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> Result<()> {
        Ok(self.file.lock().unwrap_or_else(PoisonError::into_inner).sync_data()?)
    }
}

/// Reads a log. A last line without its end was never noted.
///
/// # Errors
/// When a line is no acknowledgement.
pub fn read(path: &Path) -> Result<Vec<Ack>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))).collect()
}
