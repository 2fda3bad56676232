//! JSON text of bounded length.
//!
//! Values share their parts, so a small value can stand for a very long text. Whoever writes one
//! says how long it may become.

use std::io::{self, Write};

use crate::value::Value;

/// The JSON text of a value is longer than the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the JSON text is longer than {bytes_max} bytes")]
pub struct TooLarge {
    pub bytes_max: usize,
}

/// How many bytes the compact JSON text of `value` has, without building it; it stops counting
/// as soon as there are more than `bytes_max`.
pub fn json_bytes_within(value: &Value, bytes_max: usize) -> Result<usize, TooLarge> {
    let mut counted = Counted { bytes: 0, bytes_max };
    serde_json::to_writer(&mut counted, value).map_err(|_| TooLarge { bytes_max })?;
    Ok(counted.bytes)
}

/// The compact JSON text of `value`, if it has at most `bytes_max` bytes.
pub(crate) fn json_within(value: &Value, bytes_max: usize) -> Result<String, TooLarge> {
    let mut bounded = Bounded { bytes: Vec::new(), bytes_max };
    serde_json::to_writer(&mut bounded, value).map_err(|_| TooLarge { bytes_max })?;
    String::from_utf8(bounded.bytes).map_err(|_| TooLarge { bytes_max })
}

/// The compact JSON text of `value`, cut off after `bytes_max` bytes.
pub(crate) fn json_start(value: &Value, bytes_max: usize) -> String {
    let mut bounded = Bounded { bytes: Vec::new(), bytes_max };
    // An error means that the bound was reached: what was written until then is the answer.
    let complete = serde_json::to_writer(&mut bounded, value).is_ok();
    let mut text = String::from_utf8_lossy(&bounded.bytes).into_owned();
    if !complete {
        text.push('…');
    }
    text
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
            // A character may be cut in two here; `json_start` drops the half.
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
        assert_eq!(json_bytes_within(&value, len - 1), Err(TooLarge { bytes_max: len - 1 }));
        assert_eq!(json_within(&value, len), Ok(value.to_string()));
        assert!(json_within(&value, len - 1).is_err());
        assert_eq!(json_start(&value, len), value.to_string());
        assert_eq!(json_start(&value, 6), r#"{"a":[…"#);
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
}
