//! `stepwell maps`: the runs of distributed Maps.

mod list;
mod show;
mod update;

use clap::Subcommand;
use stepwell_asl::expr::Value;

use crate::exit::Code;
use crate::output::member;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the map runs of an execution
    List(list::Arguments),
    /// Show one: status, limits, and how many items are where
    Show(show::Arguments),
    /// Change the limits of one that is under way
    Update(update::Arguments),
}

pub async fn run(command: Command) -> anyhow::Result<Code> {
    match command {
        Command::List(arguments) => list::run(arguments).await,
        Command::Show(arguments) => show::run(arguments).await,
        Command::Update(arguments) => update::run(arguments).await,
    }
}

/// The kinds of counts, in the order in which they are shown.
const COUNTS: [&str; 8] =
    ["total", "pending", "running", "succeeded", "failed", "timedOut", "aborted", "resultsWritten"];

/// A count of items or executions as text.
fn counted(run: &Value, what: &str, kind: &str) -> String {
    run.get(what).map(|counts| member(counts, kind)).unwrap_or_default()
}

fn as_text(run: &Value) -> String {
    let mut out = String::new();
    let lines = [
        ("id", "id"),
        ("arn", "mapRunArn"),
        ("execution", "execution"),
        ("state", "state"),
        ("status", "status"),
        ("started", "startDate"),
        ("ended", "stopDate"),
        ("concurrency", "maxConcurrency"),
        ("tolerated", "toleratedFailureCount"),
        ("tolerated %", "toleratedFailurePercentage"),
    ];
    for (label, name) in lines {
        let text = match (name, member(run, name)) {
            ("maxConcurrency", text) if text == "0" => "as many as the host runs".to_owned(),
            (_, text) => text,
        };
        if !text.is_empty() {
            out.push_str(&format!("{label:<13}{}\n", crate::output::printable(&text)));
        }
    }
    out.push_str(&format!("{:<13}{:>12}{:>12}\n", "", "items", "executions"));
    for kind in COUNTS {
        let label = match kind {
            "timedOut" => "timed out",
            "resultsWritten" => "written",
            other => other,
        };
        let (items, executions) = (counted(run, "itemCounts", kind), counted(run, "executionCounts", kind));
        out.push_str(&format!("  {label:<11}{items:>12}{executions:>12}\n"));
    }
    out
}
