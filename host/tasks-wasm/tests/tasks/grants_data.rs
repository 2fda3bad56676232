//! Databases, settings and secrets: what a grant opens, and what stays closed.

use std::path::{Path, PathBuf};

use crate::world::{self, ask, failure, granted, granted_plugin, map, run};
use serde_json::{Value, json};
use stepwell_tasks::failures;
use stepwell_tasks_wasm::{Grants, SQL_PARAMETERS_MAX, Secret};

fn database(directory: &Path) -> PathBuf {
    let path = directory.join("flights.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE flight (carrier TEXT, delay INTEGER, distance REAL, note BLOB);
             INSERT INTO flight VALUES ('AA', 5, 1.5, x'00ff'), ('UA', -3, 2.5, NULL), ('AA', 7, 0.5, NULL);",
        )
        .unwrap();
    path
}

fn grants(path: &Path) -> Grants {
    Grants { databases: map([("flights", path.to_owned())]), ..Grants::default() }
}

fn query(statement: &str, parameters: Value) -> Value {
    json!({"do": "sql", "database": "flights", "statement": statement, "parameters": parameters})
}

#[tokio::test]
async fn a_granted_database_answers() {
    let place = tempfile::tempdir().unwrap();
    let tasks = granted(grants(&database(place.path())));
    let answer = ask(
        &tasks,
        query("SELECT carrier, delay, distance, note FROM flight WHERE carrier = ?1 ORDER BY delay", json!(["AA"])),
    )
    .await;
    assert_eq!(answer["columns"], json!(["carrier", "delay", "distance", "note"]));
    assert_eq!(answer["rows"], json!([["AA", 5, 1.5, {"blob": [0, 255]}], ["AA", 7, 0.5, null]]));
    assert_eq!(answer["truncated"], false);
    let with = ask(
        &tasks,
        query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n",
            json!([]),
        ),
    )
    .await;
    assert_eq!(with["rows"], json!([[15]]));
    let mut few = query("SELECT * FROM flight", json!([]));
    few["rowsMax"] = json!(2);
    let few = ask(&tasks, few).await;
    assert_eq!((few["count"].clone(), few["truncated"].clone()), (json!(2), json!(true)));
}

#[tokio::test]
async fn nothing_but_reading_that_database_is_possible() {
    let place = tempfile::tempdir().unwrap();
    let path = database(place.path());
    let other = place.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE secret (x); INSERT INTO secret VALUES ('canary')")
        .unwrap();
    let tasks = granted(grants(&path));
    let statements = [
        "INSERT INTO flight VALUES ('X', 1, 1, NULL)".to_owned(),
        "UPDATE flight SET delay = 0".to_owned(),
        "DELETE FROM flight".to_owned(),
        "DROP TABLE flight".to_owned(),
        "CREATE TABLE t (x)".to_owned(),
        "CREATE TEMP TABLE t (x)".to_owned(),
        format!("ATTACH '{}' AS other", other.display()),
        format!("VACUUM INTO '{}'", place.path().join("copy.db").display()),
        "PRAGMA query_only = OFF".to_owned(),
        "PRAGMA writable_schema = ON".to_owned(),
        "SELECT load_extension('x')".to_owned(),
        "BEGIN IMMEDIATE".to_owned(),
        "SELECT 1; DELETE FROM flight".to_owned(),
        "SELECT".to_owned(),
        "SELECT * FROM nothing".to_owned(),
        String::new(),
        "-- nothing".to_owned(),
        format!("SELECT '{}'", "x".repeat(65 << 10)),
    ];
    for statement in statements {
        let answer = ask(&tasks, query(&statement, json!([]))).await;
        assert!(answer["statement"].is_string(), "{statement}: {answer}");
    }
    let wrong_count = ask(&tasks, query("SELECT ?1", json!([]))).await;
    assert!(wrong_count["statement"].as_str().unwrap().contains("1 parameters, 0 were given"));
    let mut elsewhere = query("SELECT 1", json!([]));
    elsewhere["database"] = json!("other");
    assert!(ask(&tasks, elsewhere).await["denied"].as_str().unwrap().contains("no grant names the database other"));
    let count: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM flight", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 3);
    assert!(!place.path().join("copy.db").exists());
}

