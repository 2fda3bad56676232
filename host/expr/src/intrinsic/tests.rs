use super::*;
use crate::expression::Expression;
use crate::limits::{
    ARRAY_RANGE_ITEMS_MAX, INTRINSIC_ARGUMENTS_MAX, INTRINSIC_DATA_CHARS_MAX, INTRINSIC_DEPTH_MAX,
    INTRINSIC_TEXT_BYTES_MAX, TEXT_BYTES_PER_VALUE,
};

const INPUT: &str = r#"{
    "s": "Hello", "n": 7, "f": 2.5, "z": null, "t": true,
    "o": {"a": 1, "b": ["x", null, {"c": 1.5}]},
    "l": [1, 2, 3, 4, 5], "m": [1, 1.0, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}, [0], [-0.0], null, null],
    "big": 3000000000, "template": "{} and {}"
}"#;

fn eval_over(text: &str, input: &Value) -> Result<Value, EvalError> {
    let scope = Scope::new(input, &Value::Null);
    Expression::parse(text).unwrap().eval(&scope, &mut Entropy::new(1), "value.$")
}

fn eval(text: &str) -> Result<Value, EvalError> {
    eval_over(text, &Value::parse(INPUT).unwrap())
}

#[test]
fn functions_return_what_aws_documents() {
    for (call, expected) in [
        ("States.Format('Hello {}, {}', $.s, $.n)", r#""Hello Hello, 7""#),
        ("States.Format('{}{}{}', $.f, $.z, $.t)", r#""2.5nulltrue""#),
        ("States.Format('{}', $.o)", r#""{a=1, b=[x, null, {c=1.5}]}""#),
        (r"States.Format('it\'s \{\} {} \\', 1)", r#""it's {} 1 \\""#),
        ("States.Format('{ {} }', 1)", r#""{ 1 }""#),
        ("States.Format('plain')", r#""plain""#),
        ("States.Format($.template, 'a', 'b')", r#""a and b""#),
        ("States.Format($.s)", r#""Hello""#),
        (r#"States.StringToJson('{"a":[1]}')"#, r#"{"a":[1]}"#),
        ("States.StringToJson('')", "null"),
        ("States.StringToJson('-0')", "0"),
        ("States.JsonToString($.o)", r#""{\"a\":1,\"b\":[\"x\",null,{\"c\":1.5}]}""#),
        ("States.JsonToString('x')", r#""\"x\"""#),
        ("States.Array()", "[]"),
        ("States.Array( 1 , 'a', $.z, true,false,null )", r#"[1,"a",null,true,false,null]"#),
        ("States.ArrayPartition($.l, 2)", "[[1,2],[3,4],[5]]"),
        ("States.ArrayPartition($.l, 2.4)", "[[1,2],[3,4],[5]]"),
        ("States.ArrayPartition(States.Array(), 4)", "[]"),
        ("States.ArrayContains($.l, 3)", "true"),
        ("States.ArrayContains($.l, 3.0)", "true"),
        ("States.ArrayContains($.l, '3')", "false"),
        ("States.ArrayContains(States.Array($.o), $.o)", "true"),
        ("States.ArrayRange(1, 9, 2)", "[1,3,5,7,9]"),
        ("States.ArrayRange(5, 1, -2)", "[5,3,1]"),
        ("States.ArrayRange(5, 1, 1)", "[]"),
        ("States.ArrayRange(0, 0, 1)", "[0]"),
        ("States.ArrayGetItem($.l, 4)", "5"),
        ("States.ArrayLength($.l)", "5"),
        ("States.ArrayLength($.l[*])", "5"),
        ("States.ArrayUnique($.m)", r#"[1,"1",{"a":1,"b":2},[0],null]"#),
        ("States.Base64Encode('Data to encode')", r#""RGF0YSB0byBlbmNvZGU=""#),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", r#""Data to encode""#),
        ("States.Base64Decode('RGF0YSB0 byBlbmNvZGU')", r#""Data to encode""#),
        ("States.Base64Decode('')", r#""""#),
        ("States.Base64Decode('/w==')", "\"\u{FFFD}\""),
        ("States.Hash('input data', 'MD5')", r#""812f45842bc6d66ee14572ce20db8e86""#),
        ("States.Hash('input data', 'SHA-1')", r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#),
        (
            "States.JsonMerge($.o, States.StringToJson('{\"a\":2,\"z\":3}'), false)",
            r#"{"a":2,"b":["x",null,{"c":1.5}],"z":3}"#,
        ),
        ("States.MathAdd(111, -2)", "109"),
        ("States.MathAdd(2147483647, 2147483647)", "4294967294"),
        ("States.MathAdd(-2.5, 0)", "-2"),
        ("States.MathAdd(2.5, 0.49999999999999994)", "3"),
        ("States.MathAdd(-2.51, 1e1)", "7"),
        ("States.StringSplit('1,2;;3,', ',;')", r#"["1","2","3"]"#),
        ("States.StringSplit('abc', '')", r#"["abc"]"#),
        ("States.StringSplit('', ',')", "[]"),
        ("States.ArrayGetItem(States.StringSplit($.s, 'l'), 1)", r#""o""#),
        ("States.Format('{}', States.JsonToString(States.Array($.n)))", r#""[7]""#),
    ] {
        let expected = Value::parse(expected).unwrap();
        match eval(call) {
            Ok(value) => assert_eq!(value.to_string(), expected.to_string(), "{call}"),
            Err(error) => panic!("{call}: {error}"),
        }
    }
}

#[test]
fn functions_refuse_what_they_do_not_take() {
    for (call, reason) in [
        ("States.Format('{}')", "1 places"),
        ("States.Format('{}', 1, 2)", "1 places"),
        ("States.Format($.n)", "argument 1 has to be a string"),
        ("States.StringToJson('{')", "no JSON"),
        ("States.StringToJson('1 2')", "no JSON"),
        ("States.StringToJson(1)", "has to be a string"),
        ("States.ArrayPartition($.l, 0)", "positive integer"),
        ("States.ArrayPartition($.l, -1)", "positive integer"),
        ("States.ArrayPartition($.l, 'x')", "has to be a number"),
        ("States.ArrayPartition($.s, 1)", "has to be an array"),
        ("States.ArrayContains($.o, 1)", "has to be an array"),
        ("States.ArrayRange(0, 9, 0)", "must not be 0"),
        ("States.ArrayRange(0, 9, 0.4)", "must not be 0"),
        ("States.ArrayGetItem($.l, 5)", "index 5 is outside"),
        ("States.ArrayGetItem($.l, -1)", "index -1 is outside"),
        ("States.ArrayLength($.s)", "has to be an array"),
        ("States.ArrayUnique($.o)", "has to be an array"),
        ("States.Base64Encode($.n)", "has to be a string"),
        ("States.Base64Decode('a')", "no Base64"),
        ("States.Hash('x', 'SHA-3')", "SHA-3"),
        ("States.Hash($.o, 'MD5')", "has to be a string"),
        ("States.JsonMerge($.o, $.o, true)", "argument 3 has to be false"),
        ("States.JsonMerge($.o, $.l, false)", "both values have to be objects"),
        ("States.MathRandom(5, 5)", "less than the end"),
        ("States.MathRandom('a', 5)", "has to be a number"),
        ("States.MathAdd($.big, 1)", "from -2147483648 to 2147483647"),
        ("States.MathAdd(-2147483649, 1)", "from -2147483648 to 2147483647"),
        ("States.MathAdd($.s, 1)", "argument 1 has to be a number"),
        ("States.StringSplit($.l, ',')", "has to be a string"),
    ] {
        let error = eval(call).unwrap_err();
        assert_eq!(error.error, "States.IntrinsicFailure", "{call}: {error}");
        let function = call.split('(').next().unwrap();
        let start = format!("The function '{call}' had the following error: Invalid arguments in {function}: ");
        assert!(error.cause.starts_with(&start), "{error}");
        assert!(error.cause.contains(reason), "{call}: {error}");
    }
}

#[test]
fn a_missing_argument_names_its_path_and_the_input() {
    let error = eval_over("States.Format('{}', $.x)", &Value::parse(r#"{"y":1}"#).unwrap()).unwrap_err();
    let cause = "The function 'States.Format('{}', $.x)' had the following error: \
                 The JsonPath argument for the field '$.x' could not be found in the input '{\"y\":1}'";
    assert_eq!(error, EvalError::runtime(cause));
    let error = eval_over("States.Array(1, States.ArrayLength($.y[0]))", &Value::parse(r#"{"y":{"a":"b"}}"#).unwrap());
    let cause = "The function 'States.Array(1, States.ArrayLength($.y[0]))' had the following error: \
                 Filter: [0] can only be applied to arrays. Current context is: {a=b}";
    assert_eq!(error, Err(EvalError::runtime(cause)));
}

#[test]
fn the_cause_names_the_whole_expression_and_the_function_within() {
    let call = "States.Array(States.MathAdd(1, 'x'))";
    let cause = format!(
        "The function '{call}' had the following error: Invalid arguments in States.MathAdd: \
         argument 2 has to be a number, but is a JSON string"
    );
    assert_eq!(eval(call), Err(EvalError::intrinsic(cause)));
}

#[test]
fn malformed_calls_are_refused_with_their_place() {
    for (call, offset, message) in [
        ("States.Nope()", 0, "`States.Nope` is no intrinsic function"),
        ("States.format('x')", 0, "is no intrinsic function"),
        ("States.UUID", 11, "`(` has to follow"),
        ("States.UUID(1)", 0, "takes 0 arguments, not 1"),
        ("States.MathRandom(1)", 0, "takes 2 to 3 arguments, not 1"),
        ("States.Format()", 0, "takes at least 1 arguments"),
        ("States.Array(1", 14, "`,` or `)`"),
        ("States.Array(1 2)", 15, "`,` or `)`"),
        ("States.Array(1,)", 15, "has to stand here"),
        ("States.Array('a)", 13, "the quote is not closed"),
        (r#"States.Format('He said \"{}\"', 'x')"#, 23, "a backslash escapes only"),
        (r"States.Array('open\", 18, "a backslash escapes only"),
        ("States.Array(\"a\")", 13, "in single quotes"),
        ("States.Array($.)", 15, "has to follow the dot"),
        ("States.Array(1) x", 16, "nothing may follow"),
        ("States.Array(01)", 13, "no number"),
        ("States.Array(States.Array(x))", 26, "has to stand here"),
        ("Status.Array(1)", 0, "with `States.`"),
        ("plain text", 0, "with `States.`"),
    ] {
        let error = Expression::parse(call).unwrap_err();
        assert!(error.message.contains(message), "{call}: {error}");
        assert_eq!(error.offset, offset, "{call}: {error}");
    }
}

#[test]
fn random_numbers_stay_in_their_range_and_come_again() {
    let mut entropy = Entropy::new(3);
    let call = Expression::parse("States.MathRandom(-2, 1.4)").unwrap();
    let mut seen = [0; 3];
    for _ in 0..1_000 {
        let value = call.eval(&Scope::new(&Value::Null, &Value::Null), &mut entropy, "x.$").unwrap();
        seen[usize::try_from(value.as_i64().unwrap() + 2).unwrap()] += 1;
    }
    assert!(seen.iter().all(|count| *count > 250), "{seen:?}");
    assert_eq!(eval("States.MathRandom(0, 1000, 42)"), Ok(Value::from(727)));
    assert_eq!(eval("States.MathRandom(0, 1000)"), eval("States.MathRandom(0, 1000)"));
    assert_eq!(eval("States.UUID()"), eval("States.UUID()"));
    assert_eq!(eval("States.UUID()").unwrap().as_str().unwrap().len(), 36);
}

#[test]
fn calls_nest_up_to_a_limit() {
    let nested = |levels| format!("{}{}", "States.Array(".repeat(levels), ")".repeat(levels));
    assert!(Expression::parse(&nested(INTRINSIC_DEPTH_MAX)).is_ok());
    let error = Expression::parse(&nested(INTRINSIC_DEPTH_MAX + 1)).unwrap_err();
    assert!(error.message.contains("at most 10 deep"), "{error}");
    assert!(Expression::parse(&nested(100_000)).is_err());

    let wide = |count| format!("States.Array({})", vec!["1"; count].join(","));
    assert!(Expression::parse(&wide(INTRINSIC_ARGUMENTS_MAX)).is_ok());
    assert!(Expression::parse(&wide(INTRINSIC_ARGUMENTS_MAX + 1)).is_err());
}

#[test]
fn what_functions_take_and_make_is_limited() {
    let last = |items: usize| format!("States.ArrayRange(1, {items}, 1)");
    assert_eq!(eval(&last(ARRAY_RANGE_ITEMS_MAX)).unwrap().as_array().unwrap().len(), 1_000);
    assert!(eval(&last(ARRAY_RANGE_ITEMS_MAX + 1)).unwrap_err().cause.contains("more than 1000 items"));
    assert!(eval("States.ArrayRange(-2147483648, 2147483647, 1)").is_err());

    let longest = Value::from("é".repeat(INTRINSIC_DATA_CHARS_MAX));
    let longer = Value::from("é".repeat(INTRINSIC_DATA_CHARS_MAX + 1));
    for call in ["States.Base64Encode($)", "States.Hash($, 'MD5')", "States.Base64Decode($)"] {
        assert!(eval_over(call, &longest).is_ok(), "{call}");
        assert!(eval_over(call, &longer).unwrap_err().cause.contains("more than 10000 characters"), "{call}");
    }

    let half = Value::from("x".repeat(INTRINSIC_TEXT_BYTES_MAX / 2));
    assert!(eval_over("States.Format('{}{}', $, $)", &half).is_ok());
    let error = eval_over("States.Format('{}{}.', $, $)", &half).unwrap_err();
    assert!(error.cause.contains("longer than 1048576 bytes"), "{}", error.cause.len());
    assert!(eval_over("States.JsonToString(States.Array($, $))", &half).is_err());
}

#[test]
fn one_evaluation_has_one_budget() {
    let list = Value::array((0..30_000).map(Value::from));
    assert!(eval_over("States.ArrayLength(States.ArrayUnique($))", &list).is_ok());
    let twenty = format!("States.Array({})", vec!["States.ArrayUnique($)"; 20].join(","));
    let error = eval_over(&twenty, &list).unwrap_err();
    assert_eq!(error.error, "States.IntrinsicFailure");
    assert!(error.cause.contains("more than 1000000 values"), "{}", error.cause);
}

#[test]
fn texts_count_towards_the_budget() {
    let text = Value::from("x".repeat(INTRINSIC_TEXT_BYTES_MAX));
    let copies = |count| format!("States.Array({})", vec!["States.Format('{}', $)"; count].join(","));
    let most = EVALUATION_VALUES_MAX / (INTRINSIC_TEXT_BYTES_MAX / TEXT_BYTES_PER_VALUE);
    assert!(eval_over(&copies(most), &text).is_ok());
    assert!(eval_over(&copies(most + 1), &text).unwrap_err().cause.ends_with("more than 1000000 values"));
}

/// Texts of the language's own characters, most of them malformed: none may panic.
#[test]
fn arbitrary_texts_never_panic() {
    const PARTS: [&str; 24] = [
        "States.Format(",
        "States.Array(",
        "States.MathAdd(",
        "States.StringSplit(",
        "States.UUID()",
        "(",
        ")",
        ",",
        "'",
        "'a{}'",
        "'{}'",
        "\\",
        "{",
        "}",
        "$.l",
        "$.s",
        "$.o[*]",
        "1",
        "-2.5",
        "null",
        " ",
        "é",
        "$",
        "States.",
    ];
    let input = Value::parse(INPUT).unwrap();
    let scope = Scope::new(&input, &input);
    let seed = 0xca11;
    println!("seed {seed:#x}");
    let mut entropy = Entropy::new(seed);
    let mut accepted = 0;
    for _ in 0..100_000 {
        let parts = entropy.next_u64() % 8;
        let mut text = String::from("States.Array(");
        for _ in 0..parts {
            let at = usize::try_from(entropy.next_u64() % PARTS.len() as u64).unwrap();
            text.push_str(PARTS[at]);
        }
        text.push(')');
        match Expression::parse(&text) {
            Ok(call) => {
                accepted += 1;
                let _ = call.eval(&scope, &mut Entropy::new(1), "x.$");
            }
            Err(error) => assert!(text.is_char_boundary(error.offset), "{text}: {error}"),
        }
    }
    assert!(accepted > 100, "only {accepted} texts were calls");
}
