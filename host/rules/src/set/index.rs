//! How a rule gets into the set.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::{Choice, ExceptionPlace, Hint, REQUIREMENTS, Requirement, Rule, RuleId, RuleSet, Traits};
use crate::chunks::{NONE, number};
use crate::condition::{Condition, Exception, Range};
use crate::digest::Digest;
use crate::pattern::Alternative;
use crate::set::fields::Field;
use crate::set::keys::{Key, Kind, keys_of, keys_of_member, short};

/// What it costs to look at a rule for each event that has the field, against doing so for
/// each that has a certain value there.
const BROAD_COST: u32 = 50;
const ABSENCE_COST: u32 = 200;
const WEAK_COST: u32 = 20;
/// So many entries of a slot are counted to tell which of a wildcard's keys is rare.
const COUNTED_ENTRIES: usize = 64;

impl RuleSet {
    pub(super) fn add_alternatives(&mut self, id: RuleId, alternatives: &[Alternative]) {
        let (first, count) = (self.alternatives.len(), number(alternatives.len()));
        let rule = Rule { hash: self.rule_hash(id), next: NONE, id, first, count, live: true };
        let rule = self.rules.push(rule);
        self.live = self.live.saturating_add(1);
        for alternative in alternatives {
            let requirements: Arc<[u32]> =
                alternative.iter().map(|(name, conditions)| self.requirement(name, conditions)).collect();
            let leading = requirements.iter().copied().min_by_key(|requirement| self.cost(*requirement));
            let choice = Choice { rule, next: NONE, requirements: Arc::clone(&requirements) };
            let choice = self.alternatives.push(choice);
            for requirement in requirements.iter() {
                if let Some(requirement) = self.requirements.get_mut(*requirement) {
                    requirement.uses = requirement.uses.saturating_add(1);
                }
            }
            if let Some(leading) = leading {
                self.lead(leading, choice);
            }
        }
    }

    /// How many alternatives an event will have to be tried with, about, when a requirement
    /// leads to one more of them.
    fn cost(&self, requirement: u32) -> u32 {
        let Some(requirement) = self.requirements.get(requirement) else { return u32::MAX };
        let mut cost = requirement.uses;
        if requirement.traits.weak {
            cost = cost.saturating_add(WEAK_COST);
        }
        if requirement.traits.broad {
            let others = self.fields.get(requirement.field).map_or(0, |field| field.leading_broadly);
            cost = cost.max(others.saturating_mul(2)).saturating_add(BROAD_COST);
        }
        if requirement.traits.absence {
            cost = cost.max(self.absences.len().saturating_mul(2)).saturating_add(ABSENCE_COST);
        }
        cost
    }

    /// From now on an alternative is tried when a requirement holds.
    fn lead(&mut self, number: u32, choice: u32) {
        let Some(requirement) = self.requirements.get_mut(number) else { return };
        let next = std::mem::replace(&mut requirement.leads, choice);
        let first = !std::mem::replace(&mut requirement.traits.leading, true);
        let (field, traits) = (requirement.field, requirement.traits);
        let conditions = Arc::clone(&requirement.conditions);
        if let Some(choice) = self.alternatives.get_mut(choice) {
            choice.next = next;
        }
        if !first {
            return;
        }
        if traits.absence {
            self.absences.push(number);
        }
        let mut broad = false;
        let Some(there) = self.fields.get_mut(field) else { return };
        there.leading = there.leading.saturating_add(1);
        there.leading_broadly = there.leading_broadly.saturating_add(u32::from(traits.broad));
        for condition in conditions.iter() {
            match condition {
                Condition::Numeric(Range::Above(bound)) => there.above.add(bound.double, number),
                Condition::Numeric(Range::Below(bound)) => there.below.add(bound.double, number),
                Condition::Exists | Condition::AnythingBut(_) => broad = true,
                _ => {}
            }
        }
        if broad {
            self.hint(field, &Key::Broad, number, 0, false);
        }
    }

