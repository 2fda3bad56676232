//! Expressions of JSONata.

use serde_json::{Value as Json, json};

use crate::Expected::{Fails, FailsBecause, Gives, Refused, Succeeds};
use crate::text::{list, nest, quoted, repeat};
use crate::{Case, query};

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("nested-queries", nested()),
        ("recursion-in-queries", recursion()),
        ("growth-in-queries", growth()),
        ("patterns-in-queries", patterns()),
        ("malformed-queries", malformed()),
    ]
}

const INVALID: &str = "INVALID_JSONATA_EXPRESSION";
const FAILED: &str = "States.QueryEvaluationError";

fn nested() -> Vec<Case> {
    let mut cases = Vec::new();
    for (depth, expected) in [(1, true), (90, true), (1_000, false), (60_000, false)] {
        for (name, open, close) in [
            ("parentheses", "(", ")"),
            ("arrays", "[", "]"),
            ("objects", "{'a':", "}"),
            ("calls", "$string(", ")"),
            ("functions", "function(){", "}()"),
            ("conditions", "true ? ", ": 0"),
            ("minuses", "-", ""),
        ] {
            // Two minuses in a row are one of the few ways to nest without brackets.
            let expected = match (expected, name) {
                (false, _) => Refused(INVALID),
                (true, _) => Succeeds,
            };
            cases.push(Case::new(format!("{depth}-{name}"), query(nest(open, "1", close, depth)), expected));
        }
    }
    for (name, text, expected) in [
        ("a-chain-of-400-sums", json!(["1", repeat(" + 1", 400)]), Gives(json!("401"))),
        ("a-chain-of-500-sums", json!(["1", repeat(" + 1", 500)]), Refused(INVALID)),
        ("a-chain-of-60000-sums", json!(["1", repeat("+1", 60_000)]), Refused(INVALID)),
        ("a-chain-of-names", json!(["$states", repeat(".a", 100_000)]), Refused("UNSUPPORTED_JSONATA_EXPRESSION")),
        ("a-chain-of-filters", json!(["$states.input", repeat("[0]", 50_000)]), Gives(json!("{\"a\":1}"))),
        ("a-chain-of-parents", json!(["$states.input.a", repeat(".%", 2_000)]), Refused(INVALID)),
        ("a-chain-of-applications", json!(["1", repeat(" ~> $string", 10_000)]), Refused(INVALID)),
        ("many-statements", json!(["(", repeat("1;", 80_000), "1)"]), Gives(json!("1"))),
        ("many-items", json!(["[", list("1", 100_000), "]"]), Succeeds),
        ("many-members", json!(["{", list("'a#':1", 15_000), "}"]), Succeeds),
        ("the-same-member-twice", json!("{'a':1,'a':2}"), Fails(FAILED)),
        ("many-variables", json!(["(", repeat("$v#:=1;", 15_000), "1)"]), Gives(json!("1"))),
        ("many-parameters", json!(["function(", list("$p#", 20_000), "){1}()"]), Fails(FAILED)),
        ("a-long-comment", json!(["/*", repeat("x", 250_000), "*/1"]), Gives(json!("1"))),
        ("a-comment-without-end", json!(["1/*", repeat("x", 250_000)]), Refused(INVALID)),
    ] {
        cases.push(Case::new(name, query(text), expected).with("{\"a\":1}"));
    }
    cases
}

