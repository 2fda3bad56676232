//! Runs definitions to their ends, with tasks that do as their input says.

use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{Effect, Execution, Failure, Input, Machine, Output, Status};

#[path = "../begin/mod.rs"]
mod begin;

/// Runs a definition to its end. A task gives back its input, or fails with `Error` and `Cause`
/// where its input has them; time jumps to the next timer.
pub fn run(definition: &str, input: &str) -> (Status, Output) {
    let machine = Machine::parse(definition).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut now = begin::NOW;
    let start = begin::start(Value::parse(input).unwrap());
    let mut out = Output::default();
    let mut execution = Execution::start(Arc::new(machine), start, &mut out);
    while let Some(open) = execution.awaited().into_iter().next() {
        let input = match open {
            Effect::Invoke(invoke) => {
                let text = |name| invoke.input.get(name).and_then(Value::as_str);
                let outcome = match (text("Error"), text("Cause")) {
                    (Some(error), Some(cause)) => Err(Failure::new(error, cause)),
                    _ => Ok(invoke.input.clone()),
                };
                Input::Returned { call: invoke.call, outcome, receipt: None }
            }
            Effect::SetTimer { timer, at } => {
                now = at;
                Input::Fired { timer }
            }
            Effect::RunMap(_) => panic!("these definitions have no distributed Map"),
            Effect::CancelCall { .. }
            | Effect::CancelTimer { .. }
            | Effect::AdjustRun(_)
            | Effect::CancelRun { .. } => unreachable!("these are never awaited"),
        };
        execution.step(now, input, &mut out);
    }
    (execution.status().clone(), out)
}

pub fn succeeds(definition: &str, input: &str, expected: &str) {
    match run(definition, input).0 {
        Status::Succeeded { output } => assert_eq!(output.to_string(), expected),
        other => panic!("it has not succeeded: {other:?}"),
    }
}

pub fn fails(definition: &str, input: &str) -> (String, String) {
    match run(definition, input).0 {
        Status::Failed(failure) => {
            (failure.error_name().to_owned(), failure.cause.as_deref().unwrap_or_default().to_owned())
        }
        other => panic!("it has not failed: {other:?}"),
    }
}
