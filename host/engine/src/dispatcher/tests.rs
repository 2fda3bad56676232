//! Map runs with a shell that does one thing at a time, so that the host can be lost after every
//! commit.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::AtomicBool;

use stepwell_asl::Status as Folded;
use stepwell_asl::expr::Value;
use stepwell_objects::MemoryObjects;
use stepwell_store::{ChildQuery, MemoryStore, Store};
use stepwell_tasks::{Receipt, Returned};

use super::*;
use crate::dispatcher::maps::CHILDREN_MAX;
use crate::map_items::{ITEMS_PAGE_BYTES_MAX, ITEMS_PAGE_MAX, ItemReader};
use crate::map_results::Desk;
use crate::recovery::{fold, recover};
use crate::workflows::Workflows;

const ID: &str = "0199-parent";

/// A host on a store in memory, whose task gives back its input and fails for `"bad"`.
struct World {
    store: MemoryStore,
    desk: Desk,
    workflows: Workflows,
    dispatcher: Dispatcher,
    actions: VecDeque<Action>,
    inbox: VecDeque<Command>,
    items: HashMap<Arc<str>, ItemReader>,
    now: i64,
    commits: usize,
    /// How often each idempotency key was called.
    calls: BTreeMap<String, usize>,
    /// Most child executions that ran, and most inputs that waited.
    most: (usize, usize),
}

impl World {
    fn new(definition: &str, objects: &MemoryObjects, store: MemoryStore) -> Self {
        let names = ExecutionNames { region: "eu-west-1".into(), account: "000000000000".into() };
        let workflows = Workflows::default();
        workflows.put("w", names.machine_arn("w"), definition).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut dispatcher = Dispatcher::new(names.clone(), 8);
        let mut actions = Vec::new();
        recover(&store, &workflows, &mut dispatcher, &mut actions).unwrap();
        let desk = Desk {
            store: Arc::new(store.clone()),
            objects: Arc::new(objects.clone()),
            names,
            stop: Arc::new(AtomicBool::new(false)),
        };
        Self {
            store,
            desk,
            workflows,
            dispatcher,
            actions: actions.into(),
            inbox: VecDeque::from([Command::Tick]),
            items: HashMap::new(),
            now: 1_790_000_000_000_000,
            commits: 0,
            calls: BTreeMap::new(),
            most: (0, 0),
        }
    }

    fn start(&mut self, input: &str) {
        let start = StartCommand {
            id: ID.into(),
            workflow: self.workflows.get("w").unwrap(),
            name: "n".into(),
            input: Value::parse(input).unwrap(),
            input_digest: "i".into(),
            seed: 7,
            token_key: 9,
        };
        self.inbox.push_back(Command::Start { ticket: Ticket(1), start: Box::new(start) });
    }

