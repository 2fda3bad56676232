//! Following a path through a document.

use crate::budget::{Budget, Exhausted};
use crate::value::Value;

use super::{Segment, Selector};

/// Where a definite path came to nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing<'v> {
    /// Index of the segment that selects nothing.
    pub(super) at: usize,
    /// The value it was applied to.
    pub(super) value: &'v Value,
}

/// Follows a definite path: a few pointer hops, nothing is allocated.
pub(super) fn follow<'v>(segments: &[Segment], document: &'v Value) -> Result<&'v Value, Missing<'v>> {
    let mut value = document;
    for (at, segment) in segments.iter().enumerate() {
        let next = match &segment.selector {
            Selector::Name(name) => value.get(name),
            Selector::Index(index) => item(*index, value),
            Selector::Names(_)
            | Selector::Indices(_)
            | Selector::Slice { .. }
            | Selector::Every
            | Selector::Filter(_) => None,
        };
        value = next.ok_or(Missing { at, value })?;
    }
    Ok(value)
}

/// All values the segments select, in document order.
pub(super) fn collect<'v>(
    segments: &[Segment],
    document: &'v Value,
    budget: &mut Budget,
) -> Result<Vec<&'v Value>, Exhausted> {
    let mut current = vec![document];
    for segment in segments {
        let mut found = Vec::new();
        for value in current {
            match (&segment.selector, segment.descends) {
                (Selector::Filter(_), true) => descend_and_test(&segment.selector, value, budget, &mut found)?,
                (selector, true) => below(value, budget, |value, budget| apply(selector, value, budget, &mut found))?,
                (selector, false) => apply(selector, value, budget, &mut found)?,
            }
        }
        current = found;
    }
    Ok(current)
}

/// The place an index means; negative ones count from the end.
pub(crate) fn position(index: i64, len: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    let at = if index < 0 { len.checked_sub(distance)? } else { distance };
    (at < len).then_some(at)
}

fn apply<'v>(
    selector: &Selector,
    value: &'v Value,
    budget: &mut Budget,
    found: &mut Vec<&'v Value>,
) -> Result<(), Exhausted> {
    budget.take(1)?;
    match selector {
        Selector::Name(name) => found.extend(value.get(name)),
        Selector::Names(names) => {
            budget.take(names.len())?;
            found.extend(names.iter().filter_map(|name| value.get(name)));
        }
        Selector::Index(index) => found.extend(item(*index, value)),
        Selector::Indices(indices) => {
            budget.take(indices.len())?;
            found.extend(indices.iter().filter_map(|index| item(*index, value)));
        }
        Selector::Slice { start, end, step } => {
            if let Value::Array(items) = value {
                budget.take(items.len())?;
                let places = slice(*start, *end, *step, items.len());
                found.extend(places.into_iter().filter_map(|at| items.get(at)));
            }
        }
        Selector::Every => each_child(value, |child| {
            budget.take(1)?;
            found.push(child);
            Ok(())
        })?,
        Selector::Filter(filter) => {
            let mut test = |value: &'v Value| {
                if filter.accepts(value, budget)? {
                    found.push(value);
                }
                Ok(())
            };
            match value {
                Value::Array(items) => items.iter().try_for_each(test)?,
                // Jayway tests an object itself, not its members.
                Value::Object(_) => test(value)?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }
    Ok(())
}

/// `..[?(…)]`: tests an object on top and then every value below it, each once.
fn descend_and_test<'v>(
    selector: &Selector,
    top: &'v Value,
    budget: &mut Budget,
    found: &mut Vec<&'v Value>,
) -> Result<(), Exhausted> {
    let Selector::Filter(filter) = selector else { return Ok(()) };
    if matches!(top, Value::Object(_)) && filter.accepts(top, budget)? {
        found.push(top);
    }
    below(top, budget, |value, budget| {
        each_child(value, |child| {
            if filter.accepts(child, budget)? {
                found.push(child);
            }
            Ok(())
        })
    })
}

/// Visits `top` and all objects and arrays below it, each before those below it. The stack is on
/// the heap, so that a deep document cannot overflow the thread's.
fn below<'v>(
    top: &'v Value,
    budget: &mut Budget,
    mut visit: impl FnMut(&'v Value, &mut Budget) -> Result<(), Exhausted>,
) -> Result<(), Exhausted> {
    let mut open = vec![top];
    while let Some(value) = open.pop() {
        visit(value, budget)?;
        let before = open.len();
        each_child(value, |child| {
            budget.take(1)?;
            if matches!(child, Value::Array(_) | Value::Object(_)) {
                open.push(child);
            }
            Ok(())
        })?;
        if let Some(added) = open.get_mut(before..) {
            added.reverse();
        }
    }
    Ok(())
}

/// The values directly below one, in order.
fn each_child<'v>(value: &'v Value, visit: impl FnMut(&'v Value) -> Result<(), Exhausted>) -> Result<(), Exhausted> {
    match value {
        Value::Array(items) => items.iter().try_for_each(visit),
        Value::Object(map) => map.values().try_for_each(visit),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn item(index: i64, value: &Value) -> Option<&Value> {
    let items = value.as_array()?;
    items.get(position(index, items.len())?)
}

/// The places of a slice, by the rules of RFC 9535, section 2.3.4.2.2. A step of 0 selects none.
fn slice(start: Option<i64>, end: Option<i64>, step: i64, len: usize) -> Vec<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
    let mut places = Vec::new();
    if step > 0 {
        let mut at = from_end(start.unwrap_or(0)).clamp(0, len);
        let end = from_end(end.unwrap_or(len)).clamp(0, len);
        while at < end {
            places.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = from_end(start.unwrap_or(len - 1)).clamp(-1, len - 1);
        let end = end.map_or(-1, |end| from_end(end).clamp(-1, len - 1));
        while at > end {
            places.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    }
    places
}
