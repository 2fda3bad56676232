//! What AWS Step Functions adds. Numbers that stand for integers are rounded down.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::Arguments;
use crate::jsonata::error::Fault;
use crate::jsonata::item::{Item, List};
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;
use crate::{JavaRandom, Value};

type Result<T = Item> = std::result::Result<T, Fault>;

fn refused(message: impl Into<String>) -> Fault {
    Fault::new("D3900").message(message)
}

/// The array in parts of `size` items.
pub(super) fn partition(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(size) = arguments.number(1) else { return Ok(Item::Nothing) };
    let size = numbers::floor(size);
    if size < 1 {
        return Err(refused(format!("The size of the parts that $partition makes must be at least 1. Given {size}")));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let array = arguments.get(0);
    if array.is_nothing() {
        return Ok(Item::Nothing);
    }
    let items = machine.items_of(array)?;
    let mut parts = Vec::new();
    for part in items.chunks(size) {
        machine.charge_items(part.len())?;
        machine.push(&mut parts, List::array(part.to_vec()).into_item().checked()?)?;
    }
    machine.array(parts)
}

/// From the first number to the second, both included, by the third.
pub(super) fn range(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some(first), Some(last), Some(by)) = (arguments.number(0), arguments.number(1), arguments.number(2)) else {
        return Ok(Item::Nothing);
    };
    let (first, last, by) = (numbers::floor(first), numbers::floor(last), numbers::floor(by));
    if by == 0 {
        return Err(refused("The step of $range must not be 0"));
    }
    let reached = if by > 0 { first <= last } else { first >= last };
    let count = if reached { last.abs_diff(first) / by.unsigned_abs() + 1 } else { 0 };
    machine.charge_items(usize::try_from(count).unwrap_or(usize::MAX))?;
    let mut items = Vec::new();
    let mut next = first;
    for _ in 0..count {
        items.push(Item::number(numbers::of_i64(next)));
        next = next.saturating_add(by);
    }
    Ok(List::sequence(items).into_item())
}

pub(super) fn hash(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some(data), Some(algorithm)) = (arguments.text(0), arguments.text(1)) else { return Ok(Item::Nothing) };
    machine.charge_text(data.len() + 128)?;
    let data = data.as_bytes();
    let digest = match &*algorithm {
        "MD5" => hex::encode(Md5::digest(data)),
        "SHA-1" => hex::encode(Sha1::digest(data)),
        "SHA-256" => hex::encode(Sha256::digest(data)),
        "SHA-384" => hex::encode(Sha384::digest(data)),
        "SHA-512" => hex::encode(Sha512::digest(data)),
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(refused(format!(
                "The algorithm of $hash must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512. Given {other}"
            )));
        }
    };
    Ok(Item::text(digest))
}

/// The same seed gives the same number, that of `java.util.Random`.
pub(super) fn random(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(Item::number(match arguments.number(0) {
        Some(seed) => JavaRandom::new(numbers::floor(seed)).next_f64(),
        None => machine.entropy.next_f64(),
    }))
}

pub(super) fn uuid(machine: &mut Machine<'_>, _arguments: &Arguments<'_>) -> Result {
    machine.charge_text(36)?;
    Ok(Item::text(machine.entropy.uuid_v4()))
}

/// JSON text as a value.
pub(super) fn parse(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    // A value takes up to some thirty times its text: `[[],[],…` is the worst.
    machine.charge_text(text.len().saturating_mul(24))?;
    machine.steps(text.len() / 4)?;
    let value = Value::parse(&text).map_err(|error| refused(format!("$parse was not given JSON: {error}")))?;
    Ok(Item::Json(value))
}
