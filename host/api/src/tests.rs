//! Requests through the router, on a real engine with scripted tasks.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use stepwell_engine::{INPUT_BYTES_MAX, Options};
use stepwell_store::MemoryStore;
use stepwell_tasks::{Failure, FakeTasks};
use tower::ServiceExt as _;

use super::*;

const ECHO: &str = r#"{"StartAt": "Echo", "States": {"Echo": {"Type": "Task", "Resource": "task:echo", "End": true}}}"#;
const WAIT: &str = r#"{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": true}}}"#;
const FAIL: &str = r#"{"StartAt": "Try", "States": {"Try": {"Type": "Task", "Resource": "task:fail", "End": true}}}"#;

struct Host {
    engine: Engine,
    router: Router,
}

fn host() -> Host {
    let tasks = FakeTasks::new()
        .with("echo", |call| Ok(call.input.to_string()))
        .with("fail", |_| Err(Failure::new("Report.Empty", "no rows")));
    let store = Arc::new(MemoryStore::new());
    let engine = Engine::open(Options::default(), store, Arc::new(tasks), tokio::runtime::Handle::current()).unwrap();
    for (name, definition) in [("echo", ECHO), ("wait", WAIT), ("fail", FAIL)] {
        engine.put_workflow(name, definition).unwrap();
    }
    let route = Route { method: "POST".into(), path: "/generate-report".into(), start: "echo".into() };
    let task = Task {
        name: "echo".into(),
        component: "sha256:00".into(),
        description: stepwell_asl::expr::Value::parse(r#"{"about":"echoes"}"#).unwrap(),
        timeout_seconds_default: 60,
        broken: None,
    };
    let options = ApiOptions { routes: vec![route], tasks: vec![task], allowed_hosts: ApiOptions::loopback_hosts() };
    Host { router: router(engine.clone(), options), engine }
}

/// The answer: status line, headers that matter, body.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Ids, digests and times differ from run to run.
    fn shown(&self) -> String {
        let kind = self.header("content-type").unwrap_or("-");
        format!("{} {kind}\n{:#}", self.status, self.json())
    }
}

