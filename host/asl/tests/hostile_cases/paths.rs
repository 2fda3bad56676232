//! Paths: long ones, deep ones, and those that look at everything many times.

use serde_json::{Value as Json, json};

use crate::Expected::{Fails, FailsBecause, Gives, Refused, Succeeds};
use crate::text::{list, nest, quoted, repeat};
use crate::{Case, around, one, parameters};

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("long-paths", long()),
        ("paths-that-look-at-much", wide()),
        ("malformed-paths", malformed()),
        ("context", context()),
    ]
}

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

/// A Pass state with this `InputPath`.
fn path(text: impl Into<Json>) -> Json {
    around(r#""Type":"Pass","InputPath":"#, quoted(text))
}

fn long() -> Vec<Case> {
    let mut cases = Vec::new();
    let deep = || nest("{\"a\":", "1", "}", 100);
    for (name, text, expected) in [
        ("100-names", json!(["$", repeat(".a", 100)]), Gives(json!("1"))),
        ("101-names", json!(["$", repeat(".a", 101)]), Fails("States.Runtime")),
        ("128-names", json!(["$", repeat(".a", 128)]), Fails("States.Runtime")),
        ("129-names", json!(["$", repeat(".a", 129)]), Refused(SCHEMA)),
        ("100000-names", json!(["$", repeat(".a", 100_000)]), Refused(SCHEMA)),
        ("129-indexes", json!(["$", repeat("[0]", 129)]), Refused(SCHEMA)),
        ("100000-brackets", json!(["$", repeat("[", 100_000)]), Refused(SCHEMA)),
        ("a-long-name", json!(["$.", repeat("a", 500_000)]), Fails("States.Runtime")),
        ("a-long-name-in-brackets", json!(["$['", repeat("a", 500_000), "']"]), Fails("States.Runtime")),
        ("many-names-at-once", json!(["$[", list("'a#'", 50_000), "]"]), Succeeds),
        ("many-indexes-at-once", json!(["$[", list("#", 50_000), "]"]), Succeeds),
        ("the-largest-index", json!("$[9223372036854775807]"), Fails("States.Runtime")),
        ("past-the-largest-index", json!("$[9223372036854775808]"), Refused(SCHEMA)),
        ("an-index-of-many-digits", json!(["$[", repeat("9", 100_000), "]"]), Refused(SCHEMA)),
        ("the-smallest-index", json!("$[-9223372036854775808]"), Fails("States.Runtime")),
        ("the-widest-slice", json!("$[-9223372036854775808:9223372036854775807]"), Gives(json!("[]"))),
        ("a-slice-of-no-step", json!("$[0:1:0]"), Gives(json!("[]"))),
        ("a-slice-of-the-largest-step", json!("$[0:1:9223372036854775807]"), Gives(json!("[]"))),
        ("16-parentheses", json!(["$[?(", nest("(", "@.a", ")", 14), ")]"]), Succeeds),
        ("17-parentheses", json!(["$[?(", nest("(", "@.a", ")", 20), ")]"]), Refused(SCHEMA)),
        ("100000-parentheses", json!(["$[?(", repeat("(", 100_000)]), Refused(SCHEMA)),
        ("100000-negations", json!(["$[?(", repeat("!", 100_000), "@.a)]"]), Refused(SCHEMA)),
        ("filters-in-filters", nest("$[?(@", ".a", ")]", 20), Refused(SCHEMA)),
        ("many-conditions", json!(["$[?(@.a", repeat(" && @.a", 20_000), ")]"]), Succeeds),
        ("a-variable-of-81-characters", json!(["$", repeat("v", 81)]), Refused(SCHEMA)),
    ] {
        cases.push(Case::new(name, path(text), expected).with(deep()));
    }
    for (name, text, expected) in [
        ("result-100-names", json!(["$", repeat(".b", 100)]), Succeeds),
        ("result-119-names", json!(["$", repeat(".b", 119)]), Succeeds),
        ("result-121-names", json!(["$", repeat(".b", 121)]), Fails("States.DataLimitExceeded")),
        ("result-129-names", json!(["$", repeat(".b", 129)]), Refused(SCHEMA)),
        ("result-at-a-far-index", json!("$.b[4000000000]"), Fails("States.ResultPathMatchFailure")),
        ("result-at-every-place", json!("$.*"), Refused(SCHEMA)),
        ("result-below", json!("$..a"), Refused(SCHEMA)),
        ("result-in-the-context", json!("$$.a"), Refused(SCHEMA)),
        ("result-in-a-variable", json!("$v.a"), Refused(SCHEMA)),
    ] {
        let definition = around(r#""Type":"Pass","Result":1,"ResultPath":"#, quoted(text));
        cases.push(Case::new(name, definition, expected));
    }
    cases
}

fn wide() -> Vec<Case> {
    let numbers = || json!(["[", list("1", 100_000), "]"]);
    let objects = || json!(["[", list("{\"a\":[1,2]}", 20_000), "]"]);
    let deep = || nest("{\"a\":[", "1", "]}", 59);
    let tree = || json!(["[", list(json!(["[", list(json!(["[", list("[1]", 20), "]"]), 20), "]"]), 20), "]"]);
    let mut cases = Vec::new();
    let quadratic = || FailsBecause("States.Runtime", "looks at more than");
    for (name, input, text, expected) in [
        ("everything-below-numbers", numbers(), "$..*", Succeeds),
        ("everything-twice", numbers(), "$..*..*", Succeeds),
        ("everything-of-a-deep-one", deep(), "$..*..*..*", Fails("States.DataLimitExceeded")),
        ("everything-of-a-deep-one-4-times", deep(), "$..*..*..*..*", quadratic()),
        ("everything-of-a-deep-one-10-times", deep(), "$..*..*..*..*..*..*..*..*..*..*", quadratic()),
        ("names-of-a-deep-one", deep(), "$..a..a..a", Fails("States.DataLimitExceeded")),
        ("names-of-a-deep-one-5-times", deep(), "$..a..a..a..a..a", quadratic()),
        ("indexes-of-a-deep-one", deep(), "$..[0]..[0]..[0]..[0]..[0]", quadratic()),
        ("a-tree-twice", tree(), "$..*..*", Succeeds),
        ("a-tree-5-times", tree(), "$..*..*..*..*..*", Gives(json!("[]"))),
        ("a-tree-level-by-level", tree(), "$[*][*][*][*]", Succeeds),
        ("filters-below", objects(), "$..[?(@.a)]", Succeeds),
        ("filters-in-a-filter", objects(), "$[?(@..[?(@.a)])]", Succeeds),
        ("filters-everything-with-everything", objects(), "$..[?(@..* == @..*)]", Fails("States.DataLimitExceeded")),
        ("filters-and-finds-nothing", objects(), "$[?(@.a.b.c.d == 1 || @.e == 'x')]", Gives(json!("[]"))),
        ("every-index-of-all", numbers(), "$[0,0,0,0,0,0,0,0]", Gives(json!("[1,1,1,1,1,1,1,1]"))),
        ("slices-backwards", numbers(), "$[::-1]", Succeeds),
        ("slices-of-slices", tree(), "$[:][:][:][:]", Succeeds),
    ] {
        cases.push(Case::new(name, path(text), expected).with(input));
    }
    let twice = path(json!(["$[", list("0", 60_000), "][", list("0", 60_000), "]"]));
    cases.push(Case::new("many-indexes-of-many", twice, quadratic()).with("[[1]]"));
    for (name, field, count, expected) in [
        ("one-field-looks-at-all", "$[*]", 1, Succeeds),
        ("20-fields-look-at-all", "$[*]", 20, Fails("States.Runtime")),
        ("10000-fields-look-at-all", "$[*]", 10_000, Fails("States.Runtime")),
        ("1000-fields-scan-all", "$..none", 1_000, Fails("States.Runtime")),
        ("10000-fields-name-one", "$[99999]", 10_000, Succeeds),
        ("1000-fields-count-all", "States.ArrayLength($)", 1_000, Succeeds),
        ("1000-fields-search-all", "States.ArrayContains($, 2)", 1_000, Fails("States.IntrinsicFailure")),
    ] {
        let members = json!(["{", list(format!("\"f#.$\":\"{field}\""), count), "}"]);
        let input = json!(["[", list("1", 130_000), "]"]);
        cases.push(Case::new(name, parameters(members), expected).with(input));
    }
    let map = r#""Type":"Map","ItemsPath":"$","ItemSelector":{"n.$":"$..*"},"ItemProcessor":{"StartAt":"E","States":{"E":{"Type":"Succeed"}}},"End":true"#;
    cases.push(Case::new("each-item-looks-at-all", one(map), Fails("States.Runtime")).with(numbers()));
    let map = r#""Type":"Map","ItemsPath":"$","ItemSelector":{"n.$":"States.ArrayLength($..*)"},"ItemProcessor":{"StartAt":"E","States":{"E":{"Type":"Succeed"}}},"End":true"#;
    cases.push(Case::new("each-item-counts-all", one(map), Fails("States.Runtime")).with(numbers()));
    cases
}

fn malformed() -> Vec<Case> {
    let texts = [
        "$.",
        "$..",
        "$...a",
        "$[",
        "$[]",
        "$[a]",
        "$['a",
        "$['a'",
        "$[\"a\"",
        "$[1",
        "$[1:",
        "$[::]]",
        "$[1,]",
        "$[,1]",
        "$[?]",
        "$[?()]",
        "$[?(@.a ==)]",
        "$[?(== 1)]",
        "$[?(@.a == 1]",
        "$[?(@.a & 1)]",
        "$[?($.a == 1)]",
        "$[?(@.a =~ /a+/)]",
        "$[?(@.length() > 1)]",
        "$.a.length()",
        "$.a()",
        "$.min()",
        "a",
        "@.a",
        "",
        " ",
        "$ .a",
        "$.a b",
        "$.a'",
        "$.a\"",
        "$.a\\b",
        "$.{a}",
        "$.a|b",
        "$.a\u{0}b",
        "$\u{7f}",
        "$.a\n",
        "$[-]",
        "$[--1]",
        "$[1.5]",
        "$[1e3]",
        "$['a'b]",
        "States.UUID()",
        "States.Format('x'",
        "$$$",
        "$$.",
        "$1",
    ];
    let case = |(at, text): (usize, &&str)| {
        Case::new(format!("{at:02} {}", text.escape_debug()), path(*text), Refused(SCHEMA))
    };
    texts.iter().enumerate().map(case).collect()
}

fn context() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text, expected) in [
        ("everything-below", "$$..*", Succeeds),
        ("everything-below-everything", "$$..*..*..*", Succeeds),
        ("whole", "$$", Succeeds),
        ("no-map-around", "$$.Map.Item.Value", Fails("States.Runtime")),
        ("no-task", "$$.Task.Token", Fails("States.Runtime")),
        ("no-such-member", "$$.Execution.Password", Fails("States.Runtime")),
        ("an-index", "$$[0]", Fails("States.Runtime")),
        ("an-index-of-text", "$$.State.Name[0]", Fails("States.Runtime")),
        ("names-in-brackets", "$$['State']['Name']", Gives(json!("{\"v\":\"S\"}"))),
        ("a-filter", "$$[?(@.Name == 'S')]", Succeeds),
        ("retries-of-no-task", "$$.State.RetryCount", Fails("States.Runtime")),
        ("input-of-the-execution", "$$.Execution.Input.a", Gives(json!("{\"v\":1}"))),
    ] {
        let definition = parameters(json!(["{\"v.$\":", quoted(text), "}"]));
        cases.push(Case::new(name, definition, expected).with("{\"a\":1}"));
    }
    let grows = parameters("{\"a.$\":\"$$\",\"b.$\":\"$$\",\"c.$\":\"$$.Execution.Input\"}");
    cases.push(
        Case::new("three-times-the-input", grows, Fails("States.DataLimitExceeded")).with(quoted(repeat("x", 200_000))),
    );
    for (name, expression, expected) in [
        ("query-whole", "$states", Succeeds),
        ("query-everything-below", "$count($states.**)", Succeeds),
        ("query-context-of-context", "$states.context.context", Fails("States.QueryEvaluationError")),
        ("query-result-of-no-task", "$states.result", Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        ("query-error-of-no-catcher", "$states.errorOutput", Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        ("query-binds-states", "($states := 1; $states)", Gives(json!("1"))),
        ("query-plain-name", "input", Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        ("query-dollar", "$", Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        ("query-dollars", "$$", Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        ("query-a-proto", "$states.__proto__", Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        (
            "query-a-constructor",
            "$states.constructor.constructor('return 1')()",
            Refused("UNSUPPORTED_JSONATA_EXPRESSION"),
        ),
        ("query-eval", "$eval('1')", Fails("States.QueryEvaluationError")),
        ("query-a-function-as-result", "$sum", Fails("States.QueryEvaluationError")),
        ("query-a-function-within", "{'f': $sum}", Succeeds),
    ] {
        cases.push(Case::new(name, crate::query(expression), expected).with("{\"a\":1}"));
    }
    cases
}
