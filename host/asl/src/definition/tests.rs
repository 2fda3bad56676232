use super::*;
use crate::{Resource, ServicePattern};

/// The problems of a definition, one per line: `CODE: message at /pointer`.
fn problems(text: &str) -> String {
    let found = match Machine::parse(text) {
        Ok(machine) => machine.warnings().to_vec(),
        Err(problems) => problems,
    };
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(problems(text), expected.join("\n"), "of {text}");
}

/// A machine of one state.
fn state(fields: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{{fields}}}}}}}"#)
}

#[test]
fn a_small_definition_is_a_machine() {
    check(r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#, &[]);
}

#[test]
fn all_problems_are_found_each_with_its_place() {
    let text = r#"{
  "StartAt": "Frist",
  "States": {
    "First": { "Type": "Pass", "Nxt": "Second", "End": true },
    "Second": {
      "Type": "Wait",
      "Timestamp": "2016-13-05T21:29:29Z",
      "Next": "Nowhere"
    }
  },
  "Version": "2.0"
}"#;
    check(
        text,
        &[
            "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version",
            "SCHEMA_VALIDATION_FAILED: Field 'Nxt' is not supported at /States/First",
            "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/Second/Timestamp",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/Second/Next",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Frist at /StartAt",
            "MISSING_TRANSITION_TARGET: State \"First\" is not reachable. at /States/First",
            "MISSING_TRANSITION_TARGET: State \"Second\" is not reachable. at /States/Second",
        ],
    );
    let found = Machine::parse(text).unwrap_err();
    let places: Vec<(u32, u32)> = found.iter().map(|p| p.span.unwrap()).map(|s| (s.line, s.column)).collect();
    assert_eq!(places, [(11, 14), (4, 39), (7, 20), (8, 15), (2, 14), (4, 14), (5, 15)]);
    let help: Vec<Option<String>> = found.into_iter().map(|p| p.help).collect();
    assert_eq!(help[1].as_deref(), Some("Did you mean 'Next'?"));
    assert_eq!(help[4].as_deref(), Some("Did you mean 'First'?"));
}

#[test]
fn what_is_no_json_object_says_so_with_line_and_column() {
    check("", &["SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"]);
    check("[]", &["SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"]);
    let found = problems("{\n  \"StartAt\": oops }");
    assert!(found.starts_with("INVALID_JSON_DESCRIPTION: Unrecognized token 'oops': was expecting "), "{found}");
    let span = Machine::parse("{\n  \"StartAt\": oops }").unwrap_err()[0].span.unwrap();
    assert_eq!((span.line, span.column), (2, 14));
}

