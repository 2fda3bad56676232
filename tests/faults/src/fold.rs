//! Folds a journal once more, with a reader of its own and the interpreter.
//!
//! The reader knows what the first schema of entries promises and nothing of the types by
//! which the engine writes them: it takes the JSON apart by hand.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;
use stepwell_asl::expr::Value as Payload;
use stepwell_asl::{
    CallId, Child, Effect, Execution, Failure, Input, Machine, Output, Receipt, RunId, Start, Status, TimerId,
    Timestamp,
};

use crate::event::Event;
use crate::stored::{self, Stored};

/// An execution out of its journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The input's text, compact.
    pub input: String,
    /// The same, as a value.
    pub input_value: Value,
    /// The first entry's name of execution and machine.
    pub execution_name: String,
    pub machine_name: String,
    pub events: Vec<Event>,
    /// As AWS writes it.
    pub status: &'static str,
    /// The output's text, when it succeeded.
    pub output: Option<String>,
    /// What it waits for: calls, timers and map runs.
    pub awaited: usize,
    pub wake_at_micros: Option<i64>,
    /// How often each call went out again after the host was lost.
    pub sent_again: BTreeMap<u64, u32>,
    /// When the last entry came.
    pub last_at_micros: i64,
}

/// Folds journals, and remembers what it folded: an image of a disk holds the same journals as
/// the one before, or the first entries of them.
#[derive(Debug, Default)]
pub struct Folder {
    machines: Mutex<BTreeMap<String, Arc<Machine>>>,
    folded: Mutex<BTreeMap<String, Known>>,
}

type Known = Vec<(Vec<stored::Entry>, Result<Arc<Folded>, String>)>;

impl Folder {
    /// The fold of an execution's journal.
    ///
    /// # Errors
    /// A text that says at which entry it does not fold, and why.
    pub fn fold(&self, stored: &Stored, execution: &stored::Execution) -> Result<Arc<Folded>, String> {
        let mut folded = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        let known = folded.entry(execution.id.clone()).or_default();
        if let Some((_, result)) = known.iter().find(|(journal, _)| *journal == execution.journal) {
            return result.clone();
        }
        let result = self.machine(stored, execution).and_then(|machine| fold(&machine, &execution.journal));
        let result = result.map(Arc::new).map_err(|error| format!("{error:#}"));
        known.push((execution.journal.clone(), result.clone()));
        result
    }

    /// The machine of the definition to which the execution is pinned.
    ///
    /// # Errors
    /// When the store does not have it, or the interpreter refuses it.
    pub fn machine(&self, stored: &Stored, execution: &stored::Execution) -> Result<Arc<Machine>> {
        let digest = &execution.definition_digest;
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(machine) = machines.get(digest) {
            return Ok(Arc::clone(machine));
        }
        let text = stored.definitions.get(digest).with_context(|| format!("no definition {digest}"))?;
        let machine = Machine::parse(text).map_err(|problems| anyhow!("the definition {digest}: {problems:?}"))?;
        let machine = Arc::new(machine);
        machines.insert(digest.clone(), Arc::clone(&machine));
        Ok(machine)
    }
}

