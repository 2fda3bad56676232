//! Commands that need no host, through the built binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the binary in a directory; nothing of the tests' own environment gets in.
fn stepwell(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STEPWELL_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(directory).env("COLUMNS", "100").stdin(Stdio::null()).output().unwrap()
}

/// Exit code, standard output and standard error.
fn session(directory: &Path, arguments: &[&str]) -> String {
    let output = stepwell(directory, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    format!(
        "exit {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn code(directory: &Path, arguments: &[&str]) -> i32 {
    stepwell(directory, arguments).status.code().unwrap_or(-1)
}

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

const PASS: &str = r#"{
  "StartAt": "Both",
  "States": {
    "Both": {
      "Type": "Parallel",
      "Branches": [
        {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "Result": 1, "End": true}}},
        {"StartAt": "Right", "States": {"Right": {"Type": "Pass", "Result": 2, "End": true}}}
      ],
      "End": true
    }
  }
}
"#;

const FAIL: &str =
    r#"{"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Report.Empty", "Cause": "no rows"}}}"#;

const WRONG: &str = r#"{
  "StartAt": "Query",
  "States": {
    "Query": {
      "Type": "Task",
      "Resource": "task:query",
      "Next": "Fromat"
    },
    "Format": {
      "Type": "Pass",
      "End": true
    }
  }
}
"#;

const PROJECT: &str =
    "[project]\nname = \"p\"\n[host]\nlisten = \"127.0.0.1:0\"\n[workflows.a]\ndefinition = \"a.json\"\n";

#[test]
fn help_names_every_command() {
    let here = directory(&[]);
    insta::assert_snapshot!(session(here.path(), &["--help"]), @r#"
    exit 0
    --- stdout
    Workflows in the Amazon States Language; every task a sandboxed WebAssembly component

    Usage: stepwell [OPTIONS] <COMMAND>

    Commands:
      dev          Run a project's host for development
      serve        Run a project's host
      run          Run one workflow once, in this process, without a host
      start        Start an execution on a host
      executions   Look at executions on a host, and stop them
      maps         Look at the runs of distributed Maps on a host, and change their limits
      validate     Check definitions; every problem with its place
      state        Test one state by itself
      task         Look into a task's component
      tasks        List a host's tasks
      version      Say which version this is
      completions  Write a shell's completions
      help         Print this message or the help of the given subcommand(s)

    Options:
          --color <COLOR>
              When to colour what is written

              Possible values:
              - auto:   On a terminal, unless `NO_COLOR` is set; anywhere when `CLICOLOR_FORCE` is
              - always
              - never
              
              [env: STEPWELL_COLOR=]
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Exit codes: 0 ok, 1 the execution failed or was aborted, 2 usage, 3 invalid definition or project,
    4 not found, 5 no host answers, 124 timed out, 130 interrupted. `validate` has its own codes.

    Examples:
      stepwell dev host/examples/report
      stepwell start report -i '{"month": 1}' --wait
      stepwell validate host/examples/report/report.asl.json
    --- stderr
    "#);
}

#[test]
fn every_command_has_help_with_examples() {
    let here = directory(&[]);
    for command in [
        &["dev"][..],
        &["serve"],
        &["run"],
        &["start"],
        &["executions", "list"],
        &["executions", "show"],
        &["executions", "history"],
        &["executions", "stop"],
        &["executions", "logs"],
        &["maps", "list"],
        &["maps", "show"],
        &["maps", "update"],
        &["validate"],
        &["state", "test"],
        &["task", "inspect"],
        &["tasks", "list"],
        &["version"],
        &["completions"],
    ] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let output = stepwell(here.path(), &arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("Examples:\n  "), "{command:?}: {text}");
    }
}

#[test]
fn the_version_is_text_or_json() {
    let here = directory(&[]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(session(here.path(), &["version"]), format!("exit 0\n--- stdout\nstepwell {version}\n--- stderr\n"));
    let json = stepwell(here.path(), &["version", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["version"], &json["api"]), (&version.into(), &"v1".into()));
}

#[test]
fn a_task_that_no_plugin_is_named_after_is_found_before_anything_runs() {
    let definition = WRONG.replace("Fromat", "Format");
    let project = format!("{PROJECT}[plugins.qeury]\ncomponent = \"q.wasm\"\n");
    let here = directory(&[("a.json", &definition), ("stepwell.toml", &project)]);
    insta::assert_snapshot!(session(here.path(), &["dev"]), @r#"
    exit 3
    --- stdout

    --- stderr
    error: the state "Query" calls the task "query", which no plugin of the project is named
      --> ./a.json:6:19
      |
    6 |       "Resource": "task:query",
      |                   ^^^^^^^^^^^^
       = at /States/Query/Resource
       = help: did you mean "qeury"?
    "#);
    assert_eq!(code(here.path(), &["run", "a.json"]), 3);
    assert_eq!(code(here.path(), &["validate", "a.json", "--project", "stepwell.toml"]), 1);
    assert!(!here.path().join(".stepwell").exists());
}

#[test]
fn a_workflow_runs_in_process() {
    let here = directory(&[("pass.json", PASS), ("fail.json", FAIL)]);
    let passed = stepwell(here.path(), &["run", "pass.json", "-i", "{}", "-o", "jsonl"]);
    assert_eq!((passed.status.code(), passed.stdout.as_slice()), (Some(0), b"[1,2]\n".as_slice()));
    let tree = String::from_utf8(passed.stderr).unwrap();
    assert!(tree.contains("\n    Left") && tree.contains("  Both"), "{tree}");
    let failed = stepwell(here.path(), &["run", "fail.json"]);
    let said = String::from_utf8(failed.stderr).unwrap();
    assert_eq!((failed.status.code(), failed.stdout.len()), (Some(1), 0));
    assert!(said.contains("error: the execution ended FAILED: Report.Empty: no rows"), "{said}");
    assert_eq!(code(here.path(), &["run", "pass.json", "-i", "{"]), 2);
    assert_eq!(code(here.path(), &["run", "none.json"]), 4);
    let waiting = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": true}}}"#;
    std::fs::write(here.path().join("wait.json"), waiting).unwrap();
    assert_eq!(code(here.path(), &["run", "wait.json", "--timeout", "0"]), 124);
}

#[test]
fn what_tasks_write_is_shown_by_run_with_either_allocator() {
    let task = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "task:probe", "End": true}}}"#;
    let component = stepwell_testing::guest("probe");
    for (allocator, expected) in [("on-demand", 0), ("pooling", 0), ("heap", 3)] {
        let project = format!(
            "[project]\nname = \"p\"\n[host]\nallocator = \"{allocator}\"\n[plugins.probe]\ncomponent = {component:?}\n"
        );
        let here = directory(&[("task.json", task), ("stepwell.toml", &project)]);
        let input = r#"{"do": "log", "n": 1, "text": "as far as here"}"#;
        let ran = stepwell(here.path(), &["run", "task.json", "-i", input]);
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(expected), "{said}");
        let telling = if expected == 0 { "  log of call 3: 0 as far as here" } else { "stepwell.toml:4:13" };
        assert!(said.contains(telling), "{said}");
    }
}

