//! JSON as text: why it is none, and members of one object that have the same name. Both in one
//! pass without recursion.

use std::collections::HashMap;

use crate::limits;

/// What is wrong with the text at one place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// In the words of AWS's reader.
    pub(super) message: String,
    /// The byte where it shows.
    pub(super) at: usize,
}

/// Two members of one object with the same name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twin {
    pub(super) name: String,
    /// JSON pointer of the member.
    pub(super) pointer: String,
    /// The names in the text, with their quotes: of the first member, and of this one.
    pub(super) first: std::ops::Range<usize>,
    pub(super) this: std::ops::Range<usize>,
}

/// What [`read`] found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The first place where the text is no JSON; nothing after it is read.
    pub(super) flaw: Option<Flaw>,
    pub(super) twins: Vec<Twin>,
}

/// Reads the text, and tells at most `twins_max` twins.
pub(super) fn read(text: &str, twins_max: usize) -> Findings {
    let mut reader = Reader { text, at: 0, open: Vec::new(), twins: Vec::new(), twins_max };
    let flaw = reader.document().err();
    Findings { flaw, twins: reader.twins }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open>,
    twins: Vec<Twin>,
    twins_max: usize,
}

/// An object or array that has not ended yet.
enum Open {
    Object { seen: HashMap<String, std::ops::Range<usize>>, member: String },
    Array { index: usize },
}

const WORDS: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Flaw> {
        self.value()?;
        while !self.open.is_empty() {
            self.after_value()?;
        }
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(c) => Err(self.unexpected(c, "expected nothing after the definition")),
        }
    }

    /// A value; of an object or array only what is up to its first value.
    fn value(&mut self) -> Result<(), Flaw> {
        loop {
            if self.open.len() > limits::DEFINITION_JSON_LEVELS_MAX {
                let (depth, max) = (self.open.len(), limits::DEFINITION_JSON_LEVELS_MAX);
                return Err(self.flaw(format!("Document nesting depth ({depth}) exceeds the maximum allowed ({max})")));
            }
            self.space();
            match self.peek() {
                Some('{') => {
                    self.at += 1;
                    self.open.push(Open::Object { seen: HashMap::new(), member: String::new() });
                    self.space();
                    if self.eat('}') {
                        self.open.pop();
                        return Ok(());
                    }
                    self.key()?;
                }
                Some('[') => {
                    self.at += 1;
                    self.open.push(Open::Array { index: 0 });
                    self.space();
                    if self.eat(']') {
                        self.open.pop();
                        return Ok(());
                    }
                }
                Some('"') => return self.string(),
                Some(c) if c == '-' || c.is_ascii_digit() => {
                    let length = self.rest().find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'));
                    self.at += length.unwrap_or(self.rest().len());
                    return Ok(());
                }
                Some(c) if c.is_alphabetic() || c == '_' => return self.word(),
                Some(c) => return Err(self.unexpected(c, &format!("expected a valid value {WORDS}"))),
                None => return Err(self.flaw("Unexpected end-of-input")),
            }
        }
    }

    /// What follows a value inside the innermost object or array.
    fn after_value(&mut self) -> Result<(), Flaw> {
        self.space();
        let (close, kind) = match self.open.last() {
            Some(Open::Object { .. }) => ('}', "Object"),
            Some(Open::Array { .. }) => (']', "Array"),
            None => return Ok(()),
        };
        match self.peek() {
            Some(c) if c == close => {
                self.at += 1;
                self.open.pop();
                Ok(())
            }
            Some(',') => {
                self.at += 1;
                if let Some(Open::Array { index }) = self.open.last_mut() {
                    *index += 1;
                } else {
                    self.space();
                    self.key()?;
                }
                self.value()
            }
            Some(c @ ('}' | ']')) => Err(self.flaw(format!("Unexpected close marker '{c}': expected '{close}'"))),
            Some(c) => Err(self.unexpected(c, &format!("was expecting comma to separate {kind} entries"))),
            None => Err(self.flaw(format!("Unexpected end-of-input: expected close marker for {kind}"))),
        }
    }

    /// A member's name and the colon.
    fn key(&mut self) -> Result<(), Flaw> {
        match self.peek() {
            Some('"') => {}
            Some(c) => return Err(self.unexpected(c, "was expecting double-quote to start field name")),
            None => return Err(self.flaw("Unexpected end-of-input: expected close marker for Object")),
        }
        let start = self.at;
        self.string()?;
        let place = start..self.at;
        let name: String =
            self.text.get(place.clone()).and_then(|name| serde_json::from_str(name).ok()).unwrap_or_default();
        self.space();
        match self.peek() {
            Some(':') => self.at += 1,
            Some(c) => return Err(self.unexpected(c, "was expecting a colon to separate field name and value")),
            None => return Err(self.flaw("Unexpected end-of-input within/between Object entries")),
        }
        let Some(Open::Object { seen, member }) = self.open.last_mut() else { return Ok(()) };
        member.clone_from(&name);
        let first = seen.get(&name).cloned();
        match first {
            None => {
                seen.insert(name, place);
            }
            Some(first) if self.twins.len() < self.twins_max => {
                let pointer = self.pointer();
                self.twins.push(Twin { name, pointer, first, this: place });
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for open in &self.open {
            pointer.push('/');
            match open {
                Open::Object { member, .. } => pointer.push_str(&member.replace('~', "~0").replace('/', "~1")),
                Open::Array { index } => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    fn string(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => {
                    self.at += 1;
                    self.at += self.peek().map_or(0, char::len_utf8);
                }
                Some(c) if u32::from(c) < 0x20 => {
                    let code = u32::from(c);
                    return Err(self.flaw(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {code})): has to be escaped using backslash to be included in string value"
                    )));
                }
                Some(c) => self.at += c.len_utf8(),
                None => {
                    self.at = start;
                    return Err(self.flaw("Unexpected end-of-input: was expecting closing quote for a string value"));
                }
            }
        }
    }

    fn word(&mut self) -> Result<(), Flaw> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or("");
        if !matches!(word, "true" | "false" | "null") {
            let shown: String = word.chars().take(WORD_CHARS_SHOWN).collect();
            return Err(self.flaw(format!("Unrecognized token '{shown}': was expecting {WORDS}")));
        }
        self.at += length;
        Ok(())
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn flaw(&self, message: impl Into<String>) -> Flaw {
        Flaw { message: message.into(), at: self.at }
    }

    fn unexpected(&self, found: char, wanted: &str) -> Flaw {
        self.flaw(format!("Unexpected character ('{found}' (code {})): {wanted}", u32::from(found)))
    }
}

