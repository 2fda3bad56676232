//! `stepwell maps list`.

use clap::Args;
use stepwell_asl::expr::Value;

use super::counted;
use crate::args::{Format, HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::{documents, member, say, table};

const EXAMPLES: &str = "\
Examples:
  stepwell maps list 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11
  stepwell maps list 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11 -o jsonl | jq -r .id";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The execution's id or ARN
    execution: String,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let answer = client.get(&["api", "v1", "executions", &arguments.execution, "map-runs"], &[]).await?;
    let runs = answer.get("mapRuns").and_then(Value::as_array).unwrap_or(&[]);
    if runs.is_empty() && arguments.output.output == Format::Text {
        say("no map runs");
        return Ok(Code::Ok);
    }
    documents(arguments.output.output, runs, |runs| {
        let row = |run: &Value| {
            let mut cells = ["id", "state", "status"].map(|name| member(run, name)).to_vec();
            cells.extend(["total", "running", "succeeded", "failed"].map(|kind| counted(run, "itemCounts", kind)));
            cells
        };
        let headings = ["ID", "STATE", "STATUS", "ITEMS", "RUNNING", "SUCCEEDED", "FAILED"];
        table(&headings, runs.iter().map(row).collect())
    });
    Ok(Code::Ok)
}
