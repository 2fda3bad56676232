//! I1 to I5, I9, I10 and I14: histories by themselves, and against the journal.

use std::collections::BTreeMap;

use super::Findings;
use crate::acks::Ack;
use crate::case::Case;

const HISTORY_EVENTS: usize = 25_000;

pub(super) fn ids_are_dense(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        for (expected, event) in (1..).zip(events) {
            found.expect(event.id == expected, id, || format!("event {} stands where {expected} belongs", event.id));
        }
    }
}

/// The first event has no cause, an execution's end may have none that is known.
pub(super) fn causes_come_before(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        for event in events {
            let holds = event.previous < event.id && (event.previous > 0 || event.id <= 2 || event.is_end());
            found.expect(holds, id, || format!("event {} ({}) comes of {}", event.id, event.kind, event.previous));
        }
    }
}

pub(super) fn one_start(case: &Case, found: &mut Findings) {
    let mut inputs = BTreeMap::new();
    for ack in &case.acks {
        if let Ack::Started { id, input, existing: false, .. } = ack {
            inputs.insert(id.as_str(), input);
        }
    }
    for (id, events) in case.histories() {
        let starts = events.iter().filter(|event| event.kind == "ExecutionStarted").count();
        let is_first = events.first().is_some_and(|event| event.kind == "ExecutionStarted");
        found.expect(starts == 1 && is_first, id, || format!("{starts} starts, or the start is not the first event"));
        let Some(asked) = inputs.get(id) else { continue };
        let shown = events.first().and_then(|event| event.text("input"));
        let is_as_asked = match case.fold(id) {
            // Large inputs are read once.
            Some(fold) if Some(fold.input.as_str()) == shown => fold.input_value == **asked,
            _ => shown.and_then(|text| serde_json::from_str(text).ok()).as_ref() == Some(*asked),
        };
        found.expect(is_as_asked, id, || format!("started with {shown:?}, and {asked} was acknowledged"));
    }
}

pub(super) fn one_end(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        let ends = events.iter().filter(|event| event.is_end()).count();
        let is_last = events.last().is_some_and(crate::event::Event::is_end);
        found.expect(ends <= 1 && (ends == 1) == is_last, id, || format!("{ends} ends, or events after the end"));
    }
    for (id, row) in &case.stored.executions {
        let Some(fold) = case.fold(id) else { continue };
        let is_ended = fold.events.last().is_some_and(crate::event::Event::is_end);
        found.expect(is_ended == (row.status != "RUNNING"), id, || {
            format!("the row says {}, and the history has {}", row.status, if is_ended { "an end" } else { "none" })
        });
    }
}

pub(super) fn times_never_decrease(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        for pair in events.windows(2) {
            let [before, after] = pair else { continue };
            found.expect(before.at_millis <= after.at_millis, id, || {
                format!("event {} is {} ms before event {}", after.id, before.at_millis - after.at_millis, before.id)
            });
        }
    }
    for (id, row) in &case.stored.executions {
        for pair in row.journal.windows(2) {
            let [before, after] = pair else { continue };
            found.expect(before.at_micros <= after.at_micros, id, || {
                format!("entry {} is {} us before the one before it", after.number, before.at_micros - after.at_micros)
            });
        }
    }
}

pub(super) fn folds(case: &Case, found: &mut Findings) {
    for (id, fold) in &case.folds {
        found.expect(fold.is_ok(), id, || {
            format!("the journal does not fold: {}", fold.as_ref().err().map_or("", String::as_str))
        });
    }
    for (id, reads) in &case.reads {
        let (Some(fold), Some(last)) = (case.fold(id), reads.last()) else { continue };
        // What was shown before the end may be a part of it.
        let is_beginning = fold.events.starts_with(last);
        let is_all = fold.events.len() == last.len() || !last.last().is_some_and(crate::event::Event::is_end);
        found.expect(is_beginning && is_all, id, || {
            let differs = fold.events.iter().zip(last).find(|(fold, shown)| fold != shown);
            match differs {
                Some((fold, shown)) => {
                    format!("the journal folds to {}, and the host showed {}", fold.body, shown.body)
                }
                None => {
                    format!("the journal folds to {} events, and the host showed {}", fold.events.len(), last.len())
                }
            }
        });
    }
}

pub(super) fn ends_as_folded(case: &Case, found: &mut Findings) {
    for (id, row) in &case.stored.executions {
        let Some(fold) = case.fold(id) else { continue };
        found
            .expect(row.status == fold.status, id, || format!("the row says {}, the fold {}", row.status, fold.status));
        let shown =
            fold.events.last().filter(|event| event.kind == "ExecutionSucceeded").and_then(|e| e.text("output"));
        found.expect(shown == fold.output.as_deref(), id, || {
            format!("the last event has the output {shown:?}, the interpreter {:?}", fold.output)
        });
        let closed = (row.status != "RUNNING").then_some(fold.last_at_micros);
        found.expect(row.closed_at_micros == closed, id, || {
            format!("the row says closed at {:?}, the journal {closed:?}", row.closed_at_micros)
        });
    }
}

pub(super) fn not_too_long(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        found.expect(events.len() <= HISTORY_EVENTS, id, || format!("{} events", events.len()));
    }
}