/// Longer words are cut where a message shows them (characters).
const WORD_CHARS_SHOWN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_named_at_its_place() {
        for (text, at, message) in [
            ("not json", 0, "Unrecognized token 'not': was expecting (JSON String, Number, Array,"),
            ("{\"a\": 1,}", 8, "Unexpected character ('}' (code 125)): was expecting double-quote to start field name"),
            ("{'a': 1}", 1, "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
            (
                "{\"a\" 1}",
                5,
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            ),
            (
                "{\"a\": 1 \"b\"}",
                8,
                "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            ),
            ("[1 2]", 3, "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"),
            ("[1}", 2, "Unexpected close marker '}': expected ']'"),
            ("{\"a\": [1,", 9, "Unexpected end-of-input"),
            ("{\"a\": 1", 7, "Unexpected end-of-input: expected close marker for Object"),
            ("[\"a", 1, "Unexpected end-of-input: was expecting closing quote for a string value"),
            ("[\"a\n\"]", 3, "Illegal unquoted character ((CTRL-CHAR, code 10))"),
            ("{} x", 3, "Unexpected character ('x' (code 120)): expected nothing after the definition"),
            ("[,]", 1, "Unexpected character (',' (code 44)): expected a valid value"),
        ] {
            let flaw = read(text, 9).flaw.unwrap();
            assert!(flaw.message.starts_with(message) && flaw.at == at, "{text}: {flaw:?}");
        }
        assert_eq!(read(r#" {"a":[1,-2e3,{"b":null}],"\u00e9\"":"x"} "#, 9).flaw, None);
    }

    #[test]
    fn members_of_one_name_are_found_with_both_places() {
        let text = r#"{"a":1,"b":[{"c":1},{"c/d":1,"c\/d":{"x":[]}}],"a":2}"#;
        let twins = read(text, 9).twins;
        let seen: Vec<(&str, &str, &str)> =
            twins.iter().map(|t| (t.pointer.as_str(), &text[t.first.clone()], &text[t.this.clone()])).collect();
        assert_eq!(seen, [("/b/1/c~1d", "\"c/d\"", "\"c\\/d\""), ("/a", "\"a\"", "\"a\"")]);
        assert_eq!(read(text, 1).twins.len(), 1);
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read(&nested(limits::DEFINITION_JSON_LEVELS_MAX), 1).flaw, None);
        let flaw = read(&nested(limits::DEFINITION_JSON_LEVELS_MAX + 1), 1).flaw.unwrap();
        assert_eq!(flaw.message, "Document nesting depth (128) exceeds the maximum allowed (127)");
        assert!(read(&"[".repeat(1_000_000), 1).flaw.is_some(), "depth costs no stack");
    }
}