    /// Goes on until nothing is left to do, or so many commits were made.
    fn run(&mut self, commits_max: usize) {
        while self.commits < commits_max {
            if let Some(action) = self.actions.pop_front() {
                self.act(action);
            } else {
                let is_due = self.dispatcher.next_deadline().is_some_and(|at| at.as_micros() <= self.now);
                let Some(command) = self.inbox.pop_front().or_else(|| is_due.then_some(Command::Tick)) else { return };
                let mut actions = Vec::new();
                self.dispatcher.handle(Timestamp::from_micros(self.now), command, &mut actions);
                self.actions.extend(actions);
                let (children, ready) = self.dispatcher.runs.sizes();
                self.most = (self.most.0.max(children), self.most.1.max(ready));
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Commit(group) => {
                let outcomes = self.store.commit(&[*group]).unwrap();
                assert_eq!(outcomes, [Outcome::Committed]);
                self.commits += 1;
                self.inbox.push_back(Command::Committed { outcomes });
            }
            Action::Send(send) => {
                *self.calls.entry(send.task.identity.idempotency_key.to_string()).or_default() += 1;
                let outcome = if send.task.input.contains("bad") {
                    Err(stepwell_tasks::Failure::new("Bad", "it is bad"))
                } else {
                    Ok(send.task.input.to_string())
                };
                let returned = Box::new(Returned { outcome, receipt: Receipt::default(), log: Vec::new() });
                let SendOut { id, call, dispatch, .. } = *send;
                self.inbox.push_back(Command::Returned { id, call, dispatch, returned });
            }
            Action::OpenItems(open) => {
                let run = Arc::clone(&open.run);
                let opened = ItemReader::open(*open, &self.desk.objects, Arc::clone(&self.desk.stop));
                let counted = opened.map(|reader| {
                    let counted = reader.counted().clone();
                    self.items.insert(Arc::clone(&run), reader);
                    counted
                });
                self.inbox.push_back(Command::ItemsOpened { run, counted });
            }
            Action::ReadItems { run } => {
                let page = self.items.get_mut(&run).unwrap().page();
                self.inbox.push_back(Command::ItemsRead { run, page });
            }
            Action::CloseItems { run } => drop(self.items.remove(&run)),
            Action::WriteResults(order) => {
                let written = Box::new(self.desk.write(&order));
                self.inbox.push_back(Command::ResultsWritten { run: Arc::clone(&order.run), written });
            }
            Action::Cancel { .. } | Action::Reply { .. } => {}
        }
    }

    fn status(&self) -> Folded {
        let row = self.store.execution(ID).unwrap().unwrap();
        fold(&self.store, &self.workflows, &row).unwrap().execution.status().clone()
    }

    /// The runs of all executions, with what their children have come to; every one is settled.
    fn runs(&self) -> Vec<MapRunView> {
        assert_eq!(self.store.unsettled_map_runs(None, 10).unwrap(), []);
        assert_eq!(self.store.open_executions(None, 10).unwrap(), []);
        let rows = self.store.map_runs(ID).unwrap();
        rows.into_iter().map(|row| MapRunView::read(row).unwrap().0).collect()
    }

    fn children(&self, run: &str) -> Vec<Status> {
        let query = ChildQuery { map_run: run.to_owned(), limit: usize::MAX, ..ChildQuery::default() };
        self.store.children(&query).unwrap().iter().map(|row| row.status).collect()
    }
}

fn map(fields: &str, kind: &str, state: &str) -> String {
    format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","Label":"l","End":true,{fields}
        "ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{kind}"}},
        "StartAt":"S","States":{{"S":{state}}}}}}}}}}}"#
    )
}

const TASK: &str = r#"{"Type":"Task","Resource":"task:t","End":true}"#;

/// Loses the host after every commit in turn, and compares what the next one makes of it with
/// what comes without a loss. Gives how often each call was made over all hosts.
fn lost_after_every_commit(definition: &str, objects: &MemoryObjects, input: &str) -> Vec<BTreeMap<String, usize>> {
    let mut whole = World::new(definition, objects, MemoryStore::new());
    whole.start(input);
    whole.run(usize::MAX);
    let expected = whole.status();
    assert_ne!(expected, Folded::Running);
    let counts = |world: &World| -> Vec<_> {
        world.runs().iter().map(|run| (run.status, run.items, run.executions, world.children(&run.id))).collect()
    };
    let expected_counts = counts(&whole);
    let mut all = Vec::new();
    for commits in 1..whole.commits {
        let mut lost = World::new(definition, objects, MemoryStore::new());
        lost.start(input);
        lost.run(commits);
        let mut next = World::new(definition, objects, lost.store.copy());
        next.run(usize::MAX);
        assert_eq!(next.status(), expected, "lost after commit {commits}");
        assert_eq!(counts(&next), expected_counts, "lost after commit {commits}");
        for (key, count) in lost.calls {
            *next.calls.entry(key).or_default() += count;
        }
        assert_eq!(next.calls.keys().collect::<Vec<_>>(), whole.calls.keys().collect::<Vec<_>>());
        all.push(next.calls);
    }
    all
}

#[test]
fn a_run_of_standard_children_goes_on_after_a_loss_at_any_point() {
    let objects = MemoryObjects::new(["b"]);
    let fields = r#""MaxConcurrency":3,"ToleratedFailureCount":2,"#;
    let input = r#"[0,1,"bad",3,4,5,"bad",7,8]"#;
    for calls in lost_after_every_commit(&map(fields, "STANDARD", TASK), &objects, input) {
        // What was out when the host was lost is sent again; what had returned is not.
        assert!(calls.values().filter(|count| **count == 2).count() <= 3, "{calls:?}");
        assert!(calls.values().all(|count| *count <= 2));
    }
}

