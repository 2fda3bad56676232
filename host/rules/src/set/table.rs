//! Entries found by their hash, in a form that is cheap to copy and to change.

use crate::chunks::{Chunks, NONE};

/// What a table holds: an entry knows its hash and the next entry in its slot.
pub(crate) trait Entry: Clone + Default {
    /// How many slots there are for each entry, at least. With more of them, a hash that no
    /// entry has mostly leads to an empty slot.
    const SLOTS: u32;
    fn hash(&self) -> u32;
    fn next(&self) -> u32;
    fn set_next(&mut self, next: u32);
}

/// Makes a type with the fields `hash` and `next` an entry, with so many slots.
macro_rules! entry {
    ($entry:ty, $slots:literal) => {
        impl $crate::set::table::Entry for $entry {
            const SLOTS: u32 = $slots;

            fn hash(&self) -> u32 {
                self.hash
            }

            fn next(&self) -> u32 {
                self.next
            }

            fn set_next(&mut self, next: u32) {
                self.next = next;
            }
        }
    };
}

pub(crate) use entry;

/// Entries by number and by hash. None is ever taken out.
#[derive(Debug, Clone)]
pub(crate) struct Table<E> {
    /// The first entry of each slot; a power of two.
    slots: Chunks<u32>,
    entries: Chunks<E>,
}

const SLOTS_AT_FIRST: u32 = 16;

impl<E: Entry> Table<E> {
    pub(crate) fn new() -> Self {
        Self { slots: Chunks::filled(&NONE, SLOTS_AT_FIRST), entries: Chunks::new() }
    }

    pub(crate) fn len(&self) -> u32 {
        self.entries.len()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&E> {
        self.entries.get(number)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut E> {
        self.entries.get_mut(number)
    }

    /// The first entry of the slot that a hash belongs to.
    pub(crate) fn first(&self, hash: u32) -> u32 {
        self.slots.get(self.slot(hash)).copied().unwrap_or(NONE)
    }

    /// The entries with this hash and their numbers.
    pub(crate) fn with_hash(&self, hash: u32) -> impl Iterator<Item = (u32, &E)> {
        let numbered = |number: u32| self.entries.get(number).map(|entry| (number, entry));
        std::iter::successors(numbered(self.first(hash)), move |(_, entry)| numbered(entry.next()))
            .filter(move |(_, entry)| entry.hash() == hash)
    }

    /// Adds an entry and gives its number.
    pub(crate) fn push(&mut self, entry: E) -> u32 {
        let number = self.entries.push(entry);
        if number >= self.slots.len() / E::SLOTS {
            self.slots = Chunks::filled(&NONE, self.slots.len().saturating_mul(2));
            (0..number).for_each(|number| self.link(number));
        }
        self.link(number);
        number
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> u32 {
        self.slots.len()
    }

    fn link(&mut self, number: u32) {
        let Some(hash) = self.entries.get(number).map(Entry::hash) else { return };
        let slot = self.slot(hash);
        let Some(first) = self.slots.get_mut(slot) else { return };
        let next = std::mem::replace(first, number);
        if let Some(entry) = self.entries.get_mut(number) {
            entry.set_next(next);
        }
    }

    /// The slot that a hash belongs to.
    pub(crate) fn slot(&self, hash: u32) -> u32 {
        hash & self.slots.len().wrapping_sub(1)
    }
}
