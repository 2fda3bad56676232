//! All rules of a bus, matched at once.

mod fields;
mod find;
mod flat;
mod index;
mod keys;
mod look_up;
mod memo;
mod ranges;
mod scan;
mod table;

use std::sync::Arc;

use crate::chunks::{Chunks, NONE};
use crate::condition::Condition;
use crate::digest::Seed;
use crate::error::EventError;
use crate::event::{EVENT_BYTES_MAX, Event};
use crate::pattern::{Alternative, Pattern};
use fields::Fields;
pub use memo::Scratch;
use memo::Sizes;
use table::{Table, entry};

/// A rule's number, which whoever adds the rule chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u64);

/// The patterns of many rules, compiled into one structure. A copy is cheap and shares what
/// neither changes, so that readers keep theirs while rules are added to another: see the
/// crate's documentation.
#[derive(Debug, Clone)]
pub struct RuleSet {
    seed: Seed,
    fields: Fields,
    requirements: Table<Requirement>,
    exceptions: Chunks<ExceptionPlace>,
    hints: Table<Hint>,
    alternatives: Chunks<Choice>,
    rules: Table<Rule>,
    /// The requirements that lead to rules and can hold when their field is absent.
    absences: Chunks<u32>,
    /// How many rules there are.
    live: usize,
    /// How many alternatives belong to rules that are no more.
    dead: u32,
}

/// A field with its conditions, once for all alternatives that have the same.
#[derive(Debug, Clone, Default)]
struct Requirement {
    hash: u32,
    next: u32,
    field: u32,
    conditions: Arc<[Condition]>,
    /// How many alternatives have it.
    uses: u32,
    /// The first of the alternatives that are looked at when it holds.
    leads: u32,
    /// The number of its first exception.
    exceptions: u32,
    /// How many values a value is compared with to see whether it fits.
    parts: u32,
    traits: Traits,
}

/// What a requirement's conditions have that is looked at often.
#[derive(Debug, Clone, Copy, Default)]
struct Traits {
    /// The field may be absent.
    absence: bool,
    /// Some condition holds for nearly every value, or has one numeric bound: it is not
    /// found by a key of the value.
    broad: bool,
    /// The values that fit are few kinds: `true`, `false`, `null` or any text.
    weak: bool,
    /// It leads, or once led, to rules.
    leading: bool,
}

/// Which condition of which requirement an exception is.
#[derive(Debug, Clone, Copy, Default)]
struct ExceptionPlace {
    requirement: u32,
    condition: u16,
}

/// A value with this key may fit that condition.
#[derive(Debug, Clone, Copy, Default)]
struct Hint {
    hash: u32,
    next: u32,
    /// A requirement, or an exception when there is a member.
    target: u32,
    /// The number of the requirement's condition, or of the exception's member.
    part: u16,
    excepts: bool,
}

/// An alternative of a rule's pattern.
#[derive(Debug, Clone)]
struct Choice {
    /// The rule, or [`NONE`] when it is no more.
    rule: u32,
    /// The next alternative that the same requirement leads to.
    next: u32,
    /// In the order of their fields' names.
    requirements: Arc<[u32]>,
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    hash: u32,
    next: u32,
    id: RuleId,
    /// Its alternatives lie side by side.
    first: u32,
    count: u32,
    live: bool,
}

/// What distinguishes the hashes of rules and requirements from all others.
const RULES: u32 = u32::MAX - 1;
const REQUIREMENTS: u32 = u32::MAX - 2;
/// Alternatives of removed rules are swept out when they are more than those of the others
/// and more than this.
const DEAD_ALTERNATIVES_KEPT: u32 = 256;

impl Default for RuleSet {
    fn default() -> Self {
        Self::new()
    }
}

impl RuleSet {
    /// A set without rules.
    #[must_use]
    pub fn new() -> Self {
        Self::with_seed(0)
    }

    /// A set without rules whose hashes depend on a number. Where rules and events come from
    /// strangers, a random one keeps them from choosing values that are all looked up in the
    /// same place.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        let seed = Seed(seed);
        Self {
            seed,
            fields: Fields::new(seed),
            requirements: Table::new(),
            exceptions: Chunks::new(),
            hints: Table::new(),
            alternatives: Chunks::new(),
            rules: Table::new(),
            absences: Chunks::new(),
            live: 0,
            dead: 0,
        }
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Adds a rule. One that has the same number is replaced.
    pub fn add(&mut self, id: RuleId, pattern: &Pattern) {
        self.remove(id);
        self.add_alternatives(id, pattern.alternatives());
    }

