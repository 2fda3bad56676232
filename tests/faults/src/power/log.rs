//! The shim's log: every change of the watched files, in the order in which they happened.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where in the log it begins and ends (bytes).
    pub begin: u64,
    pub end: u64,
    pub change: Change,
}

/// What happened. Files are known by inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Created {
        file: u64,
        name: String,
    },
    Written {
        file: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncated {
        file: u64,
        length: u64,
    },
    /// What was written of the file before this place of the log is on the disk.
    Synced {
        file: u64,
        before: u64,
    },
    Unlinked {
        name: String,
    },
    Renamed {
        from: String,
        to: String,
    },
    /// The names that were given before this place of the log are on the disk.
    DirectorySynced {
        before: u64,
    },
}

/// Reads a log. A last record without its end never happened.
///
/// # Errors
/// When a record is of no known kind.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let mut records = Vec::new();
    let mut rest = &bytes[..];
    let mut begin = 0;
    while let Some((header, after)) = rest.split_at_checked(32) {
        let word =
            |at: usize| header.get(8 * at..8 * at + 8).and_then(|word| word.try_into().ok()).map(u64::from_le_bytes);
        let (Some(kind), Some(file), Some(offset), Some(length)) = (word(0), word(1), word(2), word(3)) else { break };
        let Some((body, after)) = after.split_at_checked(usize::try_from(length)?) else { break };
        let text = || Ok::<_, anyhow::Error>(String::from_utf8(body.to_vec())?);
        let change = match kind {
            1 => Change::Created { file, name: text()? },
            2 => Change::Written { file, offset, bytes: body.to_vec() },
            3 => Change::Truncated { file, length: offset },
            4 => Change::Synced { file, before: offset },
            5 => Change::Unlinked { name: text()? },
            6 => {
                let names = text()?;
                let (from, to) = names.split_once('/').context("a rename with one name")?;
                Change::Renamed { from: from.to_owned(), to: to.to_owned() }
            }
            7 => Change::DirectorySynced { before: offset },
            other => bail!("{}: a record of the kind {other} at {begin}", path.display()),
        };
        let end = begin + 32 + length;
        records.push(Record { begin, end, change });
        (rest, begin) = (after, end);
    }
    Ok(records)
}
