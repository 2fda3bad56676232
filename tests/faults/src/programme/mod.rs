//! The faults, by number. Each runs so many cycles from a seed and says what it found.

mod clock;
mod descriptors;
mod errors;
mod freeze;
mod full;
mod kills;
mod outage;
mod rot;
mod round;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::random::Random;

/// What all faults are told.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The binary `stepwell`.
    pub binary: PathBuf,
    pub seed: u64,
    pub size: Size,
    /// Another number of cycles than the size has.
    pub cycles: Option<usize>,
    /// The bug that the binary is to have, of those that the feature `seeded-bugs` knows.
    pub bug: Option<&'static str>,
}

/// The bugs that the binary has on purpose when it is built with `seeded-bugs`.
pub const BUGS: [&str; 6] =
    ["ack-before-commit", "skip-guard", "double-dispatch", "timer-early", "lose-entry", "rewrite-history"];

/// How long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The smallest that shows anything: one of the ordinary tests.
    Test,
    /// With every change.
    Smoke,
    /// Every night.
    Night,
}

/// What a fault found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub cycles: usize,
    /// One text for each violation, the smallest counterexample in it.
    pub violations: Vec<String>,
    /// The figure beside.
    pub extra: String,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub fault: Fault,
    pub seed: u64,
    pub found: Found,
    pub seconds: u64,
}

/// The faults of the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// kill -9 under load.
    F1,
    /// kill -9 while the host recovers.
    F2,
    /// Power loss: images of the disk, opened as a host opens its store.
    F3,
    /// Power loss: images that the real host goes on with.
    F4,
    /// The Nth operation fails.
    F5,
    /// The disk is full, and has room again.
    F6,
    /// No file can be opened any more.
    F7,
    /// The host is stopped for seconds and goes on.
    F9,
    /// The wall clock is set.
    F10,
    /// Bits flip while the host is down.
    F11,
}

impl Fault {
    /// All of them, in their order.
    pub const ALL: [Self; 10] =
        [Self::F1, Self::F2, Self::F3, Self::F4, Self::F5, Self::F6, Self::F7, Self::F9, Self::F10, Self::F11];

    /// `F1`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.about().0
    }

    /// The fault of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name().eq_ignore_ascii_case(name))
    }

    /// Name, words, and the cycles of a test, of the smoke size and of a night.
    fn about(self) -> (&'static str, &'static str, [usize; 3]) {
        match self {
            Self::F1 => ("F1", "kill -9 under load", [6, 25, 1000]),
            Self::F2 => ("F2", "kill -9 during recovery", [2, 5, 200]),
            Self::F3 => ("F3", "power loss, images", [60, 400, 20_000]),
            Self::F4 => ("F4", "power loss, whole host", [1, 3, 50]),
            Self::F5 => ("F5", "Nth operation fails", [2, 12, 600]),
            Self::F6 => ("F6", "disk full", [1, 2, 50]),
            Self::F7 => ("F7", "no file descriptors", [1, 1, 20]),
            Self::F9 => ("F9", "stopped for seconds", [1, 2, 100]),
            Self::F10 => ("F10", "clock steps", [1, 4, 100]),
            Self::F11 => ("F11", "bit rot", [10, 40, 500]),
        }
    }

    fn cycles(self, plan: &Plan) -> usize {
        let [test, smoke, night] = self.about().2;
        plan.cycles.unwrap_or(match plan.size {
            Size::Test => test,
            Size::Smoke => smoke,
            Size::Night => night,
        })
    }
}

/// Runs one fault.
///
/// # Errors
/// When the programme itself cannot go on; a violation is no error.
pub async fn run(fault: Fault, plan: &Plan) -> Result<Line> {
    let begin = Instant::now();
    let cycles = fault.cycles(plan);
    eprintln!("{}: {}, {cycles} cycles, seed {}", fault.name(), fault.about().1, plan.seed);
    let mut random = Random::new(plan.seed);
    let found = match fault {
        Fault::F1 => kills::under_load(plan, cycles, &mut random).await,
        Fault::F2 => kills::during_recovery(plan, cycles, &mut random).await,
        Fault::F3 => outage::images(plan, cycles, &mut random).await,
        Fault::F4 => outage::hosts(plan, cycles, &mut random).await,
        Fault::F5 => errors::sweep(plan, cycles, &mut random).await,
        Fault::F6 => full::fill(plan, cycles, &mut random).await,
        Fault::F7 => descriptors::exhaust(plan, cycles, &mut random).await,
        Fault::F9 => freeze::freeze(plan, cycles, &mut random).await,
        Fault::F10 => clock::step(plan, cycles, &mut random).await,
        Fault::F11 => rot::flip(plan, cycles, &mut random).await,
    };
    let found = found.with_context(|| format!("{} with seed {}", fault.name(), plan.seed))?;
    Ok(Line { fault, seed: plan.seed, found, seconds: begin.elapsed().as_secs() })
}

/// The lines as a table in Markdown.
#[must_use]
pub fn table(lines: &[Line]) -> String {
    let mut text =
        "| fault | what | cycles | violations | extra figure | seconds |\n|---|---|---|---|---|---|\n".to_owned();
    for Line { fault, found, seconds, .. } in lines {
        let (name, what, _) = fault.about();
        let Found { cycles, violations, extra } = found;
        let _ = writeln!(text, "| {name} | {what} | {cycles} | {} | {extra} | {seconds} |", violations.len());
    }
    text
}
