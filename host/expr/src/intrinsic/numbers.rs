//! Functions on numbers.

use crate::entropy::{Entropy, JavaRandom};
use crate::value::{Number, Value};

pub(super) fn add(left: &Value, right: &Value) -> Result<Value, String> {
    Ok(Value::from(rounded(left, 1)? + rounded(right, 2)?))
}

/// An integer from `low` up to, not including, `high`.
pub(super) fn random(low: &Value, high: &Value, seed: Option<&Value>, entropy: &mut Entropy) -> Result<Value, String> {
    let (low, high) = (rounded(low, 1)?, rounded(high, 2)?);
    if low >= high {
        return Err(format!("the start {low} has to be less than the end {high}"));
    }
    let share = match seed {
        Some(seed) => JavaRandom::new(rounded(seed, 3)?).next_f64(),
        None => entropy.next_f64(),
    };
    Ok(Value::from(low + scaled(share, high - low).min(high - low - 1)))
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "spans have 33 bits at most")]
fn scaled(share: f64, span: i64) -> i64 {
    (share * span as f64).floor() as i64
}

/// The argument as an integer of 32 bits; fractions are rounded to the nearest, halves upwards.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub(super) fn rounded(value: &Value, place: usize) -> Result<i64, String> {
    const RANGE: std::ops::RangeInclusive<f64> = -2_147_483_648.0..=2_147_483_647.0;
    let number = value.as_number().map(Number::as_f64);
    let Some(number) = number else {
        return Err(format!("argument {place} has to be a number, but is a JSON {}", value.kind()));
    };
    let below = number.floor();
    let nearest = if number - below < 0.5 { below } else { below + 1.0 };
    if RANGE.contains(&nearest) {
        Ok(nearest as i64)
    } else {
        Err(format!("argument {place} has to be from -2147483648 to 2147483647, but is {number}"))
    }
}
