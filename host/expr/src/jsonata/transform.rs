//! `|pattern|update,delete|`: a copy in which the objects that match are changed.

use std::collections::HashMap;
use std::rc::Rc;

use super::ast::{Node, Transform};
use super::error::Fault;
use super::item::{Item, List, Object, Record};
use super::machine::{FrameId, Machine};
use super::path::Run;

/// Applies the transform to `argument`.
pub(super) fn apply(
    machine: &mut Machine<'_>,
    transform: &Transform,
    argument: &Item,
    frame: FrameId,
) -> Result<Item, Fault> {
    if argument.is_nothing() {
        return Ok(Item::Nothing);
    }
    if !argument.is_array() && argument.as_object().is_none() {
        return Err(Fault::new("T0410").value_text("1"));
    }
    let copy = copied(machine, argument)?;
    let matches = machine.eval(&transform.pattern, &copy, frame)?;
    let matches = if matches.is_array() { Run::Many(matches) } else { Run::One(matches) };
    // What changed, by the address of the object in the copy.
    let mut changed: HashMap<*const Record, Record> = HashMap::new();
    for at in 0..matches.len() {
        let found = matches.get(at);
        if found.is_nothing() {
            continue;
        }
        change(machine, transform, &found, &mut changed, frame)?;
    }
    if changed.is_empty() { Ok(copy) } else { rebuilt(machine, &copy, &changed, 0) }
}

fn change(
    machine: &mut Machine<'_>,
    transform: &Transform,
    found: &Item,
    changed: &mut HashMap<*const Record, Record>,
    frame: FrameId,
) -> Result<(), Fault> {
    let update = machine.eval(&transform.update, found, frame)?;
    if !update.is_nothing() && update.as_object().is_none() {
        return Err(wrong(machine, "T2011", &update, &transform.update));
    }
    if let (Item::Record(record), Some(update)) = (found, update.as_object()) {
        let current = changed.entry(Rc::as_ptr(record)).or_insert_with(|| Record::clone(record));
        for (key, item) in update.iter() {
            machine.insert(current, key, item)?;
        }
    }
    let Some(delete) = &transform.delete else { return Ok(()) };
    let deletions = machine.eval(delete, found, frame)?;
    if deletions.is_nothing() {
        return Ok(());
    }
    let keys = machine.items_of(&deletions)?;
    if keys.iter().any(|key| key.as_str().is_none()) {
        return Err(wrong(machine, "T2012", &deletions, delete));
    }
    if let Item::Record(record) = found {
        let current = changed.entry(Rc::as_ptr(record)).or_insert_with(|| Record::clone(record));
        for key in keys.iter().filter_map(Item::as_str) {
            machine.steps(Object::Record(current).len() / 4 + key.len() / 64)?;
            current.remove(key);
        }
    }
    Ok(())
}

fn wrong(machine: &mut Machine<'_>, code: &'static str, value: &Item, node: &Node) -> Fault {
    Fault::new(code).value_text(machine.brief(value)).at(node.offset as usize)
}

/// A copy in which every object is an object of its own.
pub(super) fn copied(machine: &mut Machine<'_>, item: &Item) -> Result<Item, Fault> {
    machine.step()?;
    if let Some(items) = item.as_array() {
        let mut copies = Vec::new();
        for item in items.iter() {
            let copy = copied(machine, &item)?;
            machine.push(&mut copies, copy)?;
        }
        return List::array(copies).into_item().checked();
    }
    let Some(object) = item.as_object() else { return Ok(item.clone()) };
    let mut record = Record::from_iter([]);
    for (key, member) in object.iter() {
        let copy = copied(machine, &member)?;
        machine.insert(&mut record, key, copy)?;
    }
    machine.charge(64)?;
    record.into_item().checked()
}

/// The copy with the changed objects in their places.
fn rebuilt(
    machine: &mut Machine<'_>,
    item: &Item,
    changed: &HashMap<*const Record, Record>,
    depth: u32,
) -> Result<Item, Fault> {
    machine.step()?;
    if depth > super::limits::JSONATA_VALUE_DEPTH_MAX {
        return Err(Fault::limit("a transform puts an object inside itself"));
    }
    match item {
        Item::List(list) => {
            let mut items = Vec::new();
            for item in &list.items {
                let item = rebuilt(machine, item, changed, depth + 1)?;
                machine.push(&mut items, item)?;
            }
            List::array(items).into_item().checked()
        }
        Item::Record(record) => {
            let current = changed.get(&Rc::as_ptr(record)).unwrap_or(record);
            let mut rebuilt_record = Record::from_iter([]);
            for (key, member) in Object::Record(current).iter() {
                let member = rebuilt(machine, &member, changed, depth + 1)?;
                machine.insert(&mut rebuilt_record, key, member)?;
            }
            rebuilt_record.into_item().checked()
        }
        other => Ok(other.clone()),
    }
}
