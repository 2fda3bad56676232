//! `stepwell state test`, through the built binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Stdio};

/// Exit code, standard output and standard error.
fn session(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STEPWELL_")) {
        command.env_remove(name);
    }
    command.args(["state", "test"]).args(arguments).current_dir(directory);
    let output = command.env("COLUMNS", "100").stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    format!(
        "exit {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr)
    )
}

const ORDER: &str = r#"{
  "StartAt": "Enough",
  "States": {
    "Enough": {
      "Type": "Choice",
      "Choices": [{"Variable": "$.cents", "NumericGreaterThan": 0, "Next": "Charge"}],
      "Default": "Nothing"
    },
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:states:::dynamodb:putItem",
      "InputPath": "$.order",
      "Parameters": {"TableName": "charges", "Item": {"id": {"S.$": "$.id"}}},
      "ResultSelector": {"units.$": "$.ConsumedCapacity.CapacityUnits"},
      "ResultPath": "$.charged",
      "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 2}],
      "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Nothing"}],
      "End": true
    },
    "Call": {"Type": "Task", "Resource": "task:charge", "End": true},
    "Nothing": {"Type": "Pass", "Next": "Call"}
  }
}
"#;

fn orders() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("order.json"), ORDER).unwrap();
    std::fs::write(directory.path().join("in.json"), r#"{"order": {"id": "o-1"}, "cents": 5}"#).unwrap();
    std::fs::write(directory.path().join("alone.json"), r#"{"Type": "Pas", "End": true}"#).unwrap();
    directory
}

#[test]
fn every_stage_of_a_mocked_task_is_shown() {
    let here = orders();
    let mocked =
        ["order.json", "Charge", "-i", "@in.json", "--mock-result", r#"{"ConsumedCapacity":{"CapacityUnits":1.5}}"#];
    insta::assert_snapshot!(session(here.path(), &mocked), @r#"
    exit 0
    --- stdout
    SUCCEEDED

    input                      {"order":{"id":"o-1"},"cents":5}
    afterInputPath             {"id":"o-1"}
    afterParameters            {"TableName":"charges","Item":{"id":{"S":"o-1"}}}
    result                     {"ConsumedCapacity":{"CapacityUnits":1.5}}
    afterResultSelector        {"units":1.5}
    afterResultPath            {"order":{"id":"o-1"},"cents":5,"charged":{"units":1.5}}
    output                     the same
    --- stderr

    "#);
    let as_json: Vec<&str> = mocked.iter().copied().chain(["-o", "json", "--level", "info"]).collect();
    insta::assert_snapshot!(session(here.path(), &as_json), @r#"
    exit 0
    --- stdout
    {
      "output": "{\"order\":{\"id\":\"o-1\"},\"cents\":5,\"charged\":{\"units\":1.5}}",
      "status": "SUCCEEDED"
    }
    --- stderr

    "#);
}

#[test]
fn a_mocked_failure_meets_retriers_and_catchers() {
    let here = orders();
    let failing =
        ["order.json", "Charge", "-i", "@in.json", "--mock-error", "Busy", "--mock-cause", "too many", "--retry-count"];
    let after = |retries: &'static str| failing.iter().copied().chain([retries]).collect::<Vec<_>>();
    insta::assert_snapshot!(session(here.path(), &after("1")), @r#"
    exit 1
    --- stdout
    RETRIABLE

    input                      {"order":{"id":"o-1"},"cents":5}
    afterInputPath             {"id":"o-1"}
    afterParameters            {"TableName":"charges","Item":{"id":{"S":"o-1"}}}
    error                      Busy
    cause                      too many
    retried                    Retry[0]: the next attempt comes after 4 s
    --- stderr

    "#);
    insta::assert_snapshot!(session(here.path(), &after("2")), @r#"
    exit 0
    --- stdout
    CAUGHT_ERROR → Nothing

    input                      {"order":{"id":"o-1"},"cents":5}
    afterInputPath             {"id":"o-1"}
    afterParameters            {"TableName":"charges","Item":{"id":{"S":"o-1"}}}
    output
      {
        "order": {
          "id": "o-1"
        },
        "cents": 5,
        "failure": {
          "Error": "Busy",
          "Cause": "too many"
        }
      }
    error                      Busy
    cause                      too many
    retried                    Retry[0]: it has no attempt left
    caught                     Catch[0]
    --- stderr

    "#);
}

#[test]
fn what_cannot_be_tested_says_what_to_do() {
    let here = orders();
    insta::assert_snapshot!(session(here.path(), &["order.json"]), @r#"
    exit 2
    --- stdout

    --- stderr
    error: order.json is a workflow: say which of its states is tested
    help: its states: Enough, Charge, Call, Nothing
    "#);
    insta::assert_snapshot!(session(here.path(), &["order.json", "Chrage"]), @r#"
    exit 4
    --- stdout

    --- stderr
    error: order.json has no state 'Chrage'
    help: did you mean "Charge"?
    "#);
    insta::assert_snapshot!(session(here.path(), &["alone.json"]), @r#"
    exit 3
    --- stdout

    --- stderr
    error[SCHEMA_VALIDATION_FAILED]: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]
      --> alone.json:1:10
      |
    1 | {"Type": "Pas", "End": true}
      |          ^^^^^
       = at /Type
       = help: Did you mean 'Pass'?
    "#);
    insta::assert_snapshot!(session(here.path(), &["order.json", "Call"]), @r#"
    exit 3
    --- stdout

    --- stderr
    error: the state calls "charge", which no plugin of a project file is named
    help: say what it comes to with --mock-result, or what it fails with by --mock-error
    "#);
    insta::assert_snapshot!(
        session(here.path(), &["order.json", "Charge", "-i", "@in.json", "--mock-result", r#"{"ConsumedCapacity":[]}"#]),
        @r#"
    exit 2
    --- stdout

    --- stderr
    error: Mock result schema validation error: Field 'ConsumedCapacity' must be an object
    "#
    );
    insta::assert_snapshot!(session(here.path(), &["order.json", "Nothing", "--mock-result", "{}"]), @r#"
    exit 2
    --- stdout

    --- stderr
    error: State type 'Pass' is not supported when a mock is specified
    "#);
}

#[test]
fn a_task_without_a_mock_calls_its_plugin() {
    let component = stepwell_testing::guest("probe");
    let here = tempfile::tempdir().unwrap();
    let task = r#"{"Type": "Task", "Resource": "task:probe", "OutputPath": "$.n", "End": true}"#;
    std::fs::write(here.path().join("task.json"), task).unwrap();
    let project = format!("[project]\nname = \"p\"\n[plugins.probe]\ncomponent = {component:?}\n");
    std::fs::write(here.path().join("stepwell.toml"), project).unwrap();
    let input = r#"{"do": "log", "n": 1, "text": "as far as here"}"#;
    let said = session(here.path(), &["task.json", "-i", input]);
    assert!(said.contains("log: 0 as far as here") && said.contains("afterParameters"), "{said}");
}
