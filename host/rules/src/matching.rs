//! Whether an event matches one alternative of a pattern.
//!
//! This is the plain matcher: it asks every condition about every value. Whatever matches
//! many rules at once must agree with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::condition::Condition;
use crate::event::{Element, Event, Leaf, around};
use crate::pattern::Alternative;

/// So many steps are taken for one alternative and one event; then it does not match. Only
/// an event made for it, with arrays under one key many times over, takes so many.
pub const MATCH_STEPS_MAX: usize = 1_000_000;

/// What made a field fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit<'a> {
    pub condition: &'a Condition,
    /// The value; `None` when its absence was wanted.
    pub leaf: Option<&'a Leaf>,
}

/// Why an alternative does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dead {
    /// No value of the field with this number fits together with those of the fields
    /// before it.
    AtField(usize),
    /// It took more than [`MATCH_STEPS_MAX`].
    TooManySteps,
}

/// The elements that have been chosen: arrays with indexes, in the arrays' order.
type Choice = Vec<(usize, usize)>;

/// What one field's values lead to: for each choice how it came about first.
type Next = BTreeMap<Choice, (usize, Step)>;

/// Finds values that fit all fields, in the fields' order.
pub(crate) fn search<'a>(alternative: &'a Alternative, event: &'a Event) -> Result<Vec<Fit<'a>>, Dead> {
    let fits: Vec<Vec<Fit<'a>>> =
        alternative.iter().map(|(field, conditions)| distinct_fits(conditions, event, field)).collect();
    let absent = |conditions: &'a [Condition]| conditions.iter().find(|condition| **condition == Condition::Absent);
    let asked: Vec<Asked> = alternative
        .iter()
        .zip(&fits)
        .map(|((field, conditions), fits)| Asked {
            fitting: fits.iter().map(|fit| fit.leaf.and_then(|leaf| leaf.element)).collect(),
            there: event.leaves(field).map(|leaf| leaf.element).collect(),
            absence_fits: absent(conditions).is_some(),
        })
        .collect();
    let way = way_through(&asked, event.elements())?;
    let fit = |((conditions, fits), step): ((&'a Arc<[Condition]>, &Vec<Fit<'a>>), Step)| match step {
        Step::Value(number) => fits.get(number).copied(),
        Step::Absence => absent(conditions).map(|condition| Fit { condition, leaf: None }),
    };
    Ok(alternative.values().zip(&fits).zip(way).filter_map(fit).collect())
}

/// What the search through arrays knows of a field.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// For each value that fits, the innermost element it lies in.
    pub fitting: Vec<Option<usize>>,
    /// The same for all values.
    pub there: Vec<Option<usize>>,
    /// Whether the field may also be absent.
    pub absence_fits: bool,
}

/// What made a field fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value with this number, of those that fit.
    Value(usize),
    Absence,
}

/// Finds values that fit all fields and lie in the same elements of the arrays they share.
///
/// The fields are gone through once. What is carried along is the set of choices of array
/// elements under which all fields so far fit, cut down to the arrays that a later field
/// still asks about: so arrays that have nothing to do with each other do not multiply.
pub(crate) fn way_through(asked: &[Asked], elements: &[Element]) -> Result<Vec<Step>, Dead> {
    let later = arrays_asked_later(asked, elements);
    let mut steps = 0_usize;
    let mut tried: Vec<Vec<State>> = Vec::new();
    let mut states = vec![State { choice: Choice::new(), before: 0, step: None }];
    for (number, (field, later)) in asked.iter().zip(&later).enumerate() {
        let fitting = Grouped::new(elements, &field.fitting);
        let there = Grouped::new(elements, if field.absence_fits { &field.there } else { &[] });
        let mut next = Next::new();
        for (before, state) in states.iter().enumerate() {
            for fit in fitting.consistent(&state.choice, &mut steps) {
                let innermost = field.fitting.get(fit).copied().flatten();
                let choice = joined(&state.choice, elements, innermost);
                keep(&mut next, choice, later, before, Step::Value(fit));
            }
            if field.absence_fits && there.consistent(&state.choice, &mut steps).next().is_none() {
                keep(&mut next, state.choice.clone(), later, before, Step::Absence);
            }
            steps = steps.saturating_add(1);
            if steps > MATCH_STEPS_MAX {
                return Err(Dead::TooManySteps);
            }
        }
        if next.is_empty() {
            return Err(Dead::AtField(number));
        }
        let next = next.into_iter().map(|(choice, (before, step))| State { choice, before, step: Some(step) });
        tried.push(std::mem::replace(&mut states, next.collect()));
    }
    tried.push(states);
    Ok(way_to(&tried))
}

