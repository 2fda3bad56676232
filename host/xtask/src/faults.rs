//! `cargo xtask faults`: the fault programme on the real binary.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::commands::{self, say};
use crate::guests;
use crate::repository::Repository;

/// The arguments are the programme's own: see `tests/faults/src/bin/faults.rs`.
pub fn run(repository: &Repository, arguments: &[String]) -> Result<()> {
    guests::build_all(repository)?;
    let has_bugs = arguments.iter().any(|argument| argument == "--bugs");
    let host = if has_bugs { build_with_bugs(repository)? } else { repository.build_host()? };
    say("breaking the host; the table comes at the end");
    let mut command = repository.cargo(&["run", "--package", "stepwell-faults", "--bin", "faults", "--", "--host"]);
    commands::run(command.arg(host).args(arguments).env("STEPWELL_GUESTS_BUILT", "1"))
}

/// Kept under a name of its own: the next build makes an honest host again.
fn build_with_bugs(repository: &Repository) -> Result<PathBuf> {
    let build = ["build", "--package", "stepwell-cli", "--bin", "stepwell", "--features", "seeded-bugs"];
    commands::run(&mut repository.cargo(&build))?;
    let built = repository.target.join("debug").join("stepwell");
    let kept = repository.target.join("debug").join("stepwell-with-bugs");
    std::fs::copy(&built, &kept).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(kept)
}
