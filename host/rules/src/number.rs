//! Numbers as patterns compare them.

/// The double that a JSON number stands for, if comparing doubles compares the numbers:
/// the number must be exactly what the shortest spelling of its double says. A 17-digit
/// account number, `1e400` or `1e-400` is not such a number; patterns compare those by
/// their spelling only, and refuse them where an order is needed.
pub(crate) fn comparable(spelled: &str) -> Option<f64> {
    let double: f64 = spelled.parse().ok()?;
    if !double.is_finite() {
        return None;
    }
    let same = Decimal::read(spelled)? == Decimal::read(&format!("{double:e}"))?;
    // Adding zero makes one of the two zeroes.
    same.then_some(double + 0.0)
}

/// A decimal number in its only form: no zero at either end of the digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl Decimal {
    fn read(spelled: &str) -> Option<Self> {
        let (negative, rest) = match spelled.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, spelled),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let trailing = all.len().checked_sub(all.trim_end_matches('0').len())?;
        let exponent =
            exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(i64::try_from(trailing).ok()?)?;
        Some(Self { negative, digits: digits.to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_one_number() {
        for spelled in ["300", "300.0", "3e2", "3E+2", "30000e-2", "0.3e3", "3.000e02"] {
            assert_eq!(comparable(spelled), Some(300.0), "{spelled}");
        }
        for zero in ["0", "-0", "0.0", "-0.0", "0e5", "0e-99"] {
            assert_eq!(comparable(zero).map(f64::to_bits), Some(0), "{zero}");
        }
    }

    #[test]
    fn what_a_double_cannot_hold_is_not_comparable() {
        for spelled in [
            "9007199254740993",
            "1e400",
            "-1e400",
            "1e-400",
            "1E-325",
            "0.1000000000000000055511151231257827",
            "1e99999999999999999999",
        ] {
            assert_eq!(comparable(spelled), None, "{spelled}");
        }
        assert_eq!(comparable("9007199254740992"), Some(9_007_199_254_740_992.0));
        assert_eq!(comparable("123456789012"), Some(123_456_789_012.0));
    }
}
