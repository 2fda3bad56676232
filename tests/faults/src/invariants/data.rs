//! I31 to I33: the store.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Findings;
use crate::acks::Ack;
use crate::case::Case;

pub(super) fn store_is_whole(case: &Case, found: &mut Findings) {
    found.looked_at += 1 + case.stored.executions.len();
    for complaint in &case.stored.complaints {
        found.violation("", complaint.clone());
    }
    for (id, row) in &case.stored.executions {
        found.expect(!row.journal.is_empty(), id, || "its journal is empty".to_owned());
        for (expected, entry) in (0..).zip(&row.journal) {
            found.expect(entry.number == expected, id, || format!("entry {} follows {expected}", entry.number));
        }
    }
}

/// The host's last listing against the store; and the calls of each history against each other.
pub(super) fn counts_agree(case: &Case, found: &mut Findings) {
    let listed = case.acks.iter().rev().find_map(|ack| if let Ack::Listed { ids } = ack { Some(ids) } else { None });
    if let Some(listed) = listed {
        let listed: BTreeMap<_, _> = listed.iter().map(|(id, status)| (id.as_str(), status.as_str())).collect();
        for (id, row) in &case.stored.executions {
            let shown = listed.get(id.as_str()).copied();
            found.expect(shown == Some(row.status.as_str()), id, || {
                format!("the host lists it as {shown:?}, the store as {}", row.status)
            });
        }
        for id in listed.keys() {
            let is_there = case.stored.executions.contains_key(*id);
            found.expect(is_there, id, || "the host lists it, and the store does not have it".to_owned());
        }
    }
    for (id, row) in &case.stored.executions {
        let Some(fold) = case.fold(id) else { continue };
        let scheduled = fold.events.iter().filter(|event| event.is_scheduled()).count();
        let ended = fold.events.iter().filter(|event| event.is_outcome()).count();
        found.expect(ended <= scheduled && (row.status != "RUNNING" || scheduled - ended <= fold.awaited), id, || {
            format!("{scheduled} calls were scheduled, {ended} ended, {} are awaited", fold.awaited)
        });
    }
}

pub(super) fn events_are_of_the_definition(case: &Case, found: &mut Findings) {
    for (digest, text) in &case.stored.definitions {
        let real = format!("sha256:{}", hex::encode(Sha256::digest(text.as_bytes())));
        found.expect(real == *digest, "", || format!("the definition {digest} has the digest {real}"));
    }
    for (id, events) in case.histories() {
        let Some(definition) = case.definition(id) else { continue };
        for event in events.iter().filter(|event| event.kind.contains("StateE")) {
            let kind = event.kind.split("State").next().unwrap_or_default();
            let defined = event.text("name").and_then(|name| super::states::state(&definition, name));
            let defined = defined.map(|state: &Value| state["Type"].as_str().unwrap_or_default());
            found.expect(defined == Some(kind), id, || {
                format!("event {} ({}) is about {:?}, a {defined:?}", event.id, event.kind, event.text("name"))
            });
        }
    }
}
