//! `cargo xtask faults`: the fault programme on the real binary.

use anyhow::Result;

use crate::commands::{self, say};
use crate::guests;
use crate::repository::Repository;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Sizes that fit every change (the default)
    #[arg(long, conflicts_with = "night")]
    smoke: bool,
    /// Sizes of a night
    #[arg(long)]
    night: bool,
    /// The seed of everything that is drawn; the table has it
    #[arg(long)]
    seed: Option<u64>,
    /// Another number of cycles
    #[arg(long)]
    cycles: Option<u64>,
    /// Which faults, F1 to F11; all without any
    faults: Vec<String>,
}

pub fn run(repository: &Repository, options: &Options) -> Result<()> {
    guests::build_all(repository)?;
    let host = repository.build_host()?;
    say("breaking the host; the table comes at the end");
    let mut command = repository.cargo(&["run", "--package", "stepwell-faults", "--bin", "faults", "--", "--host"]);
    command.arg(host).arg(if options.night { "--night" } else { "--smoke" });
    for (name, value) in [("--seed", options.seed), ("--cycles", options.cycles)] {
        if let Some(value) = value {
            command.arg(name).arg(value.to_string());
        }
    }
    commands::run(command.args(&options.faults).env("STEPWELL_GUESTS_BUILT", "1"))
}