fn fold(machine: &Arc<Machine>, journal: &[stored::Entry]) -> Result<Folded> {
    let mut state: Option<(Execution, Start)> = None;
    let mut events = Vec::new();
    let mut sent_again: BTreeMap<u64, u32> = BTreeMap::new();
    let mut parked: Vec<u64> = Vec::new();
    for (number, entry) in (0..).zip(journal) {
        ensure!(entry.number == number, "entry {number} is missing; entry {} follows", entry.number);
        let at = Timestamp::from_micros(entry.at_micros);
        let mut step = || -> Result<()> {
            let body: Value = serde_json::from_slice(&entry.body)?;
            ensure!(body["v"] == 1, "another version: {}", body["v"]);
            let (kind, told) = single(&body["e"])?;
            // Payloads keep the order of their members, which the reader above does not.
            let whole = Payload::parse(std::str::from_utf8(&entry.body)?)?;
            let payload = |name: &str| {
                let found = whole.get("e").and_then(|told| told.get(kind)?.get(name));
                found.cloned().with_context(|| format!("no {name}"))
            };
            let mut out = Output::default();
            match (kind, &mut state) {
                ("started", None) => {
                    let start = start(told, at, payload("input")?)?;
                    let machine = machine_of(machine, &start)?;
                    let begun = start.clone();
                    let execution = catch_unwind(AssertUnwindSafe(|| Execution::start(machine, begun, &mut out)))
                        .map_err(|_| anyhow!("the interpreter panicked"))?;
                    state = Some((execution, start));
                }
                ("started", Some(_)) => bail!("a second start"),
                (_, None) => bail!("the journal does not begin with a start"),
                ("redispatched", Some(_)) => {
                    for call in calls(told)? {
                        match parked.iter().position(|parked| *parked == call) {
                            Some(at) => drop(parked.remove(at)),
                            None => *sent_again.entry(call).or_default() += 1,
                        }
                    }
                }
                ("parked", Some(_)) => parked.extend(calls(told)?),
                (kind, Some((execution, _))) => {
                    let input = input(kind, told, || payload("output"))?;
                    ensure!(*execution.status() == Status::Running, "an entry after the end");
                    catch_unwind(AssertUnwindSafe(|| execution.step(at, input, &mut out)))
                        .map_err(|_| anyhow!("the interpreter panicked"))?;
                }
            }
            for event in out.events {
                events.push(Event::read(serde_json::from_str(&event.to_json().to_string())?)?);
            }
            let now = state.as_ref().map(|(execution, _)| format!("{:016x}", execution.digest()));
            ensure!(body["fold"].as_str() == now.as_deref(), "it folds to {now:?}, and {} was recorded", body["fold"]);
            Ok(())
        };
        step().with_context(|| format!("entry {number}"))?;
    }
    let (execution, start) = state.context("the journal is empty")?;
    let awaited = execution.awaited();
    let input = start.input.to_string();
    Ok(Folded {
        input_value: serde_json::from_str(&input)?,
        input,
        execution_name: start.execution_name.to_string(),
        machine_name: start.machine_name.to_string(),
        events,
        status: status(execution.status()),
        output: if let Status::Succeeded { output } = execution.status() { Some(output.to_string()) } else { None },
        awaited: awaited.iter().filter(|effect| is_awaited(effect)).count(),
        wake_at_micros: execution.wake_at().map(Timestamp::as_micros),
        sent_again,
        last_at_micros: journal.last().map_or(0, |entry| entry.at_micros),
    })
}

/// A child of a distributed Map runs a part of the definition.
fn machine_of(machine: &Arc<Machine>, start: &Start) -> Result<Arc<Machine>> {
    let Some(child) = &start.child else { return Ok(Arc::clone(machine)) };
    let processor = machine.processor(&child.processor);
    Ok(Arc::new(processor.with_context(|| format!("the definition has no processor at {}", child.processor))?))
}

fn is_awaited(effect: &Effect) -> bool {
    match effect {
        Effect::Invoke(_) | Effect::SetTimer { .. } | Effect::RunMap(_) => true,
        Effect::CancelCall { .. } | Effect::CancelTimer { .. } | Effect::AdjustRun(_) | Effect::CancelRun { .. } => {
            false
        }
    }
}

fn status(status: &Status) -> &'static str {
    match status {
        Status::Running => "RUNNING",
        Status::Succeeded { .. } => "SUCCEEDED",
        Status::Failed(_) => "FAILED",
        Status::TimedOut(_) => "TIMED_OUT",
        Status::Aborted(_) => "ABORTED",
    }
}

/// The one member of an object, by which entries are tagged.
fn single(value: &Value) -> Result<(&str, &Value)> {
    let members = value.as_object().context("an entry without a kind")?;
    ensure!(members.len() == 1, "an entry with {} kinds", members.len());
    members.iter().next().map(|(kind, told)| (kind.as_str(), told)).context("an entry without a kind")
}

