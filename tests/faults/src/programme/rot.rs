//! F11: bits flip in the files of a host that is down.
//!
//! What is read afterwards is what was written, or the reader is told that it is damaged. Two
//! things are counted beside, because the store's format does not tell them:
//! - a flipped bit in the write-ahead log looks like the end of a log that power cut off, so
//!   that SQLite goes back to the commit before it. What is read is then an earlier state, and
//!   nothing in it is wrong;
//! - rows of executions have no checksum of their own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use stepwell_store_embedded::EmbeddedStore;

use super::round::Round;
use super::{Found, Plan};
use crate::load::join;
use crate::random::Random;
use crate::site::{How, memory_directory};
use crate::stored::{Execution, Stored};

/// How many bits flip, at most.
const BITS: u64 = 8;

/// More entries than any journal here has.
const JOURNAL_ENTRIES: usize = 100_000;

pub(super) async fn flip(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let mut tally = Tally::default();
    // One that was killed, with a log beside its file; and one that went down in good order.
    for (is_killed, share) in [(true, cycles / 2), (false, cycles.div_ceil(2))] {
        let round = Round::new(plan)?;
        let mut host = round.start(&How::default())?;
        round.ready(&mut host).await?;
        let load = round.load();
        let clients = load.run(4, random);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        if is_killed {
            host.kill(&round.log)?;
        }
        load.stop();
        join(clients).await?;
        if !is_killed {
            host.terminate(&round.log)?;
        }
        let truth = Stored::read(&round.site.data())?;
        ensure!(!truth.executions.is_empty(), "there is nothing to damage");
        for _ in 0..share {
            found.cycles += 1;
            let directory = memory_directory()?;
            let damaged = damage(&round.site.data(), directory.path(), random)?;
            let is_log = damaged.contains("store.db-wal");
            for served in served_wrong(directory.path(), &truth, is_log, &mut tally) {
                found.violations.push(format!("{damaged}: {served}"));
            }
        }
    }
    let caches = caches(plan, cycles.div_ceil(20), random, &mut found).await?;
    let Tally { unopened, refused, whole, rows, earlier, short } = tally;
    found.extra = format!(
        "{unopened} stores did not open, {refused} journals were refused, {whole} read as written, {short} cut short; \
         {earlier} went back to an earlier commit of the log, {rows} rows showed something else; \
         {caches} tampered caches"
    );
    Ok(found)
}

/// What reading damaged stores came to.
#[derive(Debug, Default)]
struct Tally {
    unopened: usize,
    refused: usize,
    whole: usize,
    rows: usize,
    /// Journals that ended earlier, because the log was cut off at the damage.
    earlier: usize,
    /// Journals that were read with their last entries missing, without a word.
    short: usize,
}

/// Copies the store's files and flips bits in one of them.
fn damage(from: &Path, to: &Path, random: &mut Random) -> Result<String> {
    let mut files = BTreeMap::new();
    for name in ["store.db", "store.db-wal"] {
        let bytes = std::fs::read(from.join(name)).unwrap_or_default();
        if !bytes.is_empty() {
            files.insert(name, bytes);
        }
    }
    let names: Vec<&str> = files.keys().copied().collect();
    let name = names.get(random.index(names.len())).copied().context("no files")?;
    let mut places = Vec::new();
    if let Some(bytes) = files.get_mut(name) {
        for _ in 0..=random.below(BITS) {
            let at = random.index(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
                places.push(at);
            }
        }
    }
    for (name, bytes) in files {
        std::fs::write(to.join(name), bytes)?;
    }
    Ok(format!("bits flipped in {name} at {places:?}"))
}

/// What the store gives out that was not written.
fn served_wrong(directory: &Path, truth: &Stored, is_log: bool, tally: &mut Tally) -> Vec<String> {
    use stepwell_store::Store as _;
    let Ok(store) = EmbeddedStore::open(directory) else {
        tally.unopened += 1;
        return Vec::new();
    };
    let mut wrong = Vec::new();
    for (id, execution) in &truth.executions {
        match store.journal(id, 0, JOURNAL_ENTRIES) {
            Err(_) => tally.refused += 1,
            Ok(entries) => {
                let read: Vec<_> = entries.iter().map(|entry| (entry.number, entry.at_micros, &entry.body)).collect();
                let written: Vec<_> =
                    execution.journal.iter().map(|entry| (entry.number, entry.at_micros, &entry.body)).collect();
                if read == written {
                    tally.whole += 1;
                } else if is_log && written.starts_with(&read) {
                    tally.earlier += 1;
                } else if written.starts_with(&read) {
                    tally.short += 1;
                    wrong.push(format!(
                        "execution {id}: the first {} of {} entries are read",
                        read.len(),
                        written.len()
                    ));
                } else {
                    wrong.push(format!(
                        "execution {id}: {} entries were written, {} others are read",
                        written.len(),
                        read.len()
                    ));
                }
            }
        }
        let is_earlier = |text: &Option<String>| is_log && text.is_none();
        if let Ok(text) = store.definition(&execution.definition_digest)
            && text.as_ref() != truth.definitions.get(&execution.definition_digest)
            && !is_earlier(&text)
        {
            wrong.push(format!("the definition {} is read as {text:?}", execution.definition_digest));
        }
        if let Ok(row) = store.execution(id) {
            tally.rows += usize::from(!is_log && !row.is_some_and(|row| is_same(&row, execution)));
        }
    }
    wrong
}

fn is_same(row: &stepwell_store::ExecutionRow, execution: &Execution) -> bool {
    row.workflow == execution.workflow
        && row.name == execution.name
        && row.status.name() == execution.status
        && row.started_at_micros == execution.started_at_micros
        && row.closed_at_micros == execution.closed_at_micros
}

/// Compiled components that were changed are compiled again, and the host works with them.
async fn caches(plan: &Plan, cycles: usize, random: &mut Random, found: &mut Found) -> Result<usize> {
    let round = Round::new(plan)?;
    let compiled = round.site.path("compiled");
    let how = How { compiled: Some(compiled.clone()), ..How::default() };
    let mut host = round.start(&how)?;
    round.ready(&mut host).await?;
    host.terminate(&round.log)?;
    for _ in 0..cycles {
        let file = biggest(&compiled)?;
        let mut bytes = std::fs::read(&file)?;
        let at = random.index(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
        std::fs::write(&file, &bytes)?;
        let before = round.site.log().len();
        let mut host = round.start(&how)?;
        round.ready(&mut host).await?;
        let log = round.site.log();
        if log.get(before..).unwrap_or_default().contains("from cache") || std::fs::read(biggest(&compiled)?)? == bytes
        {
            found.violations.push(format!("a bit flipped at {at} of {}, and it was loaded", file.display()));
        }
        let load = round.load();
        let clients = load.run(1, random);
        tokio::time::sleep(Duration::from_millis(200)).await;
        load.stop();
        join(clients).await?;
        host.terminate(&round.log)?;
    }
    round.settle(None, random, found).await?;
    Ok(cycles)
}

fn biggest(directory: &Path) -> Result<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.metadata()?.is_file() {
            files.push((entry.metadata()?.len(), entry.path()));
        }
    }
    files.into_iter().max().map(|(_, path)| path).context("nothing was compiled")
}
