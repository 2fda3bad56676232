//! Doubles as the language writes them.

use crate::{Number, Value};

/// Beyond this a double does not hold every integer.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// A double as a JSON number: an integer where it is one. Infinities stay, to be refused where
/// they are used.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub(super) fn to_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT_INTEGERS {
        Value::Number(Number::Int(number as i64))
    } else {
        Value::Number(Number::Float(number))
    }
}

/// The integer below, within what 64 bits hold.
#[expect(clippy::cast_possible_truncation, reason = "a cast from a double saturates, which is what is wanted")]
pub(super) fn floor(number: f64) -> i64 {
    number.floor() as i64
}

/// The count of items or characters that `number` means: rounded down, never below zero.
pub(super) fn count(number: f64) -> usize {
    usize::try_from(floor(number).max(0)).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 do not occur")]
pub(super) fn of_count(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers are doubles in this language")]
pub(super) fn of_i64(number: i64) -> f64 {
    number as f64
}

/// The number's text, of the fifteen digits that survive arithmetic.
pub(super) fn to_text(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if number.fract() == 0.0 && number.abs() <= EXACT_INTEGERS {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    shortest(rounded)
}

/// The shortest text that reads back as the same double, with an exponent where ECMAScript
/// writes one.
pub(super) fn shortest(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-6..21).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{}", exponent.unsigned_abs())
}

/// Half to even at `places` decimal places, negative places to the left of the point.
pub(super) fn round(number: f64, places: i32) -> f64 {
    let shift = |number: f64, by: i32| {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent = exponent.parse::<i32>().unwrap_or(0).saturating_add(by);
        format!("{mantissa}e{exponent}").parse().unwrap_or(number)
    };
    let shifted: f64 = if places == 0 { number } else { shift(number, places) };
    let rounded = shifted.round_ties_even();
    if !rounded.is_finite() {
        return number;
    }
    let result = if places == 0 { rounded } else { shift(rounded, places.saturating_neg()) };
    if result == 0.0 { 0.0 } else { result }
}
