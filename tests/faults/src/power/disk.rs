//! A disk and what is still on its way there.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::{Change, Record};
use crate::random::Random;

/// How much of what was not synced reaches the disk when power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tearing {
    /// Each sector of this size by itself, in so many of a hundred cases; some of them in part.
    Sectors { bytes: usize, kept_percent: u64 },
    /// All changes up to some moment, and none after it.
    Prefix,
}

impl Tearing {
    /// One of the ways, at random.
    pub fn any(random: &mut Random) -> Self {
        if random.percent(25) {
            return Self::Prefix;
        }
        let bytes = if random.percent(50) { 512 } else { 4096 };
        let kept_percent = [0, 10, 50, 90, 100].get(random.index(5)).copied().unwrap_or(50);
        Self::Sectors { bytes, kept_percent }
    }
}

/// The state of the disk at one place of the log.
#[derive(Debug, Default)]
pub struct Disk {
    files: BTreeMap<u64, File>,
    /// Names that are on the disk.
    names: BTreeMap<String, u64>,
    /// Names that are on their way, with where in the log they were given.
    pending: Vec<(u64, Naming)>,
    /// Every fsync is taken for nothing: the negative control.
    ignores_syncs: bool,
}

#[derive(Debug, Default)]
struct File {
    safe: Vec<u8>,
    pending: Vec<(u64, Writing)>,
}

#[derive(Debug, Clone)]
enum Writing {
    Bytes { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Clone)]
enum Naming {
    Created { file: u64, name: String },
    Unlinked { name: String },
    Renamed { from: String, to: String },
}

impl Disk {
    /// An empty one.
    #[must_use]
    pub fn new(ignores_syncs: bool) -> Self {
        Self { ignores_syncs, ..Self::default() }
    }

    /// Goes on by one record.
    pub fn apply(&mut self, record: &Record) {
        let at = record.begin;
        match &record.change {
            Change::Created { file, name } => {
                // The system may give the number of a file that is gone to a new one.
                self.files.insert(*file, File::default());
                self.pending.push((at, Naming::Created { file: *file, name: name.clone() }));
            }
            Change::Written { file, offset, bytes } => {
                let offset = usize::try_from(*offset).unwrap_or(usize::MAX);
                self.file(*file).pending.push((at, Writing::Bytes { offset, bytes: bytes.clone() }));
            }
            Change::Truncated { file, length } => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                self.file(*file).pending.push((at, Writing::Length(length)));
            }
            Change::Synced { file, before } => {
                if !self.ignores_syncs {
                    self.file(*file).sync(*before);
                }
            }
            Change::Unlinked { name } => self.pending.push((at, Naming::Unlinked { name: name.clone() })),
            Change::Renamed { from, to } => {
                self.pending.push((at, Naming::Renamed { from: from.clone(), to: to.clone() }));
            }
            Change::DirectorySynced { before } => {
                // Where no fsync counts, names still have to come to the disk, or no image has a file.
                let safe = self.pending.iter().take_while(|(at, _)| at < before).count();
                for (_, naming) in self.pending.drain(..safe) {
                    naming.apply(&mut self.names);
                }
            }
        }
    }

    /// Writes what is left of the files when power fails now.
    ///
    /// # Errors
    /// When the image cannot be written.
    pub fn write_image(&self, directory: &Path, tearing: Tearing, random: &mut Random) -> Result<()> {
        let mut names = self.names.clone();
        let named = random.index(self.pending.len() + 1);
        for (_, naming) in self.pending.iter().take(named) {
            naming.apply(&mut names);
        }
        let moments: Vec<u64> = self.files.values().flat_map(|file| file.pending.iter().map(|(at, _)| *at)).collect();
        let until = moments.get(random.index(moments.len())).copied().unwrap_or(0);
        for (name, file) in names {
            let Some(file) = self.files.get(&file) else { continue };
            let mut bytes = file.safe.clone();
            for (at, writing) in &file.pending {
                match tearing {
                    Tearing::Prefix if *at < until => writing.apply(&mut bytes),
                    Tearing::Prefix => {}
                    Tearing::Sectors { bytes: sector, kept_percent } => {
                        writing.tear(&mut bytes, sector, kept_percent, random);
                    }
                }
            }
            std::fs::write(directory.join(name), bytes)?;
        }
        Ok(())
    }

    fn file(&mut self, file: u64) -> &mut File {
        self.files.entry(file).or_default()
    }
}

