//! `stepwell dev`: a project's host on this machine.

use std::path::PathBuf;

use clap::Args;

use crate::exit::Code;
use crate::host::{self, ServeArguments, Setup};
use crate::project::{FILE_NAME, Purpose};
use crate::style::ColorChoice;

const EXAMPLES: &str = "\
Examples:
  stepwell dev                                 the project in this directory
  stepwell dev host/examples/report
  stepwell dev . --listen 127.0.0.1:9000 --data /tmp/report

Values for development stand in for secrets that are not set. SIGINT (Ctrl-C) or SIGTERM brings
the host down in good order; executions that are still running go on with the next start.
STEPWELL_LOG says what is logged: STEPWELL_LOG=debug.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The project's directory, or its project file
    #[arg(default_value = ".", env = "STEPWELL_PROJECT", value_name = "DIR")]
    project: PathBuf,
    /// Serve although plugins cannot be loaded; calls to them fail
    #[arg(long, env = "STEPWELL_KEEP_GOING")]
    keep_going: bool,
    #[command(flatten)]
    serve: ServeArguments,
}

pub async fn run(arguments: Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let Arguments { project, keep_going, serve } = arguments;
    let file = if project.is_file() { project } else { project.join(FILE_NAME) };
    let setup = Setup { file, purpose: Purpose::Development, arguments: serve, keep_going };
    Ok(host::serve(setup, color).await?)
}
