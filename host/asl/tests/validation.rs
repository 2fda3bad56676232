//! What AWS said of definitions when they were created or validated, against what
//! [`Machine::parse_as`] says: the code, and the message with its place. The cases lie beside the
//! repository; without them the test says so and passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use stepwell_asl::{Diagnostic, Machine, Severity, WorkflowType};

#[path = "conformance/recorded.rs"]
mod recorded;

/// What has been reached: (feature, code, exact). May only rise.
const FLOOR: [(&str, usize, usize); 9] = [
    ("api-aliasing", 23, 23),
    ("api-base", 28, 28),
    ("api-express", 4, 4),
    ("api-logs", 1, 1),
    ("api-tagging", 11, 11),
    ("api-versioning", 35, 35),
    ("timeout", 1, 1),
    ("validation", 79, 14),
    ("variable-references", 7, 7),
];

#[derive(Debug, Default)]
struct Tally {
    /// Accepted and refused as recorded, with the same code.
    code: usize,
    /// With the same messages at the same places, too, and no others.
    exact: usize,
    /// Those of which the recording has a text of AWS.
    worded: usize,
    total: usize,
    not_applicable: usize,
}

/// What was recorded of one definition.
enum Said {
    Accepted,
    /// `CODE: message at /place`, one per problem.
    Refused(Vec<String>),
    /// The recording has no text of AWS's.
    RefusedSomehow,
}

#[test]
fn definitions_are_judged_as_they_were() {
    let Some(cases) = recorded::cases() else { return };
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for case in cases.iter().filter(|case| case["id"].as_str().unwrap().contains(&wanted)) {
        for step in case["steps"].as_array().into_iter().flatten() {
            let Some(said) = said(step) else { continue };
            let tally = tallies.entry(case["feature"].as_str().unwrap().to_owned()).or_default();
            if let Some(why) = judge(step, &said, tally) {
                println!("{}: {}\n    {why}", case["id"], step["op"]);
            }
        }
    }
    report(&tallies);
    for (feature, code, exact) in FLOOR.iter().filter(|_| wanted.is_empty()) {
        let Some(tally) = tallies.get(*feature) else { continue };
        assert!(tally.code >= *code && tally.exact >= *exact, "{feature} fell: {tally:?}");
    }
}

/// How many recorded definitions that run have a warning of a code. No more may come, since
/// people wrote these and meant them.
const WARNED: [(&str, usize); 6] = [
    ("DEPRECATED_FIELD", 12),
    ("NO_DOLLAR", 1),
    ("OTHER_QUERY_LANGUAGE", 2),
    ("PASS_RESULT_IS_STATIC", 1),
    ("UNKNOWN_ERROR_NAME", 2),
    ("UNKNOWN_VARIABLE", 5),
];

#[test]
fn definitions_that_run_are_hardly_warned_about() {
    let Some(cases) = recorded::cases() else { return };
    let mut warned: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| case["kind"] == "run") {
        let text = match &case["definition"] {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let found = match Machine::parse(&text) {
            Ok(machine) => machine.warnings().to_vec(),
            Err(found) => found,
        };
        let codes: BTreeSet<&str> = found.iter().map(|one| one.code).collect();
        codes.into_iter().for_each(|code| *warned.entry(code).or_default() += 1);
    }
    warned.remove("UNSUPPORTED");
    for (code, count) in &warned {
        let most = WARNED.iter().find(|(known, _)| known == code).map_or(0, |(_, most)| *most);
        assert!(*count <= most, "{code}: {count} definitions, at most {most} expected");
    }
}

#[test]
fn states_refer_to_the_variables_that_were_recorded() {
    let Some(cases) = recorded::cases() else { return };
    let mut compared = 0;
    for case in cases.iter().filter(|case| case["feature"] == "variable-references") {
        let steps = case["steps"].as_array().unwrap();
        let Ok(machine) = Machine::parse(&steps[0]["params"]["definition"].to_string()) else { continue };
        let ours: BTreeMap<String, Vec<String>> = machine
            .variable_references()
            .map(|(state, names)| (state.to_string(), names.iter().map(ToString::to_string).collect()))
            .collect();
        let described = steps.iter().find(|step| step["op"] == "DescribeStateMachine").unwrap();
        let recorded =
            described["expect"].get("variableReferences").cloned().unwrap_or_else(|| Json::Object(Map::new()));
        assert_eq!(serde_json::to_value(ours).unwrap(), recorded, "{}", case["id"]);
        compared += 1;
    }
    assert!(compared >= 7, "only {compared} definitions are accepted");
}

