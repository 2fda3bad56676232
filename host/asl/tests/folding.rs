//! The same inputs fold to the same execution, from the beginning and from anywhere; and what
//! is awaited is what has gone out and not come back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use stepwell_asl::expr::Value;
use stepwell_asl::{
    CallId, Checks, Effect, Execution, Failure, HistoryEvent, Input, Integrations, Invoke, Machine, Output, Start,
    Status, TimerId, Timestamp,
};

/// Everything at once: a Map of Parallels of tasks that are tried again, waits, random numbers.
const DEFINITION: &str = r#"{"TimeoutSeconds":100000,"StartAt":"A","States":{
  "A":{"Type":"Pass","Assign":{"seen.$":"$.items","n":0},"Next":"M"},
  "M":{"Type":"Map","ItemsPath":"$seen","MaxConcurrency":3,"ResultPath":"$.mapped","Next":"R",
    "Assign":{"n.$":"States.ArrayLength($)"},
    "Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":2,"JitterStrategy":"FULL"}],
    "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"R"}],
    "ItemProcessor":{"StartAt":"P","States":{
      "P":{"Type":"Parallel","End":true,"Branches":[
        {"StartAt":"T","States":{"T":{"Type":"Task","Resource":"task:x","End":true,
          "Assign":{"own.$":"States.UUID()","outer.$":"$n"},
          "Parameters":{"item.$":"$$.Map.Item.Value","id.$":"States.UUID()"},
          "Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":1,"MaxAttempts":3,"JitterStrategy":"FULL"}]}}},
        {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3,"Next":"U"},
          "U":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:y","End":true}}}]}}}},
  "R":{"Type":"Parallel","ResultPath":null,"Next":"Q","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Q"}],"Branches":[
    {"StartAt":"V","States":{"V":{"Type":"Wait","Seconds":2,"Next":"X"},"X":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:z","HeartbeatSeconds":2,"TimeoutSeconds":9,"Next":"Y"},
      "Y":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token"},"HeartbeatSeconds":3,"End":true}}},
    {"StartAt":"D","States":{"D":{"Type":"Map","ItemsPath":"$seen","ItemSelector":{"id.$":"States.UUID()"},"End":true,
      "Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":1,"MaxAttempts":2}],
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"E","States":{"E":{"Type":"Succeed"}}}}}}]},
  "Q":{"Type":"Pass","Parameters":{"drawn.$":"States.MathRandom(1,1000)","mapped.$":"$.items"},
    "Assign":{"drawn.$":"$.drawn","n.$":"States.MathAdd($n, 1)"},"Next":"C"},
  "C":{"Type":"Choice","Default":"S","Choices":[{"Variable":"$drawn","NumericGreaterThan":500,"Next":"L","Assign":{"chosen":true}}]},
  "L":{"Type":"Task","Resource":"task:last","Next":"S"},
  "S":{"Type":"Succeed"}}}"#;

/// One entry of a journal.
type Entry = (Timestamp, Input);

/// What the world does next, of whatever is open.
#[derive(Debug, Clone)]
struct Turn {
    which: prop::sample::Index,
    outcome: u8,
    later_micros: u32,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (any::<prop::sample::Index>(), 0_u8..12, 0_u32..2_000_000)
        .prop_map(|(which, outcome, later_micros)| Turn { which, outcome, later_micros });
    prop::collection::vec(turn, 0..60)
}

