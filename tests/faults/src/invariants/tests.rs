//! For every invariant an input that breaks it: a check that cannot fail proves nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stepwell_asl::expr::Value as Payload;
use stepwell_asl::{Effect, Execution, Failure, Input, Machine, Output, Receipt, Start, Timestamp};

use super::*;
use crate::acks::Ack;
use crate::fold::{Folded, Folder};
use crate::ledger;
use crate::stored::{self, Stored};

const ID: &str = "e1";
/// An execution that was stopped.
const STOPPED: &str = "e2";
/// One that timed out.
const LATE: &str = "e3";
/// One that still waits.
const OPEN: &str = "e4";

fn digest(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

fn definition() -> Value {
    let task = |next: Value| {
        let mut state = json!({"Type": "Task", "Resource": "task:ledger", "ResultPath": null});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        state
    };
    json!({"StartAt": "Try", "TimeoutSeconds": 500, "States": {
        "Try": task(json!({"Next": "Pause", "Retry": [
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 2.0},
        ]})),
        "Pause": {"Type": "Wait", "Seconds": 100, "Next": "Each"},
        "Each": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ResultPath": null, "End": true,
                 "ItemProcessor": {"StartAt": "Item", "States": {"Item": task(json!({"End": true}))}}},
    }})
}

/// Runs an execution to its end and writes down its journal and what its tasks did.
struct Script {
    execution: Execution,
    start: Value,
    journal: Vec<stored::Entry>,
    effects: Vec<ledger::Effect>,
    open: Vec<Effect>,
    now: i64,
}

impl Script {
    fn new(machine: &Arc<Machine>, id: &str) -> Self {
        let input = r#"{"items":[{"a":1},{"a":2}]}"#;
        let start = Start {
            execution_arn: format!("arn:{id}").into(),
            execution_name: id.into(),
            role_arn: "role".into(),
            machine_arn: "machine".into(),
            machine_name: "m".into(),
            at: Timestamp::from_micros(1_000_000),
            seed: 7,
            token_key: 0,
            input: Payload::parse(input).unwrap(),
            child: None,
        };
        let mut out = Output::default();
        let execution = Execution::start(Arc::clone(machine), start, &mut out);
        let told = json!({"execution_arn": format!("arn:{id}"), "execution_name": id, "role_arn": "role",
            "machine_arn": "machine", "machine_name": "m", "seed": 7, "token_key": [0, 0],
            "input": serde_json::from_str::<Value>(input).unwrap()});
        let mut script = Self {
            execution,
            start: told,
            journal: Vec::new(),
            effects: Vec::new(),
            open: out.effects,
            now: 1_000_000,
        };
        script.write(json!({"started": script.start}));
        script
    }

    fn write(&mut self, body: Value) {
        let digest = format!("{:016x}", self.execution.digest());
        let body = json!({"v": 1, "fold": digest, "e": body}).to_string().into_bytes();
        self.journal.push(stored::Entry { number: self.journal.len() as u64, at_micros: self.now, body });
    }

    fn step(&mut self, input: Input, body: Value) {
        let mut out = Output::default();
        self.execution.step(Timestamp::from_micros(self.now), input, &mut out);
        self.open.extend(out.effects);
        self.write(body);
    }

    fn stop(&mut self) {
        self.now += 1;
        self.step(Input::Stopped { error: None, cause: None }, json!({"stopped": {}}));
    }

    fn receipt() -> (Receipt, Value) {
        let receipt = Receipt {
            component: "sha256:00".into(),
            fuel_computing: 60,
            fuel_waiting: 40,
            fuel_budget: 100,
            memory_bytes_peak: 1,
            elapsed_micros: 1,
            log_tail: None,
        };
        let told = json!({"component": "sha256:00", "fuel_computing": 60, "fuel_waiting": 40, "fuel_budget": 100,
            "memory_bytes_peak": 1, "elapsed_micros": 1});
        (receipt, told)
    }

    /// Carries out what is open, the earliest timer last, until the condition holds.
    fn run(&mut self, id: &str, calls: bool) {
        loop {
            let open = std::mem::take(&mut self.open);
            let awaited = self.execution.awaited();
            let call = open.iter().find_map(|effect| match effect {
                Effect::Invoke(invoke) if self.execution.awaited_call(invoke.call).is_some() => Some(invoke.clone()),
                _ => None,
            });
            self.open = open;
            if let (Some(invoke), true) = (call, calls) {
                self.now += 1000;
                self.answer(id, &invoke);
                continue;
            }
            let timer = awaited.iter().filter_map(|effect| match effect {
                Effect::SetTimer { timer, at } => Some((*at, *timer)),
                _ => None,
            });
            let Some((at, timer)) = timer.min() else { return };
            self.now = at.as_micros().max(self.now);
            self.step(Input::Fired { timer }, json!({"fired": {"timer": timer.0}}));
        }
    }

