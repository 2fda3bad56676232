//! Texts compared without regard to case.

/// A text to compare with: for every character its lower-case and its upper-case spelling.
/// A title-case letter is neither, so it does not match itself; `ß` matches `SS` but not
/// `ss`. A character beyond U+FFFF stands for two question marks: the engine this agrees
/// with looks at UTF-16 units one by one, and half a pair has no bytes of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    spelled: String,
    characters: Vec<(String, String)>,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let mut characters = Vec::new();
        for c in text.chars() {
            if c.len_utf16() == 2 {
                characters.push(("?".to_owned(), "?".to_owned()));
                characters.push(("?".to_owned(), "?".to_owned()));
            } else {
                characters.push((c.to_lowercase().collect(), c.to_uppercase().collect()));
            }
        }
        Self { spelled: text.to_owned(), characters }
    }

    /// The text as it was written.
    pub(crate) fn spelled(&self) -> &str {
        &self.spelled
    }

    pub(crate) fn equals(&self, text: &str) -> bool {
        self.rests(text, Side::Front).any(str::is_empty)
    }

    pub(crate) fn starts(&self, text: &str) -> bool {
        self.rests(text, Side::Front).next().is_some()
    }

    pub(crate) fn ends(&self, text: &str) -> bool {
        self.rests(text, Side::Back).next().is_some()
    }

    /// What can remain of the text when this is taken off one side: usually nothing or one
    /// rest, more where the two cases of a character differ in length.
    fn rests<'t>(&self, text: &'t str, side: Side) -> impl Iterator<Item = &'t str> + use<'t> {
        let mut rests = vec![text];
        let count = self.characters.len();
        for index in 0..count {
            let index = match side {
                Side::Front => index,
                Side::Back => count.saturating_sub(index).saturating_sub(1),
            };
            let Some((lower, upper)) = self.characters.get(index) else { continue };
            let mut next: Vec<&str> = Vec::new();
            for rest in rests {
                for spelling in [lower, upper] {
                    let stripped = match side {
                        Side::Front => rest.strip_prefix(spelling.as_str()),
                        Side::Back => rest.strip_suffix(spelling.as_str()),
                    };
                    if let Some(stripped) = stripped
                        && !next.iter().any(|known| known.len() == stripped.len())
                    {
                        next.push(stripped);
                    }
                }
            }
            rests = next;
            if rests.is_empty() {
                break;
            }
        }
        rests.into_iter()
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Front,
    Back,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_as_the_tables_say() {
        for (pattern, text, equal) in [
            ("abc", "ABC", true),
            ("É", "é", true),
            ("ß", "SS", true),
            ("ß", "ss", false),
            ("ss", "ß", false),
            ("ǅ", "ǅ", false),
            ("ǅ", "ǆ", true),
            ("ς", "Σ", true),
            ("Σ", "ς", false),
            ("ſ", "S", true),
            ("ﬁ", "FI", true),
            ("FI", "ﬁ", false),
            ("İ", "i̇", true),
            ("𐐨", "𐐨", false),
            ("😀", "??", true),
            ("", "", true),
            ("a", "", false),
            ("", "a", false),
        ] {
            assert_eq!(Folded::new(pattern).equals(text), equal, "{pattern} {text}");
        }
        assert!(Folded::new("eß").ends("HESS"));
        assert!(Folded::new("ßx").starts("SSXy"));
    }
}
