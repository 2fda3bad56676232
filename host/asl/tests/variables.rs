//! Variables: who sees them, what `$` is where they are set, and how large they may be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;

use runner::{fails, run, succeeds};
use stepwell_asl::expr::Value;
use stepwell_asl::expr::limits::VARIABLE_NAME_CHARS_MAX;
use stepwell_asl::{Machine, limits};

mod runner;

fn text(problems: &[stepwell_asl::Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A machine of two states: `S` with these fields, and one that shows the variable `v`.
fn shown(fields: &str) -> String {
    format!(
        r#"{{"StartAt":"S","States":{{"S":{{{fields},"Next":"Show"}},
            "Show":{{"Type":"Pass","Parameters":{{"v.$":"$v"}},"OutputPath":"$.v","End":true}}}}}}"#
    )
}

#[test]
fn the_document_of_an_assign_is_what_its_state_brings_forth() {
    for (fields, input, v) in [
        (r#""Type":"Pass","Result":{"a":1},"ResultPath":"$.r","Assign":{"v.$":"$"}"#, r#"{"b":2}"#, r#"{"a":1}"#),
        (r#""Type":"Pass","Parameters":{"c.$":"$.b"},"Assign":{"v.$":"$.c"}"#, r#"{"b":2}"#, "2"),
        (r#""Type":"Wait","Seconds":1,"InputPath":"$.b","Assign":{"v.$":"$"}"#, r#"{"b":2}"#, "2"),
        (
            r#""Type":"Task","Resource":"task:t","ResultSelector":{"s.$":"$.b"},"ResultPath":"$.r","Assign":{"v.$":"$"}"#,
            r#"{"b":2}"#,
            r#"{"s":2}"#,
        ),
        (
            r#""Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"Assign":{"v.$":"$[1]"}"#,
            "[1,2]",
            "2",
        ),
        (
            r#""Type":"Parallel","Branches":[{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}],"Assign":{"v.$":"$[0].b"}"#,
            r#"{"b":2}"#,
            "2",
        ),
    ] {
        succeeds(&shown(fields), input, v);
    }
}

#[test]
fn a_choice_assigns_by_the_rule_that_holds_or_else_itself() {
    let definition = r#"{"StartAt":"C","States":{
        "C":{"Type":"Choice","InputPath":"$.in","Default":"Show","Assign":{"v":"default"},"Choices":[
          {"Variable":"$.x","NumericEquals":1,"Next":"Show","Assign":{"v.$":"$.x"}},
          {"And":[{"Variable":"$.x","NumericEquals":2}],"Next":"Show","Assign":{"v":"two"}},
          {"Variable":"$.x","NumericEquals":3,"Next":"Other"}]},
        "Show":{"Type":"Pass","Parameters":{"v.$":"$v"},"End":true},
        "Other":{"Type":"Pass","Parameters":{"v.$":"$v"},"End":true}}}"#;
    succeeds(definition, r#"{"in":{"x":1}}"#, r#"{"v":1}"#);
    succeeds(definition, r#"{"in":{"x":2}}"#, r#"{"v":"two"}"#);
    succeeds(definition, r#"{"in":{"x":9}}"#, r#"{"v":"default"}"#);
    let (error, cause) = fails(definition, r#"{"in":{"x":3}}"#);
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.ends_with("The JSONPath '$v' specified for the field 'v.$' could not be found in the input '{\"x\":3}'")
    );
}

#[test]
fn a_catcher_assigns_the_error_and_the_state_does_not() {
    let definition = r#"{"StartAt":"T","States":{
        "T":{"Type":"Task","Resource":"task:t","Next":"Show","Assign":{"v":"returned"},
          "Catch":[{"ErrorEquals":["Bad"],"Next":"Show","Assign":{"v.$":"$.Cause"},"ResultPath":null}]},
        "Show":{"Type":"Pass","Parameters":{"v.$":"$v","in.$":"$.Error"},"End":true}}}"#;
    succeeds(definition, r#"{"Error":"Bad","Cause":"broken"}"#, r#"{"v":"broken","in":"Bad"}"#);
    succeeds(definition, r#"{"Error":"fine"}"#, r#"{"v":"returned","in":"fine"}"#);
}

#[test]
fn expressions_see_variables_as_they_were_when_the_state_was_entered() {
    let definition = r#"{"StartAt":"One","States":{
        "One":{"Type":"Pass","Assign":{"a":1,"b":2},"Next":"Swap"},
        "Swap":{"Type":"Pass","Assign":{"a.$":"$b","b.$":"$a"},"Parameters":{"a.$":"$a"},"ResultPath":"$.then","Next":"Show"},
        "Show":{"Type":"Pass","Parameters":{"a.$":"$a","b.$":"$b","then.$":"$.then.a"},"End":true}}}"#;
    succeeds(definition, "{}", r#"{"a":2,"b":1,"then":1}"#);
}

#[test]
fn branches_see_what_is_around_them_and_keep_their_own() {
    let definition = r#"{"StartAt":"Set","States":{
        "Set":{"Type":"Pass","Assign":{"x":1,"items":[1,2]},"Next":"Par"},
        "Par":{"Type":"Parallel","Next":"Map","Branches":[
          {"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"own.$":"States.MathAdd($x, 1)"},"Next":"A2"},
            "A2":{"Type":"Pass","Parameters":{"own.$":"$own"},"End":true}}},
          {"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":1,"Assign":{"own":"b"},"Next":"B2"},
            "B2":{"Type":"Pass","Parameters":{"own.$":"$own"},"End":true}}}]},
        "Map":{"Type":"Map","ItemsPath":"$items","ItemSelector":{"n.$":"$$.Map.Item.Value","x.$":"$x"},
          "InputPath":"$[0]","Assign":{"x":2},"Next":"Show",
          "ItemProcessor":{"StartAt":"I","States":{
            "I":{"Type":"Pass","Assign":{"sum.$":"States.MathAdd($.n, $x)"},"Next":"I2"},
            "I2":{"Type":"Pass","Parameters":{"sum.$":"$sum"},"OutputPath":"$.sum","End":true}}}},
        "Show":{"Type":"Pass","Parameters":{"x.$":"$x","in.$":"$"},"End":true}}}"#;
    succeeds(definition, "{}", r#"{"x":2,"in":[2,3]}"#);
    let lost = definition.replace(r#""in.$":"$""#, r#""in.$":"$sum""#);
    let machine = Machine::parse(&lost).unwrap();
    assert_eq!(
        text(machine.warnings()),
        "UNKNOWN_VARIABLE: No state assigns the variable '$sum' at /States/Show",
        "what a branch set is gone with it"
    );
    assert!(fails(&lost, "{}").1.contains("The JSONPath '$sum'"));
}

#[test]
fn every_field_that_takes_a_path_takes_a_variable() {
    let definition = r#"{"StartAt":"Set","States":{
        "Set":{"Type":"Pass","Assign":{"n":1,"max":"2","at":"2020-01-01T00:00:00Z","e":"E","o":{"list":[5,6]}},"Next":"W"},
        "W":{"Type":"Wait","SecondsPath":"$n","Next":"U"},
        "U":{"Type":"Wait","TimestampPath":"$at","Next":"T"},
        "T":{"Type":"Task","Resource":"task:t","TimeoutSecondsPath":"$n","InputPath":"$o","ResultSelector":{"l.$":"$o.list"},"Next":"M"},
        "M":{"Type":"Map","ItemsPath":"$o.list","MaxConcurrencyPath":"$max","ItemProcessor":{"StartAt":"I","States":{
          "I":{"Type":"Pass","OutputPath":"$n","End":true}}},"Next":"C"},
        "C":{"Type":"Choice","Choices":[{"Variable":"$n","NumericEqualsPath":"$o.list[0]","Next":"W"}],"Default":"F"},
        "F":{"Type":"Fail","ErrorPath":"$e","CausePath":"States.Format('{} of {}', $n, $max)"}}}"#;
    assert_eq!(fails(definition, "{}"), ("E".to_owned(), "1 of 2".to_owned()));
    let machine = Machine::parse(definition).unwrap();
    let references: Vec<String> =
        machine.variable_references().map(|(state, names)| format!("{state}: {}", names.join(" "))).collect();
    assert_eq!(references, ["W: n", "U: at", "T: n o", "M: max o", "C: n o", "F: e max n", "I: n"]);
}

