//! Whether an event matches one alternative of a pattern.
//!
//! This is the plain matcher: it asks every condition about every value. Whatever matches
//! many rules at once must agree with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::Condition;
use crate::event::{Event, Leaf};
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
type Next<'a> = BTreeMap<Choice, (usize, Fit<'a>)>;

/// Finds values that fit all fields, in the fields' order.
///
/// The fields are gone through once. What is carried along is the set of choices of array
/// elements under which all fields so far fit, cut down to the arrays that a later field
/// still asks about: so arrays that have nothing to do with each other do not multiply.
pub(crate) fn search<'a>(alternative: &'a Alternative, event: &'a Event) -> Result<Vec<Fit<'a>>, Dead> {
    let later = arrays_asked_later(alternative, event);
    let mut steps = 0_usize;
    let mut tried: Vec<Vec<State<'a>>> = Vec::new();
    let mut states = vec![State { choice: Choice::new(), before: 0, fit: None }];
    for (number, ((field, conditions), later)) in alternative.iter().zip(&later).enumerate() {
        let fits = distinct_fits(conditions, event, field);
        let fitting = Grouped::new(event, fits.iter().map(|fit| fit.leaf.and_then(|leaf| leaf.element)));
        let absent = conditions.iter().find(|condition| **condition == Condition::Absent);
        let there = Grouped::new(event, event.leaves(field).filter(|_| absent.is_some()).map(|leaf| leaf.element));
        let mut next = Next::new();
        for (before, state) in states.iter().enumerate() {
            for fit in fitting.consistent(&state.choice, &mut steps).filter_map(|number| fits.get(number)) {
                let choice = joined(&state.choice, event, fit.leaf.and_then(|leaf| leaf.element));
                keep(&mut next, choice, later, before, *fit);
            }
            if let Some(condition) = absent
                && there.consistent(&state.choice, &mut steps).next().is_none()
            {
                let fit = Fit { condition, leaf: None };
                keep(&mut next, state.choice.clone(), later, before, fit);
            }
            steps = steps.saturating_add(1);
            if steps > MATCH_STEPS_MAX {
                return Err(Dead::TooManySteps);
            }
        }
        if next.is_empty() {
            return Err(Dead::AtField(number));
        }
        let next = next.into_iter().map(|(choice, (before, fit))| State { choice, before, fit: Some(fit) });
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
        if let Some(condition) = conditions.iter().find(|condition| condition.fits(&leaf.value)) {
            elements.insert(leaf.element);
            fits.push(Fit { condition, leaf: Some(leaf) });
        }
    }
    fits
}

#[derive(Debug)]
struct State<'a> {
    choice: Choice,
    /// The state before, among those of the field before.
    before: usize,
    fit: Option<Fit<'a>>,
}

fn keep<'a>(next: &mut Next<'a>, mut choice: Choice, later: &BTreeSet<usize>, before: usize, fit: Fit<'a>) {
    choice.retain(|(array, _)| later.contains(array));
    next.entry(choice).or_insert((before, fit));
}

/// A choice with the elements around a value added.
fn joined(choice: &Choice, event: &Event, element: Option<usize>) -> Choice {
    let mut joined = choice.clone();
    joined.extend(event.around(element).map(|element| (element.array, element.index)));
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
    fn new(event: &Event, elements: impl Iterator<Item = Option<usize>>) -> Self {
        let mut groups = vec![Group::default()];
        let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (number, innermost) in elements.enumerate() {
            // The elements that have no group yet, from the inside out.
            let mut fresh = Vec::new();
            let mut element = innermost;
            let mut at = 0;
            while let Some(inner) = element {
                if let Some(group) = group_of.get(&inner) {
                    at = *group;
                    break;
                }
                fresh.push(inner);
                element = event.element(element).and_then(|element| element.outer);
            }
            for number in fresh.into_iter().rev() {
                let group = groups.len();
                groups.push(Group::default());
                group_of.insert(number, group);
                if let Some((outer, element)) = groups.get_mut(at).zip(event.element(Some(number))) {
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
fn arrays_asked_later(alternative: &Alternative, event: &Event) -> Vec<BTreeSet<usize>> {
    let mut later = Vec::new();
    let mut arrays = BTreeSet::new();
    let mut walked = BTreeSet::new();
    for field in alternative.keys().rev() {
        later.push(arrays.clone());
        for leaf in event.leaves(field) {
            let mut element = leaf.element;
            while let Some(inner) = event.element(element)
                && walked.insert(element)
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
fn way_to<'a>(tried: &[Vec<State<'a>>]) -> Vec<Fit<'a>> {
    let mut way = Vec::new();
    let mut at = 0;
    for states in tried.iter().rev() {
        let Some(state) = states.get(at) else { break };
        way.extend(state.fit);
        at = state.before;
    }
    way.reverse();
    way
}
