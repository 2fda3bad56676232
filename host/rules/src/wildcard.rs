//! `wildcard`: `*` stands for any run of characters, `\*` and `\\` for themselves.

use std::collections::BTreeSet;

/// A wildcard pattern is refused when some text could stand at more places of it at once.
/// AWS publishes no number; this one lies between what it was seen to accept and refuse.
pub const WILDCARD_PLACES_MAX: usize = 9;
/// So many sets of places are looked at for all wildcards of an event pattern before it
/// counts as too complex. A text without stars takes one set for each byte, so
/// [`crate::PATTERN_BYTES_MAX`] is never too complex by itself.
pub const WILDCARD_PLACE_SETS_MAX: usize = 2 * crate::PATTERN_BYTES_MAX;

/// AWS's words for a pattern beyond [`WILDCARD_PLACES_MAX`].
pub(crate) const TOO_COMPLEX: &str = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";

/// A wildcard pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard {
    spelled: String,
    /// The texts between the stars, in order: one more than there are stars.
    texts: Vec<String>,
}

impl Wildcard {
    /// Reads a pattern. The refusals are in AWS's words, whose positions count bytes from
    /// an opening quote.
    pub(crate) fn read(spelled: &str) -> Result<Self, String> {
        let mut texts = Vec::new();
        let mut text = String::new();
        let mut rest = spelled.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let position = at.saturating_add(1);
            let next = rest.peek().map(|(_, next)| *next);
            match (c, next) {
                ('*', Some('*')) => return Err(format!("Consecutive wildcard characters at pos {position}")),
                ('*', _) => texts.push(std::mem::take(&mut text)),
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    text.push(escaped);
                    rest.next();
                }
                ('\\', _) => return Err(format!("Invalid escape character at pos {position}")),
                _ => text.push(c),
            }
        }
        texts.push(text);
        Ok(Self { spelled: spelled.to_owned(), texts })
    }

    /// The pattern as it was written.
    pub(crate) fn spelled(&self) -> &str {
        &self.spelled
    }

    /// The texts between the stars, in order: one more than there are stars.
    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether a text fits. Each text between stars is taken where it is found first, so
    /// the work is linear.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let Some((first, later)) = self.texts.split_first() else { return false };
        let Some((last, middle)) = later.split_last() else { return first == text };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for wanted in middle {
            match rest.split_once(wanted.as_str()) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }

    /// Whether some text could stand at too many places of this pattern at once. The sets of
    /// places looked at are taken off `sets_left`.
    pub(crate) fn is_too_complex(&self, sets_left: &mut usize) -> bool {
        let tokens = self.tokens();
        let mut seen: BTreeSet<BTreeSet<Place>> = BTreeSet::new();
        let mut open = vec![BTreeSet::from([Place { token: 0, looping: false }])];
        while let Some(places) = open.pop() {
            if !seen.insert(places.clone()) {
                continue;
            }
            if places.len() > WILDCARD_PLACES_MAX || *sets_left == 0 {
                return true;
            }
            *sets_left = sets_left.saturating_sub(1);
            let mut bytes: BTreeSet<Option<u8>> =
                places.iter().filter_map(|place| place.literal(&tokens)).map(Some).collect();
            // No byte stands for all those that only a star takes.
            bytes.insert(None);
            for byte in bytes {
                let next: BTreeSet<Place> = places.iter().flat_map(|place| place.behind(&tokens, byte)).collect();
                if !next.is_empty() {
                    open.push(next);
                }
            }
        }
        false
    }

    fn tokens(&self) -> Vec<Part> {
        let mut tokens = Vec::new();
        for (index, text) in self.texts.iter().enumerate() {
            if index > 0 {
                tokens.push(Part::Star);
            }
            tokens.extend(text.bytes().map(Part::Literal));
        }
        // The closing quote, so that a star at the end leads somewhere.
        tokens.push(Part::Literal(b'"'));
        tokens
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(u8),
    Star,
}

/// A place in a pattern: before a token, or inside a star that has taken something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    token: usize,
    looping: bool,
}

impl Place {
    /// The literal that leads on from here, behind a star if there is one.
    fn literal(self, tokens: &[Part]) -> Option<u8> {
        match tokens.get(self.token) {
            Some(Part::Literal(byte)) => Some(*byte),
            Some(Part::Star) => match tokens.get(self.token.saturating_add(1)) {
                Some(Part::Literal(byte)) => Some(*byte),
                Some(Part::Star) | None => None,
            },
            None => None,
        }
    }

    fn behind(self, tokens: &[Part], byte: Option<u8>) -> Vec<Self> {
        let mut out = Vec::new();
        let star = matches!(tokens.get(self.token), Some(Part::Star));
        if star {
            out.push(Self { token: self.token, looping: true });
        }
        if byte.is_some() && self.literal(tokens) == byte {
            let taken = if star { 2 } else { 1 };
            out.push(Self { token: self.token.saturating_add(taken), looping: false });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "ac", true),
            ("a*c", "abbbc", true),
            ("a*c", "abcd", false),
            ("*b*", "abc", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("ab*ba", "aba", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\\b", r"a\b", true),
            ("", "", true),
            ("", "a", false),
            ("*é*", "caférac", true),
        ] {
            assert_eq!(Wildcard::read(pattern).unwrap().fits(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(Wildcard::read("a**b").unwrap_err(), "Consecutive wildcard characters at pos 2");
        assert_eq!(Wildcard::read("a\\").unwrap_err(), "Invalid escape character at pos 2");
        assert_eq!(Wildcard::read("a\\b").unwrap_err(), "Invalid escape character at pos 2");
    }

    fn complex(pattern: &str, mut sets_left: usize) -> bool {
        Wildcard::read(pattern).unwrap().is_too_complex(&mut sets_left)
    }

    #[test]
    fn complexity_has_a_limit() {
        for (pattern, too_complex) in [
            ("*:*:*:*:*:event-bus/*", true),
            ("*:*:*:*:event-bus/*", false),
            ("*a*a*a*", false),
            ("arn:aws:events:*:*:event-bus/*", false),
            (&"ab*".repeat(500), true),
            (&"x".repeat(60_000), false),
        ] {
            assert_eq!(complex(pattern, WILDCARD_PLACE_SETS_MAX), too_complex, "{pattern}");
        }
    }

    #[test]
    fn looking_for_complexity_has_a_limit() {
        assert!(!complex("abc*def", 20));
        assert!(complex("abc*def", 5));
        assert!(complex("*", 0));
    }
}
