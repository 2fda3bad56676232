use super::*;
use crate::entropy::Entropy;
use crate::limits::{FILTER_DEPTH_MAX, PATH_SEGMENTS_MAX, VARIABLE_NAME_CHARS_MAX};
use crate::value::Map;

const DOCUMENT: &str = r#"{
    "a": {"b": {"c": 1}, "x y": 2, "n": null},
    "list": [10, 20, 30, 40],
    "books": [
        {"id": 1, "price": 8, "tags": ["x"]},
        {"id": 2, "price": 12.5, "tags": [], "isbn": null},
        {"id": 3, "price": "8", "isbn": "i3"}
    ],
    "a-b": 3, "0": 4, "@type": 5, "it's": 6, "back\\slash": 7, "aws:tag": 8, "π": 9
}"#;

fn select(path: &str) -> Selection {
    let document = Value::parse(DOCUMENT).unwrap();
    Path::parse(path).unwrap().select(&Scope::new(&document, &Value::Null))
}

#[test]
fn definite_paths_select_one_value() {
    for (path, expected) in [
        ("$.a.b.c", "1"),
        ("$['a']['b']['c']", "1"),
        ("$.a.['x y']", "2"),
        (r#"$["a"]["x y"]"#, "2"),
        ("$.a.n", "null"),
        ("$.list[0]", "10"),
        ("$.list[-1]", "40"),
        ("$.list.[ 1 ]", "20"),
        ("$.books[1].price", "12.5"),
        ("$.a-b", "3"),
        ("$.0", "4"),
        ("$.@type", "5"),
        (r"$['it\'s']", "6"),
        (r#"$["it's"]"#, "6"),
        (r"$['back\slash']", "7"),
        (r"$['back\\slash']", "7"),
        ("$.aws:tag", "8"),
        ("$.π", "9"),
    ] {
        assert_eq!(select(path), Selection::One(Value::parse(expected).unwrap()), "{path}");
        assert!(Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn definite_paths_may_select_nothing() {
    for path in ["$.nope", "$.a.b.c.d", "$.list[4]", "$.list[-5]", "$.a[0]", "$.list.b", "$.a.n.x"] {
        assert_eq!(select(path), Selection::None, "{path}");
    }
}

#[test]
fn indefinite_paths_select_an_array() {
    for (path, expected) in [
        ("$.list[*]", "[10,20,30,40]"),
        ("$.list[0,2,9]", "[10,30]"),
        ("$.list[1:3]", "[20,30]"),
        ("$.list[-2:]", "[30,40]"),
        ("$.list[:-1]", "[10,20,30]"),
        ("$.list[::2]", "[10,30]"),
        ("$.list[::-1]", "[40,30,20,10]"),
        ("$.list[3:0:-2]", "[40,20]"),
        ("$.list[::0]", "[]"),
        ("$.list[9:]", "[]"),
        ("$.a.*", r#"[{"c":1},2,null]"#),
        ("$.books[*].id", "[1,2,3]"),
        ("$['0','a-b','nope']", "[4,3]"),
        ("$..id", "[1,2,3]"),
        ("$..b", r#"[{"c":1}]"#),
        ("$..['c']", "[1]"),
        ("$.books..tags[0]", r#"["x"]"#),
        ("$.a..*", r#"[{"c":1},2,null,1]"#),
        ("$.nope[*]", "[]"),
        ("$.nope.x[0:1].y", "[]"),
        ("$.books[?(@.price < 10)].id", "[1]"),
        ("$.books[?(@.price<=12.5)].id", "[1,2]"),
        ("$.books[?(10 > @.price)].id", "[1]"),
        ("$.books[?(@.price >= '8')].id", "[3]"),
        ("$.books[?(@.price == \"8\")].id", "[3]"),
        ("$.books[?(@.price != 8)].id", "[2,3]"),
        ("$.books[?(@.isbn)].id", "[2,3]"),
        ("$.books[?(!(@.isbn))].id", "[1]"),
        ("$.books[?(!@.isbn)].id", "[1]"),
        ("$.books[?(@.isbn == null)].id", "[2]"),
        ("$.books[?(@.nope == null)].id", "[]"),
        ("$.books[?(@.nope != 1)].id", "[1,2,3]"),
        ("$.books[?(@.id == 1 || @.id == 2 && @.price > 100)].id", "[1]"),
        ("$.books[?((@.id == 1 || @.id == 2) && @.price > 10)].id", "[2]"),
        ("$.books[?(@.tags[0] == 'x')].id", "[1]"),
        ("$.books[?(@.tags[?(@ == 'x')])].id", "[1]"),
        ("$.books[?(@.tags == @.tags)].id", "[1,2]"),
        ("$.books[?(@['id'] == -1e0)].id", "[]"),
        ("$.list[?(@ > 15 && @ != 30)]", "[20,40]"),
        ("$.a[?(@.n)].b.c", "[1]"),
        ("$..[?(@.id > 1)].id", "[2,3]"),
        ("$..[?(@ == 20)]", "[20]"),
    ] {
        assert_eq!(select(path), Selection::Many(Value::parse(expected).unwrap()), "{path}");
        assert!(!Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn each_root_is_a_document_of_its_own() {
    let (input, context) = (Value::from(1), Value::parse(r#"{"Execution":{"Name":"n"}}"#).unwrap());
    let variables: Map = [("total_1", Value::parse("[7]").unwrap())].into_iter().collect();
    let scope = Scope { variables: Some(&variables), ..Scope::new(&input, &context) };
    for (path, expected) in [
        ("$", Some(Value::from(1))),
        ("$$", Some(context.clone())),
        ("$$.Execution.Name", Some(Value::from("n"))),
        ("$total_1", Some(Value::array([Value::from(7)]))),
        ("$total_1[0]", Some(Value::from(7))),
        ("$total", None),
    ] {
        assert_eq!(Path::parse(path).unwrap().select(&scope).into_value(), expected, "{path}");
    }
    assert_eq!(Path::parse("$total_1").unwrap().root(), &Root::Variable("total_1".into()));
    assert_eq!(Path::parse("$total_1").unwrap().select(&Scope::new(&input, &context)), Selection::None);
}

#[test]
fn malformed_paths_are_refused_with_their_place() {
    for (path, offset, message) in [
        ("", 0, "begins with"),
        ("x", 0, "begins with"),
        ("$.", 2, "must not end with a dot"),
        ("$..", 3, "must not end with a dot"),
        ("$...a", 3, "has to follow the dot"),
        ("$.a b", 3, "unexpected ` `"),
        ("$ .a", 1, "unexpected ` `"),
        ("$[", 2, "not closed"),
        ("$.x[", 4, "not closed"),
        ("$[abc]", 2, "a quoted name"),
        ("$[1", 3, "`]` is missing"),
        ("$['a'", 5, "`]` is missing"),
        ("$['a", 2, "the quote is not closed"),
        ("$['a',]", 6, "a quoted name"),
        ("$[1,]", 4, "an index"),
        ("$[-]", 3, "digits"),
        ("$[99999999999999999999]", 2, "too large"),
        ("$.list.length()", 7, "States.ArrayLength"),
        ("$.x[?@.a]", 5, "in parentheses"),
        ("$.x[?(]", 6, "has to stand here"),
        ("$.x[?(@.a ==)]", 12, "has to stand here"),
        ("$.x[?(@.a =~ /x/)]", 10, "regular expressions"),
        ("$.x[?(@.a in ['x'])]", 10, "other operators"),
        ("$.x[?(@.a == $.b)]", 13, "begin the path with `@`"),
        ("$.x[?(true)]", 6, "a comparison"),
        ("$.x[?(@.a == 1", 14, "has to stand here"),
        ("$.x[?(@.a == 1.2.3)]", 13, "no number"),
        ("$x y z[", 2, "unexpected ` `"),
        ("$.a]", 3, "unexpected `]`"),
    ] {
        let error = Path::parse(path).unwrap_err();
        assert!(error.message.contains(message), "{path}: {error}");
        assert_eq!(error.offset, offset, "{path}: {error}");
    }
}

#[test]
fn what_is_missing_is_said_in_the_words_of_aws() {
    let document = Value::parse(r#"{"a":{"b":1},"l":[1],"n":null}"#).unwrap();
    let scope = Scope::new(&document, &Value::Null);
    for (path, cause) in [
        ("$.x", "Invalid path '$.x' : No results for path: $['x']"),
        ("$.a.x", "Invalid path '$.a.x' : No results for path: $['a']['x']"),
        ("$.no.such.path", "Invalid path '$.no.such.path' : Missing property in path $['no']"),
        ("$.a.no.path", "Invalid path '$.a.no.path' : Missing property in path $['a']['no']"),
        ("$.l[3]", "Invalid path '$.l[3]' : No results for path: $['l'][3]"),
        ("$.a[0]", "Invalid path '$.a[0]' : Filter: [0] can only be applied to arrays. Current context is: {b=1}"),
        ("$.n[0]", "Invalid path '$.n[0]' : The path $['n'] is null"),
        (
            "$.a.b.c",
            "Invalid path '$.a.b.c' : Expected to find an object with property ['c'] in path $['a']['b'] \
             but found a JSON number",
        ),
    ] {
        assert_eq!(Path::parse(path).unwrap().eval_path_field(&scope), Err(EvalError::runtime(cause)), "{path}");
    }
    let missing = Path::parse("$$.x").unwrap().eval_field(&scope, "value.$");
    let cause = "The JSONPath '$$.x' specified for the field 'value.$' could not be found in the input \
                 '{\"a\":{\"b\":1},\"l\":[1],\"n\":null}'";
    assert_eq!(missing, Err(EvalError::runtime(cause)));
}

#[test]
fn a_cause_repeats_only_the_start_of_a_long_input() {
    let document = Value::from("é".repeat(CAUSE_INPUT_BYTES_MAX));
    let error = Path::parse("$.x").unwrap().eval_field(&Scope::new(&document, &Value::Null), "x.$").unwrap_err();
    assert!(error.cause.ends_with("é…'"));
    assert!((CAUSE_INPUT_BYTES_MAX..CAUSE_INPUT_BYTES_MAX + 200).contains(&error.cause.len()));
}

#[test]
fn the_values_a_path_looks_at_are_limited() {
    let numbers = Value::array((0..2_000).map(Value::from));
    let scope = Scope::new(&numbers, &Value::Null);
    let comparing = Path::parse("$[?(@ == 1999)]").unwrap();
    assert_eq!(comparing.select(&scope), Selection::Many(Value::array([Value::from(1999)])));
    // Every number against all numbers, of which there are none below it: cheap. The whole array
    // once for each of its items: too much.
    let nested = Value::array((0..1_000).map(|_| numbers.clone()));
    let scope = Scope::new(&nested, &Value::Null);
    let all = Path::parse("$..*").unwrap();
    assert_eq!(all.select(&scope), Selection::Exhausted);
    let error = all.eval_path_field(&scope).unwrap_err();
    assert_eq!(error.error, "States.Runtime");
    assert!(error.cause.contains("1000000"), "{error}");
    assert_eq!(Path::parse("$[?(@ == @)][0]").unwrap().select(&scope), Selection::Exhausted);
}

#[test]
fn shared_parts_do_not_multiply_the_work() {
    let mut value = Value::from("x");
    for _ in 0..60 {
        value = Value::array([value.clone(), value]);
    }
    assert_eq!(Path::parse("$..x").unwrap().select(&Scope::new(&value, &Value::Null)), Selection::Exhausted);
}

#[test]
fn the_length_and_depth_of_paths_are_limited() {
    assert!(Path::parse(&format!("${}", ".a".repeat(PATH_SEGMENTS_MAX))).is_ok());
    let error = Path::parse(&format!("${}", ".a".repeat(PATH_SEGMENTS_MAX + 1))).unwrap_err();
    assert!(error.message.contains("at most 128 segments"), "{error}");

    // One level for the filter itself, the others for parentheses.
    let nested = |levels: usize| format!("$[?({}@{})]", "(".repeat(levels - 1), ")".repeat(levels - 1));
    assert!(Path::parse(&nested(FILTER_DEPTH_MAX)).is_ok());
    assert!(Path::parse(&nested(FILTER_DEPTH_MAX + 1)).unwrap_err().message.contains("at most 16 deep"));
    assert!(Path::parse(&format!("$[?({}@)]", "!".repeat(100_000))).is_err());
    assert!(Path::parse(&format!("$[?(@{}", "[?(@".repeat(100_000))).is_err());

    let name = "v".repeat(VARIABLE_NAME_CHARS_MAX);
    assert!(Path::parse(&format!("${name}")).is_ok());
    assert!(Path::parse(&format!("${name}v.x")).unwrap_err().message.contains("at most 80 characters"));
}

#[test]
fn a_deep_document_does_not_overflow_the_stack() {
    let mut value = Value::from(1);
    for _ in 0..5_000 {
        value = Value::array([value]);
    }
    let deepest = Path::parse("$..[?(@ == 1)]").unwrap().select(&Scope::new(&value, &Value::Null));
    assert_eq!(deepest, Selection::Many(Value::array([Value::from(1)])));
}

/// Texts of the language's own characters, most of them malformed: none may panic, and what is
/// accepted evaluates.
#[test]
fn arbitrary_texts_never_panic() {
    const PARTS: [&str; 34] = [
        "$", "$$", "$v", ".", "..", "*", "[", "]", "?", "(", ")", "@", "'a'", "\"b\"", "'", "\\", "0", "-1", ":", ",",
        "==", "!=", "<", ">=", "&&", "||", "!", " ", "a", "books", "é", "null", "1.5", "=~",
    ];
    let document = Value::parse(DOCUMENT).unwrap();
    let scope = Scope::new(&document, &document);
    let seed = 0x5eed;
    println!("seed {seed:#x}");
    let mut entropy = Entropy::new(seed);
    let mut accepted = 0;
    for _ in 0..100_000 {
        let parts = entropy.next_u64() % 12;
        let mut text = String::from("$");
        for _ in 0..parts {
            let at = usize::try_from(entropy.next_u64() % PARTS.len() as u64).unwrap();
            text.push_str(PARTS[at]);
        }
        match Path::parse(&text) {
            Ok(path) => {
                accepted += 1;
                assert_eq!(path.as_str(), text);
                assert_eq!(matches!(path.select(&scope), Selection::Many(_)), !path.is_definite(), "{text}");
            }
            Err(error) => assert!(text.is_char_boundary(error.offset), "{text}: {error}"),
        }
    }
    assert!(accepted > 100, "only {accepted} texts were paths");
}
