//! JSON as a stream of tokens.
//!
//! Patterns and events are read token by token, because what must be kept is lost in a
//! tree: duplicate keys, how a number was spelled, and which of two mistakes comes first.

use std::fmt;

/// Objects and arrays may be nested this deep, counting the outermost.
pub const NESTING_LEVELS_MAX: usize = 1000;
/// A number may be spelled with this many characters.
pub const NUMBER_CHARACTERS_MAX: usize = 1000;

/// One token. Keys are told apart from texts by their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Key(String),
    Text(String),
    /// The number as it was spelled.
    Number(String),
    True,
    False,
    Null,
    /// The text ended, or the outermost value did.
    End,
}

/// A place in a text: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub message: String,
    pub location: Location,
}

/// Reads tokens off a text. What follows the outermost value is not looked at.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Where the last token began; a text's place is told from its opening quote.
    began: usize,
    open: Vec<Open>,
    expect: Expect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Object,
    Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstKey,
    CommaOrObjectEnd,
    FirstElement,
    CommaOrArrayEnd,
    Nothing,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, began: 0, open: Vec::new(), expect: Expect::Value }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token, SyntaxError> {
        self.skip_space();
        self.began = self.at;
        match self.expect {
            Expect::Nothing => Ok(Token::End),
            Expect::Value => self.value(),
            Expect::FirstKey => match self.peek() {
                Some('}') => self.close(Open::Object),
                _ => self.key(),
            },
            Expect::FirstElement => match self.peek() {
                Some(']') => self.close(Open::Array),
                _ => self.value(),
            },
            Expect::CommaOrObjectEnd => match self.peek() {
                Some('}') => self.close(Open::Object),
                Some(',') => {
                    self.comma();
                    self.key()
                }
                other => Err(self.wanted_comma(other, Open::Object)),
            },
            Expect::CommaOrArrayEnd => match self.peek() {
                Some(']') => self.close(Open::Array),
                Some(',') => {
                    self.comma();
                    self.value()
                }
                other => Err(self.wanted_comma(other, Open::Array)),
            },
        }
    }

    /// Where the last token begins, in bytes.
    pub(crate) fn began(&self) -> usize {
        self.began
    }

    /// Where the last token ends, in bytes.
    pub(crate) fn behind(&self) -> usize {
        self.at
    }

    /// The place behind the last token.
    pub(crate) fn location_behind(&self) -> Location {
        self.locate(self.at)
    }

    /// The place behind the last token, or behind its opening quote when it is a text that
    /// nobody looked into.
    pub(crate) fn location_unread(&self) -> Location {
        if self.text.get(self.began..).is_some_and(|rest| rest.starts_with('"')) {
            return self.locate(self.began.saturating_add(1));
        }
        self.locate(self.at)
    }

    /// The place behind the token that follows a key.
    pub(crate) fn location_of_value(&self) -> Location {
        let mut ahead = self.clone();
        match ahead.next() {
            Ok(_) => ahead.location_unread(),
            Err(error) => error.location,
        }
    }

    fn locate(&self, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or(before);
        Location { line, column: last.chars().count().saturating_add(1) }
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { message: message.into(), location: self.locate(self.at) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self, c: char) {
        self.at = self.at.saturating_add(c.len_utf8());
    }

    fn skip_space(&mut self) {
        while let Some(c @ (' ' | '\t' | '\n' | '\r')) = self.peek() {
            self.advance(c);
        }
    }

    fn comma(&mut self) {
        self.advance(',');
        self.skip_space();
        self.began = self.at;
    }

    fn wanted_comma(&mut self, found: Option<char>, inside: Open) -> SyntaxError {
        let (kind, entries) = match inside {
            Open::Object => ("Object", "Object entries"),
            Open::Array => ("Array", "Array entries"),
        };
        match found {
            None => self.error(format!("Unexpected end-of-input: expected close marker for {kind}")),
            Some(c @ ('}' | ']')) => {
                let wanted = if inside == Open::Object { '}' } else { ']' };
                self.error(format!("Unexpected close marker '{c}': expected '{wanted}'"))
            }
            Some(c) => self.error(format!("{}: was expecting comma to separate {entries}", unexpected(c))),
        }
    }

    fn open(&mut self, what: Open) -> Result<Token, SyntaxError> {
        if self.open.len() >= NESTING_LEVELS_MAX {
            let depth = self.open.len().saturating_add(1);
            return Err(self.error(format!(
                "Document nesting depth ({depth}) exceeds the maximum allowed ({NESTING_LEVELS_MAX})"
            )));
        }
        self.open.push(what);
        match what {
            Open::Object => {
                self.advance('{');
                self.expect = Expect::FirstKey;
                Ok(Token::ObjectStart)
            }
            Open::Array => {
                self.advance('[');
                self.expect = Expect::FirstElement;
                Ok(Token::ArrayStart)
            }
        }
    }

    fn close(&mut self, what: Open) -> Result<Token, SyntaxError> {
        self.open.pop();
        self.at = self.at.saturating_add(1);
        self.value_done();
        Ok(match what {
            Open::Object => Token::ObjectEnd,
            Open::Array => Token::ArrayEnd,
        })
    }

    fn value_done(&mut self) {
        self.expect = match self.open.last() {
            None => Expect::Nothing,
            Some(Open::Object) => Expect::CommaOrObjectEnd,
            Some(Open::Array) => Expect::CommaOrArrayEnd,
        };
    }

    fn key(&mut self) -> Result<Token, SyntaxError> {
        match self.peek() {
            Some('"') => {
                let key = self.string()?;
                self.skip_space();
                match self.peek() {
                    Some(':') => self.advance(':'),
                    Some(c) => {
                        return Err(self.error(format!(
                            "{}: was expecting a colon to separate field name and value",
                            unexpected(c)
                        )));
                    }
                    None => return Err(self.error("Unexpected end-of-input within/between Object entries")),
                }
                self.expect = Expect::Value;
                Ok(Token::Key(key))
            }
            Some(c) => Err(self.error(format!("{}: was expecting double-quote to start field name", unexpected(c)))),
            None => Err(self.error("Unexpected end-of-input: expected close marker for Object")),
        }
    }

    fn value(&mut self) -> Result<Token, SyntaxError> {
        match self.peek() {
            Some('{') => self.open(Open::Object),
            Some('[') => self.open(Open::Array),
            Some('"') => {
                let text = self.string()?;
                self.value_done();
                Ok(Token::Text(text))
            }
            Some('-' | '0'..='9') => {
                let number = self.number()?;
                self.value_done();
                Ok(Token::Number(number))
            }
            Some(c) if c.is_alphabetic() || c == '_' => self.word(),
            Some(c) => Err(self.error(format!(
                "{}: expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
                unexpected(c)
            ))),
            // Nothing at all is an end, not a mistake: the caller says what it wanted.
            None if self.open.is_empty() => Ok(Token::End),
            None => Err(self.error("Unexpected end-of-input")),
        }
    }

    fn word(&mut self) -> Result<Token, SyntaxError> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or("");
        self.at = self.at.saturating_add(length);
        let token = match word {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            _ => {
                return Err(self.error(format!(
                    "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
                )));
            }
        };
        self.value_done();
        Ok(token)
    }

    fn number(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.advance('-');
        }
        let whole = self.digits();
        if whole.is_empty() {
            return Err(
                self.error("Invalid numeric value: expected digit (0-9) to follow minus sign, for valid numeric value")
            );
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self.error("Invalid numeric value: Leading zeroes not allowed"));
        }
        if self.peek() == Some('.') {
            self.advance('.');
            if self.digits().is_empty() {
                return Err(self.error("Invalid numeric value: Decimal point not followed by a digit"));
            }
        }
        if let Some(e @ ('e' | 'E')) = self.peek() {
            self.advance(e);
            if let Some(sign @ ('+' | '-')) = self.peek() {
                self.advance(sign);
            }
            if self.digits().is_empty() {
                return Err(self.error("Invalid numeric value: Exponent indicator not followed by a digit"));
            }
        }
        let number = self.text.get(start..self.at).unwrap_or("");
        if number.len() > NUMBER_CHARACTERS_MAX {
            return Err(self.error(format!(
                "Number value length ({}) exceeds the maximum allowed ({NUMBER_CHARACTERS_MAX})",
                number.len()
            )));
        }
        Ok(number.to_owned())
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.at = self.at.saturating_add(length);
        rest.get(..length).unwrap_or("")
    }

    /// A string, unescaped. Half a surrogate pair becomes `?`, which is what the bytes of
    /// such a string are where patterns are compared.
    fn string(&mut self) -> Result<String, SyntaxError> {
        self.advance('"');
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or(""));
            self.at = self.at.saturating_add(plain);
            match self.peek() {
                Some('"') => {
                    self.advance('"');
                    return Ok(out);
                }
                Some('\\') => {
                    self.advance('\\');
                    let c = self.escape()?;
                    out.push(c);
                }
                Some(c) => {
                    return Err(self.error(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in string value",
                        u32::from(c)
                    )));
                }
                None => return Err(self.error("Unexpected end-of-input in a String value")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let Some(c) = self.peek() else {
            return Err(self.error("Unexpected end-of-input in character escape sequence"));
        };
        self.advance(c);
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.hex_unit()?;
                if let Some(c) = char::from_u32(high) {
                    return Ok(c);
                }
                let mut ahead = self.clone();
                if high < 0xdc00 && ahead.rest().starts_with("\\u") {
                    ahead.at = ahead.at.saturating_add(2);
                    let low = ahead.hex_unit()?;
                    if let Some(Ok(c)) = u16::try_from(high)
                        .ok()
                        .zip(u16::try_from(low).ok())
                        .and_then(|(high, low)| char::decode_utf16([high, low]).next())
                    {
                        self.at = ahead.at;
                        return Ok(c);
                    }
                }
                '?'
            }
            _ => return Err(self.error(format!("Unrecognized character escape '{c}' (code {})", u32::from(c)))),
        })
    }

    fn hex_unit(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.error("Unexpected character: expected a hex-digit for character escape sequence"));
        };
        self.at = self.at.saturating_add(4);
        Ok(unit)
    }
}

