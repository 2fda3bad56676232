//! The real binary serves a small project: a route, progress, the result, bad requests, an end in
//! good order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long the host may take to compile its plugin on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A host that ends with its test.
struct Host {
    directory: tempfile::TempDir,
    port: u16,
    child: Child,
    http: reqwest::Client,
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn write_project(directory: &Path, port: u16) {
    let echo = json!({"StartAt": "Echo", "States": {
        "Echo": {"Type": "Task", "Resource": "task:echo", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }});
    let wait = json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": true}}});
    fs::write(directory.join("echo.asl.json"), echo.to_string()).unwrap();
    fs::write(directory.join("wait.asl.json"), wait.to_string()).unwrap();
    let component = stepwell_testing::guest("echo");
    let project = format!(
        "[project]\nname = \"small\"\n[host]\nlisten = \"127.0.0.1:{port}\"\n\
         [workflows.echo]\ndefinition = \"echo.asl.json\"\n\
         [workflows.wait]\ndefinition = \"wait.asl.json\"\n\
         [[routes]]\nmethod = \"POST\"\npath = \"/echo\"\nstart = \"echo\"\n\
         [plugins.echo]\ncomponent = {component:?}\n"
    );
    fs::write(directory.join("stepwell.toml"), project).unwrap();
}

fn stepwell(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STEPWELL_")) {
        command.env_remove(name);
    }
    command.current_dir(directory).stdin(Stdio::null());
    command
}

impl Host {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        write_project(directory.path(), port);
        let log = fs::File::create(directory.path().join("host.log")).unwrap();
        let child = stepwell(directory.path()).arg("dev").stdout(Stdio::null()).stderr(log).spawn().unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut host = Self { directory, port, child, http };
        let begin = Instant::now();
        while host.http.get(host.url("/readyz")).send().await.map_or(true, |answer| !answer.status().is_success()) {
            let ended = host.child.try_wait().unwrap();
            assert!(ended.is_none() && begin.elapsed() < READY_WITHIN, "{ended:?}\n{}", host.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        host
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("host.log")).unwrap()
    }

    async fn post(&self, path: &str, kind: &str, body: &str) -> (u16, Value) {
        let request = self.http.post(self.url(path)).header("content-type", kind).body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// Runs a command against the host.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = stepwell(self.directory.path());
        command.args(arguments).args(["--host", &self.url("")]).output().unwrap()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_starts_and_its_execution_can_be_followed_to_the_result() {
    let host = Host::start().await;
    let request = host.http.post(host.url("/echo")).header("content-type", "application/json");
    let answer = request.body(r#"{"month":"2013-01"}"#).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let id = serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/executions/{id}"));

    let events = host.http.get(host.url(&format!("{location}/events"))).send().await.unwrap().text().await.unwrap();
    assert!(events.contains("\"ExecutionSucceeded\"") && events.ends_with("event: end\ndata: {}\n\n"), "{events}");
    assert!(events.contains("\"fuelComputing\":"), "{events}");
    let result = host.http.get(host.url(&format!("{location}/result"))).send().await.unwrap();
    assert_eq!(result.status().as_u16(), 200);
    assert_eq!(serde_json::from_str::<Value>(&result.text().await.unwrap()).unwrap(), json!({"month": "2013-01"}));

    for (path, kind, body, status) in [
        ("/echo", "application/json", "{", 400),
        ("/echo", "text/plain", "{}", 415),
        ("/echo", "application/json", "7", 422),
        ("/none", "application/json", "{}", 404),
        ("/api/v1/workflows/none/executions", "application/json", "{}", 404),
        ("/api/v1/executions/none/stop", "application/json", "{}", 404),
    ] {
        let (found, problem) = host.post(path, kind, body).await;
        assert_eq!((found, &problem["status"]), (status, &status.into()), "{path}: {problem}");
    }
    let listed = host.run(&["executions", "list", "-o", "jsonl"]);
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_starts_waits_shows_and_stops() {
    let host = Host::start().await;
    let started = host.run(&["start", "echo", "-i", r#"{"b":1,"a":2}"#, "--wait", "-o", "jsonl"]);
    let tree = String::from_utf8(started.stderr).unwrap();
    assert_eq!(started.status.code(), Some(0), "{tree}");
    assert_eq!(String::from_utf8(started.stdout).unwrap(), "{\"b\":1,\"a\":2}\n");
    assert!(tree.contains("Echo") && tree.contains("✓") && tree.contains("s of 60 s)"), "{tree}");

    let waiting = host.run(&["start", "wait", "--name", "long"]);
    let id = String::from_utf8(waiting.stdout).unwrap().trim().to_owned();
    let late = host.run(&["start", "wait", "--name", "long", "--wait", "--timeout", "1"]);
    let said = String::from_utf8(late.stderr).unwrap();
    assert_eq!(late.status.code(), Some(124), "{said}");
    assert!(said.contains(&format!("stepwell executions stop {id}")), "{said}");
    assert_eq!(host.run(&["executions", "stop", &id, "--error", "Enough"]).status.code(), Some(0));
    let shown = host.run(&["executions", "show", &id, "--follow"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.status.code(), Some(1), "{text}");
    assert!(text.contains("ABORTED") && text.contains("Enough"), "{text}");
    let history = String::from_utf8(host.run(&["executions", "history", &id]).stdout).unwrap();
    assert!(history.contains("WaitStateEntered") && history.contains("ExecutionAborted"), "{history}");
    assert_eq!(host.run(&["executions", "show", "none"]).status.code(), Some(4));
    let tasks = String::from_utf8(host.run(&["tasks", "list"]).stdout).unwrap();
    assert!(tasks.contains("echo") && tasks.contains("sha256:"), "{tasks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_is_refused_and_a_signal_ends_the_first_in_good_order() {
    let mut host = Host::start().await;
    let (status, _) = host.post("/api/v1/workflows/wait/executions", "application/json", "{}").await;
    assert_eq!(status, 202);
    let second = stepwell(host.directory.path()).args(["dev", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("is in use"), "{said}");

    let stream = host.http.get(host.url("/api/v1/executions")).send().await.unwrap();
    assert!(stream.status().is_success());
    host.signal("TERM");
    let ended = host.child.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "{}", host.log());
    assert!(host.log().contains("from cache") || host.log().contains("compiled"), "{}", host.log());
}
