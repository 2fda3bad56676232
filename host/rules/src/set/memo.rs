//! What is known of one event while its rules are looked for.

use std::collections::BTreeMap;
use std::fmt;

use crate::chunks::{NONE, number, place};
use crate::set::flat::Flat;
use crate::set::scan::Scanner;

/// The memory that matching needs, used again for the next event. It belongs to no rule
/// set: one for each thread is enough.
#[derive(Default)]
pub struct Scratch {
    pub(crate) scanner: Scanner,
    pub(crate) flat: Flat,
    pub(crate) memo: Memo,
    pub(crate) found: Vec<super::RuleId>,
}

impl Scratch {
    /// Memory for matching.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How much work the last event took: how many conditions, values, rules and places in
    /// arrays were looked at.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.memo.steps
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("steps", &self.memo.steps).finish_non_exhaustive()
    }
}

/// Whether a requirement holds for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    No,
    Yes,
    /// Its field has to be absent and is there, but only in elements of arrays: it may be
    /// absent from those that the other fields choose.
    InSomeElements,
}

/// What has been found out about an event. Everything is marked with the event's number, so
/// that nothing has to be cleared for the next.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    event: u32,
    requirements: Vec<(u32, u8)>,
    rules: Vec<u32>,
    exceptions: Vec<Covered>,
    fields: Vec<LookedUp>,
    /// The keys, one for each slot, whose conditions need not be looked at again.
    slots: Vec<(u32, u32)>,
    /// By field, its values in the order of their texts.
    sorted: BTreeMap<u32, Vec<u32>>,
    /// The numbers among the values that are being looked up, ascending.
    pub numbers: Vec<f64>,
    /// For each requirement the place of its list.
    places: Vec<(u32, u32)>,
    place_lists: Vec<Places>,
    places_known: usize,
    /// The requirements that hold and lead to rules.
    pub leading: Vec<u32>,
    /// The folded form of a value.
    pub folded: String,
    /// The pieces of a value that wildcards may have.
    pub pieces: Vec<u32>,
    pub steps: u64,
}

/// How many values of a field an exception covers.
#[derive(Debug, Clone, Copy)]
struct Covered {
    event: u32,
    last: u32,
    values: u32,
}

/// In which elements of an array some value fits.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Ascending.
    pub elements: Vec<usize>,
    /// Whether a value fits that lies in no element.
    pub outside: bool,
}

/// What looking up a field's values has told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LookedUp {
    event: u32,
    /// How many different values there are.
    pub values: u32,
    /// The least and the greatest comparable number.
    pub numbers: Option<(f64, f64)>,
}

/// How many of everything a rule set has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub requirements: u32,
    pub rules: u32,
    pub exceptions: u32,
    pub fields: u32,
}

