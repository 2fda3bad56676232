//! Which rules an event matches.

use super::memo::{Holds, Memo, Places};
use super::{Choice, Requirement, RuleSet, Scratch};
use crate::chunks::NONE;
use crate::condition::{Condition, Range};
use crate::matching::{Asked, MATCH_STEPS_MAX, way_through};
use crate::set::flat::{Array, Flat, Present};

/// A requirement is compared with the values directly where that takes no more comparisons;
/// otherwise all values of its field are looked up.
const DIRECT_COMPARISONS: u32 = 16;
/// With more elements of arrays than this, how many steps the search through them takes
/// decides whether an event matches at all, so it is always made.
const FEW_ELEMENTS: usize = 100_000;

/// So many steps the search through one array makes for an element and a field, at most.
const STEPS_FOR_AN_ELEMENT: usize = 8;

/// An event and what is known of it so far.
pub(super) struct Matching<'a> {
    pub set: &'a RuleSet,
    pub flat: &'a Flat,
    pub text: &'a str,
    pub memo: &'a mut Memo,
}

impl RuleSet {
    /// Finds the rules that the event in the scratch matches, whose text is this.
    pub(super) fn find(&self, text: &str, scratch: &mut Scratch) {
        scratch.memo.begin(self.sizes());
        scratch.found.clear();
        let mut matching = Matching { set: self, flat: &scratch.flat, text, memo: &mut scratch.memo };
        matching.find_leading();
        let leading = std::mem::take(&mut matching.memo.leading);
        for requirement in &leading {
            let mut next = self.requirements.get(*requirement).map_or(NONE, |requirement| requirement.leads);
            while let Some(choice) = self.alternatives.get(next) {
                matching.memo.step();
                next = choice.next;
                if choice.rule != NONE && !matching.memo.is_found(choice.rule) && matching.matches(choice) {
                    matching.memo.set_found(choice.rule);
                    scratch.found.extend(self.rules.get(choice.rule).map(|rule| rule.id));
                }
            }
        }
        scratch.memo.leading = leading;
        scratch.found.sort_unstable();
    }
}

