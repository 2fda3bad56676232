//! The engine on a store in memory, with tasks that do as the test says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stepwell_asl::HistoryEvent;
use stepwell_asl::expr::Value;
use stepwell_engine::{Engine, Error, ListQuery, Options, PAGE_ROWS_MAX, StartRequest, Status};
use stepwell_store::{
    CallLog, ChildQuery, Entry, ExecutionRow, Group, ListQuery as StoreQuery, MapRunRow, MemoryStore, Outcome,
    Status as RowStatus, StatusCounts, Store,
};
use stepwell_tasks::{Call, Calling, Descriptor, Failure, FakeTasks, Receipt, Returned, Tasks};
use tokio::runtime::Handle;
use tokio::sync::Notify;

const TWO_TASKS: &str = r#"{"StartAt":"A","States":{
    "A":{"Type":"Task","Resource":"task:a","Next":"B"},
    "B":{"Type":"Task","Resource":"task:b","End":true}}}"#;

/// Task `a` answers at once; every other waits until it is let go.
#[derive(Default)]
struct GatedTasks {
    calls: Mutex<Vec<Call>>,
    sent: Notify,
    gate: Notify,
    is_open: AtomicBool,
    most_at_once: AtomicUsize,
    at_once: AtomicUsize,
}

impl GatedTasks {
    fn calls_of(&self, task: &str) -> Vec<Call> {
        self.calls.lock().unwrap().iter().filter(|call| &*call.task == task).cloned().collect()
    }

    async fn wait_for(&self, task: &str, calls: usize) {
        while self.calls_of(task).len() < calls {
            self.sent.notified().await;
        }
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.gate.notify_waiters();
    }
}

