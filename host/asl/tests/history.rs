//! What executions do, and what their histories say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{
    CallId, Checks, Effect, Execution, Failure, Input, Integrations, Machine, Output, Receipt, Resource,
    ServicePattern, Status, TimerId, limits,
};

mod begin;

use begin::NOW;

fn start(definition: &str, input: &str) -> (Execution, Output) {
    let checks = Checks { integrations: Integrations::Any, ..Checks::default() };
    let machine = Machine::parse_with(definition, checks).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let start = begin::start(Value::parse(input).unwrap());
    let mut out = Output::default();
    (Execution::start(Arc::new(machine), start, &mut out), out)
}

/// `id<previous type`, one per event.
fn history(out: &Output) -> Vec<String> {
    out.events.iter().map(|event| format!("{}<{} {}", event.id, event.previous_id, event.type_name())).collect()
}

fn returned(call: u64, outcome: Result<&str, (&str, &str)>) -> Input {
    let outcome = match outcome {
        Ok(text) => Ok(Value::parse(text).unwrap()),
        Err((error, cause)) => Err(Failure::new(error, cause)),
    };
    Input::Returned { call: CallId(call), outcome, receipt: None }
}

fn one_state(fields: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{{fields}}}}}}}"#)
}

fn receipt() -> Receipt {
    Receipt {
        component: "sha256:1".into(),
        fuel_computing: 10,
        fuel_waiting: 20,
        fuel_budget: 90,
        memory_bytes_peak: 65_536,
        elapsed_micros: 5,
        log_tail: None,
    }
}

fn failure(execution: &Execution) -> (String, String) {
    match execution.status() {
        Status::Failed(failure) => {
            (failure.error_name().to_owned(), failure.cause.as_deref().unwrap_or_default().to_owned())
        }
        other => panic!("it has not failed: {other:?}"),
    }
}

