//! Numbers as patterns compare them.

/// Decimal numbers of so many digits are all told apart by doubles, so that the shortest
/// spelling of the double is the number itself.
const DIGITS_ALWAYS_HELD: usize = 15;
/// That is so for digits at powers of ten between this one and its negative.
const POWER_ALWAYS_HELD: i64 = 280;

/// The double that a JSON number stands for, if comparing doubles compares the numbers:
/// the number must be exactly what the shortest spelling of its double says. A 17-digit
/// account number, `1e400` or `1e-400` is not such a number; patterns compare those by
/// their spelling only, and refuse them where an order is needed.
pub(crate) fn comparable(spelled: &str) -> Option<f64> {
    let double: f64 = spelled.parse().ok()?;
    if !double.is_finite() {
        return None;
    }
    let short = spelled.len() <= DIGITS_ALWAYS_HELD && !spelled.contains(['e', 'E']);
    if !short && !is_shortest(spelled, double)? {
        return None;
    }
    // Adding zero makes one of the two zeroes.
    Some(double + 0.0)
}

fn is_shortest(spelled: &str, double: f64) -> Option<bool> {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(double);
    if shortest == spelled {
        return Some(true);
    }
    let decimal = Decimal::read(spelled)?;
    let held = decimal.digits.len() <= DIGITS_ALWAYS_HELD && decimal.exponent.abs() <= POWER_ALWAYS_HELD;
    Some(held || decimal == Decimal::read(shortest)?)
}

/// A decimal number, of which there is only one form: no zero at either end of the digits.
#[derive(Debug)]
struct Decimal<'a> {
    negative: bool,
    /// From the first digit that is no zero to the last one, perhaps with a point between.
    digits: &'a str,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn read(spelled: &'a str) -> Option<Self> {
        let (negative, rest) = match spelled.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, spelled),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let significant = |c: char| matches!(c, '1'..='9');
        let Some((first, last)) = mantissa.find(significant).zip(mantissa.rfind(significant)) else {
            return Some(Self { negative: false, digits: "", exponent: 0 });
        };
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let power = if last < point {
            i64::try_from(point.checked_sub(last)?.checked_sub(1)?).ok()?
        } else {
            i64::try_from(last.checked_sub(point)?).ok()?.checked_neg()?
        };
        Some(Self { negative, digits: mantissa.get(first..=last)?, exponent: exponent.checked_add(power)? })
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        let digits = |decimal: &Self| decimal.digits.len().saturating_sub(usize::from(decimal.digits.contains('.')));
        let same = |(left, right)| left == right;
        self.negative == other.negative
            && self.exponent == other.exponent
            && digits(self) == digits(other)
            && plain(self.digits).zip(plain(other.digits)).all(same)
    }
}

fn plain(digits: &str) -> impl Iterator<Item = u8> {
    digits.bytes().filter(|byte| *byte != b'.')
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
    fn every_double_has_a_spelling_that_it_holds() {
        let mut bits = 1_u64;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let double = f64::from_bits(bits);
            if double.is_finite() {
                let mut buffer = zmij::Buffer::new();
                let shortest = buffer.format(double);
                assert_eq!(comparable(shortest), Some(double), "{shortest}");
                let (usual, decimal) = (format!("{double:e}"), Decimal::read(shortest).unwrap());
                let usual = Decimal::read(&usual).unwrap();
                assert_eq!(plain(usual.digits).count(), plain(decimal.digits).count(), "{shortest}");
                let other = format!(
                    "{}{}e{}",
                    if double < 0.0 { "-" } else { "" },
                    usual.digits.replace('.', ""),
                    usual.exponent
                );
                assert!(usual != decimal || comparable(&other) == Some(double), "{other}");
            }
        }
        // Of two that are equally near, the even one.
        assert_eq!(comparable("1.8885701206083202e15"), Some(1.888_570_120_608_320_2e15));
        assert_eq!(comparable("1.8885701206083203e15"), None);
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
        assert_eq!(comparable("0.10000000000000000"), Some(0.1));
        assert_eq!(comparable("-122.39809807548903"), Some(-122.39809807548903));
        assert_eq!(comparable("2.225073858507201e-308"), Some(2.225073858507201e-308));
        assert_eq!(comparable("5e-324"), Some(5e-324));
        assert_eq!(comparable("4e-324"), None);
        assert_eq!(comparable("9007199254740992"), Some(9_007_199_254_740_992.0));
        assert_eq!(comparable("123456789012"), Some(123_456_789_012.0));
    }
}