fn recursion() -> Vec<Case> {
    let limit = |words: &'static str| FailsBecause(FAILED, words);
    let mut cases = Vec::new();
    for (name, text, expected) in [
        ("a-loop-of-tail-calls", "($f := function(){ $f() }; $f())", limit("jsonata_steps_max")),
        ("a-counting-loop", "($f := function($n){ $f($n + 1) }; $f(1))", limit("jsonata_steps_max")),
        (
            "two-that-call-each-other",
            "($f := function($n){ $g($n) }; $g := function($n){ $f($n) }; $f(1))",
            limit("jsonata_steps_max"),
        ),
        ("not-in-the-last-place", "($f := function($n){ 1 + $f($n + 1) }; $f(1))", limit("jsonata_depth_max")),
        ("in-an-argument", "($f := function($n){ $f($f($n)) }; $f(1))", limit("jsonata_depth_max")),
        ("in-a-condition", "($f := function($n){ $f($n) ? 1 : 2 }; $f(1))", limit("jsonata_depth_max")),
        ("in-an-array", "($f := function($n){ [$f($n)] }; $f(1))", limit("jsonata_depth_max")),
        ("in-an-object", "($f := function($n){ {'a': $f($n)} }; $f(1))", limit("jsonata_depth_max")),
        ("in-a-path", "($f := function($n){ $n.($f($n)) }; $f(1))", limit("jsonata_depth_max")),
        ("in-a-filter", "($f := function($n){ $n[$f($n)] }; $f([1]))", limit("jsonata_depth_max")),
        ("in-map", "($f := function($n){ $map([1,2], $f) }; $f(1))", limit("jsonata_depth_max")),
        ("in-reduce", "($f := function($a, $b){ $reduce([1,2], $f) }; $f(1, 2))", limit("jsonata_depth_max")),
        ("in-sort", "($f := function($a, $b){ $sort([2,1], $f) }; $f(1, 2))", limit("jsonata_depth_max")),
        ("in-each", "($f := function($v){ $each({'a':1}, $f) }; $f(1))", limit("jsonata_depth_max")),
        ("in-replace", "($f := function($m){ $replace('a', /a/, $f) }; $f(1))", limit("jsonata_depth_max")),
        (
            "fibonacci-of-40",
            "($f := function($n){ $n < 2 ? 1 : $f($n - 1) + $f($n - 2) }; $f(40))",
            limit("jsonata_steps_max"),
        ),
        (
            "ackermann",
            "($a := function($m, $n){ $m = 0 ? $n + 1 : $n = 0 ? $a($m - 1, 1) : $a($m - 1, $a($m, $n - 1)) }; $a(4, 4))",
            Fails(FAILED),
        ),
        ("without-a-name", "(function($f){ $f($f) })(function($f){ $f($f) })", limit("jsonata_steps_max")),
        (
            "without-a-name-and-deep",
            "(function($f){ 1 + $f($f) })(function($f){ 1 + $f($f) })",
            limit("jsonata_depth_max"),
        ),
        ("composed-with-itself", "($f := $string; $g := $f ~> $f ~> $f; $g(1))", Gives(json!("\"1\""))),
        ("applied-to-itself", "($f := function($x){ $x ~> $f }; 1 ~> $f)", Fails(FAILED)),
        ("partially-applied-without-end", "($f := function($a, $b){ $f(?, $b)($a) }; $f(1, 2))", Fails(FAILED)),
        ("a-transform-of-itself", "$states ~> |$|{'a': $}|", Fails(FAILED)),
        (
            "a-long-but-finite-loop",
            "($f := function($n){ $n = 0 ? 'done' : $f($n - 1) }; $f(10000))",
            Gives(json!("\"done\"")),
        ),
    ] {
        cases.push(Case::new(name, query(text), expected));
    }
    cases
}