#[test]
fn the_exit_says_what_was_assigned() {
    let definition = shown(r#""Type":"Pass","Assign":{"v":{"a":[1,"x"]},"t":"x"}"#);
    let (_, out) = run(&definition, "{}");
    let exits: Vec<Value> = out
        .events
        .iter()
        .filter(|event| event.type_name() == "PassStateExited")
        .map(|event| event.to_json().get("stateExitedEventDetails").unwrap().clone())
        .collect();
    assert_eq!(exits[0].get("assignedVariables").unwrap().to_string(), r#"{"v":"{\"a\":[1,\"x\"]}","t":"\"x\""}"#);
    assert_eq!(exits[0].get("assignedVariablesDetails").unwrap().to_string(), r#"{"truncated":false}"#);
    assert_eq!(exits[1].get("assignedVariables"), None);
}

#[test]
fn assignments_that_cannot_be_are_refused_with_their_place() {
    let refused = |definition: &str| text(&Machine::parse(definition).unwrap_err());
    for name in ["", "1x", "a-b", "states", "a b"] {
        let found = refused(&shown(&format!(r#""Type":"Pass","Assign":{{"{name}":1,"v":1}}"#)));
        let message = match name {
            "states" => "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'.".to_owned(),
            "" => "INVALID_VARIABLE_NAME: Invalid variable name ''".to_owned(),
            _ => format!(
                "INVALID_VARIABLE_NAME: Invalid variable name '{name}': the variable name contains invalid characters."
            ),
        };
        assert_eq!(found, format!("{message} at /States/S/Assign/{name}"));
    }
    assert!(
        refused(&shown(r#""Type":"Pass","Assign":{"v.$":"nonsense"}"#))
            .contains("The value for the field 'v.$' must be")
    );
    assert!(
        refused(&shown(r#""Type":"Pass","Assign":[]"#)).contains("Expected value of type Object at /States/S/Assign")
    );
    let inner = shown(
        r#""Type":"Parallel","Assign":{"v":1},"Branches":[{"StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"v":2},"End":true}}}]"#,
    );
    assert_eq!(
        refused(&inner),
        "DUPLICATE_VARIABLE_NAME: The variable name 'v' was already defined in a parent scope. at /States/S/Branches[0]/States/I/Assign"
    );
    let name = |chars: usize| {
        Machine::parse(&shown(&format!(r#""Type":"Pass","Assign":{{"v":1,"{}":1}}"#, "é".repeat(chars)))).is_ok()
    };
    assert!(name(VARIABLE_NAME_CHARS_MAX) && !name(VARIABLE_NAME_CHARS_MAX + 1));
    let misspelt = Machine::parse(&shown(r#""Type":"Pass","Assign":{"V":1}"#)).unwrap();
    assert_eq!(misspelt.warnings()[0].help.as_deref(), Some("Did you mean '$V'?"));
}

#[test]
fn the_variables_of_one_assign_have_a_size() {
    let definition = shown(r#""Type":"Pass","Assign":{"v.$":"$.a","w.$":"$.b"},"OutputPath":null"#)
        .replace(r#""v.$":"$v""#, r#""v":1"#);
    // {"v":"…","w":"…"} has 15 bytes besides the letters.
    let input = |bytes: usize| {
        let half = (bytes - 15) / 2;
        format!(r#"{{"a":"{}","b":"{}"}}"#, "a".repeat(half), "b".repeat(bytes - 15 - half))
    };
    succeeds(&definition, &input(limits::ASSIGN_BYTES_MAX), "1");
    let (error, cause) = fails(&definition, &input(limits::ASSIGN_BYTES_MAX + 1));
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(cause.starts_with("The state 'S' assigned variables with a size exceeding"), "{cause}");
}

#[test]
fn all_variables_of_an_execution_have_a_size() {
    // Each state sets one variable of a quarter of a MiB, so many states fill the room.
    let assigned = limits::PAYLOAD_BYTES_MAX - 100;
    let fitting = limits::VARIABLES_BYTES_MAX / assigned;
    let states = |count: usize, name: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for at in 0..count {
            let next = at + 1;
            write!(text, r#""S{at}":{{"Type":"Pass","Assign":{{"{}.$":"$.a"}},"Next":"S{next}"}},"#, name(at)).unwrap();
        }
        format!(r#"{{"StartAt":"S0","States":{{{text}"S{count}":{{"Type":"Pass","Result":1,"End":true}}}}}}"#)
    };
    let input = format!(r#"{{"a":"{}"}}"#, "a".repeat(assigned));
    let each = |at: usize| format!("v{at}");
    succeeds(&states(fitting - 1, &each), &input, "1");
    assert_eq!(fails(&states(fitting + 1, &each), &input).0, "States.DataLimitExceeded");
    succeeds(&states(fitting * 2, &|_| "v".to_owned()), &input, "1");
}
