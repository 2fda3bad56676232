//! Listings, in the order of the keys' bytes.
//!
//! A directory's entries are taken in the order of their names, those of directories with a slash
//! behind them: then what lies below comes where its keys belong, `a.txt` before `a/b` before
//! `a0`. Of each directory on the way no more entries are held than the page has room for. A
//! directory with more of them is read again for each page.

use std::collections::BinaryHeap;
use std::io;

use cap_std::fs::Dir;
use stepwell_objects::{ObjectInfo, RESERVED, check_key};

use crate::{info, is_missing, open_below};

/// As [`list`](stepwell_objects::Objects::list) of the port, of one bucket.
pub(crate) fn list(root: &Dir, prefix: &str, after: Option<&str>, max: usize) -> io::Result<Vec<ObjectInfo>> {
    let (above, start) = prefix.rsplit_once('/').map_or(("", prefix), |(above, start)| (above, start));
    if prefix.contains('/') && check_key(above).is_err() {
        return Ok(Vec::new());
    }
    let directory = match open_below(root, above) {
        Ok(directory) => directory,
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let path = if above.is_empty() { String::new() } else { format!("{above}/") };
    let mut walk = Walk { levels: vec![Level::new(directory, path, start)], after, found: Vec::new(), max };
    while walk.found.len() < max && walk.step()? {}
    Ok(walk.found)
}

struct Walk<'a> {
    /// The directories on the way to where the walk is, outermost first; a key has only so many
    /// names, so there are only so many.
    levels: Vec<Level>,
    after: Option<&'a str>,
    found: Vec<ObjectInfo>,
    max: usize,
}

struct Level {
    directory: Dir,
    /// Empty, or with a slash behind it.
    path: String,
    /// Only names that begin so.
    start: String,
    /// What comes next, last first: names, those of directories with a slash behind them.
    next: Vec<String>,
    /// The last name of those that were read so far; `None` before any was.
    last: Option<String>,
    /// There is nothing behind those that were read.
    complete: bool,
}

impl Level {
    fn new(directory: Dir, path: String, start: &str) -> Self {
        Self { directory, path, start: start.to_owned(), next: Vec::new(), last: None, complete: false }
    }
}

impl Walk<'_> {
    /// Goes on to the next entry; false when there is none.
    fn step(&mut self) -> io::Result<bool> {
        let room = self.max - self.found.len();
        let Some(level) = self.levels.last_mut() else { return Ok(false) };
        let Some(name) = level.next.pop() else {
            if level.complete {
                self.levels.pop();
            } else {
                level.read(self.after, room)?;
            }
            return Ok(true);
        };
        // What went away meanwhile is not there.
        if let Some(name) = name.strip_suffix('/') {
            match open_below(&level.directory, name) {
                Ok(directory) => {
                    let path = format!("{}{name}/", level.path);
                    self.levels.push(Level::new(directory, path, ""));
                }
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(error),
            }
        } else {
            match level.directory.symlink_metadata(&name) {
                Ok(metadata) if metadata.is_file() => {
                    self.found.push(info(format!("{}{name}", level.path), &metadata));
                }
                Ok(_) => {}
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

impl Level {
    /// Reads the names that follow, at most `room` of them.
    fn read(&mut self, after: Option<&str>, room: usize) -> io::Result<()> {
        let mut least = BinaryHeap::new();
        let mut left_out = false;
        for entry in self.directory.entries()? {
            let entry = entry?;
            let Ok(mut name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            if !(kind.is_dir() || kind.is_file()) || !name.starts_with(&self.start) || name.starts_with(RESERVED) {
                continue;
            }
            if kind.is_dir() {
                name.push('/');
            }
            if self.last.as_ref().is_some_and(|last| name <= *last) {
                continue;
            }
            if least.len() >= room && least.peek().is_some_and(|greatest| name > *greatest) {
                left_out = true;
                continue;
            }
            let key = format!("{}{name}", self.path);
            let behind = after.is_none_or(|after| *key > *after || (kind.is_dir() && after.starts_with(&key)));
            if !behind || check_key(key.trim_end_matches('/')).is_err() {
                continue;
            }
            least.push(name);
            if least.len() > room {
                least.pop();
                left_out = true;
            }
        }
        self.complete = !left_out;
        self.next = least.into_sorted_vec();
        self.last = self.next.last().cloned().or(self.last.take());
        self.next.reverse();
        Ok(())
    }
}
