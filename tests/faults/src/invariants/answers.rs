//! I15 to I17, I19 and I20: what clients were told.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::Findings;
use crate::acks::Ack;
use crate::case::Case;

pub(super) fn starts_are_there(case: &Case, found: &mut Findings) {
    for ack in &case.acks {
        if let Ack::Missing { id } = ack {
            found.expect(false, id, || "a start was acknowledged, and the host did not know the execution".to_owned());
        }
        let Ack::Started { id, workflow, name, input, .. } = ack else { continue };
        let Some(row) = case.stored.executions.get(id) else {
            found.expect(false, id, || "a start was acknowledged, and the execution is gone".to_owned());
            continue;
        };
        found.expect(row.workflow == *workflow && row.name == *name, id, || {
            format!("{workflow}/{name} was acknowledged, and {}/{} is there", row.workflow, row.name)
        });
        let Some(fold) = case.fold(id) else { continue };
        found.expect(fold.input_value == *input, id, || {
            format!("the input {input} was acknowledged, and {} is there", fold.input)
        });
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(fold.input.as_bytes())));
        found.expect(row.input_digest == digest, id, || {
            format!("the row's digest of the input is {}", row.input_digest)
        });
    }
}

pub(super) fn names_are_unique(case: &Case, found: &mut Findings) {
    let mut holders: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let rows = case.stored.executions.values().map(|row| (&row.workflow, &row.name, &row.id));
    let told = case.acks.iter().filter_map(|ack| match ack {
        Ack::Started { id, workflow, name, .. } | Ack::NameTaken { workflow, name, id } => Some((workflow, name, id)),
        Ack::Stopped { .. } | Ack::Missing { .. } | Ack::Read { .. } | Ack::Listed { .. } => None,
        Ack::HostStarted | Ack::HostLost | Ack::HostEnded => None,
    });
    for (workflow, name, id) in rows.chain(told) {
        let holder = *holders.entry((workflow, name)).or_insert(id);
        found.expect(holder == id, id, || format!("{workflow}/{name} is also {holder}"));
    }
}

/// The end that counts is the one that comes of the stop, or of what came before it: an
/// execution that goes on after an acknowledged stop is none.
pub(super) fn stops_ended(case: &Case, found: &mut Findings) {
    for ack in &case.acks {
        let Ack::Stopped { id, .. } = ack else { continue };
        let end = case.fold(id).and_then(|fold| fold.events.last());
        found.expect(end.is_some_and(|end| end.kind == "ExecutionAborted"), id, || {
            format!("a stop was acknowledged, and the last event is {}", end.map_or("none", |end| end.kind.as_str()))
        });
    }
}

pub(super) fn reads_are_prefixes(case: &Case, found: &mut Findings) {
    for (id, reads) in &case.reads {
        for pair in reads.windows(2) {
            let [earlier, later] = pair else { continue };
            found.expect(later.starts_with(earlier), id, || {
                let at = earlier.iter().zip(later).position(|(a, b)| a != b).unwrap_or(later.len()) + 1;
                format!("{} events were read, and a later read differs from event {at} on", earlier.len())
            });
        }
        if let (Some(fold), Some(first)) = (case.fold(id), reads.first()) {
            found.expect(fold.events.starts_with(first), id, || "what was read is not in the store".to_owned());
        }
    }
}

pub(super) fn nothing_is_stuck(case: &Case, found: &mut Findings) {
    for (id, row) in &case.stored.executions {
        let Some(fold) = case.fold(id) else { continue };
        if fold.status == "RUNNING" {
            found.expect(fold.awaited > 0, id, || "it runs, and waits for nothing".to_owned());
            found.expect(row.wake_at_micros == fold.wake_at_micros, id, || {
                format!("the row wakes at {:?}, the fold at {:?}", row.wake_at_micros, fold.wake_at_micros)
            });
        }
    }
    if case.is_quiet {
        for ack in &case.acks {
            let Ack::Started { id, .. } = ack else { continue };
            let is_ended = case.stored.executions.get(id).is_some_and(|row| row.status != "RUNNING");
            found.expect(is_ended, id, || "it had the time to end, and did not".to_owned());
        }
    }
}
