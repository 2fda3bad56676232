//! The intrinsic functions: nested, long, and with what they do not take.

use serde_json::{Value as Json, json};

use crate::Expected::{Fails, Gives, Refused, Succeeds};
use crate::text::{list, nest, quoted, repeat};
use crate::{Case, parameters};

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("nested-functions", nested()),
        ("arrays-of-functions", arrays()),
        ("texts-of-functions", texts()),
        ("malformed-functions", malformed()),
    ]
}

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
const REFUSED: &str = "States.IntrinsicFailure";

/// A Pass state with the one parameter `v`.
fn call(text: impl Into<Json>) -> Json {
    parameters(json!(["{\"v.$\":", quoted(text), "}"]))
}

fn nested() -> Vec<Case> {
    let mut cases = Vec::new();
    for (depth, expected) in [(1, None), (10, None), (11, Some(SCHEMA)), (1_000, Some(SCHEMA)), (40_000, Some(SCHEMA))]
    {
        for (name, open, inner) in [
            ("arrays", "States.Array(", "1"),
            ("sums", "States.MathAdd(1, ", "1"),
            ("formats", "States.Format('{}', ", "1"),
        ] {
            let expected = expected.map_or(Succeeds, Refused);
            cases.push(Case::new(format!("{depth}-{name}"), call(nest(open, inner, ")", depth)), expected));
        }
    }
    for (count, expected) in [(1_000, None), (1_001, Some(SCHEMA)), (100_000, Some(SCHEMA))] {
        let expected = expected.map_or(Succeeds, Refused);
        cases.push(Case::new(
            format!("{count}-arguments"),
            call(json!(["States.Array(", list("#", count), ")"])),
            expected,
        ));
    }
    // Ten levels of ten each would be ten to the tenth.
    let wide = nest("States.Array(1,1,1,1,1,1,1,1,1,", "1", ")", 10);
    cases.push(Case::new("ten-levels-of-ten", call(wide), Succeeds));
    let doubled = |depth| nest("States.Format('{}{}', $.t, ", "$.t", ")", depth);
    cases.push(Case::new("text-with-text", call(doubled(10)), Succeeds).with("{\"t\":\"0123456789\"}"));
    let long = json!(["{\"t\":", quoted(repeat("x", 100_000)), "}"]);
    cases.push(Case::new("text-with-long-text", call(doubled(10)), Fails(REFUSED)).with(long));
    let unclosed = repeat("States.Array(", 70_000);
    cases.push(Case::new("never-closed", call(unclosed), Refused(SCHEMA)));
    cases
}

