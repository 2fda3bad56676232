//! What a call returns: results, contexts, failures of the guest's own, and receipts.

use crate::world::{self, assert_alive, call, failure, run, shared};
use stepwell_tasks::{FUEL_PER_SECOND, LogStream, Tasks, failures};

/// Bytes of a failure's cause, `cause_bytes_max`.
const CAUSE_BYTES_MAX: usize = 32_768;

#[tokio::test]
async fn a_call_returns_the_result_and_a_receipt() {
    let tasks = shared();
    let returned = run(&tasks, "echo", r#"{"a":1}"#).await;
    assert_eq!(returned.outcome.unwrap(), r#"{"a":1}"#);
    let receipt = returned.receipt;
    assert_eq!(receipt.fuel_budget, 60 * FUEL_PER_SECOND);
    assert!(receipt.fuel_computing > 100 && receipt.fuel_computing < 1_000_000, "{receipt:?}");
    assert_eq!(receipt.fuel_waiting, 0);
    assert!(receipt.memory_bytes_peak >= 1 << 16, "{receipt:?}");
    assert_eq!(receipt.component, tasks.describe("echo").unwrap().component);
    assert!(receipt.component.starts_with("sha256:") && receipt.component.len() == 71);
}

#[tokio::test]
async fn the_guest_knows_its_call() {
    let returned = run(&shared(), "probe", r#"{"do":"context"}"#).await;
    let told: serde_json::Value = serde_json::from_str(&returned.outcome.unwrap()).unwrap();
    assert_eq!(told["idempotencyKey"], "key-1");
    assert_eq!(told["attempt"], 2);
    assert_eq!(told["dispatch"], 3);
    assert_eq!(told["executionId"], "execution-1");
    assert_eq!(told["executionName"], "a name");
    assert_eq!(told["workflowName"], "report");
    assert_eq!(told["stateName"], "Query");
    let left = told["fuelLeft"].as_u64().unwrap();
    assert!(left < FUEL_PER_SECOND && left > FUEL_PER_SECOND - 10_000_000, "{left}");
}

#[tokio::test]
async fn the_budget_is_the_states_timeout_capped_by_the_plugin() {
    let tasks = shared();
    let mut asked = call("echo", "1");
    asked.budget.timeout_seconds = Some(3);
    assert_eq!(tasks.call(asked.clone()).await.receipt.fuel_budget, 3 * FUEL_PER_SECOND);
    asked.budget.timeout_seconds = Some(5_000);
    assert_eq!(tasks.call(asked).await.receipt.fuel_budget, 900 * FUEL_PER_SECOND);
}

#[tokio::test]
async fn tasks_are_described_by_themselves() {
    let tasks = shared();
    assert_eq!(tasks.names(), ["echo", "probe"]);
    let described = tasks.describe("echo").unwrap();
    assert_eq!(described.description, r#"{"name":"echo","version":"0.1.0","summary":"Gives its input back."}"#);
    assert_eq!(described.timeout_seconds_default, 60);
    assert_eq!(described.broken, None);
    assert_eq!(tasks.describe("nobody"), None);
    assert_eq!(failure(&tasks, "nobody", "1").await.0.error, failures::NOT_FOUND);
}

#[tokio::test]
async fn a_failure_of_the_guests_own_keeps_its_name() {
    let tasks = shared();
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"fail","text":"CardDeclined"}"#).await;
    assert_eq!((failed.error.as_str(), failed.cause.as_str()), ("CardDeclined", "as it was told to"));
    let (failed, returned) = failure(&tasks, "probe", r#"{"do":"fail","text":"States.Timeout"}"#).await;
    assert_eq!(failed.error, "States.Timeout");
    assert!(returned.log.iter().any(|line| line.text.contains("are the host's")), "{:?}", returned.log);
    let (failed, _) = failure(&tasks, "probe", &format!(r#"{{"do":"fail","text":"{}"}}"#, "E".repeat(1000))).await;
    assert_eq!(failed.error.len(), 256, "error_bytes_max");
}

#[tokio::test]
async fn a_cause_has_a_length() {
    let tasks = shared();
    let fails = |bytes: usize| format!(r#"{{"do":"fail-at-length","text":"E","n":{bytes}}}"#);
    let whole = run(&tasks, "probe", &fails(CAUSE_BYTES_MAX)).await.outcome.unwrap_err().cause;
    assert_eq!(whole, "x".repeat(CAUSE_BYTES_MAX));
    let cut = run(&tasks, "probe", &fails(CAUSE_BYTES_MAX + 1)).await.outcome.unwrap_err().cause;
    assert_eq!(cut, format!("{}…", "x".repeat(CAUSE_BYTES_MAX - '…'.len_utf8())));
}

#[tokio::test]
async fn standard_output_and_error_are_the_log() {
    let returned = run(&shared(), "probe", "{\"do\":\"log\",\"n\":2,\"text\":\"\\u001b[31mred\"}").await;
    let lines: Vec<_> = returned.log.iter().map(|line| (line.stream, line.text.as_str())).collect();
    assert_eq!(
        lines,
        [
            (LogStream::Stdout, "0 \\u{1b}[31mred"),
            (LogStream::Stdout, "1 \\u{1b}[31mred"),
            (LogStream::Stderr, "no line end\\u{1b}[31mred"),
        ]
    );
}

#[tokio::test]
async fn results_that_are_none() {
    let tasks = shared();
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"not-json"}"#).await;
    assert_eq!(failed.error, failures::RESULT_INVALID);
    let ok = run(&tasks, "probe", r#"{"do":"output","n":262142}"#).await;
    assert_eq!(ok.outcome.unwrap().len(), 262_144);
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"output","n":262143}"#).await;
    assert_eq!(failed.error, failures::RESULT_TOO_LARGE);
    assert!(failed.cause.contains("output_bytes_max is 262144"), "{}", failed.cause);
    let mut roomy = world::plugin("probe", stepwell_testing::guest("probe"));
    roomy.limits.memory_bytes_max = 256 << 20;
    let roomy = world::load(vec![roomy]);
    let (failed, _) = failure(&roomy, "probe", r#"{"do":"output","n":50000000}"#).await;
    assert_eq!(failed.error, failures::RESULT_TOO_LARGE);
    assert!(failed.cause.contains("host_call_bytes_max"), "{}", failed.cause);
    assert_alive(&tasks).await;
}

#[tokio::test]
async fn a_guest_sees_nothing_of_the_machine() {
    let returned = run(&shared(), "probe", r#"{"do":"environment"}"#).await;
    let seen: serde_json::Value = serde_json::from_str(&returned.outcome.unwrap()).unwrap();
    assert_eq!(seen["variables"], serde_json::json!([]));
    assert_eq!(seen["arguments"], serde_json::json!([]));
    assert_eq!(seen["stdin"], "");
    assert!(seen["root"].is_string() && seen["passwd"].is_string(), "{seen}");
}
