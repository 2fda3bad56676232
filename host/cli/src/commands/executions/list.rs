//! `stepwell executions list`.

use clap::Args;
use stepwell_asl::expr::Value;

use crate::args::{Format, HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::{documents, member, say, table};

const EXAMPLES: &str = "\
Examples:
  stepwell executions list
  stepwell executions list --workflow report --status failed --limit 20
  stepwell executions list --map-run 4977ded7-b097-4bee-81e1-7863c5660f29 --status failed
  stepwell executions list -o jsonl | jq -r .id";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only of this workflow
    #[arg(long, env = "STEPWELL_WORKFLOW", value_name = "NAME")]
    workflow: Option<String>,
    /// Only with this status: running, succeeded, failed, timed_out, aborted
    #[arg(long, env = "STEPWELL_STATUS")]
    status: Option<String>,
    /// The child executions of this map run, in the order of its items; by id or ARN
    #[arg(long, env = "STEPWELL_MAP_RUN", value_name = "ID", conflicts_with = "workflow")]
    map_run: Option<String>,
    /// At most so many
    #[arg(long, env = "STEPWELL_LIMIT", default_value_t = 50, value_name = "ROWS")]
    limit: u16,
    /// Go on where a page before said
    #[arg(long, env = "STEPWELL_CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let mut query = vec![("limit", arguments.limit.to_string())];
    let optional = [
        ("workflow", arguments.workflow),
        ("status", arguments.status),
        ("mapRun", arguments.map_run),
        ("cursor", arguments.cursor),
    ];
    query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let page = client.get(&["api", "v1", "executions"], &query).await?;
    let executions = page.get("executions").and_then(Value::as_array).unwrap_or(&[]);
    if executions.is_empty() && arguments.output.output == Format::Text {
        say("no executions");
        return Ok(Code::Ok);
    }
    documents(arguments.output.output, executions, |executions| {
        let row =
            |one: &Value| ["id", "workflow", "name", "status", "startDate"].map(|name| member(one, name)).to_vec();
        table(&["ID", "WORKFLOW", "NAME", "STATUS", "STARTED"], executions.iter().map(row).collect())
    });
    let next = member(&page, "next");
    if !next.is_empty() {
        say(&format!("there are more: --cursor {next}"));
    }
    Ok(Code::Ok)
}
