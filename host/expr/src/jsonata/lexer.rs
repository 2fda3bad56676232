//! Text into tokens.

use std::sync::Arc;

use super::error::Fault;

/// One token and where it begins, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    End,
    /// An operator or a delimiter, `and`, `or` and `in` among them.
    Operator(&'static str),
    Name(Arc<str>),
    /// A variable's name without its `$`.
    Variable(Arc<str>),
    Text(Arc<str>),
    Number(f64),
    True,
    False,
    Null,
    /// A pattern between slashes and its flags (`i`, `m`).
    Regex(Arc<str>, Arc<str>),
}

impl TokenKind {
    /// How the token is called in a message.
    pub(super) fn text(&self) -> String {
        match self {
            Self::End => "(end)".to_owned(),
            Self::Operator(operator) => (*operator).to_owned(),
            Self::Name(name) | Self::Variable(name) | Self::Text(name) => name.to_string(),
            Self::Number(number) => super::numbers::to_text(*number),
            Self::True => "true".to_owned(),
            Self::False => "false".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Regex(pattern, flags) => format!("/{pattern}/{flags}"),
        }
    }
}

const OPERATORS_DOUBLE: [&str; 9] = ["..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"];
const OPERATORS_SINGLE: [&str; 26] = [
    ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^",
    "&", "!", "~",
];

/// Reads one token after the other.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    source: &'a str,
    at: usize,
    /// `?:` and `??` are operators; they came after the version AWS documents.
    defaults: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str, defaults: bool) -> Self {
        Self { source, at: 0, defaults }
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The next token. After a complete operand (`infix`) a slash divides; elsewhere it opens a
    /// regular expression.
    pub(super) fn next(&mut self, infix: bool) -> Result<Token, Fault> {
        self.skip_blanks()?;
        let offset = self.at;
        let kind = self.token(infix).map_err(|fault| fault.or_at(offset))?;
        Ok(Token { kind, offset })
    }

    fn skip_blanks(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("/*") {
                return Ok(());
            }
            let Some(end) = trimmed.get(2..).and_then(|text| text.find("*/")) else {
                return Err(Fault::new("S0106").at(self.at));
            };
            self.at += end + 4;
        }
    }

    fn token(&mut self, infix: bool) -> Result<TokenKind, Fault> {
        let Some(first) = self.peek() else { return Ok(TokenKind::End) };
        if first == '/' && !infix {
            return self.regex();
        }
        if let Some(operator) = self.operator() {
            self.at += operator.len();
            if matches!(operator, "!" | "~") {
                return Err(Fault::new("S0204").token(operator));
            }
            return Ok(TokenKind::Operator(operator));
        }
        match first {
            '"' | '\'' => self.text(first),
            '0'..='9' => self.number(),
            '`' => {
                let body = self.rest().get(1..).unwrap_or("");
                let Some(end) = body.find('`') else { return Err(Fault::new("S0105")) };
                self.at += end + 2;
                Ok(TokenKind::Name(body.get(..end).unwrap_or("").into()))
            }
            _ => Ok(self.name()),
        }
    }

    fn operator(&self) -> Option<&'static str> {
        let rest = self.rest();
        let double = OPERATORS_DOUBLE.iter().find(|operator| {
            rest.starts_with(**operator) && (self.defaults || (**operator != "?:" && **operator != "??"))
        });
        let single = || OPERATORS_SINGLE.iter().find(|operator| rest.starts_with(**operator));
        double.or_else(single).copied()
    }

    fn name(&mut self) -> TokenKind {
        let rest = self.rest();
        let stops = |c: char| {
            matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}')
                || OPERATORS_SINGLE.iter().any(|operator| operator.starts_with(c))
        };
        let end = rest.find(stops).unwrap_or(rest.len());
        self.at += end;
        let name = rest.get(..end).unwrap_or("");
        if let Some(variable) = name.strip_prefix('$') {
            return TokenKind::Variable(variable.into());
        }
        match name {
            "and" => TokenKind::Operator("and"),
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "true" => TokenKind::True,
            "false" => TokenKind::False,
            "null" => TokenKind::Null,
            _ => TokenKind::Name(name.into()),
        }
    }

    fn number(&mut self) -> Result<TokenKind, Fault> {
        let bytes = self.rest().as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let digits = |mut at: usize| {
            while byte(at).is_ascii_digit() {
                at += 1;
            }
            at
        };
        let mut end = if byte(0) == b'0' { 1 } else { digits(0) };
        if byte(end) == b'.' && byte(end + 1).is_ascii_digit() {
            end = digits(end + 1);
        }
        if matches!(byte(end), b'e' | b'E') {
            let sign = usize::from(matches!(byte(end + 1), b'+' | b'-'));
            if byte(end + 1 + sign).is_ascii_digit() {
                end = digits(end + 1 + sign);
            }
        }
        let text = self.rest().get(..end).unwrap_or("");
        let number: f64 = text.parse().unwrap_or(f64::INFINITY);
        if !number.is_finite() {
            return Err(Fault::new("S0102").token(text));
        }
        self.at += end;
        Ok(TokenKind::Number(number))
    }

    fn text(&mut self, quote: char) -> Result<TokenKind, Fault> {
        let mut text = String::new();
        let body = self.rest().get(1..).unwrap_or("");
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + 2;
                return Ok(TokenKind::Text(text.into()));
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let Some((_, escaped)) = chars.next() else { break };
            let plain = match escaped {
                '"' | '\\' | '/' => escaped,
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let after = chars.as_str();
                    let (unescaped, used) = unicode_escape(after).ok_or_else(|| Fault::new("S0104"))?;
                    chars.by_ref().take(used).for_each(drop);
                    unescaped
                }
                other => return Err(Fault::new("S0103").token(other.to_string())),
            };
            text.push(plain);
        }
        Err(Fault::new("S0101"))
    }

    fn regex(&mut self) -> Result<TokenKind, Fault> {
        let body = self.rest().get(1..).unwrap_or("");
        let mut depth = 0_i64;
        let mut escaped = false;
        for (at, c) in body.char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match c {
                '\\' => escaped = true,
                '/' if depth == 0 => {
                    if at == 0 {
                        return Err(Fault::new("S0301"));
                    }
                    let after = body.get(at + 1..).unwrap_or("");
                    let flags = after.len() - after.trim_start_matches(['i', 'm']).len();
                    self.at += at + 2 + flags;
                    let pattern = body.get(..at).unwrap_or("");
                    return Ok(TokenKind::Regex(pattern.into(), after.get(..flags).unwrap_or("").into()));
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        Err(Fault::new("S0302"))
    }
}

/// The character that follows `\u`, and how many characters its digits take. Two halves of a
/// surrogate pair make one character; a half alone becomes U+FFFD.
fn unicode_escape(after: &str) -> Option<(char, usize)> {
    let high = hex(after)?;
    if !(0xD800..0xE000).contains(&high) {
        return Some((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 4));
    }
    let low = after.get(4..).and_then(|rest| rest.strip_prefix("\\u")).and_then(hex);
    match low {
        Some(low) if high < 0xDC00 && (0xDC00..0xE000).contains(&low) => {
            let scalar = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            Some((char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER), 10))
        }
        _ => Some((char::REPLACEMENT_CHARACTER, 4)),
    }
}

fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    if digits.bytes().all(|b| b.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}
