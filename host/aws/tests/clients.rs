//! Requests that AWS's clients for Python and JavaScript made, and answers as botocore reads them.
//!
//! `fixtures/signed.json` and `fixtures/signed-js.json` hold a few requests; where python and botocore are there, every
//! operation of every service is asked for and answered. `STEPWELL_PYTHON` names a python that has
//! botocore.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stepwell_aws::sdk_env::{Settings, Shell, script};
use stepwell_aws::sigv4::{Key, Keys, Rules, verify};
use stepwell_aws::wire::{Call, Request, Route};
use stepwell_aws::{Service, ServiceError};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/clients.py");

struct OneKey<'a> {
    token: Option<&'a str>,
}

impl Keys for OneKey<'_> {
    fn find(&self, access_key_id: &str) -> Option<Key> {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into();
        let session_token = self.token.map(|token| token.to_owned().into());
        (access_key_id == "AKIDEXAMPLE").then(|| Key { secret, account: "123456789012".to_owned(), session_token })
    }
}

fn python() -> String {
    std::env::var("STEPWELL_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Or says so in a printed line.
fn has_botocore() -> bool {
    let has = Command::new(python()).args(["-c", "import botocore"]).stderr(Stdio::null()).status();
    let has = has.is_ok_and(|status| status.success());
    if !has {
        println!("SKIPPED: {} has no botocore", python());
    }
    has
}

/// What the script says to this mode, or `None` with a printed line.
fn client(mode: &str, input: Option<&Value>) -> Option<Value> {
    if !has_botocore() {
        return None;
    }
    let mut child =
        Command::new(python()).args([SCRIPT, mode]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = input.map(Value::to_string).unwrap_or_default();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A request is verified, read, and has the input that the client was given.
fn received(sent: &Value, now: i64) -> Call {
    let text = |name: &str| sent[name].as_str().unwrap();
    let body = STANDARD.decode(text("body")).unwrap();
    let headers: Vec<_> = sent["headers"].as_array().unwrap().iter().map(|pair| (&pair[0], &pair[1])).collect();
    let headers: Vec<_> =
        headers.into_iter().map(|(name, value)| (name.as_str().unwrap(), value.as_str().unwrap().as_bytes())).collect();
    let request =
        Request { method: text("method"), path: text("path"), query: text("query"), headers: &headers, body: &body };
    let route = Route::of(&request, "id-1").unwrap();
    assert_eq!((route.service().scope(), route.operation_name()), (text("service"), text("operation")));
    let keys = OneKey { token: sent["token"].as_str() };
    let rules = Rules { keys: &keys, now, region: Some("us-east-1"), replays: None };
    let verified = verify(&request, route.service(), &rules);
    let caller = verified.unwrap_or_else(|error| panic!("{} {}: {error}", text("service"), text("operation")));
    let other = OneKey { token: Some("other") };
    assert!(verify(&request, route.service(), &Rules { keys: &other, ..rules }).is_err());
    let call = route.read(&request, caller);
    let call = call.unwrap_or_else(|error| panic!("{} {}: {error}", text("service"), text("operation")));
    assert_eq!(numbers(&call.input), numbers(&sent["params"]), "{}", call.operation);
    call
}

/// `1` and `1.0` are one number to a client.
fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64()),
        Value::Array(items) => items.iter().map(numbers).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), numbers(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn requests_that_aws_clients_signed_are_verified_and_read() {
    for fixture in [include_str!("fixtures/signed.json"), include_str!("fixtures/signed-js.json")] {
        let fixture: Value = serde_json::from_str(fixture).unwrap();
        let requests = fixture["requests"].as_array().unwrap();
        assert!(requests.len() >= 16);
        for sent in requests {
            received(sent, fixture["now"].as_i64().unwrap());
        }
    }
}

#[test]
fn every_operation_is_understood_as_botocore_asks_and_answered_as_it_reads() {
    let Some(found) = client("requests", None) else { return };
    let now = found["now"].as_i64().unwrap();
    let (mut answers, mut wanted) = (Vec::new(), Vec::new());
    let mut add = |call: &Call, result: Result<Value, ServiceError>, read: Value| {
        let parts = call.respond(result);
        let headers: serde_json::Map<_, _> =
            parts.headers.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        let (service, operation, body) = (call.service.scope(), call.operation, STANDARD.encode(parts.body));
        answers.push(json!({"service": service, "operation": operation, "status": parts.status, "headers": headers, "body": body}));
        wanted.push((format!("{service} {operation}"), read));
    };
    for sent in found["requests"].as_array().unwrap() {
        let call = received(sent, now);
        let output = &sent["output"];
        assert_eq!(call.model().check_output(call.operation, output), [], "{}", call.operation);
        add(&call, Ok(output.clone()), json!({"ok": numbers(output), "request_id": "id-1"}));
        if !sent["token"].is_null() {
            continue;
        }
        for code in call.model().operation(call.operation).unwrap().errors() {
            assert_eq!(call.model().check_error(call.operation, code), None);
            let told = "told <&> 'ü'";
            let read = json!({"error": code, "message": told, "class": code, "request_id": "id-1"});
            add(&call, Err(ServiceError::new(code, told)), read);
        }
    }
    let read = client("answers", Some(&Value::Array(answers))).unwrap();
    let read = read.as_array().unwrap();
    assert_eq!(read.len(), wanted.len());
    for (read, (what, wanted)) in read.iter().zip(&wanted) {
        assert_eq!(numbers(read), *wanted, "{what}");
    }
    let requests = found["requests"].as_array().unwrap().len();
    println!("{requests} requests of botocore were read, and it read {} answers", wanted.len());
    assert!(requests >= 2 * (37 + 57 + 12 + 1), "{requests}");
    assert_eq!(Service::ALL.len(), 4);
}

#[test]
fn the_variables_for_a_shell_point_botocore_to_the_host() {
    let settings = Settings {
        endpoint: "http://127.0.0.1:8083",
        region: "eu-west-1",
        access_key_id: "000000000000",
        secret_access_key: "it's",
    };
    if !has_botocore() {
        return;
    }
    let text = format!(
        "export AWS_SESSION_TOKEN=old\n{}exec '{}' '{SCRIPT}' environment",
        script(Shell::Sh, &settings),
        python()
    );
    let Ok(output) = Command::new("sh").args(["-c", &text]).output() else {
        println!("SKIPPED: there is no sh");
        return;
    };
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    for service in Service::ALL {
        assert_eq!(found[service.scope()], "http://127.0.0.1:8083");
    }
    assert_eq!(found["sync"], "http://127.0.0.1:8083/", "the model's sync- stands before no name");
    assert_eq!((&found["key"], &found["region"]), (&json!(["000000000000", "it's", null]), &json!("eu-west-1")));
}
