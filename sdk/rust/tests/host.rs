//! The in-memory host answers as the real one does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell::http::{Request, Response};
use stepwell::sql::Rows;
use stepwell::testing::Host;
use stepwell::{Context, Failure, config, ensure, files, http, secrets, sql};

#[derive(Deserialize)]
struct Order {
    id: String,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    cents: u64,
}

#[derive(Serialize)]
struct Receipt {
    order: String,
    charged: u64,
    key: String,
}

fn charge(order: Order, cx: &Context) -> Result<Receipt, Failure> {
    let charged = order.lines.iter().map(|line| line.cents).sum();
    ensure!(charged <= 100, "CardDeclined", "{charged} cents");
    Ok(Receipt { order: order.id, charged, key: cx.idempotency_key() })
}

#[test]
fn a_task_runs_through_json_and_directly() {
    let host = Host::new().idempotency_key("k-1").install();
    let output = host.run(charge, json!({ "id": "a", "lines": [{ "cents": 7 }] }));
    assert_eq!(output, Ok(json!({ "order": "a", "charged": 7, "key": "k-1" })));
    let order = Order { id: "b".to_owned(), lines: vec![Line { cents: 101 }] };
    let failure = charge(order, &host.context()).err().unwrap();
    assert_eq!(failure, Failure::new("CardDeclined", "101 cents"));
}

#[test]
fn an_input_that_does_not_fit_names_its_field() {
    let host = Host::new().install();
    let failure = host.run(charge, json!({ "id": "a", "lines": [{ "cents": -1 }] })).unwrap_err();
    assert_eq!(failure.error(), "InvalidInput");
    assert!(failure.cause().starts_with("`lines[0].cents`: invalid value"), "{failure}");
    let failure = host.run(charge, json!(3)).unwrap_err();
    assert!(failure.cause().starts_with("the input: invalid type"), "{failure}");
}

#[test]
fn all_shapes_of_functions_run() {
    struct Own;
    impl From<Own> for Failure {
        fn from(_: Own) -> Self {
            Failure::new("Own", "")
        }
    }
    let host = Host::new().install();
    assert_eq!(host.run(|x: u8| x + 1, json!(1)), Ok(json!(2)));
    assert_eq!(host.run(|_: Value, cx: &Context| cx.attempt(), json!(1)), Ok(json!(1)));
    assert_eq!(host.run(|_: Value| Err::<u8, Own>(Own), json!(1)), Err(Failure::from(Own)));
}

#[test]
fn the_context_is_what_the_test_says() {
    let host = Host::new().attempt(2).dispatch(3).execution("id", "name").state("flow", "Pay").fuel_left(9).install();
    let cx = host.context();
    assert_eq!((cx.attempt(), cx.dispatch(), cx.fuel_left()), (2, 3, 9));
    assert_eq!((cx.execution_id(), cx.execution_name()), ("id".to_owned(), "name".to_owned()));
    assert_eq!((cx.workflow_name(), cx.state_name()), ("flow".to_owned(), "Pay".to_owned()));
}

#[test]
#[should_panic(expected = "no host is installed on this thread")]
fn without_a_host_a_test_is_told_how_to_install_one() {
    let _ = config::get("currency");
}

#[test]
fn a_host_is_back_when_the_one_after_it_goes() {
    let _outer = Host::new().config("which", "outer").install();
    let inner = Host::new().config("which", "inner").install();
    assert_eq!(config::get("which").as_deref(), Some("inner"));
    drop(inner);
    assert_eq!(config::get("which").as_deref(), Some("outer"));
}

#[test]
fn config_and_secrets_are_there_when_granted() {
    let _host = Host::new().config("rate", "3").config("bad", "x").secret("key", "s").install();
    assert_eq!(config::require("rate"), Ok("3".to_owned()));
    assert_eq!(config::parse_or("rate", 0_u8), Ok(3));
    assert_eq!(config::parse_or("absent", 5_u8), Ok(5));
    assert_eq!(config::parse_or("bad", 0_u8).unwrap_err().error(), "ConfigInvalid");
    assert_eq!(Failure::from(config::require("no").unwrap_err()).error(), "ConfigMissing");
    assert_eq!(secrets::require("key"), Ok("s".to_owned()));
    assert_eq!(Failure::from(secrets::require("no").unwrap_err()).error(), "SecretMissing");
}

