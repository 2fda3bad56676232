//! The real binary is killed at random moments, under load, and started again.
//!
//! What must hold: every acknowledged execution completes; each scheduled call has exactly
//! one outcome; a call whose result is recorded is never sent again; every dispatch of a call
//! carries the same idempotency key.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "host.rs"]
mod host;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use host::{Host, Site, client};
use serde_json::{Value, json};

/// How often the host is killed; `STEPWELL_KILLS` asks for more.
const KILLS: u64 = 25;

/// How many clients start executions at the same time.
const CLIENTS: usize = 6;

/// Three tasks, the middle one twice at the same time.
fn definition() -> Value {
    let task = |next: &str| json!({"Type": "Task", "Resource": "task:ledger", "ResultPath": null, "Next": next});
    let last = json!({"Type": "Task", "Resource": "task:ledger", "ResultPath": null, "End": true});
    json!({"StartAt": "First", "States": {
        "First": task("Both"),
        "Both": {"Type": "Parallel", "ResultPath": null, "Next": "Last", "Branches": [
            {"StartAt": "Left", "States": {"Left": last}},
            {"StartAt": "Right", "States": {"Right": last}},
        ]},
        "Last": last,
    }})
}

/// A project whose one plugin writes down in `effects` that it ran.
fn project() -> Site {
    let site = Site::new();
    fs::create_dir(site.path("effects")).unwrap();
    fs::write(site.path("chain.asl.json"), definition().to_string()).unwrap();
    let component = stepwell_testing::guest("ledger");
    let toml = format!(
        "[project]\nname = \"kill\"\n[host]\nlisten = \"{}\"\n\
         [workflows.chain]\ndefinition = \"chain.asl.json\"\n\
         [[routes]]\nmethod = \"POST\"\npath = \"/go\"\nstart = \"chain\"\n\
         [plugins.ledger]\ncomponent = {component:?}\n\
         [plugins.ledger.grants]\ndirectories.effects = {{ path = \"effects\", access = \"read-write\" }}\n",
        site.address(),
    );
    fs::write(site.path("stepwell.toml"), toml).unwrap();
    site
}

/// What the tasks did: for each key the dispatches that ran.
fn effects(site: &Site) -> BTreeMap<String, BTreeSet<u32>> {
    let mut effects: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for file in fs::read_dir(site.path("effects")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some((key, dispatch)) = name.rsplit_once('.') else { continue };
        // A temporary file of a write that the kill cut off is no effect.
        if let Ok(dispatch) = dispatch.parse() {
            let is_new = effects.entry(key.to_owned()).or_default().insert(dispatch);
            assert!(is_new, "{name} twice");
        }
    }
    effects
}

/// Starts executions until the host is gone; notes those that were acknowledged.
async fn keep_starting(client: reqwest::Client, url: String, acknowledged: Arc<Mutex<Vec<String>>>) {
    loop {
        let Ok(answer) = client.post(&url).json(&json!({"n": 1})).send().await else { return };
        assert_eq!(answer.status(), 202);
        let Ok(body) = answer.json::<Value>().await else { return };
        acknowledged.lock().unwrap().push(body["id"].as_str().unwrap().to_owned());
    }
}

/// A stream of numbers from a printed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

async fn kill_at_random_moments(site: &Site, kills: u64, random: &mut Random) -> Vec<String> {
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..kills {
        let client = client();
        let mut host = Host::start(site, &["serve", "--project"]);
        // Some kills come while the host recovers.
        if random.below(6) > 0 {
            host.wait_until_ready().await;
        }
        let starting: Vec<_> = (0..CLIENTS)
            .map(|_| tokio::spawn(keep_starting(client.clone(), site.url("/go"), Arc::clone(&acknowledged))))
            .collect();
        tokio::time::sleep(Duration::from_millis(random.below(700))).await;
        host.kill();
        for starting in starting {
            starting.await.unwrap();
        }
    }
    Arc::into_inner(acknowledged).unwrap().into_inner().unwrap()
}

async fn wait_until_closed(site: &Site, client: &reqwest::Client) {
    let begin = Instant::now();
    loop {
        let running = site.url("/api/v1/executions?status=RUNNING&limit=1");
        let page: Value = client.get(running).send().await.unwrap().json().await.unwrap();
        if page["executions"].as_array().unwrap().is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(120), "still running: {page}\n{}", site.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Checks one history against the effects; returns the keys of its calls.
fn check_history(id: &str, history: &Value, effects: &BTreeMap<String, BTreeSet<u32>>) -> Vec<String> {
    let events = history["events"].as_array().unwrap();
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!(events.last().unwrap()["type"], "ExecutionSucceeded", "{id}: {history}");
    assert_eq!((count("TaskScheduled"), count("TaskSucceeded")), (4, 4), "{id}: {history}");
    for (at, event) in (1..).zip(events) {
        assert_eq!(event["id"], at, "{id}: ids are dense");
    }
    let results = events.iter().filter(|event| event["type"] == "TaskSucceeded").map(|event| {
        let output = &event["taskSucceededEventDetails"]["output"];
        serde_json::from_str::<Value>(output.as_str().unwrap()).unwrap()
    });
    let keys = results.map(|result| {
        let key = result["key"].as_str().unwrap().to_owned();
        let ran = &effects[&key];
        let recorded = u32::try_from(result["dispatch"].as_u64().unwrap()).unwrap();
        assert_eq!(Some(&recorded), ran.last(), "{id}: {key} ran again after its result was recorded: {ran:?}");
        key
    });
    let keys: Vec<String> = keys.collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 4, "{id}: one key for each state's visit");
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_host_is_killed() {
    let kills = std::env::var("STEPWELL_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let seed =
        std::env::var("STEPWELL_SEED").map_or_else(|_| u64::from(std::process::id()), |seed| seed.parse().unwrap());
    println!("STEPWELL_SEED={seed} STEPWELL_KILLS={kills}");
    let site = project();
    let acknowledged = kill_at_random_moments(&site, kills, &mut Random(seed)).await;

    let client = client();
    let mut host = Host::start(&site, &["serve", "--project"]);
    host.wait_until_ready().await;
    wait_until_closed(&site, &client).await;
    let effects = effects(&site);
    let mut keys = BTreeSet::new();
    for id in &acknowledged {
        let history = site.url(&format!("/api/v1/executions/{id}/history?limit=1000"));
        let answer = client.get(history).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{id} was acknowledged and is gone");
        for key in check_history(id, &answer.json().await.unwrap(), &effects) {
            assert!(keys.insert(key), "{id}: a key of another execution");
        }
    }
    let again = effects.values().filter(|dispatches| dispatches.len() > 1).count();
    println!("{} acknowledged, {} calls, {again} of them sent again after a kill", acknowledged.len(), keys.len());
    assert!(acknowledged.len() as u64 >= kills, "the load was too small to show anything");
}
