//! `stepwell task`: one task's component.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stepwell_asl::expr::Value;
use stepwell_tasks_wasm::{Inspection, Limits};

use crate::args::OutputArguments;
use crate::exit::{Code, Exit};
use crate::output::{document, member};

const EXAMPLES: &str = "\
Examples:
  stepwell task inspect plugins/query.wasm
  stepwell task inspect plugins/query.wasm -o json";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a component is: digest, world, imports, exports, description, limits
    Inspect(Inspect),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Inspect {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    component: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub fn run(command: Command) -> anyhow::Result<Code> {
    let Command::Inspect(arguments) = command;
    // It compiles, and runs the component on threads of its own.
    let inspection = tokio::task::block_in_place(|| stepwell_tasks_wasm::inspect(&arguments.component));
    let inspection = inspection.map_err(|error| {
        let code = if arguments.component.exists() { Code::Invalid } else { Code::NotFound };
        Exit::new(code, error.to_string()).help("name a component, as `cargo build --target wasm32-wasip2` makes it")
    })?;
    document(arguments.output.output, &as_json(&inspection), as_text);
    Ok(Code::Ok)
}

fn as_json(inspection: &Inspection) -> Value {
    let texts = |list: &[String]| Value::array(list.iter().map(|text| Value::from(text.as_str())));
    let mut members = vec![
        ("digest", Value::from(inspection.digest.as_str())),
        ("bytes", count(inspection.bytes)),
        ("world", Value::from(inspection.world.as_str())),
        ("imports", texts(&inspection.imports)),
        ("exports", texts(&inspection.exports)),
    ];
    match &inspection.description {
        Ok(text) => members.push(("description", Value::parse(text).unwrap_or_default())),
        Err(reason) => members.push(("trouble", Value::from(reason.to_string()))),
    }
    members.push(("limits", limits(&inspection.limits)));
    Value::object(members)
}

fn limits(limits: &Limits) -> Value {
    let size = |size: usize| count(u64::try_from(size).unwrap_or(u64::MAX));
    Value::object([
        ("timeoutSecondsDefault", count(limits.timeout_seconds_default)),
        ("timeoutSecondsMax", count(limits.timeout_seconds_max)),
        ("memoryBytesMax", size(limits.memory_bytes_max)),
        ("tableElementsMax", size(limits.table_elements_max)),
        ("stackBytesMax", size(limits.stack_bytes_max)),
        ("outputBytesMax", size(limits.output_bytes_max)),
        ("logBytesMax", size(limits.log_bytes_max)),
        ("concurrentCallsMax", size(limits.concurrent_calls_max)),
    ])
}

fn count(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn as_text(value: &Value) -> String {
    let mut out = String::new();
    for name in ["digest", "bytes", "world", "description", "trouble"] {
        if value.get(name).is_some() {
            out.push_str(&format!("{name:<12}{}\n", member(value, name)));
        }
    }
    for name in ["imports", "exports"] {
        out.push_str(&format!("{name}\n"));
        for item in value.get(name).and_then(Value::as_array).unwrap_or(&[]) {
            out.push_str(&format!("  {}\n", item.as_str().unwrap_or_default()));
        }
    }
    out.push_str("limits (unless the project file sets others)\n");
    if let Some(limits) = value.get("limits").and_then(Value::as_object) {
        for (name, limit) in limits.iter() {
            out.push_str(&format!("  {name:<23}{limit}\n"));
        }
    }
    out
}
