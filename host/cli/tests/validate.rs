//! `stepwell validate` through the built binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

/// Runs `stepwell validate` in a directory; nothing of the tests' own environment gets in.
fn validate(directory: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STEPWELL_")) {
        command.env_remove(name);
    }
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR").env("COLUMNS", "100");
    command.arg("validate").args(arguments).current_dir(directory);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input may be gone already.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    child.wait_with_output().unwrap()
}

/// Exit code, standard output and standard error.
fn session(directory: &Path, arguments: &[&str]) -> String {
    let output = validate(directory, arguments, "");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    format!(
        "exit {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn code(directory: &Path, arguments: &[&str]) -> i32 {
    validate(directory, arguments, "").status.code().unwrap_or(-1)
}

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

const FINE: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "task:query", "End": true}}}"#;

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

const TWINS: &str = "{\n  \"StartAt\": \"A\",\n  \"States\": {\"A\": {\"Type\": \"Fail\", \"Error\": \"$.e\"}},\n  \"StartAt\": \"A\"\n}\n";

const WARNED: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "$.e"}}}"#;

#[test]
fn problems_are_shown_with_their_places() {
    let here = directory(&[("wrong.json", WRONG), ("twins.json", TWINS)]);
    insta::assert_snapshot!(session(here.path(), &["wrong.json", "twins.json"]), @r#"
    exit 1
    --- stdout
    error[MISSING_TRANSITION_TARGET]: Missing 'Next' target: Fromat
      --> wrong.json:7:15
      |
    7 |       "Next": "Fromat"
      |               ^^^^^^^^
       = at /States/Query/Next
       = help: Did you mean 'Format'?

    error[MISSING_TRANSITION_TARGET]: State "Format" is not reachable.
      --> wrong.json:9:15
      |
    9 |     "Format": {
      |               ^
       = at /States/Format
       = help: Give it to a 'Next', 'Default' or 'StartAt', or take it out.

    warning[NO_PATH]: The value of 'Error' looks like a path or an intrinsic function, and is a text
      --> twins.json:3:45
      |
    3 |   "States": {"A": {"Type": "Fail", "Error": "$.e"}},
      |                                             ^^^^^
       = at /States/A/Error
       = help: Use 'ErrorPath' to have it evaluated.

    error[INVALID_JSON_DESCRIPTION]: Duplicate field 'StartAt'
      --> twins.json:4:3
      |
    4 |   "StartAt": "A"
      |   ^^^^^^^^^
       = at /StartAt
       = help: The first one is at line 2, column 3. Keep one of them.
       = note: the other one:
      --> twins.json:2:3
      |
    2 |   "StartAt": "A",
      |   ^^^^^^^^^
    --- stderr
    2 files checked: 3 errors, 1 warning
    "#);
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let here = directory(&[("wrong.json", WRONG)]);
    let colored = |arguments: &[&str]| validate(here.path(), arguments, "").stdout.contains(&0x1b);
    assert!(!colored(&["wrong.json"]), "a pipe is no terminal");
    assert!(colored(&["wrong.json", "--color", "always"]));
    assert!(!colored(&["wrong.json", "--color", "never"]));
    let hostile = WRONG.replace("Fromat", "\\u001b[31mred");
    std::fs::write(here.path().join("hostile.json"), hostile).unwrap();
    assert!(!colored(&["hostile.json"]), "a definition does not drive the terminal");
}

#[test]
fn the_exit_code_says_whether_a_definition_can_be_used() {
    let here = directory(&[("fine.json", FINE), ("wrong.json", WRONG), ("warned.json", WARNED)]);
    for (arguments, expected) in [
        (&["fine.json"][..], 0),
        (&["warned.json"], 0),
        (&["warned.json", "--strict"], 1),
        (&["fine.json", "--strict"], 0),
        (&["fine.json", "wrong.json"], 1),
        (&["fine.json", "none.json"], 2),
        (&["fine.json", "--project", "none.toml"], 2),
        (&["fine.json", "--type", "neither"], 2),
        (&[], 2),
    ] {
        assert_eq!(code(here.path(), arguments), expected, "{arguments:?}");
    }
    let output = validate(here.path(), &["-"], FINE);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]));
    let output = validate(here.path(), &["-"], "not json");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("--> <stdin>:1:1"));
    let output = validate(here.path(), &["-"], &" ".repeat(1_048_577));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn directories_are_searched_and_every_file_is_checked_once() {
    let here = directory(&[
        ("w/b.asl.json", FINE),
        ("w/deep/a.asl.json", WRONG),
        ("w/deep/other.json", "not a definition"),
        ("w/.hidden/c.asl.json", "not json"),
        ("empty/readme.txt", "nothing"),
    ]);
    let output = validate(here.path(), &["w", "w/b.asl.json", "w/b.asl.json", "--format", "json"], "");
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"], serde_json::json!({"files": 2, "errors": 2, "warnings": 0, "infos": 0}));
    assert!(report["diagnostics"].as_array().unwrap().iter().all(|one| one["file"] == "w/deep/a.asl.json"));
    let output = validate(here.path(), &["empty"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout).unwrap().contains("there are no *.asl.json files in empty"));
}

