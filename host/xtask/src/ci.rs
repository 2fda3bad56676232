//! `cargo xtask ci`: everything that must hold before a change lands.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::commands::{self, say};
use crate::repository::{Repository, Workspace};
use crate::testing;
use crate::toolchain::{WASI, ensure_target};

/// All of it, whatever fails on the way.
pub fn run(repository: &Repository) -> Result<()> {
    let checked = check(repository);
    if let Err(error) = &checked {
        eprintln!("error: {error:#}");
    }
    testing::run(repository, None).and(checked)
}

/// All of it but the tests.
pub fn check(repository: &Repository) -> Result<()> {
    ensure_target(WASI)?;
    let mut lines = Vec::new();
    for workspace in repository.workspaces() {
        let what = format!("formatting of the {}", workspace.name);
        step(&mut lines, what, || commands::run(&mut format(repository, &workspace)));
    }
    step(&mut lines, "house rules, arrows, pins and the frozen interface".to_owned(), || {
        commands::run(&mut repository.cargo(&["test", "--package", "stepwell-tidy", "--quiet"]))
    });
    step(&mut lines, "purity".to_owned(), || testing::purity(repository));
    for workspace in repository.workspaces() {
        let what = format!("lints of the {}", workspace.name);
        step(&mut lines, what, || commands::run(&mut lint(repository, &workspace)));
    }

    println!();
    for line in &lines {
        println!("{:>5} s  {}  {}", line.seconds, if line.holds { "holds " } else { "BROKEN" }, line.what);
    }
    match lines.iter().filter(|line| !line.holds).count() {
        0 => Ok(()),
        broken => bail!("{broken} of {} checks are broken", lines.len()),
    }
}

struct Line {
    what: String,
    holds: bool,
    seconds: u64,
}

/// A broken step does not keep the next from being looked at.
fn step(lines: &mut Vec<Line>, what: String, act: impl FnOnce() -> Result<()>) {
    say(&what);
    let begun = Instant::now();
    let done = act();
    if let Err(error) = &done {
        eprintln!("error: {error:#}");
    }
    lines.push(Line { what, holds: done.is_ok(), seconds: begun.elapsed().as_secs() });
}

fn format(repository: &Repository, workspace: &Workspace) -> Command {
    repository.cargo(&["fmt", "--all", "--manifest-path", workspace.manifest, "--check"])
}

fn lint(repository: &Repository, workspace: &Workspace) -> Command {
    let mut command = repository.cargo_in(workspace, &["clippy", "--workspace", "--all-targets"]);
    if workspace.only_wasm {
        command.args(["--target", WASI]);
    }
    command.args(["--", "-D", "warnings"]);
    command
}
