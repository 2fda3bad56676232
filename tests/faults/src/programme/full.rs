//! F6: the disk is full, and has room again. The host goes on by itself.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::round::Round;
use super::{Found, Plan};
use crate::load::join;
use crate::random::Random;
use crate::shim::{Control, ENOSPC, ON_WRITE, Shim, Word};
use crate::site::{Host, How};

/// Within so many seconds of room the host takes work again.
const RESUMES_SECONDS: u64 = 5;

/// A file system of this size is the disk, where one can be mounted.
const DISK_MEGABYTES: usize = 24;

/// How a disk is filled.
enum Disk {
    /// A file system in memory and a file that takes all of its room.
    Mounted(Mount),
    /// The shim says that there is no room.
    Told(Control),
}

pub(super) async fn fill(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let (mut mounted, mut slowest, mut refused) = (0, Duration::ZERO, 0);
    for cycle in 0..cycles {
        found.cycles += 1;
        let round = Round::new(plan)?;
        let mut how = How::default();
        // The two take turns; where nothing can be mounted, the shim does it all.
        let mount = if cycle % 2 == 0 { Mount::new(&round.site.data()) } else { None };
        let disk = match mount {
            Some(mount) => {
                mounted += 1;
                Disk::Mounted(mount)
            }
            None => {
                let control = Control::create(&round.site.path("control"))?;
                control.set(Word::Operations, ON_WRITE)?;
                control.set(Word::ErrorNumber, ENOSPC)?;
                control.set(Word::Sticky, 1)?;
                control.set(Word::First, 1)?;
                how.environment = Shim::build()?.environment(&round.site.data(), None, Some(&control));
                Disk::Told(control)
            }
        };
        let mut host = round.start(&how)?;
        round.ready(&mut host).await?;
        match one(&round, &disk, &mut host, random).await {
            Ok((took, starts)) => {
                slowest = slowest.max(took);
                refused += starts;
            }
            Err(error) => found.violations.push(format!("{error:#}\n{}", round.site.log_end())),
        }
        // The host goes on where it is, and then the disk goes: what is checked is a copy of it.
        let settled = round.load().settle(random).await;
        if let Err(error) = settled.and(host.terminate(&round.log)) {
            found.violations.push(format!("{error:#}\n{}", round.site.log_end()));
        }
        drop(disk);
        round.check(&mut found)?;
    }
    found.extra = format!(
        "{refused} starts refused while full; takes work {} ms after there is room, at most; {mounted} on a full file system",
        slowest.as_millis()
    );
    Ok(found)
}

/// Fills, sees that the host says so, makes room, and says how long the host then took.
async fn one(round: &Round, disk: &Disk, host: &mut Host, random: &mut Random) -> Result<(Duration, usize)> {
    let load = round.load();
    let clients = load.run(4, random);
    tokio::time::sleep(Duration::from_millis(500)).await;
    disk.set_full(true)?;
    let begin = Instant::now();
    while is_ready(round).await? {
        ensure!(begin.elapsed().as_secs() < 30, "the disk is full, and the host does not say so");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut refused = 0;
    for _ in 0..5 {
        let url = round.site.url("/api/v1/workflows/plain/executions");
        let answer = round.client.post(url).json(&json!({"input": {}})).send().await?;
        ensure!(answer.status().as_u16() == 503, "a start on a full disk is answered with {}", answer.status());
        refused += 1;
    }
    let listed = round.client.get(round.site.url("/api/v1/executions")).send().await?;
    ensure!(listed.status().is_success(), "a full disk is not read: {}", listed.status());
    disk.set_full(false)?;
    let begin = Instant::now();
    while !is_ready(round).await? {
        ensure!(begin.elapsed().as_secs() < RESUMES_SECONDS, "there is room again, and the host takes no work");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begin.elapsed();
    tokio::time::sleep(Duration::from_millis(300)).await;
    load.stop();
    join(clients).await?;
    ensure!(host.ended()?.is_none(), "the host ended");
    Ok((took, refused))
}

async fn is_ready(round: &Round) -> Result<bool> {
    Ok(round.client.get(round.site.url("/readyz")).send().await?.status().is_success())
}

impl Disk {
    fn set_full(&self, is_full: bool) -> Result<()> {
        match self {
            Self::Told(control) => control.set(Word::Armed, i64::from(is_full)),
            Self::Mounted(mount) if is_full => {
                // As much as there is room for; the last byte fails.
                let _ = std::fs::write(mount.ballast(), vec![0; DISK_MEGABYTES << 20]);
                Ok(())
            }
            Self::Mounted(mount) => std::fs::remove_file(mount.ballast()).context("the ballast"),
        }
    }
}

/// A small file system at the data directory.
struct Mount(std::path::PathBuf);

impl Mount {
    /// `None` where this user may not mount.
    fn new(at: &Path) -> Option<Self> {
        let size = format!("size={DISK_MEGABYTES}m,mode=0700");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        if !done.status.success() {
            eprintln!("  no file system can be mounted here; the shim plays the full disk");
            return None;
        }
        Some(Self(at.to_owned()))
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Mount {
    /// The files are copied out, so that they can be looked at, and the file system goes.
    fn drop(&mut self) {
        let copy = self.0.with_extension("copy");
        let copied = Command::new("cp").arg("-a").arg(&self.0).arg(&copy).status();
        let gone = Command::new("umount").arg(&self.0).status();
        if copied.is_ok_and(|status| status.success()) && gone.is_ok_and(|status| status.success()) {
            let _ = std::fs::remove_dir(&self.0);
            let _ = std::fs::rename(&copy, &self.0);
        }
    }
}
