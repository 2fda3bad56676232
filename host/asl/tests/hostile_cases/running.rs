//! Executions: loops, growing data, Maps, retries, times, and what tasks give back.

use serde_json::{Value as Json, json};

use crate::Expected::{Fails, FailsBecause, Gives, InputRefused, Refused, Succeeds, TimesOut};
use crate::text::{list, nest, quoted, repeat};
use crate::{Case, one};

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("loops", loops()),
        ("growing-data", growing()),
        ("variables", variables()),
        ("maps", maps()),
        ("retries", retries()),
        ("times", times()),
        ("results-of-tasks", results()),
    ]
}

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
const TOO_LARGE: &str = "States.DataLimitExceeded";
const FULL: &str = "maximum number of history events";

/// Two states that lead to each other; `fields` are those of the first.
fn round(fields: &str) -> String {
    format!(
        r#"{{"StartAt":"A","States":{{"A":{{{fields},"Next":"B"}},"B":{{"Type":"Choice","Choices":[{{"Variable":"$.stop","IsPresent":true,"Next":"E"}}],"Default":"A"}},"E":{{"Type":"Succeed"}}}}}}"#
    )
}

fn loops() -> Vec<Case> {
    let mut cases = Vec::new();
    let full = || FailsBecause("States.Runtime", FULL);
    for (name, fields) in [
        ("passes", r#""Type":"Pass""#),
        ("waits-of-no-time", r#""Type":"Wait","Seconds":0"#),
        ("waits", r#""Type":"Wait","Seconds":1"#),
        ("tasks", r#""Type":"Task","Resource":"task:t","ResultPath":null"#),
        (
            "functions",
            r#""Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","ResultPath":null"#,
        ),
        (
            "parallels",
            r#""Type":"Parallel","ResultPath":null,"Branches":[{"StartAt":"P","States":{"P":{"Type":"Succeed"}}}]"#,
        ),
        (
            "maps-of-nothing",
            r#""Type":"Map","ItemsPath":"$.none","ResultPath":null,"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Succeed"}}}"#,
        ),
        ("expressions", r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% $states.input %}""#),
        ("templates", r#""Type":"Pass","Parameters":{"none.$":"$.none"}"#),
        ("variables", r#""Type":"Pass","Assign":{"v.$":"$"}"#),
        ("the-context", r#""Type":"Pass","Parameters":{"none.$":"$.none","c.$":"$$"}"#),
    ] {
        cases.push(Case::new(name, round(fields), full()).with("{\"none\":[]}"));
    }
    let counted = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"n":0},"Next":"B"},
        "B":{"Type":"Pass","Assign":{"n.$":"States.MathAdd($n, 1)"},"Next":"C"},
        "C":{"Type":"Choice","Choices":[{"Variable":"$n","NumericLessThan":COUNT,"Next":"B"}],"Default":"D"},
        "D":{"Type":"Pass","Parameters":{"n.$":"$n"},"End":true}}}"#;
    for (count, expected) in [(6_000, Gives(json!("{\"n\":6000}"))), (7_000, full())] {
        cases.push(Case::new(format!("{count}-rounds"), counted.replace("COUNT", &count.to_string()), expected));
    }
    cases.push(Case::new("to-itself", one(r#""Type":"Pass","Next":"S""#), Refused("MISSING_END_STATE")));
    let itself = r#"{"StartAt":"S","States":{"S":{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":false,"Next":"S"}],"Default":"S"}}}"#;
    cases.push(Case::new("a-choice-of-itself", itself, Refused("MISSING_END_STATE")));
    let caught = r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"S"}],"End":true}}}"#;
    cases.push(Case::new("caught-by-itself", caught, full()).given(vec![json!({"Error": "Boom"})]));
    let large = json!(["{\"text\":", quoted(repeat("x", 250_000)), "}"]);
    for (name, fields, expected) in [
        ("with-much-that-stays-the-same", r#""Type":"Pass""#, full()),
        ("with-much-beside-a-result", r#""Type":"Pass","Result":1,"ResultPath":"$.n""#, Fails("States.Runtime")),
        (
            "with-much-that-is-made-anew",
            r#""Type":"Pass","Parameters":{"text.$":"States.Format('{}', $.text)"}"#,
            Fails("States.Runtime"),
        ),
        (
            "with-much-through-expressions",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'text': $states.input.text} %}""#,
            Fails("States.Runtime"),
        ),
        (
            "with-much-made-by-expressions",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'text': $pad('', 250000, 'y')} %}""#,
            Fails("States.Runtime"),
        ),
        ("with-much-in-variables", r#""Type":"Pass","Assign":{"v.$":"$"}"#, Fails("States.Runtime")),
        (
            "with-much-in-new-variables",
            r#""Type":"Pass","Assign":{"v.$":"States.Format('{}', $.text)"}"#,
            Fails("States.Runtime"),
        ),
    ] {
        cases.push(Case::new(name, round(fields), expected).with(large.clone()));
    }
    let numbers = json!(["{\"list\":[", list("[]", 80_000), "]}"]);
    for (name, fields) in [
        ("with-many-items", r#""Type":"Pass","Parameters":{"list.$":"$.list[*]"}"#),
        (
            "with-many-items-partitioned",
            r#""Type":"Pass","Parameters":{"list.$":"$.list[0:60000]","p.$":"States.ArrayPartition($.list[0:2000], 1)"}"#,
        ),
        (
            "with-many-items-of-an-expression",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'list': $map([1..60000], function($v) { [] })} %}""#,
        ),
        ("with-many-items-kept", r#""Type":"Pass","ResultPath":"$.n","Result":1"#),
    ] {
        cases.push(Case::new(name, round(fields), Fails("States.Runtime")).with(numbers.clone()));
    }
    let slow = r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% ($sum([1..100000]); $states.input) %}""#;
    cases.push(Case::new("with-slow-expressions", round(slow), Fails("States.Runtime")));
    cases
}