/// The values of a field that fit, one for each element they lie in.
pub(crate) fn distinct_fits<'a>(conditions: &'a [Condition], event: &'a Event, field: &str) -> Vec<Fit<'a>> {
    let mut elements = BTreeSet::new();
    let mut fits = Vec::new();
    for leaf in event.leaves(field) {
        if elements.contains(&leaf.element) {
            continue;
        }
        if let Some(condition) = conditions.iter().find(|condition| condition.fits(leaf.value.seen())) {
            elements.insert(leaf.element);
            fits.push(Fit { condition, leaf: Some(leaf) });
        }
    }
    fits
}

#[derive(Debug)]
struct State {
    choice: Choice,
    /// The state before, among those of the field before.
    before: usize,
    step: Option<Step>,
}

fn keep(next: &mut Next, mut choice: Choice, later: &BTreeSet<usize>, before: usize, step: Step) {
    choice.retain(|(array, _)| later.contains(array));
    next.entry(choice).or_insert((before, step));
}

/// A choice with the elements around a value added.
fn joined(choice: &Choice, elements: &[Element], innermost: Option<usize>) -> Choice {
    let mut joined = choice.clone();
    joined.extend(around(elements, innermost).map(|element| (element.array, element.index)));
    joined.sort_unstable();
    joined.dedup();
    joined
}

/// Values by the elements they lie in, from the outside in: so those that agree with a
/// choice are found without looking at the others.
#[derive(Debug)]
struct Grouped {
    /// The first group is what lies in no element.
    groups: Vec<Group>,
}

#[derive(Debug, Default)]
struct Group {
    /// The numbers of the values that lie in this element and no further one.
    values: Vec<usize>,
    /// The groups of the elements further in, by array and index.
    arrays: BTreeMap<usize, BTreeMap<usize, usize>>,
}

impl Grouped {
    fn new(all: &[Element], elements: &[Option<usize>]) -> Self {
        let mut groups = vec![Group::default()];
        let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (number, innermost) in elements.iter().enumerate() {
            // The elements that have no group yet, from the inside out.
            let mut fresh = Vec::new();
            let mut element = *innermost;
            let mut at = 0;
            while let Some(inner) = element {
                if let Some(group) = group_of.get(&inner) {
                    at = *group;
                    break;
                }
                fresh.push(inner);
                element = all.get(inner).and_then(|element| element.outer);
            }
            for number in fresh.into_iter().rev() {
                let group = groups.len();
                groups.push(Group::default());
                group_of.insert(number, group);
                if let Some((outer, element)) = groups.get_mut(at).zip(all.get(number)) {
                    outer.arrays.entry(element.array).or_default().insert(element.index, group);
                }
                at = group;
            }
            if let Some(group) = groups.get_mut(at) {
                group.values.push(number);
            }
        }
        Self { groups }
    }

    /// The numbers of the values whose elements agree with a choice.
    fn consistent(&self, choice: &Choice, steps: &mut usize) -> impl Iterator<Item = usize> {
        let mut open = vec![0];
        let mut found = Vec::new();
        while let Some(group) = open.pop().and_then(|group| self.groups.get(group)) {
            *steps = steps.saturating_add(1);
            if *steps > MATCH_STEPS_MAX {
                break;
            }
            found.extend_from_slice(&group.values);
            for (array, elements) in &group.arrays {
                let chosen = choice.binary_search_by_key(array, |(array, _)| *array);
                match chosen.ok().and_then(|at| choice.get(at)) {
                    Some((_, index)) => open.extend(elements.get(index)),
                    None => open.extend(elements.values()),
                }
            }
        }
        found.into_iter()
    }
}

/// For each field the arrays that values of a later field lie in.
fn arrays_asked_later(asked: &[Asked], elements: &[Element]) -> Vec<BTreeSet<usize>> {
    let mut later = Vec::new();
    let mut arrays = BTreeSet::new();
    let mut walked = BTreeSet::new();
    for field in asked.iter().rev() {
        later.push(arrays.clone());
        for innermost in &field.there {
            let mut element = *innermost;
            while let Some(number) = element
                && let Some(inner) = elements.get(number)
                && walked.insert(number)
            {
                arrays.insert(inner.array);
                element = inner.outer;
            }
        }
    }
    later.reverse();
    later
}

/// What fitted, field by field, on the way to one of the last states.
fn way_to(tried: &[Vec<State>]) -> Vec<Step> {
    let mut way = Vec::new();
    let mut at = 0;
    for states in tried.iter().rev() {
        let Some(state) = states.get(at) else { break };
        way.extend(state.step);
        at = state.before;
    }
    way.reverse();
    way
}
