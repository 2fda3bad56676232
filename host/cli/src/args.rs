//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::style::ColorChoice;

/// Where a host listens when nobody says otherwise.
pub const HOST_DEFAULT: &str = "http://127.0.0.1:8083";

const ABOUT: &str = "Workflows in the Amazon States Language; every task a sandboxed WebAssembly component";

const AFTER: &str = "\
Exit codes: 0 ok, 1 the execution failed or was aborted, 2 usage, 3 invalid definition or project,
4 not found, 5 no host answers, 124 timed out, 130 interrupted. `validate` has its own codes.

Examples:
  stepwell dev host/examples/report
  stepwell start report -i '{\"month\": 1}' --wait
  stepwell validate host/examples/report/report.asl.json";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "stepwell", version, about = ABOUT, after_help = AFTER, disable_help_subcommand = false)]
pub struct Cli {
    /// When to colour what is written
    #[arg(long, global = true, env = "STEPWELL_COLOR", value_enum, default_value_t, hide_possible_values = false)]
    pub color: ColorChoice,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a project's host for development
    Dev(commands::dev::Arguments),
    /// Run a project's host
    Serve(commands::serve::Arguments),
    /// Run one workflow once, in this process, without a host
    Run(commands::run::Arguments),
    /// Start an execution on a host
    Start(commands::start::Arguments),
    /// Look at executions on a host, and stop them
    #[command(subcommand)]
    Executions(commands::executions::Command),
    /// Look at the runs of distributed Maps on a host, and change their limits
    #[command(subcommand)]
    Maps(commands::maps::Command),
    /// Check definitions; every problem with its place
    Validate(commands::validate::Arguments),
    /// Test one state by itself
    #[command(subcommand)]
    State(commands::state::Command),
    /// Look into a task's component
    #[command(subcommand)]
    Task(commands::task::Command),
    /// List a host's tasks
    #[command(subcommand)]
    Tasks(commands::tasks::Command),
    /// Say which version this is
    Version(commands::version::Arguments),
    /// Write a shell's completions
    Completions(commands::completions::Arguments),
}

/// Which host to talk to.
#[derive(Debug, Clone, Args)]
pub struct HostArguments {
    /// The host's address
    #[arg(long, env = "STEPWELL_HOST", default_value = HOST_DEFAULT, value_name = "URL")]
    pub host: String,
}

/// How to write what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// One JSON document on a line
    Jsonl,
}

/// How data goes to standard output.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArguments {
    /// How to write what is found
    #[arg(short, long, env = "STEPWELL_OUTPUT", value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
}

/// An execution's input.
#[derive(Debug, Clone, Args)]
pub struct InputArguments {
    /// The input: JSON, @FILE, or - for standard input
    #[arg(short, long, env = "STEPWELL_INPUT", default_value = "{}", value_name = "JSON|@FILE|-")]
    pub input: String,
}
