//! Texts compared without regard to case.

/// A text to compare with: for every character its lower-case and its upper-case spelling.
/// A title-case letter is neither, so it does not match itself; `ß` matches `SS` but not
/// `ss`. A character beyond U+FFFF stands for two question marks: the engine this agrees
/// with looks at UTF-16 units one by one, and half a pair has no bytes of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    spelled: Box<str>,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        Self { spelled: text.into() }
    }

    /// The text as it was written.
    pub(crate) fn spelled(&self) -> &str {
        &self.spelled
    }

    pub(crate) fn equals(&self, text: &str) -> bool {
        if self.spelled.is_ascii() {
            return self.spelled.eq_ignore_ascii_case(text);
        }
        self.rests(text, Side::Front).any(str::is_empty)
    }

    pub(crate) fn starts(&self, text: &str) -> bool {
        if self.spelled.is_ascii() {
            let start = text.as_bytes().get(..self.spelled.len());
            return start.is_some_and(|start| self.spelled.as_bytes().eq_ignore_ascii_case(start));
        }
        self.rests(text, Side::Front).next().is_some()
    }

    pub(crate) fn ends(&self, text: &str) -> bool {
        if self.spelled.is_ascii() {
            let end = text.len().checked_sub(self.spelled.len()).and_then(|at| text.as_bytes().get(at..));
            return end.is_some_and(|end| self.spelled.as_bytes().eq_ignore_ascii_case(end));
        }
        self.rests(text, Side::Back).next().is_some()
    }

    /// What every text that equals this one has in common: its folding.
    pub(crate) fn key(&self) -> String {
        let mut key = String::new();
        for [_, upper] in self.spelled.chars().flat_map(spellings) {
            fold_into(&upper, &mut key);
        }
        key
    }

    /// What can remain of the text when this is taken off one side: usually nothing or one
    /// rest, more where the two cases of a character differ in length.
    fn rests<'t>(&self, text: &'t str, side: Side) -> impl Iterator<Item = &'t str> + use<'t> {
        let mut rests = vec![text];
        let mut characters: Vec<char> = self.spelled.chars().collect();
        match side {
            Side::Front => {}
            Side::Back => characters.reverse(),
        }
        for spelling in characters.into_iter().flat_map(spellings) {
            let mut next: Vec<&str> = Vec::new();
            for rest in rests {
                for spelling in &spelling {
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

/// Adds the folding of a text: the same for all texts that differ only in case. It is made
/// character by character, so the folding of a beginning is a beginning of the folding.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        return;
    }
    for c in text.chars() {
        out.extend(c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
    }
}

/// The lower-case and upper-case spelling of a character, or of both its halves.
fn spellings(c: char) -> Vec<[String; 2]> {
    if c.len_utf16() == 2 {
        return vec![["?".to_owned(), "?".to_owned()], ["?".to_owned(), "?".to_owned()]];
    }
    vec![[c.to_lowercase().collect(), c.to_uppercase().collect()]]
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
            let folded = Folded::new(pattern);
            assert_eq!(folded.equals(text), equal, "{pattern} {text}");
            let mut key = String::new();
            fold_into(text, &mut key);
            assert!(!equal || folded.key() == key, "{pattern} {text}");
        }
        assert!(Folded::new("eß").ends("HESS"));
        assert!(Folded::new("ßx").starts("SSXy"));
    }

    #[test]
    fn both_cases_of_every_character_fold_alike() {
        for c in '\0'..=char::MAX {
            for [lower, upper] in spellings(c) {
                let (mut one, mut other) = (String::new(), String::new());
                fold_into(&lower, &mut one);
                fold_into(&upper, &mut other);
                assert_eq!(one, other, "{c}");
            }
        }
    }
}
