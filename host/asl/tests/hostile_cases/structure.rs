//! Definitions: nesting, names, doubled keys, and what is empty.

use serde_json::json;

use crate::Expected::{Fails, Gives, Refused, Succeeds};
use crate::text::{list, nest, quoted, repeat};
use crate::{Case, one};

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("large-definitions", large()),
        ("nested-states", nested()),
        ("nested-rules", rules()),
        ("names", names()),
        ("doubled-keys", doubled()),
        ("empty", empty()),
    ]
}

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
const LIMIT: &str = "DEFINITION_LIMIT_EXCEEDED";
const NOT_JSON: &str = "INVALID_JSON_DESCRIPTION";
const MISSING: &str = "MISSING_TRANSITION_TARGET";

fn large() -> Vec<Case> {
    let chain = |count: usize| {
        json!([
            r#"{"StartAt":"s0","States":{"#,
            list(r##""s#":{"Type":"Pass","Next":"e"}"##, count),
            r#","e":{"Type":"Succeed"}}}"#
        ])
    };
    let ends = |count: usize, state: &str| {
        json!([r#"{"StartAt":"s0","States":{"#, list(format!("\"s#\":{{{state}}}"), count), "}}"])
    };
    vec![
        Case::new("too-many-blanks", json!([one(r#""Type":"Succeed""#), repeat(" ", 1_048_576)]), Refused(LIMIT)),
        Case::new("as-many-blanks-as-fit", json!([one(r#""Type":"Succeed""#), repeat(" ", 1_000_000)]), Succeeds),
        Case::new(
            "a-long-comment",
            json!([
                r#"{"Comment":"#,
                quoted(repeat("x", 1_000_000)),
                r#","StartAt":"S","States":{"S":{"Type":"Succeed"}}}"#
            ]),
            Succeeds,
        ),
        Case::new("states-that-nobody-reaches", chain(20_000), Refused(MISSING)),
        Case::new("states-without-an-end", ends(20_000, r#""Type":"Pass""#), Refused(SCHEMA)),
        Case::new("states-that-lead-nowhere", ends(20_000, r#""Type":"Pass","Next":"t#""#), Refused(MISSING)),
        Case::new("states-of-no-kind", ends(40_000, ""), Refused(SCHEMA)),
        Case::new(
            "fields-that-nobody-knows",
            json!([r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"#, list("\"f#\":1", 60_000), "}}}"]),
            Refused(SCHEMA),
        ),
        Case::new(
            "branches",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Parallel","End":true,"Branches":["#,
                list(r##"{"StartAt":"b#","States":{"b#":{"Type":"Succeed"}}}"##, 12_000),
                "]}}}"
            ]),
            Succeeds,
        ),
        Case::new(
            "rules",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Choice","Default":"E","Choices":["#,
                list(r##"{"Variable":"$.v#","IsPresent":true,"Next":"E"}"##, 18_000),
                r#"]},"E":{"Type":"Succeed"}}}"#
            ]),
            Succeeds,
        ),
        Case::new(
            "retriers",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":["#,
                list(r##"{"ErrorEquals":["E#"]}"##, 36_000),
                "]}}}"
            ]),
            Succeeds,
        ),
        Case::new(
            "catchers",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Catch":["#,
                list(r##"{"ErrorEquals":["E#"],"Next":"E"}"##, 26_000),
                r#"]},"E":{"Type":"Succeed"}}}"#
            ]),
            Succeeds,
        ),
        Case::new(
            "error-names",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":[{"ErrorEquals":["#,
                list("\"E#\"", 100_000),
                "]}]}}}"
            ]),
            Succeeds,
        ),
        Case::new(
            "parameters",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":{"#,
                list(r##""p#.$":"$.a""##, 40_000),
                "}}}}"
            ]),
            Fails("States.DataLimitExceeded"),
        )
        .with(json!(["{\"a\":", quoted(repeat("x", 1_000)), "}"])),
        Case::new(
            "wrong-parameters",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":{"#,
                list(r##""p#.$":"a""##, 40_000),
                "}}}}"
            ]),
            Refused(SCHEMA),
        ),
        Case::new(
            "variables",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Assign":{"#,
                list("\"v#\":1", 20_000),
                "}}}}"
            ]),
            Succeeds,
        ),
        Case::new(
            "variables-that-nobody-sets",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":{"#,
                list(r##""p#.$":"$v#""##, 40_000),
                "}}}}"
            ]),
            Fails("States.Runtime"),
        ),
        Case::new(
            "a-large-result",
            json!([r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Result":["#, list("1", 200_000), "]}}}"]),
            Fails("States.DataLimitExceeded"),
        ),
        Case::new(
            "a-result-that-fits",
            json!([r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Result":["#, list("1", 100_000), "]}}}"]),
            Succeeds,
        ),
        Case::new("a-long-expression", crate::query(json!(["'", repeat("x", 262_000), "'"])), Succeeds),
        Case::new(
            "a-longer-expression",
            crate::query(json!(["'", repeat("x", 270_000), "'"])),
            Refused("INVALID_JSONATA_EXPRESSION"),
        ),
        Case::new(
            "many-expressions",
            json!([
                r#"{"StartAt":"S","States":{"S":{"Type":"Pass","QueryLanguage":"JSONata","End":true,"Output":["#,
                list("\"{% 1 %}\"", 60_000),
                "]}}}"
            ]),
            Succeeds,
        ),
        Case::new(
            "long-names-of-states",
            json!([
                r#"{"StartAt":"s","States":{"#,
                list(json!(["\"#", repeat("n", 200), "\":{\"Type\":\"Succeed\"}"]), 4_000),
                "}}"
            ]),
            Refused("INVALID_STATE_NAME"),
        ),
        Case::new(
            "one-name-over-and-over",
            json!([r#"{"StartAt":"S","States":{"#, list(r#""S":{"Type":"Succeed"}"#, 40_000), "}}"]),
            Refused(NOT_JSON),
        ),
    ]
}

fn nested() -> Vec<Case> {
    let parallels = |depth| {
        json!([
            r#"{"StartAt":"S0","States":{"#,
            nest(
                r##""S#":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"T#","States":{"T#":{"Type":"Succeed"}}},{"StartAt":"Q#","States":{"Q#":{"Type":"Succeed"}}}],"Comment":"#"},"##,
                "\"X\":{\"Type\":\"Succeed\"}",
                "",
                depth
            ),
            "}}"
        ])
    };
    // Each level is one branch that holds the next.
    let inner = r##""StartAt":"S#","States":{"S#":{"Type":"Parallel","End":true,"Branches":[{"##;
    let deep =
        |depth| json!(["{", nest(inner, r#""StartAt":"E","States":{"E":{"Type":"Succeed"}}"#, "}]}}", depth), "}"]);
    let map = r##""StartAt":"S#","States":{"S#":{"Type":"Map","End":true,"ItemProcessor":{"##;
    let maps = |depth| json!(["{", nest(map, r#""StartAt":"E","States":{"E":{"Type":"Succeed"}}"#, "}}}", depth), "}"]);
    let mut cases = vec![Case::new("side-by-side", parallels(30), Refused(MISSING))];
    for depth in [1, 10, 24, 25] {
        cases.push(Case::new(format!("{depth}-parallels"), deep(depth), Succeeds));
    }
    for depth in [26, 30] {
        cases.push(Case::new(format!("{depth}-parallels"), deep(depth), Refused("TOO_DEEPLY_NESTED")));
        cases.push(Case::new(format!("{depth}-maps"), maps(depth), Refused("TOO_DEEPLY_NESTED")));
    }
    for depth in [40, 1_000, 10_000] {
        cases.push(Case::new(format!("{depth}-parallels"), deep(depth), Refused(NOT_JSON)));
    }
    for depth in [50, 1_000, 10_000] {
        cases.push(Case::new(format!("{depth}-maps"), maps(depth), Refused(NOT_JSON)));
    }
    for depth in [1, 24, 25] {
        let input = nest("[", "1", "]", depth);
        cases.push(Case::new(format!("{depth}-maps"), maps(depth), Succeeds).with(input));
    }
    // Each level has two items: 2 to the 24 iterations.
    let twice = r##""StartAt":"S#","States":{"S#":{"Type":"Map","End":true,"Items":[1,2],"ItemProcessor":{"##;
    let bomb = |depth| {
        json!([
            r#"{"QueryLanguage":"JSONata","#,
            nest(twice, r#""StartAt":"E","States":{"E":{"Type":"Succeed"}}"#, "}}}", depth),
            "}"
        ])
    };
    for depth in [2, 5] {
        cases.push(Case::new(format!("{depth}-maps-of-two"), bomb(depth), Succeeds));
    }
    for depth in [15, 24] {
        cases.push(Case::new(format!("{depth}-maps-of-two"), bomb(depth), Fails("States.Runtime")));
    }
    let doubled = r##""StartAt":"S#","States":{"S#":{"Type":"Parallel","End":true,"ResultSelector":{"a.$":"$","b.$":"$"},"Branches":[{"##;
    let bomb =
        |depth| json!(["{", nest(doubled, r#""StartAt":"E","States":{"E":{"Type":"Succeed"}}"#, "}]}}", depth), "}"]);
    cases.push(Case::new("results-double-10-times", bomb(10), Succeeds).with(quoted("x")));
    cases.push(Case::new("results-double-25-times", bomb(25), Fails("States.DataLimitExceeded")).with(quoted("x")));
    cases
}

fn rules() -> Vec<Case> {
    let state = |rule: serde_json::Value| {
        json!([
            r#"{"StartAt":"S","States":{"S":{"Type":"Choice","Default":"E","Choices":["#,
            rule,
            r#"]},"E":{"Type":"Succeed"}}}"#
        ])
    };
    let test = r#""Variable":"$.a","IsPresent":true"#;
    let nested =
        |open: &str, close: &str, depth: usize| state(json!(["{\"Next\":\"E\",", nest(open, test, close, depth), "}"]));
    let mut cases = Vec::new();
    for (depth, expected) in
        [(1, None), (40, None), (56, None), (64, Some(NOT_JSON)), (1_000, Some(NOT_JSON)), (50_000, Some(NOT_JSON))]
    {
        for operator in ["And", "Or"] {
            let open = format!("\"{operator}\":[{{");
            let expected = expected.map_or(Succeeds, Refused);
            cases.push(Case::new(format!("{depth}-{}", operator.to_lowercase()), nested(&open, "}]", depth), expected));
        }
    }
    for (depth, expected) in
        [(1, None), (64, None), (65, Some(LIMIT)), (100, Some(LIMIT)), (130, Some(NOT_JSON)), (100_000, Some(NOT_JSON))]
    {
        let expected = expected.map_or(Succeeds, Refused);
        cases.push(Case::new(format!("{depth}-not"), nested("\"Not\":{", "}", depth), expected));
    }
    for (name, rule, expected) in [
        ("and-of-many", json!(["{\"Next\":\"E\",\"And\":[", list(format!("{{{test}}}"), 20_000), "]}"]), Succeeds),
        ("or-of-many", json!(["{\"Next\":\"E\",\"Or\":[", list(format!("{{{test}}}"), 20_000), "]}"]), Succeeds),
        ("and-of-none", json!("{\"Next\":\"E\",\"And\":[]}"), Refused(SCHEMA)),
        (
            "two-tests",
            json!("{\"Next\":\"E\",\"Variable\":\"$.a\",\"IsNull\":true,\"IsString\":true}"),
            Refused(SCHEMA),
        ),
        ("no-test", json!("{\"Next\":\"E\",\"Variable\":\"$.a\"}"), Refused(SCHEMA)),
        (
            "a-rule-within-that-leads-on",
            json!("{\"Next\":\"E\",\"Not\":{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"E\"}}"),
            Refused(SCHEMA),
        ),
        (
            "a-pattern-of-stars",
            json!(["{\"Next\":\"E\",\"Variable\":\"$\",\"StringMatches\":\"", repeat("*a", 20_000), "b\"}"]),
            Succeeds,
        ),
        (
            "a-pattern-of-only-stars",
            json!(["{\"Next\":\"E\",\"Variable\":\"$\",\"StringMatches\":\"", repeat("*", 100_000), "\"}"]),
            Succeeds,
        ),
    ] {
        cases.push(Case::new(name, state(rule), expected).with(quoted(repeat("a", 100_000))));
    }
    for (name, test, input) in [
        ("text-and-number", r#""NumericEquals":1"#, "\"1\""),
        ("number-and-text", r#""StringEquals":"1""#, "1"),
        ("no-instant", r#""TimestampEquals":"2020-01-01T00:00:00Z""#, "\"2020-13-45T99:99:99Z\""),
        ("no-boolean", r#""BooleanEquals":true"#, "\"true\""),
        ("a-huge-number", r#""NumericLessThan":1e308"#, "-1e308"),
        ("an-object", r#""StringEquals":"{}""#, "{}"),
    ] {
        let rule = json!(format!(r#"{{"Next":"E","Variable":"$",{test}}}"#));
        cases.push(Case::new(format!("compares-{name}"), state(rule), Gives(json!(input))).with(input));
    }
    cases
}

fn names() -> Vec<Case> {
    let named = |name: serde_json::Value| {
        json!([r#"{"StartAt":"#, quoted(name.clone()), r#","States":{"#, quoted(name), r#":{"Type":"Succeed"}}}"#])
    };
    let mut cases = Vec::new();
    for (name, text) in [
        ("quotes", "a\"b'c`d"),
        ("a-backslash", "a\\b"),
        ("a-newline", "a\nb"),
        ("a-nul", "a\u{0}b"),
        ("a-bell", "\u{7}"),
        ("right-to-left", "\u{202e}abc"),
        ("a-blank", " "),
        ("slashes-and-tildes", "a/b~c~0~1"),
        ("proto", "__proto__"),
        ("constructor", "constructor"),
        ("dollars", "$$.x"),
        ("braces", "{% $x %}"),
        ("a-percent", "%s%n{}"),
        ("markup", "<script>alert(1)</script>"),
        ("an-error", "States.ALL"),
        ("a-number", "0"),
        ("an-emoji", "🙂"),
    ] {
        cases.push(Case::new(name, named(json!(text)), Succeeds));
    }
    cases.push(Case::new("80-characters", named(repeat("é", 80)), Succeeds));
    cases.push(Case::new("81-characters", named(repeat("é", 81)), Refused("INVALID_STATE_NAME")));
    cases.push(Case::new("a-million-characters", named(repeat("x", 500_000)), Refused("INVALID_STATE_NAME")));
    cases.push(Case::new("none", named(json!("")), Refused("INVALID_STATE_NAME")));
    for (name, variable, expected) in [
        ("variable-80", repeat("v", 80), Succeeds),
        ("variable-81", repeat("v", 81), Refused("INVALID_VARIABLE_NAME")),
        ("variable-states", json!("states"), Refused("RESERVED_VARIABLE_NAME")),
        ("variable-none", json!(""), Refused("INVALID_VARIABLE_NAME")),
        ("variable-digit", json!("1a"), Refused("INVALID_VARIABLE_NAME")),
        ("variable-dot", json!("a.b"), Refused("INVALID_VARIABLE_NAME")),
        ("variable-dollar", json!("$a"), Refused("INVALID_VARIABLE_NAME")),
        ("variable-nul", json!("a\u{0}"), Refused("INVALID_VARIABLE_NAME")),
        ("variable-letters-of-all-scripts", json!("größe变量"), Succeeds),
        ("variable-proto", json!("__proto__"), Refused("INVALID_VARIABLE_NAME")),
        ("variable-emoji", json!("🙂"), Refused("INVALID_VARIABLE_NAME")),
    ] {
        let definition =
            json!([r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Assign":{"#, quoted(variable), ":1}}}}"]);
        cases.push(Case::new(name, definition, expected));
    }
    cases
}

fn doubled() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, definition, expected) in [
        ("type", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","Type":"Succeed"}}}"#, Refused(NOT_JSON)),
        (
            "type-and-nonsense",
            r#"{"StartAt":"S","States":{"S":{"Type":"Succeed","Type":"Nonsense"}}}"#,
            Refused(NOT_JSON),
        ),
        ("state", r#"{"StartAt":"S","States":{"S":{"Type":"Fail"},"S":{"Type":"Succeed"}}}"#, Refused(NOT_JSON)),
        (
            "states",
            r#"{"StartAt":"S","States":{"A":{"Type":"Fail"}},"States":{"S":{"Type":"Succeed"}}}"#,
            Refused(NOT_JSON),
        ),
        ("start", r#"{"StartAt":"none","StartAt":"S","States":{"S":{"Type":"Succeed"}}}"#, Refused(NOT_JSON)),
        (
            "start-the-wrong-way-round",
            r#"{"StartAt":"S","StartAt":"none","States":{"S":{"Type":"Succeed"}}}"#,
            Refused(NOT_JSON),
        ),
        ("end-and-next", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Next":"S"}}}"#, Refused(SCHEMA)),
        ("end-twice", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":false,"End":true}}}"#, Refused(NOT_JSON)),
        (
            "end-that-is-none",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"End":false}}}"#,
            Refused(NOT_JSON),
        ),
        (
            "in-another-branch",
            r#"{"StartAt":"S","States":{"S":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}]}}}"#,
            Refused("DUPLICATE_STATE_NAME"),
        ),
        (
            "parameter-and-its-path",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":{"a":1,"a.$":"$"}}}}"#,
            Refused(SCHEMA),
        ),
        (
            "seconds-and-path",
            r#"{"StartAt":"S","States":{"S":{"Type":"Wait","End":true,"Seconds":1,"SecondsPath":"$.a"}}}"#,
            Refused(SCHEMA),
        ),
        (
            "processor-and-iterator",
            r#"{"StartAt":"S","States":{"S":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},"Iterator":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}}}}"#,
            Refused(SCHEMA),
        ),
    ] {
        cases.push(Case::new(name, definition, expected));
    }
    let pass = one(r#""Type":"Pass","End":true"#);
    cases.push(Case::new("input", pass.clone(), Gives(json!("{\"a\":2}"))).with("{\"a\":1,\"a\":2}"));
    cases.push(Case::new("input-escaped", pass, Gives(json!("{\"a\":2}"))).with(r#"{"a":1,"\u0061":2}"#));
    cases
}

fn empty() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, definition, expected) in [
        ("nothing", "", Refused(SCHEMA)),
        ("blanks", " \n\t ", Refused(SCHEMA)),
        ("null", "null", Refused(SCHEMA)),
        ("an-array", "[]", Refused(SCHEMA)),
        ("an-object", "{}", Refused(SCHEMA)),
        ("a-text", "\"\"", Refused(SCHEMA)),
        ("a-number", "0", Refused(SCHEMA)),
        ("half-an-object", "{", Refused(NOT_JSON)),
        ("two-objects", "{}{}", Refused(NOT_JSON)),
        ("a-comment", "{/* */}", Refused(NOT_JSON)),
        ("a-comma-too-many", "{\"StartAt\":\"S\",}", Refused(NOT_JSON)),
        ("single-quotes", "{'StartAt':'S'}", Refused(NOT_JSON)),
        ("yaml", "StartAt: S\nStates: {}\n", Refused(NOT_JSON)),
        ("no-states", r#"{"StartAt":"S","States":{}}"#, Refused(SCHEMA)),
        ("no-start", r#"{"States":{"S":{"Type":"Succeed"}}}"#, Refused(SCHEMA)),
        ("start-of-no-name", r#"{"StartAt":"","States":{"S":{"Type":"Succeed"}}}"#, Refused(MISSING)),
        ("a-state-of-nothing", r#"{"StartAt":"S","States":{"S":{}}}"#, Refused(SCHEMA)),
        ("a-state-that-is-null", r#"{"StartAt":"S","States":{"S":null}}"#, Refused(SCHEMA)),
        (
            "no-branches",
            r#"{"StartAt":"S","States":{"S":{"Type":"Parallel","End":true,"Branches":[]}}}"#,
            Refused(SCHEMA),
        ),
        ("no-choices", r#"{"StartAt":"S","States":{"S":{"Type":"Choice","Choices":[]}}}"#, Refused(SCHEMA)),
        (
            "no-errors",
            r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":[{"ErrorEquals":[]}]}}}"#,
            Refused(SCHEMA),
        ),
        (
            "no-retriers",
            r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":[],"Catch":[]}}}"#,
            Succeeds,
        ),
        (
            "no-parameters",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":{}}}}"#,
            Gives(json!("{}")),
        ),
        (
            "no-assign",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Assign":{}}}}"#,
            Gives(json!("{\"a\":[]}")),
        ),
        ("no-error-and-no-cause", r#"{"StartAt":"S","States":{"S":{"Type":"Fail","Error":"","Cause":""}}}"#, Fails("")),
        (
            "no-items",
            r#"{"StartAt":"S","States":{"S":{"Type":"Map","End":true,"ItemsPath":"$.a","ItemProcessor":{"StartAt":"E","States":{"E":{"Type":"Succeed"}}}}}}"#,
            Gives(json!("[]")),
        ),
        ("no-path", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"InputPath":""}}}"#, Refused(SCHEMA)),
        (
            "no-result-path",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"ResultPath":""}}}"#,
            Refused(SCHEMA),
        ),
        ("no-resource", r#"{"StartAt":"S","States":{"S":{"Type":"Task","End":true,"Resource":""}}}"#, Refused(SCHEMA)),
        (
            "no-expression",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","QueryLanguage":"JSONata","End":true,"Output":"{%%}"}}}"#,
            Refused("INVALID_JSONATA_EXPRESSION"),
        ),
        (
            "blank-expression",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","QueryLanguage":"JSONata","End":true,"Output":"{%  %}"}}}"#,
            Refused("INVALID_JSONATA_EXPRESSION"),
        ),
        (
            "half-an-expression",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","QueryLanguage":"JSONata","End":true,"Output":"{% 1"}}}"#,
            Refused(SCHEMA),
        ),
        (
            "a-comment-as-expression",
            r#"{"StartAt":"S","States":{"S":{"Type":"Pass","QueryLanguage":"JSONata","End":true,"Output":"{% /* */ %}"}}}"#,
            Refused("INVALID_JSONATA_EXPRESSION"),
        ),
    ] {
        cases.push(Case::new(name, definition, expected).with("{\"a\":[]}"));
    }
    cases.push(Case::new("no-input", one(r#""Type":"Succeed""#), crate::Expected::InputRefused).with(""));
    cases
}