fn arrays() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text, expected) in [
        ("range-of-1000", "States.ArrayRange(1, 1000, 1)", Succeeds),
        ("range-of-1001", "States.ArrayRange(0, 1000, 1)", Fails(REFUSED)),
        ("range-of-everything", "States.ArrayRange(-2147483648, 2147483647, 1)", Fails(REFUSED)),
        (
            "range-of-huge-steps",
            "States.ArrayRange(-2147483648, 2147483647, 2147483647)",
            Gives(json!("{\"v\":[-2147483648,-1,2147483646]}")),
        ),
        ("range-of-no-step", "States.ArrayRange(1, 10, 0)", Fails(REFUSED)),
        ("range-of-no-step-to-itself", "States.ArrayRange(1, 1, 0)", Fails(REFUSED)),
        ("range-backwards", "States.ArrayRange(10, 1, 1)", Gives(json!("{\"v\":[]}"))),
        ("range-of-text", "States.ArrayRange('1', '2', '1')", Fails(REFUSED)),
        ("range-past-integers", "States.ArrayRange($.big, $.big, 1)", Fails(REFUSED)),
        ("range-of-halves", "States.ArrayRange(0.5, 2.5, 0.5)", Succeeds),
        ("partition-by-nothing", "States.ArrayPartition($.list, 0)", Fails(REFUSED)),
        ("partition-by-less", "States.ArrayPartition($.list, -1)", Fails(REFUSED)),
        ("partition-by-much", "States.ArrayPartition($.list, 2147483647)", Gives(json!("{\"v\":[[3,1,2]]}"))),
        ("partition-by-more", "States.ArrayPartition($.list, 2147483648)", Fails(REFUSED)),
        ("partition-of-text", "States.ArrayPartition('abc', 1)", Fails(REFUSED)),
        ("contains-in-nothing", "States.ArrayContains($.none, 1)", Fails("States.Runtime")),
        ("contains-in-text", "States.ArrayContains('abc', 'a')", Fails(REFUSED)),
        ("length-of-an-object", "States.ArrayLength($)", Fails(REFUSED)),
        ("length-of-null", "States.ArrayLength(null)", Fails(REFUSED)),
        ("unique-of-text", "States.ArrayUnique('aaa')", Fails(REFUSED)),
        ("item-of-an-object", "States.ArrayGetItem($, 0)", Fails(REFUSED)),
        ("item-of-a-half", "States.ArrayGetItem($.list, 0.4)", Gives(json!("{\"v\":3}"))),
    ] {
        let input = r#"{"list":[3,1,2],"big":9223372036854775807}"#;
        cases.push(Case::new(name, call(text), expected).with(input));
    }
    let objects = |count: usize| json!(["[", list("{\"a\":{\"b\":[1,2,3]}}", count), "]"]);
    let different = |count: usize| json!(["[", list("{\"a\":#}", count), "]"]);
    for (name, input, text, expected) in [
        ("unique-of-many-that-are-the-same", objects(12_000), "States.ArrayUnique($)", Succeeds),
        ("unique-of-many-that-differ", different(18_000), "States.ArrayUnique($)", Succeeds),
        ("contains-among-many", different(18_000), "States.ArrayContains($, $)", Gives(json!("{\"v\":false}"))),
        ("partition-of-many", different(18_000), "States.ArrayPartition($, 7)", Succeeds),
        (
            "many-arrays-of-many",
            different(18_000),
            "States.Array($, $, $, $, $, $, $, $, $, $)",
            Fails("States.DataLimitExceeded"),
        ),
    ] {
        cases.push(Case::new(name, call(text), expected).with(input));
    }
    let searches = json!(["States.Array(", list("States.ArrayContains($, #)", 900), ")"]);
    cases.push(Case::new("900-searches-among-many", call(searches), Fails(REFUSED)).with(different(18_000)));
    let ranges = json!(["States.Array(", list("States.ArrayRange(1,1000,1)", 1_000), ")"]);
    cases.push(Case::new("1000-ranges-of-1000", call(ranges), Fails(REFUSED)));
    cases
}

