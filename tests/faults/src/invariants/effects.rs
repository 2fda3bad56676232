//! I21 to I23: what tasks did.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Findings;
use crate::case::Case;
use crate::event::{Chain, Event};
use crate::ledger::Effect;

pub(super) fn successes_happened(case: &Case, found: &mut Findings) {
    let Some(ledger) = &case.ledger else { return };
    let mut results: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for effect in ledger {
        results.entry(&effect.key).or_default().push(effect);
    }
    for (id, events) in case.histories() {
        let chain = Chain::new(events);
        for event in events.iter().filter(|event| event.kind == "TaskSucceeded") {
            let Some(entered) = chain.entered(event) else { continue };
            let key = format!("{id}:{}", entered.id);
            let output = event.text("output").and_then(|text| serde_json::from_str::<Value>(text).ok());
            let ran = results.get(key.as_str()).map_or(&[][..], Vec::as_slice);
            let is_result =
                |effect: &&Effect| effect.result.as_ref().and_then(|text| serde_json::from_str(text).ok()) == output;
            let recorded = ran.iter().copied().find(|effect| is_result(effect));
            found.expect(recorded.is_some(), id, || {
                format!("event {} has the result {output:?}, and {key} ran as {ran:?}", event.id)
            });
            let Some(recorded) = recorded else { continue };
            // What is recorded is the last that was sent.
            let last = ran.iter().map(|effect| (effect.attempt, effect.dispatch)).max();
            found.expect(last <= Some((recorded.attempt, recorded.dispatch)), id, || {
                format!("{key} ran as {last:?} (attempt, dispatch) after its result was recorded")
            });
        }
    }
}

/// A dispatch is counted in the journal before it is made; and it is made once.
pub(super) fn sent_as_often_as_lost(case: &Case, found: &mut Findings) {
    let Some(ledger) = &case.ledger else { return };
    let losses = case.losses();
    let mut runs: BTreeMap<(&str, u32), Vec<u32>> = BTreeMap::new();
    for effect in ledger {
        runs.entry((&effect.key, effect.attempt)).or_default().push(effect.dispatch);
    }
    for ((key, attempt), mut dispatches) in runs {
        let id = key.split_once(':').map_or(key, |(id, _)| id);
        dispatches.sort_unstable();
        let sent = dispatches.len();
        dispatches.dedup();
        found.expect(sent == dispatches.len(), id, || {
            format!("{key}, attempt {attempt}: {sent} runs of the dispatches {dispatches:?}")
        });
        let last = dispatches.last().copied().unwrap_or(0);
        found.expect(sent <= 1 + losses, id, || format!("{key}, attempt {attempt}: {sent} runs, {losses} losses"));
        let Some(fold) = case.fold(id) else { continue };
        let Some(call) = call_of(&fold.events, key, attempt) else {
            found.violation(id, format!("{key}, attempt {attempt} ran, and the history has no such call"));
            continue;
        };
        let counted = fold.sent_again.get(&call).copied().unwrap_or(0);
        found.expect(last <= 1 + counted, id, || {
            format!("{key}, attempt {attempt}: dispatch {last}, and the journal counts {}", 1 + counted)
        });
    }
}

/// The call that an attempt of a key is: the nth that was scheduled in the state's visit.
fn call_of(events: &[Event], key: &str, attempt: u32) -> Option<u64> {
    let entered: u64 = key.split_once(':')?.1.parse().ok()?;
    let chain = Chain::new(events);
    let of_visit =
        |event: &&Event| event.is_scheduled() && chain.entered(event).is_some_and(|cause| cause.id == entered);
    let nth = usize::try_from(attempt.checked_sub(1)?).ok()?;
    events.iter().filter(of_visit).nth(nth).map(|event| event.id)
}

pub(super) fn one_input_for_each_key(case: &Case, found: &mut Findings) {
    let mut inputs: BTreeMap<&str, &str> = BTreeMap::new();
    for effect in case.ledger.iter().flatten() {
        let input = *inputs.entry(&effect.key).or_insert(&effect.input);
        let id = effect.key.split_once(':').map_or("", |(id, _)| id);
        found.expect(input == effect.input, id, || {
            format!("{} ran with {input}, and with {}", effect.key, effect.input)
        });
    }
}