impl Host {
    async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header(header::HOST, "localhost:8083").body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, body, &[("content-type", "application/json")]).await
    }

    async fn post_with(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post(path).header(header::HOST, "127.0.0.1:8083");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Starts an execution and follows it to its end; its id.
    async fn ended(&self, workflow: &str) -> String {
        let started = self.post(&format!("/api/v1/workflows/{workflow}/executions"), r#"{"input":{"n":1}}"#).await;
        assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
        let id = started.json()["id"].as_str().unwrap().to_owned();
        let mut watch = self.engine.watch(&id).await.unwrap();
        while watch.next().await.is_some() {}
        id
    }

    fn executions(&self) -> usize {
        self.engine.list(&stepwell_engine::ListQuery::default()).unwrap().executions.len()
    }
}

/// Replaces what differs from run to run.
fn redacted(text: &str, id: &str) -> String {
    let mut out = Vec::new();
    for line in text.replace(id, "ID").lines() {
        let line = match line.split_once("Date\": \"") {
            Some((before, after)) => format!("{before}Date\": \"TIME{}", &after[after.find('"').unwrap()..]),
            None => line.to_owned(),
        };
        let line = match line.find("sha256:") {
            Some(at) if line.len() > at + 71 => format!("{}DIGEST{}", &line[..at], &line[at + 71..]),
            _ => line,
        };
        out.push(line);
    }
    out.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_answers_202_with_the_way_to_the_execution() {
    let host = host();
    let answer = host.post("/generate-report", r#"{"month":"2013-01"}"#).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), Some(format!("/api/v1/executions/{id}").as_str()));
    insta::assert_snapshot!(redacted(&answer.shown(), &id), @r#"
    202 Accepted application/json
    {
      "arn": "arn:aws:states:us-east-1:000000000000:execution:echo:ID",
      "existing": false,
      "id": "ID",
      "links": {
        "events": "/api/v1/executions/ID/events",
        "history": "/api/v1/executions/ID/history",
        "logs": "/api/v1/executions/ID/logs",
        "result": "/api/v1/executions/ID/result",
        "self": "/api/v1/executions/ID"
      },
      "name": "ID",
      "startDate": "TIME",
      "status": "RUNNING",
      "workflow": "echo"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_shown_with_its_output() {
    let host = host();
    let id = host.ended("echo").await;
    let answer = host.get(&format!("/api/v1/executions/{id}")).await;
    insta::assert_snapshot!(redacted(&answer.shown(), &id), @r#"
    200 OK application/json
    {
      "arn": "arn:aws:states:us-east-1:000000000000:execution:echo:ID",
      "definitionDigest": "DIGEST",
      "id": "ID",
      "input": {
        "n": 1
      },
      "links": {
        "events": "/api/v1/executions/ID/events",
        "history": "/api/v1/executions/ID/history",
        "logs": "/api/v1/executions/ID/logs",
        "result": "/api/v1/executions/ID/result",
        "self": "/api/v1/executions/ID"
      },
      "name": "ID",
      "output": {
        "n": 1
      },
      "startDate": "TIME",
      "status": "SUCCEEDED",
      "stopDate": "TIME",
      "workflow": "echo"
    }
    "#);
    let by_arn =
        host.get(&format!("/api/v1/executions/arn:aws:states:us-east-1:000000000000:execution:echo:{id}")).await;
    assert_eq!(by_arn.json(), answer.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_the_output_a_wait_or_the_failure() {
    let host = host();
    let id = host.ended("echo").await;
    let done = host.get(&format!("/api/v1/executions/{id}/result")).await;
    assert_eq!((done.status, done.json()), (StatusCode::OK, json!({"n": 1})));

    let running = host.post("/api/v1/workflows/wait/executions", "{}").await.json();
    let waiting = host.get(running["links"]["result"].as_str().unwrap()).await;
    assert_eq!((waiting.status, waiting.header("retry-after")), (StatusCode::ACCEPTED, Some("1")));
    assert_eq!(waiting.json()["status"], "RUNNING");

    let id = host.ended("fail").await;
    let failed = host.get(&format!("/api/v1/executions/{id}/result")).await;
    insta::assert_snapshot!(redacted(&failed.shown(), &id), @r#"
    422 Unprocessable Entity application/problem+json
    {
      "cause": "no rows",
      "detail": "Report.Empty: no rows",
      "error": "Report.Empty",
      "execution": "ID",
      "executionStatus": "FAILED",
      "instance": "/api/v1/executions/ID/result",
      "status": 422,
      "title": "The execution did not succeed",
      "type": "urn:stepwell:problem:execution-failed"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_comes_in_pages() {
    let host = host();
    let id = host.ended("echo").await;
    let mut after = 0;
    let mut types = Vec::new();
    loop {
        let page = host.get(&format!("/api/v1/executions/{id}/history?limit=3&after={after}")).await.json();
        let events = page["events"].as_array().unwrap();
        assert!(events.len() <= 3);
        types.extend(events.iter().map(|event| event["type"].as_str().unwrap().to_owned()));
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(types.first().map(String::as_str), Some("ExecutionStarted"));
    assert_eq!(types.last().map(String::as_str), Some("ExecutionSucceeded"));
    let whole = host.get(&format!("/api/v1/executions/{id}/history")).await.json();
    assert_eq!(whole["events"].as_array().unwrap().len(), types.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_history_has_only_so_many_events() {
    let host = host();
    let endless = r#"{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices":
        [{"Variable": "$.x", "IsPresent": true, "Next": "D"}], "Default": "C"}, "D": {"Type": "Succeed"}}}"#;
    host.engine.put_workflow("endless", endless).unwrap();
    let id = host.ended("endless").await;
    let page = async |query: &str| host.get(&format!("/api/v1/executions/{id}/history?{query}")).await;
    let most = page(&format!("limit={HISTORY_EVENTS_MAX}")).await.json();
    assert_eq!(most["events"].as_array().unwrap().len() as u64, HISTORY_EVENTS_MAX);
    assert_eq!(most["next"], HISTORY_EVENTS_MAX);
    let rest = page(&format!("limit={HISTORY_EVENTS_MAX}&after={}", 2 * HISTORY_EVENTS_MAX)).await.json();
    assert_eq!((rest["events"].as_array().unwrap().len(), &rest["next"]), (5_000, &Value::Null));
    let more = page(&format!("limit={}", HISTORY_EVENTS_MAX + 1)).await;
    assert_eq!(more.status, StatusCode::BAD_REQUEST, "{}", more.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_streamed_and_taken_up_again() {
    let host = host();
    let id = host.ended("echo").await;
    let path = format!("/api/v1/executions/{id}/events");
    let whole = host.get(&path).await;
    assert_eq!(whole.header("content-type"), Some("text/event-stream"));
    let ids: Vec<u64> = whole.text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert!(whole.text.ends_with("event: end\ndata: {}\n\n"), "{}", whole.text);

    let resume = |last: u64| {
        let request = Request::get(&path).header(header::HOST, "localhost").header("last-event-id", last);
        host.send(request.body(Body::empty()).unwrap())
    };
    let rest = resume(2).await;
    assert!(rest.text.starts_with("event: history\nid: 3\n"), "{}", rest.text);
    let nothing = resume(ids.len() as u64).await;
    assert_eq!((nothing.status, nothing.text.as_str()), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_lives_as_long_as_the_execution() {
    let host = host();
    let started = host.post("/api/v1/workflows/wait/executions", "{}").await.json();
    let id = started["id"].as_str().unwrap().to_owned();
    let request = Request::get(format!("/api/v1/executions/{id}/events")).header(header::HOST, "localhost");
    let response = host.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: history\nid: 1\n"));
    let stopped = host.post(&format!("/api/v1/executions/{id}/stop"), r#"{"error":"Enough"}"#).await;
    assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.text);
    let rest = body.collect().await.unwrap().to_bytes();
    let rest = String::from_utf8(rest.to_vec()).unwrap();
    assert!(rest.contains("ExecutionAborted") && rest.ends_with("event: end\ndata: {}\n\n"), "{rest}");
    let again = host.post(&format!("/api/v1/executions/{id}/stop"), "").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_listed_with_filters_and_a_cursor() {
    let host = host();
    for _ in 0..3 {
        host.ended("echo").await;
    }
    host.ended("fail").await;
    let all = host.get("/api/v1/executions").await.json();
    assert_eq!((all["executions"].as_array().unwrap().len(), &all["next"]), (4, &Value::Null));
    let failed = host.get("/api/v1/executions?status=failed").await.json();
    assert_eq!(failed["executions"][0]["workflow"], "fail");
    let first = host.get("/api/v1/executions?workflow=echo&limit=2").await.json();
    let cursor = first["next"].as_str().unwrap();
    let second = host.get(&format!("/api/v1/executions?workflow=echo&limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["executions"].as_array().unwrap().len(), 1);
    for wrong in ["status=done", "limit=0", "limit=1001", "limit=x", "cursor=x", "page=2", "limit=1&limit=2"] {
        let answer = host.get(&format!("/api/v1/executions?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}: {}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_listed() {
    let host = host();
    let workflows = host.get("/api/v1/workflows").await.json();
    assert_eq!(workflows["workflows"].as_array().unwrap().len(), 3);
    let echo = host.get("/api/v1/workflows/echo").await.json();
    assert_eq!(echo["definition"], ECHO);
    assert_eq!(host.get("/api/v1/workflows/none").await.status, StatusCode::NOT_FOUND);
    insta::assert_snapshot!(host.get("/api/v1/tasks").await.shown(), @r#"
    200 OK application/json
    {
      "tasks": [
        {
          "component": "sha256:00",
          "description": {
            "about": "echoes"
          },
          "name": "echo",
          "timeoutSecondsDefault": 60
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_explained_and_start_nothing() {
    let host = host();
    let mut shown = Vec::new();
    for (path, body, kind) in [
        ("/generate-report", "{\"month\":\n 2013-01}", "application/json"),
        ("/generate-report", "", "application/json"),
        ("/generate-report", "{}", "text/plain"),
        ("/generate-report", "[1]", "application/json"),
        ("/api/v1/workflows/echo/executions", "{\"name\": 5}", "application/json"),
        ("/api/v1/workflows/echo/executions", "{\"nmae\": \"a\"}", "application/json"),
        ("/api/v1/workflows/echo/executions", "{\"name\": \"a b\"}", "application/json"),
        ("/api/v1/workflows/none/executions", "{}", "application/json"),
        ("/no/such/route", "{}", "application/json"),
        ("/api/v1/executions", "{}", "application/json"),
        ("/api/v1/executions/none/stop", "", "application/json"),
    ] {
        let answer = host.post_with(path, body, &[("content-type", kind)]).await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status.as_u16());
        assert_eq!(problem["instance"], path);
        shown.push(format!("{} {}: {}", answer.status.as_u16(), problem["type"], problem["detail"]));
    }
    insta::assert_snapshot!(shown.join("\n"), @r#"
    400 "urn:stepwell:problem:invalid-json": "expected `,` or `}` at line 2, column 6; nothing was started"
    400 "urn:stepwell:problem:invalid-json": "the body is empty; send a JSON document, at least {}; nothing was started"
    415 "urn:stepwell:problem:wrong-content-type": "the Content-Type must be application/json; it is \"text/plain\"; nothing was started"
    422 "urn:stepwell:problem:wrong-type": "the body must be an object, and is of the type array; nothing was started"
    422 "urn:stepwell:problem:wrong-type": "/name must be a string, and is of the type number; nothing was started"
    422 "urn:stepwell:problem:unknown-member": "the member \"nmae\" is not known here; known: name, input; nothing was done"
    400 "urn:stepwell:problem:invalid-name": "the execution name `a b` is not allowed: the character ' ' may not stand in a name"
    404 "urn:stepwell:problem:unknown-workflow": "there is no workflow named `none`"
    404 "urn:stepwell:problem:unknown-path": "the routes of the project and what is below /api/v1 are served; nothing was started"
    405 "urn:stepwell:problem:wrong-method": "POST is not served here; the Allow header says what is; nothing was started"
    404 "urn:stepwell:problem:unknown-execution": "there is no execution `none`"
    "#);
    assert_eq!(host.executions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_limited() {
    let host = host();
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX));
    let answer = host.post("/generate-report", &large).await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("urn:stepwell:problem:body-too-large"))
    );
    let input = format!("{{\"a\":\"{}\"}}", "x".repeat(INPUT_BYTES_MAX));
    let answer = host.post("/generate-report", &input).await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("urn:stepwell:problem:input-too-large"))
    );
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(host.post("/generate-report", &deep).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(host.executions(), 0);
    let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(INPUT_BYTES_MAX - 8));
    assert_eq!(host.post("/generate-report", &fits).await.status, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_say_which_are_right() {
    let host = host();
    let answer = host.get("/generate-report").await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")));
    assert_eq!(answer.json()["type"], "urn:stepwell:problem:wrong-method");
    let answer = host.get("/api/v1/executions/none").await;
    assert_eq!(
        (answer.status, answer.json()["instance"].as_str()),
        (StatusCode::NOT_FOUND, Some("/api/v1/executions/none"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_start() {
    let host = host();
    let start = async |key: &str, body: &str| {
        let path = "/api/v1/workflows/wait/executions";
        host.post_with(path, body, &[("content-type", "application/json"), ("idempotency-key", key)]).await
    };
    let first = start("order-7", r#"{"input":{"a":1}}"#).await;
    let second = start("\"order-7\"", r#"{"input":{"a":1}}"#).await;
    assert_eq!((first.status, second.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!((&first.json()["existing"], &second.json()["existing"]), (&json!(false), &json!(true)));
    let other = start("order-7", r#"{"input":{"a":2}}"#).await;
    assert_eq!((other.status, &other.json()["execution"]), (StatusCode::CONFLICT, &first.json()["id"]));
    assert_eq!(start("a b", "{}").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(start("a", r#"{"name":"b"}"#).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(host.executions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_and_origins_are_refused() {
    let host = host();
    let rebound = Request::get("/api/v1/workflows").header(header::HOST, "evil.example:8083");
    let answer = host.send(rebound.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let json = ("content-type", "application/json");
    let foreign = host.post_with("/generate-report", "{}", &[json, ("origin", "http://evil.example")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let null = host.post_with("/generate-report", "{}", &[json, ("origin", "null")]).await;
    assert_eq!(null.status, StatusCode::FORBIDDEN);
    assert_eq!(host.executions(), 0);
    let own = host.post_with("/generate-report", "{}", &[json, ("origin", "http://127.0.0.1:8083")]).await;
    assert_eq!(own.status, StatusCode::ACCEPTED);
    assert!(own.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_goes_down_is_alive_and_not_ready() {
    let host = host();
    assert_eq!(host.get("/readyz").await.status, StatusCode::OK);
    host.engine.drain(std::time::Duration::from_secs(5)).await;
    assert_eq!(host.get("/livez").await.status, StatusCode::OK);
    let ready = host.get("/readyz?verbose").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
    let refused = host.post("/generate-report", "{}").await;
    assert!(refused.status.is_server_error(), "{}", refused.text);
}