impl Tasks for GatedTasks {
    fn call(&self, call: Call) -> Calling<'_> {
        Box::pin(async move {
            self.calls.lock().unwrap().push(call.clone());
            self.sent.notify_one();
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            while &*call.task != "a" && !self.is_open.load(Ordering::SeqCst) {
                self.gate.notified().await;
            }
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            let outcome = Ok(format!(r#"{{"by":"{}"}}"#, call.task));
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

fn open(store: &Arc<dyn Store>, tasks: &Arc<impl Tasks>, definition: &str) -> Engine {
    open_with(store, tasks, definition, Options::default())
}

fn open_with(store: &Arc<dyn Store>, tasks: &Arc<impl Tasks>, definition: &str, options: Options) -> Engine {
    let tasks: Arc<dyn Tasks> = tasks.clone();
    let engine = Engine::open(options, Arc::clone(store), tasks, Handle::current()).unwrap();
    engine.put_workflow("w", definition).unwrap();
    engine
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

fn request(name: Option<&str>, input: &str) -> StartRequest {
    StartRequest { workflow: "w".into(), name: name.map(str::to_owned), input: Value::parse(input).unwrap() }
}

async fn end(engine: &Engine, id: &str) -> Vec<HistoryEvent> {
    let mut watch = engine.watch(id).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = watch.next().await {
        events.push(event);
    }
    events
}

fn two_fast_tasks() -> Arc<FakeTasks> {
    Arc::new(FakeTasks::new().with("a", |call| Ok(call.input.to_string())).with("b", |_| Ok("\"done\"".into())))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_runs_to_its_end_and_can_be_read() {
    let (store, tasks) = (memory(), two_fast_tasks());
    let engine = open(&store, &tasks, TWO_TASKS);
    let started = engine.start(request(None, r#"{"x":1}"#)).await.unwrap();
    assert!(store.execution(&started.id).unwrap().is_some(), "the answer came after the commit");
    let events = end(&engine, &started.id).await;
    let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert_eq!(events.last().unwrap().type_name(), "ExecutionSucceeded");
    let view = engine.execution(&started.id).unwrap();
    assert_eq!(view.status, Status::Succeeded);
    assert_eq!(view.output, Some(Value::from("done")));
    assert_eq!(view.input, Value::parse(r#"{"x":1}"#).unwrap());
    assert_eq!(engine.execution(&started.arn).unwrap(), view);
    assert_eq!(engine.history(&started.id).unwrap(), events);
    assert_eq!(tasks.calls().len(), 2);
    assert_eq!(&*tasks.calls()[0].input, r#"{"x":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_starts_once() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let engine = open(&store, &tasks, TWO_TASKS);
    let first = engine.start(request(Some("n"), "1")).await.unwrap();
    let again = engine.start(request(Some("n"), "1")).await.unwrap();
    assert!(!first.existing && again.existing);
    assert_eq!((&first.id, first.started_at), (&again.id, again.started_at));
    let other = engine.start(request(Some("n"), "2")).await.unwrap_err();
    assert!(matches!(other, Error::NameTaken { .. }), "{other}");
    tasks.open();
    end(&engine, &first.id).await;
    let closed = engine.start(request(Some("n"), "1")).await.unwrap_err();
    assert!(matches!(closed, Error::NameTaken { .. }), "{closed}");
    assert_eq!(engine.list(&ListQuery::default()).unwrap().executions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_starts_of_one_name_make_one_execution() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let engine = open(&store, &tasks, TWO_TASKS);
    let starts = (0..32).map(|_| engine.start(request(Some("n"), "1")));
    let ids: BTreeSet<String> =
        futures::future::join_all(starts).await.into_iter().map(|started| started.unwrap().id).collect();
    assert_eq!(ids.len(), 1);
    tasks.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_goes_on_after_the_loss_of_the_host() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let lost = open(&store, &tasks, TWO_TASKS);
    let started = lost.start(request(None, "{}")).await.unwrap();
    tasks.wait_for("b", 1).await;
    drop(lost);

    let engine = open(&store, &tasks, TWO_TASKS);
    tasks.wait_for("b", 2).await;
    tasks.open();
    let events = end(&engine, &started.id).await;
    assert_eq!(events.last().unwrap().type_name(), "ExecutionSucceeded");
    assert_eq!(tasks.calls_of("a").len(), 1, "a completed task is not run twice");
    let calls = tasks.calls_of("b");
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].identity.dispatch, calls[1].identity.dispatch), (1, 2));
    assert_eq!((calls[0].identity.attempt, calls[1].identity.attempt), (1, 1));
    assert_eq!(calls[0].identity.idempotency_key, calls[1].identity.idempotency_key);
    assert_ne!(calls[0].identity.idempotency_key, tasks.calls_of("a")[0].identity.idempotency_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_in_good_order_sends_nothing_twice() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let options = Options { calls_max: 1, ..Options::default() };
    let engine = open_with(&store, &tasks, TWO_TASKS, options);
    let first = engine.start(request(None, "1")).await.unwrap();
    tasks.wait_for("b", 1).await;
    let second = engine.start(request(None, "2")).await.unwrap();
    let draining = engine.clone();
    let drain = tokio::spawn(async move { draining.drain(Duration::from_secs(60)).await });
    while !matches!(engine.start(request(None, "3")).await, Err(Error::Draining | Error::Stopped)) {}
    assert!(!engine.ready().ready);
    tasks.open();
    drain.await.unwrap();
    assert_eq!(store.count(None).unwrap().running, store.open_executions(None, 99).unwrap().len() as u64);
    assert_eq!(store.execution(&first.id).unwrap().unwrap().status, RowStatus::Succeeded);
    assert_eq!(tasks.calls_of("a").len(), 1, "the call that waited was not sent");

    let engine = open(&store, &tasks, TWO_TASKS);
    end(&engine, &second.id).await;
    for call in tasks.calls.lock().unwrap().iter() {
        assert_eq!(call.identity.dispatch, 1, "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_gives_up_calls_that_do_not_end() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let engine = open(&store, &tasks, TWO_TASKS);
    let started = engine.start(request(None, "1")).await.unwrap();
    tasks.wait_for("b", 1).await;
    engine.drain(Duration::from_millis(20)).await;
    tasks.open();
    let engine = open(&store, &tasks, TWO_TASKS);
    end(&engine, &started.id).await;
    let dispatches: Vec<u32> = tasks.calls_of("b").iter().map(|call| call.identity.dispatch).collect();
    assert_eq!(dispatches, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_execution_is_aborted_and_stays_so() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let engine = open(&store, &tasks, TWO_TASKS);
    let started = engine.start(request(None, "1")).await.unwrap();
    tasks.wait_for("b", 1).await;
    engine.stop(&started.id, Some("Enough".into()), Some("by hand".into())).await.unwrap();
    let view = engine.execution(&started.id).unwrap();
    assert_eq!(view.status, Status::Aborted);
    assert_eq!(view.failure.unwrap().error_name(), "Enough");
    let again = engine.stop(&started.id, None, None).await.unwrap_err();
    assert!(matches!(again, Error::AlreadyClosed { status: "ABORTED", .. }), "{again}");
    let unknown = engine.stop("nobody", None, None).await.unwrap_err();
    assert!(matches!(unknown, Error::UnknownExecution { .. }), "{unknown}");
    tasks.open();
    assert_eq!(end(&engine, &started.id).await.last().unwrap().type_name(), "ExecutionAborted");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_are_out_than_the_limit() {
    let (store, tasks) = (memory(), Arc::new(GatedTasks::default()));
    let options = Options { calls_max: 3, ..Options::default() };
    let one = r#"{"StartAt":"B","States":{"B":{"Type":"Task","Resource":"task:b","End":true}}}"#;
    let engine = open_with(&store, &tasks, one, options);
    let started = futures::future::join_all((0..9).map(|_| engine.start(request(None, "1")))).await;
    tasks.wait_for("b", 3).await;
    tasks.open();
    for started in started {
        end(&engine, &started.unwrap().id).await;
    }
    assert_eq!(tasks.most_at_once.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_after_its_time_also_across_a_loss() {
    let wait = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}}"#;
    let (store, tasks) = (memory(), two_fast_tasks());
    let lost = open(&store, &tasks, wait);
    let started = lost.start(request(None, "1")).await.unwrap();
    let row = store.execution(&started.id).unwrap().unwrap();
    assert_eq!(row.wake_at_micros, Some(started.started_at.plus_micros(1_000_000).as_micros()));
    drop(lost);
    let engine = open(&store, &tasks, wait);
    let events = end(&engine, &started.id).await;
    let last = events.last().unwrap();
    assert_eq!(last.type_name(), "ExecutionSucceeded");
    assert!(last.at >= started.started_at.plus_micros(1_000_000), "a timer fired early");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_inputs_have_limits() {
    let (store, tasks) = (memory(), two_fast_tasks());
    let engine = open(&store, &tasks, TWO_TASKS);
    let name = engine.start(request(Some("a b"), "1")).await.unwrap_err();
    assert!(matches!(name, Error::NameInvalid { .. }), "{name}");
    let fits = format!("\"{}\"", "x".repeat(stepwell_engine::INPUT_BYTES_MAX - 2));
    let id = engine.start(request(None, &fits)).await.unwrap().id;
    end(&engine, &id).await;
    let large = format!("\"{}\"", "x".repeat(stepwell_engine::INPUT_BYTES_MAX - 1));
    let input = engine.start(request(None, &large)).await.unwrap_err();
    assert!(matches!(input, Error::InputTooLarge { bytes: 262_145 }), "{input}");
    let request = StartRequest { workflow: "x".into(), name: None, input: Value::Null };
    let workflow = engine.start(request).await.unwrap_err();
    assert!(matches!(workflow, Error::UnknownWorkflow { .. }), "{workflow}");
    assert_eq!(engine.list(&ListQuery::default()).unwrap().executions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_goes_on_where_it_stopped() {
    let (store, tasks) = (memory(), two_fast_tasks());
    let engine = open(&store, &tasks, TWO_TASKS);
    let mut started = BTreeSet::new();
    for _ in 0..7 {
        started.insert(engine.start(request(None, "1")).await.unwrap().id);
    }
    let (mut seen, mut cursor) = (BTreeSet::new(), None);
    loop {
        let page = engine.list(&ListQuery { limit: 3, cursor, ..ListQuery::default() }).unwrap();
        seen.extend(page.executions.into_iter().map(|execution| execution.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, started);
    let bad = ListQuery { cursor: Some("x".into()), ..ListQuery::default() };
    assert!(matches!(engine.list(&bad), Err(Error::CursorInvalid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_only_so_many_rows() {
    let (store, tasks) = (memory(), two_fast_tasks());
    let engine = open(&store, &tasks, r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#);
    for _ in 0..=PAGE_ROWS_MAX {
        engine.start(request(None, "1")).await.unwrap();
    }
    for limit in [PAGE_ROWS_MAX, PAGE_ROWS_MAX + 1, usize::MAX] {
        let page = engine.list(&ListQuery { limit, ..ListQuery::default() }).unwrap();
        assert_eq!(page.executions.len(), PAGE_ROWS_MAX);
        let rest = engine.list(&ListQuery { limit, cursor: page.next, ..ListQuery::default() }).unwrap();
        assert_eq!((rest.executions.len(), rest.next), (1, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nests_too_deep_to_be_read_again_is_not_kept() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let most = stepwell_asl::limits::PAYLOAD_DEPTH_MAX;
    let tasks = Arc::new(
        FakeTasks::new().with("a", |call| Ok(call.input.to_string())).with("b", move |_| Ok(nested(most + 1))),
    );
    let store = memory();
    let engine = open(&store, &tasks, TWO_TASKS);
    let deep = engine.start(request(None, &nested(most + 1))).await.unwrap_err();
    assert!(matches!(deep, Error::InputTooDeep), "{deep}");
    let id = engine.start(request(None, &nested(most))).await.unwrap().id;
    end(&engine, &id).await;
    let view = engine.execution(&id).unwrap();
    assert_eq!(view.input, Value::parse(&nested(most)).unwrap());
    assert_eq!(view.failure.unwrap().error_name(), "Task.ResultInvalid");
}

/// A store whose next commits fail as the test says.
#[derive(Debug)]
struct FailingStore {
    inner: MemoryStore,
    commits_refused: AtomicU32,
    is_broken: AtomicBool,
    /// Commits wait while this is set.
    is_held: AtomicBool,
    tampered: Mutex<Option<String>>,
}

impl FailingStore {
    fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            commits_refused: AtomicU32::new(0),
            is_broken: AtomicBool::new(false),
            is_held: AtomicBool::new(false),
            tampered: Mutex::new(None),
        }
    }
}

impl Store for FailingStore {
    fn commit(&self, groups: &[Group]) -> Result<Vec<Outcome>, stepwell_store::Error> {
        while self.is_held.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(stepwell_store::Error::Broken("fsync: input/output error".into()));
        }
        let refused = self.commits_refused.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() {
            return Err(stepwell_store::Error::ReadOnly("no space left".into()));
        }
        self.inner.commit(groups)
    }

    fn execution(&self, id: &str) -> Result<Option<ExecutionRow>, stepwell_store::Error> {
        self.inner.execution(id)
    }

    fn execution_by_name(&self, workflow: &str, name: &str) -> Result<Option<ExecutionRow>, stepwell_store::Error> {
        self.inner.execution_by_name(workflow, name)
    }

    fn journal(&self, execution: &str, from: u64, limit: usize) -> Result<Vec<Entry>, stepwell_store::Error> {
        let mut entries = self.inner.journal(execution, from, limit)?;
        if self.tampered.lock().unwrap().as_deref() == Some(execution)
            && let Some(first) = entries.first_mut()
        {
            let text = String::from_utf8(first.body.clone()).unwrap();
            first.body = text.replace("\"input\":1", "\"input\":2").replace("\"fold\":\"", "\"fold\":\"1").into_bytes();
        }
        Ok(entries)
    }

    fn call_logs(&self, execution: &str) -> Result<Vec<CallLog>, stepwell_store::Error> {
        self.inner.call_logs(execution)
    }

    fn open_executions(&self, after: Option<&str>, limit: usize) -> Result<Vec<ExecutionRow>, stepwell_store::Error> {
        self.inner.open_executions(after, limit)
    }

    fn list(&self, query: &StoreQuery) -> Result<Vec<ExecutionRow>, stepwell_store::Error> {
        self.inner.list(query)
    }

    fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, stepwell_store::Error> {
        self.inner.count(workflow)
    }

    fn definition(&self, digest: &str) -> Result<Option<String>, stepwell_store::Error> {
        self.inner.definition(digest)
    }

    fn map_run(&self, id: &str) -> Result<Option<MapRunRow>, stepwell_store::Error> {
        self.inner.map_run(id)
    }

    fn map_runs(&self, execution: &str) -> Result<Vec<MapRunRow>, stepwell_store::Error> {
        self.inner.map_runs(execution)
    }

    fn unsettled_map_runs(&self, after: Option<&str>, limit: usize) -> Result<Vec<MapRunRow>, stepwell_store::Error> {
        self.inner.unsettled_map_runs(after, limit)
    }

    fn children(&self, query: &ChildQuery) -> Result<Vec<ExecutionRow>, stepwell_store::Error> {
        self.inner.children(query)
    }

    fn child_indices(
        &self,
        map_run: &str,
        status: RowStatus,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, stepwell_store::Error> {
        self.inner.child_indices(map_run, status, after, limit)
    }

    fn outcome(&self, execution: &str) -> Result<Option<Vec<u8>>, stepwell_store::Error> {
        self.inner.outcome(execution)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_refuses_new_work_and_goes_on_by_itself() {
    let failing = Arc::new(FailingStore::new());
    let store: Arc<dyn Store> = failing.clone();
    let tasks = Arc::new(GatedTasks::default());
    let engine = open(&store, &tasks, TWO_TASKS);
    let running = engine.start(request(None, "1")).await.unwrap();
    tasks.wait_for("b", 1).await;
    failing.commits_refused.store(3, Ordering::SeqCst);
    tasks.open();
    while engine.ready().ready {
        tokio::task::yield_now().await;
    }
    let refused = engine.start(request(None, "2")).await;
    assert!(matches!(&refused, Err(Error::ReadOnly(_))), "{refused:?}");
    let events = end(&engine, &running.id).await;
    assert_eq!(events.last().unwrap().type_name(), "ExecutionSucceeded");
    while !engine.ready().ready {
        tokio::task::yield_now().await;
    }
    engine.start(request(None, "2")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_unknown_fate_is_never_acknowledged() {
    let failing = Arc::new(FailingStore::new());
    let store: Arc<dyn Store> = failing.clone();
    let (sender, fatal) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let options = Options {
        fatal: Arc::new(move |reason| {
            if let Some(sender) = sender.lock().unwrap().take() {
                sender.send(reason.to_owned()).unwrap();
            }
        }),
        ..Options::default()
    };
    let engine = open_with(&store, &two_fast_tasks(), TWO_TASKS, options);
    failing.is_broken.store(true, Ordering::SeqCst);
    let start = engine.start(request(None, "1"));
    tokio::select! {
        answer = start => panic!("acknowledged: {answer:?}"),
        reason = fatal => assert!(reason.unwrap().contains("fsync")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_beyond_the_queue_are_throttled_at_once() {
    let failing = Arc::new(FailingStore::new());
    let store: Arc<dyn Store> = failing.clone();
    let options = Options { queue_max: 2, ..Options::default() };
    let engine = open_with(&store, &two_fast_tasks(), TWO_TASKS, options);
    failing.is_held.store(true, Ordering::SeqCst);
    let mut waiting = Vec::new();
    for n in 0..2 {
        let mut start = Box::pin({
            let engine = engine.clone();
            async move { engine.start(request(None, &n.to_string())).await }
        });
        assert!(futures::poll!(&mut start).is_pending());
        waiting.push(start);
    }
    let refused = engine.start(request(None, "9")).await.unwrap_err();
    assert!(matches!(refused, Error::Throttled { .. }), "{refused}");
    failing.is_held.store(false, Ordering::SeqCst);
    for start in waiting {
        start.await.unwrap();
    }
    engine.start(request(None, "9")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_folds_to_something_else_is_set_aside_alone() {
    let failing = Arc::new(FailingStore::new());
    let store: Arc<dyn Store> = failing.clone();
    let tasks = Arc::new(GatedTasks::default());
    let lost = open(&store, &tasks, TWO_TASKS);
    let bad = lost.start(request(None, "1")).await.unwrap();
    let good = lost.start(request(None, "1")).await.unwrap();
    tasks.wait_for("b", 2).await;
    drop(lost);
    *failing.tampered.lock().unwrap() = Some(bad.id.clone());
    tasks.open();
    let engine = open(&store, &tasks, TWO_TASKS);
    assert_eq!(end(&engine, &good.id).await.last().unwrap().type_name(), "ExecutionSucceeded");
    let refused = engine.execution(&bad.id).unwrap_err();
    assert!(matches!(&refused, Error::SetAside { .. }), "{refused}");
    let stop = engine.stop(&bad.id, None, None).await.unwrap_err();
    assert!(matches!(stop, Error::SetAside { .. }), "{stop}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_a_task_is_the_workflows_and_its_log_is_kept() {
    struct Logging;
    impl Tasks for Logging {
        fn call(&self, _call: Call) -> Calling<'_> {
            let line = |text: &str| stepwell_tasks::LogLine {
                stream: stepwell_tasks::LogStream::Stderr,
                text: text.to_owned(),
            };
            let log = vec![line("one"), line("two")];
            let outcome = Err(Failure::new("Declined", "limit"));
            Box::pin(async move { Returned { outcome, receipt: Receipt::default(), log } })
        }

        fn describe(&self, _task: &str) -> Option<Descriptor> {
            None
        }

        fn names(&self) -> Vec<String> {
            Vec::new()
        }
    }
    let store = memory();
    let engine = open(&store, &Arc::new(Logging), TWO_TASKS);
    let started = engine.start(request(None, "1")).await.unwrap();
    end(&engine, &started.id).await;
    let view = engine.execution(&started.id).unwrap();
    assert_eq!(view.status, Status::Failed);
    assert_eq!(view.failure.unwrap().error_name(), "Declined");
    let logs = engine.call_logs(&started.id).unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!((logs[0].dispatch, logs[0].text.as_str()), (1, "one\ntwo\n"));
}