#[test]
fn where_no_host_answers_the_code_is_5() {
    let here = directory(&[]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let host = format!("http://127.0.0.1:{port}");
    let output = stepwell(here.path(), &["start", "report", "--host", &host]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains(&format!("no host answers at {host}")) && said.contains("help: start one with"), "{said}");
    assert_eq!(code(here.path(), &["start", "report", "--host", "ftp://x"]), 2);
    assert_eq!(code(here.path(), &["executions", "show", "../x", "--host", &host]), 2);
    assert_eq!(code(here.path(), &["nonsense"]), 2);
}

#[test]
fn a_port_in_use_and_an_open_address_are_refused() {
    let here = directory(&[("a.json", PASS), ("stepwell.toml", PROJECT)]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = stepwell(here.path(), &["dev", "--listen", &address]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("cannot listen on {address}")) && said.contains("--listen IP:PORT"), "{said}");
    let open = stepwell(here.path(), &["serve", "--listen", "0.0.0.0:0"]);
    let said = String::from_utf8(open.stderr).unwrap();
    assert_eq!(open.status.code(), Some(2), "{said}");
    assert!(said.contains("only listens on loopback") && said.contains("--insecure-no-auth"), "{said}");
}

#[test]
fn a_plugin_that_cannot_be_loaded_keeps_the_host_from_starting() {
    let project = format!("{PROJECT}[plugins.query]\ncomponent = \"q.wasm\"\n");
    let here = directory(&[("a.json", PASS), ("stepwell.toml", &project), ("q.wasm", "not wasm")]);
    for command in ["dev", "serve"] {
        let output = stepwell(here.path(), &[command]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(
            said.contains("the plugin \"query\" cannot be loaded") && said.contains("stepwell.toml:7:10"),
            "{said}"
        );
    }
}

#[test]
fn what_is_no_component_cannot_be_inspected() {
    let here = directory(&[("q.wasm", "not wasm")]);
    assert_eq!(code(here.path(), &["task", "inspect", "q.wasm"]), 3);
    assert_eq!(code(here.path(), &["task", "inspect", "none.wasm"]), 4);
}

#[test]
fn completions_are_written_for_shells() {
    let here = directory(&[]);
    let output = stepwell(here.path(), &["completions", "bash"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("complete -F _stepwell"));
}

const EACH: &str = r#"{"StartAt": "Each", "States": {"Each": {
  "Type": "Map", "End": true,
  "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "orders", "Key": "in.jsonl"},
    "ReaderConfig": {"InputType": "JSONL"}},
  "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
}}}"#;

#[test]
fn a_distributed_map_runs_in_process_on_granted_buckets() {
    let project = "[project]\nname = \"p\"\n[buckets.orders]\npath = \"data\"\n";
    let files = [("each.asl.json", EACH), ("stepwell.toml", project)];
    let directory = directory(&files);
    std::fs::create_dir(directory.path().join("data")).unwrap();
    std::fs::write(directory.path().join("data/in.jsonl"), "1\n{\"a\":2}\n").unwrap();
    let output = stepwell(directory.path(), &["run", "each.asl.json", "-o", "jsonl"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[1,{\"a\":2}]\n", "{stderr}");
    assert!(stderr.contains("2 of 2 items"), "{stderr}");
}

#[test]
fn a_bucket_that_is_not_granted_is_found_before_anything_runs() {
    let project = "[project]\nname = \"p\"\n[workflows.each]\ndefinition = \"each.asl.json\"\n";
    let directory = directory(&[("each.asl.json", EACH), ("stepwell.toml", project)]);
    for words in [&["run", "each.asl.json"][..], &["dev", "."]] {
        let shown = session(directory.path(), words);
        assert!(shown.starts_with("exit 3"), "{shown}");
        for part in ["names the bucket \"orders\"", "each.asl.json:3", "[buckets.orders]"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
    let project = format!("{project}[buckets.orders]\npath = \"nowhere\"\n");
    std::fs::write(directory.path().join("stepwell.toml"), project).unwrap();
    let shown = session(directory.path(), &["dev", "."]);
    assert!(shown.starts_with("exit 3") && shown.contains("nowhere"), "{shown}");
}
