//! Map runs through the router, on a real engine with scripted tasks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use stepwell_api::{ApiOptions, router};
use stepwell_engine::{Engine, Options, StartRequest};
use stepwell_store::MemoryStore;
use stepwell_tasks::FakeTasks;
use tower::ServiceExt as _;

const MAP: &str = r#"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"MaxConcurrency":2,
    "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}}}}"#;

async fn send(router: &Router, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_run_is_shown_and_changed() {
    let (store, tasks) = (Arc::new(MemoryStore::new()), Arc::new(FakeTasks::new()));
    let engine = Engine::open(Options::default(), store, tasks, tokio::runtime::Handle::current()).unwrap();
    engine.put_workflow("w", MAP).unwrap();
    let router = router(engine.clone(), ApiOptions::default());
    let input = stepwell_asl::expr::Value::parse("[1,2,3]").unwrap();
    let id = engine.start(StartRequest { workflow: "w".into(), name: None, input }).await.unwrap().id;
    let run = loop {
        let (status, answer) = send(&router, "GET", &format!("/api/v1/executions/{id}/map-runs"), "").await;
        assert_eq!(status, StatusCode::OK);
        let run = answer["mapRuns"][0].clone();
        if run["itemCounts"]["running"] == 2 {
            break run;
        }
    };
    let counts = json!({"total": 3, "pending": 1, "running": 2, "succeeded": 0, "failed": 0, "timedOut": 0,
        "aborted": 0, "resultsWritten": 0});
    assert_eq!((&run["itemCounts"], &run["executionCounts"]), (&counts, &counts));
    assert_eq!((&run["status"], &run["state"], &run["maxConcurrency"]), (&json!("RUNNING"), &json!("M"), &json!(2)));
    let path = format!("/api/v1/map-runs/{}", run["id"].as_str().unwrap());
    assert_eq!(send(&router, "GET", &path, "").await.1, run);
    let by_arn = format!("/api/v1/map-runs/{}", run["mapRunArn"].as_str().unwrap().replace('/', "%2F"));
    assert_eq!(send(&router, "GET", &by_arn, "").await.1, run);

    let (status, changed) =
        send(&router, "PATCH", &path, r#"{"maxConcurrency":0,"toleratedFailurePercentage":12.5}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&changed["maxConcurrency"], &changed["toleratedFailurePercentage"]), (&json!(0), &json!(12.5)));
    for (body, status, pointer) in [
        (r#"{"maxConcurrency":-1}"#, StatusCode::UNPROCESSABLE_ENTITY, json!("/maxConcurrency")),
        (
            r#"{"toleratedFailurePercentage":"x"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("/toleratedFailurePercentage"),
        ),
        (r#"{"other":1}"#, StatusCode::UNPROCESSABLE_ENTITY, json!("/other")),
        (r#"{"toleratedFailurePercentage":101}"#, StatusCode::UNPROCESSABLE_ENTITY, Value::Null),
    ] {
        let answer = send(&router, "PATCH", &path, body).await;
        assert_eq!((answer.0, &answer.1["pointer"]), (status, &pointer), "{}", answer.1);
    }

    let list = |query: &str| format!("/api/v1/executions?mapRun={}{query}", run["id"].as_str().unwrap());
    let page = loop {
        let (_, page) = send(&router, "GET", &list("&limit=2"), "").await;
        if page["next"].is_string() {
            break page;
        }
    };
    assert_eq!(page["executions"].as_array().unwrap().len(), 2);
    let rest = send(&router, "GET", &list(&format!("&cursor={}", page["next"].as_str().unwrap())), "").await.1;
    assert_eq!((rest["executions"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    let (_, all) = send(&router, "GET", "/api/v1/executions", "").await;
    assert_eq!(all["executions"].as_array().unwrap().len(), 1);

    engine.stop(&id, None, None).await.unwrap();
    while send(&router, "GET", &path, "").await.1["status"] != "ABORTED" {}
    let (status, late) = send(&router, "PATCH", &path, r#"{"maxConcurrency":1}"#).await;
    assert_eq!((status, &late["type"]), (StatusCode::CONFLICT, &json!("urn:stepwell:problem:map-run-closed")));
    let (status, missing) = send(&router, "GET", "/api/v1/map-runs/x", "").await;
    assert_eq!((status, &missing["type"]), (StatusCode::NOT_FOUND, &json!("urn:stepwell:problem:unknown-map-run")));
}
