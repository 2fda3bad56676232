//! The recorded cases: definitions that ran on AWS, run here in process, and compared event by
//! event. The cases lie beside the repository; without them the test says so and passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use stepwell_asl::Machine;

#[path = "conformance/compare.rs"]
mod compare;
#[path = "conformance/host.rs"]
mod host;

use host::Ran;

/// What has been reached: (feature, result, full). May only rise.
const FLOOR: [(&str, usize, usize); 14] = [
    ("base", 20, 20),
    ("catch-retry", 27, 26),
    ("choice", 1, 1),
    ("choice-operators", 324, 324),
    ("context-object", 4, 4),
    ("fail", 0, 0),
    ("intrinsic", 87, 87),
    ("lambda-task", 12, 12),
    ("map", 12, 12),
    ("parallel", 5, 4),
    ("scenario", 8, 8),
    ("states-error-output", 0, 0),
    ("timeout", 1, 0),
    ("wait", 14, 14),
];

/// How well one case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Failed,
    /// Status, output, error and cause are right.
    Result,
    /// Every event of the history is, too.
    Full,
    /// The definition uses something that does not exist here yet.
    NotApplicable,
}

#[derive(Debug, Default)]
struct Tally {
    result: usize,
    full: usize,
    total: usize,
    not_applicable: usize,
}

#[test]
fn recorded_cases_run_as_they_ran() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/asl");
    if !folder.is_dir() {
        println!("SKIPPED: there are no recorded cases at {}", folder.display());
        return;
    }
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for case in cases(&folder) {
        let id = case["id"].as_str().unwrap();
        if case["kind"] != "run" || case["type"] != "STANDARD" || !id.contains(&wanted) {
            continue;
        }
        let feature = case["feature"].as_str().unwrap().to_owned();
        let (grade, why) = grade(&case);
        let tally = tallies.entry(feature).or_default();
        match grade {
            Grade::NotApplicable => tally.not_applicable += 1,
            Grade::Failed => tally.total += 1,
            Grade::Result => {
                tally.total += 1;
                tally.result += 1;
            }
            Grade::Full => {
                tally.total += 1;
                tally.result += 1;
                tally.full += 1;
            }
        }
        if grade != Grade::Full && (grade != Grade::NotApplicable || !wanted.is_empty()) {
            println!("{grade:?}: {id}\n    {why}");
        }
    }
    report(&tallies);
    if wanted.is_empty() {
        hold_the_floor(&tallies);
    }
}

/// What has been reached of the recorded refusals: (refused, with the same words).
const REFUSALS_FLOOR: (usize, usize) = (9, 8);

#[test]
fn recorded_definitions_are_refused_in_the_same_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/asl");
    if !folder.is_dir() {
        println!("SKIPPED: there are no recorded cases at {}", folder.display());
        return;
    }
    let (mut refused, mut same_words, mut total) = (0, 0, 0);
    for case in cases(&folder) {
        for step in case["steps"].as_array().into_iter().flatten().filter(|step| step["op"] == "CreateStateMachine") {
            let Some(words) = step["expect_error"]["Message"].as_str() else { continue };
            let Some(words) = words.strip_prefix("Invalid State Machine Definition: '") else { continue };
            let text = match &step["params"]["definition"] {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            if text.contains("JSONata\"") || text.contains(".sync") || text.contains(":activity:") {
                continue;
            }
            total += 1;
            let words = words.strip_suffix('\'').unwrap_or(words);
            match Machine::parse(&text) {
                Ok(_) => println!("accepted: {}\n    {words}", case["id"]),
                Err(problems) => {
                    refused += 1;
                    let ours = problems.iter().map(ToString::to_string);
                    let ours: Vec<String> = ours.map(|text| text.replace("arn:aws:", "arn:<partition>:")).collect();
                    if ours.iter().any(|ours| ours == words) {
                        same_words += 1;
                    } else {
                        println!("other words: {}\n    {words}\n    {ours:?}", case["id"]);
                    }
                }
            }
        }
    }
    println!("{refused} of {total} refused, {same_words} in the same words");
    assert!(refused >= REFUSALS_FLOOR.0 && same_words >= REFUSALS_FLOOR.1, "fewer than before");
}

fn cases(folder: &Path) -> Vec<Json> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|file| serde_json::from_str::<Vec<Json>>(&std::fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

fn grade(case: &Json) -> (Grade, String) {
    let ran = match host::run(case) {
        Ok(ran) => ran,
        Err(host::Refused { unsupported: true, why }) => return (Grade::NotApplicable, why),
        Err(host::Refused { unsupported: false, why }) => return (Grade::Failed, why),
    };
    let expected = &case["expected"];
    if let Err(why) = result(case, expected, &ran) {
        return (Grade::Failed, why);
    }
    let Some(history) = expected["history"].as_array() else { return (Grade::Full, String::new()) };
    match compare::history(&case["normalise"], history, &ran.history) {
        Ok(()) => (Grade::Full, String::new()),
        Err(why) => (Grade::Result, why),
    }
}

fn result(case: &Json, expected: &Json, ran: &Ran) -> Result<(), String> {
    if expected["status"] != ran.status {
        return Err(format!("status {}, expected {}; {:?} {:?}", ran.status, expected["status"], ran.error, ran.cause));
    }
    let same = |name: &str, actual: &Option<Json>| match (expected.get(name), actual) {
        (None, None) => Ok(()),
        (None, Some(_)) if name == "output" => Ok(()),
        (Some(expected), Some(actual)) => compare::value(&case["normalise"], expected, actual, name),
        (expected, actual) => Err(format!("{name}: expected {expected:?}, got {actual:?}")),
    };
    same("output", &ran.output)?;
    same("error", &ran.error)?;
    same("cause", &ran.cause)
}

fn report(tallies: &BTreeMap<String, Tally>) {
    println!("{:<22}{:>8}{:>8}{:>8}{:>16}", "feature", "result", "full", "total", "not applicable");
    let mut sum = Tally::default();
    for (feature, t) in tallies {
        println!("{feature:<22}{:>8}{:>8}{:>8}{:>16}", t.result, t.full, t.total, t.not_applicable);
        sum.result += t.result;
        sum.full += t.full;
        sum.total += t.total;
        sum.not_applicable += t.not_applicable;
    }
    println!("{:<22}{:>8}{:>8}{:>8}{:>16}", "all", sum.result, sum.full, sum.total, sum.not_applicable);
}

fn hold_the_floor(tallies: &BTreeMap<String, Tally>) {
    for (feature, result, full) in FLOOR {
        let Some(tally) = tallies.get(feature) else { continue };
        assert!(
            tally.result >= result && tally.full >= full,
            "{feature} fell: result {} (floor {result}), full {} (floor {full})",
            tally.result,
            tally.full
        );
    }
}
