//! What patterns match, by tables; what explanations say; limits; and that nothing panics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use stepwell_rules::{
    ALTERNATIVE_FIELDS_MAX, ALTERNATIVES_MAX, EXPLAINED_CHARACTERS_MAX, EXPLAINED_VALUES_MAX, Event, Explanation, Miss,
    OR_LEVELS_MAX, PATTERN_BYTES_MAX, Pattern, PatternErrorKind, Why,
};

fn matches(pattern: &str, event: &str) -> bool {
    let pattern = Pattern::parse(pattern).unwrap();
    let event = Event::parse(event).unwrap();
    let matched = pattern.matches(&event);
    assert_eq!(pattern.explain(&event).matched(), matched);
    matched
}

#[test]
fn every_operator() {
    for (condition, fitting, others) in [
        (r#""a""#, r#""a" ["b","a"]"#, r#""b" "A" 1 null"#),
        (r#"{"exactly":"a"}"#, r#""a""#, r#""b""#),
        ("300", "300 3e2 300.0", r#"301 "300""#),
        ("true", "true", r#"false "true""#),
        ("null", "null [null]", r#""null" "" [] {}"#),
        (r#""10.0.0.1""#, r#""10.0.0.1" "10.0.0.01""#, r#""10.0.0.2""#),
        (r#"{"prefix":"ab"}"#, r#""ab" "abc""#, r#""a" "AB" 1"#),
        (r#"{"prefix":{"equals-ignore-case":"ab"}}"#, r#""ABc" "ab""#, r#""a""#),
        (r#"{"suffix":".png"}"#, r#""a.png" ".png""#, r#""a.PNG" "png.""#),
        (r#"{"suffix":{"equals-ignore-case":".png"}}"#, r#""a.PNG""#, r#""a.jpg""#),
        (r#"{"equals-ignore-case":"straße"}"#, r#""STRASSE" "Straße""#, r#""strasse""#),
        (r#"{"wildcard":"a*c"}"#, r#""ac" "abc""#, r#""ab" "xac""#),
        (r#"{"cidr":"10.0.0.0/24"}"#, r#""10.0.0.255""#, r#""10.0.1.0" "x""#),
        (r#"{"cidr":"2001:db8::/32"}"#, r#""2001:db8::1""#, r#""2001:db9::1""#),
        (r#"{"numeric":["=",5]}"#, "5 5.0", "4 \"5\""),
        (r#"{"numeric":["<",5]}"#, "4.999999 -1", "5 6"),
        (r#"{"numeric":["<=",5]}"#, "5 4", "5.000001"),
        (r#"{"numeric":[">",5]}"#, "5.000001", "5 4"),
        (r#"{"numeric":[">=",5]}"#, "5", "4.999999"),
        (r#"{"numeric":[">",0,"<=",5]}"#, "5 0.1", "0 5.1"),
        (r#"{"exists":true}"#, r#"1 null "" [{"x":1},2]"#, "{} [] {\"x\":1}"),
        (r#"{"exists":false}"#, "{} []", "1 null"),
        (r#"{"anything-but":"a"}"#, r#""b" 1 null ["a","b"]"#, r#""a" [] {}"#),
        (r#"{"anything-but":["a","b"]}"#, r#""c" 1"#, r#""a" "b""#),
        (r#"{"anything-but":5}"#, r#"6 "5""#, "5 5.0"),
        (r#"{"anything-but":[5,6]}"#, "7", "5 6.0"),
        (r#"{"anything-but":{"prefix":"a"}}"#, r#""b" 1"#, r#""a" "ab""#),
        (r#"{"anything-but":{"prefix":["a","b"]}}"#, r#""c""#, r#""ab" "ba""#),
        (r#"{"anything-but":{"suffix":["a","b"]}}"#, r#""c""#, r#""ab" "ba""#),
        (r#"{"anything-but":{"wildcard":["*a*","b"]}}"#, r#""c" "bb""#, r#""xax" "b""#),
        (r#"{"anything-but":{"equals-ignore-case":["a","B"]}}"#, r#""c""#, r#""A" "b""#),
    ] {
        let pattern = format!(r#"{{"v":[{condition}]}}"#);
        for (values, wanted) in [(fitting, true), (others, false)] {
            for value in values.split(' ') {
                assert_eq!(matches(&pattern, &format!(r#"{{"v":{value}}}"#)), wanted, "{condition} and {value}");
            }
        }
    }
}

#[test]
fn fields_of_one_array_fit_in_one_element() {
    let pattern = r#"{"a":{"b":["1"],"c":["2"]}}"#;
    assert!(matches(pattern, r#"{"a":[{"b":"1","c":"2"}]}"#));
    assert!(!matches(pattern, r#"{"a":[{"b":"1"},{"c":"2"}]}"#));
    assert!(matches(pattern, r#"{"a":[{"b":"1","c":"3"},{"b":"0","c":"2"},{"b":"1","c":"2"}]}"#));
    assert!(!matches(r#"{"a":{"b":{"c":[1],"d":[2]}}}"#, r#"{"a":[{"b":[{"c":1}]},{"b":[{"d":2}]}]}"#));
    assert!(matches(r#"{"a":{"b":[1]},"x":{"y":[2]}}"#, r#"{"a":[{"b":0},{"b":1}],"x":[{"y":2},{"y":0}]}"#));
    let absent = r#"{"a":{"b":[1],"c":[{"exists":false}]}}"#;
    assert!(matches(absent, r#"{"a":[{"b":1},{"b":2,"c":3}]}"#));
    assert!(!matches(absent, r#"{"a":[{"b":1,"c":3},{"b":2}]}"#));
}

#[test]
fn or_at_any_level() {
    let pattern = r#"{"s":["x"],"$or":[{"a":["1"]},{"b":{"$or":[{"c":["2"]},{"d":["3"]}]}}]}"#;
    for (event, wanted) in [
        (r#"{"s":"x","a":"1"}"#, true),
        (r#"{"s":"x","b":{"c":"2"}}"#, true),
        (r#"{"s":"x","b":{"d":"3"}}"#, true),
        (r#"{"s":"x","b":{"d":"2"}}"#, false),
        (r#"{"s":"y","a":"1"}"#, false),
    ] {
        assert_eq!(matches(pattern, event), wanted, "{event}");
    }
    // In the order of the text, the last one counts, in every alternative.
    assert!(matches(r#"{"n":["a"],"$or":[{"n":["b"]},{"c":["x"]}]}"#, r#"{"n":"b"}"#));
    // What cannot be an "or" is a field.
    assert!(matches(r#"{"$or":["x","y"]}"#, r#"{"$or":"x"}"#));
}

#[test]
fn duplicate_keys() {
    assert!(matches(r#"{"a":["x"],"a":["y"]}"#, r#"{"a":"y"}"#));
    assert!(!matches(r#"{"a":["x"],"a":["y"]}"#, r#"{"a":"x"}"#));
    assert!(matches(r#"{"a":["x"]}"#, r#"{"a":"x","a":"y"}"#));
    assert!(matches(r#"{"a":["y"]}"#, r#"{"a":"x","a":"y"}"#));
    assert!(matches(r#"{"a.b":["x"]}"#, r#"{"a":{"b":"x"}}"#));
}

fn misses(pattern: &str, event: &str) -> Vec<(String, Why)> {
    match Pattern::parse(pattern).unwrap().explain(&Event::parse(event).unwrap()) {
        Explanation::Matched { .. } => Vec::new(),
        Explanation::Missed { closest, .. } => {
            closest.into_iter().next().unwrap().misses.into_iter().map(|miss| (miss.field, miss.why)).collect()
        }
    }
}

#[test]
fn explanations_name_the_field() {
    let pattern =
        r#"{"source":["myapp"],"detail":{"state":["running",{"prefix":"start"}],"n":[5],"gone":[{"exists":false}]}}"#;
    let event = r#"{"source":"MyApp","detail":{"state":"stopped","n":"5","gone":1}}"#;
    assert_eq!(
        misses(pattern, event),
        [
            ("detail.gone".to_owned(), Why::Present),
            ("detail.n".to_owned(), Why::OtherType),
            ("detail.state".to_owned(), Why::Different),
            ("source".to_owned(), Why::OtherCase),
        ]
    );
    assert_eq!(
        misses(pattern, r#"{"source":"myapp","detail":{"state":{"x":1},"n":5}}"#).first().unwrap().1,
        Why::AnObject(vec!["x".to_owned()])
    );
    assert_eq!(misses(r#"{"a":[1]}"#, "{}"), [("a".to_owned(), Why::NotThere)]);
    assert_eq!(
        misses(r#"{"a":{"b":["1"],"c":["2"]}}"#, r#"{"a":[{"b":"1"},{"c":"2"}]}"#),
        [("a.c".to_owned(), Why::OtherElement)]
    );
    let text = Pattern::parse(pattern).unwrap().explain(&Event::parse(event).unwrap()).to_string();
    assert!(text.contains(r#"detail.state: wanted "running" or {"prefix":"start"}, found "stopped""#), "{text}");
    let text = Pattern::parse(r#"{"a":[{"prefix":"x"}]}"#)
        .unwrap()
        .explain(&Event::parse(r#"{"a":["y","xyz"]}"#).unwrap())
        .to_string();
    assert_eq!(text, "matches\n  a: \"xyz\" fits {\"prefix\":\"x\"}");
}

#[test]
fn explanations_show_the_closest_alternatives() {
    let pattern = Pattern::parse(r#"{"$or":[{"a":[1],"b":[1],"c":[1]},{"a":[2],"b":[1]}]}"#).unwrap();
    match pattern.explain(&Event::parse(r#"{"b":1}"#).unwrap()) {
        Explanation::Missed { alternatives, closest } => {
            assert_eq!(alternatives, 2);
            let first = closest.first().unwrap();
            assert_eq!((first.alternative, first.fitting, first.misses.len()), (1, 1, 1));
        }
        Explanation::Matched { .. } => panic!("it matched"),
    }
}

/// What is told of the field `a`, where the event does not match.
fn told(pattern: &str, event: &str) -> Miss {
    match Pattern::parse(pattern).unwrap().explain(&Event::parse(event).unwrap()) {
        Explanation::Missed { closest, .. } => closest.first().unwrap().misses.first().unwrap().clone(),
        Explanation::Matched { .. } => panic!("it matched"),
    }
}

#[test]
fn explanations_name_only_so_many_values() {
    for (count, shown) in [
        (EXPLAINED_VALUES_MAX - 1, EXPLAINED_VALUES_MAX - 1),
        (EXPLAINED_VALUES_MAX, EXPLAINED_VALUES_MAX),
        (EXPLAINED_VALUES_MAX + 1, EXPLAINED_VALUES_MAX),
    ] {
        let list = |first: usize| {
            let numbers: Vec<String> = (first..first + count).map(|number| number.to_string()).collect();
            format!(r#"{{"a":[{}]}}"#, numbers.join(","))
        };
        let miss = told(&list(100), &list(200));
        assert_eq!((miss.wanted.len(), miss.found.len()), (shown, shown));
        assert_eq!((miss.wanted.first().unwrap().as_str(), miss.found.first().unwrap().as_str()), ("100", "200"));
        let keys: Vec<String> = (0..count).map(|number| format!(r#""k{number}":1"#)).collect();
        match told(&list(100), &format!(r#"{{"a":{{{}}}}}"#, keys.join(","))).why {
            Why::AnObject(keys) => assert_eq!(keys.len(), shown),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn explanations_show_only_so_many_characters() {
    let quotes = 2;
    let text = |count: usize| format!("\"{}\"", "é".repeat(count - quotes));
    let miss = |count: usize| {
        told(&format!(r#"{{"a":[{}]}}"#, text(count)), &format!(r#"{{"a":{}0}}"#, "1".repeat(count - 1)))
    };
    let whole = miss(EXPLAINED_CHARACTERS_MAX);
    assert_eq!(whole.wanted, [text(EXPLAINED_CHARACTERS_MAX)]);
    assert_eq!(whole.found, [format!("{}0", "1".repeat(EXPLAINED_CHARACTERS_MAX - 1))]);
    let cut = miss(EXPLAINED_CHARACTERS_MAX + 1);
    assert_eq!(cut.wanted, [format!("\"{}…", "é".repeat(EXPLAINED_CHARACTERS_MAX - 1))]);
    assert_eq!(cut.found, [format!("{}…", "1".repeat(EXPLAINED_CHARACTERS_MAX))]);
}

fn limit(pattern: &str) -> bool {
    Pattern::parse(pattern).is_err_and(|error| error.kind() == PatternErrorKind::Limit)
}

#[test]
fn limits_of_patterns() {
    let sized = |bytes: usize| format!(r#"{{"a":["{}"]}}"#, "x".repeat(bytes - 10));
    assert!(Pattern::parse(&sized(PATTERN_BYTES_MAX)).is_ok());
    assert!(limit(&sized(PATTERN_BYTES_MAX + 1)));

    let choices = |count: usize| {
        let objects: Vec<String> = (0..count).map(|number| format!(r#"{{"a":[{number}]}}"#)).collect();
        format!(r#"{{"$or":[{}]}}"#, objects.join(","))
    };
    assert!(Pattern::parse(&choices(ALTERNATIVES_MAX)).is_ok());
    assert!(limit(&choices(ALTERNATIVES_MAX + 1)));

    let nested = |levels: usize| {
        let inner =
            (0..levels).fold(r#"{"a":[1]}"#.to_owned(), |inner, _| format!(r#"{{"$or":[{{"b":[1]}},{inner}]}}"#));
        Pattern::parse(&inner)
    };
    assert!(nested(OR_LEVELS_MAX).is_ok());
    assert!(nested(OR_LEVELS_MAX + 1).is_err_and(|error| error.kind() == PatternErrorKind::Limit));

    // Fifty alternatives, each with the fields beside the `$or` and one of its own.
    let fields: Vec<String> = (1..ALTERNATIVE_FIELDS_MAX / 50).map(|number| format!(r#""f{number}":[1]"#)).collect();
    let with = |last: &str| {
        let objects: Vec<String> = (0..49).map(|number| format!(r#"{{"a":[{number}]}}"#)).collect();
        format!(r#"{{{},"$or":[{},{last}]}}"#, fields.join(","), objects.join(","))
    };
    assert!(Pattern::parse(&with(r#"{"a":[49]}"#)).is_ok());
    assert!(limit(&with(r#"{"a":[49],"b":[1]}"#)));
}

#[test]
fn arrays_that_have_nothing_in_common_do_not_multiply() {
    let array = |name: &str| {
        let elements: Vec<String> = (0..300).map(|_| r#"{"x":1}"#.to_owned()).collect();
        format!(r#""{name}":[{}]"#, elements.join(","))
    };
    let names: Vec<String> = (0..20).map(|number| format!("a{number}")).collect();
    let event = format!("{{{}}}", names.iter().map(|name| array(name)).collect::<Vec<_>>().join(","));
    let fields: Vec<String> = names.iter().map(|name| format!(r#""{name}":{{"x":[1]}}"#)).collect();
    let pattern = format!("{{{},\"z\":[1]}}", fields.join(","));
    assert!(!matches(&pattern, &event));
}

#[test]
fn long_arrays_take_linear_time() {
    let elements: Vec<String> = (0..20_000).map(|_| r#"{"x":1,"y":1,"z":1}"#.to_owned()).collect();
    let inner = format!("[{}]", elements.join(","));
    assert!(!matches(r#"{"a":{"x":[1],"y":[1],"z":[2]}}"#, &format!(r#"{{"a":{inner}}}"#)));
    assert!(!matches(
        r#"{"a":{"b":{"x":[1],"y":[1],"z":[{"exists":false}]}}}"#,
        &format!(r#"{{"a":[{{"b":{inner}}}]}}"#)
    ));
}

#[test]
fn an_event_made_to_multiply_is_given_up() {
    // One key many times over: arrays that share a field without lying in each other.
    let elements: Vec<String> = (0..60).map(|_| r#"{"p":1,"q":1,"r":1,"s":1,"t":1}"#.to_owned()).collect();
    let arrays: Vec<String> = (0..6).map(|_| format!(r#""a":[{}]"#, elements.join(","))).collect();
    let event = Event::parse(&format!("{{{}}}", arrays.join(","))).unwrap();
    let pattern = Pattern::parse(r#"{"a":{"p":[1],"q":[1],"r":[1],"s":[1],"t":[2]}}"#).unwrap();
    assert!(!pattern.matches(&event));
    let pattern = Pattern::parse(r#"{"a":{"p":[1],"q":[1],"r":[1],"s":[1],"t":[{"exists":false}]}}"#).unwrap();
    match pattern.explain(&event) {
        Explanation::Missed { closest, .. } => {
            assert_eq!(closest.first().unwrap().misses.first().unwrap().why, Why::TooManySteps);
        }
        Explanation::Matched { .. } => panic!("it matched"),
    }
}

/// Text that is often JSON, often a pattern, and often neither.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"$or\"",
        "\"a.b\"",
        "1",
        "-0",
        "1e400",
        "null",
        "true",
        "\"",
        "\\",
        "\"prefix\"",
        "\"suffix\"",
        "\"anything-but\"",
        "\"numeric\"",
        "\">\"",
        "\"<\"",
        "\"=\"",
        "\"cidr\"",
        "\"10.0.0.1/8\"",
        "\"::/3\"",
        "\"wildcard\"",
        "\"*a*\"",
        "\"exists\"",
        "\"equals-ignore-case\"",
        "\"ß😀\"",
        "\"\\ud800\"",
        " ",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

fn json(depth: u32) -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["1", "2.0", "\"x\"", "\"xy\"", "\"10.0.0.1\"", "null", "true", "\"É\"", "\"\""])
            .prop_map(str::to_owned);
    leaf.prop_recursive(depth, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(","))),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["a", "b", "c", "a.b", ""]);
    prop::collection::vec((key, inner), 0..4).prop_map(|members| {
        format!("{{{}}}", members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect::<Vec<_>>().join(","))
    })
}

fn pattern() -> impl Strategy<Value = String> {
    let condition = prop::sample::select(vec![
        "1",
        "\"x\"",
        "null",
        "{\"exists\":true}",
        "{\"exists\":false}",
        "{\"prefix\":\"x\"}",
        "{\"anything-but\":\"x\"}",
        "{\"anything-but\":[1,2]}",
        "{\"numeric\":[\">\",1]}",
        "{\"wildcard\":\"*x*\"}",
        "{\"cidr\":\"10.0.0.0/8\"}",
        "{\"suffix\":{\"equals-ignore-case\":\"Y\"}}",
    ]);
    let field = prop::collection::vec(condition, 1..3).prop_map(|conditions| format!("[{}]", conditions.join(",")));
    let fields = |inner: BoxedStrategy<String>| {
        let key = prop::sample::select(vec!["a", "b", "c", "a.b"]);
        prop::collection::vec((key, inner), 1..4).prop_map(|members| {
            format!(
                "{{{}}}",
                members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect::<Vec<_>>().join(",")
            )
        })
    };
    let deeper = field.prop_recursive(3, 20, 3, move |inner| fields(inner.boxed())).boxed();
    let flat = fields(deeper);
    (prop::collection::vec(flat, 2..4), any::<bool>()).prop_map(|(objects, or)| {
        if or { format!("{{\"$or\":[{}]}}", objects.join(",")) } else { objects.into_iter().next().unwrap() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(pattern in soup(), event in soup()) {
        let event = Event::parse(&event);
        if let Ok(pattern) = Pattern::parse(&pattern)
            && let Ok(event) = event
        {
            let _ = pattern.explain(&event).to_string();
        }
    }

    #[test]
    fn any_characters_are_answered(text in ".{0,80}") {
        let _ = Event::parse(&text);
        let _ = Pattern::parse(&format!("{{\"a\":[{{\"wildcard\":{text:?}}},{{\"equals-ignore-case\":{text:?}}}]}}"));
        let _ = Pattern::parse(&text);
    }

    #[test]
    fn explaining_agrees_with_matching(pattern in pattern(), event in object(json(3))) {
        let pattern = Pattern::parse(&pattern).unwrap();
        let event = Event::parse(&event).unwrap();
        let explanation = pattern.explain(&event);
        prop_assert_eq!(explanation.matched(), pattern.matches(&event));
        if let Explanation::Missed { closest, .. } = explanation {
            prop_assert!(closest.iter().all(|near| !near.misses.is_empty()));
        }
    }
}
