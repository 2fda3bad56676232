#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};

use super::Tree;
use crate::style::Palette;
use crate::tree::render::{Look, subtree};

/// Events in order: previous, milliseconds, type, details.
fn tree(events: &[(u64, u32, &str, Value)]) -> Tree {
    let mut tree = Tree::default();
    for (at, (previous, millis, kind, details)) in events.iter().enumerate() {
        let mut event = json!({
            "id": at + 1, "previousEventId": previous, "type": kind,
            "timestamp": format!("2026-01-01T00:00:00.{millis:03}Z"),
        });
        let name = match *kind {
            kind if kind.ends_with("StateEntered") => "stateEntered".to_owned(),
            kind if kind.ends_with("StateExited") => "stateExited".to_owned(),
            kind => format!("{}{}", kind[..1].to_lowercase(), &kind[1..]),
        };
        event[format!("{name}EventDetails")] = details.clone();
        if let Some(receipt) = details.get("stepwell") {
            event["stepwell"] = receipt.clone();
        }
        tree.apply(&own(&event));
    }
    tree
}

fn own(event: &Value) -> stepwell_asl::expr::Value {
    stepwell_asl::expr::Value::parse(&event.to_string()).unwrap()
}

fn shown(tree: &Tree) -> String {
    let look = Look { palette: Palette::plain(), width: 120 };
    tree.roots().iter().flat_map(|id| subtree(tree, *id, &look)).map(|line| line + "\n").collect()
}

fn named(name: &str) -> Value {
    json!({"name": name})
}

