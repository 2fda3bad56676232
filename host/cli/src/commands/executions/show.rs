//! `stepwell executions show`.

use clap::Args;
use stepwell_asl::expr::Value;

use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::follow;
use crate::output::{document, member, pretty, printable, say};
use crate::style::{ColorChoice, Palette};
use crate::tree::Live;

const EXAMPLES: &str = "\
Examples:
  stepwell executions show 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11
  stepwell executions show 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11 --follow
  stepwell executions show arn:aws:states:us-east-1:000000000000:execution:report:january -o json

With --follow the states are shown on standard error as they go, and the exit code is 1 when the
execution does not succeed.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The execution's id or ARN
    id: String,
    /// Follow it until it ends
    #[arg(short, long, env = "STEPWELL_FOLLOW")]
    follow: bool,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let path = ["api", "v1", "executions", &arguments.id];
    let mut execution = client.get(&path, &[]).await?;
    let mut code = Code::Ok;
    if arguments.follow {
        let id = member(&execution, "id");
        say(&format!("{}  {id}", member(&execution, "workflow")));
        let mut live = Live::new(Palette::for_stderr(color));
        follow::on_host(&client, &id, &mut live, None).await?;
        execution = client.get(&path, &[]).await?;
        if member(&execution, "status") != "SUCCEEDED" {
            code = Code::Failed;
        }
    }
    document(arguments.output.output, &execution, as_text);
    Ok(code)
}

fn as_text(execution: &Value) -> String {
    let mut out = String::new();
    let lines = [
        ("id", "id"),
        ("arn", "arn"),
        ("workflow", "workflow"),
        ("name", "name"),
        ("status", "status"),
        ("started", "startDate"),
        ("ended", "stopDate"),
        ("definition", "definitionDigest"),
        ("map run", "mapRun"),
        ("error", "error"),
        ("cause", "cause"),
    ];
    for (label, name) in lines {
        let text = member(execution, name);
        if !text.is_empty() {
            out.push_str(&format!("{label:<12}{}\n", printable(&text)));
        }
    }
    for name in ["input", "output"] {
        if let Some(value) = execution.get(name) {
            out.push_str(&format!("{name:<12}{}\n", pretty(value).replace('\n', "\n            ")));
        }
    }
    out
}
