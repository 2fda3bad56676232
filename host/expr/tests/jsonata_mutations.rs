//! Expressions broken at random: whatever they are, reading and evaluating them ends, and
//! nothing panics. The seed is printed; `JSONATA_SEED` repeats a run and `JSONATA_SECONDS` makes
//! it longer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use stepwell_expr::jsonata::{Bindings, Dialect, Limits, Program};
use stepwell_expr::{Entropy, Value};

/// Pieces that are put into expressions.
const PIECES: [&str; 52] = [
    "$",
    "$$",
    "%",
    "*",
    "**",
    ".",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    ";",
    ":",
    "?",
    ":=",
    "~>",
    "^(",
    "@$a",
    "#$i",
    "|",
    "..",
    "-",
    "0",
    "1e308",
    "-1",
    "\"",
    "'",
    "`",
    "/",
    "/a/i",
    "\\u",
    "é",
    "😀",
    " and ",
    " in ",
    "$map",
    "function($x){",
    "$sum(",
    "$fromMillis(",
    "[Y0001]",
    "[M",
    "[]",
    "null",
    "?:",
    "??",
    "<s-:n>",
    "$formatNumber(",
    "'#,##0.00;(e)'",
    "$toMillis(",
    "$pad(",
];

/// Always there, and more where the shared suite is.
const SEEDS: [&str; 12] = [
    "$fromMillis(1521801216617, '[FNn,3-3], [D1o] [MNn,3-3] [Y] [C] [Z01:01t] [P]', '-0530')",
    "$toMillis('Mon, Twelfth November 2018', '[FNn,*-3], [DWwo] [MNn] [Y]')",
    "$formatNumber(1234.5678, '#,##0.00e0;(#)', {'zero-digit': '０'})",
    "$formatInteger(1234567, 'Ww;o') & $parseInteger('MCM', 'I')",
    "$replace('abcabc', /(a)(b)/i, '$2$1$0$$') ~> $split(/c/, 2)",
    "Account.Order@$o.Product#$i[Price > 10]{$o.OrderID: [$i, %.%.Name, $sum(Price)]}",
    "Account ~> |Order.Product|{'Total': Price * Quantity}, ['SKU']|",
    "($f := function($n)<n:n>{ $n <= 1 ? 1 : $n * $f($n - 1) }; $map([1..5], $f)^(>$))",
    "$substring($string($states), -3, 2) & $pad('x', -5, 'ab') & $formatBase(255, 16)",
    "**[$type($) = 'number'][-1] + $average([1, 2, 3][[0..1]])",
    "$eval('[1, $string(2)]')[0] ?: $lookup({'a': 1}, 'a') ?? $zip([1], [2])",
    "$match('a-b', /(\\w)-(\\w)/).groups[1] in ['b', $decodeUrl('%41')]",
];

#[test]
fn broken_expressions_do_not_panic() {
    let seed = std::env::var("JSONATA_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap_or(7)
    });
    let seconds = std::env::var("JSONATA_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3);
    eprintln!("JSONATA_SEED={seed}");
    let mut random = Entropy::new(seed);
    let (seeds, input) = seeds();
    let bindings = Bindings::new().with("states", input.clone());
    let limits = Limits { steps: 20_000, bytes: 4_000_000, ..Limits::default() };
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut read, mut evaluated, mut good) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < end {
        let source = mutated(&seeds, &mut random);
        let start = Instant::now();
        let outcome = std::panic::catch_unwind(|| {
            let program = Program::parse_as(&source, Dialect::Suite).ok()?;
            assert!(program.variables().iter().all(|path| path.offset < source.len()));
            let result = program.eval(&bindings, Some(&input), &mut Entropy::new(seed), 1_500_000_000_000, limits);
            Some(result.is_ok())
        });
        match outcome {
            Ok(Some(true)) => (evaluated, good) = (evaluated + 1, good + 1),
            Ok(Some(false)) => evaluated += 1,
            Ok(None) => {}
            Err(_) => panic!("JSONATA_SEED={seed}: {source:?} panics"),
        }
        read += 1;
        let took = start.elapsed();
        assert!(took < Duration::from_secs(5), "JSONATA_SEED={seed}: {source:?} took {took:?}");
    }
    eprintln!("{read} expressions, {evaluated} could be read, {good} gave a result");
    assert!(evaluated > 0 && good > 0);
}

fn seeds() -> (Vec<String>, Value) {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/jsonata");
    let mut seeds: Vec<String> = SEEDS.iter().map(|seed| (*seed).to_owned()).collect();
    let mut input = Value::parse(r#"{"Account": {"Order": [{"OrderID": "a", "Product": [{"Price": 11, "SKU": 1}]}]}}"#);
    if let Ok(cases) = std::fs::read_to_string(shared.join("cases.json")) {
        let cases = Value::parse(&cases).unwrap();
        let slow = |case: &Value| case.get("timelimit").is_some();
        let cases = cases.as_array().unwrap().iter().filter(|case| !slow(case));
        seeds.extend(cases.filter_map(|case| case.get("expr")?.as_str().map(str::to_owned)));
    }
    if let Ok(datasets) = std::fs::read_to_string(shared.join("datasets.json")) {
        input = Value::parse(&datasets).map(|datasets| datasets.get("dataset5").cloned().unwrap_or_default());
    }
    (seeds, input.unwrap())
}

fn mutated(seeds: &[String], random: &mut Entropy) -> String {
    let mut pick = |count: usize| usize::try_from(random.next_u64() % u64::try_from(count.max(1)).unwrap()).unwrap();
    let mut chars: Vec<char> = seeds[pick(seeds.len())].chars().collect();
    for _ in 0..=pick(4) {
        let at = pick(chars.len() + 1);
        match pick(5) {
            0 => {
                let end = (at + 1 + pick(4)).min(chars.len());
                chars.drain(at.min(end)..end);
            }
            1 => {
                let piece: Vec<char> = PIECES[pick(PIECES.len())].chars().collect();
                chars.splice(at..at, piece);
            }
            2 => {
                let other: Vec<char> = seeds[pick(seeds.len())].chars().collect();
                let from = pick(other.len());
                let part: Vec<char> = other.into_iter().skip(from).take(1 + pick(20)).collect();
                chars.splice(at..at, part);
            }
            3 => {
                let from = pick(chars.len());
                let part: Vec<char> = chars.iter().skip(from).take(1 + pick(12)).copied().collect();
                chars.splice(at..at, part);
            }
            _ => {
                let other = pick(chars.len());
                if at < chars.len() && other < chars.len() {
                    chars.swap(at, other);
                }
            }
        }
    }
    chars.into_iter().collect()
}
