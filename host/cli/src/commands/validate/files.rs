//! Which files are meant.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::definition::{FILE_BYTES_MAX, Source};

/// How standard input is given.
pub const STDIN: &str = "-";

/// How definitions in directories are named.
const ENDING: &str = ".asl.json";

/// Directories below each other that are searched (levels).
const DIRECTORY_LEVELS: usize = 32;

/// Files and directories that one search looks at; what has more is no directory of workflows.
const ENTRIES_SEEN: usize = 100_000;

/// What stands behind an argument.
pub enum Found {
    Definition(Source),
    Unreadable(PathBuf, String),
}

/// Every definition once, in the order of the arguments, those of a directory by name.
pub fn find(arguments: &[PathBuf]) -> impl Iterator<Item = Found> {
    let mut seen = BTreeSet::new();
    let mut paths: Vec<Result<PathBuf, Found>> = Vec::new();
    for argument in arguments {
        if argument.as_os_str() != STDIN && argument.is_dir() {
            match search(argument) {
                Ok(found) => paths.extend(found.into_iter().map(Ok)),
                Err(message) => paths.push(Err(Found::Unreadable(argument.clone(), message))),
            }
        } else {
            paths.push(Ok(argument.clone()));
        }
    }
    paths.retain(|path| path.as_ref().map_or(true, |path| seen.insert(path.clone())));
    // One after the other: a thousand definitions need not be in memory at once.
    paths.into_iter().map(|path| path.map_or_else(|found| found, read))
}

/// What a file is called in reports.
pub fn shown(path: &Path) -> String {
    if path.as_os_str() == STDIN { "<stdin>".to_owned() } else { path.display().to_string() }
}

fn read(path: PathBuf) -> Found {
    let source = if path.as_os_str() == STDIN { from_stdin(&path) } else { Source::read(&path) };
    source.map_or_else(|message| Found::Unreadable(path, message), Found::Definition)
}

fn from_stdin(path: &Path) -> Result<Source, String> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot read standard input: {error}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("standard input has more than {FILE_BYTES_MAX} bytes; a definition has at most so many"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "standard input is not text in UTF-8".to_owned())?;
    Ok(Source { path: path.to_owned(), text })
}

/// The definitions below a directory. Names that begin with a dot are left out, and links to
/// directories are not followed: they could lead around in circles.
fn search(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = BTreeSet::new();
    let mut open = vec![(directory.to_owned(), 0)];
    let mut looked_at = 0;
    while let Some((directory, level)) = open.pop() {
        let unread = |error: std::io::Error| format!("cannot read the directory {}: {error}", directory.display());
        for entry in std::fs::read_dir(&directory).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            looked_at += 1;
            if looked_at > ENTRIES_SEEN {
                return Err(format!("{} holds more than {ENTRIES_SEEN} files", directory.display()));
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let kind = entry.file_type().map_err(unread)?;
            if kind.is_dir() && level < DIRECTORY_LEVELS {
                open.push((entry.path(), level + 1));
            } else if !kind.is_dir() && name.ends_with(ENDING) {
                found.insert(entry.path());
            }
        }
    }
    if found.is_empty() {
        return Err(format!("there are no *{ENDING} files in {}", directory.display()));
    }
    Ok(found.into_iter().collect())
}
