//! The rules of the language for definitions, in a table: what is wrong, and how that is told. The
//! texts are AWS's where its documentation or its users have shown them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use stepwell_asl::{Diagnostic, Machine, Severity, diagnostic};

fn found(text: &str) -> Vec<Diagnostic> {
    match Machine::parse(text) {
        Ok(machine) => machine.warnings().to_vec(),
        Err(found) => found,
    }
}

/// `CODE: message at location`, one per line.
fn told(text: &str) -> String {
    found(text).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn one_state(fields: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{{fields}}}}}}}"#)
}

fn jsonata(fields: &str) -> String {
    one_state(&format!(r#""QueryLanguage":"JSONata",{fields}"#))
}

fn task(fields: &str) -> String {
    format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"task:x","End":true,{fields}}},"B":{{"Type":"Succeed"}}}}}}"#
    )
}

fn choice(rule: &str) -> String {
    format!(
        r#"{{"StartAt":"C","States":{{"C":{{"Type":"Choice","Default":"D","Choices":[{rule}]}},"D":{{"Type":"Succeed"}}}}}}"#
    )
}

/// Each definition has exactly this problem.
fn check(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        assert_eq!(told(text), *expected, "{text}");
    }
}

#[test]
fn fields_have_their_kinds_and_ranges() {
    let schema = |message: &str| format!("SCHEMA_VALIDATION_FAILED: {message}");
    for (fields, message) in [
        (r#""Type":"Wait","End":true,"Seconds":"1""#, "Expected value of type Integer at /States/A/Seconds"),
        (r#""Type":"Wait","End":true,"Seconds":1.5"#, "Expected value of type Integer at /States/A/Seconds"),
        (r#""Type":"Wait","End":true,"Seconds":-1"#, "Minimum value is 0 at /States/A/Seconds"),
        (r#""Type":"Wait","End":true,"Seconds":10000000000000000"#, "Maximum value is 99999999 at /States/A/Seconds"),
        (r#""Type":"Wait","End":true,"Seconds":1e30"#, "Maximum value is 99999999 at /States/A/Seconds"),
        (r#""Type":"Pass","End":"yes""#, "Expected value of type Boolean at /States/A/End"),
        (r#""Type":"Pass","End":true,"Comment":1"#, "Expected value of type String at /States/A/Comment"),
        (r#""Type":"Parallel","End":true,"Branches":[]"#, "Value cannot be empty at /States/A/Branches"),
        (r#""Type":"Parallel","End":true,"Branches":{}"#, "Expected value of type Array at /States/A/Branches"),
        (
            r#""Type":"Pass","End":true,"QueryLanguage":"JSONPAth""#,
            "Value should be one of the following: [JSONPath, JSONata] at /States/A/QueryLanguage",
        ),
        (r#""Type":"Pass","End":true,"OutputPath":"Test""#, "Value must be a valid JSONPath. at /States/A/OutputPath"),
        (
            r#""Type":"Wait","End":true,"SecondsPath":"States.MathAdd(1,1)""#,
            "Value must be a valid JSONPath. at /States/A/SecondsPath",
        ),
        (
            r#""Type":"Pass","End":true,"ResultPath":"Test""#,
            "Value is not a Reference Path: Reference path didn't start with '$' at /States/A/ResultPath",
        ),
        (
            r#""Type":"Pass","End":true,"Assign":{"V.$":"Test"}"#,
            "The value for the field 'V.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Assign",
        ),
        (
            r#""Type":"Pass","End":true,"Parameters":{"v.$":"States.ArrayLength()"}"#,
            "The value for the field 'v.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters",
        ),
        (
            r#""Type":"Wait","End":true"#,
            "This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/A",
        ),
        (r#""Type":"Pass","End":true,"Catch":[]"#, "Field 'Catch' is not supported at /States/A"),
        (r#""Type":"Succeed","End":true"#, "Field 'End' is not supported at /States/A"),
    ] {
        assert_eq!(told(&one_state(fields)), schema(message), "{fields}");
    }
    check(&[
        (r#"{"StartAt":"A","States":{}}"#.to_owned(), "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States"),
        (
            r#"{"StartAt":"A","States":[]}"#.to_owned(),
            "SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States",
        ),
        (
            r#"{"States":{"A":{"Type":"Succeed"}},"StartAT":"A"}"#.to_owned(),
            "SCHEMA_VALIDATION_FAILED: Field 'StartAT' is not supported at /\n\
             SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /\n\
             MISSING_TRANSITION_TARGET: State \"A\" is not reachable. at /States/A",
        ),
    ]);
}

#[test]
fn what_is_misspelt_is_guessed() {
    for (text, help) in [
        (one_state(r#""Type":"Pas","End":true"#), "Did you mean 'Pass'?"),
        (one_state(r#""Type":"Pass","Ende":true,"End":true"#), "Did you mean 'End'?"),
        (task(r#""Retry":[{"ErrorEqual":[],"ErrorEquals":["E"]}]"#), "Did you mean 'ErrorEquals'?"),
        (task(r#""Retry":[{"ErrorEquals":["States.Timeut"]}]"#), "Did you mean 'States.Timeout'?"),
        (task(r#""Retry":[{"ErrorEquals":["E"],"JitterStrategy":"FUL"}]"#), "Did you mean 'FULL'?"),
        (task(r#""Catch":[{"ErrorEquals":["E"],"Next":"B","ResultPaht":"$.e"}]"#), "Did you mean 'ResultPath'?"),
        (choice(r#"{"Variable":"$.x","NumericEqual":1,"Next":"D"}"#), "Did you mean 'NumericEquals'?"),
        (choice(r#"{"And":[{"Variable":"$.x","IsPresnt":true}],"Next":"D"}"#), "Did you mean 'IsPresent'?"),
        (
            one_state(r#""Type":"Pass","End":true,"Parameters":{"a.$":"States.Formt('{}', $.a)"}"#),
            "Did you mean `States.Format`?",
        ),
        (jsonata(r#""Type":"Pass","End":true,"Output":"{% $states.inptu %}""#), "Did you mean '$states.input'?"),
        (
            one_state(
                r#""Type":"Parallel","End":true,"Branches":[{"StartAt":"B","Stats":{},"States":{"B":{"Type":"Succeed"}}}]"#,
            ),
            "Did you mean 'States'?",
        ),
    ] {
        let helps: Vec<String> = found(&text).into_iter().filter_map(|one| one.help).collect();
        assert!(helps.iter().any(|one| one.contains(help)), "{text}: {helps:?}");
    }
}

#[test]
fn retriers_and_catchers_say_who_takes_what() {
    let all = "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/A";
    for (fields, expected) in [
        (r#""Retry":[{"ErrorEquals":["X","States.ALL"]}]"#, format!("{all}/Retry[0]/ErrorEquals[1]")),
        (r#""Retry":[{}]"#, "SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/A/Retry[0]".to_owned()),
        (r#""Retry":[{"ErrorEquals":[]}]"#, "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/A/Retry[0]/ErrorEquals".to_owned()),
        (r#""Retry":[{"ErrorEquals":["E"],"JitterStrategy":"SOME"}]"#, "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [NONE, FULL] at /States/A/Retry[0]/JitterStrategy".to_owned()),
        (r#""Retry":[{"ErrorEquals":["E"],"MaxAttempts":-1}]"#, "SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/A/Retry[0]/MaxAttempts".to_owned()),
        (r#""Retry":[{"ErrorEquals":["E"],"BackoffRate":"2"}]"#, "SCHEMA_VALIDATION_FAILED: Expected value of type Number at /States/A/Retry[0]/BackoffRate".to_owned()),
        (r#""Retry":[{"ErrorEquals":["E","F"]},{"ErrorEquals":["G","E"]}]"#, "UNREACHABLE_HANDLER: 'E' never gets here: an earlier one names it as well at /States/A/Retry[1]/ErrorEquals[1]".to_owned()),
        (r#""Retry":[{"ErrorEquals":["States.TaskFailed"]},{"ErrorEquals":["States.Timeout"]},{"ErrorEquals":["Mine"]}]"#, "UNREACHABLE_HANDLER: 'Mine' never gets here: 'States.TaskFailed', in an earlier one, takes every error of a task at /States/A/Retry[2]/ErrorEquals[0]".to_owned()),
    ] {
        let text = task(fields).replace(r#","B":{"Type":"Succeed"}"#, "");
        assert_eq!(told(&text), expected, "{fields}");
    }
    let text = task(r#""Catch":[{"ErrorEquals":["States.ALL"],"Next":"B"},{"ErrorEquals":["E"]}]"#);
    assert_eq!(
        told(&text),
        format!(
            "{all}/Catch[0]/ErrorEquals[0]\nSCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/A/Catch[1]"
        )
    );
}

#[test]
fn choice_rules_compare_one_thing_with_one_thing() {
    let schema = |message: &str| format!("SCHEMA_VALIDATION_FAILED: {message}");
    for (rule, message) in [
        (r#"{"Variable":"$.x","IsNull":true}"#, "These fields are required: [Next] at /States/C/Choices[0]"),
        (
            r#"{"Variable":"Test","StringMatches":"Test","Next":"D"}"#,
            "Value is not a Reference Path: Reference path didn't start with '$' at /States/C/Choices[0]/Variable",
        ),
        (
            r#"{"Variable":"$.a[*]","IsNull":true,"Next":"D"}"#,
            "Value is not a Reference Path at /States/C/Choices[0]/Variable",
        ),
        (
            r#"{"Next":"D"}"#,
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/C/Choices[0]",
        ),
        (r#"{"And":[],"Next":"D"}"#, "Value cannot be empty at /States/C/Choices[0]/And"),
        (
            r#"{"Not":{"Variable":"$.x","IsNull":true,"Next":"D"},"Next":"D"}"#,
            "Field 'Next' is not supported at /States/C/Choices[0]/Not",
        ),
        (
            r#"{"Variable":"$.x","IsNull":true,"IsString":true,"Next":"D"}"#,
            "There should only be one of the following fields: [IsNull, IsString] at /States/C/Choices[0]",
        ),
        (
            r#"{"Variable":"$.x","NumericEquals":"1","Next":"D"}"#,
            "Expected value of type Number at /States/C/Choices[0]/NumericEquals",
        ),
        (
            r#"{"Variable":"$.x","StringEquals":1,"Next":"D"}"#,
            "Expected value of type String at /States/C/Choices[0]/StringEquals",
        ),
        (
            r#"{"Variable":"$.x","IsPresent":"yes","Next":"D"}"#,
            "Expected value of type Boolean at /States/C/Choices[0]/IsPresent",
        ),
        (
            r#"{"Variable":"$.x","TimestampEquals":"noon","Next":"D"}"#,
            "String does not match RFC3339 timestamp at /States/C/Choices[0]/TimestampEquals",
        ),
        (
            r#"{"Condition":"{% true %}","Next":"D"}"#,
            "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at /States/C/Choices[0]",
        ),
    ] {
        assert_eq!(told(&choice(rule)), schema(message), "{rule}");
    }
}

#[test]
fn transitions_lead_to_states_and_to_an_end() {
    let machine = |states: &str| format!(r#"{{"StartAt":"A","States":{{{states}}}}}"#);
    check(&[
        (
            machine(r#""A":{"Type":"Pass","Next":"NOPE"}"#),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next\n\
             MISSING_END_STATE: Workflow has no terminal state at null",
        ),
        (
            machine(r#""A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"},"C":{"Type":"Pass","Next":"A"}"#),
            "MISSING_END_STATE: Workflow has no terminal state at null",
        ),
        (
            machine(
                r#""A":{"Type":"Task","Resource":"arn:aws:states:::dynamodb:query","Next":"B"},"B":{"Type":"Succeed"}"#,
            ),
            "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource",
        ),
        (
            machine(
                r#""A":{"Type":"Choice","Choices":[{"Variable":"$.x","IsNull":true,"Next":"E"}],"Default":"L"},
                "L":{"Type":"Pass","Next":"M"},"M":{"Type":"Pass","Next":"L"},"E":{"Type":"Succeed"}"#,
            ),
            "NO_WAY_TO_END: No way leads from the state 'L' to one that ends at /States/L",
        ),
        (
            machine(
                r#""A":{"Type":"Succeed"},"X":{"Type":"Pass","Next":"Y"},
                "Y":{"Type":"Choice","Choices":[{"Variable":"$.x","IsNull":true,"Next":"X"}],"Default":"X"}"#,
            ),
            "MISSING_TRANSITION_TARGET: State \"X\" is not reachable from the first state at /States/X\n\
             MISSING_TRANSITION_TARGET: State \"Y\" is not reachable from the first state at /States/Y",
        ),
        (
            machine(
                r#""A":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"L","States":{"L":{"Type":"Pass","Next":"L"}}}]}"#,
            ),
            "NO_WAY_TO_END: No way leads from the state 'L' to one that ends at /States/A/Branches[0]/States/L",
        ),
    ]);
    let islands = machine(r#""A":{"Type":"Succeed"},"X":{"Type":"Pass","Next":"Y"},"Y":{"Type":"Pass","Next":"X"}"#);
    assert!(Machine::parse(&islands).is_ok(), "AWS looks for states that nothing names");
}

#[test]
fn query_languages_do_not_mix() {
    let nested = |language: &str, inner: &str| {
        one_state(&format!(
            r#""Type":"Map","End":true,{language}"ItemProcessor":{{"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true,{inner}}}}}}}"#
        ))
    };
    check(&[
        (nested(r#""QueryLanguage":"JSONata","#, r#""InputPath":"$.a""#), ""),
        (
            nested(r#""QueryLanguage":"JSONata","#, r#""Output":1"#),
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A/ItemProcessor/States/B",
        ),
        (nested("", r#""QueryLanguage":"JSONata","Output":1"#), ""),
        (
            nested("", "\"Comment\":\"c\"").replace(r#"{"StartAt":"B""#, r#"{"QueryLanguage":"JSONata","StartAt":"B""#),
            "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/A/ItemProcessor",
        ),
        (
            r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","QueryLanguage":"JSONPath","InputPath":"$","Output":1,"End":true}}}"#.to_owned(),
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A",
        ),
        (
            jsonata(r#""Type":"Pass","End":true,"Output":{"a":["x","{% 1"]}"#),
            "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/A/Output/a[1]",
        ),
    ]);
}

#[test]
fn conditions_are_expressions() {
    for (condition, expected) in [
        (r#""{% true %}""#, ""),
        ("true", ""),
        (
            r#""{% true""#,
            "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/C/Choices[0]/Condition",
        ),
        (
            r#""true""#,
            "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/C/Choices[0]/Condition",
        ),
        ("1", "SCHEMA_VALIDATION_FAILED: Expected value of type Boolean at /States/C/Choices[0]/Condition"),
    ] {
        let text = choice(&format!(r#"{{"Condition":{condition},"Next":"D"}}"#));
        assert_eq!(told(&text.replacen('{', r#"{"QueryLanguage":"JSONata","#, 1)), expected);
    }
}

#[test]
fn expressions_read_what_is_there() {
    let unsupported = |message: &str| format!("UNSUPPORTED_JSONATA_EXPRESSION: {message}");
    for (fields, message) in [
        (
            r#""Type":"Pass","End":true,"Output":{"v":"{% phone %}"}"#,
            "Reference to 'phone' at the top level is not supported. at /States/A/Output/v",
        ),
        (r#""Type":"Pass","End":true,"Output":"{% $$ %}""#, "Reference to '$$' is not supported. at /States/A/Output"),
        (
            r#""Type":"Pass","End":true,"Output":"{% $ %}""#,
            "Reference to '$' at the top level is not supported. at /States/A/Output",
        ),
        (
            r#""Type":"Pass","End":true,"Output":"{% $states.result %}""#,
            "Field '$states.result' does not exist. at /States/A/Output",
        ),
        (
            r#""Type":"Pass","End":true,"Output":"{% $states.errorOutput %}""#,
            "Field '$states.errorOutput' does not exist. at /States/A/Output",
        ),
        (
            r#""Type":"Task","Resource":"task:x","End":true,"Arguments":"{% $states.result.a %}""#,
            "Field '$states.result' does not exist. at /States/A/Arguments",
        ),
        (
            r#""Type":"Pass","End":true,"Assign":{"a":"{% $states.nothing %}"}"#,
            "Field '$states.nothing' does not exist. at /States/A/Assign/a",
        ),
    ] {
        assert_eq!(told(&jsonata(fields)), unsupported(message), "{fields}");
    }
    for (expression, message) in [
        ("a[1,2)", r#"Expected "]", got ",""#),
        ("1 +", "Unexpected end of expression"),
        (r#"\"unterminated"#, "String literal must be terminated by a matching quote"),
    ] {
        let text = jsonata(&format!(r#""Type":"Pass","End":true,"Output":"{{% {expression} %}}""#));
        assert_eq!(told(&text), format!("INVALID_JSONATA_EXPRESSION: {message} at /States/A/Output"));
    }
    let fine = r#"{"QueryLanguage":"JSONata","StartAt":"T","States":{
        "T":{"Type":"Task","Resource":"task:x","Arguments":"{% $states.input.items[price > 3].{'n': name} %}",
            "Output":"{% $states.result.($ & b) %}","Assign":{"r":"{% $states.result %}"},"End":true,
            "Catch":[{"ErrorEquals":["E"],"Output":"{% $states.errorOutput.Error %}","Assign":{"e":"{% $states.errorOutput %}"},"Next":"F"}]},
        "F":{"Type":"Fail","Error":"{% $e.Error %}"}}}"#;
    assert_eq!(told(fine), "");
}

#[test]
fn members_of_one_name_are_refused_with_both_places() {
    let text = "{\"StartAt\":\"A\",\n \"States\":{\"A\":{\"Type\":\"Succeed\"},\n  \"A\":{\"Type\":\"Fail\"}}}";
    let found = found(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].to_string(), "INVALID_JSON_DESCRIPTION: Duplicate field 'A' at /States/A");
    let (this, first) = (found[0].span.unwrap(), found[0].related.unwrap());
    assert_eq!(((this.line, this.column), (first.line, first.column)), ((3, 3), (2, 12)));
    assert!(found[0].help.as_deref().unwrap().contains("line 2, column 12"));
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    for (text, expected) in [
        (
            one_state(r#""Type":"Pass","End":true,"Parameters":{"a":{"b":"$.c"},"price":"$5","n":"States of mind"}"#),
            "NO_DOLLAR: The field 'b' looks like a path or an intrinsic function, and is a text at /States/A/Parameters/a/b",
        ),
        (
            one_state(r#""Type":"Fail","Error":"$.error""#),
            "NO_PATH: The value of 'Error' looks like a path or an intrinsic function, and is a text at /States/A/Error",
        ),
        (
            choice(r#"{"Variable":"$.x","StringEquals":"$.y","Next":"D"}"#),
            "NO_PATH: The value of 'StringEquals' looks like a path, and is a text at /States/C/Choices[0]/StringEquals",
        ),
        (
            one_state(r#""Type":"Pass","End":true,"Result":{"a":"$.x"}"#),
            "PASS_RESULT_IS_STATIC: '$.x' in 'Result' looks like a path, and is a text: 'Result' is handed on as it stands at /States/A/Result",
        ),
        (
            one_state(r#""Type":"Task","Resource":"task:x","End":true,"ResultPath":null,"ResultSelector":{"a":1}"#),
            "FIELD_WITHOUT_EFFECT: 'ResultSelector' has no effect: 'ResultPath' is null, which discards what it makes at /States/A/ResultSelector",
        ),
        (
            one_state(r#""Type":"Map","End":true,"Iterator":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#),
            "DEPRECATED_FIELD: 'Iterator' of a Map is called 'ItemProcessor' today at /States/A/Iterator",
        ),
        (
            task(r#""Retry":[{"ErrorEquals":["E"],"IntervalSeconds":9,"MaxDelaySeconds":5}]"#)
                .replace(r#","B":{"Type":"Succeed"}"#, ""),
            "FIELD_WITHOUT_EFFECT: 'IntervalSeconds' has no effect: 'MaxDelaySeconds' is smaller at /States/A/Retry[0]/MaxDelaySeconds",
        ),
    ] {
        assert_eq!(told(&text), expected, "{text}");
        let found = found(&text);
        assert!(found.iter().all(|one| one.severity != Severity::Error && one.help.is_some() && one.span.is_some()));
        assert!(diagnostic::explain(found[0].code).is_some());
    }
}

#[test]
fn the_other_language_is_recognized() {
    let told_of = |text: String| told(&text);
    assert_eq!(
        told_of(jsonata(r#""Type":"Pass","End":true,"Output":{"a":"$.b","price":"$5"}"#)),
        "OTHER_QUERY_LANGUAGE: This looks like a path, and is a text: the state speaks JSONata at /States/A/Output/a"
    );
    assert_eq!(
        told_of(one_state(r#""Type":"Pass","End":true,"Parameters":{"a":["{% $states.input %}","{% endfor %}"]}"#)),
        "OTHER_QUERY_LANGUAGE: This looks like an expression of JSONata, and is a text: the state speaks JSONPath at /States/A/Parameters/a[0]"
    );
}

#[test]
fn services_are_called_with_what_they_need() {
    let service = |resource: &str, parameters: &str| {
        one_state(&format!(r#""Type":"Task","End":true,"Resource":"{resource}","Parameters":{parameters}"#))
    };
    let codes = |text: &str| found(text).iter().map(|one| one.code).collect::<Vec<_>>().join(" ");
    let missing = told(&service("arn:aws:states:::sqs:sendMessage", r#"{"QueueUrl.$":"$.q"}"#));
    assert!(
        missing.contains(
            "MISSING_PARAMETER: 'sqs:sendMessage' wants 'MessageBody', which is missing at /States/A/Parameters"
        ),
        "{missing}"
    );
    let misspelt = service("arn:aws:states:::sqs:sendMesage", "{}");
    assert_eq!(codes(&misspelt), "SCHEMA_VALIDATION_FAILED");
    assert_eq!(found(&misspelt)[0].help.as_deref(), Some("Did you mean 'arn:aws:states:::sqs:sendMessage'?"));
    assert!(told(&service("arn:aws:states:::sns:publish.sync", r#"{"Message":1}"#)).contains("is not recognized."));
    let waiting = |parameters: &str| codes(&service("arn:aws:states:::sqs:sendMessage.waitForTaskToken", parameters));
    assert!(waiting(r#"{"QueueUrl":"q","MessageBody":"b"}"#).ends_with("MISSING_TIMEOUT TASK_TOKEN_NOT_PASSED"));
    assert!(waiting(r#"{"QueueUrl":"q","MessageBody":{"t.$":"$$.Task.Token"}}"#).ends_with("MISSING_TIMEOUT"));
}

#[test]
fn labels_come_once() {
    let map = |name: &str, next: &str| {
        format!(
            r#""{name}":{{"Type":"Map",{next},"Label":"l","ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},
            "StartAt":"{name}i","States":{{"{name}i":{{"Type":"Succeed"}}}}}}}}"#
        )
    };
    let text = format!(r#"{{"StartAt":"A","States":{{{},{}}}}}"#, map("A", r#""Next":"B""#), map("B", r#""End":true"#));
    assert_eq!(told(&text), "DUPLICATE_LABEL_NAME: Duplicate Label name: l at /States/B/Label");
}

#[test]
fn the_context_object_has_what_it_has() {
    for (text, expected, help) in [
        (
            one_state(
                r#""Type":"Pass","End":true,"Parameters":{"id.$":"$$.Execution.Idd","n.$":"$$.Execution.Input.any[0]"}"#,
            ),
            "UNKNOWN_CONTEXT_FIELD: The context object has no 'Execution.Idd' at /States/A/Parameters/id.$",
            "Did you mean 'Execution.Id'?",
        ),
        (
            one_state(r#""Type":"Pass","End":true,"InputPath":"$$.Exection.Input""#),
            "UNKNOWN_CONTEXT_FIELD: The context object has no 'Exection' at /States/A/InputPath",
            "Did you mean 'Execution'?",
        ),
        (
            jsonata(
                r#""Type":"Pass","End":true,"Output":"{% $states.context.Task.Tokn & $states.context.Map.Item.Value.any %}""#,
            ),
            "UNKNOWN_CONTEXT_FIELD: The context object has no 'Task.Tokn' at /States/A/Output",
            "Did you mean 'Task.Token'?",
        ),
        (
            jsonata(r#""Type":"Pass","End":true,"Output":"{% $summ([1]) %}""#),
            "UNKNOWN_VARIABLE: No state assigns the variable '$summ' at /States/A",
            "Did you mean '$sum'?",
        ),
    ] {
        assert_eq!(told(&text), expected);
        assert_eq!(found(&text)[0].help.as_deref(), Some(help));
    }
}
