//! `stepwell executions stop`.

use clap::Args;
use stepwell_asl::expr::Value;

use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::{document, member};

const EXAMPLES: &str = "\
Examples:
  stepwell executions stop 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11
  stepwell executions stop 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11 --error WrongMonth --cause 'asked for by mistake'";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The execution's id or ARN
    id: String,
    /// The error name that the execution ends with
    #[arg(long, env = "STEPWELL_ERROR", value_name = "NAME")]
    error: Option<String>,
    /// The cause that the execution ends with
    #[arg(long, env = "STEPWELL_CAUSE", value_name = "TEXT")]
    cause: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let given = [("error", arguments.error), ("cause", arguments.cause)];
    let body = Value::object(given.into_iter().filter_map(|(name, text)| Some((name, Value::from(text?)))));
    let stopped = client.post(&["api", "v1", "executions", &arguments.id, "stop"], &body).await?;
    document(arguments.output.output, &stopped, |stopped| format!("stopped at {}", member(stopped, "stopDate")));
    Ok(Code::Ok)
}
