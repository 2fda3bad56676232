//! Texts.

use super::Arguments;
use crate::jsonata::error::Fault;
use crate::jsonata::item::Item;
use crate::jsonata::machine::Machine;
use crate::jsonata::{numbers, text};

type Result<T = Item> = std::result::Result<T, Fault>;

pub(super) fn string(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    match &Machine::unwrap_outer(arguments.get(0)) {
        Item::Nothing => Ok(Item::Nothing),
        item if item.is_function() => Ok(Item::text("")),
        item if item.as_str().is_some() => Ok(item.clone()),
        item => {
            let pretty = machine.truth(arguments.get(1))?;
            Ok(Item::text(text::to_json(machine, item, pretty)?))
        }
    }
}

/// The part of `text` from character `start`, counted from the end if negative.
pub(super) fn substring(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let start = numbers::floor(arguments.number(1).unwrap_or(0.0));
    let chars = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    machine.charge_text(text.len())?;
    let from = if start < 0 { chars.saturating_add(start).max(0) } else { start };
    let take = match arguments.number(2) {
        None => i64::MAX,
        Some(length) if length <= 0.0 => return Ok(Item::text("")),
        Some(length) => numbers::floor(length),
    };
    let part: String = text.chars().skip(index(from)).take(index(take)).collect();
    Ok(Item::text(part))
}

fn index(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

pub(super) fn substring_before(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some(text), Some(mark)) = (arguments.text(0), arguments.text(1)) else { return Ok(arguments.get(0).clone()) };
    machine.charge_text(text.len())?;
    Ok(Item::text(text.split_once(&*mark).map_or(&*text, |(before, _)| before)))
}

pub(super) fn substring_after(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some(text), Some(mark)) = (arguments.text(0), arguments.text(1)) else { return Ok(arguments.get(0).clone()) };
    machine.charge_text(text.len())?;
    Ok(Item::text(text.split_once(&*mark).map_or(&*text, |(_, after)| after)))
}

pub(super) fn lowercase(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len().saturating_mul(2))?;
    Ok(Item::text(text.to_lowercase()))
}

pub(super) fn uppercase(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len().saturating_mul(3))?;
    Ok(Item::text(text.to_uppercase()))
}

pub(super) fn length(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.steps(text.len() / 64)?;
    Ok(Item::count(text.chars().count()))
}

/// Blanks in a row become one, those at the ends none.
pub(super) fn trim(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    machine.charge_text(text.len())?;
    let words: Vec<&str> = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
    Ok(Item::text(words.join(" ")))
}

pub(super) fn pad(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let width = arguments.number(1).unwrap_or(0.0);
    let fill = arguments.text(2).filter(|fill| !fill.is_empty()).unwrap_or_else(|| " ".into());
    machine.steps(text.len() / 64)?;
    let wanted = numbers::count(width.abs());
    let missing = wanted.saturating_sub(text.chars().count());
    if missing == 0 {
        return Ok(Item::text(text));
    }
    machine.charge_text(missing.saturating_mul(4).saturating_add(text.len()))?;
    let padding: String = fill.chars().cycle().take(missing).collect();
    Ok(Item::text(if width > 0.0 { format!("{text}{padding}") } else { format!("{padding}{text}") }))
}

pub(super) fn join(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(items) = arguments.get(0).as_array() else { return Ok(Item::Nothing) };
    let separator = arguments.text(1).unwrap_or_else(|| "".into());
    machine.steps(items.len())?;
    let mut bytes = separator.len().saturating_mul(items.len());
    for item in items.iter() {
        bytes = bytes.saturating_add(item.as_str().map_or(0, str::len));
    }
    machine.charge_text(bytes)?;
    let mut joined = String::with_capacity(bytes);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(item.as_str().unwrap_or(""));
    }
    Ok(Item::text(joined))
}
