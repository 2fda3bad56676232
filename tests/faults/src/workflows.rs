//! The workflows of the load: each keeps another part of the engine busy, and each comes to its
//! end by itself but `long`, which waits to be stopped.

use serde_json::{Value, json};

/// The one that waits for an hour.
pub const LONG: &str = "long";

/// A task that does nothing but leave a trace.
fn task(next: Option<&str>) -> Value {
    let mut state = json!({"Type": "Task", "Resource": "task:ledger", "ResultPath": null});
    match next {
        Some(next) => state["Next"] = json!(next),
        None => state["End"] = json!(true),
    }
    state
}

fn wait(next: &str) -> Value {
    json!({"Type": "Wait", "SecondsPath": "$.seconds", "Next": next})
}

/// Name and definition of each.
#[must_use]
pub fn all() -> Vec<(&'static str, Value)> {
    let branch = |name: &str| json!({"StartAt": name, "States": {name: task(None)}});
    let retry = json!([
        {"ErrorEquals": ["Refused"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.5},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1},
    ]);
    let mut retried = task(Some("Done"));
    retried["Retry"] = retry;
    retried["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Caught"}]);
    vec![
        (
            "plain",
            json!({"StartAt": "Pass", "States": {
                "Pass": {"Type": "Pass", "Next": "Done"},
                "Done": {"Type": "Succeed"},
            }}),
        ),
        ("one", json!({"StartAt": "Only", "States": {"Only": task(None)}})),
        (
            "waits",
            json!({"StartAt": "First", "States": {
                "First": task(Some("Pause")), "Pause": wait("Second"), "Second": task(Some("Rest")),
                "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Third"}, "Third": task(None),
            }}),
        ),
        (
            "fans",
            json!({"StartAt": "First", "States": {
                "First": task(Some("Both")),
                "Both": {"Type": "Parallel", "ResultPath": null, "Next": "Each",
                         "Branches": [branch("Left"), branch("Right")]},
                "Each": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": null, "Next": "Last",
                         "ItemProcessor": {"StartAt": "Item", "States": {"Item": task(None)}}},
                "Last": task(None),
            }}),
        ),
        (
            "retries",
            json!({"StartAt": "Try", "States": {
                "Try": retried, "Done": {"Type": "Succeed"}, "Caught": {"Type": "Fail", "Error": "Given.Up"},
            }}),
        ),
        (
            "late",
            json!({"StartAt": "Sleep", "TimeoutSeconds": 1, "States": {
                "Sleep": {"Type": "Wait", "Seconds": 2, "End": true},
            }}),
        ),
        (
            LONG,
            json!({"StartAt": "First", "States": {
                "First": task(Some("Sleep")), "Sleep": {"Type": "Wait", "Seconds": 3600, "End": true},
            }}),
        ),
    ]
}