impl Matching<'_> {
    /// Finds the requirements that hold and lead to rules.
    fn find_leading(&mut self) {
        for field in self.flat.touched() {
            let Some(there) = self.set.fields.get(*field).filter(|there| there.leading > 0) else { continue };
            self.look_up(*field, there);
            if there.leading_broadly > 0 {
                self.find_broadly_leading(*field, there);
            }
        }
        for number in 0..self.set.absences.len() {
            let Some(requirement) = self.set.absences.get(number).copied() else { continue };
            self.memo.step();
            if self.memo.holds(requirement) != Some(Holds::Yes) && self.holds(requirement) != Holds::No {
                self.memo.leading.push(requirement);
            }
        }
    }

    /// Whether an alternative matches, all of whose requirements may be unknown yet.
    fn matches(&mut self, choice: &Choice) -> bool {
        let mut sure = true;
        for requirement in choice.requirements.iter() {
            match self.holds(*requirement) {
                Holds::No => return false,
                Holds::Yes => {}
                Holds::InSomeElements => sure = false,
            }
        }
        if self.flat.elements().is_empty() {
            return sure;
        }
        // Where at most one field lies in elements, there are none to agree on.
        let in_elements = choice.requirements.iter().filter(|requirement| self.is_in_elements(**requirement));
        if in_elements.count() <= 1 && self.flat.elements().len() <= FEW_ELEMENTS {
            return sure;
        }
        if sure && self.are_in_one_array(choice) {
            return self.agree_in_one_array(choice);
        }
        let asked: Vec<Asked> = choice.requirements.iter().map(|requirement| self.asked(*requirement)).collect();
        way_through(&asked, self.flat.elements()).is_ok()
    }

    fn is_in_elements(&self, requirement: u32) -> bool {
        self.set
            .requirements
            .get(requirement)
            .and_then(|requirement| self.flat.present(requirement.field))
            .is_some_and(|present| present.in_elements > 0)
    }

    /// Whether all fields that lie in elements lie in those of one array, none of them may be
    /// absent, and the search through arrays would not give up.
    fn are_in_one_array(&self, choice: &Choice) -> bool {
        let mut one = Array::None;
        for requirement in choice.requirements.iter() {
            let Some(requirement) = self.set.requirements.get(*requirement) else { continue };
            let array = self.flat.present(requirement.field).map_or(Array::None, |present| present.array);
            if array != Array::None && (requirement.traits.absence || (one != Array::None && one != array)) {
                return false;
            }
            one = if array == Array::None { one } else { array };
        }
        // In one array the search makes no more steps than this for each field: it has at
        // most one state for each element, and with one chosen it looks at few groups.
        let steps = self.flat.elements().len().saturating_add(1).saturating_mul(STEPS_FOR_AN_ELEMENT);
        one != Array::Several && steps.saturating_mul(choice.requirements.len()) <= MATCH_STEPS_MAX
    }

    /// Whether there is an element in which all fields fit that do not fit outside as well.
    fn agree_in_one_array(&mut self, choice: &Choice) -> bool {
        let mut within: Vec<u32> = Vec::new();
        for requirement in choice.requirements.iter() {
            if !self.is_in_elements(*requirement) {
                continue;
            }
            if self.memo.places(*requirement).is_none() {
                let (set, flat, text) = (self.set, self.flat, self.text);
                self.memo.set_places(*requirement, |memo, places| {
                    Matching { set, flat, text, memo }.find_places(*requirement, places);
                });
            }
            if self.memo.places(*requirement).is_some_and(|places| !places.outside) {
                within.push(*requirement);
            }
        }
        let elements = |requirement: &u32| self.memo.places(*requirement).map_or(&[][..], |places| &places.elements);
        let Some(fewest) = within.iter().min_by_key(|requirement| elements(requirement).len()) else { return true };
        let everywhere = |element: &usize| within.iter().all(|other| elements(other).binary_search(element).is_ok());
        let steps = u64::try_from(elements(fewest).len()).unwrap_or(u64::MAX);
        let agree = elements(fewest).iter().any(everywhere);
        self.memo.steps = self.memo.steps.saturating_add(steps);
        agree
    }

    fn find_places(&mut self, number: u32, places: &mut Places) {
        let Some(requirement) = self.set.requirements.get(number) else { return };
        let mut add = |element: Option<usize>| match element {
            Some(element) => places.elements.push(element),
            None => places.outside = true,
        };
        let texts = requirement.conditions.iter().all(|condition| matches!(condition, Condition::Text(_)));
        if let Some(sorted) = self.memo.sorted(requirement.field).filter(|_| texts) {
            let mut steps = 0_u64;
            for condition in requirement.conditions.iter() {
                let Condition::Text(wanted) = condition else { continue };
                let rank = (0, wanted.as_str());
                let from = sorted.partition_point(|value| self.rank(*value) < rank);
                for value in sorted.iter().skip(from).take_while(|value| self.rank(**value) == rank) {
                    steps = steps.saturating_add(1);
                    add(self.flat.element(*value));
                }
            }
            self.memo.steps = self.memo.steps.saturating_add(steps);
            return;
        }
        for value in self.flat.values(requirement.field) {
            let seen = self.flat.seen(value, self.text);
            let fits = requirement.conditions.iter().any(|condition| {
                self.memo.step();
                condition.fits(seen)
            });
            if fits {
                add(self.flat.element(value));
            }
        }
    }

    /// Whether a requirement holds for the event by itself.
    fn holds(&mut self, number: u32) -> Holds {
        if let Some(holds) = self.memo.holds(number) {
            return holds;
        }
        let Some(requirement) = self.set.requirements.get(number) else { return Holds::No };
        let holds = match self.flat.present(requirement.field) {
            None if requirement.traits.absence => Holds::Yes,
            None => Holds::No,
            Some(present) if self.fits(number, requirement, present) => Holds::Yes,
            Some(present) if requirement.traits.absence && present.in_elements == present.count => {
                Holds::InSomeElements
            }
            Some(_) => Holds::No,
        };
        self.memo.set_holds(number, holds);
        holds
    }

    /// Whether some value fits some condition.
    fn fits(&mut self, number: u32, requirement: &Requirement, present: Present) -> bool {
        if self.memo.looked_up(requirement.field).is_none() {
            if present.count.saturating_mul(requirement.parts) <= DIRECT_COMPARISONS {
                return self.fits_directly(requirement);
            }
            if let Some(field) = self.set.fields.get(requirement.field) {
                self.look_up(requirement.field, field);
            }
        }
        self.memo.holds(number) == Some(Holds::Yes) || self.fits_broadly(requirement)
    }

    fn fits_directly(&mut self, requirement: &Requirement) -> bool {
        self.flat.values(requirement.field).any(|value| {
            let seen = self.flat.seen(value, self.text);
            requirement.conditions.iter().any(|condition| {
                self.memo.step();
                condition.fits(seen)
            })
        })
    }

    /// Whether some value fits one of the conditions that are not found by keys. The field
    /// has been looked up.
    pub(super) fn fits_broadly(&mut self, requirement: &Requirement) -> bool {
        if !requirement.traits.broad {
            return false;
        }
        let Some(there) = self.memo.looked_up(requirement.field) else { return false };
        let mut exception = requirement.exceptions;
        for condition in requirement.conditions.iter() {
            self.memo.step();
            let fits = match condition {
                Condition::Exists => true,
                Condition::AnythingBut(_) => {
                    let covered = self.memo.covered(exception);
                    exception = exception.saturating_add(1);
                    covered < there.values
                }
                Condition::Numeric(range @ Range::Above(_)) => {
                    there.numbers.is_some_and(|(_, greatest)| range.holds(greatest))
                }
                Condition::Numeric(range @ Range::Below(_)) => {
                    there.numbers.is_some_and(|(least, _)| range.holds(least))
                }
                _ => false,
            };
            if fits {
                return true;
            }
        }
        false
    }

    /// What the search through arrays has to know about a requirement.
    fn asked(&mut self, number: u32) -> Asked {
        let mut asked = Asked::default();
        let Some(requirement) = self.set.requirements.get(number) else { return asked };
        asked.absence_fits = requirement.traits.absence;
        let mut last = None;
        for value in self.flat.values(requirement.field) {
            let element = self.flat.element(value);
            asked.there.push(element);
            // One value for each element is enough; those of an element mostly lie together.
            if last == Some(element) {
                continue;
            }
            let seen = self.flat.seen(value, self.text);
            let fits = requirement.conditions.iter().any(|condition| {
                self.memo.step();
                condition.fits(seen)
            });
            if fits {
                last = Some(element);
                asked.fitting.push(element);
            }
        }
        asked.fitting.sort_unstable();
        asked.fitting.dedup();
        asked
    }
}
