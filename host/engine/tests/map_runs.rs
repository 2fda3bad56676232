//! Distributed Maps on a store in memory, with tasks that do as the test says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use stepwell_asl::expr::Value;
use stepwell_engine::{
    Engine, Error, ExecutionView, ListQuery, MapRunChange, MapRunView, Options, StartRequest, Status,
};
use stepwell_objects::{MemoryObjects, Objects};
use stepwell_store::{MemoryStore, Store};
use stepwell_tasks::{Call, Calling, Descriptor, Failure, Receipt, Returned, Tasks};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Task `work` fails for inputs that contain `"bad"` and gives its input back otherwise; task
/// `gate` waits for a permit before that.
struct Worker {
    gate: Semaphore,
    calls: Mutex<Vec<Call>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Worker {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(0),
            calls: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    async fn wait_for(&self, calls: usize) {
        while self.calls() < calls {
            tokio::task::yield_now().await;
        }
    }
}

impl Tasks for Worker {
    fn call(&self, call: Call) -> Calling<'_> {
        Box::pin(async move {
            self.calls.lock().unwrap().push(call.clone());
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            if &*call.task == "gate" {
                self.gate.acquire().await.unwrap().forget();
            }
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            let outcome = if call.input.contains("\"bad\"") {
                Err(Failure::new("Bad", "it is bad"))
            } else {
                Ok(call.input.to_string())
            };
            Returned { outcome, receipt: Receipt::default(), log: Vec::new() }
        })
    }

    fn describe(&self, _task: &str) -> Option<Descriptor> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Host {
    engine: Engine,
    store: MemoryStore,
    objects: MemoryObjects,
    worker: Arc<Worker>,
}

impl Host {
    fn new(definition: &str) -> Self {
        Self::open(definition, MemoryStore::new(), MemoryObjects::new(["data"]), Worker::new())
    }

    fn open(definition: &str, store: MemoryStore, objects: MemoryObjects, worker: Arc<Worker>) -> Self {
        let options = Options { objects: Arc::new(objects.clone()), ..Options::default() };
        let tasks: Arc<dyn Tasks> = worker.clone();
        let engine = Engine::open(options, Arc::new(store.clone()), tasks, Handle::current()).unwrap();
        engine.put_workflow("w", definition).unwrap();
        Self { engine, store, objects, worker }
    }

    /// Another host on what this one left.
    fn again(self, definition: &str) -> Self {
        let Self { engine, store, objects, worker } = self;
        drop(engine);
        Self::open(definition, store.copy(), objects, worker)
    }

    async fn start(&self, input: &str) -> String {
        let input = Value::parse(input).unwrap();
        self.engine.start(StartRequest { workflow: "w".into(), name: None, input }).await.unwrap().id
    }

    async fn end(&self, id: &str) -> ExecutionView {
        let mut watch = self.engine.watch(id).await.unwrap();
        while watch.next().await.is_some() {}
        self.engine.execution(id).unwrap()
    }

    async fn run(&self, input: &str) -> ExecutionView {
        let id = self.start(input).await;
        self.end(&id).await
    }

    async fn map_run(&self, execution: &str) -> MapRunView {
        loop {
            if let Some(run) = self.engine.map_runs(execution).await.unwrap().pop() {
                return run;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Once nothing of the run is under way any more.
    async fn settled(&self, run: &str) -> MapRunView {
        while self.store.map_run(run).unwrap().is_none_or(|row| !row.is_settled) {
            tokio::task::yield_now().await;
        }
        self.engine.map_run(run).await.unwrap()
    }

    fn children(&self, run: &str) -> Vec<(String, Status)> {
        let query = ListQuery { map_run: Some(run.to_owned()), limit: 1000, ..ListQuery::default() };
        self.engine.list(&query).unwrap().executions.into_iter().map(|row| (row.id, row.status)).collect()
    }
}

/// A distributed Map whose items go through one task.
fn map(fields: &str, kind: &str, task: &str) -> String {
    format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","Label":"l","End":true,{fields}
        "ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{kind}"}},
        "StartAt":"T","States":{{"T":{{"Type":"Task","Resource":"task:{task}","End":true}}}}}}}}}}}}"#
    )
}

