//! `stepwell executions logs`.

use clap::Args;
use stepwell_asl::expr::Value;

use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::{documents, member, printable};

const EXAMPLES: &str = "\
Examples:
  stepwell executions logs 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11
  stepwell executions logs 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11 -o jsonl

Each line begins with the number of the call: the id of the history event that scheduled it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The execution's id or ARN
    id: String,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let answer = client.get(&["api", "v1", "executions", &arguments.id, "logs"], &[]).await?;
    let logs = answer.get("logs").and_then(Value::as_array).unwrap_or(&[]);
    documents(arguments.output.output, logs, |logs| {
        let mut out = String::new();
        for log in logs {
            let call = member(log, "call");
            for line in member(log, "text").lines() {
                out.push_str(&format!("{call:>4}  {}\n", printable(line)));
            }
        }
        out
    });
    Ok(Code::Ok)
}
