//! Rows of a text file with delimiters, as AWS reads them.
//!
//! A field may stand in quotation marks; then it may have delimiters and line ends. A quotation
//! mark is written twice, also in a field that stands in none. A backslash makes a backslash, a quotation mark or a
//! delimiter plain, in quotes and outside; before anything else it is dropped. A row that is
//! shorter than the header is filled up with empty texts; fields beyond the header are left out.
//! Blank lines are no rows.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use crate::bytes::Bytes;
use crate::dataset::{CSV_HEADER_BYTES_MAX, CsvFormat, Headers, headers};
use crate::sources::Step;
use crate::{Error, ITEM_BYTES_MAX};

pub(crate) struct Csv {
    bytes: Bytes,
    delimiter: u8,
    headers: Option<Headers>,
    row: Row,
    /// The line that the next byte is on, and the line that the row began on; from one.
    line: u64,
    row_line: u64,
    /// A carriage return was the last byte: a line feed belongs to it.
    after_return: bool,
}

/// The fields of one row: their bytes one after the other, and where each ends.
#[derive(Default)]
struct Row {
    text: Vec<u8>,
    ends: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    RowStart,
    FieldStart,
    Plain,
    /// Behind a quotation mark in a field that stands in none: the first of two, or one alone.
    QuoteInPlain,
    Quoted,
    /// Behind a quotation mark in a quoted field: its end, or the first of two.
    QuoteInQuoted,
    /// Behind a backslash.
    EscapedPlain,
    EscapedQuoted,
    RowEnd,
}

impl Csv {
    pub(crate) fn new(bytes: Bytes, format: &CsvFormat) -> Self {
        Self {
            bytes,
            delimiter: format.delimiter,
            headers: format.headers.clone(),
            row: Row::default(),
            line: 1,
            row_line: 1,
            after_return: false,
        }
    }

    pub(crate) fn next(&mut self, make: bool) -> Result<Step, Error> {
        let headers = match &self.headers {
            Some(headers) => Arc::clone(headers),
            None => self.read_headers()?,
        };
        if !self.read_row(ITEM_BYTES_MAX)? {
            return Ok(Step::End);
        }
        if !make {
            return Ok(Step::Passed);
        }
        let mut map = Map::with_capacity(headers.len());
        for (column, header) in headers.iter().enumerate() {
            let field = self.field(column)?.unwrap_or_default();
            map.insert(Arc::clone(header), Value::from(field));
        }
        Ok(Step::Item { key: None, value: Value::Object(Arc::new(map)) })
    }

    fn read_headers(&mut self) -> Result<Headers, Error> {
        if !self.read_row(CSV_HEADER_BYTES_MAX)? {
            return Err(self.bytes.wrong(
                "line 1",
                "it has no header; with the CSVHeaderLocation FIRST_ROW the first row must name the columns",
            ));
        }
        let mut names: Vec<Arc<str>> = Vec::new();
        while let Some(name) = self.field(names.len())? {
            names.push(name.into());
        }
        let found = headers(names)?;
        self.headers = Some(Arc::clone(&found));
        Ok(found)
    }

    fn field(&self, column: usize) -> Result<Option<&str>, Error> {
        let Some(end) = self.row.ends.get(column) else { return Ok(None) };
        let from = column.checked_sub(1).and_then(|before| self.row.ends.get(before)).copied().unwrap_or(0);
        let field = std::str::from_utf8(self.row.text.get(from..*end).unwrap_or_default());
        field.map(Some).map_err(|_| self.wrong(format!("the text of column {} is not UTF-8", column + 1)))
    }

    /// Something is wrong with the row that was read last.
    fn wrong(&self, problem: impl Into<String>) -> Error {
        self.bytes.wrong(format!("the row on line {}", self.row_line), problem)
    }

    /// Reads a row; false when there is none.
    fn read_row(&mut self, bytes_max: usize) -> Result<bool, Error> {
        self.row.text.clear();
        self.row.ends.clear();
        let mut at = At::RowStart;
        while at != At::RowEnd {
            let part = self.bytes.fill()?;
            if part.is_empty() {
                return self.end(at);
            }
            let mut used = 0;
            for byte in part {
                used += 1;
                let line_feed_of_return = *byte == b'\n' && self.after_return;
                self.after_return = *byte == b'\r';
                if line_feed_of_return {
                    // A line feed in quotes is a part of the text, also behind a carriage return.
                    if at == At::Quoted {
                        self.row.text.push(b'\n');
                    }
                    continue;
                }
                if at == At::RowStart {
                    self.row_line = self.line;
                }
                if matches!(byte, b'\n' | b'\r') {
                    self.line += 1;
                }
                at = self.row.take(at, *byte, self.delimiter);
                if at == At::RowEnd || self.row.text.len() + self.row.ends.len() > bytes_max + 1 {
                    break;
                }
            }
            self.bytes.consume(used);
            if self.row.text.len() + self.row.ends.len() > bytes_max + 1 {
                return Err(self.wrong(format!(
                    "it is longer than {bytes_max} bytes; a quotation mark that is not closed makes many rows one"
                )));
            }
        }
        Ok(true)
    }

    /// The object has ended within a row, or between two.
    fn end(&mut self, at: At) -> Result<bool, Error> {
        match at {
            At::RowStart => Ok(false),
            At::Quoted | At::EscapedQuoted => {
                Err(self.wrong("the object ends in a quoted field; a quotation mark is not closed"))
            }
            At::FieldStart | At::Plain | At::QuoteInPlain | At::QuoteInQuoted | At::EscapedPlain => {
                if at == At::QuoteInPlain {
                    self.row.text.push(b'"');
                }
                self.row.end_field();
                Ok(true)
            }
            At::RowEnd => Ok(true),
        }
    }

    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.row.text.capacity() + self.row.ends.capacity() * size_of::<usize>()
    }
}

impl Row {
    fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }

    fn take(&mut self, at: At, byte: u8, delimiter: u8) -> At {
        let newline = matches!(byte, b'\n' | b'\r');
        match at {
            At::RowStart if newline => At::RowStart,
            At::RowStart | At::FieldStart if byte == b'"' => At::Quoted,
            At::Plain if byte == b'"' => At::QuoteInPlain,
            At::QuoteInPlain if byte == b'"' => self.keep(byte, At::Plain),
            At::QuoteInPlain => {
                self.text.push(b'"');
                self.take_plain(byte, delimiter)
            }
            At::RowStart | At::FieldStart | At::Plain => self.take_plain(byte, delimiter),
            At::Quoted => match byte {
                b'"' => At::QuoteInQuoted,
                b'\\' => At::EscapedQuoted,
                _ => self.keep(byte, At::Quoted),
            },
            At::QuoteInQuoted if byte == b'"' => self.keep(byte, At::Quoted),
            At::QuoteInQuoted => self.take_plain(byte, delimiter),
            At::EscapedPlain if newline => self.take_plain(byte, delimiter),
            At::EscapedPlain => self.keep(byte, At::Plain),
            At::EscapedQuoted => self.keep(byte, At::Quoted),
            At::RowEnd => At::RowEnd,
        }
    }

    fn take_plain(&mut self, byte: u8, delimiter: u8) -> At {
        match byte {
            b'\n' | b'\r' => {
                self.end_field();
                At::RowEnd
            }
            b'\\' => At::EscapedPlain,
            _ if byte == delimiter => {
                self.end_field();
                At::FieldStart
            }
            _ => self.keep(byte, At::Plain),
        }
    }

    fn keep(&mut self, byte: u8, then: At) -> At {
        self.text.push(byte);
        then
    }
}