fn start(told: &Value, at: Timestamp, input: Payload) -> Result<Start> {
    let child = match &told["child"] {
        Value::Null => None,
        child => Some(Child {
            run: text(child, "run")?.into(),
            processor: text(child, "processor")?.into(),
            index: number(child, "index")?,
        }),
    };
    Ok(Start {
        execution_arn: text(told, "execution_arn")?.into(),
        execution_name: text(told, "execution_name")?.into(),
        role_arn: text(told, "role_arn")?.into(),
        machine_arn: text(told, "machine_arn")?.into(),
        machine_name: text(told, "machine_name")?.into(),
        at,
        seed: number(told, "seed")?,
        token_key: token_key(told)?,
        input,
        child,
    })
}

/// The halves of a number that JSON readers would round, the higher one first.
fn token_key(told: &Value) -> Result<u128> {
    let half = |at: usize| told["token_key"][at].as_u64().context("no token_key");
    Ok(u128::from(half(0)?) << 64 | u128::from(half(1)?))
}

fn input(kind: &str, told: &Value, output: impl FnOnce() -> Result<Payload>) -> Result<Input> {
    let failure = || Failure { error: optional(told, "error"), cause: optional(told, "cause") };
    Ok(match kind {
        "succeeded" => Input::Returned {
            call: CallId(number(told, "call")?),
            outcome: Ok(output()?),
            receipt: receipt(&told["receipt"])?,
        },
        "failed" => Input::Returned {
            call: CallId(number(told, "call")?),
            outcome: Err(failure()),
            receipt: receipt(&told["receipt"])?,
        },
        "fired" => Input::Fired { timer: TimerId(number(told, "timer")?) },
        "stopped" => Input::Stopped { error: optional(told, "error"), cause: optional(told, "cause") },
        "submitted" => Input::Submitted { call: CallId(number(told, "call")?), output: output()? },
        "taken" => Input::Taken { call: CallId(number(told, "call")?), worker: optional(told, "worker") },
        "heartbeat" => Input::Heartbeat { call: CallId(number(told, "call")?) },
        "map-succeeded" => Input::RunEnded { run: RunId(number(told, "run")?), outcome: Ok(output()?) },
        "map-failed" => Input::RunEnded { run: RunId(number(told, "run")?), outcome: Err(failure()) },
        "map-adjusted" => Input::RunAdjusted {
            run: RunId(number(told, "run")?),
            max_concurrency: told["max_concurrency"].as_u64(),
            tolerated_count: told["tolerated_count"].as_u64(),
            tolerated_percentage: told["tolerated_percentage"].as_f64(),
        },
        other => bail!("entries of the kind {other} are not known here"),
    })
}

fn receipt(told: &Value) -> Result<Option<Receipt>> {
    if told.is_null() {
        return Ok(None);
    }
    Ok(Some(Receipt {
        component: text(told, "component")?.into(),
        fuel_computing: number(told, "fuel_computing")?,
        fuel_waiting: number(told, "fuel_waiting")?,
        fuel_budget: number(told, "fuel_budget")?,
        memory_bytes_peak: number(told, "memory_bytes_peak")?,
        elapsed_micros: number(told, "elapsed_micros")?,
        log_tail: optional(told, "log_tail"),
    }))
}

fn calls(told: &Value) -> Result<Vec<u64>> {
    let calls = told["calls"].as_array().context("no calls")?;
    calls.iter().map(|call| call.as_u64().context("a call that is no number")).collect()
}

fn text<'a>(told: &'a Value, name: &str) -> Result<&'a str> {
    told[name].as_str().with_context(|| format!("no {name}"))
}

fn optional(told: &Value, name: &str) -> Option<Arc<str>> {
    told[name].as_str().map(Into::into)
}

fn number(told: &Value, name: &str) -> Result<u64> {
    told[name].as_u64().with_context(|| format!("no {name}"))
}
