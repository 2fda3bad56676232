//! Distributed Maps on the real binary: a CSV file out of a bucket and results into one, and a host
//! that is killed in the middle of a run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "host.rs"]
mod host;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use host::{Host, Site, client};
use serde_json::{Value, json};

/// Items of the run in which the host is killed.
const ITEMS: usize = 300;

/// How often it is killed.
const KILLS: u64 = 4;

/// Runs the command line against the site's host; gives its standard output as JSON.
fn asked(site: &Site, words: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .args(words)
        .args(["-o", "json", "--host", &format!("http://{}", site.address())])
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn start(site: &Site, input: Value) -> String {
    let url = site.url("/api/v1/workflows/each/executions");
    let answer = client().post(url).json(&json!({"input": input})).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The execution once it has ended.
async fn ended(site: &Site, id: &str) -> Value {
    let begin = Instant::now();
    loop {
        let answer = client().get(site.url(&format!("/api/v1/executions/{id}"))).send().await.unwrap();
        let execution: Value = answer.json().await.unwrap();
        if execution["status"] != "RUNNING" {
            return execution;
        }
        assert!(begin.elapsed() < Duration::from_secs(180), "still running\n{}", site.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn write_project(site: &Site, definition: &Value, rest: &str) {
    fs::write(site.path("each.asl.json"), definition.to_string()).unwrap();
    let toml = format!(
        "[project]\nname = \"maps\"\n[host]\nlisten = \"{}\"\n[workflows.each]\ndefinition = \"each.asl.json\"\n\
         [buckets.in-data]\npath = \"in\"\n[buckets.out-data]\npath = \"out\"\naccess = \"read-write\"\n{rest}",
        site.address()
    );
    fs::create_dir(site.path("in")).unwrap();
    fs::write(site.path("stepwell.toml"), toml).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_goes_from_a_csv_file_to_a_file_of_results() {
    let example = stepwell_testing::root().join("host/examples/map");
    let site = Site::new();
    let toml = fs::read_to_string(example.join("stepwell.toml")).unwrap();
    fs::write(site.path("stepwell.toml"), toml.replace("127.0.0.1:8083", &site.address())).unwrap();
    host::copy(&example.join("orders.asl.json"), &site.path("orders.asl.json"));
    fs::create_dir(site.path("orders")).unwrap();
    host::copy(&example.join("orders/january.csv"), &site.path("orders/january.csv"));
    let mut host = Host::start(&site, &["dev"]);
    host.wait_until_ready().await;
    let started = asked(&site, &["start", "orders", "-i", r#"{"file": "january.csv"}"#]);
    let id = started["id"].as_str().unwrap();
    let execution = ended(&site, id).await;
    assert_eq!(execution["status"], "SUCCEEDED", "{execution}");

    let runs = asked(&site, &["maps", "list", id]);
    let run = asked(&site, &["maps", "show", runs[0]["mapRunArn"].as_str().unwrap()]);
    let counts = &run["itemCounts"];
    let told = ["total", "succeeded", "failed", "resultsWritten"].map(|kind| counts[kind].as_u64().unwrap());
    assert_eq!((told, &run["status"]), ([40, 39, 1, 40], &json!("SUCCEEDED")), "{run}");
    let run = run["id"].as_str().unwrap();
    let failed = asked(&site, &["executions", "list", "--map-run", run, "--status", "failed"]);
    let child = asked(&site, &["executions", "show", failed[0]["arn"].as_str().unwrap()]);
    let told = (&child["error"], &child["input"]["order"], &child["mapRun"]);
    assert_eq!(told, (&json!("Order.Empty"), &json!("13"), &json!(run)));

    let details = &execution["output"]["ResultWriterDetails"];
    assert_eq!(details["Key"], format!("orders/{run}/manifest.json"));
    let manifest = fs::read_to_string(site.path("results").join(details["Key"].as_str().unwrap())).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let file = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap();
    let lines = fs::read_to_string(site.path("results").join(file)).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 39);
    assert_eq!(lines[0], json!({"order": "1", "total": 7}));
    assert!(host.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_whenever_the_host_is_killed() {
    for kind in ["STANDARD", "EXPRESS"] {
        killed_in_the_middle(kind).await;
    }
}

async fn killed_in_the_middle(kind: &str) {
    let definition = json!({"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "End": true, "MaxConcurrency": 20,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "in-data", "Key": "items.jsonl"}, "ReaderConfig": {"InputType": "JSONL"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": "Note",
            "States": {"Note": {"Type": "Task", "Resource": "task:ledger", "End": true}}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out-data"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}},
    }}});
    let site = Site::new();
    let component = stepwell_testing::guest("ledger");
    let plugin = format!(
        "[plugins.ledger]\ncomponent = {component:?}\n\
         [plugins.ledger.grants]\ndirectories.effects = {{ path = \"effects\", access = \"read-write\" }}\n"
    );
    write_project(&site, &definition, &plugin);
    fs::create_dir(site.path("effects")).unwrap();
    let lines: String = (0..ITEMS).map(|item| format!("{item}\n")).collect();
    fs::write(site.path("in/items.jsonl"), lines).unwrap();

    let effects = || fs::read_dir(site.path("effects")).unwrap().count();
    let mut id = None;
    for kill in 1..=KILLS {
        let mut host = Host::start(&site, &["serve", "--project"]);
        host.wait_until_ready().await;
        if id.is_none() {
            id = Some(start(&site, json!({})).await);
        }
        // Somewhere in the run, and each time a little further.
        let far = ITEMS * usize::try_from(kill).unwrap() / 6;
        while effects() < far {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        host.kill();
    }
    let mut host = Host::start(&site, &["serve", "--project"]);
    host.wait_until_ready().await;
    let id = id.unwrap();
    let execution = ended(&site, &id).await;
    assert_eq!(execution["status"], "SUCCEEDED", "{execution}");
    let run = asked(&site, &["maps", "list", &id])[0].clone();
    let counts = ["total", "succeeded", "running", "pending"].map(|kind| run["itemCounts"][kind].as_u64().unwrap());
    assert_eq!(counts, [ITEMS as u64, ITEMS as u64, 0, 0], "{run}");

    // Each item has one result, and each was called under a key of its own, whatever was repeated.
    let mut dispatches: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for file in fs::read_dir(site.path("effects")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        // The file of a call that was killed while it wrote is no whole document.
        let Ok(effect) = serde_json::from_str::<Value>(&text) else { continue };
        let (key, dispatch) = (effect["key"].as_str().unwrap(), effect["dispatch"].as_u64().unwrap());
        dispatches.entry(key.to_owned()).or_default().insert(dispatch);
    }
    assert_eq!(dispatches.len(), ITEMS);
    let key = execution["output"]["ResultWriterDetails"]["Key"].as_str().unwrap();
    let folder = site.path("out").join(key).parent().unwrap().to_owned();
    let results = fs::read_to_string(folder.join("SUCCEEDED_0.jsonl")).unwrap();
    let keys: BTreeSet<String> = results
        .lines()
        .map(|line| {
            let result: Value = serde_json::from_str(line).unwrap();
            let key = result["key"].as_str().unwrap().to_owned();
            // The result that counts is the last one that there was.
            assert_eq!(result["dispatch"].as_u64().as_ref(), dispatches[&key].last(), "{key}");
            key
        })
        .collect();
    assert_eq!((keys.len(), results.lines().count()), (ITEMS, ITEMS));
    let again = dispatches.values().filter(|dispatches| dispatches.len() > 1).count();
    println!("{kind}: {ITEMS} items, {KILLS} kills, {again} calls sent again under the next number");
}