#[test]
fn express_children_that_had_not_ended_run_again_under_the_same_keys() {
    let objects = MemoryObjects::new(["b"]);
    let all = lost_after_every_commit(&map(r#""MaxConcurrency":3,"#, "EXPRESS", TASK), &objects, "[0,1,2,3,4,5,6]");
    assert!(all.iter().any(|calls| calls.values().any(|count| *count == 2)));
}

#[test]
fn a_run_with_a_reader_a_batcher_and_a_writer_goes_on_after_a_loss() {
    let objects = MemoryObjects::new(["b"]);
    objects.put("b", "in.jsonl", "1\n2\n3\n4\n5\n6\n7\n").unwrap();
    let fields = r#""MaxConcurrency":2,"ItemBatcher":{"MaxItemsPerBatch":2},
        "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"in.jsonl"},
            "ReaderConfig":{"InputType":"JSONL"}},"#;
    for kind in ["STANDARD", "EXPRESS"] {
        lost_after_every_commit(&map(fields, kind, TASK), &objects, "{}");
        // Without batches, what the children that are there have is not read again.
        let single = fields.replace(r#""ItemBatcher":{"MaxItemsPerBatch":2},"#, "");
        lost_after_every_commit(&map(&single, kind, TASK), &objects, "{}");
    }
}

#[test]
fn a_run_that_fails_does_so_after_a_loss_at_any_point() {
    let objects = MemoryObjects::new(["b"]);
    let definition = map(r#""MaxConcurrency":1,"ToleratedFailureCount":1,"#, "STANDARD", TASK);
    lost_after_every_commit(&definition, &objects, r#"[0,"bad",2,"bad",4]"#);
}

#[test]
fn runs_within_runs_go_on_after_a_loss_at_any_point() {
    let objects = MemoryObjects::new(["b"]);
    let inner = r#"{"Type":"Map","Label":"i","End":true,"ItemProcessor":{
        "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},
        "StartAt":"T","States":{"T":{"Type":"Task","Resource":"task:t","End":true}}}}"#;
    lost_after_every_commit(&map("", "STANDARD", inner), &objects, "[[1,2],[],[3]]");
}

#[test]
fn a_cancelled_run_is_cancelled_after_a_loss_at_any_point() {
    let definition = r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
        "Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],"Branches":[
        {"StartAt":"F","States":{"F":{"Type":"Wait","Seconds":1,"Next":"X"},"X":{"Type":"Fail","Error":"E"}}},
        {"StartAt":"M","States":{"M":{"Type":"Map","Label":"l","End":true,
            "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
            "StartAt":"S","States":{"S":{"Type":"Wait","Seconds":60,"End":true}}}}}}]},
        "Caught":{"Type":"Pass","Result":"caught","End":true}}}"#;
    let objects = MemoryObjects::new(["b"]);
    let mut whole = World::new(definition, &objects, MemoryStore::new());
    let cancelled = |world: &mut World| {
        world.run(usize::MAX);
        world.now += 2_000_000;
        world.inbox.push_back(Command::Tick);
        world.run(usize::MAX);
        assert_eq!(world.status(), Folded::Succeeded { output: Value::from("caught") });
        let runs = world.runs();
        assert_eq!((runs.len(), runs[0].status, runs[0].items.aborted), (1, Status::Aborted, 3));
    };
    whole.start("[1,2,3]");
    cancelled(&mut whole);
    for commits in 5..whole.commits {
        let mut lost = World::new(definition, &objects, MemoryStore::new());
        lost.start("[1,2,3]");
        lost.run(commits);
        if lost.commits < commits {
            lost.now += 2_000_000;
            lost.inbox.push_back(Command::Tick);
            lost.run(commits);
        }
        let mut next = World::new(definition, &objects, lost.store.copy());
        next.now = lost.now;
        cancelled(&mut next);
    }
}

