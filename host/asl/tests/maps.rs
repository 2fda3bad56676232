//! Map states: failures that are tolerated, and numbers that are read from the input.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use runner::{fails, run, succeeds};
use stepwell_asl::Machine;

mod runner;

/// A Map over `$.items`, whose task fails for items that have `Error` and `Cause`.
fn map(fields: &str) -> String {
    format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","ItemsPath":"$.items",{fields}"MaxConcurrency":1,"End":true,
            "ItemProcessor":{{"StartAt":"T","States":{{"T":{{"Type":"Task","Resource":"task:t","End":true}}}}}}}}}}}}"#
    )
}

const BAD: &str = r#"{"Error":"Bad","Cause":"broken"}"#;

/// So many items that fail, then so many that do not.
fn items(bad: usize, good: usize) -> String {
    let items: Vec<&str> = std::iter::repeat_n(BAD, bad).chain(std::iter::repeat_n("1", good)).collect();
    format!(r#"{{"items":[{}],"n":1,"share":"50"}}"#, items.join(","))
}

fn exceeded(definition: &str, input: &str) {
    let (error, cause) = fails(definition, input);
    assert_eq!(error, "States.ExceedToleratedFailureThreshold");
    assert_eq!(cause, "The specified tolerated failure threshold was exceeded");
}

#[test]
fn a_map_goes_on_with_as_many_failures_as_it_tolerates() {
    for fields in [r#""ToleratedFailureCount":1,"#, r#""ToleratedFailureCountPath":"$.n","#] {
        succeeds(&map(fields), &items(1, 2), &format!("[{BAD},1,1]"));
        exceeded(&map(fields), &items(2, 1));
    }
    for fields in [r#""ToleratedFailurePercentage":50,"#, r#""ToleratedFailurePercentagePath":"$.share","#] {
        succeeds(&map(fields), &items(2, 2), &format!("[{BAD},{BAD},1,1]"));
        exceeded(&map(fields), &items(2, 1));
    }
    exceeded(&map(r#""ToleratedFailureCount":2,"ToleratedFailurePercentage":10,"#), &items(1, 2));
    assert_eq!(fails(&map(""), &items(1, 2)), ("Bad".to_owned(), "broken".to_owned()));
    succeeds(&map(r#""ToleratedFailurePercentage":100,"#), &items(3, 0), &format!("[{BAD},{BAD},{BAD}]"));
    succeeds(&map(r#""ToleratedFailureCount":0,"#), &items(0, 0), "[]");
}

#[test]
fn the_history_tells_of_the_iterations_that_failed() {
    let types = |definition: &str, input: &str| {
        let (_, out) = run(definition, input);
        let told = out.events.iter().filter(|event| event.type_name().contains("Map"));
        told.map(|event| event.type_name().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        types(&map(r#""ToleratedFailureCount":1,"#), &items(1, 1)),
        "MapStateEntered MapStateStarted MapIterationStarted MapIterationFailed MapIterationStarted MapIterationSucceeded MapStateSucceeded MapStateExited"
    );
    assert_eq!(
        types(&map(r#""ToleratedFailureCount":1,"#), &items(2, 1)),
        "MapStateEntered MapStateStarted MapIterationStarted MapIterationFailed MapIterationStarted MapIterationFailed MapStateFailed"
    );
    assert_eq!(
        types(&map(r#""ToleratedFailureCountPath":"$.items","#), &items(1, 1)),
        "MapStateEntered MapStateStarted",
        "a Map whose own fields are wrong is not said to have failed"
    );
}

#[test]
fn numbers_of_the_input_are_checked() {
    const AT: &str = "An error occurred while executing the state 'M' (entered at the event id #2). ";
    for (fields, n, said) in [
        (
            "ToleratedFailureCountPath",
            "\"x\"",
            "The ToleratedFailureCountPath field refers to value \"x\" which is not a valid integer: $.n",
        ),
        (
            "ToleratedFailureCountPath",
            "1.5",
            "The ToleratedFailureCountPath field refers to value \"1.5\" which is not a valid integer: $.n",
        ),
        ("ToleratedFailureCountPath", "-1", "ToleratedFailureCount cannot be negative."),
        (
            "ToleratedFailurePercentagePath",
            "{}",
            "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: $.n",
        ),
        ("ToleratedFailurePercentagePath", "-1.1", "ToleratedFailurePercentage must be between 0 and 100."),
        ("ToleratedFailurePercentagePath", "100.1", "ToleratedFailurePercentage must be between 0 and 100."),
        (
            "MaxConcurrencyPath",
            "\"NoNumber\"",
            "The MaxConcurrencyPath field refers to value \"NoNumber\" which is not a valid integer: $.n",
        ),
        ("MaxConcurrencyPath", "-1", "MaxConcurrency cannot be negative."),
    ] {
        let definition = map(&format!(r#""{fields}":"$.n","#));
        let definition =
            if fields == "MaxConcurrencyPath" { definition.replace(r#""MaxConcurrency":1,"#, "") } else { definition };
        let (error, cause) = fails(&definition, &format!(r#"{{"items":[1],"n":{n}}}"#));
        assert_eq!((error.as_str(), cause), ("States.Runtime", format!("{AT}{said}")), "{fields} {n}");
    }
    let problems = Machine::parse(&map(r#""ToleratedFailurePercentage":101,"ToleratedFailureCount":-1,"#)).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
}