fn growing() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, fields) in [
        ("format-doubles", r#""Type":"Pass","Parameters":{"t.$":"States.Format('{}{}', $.t, $.t)"}"#),
        ("array-doubles", r#""Type":"Pass","Parameters":{"t.$":"States.Array($.t, $.t)"}"#),
        ("members-double", r#""Type":"Pass","Parameters":{"t":{"a.$":"$.t","b.$":"$.t"}}"#),
        ("quotes-double", r#""Type":"Pass","Parameters":{"t.$":"States.JsonToString($.t)"}"#),
        (
            "base64-grows",
            r#""Type":"Pass","Parameters":{"t.$":"States.Format('{}{}{}', $.t, $.t, States.Base64Encode('xxxxxx'))"}"#,
        ),
        ("merges-grow", r#""Type":"Pass","Parameters":{"t.$":"States.Format('{}{}{}', $.t, $.t, States.UUID())"}"#),
        ("results-nest", r#""Type":"Pass","Parameters":{"t.$":"$"}"#),
        ("results-stand-beside", r#""Type":"Pass","ResultPath":"$.t""#),
        ("the-context-grows", r#""Type":"Pass","Parameters":{"t.$":"States.Array($.t, $$, $$)"}"#),
        (
            "and-doubles",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'t': $states.input.t & $states.input.t} %}""#,
        ),
        (
            "append-doubles",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'t': $append($states.input.t, $states.input.t)} %}""#,
        ),
        (
            "arrays-double",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":{"t":["{% $states.input.t %}","{% $states.input.t %}"]}"#,
        ),
        (
            "strings-of-strings-double",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'t': $string([$states.input.t])} %}""#,
        ),
        (
            "objects-double",
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":"{% {'t': {'a': $states.input.t, 'b': $states.input.t}} %}""#,
        ),
        (
            "parallels-double",
            r#""Type":"Parallel","ResultSelector":{"t.$":"$"},"Branches":[{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},{"StartAt":"Q","States":{"Q":{"Type":"Pass","End":true}}}]"#,
        ),
        (
            "maps-double",
            r#""Type":"Map","ItemsPath":"$.t","ItemSelector":{"t.$":"$.t"},"ResultSelector":{"t.$":"$"},"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#,
        ),
    ] {
        let input = if name.starts_with("maps") { "{\"t\":[1,2]}" } else { "{\"t\":\"\\\"text\\\"\"}" };
        cases.push(Case::new(name, round(fields), Fails(TOO_LARGE)).with(input));
    }
    cases
}

fn variables() -> Vec<Case> {
    let mut cases = Vec::new();
    // Each state sets one more variable, of so much.
    let chain = |count: usize, value: &str| {
        json!([
            r#"{"StartAt":"s0","States":{"#,
            (0..count)
                .map(|at| format!(r#""s{at}":{{"Type":"Pass","Assign":{{"v{at}{value}}},"Next":"s{}"}},"#, at + 1))
                .collect::<String>(),
            format!(r#""s{count}":{{"Type":"Pass","Result":1,"End":true}}}}}}"#)
        ])
    };
    let large = |count: usize| json!(["{\"t\":", quoted(repeat("x", count)), "}"]);
    for (name, count, value, input, expected) in [
        ("40-of-a-quarter-megabyte", 40, ".$\":\"$.t\"", large(262_000), Gives(json!("1"))),
        ("41-of-a-quarter-megabyte", 41, ".$\":\"$.t\"", large(262_000), Fails(TOO_LARGE)),
        ("one-that-is-too-large", 1, ".$\":\"$\"", large(262_134), Fails(TOO_LARGE)),
        ("100-of-a-little", 100, ".$\":\"$.t\"", large(1_000), Gives(json!("1"))),
        ("40-that-are-made-anew", 40, ".$\":\"States.Format('{}', $.t)\"", large(262_000), Gives(json!("1"))),
    ] {
        cases.push(Case::new(name, chain(count, value), expected).with(input));
    }
    let many = |count: usize| json!(["{", list("\"v#.$\":\"$.t\"", count), "}"]);
    for (name, count, size, expected) in [
        ("1000-at-once", 1_000, 100, Succeeds),
        ("10000-at-once", 10_000, 10, Succeeds),
        ("10000-at-once-that-are-too-large", 10_000, 100, Fails(TOO_LARGE)),
    ] {
        let definition =
            json!([r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Assign":"#, many(count), "}}}"]);
        cases.push(Case::new(name, definition, expected).with(large(size)));
    }
    let copied = |items: usize| {
        json!([
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":"#,
            many(10_000),
            r#","Next":"M"},
            "M":{"Type":"Map","ItemsPath":"$.i","End":true,"ResultSelector":{"n.$":"States.ArrayLength($)"},
            "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{"own":1},"Next":"Q"},"Q":{"Type":"Pass","End":true}}}}}}"#,
            repeat(" ", items)
        ])
    };
    let items = |count: usize| json!(["{\"t\":1,\"i\":[", list("1", count), "]}"]);
    cases.push(Case::new("copied-by-10-iterations", copied(1), Gives(json!("{\"n\":10}"))).with(items(10)));
    cases.push(Case::new("copied-by-3000-iterations", copied(2), Fails("States.Runtime")).with(items(3_000)));
    for (name, state, expected) in [
        (
            "an-outer-one-set-within",
            r#""Type":"Parallel","Assign":{"v":1},"End":true,"Branches":[{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{"v":2},"End":true}}}]"#,
            Refused("DUPLICATE_VARIABLE_NAME"),
        ),
        (
            "used-before-it-is-set",
            r#""Type":"Pass","Parameters":{"v.$":"$v"},"Assign":{"v":1},"End":true"#,
            Fails("States.Runtime"),
        ),
        ("of-itself", r#""Type":"Pass","Assign":{"v.$":"$v"},"End":true"#, Fails("States.Runtime")),
        ("of-each-other", r#""Type":"Pass","Assign":{"v.$":"$w","w.$":"$v"},"End":true"#, Fails("States.Runtime")),
        ("a-list", r#""Type":"Pass","Assign":[1],"End":true"#, Refused(SCHEMA)),
        ("null", r#""Type":"Pass","Assign":null,"End":true"#, Refused(SCHEMA)),
        ("a-text", r#""Type":"Pass","Assign":"$","End":true"#, Refused(SCHEMA)),
        ("nested-texts", r#""Type":"Pass","Assign":{"v":{"a":{"b":"$.t"}}},"End":true"#, Succeeds),
    ] {
        cases.push(Case::new(name, one(state), expected));
    }
    cases
}

fn maps() -> Vec<Case> {
    let map = |fields: &str, inside: &str| {
        one(&format!(
            r#""Type":"Map","End":true,"ItemsPath":"$.i",{fields}"ItemProcessor":{{"StartAt":"P","States":{{"P":{{{inside}}}}}}}"#
        ))
    };
    const PASS: &str = r#""Type":"Pass","End":true"#;
    const FAIL: &str = r#""Type":"Fail","Error":"Boom","Cause":"every time""#;
    const MISSING: &str = r#""Type":"Pass","InputPath":"$.none","End":true"#;
    let items = |count: usize| json!(["{\"i\":[", list("1", count), "]}"]);
    let texts = |count: usize, size: usize| json!(["{\"i\":[", list(quoted(repeat("x", size)), count), "]}"]);
    let full = || FailsBecause("States.Runtime", FULL);
    let counted = r#""ResultSelector":{"n.$":"States.ArrayLength($)"},"#;
    let mut cases = Vec::new();
    for (name, fields, inside, input, expected) in [
        ("6000-items", counted, PASS, items(6_000), Gives(json!("{\"n\":6000}"))),
        ("7000-items", counted, PASS, items(7_000), full()),
        ("130000-items", "", PASS, items(130_000), full()),
        ("130000-items-one-by-one", r#""MaxConcurrency":1,"#, PASS, items(130_000), full()),
        ("130000-items-as-many-as-there-are", r#""MaxConcurrency":4294967295,"#, PASS, items(130_000), full()),
        ("130000-items-that-fail", r#""ToleratedFailurePercentage":100,"#, FAIL, items(130_000), full()),
        (
            "5000-items-that-fail",
            r#""ToleratedFailurePercentage":100,"ResultSelector":{"n.$":"States.ArrayLength($)"},"#,
            FAIL,
            items(5_000),
            Gives(json!("{\"n\":5000}")),
        ),
        (
            "items-that-fail-at-length",
            r#""ToleratedFailurePercentage":100,"ResultSelector":{"n.$":"States.ArrayLength($)"},"#,
            r#""Type":"Pass","Parameters":{"v.$":"$.none"},"End":true"#,
            texts(5, 50_000),
            Succeeds,
        ),
        (
            "items-that-find-nothing",
            r#""ToleratedFailurePercentage":100,"ResultSelector":{"n.$":"States.ArrayLength($)"},"#,
            MISSING,
            items(5_000),
            Succeeds,
        ),
        ("each-item-holds-all", r#""ItemSelector":{"all.$":"$"},"#, PASS, items(3_000), Fails(TOO_LARGE)),
        (
            "each-item-holds-all-as-text",
            r#""ItemSelector":{"all.$":"States.JsonToString($)"},"#,
            PASS,
            items(100_000),
            Fails("States.Runtime"),
        ),
        (
            "each-item-fails-over-all",
            r#""ItemSelector":{"all.$":"$"},"ToleratedFailurePercentage":100,"#,
            r#""Type":"Pass","Parameters":{"v.$":"$.none"},"End":true"#,
            items(100_000),
            Fails("States.Runtime"),
        ),
        (
            "each-item-makes-much",
            "",
            r#""Type":"Pass","Parameters":{"r.$":"States.ArrayRange(1, 1000, 1)"},"End":true"#,
            items(6_000),
            Fails("States.Runtime"),
        ),
        (
            "each-item-makes-much-that-is-dropped",
            counted,
            r#""Type":"Pass","Parameters":{"r.$":"States.ArrayRange(1, 1000, 1)"},"ResultPath":null,"End":true"#,
            items(6_000),
            Fails("States.Runtime"),
        ),
        (
            "each-item-waits",
            counted,
            r#""Type":"Wait","Seconds":1,"End":true"#,
            items(6_000),
            Gives(json!("{\"n\":6000}")),
        ),
        (
            "each-item-calls",
            counted,
            r#""Type":"Task","Resource":"task:t","End":true"#,
            items(3_500),
            Gives(json!("{\"n\":3500}")),
        ),
        ("each-item-calls-too-often", counted, r#""Type":"Task","Resource":"task:t","End":true"#, items(5_000), full()),
        ("no-items", "", PASS, json!("{\"i\":[]}"), Gives(json!("[]"))),
        ("an-object", "", PASS, json!("{\"i\":{}}"), Fails("States.Runtime")),
        ("text", "", PASS, json!("{\"i\":\"abc\"}"), Fails("States.Runtime")),
        ("null", "", PASS, json!("{\"i\":null}"), Fails("States.Runtime")),
        ("missing", "", PASS, json!("{}"), Fails("States.Runtime")),
        (
            "fewer-than-none-at-once",
            r#""MaxConcurrencyPath":"$.c","#,
            PASS,
            json!("{\"i\":[1],\"c\":-1}"),
            Fails("States.Runtime"),
        ),
        (
            "text-at-once",
            r#""MaxConcurrencyPath":"$.c","#,
            PASS,
            json!("{\"i\":[1],\"c\":\"many\"}"),
            Fails("States.Runtime"),
        ),
        (
            "so-many-at-once",
            r#""MaxConcurrencyPath":"$.c","#,
            PASS,
            json!("{\"i\":[1],\"c\":9223372036854775807}"),
            Succeeds,
        ),
        (
            "half-a-percentage",
            r#""ToleratedFailurePercentagePath":"$.c","#,
            PASS,
            json!("{\"i\":[1],\"c\":1e308}"),
            Fails("States.Runtime"),
        ),
        (
            "less-than-no-failure",
            r#""ToleratedFailureCountPath":"$.c","#,
            PASS,
            json!("{\"i\":[1],\"c\":-1}"),
            Fails("States.Runtime"),
        ),
    ] {
        cases.push(Case::new(name, map(fields, inside), expected).with(input));
    }
    let inner = r#""Type":"Map","End":true,"ItemsPath":"$$.Execution.Input.i","ResultSelector":{"n.$":"States.ArrayLength($)"},"ItemProcessor":{"StartAt":"Q","States":{"Q":{"Type":"Pass","End":true}}}"#;
    cases.push(Case::new("70-times-70", map(counted, inner), Gives(json!("{\"n\":70}"))).with(items(70)));
    cases.push(Case::new("1000-times-1000", map(counted, inner), full()).with(items(1_000)));
    let branches = json!([
        r#"{"StartAt":"S","States":{"S":{"Type":"Parallel","End":true,"ResultSelector":{"n.$":"States.ArrayLength($)"},"Branches":["#,
        list(r##"{"StartAt":"b#","States":{"b#":{"Type":"Task","Resource":"task:t","End":true}}}"##, 3_000),
        "]}}}"
    ]);
    cases.push(Case::new("3000-branches-that-call", branches, Gives(json!("{\"n\":3000}"))));
    cases
}

fn retries() -> Vec<Case> {
    let task = |retrier: &str| one(&format!(r#""Type":"Task","Resource":"task:t","End":true,"Retry":[{{{retrier}}}]"#));
    let boom = || vec![json!({"Error": "Boom"})];
    let full = || FailsBecause("States.Runtime", FULL);
    let mut cases = Vec::new();
    for (name, retrier, expected) in [
        ("as-often-as-possible", r#""ErrorEquals":["States.ALL"],"MaxAttempts":99999999"#, full()),
        ("once-more-often", r#""ErrorEquals":["States.ALL"],"MaxAttempts":100000000"#, Refused(SCHEMA)),
        ("never", r#""ErrorEquals":["States.ALL"],"MaxAttempts":0"#, Fails("Boom")),
        ("less-than-never", r#""ErrorEquals":["States.ALL"],"MaxAttempts":-1"#, Refused(SCHEMA)),
        ("half", r#""ErrorEquals":["States.ALL"],"MaxAttempts":0.5"#, Refused(SCHEMA)),
        (
            "with-the-longest-interval",
            r#""ErrorEquals":["States.ALL"],"IntervalSeconds":99999999,"MaxAttempts":3"#,
            Fails("Boom"),
        ),
        ("with-a-longer-interval", r#""ErrorEquals":["States.ALL"],"IntervalSeconds":100000000"#, Refused(SCHEMA)),
        ("with-no-interval", r#""ErrorEquals":["States.ALL"],"IntervalSeconds":0"#, Refused(SCHEMA)),
        ("with-a-huge-rate", r#""ErrorEquals":["States.ALL"],"BackoffRate":1e308,"MaxAttempts":3000"#, Fails("Boom")),
        (
            "with-a-rate-past-doubles",
            r#""ErrorEquals":["States.ALL"],"BackoffRate":1e400"#,
            Refused("INVALID_JSON_DESCRIPTION"),
        ),
        ("with-a-rate-of-one", r#""ErrorEquals":["States.ALL"],"BackoffRate":1.0,"MaxAttempts":3000"#, Fails("Boom")),
        (
            "with-a-rate-a-little-more-than-one",
            r#""ErrorEquals":["States.ALL"],"BackoffRate":1.0000000000000002,"MaxAttempts":3000"#,
            Fails("Boom"),
        ),
        ("with-a-rate-of-less", r#""ErrorEquals":["States.ALL"],"BackoffRate":0.999"#, Refused(SCHEMA)),
        (
            "with-the-longest-delay",
            r#""ErrorEquals":["States.ALL"],"MaxDelaySeconds":31622400,"MaxAttempts":60"#,
            Fails("Boom"),
        ),
        ("with-a-longer-delay", r#""ErrorEquals":["States.ALL"],"MaxDelaySeconds":31622401"#, Refused(SCHEMA)),
        (
            "with-jitter",
            r#""ErrorEquals":["States.ALL"],"JitterStrategy":"FULL","BackoffRate":1e300,"MaxAttempts":100"#,
            Fails("Boom"),
        ),
        ("with-jitter-of-no-kind", r#""ErrorEquals":["States.ALL"],"JitterStrategy":"SOME""#, Refused(SCHEMA)),
        (
            "of-an-error-of-many-letters",
            r#""ErrorEquals":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]"#,
            Fails("Boom"),
        ),
        ("of-all-and-one", r#""ErrorEquals":["States.ALL","Boom"]"#, Refused(SCHEMA)),
    ] {
        cases.push(Case::new(name, task(retrier), expected).given(boom()));
    }
    let parallel = r#""Type":"Parallel","End":true,"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":99999999}],"Branches":[{"StartAt":"P","States":{"P":{"Type":"Fail","Error":"Boom"}}}]"#;
    cases.push(Case::new("of-a-parallel", one(parallel), full()));
    let map = r#""Type":"Map","End":true,"ItemsPath":"$.i","Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":99999999}],"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Fail","Error":"Boom"}}}"#;
    cases.push(Case::new("of-a-map", one(map), full()).with(json!(["{\"i\":[", list("1", 1_000), "]}"])));
    let itself = r#""Type":"Task","Resource":"task:t","InputPath":"$.none","End":true,"Retry":[{"ErrorEquals":["States.Runtime"],"MaxAttempts":5000}]"#;
    cases.push(Case::new("of-a-path-to-nothing", one(itself), Fails("States.Runtime")));
    let many = json!([
        r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":["#,
        list(r##"{"ErrorEquals":["E#"],"MaxAttempts":99999999}"##, 18_000),
        "]}}}"
    ]);
    cases.push(Case::new("of-many-errors", many, full()).given(vec![json!({"Error": "E17999"})]));
    cases
}

fn times() -> Vec<Case> {
    let wait = |field: &str| one(&format!(r#""Type":"Wait","End":true,{field}"#));
    let mut cases = Vec::new();
    for (name, field, input, expected) in [
        ("no-seconds", r#""Seconds":0"#, "{}", Succeeds),
        ("the-most-seconds", r#""Seconds":99999999"#, "{}", Succeeds),
        ("one-second-more", r#""Seconds":100000000"#, "{}", Refused(SCHEMA)),
        ("less-than-no-seconds", r#""Seconds":-1"#, "{}", Refused(SCHEMA)),
        ("half-a-second", r#""Seconds":0.5"#, "{}", Refused(SCHEMA)),
        ("seconds-as-text", r#""Seconds":"1""#, "{}", Refused(SCHEMA)),
        ("path-to-a-negative", r#""SecondsPath":"$.t""#, "{\"t\":-1}", Fails("States.Runtime")),
        ("path-to-a-half", r#""SecondsPath":"$.t""#, "{\"t\":0.5}", Fails("States.Runtime")),
        ("path-to-text", r#""SecondsPath":"$.t""#, "{\"t\":\"1\"}", Fails("States.Runtime")),
        ("path-to-nothing", r#""SecondsPath":"$.none""#, "{}", Fails("States.Runtime")),
        (
            "path-to-the-largest-integer",
            r#""SecondsPath":"$.t""#,
            "{\"t\":9223372036854775807}",
            Fails("States.Runtime"),
        ),
        ("path-to-a-huge-double", r#""SecondsPath":"$.t""#, "{\"t\":1e300}", Fails("States.Runtime")),
        ("path-to-68-years", r#""SecondsPath":"$.t""#, "{\"t\":2147483647}", Succeeds),
        ("path-to-more-than-68-years", r#""SecondsPath":"$.t""#, "{\"t\":2147483648}", Fails("States.Runtime")),
        ("long-ago", r#""Timestamp":"0001-01-01T00:00:00Z""#, "{}", Succeeds),
        ("the-year-nought", r#""Timestamp":"0000-01-01T00:00:00Z""#, "{}", Succeeds),
        ("far-away", r#""Timestamp":"9999-12-31T23:59:59Z""#, "{}", Refused(SCHEMA)),
        ("a-year-of-five-digits", r#""Timestamp":"10000-01-01T00:00:00Z""#, "{}", Refused(SCHEMA)),
        ("the-thirtieth-of-february", r#""Timestamp":"2024-02-30T00:00:00Z""#, "{}", Refused(SCHEMA)),
        ("a-leap-second", r#""Timestamp":"2016-12-31T23:59:60Z""#, "{}", Succeeds),
        ("no-zone", r#""Timestamp":"2024-01-01T00:00:00""#, "{}", Refused(SCHEMA)),
        ("a-zone-of-a-day", r#""Timestamp":"2024-01-01T00:00:00+24:00""#, "{}", Succeeds),
        (
            "a-fraction-of-many-digits",
            r#""Timestamp":"2024-01-01T00:00:00.000000000000000000000000000000Z""#,
            "{}",
            Refused(SCHEMA),
        ),
        ("an-instant-of-letters", r#""TimestampPath":"$.t""#, "{\"t\":\"soon\"}", Fails("States.Runtime")),
        ("an-instant-that-is-a-number", r#""TimestampPath":"$.t""#, "{\"t\":0}", Fails("States.Runtime")),
        (
            "an-expression-of-the-largest-integer",
            r#""QueryLanguage":"JSONata","Seconds":"{% 9007199254740991 %}""#,
            "{}",
            Fails("States.Runtime"),
        ),
        (
            "an-expression-of-a-half",
            r#""QueryLanguage":"JSONata","Seconds":"{% 0.5 %}""#,
            "{}",
            Fails("States.QueryEvaluationError"),
        ),
        (
            "an-expression-of-text",
            r#""QueryLanguage":"JSONata","Timestamp":"{% 'soon' %}""#,
            "{}",
            Fails("States.QueryEvaluationError"),
        ),
        (
            "an-expression-of-far-away",
            r#""QueryLanguage":"JSONata","Timestamp":"{% $fromMillis(8640000000000000) %}""#,
            "{}",
            Fails("States.Runtime"),
        ),
    ] {
        cases.push(Case::new(name, wait(field), expected).with(input));
    }
    for (name, machine, state, expected) in [
        ("machine-of-one-second", r#""TimeoutSeconds":1,"#, r#""Type":"Wait","Seconds":2,"End":true"#, TimesOut),
        ("machine-of-no-time", r#""TimeoutSeconds":0,"#, r#""Type":"Succeed""#, Refused(SCHEMA)),
        ("machine-of-the-longest-time", r#""TimeoutSeconds":99999999,"#, r#""Type":"Succeed""#, Succeeds),
        ("machine-of-longer", r#""TimeoutSeconds":100000000,"#, r#""Type":"Succeed""#, Refused(SCHEMA)),
        ("task-of-no-time", "", r#""Type":"Task","Resource":"task:t","TimeoutSeconds":0,"End":true"#, Refused(SCHEMA)),
        (
            "heart-slower-than-the-task",
            "",
            r#""Type":"Task","Resource":"task:t","TimeoutSeconds":5,"HeartbeatSeconds":5,"End":true"#,
            Refused(SCHEMA),
        ),
        (
            "task-path-to-nothing",
            "",
            r#""Type":"Task","Resource":"task:t","TimeoutSecondsPath":"$.none","End":true"#,
            Fails("States.Runtime"),
        ),
        (
            "task-path-to-too-much",
            "",
            r#""Type":"Task","Resource":"task:t","TimeoutSecondsPath":"$$.Execution.RedriveCount","End":true"#,
            Fails("States.Runtime"),
        ),
    ] {
        cases.push(Case::new(name, format!(r#"{{{machine}"StartAt":"S","States":{{"S":{{{state}}}}}}}"#), expected));
    }
    cases
}

fn results() -> Vec<Case> {
    let task = one(r#""Type":"Task","Resource":"task:t","End":true"#);
    let text = |count: usize| quoted(repeat("x", count));
    let failing = |error: Json| vec![json!({"Error": error})];
    let mut cases = vec![
        Case::new("as-large-as-it-may-be", task.clone(), Succeeds).given(vec![text(262_142)]),
        Case::new("too-large", task.clone(), Fails(TOO_LARGE)).given(vec![text(262_143)]),
        Case::new("far-too-large", task.clone(), Fails(TOO_LARGE)).given(vec![text(5_000_000)]),
        Case::new("many-items", task.clone(), Fails(TOO_LARGE)).given(vec![json!(["[", list("1", 300_000), "]"])]),
        Case::new("as-deep-as-it-may-be", task.clone(), Succeeds).given(vec![nest("[", "1", "]", 120)]),
        Case::new("too-deep", task.clone(), Fails(TOO_LARGE)).given(vec![nest("[", "1", "]", 121)]),
        Case::new("null", task.clone(), Gives(json!("null"))).given(vec![json!("null")]),
        Case::new("an-error-of-no-name", task.clone(), Fails("")).given(failing(json!(""))),
        Case::new("an-error-of-a-long-name", task.clone(), Succeeds).given(vec![json!("1")]),
        Case::new("the-error-of-the-language", task.clone(), Fails("States.Runtime"))
            .given(failing(json!("States.Runtime"))),
        Case::new("the-error-that-is-all", task.clone(), Fails("States.ALL")).given(failing(json!("States.ALL"))),
        Case::new("an-error-of-control-characters", task.clone(), Fails("\u{0}\u{202e}\n"))
            .given(failing(json!("\u{0}\u{202e}\n"))),
        Case::new("an-input-that-is-too-large", task, InputRefused).with(text(300_000)),
    ];
    let caught = |errors: &str| {
        format!(
            r#"{{"StartAt":"S","States":{{"S":{{"Type":"Task","Resource":"task:t","End":true,"Catch":[{{"ErrorEquals":[{errors}],"Next":"E"}}]}},"E":{{"Type":"Pass","Result":"caught","End":true}}}}}}"#
        )
    };
    for (name, errors, error, expected) in [
        ("runtime-is-not-all", "\"States.ALL\"", "States.Runtime", Fails("States.Runtime")),
        ("runtime-by-its-name", "\"States.Runtime\"", "States.Runtime", Gives(json!("\"caught\""))),
        ("a-timeout-is-no-task-failed", "\"States.TaskFailed\"", "States.Timeout", Fails("States.Timeout")),
        ("names-are-not-patterns", "\"B*\",\".*\"", "Boom", Fails("Boom")),
        ("names-have-cases", "\"boom\"", "Boom", Fails("Boom")),
        ("no-name-is-a-name", "\"\"", "", Gives(json!("\"caught\""))),
    ] {
        cases.push(Case::new(format!("catches-{name}"), caught(errors), expected).given(failing(json!(error))));
    }
    cases
}
