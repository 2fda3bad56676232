//! Requests as clients send them, and answers as they read them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use stepwell_aws::model::Protocol;
use stepwell_aws::sigv4::claimed;
use stepwell_aws::wire::{BODY_BYTES_MAX, Call, Caller, Parts, Request, Route};
use stepwell_aws::{Service, ServiceError};

type Headers<'a> = Vec<(&'a str, &'a [u8])>;

fn usual() -> Caller {
    Caller { account: "000000000000".to_owned(), region: "us-east-1".to_owned(), access_key_id: None }
}

/// The header of a request that some key signed for a service.
fn scoped(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=123456789012/20260102/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn target<'a>(operation: &'a str, body: &'a [u8]) -> (Headers<'a>, &'a [u8]) {
    (vec![("X-Amz-Target", operation.as_bytes()), ("Content-Type", b"application/x-amz-json-1.0")], body)
}

fn read(request: &Request<'_>) -> Result<Call, Parts> {
    let route = Route::of(request, "id-1").unwrap();
    route.read(request, claimed(request, &usual())).map_err(|error| route.refuse(&error))
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}

fn body(parts: &Parts) -> Value {
    serde_json::from_slice(&parts.body).unwrap()
}

#[test]
fn targets_name_the_operation() {
    let authorization = scoped("states");
    let (mut headers, body_bytes) =
        target("AWSStepFunctions.StartExecution", br#"{"stateMachineArn":"a","input":null}"#);
    headers.push(("Authorization", authorization.as_bytes()));
    let call = read(&Request { method: "POST", path: "/", query: "", headers: &headers, body: body_bytes }).unwrap();
    assert_eq!((call.service, call.operation, call.protocol), (Service::States, "StartExecution", Protocol::Json10));
    assert_eq!(call.input, json!({"stateMachineArn": "a"}));
    let caller = &call.caller;
    assert_eq!((caller.account.as_str(), caller.region.as_str()), ("123456789012", "eu-west-1"));

    let parts = call.respond(Ok(json!({"executionArn": "e", "startDate": 1_700_000_000.25, "name": null, "x": 1})));
    assert_eq!(parts.status, 200);
    assert_eq!(header(&parts, "content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(header(&parts, "x-amzn-requestid"), Some("id-1"));
    assert_eq!(body(&parts), json!({"executionArn": "e", "startDate": 1_700_000_000.25}));

    let error = ServiceError::new("StateMachineDoesNotExist", "State Machine Does Not Exist: 'a'");
    let parts = call.respond(Err(error));
    assert_eq!(parts.status, 400);
    let told = json!({"__type": "StateMachineDoesNotExist", "message": "State Machine Does Not Exist: 'a'"});
    assert_eq!(body(&parts), told);
    let tags = ServiceError::new("TooManyTags", "t").with("resourceName", "n");
    assert_eq!(body(&call.respond(Err(tags))), json!({"__type": "TooManyTags", "message": "t", "resourceName": "n"}));
    assert_eq!(call.respond(Err(ServiceError::internal("disk"))).status, 500);
}

#[test]
fn an_operation_without_output_answers_with_nothing() {
    let (headers, body) = target("AWSEvents.DeleteRule", br#"{"Name":"r"}"#);
    let call = read(&Request { method: "POST", path: "/", query: "", headers: &headers, body }).unwrap();
    let parts = call.respond(Ok(Value::Null));
    assert_eq!((parts.status, parts.body.len()), (200, 0));
    assert_eq!(header(&parts, "content-type"), Some("application/x-amz-json-1.1"));
}

#[test]
fn unknown_operations_are_named() {
    for (name, text) in [
        ("AWSStepFunctions.Fly", "Fly is no operation of Step Functions"),
        ("AWSEvents.Fly", "Fly is no operation of EventBridge"),
        ("Nobody.Fly", "The target 'Nobody.Fly' is none that this host has"),
        ("", "The target '' is none"),
    ] {
        let (headers, body_bytes) = target(name, b"{}");
        let parts =
            read(&Request { method: "POST", path: "/", query: "", headers: &headers, body: body_bytes }).unwrap_err();
        assert_eq!((parts.status, body(&parts)["__type"].as_str()), (400, Some("UnknownOperationException")));
        assert!(body(&parts)["message"].as_str().unwrap().starts_with(text), "{}", body(&parts));
    }
    let (headers, body_bytes) = target("AWSEvents.ListRules", b"{}");
    let parts =
        read(&Request { method: "GET", path: "/", query: "", headers: &headers, body: body_bytes }).unwrap_err();
    assert_eq!(parts.status, 400);
    // Two targets are none.
    let twice: Headers<'_> = vec![("x-amz-target", b"AWSEvents.ListRules"), ("X-Amz-Target", b"AWSEvents.PutRule")];
    let parts = read(&Request { method: "POST", path: "/", query: "", headers: &twice, body: b"{}" }).unwrap_err();
    assert_eq!(body(&parts)["__type"], "UnknownOperationException");
    let authorization = scoped("sqs");
    let headers: Headers<'_> = vec![("authorization", authorization.as_bytes())];
    let parts = read(&Request { method: "POST", path: "/", query: "", headers: &headers, body: b"" }).unwrap_err();
    assert!(
        body(&parts)["message"].as_str().unwrap().contains("The service 'sqs' is none that this host has"),
        "{}",
        body(&parts)
    );
}

#[test]
fn rest_requests_have_members_everywhere() {
    let authorization = scoped("scheduler");
    let headers: Headers<'_> =
        vec![("authorization", authorization.as_bytes()), ("content-type", b"application/json; charset=utf-8")];
    let send = |method, path, query, body| read(&Request { method, path, query, headers: &headers, body });

    let call =
        send("GET", "/schedules", "NamePrefix=a%2Bb+c&MaxResults=7&ScheduleGroup=g&other=1", b"").map_err(|p| body(&p));
    // `+` is a space in a query, and a prefix cannot have one.
    assert!(call.unwrap_err()["Message"].as_str().unwrap().contains("'a+b c' at 'namePrefix'"));
    let call = send("GET", "/schedules", "NamePrefix=a-b&MaxResults=7&ScheduleGroup=g&other=1", b"").unwrap();
    assert_eq!(
        (call.operation, &call.input),
        ("ListSchedules", &json!({"NamePrefix": "a-b", "MaxResults": 7, "GroupName": "g"}))
    );

    let arn = "/tags/arn%3Aaws%3Ascheduler%3Aeu-west-1%3A123456789012%3Aschedule-group%2Fg";
    let call = send("DELETE", arn, "TagKeys=a&TagKeys=b", b"").unwrap();
    assert_eq!(call.operation, "UntagResource");
    let wanted =
        json!({"ResourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/g", "TagKeys": ["a", "b"]});
    assert_eq!(call.input, wanted);

    // The path says the name, whatever the body says.
    let call = send("POST", "/schedule-groups/mine", "", br#"{"Name":"other","ClientToken":"t"}"#).unwrap();
    assert_eq!(call.input, json!({"Name": "mine", "ClientToken": "t"}));
    assert_eq!(call.respond(Ok(json!({"ScheduleGroupArn": "x"}))).status, 200);
    let parts = call.respond(Err(ServiceError::new("ConflictException", "Schedule group mine already exists.")));
    assert_eq!((parts.status, header(&parts, "x-amzn-errortype")), (409, Some("ConflictException")));
    assert_eq!(body(&parts), json!({"Message": "Schedule group mine already exists."}));

    for (method, path, query, sent, status, code) in [
        ("PATCH", "/schedules/x", "", "", 404, "UnknownOperationException"),
        ("GET", "/schedules/", "", "", 404, "UnknownOperationException"),
        ("GET", "/schedules/a/b", "", "", 404, "UnknownOperationException"),
        ("GET", "/schedules", "MaxResults=x", "", 400, "SerializationException"),
        ("GET", "/schedules/%ff", "", "", 400, "SerializationException"),
        ("GET", "/schedules", "NamePrefix=%ff", "", 400, "SerializationException"),
        ("POST", "/schedule-groups/x", "", "[]", 400, "SerializationException"),
        ("GET", "/schedules", "MaxResults=101", "", 400, "ValidationException"),
    ] {
        let parts = send(method, path, query, sent.as_bytes()).unwrap_err();
        assert_eq!((parts.status, header(&parts, "x-amzn-errortype")), (status, Some(code)), "{method} {path}");
    }
}

/// A page in a browser can post plain text to any host.
#[test]
fn rest_bodies_must_say_that_they_are_json() {
    let headers: Headers<'_> = vec![("content-type", b"text/plain")];
    let request = Request {
        method: "POST",
        path: "/schedule-groups/x",
        query: "",
        headers: &headers,
        body: br#"{"ClientToken":"t"}"#,
    };
    assert_eq!(read(&request).unwrap_err().status, 415);
}

#[test]
fn sts_speaks_xml() {
    let form = b"Action=GetCallerIdentity&Version=2011-06-15";
    let headers: Headers<'_> = vec![("Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")];
    let call = read(&Request { method: "POST", path: "/", query: "", headers: &headers, body: form }).unwrap();
    assert_eq!((call.service, call.operation), (Service::Sts, "GetCallerIdentity"));
    let parts = call.respond(Ok(json!({"Account": "1", "Arn": "a<&>", "UserId": "u"})));
    assert_eq!(header(&parts, "content-type"), Some("text/xml"));
    assert_eq!(
        String::from_utf8(parts.body).unwrap(),
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <UserId>u</UserId><Account>1</Account><Arn>a&lt;&amp;&gt;</Arn></GetCallerIdentityResult><ResponseMetadata>\
         <RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    let authorization = scoped("sts");
    let headers: Headers<'_> = vec![("authorization", authorization.as_bytes())];
    let parts =
        read(&Request { method: "POST", path: "/", query: "Action=Fly", headers: &headers, body: b"" }).unwrap_err();
    let text = String::from_utf8(parts.body).unwrap();
    assert!(text.contains("<Type>Sender</Type><Code>InvalidAction</Code>"), "{text}");
}

#[test]
fn other_requests_are_nobodys() {
    let bearer: Headers<'_> = vec![("authorization", b"Bearer x")];
    for (method, path) in [("GET", "/"), ("POST", "/generate-report"), ("GET", "/api/v1/executions")] {
        let request = Request { method, path, query: "", headers: &bearer, body: b"" };
        assert!(Route::of(&request, "id").is_none(), "{path}");
    }
}

#[test]
fn a_body_has_a_size() {
    let text = format!("{{\"definition\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX - 17));
    let (headers, body_bytes) = target("AWSStepFunctions.CreateStateMachine", text.as_bytes());
    assert_eq!(body_bytes.len(), BODY_BYTES_MAX);
    let status =
        |body| read(&Request { method: "POST", path: "/", query: "", headers: &headers, body }).unwrap_err().status;
    assert_eq!(status(body_bytes), 400);
    let longer = [body_bytes, b" "].concat();
    assert_eq!(status(&longer), 413);
}

#[test]
fn bodies_that_are_no_json_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for sent in [b"{".as_slice(), b"\xff\xfe", b"nul", b"{\"a\":1e999}", deep.as_bytes(), b"{} {}", b"\"text\""] {
        let (headers, body_bytes) = target("AWSStepFunctions.ListStateMachines", sent);
        let parts =
            read(&Request { method: "POST", path: "/", query: "", headers: &headers, body: body_bytes }).unwrap_err();
        assert_eq!((parts.status, body(&parts)["__type"].as_str()), (400, Some("SerializationException")));
    }
    // An empty body is an input without members.
    let (headers, body_bytes) = target("AWSStepFunctions.ListStateMachines", b"");
    assert!(read(&Request { method: "POST", path: "/", query: "", headers: &headers, body: body_bytes }).is_ok());
}
