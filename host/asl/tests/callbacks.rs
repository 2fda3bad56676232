//! Calls that somebody else ends: services that wait for a token, and activities.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{
    CallId, Checks, Effect, Execution, Failure, Input, Integrations, Invoke, Machine, Output, Start, Status, TimerId,
    Timestamp, execution_of_token,
};

mod begin;

use begin::NOW;

const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:machine:run";

const WAITING: &str =
    r#""Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"T.$":"$$.Task.Token"}"#;
const ACTIVITY: &str = r#""Resource":"arn:aws:states:eu-west-1:123456789012:activity:a""#;

fn start(fields: &str, token_key: u128) -> (Execution, Output) {
    let definition = format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","End":true,{fields}}}}}}}"#);
    let checks = Checks { integrations: Integrations::Any, ..Checks::default() };
    let machine = Machine::parse_with(&definition, checks).unwrap_or_else(|problems| panic!("{problems:?}"));
    let start = Start { token_key, ..begin::start(Value::parse("{}").unwrap()) };
    let mut out = Output::default();
    (Execution::start(Arc::new(machine), start, &mut out), out)
}

fn invoke(out: &Output) -> Invoke {
    let mut calls = out
        .effects
        .iter()
        .rev()
        .filter_map(|effect| if let Effect::Invoke(invoke) = effect { Some(invoke) } else { None });
    calls.next().unwrap().clone()
}

fn step(execution: &mut Execution, out: &mut Output, after_seconds: i64, input: Input) {
    execution.step(NOW.plus_micros(after_seconds * 1_000_000), input, out);
}

fn types(out: &Output) -> Vec<&'static str> {
    out.events.iter().map(stepwell_asl::HistoryEvent::type_name).collect()
}

fn timers(execution: &Execution) -> Vec<(TimerId, i64)> {
    let seconds = |at: Timestamp| (at.as_micros() - NOW.as_micros()) / 1_000_000;
    let set = execution.awaited().into_iter().filter_map(|effect| match effect {
        Effect::SetTimer { timer, at } => Some((timer, seconds(at))),
        _ => None,
    });
    set.collect()
}

