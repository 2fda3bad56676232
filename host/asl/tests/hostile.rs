//! Definitions that are made to take long: each is judged about as fast as any of its size.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use runner::{fails, run, succeeds};
use stepwell_asl::{Machine, limits};

mod runner;

/// Without optimization, and on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(10);

fn states(mut each: impl FnMut(usize) -> String) -> String {
    let mut text = String::from(r#"{"StartAt":"s0","States":{"#);
    for at in 0.. {
        let state = each(at);
        if text.len() + state.len() + 60 > limits::DEFINITION_BYTES_MAX {
            break;
        }
        write!(text, "{state},").unwrap();
    }
    text + r#""end":{"Type":"Succeed"}}}"#
}

fn judged(text: &str) {
    let begun = Instant::now();
    let problems = Machine::parse(text).unwrap_err();
    assert!(problems.len() <= limits::DIAGNOSTICS_MAX + 1);
    let told: usize = problems.iter().map(|one| one.to_string().len() + one.pointer.len()).sum();
    assert!(told <= 4 * limits::DIAGNOSTICS_BYTES_MAX, "{told} bytes are told");
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
}

#[test]
fn many_problems_are_no_more_work_than_the_most_that_are_told() {
    judged(&states(|at| format!(r#""s{at}":{{"Type":"Pass","Next":"t{at}"}}"#)));
    judged(&states(|at| format!(r#""s{at}":{{"Type":"Pass","Nexd":"end","Parametres":1,"Ent":true}}"#)));
    judged(&states(|at| {
        format!(r#""s{at}":{{"Type":"Pass","Assign":{{"v{at}":1}},"InputPath":"$w{at}","Next":"end"}}"#)
    }));
    // One scope with many variables, and many scopes in it.
    let branch =
        |at| format!(r#"{{"StartAt":"b{at}","States":{{"b{at}":{{"Type":"Pass","InputPath":"$none","End":true}}}}}}"#);
    let branches: Vec<String> = (0..6_000).map(branch).collect();
    let assigned: Vec<String> = (0..30_000).map(|at| format!(r#""v{at}":1"#)).collect();
    judged(&format!(
        r#"{{"StartAt":"s0","States":{{"s0":{{"Type":"Parallel","Assign":{{{}}},"Next":"none","Branches":[{}]}}}}}}"#,
        assigned.join(","),
        branches.join(",")
    ));
}

#[test]
fn long_names_are_not_told_again_and_again() {
    let name = "k".repeat(500_000);
    let members = |value: &str| (0..20_000).map(|at| format!(r#""a{at}{value}"#)).collect::<Vec<_>>().join(",");
    let state = |fields: String| format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","End":true,{fields}}}}}}}"#);
    judged(&state(format!(r#""Parameters":{{"{name}":{{{}}}}},"X":1"#, members(r#".$":"x""#))));
    judged(&state(format!(r#""Assign":{{"v":{{"{name}":{{{}}}}}}},"X":1"#, members(r#"":"$.x""#))));
    judged(&state(format!(r#""QueryLanguage":"JSONata","Output":{{"{name}":{{{}}}}}"#, members(r#"":"{% x %}""#))));
    judged(&state(format!(r#""{name}":{{{}}}"#, members(r#"":1"#))));
    judged(&format!(r#"{{"StartAt":"A","States":{{"{name}":{{{}}}}}}}"#, members(r#"":1"#)));
}

#[test]
fn pointers_to_all_states_have_only_so_much_text() {
    let nested = |name: &str, inner: &str| {
        (0..20).fold(inner.to_owned(), |inner, level| {
            format!(
                r#"{{"StartAt":"{name}{level}","States":{{"{name}{level}":{{"Type":"Parallel","End":true,"Branches":[{inner}]}}}}}}"#
            )
        })
    };
    let inner: Vec<String> = (0..10_000).map(|at| format!(r#""x{at}":{{"Type":"Succeed"}}"#)).collect();
    let inner = format!(r#"{{"StartAt":"x0","States":{{{}}}}}"#, inner.join(","));
    let problem = |name: &str| Machine::parse(&nested(name, &inner)).unwrap_err()[0].to_string();
    assert!(problem("n").starts_with("MISSING_TRANSITION_TARGET: State \"x1\" is not reachable."));
    let found = problem(&"\u{10000}".repeat(70));
    let most = limits::STATE_POINTERS_BYTES_MAX;
    assert!(
        found
            .starts_with(&format!("DEFINITION_LIMIT_EXCEEDED: The pointers to all states have more than {most} bytes"))
    );
}

#[test]
fn names_that_are_nearly_right_are_guessed_for_a_while() {
    let names: Vec<String> = (0..60_000).map(|at| format!(r#""States.Tim{at}""#)).collect();
    judged(&format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"task:x","Next":"B","Retry":[{{"ErrorEquals":[{}]}}]}}}}}}"#,
        names.join(",")
    ));
    let twins: Vec<String> = (0..80_000).map(|at| format!(r#""k{}":1"#, at / 2)).collect();
    judged(&format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","End":true,"Result":{{{}}}}}}}}}"#,
        twins.join(",")
    ));
    judged(&"[".repeat(limits::DEFINITION_BYTES_MAX));
}

#[test]
fn branches_that_copy_many_variables_pay_for_it() {
    let definition = |names: usize| {
        let assigned: Vec<String> = (0..names).map(|at| format!(r#""v{at}":1"#)).collect();
        format!(
            r#"{{"StartAt":"s","States":{{"s":{{"Type":"Pass","Assign":{{{}}},"Next":"m"}},
                "m":{{"Type":"Map","ItemsPath":"$.i","ResultSelector":{{"n.$":"States.ArrayLength($)"}},"End":true,
                  "ItemProcessor":{{"StartAt":"p","States":{{"p":{{"Type":"Pass","Assign":{{"x":1}},"End":true}}}}}}}}}}}}"#,
            assigned.join(",")
        )
    };
    let input = format!(r#"{{"i":[{}]}}"#, vec!["1"; 2_000].join(","));
    succeeds(&definition(1_000), &input, r#"{"n":2000}"#);
    let (error, cause) = fails(&definition(20_000), &input);
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("bytes of payloads without waiting for anything"), "{cause}");
    assert!(run(&definition(20_000), r#"{"i":[1]}"#).1.events.len() > 5);
}

/// What an execution fails with that maps over so many items with this selector.
fn maps(selector: &str, items: usize) -> String {
    let definition = format!(
        r#"{{"StartAt":"m","States":{{"m":{{"Type":"Map","ItemsPath":"$.i","ItemSelector":{selector},"End":true,
            "ToleratedFailurePercentage":100,"ResultSelector":{{"n.$":"States.ArrayLength($)"}},
            "ItemProcessor":{{"StartAt":"p","States":{{"p":{{"Type":"Pass","End":true}}}}}}}}}}}}"#
    );
    let (error, cause) = fails(&definition, &format!(r#"{{"i":[{}]}}"#, vec!["1"; items].join(",")));
    assert_eq!(error, "States.Runtime");
    cause
}

#[test]
fn a_step_makes_only_so_much_new_data() {
    let cause = maps(r#"{"made.$":"States.ArrayRange(1, 1000, 1)"}"#, 3_000);
    assert!(cause.contains("bytes of new data"), "{cause}");
}

#[test]
fn a_step_looks_at_only_so_many_values() {
    let cause = maps(r#"{"counted.$":"States.ArrayLength($..none)"}"#, 20_000);
    assert!(cause.contains("values without waiting for anything"), "{cause}");
}

#[test]
fn a_history_that_an_answer_fills_ends_the_execution() {
    let definition = r#"{"StartAt":"t","States":{"e":{"Type":"Succeed"},"t":{"Type":"Task","Resource":"task:t",
        "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"t"}],"Next":"e"}}}"#;
    let (error, cause) = fails(definition, r#"{"Error":"Boom","Cause":"every time"}"#);
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("maximum number of history events"), "{cause}");
}
