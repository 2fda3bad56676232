//! Every job of the repository by name: `cargo xtask JOB`. What a job runs is printed before
//! it runs, so that any of it can be done by hand.

mod bench;
mod ci;
mod commands;
mod dataset;
mod demo;
mod faults;
mod fuzz;
mod guests;
mod repository;
mod tally;
mod testing;
mod toolchain;

use clap::{Parser, Subcommand};

use crate::repository::Repository;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Every job of the repository by name", version)]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, Subcommand)]
enum Job {
    /// Build everything, start the host with the report example, and watch one report being made
    Demo(demo::Options),
    /// Run all tests: the host's, the SDK's, the plugins', and the documentation's
    Test {
        /// Only tests whose name contains this
        filter: Option<String>,
    },
    /// Everything that must hold besides the tests: formatting, lints, house rules, purity
    Check,
    /// Everything that must hold before a change lands: `check`, then `test`
    Ci,
    /// Build the plugins and the test guests for wasm32-wasip2
    Guests,
    /// Measure one part, in release
    Bench {
        part: bench::Part,
        /// Handed on to the measurement
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compare rule sets with their patterns one by one, on made-up rules and events, in release
    FuzzRules(testing::RuleFuzzing),
    /// Look for what does not hold in the language core, with bytes guided by coverage
    Fuzz(fuzz::Options),
    /// Kill, stop and starve a real host, take its power and its disk, and check what is left
    Faults {
        /// `--smoke` (the default), `--night` or `--bugs`; `--seed N`, `--cycles N`; F1 to F11
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the example's database again from its public source
    Dataset,
    /// Receive the demo's webhooks and check their signatures
    #[command(hide = true)]
    ReceiveWebhooks(demo::receiver::Options),
}

fn main() -> std::process::ExitCode {
    let done = match Arguments::parse().job {
        Job::Demo(options) => Repository::find().and_then(|repository| demo::run(&repository, &options)),
        Job::Test { filter } => Repository::find().and_then(|repository| testing::run(&repository, filter.as_deref())),
        Job::Check => Repository::find().and_then(|repository| ci::check(&repository)),
        Job::Ci => Repository::find().and_then(|repository| ci::run(&repository)),
        Job::Guests => Repository::find().and_then(|repository| guests::build_all(&repository)),
        Job::Bench { part, arguments } => {
            Repository::find().and_then(|repository| bench::run(&repository, part, &arguments))
        }
        Job::FuzzRules(options) => Repository::find().and_then(|repository| testing::fuzz_rules(&repository, &options)),
        Job::Fuzz(options) => Repository::find().and_then(|repository| fuzz::run(&repository, &options)),
        Job::Faults { arguments } => Repository::find().and_then(|repository| faults::run(&repository, &arguments)),
        Job::Dataset => Repository::find().and_then(|repository| dataset::run(&repository)),
        Job::ReceiveWebhooks(options) => demo::receiver::run(&options),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
