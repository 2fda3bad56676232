//! Where in a JSON text a pointer points to. Runs only for diagnostics, on text that has
//! already been read as JSON, and without recursion.

use std::collections::HashMap;

use crate::diagnostic::Span;

/// Finds places in one text. What has been looked through once is remembered: a hundred
/// diagnostics of a large definition read it about once.
pub(super) struct Locator<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// By pointer, where the members of an object or the items of an array begin.
    containers: HashMap<String, Container>,
    /// Where a value ends, by where it begins.
    ends: HashMap<usize, usize>,
}

struct Container {
    is_array: bool,
    members: HashMap<String, usize>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self { text, lines, containers: HashMap::new(), ends: HashMap::new() }
    }

    /// The span of the value at `pointer` (RFC 6901); `None` when there is no such value.
    pub(super) fn locate(&mut self, pointer: &str) -> Option<Span> {
        let start = self.walk(pointer, &mut |_, _| {})?;
        let end = match self.ends.get(&start) {
            Some(end) => *end,
            None => {
                let mut scanner = Scanner::new(self.text, start);
                scanner.skip_value()?;
                self.ends.insert(start, scanner.at);
                scanner.at
            }
        };
        Some(self.span(start, end))
    }

    /// The place as AWS writes it: names as they are, indexes in brackets.
    pub(super) fn spoken(&mut self, pointer: &str) -> String {
        let mut spoken = String::new();
        let found = self.walk(pointer, &mut |name, is_index| {
            if is_index {
                spoken.push_str(&format!("[{name}]"));
            } else {
                spoken.push('/');
                spoken.push_str(name);
            }
        });
        match found {
            Some(_) if spoken.is_empty() => "/".to_owned(),
            Some(_) => spoken,
            None => if pointer.is_empty() { "/" } else { pointer }.to_owned(),
        }
    }

    /// Where the value at a pointer begins; `visit` gets each name or index on the way.
    fn walk(&mut self, pointer: &str, visit: &mut dyn FnMut(&str, bool)) -> Option<usize> {
        let mut start = Scanner::new(self.text, 0).at;
        let mut path = String::new();
        for token in pointer.split('/').skip(1) {
            if !self.containers.contains_key(&path) {
                let mut scanner = Scanner::new(self.text, start);
                let is_array = scanner.peek() == Some(b'[');
                let members = scanner.members()?;
                self.containers.insert(path.clone(), Container { is_array, members });
            }
            let name = token.replace("~1", "/").replace("~0", "~");
            let container = self.containers.get(&path)?;
            start = *container.members.get(&name)?;
            visit(&name, container.is_array);
            path.push('/');
            path.push_str(token);
        }
        Some(start)
    }

    /// The span of a byte range.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let line = self.lines.partition_point(|begin| *begin <= start);
        let begin = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or(0);
        let column = self.text.get(begin..start).unwrap_or("").chars().count() + 1;
        Span {
            start,
            end,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

/// The byte at a line and column (columns counted in bytes, as `serde_json` does).
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the value that begins here or after blanks.
    fn new(text: &'a str, at: usize) -> Self {
        let mut scanner = Self { bytes: text.as_bytes(), at };
        scanner.space();
        scanner
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Where each member or item begins, of the value that begins here; `None` of what is
    /// neither object nor array. Of a member that comes twice, the last one counts, as it does
    /// for the reader of values.
    fn members(&mut self) -> Option<HashMap<String, usize>> {
        let opening = self.peek().filter(|byte| matches!(byte, b'{' | b'['))?;
        let mut members = HashMap::new();
        self.at += 1;
        for index in 0_usize.. {
            self.space();
            if matches!(self.peek()?, b'}' | b']') {
                break;
            }
            let name = if opening == b'{' {
                let name = self.key()?;
                self.space();
                self.at += 1; // the colon
                self.space();
                name
            } else {
                index.to_string()
            };
            members.insert(name, self.at);
            self.skip_value()?;
            if !self.comma()? {
                break;
            }
        }
        Some(members)
    }

    /// Skips a comma; false when the object or array ends instead.
    fn comma(&mut self) -> Option<bool> {
        self.space();
        let more = self.peek()? == b',';
        if more {
            self.at += 1;
        }
        Some(more)
    }

    fn key(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_string()?;
        let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
        serde_json::from_str(text).ok()
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => {
                    while !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'}' | b']'))
                    {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_find_their_values() {
        let text = "{\n  \"a\": [1, {\"b/c\": \"x\\\"y\"}, []],\n  \"é\": {\"d\": true}\n}";
        let mut locator = Locator::new(text);
        let mut found = |pointer: &str| {
            locator.locate(pointer).map(|s| (text.get(s.start..s.end).unwrap_or("?"), s.line, s.column))
        };
        assert_eq!(found("/a/0"), Some(("1", 2, 9)));
        assert_eq!(found("/a/1/b~1c"), Some(("\"x\\\"y\"", 2, 20)));
        assert_eq!(found("/a/2"), Some(("[]", 2, 29)));
        assert_eq!(found("/é/d"), Some(("true", 3, 14)));
        assert_eq!(found("/a/3"), None);
        assert_eq!(found("/a/00"), None);
        assert_eq!(found("/a/0/x"), None);
        assert_eq!(found("/nowhere"), None);
        assert_eq!(found("").map(|(all, ..)| all.len()), Some(text.len()));
    }

    #[test]
    fn places_are_told_as_aws_tells_them() {
        let text = r#"{"States":{"a/b~c":{"Choices":[{"Next":1}]},"0":{"7":[[5]]}}}"#;
        let mut locator = Locator::new(text);
        for (pointer, spoken) in [
            ("", "/"),
            ("/States/a~1b~0c/Choices/0/Next", "/States/a/b~c/Choices[0]/Next"),
            ("/States/0/7/0/0", "/States/0/7[0][0]"),
            ("/nowhere/0", "/nowhere/0"),
        ] {
            assert_eq!(locator.spoken(pointer), spoken);
        }
    }

    #[test]
    fn the_last_of_equal_members_counts() {
        let text = r#"{"a":1,"a":22}"#;
        assert_eq!(Locator::new(text).locate("/a").map(|s| s.start), Some(11));
    }
}
