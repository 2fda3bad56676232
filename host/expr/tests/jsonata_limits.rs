//! Hostile expressions end at a limit, with little stack, and the rest of the process goes on.
//! The threads that tests run on have the 2 MiB that Rust gives a thread.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Instant;

use stepwell_expr::jsonata::{Bindings, Dialect, Limits, Program, QueryError, limits};
use stepwell_expr::{Entropy, Value};

fn eval(source: &str) -> Result<Option<Value>, QueryError> {
    eval_within(source, Limits::default())
}

fn eval_within(source: &str, limits: Limits) -> Result<Option<Value>, QueryError> {
    let program = Program::parse_as(source, Dialect::Suite).unwrap();
    program.eval(&Bindings::new(), None, &mut Entropy::new(7), 0, limits)
}

/// The message of the limit that stops the expression.
fn stopped(source: &str) -> String {
    let start = Instant::now();
    let error = eval(source).map(|value| value.map(|value| value.to_string().len())).unwrap_err();
    assert_eq!(error.code, "U1001", "{source}: {error}");
    eprintln!("{:8.3} s  {source}: {error}", start.elapsed().as_secs_f64());
    error.message
}

#[test]
fn steps_are_limited() {
    for source in [
        "($f := function(){ $f() }; $f())",
        "($f := function($n){ $n > 0 ? $f($n + 1) : $n }; $f(1))",
        "($f := function($n){ $n > 1 ? $f($n - 1) + $f($n - 2) : 1 }; $f(40))",
        &format!("[1..100000][{} 1 = 2]", "$ = 0 or ".repeat(30)),
    ] {
        assert!(stopped(source).contains("jsonata_steps_max"), "{source}");
    }
    let few = Limits { steps: 10, ..Limits::default() };
    assert!(eval_within("1+1+1+1+1+1+1+1+1+1", few).unwrap_err().message.contains("more than 10 steps"));
}

#[test]
fn bytes_are_limited_before_they_are_allocated() {
    for source in [
        "$pad('x', 900000000)",
        "$pad('x', 99999999999)",
        "$pad('x', -1e300)",
        "[1..9999999]",
        "[1..5000000].$string($)",
        "$reduce([1..100], function($a, $b){ $a & $a }, 'xxxxxxxx')",
        "$reduce([1..100], function($a, $b){ $join([$a, $a]) }, 'xxxxxxxx')",
        "$reduce([1..100], function($a, $b){ $replace($a, 'x', 'xxxxxxxx') }, 'xxxxxxxx')",
        "$reduce([1..100], function($a, $b){ $append($a, $a) }, [1..8])",
        "$reduce([1..100], function($a, $b){ {'a': $a, 'b': $a} }, 1) ~> $string()",
        "($f := function($n){ [$n, $f($n + 1)] }; $map([1..300], function($n){ $pad('x', 100000) }))",
        "$formatInteger(1, $pad('0', 10000000))",
        "$formatNumber(1, $pad('0', 1000000))",
        "$formatInteger(1e300, 'I') & $pad('x', 1e9)",
    ] {
        assert!(stopped(source).contains("jsonata_bytes_max"), "{source}");
    }
    let few = Limits { bytes: 1_000, ..Limits::default() };
    assert!(eval_within("$pad('x', 1000)", few).unwrap_err().message.contains("more than 1000 bytes"));
}

#[test]
fn depth_is_limited_and_fits_a_thread_of_two_mebibytes() {
    for body in [
        "1 + $f($n)",
        "[$f($n)]",
        "{'a': $f($n)}",
        "($x := $f($n); $x)",
        "$n ? ($f($n))[0] : 0",
        "$map([1, 2], function($v){ $f($v) })",
        "$map([1, 2], $f)",
        "$filter([1, 2], $f)",
        "$reduce([1, 2], function($a, $b){ $f($a) })",
        "$sort([1, 2], function($a, $b){ $f($a) })",
        "$sift({'a': 1}, $f)",
        "$each({'a': 1}, $f)",
        "[1, 2].$f($)",
        "[1, 2][$f($)]",
        "[1, 2]^($f($))",
        "[1, 2]{$string($f($)): 1}",
        "{'a': [1, 2]}.a@$x.$f($x)",
        "{'a': [1, 2]}.a#$x.$f($x)",
        "{'a': {'b': 1}}.a.b.(%.$f(1))",
        "{'a': 1} ~> |$|{'a': $f(1)}|",
        "1 ~> $f",
        "(function($x){ $x } ~> $f)(1) + 1",
        "$f(?)(1) + 1",
        "$replace('a', /a/, function($m){ $f(1) })",
        "$split('a', function($s){ $f(1) })",
        "$eval('1 + $f(1)')",
        "$string([$f($n)]) & ''",
        "-$f($n)",
        "$f($n) and true",
    ] {
        let source = format!("($f := function($n){{ {body} }}; $f(1))");
        if body.contains("eval") {
            // It sees only what is bound outside of every block.
            let error = eval("$f := function($n){ $eval('1 + $f(1)') }").map(|_| ());
            assert!(error.is_err());
            continue;
        }
        assert!(stopped(&source).contains("_depth_max"), "{source}");
    }
    let few = Limits { depth: 10, ..Limits::default() };
    assert!(eval_within("((((((((((1))))))))))", few).unwrap_err().message.contains("deeper than 10 levels"));
}