#[test]
fn a_task_goes_out_and_its_result_comes_back() {
    let definition = one_state(
        r#""Type":"Task","Resource":"task:query","TimeoutSeconds":9,"Parameters":{"of.$":"$.n"},
           "ResultSelector":{"sum.$":"$.total"},"ResultPath":"$.result","End":true"#,
    );
    let (mut execution, mut out) = start(&definition, r#"{"n":2}"#);
    let [Effect::Invoke(invoke)] = out.effects.as_slice() else { panic!("{:?}", out.effects) };
    assert_eq!(invoke.call, CallId(3));
    assert_eq!(invoke.resource, Resource::Task { name: "query".into() });
    assert_eq!(invoke.input.to_string(), r#"{"of":2}"#);
    assert_eq!((invoke.timeout_seconds, invoke.heartbeat_seconds, invoke.attempt), (Some(9), None, 1));
    assert_eq!(invoke.entered_event, 2);
    assert_eq!(execution.awaited(), out.effects);

    let receipt = receipt();
    let result = Ok(Value::parse(r#"{"total":7,"rest":[]}"#).unwrap());
    execution.step(NOW, Input::Returned { call: CallId(3), outcome: result, receipt: Some(receipt) }, &mut out);
    assert_eq!(
        *execution.status(),
        Status::Succeeded { output: Value::parse(r#"{"n":2,"result":{"sum":7}}"#).unwrap() }
    );
    assert_eq!(
        history(&out),
        [
            "1<0 ExecutionStarted",
            "2<0 TaskStateEntered",
            "3<2 TaskScheduled",
            "4<3 TaskStarted",
            "5<4 TaskSucceeded",
            "6<5 TaskStateExited",
            "7<6 ExecutionSucceeded",
        ]
    );
    assert_eq!(
        out.events[2].to_json().to_string(),
        r#"{"id":3,"previousEventId":2,"timestamp":"2026-09-21T14:13:20.000Z","type":"TaskScheduled","taskScheduledEventDetails":{"resourceType":"task","resource":"query","region":"eu-west-1","parameters":"{\"of\":2}","timeoutInSeconds":9}}"#
    );
    assert_eq!(
        out.events[4].to_json().to_string(),
        r#"{"id":5,"previousEventId":4,"timestamp":"2026-09-21T14:13:20.000Z","type":"TaskSucceeded","taskSucceededEventDetails":{"resourceType":"task","resource":"query","output":"{\"total\":7,\"rest\":[]}","outputDetails":{"truncated":false}},"stepwell":{"component":"sha256:1","fuelComputing":10,"fuelWaiting":20,"fuelBudget":90,"memoryBytesPeak":65536,"elapsedMicros":5}}"#
    );
    assert_eq!(execution.awaited(), []);
}

#[test]
fn inputs_that_nobody_awaits_change_nothing() {
    let (mut execution, mut out) = start(&one_state(r#""Type":"Task","Resource":"task:x","End":true"#), "{}");
    let before = (execution.clone(), out.clone());
    for input in [returned(2, Ok("1")), returned(99, Err(("E", "c"))), Input::Fired { timer: TimerId(1) }] {
        execution.step(NOW, input, &mut out);
    }
    assert_eq!((&execution, &out), (&before.0, &before.1));
    execution.step(NOW, returned(3, Ok("1")), &mut out);
    let ended = (execution.clone(), out.clone());
    for input in [returned(3, Ok("2")), Input::Stopped { error: None, cause: None }] {
        execution.step(NOW, input, &mut out);
    }
    assert_eq!((execution, out), ended);
}

#[test]
fn retries_wait_longer_each_time_up_to_the_most() {
    let definition = one_state(
        r#""Type":"Task","Resource":"task:x","End":true,
           "Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":2,"BackoffRate":3,"MaxDelaySeconds":10,"MaxAttempts":3}]"#,
    );
    let (mut execution, mut out) = start(&definition, "{}");
    let (mut now, mut delays) = (NOW, Vec::new());
    for attempt in 1.. {
        let Some(Effect::Invoke(invoke)) = out.effects.last().cloned() else { panic!("{:?}", out.effects) };
        assert_eq!(invoke.attempt, attempt);
        execution.step(now, returned(invoke.call.0, Err(("Busy", "later"))), &mut out);
        let Some(wake) = execution.wake_at() else { break };
        delays.push((wake.as_micros() - now.as_micros()) / 1_000_000);
        now = wake;
        let Some(Effect::SetTimer { timer, .. }) = out.effects.last().cloned() else { panic!() };
        execution.step(now, Input::Fired { timer }, &mut out);
    }
    assert_eq!(delays, [2, 6, 10]);
    assert_eq!(failure(&execution), ("Busy".to_owned(), "later".to_owned()));
    assert_eq!(history(&out)[5..8], ["6<5 TaskScheduled", "7<6 TaskStarted", "8<7 TaskFailed"]);
}

#[test]
fn full_jitter_stays_within_the_delay_and_comes_again_from_the_seed() {
    let definition = one_state(
        r#""Type":"Task","Resource":"task:x","End":true,
           "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":60,"BackoffRate":1,"JitterStrategy":"FULL"}]"#,
    );
    let delay = || {
        let (mut execution, mut out) = start(&definition, "{}");
        execution.step(NOW, returned(3, Err(("Busy", ""))), &mut out);
        execution.wake_at().unwrap().as_micros() - NOW.as_micros()
    };
    assert!((0..=60_000_000).contains(&delay()));
    assert_eq!(delay(), delay());
}

#[test]
fn which_failures_retry_and_catch_cover() {
    for (named, error, covered) in [
        ("States.ALL", "Anything", true),
        ("States.ALL", "States.Timeout", true),
        ("States.ALL", "States.DataLimitExceeded", true),
        ("States.ALL", "States.Runtime", false),
        ("States.TaskFailed", "Anything", true),
        ("States.TaskFailed", "States.Timeout", false),
        ("States.TaskFailed", "States.HeartbeatTimeout", false),
        ("States.TaskFailed", "States.Runtime", false),
        ("States.Timeout", "States.HeartbeatTimeout", true),
        ("States.Timeout", "Anything", false),
        ("Anything", "Anything", true),
        ("Anything", "anything", false),
    ] {
        let definition = format!(
            r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"task:x","End":true,
                "Catch":[{{"ErrorEquals":["{named}"],"ResultPath":"$.caught","Next":"B"}}]}},"B":{{"Type":"Succeed"}}}}}}"#
        );
        let (mut execution, mut out) = start(&definition, r#"{"kept":true}"#);
        execution.step(NOW, returned(3, Err((error, "why"))), &mut out);
        if covered {
            let output = format!(r#"{{"kept":true,"caught":{{"Error":"{error}","Cause":"why"}}}}"#);
            assert_eq!(
                *execution.status(),
                Status::Succeeded { output: Value::parse(&output).unwrap() },
                "{named}/{error}"
            );
        } else {
            assert_eq!(failure(&execution).0, error, "{named}/{error}");
        }
    }
}