#[test]
fn json_has_the_documented_members() {
    let here = directory(&[("wrong.json", WRONG), ("twins.json", TWINS)]);
    let output = validate(here.path(), &["wrong.json", "twins.json", "none.json", "--format", "json"], "");
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(
        report["diagnostics"][0],
        serde_json::json!({
            "file": "wrong.json", "severity": "ERROR", "code": "MISSING_TRANSITION_TARGET",
            "message": "Missing 'Next' target: Fromat", "location": "/States/Query/Next", "pointer": "/States/Query/Next",
            "line": 7, "column": 15, "endLine": 7, "endColumn": 23, "help": "Did you mean 'Format'?",
        })
    );
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let twin = diagnostics.iter().find(|one| one["code"] == "INVALID_JSON_DESCRIPTION").unwrap();
    assert_eq!((&twin["line"], &twin["related"]["line"]), (&4.into(), &2.into()));
    assert!(diagnostics.iter().any(|one| one["code"] == "UNREADABLE" && one["file"] == "none.json"));
}

#[test]
fn github_gets_annotations() {
    let here = directory(&[("a,b.json", WRONG), ("warned.json", WARNED)]);
    insta::assert_snapshot!(session(here.path(), &["a,b.json", "warned.json", "--format", "github"]), @r#"
    exit 1
    --- stdout
    ::error file=a%2Cb.json,line=7,col=15,endLine=7,endColumn=23,title=MISSING_TRANSITION_TARGET::Missing 'Next' target: Fromat%0ADid you mean 'Format'?
    ::error file=a%2Cb.json,line=9,col=15,endLine=12,title=MISSING_TRANSITION_TARGET::State "Format" is not reachable.%0AGive it to a 'Next', 'Default' or 'StartAt', or take it out.
    ::warning file=warned.json,line=1,col=60,endLine=1,endColumn=65,title=NO_PATH::The value of 'Error' looks like a path or an intrinsic function, and is a text%0AUse 'ErrorPath' to have it evaluated.
    --- stderr
    2 files checked: 2 errors, 1 warning
    "#);
}

/// What the schema of SARIF 2.1.0 requires of the parts that are used.
#[test]
fn sarif_has_what_its_schema_requires() {
    let here = directory(&[("a b.json", WRONG), ("twins.json", TWINS)]);
    let output = validate(here.path(), &["a b.json", "twins.json", "none.json", "--format", "sarif"], "");
    let log: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-2.1.0.json"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run: {log:#}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "stepwell");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["id"].as_str().is_some_and(|id| !id.is_empty()), "{rule}");
        for text in [&rule["shortDescription"]["text"], &rule["help"]["text"]] {
            assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        }
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 5, "{log:#}");
    for result in results {
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()), "{result}");
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{result}");
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let places = result["locations"].as_array().unwrap().iter();
        for place in places.chain(result["relatedLocations"].as_array().into_iter().flatten()) {
            let physical = &place["physicalLocation"];
            assert!(physical["artifactLocation"]["uri"].as_str().is_some_and(|uri| !uri.contains(' ')), "{result}");
            if let Some(region) = physical.get("region") {
                let at = |name: &str| region[name].as_u64().unwrap();
                assert!(at("startLine") >= 1 && at("startColumn") >= 1, "{region}");
                assert!((at("endLine"), at("endColumn")) >= (at("startLine"), at("startColumn")), "{region}");
            }
        }
    }
}

