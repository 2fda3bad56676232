//! `stepwell tasks`: a host's tasks.

use clap::{Args, Subcommand};
use stepwell_asl::expr::Value;

use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::{documents, member, table};

const EXAMPLES: &str = "\
Examples:
  stepwell tasks list
  stepwell tasks list -o json";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List them: name, digest of the component, budget
    List(List),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn run(command: Command) -> anyhow::Result<Code> {
    let Command::List(arguments) = command;
    let client = Client::new(&arguments.host.host)?;
    let answer = client.get(&["api", "v1", "tasks"], &[]).await?;
    let tasks = answer.get("tasks").and_then(Value::as_array).unwrap_or(&[]);
    documents(arguments.output.output, tasks, |tasks| {
        let row = |task: &Value| {
            let broken = task.get("broken").map_or_else(|| "ok".to_owned(), |broken| member(broken, "error"));
            let digest = member(task, "component");
            let digest = digest.get(..19).unwrap_or(&digest).to_owned();
            vec![member(task, "name"), digest, format!("{} s", member(task, "timeoutSecondsDefault")), broken]
        };
        table(&["NAME", "COMPONENT", "BUDGET", "STATE"], tasks.iter().map(row).collect())
    });
    Ok(Code::Ok)
}