fn growth() -> Vec<Case> {
    let mut cases = Vec::new();
    let doubling = |step: &str| format!("$reduce([1..100], function($a, $b){{ {step} }}, 'xxxxxxxx')");
    for (name, text, expected) in [
        ("a-range-of-ten-million", json!("$count([1..10000000])"), Fails(FAILED)),
        ("a-range-of-more", json!("[1..10000001]"), Fails(FAILED)),
        ("a-range-of-everything", json!("[-9007199254740991..9007199254740991]"), Fails(FAILED)),
        ("a-range-backwards", json!("$count([10..1])"), Gives(json!("0"))),
        ("a-range-of-fractions", json!("[0.5..2]"), Fails(FAILED)),
        ("ranges-of-ranges", json!("[1..1000].[1..1000].[1..1000]"), Fails(FAILED)),
        ("a-range-that-fits", json!("[1..30000]"), Succeeds),
        ("a-range-that-is-too-large", json!("[1..100000]"), Fails("States.DataLimitExceeded")),
        ("range-function", json!("$range(1, 10000000, 1)"), Fails(FAILED)),
        ("range-function-of-no-step", json!("$range(1, 10, 0)"), Fails(FAILED)),
        ("every-pair", json!("$count([1..3000].([1..3000]))"), Fails(FAILED)),
        ("joins-of-tuples", json!("$count([1..300]@$a.[1..300]@$b.[1..300]@$c)"), Fails(FAILED)),
        ("pad", json!("$pad('x', 1000000000)"), Fails(FAILED)),
        ("pad-to-the-left", json!("$pad('x', -1000000000)"), Fails(FAILED)),
        ("pad-without-end", json!("$pad('x', 1e300)"), Fails(FAILED)),
        ("pad-with-much", json!("$length($pad('x', 1000000, $pad('y', 1000000)))"), Gives(json!("1000000"))),
        ("join-doubles", json!(doubling("$join([$a, $a])")), Fails(FAILED)),
        ("and-doubles", json!(doubling("$a & $a")), Fails(FAILED)),
        ("replace-doubles", json!(doubling("$replace($a, 'x', 'xx')")), Fails(FAILED)),
        ("replace-by-pattern-doubles", json!(doubling("$replace($a, /x/, 'xx')")), Fails(FAILED)),
        ("append-doubles", json!("$count($reduce([1..100], $append, [1..8]))"), Succeeds),
        ("append-itself-doubles", json!("$reduce([1..100], function($a){ $append($a, $a) }, [1..8])"), Fails(FAILED)),
        ("encode-grows", json!(doubling("$base64encode($a)")), Fails(FAILED)),
        ("url-grows", json!("$reduce([1..100], function($a, $b){ $encodeUrlComponent($a) }, '%%%%')"), Succeeds),
        ("string-of-string-grows", json!("$reduce([1..100], function($a, $b){ $string([$a]) }, '\"')"), Fails(FAILED)),
        ("objects-double", json!("$reduce([1..100], function($a, $b){ {'a': $a, 'b': $a} }, 1)"), Fails(FAILED)),
        (
            "objects-double-and-are-written",
            json!("$string($reduce([1..100], function($a, $b){ {'a': $a, 'b': $a} }, 1))"),
            Fails(FAILED),
        ),
        ("objects-nest", json!("$reduce([1..1000], function($a, $b){ {'a': $a} }, 1)"), Fails(FAILED)),
        ("arrays-nest", json!("$reduce([1..1000], function($a, $b){ [[$a]] }, 1)"), Fails(FAILED)),
        (
            "compared-with-themselves",
            json!(
                "($o := $reduce([1..60], function($a, $b){ {'a': $a, 'b': $a} }, 1); $p := $reduce([1..60], function($a, $b){ {'a': $a, 'b': $a} }, 1); $o = $p)"
            ),
            Fails(FAILED),
        ),
        ("sorts-much", json!("$count($sort([1..50000], function($a, $b){ $a < $b }))"), Gives(json!("50000"))),
        ("sorts-without-sense", json!("$count($sort([1..2000], function($a, $b){ true }))"), Gives(json!("2000"))),
        ("shuffles-much", json!("$count($shuffle([1..100000]))"), Gives(json!("100000"))),
        ("distinct-of-much", json!("$count($distinct([1..100000]))"), Succeeds),
        ("zips-much", json!("$count($zip([1..50000], [1..50000], [1..50000]))"), Succeeds),
        ("groups-much", json!("$count($keys([1..20000]{$string($): $}))"), Gives(json!("20000"))),
        ("spreads-much", json!("$count($spread($merge([1..5000].{$string($): 1})))"), Gives(json!("5000"))),
        (
            "merges-one-by-one",
            json!("$reduce([1..3000], function($a, $b){ $merge([$a, {$string($b): 1}]) }, {})"),
            Fails(FAILED),
        ),
        ("splits-much", json!("$count($split($pad('x', 200000), ''))"), Gives(json!("200000"))),
        ("format-integer-huge", json!("$formatInteger(1e300, 'w')"), Succeeds),
        ("format-integer-roman", json!("$length($formatInteger(1000000000, 'I'))"), Gives(json!("1000"))),
        ("format-number-of-a-long-picture", json!(["$formatNumber(1, '", repeat("0", 100_000), "')"]), Succeeds),
        ("format-date-of-a-wide-picture", json!("$fromMillis(0, '[Y,100000000-100000000]')"), Succeeds),
        ("parse-date-of-a-long-picture", json!(["$toMillis('1', '", repeat("[Y]", 200), "')"]), Fails(FAILED)),
        (
            "parse-much",
            json!("$count($parse($join(['[', $join($map([1..30000], $string), ','), ']'])))"),
            Gives(json!("30000")),
        ),
        ("hash-much", json!("$hash($pad('x', 5000000), 'SHA-512')"), Succeeds),
        ("partition-much", json!("$count($partition([1..100000], 1))"), Succeeds),
        ("partition-by-nothing", json!("$partition([1..10], 0)"), Fails(FAILED)),
        ("descends-again-and-again", json!("$count($states.input.**.**.**.**)"), Succeeds),
        ("walks-much", json!("$count($states.input.*.*.*.*)"), Succeeds),
    ] {
        let input = nest("{\"a\":[", "1", "]}", 50);
        cases.push(Case::new(name, query(text), expected).with(input));
    }
    cases
}

