//! `hostcheck`: verifies the invariants of one run of a host, after the host has gone.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use stepwell_faults::case::{Case, Places};
use stepwell_faults::fold::Folder;
use stepwell_faults::{invariants, report};

/// Reads a data directory that no host has, the log of what clients were told, and the ledger
/// of effects; verifies every invariant; prints the smallest counterexample. Ends with 1 when
/// one does not hold.
#[derive(Debug, Parser)]
#[command(name = "hostcheck", version)]
struct Arguments {
    /// The data directory; it is read and left as it is
    data: PathBuf,
    /// The log of what clients were told: one JSON object a line
    #[arg(long)]
    acks: Option<PathBuf>,
    /// The directory of effects: one JSON file for each run of a task
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// The host had the time to bring every acknowledged execution to its end
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let Arguments { data, acks, ledger, quiet } = Arguments::parse();
    let places = Places { data: &data, acks: acks.as_deref(), ledger: ledger.as_deref(), is_quiet: quiet };
    let case = match Case::read(places, &Folder::default()) {
        Ok(case) => case,
        Err(error) => {
            eprintln!("hostcheck: {error:#}");
            return ExitCode::from(2);
        }
    };
    let verdicts = invariants::check(&case);
    print!("{}", report::table(&verdicts));
    match report::counterexample(&case, &verdicts) {
        None => ExitCode::SUCCESS,
        Some(text) => {
            println!("\n{text}");
            ExitCode::FAILURE
        }
    }
}
