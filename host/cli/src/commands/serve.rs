//! `stepwell serve`: a project's host, for good.

use std::path::PathBuf;

use clap::Args;

use crate::exit::Code;
use crate::host::{self, ServeArguments, Setup};
use crate::project::{FILE_NAME, Purpose};
use crate::style::ColorChoice;

const EXAMPLES: &str = "\
Examples:
  stepwell serve --project /etc/stepwell/report/stepwell.toml --data /var/lib/stepwell
  STEPWELL_LISTEN=127.0.0.1:9000 stepwell serve

Every granted secret must come from the environment or a file. A plugin that cannot be loaded
keeps the host from starting. SIGTERM brings it down in good order: /readyz says no, calls that
are out get 30 s, executions that are still running go on with the next start.
Without a terminal the log is JSON; STEPWELL_LOG says what is logged.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The project file
    #[arg(long, env = "STEPWELL_PROJECT", default_value = FILE_NAME, value_name = "FILE")]
    project: PathBuf,
    #[command(flatten)]
    serve: ServeArguments,
}

pub async fn run(arguments: Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let Arguments { project, serve } = arguments;
    let file = if project.is_dir() { project.join(FILE_NAME) } else { project };
    let setup = Setup { file, purpose: Purpose::Production, arguments: serve, keep_going: false };
    Ok(host::serve(setup, color).await?)
}