#[test]
fn what_only_standard_workflows_have_is_told_of_express_ones() {
    let waiting = FINE.replace("task:query", "arn:aws:states:::sqs:sendMessage.waitForTaskToken");
    let output = |kind: &str| validate(Path::new("."), &["-", "--type", kind, "--format", "json"], &waiting).stdout;
    let report: Json = serde_json::from_slice(&output("express")).unwrap();
    assert!(report["diagnostics"][0]["message"].as_str().unwrap().contains("does not support '.waitForTaskToken'"));
    let report: Json = serde_json::from_slice(&output("standard")).unwrap();
    assert!(report["diagnostics"].as_array().unwrap().iter().any(|one| one["code"] == "MISSING_TIMEOUT"));
}

#[test]
fn a_project_beside_the_definition_knows_which_tasks_there_are() {
    let project = "[project]\nname = \"p\"\n[plugins.qeury]\ncomponent = \"q.wasm\"\n";
    let here = directory(&[("p/a.json", FINE), ("p/stepwell.toml", project), ("b.json", FINE)]);
    let output = validate(here.path(), &["p/a.json", "b.json", "--format", "json"], "");
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["summary"]["errors"]), (Some(1), &1.into()), "{report:#}");
    let unknown = &report["diagnostics"][0];
    assert_eq!((&unknown["file"], &unknown["code"]), (&"p/a.json".into(), &"UNKNOWN_TASK".into()));
    assert_eq!((&unknown["help"], &unknown["column"]), (&"did you mean \"qeury\"?".into(), &63.into()));
    assert_eq!(code(here.path(), &["b.json", "--project", "p/stepwell.toml"]), 1);
    std::fs::write(here.path().join("p/stepwell.toml"), "no").unwrap();
    let output = validate(here.path(), &["p/a.json"], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("note: p/stepwell.toml is not valid"));
}

#[test]
fn nothing_is_said_of_the_example() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let output = validate(&examples, &[".", "--strict"], "");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_project_beside_the_definition_knows_which_buckets_there_are() {
    let map = |reads: &str, writes: &str| {
        format!(
            r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,
            "ItemReader":{{"Resource":"arn:aws:states:::s3:getObject","Parameters":{{"Bucket":"{reads}","Key":"a.json"}}}},
            "ResultWriter":{{"Resource":"arn:aws:states:::s3:putObject","Parameters":{{"Bucket":"{writes}","Prefix":"p"}}}},
            "ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},
            "StartAt":"P","States":{{"P":{{"Type":"Succeed"}}}}}}}}}}}}"#
        )
    };
    let project = "[project]\nname = \"p\"\n[buckets.inbox]\npath = \"in\"\n[buckets.out]\npath = \"out\"\naccess = \"read-write\"\n";
    let (right, only, none) = (map("inbox", "out"), map("out", "inbox"), map("inbux", "out"));
    let here =
        directory(&[("right.json", &right), ("only.json", &only), ("none.json", &none), ("stepwell.toml", project)]);
    assert_eq!(code(here.path(), &["right.json"]), 0);
    let told = |file: &str| {
        assert_eq!(code(here.path(), &[file]), 1);
        let output = validate(here.path(), &[file], "");
        String::from_utf8(output.stdout).unwrap()
    };
    let only = told("only.json");
    assert!(
        only.contains("the ResultWriter names the bucket \"inbox\", which the project grants for reading only"),
        "{only}"
    );
    assert!(only.contains("access = \"read-write\" under [buckets.inbox]") && only.contains("only.json:3:"), "{only}");
    let none = told("none.json");
    assert!(none.contains("the ItemReader names the bucket \"inbux\", which the project does not grant"), "{none}");
    assert!(none.contains("did you mean \"inbox\"?"), "{none}");
}
