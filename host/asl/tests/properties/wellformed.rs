//! What holds of every history that has come to its end.

use std::collections::{BTreeMap, BTreeSet};

use stepwell_asl::{EventKind, HistoryEvent};

pub fn check(events: &[HistoryEvent]) {
    numbered(events);
    assert_eq!(events[0].type_name(), "ExecutionStarted");
    let ends = events.iter().filter(|event| ENDS.contains(&event.type_name()));
    let ends: Vec<u64> = ends.map(|event| event.id).collect();
    assert_eq!(ends, [events.len() as u64], "exactly one end, and it is last");
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "time runs on");
    let left = every_exit_has_its_entry(events);
    states_end(events, &left);
    iterations_end(events);
}

const ENDS: [&str; 4] = ["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"];

/// What follows a state that failed.
const FAILURES: [&str; 6] = [
    "MapIterationFailed",
    "ParallelStateFailed",
    "MapStateFailed",
    "ParallelStateStarted",
    "MapStateStarted",
    "ExecutionFailed",
];

fn numbered(events: &[HistoryEvent]) {
    for (event, id) in events.iter().zip(1_u64..) {
        assert_eq!(event.id, id, "ids have no gaps");
        assert!(event.previous_id < id, "what comes before has a lower id: {event:?}");
        // Only the first events follow nothing, and a failure on the first state's entry.
        let first = id <= 2 || event.type_name() == "EvaluationFailed";
        assert!(event.previous_id > 0 || first, "{event:?} follows nothing");
    }
}

/// The events that led to one, the latest first.
fn trail<'e>(events: &'e [HistoryEvent], from: &'e HistoryEvent) -> impl Iterator<Item = &'e HistoryEvent> {
    let before = |event: &'e HistoryEvent| {
        let before = usize::try_from(event.previous_id).unwrap().checked_sub(1).and_then(|at| events.get(at));
        // Where a field is evaluated on entry, its failure follows what the entry follows.
        let on_entry = |state: &str| {
            let earlier = &events[..usize::try_from(event.id).unwrap() - 1];
            earlier.iter().rev().find(|entry| entry.previous_id == event.previous_id && name(entry) == state)
        };
        match &event.kind {
            EventKind::EvaluationFailed { state, .. } => on_entry(state).or(before),
            _ => before,
        }
    };
    std::iter::successors(Some(from), move |event| before(event)).skip(1)
}

/// Of the state that is entered or left.
fn name(event: &HistoryEvent) -> &str {
    match &event.kind {
        EventKind::StateEntered { name, .. } | EventKind::StateExited { name, .. } => name,
        _ => "",
    }
}

/// The ids of the entries that an exit answers.
fn every_exit_has_its_entry(events: &[HistoryEvent]) -> BTreeSet<u64> {
    let mut left = BTreeSet::new();
    for exit in events.iter().filter(|event| event.type_name().ends_with("StateExited")) {
        let entered = exit.type_name().replace("Exited", "Entered");
        let own = name(exit);
        let entry = trail(events, exit).find(|event| event.type_name() == entered && name(event) == own);
        let entry = entry.unwrap_or_else(|| panic!("nobody has entered what this leaves: {exit:?}"));
        assert!(left.insert(entry.id), "{entry:?} is left twice");
    }
    left
}

/// A state that was entered is left, was called off, or has failed, and then something follows.
fn states_end(events: &[HistoryEvent], left: &BTreeSet<u64>) {
    let mut failed = BTreeSet::new();
    for failure in events.iter().filter(|event| FAILURES.contains(&event.type_name())) {
        failed.extend(trail(events, failure).map(|event| event.id));
    }
    let (mut open, mut unexplained, mut aborted) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for kind in events.iter().filter_map(|event| event.type_name().strip_suffix("StateAborted")) {
        *aborted.entry(kind).or_insert(0) += 1;
    }
    for event in events {
        let kind = event.type_name();
        if let Some(kind) = kind.strip_suffix("StateEntered")
            && !left.contains(&event.id)
        {
            *open.entry(kind).or_insert(0) += 1;
            // A state may have failed in a Parallel that was called off before it could try again.
            let called_off_around = trail(events, event).any(|around| {
                let fan =
                    around.type_name().strip_suffix("StateEntered").filter(|kind| ["Parallel", "Map"].contains(kind));
                fan.is_some_and(|kind| aborted.contains_key(kind)) && !left.contains(&around.id)
            });
            let explained = failed.contains(&event.id) || called_off_around;
            *unexplained.entry(kind).or_insert(0) += usize::from(!explained);
        }
    }
    for (kind, count) in &unexplained {
        let aborted = aborted.get(kind).copied().unwrap_or(0);
        assert!(*count <= aborted, "{count} {kind} states have no end, {aborted} were called off");
    }
    for (kind, count) in &aborted {
        let open = open.get(kind).copied().unwrap_or(0);
        assert!(*count <= open, "{count} {kind} states were called off, {open} were open");
    }
}

/// An iteration ends once; one whose input could not be made has none.
fn iterations_end(events: &[HistoryEvent]) {
    let count = |kind: &str| events.iter().filter(|event| event.type_name() == kind).count();
    let (started, succeeded) = (count("MapIterationStarted"), count("MapIterationSucceeded"));
    let ended = succeeded + count("MapIterationFailed") + count("MapIterationAborted");
    assert!(ended <= started, "{ended} iterations of {started} have ended");
    if ENDS[0] == events[events.len() - 1].type_name() && count("MapStateFailed") == 0 && count("MapStateStarted") < 2 {
        assert_eq!(ended, started, "iterations have no end");
    }
}
