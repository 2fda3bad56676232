//! JSONata as the language of states: what expressions see, where they may stand, and what is
//! said when they fail.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use runner::{fails, run, succeeds};
use stepwell_asl::{EventKind, limits};

mod runner;

/// A machine of JSONata with these states, the first named `S`.
fn machine(states: &str) -> String {
    format!(r#"{{"QueryLanguage":"JSONata","StartAt":"S","States":{{{states}}}}}"#)
}

#[test]
fn every_state_hands_on_what_its_output_says() {
    for (states, input, output) in [
        (
            r#""S":{"Type":"Pass","Output":{"n":"{% $states.input.n + 1 %}","l":["{% 'a' & 'b' %}"," {% 1 %}"]},"End":true}"#,
            r#"{"n":1}"#,
            r#"{"n":2,"l":["ab"," {% 1 %}"]}"#,
        ),
        (r#""S":{"Type":"Succeed","Output":"{% $states.context.State.Name %}"}"#, "{}", r#""S""#),
        (
            r#""S":{"Type":"Wait","Seconds":"{% 1 + 1 %}","Output":"{% $states.input.n %}","End":true}"#,
            r#"{"n":1}"#,
            "1",
        ),
        (
            r#""S":{"Type":"Task","Resource":"task:t","TimeoutSeconds":"{% $states.input.n %}","Arguments":{"a":"{% $states.input.n %}"},"Output":{"r":"{% $states.result.a %}","i":"{% $states.input %}"},"End":true}"#,
            r#"{"n":5}"#,
            r#"{"r":5,"i":{"n":5}}"#,
        ),
        (
            r#""S":{"Type":"Parallel","Arguments":"{% $states.input.n %}","Branches":[{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}],"Output":"{% $sum($states.result) %}","End":true}"#,
            r#"{"n":5}"#,
            "5",
        ),
        (
            r#""S":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.n > 3 %}","Output":"many","Next":"E"}],"Default":"E","Output":"few"},"E":{"Type":"Succeed"}"#,
            r#"{"n":5}"#,
            r#""many""#,
        ),
        (
            r#""S":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.n > 3 %}","Output":"many","Next":"E"}],"Default":"E","Output":"few"},"E":{"Type":"Succeed"}"#,
            r#"{"n":1}"#,
            r#""few""#,
        ),
        (
            r#""S":{"Type":"Map","Items":[1,"{% $states.input.n %}"],"MaxConcurrency":"{% 1 %}","ToleratedFailurePercentage":"{% 50 %}","ToleratedFailureCount":"{% 1 %}","ItemSelector":{"v":"{% $states.context.Map.Item.Value %}","n":"{% $states.input.n %}"},"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Output":"{% $states.input.v * $states.input.n %}","End":true}}},"End":true}"#,
            r#"{"n":5}"#,
            "[5,25]",
        ),
    ] {
        succeeds(&machine(states), input, output);
    }
}

#[test]
fn variables_and_errors_are_seen() {
    let states = r#"
        "S":{"Type":"Pass","Assign":{"v":"{% $states.input.n %}"},"Next":"T"},
        "T":{"Type":"Task","Resource":"task:t","Arguments":{"Error":"Wrong","Cause":"so"},"Next":"E",
            "Catch":[{"ErrorEquals":["Wrong"],"Assign":{"e":"{% $states.errorOutput.Error & $v %}"},"Output":{"c":"{% $states.errorOutput.Cause %}","n":"{% $states.input.n %}"},"Next":"E"}]},
        "E":{"Type":"Pass","Output":["{% $e %}","{% $states.input %}"],"End":true}"#;
    succeeds(&machine(states), r#"{"n":1}"#, r#"["Wrong1",{"c":"so","n":1}]"#);
}

#[test]
fn a_failed_expression_is_told_and_can_be_caught() {
    let states = r#""S":{"Type":"Fail","Error":"{% $states.input.e %}","Cause":"{% 1 %}"}"#;
    let (error, cause) = fails(&machine(states), r#"{"e":"E"}"#);
    assert_eq!(error, "States.QueryEvaluationError");
    assert_eq!(
        cause,
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression '1' specified for the field 'Cause' returned an unexpected result type. Expected 'string', but was 'number' for value: 1"
    );
    let states = r#""S":{"Type":"Task","Resource":"task:t","Arguments":{"a":["{% $nothing() %}"]},"End":true,
        "Catch":[{"ErrorEquals":["States.QueryEvaluationError"],"Output":"caught","Next":"E"}]},"E":{"Type":"Succeed"}"#;
    let (_, out) = run(&machine(states), "{}");
    let told = out.events.iter().find_map(|event| match &event.kind {
        EventKind::EvaluationFailed { location, failure, .. } => Some((location.clone(), failure.cause.clone())),
        _ => None,
    });
    let (location, cause) = told.unwrap();
    assert_eq!(location.as_deref(), Some("Arguments/a[0]"));
    assert!(cause.unwrap().ends_with("threw an error during evaluation. T1006: Attempted to invoke a non-function"));
    succeeds(&machine(states), "{}", r#""caught""#);
}

#[test]
fn time_and_chance_come_from_the_execution() {
    let states = r#""S":{"Type":"Pass","Output":["{% $millis() %}","{% $uuid() %}"],"End":true}"#;
    let (first, again) = (run(&machine(states), "{}").0, run(&machine(states), "{}").0);
    assert_eq!(first, again, "the same seed and the same time give the same output");
    succeeds(&machine(r#""S":{"Type":"Succeed","Output":"{% $millis() %}"}"#), "{}", "1790000000000");
}

#[test]
fn what_expressions_make_is_no_larger_than_a_payload() {
    for fields in [
        r#""Type":"Pass","Output":"{% [1..100000] %}""#,
        r#""Type":"Task","Resource":"task:t","Arguments":"{% [1..100000] %}""#,
        r#""Type":"Parallel","Arguments":"{% [1..100000] %}","Branches":[{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}]"#,
        r#""Type":"Map","Items":"{% [1..100000] %}","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}"#,
    ] {
        let (error, _) = fails(&machine(&format!(r#""S":{{{fields},"End":true}}"#)), "{}");
        assert_eq!(error, "States.DataLimitExceeded", "{fields}");
    }
}

#[test]
fn a_step_computes_only_so_much() {
    let states = r#""S":{"Type":"Pass","Assign":{"n":"{% $count([1..20000][$ % 7 = 0]) %}"},"Next":"T"},
        "T":{"Type":"Choice","Choices":[{"Condition":"{% $n < 0 %}","Next":"End"}],"Default":"S"},
        "End":{"Type":"Succeed"}"#;
    let (error, cause) = fails(&machine(states), "{}");
    assert_eq!(error, "States.Runtime");
    let most = limits::STEP_QUERY_STEPS_MAX;
    let told = format!("The execution took more than {most} steps in its expressions without waiting for anything.");
    assert!(cause.ends_with(&told), "{cause}");
}

#[test]
fn the_context_object_is_there_however_it_is_reached() {
    for expression in [
        "$states.context.State.Name",
        "$states . context . State . Name",
        "$states.*[1].State.Name",
        "$lookup($states, 'context').State.Name",
        "($s := $states; $s.context.State.Name)",
        "$states.`context`.State.Name",
        "$states.{'n': context.State.Name}.n",
        "$string($states.input) & $states.**.State.Name",
    ] {
        let definition = format!(
            r#"{{"QueryLanguage":"JSONata","StartAt":"A","States":{{"A":{{"Type":"Pass","End":true,"Output":"{{% {expression} %}}"}}}}}}"#
        );
        let expected = if expression.contains("**") { r#""{}A""# } else { r#""A""# };
        succeeds(&definition, "{}", expected);
    }
}