    /// Removes a rule; tells whether there was one.
    pub fn remove(&mut self, id: RuleId) -> bool {
        let Some(number) = self.rule(id) else { return false };
        let Some(rule) = self.rules.get_mut(number) else { return false };
        rule.live = false;
        let Rule { first, count, .. } = *rule;
        for alternative in first..first.saturating_add(count) {
            let Some(alternative) = self.alternatives.get_mut(alternative) else { continue };
            alternative.rule = NONE;
            for requirement in alternative.requirements.iter() {
                if let Some(requirement) = self.requirements.get_mut(*requirement) {
                    requirement.uses = requirement.uses.saturating_sub(1);
                }
            }
        }
        self.live = self.live.saturating_sub(1);
        self.dead = self.dead.saturating_add(count);
        if self.dead > DEAD_ALTERNATIVES_KEPT && self.dead > self.alternatives.len() / 2 {
            self.sweep();
        }
        true
    }

    /// The rules that an event matches, ascending: exactly those whose [`Pattern::matches`]
    /// says so. Where many events are matched, [`RuleSet::matches_text`] is much faster.
    #[must_use]
    pub fn matches(&self, event: &Event) -> Vec<RuleId> {
        self.matches_event(event, &mut Scratch::new()).to_vec()
    }

    /// The same, with memory that is used again.
    pub fn matches_event<'s>(&self, event: &Event, scratch: &'s mut Scratch) -> &'s [RuleId] {
        scratch.flat.take(event, &self.fields);
        self.find("", scratch);
        &scratch.found
    }

    /// The rules that an event matches, ascending, straight from its text.
    ///
    /// The text must be one that [`Event::parse`] takes. What no rule asks about is skipped
    /// and not checked, so for any other text the answer is an error or that of a similar
    /// event.
    ///
    /// # Errors
    /// When the text is seen to be no event, or is longer than [`EVENT_BYTES_MAX`].
    pub fn matches_text<'s>(&self, text: &str, scratch: &'s mut Scratch) -> Result<&'s [RuleId], EventError> {
        let read = text.len() <= EVENT_BYTES_MAX && scratch.scanner.read(text, &self.fields, &mut scratch.flat).is_ok();
        if read {
            self.find(text, scratch);
        } else {
            self.matches_event(&Event::parse(text)?, scratch);
        }
        Ok(&scratch.found)
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            requirements: self.requirements.len(),
            rules: self.rules.len(),
            exceptions: self.exceptions.len(),
            fields: self.fields.len(),
        }
    }

    /// The number of a rule that there is.
    fn rule(&self, id: RuleId) -> Option<u32> {
        let hash = self.rule_hash(id);
        self.rules.with_hash(hash).find(|(_, rule)| rule.live && rule.id == id).map(|(number, _)| number)
    }

    fn rule_hash(&self, id: RuleId) -> u32 {
        keys::short(self.seed.start(0, RULES).of_number(id.0))
    }

    /// Builds the set again without what is no more.
    fn sweep(&mut self) {
        let mut swept = Self::with_seed(self.seed.0);
        for number in 0..self.rules.len() {
            let Some(rule) = self.rules.get(number).filter(|rule| rule.live) else { continue };
            let alternatives: Vec<Alternative> = (rule.first..rule.first.saturating_add(rule.count))
                .filter_map(|alternative| self.alternatives.get(alternative))
                .map(|alternative| alternative.requirements.iter().filter_map(|number| self.asked(*number)).collect())
                .collect();
            swept.add_alternatives(rule.id, &alternatives);
        }
        *self = swept;
    }

    fn asked(&self, requirement: u32) -> Option<(Arc<str>, Arc<[Condition]>)> {
        let requirement = self.requirements.get(requirement)?;
        Some((self.fields.name(requirement.field).into(), Arc::clone(&requirement.conditions)))
    }
}

entry!(Requirement, 1);
entry!(Hint, 4);
entry!(Rule, 1);

impl Default for Choice {
    fn default() -> Self {
        Self { rule: NONE, next: NONE, requirements: Arc::default() }
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self { hash: 0, next: NONE, id: RuleId(0), first: 0, count: 0, live: false }
    }
}
