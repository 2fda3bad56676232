//! Documents: large, deep, and with what JSON allows but nobody expects.

use serde_json::{Value as Json, json};

use crate::Expected::{Fails, FailsBecause, Gives, InputRefused, Succeeds};
use crate::text::{list, nest, quoted, repeat};
use crate::{Case, one, parameters, query};

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![("large-documents", large()), ("deep-documents", deep()), ("numbers", numbers()), ("unicode", unicode())]
}

const PASS: &str = r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":true}}}"#;

fn large() -> Vec<Case> {
    let numbers = |count| json!(["[", list("1", count), "]"]);
    let text = |count| quoted(repeat("x", count));
    let mut cases = vec![
        Case::new("as-many-numbers-as-fit", PASS, Succeeds).with(numbers(131_071)),
        Case::new("one-number-too-many", PASS, InputRefused).with(numbers(131_072)),
        Case::new("as-much-text-as-fits", PASS, Succeeds).with(text(262_142)),
        Case::new("one-character-too-many", PASS, InputRefused).with(text(262_143)),
        Case::new("four-bytes-per-character", PASS, InputRefused).with(quoted(repeat("𝄞", 65_536))),
        Case::new("escapes-count-as-they-are-written", PASS, InputRefused).with(json!([
            "\"",
            repeat("\\u0001", 43_691),
            "\""
        ])),
        Case::new("blanks-do-not-count", PASS, Succeeds).with(json!([repeat(" ", 1_000_000), "1"])),
        Case::new("many-members", PASS, Succeeds).with(json!(["{", list("\"k#\":1", 20_000), "}"])),
        Case::new("the-same-member-over-and-over", PASS, Gives(json!("{\"k\":1}"))).with(json!([
            "{",
            list("\"k\":1", 30_000),
            "}"
        ])),
        Case::new("a-long-name", PASS, Succeeds).with(json!(["{\"", repeat("k", 200_000), "\":1}"])),
        Case::new("empty-arrays", PASS, Succeeds).with(json!(["[", list("[]", 80_000), "]"])),
        Case::new("empty-objects", PASS, Succeeds).with(json!(["[", list("{}", 80_000), "]"])),
        Case::new("objects-of-one-member", PASS, Succeeds).with(json!(["[", list("{\"a\":1}", 32_000), "]"])),
    ];
    let largest = || numbers(131_071);
    for (name, state, expected) in [
        (
            "copied-by-parameters",
            r#""Type":"Pass","Parameters":{"all.$":"$"},"End":true"#,
            Fails("States.DataLimitExceeded"),
        ),
        (
            "copied-beside-itself",
            r#""Type":"Pass","ResultPath":"$.all","End":true"#,
            Fails("States.ResultPathMatchFailure"),
        ),
        ("every-item", r#""Type":"Pass","InputPath":"$[*]","End":true"#, Succeeds),
        ("every-item-that-is-one", r#""Type":"Pass","InputPath":"$[?(@ == 1)]","End":true"#, Succeeds),
        ("every-item-below", r#""Type":"Pass","InputPath":"$..*","End":true"#, Succeeds),
        ("sent-to-a-task", r#""Type":"Task","Resource":"task:t","End":true"#, Succeeds),
        (
            "counted",
            r#""Type":"Pass","Parameters":{"n.$":"States.ArrayLength($)"},"End":true"#,
            Gives(json!("{\"n\":131071}")),
        ),
        (
            "partitioned",
            r#""Type":"Pass","Parameters":{"n.$":"States.ArrayPartition($, 1)"},"End":true"#,
            Fails("States.DataLimitExceeded"),
        ),
        (
            "made-unique",
            r#""Type":"Pass","Parameters":{"n.$":"States.ArrayUnique($)"},"End":true"#,
            Gives(json!("{\"n\":[1]}")),
        ),
        (
            "as-text",
            r#""Type":"Pass","Parameters":{"n.$":"States.JsonToString($)"},"End":true"#,
            Fails("States.DataLimitExceeded"),
        ),
        ("in-a-variable", r#""Type":"Pass","Assign":{"v.$":"$"},"End":true"#, Fails("States.DataLimitExceeded")),
        ("in-the-cause", r#""Type":"Pass","Parameters":{"n.$":"$.none"},"End":true"#, Fails("States.Runtime")),
    ] {
        cases.push(Case::new(name, one(state), expected).with(largest()));
    }
    for (name, expression, expected) in [
        ("query-same", "$states.input", Succeeds),
        ("query-sum", "$sum($states.input)", Gives(json!("131071"))),
        ("query-map", "$map($states.input, function($v) { $v + 1 })", Succeeds),
        ("query-twice", "[$states.input, $states.input]", Fails("States.DataLimitExceeded")),
        ("query-text", "$string($states.input)", Fails("States.DataLimitExceeded")),
        ("query-sort", "$count($sort($states.input))", Gives(json!("131071"))),
        ("query-distinct", "$distinct($states.input)", Succeeds),
        ("query-every-pair", "$count($states.input.($states.input))", Fails("States.QueryEvaluationError")),
    ] {
        cases.push(Case::new(name, query(expression), expected).with(largest()));
    }
    cases
}

fn deep() -> Vec<Case> {
    let arrays = |depth| nest("[", "1", "]", depth);
    let objects = |depth| nest("{\"a\":", "1", "}", depth);
    let mut cases = Vec::new();
    for depth in [1, 60, 119, 120] {
        cases.push(Case::new(format!("{depth}-arrays"), PASS, Succeeds).with(arrays(depth)));
        cases.push(Case::new(format!("{depth}-objects"), PASS, Succeeds).with(objects(depth)));
    }
    for depth in [121, 127, 128, 1_000, 100_000] {
        cases.push(Case::new(format!("{depth}-arrays"), PASS, InputRefused).with(arrays(depth)));
        cases.push(Case::new(format!("{depth}-objects"), PASS, InputRefused).with(objects(depth)));
    }
    cases.push(Case::new("arrays-without-end", PASS, InputRefused).with(repeat("[", 1_000_000)));
    cases.push(Case::new("objects-without-end", PASS, InputRefused).with(repeat("{\"a\":", 200_000)));
    let deepest = || arrays(119);
    for (name, definition, expected) in [
        ("one-level-more", parameters("{\"a.$\":\"$\"}"), Succeeds),
        ("two-levels-more", parameters("{\"a\":{\"a.$\":\"$\"}}"), Fails("States.DataLimitExceeded")),
        (
            "in-an-array-of-arrays",
            parameters("{\"a.$\":\"States.Array(States.Array($))\"}"),
            Fails("States.DataLimitExceeded"),
        ),
        (
            "below-a-result-path",
            json!(one(r#""Type":"Pass","ResultPath":"$.a.b.c","End":true"#)),
            Fails("States.ResultPathMatchFailure"),
        ),
        ("every-level", json!(one(r#""Type":"Pass","InputPath":"$..*","End":true"#)), Succeeds),
        (
            "every-level-of-every-level",
            json!(one(r#""Type":"Pass","InputPath":"$..*..*","End":true"#)),
            Fails("States.DataLimitExceeded"),
        ),
        ("query-wrapped", query("[[$states.input]]"), Succeeds),
        ("query-every-level", query("$count($states.input.**)"), Succeeds),
        ("as-text-and-back", parameters("{\"a.$\":\"States.StringToJson(States.JsonToString($))\"}"), Succeeds),
    ] {
        cases.push(Case::new(name, definition, expected).with(deepest()));
    }
    let merged = "{\"a.$\":\"States.JsonMerge($, $, false)\"}";
    cases.push(Case::new("merged-with-itself", parameters(merged), Succeeds).with(objects(100)));
    let text = parameters("{\"a.$\":\"States.StringToJson($)\"}");
    cases.push(Case::new("deep-in-text", text.clone(), Fails("States.IntrinsicFailure")).with(quoted(arrays(10_000))));
    cases.push(Case::new("deep-enough-in-text", text, Fails("States.DataLimitExceeded")).with(quoted(arrays(125))));
    cases
}

fn numbers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, number, output) in [
        ("the-largest-integer", "9223372036854775807", "9223372036854775807"),
        ("the-smallest-integer", "-9223372036854775808", "-9223372036854775808"),
        ("one-more-than-the-largest", "9223372036854775808", "9.223372036854775807e18"),
        ("two-to-the-64", "18446744073709551616", "1.8446744073709552e19"),
        ("minus-nothing", "-0", "-0.0"),
        ("minus-nothing-and-a-fraction", "-0.0", "-0.0"),
        ("the-largest-double", "1.7976931348623157e308", "1.7976931348623157e308"),
        ("the-smallest-double", "5e-324", "5e-324"),
        ("next-to-nothing", "1e-400", "0.0"),
        ("a-fraction-of-zeros", "1.000000000000000000000000000000000", "1.0"),
    ] {
        cases.push(Case::new(name, PASS, Gives(json!(output))).with(number));
    }
    for (name, number) in [
        ("past-the-largest-double", json!("1e400")),
        ("far-past-the-largest-double", json!("1e99999999999999999999")),
        ("a-leading-zero", json!("01")),
        ("a-plus", json!("+1")),
        ("no-digits-before-the-point", json!(".5")),
        ("no-digits-after-the-point", json!("1.")),
        ("hexadecimal", json!("0x10")),
        ("not-a-number", json!("NaN")),
        ("infinite", json!("Infinity")),
        ("so-many-digits", repeat("9", 1_000_000)),
    ] {
        cases.push(Case::new(name, PASS, InputRefused).with(number));
    }
    cases.push(
        Case::new("many-digits-of-a-fraction", PASS, Gives(json!("0.1111111111111111")))
            .with(json!(["0.", repeat("1", 200_000)])),
    );
    for (name, call, expected) in [
        ("add-the-largest", "States.MathAdd(2147483647, 1)", Gives(json!("{\"n\":2147483648}"))),
        ("add-past-the-largest", "States.MathAdd(2147483648, 1)", Fails("States.IntrinsicFailure")),
        ("add-the-largest-integers", "States.MathAdd($.big, $.big)", Fails("States.IntrinsicFailure")),
        ("add-a-huge-double", "States.MathAdd($.huge, 1)", Fails("States.IntrinsicFailure")),
        ("add-a-tiny-double", "States.MathAdd($.tiny, 1)", Gives(json!("{\"n\":1}"))),
        ("random-of-nothing", "States.MathRandom(5, 5)", Fails("States.IntrinsicFailure")),
        ("random-backwards", "States.MathRandom(5, 1)", Fails("States.IntrinsicFailure")),
        ("random-of-everything", "States.MathRandom(-2147483648, 2147483647)", Succeeds),
        ("item-past-the-end", "States.ArrayGetItem($.list, 2147483647)", Fails("States.IntrinsicFailure")),
        ("item-before-the-start", "States.ArrayGetItem($.list, -1)", Fails("States.IntrinsicFailure")),
        ("item-of-a-huge-index", "States.ArrayGetItem($.list, $.huge)", Fails("States.IntrinsicFailure")),
    ] {
        let input = r#"{"big":9223372036854775807,"huge":1e300,"tiny":5e-324,"list":[1]}"#;
        cases.push(Case::new(name, parameters(format!("{{\"n.$\":\"{call}\"}}")), expected).with(input));
    }
    for (name, expression, expected) in [
        ("query-past-the-largest-double", "1e308 * 10", Fails("States.QueryEvaluationError")),
        ("query-through-nothing", "1 / 0", Fails("States.QueryEvaluationError")),
        ("query-rest-of-nothing", "1 % 0", Fails("States.QueryEvaluationError")),
        ("query-root-of-less-than-nothing", "$sqrt(-1)", Fails("States.QueryEvaluationError")),
        ("query-power-without-end", "$power(10, 400)", Fails("States.QueryEvaluationError")),
        ("query-literal-too-large", "1e400", crate::Expected::Refused("INVALID_JSONATA_EXPRESSION")),
        ("query-largest-integer-plus-one", "9223372036854775807 + 1", Gives(json!("9223372036854775807.0"))),
        ("query-minus-nothing", "-0", Gives(json!("0"))),
        ("query-round-far", "$round(1.5, 400)", Succeeds),
        ("query-format-base", "$formatBase(255, 37)", Fails("States.QueryEvaluationError")),
        ("query-number-of-text", "$number('1e1000')", Fails("States.QueryEvaluationError")),
        ("query-random-seed", "$random(9223372036854775807)", Succeeds),
    ] {
        cases.push(Case::new(name, query(expression), expected));
    }
    cases
}

fn unicode() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, bytes) in [
        ("half-a-pair", json!([r#""\ud800""#])),
        ("the-other-half", json!([r#""\udc00""#])),
        ("halves-the-wrong-way-round", json!([r#""\udc00\ud800""#])),
        ("half-a-pair-and-a-letter", json!([r#""\ud834a""#])),
        ("a-nul-as-it-is", json!(["\"", {"bytes": [0]}, "\""])),
        ("a-newline-as-it-is", json!(["\"\n\""])),
        ("not-utf8", json!(["\"", {"bytes": [255, 254]}, "\""])),
        ("half-a-character", json!(["\"", {"bytes": [0xE2, 0x82]}, "\""])),
        ("more-bytes-than-needed", json!(["\"", {"bytes": [0xC0, 0x80]}, "\""])),
        ("a-surrogate-in-utf8", json!(["\"", {"bytes": [0xED, 0xA0, 0x80]}, "\""])),
        ("past-the-last-character", json!(["\"", {"bytes": [0xF5, 0x80, 0x80, 0x80]}, "\""])),
        ("a-byte-order-mark", json!([{"bytes": [0xEF, 0xBB, 0xBF]}, "1"])),
        ("utf16", json!([{"bytes": [0xFF, 0xFE, 0x31, 0x00]}])),
    ] {
        cases.push(Case::new(name, PASS, InputRefused).with(bytes));
    }
    for (name, text) in [
        ("a-pair", r#""\ud834\udd1e""#),
        ("a-nul", r#""\u0000""#),
        ("right-to-left", "\"\u{202e}abc\u{202c}\""),
        ("no-width", "\"\u{200b}\u{feff}\u{2060}\""),
        ("many-accents", "\"e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\""),
        ("no-character", "\"\u{ffff}\u{10ffff}\""),
        ("line-separators", "\"\u{2028}\u{2029}\u{85}\""),
        ("a-family", "\"👨‍👩‍👧‍👦\""),
    ] {
        cases.push(Case::new(name, PASS, Gives(json!(text))).with(text));
    }
    let strange = r#"{"":1," ":2,"\u0000":3,"a.b":4,"a'b":5,"\u202e":6,"\u00e9":7,"e\u0301":8,"$":9,"[0]":10}"#;
    for (name, path, expected) in [
        ("path-to-no-name", "$['']", Gives(json!("{\"v\":1}"))),
        ("path-to-a-blank", "$[' ']", Gives(json!("{\"v\":2}"))),
        ("path-to-a-point", "$['a.b']", Gives(json!("{\"v\":4}"))),
        ("path-to-an-escaped-quote", "$['a\\\\'b']", Gives(json!("{\"v\":5}"))),
        ("path-to-a-letter-with-an-accent", "$.\u{e9}", Gives(json!("{\"v\":7}"))),
        ("path-to-a-letter-and-an-accent", "$.e\u{301}", Gives(json!("{\"v\":8}"))),
        ("path-to-a-dollar", "$['$']", Gives(json!("{\"v\":9}"))),
        ("path-to-brackets", "$['[0]']", Gives(json!("{\"v\":10}"))),
    ] {
        cases.push(Case::new(name, parameters(format!("{{\"v.$\":\"{path}\"}}")), expected).with(strange));
    }
    for (name, expression, expected) in [
        ("query-length-counts-characters", "$length('👨‍👩‍👧‍👦𝄞')", Gives(json!("8"))),
        ("query-substring-of-pairs", "$substring('𝄞𝄞', 1, 1)", Gives(json!("\"𝄞\""))),
        ("query-encode-half-a-pair", "$encodeUrlComponent('\\uD800')", Gives(json!("\"%EF%BF%BD\""))),
        ("query-decode-no-utf8", "$decodeUrlComponent('%FF')", Fails("States.QueryEvaluationError")),
        ("query-upper-case-grows", "$uppercase('ßßßß')", Gives(json!("\"SSSSSSSS\""))),
    ] {
        cases.push(Case::new(name, query(expression), expected));
    }
    let split = Json::from("{\"v.$\":\"States.StringSplit($, '\u{202e}')\"}");
    cases.push(
        Case::new("split-at-right-to-left", parameters(split), Gives(json!("{\"v\":[\"a\",\"b\"]}")))
            .with("\"a\u{202e}b\""),
    );
    let surrogate = json!([r#"{"StartAt":"\ud800","States":{"\ud800":{"Type":"Succeed"}}}"#]);
    cases.push(Case::new("a-state-of-half-a-pair", surrogate, crate::Expected::Refused("INVALID_JSON_DESCRIPTION")));
    let cause = r#""Type":"Pass","Parameters":{"v.$":"$.none"},"End":true"#;
    cases.push(
        Case::new("cut-between-characters", one(cause), FailsBecause("States.Runtime", "could not be found"))
            .with(quoted(repeat("𝄞", 60_000))),
    );
    cases
}
