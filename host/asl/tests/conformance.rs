//! The recorded cases: definitions that ran on AWS, run here in process, and compared event by
//! event. The cases lie beside the repository; without them the test says so and passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use serde_json::Value as Json;

#[path = "conformance/compare.rs"]
mod compare;
#[path = "conformance/host.rs"]
mod host;
#[path = "conformance/recorded.rs"]
mod recorded;

use host::Ran;

/// What has been reached: (feature, result, full). May only rise.
const FLOOR: [(&str, usize, usize); 24] = [
    ("api-base", 1, 1),
    ("arguments", 3, 3),
    ("assign-variables", 22, 22),
    ("base", 20, 20),
    ("catch-retry", 27, 26),
    ("choice", 5, 5),
    ("choice-operators", 324, 324),
    ("context-object", 4, 4),
    ("distributed-map", 18, 18),
    ("express", 2, 2),
    ("fail", 2, 2),
    ("intrinsic", 87, 87),
    ("jsonata", 12, 12),
    ("jsonata-functions", 17, 17),
    ("jsonata-output", 10, 10),
    ("lambda-task", 17, 17),
    ("map", 30, 30),
    ("nested-states", 4, 4),
    ("parallel", 5, 4),
    ("query-language", 9, 9),
    ("scenario", 10, 10),
    ("states-error-output", 8, 8),
    ("timeout", 1, 0),
    ("wait", 18, 18),
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
    let Some(cases) = recorded::cases() else { return };
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for case in cases {
        let id = case["id"].as_str().unwrap();
        if case["kind"] != "run" || !id.contains(&wanted) {
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