#[tokio::test]
async fn answers_and_their_time_are_limited() {
    let place = tempfile::tempdir().unwrap();
    let mut plugin = granted_plugin(grants(&database(place.path())));
    plugin.limits.timeout_seconds_default = 1;
    let tasks = world::load(vec![plugin]);
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let mut many = query(&format!("{numbers} SELECT i FROM n"), json!([]));
    many["rowsMax"] = json!(4_000_000_000_u64);
    let answer = ask(&tasks, many).await;
    assert_eq!((answer["count"].clone(), answer["truncated"].clone()), (json!(10_000), json!(true)), "sql_rows_max");
    let mut large = query(&format!("{numbers} SELECT hex(zeroblob(10000)) FROM n"), json!([]));
    large["rowsMax"] = json!(10_000);
    assert!(ask(&tasks, large).await["tooLarge"].as_str().unwrap().contains("sql_result_bytes_max"));
    let one = ask(&tasks, query("SELECT zeroblob(5000000)", json!([]))).await;
    assert!(one["tooLarge"].is_string(), "{one}");
    let endless = query(&format!("{numbers} SELECT count(*) FROM n"), json!([])).to_string();
    let (failed, _) = failure(&tasks, "grants", &endless).await;
    assert_eq!(failed.error, failures::TIMEOUT);
}

#[tokio::test]
async fn statements_are_limited() {
    let place = tempfile::tempdir().unwrap();
    let tasks = granted(grants(&database(place.path())));
    let refusal = async |statement: &str, parameters: Value| {
        let answer = ask(&tasks, query(statement, parameters)).await;
        answer["statement"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    let listed = |what: &str, count: usize| vec![what; count].join(",");

    let among = |count: usize| format!("SELECT count(*) FROM flight WHERE delay IN ({})", listed("?", count));
    let most = ask(&tasks, query(&among(SQL_PARAMETERS_MAX), json!(vec![5; SQL_PARAMETERS_MAX]))).await;
    assert_eq!(most["rows"], json!([[1]]));
    let more = refusal(&among(SQL_PARAMETERS_MAX + 1), json!(vec![5; SQL_PARAMETERS_MAX + 1])).await;
    assert!(more.contains("sql_parameters_max"), "{more}");
    let numbered = refusal("SELECT ?1001", json!([5])).await;
    assert!(numbered.contains("between ?1 and ?1000"), "{numbered}");

    let columns = |count: usize| format!("SELECT {}", listed("1", count));
    let most = ask(&tasks, query(&columns(500), json!([]))).await;
    assert_eq!(most["columns"].as_array().unwrap().len(), 500);
    let more = refusal(&columns(501), json!([])).await;
    assert!(more.contains("too many columns"), "{more}");

    let sum = |depth: usize| format!("SELECT {}", vec!["1"; depth].join("+"));
    let most = ask(&tasks, query(&sum(200), json!([]))).await;
    assert_eq!(most["rows"], json!([[200]]));
    let more = refusal(&sum(201), json!([])).await;
    assert!(more.contains("maximum depth 200"), "{more}");
}

#[tokio::test]
async fn settings_and_secrets_are_seen_by_name() {
    let tasks = granted(Grants {
        config: map([("currency", "USD".to_owned())]),
        secrets: map([("webhook-key", Secret::new("hunter2-hunter2".to_owned()))]),
        ..Grants::default()
    });
    assert_eq!(ask(&tasks, json!({"do": "config", "key": "currency"})).await, "USD");
    assert_eq!(ask(&tasks, json!({"do": "config", "key": "webhook-key"})).await, Value::Null);
    assert_eq!(ask(&tasks, json!({"do": "secrets", "key": "webhook-key"})).await, "hunter2-hunter2");
    assert_eq!(ask(&tasks, json!({"do": "secrets", "key": "currency"})).await, Value::Null);
    assert_eq!(ask(&tasks, json!({"do": "secrets", "key": "PATH"})).await, Value::Null);
}

#[tokio::test]
async fn secrets_stay_out_of_logs() {
    let secret = Secret::new("hunter2-hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "Secret");
    let tasks = granted(Grants { secrets: map([("webhook-key", secret)]), ..Grants::default() });
    let returned = run(&tasks, "grants", r#"{"do":"secret-to-log","key":"webhook-key"}"#).await;
    assert_eq!(returned.log[0].text, "the key is [secret webhook-key]");
}