    /// The first attempt of the first state runs out of fuel.
    fn answer(&mut self, id: &str, invoke: &stepwell_asl::Invoke) {
        let key = format!("{id}:{}", invoke.entered_event);
        let result = json!({"key": key, "attempt": invoke.attempt});
        let fails = &*invoke.state_name == "Try" && invoke.attempt == 1;
        self.effects.push(ledger::Effect {
            key,
            attempt: invoke.attempt,
            dispatch: 1,
            input: invoke.input.to_string(),
            result: (!fails).then(|| result.to_string()),
        });
        let (receipt, told) = Self::receipt();
        let call = invoke.call;
        if fails {
            let failure = Failure::new("States.Timeout", "fuel");
            let body = json!({"failed": {"call": call.0, "error": "States.Timeout", "cause": "fuel", "receipt": told}});
            self.step(Input::Returned { call, outcome: Err(failure), receipt: Some(receipt) }, body);
        } else {
            let output = Payload::parse(&result.to_string()).unwrap();
            let body = json!({"succeeded": {"call": call.0, "output": result, "receipt": told}});
            self.step(Input::Returned { call, outcome: Ok(output), receipt: Some(receipt) }, body);
        }
    }
}

fn row(id: &str, definition_digest: &str, script: &Script, folder: &Folder, stored: &mut Stored) {
    let mut row = stored::Execution {
        id: id.to_owned(),
        workflow: "m".to_owned(),
        name: id.to_owned(),
        definition_digest: definition_digest.to_owned(),
        input_digest: digest(r#"{"items":[{"a":1},{"a":2}]}"#),
        status: String::new(),
        started_at_micros: 1_000_000,
        closed_at_micros: None,
        wake_at_micros: None,
        journal: script.journal.clone(),
    };
    let fold = folder.fold(stored, &row).unwrap();
    row.status = fold.status.to_owned();
    row.closed_at_micros = (fold.status != "RUNNING").then_some(fold.last_at_micros);
    row.wake_at_micros = fold.wake_at_micros;
    stored.executions.insert(id.to_owned(), row);
}

/// A case in which everything holds: one execution that succeeded after a retry, one that was
/// stopped, one that timed out, and one that still waits.
fn good() -> Case {
    let text = definition().to_string();
    let machine = Arc::new(Machine::parse(&text).unwrap());
    let folder = Folder::default();
    let mut stored = Stored::default();
    stored.definitions.insert(digest(&text), text.clone());
    let mut effects = Vec::new();
    for id in [ID, STOPPED, LATE, OPEN] {
        let mut script = Script::new(&machine, id);
        match id {
            ID => script.run(id, true),
            STOPPED => script.stop(),
            LATE => script.run(id, false),
            _ => {}
        }
        effects.append(&mut script.effects);
        row(id, &digest(&text), &script, &folder, &mut stored);
    }
    let input = json!({"items": [{"a": 1}, {"a": 2}]});
    let mut acks = vec![Ack::HostStarted];
    for id in [ID, STOPPED, LATE] {
        let (id, workflow) = (id.to_owned(), "m".to_owned());
        let name = id.clone();
        acks.push(Ack::Started { id, workflow, name, input: input.clone(), existing: false, position: 0 });
    }
    acks.push(Ack::Stopped { id: STOPPED.to_owned(), position: 0 });
    let listed = stored.executions.values().map(|row| (row.id.clone(), row.status.clone()));
    acks.push(Ack::Listed { ids: listed.collect() });
    let case = Case::of(stored, acks, Some(effects), true, &folder).unwrap();
    let shown = |events: &[crate::event::Event]| events.iter().map(|event| event.body.clone()).collect::<Vec<_>>();
    let events = &case.fold(ID).unwrap().events;
    let reads = [shown(&events[..3]), shown(events)].map(|events| Ack::Read { id: ID.to_owned(), events });
    let acks = case.acks.iter().cloned().chain(reads).collect();
    Case::of(case.stored, acks, case.ledger, true, &folder).unwrap()
}

/// Changes the fold of an execution.
fn refold(case: &mut Case, id: &str, change: impl FnOnce(&mut Folded)) {
    let fold = case.folds.get_mut(id).unwrap().as_mut().unwrap();
    change(Arc::make_mut(fold));
}

/// Changes an event of the fold: the first of a kind.
fn redo(case: &mut Case, id: &str, kind: &str, change: impl FnOnce(&mut crate::event::Event)) {
    refold(case, id, |fold| {
        let event = fold.events.iter_mut().find(|event| event.kind == kind);
        change(event.unwrap_or_else(|| panic!("no {kind}")));
    });
}

fn first_row(case: &mut Case) -> &mut stored::Execution {
    case.stored.executions.get_mut(ID).unwrap()
}

type Breaking = (&'static str, fn(&mut Case));

fn broken_histories() -> Vec<Breaking> {
    vec![
        ("I1", |case| redo(case, ID, "TaskScheduled", |event| event.id += 1)),
        ("I2", |case| redo(case, ID, "TaskScheduled", |event| event.previous = event.id)),
        ("I3", |case| {
            redo(case, ID, "ExecutionStarted", |event| {
                event.body["executionStartedEventDetails"]["input"] = json!("{}");
            })
        }),
        ("I4", |case| {
            refold(case, ID, |fold| {
                let end = fold.events.last().unwrap().clone();
                fold.events.push(end);
            })
        }),
        ("I4", |case| first_row(case).status = "RUNNING".to_owned()),
        ("I5", |case| redo(case, ID, "TaskScheduled", |event| event.at_millis += 1_000_000)),
        ("I5", |case| first_row(case).journal.last_mut().unwrap().at_micros = 0),
        ("I6", |case| redo(case, ID, "TaskStateExited", |event| event.previous = 1)),
        ("I7", |case| {
            refold(case, ID, |fold| {
                let mut again = fold.events.iter().find(|event| event.kind == "TaskSucceeded").unwrap().clone();
                again.id = fold.events.len() as u64 + 1;
                fold.events.push(again);
            })
        }),
        ("I7", |case| redo(case, ID, "TaskSucceeded", |event| event.kind = "Nothing".to_owned())),
        // Sooner than the interval.
        ("I8", |case| redo(case, ID, "TaskTimedOut", |event| event.at_millis += 1500)),
        ("I9", |case| drop(case.folds.insert(ID.to_owned(), Err("entry 3 is missing".to_owned())))),
        // The host shows something else than the journal folds to.
        ("I9", |case| redo(case, ID, "TaskScheduled", |event| event.body["timestamp"] = json!("later"))),
        ("I10", |case| refold(case, ID, |fold| fold.output = Some("{}".to_owned()))),
        ("I10", |case| first_row(case).closed_at_micros = Some(1)),
        ("I11", |case| redo(case, ID, "WaitStateExited", |event| event.at_millis -= 10)),
        ("I12", |case| redo(case, ID, "TaskTimedOut", |event| event.body["stepwell"]["fuelWaiting"] = json!(39))),
        ("I12", |case| redo(case, LATE, "ExecutionTimedOut", |event| event.at_millis -= 10)),
        // Two at a time, and one is allowed.
        ("I13", |case| redo(case, ID, "MapIterationSucceeded", |event| event.kind = "Nothing".to_owned())),
        ("I14", |case| {
            refold(case, ID, |fold| {
                let event = fold.events[1].clone();
                fold.events.resize(25_001, event);
            })
        }),
    ]
}

fn broken_promises() -> Vec<Breaking> {
    vec![
        ("I15", |case| drop(case.stored.executions.remove(ID))),
        ("I15", |case| case.acks.push(Ack::Missing { id: ID.to_owned() })),
        ("I15", |case| first_row(case).name = "other".to_owned()),
        ("I15", |case| first_row(case).input_digest = "sha256:00".to_owned()),
        ("I16", |case| case.stored.executions.get_mut(LATE).unwrap().name = ID.to_owned()),
        ("I16", |case| {
            let (workflow, name) = ("m".to_owned(), ID.to_owned());
            case.acks.push(Ack::NameTaken { workflow, name, id: "another".to_owned() });
        }),
        ("I17", |case| case.acks.push(Ack::Stopped { id: ID.to_owned(), position: 0 })),
        ("I19", |case| case.reads.get_mut(ID).unwrap().reverse()),
        ("I20", |case| refold(case, OPEN, |fold| fold.awaited = 0)),
        ("I20", |case| case.stored.executions.get_mut(OPEN).unwrap().wake_at_micros = None),
        ("I20", |case| first_row(case).status = "RUNNING".to_owned()),
        ("I21", |case| case.ledger.as_mut().unwrap().retain(|effect| effect.result.is_none())),
        // A result was rewritten that nothing after it depends on: the journal still folds.
        ("I21", |case| {
            redo(case, ID, "TaskSucceeded", |event| {
                event.body["taskSucceededEventDetails"]["output"] = json!("{}");
            })
        }),
        // It ran again after its result was recorded.
        ("I21", |case| {
            let ledger = case.ledger.as_mut().unwrap();
            let mut again = ledger.iter().find(|effect| effect.result.is_some()).unwrap().clone();
            (again.dispatch, again.result) = (2, None);
            ledger.push(again);
        }),
        // The same dispatch twice.
        ("I22", |case| {
            let again = case.ledger.as_ref().unwrap()[0].clone();
            case.ledger.as_mut().unwrap().push(again);
        }),
        // A dispatch that the journal does not count.
        ("I22", |case| {
            case.acks.push(Ack::HostLost);
            case.ledger.as_mut().unwrap()[0].dispatch = 2;
        }),
        ("I23", |case| case.ledger.as_mut().unwrap()[0].input = "{}".to_owned()),
        ("I31", |case| case.stored.complaints.push("an index".to_owned())),
        ("I31", |case| drop(first_row(case).journal.remove(1))),
        ("I32", |case| case.acks.push(Ack::Listed { ids: Vec::new() })),
        ("I32", |case| case.acks.push(Ack::Listed { ids: vec![("gone".to_owned(), "FAILED".to_owned())] })),
        ("I33", |case| case.stored.definitions.values_mut().for_each(|text| text.push(' '))),
        ("I33", |case| redo(case, ID, "WaitStateEntered", |event| event.kind = "PassStateEntered".to_owned())),
    ]
}

#[test]
fn a_good_case_holds_and_everything_is_looked_at() {
    let case = good();
    let verdicts = check(&case);
    let found: Vec<_> = violations(&verdicts).collect();
    assert!(found.is_empty(), "{found:#?}");
    for verdict in &verdicts {
        let is_built = !["I18", "I24"].contains(&verdict.invariant);
        assert_eq!(is_built, matches!(verdict.standing, Standing::Checked(_)), "{verdict:?}");
    }
    assert_eq!(crate::report::counterexample(&case, &verdicts), None);
}

#[test]
fn every_invariant_has_an_input_that_breaks_it() {
    let mut caught = BTreeSet::new();
    for (at, (invariant, break_it)) in broken_histories().into_iter().chain(broken_promises()).enumerate() {
        let mut case = good();
        break_it(&mut case);
        let verdicts = check(&case);
        let verdict = verdicts.iter().find(|verdict| verdict.invariant == invariant).unwrap();
        assert!(!verdict.violations.is_empty(), "input {at} breaks {invariant}, and that is not seen");
        let shown = crate::report::counterexample(&case, &verdicts).unwrap();
        assert!(shown.contains("does not hold"), "{shown}");
        caught.insert(invariant);
    }
    let checked: BTreeSet<_> = ROWS.iter().filter(|row| row.2.is_ok()).map(|row| row.0).collect();
    assert_eq!(caught, checked);
}

#[test]
fn a_journal_that_was_rewritten_does_not_fold() {
    let mut case = good();
    let row = first_row(&mut case);
    let entry = &mut row.journal[0];
    entry.body = String::from_utf8_lossy(&entry.body).replace("{\"a\":1}", "{\"a\":9}").into_bytes();
    let error = Folder::default().fold(&case.stored, &case.stored.executions[ID]).unwrap_err();
    assert!(error.contains("was recorded"), "{error}");
    let mut case = good();
    first_row(&mut case).journal.remove(2);
    let error = Folder::default().fold(&case.stored, &case.stored.executions[ID]).unwrap_err();
    assert!(error.contains("entry 2 is missing"), "{error}");
}

#[test]
fn the_smallest_counterexample_is_shown() {
    let mut case = good();
    for id in [ID, STOPPED] {
        case.stored.executions.get_mut(id).unwrap().input_digest = "sha256:00".to_owned();
    }
    let text = crate::report::counterexample(&case, &check(&case)).unwrap();
    assert!(text.contains("(2 violations in all)") && text.contains("execution e2"), "{text}");
}