fn numbers(count: usize) -> String {
    let numbers: Vec<String> = (0..count).map(|n| n.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_becomes_an_execution_and_the_outputs_are_in_their_order() {
    for kind in ["STANDARD", "EXPRESS"] {
        let host = Host::new(&map("", kind, "work"));
        let view = host.run(&numbers(700)).await;
        assert_eq!(view.output, Some(Value::parse(&numbers(700)).unwrap()), "{:?}", view.failure);
        let run = host.map_run(&view.id).await;
        assert_eq!((run.status, run.state.as_str(), run.workflow.as_str()), (Status::Succeeded, "M", "w/l"));
        assert!(run.closed_at >= Some(run.started_at));
        for counts in [run.items, run.executions] {
            assert_eq!((counts.total, counts.succeeded, counts.running, counts.pending()), (700, 700, 0, 0));
        }
        assert_eq!(host.engine.map_run(&run.arn).await.unwrap(), run);
        let children = host.children(&run.id);
        assert_eq!(children.len(), 700);
        assert_eq!(host.engine.list(&ListQuery::default()).unwrap().executions.len(), 1, "children are listed apart");
        let child = host.engine.execution(&children[3].0).unwrap();
        assert_eq!((child.input, child.output), (Value::from(3), Some(Value::from(3))));
        assert!(child.arn.contains(":execution:w/l:"), "{}", child.arn);
        assert_eq!((child.map_run.as_deref(), view.map_run.as_deref()), (Some(run.id.as_str()), None));
        assert_eq!(host.engine.execution(&child.arn).unwrap().id, child.id);
        let types: Vec<_> = host.engine.history(&child.id).unwrap().iter().map(|event| event.type_name()).collect();
        assert_eq!(types.first(), Some(&"ExecutionStarted"));
        assert_eq!(types.last(), Some(&"ExecutionSucceeded"));
        let seen: std::collections::BTreeSet<_> =
            host.worker.calls.lock().unwrap().iter().map(|call| call.identity.idempotency_key.clone()).collect();
        assert_eq!(seen.len(), 700);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_items_are_a_success() {
    let host = Host::new(&map("", "STANDARD", "work"));
    assert_eq!(host.run("[]").await.output, Some(Value::array([])));
    let writer = r#""ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"data"}},"#;
    let host = Host::new(&map(writer, "EXPRESS", "work"));
    let output = host.run("[]").await.output.unwrap();
    let key = output.get("ResultWriterDetails").unwrap().get("Key").unwrap().as_str().unwrap().to_owned();
    let manifest = host.objects.read("data", &key, 0, 10_000).unwrap();
    assert!(String::from_utf8(manifest).unwrap().contains(r#""SUCCEEDED":[]"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_run_at_once_as_the_map_allows_and_no_more() {
    let host = Host::new(&map(r#""MaxConcurrency":3,"#, "STANDARD", "gate"));
    let id = host.start(&numbers(20)).await;
    host.worker.wait_for(3).await;
    let run = host.map_run(&id).await;
    assert_eq!((run.items.running, run.items.pending(), run.max_concurrency), (3, 17, 3));
    for permits in 1..=20 {
        host.worker.gate.add_permits(1);
        host.worker.wait_for((permits + 3).min(20)).await;
    }
    assert_eq!(host.end(&id).await.status, Status::Succeeded);
    assert_eq!(host.worker.most_at_once.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_change_while_the_run_is_under_way() {
    let host = Host::new(&map(r#""MaxConcurrency":1,"#, "STANDARD", "gate"));
    let id = host.start(&numbers(20)).await;
    host.worker.wait_for(1).await;
    let run = host.map_run(&id).await;
    let change = MapRunChange { max_concurrency: Some(5), tolerated_count: Some(2), tolerated_percentage: None };
    let adjusted = host.engine.adjust_map_run(&run.id, change).await.unwrap();
    assert_eq!((adjusted.max_concurrency, adjusted.tolerated_count), (5, Some(2)));
    host.worker.wait_for(5).await;
    // It is journaled: another host keeps to it.
    let host = host.again(&map("", "STANDARD", "gate"));
    host.worker.wait_for(10).await;
    assert_eq!(host.map_run(&id).await.max_concurrency, 5);
    let share = MapRunChange { tolerated_percentage: Some(100.5), ..MapRunChange::default() };
    let refused = host.engine.adjust_map_run(&run.id, share).await.unwrap_err();
    assert!(matches!(refused, Error::LimitInvalid { .. }), "{refused}");
    host.worker.gate.add_permits(100);
    assert_eq!(host.end(&id).await.status, Status::Succeeded);
    let late = host.engine.adjust_map_run(&run.id, change).await.unwrap_err();
    assert!(matches!(late, Error::MapRunClosed { .. }), "{late}");
    let unknown = host.engine.map_run("nobody").await.unwrap_err();
    assert!(matches!(unknown, Error::UnknownMapRun { .. }), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_tolerated_up_to_the_limit() {
    let items = r#"["a","bad","b","bad","c"]"#;
    let host = Host::new(&map(r#""ToleratedFailureCount":2,"#, "STANDARD", "work"));
    let view = host.run(items).await;
    let output = view.output.unwrap();
    let output = output.as_array().unwrap();
    assert_eq!((&output[0], &output[2], &output[4]), (&Value::from("a"), &Value::from("b"), &Value::from("c")));
    // One that failed is told as AWS tells it.
    assert_eq!(output[1].get("Status"), Some(&Value::from("FAILED")));
    assert_eq!(output[1].get("Error"), Some(&Value::from("Bad")));
    assert_eq!(output[1].get("Input"), Some(&Value::from(r#""bad""#)));
    let run = host.map_run(&view.id).await;
    assert_eq!((run.items.succeeded, run.items.failed, run.status), (3, 2, Status::Succeeded));

    for kind in ["STANDARD", "EXPRESS"] {
        let host = Host::new(&map(r#""ToleratedFailureCount":1,"MaxConcurrency":1,"#, kind, "work"));
        let view = host.run(items).await;
        assert_eq!(view.failure.unwrap().error_name(), "States.ExceedToleratedFailureThreshold");
        let run = host.settled(&host.map_run(&view.id).await.id).await;
        assert_eq!(run.status, Status::Failed);
        assert_eq!((run.items.succeeded, run.items.failed, run.items.pending()), (2, 2, 1));
        assert_eq!(host.worker.calls(), 4, "what is left is never started");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn running_children_are_stopped_with_the_run() {
    for kind in ["STANDARD", "EXPRESS"] {
        let host = Host::new(&map("", kind, "gate"));
        let id = host.start(&numbers(30)).await;
        host.worker.wait_for(30).await;
        host.engine.stop(&id, None, None).await.unwrap();
        assert_eq!(host.engine.execution(&id).unwrap().status, Status::Aborted);
        let run = host.settled(&host.map_run(&id).await.id).await;
        assert_eq!((run.status, run.items.aborted, run.items.running), (Status::Aborted, 30, 0));
        assert!(host.children(&run.id).iter().all(|(_, status)| *status == Status::Aborted));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn children_of_a_cancelled_run_are_stopped_after_a_crash() {
    let definition = map(r#""MaxConcurrency":4,"#, "STANDARD", "gate");
    let host = Host::new(&definition);
    let id = host.start(&numbers(30)).await;
    host.worker.wait_for(4).await;
    // The stop is durable, and nothing of what it causes.
    let store = host.store.copy();
    let row = store.execution(&id).unwrap().unwrap();
    host.engine.stop(&id, None, None).await.unwrap();
    let entries = host.store.journal(&id, row.entries, 1).unwrap();
    let stopped = host.store.execution(&id).unwrap().unwrap();
    let group = stepwell_store::Group {
        execution: id.clone(),
        expected_entries: row.entries,
        entries,
        change: Some(stepwell_store::ExecutionChange {
            status: stopped.status,
            closed_at_micros: stopped.closed_at_micros,
            wake_at_micros: None,
        }),
        ..stepwell_store::Group::default()
    };
    store.commit(&[group]).unwrap();
    let Host { objects, worker, .. } = host;
    let host = Host::open(&definition, store, objects, worker);
    let run = host.settled(&host.map_run(&id).await.id).await;
    assert_eq!((run.status, run.items.aborted, run.items.pending()), (Status::Aborted, 4, 26));
    assert_eq!(host.worker.calls(), 4, "no call is sent again");
    assert_eq!(host.store.open_executions(None, 10).unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_have_so_many_items_and_bytes() {
    let fields = r#""ItemBatcher":{"MaxItemsPerBatch":3,"BatchInput":{"of":"all"}},
        "ItemSelector":{"v.$":"$$.Map.Item.Value"},"#;
    let host = Host::new(&map(fields, "STANDARD", "work"));
    let view = host.run(&numbers(7)).await;
    let expected = r#"[{"BatchInput":{"of":"all"},"Items":[{"v":0},{"v":1},{"v":2}]},
        {"BatchInput":{"of":"all"},"Items":[{"v":3},{"v":4},{"v":5}]},{"BatchInput":{"of":"all"},"Items":[{"v":6}]}]"#;
    assert_eq!(view.output, Some(Value::parse(expected).unwrap()), "{:?}", view.failure);
    let run = host.map_run(&view.id).await;
    assert_eq!((run.items.total, run.items.succeeded), (7, 7));
    assert_eq!((run.executions.total, run.executions.succeeded), (3, 3));

    // {"Items":["aaaaaaaaaa","aaaaaaaaaa"]} has 37 bytes.
    let host = Host::new(&map(r#""ItemBatcher":{"MaxInputBytesPerBatch":37},"#, "EXPRESS", "work"));
    let items = format!("[{}]", [r#""aaaaaaaaaa""#; 5].join(","));
    let view = host.run(&items).await;
    let sizes: Vec<usize> =
        view.output.unwrap().as_array().unwrap().iter().map(|batch| batch.to_string().len()).collect();
    assert_eq!(sizes, [37, 37, 24]);
    let host = Host::new(&map(r#""ItemBatcher":{"MaxInputBytesPerBatch":20},"#, "EXPRESS", "work"));
    assert_eq!(host.run(&items).await.failure.unwrap().error_name(), "States.DataLimitExceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_come_from_objects_and_results_go_there() {
    let fields = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
            "Parameters":{"Bucket":"data","Key":"in.csv"},
            "ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}},
        "ToleratedFailurePercentage":50,
        "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"data","Prefix":"out"}},"#;
    let host = Host::new(&map(fields, "STANDARD", "work"));
    host.objects.put("data", "in.csv", "id,kind\n1,good\n2,bad\n3,good\n").unwrap();
    let view = host.run("{}").await;
    let output = view.output.unwrap();
    let run = host.map_run(&view.id).await;
    assert_eq!((run.items.succeeded, run.items.failed, run.items.results_written), (2, 1, 3));
    let read = |name: &str| {
        let key = format!("out/{}/{name}", run.id);
        String::from_utf8(host.objects.read("data", &key, 0, 100_000).unwrap()).unwrap()
    };
    assert_eq!(output.get("MapRunArn"), Some(&Value::from(run.arn.as_str())));
    let succeeded = Value::parse(&read("SUCCEEDED_0.json")).unwrap();
    let inputs: Vec<_> =
        succeeded.as_array().unwrap().iter().map(|one| one.get("Input").unwrap().to_string()).collect();
    assert_eq!(inputs, [r#""{\"id\":\"1\",\"kind\":\"good\"}""#, r#""{\"id\":\"3\",\"kind\":\"good\"}""#]);
    assert!(read("FAILED_0.json").contains(r#""Error":"Bad""#));
    assert!(read("manifest.json").contains("SUCCEEDED_0.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_objects_fails_the_state() {
    let reader = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
        "Parameters":{"Bucket":"data","Key":"missing.json"}},"#;
    let view = Host::new(&map(reader, "STANDARD", "work")).run("{}").await;
    let failure = view.failure.unwrap();
    assert_eq!(failure.error_name(), "States.ItemReaderFailed");
    assert!(failure.cause.unwrap().contains("missing.json"));
    let writer = r#""ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"nowhere"}},"#;
    let failure = Host::new(&map(writer, "STANDARD", "work")).run("[1]").await.failure.unwrap();
    assert_eq!(failure.error_name(), "States.ResultWriterFailed");
    assert!(failure.cause.unwrap().contains("[buckets.nowhere]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_is_no_larger_than_a_payload() {
    let host = Host::new(&map(
        r#""ItemSelector":{"x.$":"$.x"},"#.replace("$.x", "$$.Map.Item.Value").as_str(),
        "EXPRESS",
        "work",
    ));
    let large = "x".repeat(60_000);
    let items = |count: usize| format!("[{}]", vec![format!("\"{}\"", &large[..50_000]); count].join(","));
    assert_eq!(host.run(&items(5)).await.status, Status::Succeeded);
    // Five outputs of 52,426 bytes and a comma each do not fit into 262,144.
    let just = format!("[{}]", vec![format!("\"{}\"", &large[..52_419]); 4].join(","));
    assert_eq!(host.run(&just).await.status, Status::Succeeded);
    let fields = r#""ItemSelector":{"x.$":"$$.Map.Item.Value","y.$":"$$.Map.Item.Value"},"#;
    let host = Host::new(&map(fields, "STANDARD", "work"));
    let failure = host.run(&items(3)).await.failure.unwrap();
    assert_eq!(failure.error_name(), "States.DataLimitExceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_can_take_another_form() {
    let fields = r#""ResultWriter":{"WriterConfig":{"Transformation":"FLATTEN","OutputType":"JSON"}},"#;
    let view = Host::new(&map(fields, "STANDARD", "work")).run("[[1,2],[],[3],4]").await;
    assert_eq!(view.output, Some(Value::parse("[1,2,3,4]").unwrap()), "{:?}", view.failure);
    let fields = r#""ResultWriter":{"WriterConfig":{"Transformation":"COMPACT","OutputType":"JSONL"}},"#;
    let view = Host::new(&map(fields, "STANDARD", "work")).run("[1,[2]]").await;
    assert_eq!(view.output, Some(Value::from("1\n[2]\n")), "{:?}", view.failure);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_within_runs_end() {
    let definition = r#"{"StartAt":"M","States":{"M":{"Type":"Map","Label":"outer","End":true,
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"N","States":{
            "N":{"Type":"Map","Label":"inner","End":true,"ItemProcessor":{
                "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},
                "StartAt":"T","States":{"T":{"Type":"Task","Resource":"task:work","End":true}}}}}}}}}"#;
    let host = Host::new(definition);
    let items = format!("[{}]", vec![numbers(3); 1_100].join(","));
    let view = host.run(&items).await;
    assert_eq!(view.output, Some(Value::parse(&items).unwrap()), "{:?}", view.failure);
    let run = host.map_run(&view.id).await;
    let child = &host.children(&run.id)[7].0;
    let inner = host.map_run(child).await;
    assert!(inner.arn.contains(":mapRun:w/inner:"), "{}", inner.arn);
    assert_eq!((inner.execution.as_str(), inner.items.succeeded), (child.as_str(), 3));
}

/// Another execution's calls do not wait until all of a large run's have been made.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_run_lets_others_through() {
    let definition = r#"{"StartAt":"C","States":{
        "C":{"Type":"Choice","Choices":[{"Variable":"$[0]","IsPresent":true,"Next":"M"}],"Default":"One"},
        "One":{"Type":"Task","Resource":"task:gate","End":true},
        "M":{"Type":"Map","End":true,
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},
        "StartAt":"T","States":{"T":{"Type":"Task","Resource":"task:gate","End":true}}}}}}"#;
    let host = Host::new(definition);
    let large = host.start(&numbers(5_000)).await;
    host.worker.wait_for(256).await;
    let small = host.start("{}").await;
    let mut permits = 0;
    while host.engine.execution(&small).unwrap().status == Status::Running {
        host.worker.gate.add_permits(16);
        permits += 16;
        host.worker.wait_for((permits + 256).min(5_001)).await;
    }
    assert!(permits < 1_500, "the call waited for {permits} others");
    host.worker.gate.add_permits(6_000);
    assert_eq!(host.end(&large).await.status, Status::Succeeded);
}
