//! The report workflow on the real binary, the real plugins and the real data.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "host.rs"]
mod host;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use host::{Host, Site, client, copy, free_port};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

/// The key in the example's project file.
const KEY: &str = "stepwell-report-example-key!";

/// A webhook as the receiver got it.
#[derive(Debug, Clone)]
struct Delivery {
    id: String,
    body: Value,
}

/// Takes webhooks, checks their signatures, and answers once it is let to.
#[derive(Clone)]
struct Receiver {
    port: u16,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    arrived: Arc<tokio::sync::Notify>,
    gate: watch::Sender<bool>,
}

impl Receiver {
    async fn start() -> Self {
        let port = free_port();
        let receiver =
            Self { port, deliveries: Arc::default(), arrived: Arc::default(), gate: watch::Sender::new(false) };
        let app = axum::Router::new().route("/hook", axum::routing::post(take)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    fn open(&self) {
        self.gate.send_replace(true);
    }

    async fn wait_for(&self, deliveries: usize) -> Vec<Delivery> {
        loop {
            let so_far = self.deliveries.lock().unwrap().clone();
            if so_far.len() >= deliveries {
                return so_far;
            }
            tokio::time::timeout(Duration::from_secs(120), self.arrived.notified()).await.expect("no webhook came");
        }
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let mut code = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    code.update(format!("{id}.{timestamp}.").as_bytes());
    code.update(&body);
    let expected = format!("v1,{}", STANDARD.encode(code.finalize().into_bytes()));
    assert_eq!(header("webhook-signature"), expected, "the signature");
    receiver.deliveries.lock().unwrap().push(Delivery { id, body: serde_json::from_slice(&body).unwrap() });
    receiver.arrived.notify_one();
    receiver.gate.subscribe().wait_for(|is_open| *is_open).await.unwrap();
    StatusCode::OK
}

/// The example's project with other ports.
fn site(receiver: &Receiver) -> Site {
    let site = Site::new();
    let example = stepwell_testing::root().join("host/examples/report");
    fs::create_dir(site.path("plugins")).unwrap();
    for plugin in ["validate", "query", "format", "save", "notify"] {
        copy(&stepwell_testing::plugin(plugin), &site.path(&format!("plugins/{plugin}.wasm")));
    }
    for file in ["report.asl.json", "flights.db"] {
        copy(&example.join(file), &site.path(file));
    }
    let toml = fs::read_to_string(example.join("stepwell.toml")).unwrap();
    let toml = toml.replace("127.0.0.1:8083", &site.address());
    let toml = toml.replace("127.0.0.1:8084", &format!("127.0.0.1:{}", receiver.port));
    fs::write(site.path("stepwell.toml"), toml).unwrap();
    site
}

async fn post(site: &Site, body: &Value) -> (String, Value) {
    let answer = client().post(site.url("/generate-report")).json(body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    (location, answer.json().await.unwrap())
}

async fn get(site: &Site, path: &str) -> (u16, Value) {
    let answer = client().get(site.url(path)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Waits by following the events, which end with the execution.
async fn end(site: &Site, location: &str) -> String {
    client().get(site.url(&format!("{location}/events"))).send().await.unwrap().text().await.unwrap()
}

/// What a table's row says: flights, cancelled, and three means.
#[derive(Debug, Default, Clone, PartialEq)]
struct Tally {
    flights: u64,
    cancelled: u64,
    departed: u64,
    departure_delay: i64,
    arrived: u64,
    arrival_delay: i64,
    late: u64,
}

impl Tally {
    fn add(&mut self, departure: Option<i64>, arrival: Option<i64>) {
        self.flights += 1;
        match departure {
            Some(minutes) => {
                self.departed += 1;
                self.departure_delay += minutes;
                self.late += u64::from(minutes > 15);
            }
            None => self.cancelled += 1,
        }
        if let Some(minutes) = arrival {
            self.arrived += 1;
            self.arrival_delay += minutes;
        }
    }

    /// Compares with what was reported, which rounds to one decimal place.
    #[expect(clippy::cast_precision_loss, reason = "a month of flights is far below 2^53")]
    fn assert_is(&self, what: &str, flights: &str, cancelled: &str, means: [&str; 3]) {
        assert_eq!(flights, self.flights.to_string(), "{what}: flights");
        assert_eq!(cancelled, self.cancelled.to_string(), "{what}: cancelled");
        let expected = [
            self.departure_delay as f64 / self.departed as f64,
            self.arrival_delay as f64 / self.arrived as f64,
            100.0 * self.late as f64 / self.departed as f64,
        ];
        for (reported, expected) in means.into_iter().zip(expected) {
            let reported: f64 = reported.parse().unwrap();
            assert!((reported - expected).abs() <= 0.05 + 1e-9, "{what}: {reported} reported, {expected} recomputed");
        }
    }
}

/// Carriers, airports and all, out of the rows themselves: no SQL beyond the month.
fn recomputed(month: u32) -> (BTreeMap<String, Tally>, Tally) {
    let database = stepwell_testing::root().join("host/examples/report/flights.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(database, flags).unwrap();
    let mut statement =
        connection.prepare("SELECT carrier, origin, dep_delay, arr_delay FROM flights WHERE month = ?1").unwrap();
    let mut rows = statement.query([month]).unwrap();
    let (mut by_code, mut all) = (BTreeMap::<String, Tally>::new(), Tally::default());
    while let Some(row) = rows.next().unwrap() {
        let (departure, arrival) = (row.get(2).unwrap(), row.get(3).unwrap());
        let codes: [String; 2] = [row.get(0).unwrap(), row.get(1).unwrap()];
        for (table, code) in ["carrier", "airport"].iter().zip(codes) {
            by_code.entry(format!("{table} {code}")).or_default().add(departure, arrival);
        }
        all.add(departure, arrival);
    }
    (by_code, all)
}

/// Compares every number of a CSV report with what the data says.
fn check_report(csv: &str, month: u32) {
    let (mut by_code, all) = recomputed(month);
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("table,code,name,flights,cancelled,departureDelayMean,arrivalDelayMean,delayedPercent")
    );
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [table, code, _name, flights, cancelled, departure, arrival, late] = cells[..] else {
            panic!("{line}");
        };
        let what = format!("{table} {code}");
        let tally = if table == "all" { all.clone() } else { by_code.remove(&what).expect(line) };
        tally.assert_is(&what, flights, cancelled, [departure, arrival, late]);
    }
    assert!(by_code.is_empty(), "not in the report: {by_code:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_answered_at_once_and_says_what_the_data_says() {
    let receiver = Receiver::start().await;
    let site = site(&receiver);
    let mut host = Host::start(&site, &["dev"]);
    host.wait_until_ready().await;

    let request = json!({"month": 1, "year": 2013, "format": "csv", "notify": receiver.url()});
    let (location, accepted) = post(&site, &request).await;
    assert_eq!(location, format!("/api/v1/executions/{}", accepted["id"].as_str().unwrap()));
    // The webhook is not answered yet: the answer came before the workflow ended.
    assert_eq!(get(&site, &location).await.1["status"], "RUNNING");
    assert_eq!(get(&site, &format!("{location}/result")).await.0, 202);
    receiver.open();
    let events = end(&site, &location).await;
    assert!(events.contains("ExecutionSucceeded"), "{events}");

    let (status, result) = get(&site, &format!("{location}/result")).await;
    assert_eq!(status, 200, "{result}");
    let (_, all) = recomputed(1);
    assert_eq!(result["totals"]["flights"], all.flights);
    assert_eq!(result["totals"]["cancelled"], all.cancelled);
    let report = fs::read_to_string(site.path("reports").join(result["report"]["key"].as_str().unwrap())).unwrap();
    check_report(&report, 1);
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&report)));
    assert_eq!(result["report"]["digest"], digest);

    let deliveries = receiver.wait_for(1).await;
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].body["type"], "report.finished");
    assert_eq!(deliveries[0].body["data"]["report"], result["report"]);
    assert_eq!(deliveries[0].body["data"]["totals"], result["totals"]);

    // The same report again is the same object.
    let (location, _) = post(&site, &json!({"month": 1, "format": "csv"})).await;
    end(&site, &location).await;
    let (_, again) = get(&site, &format!("{location}/result")).await;
    assert_eq!((&again["report"]["key"], &again["report"]["created"]), (&result["report"]["key"], &json!(false)));
    assert_eq!(host.terminate().code(), Some(0), "{}", site.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_fit_is_told_every_problem() {
    let receiver = Receiver::start().await;
    receiver.open();
    let site = site(&receiver);
    let mut host = Host::start(&site, &["dev"]);
    host.wait_until_ready().await;

    let request = json!({"month": 13, "format": "pdf", "notify": receiver.url()});
    let (location, _) = post(&site, &request).await;
    end(&site, &location).await;
    let (status, problem) = get(&site, &format!("{location}/result")).await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["error"], "ValidationFailed");
    let cause = problem["cause"].as_str().unwrap();
    assert!(cause.contains("/month") && cause.contains("/format"), "{cause}");
    let deliveries = receiver.wait_for(1).await;
    assert_eq!(deliveries[0].body["type"], "report.failed");
    assert_eq!(deliveries[0].body["data"]["error"], "ValidationFailed");

    let (location, _) = post(&site, &json!({"month": 12})).await;
    end(&site, &location).await;
    let (_, problem) = get(&site, &format!("{location}/result")).await;
    assert_eq!(problem["error"], "NoFlights", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_the_report_ends_as_if_nothing_had_happened() {
    let receiver = Receiver::start().await;
    let site = site(&receiver);
    let mut host = Host::start(&site, &["dev"]);
    host.wait_until_ready().await;
    let request = json!({"month": 2, "format": "csv", "notify": receiver.url()});
    let (location, _) = post(&site, &request).await;
    receiver.wait_for(1).await;
    host.kill();

    let mut host = Host::start(&site, &["dev"]);
    host.wait_until_ready().await;
    let deliveries = receiver.wait_for(2).await;
    assert_eq!(deliveries[0].id, deliveries[1].id, "the receiver can tell that it is the same webhook");
    receiver.open();
    end(&site, &location).await;
    let (status, result) = get(&site, &format!("{location}/result")).await;
    assert_eq!(status, 200, "{result}");
    let report = fs::read_to_string(site.path("reports").join(result["report"]["key"].as_str().unwrap())).unwrap();
    check_report(&report, 2);

    let (_, history) = get(&site, &format!("{location}/history?limit=1000")).await;
    let events = history["events"].as_array().unwrap();
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((count("TaskScheduled"), count("TaskSucceeded")), (7, 7), "one result for each task");
}
