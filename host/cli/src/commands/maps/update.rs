//! `stepwell maps update`.

use clap::Args;
use stepwell_asl::expr::Value;

use super::as_text;
use crate::args::{HostArguments, OutputArguments};
use crate::client::Client;
use crate::exit::Code;
use crate::output::document;

const EXAMPLES: &str = "\
Examples:
  stepwell maps update 4977ded7-b097-4bee-81e1-7863c5660f29 --max-concurrency 10
  stepwell maps update 4977ded7-b097-4bee-81e1-7863c5660f29 --tolerated-failure-percentage 5

What is not named stays as it is.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The map run's id or ARN
    id: String,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Limits {
    /// Most child executions at the same time; 0 is as many as the host runs
    #[arg(long, env = "STEPWELL_MAX_CONCURRENCY", value_name = "EXECUTIONS")]
    max_concurrency: Option<u32>,
    /// How many items may fail
    #[arg(long, env = "STEPWELL_TOLERATED_FAILURE_COUNT", value_name = "ITEMS")]
    tolerated_failure_count: Option<u32>,
    /// Which share of the items may fail, from 0 to 100
    #[arg(long, env = "STEPWELL_TOLERATED_FAILURE_PERCENTAGE", value_name = "PERCENT")]
    tolerated_failure_percentage: Option<f64>,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<Code> {
    let client = Client::new(&arguments.host.host)?;
    let Limits { max_concurrency, tolerated_failure_count, tolerated_failure_percentage } = arguments.limits;
    let members = [
        ("maxConcurrency", max_concurrency.map(|most| Value::from(i64::from(most)))),
        ("toleratedFailureCount", tolerated_failure_count.map(|most| Value::from(i64::from(most)))),
        ("toleratedFailurePercentage", tolerated_failure_percentage.map(Value::from)),
    ];
    let body = Value::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let run = client.patch(&["api", "v1", "map-runs", &arguments.id], &body).await?;
    document(arguments.output.output, &run, as_text);
    Ok(Code::Ok)
}
