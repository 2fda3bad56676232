//! `stepwell maps show`.

use clap::Args;

use super::as_text;
use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::document;

const EXAMPLES: &str = "\
Examples:
  stepwell maps show 4977ded7-b097-4bee-81e1-7863c5660f29
  stepwell executions list --map-run 4977ded7-b097-4bee-81e1-7863c5660f29 --status failed";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The map run's id or ARN
    id: String,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let run = client.get(&["api", "v1", "map-runs", &arguments.id], &[]).await?;
    document(arguments.output.output, &run, as_text);
    Ok(Code::Ok)
}