#[test]
fn data_that_changed_after_it_was_counted_is_noticed() {
    let objects = MemoryObjects::new(["b"]);
    objects.put("b", "in.jsonl", "1\n2\n3\n").unwrap();
    let fields = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
        "Parameters":{"Bucket":"b","Key":"in.jsonl"},"ReaderConfig":{"InputType":"JSONL"}},"#;
    let definition = map(fields, "STANDARD", TASK);
    let mut lost = World::new(&definition, &objects, MemoryStore::new());
    lost.start("{}");
    // The start, and what was counted.
    lost.run(2);
    objects.put("b", "in.jsonl", "1\n2\n4\n").unwrap();
    let mut next = World::new(&definition, &objects, lost.store.copy());
    next.run(usize::MAX);
    let Folded::Failed(failure) = next.status() else { panic!("{:?}", next.status()) };
    assert_eq!(failure.error_name(), "States.ItemReaderFailed");
    assert!(failure.cause.unwrap().contains("changed after"));
}

/// What is held of a run of 100,000 items is no more than of one with a few thousand.
#[test]
fn what_is_held_of_a_run_does_not_grow_with_its_items() {
    let objects = MemoryObjects::new(["b"]);
    let lines: String = (0..100_000).map(|line| format!("{line}\n")).collect();
    objects.put("b", "in.jsonl", lines).unwrap();
    let fields = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
        "Parameters":{"Bucket":"b","Key":"in.jsonl"},"ReaderConfig":{"InputType":"JSONL"}},
        "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"out"},
            "WriterConfig":{"Transformation":"COMPACT","OutputType":"JSONL"}},"#;
    let mut world = World::new(&map(fields, "EXPRESS", r#"{"Type":"Succeed"}"#), &objects, MemoryStore::new());
    world.start("{}");
    world.run(usize::MAX);
    let run = world.runs().remove(0);
    assert_eq!((run.status, run.items.succeeded, run.items.results_written), (Status::Succeeded, 100_000, 100_000));
    let key = format!("out/{}/SUCCEEDED_0.jsonl", run.id);
    let results = world.desk.objects.read("b", &key, 0, 1_000_000).unwrap();
    assert_eq!(results.split(|byte| *byte == b'\n').count(), 100_001);
    assert!(world.most.0 <= CHILDREN_MAX, "{} children ran at once", world.most.0);
    assert!(world.most.1 <= 2 * ITEMS_PAGE_MAX, "{} inputs waited", world.most.1);
}

#[test]
fn no_more_children_run_than_the_host_allows() {
    let objects = MemoryObjects::new(["b"]);
    let items = format!("[{}]", vec!["1"; 3 * CHILDREN_MAX].join(","));
    for kind in ["STANDARD", "EXPRESS"] {
        let wait = r#"{"Type":"Wait","Seconds":60,"End":true}"#;
        let mut world = World::new(&map("", kind, wait), &objects, MemoryStore::new());
        world.start(&items);
        world.run(usize::MAX);
        assert_eq!(world.most.0, CHILDREN_MAX);
        for _ in 0..3 {
            world.now += 61_000_000;
            world.inbox.push_back(Command::Tick);
            world.run(usize::MAX);
        }
        assert_eq!((world.most.0, world.runs()[0].items.succeeded), (CHILDREN_MAX, 3 * CHILDREN_MAX as u64));
    }
}

#[test]
fn a_page_has_only_so_many_bytes() {
    let objects = MemoryObjects::new(["b"]);
    let line = format!("\"{}\"\n", "x".repeat(ITEMS_PAGE_BYTES_MAX / 4));
    objects.put("b", "in.jsonl", line.repeat(40)).unwrap();
    let fields = r#""MaxConcurrency":1,"ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
        "Parameters":{"Bucket":"b","Key":"in.jsonl"},"ReaderConfig":{"InputType":"JSONL"}},"#;
    let wait = r#"{"Type":"Wait","Seconds":60,"End":true}"#;
    let mut world = World::new(&map(fields, "STANDARD", wait), &objects, MemoryStore::new());
    world.start("{}");
    let run = loop {
        world.run(world.commits + 1);
        if let Some(run) = world.items.keys().next() {
            break Arc::clone(run);
        }
    };
    let page = world.items.get_mut(&run).unwrap().page().unwrap();
    assert!(page.ready.len() <= 5 && !page.is_last, "{} inputs", page.ready.len());
}