#[test]
fn a_service_is_given_the_token_that_ends_its_call() {
    let (mut execution, mut out) = start(WAITING, 7);
    let call = invoke(&out);
    let token = call.token.clone().unwrap();
    assert_eq!(call.input.to_string(), format!(r#"{{"T":"{token}"}}"#));
    assert_eq!(execution_of_token(&token).as_deref(), Some(ARN));
    assert_eq!(execution.call_of_token(&token), Some(call.call));

    step(&mut execution, &mut out, 1, Input::Submitted { call: call.call, output: Value::from("sent") });
    step(&mut execution, &mut out, 2, Input::Submitted { call: call.call, output: Value::from("again") });
    let Effect::Invoke(awaited) = &execution.awaited()[0] else { panic!() };
    assert!(awaited.is_submitted, "it is not to be sent again");
    step(&mut execution, &mut out, 3, Input::Returned { call: call.call, outcome: Ok(Value::from(1)), receipt: None });
    assert_eq!(*execution.status(), Status::Succeeded { output: Value::from(1) });
    assert_eq!(execution.call_of_token(&token), None, "it has ended");
    assert_eq!(
        types(&out)[1..],
        [
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[test]
fn tokens_cannot_be_guessed_or_used_elsewhere() {
    let (execution, out) = start(WAITING, 7);
    let token = invoke(&out).token.unwrap();
    let (other, other_out) = start(WAITING, 8);
    let foreign = invoke(&other_out).token.unwrap();
    assert_ne!(token, foreign, "another key, another token");
    assert_eq!((execution.call_of_token(&foreign), other.call_of_token(&token)), (None, None));
    for at in 0..token.len() {
        let mut altered = token.to_string().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(execution.call_of_token(&String::from_utf8(altered).unwrap()), None);
        assert_eq!(execution.call_of_token(&token[..at]), None);
    }
    for text in ["", "x", "%%%", "YXJuOg", &"A".repeat(100_000)] {
        assert_eq!(execution.call_of_token(text), None);
        let _ = execution_of_token(text);
    }
}

#[test]
fn a_retry_has_a_token_of_its_own() {
    let fields = format!(r#"{WAITING},"Retry":[{{"ErrorEquals":["Busy"],"IntervalSeconds":1}}]"#);
    let (mut execution, mut out) = start(&fields, 7);
    let first = invoke(&out);
    let busy = Input::Returned { call: first.call, outcome: Err(Failure::new("Busy", "")), receipt: None };
    step(&mut execution, &mut out, 0, busy);
    let (timer, _) = timers(&execution)[0];
    step(&mut execution, &mut out, 1, Input::Fired { timer });
    let second = invoke(&out);
    assert_ne!(first.token, second.token);
    assert_eq!(execution.call_of_token(&first.token.unwrap()), None);
    assert_eq!(execution.call_of_token(&second.token.unwrap()), Some(second.call));
}

#[test]
fn an_activity_waits_for_a_worker() {
    let (mut execution, mut out) = start(&format!(r#"{ACTIVITY},"HeartbeatSeconds":10,"TimeoutSeconds":60"#), 7);
    let call = invoke(&out);
    assert!(call.token.is_some());
    assert_eq!(timers(&execution), [(TimerId(1), 60)]);
    step(&mut execution, &mut out, 5, Input::Taken { call: call.call, worker: Some("w".into()) });
    step(&mut execution, &mut out, 6, Input::Taken { call: call.call, worker: Some("late".into()) });
    assert_eq!(timers(&execution), [(TimerId(1), 60), (TimerId(2), 15)]);
    step(&mut execution, &mut out, 12, Input::Heartbeat { call: call.call });
    assert_eq!(timers(&execution), [(TimerId(1), 60), (TimerId(3), 22)]);
    step(&mut execution, &mut out, 13, Input::Returned { call: call.call, outcome: Ok(Value::Null), receipt: None });
    assert!(execution.awaited().is_empty(), "no timer is left");
    let expected =
        ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded"];
    assert_eq!(types(&out)[2..], expected);
    let started = out.events.iter().find(|event| event.type_name() == "ActivityStarted").unwrap();
    assert!(started.to_json().to_string().contains(r#""activityStartedEventDetails":{"workerName":"w"}"#));
}

#[test]
fn a_call_that_is_late_fails_in_its_own_way() {
    let late = r#""HeartbeatSeconds":2,"TimeoutSeconds":9"#;
    let taken = Input::Taken { call: CallId(3), worker: None };
    for (fields, before, timer, error, event) in [
        (format!("{WAITING},{late}"), None, 1, "States.Timeout", "TaskTimedOut"),
        (format!("{WAITING},{late}"), None, 2, "States.HeartbeatTimeout", "TaskTimedOut"),
        (format!("{ACTIVITY},{late}"), None, 1, "States.Timeout", "ActivityTimedOut"),
        (format!("{ACTIVITY},{late}"), Some(taken), 2, "States.HeartbeatTimeout", "ActivityTimedOut"),
    ] {
        let (mut execution, mut out) = start(&fields, 7);
        if let Some(input) = before {
            step(&mut execution, &mut out, 0, input);
        }
        step(&mut execution, &mut out, 9, Input::Fired { timer: TimerId(timer) });
        let Status::Failed(failure) = execution.status() else { panic!("{:?}", execution.status()) };
        assert_eq!((failure.error_name(), failure.cause.as_deref()), (error, None));
        assert!(types(&out).contains(&event), "{:?}", types(&out));
        assert!(execution.awaited().is_empty());
        assert!(out.effects.contains(&Effect::CancelCall { call: CallId(3) }), "what was started is to be stopped");
    }
}

#[test]
fn what_is_heard_of_a_component_changes_nothing() {
    let (mut execution, mut out) = start(r#""Resource":"task:x","HeartbeatSeconds":1,"TimeoutSeconds":5"#, 7);
    let call = invoke(&out).call;
    assert!(timers(&execution).is_empty(), "its fuel is its time");
    let (before, events) = (execution.digest(), out.events.len());
    for input in [
        Input::Submitted { call: CallId(99), output: Value::Null },
        Input::Taken { call, worker: None },
        Input::Heartbeat { call },
        Input::Heartbeat { call: CallId(99) },
    ] {
        step(&mut execution, &mut out, 0, input);
    }
    assert_eq!((execution.digest(), out.events.len()), (before, events));
}
