//! The interpreter under test, living in a `World` and folding its journal again.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{Effect, Execution, Failure, Input, Invoke, Machine, Output, Start, Timestamp};

use super::begin;
use super::model::Json;
use super::world::World;

pub struct Lived {
    pub execution: Execution,
    pub out: Output,
    pub journal: Vec<(Timestamp, Input)>,
    /// The execution as it was before each entry of the journal, and how much had come out.
    pub stages: Vec<(Execution, usize, usize)>,
}

/// What is under way, by when it ends; of those at one instant the first comes first.
type Agenda = BTreeMap<(i64, u64), Input>;

pub fn live(definition: &str, input: &Json, world: &World) -> Lived {
    let (execution, out) = begin(definition, input);
    let mut lived = Lived { execution, out, journal: Vec::new(), stages: Vec::new() };
    let (mut agenda, mut carried_out, mut now) = (Agenda::new(), 0, 0);
    loop {
        for effect in &lived.out.effects[carried_out..] {
            carry_out(effect, now, world, &mut agenda);
        }
        carried_out = lived.out.effects.len();
        lived.stages.push((lived.execution.clone(), carried_out, lived.out.events.len()));
        let Some(((at, _), input)) = agenda.pop_first() else { return lived };
        now = at;
        let at = Timestamp::from_micros(at);
        lived.execution.step(at, input.clone(), &mut lived.out);
        lived.journal.push((at, input));
        assert!(lived.journal.len() < 5_000, "it goes on and on: {definition}");
    }
}

/// Folds the journal anew, from a definition that is read anew, up to `cut`; then goes on with a
/// copy of what was there at the time.
pub fn refold(definition: &str, input: &Json, lived: &Lived, cut: usize) {
    let (mut folded, mut out) = begin(definition, input);
    for (at, input) in &lived.journal[..cut] {
        folded.step(*at, input.clone(), &mut out);
    }
    let (stage, effects, events) = &lived.stages[cut];
    assert_eq!(&folded, stage, "folded up to {cut}: {definition}");
    assert_eq!((folded.digest(), folded.awaited()), (stage.digest(), stage.awaited()));
    assert_eq!(
        (out.effects.as_slice(), out.events.as_slice()),
        (&lived.out.effects[..*effects], &lived.out.events[..*events])
    );

    let (mut kept, mut rest) = (stage.clone(), Output::default());
    for (at, input) in &lived.journal[cut..] {
        folded.step(*at, input.clone(), &mut out);
        kept.step(*at, input.clone(), &mut rest);
        // Whatever comes twice, or late, changes nothing.
        let before = kept.clone();
        kept.step(*at, input.clone(), &mut rest);
        assert_eq!(kept, before, "{input:?} came twice: {definition}");
    }
    assert_eq!(folded, lived.execution);
    assert_eq!(kept, lived.execution);
    assert_eq!(out, lived.out);
    assert_eq!(
        (rest.effects.as_slice(), rest.events.as_slice()),
        (&lived.out.effects[*effects..], &lived.out.events[*events..])
    );
}

fn begin(definition: &str, input: &Json) -> (Execution, Output) {
    let machine = Machine::parse(definition).unwrap_or_else(|problems| panic!("{problems:?}\n{definition}"));
    let start = Start { at: Timestamp::from_micros(0), ..begin::start(Value::parse(&input.to_string()).unwrap()) };
    let mut out = Output::default();
    let execution = Execution::start(Arc::new(machine), start, &mut out);
    (execution, out)
}

fn carry_out(effect: &Effect, now: i64, world: &World, agenda: &mut Agenda) {
    match effect {
        Effect::Invoke(invoke) => {
            let (micros, outcome) = called(invoke, world);
            let input = Input::Returned { call: invoke.call, outcome, receipt: None };
            agenda.insert((now + micros, invoke.call.0), input);
        }
        Effect::SetTimer { timer, at } => {
            drop(agenda.insert((at.as_micros(), timer.0 << 32), Input::Fired { timer: *timer }));
        }
        Effect::CancelCall { call } => {
            agenda.retain(|_, input| !matches!(input, Input::Returned { call: other, .. } if other == call));
        }
        Effect::CancelTimer { timer } => {
            agenda.retain(|_, input| !matches!(input, Input::Fired { timer: other } if other == timer));
        }
        Effect::RunMap(_) | Effect::AdjustRun(_) | Effect::CancelRun { .. } => {
            panic!("no definition has a distributed Map")
        }
    }
}

fn called(invoke: &Invoke, world: &World) -> (i64, Result<Value, Failure>) {
    let task: usize = invoke.resource.task_name().trim_start_matches('t').parse().unwrap();
    let input: Json = serde_json::from_str(&invoke.input.to_string()).unwrap();
    let attempt = u64::from(invoke.attempt);
    let outcome = match world.outcome(task, &input, attempt) {
        Ok(result) => Ok(Value::parse(&result.to_string()).unwrap()),
        Err(error) => Err(Failure::new(error, "as scripted")),
    };
    (world.micros(task, &input, attempt), outcome)
}
