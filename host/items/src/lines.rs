//! Lines of an object, and JSON Lines.

use stepwell_expr::Value;

use crate::bytes::Bytes;
use crate::sources::Step;
use crate::{Error, ITEM_BYTES_MAX};

/// The lines of an object, one at a time.
pub(crate) struct Lines {
    bytes: Bytes,
    line: Vec<u8>,
    /// The number of the line that was read last, from one.
    number: u64,
}

impl Lines {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { bytes, line: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, without white space around it.
    pub(crate) fn next(&mut self) -> Result<Option<&str>, Error> {
        loop {
            self.line.clear();
            if !self.read()? {
                return Ok(None);
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        match std::str::from_utf8(&self.line) {
            Ok(line) => Ok(Some(line.trim_ascii())),
            Err(error) => Err(self.wrong(format!("byte {} of it is not UTF-8", error.valid_up_to()))),
        }
    }

    /// Something is wrong with the line that was read last.
    pub(crate) fn wrong(&self, problem: impl Into<String>) -> Error {
        self.bytes.wrong(format!("line {}", self.number), problem)
    }

    /// Reads a line into `self.line`; false when there is none.
    fn read(&mut self) -> Result<bool, Error> {
        self.number += 1;
        let mut any = false;
        loop {
            let part = self.bytes.fill()?;
            if part.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = part.iter().position(|byte| *byte == b'\n');
            let text = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
            if self.line.len() + text.len() > ITEM_BYTES_MAX {
                return Err(self.wrong(format!("it is longer than {ITEM_BYTES_MAX} bytes")));
            }
            self.line.extend_from_slice(text);
            let used = text.len() + usize::from(end.is_some());
            self.bytes.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.line.capacity()
    }
}

/// A JSON value on each line; blank lines are passed over.
pub(crate) struct JsonLines(pub Lines);

impl JsonLines {
    pub(crate) fn next(&mut self, make: bool) -> Result<Step, Error> {
        let parsed = match self.0.next()? {
            None => return Ok(Step::End),
            Some(_) if !make => return Ok(Step::Passed),
            Some(line) => Value::parse(line),
        };
        match parsed {
            Ok(value) => Ok(Step::Item { key: None, value }),
            Err(error) => Err(self.0.wrong(format!("it is not a JSON value: {error} of it"))),
        }
    }
}
