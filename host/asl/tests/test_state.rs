//! The test of one state: recorded answers of AWS's `TestState`, and what they do not cover.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use stepwell_asl::expr::Value;
use stepwell_asl::test_state::{Error, TestStateRequest, Tested};
use stepwell_asl::{Failure, Timestamp, test_state};

#[path = "conformance/compare.rs"]
#[allow(dead_code, reason = "histories are compared elsewhere")]
mod compare;
#[path = "conformance/recorded.rs"]
mod recorded;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// What has been reached: (group, steps that are exact). May only rise.
const FLOOR: [(&str, usize); 9] = [
    ("test_field_validation_mode", 13),
    ("test_field_validation_mode_none", 1),
    ("test_field_validation_mode_present", 12),
    ("test_state_configuration", 43),
    ("test_state_context_object", 10),
    ("test_state_mock_validation", 8),
    ("test_test_state_machine_scenarios", 11),
    ("test_test_state_mock_scenarios", 9),
    ("test_test_state_scenarios", 37),
];

#[derive(Debug, Default)]
struct Tally {
    /// The status or the error's code is right.
    code: usize,
    exact: usize,
    total: usize,
}

#[test]
fn states_are_tested_as_recorded() {
    let Some(cases) = recorded::cases() else { return };
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let cases = cases.iter().filter(|case| case["feature"] == "test-state");
    for case in cases.filter(|case| case["id"].as_str().unwrap().contains(&wanted)) {
        let id = case["id"].as_str().unwrap();
        let group = id.split("/test_state/").nth(1).unwrap().split(".py").next().unwrap();
        for step in case["steps"].as_array().unwrap() {
            // What the SDK itself refuses never gets here.
            if step.get("expect_client_error").is_some() {
                continue;
            }
            let tally = tallies.entry(group.to_owned()).or_default();
            tally.total += 1;
            let answer = answer(&step["params"]);
            match judge(&case["normalise"], step, &answer) {
                Ok(()) => (tally.code, tally.exact) = (tally.code + 1, tally.exact + 1),
                Err((code, why)) => {
                    tally.code += usize::from(code);
                    println!("{id}: {}\n    {why}", if code { "differs" } else { "WRONG" });
                }
            }
        }
    }
    println!("{:<36}{:>6}{:>7}{:>7}", "group", "code", "exact", "total");
    for (group, tally) in &tallies {
        println!("{group:<36}{:>6}{:>7}{:>7}", tally.code, tally.exact, tally.total);
    }
    for (group, exact) in FLOOR.iter().filter(|_| wanted.is_empty()) {
        let reached = tallies.get(*group).map_or(0, |tally| tally.exact);
        assert!(reached >= *exact, "{group} fell to {reached}");
    }
}

/// The answer to a request as the recordings have it: JSON in the place of JSON text.
fn answer(params: &Json) -> Result<Json, Error> {
    let mut body = params.clone();
    for name in ["definition", "input", "context", "variables"] {
        if let Some(value) = body.get_mut(name)
            && !value.is_string()
        {
            *value = Json::String(value.to_string());
        }
    }
    let body = body.to_string().replace("{{now}}", "2026-09-21T13:33:20").replace("{{uid1}}", "uid1");
    let mut request = TestStateRequest::from_json(&Value::parse(&body).unwrap(), NOW, 7)?;
    request.account = "111111111111".into();
    let response = match test_state(&request)? {
        Tested::Ended(response) => *response,
        Tested::Calls(test) => {
            let outcome = behave(&test.invoke().resource.task_name(), &test.invoke().input);
            test.returned(outcome)?
        }
    };
    Ok(serde_json::from_str(&response.to_json().to_string()).unwrap())
}

/// The functions that the recorded cases call.
fn behave(name: &str, input: &Value) -> Result<Value, Failure> {
    match name {
        "echo" => Ok(input.clone()),
        "return-bytes-str" => Ok("HelloWorld!".into()),
        other => Err(Failure::new("Task.NotFound", format!("There is no task '{other}'"))),
    }
}