/// `None` for a step that has no definition of a machine, or fails for another reason.
fn said(step: &Json) -> Option<Said> {
    if step["params"].get("definition").is_none() || step["op"] == "TestState" {
        return None;
    }
    if step["op"] == "ValidateStateMachineDefinition" {
        let found = step["expect"]["diagnostics"].as_array().unwrap().iter().map(|found| {
            let text = |name: &str| found[name].as_str().unwrap_or("");
            shown(text("code"), text("message"), text("location"))
        });
        let found: Vec<String> = found.collect();
        return Some(if found.is_empty() { Said::Accepted } else { Said::Refused(found) });
    }
    match &step["expect_error"] {
        Json::Null if step.get("expect_client_error").is_some() => None,
        Json::Null => Some(Said::Accepted),
        error if error["Code"] == "InvalidDefinition" => {
            let words = error["Message"].as_str().unwrap();
            let words = words.strip_prefix("Invalid State Machine Definition: '").and_then(|w| w.strip_suffix('\''));
            Some(words.map_or(Said::RefusedSomehow, |words| Said::Refused(vec![words.to_owned()])))
        }
        _ => None,
    }
}

/// Counts one step; says what differs.
fn judge(step: &Json, said: &Said, tally: &mut Tally) -> Option<String> {
    let text = match &step["params"]["definition"] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.replace("${0.activityArn}", "arn:aws:states:us-east-1:111111111111:activity:wait");
    let express = step["params"]["type"] == "EXPRESS";
    let workflow = if express { WorkflowType::Express } else { WorkflowType::Standard };
    let found = match Machine::parse_as(&text, workflow) {
        Ok(machine) => machine.warnings().to_vec(),
        Err(found) => found,
    };
    // What this version cannot do says nothing about the definition.
    let unsupported = found.iter().any(|problem| problem.code == "UNSUPPORTED");
    let ours: Vec<&Diagnostic> = found.iter().filter(|problem| problem.code != "UNSUPPORTED").collect();
    // AWS tells of errors alone, unless it is asked for warnings.
    let ours: Vec<&Diagnostic> = ours.into_iter().filter(|found| found.severity == Severity::Error).collect();
    let lines: Vec<String> = ours.iter().map(|found| line(step, found)).collect();
    let differs = |tally: &mut Tally| {
        tally.total += 1;
        Some(format!("ours: {:?}", found.iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    match said {
        Said::Accepted if unsupported => {
            tally.not_applicable += 1;
            return None;
        }
        Said::Accepted if !ours.is_empty() => return differs(tally),
        Said::Accepted => {}
        Said::Refused(_) | Said::RefusedSomehow if ours.is_empty() => return differs(tally),
        Said::RefusedSomehow => {
            tally.total += 1;
            tally.code += 1;
            return None;
        }
        Said::Refused(recorded) => {
            let code = |line: &str| line.split(':').next().unwrap().to_owned();
            if !recorded.iter().all(|line| ours.iter().any(|ours| ours.code == code(line))) {
                return differs(tally);
            }
            if *recorded != lines {
                tally.code += 1;
                tally.worded += 1;
                return differs(tally).map(|why| format!("recorded: {recorded:?}\n    {why}"));
            }
        }
    }
    tally.total += 1;
    tally.worded += 1;
    tally.code += 1;
    tally.exact += 1;
    None
}

/// One of our problems as the operation shows it.
fn line(step: &Json, found: &Diagnostic) -> String {
    let line = if step["op"] == "ValidateStateMachineDefinition" {
        shown(found.code, &found.message, &found.pointer)
    } else {
        found.to_string()
    };
    line.replace("arn:aws:", "arn:<partition>:")
}

fn shown(code: &str, message: &str, location: &str) -> String {
    format!("{code}: {message} at {location}")
}

fn report(tallies: &BTreeMap<String, Tally>) {
    println!("{:<22}{:>8}{:>8}{:>12}{:>8}{:>16}", "feature", "code", "exact", "of worded", "total", "not applicable");
    let mut sum = Tally::default();
    for (feature, t) in tallies {
        println!("{feature:<22}{:>8}{:>8}{:>12}{:>8}{:>16}", t.code, t.exact, t.worded, t.total, t.not_applicable);
        sum.code += t.code;
        sum.exact += t.exact;
        sum.worded += t.worded;
        sum.total += t.total;
        sum.not_applicable += t.not_applicable;
    }
    println!(
        "{:<22}{:>8}{:>8}{:>12}{:>8}{:>16}",
        "all", sum.code, sum.exact, sum.worded, sum.total, sum.not_applicable
    );
}
