//! Numbers.

use super::Arguments;
use crate::Value;
use crate::jsonata::error::Fault;
use crate::jsonata::eval::finite;
use crate::jsonata::item::Item;
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;

type Result<T = Item> = std::result::Result<T, Fault>;

/// The numbers of the first argument, `None` for undefined.
fn all(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result<Option<Vec<f64>>> {
    let Some(items) = arguments.get(0).as_array() else { return Ok(None) };
    machine.charge_items(items.len())?;
    Ok(Some(items.iter().filter_map(|item| item.as_f64()).collect()))
}

pub(super) fn sum(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    Ok(all(machine, arguments)?.map_or(Item::Nothing, |numbers| Item::number(numbers.iter().sum::<f64>() + 0.0)))
}

pub(super) fn max(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let numbers = all(machine, arguments)?.unwrap_or_default();
    Ok(numbers.into_iter().reduce(f64::max).map_or(Item::Nothing, Item::number))
}

pub(super) fn min(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let numbers = all(machine, arguments)?.unwrap_or_default();
    Ok(numbers.into_iter().reduce(f64::min).map_or(Item::Nothing, Item::number))
}

pub(super) fn average(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let numbers = all(machine, arguments)?.unwrap_or_default();
    if numbers.is_empty() {
        return Ok(Item::Nothing);
    }
    Ok(Item::number(numbers.iter().sum::<f64>() / numbers::of_count(numbers.len())))
}

pub(super) fn number(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    match arguments.get(0) {
        Item::Json(Value::Bool(truth)) => Ok(Item::number(f64::from(u8::from(*truth)))),
        Item::Json(Value::String(text)) => {
            let refused = || Fault::new("D3030").value_text(text.chars().take(80).collect::<String>());
            let number = read(text).filter(|number| number.is_finite()).ok_or_else(refused)?;
            Ok(Item::number(number))
        }
        other => Ok(other.clone()),
    }
}

/// A number as JSON writes it, or hexadecimal, octal and binary ones.
fn read(text: &str) -> Option<f64> {
    let radix = match text.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 10,
    };
    if radix != 10 {
        let digits = text.get(2..).filter(|digits| !digits.is_empty())?;
        let mut number = 0.0;
        for c in digits.chars() {
            number = number * f64::from(radix) + f64::from(c.to_digit(radix)?);
        }
        return Some(number);
    }
    let body = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let byte = |at: usize| body.get(at).copied().unwrap_or(0);
    let digits = |from: usize| body.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    if whole == 0 {
        return None;
    }
    let mut end = whole;
    if byte(end) == b'.' {
        let fraction = digits(end + 1);
        end += 1 + fraction;
        if fraction == 0 {
            return None;
        }
    }
    if matches!(byte(end), b'e' | b'E') {
        end += 1 + usize::from(matches!(byte(end + 1), b'+' | b'-'));
        let exponent = digits(end);
        end += exponent;
        if exponent == 0 {
            return None;
        }
    }
    if end == body.len() { text.parse().ok() } else { None }
}

fn on_number(arguments: &Arguments<'_>, function: impl Fn(f64) -> f64) -> Result {
    Ok(arguments.number(0).map_or(Item::Nothing, |number| Item::number(function(number))))
}

pub(super) fn floor(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    on_number(arguments, f64::floor)
}

pub(super) fn ceil(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    on_number(arguments, f64::ceil)
}

pub(super) fn abs(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    on_number(arguments, f64::abs)
}

pub(super) fn round(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let places = numbers::floor(arguments.number(1).unwrap_or(0.0)).clamp(-400, 400);
    let places = i32::try_from(places).unwrap_or(0);
    on_number(arguments, |number| numbers::round(number, places))
}

pub(super) fn sqrt(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    match arguments.number(0) {
        Some(number) if number < 0.0 => Err(Fault::new("D3060").value_text(numbers::to_text(number))),
        _ => on_number(arguments, f64::sqrt),
    }
}

pub(super) fn power(_machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let (Some(base), Some(exponent)) = (arguments.number(0), arguments.number(1)) else { return Ok(Item::Nothing) };
    let result = base.powf(exponent);
    if result.is_finite() { Ok(Item::number(result)) } else { Err(Fault::new("D3061")) }
}

pub(super) fn random(machine: &mut Machine<'_>, _arguments: &Arguments<'_>) -> Result {
    Ok(Item::number(machine.entropy.next_f64()))
}

pub(super) fn format_base(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(number) = arguments.number(0) else { return Ok(Item::Nothing) };
    let number = finite(numbers::round(number, 0))?;
    let radix = numbers::floor(arguments.number(1).map_or(10.0, |radix| numbers::round(radix, 0)));
    if !(2..=36).contains(&radix) {
        return Err(Fault::new("D3100").value_text(radix.to_string()));
    }
    let radix = u32::try_from(radix).unwrap_or(10);
    // A digit for each bit of the largest double at most.
    machine.charge_text(if number.abs() < 1e15 { 64 } else { 1_100 })?;
    machine.steps(32)?;
    let mut digits = Vec::new();
    let mut rest = number.abs();
    while rest >= 1.0 {
        let digit = u32::try_from(numbers::floor(rest % f64::from(radix))).unwrap_or(0);
        digits.push(char::from_digit(digit, radix).unwrap_or('0'));
        rest = (rest / f64::from(radix)).floor();
    }
    if digits.is_empty() {
        digits.push('0');
    }
    if number < 0.0 {
        digits.push('-');
    }
    Ok(Item::text(digits.into_iter().rev().collect::<String>()))
}