fn texts() -> Vec<Case> {
    let mut cases = Vec::new();
    let text = |count| quoted(repeat("a", count));
    for (name, input, function, expected) in [
        ("encode-10000", text(10_000), "States.Base64Encode($)", Succeeds),
        ("encode-10001", text(10_001), "States.Base64Encode($)", Fails(REFUSED)),
        ("decode-10000", text(10_000), "States.Base64Decode($)", Succeeds),
        ("decode-10001", text(10_001), "States.Base64Decode($)", Fails(REFUSED)),
        ("decode-nonsense", quoted("!!!!"), "States.Base64Decode($)", Gives(json!("{\"v\":\"\"}"))),
        ("decode-no-utf8", quoted("//79"), "States.Base64Decode($)", Succeeds),
        ("hash-10000", text(10_000), "States.Hash($, 'SHA-512')", Succeeds),
        ("hash-10001", text(10_001), "States.Hash($, 'SHA-512')", Fails(REFUSED)),
        ("hash-of-no-kind", text(1), "States.Hash($, 'CRC32')", Fails(REFUSED)),
        ("hash-of-an-object", json!("{}"), "States.Hash($, 'MD5')", Fails(REFUSED)),
        ("split-into-nothing", text(200_000), "States.StringSplit($, 'a')", Gives(json!("{\"v\":[]}"))),
        ("split-at-nothing", text(100_000), "States.StringSplit($, '')", Succeeds),
        (
            "split-into-many",
            quoted(repeat("a,", 100_000)),
            "States.StringSplit($, ',')",
            Fails("States.DataLimitExceeded"),
        ),
        ("json-of-nothing", quoted(""), "States.StringToJson($)", Gives(json!("{\"v\":null}"))),
        ("json-of-half", quoted("{\"a\":"), "States.StringToJson($)", Fails(REFUSED)),
        ("json-of-too-large-a-number", quoted("1e400"), "States.StringToJson($)", Fails(REFUSED)),
        ("json-of-much", quoted(json!(["[", list("1", 80_000), "]"])), "States.StringToJson($)", Succeeds),
        ("text-of-quotes", quoted(repeat("\"", 120_000)), "States.JsonToString($)", Fails("States.DataLimitExceeded")),
        (
            "text-of-quotes-of-quotes",
            quoted(repeat("\"", 100_000)),
            "States.JsonToString(States.JsonToString(States.JsonToString(States.JsonToString($))))",
            Fails(REFUSED),
        ),
        ("format-long", text(200_000), "States.Format('{}{}{}{}{}{}', $, $, $, $, $, $)", Fails(REFUSED)),
        (
            "format-long-but-not-too-long",
            text(200_000),
            "States.Format('{}{}{}{}{}', $, $, $, $, $)",
            Fails("States.DataLimitExceeded"),
        ),
        ("format-from-data", quoted(repeat("{}", 100_000)), "States.Format($, 1)", Fails(REFUSED)),
        ("format-of-nothing", text(1), "States.Format('{}')", Fails(REFUSED)),
        ("merge-of-no-objects", json!("[]"), "States.JsonMerge($, $, false)", Fails(REFUSED)),
        ("merge-deeply", json!("{}"), "States.JsonMerge($, $, true)", Fails(REFUSED)),
        ("merge-of-many", json!(["{", list("\"k#\":1", 20_000), "}"]), "States.JsonMerge($, $, false)", Succeeds),
    ] {
        cases.push(Case::new(name, call(function), expected).with(input));
    }
    let places = json!(["States.Format('", repeat("{}", 999), "'", repeat(", $", 999), ")"]);
    cases.push(Case::new("format-999-places", call(places.clone()), Succeeds).with("\"x\""));
    cases.push(Case::new("format-999-places-of-much", call(places), Fails(REFUSED)).with(text(10_000)));
    let escapes = json!(["States.Format('", repeat("\\\\{\\\\}", 50_000), "')"]);
    cases.push(Case::new("format-of-escapes", call(escapes), Fails("States.DataLimitExceeded")));
    cases
}

fn malformed() -> Vec<Case> {
    let texts = [
        "States",
        "States.",
        "States.Format",
        "States.Format(",
        "States.Format)",
        "States.Format()",
        "States.Nonsense()",
        "states.Format('a')",
        "States.format('a')",
        "States.UUID(1)",
        "States.UUID",
        "States.Array(,)",
        "States.Array(1,)",
        "States.Array(1 2)",
        "States.Array('a)",
        "States.Array(\"a\")",
        "States.Array(a)",
        "States.Array({})",
        "States.Array([])",
        "States.Array(1e400)",
        "States.Array(01)",
        "States.Array(+1)",
        "States.Array(NaN)",
        "States.Array('\\')",
        "States.Array($.)",
        "States.Array($..)",
        "States.Array($[)",
        "States.UUID() States.UUID()",
        "States.UUID()x",
        "States.ArrayLength()",
        "States.ArrayLength(1, 2)",
        "States.MathAdd(1)",
        "States.Hash('a')",
        "States.JsonMerge($, $)",
        "States.MathRandom(1)",
        "{% 1 %}",
        "1",
        "true",
    ];
    let case = |(at, text): (usize, &&str)| {
        Case::new(format!("{at:02} {}", text.escape_debug()), call(*text), Refused(SCHEMA))
    };
    texts.iter().enumerate().map(case).collect()
}