impl Memo {
    /// Forgets the event before.
    pub(crate) fn begin(&mut self, sizes: Sizes) {
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            *self = Self { event: 1, ..Self::default() };
        }
        self.steps = 0;
        self.leading.clear();
        self.sorted.clear();
        self.places_known = 0;
        grow(&mut self.requirements, sizes.requirements, (0, 0));
        grow(&mut self.rules, sizes.rules, 0);
        grow(&mut self.exceptions, sizes.exceptions, Covered { event: 0, last: NONE, values: 0 });
        grow(&mut self.fields, sizes.fields, LookedUp { event: 0, values: 0, numbers: None });
    }

    pub(crate) fn holds(&self, requirement: u32) -> Option<Holds> {
        let (event, state) = self.requirements.get(place(requirement)).copied()?;
        match state {
            _ if event != self.event => None,
            0 => Some(Holds::No),
            1 => Some(Holds::Yes),
            _ => Some(Holds::InSomeElements),
        }
    }

    pub(crate) fn set_holds(&mut self, requirement: u32, holds: Holds) {
        if let Some(there) = self.requirements.get_mut(place(requirement)) {
            let state = match holds {
                Holds::No => 0,
                Holds::Yes => 1,
                Holds::InSomeElements => 2,
            };
            *there = (self.event, state);
        }
    }

    /// Whether the rule has been found before.
    pub(crate) fn is_found(&self, rule: u32) -> bool {
        self.rules.get(place(rule)) == Some(&self.event)
    }

    pub(crate) fn set_found(&mut self, rule: u32) {
        if let Some(there) = self.rules.get_mut(place(rule)) {
            *there = self.event;
        }
    }

    /// How many values an exception covers.
    pub(crate) fn covered(&self, exception: u32) -> u32 {
        let there = self.exceptions.get(place(exception)).filter(|there| there.event == self.event);
        there.map_or(0, |there| there.values)
    }

    /// Whether it is known already that an exception covers a value.
    pub(crate) fn is_covered(&self, exception: u32, value: u32) -> bool {
        self.exceptions.get(place(exception)).is_some_and(|there| there.event == self.event && there.last == value)
    }

    /// An exception covers a value. The values come one after the other.
    pub(crate) fn set_covered(&mut self, exception: u32, value: u32) {
        let values = self.covered(exception).saturating_add(1);
        if let Some(there) = self.exceptions.get_mut(place(exception)) {
            *there = Covered { event: self.event, last: value, values };
        }
    }

    /// What looking up a field has told, if that has been done.
    pub(crate) fn looked_up(&self, field: u32) -> Option<LookedUp> {
        self.fields.get(place(field)).copied().filter(|there| there.event == self.event)
    }

    pub(crate) fn set_looked_up(&mut self, field: u32, values: u32, numbers: Option<(f64, f64)>) {
        if let Some(there) = self.fields.get_mut(place(field)) {
            *there = LookedUp { event: self.event, values, numbers };
        }
    }

    /// Whether a key's conditions need not be looked at again.
    pub(crate) fn is_done(&self, slot: u32, hash: u32) -> bool {
        self.slots.get(place(slot)) == Some(&(self.event, hash))
    }

    pub(crate) fn set_done(&mut self, slot: u32, hash: u32, slots: u32) {
        grow(&mut self.slots, slots, (0, 0));
        if let Some(there) = self.slots.get_mut(place(slot)) {
            *there = (self.event, hash);
        }
    }

    /// The values of a field in the order of their texts, if they have been sorted.
    pub(crate) fn sorted(&self, field: u32) -> Option<&[u32]> {
        self.sorted.get(&field).map(Vec::as_slice)
    }

    pub(crate) fn set_sorted(&mut self, field: u32, values: Vec<u32>) {
        self.sorted.insert(field, values);
    }

    /// Where a requirement fits, if that is known.
    pub(crate) fn places(&self, requirement: u32) -> Option<&Places> {
        let (event, list) = self.places.get(place(requirement)).copied()?;
        self.place_lists.get(place(list)).filter(|_| event == self.event)
    }

    /// Makes a requirement's places known: those that are put into the empty list.
    pub(crate) fn set_places(&mut self, requirement: u32, fill: impl FnOnce(&mut Self, &mut Places)) {
        let list = self.places_known;
        self.places_known = list.saturating_add(1);
        if list >= self.place_lists.len() {
            self.place_lists.push(Places::default());
        }
        let mut places = self.place_lists.get_mut(list).map(std::mem::take).unwrap_or_default();
        places.elements.clear();
        places.outside = false;
        fill(self, &mut places);
        places.elements.sort_unstable();
        places.elements.dedup();
        if let Some(there) = self.place_lists.get_mut(list) {
            *there = places;
        }
        grow(&mut self.places, requirement.saturating_add(1), (0, 0));
        if let Some(there) = self.places.get_mut(place(requirement)) {
            *there = (self.event, number(list));
        }
    }

    pub(crate) fn step(&mut self) {
        self.steps = self.steps.wrapping_add(1);
    }
}

fn grow<T: Clone>(list: &mut Vec<T>, length: u32, with: T) {
    if list.len() < place(length) {
        list.resize(place(length), with);
    }
}