#[test]
fn values_nest_up_to_a_limit() {
    for source in [
        "$reduce([1..100000], function($a, $b){ {'a': $a} }, 0)",
        "$reduce([1..100000], function($a, $b){ [[$a]] }, 0)",
        "$reduce([1..100000], function($a, $b){ $spread({'a': $a}) }, 0)",
        "$reduce([1..100000], function($a, $b){ $append([1], [[$a]]) }, 0)",
        "($g := function($f, $n){ $n > 0 ? $g($f(?), $n - 1) : 1 }; $g($sum, 1000))",
        "($g := function($f, $n){ $n > 0 ? $g($f ~> $sum, $n - 1) : 1 }; $g($sum, 1000))",
        "($g := function($f, $n){ $n > 0 ? $g($f ~> |$|{'a': 1}|, $n - 1) : 1 }; $g($sum, 1000))",
        "$reduce([1..100000], function($a, $b){ $zip([$a], [$a]) }, 0)",
        "$reduce([1..100000], function($a, $b){ $merge([{'a': $a}]) }, 0)",
    ] {
        let message = stopped(source);
        assert!(message.contains("jsonata_value_depth_max"), "{source}: {message}");
    }
    // Functions that hold functions are freed without recursion, however many they are.
    let source = "($g := function($f, $n){ $n > 0 ? $g(function(){ $f }, $n - 1) : 1 }; $g($sum, 20000))";
    assert!(eval(source).is_ok());
}

#[test]
fn expressions_nest_up_to_a_limit() {
    let deep = |open: &str, inner: &str, close: &str| open.repeat(10_000) + inner + &close.repeat(10_000);
    for source in [
        deep("(", "1", ")"),
        deep("[", "1", "]"),
        deep("{'a':", "1", "}"),
        deep("-", "a", ""),
        deep("$f(", "1", ")"),
        deep("function($x){", "1", "}"),
        deep("1+", "1", ""),
        deep("a[", "1", "]"),
        deep("a?", "1", ":1"),
        deep("|", "a", "|a|"),
        deep("a^(", "1", ")"),
        deep("$x:=", "1", ""),
        deep("a.(", "1", ")"),
        deep("a{b:", "1", "}"),
    ] {
        let error = Program::parse(&source).unwrap_err();
        let nested = ["jsonata_nesting_max", "jsonata_tree_depth_max"];
        assert!(nested.iter().any(|limit| error.message.contains(limit)), "{error}");
    }
    for source in [deep("", "1", "&1"), deep("", "$f", "()"), deep("", "a", "~>a"), deep("", "a", "=1")] {
        let error = Program::parse(&source).unwrap_err();
        assert!(error.message.contains("jsonata_tree_depth_max"), "{error}");
    }
    let chain = "1".to_owned() + &"+1".repeat(usize::from(limits::JSONATA_TREE_DEPTH_MAX) - 2);
    assert_eq!(eval(&chain).unwrap(), Some(Value::from(i64::from(limits::JSONATA_TREE_DEPTH_MAX) - 1)));
    let within = usize::from(limits::JSONATA_NESTING_MAX) - 2;
    let source = "(".repeat(within) + "1" + &")".repeat(within);
    assert_eq!(eval(&source).unwrap(), Some(Value::from(1)));
    let long = "a.".repeat(limits::JSONATA_SOURCE_BYTES_MAX) + "a";
    assert!(Program::parse(&long).unwrap_err().message.contains("jsonata_source_bytes_max"));
    assert!(Program::parse(&("a.".repeat(100_000) + "a")).is_ok());
    let parents = "a".to_owned() + &".%".repeat(limits::JSONATA_PARENTS_MAX + 1);
    assert!(Program::parse(&parents).unwrap_err().message.contains("jsonata_parents_max"));
}

#[test]
fn ranges_and_patterns_are_limited() {
    assert_eq!(eval("[1..10000001]").unwrap_err().code, "D2014");
    assert_eq!(eval("[-9e15..9e15]").unwrap_err().code, "D2014");
    let error = Program::parse("/((a{100}){100}){100}/").unwrap_err();
    assert_eq!(error.code, "S0303", "{error}");
    assert!(error.message.contains("limit"), "{error}");
    let many = "/a/, ".repeat(limits::JSONATA_PATTERNS_MAX + 1);
    assert!(Program::parse(&format!("[{many}1]")).unwrap_err().message.contains("jsonata_patterns_max"));
    let groups = format!("/{}/", "(a)".repeat(limits::JSONATA_GROUPS_MAX + 1));
    assert!(Program::parse(&groups).unwrap_err().message.contains("jsonata_groups_max"));
    assert!(stopped("$toMillis('1', $pad('', 513, '[Y]'))").contains("jsonata_picture_bytes_max"));
    assert!(stopped("$toMillis('1', $pad('', 300, '[Y]'))").contains("jsonata_groups_max"));
    let start = Instant::now();
    let source = "$contains($pad('a', 100000, 'a') & 'b', /(a+)+$/)";
    assert_eq!(eval(source).unwrap(), Some(Value::from(false)));
    assert!(start.elapsed().as_secs() < 5, "matching takes linear time");
    // Each search looks at all of the rest and finds one character.
    assert!(stopped("$match($pad('a', 250000, 'a'), /[a-z]*[0-9]|a/)").contains("jsonata_steps_max"));
    assert_eq!(Program::parse("/(a)\\1/").unwrap_err().code, "S0303");
}