/// Whether the answer's code is right, and what differs.
fn judge(normalise: &Json, step: &Json, answer: &Result<Json, Error>) -> Result<(), (bool, String)> {
    match (step.get("expect_error"), answer) {
        (Some(error), Err(ours)) => {
            let code = error["Code"] == ours.code();
            if code && error["Message"] == ours.to_string() {
                return Ok(());
            }
            Err((code, format!("expected {error}\n    got      {}: {ours}", ours.code())))
        }
        (None, Ok(ours)) => {
            let code = ["status", "error", "nextState"].iter().all(|name| ours.get(name) == step["expect"].get(name));
            compare::value(normalise, &step["expect"], ours, "").map_err(|why| (code, why))
        }
        (expected, ours) => Err((false, format!("expected {expected:?}\n    got      {ours:?}"))),
    }
}

#[test]
fn the_input_is_an_empty_object_where_there_is_none() {
    let answer = answer(&json!({"definition": {"Type": "Pass", "End": true}})).unwrap();
    assert_eq!(answer, json!({"output": "{}", "status": "SUCCEEDED"}));
}

/// The answer, and its `inspectionData` with JSON in the place of JSON text.
fn inspected(request: &Json) -> (Json, Json) {
    let mut request = request.clone();
    request["inspectionLevel"] = "DEBUG".into();
    let mut answer = answer(&request).unwrap();
    let mut data = answer["inspectionData"].take();
    for (_, value) in data.as_object_mut().unwrap().iter_mut() {
        if let Some(text) = value.as_str() {
            *value = serde_json::from_str(text).unwrap();
        }
    }
    (answer, data)
}

fn refused(request: &Json) -> String {
    let error = answer(request).unwrap_err();
    format!("{}: {error}", error.code())
}

fn task(fields: &Json) -> Json {
    let mut task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true});
    for (name, value) in fields.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[test]
