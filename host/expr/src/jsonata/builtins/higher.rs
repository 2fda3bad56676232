//! Functions that take functions.

use super::Arguments;
use crate::jsonata::call::arity;
use crate::jsonata::error::Fault;
use crate::jsonata::item::{Item, Record};
use crate::jsonata::machine::Machine;

type Result<T = Item> = std::result::Result<T, Fault>;

/// Calls the function with each item, its place and the array.
fn each_item(
    machine: &mut Machine<'_>,
    arguments: &Arguments<'_>,
    result: &mut dyn FnMut(&mut Machine<'_>, Item, Item) -> Result<bool>,
) -> Result<()> {
    let array = arguments.get(0);
    let function = arguments.get(1);
    let Some(items) = array.as_array() else { return Ok(()) };
    for (at, item) in items.iter().enumerate() {
        let verdict = if function.is_nothing() {
            Item::bool(true)
        } else {
            machine.apply_some(function, &[item.clone(), Item::count(at), array.clone()])?
        };
        if !result(machine, item, verdict)? {
            break;
        }
    }
    Ok(())
}

pub(super) fn map(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    if arguments.get(0).is_nothing() {
        return Ok(Item::Nothing);
    }
    let mut found = Vec::new();
    each_item(machine, arguments, &mut |machine, _, result| {
        if !result.is_nothing() {
            machine.push(&mut found, result)?;
        }
        Ok(true)
    })?;
    machine.sequence(found)
}

pub(super) fn filter(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    if arguments.get(0).is_nothing() {
        return Ok(Item::Nothing);
    }
    let mut found = Vec::new();
    each_item(machine, arguments, &mut |machine, item, verdict| {
        if machine.truth(&verdict)? {
            machine.push(&mut found, item)?;
        }
        Ok(true)
    })?;
    machine.sequence(found)
}

pub(super) fn single(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    if arguments.get(0).is_nothing() {
        return Ok(Item::Nothing);
    }
    let mut found: Option<Item> = None;
    each_item(machine, arguments, &mut |machine, item, verdict| {
        if machine.truth(&verdict)? {
            if found.is_some() {
                return Err(Fault::new("D3138"));
            }
            found = Some(item);
        }
        Ok(true)
    })?;
    found.ok_or_else(|| Fault::new("D3139"))
}

pub(super) fn reduce(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let array = arguments.get(0);
    let function = arguments.get(1);
    let Some(items) = array.as_array() else { return Ok(Item::Nothing) };
    if arity(function) < 2 {
        return Err(Fault::new("D3050"));
    }
    let mut from = 0;
    let mut result = arguments.get(2).clone();
    if result.is_nothing() && items.len() > 0 {
        result = items.get(0);
        from = 1;
    }
    for at in from..items.len() {
        result = machine.apply_some(function, &[result, items.get(at), Item::count(at), array.clone()])?;
    }
    Ok(result)
}

pub(super) fn sift(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let argument = arguments.get(0);
    let Some(object) = argument.as_object() else { return Ok(Item::Nothing) };
    let function = arguments.get(1);
    let mut record = Record::from_iter([]);
    let mut empty = true;
    for (key, member) in object.iter() {
        let verdict = machine.apply_some(function, &[member.clone(), Item::text(key.clone()), argument.clone()])?;
        if machine.truth(&verdict)? {
            machine.insert(&mut record, key, member)?;
            empty = false;
        }
    }
    if empty { Ok(Item::Nothing) } else { record.into_item().checked() }
}

pub(super) fn each(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let argument = arguments.get(0);
    let Some(object) = argument.as_object() else { return Ok(Item::Nothing) };
    let function = arguments.get(1);
    let mut found = Vec::new();
    for (key, member) in object.iter() {
        let result = machine.apply_some(function, &[member, Item::text(key), argument.clone()])?;
        if !result.is_nothing() {
            machine.push(&mut found, result)?;
        }
    }
    machine.sequence(found)
}
