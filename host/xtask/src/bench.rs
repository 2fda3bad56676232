//! `cargo xtask bench PART`: measurements, in release.

use anyhow::Result;
use clap::ValueEnum;

use crate::commands::{self, say};
use crate::guests;
use crate::repository::Repository;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Part {
    /// Calls through the task port beside the bare engine
    Tasks,
    /// Durable commits of the embedded store
    Store,
    /// Steps of the pure interpreter
    Asl,
    /// Events against rule sets: speed, memory and building, beside what other engines reach
    Rules,
}

pub fn run(repository: &Repository, part: Part, arguments: &[String]) -> Result<()> {
    let (package, example) = match part {
        Part::Tasks => ("stepwell-tasks-wasm", "bench_tasks"),
        Part::Store => ("stepwell-store-embedded", "bench_store"),
        Part::Asl => ("stepwell-asl", "transitions"),
        Part::Rules => ("stepwell-rules", "bench_rules"),
    };
    if matches!(part, Part::Tasks) {
        guests::build_all(repository)?;
    }
    say("measuring, in release; on a busy machine the figures mean little");
    let mut command = repository.cargo(&["run", "--release", "--package", package, "--example", example, "--"]);
    commands::run(command.args(arguments).env("STEPWELL_GUESTS_BUILT", "1"))
}
