//! What is known of one run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::acks::{self, Ack};
use crate::event::Event;
use crate::fold::{Folded, Folder};
use crate::ledger::{self, Effect};
use crate::stored::Stored;

/// Everything that there is to compare.
#[derive(Debug, Default)]
pub struct Case {
    pub stored: Stored,
    pub acks: Vec<Ack>,
    /// Absent where nobody kept one.
    pub ledger: Option<Vec<Effect>>,
    /// The fold of each journal, or why there is none.
    pub folds: BTreeMap<String, Result<Arc<Folded>, String>>,
    /// What the host showed of each history, in the order in which it was read.
    pub reads: BTreeMap<String, Vec<Vec<Event>>>,
    /// The host had the time to bring everything to its end.
    pub is_quiet: bool,
}

/// Where the parts of a case lie.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The data directory; no host has it.
    pub data: &'a Path,
    pub acks: Option<&'a Path>,
    pub ledger: Option<&'a Path>,
    pub is_quiet: bool,
}

impl Case {
    /// Reads the parts, and folds every journal.
    ///
    /// # Errors
    /// When a part cannot be read at all. What reads and is wrong is for the invariants.
    pub fn read(places: Places<'_>, folder: &Folder) -> Result<Self> {
        let stored = Stored::read(places.data).context("the store")?;
        let acks = places.acks.map_or_else(|| Ok(Vec::new()), acks::read).context("the acknowledgements")?;
        let ledger = places.ledger.map(ledger::read).transpose().context("the ledger")?;
        Self::of(stored, acks, ledger, places.is_quiet, folder)
    }

    /// Puts a case together.
    ///
    /// # Errors
    /// When an event that the host showed is none.
    pub fn of(
        stored: Stored,
        acks: Vec<Ack>,
        ledger: Option<Vec<Effect>>,
        is_quiet: bool,
        folder: &Folder,
    ) -> Result<Self> {
        let folds = stored.executions.iter().map(|(id, row)| (id.clone(), folder.fold(&stored, row))).collect();
        let mut reads: BTreeMap<String, Vec<Vec<Event>>> = BTreeMap::new();
        for ack in &acks {
            if let Ack::Read { id, events } = ack {
                let events = events.iter().cloned().map(Event::read).collect::<Result<_>>()?;
                reads.entry(id.clone()).or_default().push(events);
            }
        }
        Ok(Self { stored, acks, ledger, folds, reads, is_quiet })
    }

    /// Every history there is, with its execution's id: the fold, and what the host last showed
    /// where that is something else.
    pub fn histories(&self) -> impl Iterator<Item = (&str, &[Event])> {
        let folded =
            self.folds.iter().filter_map(|(id, fold)| Some((id.as_str(), fold.as_ref().ok()?.events.as_slice())));
        let shown = self.reads.iter().filter_map(|(id, reads)| {
            let last = reads.last()?.as_slice();
            let folded = self.fold(id).map(|fold| fold.events.as_slice());
            (folded != Some(last)).then_some((id.as_str(), last))
        });
        folded.chain(shown)
    }

    /// The fold of an execution, if it folds.
    #[must_use]
    pub fn fold(&self, id: &str) -> Option<&Folded> {
        self.folds.get(id)?.as_ref().ok().map(|fold| &**fold)
    }

    /// The definition of an execution, as JSON.
    #[must_use]
    pub fn definition(&self, id: &str) -> Option<serde_json::Value> {
        let row = self.stored.executions.get(id)?;
        serde_json::from_str(self.stored.definitions.get(&row.definition_digest)?).ok()
    }

    /// How often the host was lost.
    #[must_use]
    pub fn losses(&self) -> usize {
        self.acks.iter().filter(|ack| matches!(ack, Ack::HostLost)).count()
    }
}
