//! Arrays.

use std::collections::HashSet;

use super::Arguments;
use crate::Value;
use crate::jsonata::error::Fault;
use crate::jsonata::item::{Item, List, equal};
use crate::jsonata::machine::Machine;

type Result<T = Item> = std::result::Result<T, Fault>;

pub(super) fn count(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Item::count(arguments.get(0).as_array().map_or(0, crate::jsonata::item::Array::len)))
}

pub(super) fn append(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let (first, second) = (arguments.get(0), arguments.get(1));
    if first.is_nothing() {
        return Ok(second.clone());
    }
    if second.is_nothing() {
        return Ok(first.clone());
    }
    let mut items = machine.items_of(first)?;
    machine.append(&mut items, second.clone())?;
    machine.array(items)
}

pub(super) fn reverse(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let array = arguments.get(0);
    if array.as_array().is_none_or(|items| items.len() < 2) {
        return Ok(array.clone());
    }
    let mut items = machine.items_of(array)?;
    items.reverse();
    machine.array(items)
}

pub(super) fn shuffle(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let array = arguments.get(0);
    if array.as_array().is_none_or(|items| items.len() < 2) {
        return Ok(array.clone());
    }
    let mut items = machine.items_of(array)?;
    for at in (1..items.len()).rev() {
        let range = u64::try_from(at).unwrap_or(0) + 1;
        let other = usize::try_from(machine.entropy.next_u64() % range).unwrap_or(0);
        items.swap(at, other);
    }
    machine.array(items)
}

pub(super) fn sort(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let array = arguments.get(0);
    let Some(items) = array.as_array() else { return Ok(Item::Nothing) };
    if items.len() < 2 {
        return Ok(array.clone());
    }
    let comparator = arguments.get(1).clone();
    let items = machine.items_of(array)?;
    let sorted = if comparator.is_nothing() {
        let letter = items.first().map_or('m', Item::letter);
        if !matches!(letter, 'n' | 's') || items.iter().any(|item| item.letter() != letter) {
            return Err(Fault::new("D3070"));
        }
        machine.merge_sort(items, &mut |machine, a, b| {
            machine.steps(a.as_str().map_or(0, str::len) / 64)?;
            Ok(after(a, b))
        })?
    } else {
        machine.merge_sort(items, &mut |machine, a, b| {
            let verdict = machine.apply(&comparator, vec![a.clone(), b.clone()], &Item::Nothing)?;
            machine.truth(&verdict)
        })?
    };
    machine.array(sorted)
}

fn after(a: &Item, b: &Item) -> bool {
    match (a, b) {
        (Item::Json(Value::Number(a)), Item::Json(Value::Number(b))) => a.as_f64() > b.as_f64(),
        _ => a.as_str() > b.as_str(),
    }
}

/// What a plain value is, so that equal ones are found at once.
#[derive(PartialEq, Eq, Hash)]
enum Plain {
    Null,
    Bool(bool),
    Number(u64),
    Text(std::sync::Arc<str>),
}

fn plain(item: &Item) -> Option<Plain> {
    match item {
        Item::Json(Value::Null) => Some(Plain::Null),
        Item::Json(Value::Bool(truth)) => Some(Plain::Bool(*truth)),
        // Zero has two signs and is one number.
        Item::Json(Value::Number(number)) => Some(Plain::Number((number.as_f64() + 0.0).to_bits())),
        Item::Json(Value::String(text)) => Some(Plain::Text(std::sync::Arc::clone(text))),
        _ => None,
    }
}

pub(super) fn distinct(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let array = arguments.get(0);
    if array.as_array().is_none_or(|items| items.len() < 2) {
        return Ok(array.clone());
    }
    let mut seen = HashSet::new();
    let mut composed: Vec<Item> = Vec::new();
    let mut kept = Vec::new();
    for item in machine.items_of(array)? {
        machine.step()?;
        if let Some(plain) = plain(&item) {
            machine.charge(48)?;
            machine.steps(item.as_str().map_or(0, str::len) / 64)?;
            if !seen.insert(plain) {
                continue;
            }
        } else {
            let size = machine.values_in(&item)?;
            machine.steps(size.saturating_mul(composed.len()))?;
            if composed.iter().any(|known| equal(known, &item)) {
                continue;
            }
            machine.push(&mut composed, item.clone())?;
        }
        machine.push(&mut kept, item)?;
    }
    if array.is_sequence() { machine.sequence(kept) } else { machine.array(kept) }
}

pub(super) fn zip(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let mut shortest = usize::MAX;
    for item in arguments.items {
        shortest = shortest.min(item.as_array().map_or(0, crate::jsonata::item::Array::len));
    }
    let mut rows = Vec::new();
    for at in 0..if arguments.items.is_empty() { 0 } else { shortest } {
        machine.charge_items(arguments.items.len())?;
        let row = arguments.items.iter().filter_map(Item::as_array).map(|items| items.get(at)).collect();
        machine.push(&mut rows, List::array(row).into_item())?;
    }
    machine.array(rows)
}