fn unexpected(c: char) -> String {
    format!("Unexpected character ('{c}' (code {}))", u32::from(c))
}

/// JSON without the space between its tokens.
pub(crate) fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if inside || !c.is_ascii_whitespace() {
            out.push(c);
        }
        inside = if inside { escaped || c != '"' } else { c == '"' };
        escaped = inside && !escaped && c == '\\';
    }
    out
}

/// Whether a text is one JSON value and nothing else.
pub(crate) fn is_json(text: &str) -> bool {
    let mut tokens = Tokens::new(text);
    let mut any = false;
    loop {
        match tokens.next() {
            Ok(Token::End) => return any && text.get(tokens.behind()..).is_some_and(|rest| rest.trim().is_empty()),
            Ok(_) => any = true,
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Token>, String> {
        let mut tokens = Tokens::new(text);
        let mut out = Vec::new();
        loop {
            match tokens.next().map_err(|error| error.message)? {
                Token::End => return Ok(out),
                token => out.push(token),
            }
        }
    }

    #[test]
    fn duplicate_keys_and_number_spellings_are_kept() {
        let tokens = all(r#"{"a":1e2,"a":[-0.0,true,null]} and more"#).unwrap();
        assert_eq!(
            tokens,
            [
                Token::ObjectStart,
                Token::Key("a".into()),
                Token::Number("1e2".into()),
                Token::Key("a".into()),
                Token::ArrayStart,
                Token::Number("-0.0".into()),
                Token::True,
                Token::Null,
                Token::ArrayEnd,
                Token::ObjectEnd,
            ]
        );
    }

    #[test]
    fn escapes_and_surrogates() {
        let text = |json: &str| match all(json).unwrap().as_slice() {
            [Token::Text(text)] => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(r#""\u00e9\n\"\\\/""#), "é\n\"\\/");
        assert_eq!(text(r#""\ud83d\ude00""#), "😀");
        assert_eq!(text(r#""\ud83dx""#), "?x");
        assert_eq!(text(r#""\ude00\ud83d""#), "??");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bad in [
            "[1 2]",
            "{\"a\" 1}",
            "{a:1}",
            "[1,]",
            "[01]",
            "[+1]",
            "[.5]",
            "[1.]",
            "[1e]",
            "[-]",
            "nul",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "[",
            "{\"a\":",
            "{]",
            "[}",
            "NaN",
        ] {
            assert!(all(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(all(&deep(NESTING_LEVELS_MAX)).is_ok());
        assert!(all(&deep(NESTING_LEVELS_MAX + 1)).is_err());
    }

    #[test]
    fn a_number_has_a_length() {
        assert!(all(&"1".repeat(NUMBER_CHARACTERS_MAX)).is_ok());
        assert!(all(&"1".repeat(NUMBER_CHARACTERS_MAX + 1)).is_err());
    }
}