fn begin(machine: &Arc<Machine>, seed: u64, out: &mut Output) -> Execution {
    let start = Start {
        execution_arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
        execution_name: "e".into(),
        role_arn: "role".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
        machine_name: "m".into(),
        at: Timestamp::from_micros(0),
        seed,
        token_key: 77,
        input: Value::parse(r#"{"items":[1,2,3,4,5]}"#).unwrap(),
        child: None,
    };
    Execution::start(Arc::clone(machine), start, out)
}

/// An input for one of the open effects; now and then one that nobody awaits, or a stop.
fn input(turn: &Turn, open: &[Effect]) -> Input {
    match turn.outcome {
        0 => return Input::Returned { call: CallId(1), outcome: Ok(Value::Null), receipt: None },
        1 if turn.later_micros.is_multiple_of(50) => return Input::Stopped { error: Some("Stop".into()), cause: None },
        _ => {}
    }
    if open.is_empty() {
        return Input::Fired { timer: TimerId(999) };
    }
    match turn.which.get(open) {
        Effect::Invoke(invoke) => {
            match turn.outcome {
                7 => return Input::Taken { call: invoke.call, worker: Some("w".into()) },
                8 => return Input::Submitted { call: invoke.call, output: Value::Null },
                9 => return Input::Heartbeat { call: invoke.call },
                _ => {}
            }
            let outcome = match turn.outcome {
                2 | 3 => Err(Failure::new("Busy", "later")),
                4 => Err(Failure::new("Bad", "never")),
                _ => Ok(invoke.input.clone()),
            };
            Input::Returned { call: invoke.call, outcome, receipt: None }
        }
        Effect::SetTimer { timer, .. } => Input::Fired { timer: *timer },
        Effect::RunMap(run) => match turn.outcome {
            2 | 3 => Input::RunEnded { run: run.run, outcome: Err(Failure::new("Busy", "later")) },
            4 => Input::RunEnded { run: run.run, outcome: Err(Failure::new("Bad", "never")) },
            5 | 6 => Input::RunAdjusted {
                run: run.run,
                max_concurrency: Some(turn.later_micros.into()),
                tolerated_count: None,
                tolerated_percentage: Some(1.5),
            },
            _ => Input::RunEnded { run: run.run, outcome: Ok(Value::array([Value::Null])) },
        },
        Effect::CancelCall { .. } | Effect::CancelTimer { .. } | Effect::AdjustRun(_) | Effect::CancelRun { .. } => {
            unreachable!("these are never awaited")
        }
    }
}

/// What is open, as a host would keep account of it.
fn keep_account(open: &mut BTreeMap<(u8, u64), Effect>, input: Option<&Input>, effects: &[Effect]) {
    match input {
        Some(Input::Returned { call, .. }) => drop(open.remove(&(0, call.0))),
        Some(Input::RunEnded { run, .. }) => drop(open.remove(&(1, run.0))),
        Some(Input::Fired { timer }) => drop(open.remove(&(2, timer.0))),
        Some(
            Input::Stopped { .. }
            | Input::RunAdjusted { .. }
            | Input::Submitted { .. }
            | Input::Taken { .. }
            | Input::Heartbeat { .. },
        )
        | None => {}
    }
    for effect in effects {
        match effect {
            Effect::Invoke(invoke) => drop(open.insert((0, invoke.call.0), effect.clone())),
            Effect::RunMap(run) => drop(open.insert((1, run.run.0), effect.clone())),
            Effect::AdjustRun(run) => {
                let adjusted = Effect::RunMap(Arc::clone(run));
                assert!(open.insert((1, run.run.0), adjusted).is_some(), "no such run is open");
            }
            Effect::CancelRun { run } => assert!(open.remove(&(1, run.0)).is_some(), "no such run is open"),
            Effect::SetTimer { timer, .. } => drop(open.insert((2, timer.0), effect.clone())),
            Effect::CancelCall { call } => assert!(open.remove(&(0, call.0)).is_some(), "no such call is open"),
            Effect::CancelTimer { timer } => assert!(open.remove(&(2, timer.0)).is_some(), "no such timer is open"),
        }
    }
}

/// Lives through the turns; returns the journal and what each entry led to.
fn live(machine: &Arc<Machine>, seed: u64, turns: &[Turn]) -> (Vec<Entry>, Vec<Execution>, Output) {
    let mut out = Output::default();
    let mut execution = begin(machine, seed, &mut out);
    let mut open = BTreeMap::new();
    keep_account(&mut open, None, &out.effects);
    let (mut journal, mut stages, mut now) = (Vec::new(), vec![execution.clone()], 0_i64);
    for turn in turns {
        let awaited = execution.awaited();
        let sent = |effect: &Effect| match effect {
            Effect::Invoke(invoke) => Effect::Invoke(Invoke { is_submitted: false, ..invoke.clone() }),
            other => other.clone(),
        };
        assert_eq!(awaited.iter().map(sent).collect::<Vec<_>>(), open.values().cloned().collect::<Vec<_>>());
        let input = input(turn, &awaited);
        now += i64::from(turn.later_micros);
        let before = out.effects.len();
        execution.step(Timestamp::from_micros(now), input.clone(), &mut out);
        keep_account(&mut open, Some(&input), &out.effects[before..]);
        if *execution.status() != Status::Running {
            assert!(open.is_empty(), "an ended execution awaits {open:?}");
            assert_eq!(execution.wake_at(), None);
        }
        journal.push((Timestamp::from_micros(now), input));
        stages.push(execution.clone());
    }
    (journal, stages, out)
}

fn numbered_without_gaps(events: &[HistoryEvent]) {
    for (event, id) in events.iter().zip(1_u64..) {
        assert_eq!(event.id, id);
        assert!(event.previous_id < id, "{event:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_journal_folds_to_the_same(seed in any::<u64>(), turns in turns(), cut in any::<prop::sample::Index>()) {
        let machine = Arc::new(Machine::parse_with(DEFINITION, Checks { integrations: Integrations::Any, ..Checks::default() }).unwrap());
        let (journal, stages, lived) = live(&machine, seed, &turns);
        numbered_without_gaps(&lived.events);

        // A host that reads the definition anew, and folds up to where it was interrupted.
        let machine = Arc::new(Machine::parse_with(DEFINITION, Checks { integrations: Integrations::Any, ..Checks::default() }).unwrap());
        let mut out = Output::default();
        let mut folded = begin(&machine, seed, &mut out);
        let cut = cut.index(journal.len() + 1);
        for (at, input) in &journal[..cut] {
            folded.step(*at, input.clone(), &mut out);
        }
        prop_assert_eq!(&folded, &stages[cut]);
        prop_assert_eq!(folded.digest(), stages[cut].digest());
        prop_assert_eq!(folded.awaited(), stages[cut].awaited());

        // And goes on from there.
        for (at, input) in &journal[cut..] {
            folded.step(*at, input.clone(), &mut out);
        }
        prop_assert_eq!(&folded, stages.last().unwrap());
        prop_assert_eq!(out, lived);
    }

    #[test]
    fn any_text_is_a_machine_or_has_problems(text in "\\PC{0,200}") {
        if let Err(problems) = Machine::parse(&text) {
            prop_assert!(!problems.is_empty());
        }
    }
}

#[test]
fn another_journal_has_another_digest() {
    let machine = Arc::new(
        Machine::parse_with(DEFINITION, Checks { integrations: Integrations::Any, ..Checks::default() }).unwrap(),
    );
    let mut out = Output::default();
    let (one, other) = (begin(&machine, 1, &mut out), begin(&machine, 2, &mut out));
    assert_ne!(one.digest(), other.digest(), "the seed shows in what the tasks are given");
}
