//! `stepwell start`: an execution on a host.

use std::time::Duration;

use clap::Args;
use stepwell_asl::expr::{Map, Value};

use crate::args::{HostArguments, InputArguments, OutputArguments};
use crate::client::Client;
use crate::exit::{Code, Exit};
use crate::output::{document, member, say};
use crate::style::{ColorChoice, Palette};
use crate::tree::Live;
use crate::{follow, input};

const EXAMPLES: &str = "\
Examples:
  stepwell start report -i '{\"month\": 1}' --wait
  stepwell start report -i @input.json --name january -o json
  echo '{}' | stepwell start report -i - --wait --timeout 60

Without --wait the answer is the execution that was started. With it the states are shown on
standard error as they go, and standard output is the execution's output; the exit code is 0 when
it succeeded, 1 when not, 124 when it takes longer than --timeout. The same name with the same
input starts nothing new while the first execution runs.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The workflow
    workflow: String,
    #[command(flatten)]
    input: InputArguments,
    /// The execution's name; its id without one
    #[arg(long, env = "STEPWELL_NAME")]
    name: Option<String>,
    /// Follow it until it ends
    #[arg(short, long, env = "STEPWELL_WAIT")]
    wait: bool,
    /// Wait at most so long
    #[arg(long, env = "STEPWELL_TIMEOUT", value_name = "SECONDS", requires = "wait")]
    timeout: Option<u64>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(arguments: Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let mut body = Map::new();
    if let Some(name) = &arguments.name {
        body.insert("name", Value::from(name.as_str()));
    }
    body.insert("input", input::read(&arguments.input.input)?);
    let path = ["api", "v1", "workflows", &arguments.workflow, "executions"];
    let started = client.post(&path, &Value::Object(body.into())).await?;
    let format = arguments.output.output;
    if !arguments.wait {
        document(format, &started, |started| member(started, "id"));
        return Ok(Code::Ok);
    }
    let id = member(&started, "id");
    say(&format!("{}  {id}", arguments.workflow));
    let mut live = Live::new(Palette::for_stderr(color));
    follow::on_host(&client, &id, &mut live, arguments.timeout.map(Duration::from_secs)).await?;
    let execution = client.get(&["api", "v1", "executions", &id], &[]).await?;
    finish(&execution, format)
}

/// Writes an ended execution's output, or says why there is none.
fn finish(execution: &Value, format: crate::args::Format) -> anyhow::Result<Code> {
    if let Some(output) = execution.get("output") {
        document(format, output, crate::output::pretty);
        return Ok(Code::Ok);
    }
    Err(failed(&member(execution, "status"), &member(execution, "error"), &member(execution, "cause"))
        .help(format!("stepwell executions history {}", member(execution, "id")))
        .into())
}

/// An execution that did not succeed.
pub fn failed(status: &str, error: &str, cause: &str) -> Exit {
    let reason = match (error, cause) {
        ("", "") => String::new(),
        (one, "") | ("", one) => format!(": {one}"),
        (error, cause) => format!(": {error}: {cause}"),
    };
    Exit::new(Code::Failed, format!("the execution ended {status}{reason}"))
}
