//! I6, I11 and I13: states, waits and maps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Findings;
use crate::case::Case;
use crate::event::{Chain, Event};

/// Times are shown in milliseconds, cut off.
const CUT_OFF_MILLIS: i64 = 1;

/// The state of this name, wherever in the definition it stands.
pub(super) fn state<'a>(definition: &'a Value, name: &str) -> Option<&'a Value> {
    let states = definition["States"].as_object()?;
    if let Some(state) = states.get(name) {
        return Some(state);
    }
    let branches = |state: &'a Value| state["Branches"].as_array().map_or(&[][..], Vec::as_slice);
    let inner = |state: &'a Value| branches(state).iter().chain([&state["ItemProcessor"], &state["Iterator"]]);
    states.values().flat_map(inner).find_map(|inner| state(inner, name))
}

pub(super) fn left_was_entered(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        let chain = Chain::new(events);
        let mut left = BTreeSet::new();
        for event in events.iter().filter(|event| event.kind.ends_with("StateExited")) {
            let entered = entered(chain, event);
            found.expect(entered.is_some_and(|entered| left.insert(entered.id)), id, || {
                format!("event {} leaves {:?}, which was not entered, or left already", event.id, event.text("name"))
            });
        }
    }
}

pub(super) fn waits_are_long_enough(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        let Some(definition) = case.definition(id) else { continue };
        let chain = Chain::new(events);
        for event in events.iter().filter(|event| event.kind == "WaitStateExited") {
            let Some(entered) = entered(chain, event) else { continue };
            let Some(state) = event.text("name").and_then(|name| state(&definition, name)) else { continue };
            let Some(due) = due_millis(state, entered) else { continue };
            found.expect(event.at_millis + CUT_OFF_MILLIS >= due, id, || {
                format!("event {} leaves a Wait {} ms early", event.id, due - event.at_millis)
            });
        }
    }
}

/// When the wait may end. Only what a path or a literal says is read, no expression.
fn due_millis(state: &Value, entered: &Event) -> Option<i64> {
    let input: Value = serde_json::from_str(entered.text("input")?).ok()?;
    let at = |field: &str| {
        let path = state[field].as_str()?.strip_prefix("$.")?;
        path.split('.').try_fold(&input, |value, member| value.get(member))
    };
    let seconds = state["Seconds"].as_i64().or_else(|| at("SecondsPath")?.as_i64());
    let until = state["Timestamp"].as_str().or_else(|| at("TimestampPath")?.as_str());
    let until = until.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond);
    seconds.map(|seconds| entered.at_millis + seconds * 1000).or(until)
}

pub(super) fn maps_keep_their_limits(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        let Some(definition) = case.definition(id) else { continue };
        let chain = Chain::new(events);
        let mut maps: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.kind.starts_with("MapIteration")) {
            match map_of(chain, event) {
                Some(map) => maps.entry(map).or_default().push(event),
                None => found.violation(id, format!("event {} ({}) is of no Map", event.id, event.kind)),
            }
        }
        for event in events.iter().filter(|event| event.kind == "MapStateStarted") {
            let iterations = maps.get(&event.id).map_or(&[][..], Vec::as_slice);
            let name = chain.entered(event).and_then(|entered| entered.text("name")).unwrap_or_default();
            let state = state(&definition, name);
            let has_succeeded = events.iter().any(|end| {
                end.kind == "MapStateSucceeded"
                    && chain.nearest(end, |cause| cause.kind == "MapStateStarted").is_some_and(|map| map.id == event.id)
            });
            one_map(id, event, iterations, state, has_succeeded, found);
        }
    }
}

fn one_map(
    id: &str,
    map: &Event,
    iterations: &[&Event],
    state: Option<&Value>,
    has_succeeded: bool,
    found: &mut Findings,
) {
    let items = map.detail("length").and_then(Value::as_u64).unwrap_or(0);
    let limit = state.and_then(|state| state["MaxConcurrency"].as_u64()).filter(|limit| *limit > 0);
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for event in iterations {
        let index = event.detail("index").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let is_new = if event.kind == "MapIterationStarted" { begun.insert(index) } else { ended.insert(index) };
        found.expect(is_new && index < items && ended.is_subset(&begun), id, || {
            format!("event {} ({}): iteration {index} of {items}", event.id, event.kind)
        });
        let running = begun.len().saturating_sub(ended.len()) as u64;
        found.expect(limit.is_none_or(|limit| running <= limit), id, || {
            format!("event {}: {running} iterations at a time, and {limit:?} are allowed", event.id)
        });
    }
    if has_succeeded {
        found.expect(begun.len() as u64 == items && ended.len() as u64 == items, id, || {
            format!("the Map of event {} succeeded with {} of {items} iterations", map.id, ended.len())
        });
    }
}

/// The `MapStateStarted` that an iteration is of: the nearest whose state has the iteration's name.
fn map_of(chain: Chain<'_>, event: &Event) -> Option<u64> {
    let name = event.text("name");
    let is_its_map = |cause: &Event| {
        cause.kind == "MapStateStarted" && chain.entered(cause).and_then(|entered| entered.text("name")) == name
    };
    chain.nearest(event, is_its_map).map(|map| map.id)
}

/// The event that entered the state which this one leaves.
fn entered<'a>(chain: Chain<'a>, event: &Event) -> Option<&'a Event> {
    let wanted = event.kind.replace("Exited", "Entered");
    chain.nearest(event, |cause| cause.kind == wanted && cause.text("name") == event.text("name"))
}
