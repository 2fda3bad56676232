//! How many events one core matches per second: text in, numbers of the matching rules out.
//! `cargo xtask bench rules [NAME…]`, where a name picks the sets that contain it.
//!
//! The stated figures of other engines were measured on a busy machine of two cores with one
//! thread, per second of its CPU time, as these are.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

mod lots;
mod measure;
mod scale;

use std::collections::BTreeMap;
use std::path::PathBuf;

use measure::{Built, Measured, build, cpu_seconds, measure};
use scale::Kind;
use serde_json::Value;
use serde_json::value::RawValue;
use stepwell_rules::{Pattern, RuleId, RuleSet, Scratch};

/// What was measured of the engine Ruler 2.0.1 on the sets of lots (events a second).
const RULER_LOTS: [(&str, u32); 16] = [
    ("EXACT", 401_064),
    ("WILDCARD", 279_877),
    ("PREFIX", 377_014),
    ("PREFIX_EQUALS_IGNORE_CASE", 407_121),
    ("SUFFIX", 407_067),
    ("SUFFIX_EQUALS_IGNORE_CASE", 409_826),
    ("EQUALS_IGNORE_CASE", 350_312),
    ("COMPLEX_ARRAYS", 49_556),
    ("NUMERIC", 168_023),
    ("ANYTHING_BUT", 201_167),
    ("ANYTHING_BUT_IGNORE_CASE", 174_255),
    ("ANYTHING_BUT_PREFIX", 208_692),
    ("ANYTHING_BUT_SUFFIX", 205_044),
    ("ANYTHING_BUT_WILDCARD", 214_718),
    ("PARTIAL_COMBO", 59_214),
    ("COMBO", 24_407),
];
/// The same with many rules, and what was measured of quamina 0.7.0 where it ran.
const SCALE: [(Kind, usize, u32, Option<u32>); 19] = [
    (Kind::Exact, 1, 334_790, Some(895_548)),
    (Kind::Exact, 1_000, 210_685, Some(534_599)),
    (Kind::Exact, 10_000, 171_216, Some(460_937)),
    (Kind::Exact, 100_000, 102_112, None),
    (Kind::Prefix, 1_000, 163_782, Some(520_618)),
    (Kind::Prefix, 10_000, 117_033, Some(406_722)),
    (Kind::Suffix, 1_000, 125_803, Some(844_416)),
    (Kind::Suffix, 10_000, 110_064, Some(586_540)),
    (Kind::Wildcard, 1_000, 100_233, Some(250_184)),
    (Kind::Wildcard, 10_000, 58_825, None),
    (Kind::AnythingBut, 1_000, 11_481, None),
    (Kind::AnythingBut, 10_000, 1_067, None),
    (Kind::Numeric, 1_000, 181_032, Some(875_117)),
    (Kind::Numeric, 10_000, 113_552, Some(614_793)),
    (Kind::Or, 1_000, 157_750, None),
    (Kind::Or, 10_000, 113_971, None),
    (Kind::Multi, 1_000, 115_786, None),
    (Kind::Multi, 10_000, 29_317, None),
    (Kind::Multi, 100_000, 0, None),
];
const RULER_TIMES: f64 = 3.0;
const QUAMINA_TIMES: f64 = 1.2;
/// What 100,000 rules may take.
const MEMORY_AIM_BYTES: usize = 64 * 1024 * 1024;
const BUILD_AIM_SECONDS: f64 = 2.0;
const MANY_RULES: usize = 100_000;
const OPERATOR_RULES: usize = 10_000;
const LOTS: usize = 50_000;

/// What is printed and what was missed.
#[derive(Default)]
struct Report {
    wanted: Vec<String>,
    missed: Vec<String>,
}

fn main() {
    let mut report = Report { wanted: std::env::args().skip(1).collect(), missed: Vec::new() };
    let events = scale::events(Kind::Exact, 1000);
    let bytes = events.iter().map(String::len).sum::<usize>() / events.len();
    println!("events/s per second of the matching thread's CPU time, text in, rules out: median of 5 passes (best)");
    println!("many rules, events of {bytes} bytes");
    heading();
    for (kind, rules, ruler, quamina) in SCALE {
        report.scale(kind, rules, ruler, quamina);
    }
    report.lots();
    report.operators();
    report.changes();
    println!();
    match report.missed.as_slice() {
        [] => println!("every aim of the sets that ran is reached"),
        missed => missed.iter().for_each(|line| println!("missed: {line}")),
    }
}

fn heading() {
    println!(
        "{:<36} {:>7} {:>10} {:>10} {:>10} {:>9} {:>9} {:>9} {:>8} {:>7}",
        "set", "rules", "events/s", "(best)", "aim", "Ruler", "quamina", "KiB", "build s", "matches"
    );
}

