//! `cargo xtask test`: all tests, and one line that sums them up.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::commands::{self, run_and_keep, say};
use crate::guests;
use crate::repository::{MAIN, Repository};
use crate::tally::Tally;
use crate::toolchain::{BARE, ensure_target};

pub fn run(repository: &Repository, filter: Option<&str>) -> Result<()> {
    let begun = Instant::now();
    guests::build_all(repository)?;
    let mut tally = Tally::default();
    let mut broken = Vec::new();
    for mut suite in suites(repository, filter) {
        say(&suite.title);
        if let Some(build) = &mut suite.build {
            commands::run(build)?;
        }
        let kept = run_and_keep(suite.command.env("STEPWELL_GUESTS_BUILT", "1"))?;
        tally.add(Tally::read(&kept.text));
        if !kept.succeeded {
            broken.push(suite.title);
        }
    }
    if filter.is_none() {
        tables(repository)?;
        purity(repository)?;
    }
    println!("\n{tally}, in {} s", begun.elapsed().as_secs());
    match broken.as_slice() {
        [] => Ok(()),
        some => bail!("not everything passed: {}", some.join("; ")),
    }
}

/// The tests that run recorded cases, once more for what they print: how many of each feature pass.
const TABLES: [(&str, &[&str]); 4] = [
    ("stepwell-asl", &["conformance", "validation", "test_state"]),
    ("stepwell-aws", &["recorded", "clients", "hostile"]),
    ("stepwell-expr", &["conformance", "jsonata"]),
    ("stepwell-rules", &["conformance"]),
];

fn tables(repository: &Repository) -> Result<()> {
    say("what the recorded cases say (they lie beside the repository; without them these tests say so)");
    for (package, names) in TABLES {
        let mut test = repository.cargo(&["test", "--quiet", "--package", package]);
        for name in names {
            test.args(["--test", name]);
        }
        commands::run(test.args(["--", "--nocapture", "--test-threads", "1"]))?;
    }
    Ok(())
}

#[derive(Debug, clap::Args)]
pub struct RuleFuzzing {
    /// For how many minutes
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Where the made-up rules and events begin; another number makes others
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Whether rule sets find the rules that match and no others, for as long as is asked.
pub fn fuzz_rules(repository: &Repository, options: &RuleFuzzing) -> Result<()> {
    say(&format!("comparing rule sets with their patterns for {} minutes", options.minutes));
    let mut command = repository.cargo(&["test", "--release", "--package", "stepwell-rules", "--test", "agreement"]);
    command.args(["--", "--nocapture", "a_rule_set_agrees_with_its_patterns"]);
    command.env("STEPWELL_FUZZ_SECONDS", options.minutes.saturating_mul(60).to_string());
    commands::run(command.env("STEPWELL_FUZZ_SEED", options.seed.to_string()))
}

/// What decides must not be able to act: it compiles where there is no clock, no file and no network.
pub fn purity(repository: &Repository) -> Result<()> {
    ensure_target(BARE)?;
    say("checking that the pure crates compile where there is nothing to act on");
    let packages =
        ["stepwell-expr", "stepwell-asl", "stepwell-rules", "stepwell-aws"].map(|name| ["--package", name]).concat();
    let mut check = repository.cargo(&["check", "--lib", "--target", BARE]);
    commands::run(check.args(packages))
}

struct Suite {
    title: String,
    /// Compiles first, with cargo's own progress to look at.
    build: Option<Command>,
    command: Command,
}

fn suites(repository: &Repository, filter: Option<&str>) -> Vec<Suite> {
    let mut suites = Vec::new();
    let nextest = has_nextest(repository);
    for workspace in repository.workspaces().filter(|workspace| !workspace.only_wasm) {
        let main = *workspace.manifest == *MAIN.manifest;
        if main && nextest {
            let run = ["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests", "pass"];
            suites.push(Suite {
                title: format!("testing the {}", workspace.name),
                build: Some(repository.cargo(&["nextest", "run", "--workspace", "--no-run"])),
                command: with_filter(repository.cargo(&run), filter),
            });
            suites.push(Suite {
                title: "testing the host's documentation".to_owned(),
                build: None,
                command: with_filter(repository.cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]), filter),
            });
        } else {
            suites.push(Suite {
                title: format!("testing the {}", workspace.name),
                build: Some(repository.cargo_in(&workspace, &["test", "--workspace", "--no-run"])),
                command: with_filter(
                    repository.cargo_in(&workspace, &["test", "--workspace", "--no-fail-fast"]),
                    filter,
                ),
            });
        }
    }
    suites
}

fn with_filter(mut command: Command, filter: Option<&str>) -> Command {
    command.args(filter);
    command
}

fn has_nextest(repository: &Repository) -> bool {
    repository
        .cargo(&["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