fn a_failure_meets_retriers_first_and_then_catchers() {
    let definition = task(&json!({
        "Retry": [
            {"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["Wrong"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxDelaySeconds": 10, "MaxAttempts": 4}
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Mend"}]
    }));
    let mock = json!({"errorOutput": {"error": "Wrong", "cause": "so it is"}});
    let test = |retries: u64| {
        inspected(&json!({"definition": definition, "input": {"a": 1}, "mock": mock,
            "stateConfiguration": {"retrierRetryCount": retries}}))
    };
    for (retries, seconds) in [(0, 3), (1, 6), (2, 10), (3, 10)] {
        let (answer, data) = test(retries);
        assert_eq!(answer["status"], "RETRIABLE");
        assert!(answer.get("output").is_none() && answer.get("nextState").is_none(), "{answer}");
        assert_eq!(data["errorDetails"], json!({"retryIndex": 1, "retryBackoffIntervalSeconds": seconds}));
        assert_eq!(data["afterParameters"], json!({"a": 1}));
    }
    let (answer, data) = test(4);
    assert_eq!(data["errorDetails"], json!({"retryIndex": 1, "catchIndex": 0}));
    assert_eq!(answer["status"], "CAUGHT_ERROR");
    assert_eq!((&answer["error"], &answer["cause"]), (&json!("Wrong"), &json!("so it is")));
    assert_eq!(answer["output"], r#"{"a":1,"failure":{"Error":"Wrong","Cause":"so it is"}}"#);
    assert_eq!(answer["nextState"], "Mend");
}

#[test]
fn every_stage_of_a_task_is_shown() {
    let definition = task(&json!({"InputPath": "$.a", "Parameters": {"b.$": "$.b", "v.$": "$v"},
        "ResultSelector": {"id.$": "$.MessageId"}, "ResultPath": "$.sent", "OutputPath": "$.sent.id",
        "Assign": {"w.$": "$.id"}}));
    let (answer, data) = inspected(&json!({"definition": definition, "input": {"a": {"b": 2}},
        "variables": {"v": "variable"}, "mock": {"result": r#"{"MessageId":"m-1"}"#}}));
    assert_eq!(answer, json!({"status": "SUCCEEDED", "output": r#""m-1""#, "inspectionData": null}));
    let wanted = json!({
        "input": {"a": {"b": 2}}, "afterInputPath": {"b": 2}, "afterParameters": {"b": 2, "v": "variable"},
        "result": {"MessageId": "m-1"}, "afterResultSelector": {"id": "m-1"},
        "afterResultPath": {"a": {"b": 2}, "sent": {"id": "m-1"}},
        "variables": {"v": "variable", "w": "m-1"}
    });
    assert_eq!(data, wanted);
}

#[test]
fn what_makes_the_inputs_of_iterations_is_shown() {
    let map = |fields: &Json| {
        let mut map = json!({"Type": "Map", "End": true, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
        for (name, value) in fields.as_object().unwrap() {
            map[name] = value.clone();
        }
        map
    };
    let definition = map(&json!({"ItemsPath": "$.items", "MaxConcurrencyPath": "$.n",
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"n.$": "$.n"}},
        "ToleratedFailurePercentage": 50}));
    let request = |failed: u64| {
        json!({"definition": definition, "input": {"items": ["a", "b", "c"], "n": 7},
            "mock": {"result": "[1,2]"}, "stateConfiguration": {"mapIterationFailureCount": failed}})
    };
    let (answer, data) = inspected(&request(1));
    assert_eq!((&answer["status"], &answer["output"]), (&json!("SUCCEEDED"), &json!("[1,2]")));
    let item = |i: u64, v: &str| json!({"i": i, "v": v});
    assert_eq!(data["afterItemSelector"], json!([item(0, "a"), item(1, "b"), item(2, "c")]));
    assert_eq!(
        data["afterItemBatcher"],
        json!([{"BatchInput": {"n": 7}, "Items": [item(0, "a"), item(1, "b")]}, {"BatchInput": {"n": 7}, "Items": [item(2, "c")]}])
    );
    assert_eq!((&data["maxConcurrency"], &data["toleratedFailurePercentage"]), (&json!(7), &json!(50.0)));
    let (answer, _) = inspected(&request(2));
    assert_eq!(answer["error"], "States.ExceedToleratedFailureThreshold", "two batches of two are more than half");
    let said =
        "ValidationException: Map iteration failure count must be less than or equal to the number of Map iterations";
    assert_eq!(refused(&request(3)), said, "there are two batches");

    let definition = map(&json!({"ItemSelector": {"item.$": "$$.Map.Item"}}));
    let (_, data) = inspected(&json!({"definition": definition, "input": {"k": 5}, "mock": {"result": "[]"}}));
    assert_eq!(data["afterItemsPath"], json!({"k": 5}));
    let item = json!({"Index": 0, "Key": "k", "Value": 5, "Source": "STATE_DATA"});
    assert_eq!(data["afterItemSelector"], json!([{"item": item}]));

    let definition = map(&json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.key"}, "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/0"}},
        "ItemSelector": {"from.$": "$$.Map.Item.Source"}}));
    let (_, data) = inspected(&json!({"definition": definition, "input": {"key": "k"}, "mock": {"result": "[]"},
        "stateConfiguration": {"mapItemReaderData": r#"{"a":[[1,2]]}"#}}));
    assert_eq!(data["afterItemsPointer"], json!([1, 2]));
    assert_eq!(data["afterItemSelector"], json!([{"from": "S3://b/k"}, {"from": "S3://b/k"}]));
    let (answer, _) = inspected(&json!({"definition": definition, "input": {}, "mock": {"result": "[]"}}));
    assert_eq!((&answer["status"], &answer["error"]), (&json!("FAILED"), &json!("States.Runtime")));
}

#[test]
fn states_that_fail_by_themselves_say_why_without_their_name() {
    let choice = json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "One"}]});
    let answer = answer(&json!({"definition": choice, "input": {"a": 2}})).unwrap();
    let cause = "Failed to transition out of the state. The state does not point to a next state.";
    assert_eq!(answer, json!({"status": "FAILED", "error": "States.NoChoiceMatched", "cause": cause}));
    let pass = json!({"Type": "Pass", "QueryLanguage": "JSONata", "End": true, "Output": "{% $nothing %}"});
    let (answer, data) = inspected(&json!({"definition": pass}));
    assert_eq!(answer["error"], "States.QueryEvaluationError");
    assert!(answer["cause"].as_str().unwrap().starts_with("The JSONata expression '$nothing'"), "{answer}");
    assert_eq!(data, json!({"input": {}}));
}

#[test]
fn a_branch_that_fails_takes_its_parallel_with_it() {
    let parallel = json!({"Type": "Parallel", "Next": "N", "Branches": [
        {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}}}],
        "Catch": [{"ErrorEquals": ["E"], "Next": "C"}]});
    let request = |state: &str| json!({"definition": parallel, "mock": {"errorOutput": {"error": "E"}}, "stateConfiguration": {"errorCausedByState": state}});
    let (answer, data) = inspected(&request("Inner"));
    assert_eq!((&answer["status"], &answer["nextState"]), (&json!("CAUGHT_ERROR"), &json!("C")));
    assert_eq!(data, json!({"input": {}, "errorDetails": {"catchIndex": 0}}));
    assert!(refused(&request("Outer")).contains("'Outer', which is not a state within the tested state"));
}

#[test]
fn a_tested_wait_does_not_wait_and_is_no_longer_than_five_minutes() {
    let wait =
        |seconds: u64| answer(&json!({"definition": {"Type": "Wait", "Seconds": seconds, "Next": "N"}})).unwrap();
    assert_eq!(wait(300), json!({"status": "SUCCEEDED", "output": "{}", "nextState": "N"}));
    assert_eq!(wait(301), json!({"status": "FAILED", "error": "States.Timeout"}));
}

#[test]
fn a_task_without_a_mock_says_what_it_calls() {
    let definition = json!({"Type": "Task", "Resource": "task:echo", "End": true, "Parameters": {"n.$": "$.n"},
        "Retry": [{"ErrorEquals": ["Busy"]}]});
    let body = json!({"definition": definition.to_string(), "input": "{\"n\":1}", "roleArn": "arn:aws:iam::1:role/r"});
    let request = TestStateRequest::from_json(&Value::parse(&body.to_string()).unwrap(), NOW, 7).unwrap();
    let open = || match test_state(&request).unwrap() {
        Tested::Calls(open) => open,
        Tested::Ended(response) => panic!("it has ended: {response:?}"),
    };
    assert_eq!(open().invoke().input.to_string(), r#"{"n":1}"#);
    let response = open().returned(Ok(Value::from("done"))).unwrap();
    assert_eq!(response.to_json().to_string(), r#"{"output":"\"done\"","status":"SUCCEEDED"}"#);
    let response = open().returned(Err(Failure::new("Busy", "try again"))).unwrap();
    assert_eq!(response.status.name(), "RETRIABLE");
    for (resource, said) in [
        ("arn:aws:states:us-east-1:1:activity:ask", "Activity tasks"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken'"),
        ("arn:aws:states:::ecs:runTask.sync", "'.sync'"),
    ] {
        let definition = task(&json!({"Resource": resource}));
        let said_of_it = refused(&json!({"definition": definition, "roleArn": "arn:aws:iam::1:role/r"}));
        assert!(said_of_it.starts_with("InvalidDefinition: ") && said_of_it.contains(said), "{said_of_it}");
        let mocked = answer(&json!({"definition": definition, "mock": {"result": r#"{"any":"thing"}"#}})).unwrap();
        assert_eq!(mocked["output"], r#"{"any":"thing"}"#);
    }
}

#[test]
fn results_are_what_the_service_could_answer() {
    let refused = |resource: &str, result: &Json| {
        let definition =
            task(&json!({"Resource": format!("arn:aws:states:::{resource}"), "Parameters": {"FunctionName": "f"}}));
        let request = json!({"definition": definition, "mock": {"result": result.to_string()}});
        answer(&request).err().map(|error| error.to_string().replace("Mock result schema validation error: ", ""))
    };
    for (resource, result, said) in [
        ("lambda:invoke", json!({"Payload": {"any": ["thing"]}}), None),
        ("aws-sdk:lambda:invoke", json!({"Payload": {}}), Some("Field 'Payload' must be a string")),
        ("lambda:invoke", json!([1]), Some("The result must be an object")),
        (
            "dynamodb:getItem",
            json!({"Item": {"a": {"M": {"b": {"L": [{"N": 1}]}}}}}),
            Some("Field 'N' must be a string"),
        ),
        ("dynamodb:getItem", json!({"Item": {"a": {"M": {"b": {"BOOL": 1}}}}}), Some("Field 'BOOL' must be a boolean")),
        ("dynamodb:getItem", json!({"Item": []}), Some("Field 'Item' must be an object")),
        ("aws-sdk:sfn:describeExecution", json!({}), Some("Required field 'ExecutionArn' is missing")),
        ("states:startExecution.sync", json!({"Output": {}}), Some("Required field 'ExecutionArn' is missing")),
        (
            "aws-sdk:kms:encrypt",
            json!({"CiphertextBlob": "x".repeat(6145)}),
            Some("Field 'CiphertextBlob' exceeds the maximum length"),
        ),
        ("aws-sdk:sfn:describeExecution", json!(null), Some("The result must be an object")),
        ("aws-sdk:nobody:knowsThis", json!({"Anything": []}), None),
        ("aws-sdk:sqs:noSuchAction", json!({"MessageId": 1}), None),
        ("sqs:sendMessage", json!({"MessageId": null, "Other": 1}), None),
    ] {
        assert_eq!(refused(resource, &result).as_deref(), said, "{resource} {result}");
    }
}

#[test]
fn the_context_object_can_be_given() {
    let definition = task(&json!({"Parameters": {"item.$": "$$.Map.Item.Value", "name.$": "$$.Execution.Name"}}));
    let request = |context: &str| json!({"definition": definition, "context": context, "mock": {"result": "{}"}});
    let (_, data) = inspected(&request(r#"{"Map":{"Item":{"Index":3,"Value":[1]}},"Execution":{"Name":"n"}}"#));
    assert_eq!(data["afterParameters"], json!({"item": [1], "name": "n"}));
    for (context, said) in [
        ("nonsense", "it must be valid JSON"),
        ("[]", "Field 'Context' must be an object"),
        (r#"{"State":[]}"#, "Field 'State' must be an object"),
        (r#"{"State":{"RetryCount":"2"}}"#, "Field 'RetryCount' must be a number"),
        (r#"{"StateMachine":{"Id":7}}"#, "Field 'Id' must be a string"),
        (r#"{"Map":{"Item":{"Place":1}}}"#, "Field 'Place' is not allowed"),
        (r#"{"Map":{"Index":1}}"#, "Field 'Index' is not allowed"),
    ] {
        assert_eq!(refused(&request(context)), format!("ValidationException: Invalid Context object provided: {said}"));
    }
    let unmocked = json!({"definition": {"Type": "Succeed"}, "context": "{}"});
    assert!(refused(&unmocked).contains("does not support Context when a mock is not specified"));
}

#[test]
fn a_state_is_found_in_its_machine_and_leads_anywhere_without_one() {
    let lone = json!({"Type": "Pass", "Next": "Nowhere"});
    assert_eq!(answer(&json!({"definition": lone})).unwrap()["nextState"], "Nowhere");
    let choice = json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Nowhere"}], "Default": "End"});
    let machine = json!({"StartAt": "A", "States": {"A": choice, "End": {"Type": "Succeed"}}});
    let said = "InvalidDefinition: Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Choices[0]/Next'";
    assert_eq!(refused(&json!({"definition": machine, "stateName": "A"})), said);
    assert!(refused(&json!({"definition": machine})).contains("These fields are required: [Type] at /"));
    assert!(refused(&json!({"definition": {"Type": "Pas", "End": true}})).ends_with("Parallel, Map] at /Type'"));
    assert!(refused(&json!({"definition": "{"})).starts_with("InvalidDefinition: "));
    assert!(refused(&json!({"definition": {"Type": "Succeed"}, "input": "{"})).starts_with("InvalidExecutionInput: "));
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let pass = json!({"Type": "Pass", "End": true});
    let mocked = task(&json!({}));
    for (request, said) in [
        (json!({}), "'definition'"),
        (json!({"definition": pass, "inspectionLevel": "ALL"}), "enum value set: [INFO, DEBUG, TRACE]"),
        (json!({"definition": pass, "stateName": ""}), "length greater than or equal to 1"),
        (json!({"definition": pass, "variables": "[]"}), "Variables must be a valid JSON object"),
        (
            json!({"definition": pass, "mock": {"result": "{}"}}),
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            json!({"definition": pass, "stateConfiguration": {"retrierRetryCount": 1}}),
            "RetrierRetryCount when a mock is not",
        ),
        (json!({"definition": mocked, "mock": {}}), "must have a result or an errorOutput"),
        (json!({"definition": mocked, "mock": {"result": "1", "errorOutput": {"error": "E"}}}), "not both"),
        (json!({"definition": mocked, "mock": {"errorOutput": {"cause": "C"}}}), "must have an error"),
        (
            json!({"definition": mocked, "mock": {"result": "{}", "fieldValidationMode": "LAX"}}),
            "[STRICT, PRESENT, NONE]",
        ),
        (
            json!({"definition": mocked, "mock": {"result": "{}"}, "stateConfiguration": {"retrierRetryCount": -1}}),
            "greater than or equal to 0",
        ),
        (
            json!({"definition": mocked, "mock": {"result": "{}"}, "stateConfiguration": {"mapIterationFailureCount": 1}}),
            "only supported for a Map state",
        ),
        (
            json!({"definition": mocked, "mock": {"result": "{}"}, "stateConfiguration": {"mapItemReaderData": "[]"}}),
            "with an ItemReader",
        ),
        (
            json!({"definition": mocked, "mock": {"errorOutput": {"error": "E"}}, "stateConfiguration": {"errorCausedByState": "X"}}),
            "Map or Parallel",
        ),
    ] {
        let refused = refused(&request);
        assert!(refused.starts_with("ValidationException: ") && refused.contains(said), "{request}: {refused}");
    }
}

#[test]
fn what_a_test_is_given_has_a_length() {
    let most = 262_144;
    let text = |chars: usize| Json::String(format!("\"{}\"", "é".repeat(chars - 2)));
    let pass = json!({"Type": "Succeed"});
    let map = json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
    for name in ["input", "variables", "context"] {
        let refused = refused(&json!({"definition": pass, name: text(most + 1)}));
        assert!(refused.contains("length less than or equal to 262144"), "{name}: {refused}");
    }
    let longest = refused(&json!({"definition": pass, "input": text(most)}));
    assert!(longest.starts_with("InvalidExecutionInput: ") && longest.contains("larger than a payload"), "{longest}");
    let error = |error: usize, cause: usize| {
        let output = json!({"error": "e".repeat(error), "cause": "c".repeat(cause)});
        answer(&json!({"definition": map, "input": "[]", "mock": {"errorOutput": output}}))
    };
    assert_eq!(error(256, 32_768).unwrap()["status"], "FAILED");
    assert!(error(257, 0).unwrap_err().to_string().contains("mock.errorOutput.error"));
    assert!(error(1, 32_769).unwrap_err().to_string().contains("mock.errorOutput.cause"));
}

#[test]
fn hostile_requests_are_answered() {
    let deep = "[".repeat(100_000);
    let closed = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let odd =
        [json!(null), json!(7), json!([]), json!({}), json!("x"), json!(deep), json!(closed), json!(-1), json!(true)];
    let names = [
        "definition",
        "stateName",
        "input",
        "roleArn",
        "inspectionLevel",
        "revealSecrets",
        "variables",
        "context",
        "mock",
        "stateConfiguration",
    ];
    let inner = [
        "result",
        "errorOutput",
        "fieldValidationMode",
        "retrierRetryCount",
        "errorCausedByState",
        "mapIterationFailureCount",
        "mapItemReaderData",
    ];
    let mut answered = 0;
    for value in &odd {
        for name in names {
            let mut request = json!({"definition": task(&json!({})).to_string(), "mock": {"result": "{}"}});
            request[name] = value.clone();
            answered += usize::from(hostile(&request));
        }
        for name in inner {
            let mut request = json!({"definition": task(&json!({})).to_string(), "mock": {}, "stateConfiguration": {}});
            for place in ["mock", "stateConfiguration"] {
                request[place][name] = value.clone();
            }
            answered += usize::from(hostile(&request));
        }
    }
    assert!(answered >= 10, "only {answered} requests were good for anything");
}

#[test]
fn no_part_of_a_request_does_harm_when_it_is_something_else() {
    let map = json!({"Type": "Map", "End": true, "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": "$.r",
        "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "ItemBatcher": {"MaxItemsPerBatch": 2, "MaxInputBytesPerBatch": 9},
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
            "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/0", "MaxItems": 2}},
        "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 1.5,
        "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "BackoffRate": 2.5, "MaxAttempts": 3, "MaxDelaySeconds": 9}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "N", "Assign": {"x.$": "$"}}],
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
    let dynamo = task(&json!({"Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": {"a.$": "$.items"},
        "ResultSelector": {"i.$": "$.Item"}, "Assign": {"i.$": "$.i"}}));
    let query = task(&json!({"QueryLanguage": "JSONata", "Arguments": {"a": "{% $states.input.items %}"},
        "Output": "{% $states.context.Execution.Id & $string($v) %}", "TimeoutSeconds": "{% $count($states.input.items) %}"}));
    let context =
        json!({"Execution": {"Id": "i", "Input": [1]}, "State": {"RetryCount": 1}, "Map": {"Item": {"Index": 0}}});
    let item = json!({"Item": {"k": {"M": {"l": {"L": [{"S": "s"}, {"BOOL": true}]}}}}});
    let input = json!({"items": [1, "two", {"three": 3}]});
    for (definition, mock, configuration) in [
        (
            &map,
            json!({"result": json!([1, 2]).to_string()}),
            json!({"mapIterationFailureCount": 1, "mapItemReaderData": "{\"a\":[[1,2]]}"}),
        ),
        (
            &map,
            json!({"errorOutput": {"error": "E", "cause": "c"}}),
            json!({"errorCausedByState": "P", "retrierRetryCount": 3}),
        ),
        (
            &dynamo,
            json!({"result": item.to_string(), "fieldValidationMode": "PRESENT"}),
            json!({"retrierRetryCount": 0}),
        ),
        (&query, json!({"result": "{}"}), json!({})),
    ] {
        // Texts of JSON are taken apart as well, so that what they say is changed and not only they.
        let request = json!({"definition": definition, "input": input, "context": context, "variables": {"v": 1},
            "inspectionLevel": "DEBUG", "mock": mock, "stateConfiguration": configuration});
        let mut places = Vec::new();
        pointers(&request, String::new(), &mut places);
        assert!(places.len() > 25, "{places:?}");
        for place in &places {
            for odd in [
                json!(null),
                json!(-1),
                json!(1e300),
                json!(""),
                json!("$"),
                json!("{% $f() %}"),
                json!([]),
                json!({}),
                json!(true),
            ] {
                let mut changed = request.clone();
                *changed.pointer_mut(place).unwrap() = odd;
                drop(answer(&changed));
            }
        }
        answer(&request).unwrap();
    }
}

/// The pointer of every value within this one.
fn pointers(value: &Json, at: String, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            map.iter().for_each(|(name, inner)| pointers(inner, format!("{at}/{}", name.replace('/', "~1")), found));
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(i, inner)| pointers(inner, format!("{at}/{i}"), found))
        }
        _ => {}
    }
    if !at.is_empty() {
        found.push(at);
    }
}

/// Whether the request was answered; it must not do more harm than being refused.
fn hostile(request: &Json) -> bool {
    let request = TestStateRequest::from_json(&Value::parse(&request.to_string()).unwrap(), NOW, 7);
    request.is_ok_and(|request| test_state(&request).is_ok())
}
