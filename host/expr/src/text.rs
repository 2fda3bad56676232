//! JSON text of bounded length.
//!
//! Values share their parts, so a small value can stand for a very long text. Whoever writes one
//! says how long it may become.

use std::io::{self, Write};

use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::value::{Number, Value};

/// A value cannot be written as text within the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("the text is longer than {bytes_max} bytes")]
    TooLong { bytes_max: usize },
    /// The text could be written, but nobody would read it again.
    #[error("objects and arrays nest more than {DOCUMENT_DEPTH_MAX} deep")]
    TooDeep,
}

/// How many bytes the compact JSON text of `value` has, without building it; it stops counting
/// as soon as there are more than `bytes_max`. A value that passes can be read again with
/// [`Value::parse`].
///
/// Every value an expression makes has to pass before it is kept: a workflow that wraps its data
/// once per state would otherwise make values that overflow the stack when they are dropped.
pub fn json_bytes_within(value: &Value, bytes_max: usize) -> Result<usize, TextError> {
    let mut room = Room { bytes_left: bytes_max, bytes_max };
    room.take_value(value, DOCUMENT_DEPTH_MAX)?;
    Ok(bytes_max - room.bytes_left)
}

/// What is left of the bytes a text may have. It is counted and not written, because the engine
/// asks for the length of every state's output.
struct Room {
    bytes_left: usize,
    bytes_max: usize,
}

impl Room {
    fn take(&mut self, bytes: usize) -> Result<(), TextError> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or(TextError::TooLong { bytes_max: self.bytes_max })?;
        Ok(())
    }

    /// Every value takes a byte at least, so that the bound on bytes bounds the work, too.
    fn take_value(&mut self, value: &Value, depth_left: usize) -> Result<(), TextError> {
        match value {
            Value::Null => self.take("null".len()),
            Value::Bool(b) => self.take(if *b { "true".len() } else { "false".len() }),
            Value::Number(Number::Int(n)) => {
                let digits = n.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
                self.take(digits + usize::from(*n < 0))
            }
            Value::Number(Number::Float(_)) => self.take(value.to_string().len()),
            Value::String(text) => self.take_text(text),
            Value::Array(items) => {
                let depth_left = depth_left.checked_sub(1).ok_or(TextError::TooDeep)?;
                self.take(2 + items.len().saturating_sub(1))?;
                items.iter().try_for_each(|item| self.take_value(item, depth_left))
            }
            Value::Object(map) => {
                let depth_left = depth_left.checked_sub(1).ok_or(TextError::TooDeep)?;
                self.take(2 + map.len().saturating_sub(1))?;
                map.iter().try_for_each(|(key, member)| {
                    self.take_text(key)?;
                    self.take(1)?;
                    self.take_value(member, depth_left)
                })
            }
        }
    }

    /// A string with its quotes and escapes.
    fn take_text(&mut self, text: &str) -> Result<(), TextError> {
        let escapes = |byte: u8| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 1,
            0x00..=0x1F => "u0000".len(),
            _ => 0,
        };
        self.take(2 + text.len())?;
        // Most texts have nothing to escape, and seeing that is much faster than adding zeros.
        if text.bytes().filter(|byte| matches!(byte, 0x00..=0x1F | b'"' | b'\\')).count() == 0 {
            return Ok(());
        }
        self.take(text.bytes().map(escapes).sum())
    }
}

/// The compact JSON text of `value`, if it has at most `bytes_max` bytes.
pub(crate) fn json_within(value: &Value, bytes_max: usize) -> Result<String, TextError> {
    let mut bounded = Bounded { bytes: Vec::new(), bytes_max };
    serde_json::to_writer(&mut bounded, value).map_err(|_| TextError::TooLong { bytes_max })?;
    String::from_utf8(bounded.bytes).map_err(|_| TextError::TooLong { bytes_max })
}

/// The compact JSON text of `value`, cut off after `bytes_max` bytes.
pub(crate) fn json_start(value: &Value, bytes_max: usize) -> String {
    let mut bounded = Bounded { bytes: Vec::new(), bytes_max };
    // An error means that the bound was reached: what was written until then is the answer.
    let complete = serde_json::to_writer(&mut bounded, value).is_ok();
    let mut text = String::from_utf8_lossy(&bounded.bytes).into_owned();
    if !complete {
        // The cut may have left a part of a character.
        text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
        text.push('…');
    }
    text
}

