//! What JSONata expressions give, in the dialect of AWS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use stepwell_expr::jsonata::{Bindings, Dialect, Limits, Program, VariablePath};
use stepwell_expr::{Entropy, Value};

const NOW_MILLIS: i64 = 1_521_801_216_617;

/// The result as JSON text, `undefined`, or an error's code.
fn outcome(source: &str, dialect: Dialect) -> String {
    let input = Value::parse(
        r#"{
            "order": {"id": "o-1", "customer": {"name": "Ada", "tags": ["a"]}},
            "items": [{"sku": "x", "price": 2.5, "quantity": 4}, {"sku": "y", "price": 10, "quantity": 1}],
            "nested": [[1, 2], [3, [4]]], "empty": [], "nothing": null, "big": 9007199254740993, "text": "naïve 😀"
        }"#,
    )
    .unwrap();
    let bindings = Bindings::new().with("states", Value::object([("input", input.clone())]));
    let program = match Program::parse_as(source, dialect) {
        Ok(program) => program,
        Err(error) => return error.code.to_owned(),
    };
    match program.eval(&bindings, Some(&input), &mut Entropy::new(7), NOW_MILLIS, Limits::default()) {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.code.to_owned(),
    }
}

fn check(table: &[(&str, &str)]) {
    for (source, wanted) in table {
        assert_eq!(outcome(source, Dialect::Aws206), *wanted, "{source}");
    }
}

