//! An execution that bytes drive, and what holds at every step of one.

use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{CallId, Effect, Execution, Failure, Input, Machine, Output, Start, Status, TimerId, Timestamp};

pub fn begin(machine: Arc<Machine>, input: Value) -> (Execution, Output) {
    let start = Start {
        execution_arn: "arn:aws:states:eu-west-1:123456789012:execution:machine:run".into(),
        execution_name: "run".into(),
        role_arn: "role".into(),
        machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:machine".into(),
        machine_name: "machine".into(),
        at: Timestamp::from_micros(1_790_000_000_000_000),
        seed: 42,
        token_key: 77,
        child: None,
        input,
    };
    let mut out = Output::default();
    let execution = Execution::start(machine, start, &mut out);
    (execution, out)
}

/// What comes next, out of two bytes: an answer to something that is awaited, mostly.
pub fn next(execution: &Execution, which: u8, how: u8) -> Input {
    let awaited = execution.awaited();
    let outcome = |input: &Value| match how % 8 {
        0..=2 => Ok(input.clone()),
        3 => Err(Failure::new("Boom", "as the bytes say")),
        4 => Err(Failure::new("States.Timeout", "")),
        5 => Err(Failure::default()),
        6 => Ok(Value::array((0..i64::from(how)).map(Value::from))),
        _ => Ok(Value::Null),
    };
    match how {
        250 => return Input::Stopped { error: None, cause: Some("stopped".into()) },
        251 => return Input::Fired { timer: TimerId(u64::from(which)) },
        252 => return Input::Returned { call: CallId(u64::from(which)), outcome: Ok(Value::Null), receipt: None },
        _ => {}
    }
    match awaited.get(usize::from(which) % awaited.len().max(1)) {
        None => Input::Fired { timer: TimerId(u64::from(which)) },
        Some(Effect::Invoke(invoke)) => {
            Input::Returned { call: invoke.call, outcome: outcome(&invoke.input), receipt: None }
        }
        Some(Effect::SetTimer { timer, .. }) => Input::Fired { timer: *timer },
        Some(Effect::RunMap(run)) => Input::RunEnded { run: run.run, outcome: outcome(&Value::array([])) },
        Some(
            Effect::CancelCall { .. } | Effect::CancelTimer { .. } | Effect::CancelRun { .. } | Effect::AdjustRun(_),
        ) => unreachable!("these are never awaited"),
    }
}

/// Drives an execution, and folds its journal again beside it.
pub fn drive(definition: &str, input: &Value, bytes: &[u8]) {
    let Ok(machine) = Machine::parse(definition) else { return };
    let (mut execution, mut out) = begin(Arc::new(machine), input.clone());
    let mut now = Timestamp::from_micros(1_790_000_000_000_000);
    let mut journal = Vec::new();
    for pair in bytes.chunks_exact(2) {
        let input = next(&execution, pair[0], pair[1]);
        now = now.plus_micros(i64::from(pair[1]) * 100_000);
        execution.step(now, input.clone(), &mut out);
        journal.push((now, input));
        if *execution.status() != Status::Running {
            assert!(execution.awaited().is_empty(), "an ended execution awaits something");
        }
    }
    for (event, id) in out.events.iter().zip(1..) {
        assert_eq!(event.id, id);
        assert!(event.previous_id < id);
        let _ = event.to_json();
    }
    let (mut folded, mut again) = begin(Arc::new(Machine::parse(definition).unwrap()), input.clone());
    for (at, input) in journal {
        folded.step(at, input, &mut again);
    }
    assert!(folded == execution && folded.digest() == execution.digest(), "it folds to something else");
    assert!(out == again, "other things come out of the same journal");
}
