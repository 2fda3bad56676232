//! Objects, truths, errors and kinds.

use std::collections::HashSet;
use std::sync::Arc;

use super::Arguments;
use crate::jsonata::error::Fault;
use crate::jsonata::item::{Item, Record};
use crate::jsonata::machine::Machine;
use crate::jsonata::{reader, transform};

type Result<T = Item> = std::result::Result<T, Fault>;

pub(super) fn boolean(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let item = arguments.get(0);
    Ok(if item.is_nothing() { Item::Nothing } else { Item::bool(machine.truth(item)?) })
}

pub(super) fn not(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let item = arguments.get(0);
    Ok(if item.is_nothing() { Item::Nothing } else { Item::bool(!machine.truth(item)?) })
}

pub(super) fn exists(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Item::bool(!arguments.get(0).is_nothing()))
}

pub(super) fn keys(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    collect_keys(machine, arguments.get(0), &mut seen, &mut found)?;
    machine.sequence(found)
}

fn collect_keys(
    machine: &mut Machine<'_>,
    item: &Item,
    seen: &mut HashSet<Arc<str>>,
    found: &mut Vec<Item>,
) -> Result<()> {
    machine.step()?;
    if let Some(items) = item.as_array() {
        for item in items.iter() {
            collect_keys(machine, &item, seen, found)?;
        }
    } else if let Some(object) = item.as_object() {
        for (key, _) in object.iter() {
            machine.charge(48)?;
            machine.steps(key.len() / 64)?;
            if seen.insert(Arc::clone(&key)) {
                machine.push(found, Item::text(key))?;
            }
        }
    }
    Ok(())
}

pub(super) fn lookup(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(key) = arguments.text(1) else { return Ok(Item::Nothing) };
    machine.lookup_member(arguments.get(0), &key)
}

pub(super) fn spread(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let item = arguments.get(0);
    if !item.is_array() && item.as_object().is_none() {
        return Ok(item.clone());
    }
    let mut found = Vec::new();
    spread_into(machine, item, &mut found)?;
    machine.sequence(found)
}

fn spread_into(machine: &mut Machine<'_>, item: &Item, found: &mut Vec<Item>) -> Result<()> {
    machine.step()?;
    if let Some(items) = item.as_array() {
        for item in items.iter() {
            spread_into(machine, &item, found)?;
        }
        return Ok(());
    }
    let Some(object) = item.as_object() else { return machine.push(found, item.clone()) };
    for (key, member) in object.iter() {
        machine.charge(112)?;
        let one = Record::from_iter([(key, member)]).into_item().checked()?;
        machine.push(found, one)?;
    }
    Ok(())
}

pub(super) fn merge(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(items) = arguments.get(0).as_array() else { return Ok(Item::Nothing) };
    let mut record = Record::from_iter([]);
    for item in items.iter() {
        machine.step()?;
        for (key, member) in item.as_object().into_iter().flat_map(|object| object.iter()) {
            machine.insert(&mut record, key, member)?;
        }
    }
    machine.charge(64)?;
    record.into_item().checked()
}

pub(super) fn kind(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let item = arguments.get(0);
    Ok(if item.is_nothing() { Item::Nothing } else { Item::text(item.kind()) })
}

pub(super) fn error(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let message = arguments.text(0).unwrap_or_else(|| "$error() function evaluated".into());
    Err(Fault::new("D3137").message(&*message))
}

pub(super) fn assert(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    if machine.truth(arguments.get(0))? {
        return Ok(Item::Nothing);
    }
    let message = arguments.text(1).unwrap_or_else(|| "$assert() statement failed".into());
    Err(Fault::new("D3141").message(&*message))
}

pub(super) fn clone(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    transform::copied(machine, arguments.get(0))
}

/// Reads and evaluates an expression. AWS does not have it.
pub(super) fn eval(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(source) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(source.len().saturating_mul(64))?;
    let mut symbols = machine.symbols.clone().into_owned();
    let dialect = machine.dialect;
    let tree = reader::read(&source, dialect, &mut symbols)
        .map_err(|fault| Fault::new("D3120").value_text(fault.into_parse_error().message))?;
    machine.extend(symbols);
    let input = arguments.get(1);
    let input = if input.is_nothing() { arguments.context } else { input };
    machine.eval(&tree, input, Machine::TOP).map_err(|fault| match fault.code() {
        "U1001" => fault,
        _ => Fault::new("D3121").value_text(fault.into_query_error().message),
    })
}
