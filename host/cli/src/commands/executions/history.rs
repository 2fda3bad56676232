//! `stepwell executions history`.

use clap::Args;
use stepwell_asl::expr::Value;

use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::{documents, member, table};

/// Events asked for at a time.
const PAGE_EVENTS: u64 = 1000;

/// Longer details are cut in a table (characters).
const DETAIL_CHARS_MAX: usize = 100;

const EXAMPLES: &str = "\
Examples:
  stepwell executions history 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11
  stepwell executions history 01931f0e-6c1e-7c50-9a0e-2f4f5b1d3c11 -o jsonl | jq .type";

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
    let path = ["api", "v1", "executions", &arguments.id, "history"];
    let mut events = Vec::new();
    let mut after = "0".to_owned();
    loop {
        let query = [("after", after), ("limit", PAGE_EVENTS.to_string())];
        let page = client.get(&path, &query).await?;
        events.extend_from_slice(page.get("events").and_then(Value::as_array).unwrap_or(&[]));
        after = member(&page, "next");
        if after.is_empty() {
            break;
        }
    }
    documents(arguments.output.output, &events, |events| {
        let row = |event: &Value| {
            vec![
                member(event, "id"),
                member(event, "previousEventId"),
                member(event, "timestamp"),
                member(event, "type"),
                detail(event),
            ]
        };
        table(&["ID", "AFTER", "TIME", "TYPE", "DETAIL"], events.iter().map(row).collect())
    });
    Ok(Code::Ok)
}

/// The state's name, the failure, or what a call used.
fn detail(event: &Value) -> String {
    let details = event.as_object().and_then(|members| {
        members.iter().find(|(name, _)| name.ends_with("EventDetails")).map(|(_, details)| details)
    });
    let details = details.cloned().unwrap_or_default();
    let mut words = Vec::new();
    for name in ["name", "resource", "error", "cause"] {
        let word = member(&details, name);
        if !word.is_empty() {
            words.push(word.lines().next().unwrap_or_default().to_owned());
        }
    }
    if let Some(receipt) = event.get("stepwell") {
        words.push(format!(
            "fuel {} + {} of {}",
            member(receipt, "fuelComputing"),
            member(receipt, "fuelWaiting"),
            member(receipt, "fuelBudget")
        ));
    }
    words.join("  ").chars().take(DETAIL_CHARS_MAX).collect()
}
