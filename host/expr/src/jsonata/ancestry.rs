//! Which step a `%` means.
//!
//! A `%` is open until the step is found whose input it stands for. Each open `%` has a level in
//! the reader's list; a name or a wildcard takes one off, another `%` adds one.

use super::ast::{Kind, Node, Symbol};
use super::error::Fault;

/// A `%` that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// How many levels up it still looks.
    pub level: i32,
    /// The variable it becomes.
    pub label: Symbol,
}

/// Looks through the steps of `path`, last but one first, for what the last step seeks.
pub(super) fn resolve(path: &mut Node, slots: &mut [Slot]) -> Result<(), Fault> {
    let Kind::Path(body) = &mut path.kind else { return Ok(()) };
    let Some((last, before)) = body.steps.split_last_mut() else { return Ok(()) };
    let mut seeking = last.rare.as_ref().and_then(|rare| rare.seeking.clone()).unwrap_or_default();
    if let Kind::Parent { slot, .. } = last.kind {
        seeking.push(slot);
    }
    let mut open = Vec::new();
    for slot in seeking {
        let mut next = before.len();
        while level(slots, slot) > 0 {
            if next == 0 {
                open.push(slot);
                break;
            }
            next -= 1;
            // Steps in a row that bind a variable all look at the same item.
            while next > 0 && has_focus(before, next) && has_focus(before, next - 1) {
                next -= 1;
            }
            if let Some(step) = before.get_mut(next) {
                seek(step, slot, slots)?;
            }
        }
    }
    if !open.is_empty() {
        path.rare().seeking.get_or_insert_default().extend(open);
    }
    Ok(())
}

/// Lets `node` answer the `%` in `slot`, as far as it can.
pub(super) fn seek(node: &mut Node, slot: usize, slots: &mut [Slot]) -> Result<(), Fault> {
    match &mut node.kind {
        Kind::Name(_) | Kind::Wildcard => {
            change(slots, slot, -1);
            if level(slots, slot) == 0 {
                if let Some(slot) = slots.get(slot) {
                    node.rare().ancestors.push(slot.label);
                }
                node.tuple = true;
            }
            Ok(())
        }
        Kind::Parent { .. } => {
            change(slots, slot, 1);
            Ok(())
        }
        Kind::Block(expressions) => {
            if let Some(last) = expressions.last_mut() {
                node.tuple = true;
                seek(last, slot, slots)?;
            }
            Ok(())
        }
        Kind::Path(path) => {
            node.tuple = true;
            for (place, step) in path.steps.iter_mut().rev().enumerate() {
                if place > 0 && level(slots, slot) <= 0 {
                    break;
                }
                seek(step, slot, slots)?;
            }
            Ok(())
        }
        _ => Err(Fault::new("S0217").token("parent").at(node.offset as usize)),
    }
}

fn has_focus(steps: &[Node], place: usize) -> bool {
    steps.get(place).and_then(|step| step.rare.as_ref()).is_some_and(|rare| rare.focus.is_some())
}

fn level(slots: &[Slot], slot: usize) -> i32 {
    slots.get(slot).map_or(0, |slot| slot.level)
}

fn change(slots: &mut [Slot], slot: usize, by: i32) {
    if let Some(slot) = slots.get_mut(slot) {
        slot.level += by;
    }
}