/// Appends `value` as Java writes it: strings bare, objects and arrays like Java's maps and lists,
/// `{a=1, b=[x, y]}`. AWS does so where a value becomes a part of a text. `text` never holds more
/// than `bytes_max` bytes.
pub(crate) fn push_java(text: &mut String, value: &Value, bytes_max: usize) -> Result<(), TextError> {
    match value {
        Value::String(content) => push_within(text, content, bytes_max),
        Value::Null | Value::Bool(_) | Value::Number(_) => push_within(text, &value.to_string(), bytes_max),
        Value::Array(items) => {
            push_within(text, "[", bytes_max)?;
            for (at, item) in items.iter().enumerate() {
                push_within(text, if at == 0 { "" } else { ", " }, bytes_max)?;
                push_java(text, item, bytes_max)?;
            }
            push_within(text, "]", bytes_max)
        }
        Value::Object(map) => {
            push_within(text, "{", bytes_max)?;
            for (at, (key, member)) in map.iter().enumerate() {
                push_within(text, if at == 0 { "" } else { ", " }, bytes_max)?;
                push_within(text, key, bytes_max)?;
                push_within(text, "=", bytes_max)?;
                push_java(text, member, bytes_max)?;
            }
            push_within(text, "}", bytes_max)
        }
    }
}

/// The text of [`push_java`], cut off where it would become longer than `bytes_max` bytes.
pub(crate) fn java_start(value: &Value, bytes_max: usize) -> String {
    let mut text = String::new();
    if push_java(&mut text, value, bytes_max).is_err() {
        text.push('…');
    }
    text
}

/// Appends a part if the text then still has at most `bytes_max` bytes.
pub(crate) fn push_within(text: &mut String, part: &str, bytes_max: usize) -> Result<(), TextError> {
    if text.len().saturating_add(part.len()) > bytes_max {
        return Err(TextError::TooLong { bytes_max });
    }
    text.push_str(part);
    Ok(())
}

struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        let room = self.bytes_max - self.bytes.len();
        if let Some(fits) = chunk.get(..room).filter(|_| chunk.len() > room) {
            self.bytes.extend_from_slice(fits);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_exact() {
        let value = Value::parse(r#"{"a":["é",1]}"#).unwrap();
        let len = value.to_string().len();
        assert_eq!(json_bytes_within(&value, len), Ok(len));
        assert_eq!(json_bytes_within(&value, len - 1), Err(TextError::TooLong { bytes_max: len - 1 }));
        assert_eq!(json_within(&value, len), Ok(value.to_string()));
        assert!(json_within(&value, len - 1).is_err());
        assert_eq!(json_start(&value, len), value.to_string());
        assert_eq!(json_start(&value, 6), r#"{"a":[…"#);
    }

    #[test]
    fn every_kind_of_value_is_counted_as_it_is_written() {
        let controls: String = (0..0x80_u8).map(char::from).collect();
        for value in [
            Value::parse(r#"[0,-1,9,10,-99,100,9223372036854775807,-9223372036854775808]"#).unwrap(),
            Value::parse(r#"[1.5,-0.0,1e300,18446744073709551615,0.1]"#).unwrap(),
            Value::parse(r#"[null,true,false,[],{},[[]],{"":{}}]"#).unwrap(),
            Value::from(f64::MIN_POSITIVE),
            Value::from("é😀\u{2028}"),
            Value::object([(controls.clone(), Value::from(controls))]),
        ] {
            assert_eq!(json_bytes_within(&value, 10_000), Ok(value.to_string().len()), "{value}");
        }
    }

    #[test]
    fn javas_text_is_bounded() {
        let value = Value::parse(r#"{"a":["é",null,{}],"b":1.5}"#).unwrap();
        assert_eq!(java_start(&value, 100), "{a=[é, null, {}], b=1.5}");
        assert_eq!(java_start(&value, 8), "{a=[é, …");
    }

    #[test]
    fn a_value_that_shares_its_parts_is_not_written_out() {
        let mut value = Value::from("x");
        for _ in 0..60 {
            value = Value::array([value.clone(), value]);
        }
        assert!(json_bytes_within(&value, 262_144).is_err());
        assert!(json_start(&value, 100).len() < 110);
    }

    #[test]
    fn what_passes_can_be_read_again() {
        let nested = |depth| (0..depth).fold(Value::Null, |value, _| Value::array([value]));
        let deepest = nested(DOCUMENT_DEPTH_MAX);
        assert!(json_bytes_within(&deepest, 1_000).is_ok());
        assert_eq!(Value::parse(&deepest.to_string()).unwrap(), deepest);
        let deeper = nested(DOCUMENT_DEPTH_MAX + 1);
        assert_eq!(json_bytes_within(&deeper, 1_000), Err(TextError::TooDeep));
        assert!(Value::parse(&deeper.to_string()).is_err());
    }
}