fn patterns() -> Vec<Case> {
    let mut cases = Vec::new();
    let bad = |pattern: &str| format!("$match($states.input, /{pattern}/)");
    let found = |pattern: &str| format!("$count($match($states.input, /{pattern}/))");
    for (name, text, expected) in [
        ("plus-of-plus", found("(a+)+$"), Gives(json!("0"))),
        ("star-of-star", found("(a*)*b"), Gives(json!("0"))),
        ("alternatives-that-are-the-same", found("(a|a)*b"), Gives(json!("0"))),
        ("alternatives-that-overlap", found("(a|aa)+$"), Gives(json!("0"))),
        ("words", found("^(([a-z])+.)+[A-Z]([a-z])+$"), Gives(json!("0"))),
        ("many-stars", found(".*.*.*.*.*.*.*.*.*.*x"), Gives(json!("0"))),
        ("everything", found("."), Gives(json!("50001"))),
        ("counted", bad("(a{1000}){1000}"), Refused(INVALID)),
        ("counted-deep", bad("((((a{100}){100}){100}){100})"), Refused(INVALID)),
        ("counted-to-the-end", bad("a{4294967295}"), Refused(INVALID)),
        ("a-back-reference", bad("(a)\\1"), Refused(INVALID)),
        ("looks-ahead", bad("(?=a)a"), Refused(INVALID)),
        ("looks-behind", bad("(?<=a)a"), Refused(INVALID)),
        ("an-atomic-group", bad("(?>a+)b"), Refused(INVALID)),
        ("classes-of-everything", bad("[\\w\\W]{500}[\\w\\W]{500}"), Refused(INVALID)),
        ("letters-of-all-scripts", bad("\\p{L}{1000}"), Refused(INVALID)),
        ("never-closed", bad("("), Refused(INVALID)),
        ("a-class-that-is-never-closed", bad("["), Refused(INVALID)),
        ("nothing", "$match('a', //)".to_owned(), Refused(INVALID)),
        ("an-empty-match", "$match('a', /a*?/)".to_owned(), Fails(FAILED)),
        ("replaces-nothing", "$replace('abc', /x*/, '-')".to_owned(), Fails(FAILED)),
        ("replaces-much", "$length($replace($states.input, /a/, 'bb'))".to_owned(), Succeeds),
        ("splits-much", "$count($split($states.input, /a/))".to_owned(), Succeeds),
        ("contains", "$contains($states.input, /(a+)+$/)".to_owned(), Gives(json!("false"))),
        ("a-pattern-in-each", "$count([1..2000].$contains($states.input, /(a*)*c/))".to_owned(), Fails(FAILED)),
    ] {
        cases.push(Case::new(name, query(text), expected).with(quoted(json!([repeat("a", 50_000), "!"]))));
    }
    for (name, text, expected) in [
        ("65-patterns", json!(["[", list("/a#/", 65), "]"]), Refused(INVALID)),
        ("10000-patterns", json!(["[", list("/a#/", 10_000), "]"]), Refused(INVALID)),
        ("40-groups", json!(["$count($match('a', /", repeat("(a?)", 40), "/))"]), Gives(json!("1"))),
        ("41-groups", json!(["$match('a', /", repeat("(a)", 41), "/)"]), Refused(INVALID)),
        ("1000-parentheses", json!(["$match('a', /", nest("(", "a", ")", 1_000), "/)"]), Refused(INVALID)),
        ("a-long-pattern", json!(["$match('a', /", repeat("a", 200_000), "/)"]), Refused(INVALID)),
    ] {
        cases.push(Case::new(name, query(text), expected));
    }
    cases
}

fn malformed() -> Vec<Case> {
    let texts = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "1 +",
        "+ 1",
        "1 1",
        "$",
        "%",
        "a.",
        ".a",
        "a..b",
        "'a",
        "\"a",
        "`a",
        "'\\q'",
        "'\\u12'",
        "function",
        "function(",
        "function(a){1}",
        "function($a)",
        "λ(",
        "$f :=",
        "1 := 2",
        "a := 1",
        "? :",
        "1 ?",
        "[1..",
        "[1..2..3]",
        "{1}",
        "{'a'}",
        "{'a':}",
        "|$|",
        "~>",
        "a@",
        "a@b",
        "a#1",
        "a^",
        "a^()",
        "**.",
        "/a",
        "!",
        "&",
        "and",
        "1 in",
        "// x",
    ];
    let case = |(at, text): (usize, &&str)| {
        // Some of these are names or whole expressions in spite of their looks.
        let expected = match *text {
            "$" | "%" | "and" | "function" => return None,
            _ => Refused(INVALID),
        };
        Some(Case::new(format!("{at:02} {}", text.escape_debug()), query(Json::from(*text)), expected))
    };
    texts.iter().enumerate().filter_map(case).collect()
}
