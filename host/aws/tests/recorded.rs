//! The recorded requests, refusals and answers of AWS, against the models of this crate.
//!
//! They live beside the repository; where they are absent the tests say so and pass.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use stepwell_aws::model::Model;
use stepwell_aws::{Service, ServiceError};

/// The cases of a file, or `None` with a printed line.
fn cases(file: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance").join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("SKIPPED: {} is not there", path.display());
            None
        }
    }
}

/// The API cases of Step Functions, of every file that has some.
fn states_cases() -> Vec<Value> {
    let files = ["activity", "api", "express", "test-state", "validation", "variable-references", "timeout"];
    files.iter().filter_map(|file| cases(&format!("asl/{file}.json"))).flatten().collect()
}

fn steps(case: &Value) -> impl Iterator<Item = &Value> {
    case["steps"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// Placeholders become texts; what a step takes from an earlier one becomes what the recording has
/// there, as the client had it.
fn filled(value: &Value, earlier: &[Value]) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for number in 1..10 {
                text = text.replace(&format!("{{{{uid{number}}}}}"), &format!("0a1b2c3{number}"));
            }
            text = text.replace("{{now}}", "2026-01-02T03:04:05");
            while let Some((before, rest)) = text.clone().split_once("${") {
                let Some((inside, after)) = rest.split_once('}') else { break };
                let (step, field) = inside.split_once('.').unwrap_or((inside, ""));
                let found = step.parse::<usize>().ok().and_then(|step| earlier.get(step));
                let found = found.and_then(|found| found.get(field)).and_then(Value::as_str);
                text = format!(
                    "{before}{}{after}",
                    found.unwrap_or("arn:aws:states:us-east-1:111111111111:stateMachine:x")
                );
            }
            Value::from(text)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, earlier)).collect(),
        Value::Object(members) => {
            let texts = ["definition", "input", "context", "output"];
            let pair = |(name, value): (&String, &Value)| {
                let value = filled(value, earlier);
                let as_text = texts.contains(&name.as_str()) && !value.is_string();
                (name.clone(), if as_text { Value::from(value.to_string()) } else { value })
            };
            members.iter().map(pair).collect::<Map<_, _>>().into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn check(service: Service, operation: &str, params: Value) -> Result<Value, ServiceError> {
    let model = Model::of(service);
    model.check_input(model.operation(operation).unwrap(), params)
}

/// Placeholders of recordings stand for parts of ARNs and the like: they are compared as any text.
fn alike(recorded: &str, told: &str) -> bool {
    let mut rest = told;
    for (index, part) in recorded.split('<').enumerate() {
        let part = if index == 0 { part } else { part.split_once('>').map_or(part, |(_, part)| part) };
        match rest.find(part) {
            Some(at) if index > 0 || at == 0 => rest = &rest[at + part.len()..],
            Some(_) | None => return false,
        }
    }
    true
}

fn is_of_the_model(message: &str) -> bool {
    message.contains("validation error detected") || message.contains("validation errors detected")
}

#[test]
fn step_functions_refuses_what_aws_refuses_in_its_words() {
    let (mut checked, mut refused, mut problems) = (0, 0, Vec::new());
    for case in states_cases() {
        let mut earlier = Vec::new();
        for step in steps(&case) {
            earlier.push(step.get("expect").cloned().unwrap_or_default());
            let operation = step["op"].as_str().unwrap();
            if operation.starts_with('@') {
                continue;
            }
            checked += 1;
            let found = check(Service::States, operation, filled(&step["params"], &earlier));
            // The client's own model refused these; no words of the service are known for them. A
            // null, which clients refuse for its type, is a member that is not there.
            let by_client =
                step.get("expect_client_error").or_else(|| step.get("expect_error_text")).map(Value::to_string);
            if let Some(text) = by_client.filter(|text| text.contains("Parameter validation failed")) {
                assert!(
                    found.is_err() || text.contains("NoneType"),
                    "{}: {operation}: the client refused this",
                    case["id"]
                );
                continue;
            }
            let recorded = step["expect_error"]["Message"].as_str().filter(|text| is_of_the_model(text));
            match (found, recorded) {
                (Ok(_), None) => {}
                (Err(error), Some(recorded))
                    if error.code() == "ValidationException" && alike(recorded, error.message()) =>
                {
                    refused += 1;
                }
                (found, recorded) => {
                    problems.push(format!("{}: {operation}: {found:?} and not {recorded:?}", case["id"]))
                }
            }
        }
    }
    println!("{checked} recorded requests of Step Functions, {refused} of them refused by its model");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(checked == 0 || refused >= 8, "only {refused} refusals were compared");
}

#[test]
fn eventbridge_refuses_what_aws_refuses_in_its_words() {
    let Some(found) = cases("events/api.json") else { return };
    let (mut checked, mut refused, mut problems) = (0, 0, Vec::new());
    for case in &found {
        for step in steps(case) {
            let service = if step["service"] == "scheduler" { Service::Scheduler } else { Service::Events };
            let operation: String = step["operation"].as_str().unwrap().split('_').map(capitalised).collect();
            checked += 1;
            let found = check(service, &operation, filled(&step["params"], &[]));
            let recorded = step["error"]["message"].as_str().filter(|text| is_of_the_model(text));
            match (found, recorded) {
                (Ok(_), None) => {}
                (Err(error), Some(recorded)) if error.message() == recorded => refused += 1,
                (found, recorded) => {
                    problems.push(format!("{}: {operation}: {found:?} and not {recorded:?}", case["id"]))
                }
            }
        }
    }
    println!("{checked} recorded requests of EventBridge, {refused} of them refused by its model");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(refused >= 2, "only {refused} refusals were compared");
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// What AWS answered has no violation, so whatever [`Model::check_output`] finds is worth a look.
#[test]
fn aws_answers_as_its_models_say() {
    let (mut checked, mut problems) = (0, BTreeMap::new());
    for case in states_cases() {
        for step in steps(&case) {
            let (Some(operation), Some(answer)) = (step["op"].as_str(), step["expect"].as_object()) else { continue };
            let model = Model::of(Service::States);
            if model.operation(operation).is_none() {
                continue;
            }
            let mut answer = Value::Object(answer.clone());
            answer.as_object_mut().unwrap().remove("ResponseMetadata");
            unplaced(&mut answer);
            checked += 1;
            for violation in model.check_output(operation, &answer) {
                problems.insert(format!("{operation} {violation}"), case["id"].clone());
            }
        }
    }
    println!("{checked} recorded answers of Step Functions");
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Recordings have words for times, and parsed JSON for some texts.
fn unplaced(value: &mut Value) {
    const TEXTS: [&str; 15] = [
        "cause",
        "context",
        "definition",
        "input",
        "output",
        "parameters",
        "afterArguments",
        "afterInputPath",
        "afterItemSelector",
        "afterItemsPath",
        "afterParameters",
        "afterResultPath",
        "afterResultSelector",
        "result",
        "variables",
    ];
    match value {
        Value::String(text) if ["datetime", "timestamp", "date", "creation-date"].contains(&text.as_str()) => {
            *value = json!(1_657_720_081.5)
        }
        Value::Object(members) => {
            for (name, member) in members {
                if TEXTS.contains(&name.as_str()) && (member.is_object() || member.is_array()) {
                    *member = Value::from(member.to_string());
                } else {
                    unplaced(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unplaced),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Refusals that were recorded without a case of their own: several at once, values that are
/// structures, and members that only such texts show.
#[test]
fn whole_texts_are_those_of_aws() {
    let entry = json!({"Source": "core", "DetailType": "update", "Detail": "{\"a\": 1}", "EventBusName": "bus"});
    let long = "This should fail with two errors 123467890123412341234123412341234";
    let basic = json!({"BasicAuthParameters": {"Username": "u", "Password": "p"}});
    let connection = json!({"Name": long, "AuthorizationType": "INVALID", "AuthParameters": basic});
    let shown = "PutEventsRequestEntry(time=null, source=core, resources=null, detailType=update, detail={\"a\": 1}, \
                 eventBusName=bus, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)";
    let target = json!({"Rule": "r", "Targets": [{"Id": "!@#$@!#$", "Arn": "arn:aws:sqs:us-east-1:1:q"}]});
    for (operation, params, text) in [
        (
            "CreateConnection",
            connection,
            format!(
                "3 validation errors detected: Value '{long}' at 'name' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value '{long}' at 'name' failed to satisfy constraint: \
                 Member must have length less than or equal to 64; Value 'INVALID' at 'authorizationType' failed to \
                 satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]"
            ),
        ),
        (
            "PutEvents",
            json!({"Entries": vec![entry; 11]}),
            format!(
                "1 validation error detected: Value '[{}]' at 'entries' failed to satisfy constraint: Member must have \
                 length less than or equal to 10",
                [shown; 11].join(", ")
            ),
        ),
        (
            "PutTargets",
            target,
            "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
                .to_owned(),
        ),
    ] {
        assert_eq!(check(Service::Events, operation, params).unwrap_err().message(), text);
    }
}
