//! Where in a JSON text a pointer points to. Runs only for diagnostics, on text that has
//! already been read as JSON, and without recursion.

use crate::diagnostic::Span;

/// The span of the value at `pointer` (RFC 6901); `None` when there is no such value.
pub(super) fn locate(text: &str, pointer: &str) -> Option<Span> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.space();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        scanner.descend(&token)?;
    }
    let start = scanner.at;
    scanner.skip_value()?;
    Some(span(text, start, scanner.at))
}

/// The span of a byte range.
pub(super) fn span(text: &str, start: usize, end: usize) -> Span {
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
    Span {
        start,
        end,
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
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

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Moves to the member or item that the token names. Of a member that comes twice, the
    /// last one counts, as it does for the reader of values.
    fn descend(&mut self, token: &str) -> Option<()> {
        match self.peek()? {
            b'{' => {
                let mut found = None;
                self.at += 1;
                loop {
                    self.space();
                    if self.peek()? == b'}' {
                        break;
                    }
                    let key = self.key()?;
                    self.space();
                    self.at += 1; // the colon
                    self.space();
                    if key == token {
                        found = Some(self.at);
                    }
                    self.skip_value()?;
                    if !self.comma()? {
                        break;
                    }
                }
                self.at = found?;
            }
            b'[' => {
                let wanted: usize = token.parse().ok()?;
                self.at += 1;
                self.space();
                for _ in 0..wanted {
                    self.skip_value()?;
                    if !self.comma()? {
                        return None;
                    }
                    self.space();
                }
                if self.peek()? == b']' {
                    return None;
                }
            }
            _ => return None,
        }
        Some(())
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
        let found =
            |pointer: &str| locate(text, pointer).map(|s| (text.get(s.start..s.end).unwrap_or("?"), s.line, s.column));
        assert_eq!(found("/a/0"), Some(("1", 2, 9)));
        assert_eq!(found("/a/1/b~1c"), Some(("\"x\\\"y\"", 2, 20)));
        assert_eq!(found("/a/2"), Some(("[]", 2, 29)));
        assert_eq!(found("/é/d"), Some(("true", 3, 14)));
        assert_eq!(found("/a/3"), None);
        assert_eq!(found("/nowhere"), None);
        assert_eq!(found("").map(|(all, ..)| all.len()), Some(text.len()));
    }

    #[test]
    fn the_last_of_equal_members_counts() {
        let text = r#"{"a":1,"a":22}"#;
        assert_eq!(locate(text, "/a").map(|s| s.start), Some(11));
    }
}