impl Report {
    fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| name.contains(wanted.as_str()))
    }

    fn scale(&mut self, kind: Kind, rules: usize, ruler: u32, quamina: Option<u32>) {
        let name = format!("{} {rules}", kind.name());
        if !self.wants(&name) {
            return;
        }
        let built = build((0..rules).map(|i| kind.rule(i)));
        let measured = self.line(&name, &scale::events(kind, rules), &built, (ruler, quamina));
        // Each event matches the rules of its source and type but its own, or its own.
        let wanted = if kind == Kind::AnythingBut && rules > 1000 { 19_000 } else { 1_000 };
        assert_eq!(measured.matches, wanted, "{name}: the numbers of matches differ");
        if rules == MANY_RULES && built.bytes > MEMORY_AIM_BYTES {
            self.missed.push(format!("{name}: {} bytes, at most {MEMORY_AIM_BYTES} wanted", built.bytes));
        }
        if rules == MANY_RULES && built.seconds > BUILD_AIM_SECONDS {
            self.missed.push(format!("{name}: built in {:.2} s, at most {BUILD_AIM_SECONDS} wanted", built.seconds));
        }
    }

    fn lots(&mut self) {
        let names: Vec<&str> = RULER_LOTS.iter().map(|(name, _)| *name).filter(|name| self.wants(name)).collect();
        if names.is_empty() {
            return;
        }
        let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bench/events");
        let read = |file: &str| std::fs::read_to_string(shared.join(file));
        let (Ok(rules), Ok(expected)) = (read("ruler-rulesets.json"), read("lots-50k-expected.json")) else {
            println!("SKIPPED: the rule sets for lots are not beside the repository");
            return;
        };
        let rules: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&rules).unwrap();
        let sets: BTreeMap<String, Vec<Box<RawValue>>> = serde_json::from_str(rules["sets"].get()).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let events = lots::lots(LOTS);
        let bytes = events.iter().map(String::len).sum::<usize>() / events.len();
        println!("\nlots, {} made-up events of {bytes} bytes", events.len());
        heading();
        for (name, ruler) in RULER_LOTS.iter().filter(|(name, _)| names.contains(name)) {
            let built = build(sets[*name].iter().map(|rule| rule.get().to_owned()));
            let counts = serde_json::to_value(counts(&built.set, &events)).unwrap();
            assert_eq!(counts, expected["matches"][*name], "{name}: the numbers of matches differ");
            self.line(name, &events, &built, (*ruler, None));
        }
    }

    /// Every operator by itself: none may be much slower than the others, but for what it
    /// takes to list the rules that match.
    fn operators(&mut self) {
        let wanted: Vec<_> = scale::OPERATORS.iter().filter(|(name, _)| self.wants(name)).collect();
        if wanted.is_empty() {
            return;
        }
        println!("\n{OPERATOR_RULES} rules that ask for one thing only");
        heading();
        let events = scale::operator_events(OPERATOR_RULES);
        for (name, rule) in wanted {
            let built = build((0..OPERATOR_RULES).map(|i| scale::operator_rule(&rule(i))));
            self.line(name, &events, &built, (0, None));
        }
    }

    /// Adding a rule to a large set while readers keep what they have.
    fn changes(&mut self) {
        if !self.wants("changes") {
            return;
        }
        let mut set = build((0..MANY_RULES).map(|i| Kind::Exact.rule(i))).set;
        let patterns: Vec<Pattern> =
            (0..1000).map(|i| Pattern::parse(&Kind::Exact.rule(MANY_RULES + i)).unwrap()).collect();
        let mut kept = set.clone();
        let begun = cpu_seconds();
        for (i, pattern) in patterns.iter().enumerate() {
            set.add(RuleId((MANY_RULES + i) as u64), pattern);
            kept = set.clone();
        }
        let added = (cpu_seconds() - begun) / patterns.len() as f64 * 1e6;
        let begun = cpu_seconds();
        for i in 0..patterns.len() {
            set.remove(RuleId((i * 97) as u64));
            kept = set.clone();
        }
        let removed = (cpu_seconds() - begun) / patterns.len() as f64 * 1e6;
        println!("\nchanging a set of {MANY_RULES} rules, each time publishing a copy for readers:");
        println!("  add {added:.0} µs, remove {removed:.0} µs; {} rules at the end", kept.len());
    }

    /// Measures a set that has been built, and prints what came out.
    fn line(&mut self, name: &str, events: &[String], built: &Built, stated: (u32, Option<u32>)) -> Measured {
        let (measured, (ruler, quamina)) = (measure(&built.set, events), stated);
        let aim =
            (f64::from(ruler) * RULER_TIMES).max(quamina.map_or(0.0, |quamina| f64::from(quamina) * QUAMINA_TIMES));
        let shown = |number: Option<u32>| number.filter(|n| *n > 0).map_or("-".to_owned(), |number| number.to_string());
        println!(
            "{name:<36} {:>7} {:>10.0} {:>10.0} {:>10} {:>9} {:>9} {:>9} {:>8.3} {:>7}",
            built.set.len(),
            measured.median,
            measured.best,
            shown(Some(aim as u32)),
            shown(Some(ruler)),
            shown(quamina),
            built.bytes / 1024,
            built.seconds,
            measured.matches,
        );
        if measured.median < aim {
            let percent = measured.median / aim * 100.0;
            // What remains of the time when no rule asks about anything that is there.
            let bare = build(std::iter::once(r#"{"\u0000":[1]}"#.to_owned()));
            let reading = measured.median / measure(&bare.set, events).median * 100.0;
            self.missed.push(format!(
                "{name}: {:.0} events/s, {percent:.0} % of {aim:.0}; skipping through the text takes {reading:.0} % of \
                 the time, values and rules the rest ({:.1} matches an event)",
                measured.median,
                measured.matches as f64 / events.len() as f64
            ));
        }
        measured
    }
}

/// How often each rule matches.
fn counts(set: &RuleSet, events: &[String]) -> Vec<usize> {
    let mut counts = vec![0; set.len()];
    let mut scratch = Scratch::new();
    for event in events {
        for RuleId(rule) in set.matches_text(event, &mut scratch).unwrap() {
            counts[*rule as usize] += 1;
        }
    }
    counts
}