#[test]
fn a_timed_out_task_says_so() {
    for (resource, expected) in
        [("task:x", "TaskTimedOut"), ("arn:aws:lambda:eu-west-1:123456789012:function:x", "LambdaFunctionTimedOut")]
    {
        let (mut execution, mut out) =
            start(&one_state(&format!(r#""Type":"Task","Resource":"{resource}","End":true"#)), "{}");
        execution.step(NOW, returned(3, Err(("States.Timeout", "9 s computing"))), &mut out);
        assert_eq!(out.events[4].type_name(), expected);
        assert_eq!(failure(&execution), ("States.Timeout".to_owned(), "9 s computing".to_owned()));
    }
}

#[test]
fn services_and_activities_are_called_like_tasks() {
    let (mut execution, mut out) = start(
        &one_state(
            r#""Type":"Task","Resource":"arn:aws:states:::ecs:runTask.sync","Parameters":{"Cluster.$":"$.c"},"End":true"#,
        ),
        r#"{"c":"small"}"#,
    );
    let [Effect::Invoke(invoke)] = out.effects.as_slice() else { panic!("{:?}", out.effects) };
    let wanted = Resource::Service { service: "ecs".into(), action: "runTask".into(), pattern: ServicePattern::Sync };
    assert_eq!(invoke.resource, wanted);
    assert_eq!(invoke.input.to_string(), r#"{"Cluster":"small"}"#);
    execution.step(NOW, returned(3, Ok("{}")), &mut out);
    let scheduled = out.events[2].to_json().to_string();
    assert!(scheduled.contains(r#""resourceType":"ecs","resource":"runTask.sync""#), "{scheduled}");
    assert_eq!(history(&out)[2..5], ["3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSucceeded"]);

    let arn = "arn:aws:states:eu-west-1:123456789012:activity:ask";
    let (mut execution, mut out) =
        start(&one_state(&format!(r#""Type":"Task","Resource":"{arn}","HeartbeatSeconds":3,"End":true"#)), "{}");
    execution.step(NOW, returned(3, Err(("States.HeartbeatTimeout", ""))), &mut out);
    assert_eq!(history(&out)[2..4], ["3<2 ActivityScheduled", "4<3 ActivityTimedOut"]);
}

const PARALLEL: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","Next":"E","ResultPath":"$.both","Branches":[
    {"StartAt":"X","States":{"X":{"Type":"Task","Resource":"task:x","End":true}}},
    {"StartAt":"Y","States":{"Y":{"Type":"Wait","Seconds":5,"Next":"Z"},"Z":{"Type":"Task","Resource":"task:z","End":true}}}
  ],"Catch":[{"ErrorEquals":["Bad"],"Next":"E"}]},"E":{"Type":"Succeed"}}}"#;

#[test]
fn branches_run_side_by_side_and_join() {
    let (mut execution, mut out) = start(PARALLEL, r#"{"in":1}"#);
    assert_eq!(execution.wake_at(), Some(NOW.plus_micros(5_000_000)));
    execution.step(NOW, Input::Fired { timer: TimerId(1) }, &mut out);
    let calls: Vec<u64> =
        out.effects.iter().filter_map(|e| if let Effect::Invoke(i) = e { Some(i.call.0) } else { None }).collect();
    execution.step(NOW, returned(calls[1], Ok("\"z\"")), &mut out);
    execution.step(NOW, returned(calls[0], Ok("\"x\"")), &mut out);
    assert_eq!(
        *execution.status(),
        Status::Succeeded { output: Value::parse(r#"{"in":1,"both":["x","z"]}"#).unwrap() }
    );
    let events = history(&out);
    let [succeeded, exited] = &events[events.len() - 5..events.len() - 3] else { panic!() };
    assert!(succeeded.ends_with("ParallelStateSucceeded") && exited.ends_with("ParallelStateExited"));
    assert_eq!(
        succeeded.split(['<', ' ']).nth(1),
        exited.split(['<', ' ']).nth(1),
        "both follow the last branch's last event"
    );
}

#[test]
fn the_end_of_the_log_comes_with_the_result_where_it_is_asked_for() {
    let definition = one_state(
        r#""Type":"Task","End":true,"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","LogType.$":"$.log"}"#,
    );
    for (asked, result) in [
        ("Tail", r#"{"ExecutedVersion":"$LATEST","LogResult":"YnllCg==","Payload":1,"StatusCode":200}"#),
        ("None", r#"{"ExecutedVersion":"$LATEST","Payload":1,"StatusCode":200}"#),
    ] {
        let (mut execution, mut out) = start(&definition, &format!(r#"{{"log":"{asked}"}}"#));
        let [Effect::Invoke(invoke)] = out.effects.as_slice() else { panic!("{:?}", out.effects) };
        assert_eq!(invoke.wants_log, asked == "Tail");
        let (call, outcome) = (invoke.call, Ok(Value::from(1)));
        let receipt = Some(Receipt { log_tail: Some("bye\n".into()), ..receipt() });
        execution.step(NOW, Input::Returned { call, outcome, receipt }, &mut out);
        assert_eq!(*execution.status(), Status::Succeeded { output: Value::parse(result).unwrap() });
    }
}

#[test]
fn a_failed_branch_takes_its_siblings_with_it() {
    let (mut execution, mut out) = start(PARALLEL, "{}");
    out.effects.clear();
    execution.step(NOW, returned(5, Err(("Bad", "x"))), &mut out);
    assert_eq!(out.effects, [Effect::CancelTimer { timer: TimerId(1) }]);
    assert_eq!(
        history(&out)[7..],
        [
            "8<6 TaskFailed",
            "9<8 TaskStateAborted",
            "10<8 WaitStateAborted",
            "11<8 ParallelStateFailed",
            "12<11 ParallelStateExited",
            "13<12 SucceedStateEntered",
            "14<13 SucceedStateExited",
            "15<14 ExecutionSucceeded",
        ]
    );
}

#[test]
fn map_runs_as_many_iterations_as_it_may() {
    let definition = one_state(
        r#""Type":"Map","End":true,"MaxConcurrency":2,"ItemsPath":"$.items",
           "ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","all.$":"$.name"},
           "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"task:x","End":true}}}"#,
    );
    let (mut execution, mut out) = start(&definition, r#"{"items":[7,8,9],"name":"n"}"#);
    assert_eq!(execution.awaited().len(), 2);
    let Effect::Invoke(second) = &execution.awaited()[1] else { panic!() };
    assert_eq!(second.input.to_string(), r#"{"i":1,"v":8,"all":"n"}"#);
    for result in ["\"a\"", "\"b\"", "\"c\""] {
        let Some(Effect::Invoke(call)) = execution.awaited().pop() else { panic!() };
        execution.step(NOW, returned(call.call.0, Ok(result)), &mut out);
    }
    assert_eq!(*execution.status(), Status::Succeeded { output: Value::parse(r#"["c","a","b"]"#).unwrap() });
}

#[test]
fn no_map_runs_more_iterations_than_the_limit() {
    let definition = one_state(
        r#""Type":"Map","End":true,"Iterator":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"task:x","End":true}}}"#,
    );
    let items = format!("[{}]", vec!["1"; 100].join(","));
    let (execution, _) = start(&definition, &items);
    assert_eq!(execution.awaited().len() as u64, limits::MAP_CONCURRENCY_MAX);
}

#[test]
fn stopping_takes_everything_back() {
    let (mut execution, mut out) = start(PARALLEL, "{}");
    out.effects.clear();
    execution.step(NOW, Input::Stopped { error: Some("Enough".into()), cause: None }, &mut out);
    assert_eq!(*execution.status(), Status::Aborted(Failure { error: Some("Enough".into()), cause: None }));
    assert_eq!(out.effects, [Effect::CancelCall { call: CallId(5) }, Effect::CancelTimer { timer: TimerId(1) }]);
    assert_eq!(execution.awaited(), []);
    assert_eq!(out.events.last().unwrap().type_name(), "ExecutionAborted");
}

#[test]
fn a_machine_has_a_timeout_of_its_own() {
    let definition = r#"{"TimeoutSeconds":5,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}"#;
    let (mut execution, mut out) = start(definition, "{}");
    assert_eq!(execution.wake_at(), Some(NOW.plus_micros(5_000_000)));
    execution.step(execution.wake_at().unwrap(), Input::Fired { timer: TimerId(1) }, &mut out);
    assert_eq!(execution.status().name(), "TIMED_OUT");
    assert_eq!(history(&out)[2..], ["3<2 WaitStateAborted", "4<3 ExecutionTimedOut"]);
    assert_eq!(out.effects.last(), Some(&Effect::CancelTimer { timer: TimerId(2) }));

    let ends = r#"{"TimeoutSeconds":5,"StartAt":"S","States":{"S":{"Type":"Succeed"}}}"#;
    let (_, out) = start(ends, "{}");
    assert_eq!(out.effects.last(), Some(&Effect::CancelTimer { timer: TimerId(1) }));
}

/// A machine whose state `A` never gets to the end that a definition needs.
fn endless(states: &str) -> String {
    format!(
        r#"{{"StartAt":"A","States":{{{states},
        "Never":{{"Type":"Choice","Choices":[{{"Variable":"$.x","IsNull":true,"Next":"End"}}],"Default":"Never"}},
        "End":{{"Type":"Succeed"}}}}}}"#
    )
}

#[test]
fn a_loop_ends_when_its_history_is_full() {
    let (execution, out) = start(
        r#"{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"D"}],"Default":"C"},"D":{"Type":"Succeed"}}}"#,
        "{}",
    );
    assert_eq!(
        failure(&execution),
        ("States.Runtime".to_owned(), "The execution reached the maximum number of history events (25000).".to_owned())
    );
    assert_eq!(out.events.len() as u64, limits::HISTORY_EVENTS_MAX);
    assert_eq!(execution.last_event_id(), limits::HISTORY_EVENTS_MAX);
}

#[test]
fn payloads_have_a_largest_size_and_a_deepest_nesting() {
    let quotes = 2;
    let fits = "é".repeat((limits::PAYLOAD_BYTES_MAX - quotes) / 2);
    let pass = |text: &str| start(&one_state(&format!(r#""Type":"Pass","End":true,"Result":"{text}""#)), "{}").0;
    assert_eq!(pass(&fits).status().name(), "SUCCEEDED");
    let (error, cause) = failure(&pass(&format!("{fits}a")));
    assert_eq!(error, "States.DataLimitExceeded");
    assert_eq!(
        cause,
        "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    // Every round puts one more object around the last.
    let (execution, _) = start(&endless(r#""A":{"Type":"Pass","Parameters":{"x.$":"$"},"Next":"A"}"#), "{}");
    assert_eq!(failure(&execution).0, "States.DataLimitExceeded");
    assert_eq!(execution.last_event_id(), 2 * limits::PAYLOAD_DEPTH_MAX as u64 + 3);
}

#[test]
fn a_step_makes_only_so_much() {
    let text = "a".repeat(40_000);
    let definition = endless(
        r#""A":{"Type":"Pass","Parameters":{"x.$":"$.x","a":1},"Next":"B"},
        "B":{"Type":"Pass","Parameters":{"x.$":"$.x","b":1},"Next":"A"}"#,
    );
    let (execution, _) = start(&definition, &format!(r#"{{"x":"{text}"}}"#));
    let (error, cause) = failure(&execution);
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.ends_with("The execution made more than 134217728 bytes of payloads without waiting for anything."),
        "{cause}"
    );
}

#[test]
fn a_result_that_is_too_large_fails_its_task() {
    let (mut execution, mut out) = start(&one_state(r#""Type":"Task","Resource":"task:big","End":true"#), "{}");
    let large = format!("\"{}\"", "a".repeat(limits::PAYLOAD_BYTES_MAX - 1));
    execution.step(NOW, returned(3, Ok(&large)), &mut out);
    assert_eq!(out.events[4].type_name(), "TaskFailed");
    assert_eq!(
        failure(&execution),
        (
            "States.DataLimitExceeded".to_owned(),
            "The state/task 'big' returned a result with a size exceeding the maximum number of bytes service limit."
                .to_owned()
        )
    );
}

#[test]
fn a_wait_can_be_no_longer_than_the_limit() {
    let (execution, _) =
        start(&one_state(r#""Type":"Wait","TimestampPath":"$.t","End":true"#), r#"{"t":"2999-01-01T00:00:00Z"}"#);
    let (error, cause) = failure(&execution);
    assert_eq!(error, "States.Runtime");
    assert!(cause.ends_with("(entered at the event id #2). Wait state delay is too long."), "{cause}");
}

#[test]
fn input_that_no_rule_matches_fails() {
    let definition = r#"{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[
        {"And":[{"Variable":"$.x","IsPresent":true},{"Variable":"$.x","StringMatches":"a*c\\*"}],"Next":"D"}]},"D":{"Type":"Succeed"}}}"#;
    for (input, matched) in [(r#"{"x":"abcc*"}"#, true), (r#"{"x":"abc"}"#, false), ("{}", false)] {
        let (execution, _) = start(definition, input);
        if matched {
            assert_eq!(execution.status().name(), "SUCCEEDED", "{input}");
        } else {
            assert_eq!(failure(&execution).0, "States.NoChoiceMatched", "{input}");
        }
    }
}