#[test]
fn paths_and_sequences() {
    check(&[
        ("$states.input.order.customer.name", r#""Ada""#),
        ("order.customer.tags", r#"["a"]"#),
        ("order.customer.tags[0]", r#""a""#),
        ("items.sku", r#"["x","y"]"#),
        ("items[0].sku", r#""x""#),
        ("items[0].sku[]", r#"["x"]"#),
        ("items[-1].price", "10"),
        ("items[price > 5].sku", r#""y""#),
        ("items[price > 50].sku", "undefined"),
        ("items[[0..1]].price", "[2.5,10]"),
        ("items.(price * quantity)", "[10,10]"),
        ("$sum(items.(price * quantity))", "20"),
        ("items.{'s': sku, 'none': missing}", r#"[{"s":"x"},{"s":"y"}]"#),
        ("items{sku: price}", r#"{"x":2.5,"y":10}"#),
        ("items^(>price).sku", r#"["y","x"]"#),
        ("items#$i.{'i': $i, 'sku': sku}", r#"[{"i":0,"sku":"x"},{"i":1,"sku":"y"}]"#),
        ("items@$item.order.(customer.name & $item.sku)", r#"["Adax","Aday"]"#),
        ("items.sku.($keys(%))", r#"["sku","price","quantity","sku","price","quantity"]"#),
        ("nested", "[[1,2],[3,[4]]]"),
        ("nested.$", "[1,2,3,[4]]"),
        ("nested[0]", "[1,2]"),
        ("empty", "[]"),
        ("nothing", "null"),
        ("missing.deeper", "undefined"),
        ("**.name", r#""Ada""#),
        ("order.*.name", r#""Ada""#),
        ("big", "9007199254740993"),
        ("[1..3]", "[1,2,3]"),
        ("[1, [2, 3], [4..5]]", "[1,[2,3],[4,5]]"),
        ("$.order.id", r#""o-1""#),
        ("$$.order.id", r#""o-1""#),
    ]);
}

#[test]
fn operators_and_functions() {
    check(&[
        ("1 + 2 * 3 - 4 / 2 % 3", "5"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("$string(0.1 + 0.2)", r#""0.3""#),
        ("'a' & 1 & true & null & missing", r#""a1truenull""#),
        ("1 = 1.0 and 'a' != 'b' or missing", "true"),
        ("2 in [1, 2]", "true"),
        ("missing = missing", "false"),
        ("1 < 'a'", "T2009"),
        ("'a' + 1", "T2001"),
        ("1 / 0", "D1001"),
        ("items ? 'yes' : 'no'", r#""yes""#),
        ("($x := 2; $f := function($y){ $x * $y }; $f(4))", "8"),
        ("$map([1, 2, 3], function($v, $i){ $v * $i })", "[0,2,6]"),
        ("$filter(items, function($v){ $v.price < 5 }).sku", r#""x""#),
        ("$reduce([1..5], function($a, $b){ $a * $b })", "120"),
        ("($f := $substring(?, 0, 2); $f('hello'))", r#""he""#),
        ("'  a  b ' ~> $trim() ~> $uppercase()", r#""A B""#),
        ("($g := $trim ~> $uppercase; $g(' x '))", r#""X""#),
        ("order ~> |customer|{'name': 'Eve'}, 'tags'|", r#"{"id":"o-1","customer":{"name":"Eve"}}"#),
        ("$length(text)", "7"),
        ("$substring(text, -1)", r#""😀""#),
        ("$replace('2024-01', /(\\d+)-(\\d+)/, '$2/$1')", r#""01/2024""#),
        ("$match('ab12', /[0-9]/)[0].index", "2"),
        ("$split('a,b;c', /[,;]/)", r#"["a","b","c"]"#),
        ("$contains('abc', /B/i)", "true"),
        ("$round(2.5) & $round(3.5) & $round(-1.25, 1)", r#""24-1.2""#),
        ("$formatNumber(1234.5, '#,##0.00')", r#""1,234.50""#),
        ("$formatInteger(1999, 'I')", r#""MCMXCIX""#),
        ("$formatBase(255, 16)", r#""ff""#),
        ("$merge([{'a': 1}, {'b': 2, 'a': 3}])", r#"{"a":3,"b":2}"#),
        ("$distinct([1, '1', 1.0, {'a': 1}, {'a': 1}])", r#"[1,"1",{"a":1}]"#),
        ("$type($sum)", r#""function""#),
        ("$error('no')", "D3137"),
        ("$assert(false, 'no')", "D3141"),
        ("$nosuch(1)", "T1006"),
        ("sum(1)", "T1005"),
        ("$sum('a')", "T0412"),
        ("$uppercase(1)", "T0410"),
        ("function($x){ $x }", "T1013"),
        ("{'f': $sum}", r#"{"f":""}"#),
    ]);
}

#[test]
fn what_aws_adds_and_leaves_out() {
    check(&[
        ("$partition([1, 2, 3, 4, 5], 2)", "[[1,2],[3,4],[5]]"),
        ("$partition([1], 4)", "[[1]]"),
        ("$partition([1, 2, 3], 2.9)", "[[1,2],[3]]"),
        ("$partition([1, 2, 3], 0)", "D3900"),
        ("$range(0, 10, 3)", "[0,3,6,9]"),
        ("$range(3, 1, -1)", "[3,2,1]"),
        ("$range(1, 9, 9)", "1"),
        ("$range(1, 9, 0.5)", "D3900"),
        ("$hash('input', 'SHA-1')", r#""140f86aae51ab9e1cda9b4254fe98a74eb54c1a1""#),
        ("$hash('input', 'ROT13')", "D3900"),
        ("$random(42)", "0.7275636800328681"),
        ("$random(42.9) = $random(42)", "true"),
        ("$length($uuid())", "36"),
        ("$parse('{\"a\": [1, 2]}').a[1]", "2"),
        ("$parse('{')", "D3900"),
        ("$eval('1')", "T1006"),
        ("1 ?: 2", "S0201"),
        ("1 ?? 2", "S0211"),
    ]);
    assert_eq!(outcome("0 ?: 2", Dialect::Suite), "2");
    assert_eq!(outcome("missing ?? 2", Dialect::Suite), "2");
    assert_eq!(outcome("$eval('1 + 1')", Dialect::Suite), "2");
    assert_eq!(outcome("$partition([1], 1)", Dialect::Suite), "T1006");
}

#[test]
fn time_and_chance_are_given() {
    check(&[
        ("$millis()", "1521801216617"),
        ("$now()", r#""2018-03-23T10:33:36.617Z""#),
        ("$now('[D1o] [MNn] [Y]')", r#""23rd March 2018""#),
        ("$fromMillis(0)", r#""1970-01-01T00:00:00.000Z""#),
        ("$fromMillis(1531310400000, '[H01]:[m01][Z]', '-0530')", r#""06:30-05:30""#),
        ("$toMillis('2018-03-23T10:33:36.617Z')", "1521801216617"),
        ("$toMillis('2018-03-23T12:33:36+02:00')", "1521801216000"),
        ("$toMillis('23/3/2018', '[D]/[M]/[Y]')", "1521763200000"),
        ("$toMillis('yesterday')", "D3110"),
        ("$fromMillis(1e300)", "D1001"),
    ]);
    for source in ["$random()", "$uuid()", "$shuffle([1..20])"] {
        let once = outcome(source, Dialect::Aws206);
        assert_eq!(once, outcome(source, Dialect::Aws206), "{source}");
    }
    let random = outcome("[$random(), $uuid(), $random()]", Dialect::Aws206);
    assert!(random.starts_with("[0."), "{random}");
}

#[test]
fn the_depth_of_an_order_book_is_found_by_its_parents() {
    check(&[("items.price.{'sku': %.sku, 'order': %.%.order.id}[0]", r#"{"sku":"x","order":"o-1"}"#)]);
}

#[test]
fn uses_of_variables_are_listed_for_checks() {
    let program = Program::parse("$states.result.a[0].b + ($x := $y; $x) & $map($states.input, function($v){ $v.k })");
    let program = program.unwrap();
    let variables = program.variables();
    let shown: Vec<_> = variables
        .iter()
        .map(|VariablePath { variable, members, offset, bound, builtin }| {
            format!("{offset} {variable} {} {bound} {builtin}", members.join("."))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0 states result.a.b false false",
            "31 y  false false",
            "35 x  true false",
            "41 map  false true",
            "46 states input false false",
            "75 v k true false",
        ]
    );
    let context = Program::parse("$.a & $$.b & c").unwrap();
    let names: Vec<_> = context.variables().iter().map(|path| path.variable.to_owned()).collect();
    assert_eq!(names, ["", "$"]);
}

#[test]
fn errors_say_where() {
    let error = Program::parse("1 +").unwrap_err();
    assert_eq!((error.code, error.offset), ("S0207", 3));
    let error = Program::parse("$states.input.[").unwrap_err();
    assert_eq!(error.code, "S0207");
    let program = Program::parse("1 + $nosuch(2)").unwrap();
    let error = program.eval(&Bindings::new(), None, &mut Entropy::new(7), 0, Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "T1006: Attempted to invoke a non-function");
    assert_eq!((error.offset, error.token.as_deref()), (11, Some("nosuch")));
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Program::parse("1").unwrap());
}
