//! Instants.

use std::fmt;

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    micros: i64,
}

impl Timestamp {
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.micros
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.micros.div_euclid(1000)
    }

    /// The instant so much later; the last one there is when that is past the end of time.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self { micros: self.micros.saturating_add(micros) }
    }

    /// Reads an RFC 3339 instant with an offset, such as `2016-03-14T01:59:00Z`, its `T` and
    /// `Z` in upper case as the language demands. Finer than microseconds is cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !has_shape(text) {
            return None;
        }
        text.parse::<jiff::Timestamp>().ok().map(|t| Self::from_micros(t.as_microsecond()))
    }
}

/// The reader of instants takes more notations than the language knows.
fn has_shape(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let fits = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && shape.iter().zip(text).all(|(s, t)| if *s == b'0' { t.is_ascii_digit() } else { s == t })
    };
    let Some((instant, mut rest)) = text.as_bytes().split_at_checked(SHAPE.len()) else { return false };
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = fraction.get(digits..).unwrap_or_default();
        if digits == 0 {
            return false;
        }
    }
    fits(instant, SHAPE) && (rest == b"Z" || fits(rest, b"+00:00") || fits(rest, b"-00:00"))
}

/// RFC 3339 in UTC with milliseconds, as AWS writes it: `2016-03-14T01:59:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.as_millis()) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "{}us", self.micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_notation_of_the_language_is_read() {
        for text in ["2016-03-14T01:59:00Z", "2016-03-14T01:59:00.123456789Z", "2016-03-14T02:59:00+01:00"] {
            assert!(Timestamp::parse(text).is_some(), "{text}");
        }
        for text in [
            "2016-03-14 01:59:00Z",
            "2016-03-14t01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14T01:59Z",
            "2016-03-14T01:59:00",
            "2016-03-14T01:59:00.Z",
            "2016-03-14T01:59:00+01",
            "2016-03-14T01:59:00Z[UTC]",
            "2016-13-14T01:59:00Z",
            "",
            "é",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::parse("1970-01-01T00:00:01.0000019Z").map(Timestamp::as_micros), Some(1_000_001));
        assert_eq!(Timestamp::from_micros(1_790_000_000_123_456).to_string(), "2026-09-21T14:13:20.123Z");
    }
}