#[test]
fn fields_that_are_missing_or_exclude_each_other() {
    check(r#"{"StartAt":"A"}"#, &["SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"]);
    check(
        &state(r#""Type":"Jump""#),
        &[
            "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type",
        ],
    );
    check(
        &state(r#""Type":"Pass""#),
        &[
            "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/A",
        ],
    );
    check(
        &state(r#""Type":"Wait","Seconds":1,"SecondsPath":"$.x","End":true"#),
        &[
            "SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/A",
        ],
    );
    check(
        &state(r#""Type":"Task","Resource":"task:x","End":true,"TimeoutSeconds":0"#),
        &["SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/A/TimeoutSeconds"],
    );
}

#[test]
fn expressions_are_compiled_when_a_definition_is_checked() {
    check(
        &state(r#""Type":"Pass","End":true,"Parameters":{"a":{"parsed.$":"States.Nope("}}"#),
        &[
            "SCHEMA_VALIDATION_FAILED: The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters/a",
        ],
    );
    check(
        &state(r#""Type":"Pass","End":true,"ResultPath":"$.a[*]","InputPath":"nonsense""#),
        &[
            "SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/A/InputPath",
            "SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/A/ResultPath",
        ],
    );
}

#[test]
fn resources_that_cannot_be_called_are_refused_with_what_can() {
    let refused = Machine::parse(&state(
        r#""Type":"Task","End":true,"Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken""#,
    ))
    .unwrap_err();
    assert_eq!(refused[0].code, diagnostic::UNSUPPORTED);
    assert!(refused[0].message.contains("'A'") && refused[0].message.contains(".waitForTaskToken"), "{}", refused[0]);
    let refused =
        Machine::parse(&state(r#""Type":"Task","End":true,"Resource":"arn:aws:states:::dynamodb:query""#)).unwrap_err();
    assert!(refused[0].message.starts_with("The resource provided arn:aws:states:::dynamodb:query is not recognized."));
    assert!(refused[0].help.as_deref().unwrap().contains("task:NAME"));
    let machine = Machine::parse(
        r#"{"StartAt":"A","States":{
            "A":{"Type":"Task","Resource":"task:query","Next":"B"},
            "B":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:format:live","Next":"C"},
            "C":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"save"},"End":true}}}"#,
    )
    .unwrap();
    let found: Vec<_> = machine.resources();
    assert_eq!(
        found,
        [
            ("/States/A/Resource".to_owned(), Resource::Task { name: "query".into() }),
            ("/States/B/Resource".to_owned(), Resource::Lambda { function: "format".into() }),
            ("/States/C/Resource".to_owned(), Resource::Lambda { function: "save".into() }),
        ]
    );
}

#[test]
fn retriers_and_catchers_are_checked() {
    let task = |rest: &str| state(&format!(r#""Type":"Task","Resource":"task:x","End":true,{rest}"#));
    check(
        &task(r#""Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["E"],"BackoffRate":0.5}]"#),
        &[
            "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/A/Retry[0]/ErrorEquals[0]",
            "SCHEMA_VALIDATION_FAILED: Minimum value is 1.0 at /States/A/Retry[1]/BackoffRate",
        ],
    );
    check(
        &task(r#""Catch":[{"ErrorEquals":["State.ALL"],"Next":"A"}]"#),
        &["UNKNOWN_ERROR_NAME: There is no error named 'State.ALL' at /States/A/Catch[0]/ErrorEquals[0]"],
    );
}

#[test]
fn states_that_nothing_leads_to_and_names_that_come_twice() {
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"},"B":{"Type":"Succeed"}}}"#,
        &["MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B"],
    );
    check(
        r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"P","States":{"P":{"Type":"Succeed"}}}]}}}"#,
        &["DUPLICATE_STATE_NAME: Duplicate State name: P at /States/P/Branches[0]/States/P"],
    );
}

#[test]
fn each_query_language_has_its_fields() {
    for (fields, message) in [
        (
            r#""Output":{}"#,
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
        ),
        (
            r#""QueryLanguage":"JSONata","InputPath":"$.a""#,
            "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage",
        ),
        (r#""QueryLanguage":"JSONata","Output":{"a":["{% 1 + %}"]}"#, "Unexpected end of expression"),
    ] {
        let refused = Machine::parse(&state(&format!(r#""Type":"Pass","End":true,{fields}"#))).unwrap_err();
        assert_eq!(refused.len(), 1, "{refused:?}");
        let code = if message.contains("field") { diagnostic::SCHEMA } else { diagnostic::INVALID_JSONATA };
        assert_eq!((refused[0].code, refused[0].message.as_str()), (code, message));
    }
}

/// A distributed Map with these fields before its processor.
fn distributed(fields: &str) -> String {
    state(&format!(
        r#""Type":"Map","End":true,{fields}"ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},"StartAt":"B","States":{{"B":{{"Type":"Succeed"}}}}}}"#
    ))
}

#[test]
fn fields_of_distributed_maps_are_refused_of_inline_ones() {
    for field in ["ItemReader", "ItemBatcher", "ResultWriter", "Label"] {
        let inline = r#""ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#;
        let found = problems(&state(&format!(r#""Type":"Map","End":true,"{field}":{{}},{inline}"#)));
        let message = format!("The field '{field}' is only supported by a Map state in DISTRIBUTED mode");
        assert!(found.contains(&message), "{found}");
    }
}

#[test]
fn fields_of_distributed_maps_are_checked() {
    for (fields, message) in [
        (r#""ItemReader":{},"#, "These fields are required: [Resource] at /States/A/ItemReader"),
        (r#""ItemReader":{"Resource":"arn:aws:states:::sqs:get"},"#, "is not recognized"),
        (
            r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"XML"}},"#,
            "The field 'InputType' should have one of these values: [CSV, JSON, JSONL, MANIFEST, PARQUET] at /States/A/ItemReader/ReaderConfig/InputType",
        ),
        (
            r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"CSVHeaderLocation":"GIVEN"}},"#,
            "These fields are required: [CSVHeaders] at /States/A/ItemReader/ReaderConfig",
        ),
        (r#""ItemBatcher":{},"#, "One of these fields is required: [MaxItemsPerBatch,"),
        (
            r#""ItemBatcher":{"MaxItemsPerBatch":1,"MaxItemsPerBatchPath":"$.n"},"#,
            "There should only be one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath] at /States/A/ItemBatcher",
        ),
        (r#""ResultWriter":{},"#, "One of these fields is required: [Resource, WriterConfig]"),
        (
            r#""ResultWriter":{"Resource":"arn:aws:states:::s3:putObject"},"#,
            "These fields are required: [Parameters] at /States/A/ResultWriter",
        ),
        (
            r#""ResultWriter":{"WriterConfig":{"Transformation":"GZIP","OutputType":"JSON"}},"#,
            "The field 'Transformation' should have one of these values: [NONE, COMPACT, FLATTEN]",
        ),
    ] {
        let found = problems(&distributed(fields));
        assert!(found.contains(message), "{fields}: {found}");
    }
    let most = limits::BATCH_BYTES_MAX;
    let batch = |bytes: u64| distributed(&format!(r#""ItemBatcher":{{"MaxInputBytesPerBatch":{bytes}}},"#));
    Machine::parse(&batch(most)).unwrap();
    assert!(problems(&batch(most + 1)).contains("Maximum value is 262144"));
}

#[test]
fn a_choice_without_a_default_is_warned_about() {
    check(
        r#"{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"D"}]},"D":{"Type":"Succeed"}}}"#,
        &[
            "MISSING_DEFAULT_STATE: There is no 'Default': input that no rule matches fails with States.NoChoiceMatched at /States/C",
        ],
    );
}

#[test]
fn delays_and_attempts_have_a_most() {
    for (field, max) in [
        ("IntervalSeconds", limits::DELAY_SECONDS_MAX),
        ("MaxAttempts", limits::RETRY_ATTEMPTS_MAX),
        ("MaxDelaySeconds", limits::RETRY_DELAY_SECONDS_MAX),
    ] {
        let retrier = |n: u64| {
            state(&format!(
                r#""Type":"Task","Resource":"task:x","End":true,"Retry":[{{"ErrorEquals":["E"],"{field}":{n}}}]"#
            ))
        };
        assert_eq!(problems(&retrier(max)), "");
        assert!(problems(&retrier(max + 1)).contains(&format!("Maximum value is {max}")));
    }
    let wait = |n: u64| state(&format!(r#""Type":"Wait","End":true,"Seconds":{n}"#));
    assert_eq!(problems(&wait(limits::DELAY_SECONDS_MAX)), "");
    assert!(problems(&wait(limits::DELAY_SECONDS_MAX + 1)).contains("Maximum value is 99999999"));
}

#[test]
fn every_limit_of_a_definition_is_reached() {
    let long = " ".repeat(limits::DEFINITION_BYTES_MAX + 1);
    assert!(problems(&long).starts_with("DEFINITION_LIMIT_EXCEEDED: The definition has 1048577 bytes"));

    let name = |chars: usize| "é".repeat(chars);
    let named = |name: &str| format!(r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Succeed"}}}}}}"#);
    assert_eq!(problems(&named(&name(limits::STATE_NAME_CHARS_MAX))), "");
    assert!(problems(&named(&name(limits::STATE_NAME_CHARS_MAX + 1))).contains("from 1 to 80 characters"));

    let nested = |levels: usize| {
        (0..levels).fold(r#"{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}"#.to_owned(), |inner, level| {
            format!(r#"{{"StartAt":"P{level}","States":{{"P{level}":{{"Type":"Parallel","End":true,"Branches":[{inner}]}}}}}}"#)
        })
    };
    assert_eq!(problems(&nested(limits::DEFINITION_NESTING_MAX)), "");
    assert!(problems(&nested(limits::DEFINITION_NESTING_MAX + 1)).contains("nest at most 25 deep"));

    let choice = |levels: usize| {
        let test = r#"{"Variable":"$.x","IsPresent":true}"#.to_owned();
        let test = (0..levels).fold(test, |inner, _| format!(r#"{{"Not":{inner}}}"#));
        let rule = test.replacen('{', r#"{"Next":"D","#, 1);
        format!(
            r#"{{"StartAt":"C","States":{{"C":{{"Type":"Choice","Default":"D","Choices":[{rule}]}},"D":{{"Type":"Succeed"}}}}}}"#
        )
    };
    assert_eq!(problems(&choice(limits::CHOICE_NESTING_MAX)), "");
    assert!(problems(&choice(limits::CHOICE_NESTING_MAX + 1)).contains("nest at most 64 deep"));

    let many = (0..limits::DIAGNOSTICS_MAX + 50).map(|n| format!(r#""X{n}":1"#)).collect::<Vec<_>>().join(",");
    let found = Machine::parse(&state(&format!(r#""Type":"Succeed",{many}"#))).unwrap_err();
    assert_eq!(found.len(), limits::DIAGNOSTICS_MAX + 1);
}

#[test]
fn what_only_standard_workflows_have_is_refused_of_express_ones() {
    let express = |resource: &str| {
        let text = state(&format!(r#""Type":"Task","End":true,"Resource":"{resource}""#));
        let found = Machine::parse_as(&text, WorkflowType::Express).unwrap_err();
        (found[0].code, found[0].to_string())
    };
    for (resource, said) in [
        ("arn:aws:states:us-east-1:1:activity:wait", "does not support Activity ARN at"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken' service integration at"),
        ("arn:aws:states:::states:startExecution.sync", "'.sync' service integration at"),
        ("arn:aws:states:::states:startExecution.sync:2", "'.sync' service integration at"),
    ] {
        let (code, found) = express(resource);
        assert!(code == diagnostic::SCHEMA && found.contains(said), "{found}");
    }
    assert_eq!(express("arn:aws:states:::aws-sdk:s3:getObject").0, diagnostic::UNSUPPORTED);
    check(
        &state(r#""Type":"Task","End":true,"Resource":"echo""#),
        &["SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/A/Resource"],
    );
}

#[test]
fn what_only_aws_runs_is_known_where_it_is_not_run() {
    let any = Checks { workflow: WorkflowType::Standard, integrations: Integrations::Any };
    let parse = |resource: &str, checks| {
        Machine::parse_with(&state(&format!(r#""Type":"Task","End":true,"Resource":"{resource}""#)), checks)
    };
    for (resource, service, action, pattern) in [
        ("arn:aws:states:::dynamodb:putItem", "dynamodb", "putItem", ServicePattern::RequestResponse),
        ("arn:aws:states:::aws-sdk:kms:encrypt", "aws-sdk:kms", "encrypt", ServicePattern::RequestResponse),
        ("arn:aws-cn:states:::ecs:runTask.sync", "ecs", "runTask", ServicePattern::Sync),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution", ServicePattern::Sync2),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", "lambda", "invoke", ServicePattern::WaitForTaskToken),
    ] {
        let wanted = Resource::Service { service: service.into(), action: action.into(), pattern };
        assert_eq!(parse(resource, any).unwrap().resources(), [("/States/A/Resource".to_owned(), wanted)]);
        assert_eq!(parse(resource, Checks::default()).unwrap_err()[0].code, diagnostic::UNSUPPORTED);
    }
    let arn = "arn:aws:states:us-east-1:1:activity:wait";
    let wanted = Resource::Activity { arn: arn.into() };
    assert_eq!(parse(arn, any).unwrap().resources(), [("/States/A/Resource".to_owned(), wanted)]);
    for (resource, workflow) in [
        ("arn:aws:states:::dynamodb:putItem.sync", WorkflowType::Standard),
        ("arn:aws:states:::sqs:receive", WorkflowType::Standard),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", WorkflowType::Express),
        (arn, WorkflowType::Express),
    ] {
        parse(resource, Checks { workflow, ..any }).unwrap_err();
    }
}

#[test]
fn credentials_name_a_role() {
    let task = |credentials: &str| {
        state(&format!(r#""Type":"Task","End":true,"Resource":"task:a","Credentials":{credentials}"#))
    };
    check(&task(r#"{"RoleArn":"arn:aws:iam::1:role/r"}"#), &[]);
    check(&task(r#"{"RoleArn.$":"$.role"}"#), &[]);
    check(
        &task("{}"),
        &["SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/A/Credentials"],
    );
}

#[test]
fn labels_are_short_and_plain() {
    let map = |label: &str| match Machine::parse(&distributed(&format!(r#""Label":"{label}","#))) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    assert!(map("").contains("Label cannot be empty at /States/A/Label"));
    assert!(map("a b").contains("Label contains invalid character: ' ' at"));
    assert!(map("a^").contains("Label contains invalid character: '^' at"));
    assert!(!map(&"l".repeat(limits::LABEL_CHARS_MAX)).contains("SCHEMA"));
    assert!(map(&"l".repeat(limits::LABEL_CHARS_MAX + 1)).contains("Label cannot exceed 40 characters"));
}

#[test]
fn no_state_takes_back_the_machines_jsonata() {
    let text = r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","QueryLanguage":"JSONPath","End":true}}}"#;
    assert!(
        problems(text).ends_with(
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A"
        )
    );
}

#[test]
fn places_are_whole_characters() {
    for text in ["\u{85}", "\u{3000}\u{2028}", "ä", "{ü", "{\"a\": é}", "[\u{1f600}", "{\"\u{1f600}"] {
        for problem in Machine::parse(text).unwrap_err() {
            let span = problem.span.unwrap();
            assert!(text.get(span.start..span.end).is_some(), "{text:?}: {span:?}");
        }
    }
}