#[test]
fn http_is_the_responder_and_is_recorded() {
    let host = Host::new()
        .http(|request| match request.url.as_str() {
            "http://up/" => Ok(Response::new(201).with_body(request.body.clone())),
            _ => Err(http::Error::Unreachable("nothing answers".to_owned())),
        })
        .install();
    let answer = Request::post("http://up/").header("X-A", "b").json(&json!([1])).unwrap();
    let answer = answer.send().unwrap().success().unwrap();
    assert_eq!((answer.status, answer.json::<Value>()), (201, Ok(json!([1]))));
    let failure = Failure::from(Request::get("http://down/").send().unwrap_err());
    assert_eq!(failure, Failure::new("HttpUnreachable", "nothing answers"));
    let requests = host.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].headers.contains(&("content-type".into(), "application/json".into())));
    let failure = Response::new(503).with_body("busy").success().unwrap_err();
    assert_eq!(failure, Failure::new("HttpStatus", "status 503: busy"));
}

#[test]
fn nothing_is_there_that_was_not_granted() {
    let _host = Host::new().install();
    assert!(matches!(Request::get("http://up/").send(), Err(http::Error::Denied(_))));
    assert!(matches!(sql::query("flights", "SELECT 1").rows(), Err(sql::Error::Denied(_))));
    assert!(matches!(files::directory("notes").read("a"), Err(files::Error::Denied(_))));
    assert_eq!((config::get("a"), secrets::get("a")), (None, None));
}

#[derive(Debug, PartialEq, Deserialize)]
struct Carrier {
    code: String,
    flights: Option<u64>,
}

#[test]
fn rows_are_read_by_the_columns_names() {
    let _host = Host::new()
        .database("flights", |statement, parameters| {
            assert_eq!(parameters, [sql::Value::Integer(1), sql::Value::Null]);
            match statement {
                "three" => Ok(Rows::new(["code", "flights"])
                    .row::<sql::Value>(["AA".into(), 3_i64.into()])
                    .row::<sql::Value>(["UA".into(), sql::Value::Null])
                    .row::<sql::Value>(["B6".into(), "many".into()])),
                other => Err(sql::Error::Statement(format!("near {other}"))),
            }
        })
        .install();
    let query = |text: &str| sql::query("flights", text).bind(1).bind(None::<i64>);
    let two = query("three").rows_max(2).rows().unwrap();
    assert_eq!((two.rows.len(), two.truncated), (2, true));
    let aa = Carrier { code: "AA".to_owned(), flights: Some(3) };
    let ua = Carrier { code: "UA".to_owned(), flights: None };
    assert_eq!(query("three").rows_max(2).all::<Carrier>(), Ok(vec![aa, ua]));
    let Err(sql::Error::Shape(why)) = query("three").all::<Carrier>() else { panic!() };
    assert!(why.starts_with("row 3, column `flights`: invalid type"), "{why}");
    assert!(matches!(query("three").one::<Value>(), Err(sql::Error::Shape(_))));
    assert!(matches!(query("two").rows(), Err(sql::Error::Statement(_))));
}

#[test]
fn files_live_in_granted_directories() {
    let host = Host::new().directory("notes").directory_read_only("kept").install();
    let notes = files::directory("notes");
    notes.write("a/b.txt", "one").unwrap();
    notes.create_new("c.txt", "two").unwrap();
    assert!(matches!(notes.create_new("c.txt", "x"), Err(files::Error::Exists(_))));
    assert_eq!(notes.read_text("a/b.txt"), Ok("one".to_owned()));
    let names: Vec<_> = notes.list("").unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["a", "c.txt"]);
    assert!(notes.stat("a").unwrap().is_directory);
    assert_eq!(notes.stat("c.txt").unwrap().size, 3);
    notes.remove("c.txt").unwrap();
    assert!(matches!(notes.read("c.txt"), Err(files::Error::NotFound(_))));
    for out in ["../x", "/x", "a/../../x"] {
        assert!(matches!(notes.read(out), Err(files::Error::Denied(_))), "{out}");
    }
    let kept = files::directory("kept");
    assert!(matches!(kept.write("a", "x"), Err(files::Error::Denied(_))));
    assert_eq!(host.files("notes"), ["a/b.txt"]);
    assert_eq!(host.file("notes", "a/b.txt").unwrap(), b"one");
}