#[test]
fn a_map_run_is_one_line_with_its_counts() {
    let started = json!({"mapRunArn": "arn:run"});
    let failed = json!({"error": "States.ExceedToleratedFailureThreshold", "cause": "too many"});
    let begun = [
        (0, 0, "ExecutionStarted", json!({})),
        (1, 0, "MapStateEntered", named("each")),
        (2, 0, "MapStateStarted", json!({"length": 0})),
        (3, 0, "MapRunStarted", started),
        (4, 9, "MapRunFailed", failed),
        (5, 9, "MapStateFailed", json!({})),
        (6, 9, "ExecutionFailed", json!({})),
    ];
    let counts = |succeeded: u64, failed: u64, running: u64| {
        let counts = json!({"total": 100, "succeeded": succeeded, "failed": failed, "running": running});
        own(&json!({"mapRuns": [{"mapRunArn": "arn:run", "itemCounts": counts}]}))
    };
    let mut running = tree(&begun[..4]);
    assert!(running.has_map_run());
    running.count(&counts(7, 1, 5));
    let text = shown(&running);
    assert!(text.starts_with("  each") && text.ends_with("  8 of 100 items  1 failed  5 running\n"), "{text}");
    let mut ended = tree(&begun);
    assert!(!ended.has_map_run());
    ended.count(&counts(7, 3, 0));
    insta::assert_snapshot!(shown(&ended), @"
      each                    ✗  9 ms  10 of 100 items  3 failed
        States.ExceedToleratedFailureThreshold: too many
    ");
}

#[test]
fn a_retry_a_catch_and_the_fuel_are_shown() {
    let receipt = json!({"stepwell": {
        "fuelComputing": 30_000_000_u64, "fuelWaiting": 4_000_000_u64, "fuelBudget": 300_000_000_000_u64,
    }});
    let failed = json!({"error": "States.Timeout", "cause": "all fuel is used\nsecond line"});
    let tree = tree(&[
        (0, 0, "ExecutionStarted", json!({})),
        (1, 0, "TaskStateEntered", named("query")),
        (2, 1, "TaskScheduled", json!({})),
        (3, 2, "TaskFailed", failed.clone()),
        (4, 9, "TaskScheduled", json!({})),
        (5, 12, "TaskSucceeded", receipt),
        (6, 12, "TaskStateExited", named("query")),
        (7, 12, "TaskStateEntered", named("save")),
        (8, 13, "TaskScheduled", json!({})),
        (9, 20, "TaskTimedOut", failed),
        (10, 20, "TaskStateExited", named("save")),
        (11, 20, "FailStateEntered", named("NotifyFailure")),
        (12, 20, "ExecutionFailed", json!({"error": "Report", "cause": "no report"})),
    ]);
    insta::assert_snapshot!(shown(&tree), @r"
    query                   ✓  12 ms  fuel 34.0 M (0.004 s of 30 s)  attempt 2
      States.Timeout: all fuel is used  (attempt 1, tried again)
    save                    ↷  8 ms  caught
      States.Timeout: all fuel is used
    NotifyFailure           ✗  < 1 ms
      Report: no report
    ");
}

#[test]
fn branches_nest_and_later_states_do_not() {
    let tree = tree(&[
        (0, 0, "ExecutionStarted", json!({})),
        (1, 0, "ParallelStateEntered", named("Both")),
        (2, 0, "ParallelStateStarted", json!({})),
        (3, 1, "PassStateEntered", named("Left")),
        (4, 1, "PassStateExited", named("Left")),
        (3, 1, "ParallelStateEntered", named("Right")),
        (6, 1, "ParallelStateStarted", json!({})),
        (7, 2, "PassStateEntered", named("Inner")),
        (8, 2, "PassStateExited", named("Inner")),
        (9, 3, "ParallelStateSucceeded", json!({})),
        (10, 3, "ParallelStateExited", named("Right")),
        (11, 4, "ParallelStateSucceeded", json!({})),
        (12, 4, "ParallelStateExited", named("Both")),
        (13, 5, "SucceedStateEntered", named("Done")),
        (14, 5, "SucceedStateExited", named("Done")),
        (15, 5, "ExecutionSucceeded", json!({})),
    ]);
    insta::assert_snapshot!(shown(&tree), @r"
    Both                    ✓  4 ms
      Left                  ✓  < 1 ms
      Right                 ✓  2 ms
        Inner               ✓  < 1 ms
    Done                    ✓  < 1 ms
    ");
}

#[test]
fn many_iterations_are_summed_up_and_a_failed_one_is_shown() {
    let iteration = |index: u64| json!({"name": "Each", "index": index});
    let mut events = vec![
        (0, 0, "ExecutionStarted", json!({})),
        (1, 0, "MapStateEntered", named("Each")),
        (2, 0, "MapStateStarted", json!({"length": 12})),
    ];
    for index in 0..12 {
        let id = u64::try_from(events.len()).unwrap();
        events.push((3, 1, "MapIterationStarted", iteration(index)));
        events.push((id + 1, 1, "TaskStateEntered", named("One")));
        events.push((id + 2, 1, "TaskScheduled", json!({})));
        if index == 11 {
            events.push((id + 3, 2, "TaskFailed", json!({"error": "Broken", "cause": "\u{1b}[31mred"})));
            events.push((id + 4, 2, "MapIterationFailed", iteration(index)));
            events.push((id + 5, 2, "MapStateFailed", json!({})));
            events.push((id + 6, 2, "ExecutionFailed", json!({"error": "Broken"})));
        } else {
            events.push((id + 3, 2, "TaskSucceeded", json!({})));
            events.push((id + 4, 2, "TaskStateExited", named("One")));
            events.push((id + 5, 2, "MapIterationSucceeded", iteration(index)));
        }
    }
    insta::assert_snapshot!(shown(&tree(&events)), @r"
    Each                    ✗  2 ms  12 items
      Broken: �[31mred
      [4]                   ✓  1 ms
        One                 ✓  1 ms
      [5]                   ✓  1 ms
        One                 ✓  1 ms
      [6]                   ✓  1 ms
        One                 ✓  1 ms
      [7]                   ✓  1 ms
        One                 ✓  1 ms
      [8]                   ✓  1 ms
        One                 ✓  1 ms
      [9]                   ✓  1 ms
        One                 ✓  1 ms
      [10]                  ✓  1 ms
        One                 ✓  1 ms
      [11]                  ✗  1 ms
        One                 ✗  1 ms
          Broken: �[31mred
      … 4 more ended well
    ");
}

#[test]
fn nonsense_does_no_harm() {
    let mut tree = Tree::default();
    for event in [
        json!(null),
        json!({"type": "MapIterationStarted", "id": 1}),
        json!({"type": "ParallelStateSucceeded", "id": 2, "previousEventId": 99}),
        json!({"type": "é", "id": 3}),
        json!({"type": "TaskStateEntered", "id": 4}),
        json!({"type": "TaskFailed", "id": 5, "previousEventId": 4, "taskFailedEventDetails": 7}),
    ] {
        tree.apply(&own(&event));
    }
    assert_eq!(tree.roots().len(), 1);
}
