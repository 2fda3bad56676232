//! How inputs are read and refused, where no recording says so: types, nulls, limits.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use stepwell_aws::model::{Model, SHOWN_CHARS_MAX, VALIDATION_ERRORS_MAX};
use stepwell_aws::{Service, ServiceError};

fn check(service: Service, operation: &str, params: Value) -> Result<Value, ServiceError> {
    let model = Model::of(service);
    model.check_input(model.operation(operation).unwrap(), params)
}

#[test]
fn nulls_and_unknown_members_are_left_out() {
    let given = json!({"name": "x", "input": null, "stateMachineArn": "a", "unheardOf": {"x": [1]}});
    let read = check(Service::States, "StartExecution", given).unwrap();
    assert_eq!(read, json!({"name": "x", "stateMachineArn": "a"}));
    assert_eq!(check(Service::States, "ListExecutions", json!({"maxResults": 5.0})).unwrap(), json!({"maxResults": 5}));
}

#[test]
fn values_of_other_types_are_refused_with_their_place() {
    for (service, operation, params, text) in [
        (
            Service::States,
            "StartExecution",
            json!({"stateMachineArn": 1}),
            "NUMBER_VALUE cannot be converted to String at 'stateMachineArn'",
        ),
        (
            Service::States,
            "StartExecution",
            json!({"input": {}}),
            "Start of structure or map found where not expected at 'input'",
        ),
        (Service::States, "StartExecution", json!({"input": []}), "Start of list found where not expected at 'input'"),
        (
            Service::States,
            "ListExecutions",
            json!({"maxResults": "1"}),
            "STRING_VALUE cannot be converted to Integer at 'maxResults'",
        ),
        (
            Service::States,
            "ListExecutions",
            json!({"maxResults": 2_147_483_648_u64}),
            "NUMBER_VALUE cannot be converted to Integer at 'maxResults'",
        ),
        (
            Service::States,
            "ListExecutions",
            json!({"maxResults": 1.5}),
            "DECIMAL_VALUE cannot be converted to Integer at 'maxResults'",
        ),
        (
            Service::States,
            "CreateStateMachine",
            json!({"publish": "yes"}),
            "STRING_VALUE cannot be converted to Boolean at 'publish'",
        ),
        (
            Service::Events,
            "PutEvents",
            json!({"Entries": [{}, {"Detail": true}]}),
            "TRUE_VALUE cannot be converted to String at 'Entries.1.Detail'",
        ),
        (Service::Events, "PutEvents", json!({"Entries": "x"}), "Unexpected field type at 'Entries'"),
        (Service::Events, "PutEvents", json!([]), "Start of list found where not expected"),
        (Service::Events, "PutEvents", json!(1), "Unexpected value type in payload"),
    ] {
        let error = check(service, operation, params).unwrap_err();
        assert_eq!((error.code(), error.message()), ("SerializationException", text));
    }
}

#[test]
fn constraints_are_told_in_awss_words() {
    let tags = json!({"ResourceARN": "a", "TagKeys": ["ok", ""]});
    for (service, operation, params, text) in [
        (
            Service::States,
            "CreateStateMachine",
            json!({"name": "x"}),
            "2 validation errors detected: Value null at 'definition' failed to satisfy constraint: Member must not be null; \
             Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            Service::States,
            "CreateStateMachine",
            json!({"name": "x", "definition": "", "roleArn": "r"}),
            // The definition is marked as something that must not be shown.
            "1 validation error detected: Value at 'definition' failed to satisfy constraint: Member must have length greater \
             than or equal to 1",
        ),
        (
            Service::Events,
            "UntagResource",
            tags,
            "1 validation error detected: Value '[ok, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy \
             constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, \
             Member must not be null]",
        ),
        (
            Service::Scheduler,
            "CreateSchedule",
            json!({"Name": "n", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": "a", "RoleArn": "role"}}),
            "1 validation error detected: Value 'role' at 'target.roleArn' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: arn:aws[a-z-]*:iam::\\d{12}:role\\/[\\w+=,.@\\/-]+",
        ),
    ] {
        let error = check(service, operation, params).unwrap_err();
        assert_eq!((error.code(), error.message()), ("ValidationException", text));
    }
}

#[test]
fn only_so_many_errors_are_told() {
    let targets: Vec<_> = (0..100).map(|_| json!({"Id": "!", "Arn": "a"})).collect();
    let error = check(Service::Events, "PutTargets", json!({"Rule": "r", "Targets": targets})).unwrap_err();
    assert!(error.message().starts_with(&format!("{VALIDATION_ERRORS_MAX} validation errors detected: ")), "{error}");
    assert_eq!(error.message().matches("failed to satisfy").count(), VALIDATION_ERRORS_MAX);
}

#[test]
fn only_so_much_of_a_value_is_repeated() {
    let text = "ä".repeat(SHOWN_CHARS_MAX + 1);
    let error = check(Service::Events, "DescribeRule", json!({"Name": text})).unwrap_err();
    let shown = error.message().chars().filter(|c| *c == 'ä').count();
    assert_eq!(shown, 2 * SHOWN_CHARS_MAX, "once for the pattern and once for the length");
    let tags: Vec<_> = (0..50_000).map(|n| json!({"Key": n.to_string(), "Value": "v"})).collect();
    let error = check(Service::Events, "TagResource", json!({"ResourceARN": "", "Tags": tags})).unwrap_err();
    assert!(error.message().len() < 2 * SHOWN_CHARS_MAX, "{}", error.message().len());
}

#[test]
fn answers_that_are_not_those_of_the_model_are_seen() {
    let model = Model::of(Service::States);
    let told = |operation: &str, output: Value| {
        model.check_output(operation, &output).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told("StartExecution", json!({"executionArn": "a", "startDate": 1.5})), [""; 0]);
    let page = json!({"executions": [{"executionArn": "a", "name": "n", "startDate": "1", "status": "DONE", "x": 1}]});
    let found = told("ListExecutions", page);
    let wanted = [
        "executions.0.stateMachineArn: is required and missing",
        "executions.0.startDate: is \"1\", not a timestamp in seconds since 1970",
        "executions.0.status: is \"DONE\", not one of SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING",
        "executions.0.x: is no member of the model",
    ];
    assert_eq!(found, wanted);
    assert_eq!(told("Fly", json!({})), ["the answer: there is no operation Fly"]);
    assert_eq!(model.check_error("StartExecution", "InvalidArn"), None);
    assert_eq!(model.check_error("StartExecution", "ValidationException"), None);
    assert!(model.check_error("StartExecution", "ActivityDoesNotExist").is_some());
    assert_eq!(Model::of(Service::Events).check_output("DeleteRule", &json!({})), []);
}
