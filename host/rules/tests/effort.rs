//! What rules and events made for it cost: counted in steps, which are the same everywhere.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use stepwell_rules::{Event, Pattern, RuleId, RuleSet, Scratch};

/// The rules that match and the steps it took to find them. Few enough are compared with
/// their patterns.
fn effort(patterns: &[String], event: &str) -> (usize, u64) {
    let mut set = RuleSet::with_seed(7);
    let patterns: Vec<Pattern> = patterns.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect();
    for (number, pattern) in patterns.iter().enumerate() {
        set.add(RuleId(u64::try_from(number).unwrap()), pattern);
    }
    let mut scratch = Scratch::new();
    let found: Vec<RuleId> = set.matches_text(event, &mut scratch).unwrap().to_vec();
    let event = Event::parse(event).unwrap();
    for (number, pattern) in patterns.iter().enumerate().step_by(patterns.len() / 20 + 1) {
        let rule = RuleId(u64::try_from(number).unwrap());
        assert_eq!(found.contains(&rule), pattern.matches(&event), "{rule:?}");
    }
    (found.len(), scratch.steps())
}

/// A name, and a condition for each rule.
type Operator = (&'static str, fn(usize) -> String);

fn rules(count: usize, rule: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(rule).collect()
}

fn list(count: usize, value: impl Fn(usize) -> String) -> String {
    (0..count).map(value).collect::<Vec<_>>().join(",")
}

#[test]
fn rules_that_have_nothing_to_do_with_an_event_are_not_touched() {
    let operators: [Operator; 10] = [
        ("exact", |i| format!(r#""t{i}""#)),
        ("prefix", |i| format!(r#"{{"prefix":"t{i}-"}}"#)),
        ("suffix", |i| format!(r#"{{"suffix":"-t{i}"}}"#)),
        ("ignoring case", |i| format!(r#"{{"equals-ignore-case":"T{i}"}}"#)),
        ("prefix ignoring case", |i| format!(r#"{{"prefix":{{"equals-ignore-case":"T{i}-"}}}}"#)),
        ("wildcard", |i| format!(r#"{{"wildcard":"x*/t{i}/*"}}"#)),
        ("range", |i| format!(r#"{{"numeric":[">",{i},"<=",{}]}}"#, i + 1)),
        ("above", |i| format!(r#"{{"numeric":[">",{}]}}"#, i + 100_000)),
        ("cidr", |i| format!(r#"{{"cidr":"10.{}.{}.0/24"}}"#, i / 256, i % 256)),
        ("address", |i| format!(r#""10.0.{}.{}""#, i / 256, i % 256)),
    ];
    let event = r#"{"a":["t77","t77-x","y-t77","X/t77/z",77.5,"10.0.77.7"],"b":"t78"}"#;
    for (name, operator) in operators {
        let (matched, steps) = effort(&rules(5000, |i| format!(r#"{{"a":[{}]}}"#, operator(i))), event);
        assert!(matched <= 4, "{name}: {matched}");
        assert!(steps < 300, "{name}: {steps} steps");
    }
    let (matched, steps) =
        effort(&rules(5000, |i| format!(r#"{{"a":["t{i}"],"b":[{{"anything-but":"t{i}"}}]}}"#)), event);
    assert_eq!(matched, 1);
    assert!(steps < 300, "{steps} steps");
    let (matched, steps) = effort(&rules(5000, |i| format!(r#"{{"f{i}":[{{"exists":false}}],"a":["t{i}"]}}"#)), event);
    assert_eq!(matched, 1);
    assert!(steps < 300, "{steps} steps");
}

#[test]
fn many_values_and_many_rules_do_not_multiply() {
    const MANY: usize = 4000;
    let array = |value: &dyn Fn(usize) -> String| format!(r#"{{"a":[{}]}}"#, list(MANY, value));
    let cases: [(&str, Vec<String>, String); 8] = [
        ("one value for all", rules(MANY, |i| format!(r#"{{"a":["x","y{i}"]}}"#)), array(&|_| r#""x""#.to_owned())),
        ("each its own", rules(MANY, |i| format!(r#"{{"a":["t{i}"]}}"#)), array(&|i| format!(r#""t{i}""#))),
        (
            "one beginning",
            rules(MANY, |i| format!(r#"{{"a":[{{"prefix":"x"}},"y{i}"]}}"#)),
            array(&|i| format!(r#""x{i}""#)),
        ),
        ("above", rules(MANY, |i| format!(r#"{{"a":[{{"numeric":[">",{i}]}}]}}"#)), array(&|i| format!("{i}.5"))),
        (
            "ranges that are met",
            rules(MANY, |i| format!(r#"{{"a":[{{"numeric":[">",{i},"<",{}]}}]}}"#, i + 2000)),
            array(&|i| format!("{i}.5")),
        ),
        (
            "ranges that are missed",
            rules(MANY, |i| format!(r#"{{"a":[{{"numeric":[">",500.{:04},"<",500.{:04}]}}]}}"#, i + 1, i + 2)),
            array(&|i| format!("{}", 500.5 + i as f64 / 10_000.0)),
        ),
        (
            "exceptions",
            rules(MANY, |i| format!(r#"{{"a":[{{"anything-but":["x{i}"]}}]}}"#)),
            array(&|i| format!(r#""x{i}""#)),
        ),
        ("absent", rules(MANY, |i| format!(r#"{{"f{i}":[{{"exists":false}}]}}"#)), array(&|i| format!("{i}"))),
    ];
    for (name, rules, event) in cases {
        let (_, steps) = effort(&rules, &event);
        assert!(steps < 40 * u64::try_from(MANY).unwrap(), "{name}: {steps} steps");
    }
}

#[test]
fn elements_of_an_array_do_not_multiply_with_rules() {
    const MANY: usize = 2000;
    let rules =
        rules(MANY, |i| format!(r#"{{"items":{{"sku":["s{i}"],"kind":["x"],"left":[{{"numeric":[">",0]}}]}}}}"#));
    let event = |kind: &dyn Fn(usize) -> &'static str| {
        format!(r#"{{"items":[{}]}}"#, list(MANY, |i| format!(r#"{{"sku":"s{i}","kind":"{}","left":{i}}}"#, kind(i))))
    };
    for (kind, wanted) in
        [(&(|_| "x") as &dyn Fn(usize) -> &'static str, MANY - 1), (&|i| if i == 5 { "x" } else { "y" }, 1)]
    {
        let (matched, steps) = effort(&rules, &event(kind));
        assert_eq!(matched, wanted);
        assert!(steps < 40 * u64::try_from(MANY).unwrap(), "{steps} steps");
    }
}

#[test]
fn long_values_cost_their_length() {
    const LONG: usize = 100_000;
    let prefixes = rules(2000, |i| format!(r#"{{"a":[{{"prefix":"{}b"}}]}}"#, "a".repeat(i)));
    let suffixes = rules(2000, |i| format!(r#"{{"a":[{{"suffix":"b{}"}}]}}"#, "a".repeat(i)));
    let pieces = rules(2000, |i| format!(r#"{{"a":[{{"wildcard":"*{i:04}*"}}]}}"#));
    let event = format!(r#"{{"a":"{}"}}"#, "a".repeat(LONG));
    for rules in [&prefixes, &suffixes, &pieces] {
        let (matched, steps) = effort(rules, &event);
        assert_eq!(matched, 0);
        assert!(steps < 2 * u64::try_from(LONG).unwrap(), "{steps} steps");
    }
    let digits: String = (0..LONG / 4).map(|i| format!("{:04}", i % 2000)).collect();
    let (matched, steps) = effort(&pieces, &format!(r#"{{"a":"{digits}"}}"#));
    assert_eq!(matched, 2000);
    assert!(steps < 2 * u64::try_from(LONG).unwrap(), "{steps} steps");
}

#[test]
fn removed_rules_are_swept_out() {
    let mut set = RuleSet::new();
    let pattern =
        |i: u64| Pattern::parse(&format!(r#"{{"a":[{{"exists":true}}],"b":[{{"anything-but":"{i}"}}]}}"#)).unwrap();
    for i in 0..3000 {
        set.add(RuleId(i), &pattern(i));
    }
    for i in 0..2990 {
        assert!(set.remove(RuleId(i)));
        assert!(!set.remove(RuleId(i)));
    }
    let mut scratch = Scratch::new();
    let found = set.matches_text(r#"{"a":1,"b":"2995"}"#, &mut scratch).unwrap().to_vec();
    assert_eq!(found, (2990..3000).filter(|i| *i != 2995).map(RuleId).collect::<Vec<_>>());
    assert!(scratch.steps() < 2000, "{} steps", scratch.steps());
    assert_eq!(set.len(), 10);
}

/// Beyond so many elements the search through arrays may give up, and then so does the set.
#[test]
fn where_the_search_gives_up_the_set_does_too() {
    let deep = format!("{}1{}", "[".repeat(900), "]".repeat(900));
    let event = format!(r#"{{"a":[{}],"b":[{{"c":1}}]}}"#, list(575, |_| deep.clone()));
    let mut set = RuleSet::new();
    // It would match, but both asks are looked for in each of the elements.
    set.add(RuleId(1), &Pattern::parse(r#"{"a":[1,{"exists":false}]}"#).unwrap());
    set.add(RuleId(2), &Pattern::parse(r#"{"b":{"c":[1]}}"#).unwrap());
    assert_eq!(set.matches_text(&event, &mut Scratch::new()).unwrap(), [RuleId(2)]);
}

#[test]
fn texts_that_are_no_events_are_refused() {
    let mut set = RuleSet::new();
    set.add(RuleId(1), &Pattern::parse(r#"{"a":{"b":[1]}}"#).unwrap());
    let mut scratch = Scratch::new();
    for bad in [
        "",
        "[]",
        "1",
        "{",
        r#"{"a""#,
        r#"{"a":}"#,
        r#"{"a":{"b":1}"#,
        r#"{"a":{"b":1 2}}"#,
        r#"{"a":{"b":x}}"#,
        "\u{feff}{}",
    ] {
        assert!(set.matches_text(bad, &mut scratch).is_err(), "{bad}");
    }
    let nested = |levels: usize| format!(r#"{{"a":{{"b":{}1{}}}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(set.matches_text(&nested(998), &mut scratch).unwrap(), [RuleId(1)]);
    assert!(set.matches_text(&nested(999), &mut scratch).is_err());
    assert!(set.matches_text(&format!(r#"{{"x":{}1{}}}"#, "[".repeat(1000), "]".repeat(1000)), &mut scratch).is_err());
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(stepwell_rules::EVENT_BYTES_MAX));
    assert!(set.matches_text(&long, &mut scratch).is_err());
}
