//! Images at random moments, each opened the way a host opens its store, and checked.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use stepwell_store_embedded::EmbeddedStore;

use super::{Disk, Record, Tearing};
use crate::acks::Ack;
use crate::case::Case;
use crate::fold::Folder;
use crate::random::Random;
use crate::stored::Stored;
use crate::{invariants, report, site};

/// What to make images of, and how many.
#[derive(Debug, Clone, Copy)]
pub struct Images<'a> {
    pub log: &'a [Record],
    pub acks: &'a [Ack],
    pub count: usize,
    /// The negative control: no fsync counts.
    pub ignores_syncs: bool,
}

/// What became of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub images: usize,
    /// Images that lost something that was acknowledged, and nothing worse.
    pub lost: usize,
    /// Images that a host does not open, or that are damaged.
    pub damaged: usize,
    /// Acknowledgements that had to be in the images, counted over all of them.
    pub acknowledgements: usize,
    pub first_violation: Option<String>,
}

impl Tally {
    /// Images that broke a promise.
    #[must_use]
    pub fn violations(&self) -> usize {
        self.lost + self.damaged
    }
}

/// Makes and checks images at random places of the log.
///
/// # Errors
/// When an image cannot be written.
pub fn check_images(images: Images<'_>, random: &mut Random) -> Result<Tally> {
    let mut tally = Tally::default();
    let folder = Folder::default();
    let mut disk = Disk::new(images.ignores_syncs);
    let mut moments: Vec<usize> = (0..images.count).map(|_| random.index(images.log.len()) + 1).collect();
    moments.sort_unstable();
    let mut moments = moments.into_iter().peekable();
    let begin = Instant::now();
    for (at, record) in (1..).zip(images.log) {
        disk.apply(record);
        while moments.next_if_eq(&at).is_some() {
            let directory = site::memory_directory()?;
            disk.write_image(directory.path(), Tearing::any(random), random)?;
            let told = told_before(images.acks, record.end);
            tally.images += 1;
            tally.acknowledgements += told.len();
            check_image(directory.path(), told, &folder, &mut tally)
                .with_context(|| format!("the image at {} of the log", record.end))?;
            if tally.images.is_multiple_of(1000) {
                eprintln!("  {} of {} images, {} s", tally.images, images.count, begin.elapsed().as_secs());
            }
        }
    }
    Ok(tally)
}

/// What was acknowledged when the log was no longer than this: power failed after it.
fn told_before(acks: &[Ack], end: u64) -> Vec<Ack> {
    let is_before = |ack: &&Ack| match ack {
        Ack::Started { position, .. } | Ack::Stopped { position, .. } => *position <= end,
        Ack::NameTaken { .. } | Ack::Missing { .. } | Ack::Read { .. } | Ack::Listed { .. } => false,
        Ack::HostStarted | Ack::HostLost | Ack::HostEnded => false,
    };
    acks.iter().filter(is_before).cloned().collect()
}

fn check_image(directory: &Path, told: Vec<Ack>, folder: &Folder, tally: &mut Tally) -> Result<()> {
    let opened = EmbeddedStore::open(directory).map(drop);
    let stored = match opened {
        Ok(()) => Stored::read_in_place(directory),
        Err(error) => Err(error.into()),
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => {
            tally.damaged += 1;
            tally.first_violation.get_or_insert_with(|| format!("the store does not open: {error:#}"));
            return Ok(());
        }
    };
    let case = Case::of(stored, told, None, false, folder)?;
    let verdicts = invariants::check(&case);
    let broken: Vec<&str> = invariants::violations(&verdicts).map(|(invariant, _)| invariant).collect();
    if broken.is_empty() {
        return Ok(());
    }
    if broken.iter().all(|invariant| ["I15", "I17"].contains(invariant)) {
        tally.lost += 1;
    } else {
        tally.damaged += 1;
    }
    if tally.first_violation.is_none() {
        tally.first_violation = report::counterexample(&case, &verdicts);
    }
    Ok(())
}
