//! A runtime with test guests, and short ways to call them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use stepwell_tasks::{Budget, Call, Failure, Identity, Returned, Tasks};
use stepwell_tasks_wasm::{Access, Directory, Grants, Limits, Plugin, RuntimeOptions, Secret, WasmTasks};
use stepwell_testing::guest;

/// Compiled guests are kept between test processes, as a host keeps them between runs.
pub fn options() -> RuntimeOptions {
    let cache = stepwell_testing::target_directory().join("compiled-for-tests");
    RuntimeOptions { cache_directory: Some(cache), ..RuntimeOptions::default() }
}

pub fn plugin(name: &str, component: PathBuf) -> Plugin {
    Plugin {
        name: name.to_owned(),
        component,
        limits: Limits::default(),
        grants: Grants::default(),
        granted_in: "stepwell.toml".to_owned(),
    }
}

pub fn load(plugins: Vec<Plugin>) -> Arc<WasmTasks> {
    load_with(options(), plugins)
}

pub fn load_with(options: RuntimeOptions, plugins: Vec<Plugin>) -> Arc<WasmTasks> {
    Arc::new(WasmTasks::load(options, plugins, &|_| {}).unwrap())
}

/// `probe` with small limits, and `echo`, shared by the tests of one file.
pub fn shared() -> Arc<WasmTasks> {
    static SHARED: OnceLock<Arc<WasmTasks>> = OnceLock::new();
    let tasks = SHARED.get_or_init(|| {
        let mut probe = plugin("probe", guest("probe"));
        probe.limits.timeout_seconds_default = 1;
        probe.limits.memory_bytes_max = 16 << 20;
        load(vec![probe, plugin("echo", guest("echo"))])
    });
    Arc::clone(tasks)
}

/// The guest `grants` with these grants.
pub fn granted(grants: Grants) -> Arc<WasmTasks> {
    load(vec![granted_plugin(grants)])
}

/// The guest imports every interface, and an import without any grant is refused at load:
/// so each interface that is not tested gets a grant of something that is of no use.
pub fn granted_plugin(mut grants: Grants) -> Plugin {
    let unused = stepwell_testing::target_directory().join("unused-grants");
    if grants.http.is_empty() {
        grants.http.push("https://unused.test".to_owned());
    }
    if grants.databases.is_empty() {
        std::fs::create_dir_all(&unused).unwrap();
        let database = unused.join("unused.db");
        rusqlite::Connection::open(&database).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
        grants.databases.insert("unused".to_owned(), database);
    }
    if grants.directories.is_empty() {
        let directory = Directory { path: unused.join("directory"), access: Access::ReadWrite };
        grants.directories.insert("unused".to_owned(), directory);
    }
    if grants.config.is_empty() {
        grants.config.insert("unused".to_owned(), String::new());
    }
    if grants.secrets.is_empty() {
        grants.secrets.insert("unused".to_owned(), Secret::new(String::new()));
    }
    let mut plugin = plugin("grants", guest("grants"));
    plugin.limits.timeout_seconds_default = 5;
    plugin.grants = grants;
    plugin
}

pub fn call(task: &str, input: &str) -> Call {
    Call {
        task: Arc::from(task),
        input: Arc::from(input),
        budget: Budget { timeout_seconds: None },
        identity: Identity {
            idempotency_key: Arc::from("key-1"),
            attempt: 2,
            dispatch: 3,
            execution_id: Arc::from("execution-1"),
            execution_name: Arc::from("a name"),
            workflow_name: Arc::from("report"),
            state_name: Arc::from("Query"),
        },
    }
}

pub async fn run(tasks: &WasmTasks, task: &str, input: &str) -> Returned {
    tasks.call(call(task, input)).await
}

pub async fn failure(tasks: &WasmTasks, task: &str, input: &str) -> (Failure, Returned) {
    let returned = run(tasks, task, input).await;
    let failure = returned.outcome.clone().expect_err("the call fails");
    println!("{input} -> {}: {}", failure.error, failure.cause);
    (failure, returned)
}

/// Asks the guest `grants`.
pub async fn ask(tasks: &WasmTasks, input: serde_json::Value) -> serde_json::Value {
    let returned = run(tasks, "grants", &input.to_string()).await;
    let answer = returned.outcome.unwrap_or_else(|failure| panic!("{input} -> {failure:?}"));
    println!("{input} -> {answer}");
    serde_json::from_str(&answer).unwrap()
}

/// The host is alive: another task is served.
pub async fn assert_alive(tasks: &WasmTasks) {
    assert_eq!(run(tasks, "echo", "[1]").await.outcome.unwrap(), "[1]");
}

pub fn map<V>(pairs: impl IntoIterator<Item = (&'static str, V)>) -> BTreeMap<String, V> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
