//! `faults`: runs the fault programme on a real binary and prints its table.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::Parser;
use stepwell_faults::programme::{self, Fault, Plan, Size};

/// Runs faults on a real host, checks what they leave behind, and prints a table. Ends with 1
/// when an invariant did not hold, or a control did not fail.
#[derive(Debug, Parser)]
#[command(name = "faults", version)]
struct Arguments {
    /// The binary `stepwell`
    #[arg(long)]
    host: PathBuf,
    /// Sizes that fit every change (the default)
    #[arg(long, conflicts_with = "night")]
    smoke: bool,
    /// Sizes of a night
    #[arg(long)]
    night: bool,
    /// The seed of everything that is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// Another number of cycles
    #[arg(long)]
    cycles: Option<usize>,
    /// The binary was built with `seeded-bugs`: each of its bugs must be found
    #[arg(long, conflicts_with = "faults")]
    bugs: bool,
    /// Which ones, F1 to F11; all without any
    faults: Vec<String>,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.context("no threads").and_then(|runtime| runtime.block_on(run(Arguments::parse())));
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let named = |name: &String| Fault::named(name).with_context(|| format!("there is no fault {name}"));
    let mut faults = arguments.faults.iter().map(named).collect::<Result<Vec<_>>>()?;
    if faults.is_empty() {
        faults = Fault::ALL.to_vec();
    }
    let seed = arguments.seed.unwrap_or(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
    let size = if arguments.night { Size::Night } else { Size::Smoke };
    let plan = Plan { binary: arguments.host.canonicalize()?, seed, size, cycles: arguments.cycles, bug: None };
    if arguments.bugs {
        return find_bugs(&plan).await;
    }
    let mut lines = Vec::new();
    for fault in faults {
        let line = programme::run(fault, &plan).await?;
        if let Some(violation) = line.found.violations.first() {
            eprintln!("{}: {} violations; the first:\n{violation}\n", fault.name(), line.found.violations.len());
        }
        lines.push(line);
    }
    println!("{}\nseed {seed}", programme::table(&lines));
    let holds = lines.iter().all(|line| line.found.violations.is_empty());
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each bug in turn, under kills, until something is found; and no bug, where nothing may be.
async fn find_bugs(plan: &Plan) -> Result<ExitCode> {
    const CYCLES: usize = 3;
    let mut text = "| bug | found by |\n|---|---|\n".to_owned();
    let mut is_well = true;
    for bug in programme::BUGS.map(Some).into_iter().chain([None]) {
        let plan = Plan { bug, cycles: Some(plan.cycles.unwrap_or(CYCLES)), ..plan.clone() };
        let line = programme::run(Fault::F1, &plan).await?;
        let found = line.found.violations.iter().map(|violation| violation.lines().next().unwrap_or_default());
        let found: Vec<&str> = found.take(2).collect();
        is_well &= found.is_empty() == bug.is_none();
        text += &format!("| {} | {} |\n", bug.unwrap_or("none"), found.join("; "));
    }
    println!("{text}\nseed {}", plan.seed);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