    /// The number of a requirement, which there is from now on.
    fn requirement(&mut self, name: &str, conditions: &Arc<[Condition]>) -> u32 {
        let field = self.fields.number(name);
        let mut spelling = Spelling(self.seed.start(field, REQUIREMENTS));
        for condition in conditions.iter() {
            // A digest takes everything.
            let _ = write!(spelling, "{condition},");
        }
        let hash = short(spelling.0.of(&[]));
        let same = |there: &Requirement| {
            there.field == field && (Arc::ptr_eq(&there.conditions, conditions) || there.conditions == *conditions)
        };
        if let Some((number, _)) = self.requirements.with_hash(hash).find(|(_, there)| same(there)) {
            return number;
        }
        let requirement = Requirement {
            hash,
            next: NONE,
            field,
            conditions: Arc::clone(conditions),
            uses: 0,
            leads: NONE,
            exceptions: self.exceptions.len(),
            parts: conditions.iter().map(parts).fold(0, u32::saturating_add),
            traits: traits(conditions),
        };
        let number = self.requirements.push(requirement);
        self.describe(field, conditions);
        for (place, condition) in conditions.iter().enumerate() {
            // A pattern's text is too short for more conditions than that.
            let part = u16::try_from(place).unwrap_or(u16::MAX);
            for keys in keys_of(condition) {
                self.hint_rarest(field, &keys, number, part, false);
            }
            if let Condition::AnythingBut(exception) = condition {
                let place = self.exceptions.push(ExceptionPlace { requirement: number, condition: part });
                for member in 0..exception.len() {
                    let keys = keys_of_member(exception, member);
                    self.hint_rarest(field, &keys, place, u16::try_from(member).unwrap_or(u16::MAX), true);
                }
            }
        }
        number
    }

    /// The field remembers what its conditions need to know about a value.
    fn describe(&mut self, field: u32, conditions: &[Condition]) {
        let Some(field) = self.fields.get_mut(field) else { return };
        for condition in conditions {
            match condition {
                Condition::Number { .. } | Condition::Numeric(_) | Condition::AnythingBut(Exception::Numbers(_)) => {
                    field.wants_numbers = true
                }
                Condition::Address(_) | Condition::Cidr(_) => field.wants_addresses = true,
                _ => {}
            }
        }
    }

    /// Of several keys, any of which is enough, the one that the fewest others have.
    fn hint_rarest(&mut self, field: u32, keys: &[Key<'_>], target: u32, part: u16, excepts: bool) {
        let rarity = |key: &&Key<'_>| {
            let same = self.hints.with_hash(key.hash(self.seed, field)).take(COUNTED_ENTRIES).count();
            (same, std::cmp::Reverse(key.length()))
        };
        let rarest = if keys.len() > 1 { keys.iter().min_by_key(rarity) } else { keys.first() };
        if let Some(key) = rarest {
            self.hint(field, key, target, part, excepts);
        }
    }

    fn hint(&mut self, field: u32, key: &Key<'_>, target: u32, part: u16, excepts: bool) {
        let hash = key.hash(self.seed, field);
        self.hints.push(Hint { hash, next: NONE, target, part, excepts });
        let Some(field) = self.fields.get_mut(field) else { return };
        field.kinds |= key.kind().bit();
        if let Key::Width { power, .. } = key {
            field.widths |= 1 << power;
        }
        if let Some(lengths) = lengths(field, key.kind()) {
            let length = number(key.length());
            if let Err(place) = lengths.binary_search(&length) {
                lengths.insert(place, length);
            }
        }
    }
}

/// Where a field remembers how long its keys of a kind are.
fn lengths(field: &mut Field, kind: Kind) -> Option<&mut Vec<u32>> {
    match kind {
        Kind::Prefix => Some(&mut field.prefixes),
        Kind::Suffix => Some(&mut field.suffixes),
        Kind::FoldedPrefix => Some(&mut field.folded_prefixes),
        Kind::FoldedSuffix => Some(&mut field.folded_suffixes),
        Kind::Piece => Some(&mut field.pieces),
        Kind::Address => Some(&mut field.address_digits),
        Kind::Text
        | Kind::Number
        | Kind::Spelling
        | Kind::Word
        | Kind::AnyText
        | Kind::Folded
        | Kind::Width
        | Kind::Broad => None,
    }
}

fn parts(condition: &Condition) -> u32 {
    match condition {
        Condition::AnythingBut(exception) => number(exception.len()).max(1),
        _ => 1,
    }
}

fn traits(conditions: &[Condition]) -> Traits {
    let mut traits = Traits::default();
    for condition in conditions {
        match condition {
            Condition::Absent => traits.absence = true,
            Condition::Exists | Condition::AnythingBut(_) | Condition::Numeric(Range::Above(_) | Range::Below(_)) => {
                traits.broad = true
            }
            Condition::True | Condition::False | Condition::Null => traits.weak = true,
            Condition::Prefix(text) | Condition::Suffix(text) => traits.weak |= text.is_empty(),
            Condition::Wildcard(wildcard) => traits.weak |= wildcard.spelled() == "*",
            _ => {}
        }
    }
    traits
}

/// Takes what conditions look like into a hash.
struct Spelling(Digest);

impl Write for Spelling {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.followed_by(text.as_bytes());
        Ok(())
    }
}
