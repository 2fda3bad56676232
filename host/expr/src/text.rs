//! JSON text of bounded length.
//!
//! Values share their parts, so a small value can stand for a very long text. Whoever writes one
//! says how long it may become.

use std::io::{self, Write};

use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::value::Value;

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
    let mut values_left = bytes_max;
    check(value, DOCUMENT_DEPTH_MAX, bytes_max, &mut values_left)?;
    let mut counted = Counted { bytes: 0, bytes_max };
    serde_json::to_writer(&mut counted, value).map_err(|_| TextError::TooLong { bytes_max })?;
    Ok(counted.bytes)
}

/// Looks at the depth first. Each value takes a byte at least, so that the bound on bytes bounds
/// the values to look at, too.
fn check(value: &Value, depth_left: usize, bytes_max: usize, values_left: &mut usize) -> Result<(), TextError> {
    *values_left = values_left.checked_sub(1).ok_or(TextError::TooLong { bytes_max })?;
    let mut below = |value| check(value, depth_left.saturating_sub(1), bytes_max, values_left);
    match value {
        Value::Array(_) | Value::Object(_) if depth_left == 0 => Err(TextError::TooDeep),
        Value::Array(items) => items.iter().try_for_each(&mut below),
        Value::Object(map) => map.values().try_for_each(&mut below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
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

struct Counted {
    bytes: usize,
    bytes_max: usize,
}

impl Write for Counted {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > self.bytes_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(chunk.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