#[test]
fn an_express_child_takes_five_minutes_at_most() {
    let objects = MemoryObjects::new(["b"]);
    let wait = r#"{"Type":"Wait","Seconds":301,"End":true}"#;
    let mut world = World::new(&map("", "EXPRESS", wait), &objects, MemoryStore::new());
    world.start("[1]");
    world.run(usize::MAX);
    world.now += 300_000_000;
    world.inbox.push_back(Command::Tick);
    world.run(usize::MAX);
    assert_eq!(world.runs()[0].items.timed_out, 1);
}

/// An Express child with a large journal is written before it ends, and goes on after a loss.
#[test]
fn an_express_child_with_much_to_hold_is_written() {
    let objects = MemoryObjects::new(["b"]);
    let definition = r#"{"StartAt":"M","States":{"M":{"Type":"Map","Label":"l","End":true,
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"A","States":{
            "A":{"Type":"Task","Resource":"task:t","Next":"B"},"B":{"Type":"Task","Resource":"task:t","Next":"C"},
            "C":{"Type":"Task","Resource":"task:t","Next":"D"},"D":{"Type":"Task","Resource":"task:t","Next":"E"},
            "E":{"Type":"Wait","Seconds":60,"OutputPath":null,"End":true}}}}}}"#;
    let mut world = World::new(definition, &objects, MemoryStore::new());
    world.start(&format!("[\"{}\"]", "x".repeat(250_000)));
    world.run(usize::MAX);
    let query = |world: &World| {
        let run = world.store.map_runs(ID).unwrap().remove(0).id;
        world.store.children(&ChildQuery { map_run: run, limit: 9, ..ChildQuery::default() }).unwrap()
    };
    let rows = query(&world);
    assert_eq!((rows.len(), rows[0].status, rows[0].entries), (1, Status::Running, 5));
    let mut next = World::new(definition, &objects, world.store.copy());
    next.now = world.now + 61_000_000;
    next.run(usize::MAX);
    assert_eq!(query(&next)[0].status, Status::Succeeded);
    assert!(next.calls.is_empty(), "what had returned is not called again");
}

/// The answer would otherwise be that it was stopped, before it is durable that it ended.
#[test]
fn a_stop_that_comes_while_the_end_is_written_is_refused_once_that_is_durable() {
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
    let mut world = World::new(definition, &MemoryObjects::default(), MemoryStore::new());
    world.start("{}");
    let start = world.inbox.pop_back().unwrap();
    let now = Timestamp::from_micros(world.now);
    let mut actions = Vec::new();
    world.dispatcher.handle(now, start, &mut actions);
    let stop = Command::Stop { ticket: Ticket(2), id: ID.into(), error: None, cause: None };
    world.dispatcher.handle(now, stop, &mut actions);
    let groups = actions.drain(..).map(|action| match action {
        Action::Commit(group) => *group,
        other => panic!("before the commit: {other:?}"),
    });
    let outcomes = world.store.commit(&groups.collect::<Vec<_>>()).unwrap();
    assert_eq!(outcomes, [Outcome::Committed, Outcome::Committed]);
    let row = world.store.execution(ID).unwrap();
    world.dispatcher.handle(now, Command::Committed { outcomes }, &mut actions);
    let refused = actions.iter().any(|action| {
        matches!(
            action,
            Action::Reply {
                ticket: Ticket(2),
                answer: Answer::Stopped(Err(Error::AlreadyClosed { status: "SUCCEEDED", .. }))
            }
        )
    });
    assert!(refused, "{actions:?}");
    assert_eq!(world.store.execution(ID).unwrap(), row, "nothing of the row has changed");
}

/// The clock may have been set back while the host was away.
#[test]
fn an_execution_that_is_taken_over_goes_on_no_earlier_than_it_was() {
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":60,"End":true}}}"#;
    let mut world = World::new(definition, &MemoryObjects::default(), MemoryStore::new());
    world.start("{}");
    world.run(1);
    let mut next = World::new(definition, &MemoryObjects::default(), world.store.clone());
    next.now = world.now - 3_600_000_000;
    next.inbox.push_back(Command::Stop { ticket: Ticket(2), id: ID.into(), error: None, cause: None });
    next.run(1);
    let times: Vec<_> = next.store.journal(ID, 0, 10).unwrap().iter().map(|entry| entry.at_micros).collect();
    assert_eq!(times, [world.now, world.now]);
}