impl File {
    fn sync(&mut self, before: u64) {
        let safe = self.pending.iter().take_while(|(at, _)| *at < before).count();
        for (_, writing) in self.pending.drain(..safe) {
            writing.apply(&mut self.safe);
        }
    }
}

impl Writing {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Bytes { offset, bytes } => put(file, *offset, bytes),
            Self::Length(length) => file.resize(*length, 0),
        }
    }

    /// Some sectors of it.
    fn tear(&self, file: &mut Vec<u8>, sector: usize, kept_percent: u64, random: &mut Random) {
        match self {
            Self::Length(length) => {
                if random.percent(kept_percent) {
                    file.resize(*length, 0);
                }
            }
            Self::Bytes { offset, bytes } => {
                let mut at = 0;
                while at < bytes.len() {
                    // Sectors are those of the disk, not of the write.
                    let end = (at + sector - (offset + at) % sector).min(bytes.len());
                    let part = bytes.get(at..end).unwrap_or_default();
                    if random.percent(kept_percent) {
                        put(file, offset + at, part);
                    } else if random.percent(3) {
                        put(file, offset + at, part.get(..random.index(part.len())).unwrap_or_default());
                    }
                    at = end;
                }
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Created { file, name } => drop(names.insert(name.clone(), *file)),
            Self::Unlinked { name } => drop(names.remove(name)),
            Self::Renamed { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset.saturating_add(bytes.len());
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn record(begin: u64, change: Change) -> Record {
        Record { begin, end: begin + 1, change }
    }

    fn image(disk: &Disk, tearing: Tearing) -> Option<Vec<u8>> {
        let directory = tempfile::tempdir().unwrap();
        disk.write_image(directory.path(), tearing, &mut Random::new(1)).unwrap();
        std::fs::read(directory.path().join("a")).ok()
    }

    #[test]
    fn what_was_synced_stays_and_what_was_not_may_go() {
        let nothing = Tearing::Sectors { bytes: 512, kept_percent: 0 };
        for ignores_syncs in [false, true] {
            let mut disk = Disk { ignores_syncs, ..Disk::default() };
            disk.apply(&record(0, Change::Created { file: 7, name: "a".to_owned() }));
            disk.apply(&record(1, Change::DirectorySynced { before: 1 }));
            disk.apply(&record(2, Change::Written { file: 7, offset: 0, bytes: vec![1; 1024] }));
            // An fsync that began before the second write promises nothing of it.
            disk.apply(&record(3, Change::Written { file: 7, offset: 1024, bytes: vec![2; 1024] }));
            disk.apply(&record(4, Change::Synced { file: 7, before: 3 }));
            let safe = image(&disk, nothing).unwrap();
            let is_synced = safe.iter().filter(|byte| **byte == 1).count() == 1024;
            assert_eq!(is_synced, !ignores_syncs);
            assert!(safe.iter().filter(|byte| **byte == 2).count() < 1024);
            let all = image(&disk, Tearing::Sectors { bytes: 512, kept_percent: 100 }).unwrap();
            assert_eq!(all, [vec![1; 1024], vec![2; 1024]].concat());
        }
    }

    #[test]
    fn sectors_are_kept_one_by_one() {
        let mut disk = Disk::default();
        disk.apply(&record(0, Change::Created { file: 7, name: "a".to_owned() }));
        disk.apply(&record(1, Change::DirectorySynced { before: 1 }));
        disk.apply(&record(2, Change::Written { file: 7, offset: 100, bytes: vec![1; 512 * 40] }));
        let torn = image(&disk, Tearing::Sectors { bytes: 512, kept_percent: 50 }).unwrap();
        let kept = torn.iter().filter(|byte| **byte == 1).count();
        assert!(kept > 0 && kept < 512 * 40, "{kept}");
        // Between two whole sectors of the disk nothing changes but at the writes' ends.
        let whole = |sector: &[u8]| sector.iter().all(|byte| *byte == 1) || sector.iter().all(|byte| *byte == 0);
        assert!(torn.chunks(512).skip(1).filter(|sector| whole(sector)).count() > 30);
    }

    #[test]
    fn a_name_that_was_not_synced_may_be_missing() {
        let mut disk = Disk::default();
        disk.apply(&record(0, Change::Created { file: 7, name: "a".to_owned() }));
        let there = (0..20).filter(|seed| {
            let directory = tempfile::tempdir().unwrap();
            disk.write_image(directory.path(), Tearing::Prefix, &mut Random::new(*seed)).unwrap();
            directory.path().join("a").exists()
        });
        let there = there.count();
        assert!(there > 0 && there < 20, "{there}");
    }
}
