//! The elements of a JSON array, or the members of an object, one at a time.
//!
//! Only the one that is next is held; where it ends is found by counting brackets outside of
//! strings. What lies before the array is passed over. Nothing recurses: each element is then
//! parsed by itself, which limits how deep it nests.

use std::sync::Arc;

use stepwell_expr::Value;

use crate::bytes::Bytes;
use crate::sources::Step;
use crate::{Error, ITEM_BYTES_MAX};

pub(crate) struct Json {
    bytes: Bytes,
    pointer: Arc<[String]>,
    at: At,
    /// The number of the next item.
    index: u64,
    text: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Nothing was read.
    Start,
    /// Behind the opening bracket.
    First(Container),
    /// Behind an item.
    Behind(Container),
    End,
}

#[derive(Clone, Copy, PartialEq)]
enum Container {
    Array,
    Object,
}

impl Container {
    fn close(self) -> u8 {
        match self {
            Self::Array => b']',
            Self::Object => b'}',
        }
    }
}

impl Json {
    pub(crate) fn new(bytes: Bytes, pointer: Arc<[String]>) -> Self {
        Self { bytes, pointer, at: At::Start, index: 0, text: Vec::new() }
    }

    pub(crate) fn next(&mut self, make: bool) -> Result<Step, Error> {
        if self.at == At::Start {
            self.at = At::First(self.find()?);
        }
        let container = match self.at {
            At::First(container) => {
                if self.take_if(container.close())? {
                    return self.end();
                }
                container
            }
            At::Behind(container) => match self.token()? {
                Some(b',') => container,
                Some(byte) if byte == container.close() => return self.end(),
                _ => return Err(self.expected("a comma or the end of the items")),
            },
            At::Start | At::End => return Ok(Step::End),
        };
        let step = self.item(container, make)?;
        self.at = At::Behind(container);
        self.index += 1;
        Ok(step)
    }

    fn item(&mut self, container: Container, make: bool) -> Result<Step, Error> {
        let key = match container {
            Container::Array => None,
            Container::Object => Some(self.name()?.into()),
        };
        if !make {
            self.value(Keep::No)?;
            return Ok(Step::Passed);
        }
        self.value(Keep::Yes)?;
        match std::str::from_utf8(&self.text).map(Value::parse) {
            Ok(Ok(value)) => Ok(Step::Item { key, value }),
            Ok(Err(error)) => Err(self.wrong_item(format!("it is not a JSON value: {error} of it"))),
            Err(error) => Err(self.wrong_item(format!("byte {} of it is not UTF-8", error.valid_up_to()))),
        }
    }

    /// Behind the closing bracket. What comes behind an array within the file is not looked at.
    fn end(&mut self) -> Result<Step, Error> {
        self.at = At::End;
        if self.pointer.is_empty() && self.token()?.is_some() {
            return Err(self.expected("nothing behind the end of the items"));
        }
        Ok(Step::End)
    }

    /// Goes to what `ItemsPointer` names, and behind its opening bracket.
    fn find(&mut self) -> Result<Container, Error> {
        let pointer = Arc::clone(&self.pointer);
        for name in pointer.iter() {
            let found = match self.token()? {
                Some(b'{') => self.find_member(name)?,
                Some(b'[') => self.find_element(name)?,
                Some(_) => false,
                None => return Err(self.expected("a JSON value")),
            };
            if !found {
                return Err(Error::PointerMissing);
            }
        }
        match self.token()? {
            Some(b'[') => Ok(Container::Array),
            Some(b'{') => Ok(Container::Object),
            Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Err(Error::NotIterable),
            _ => Err(self.expected("an array or an object")),
        }
    }

    /// Behind the bracket of an object, goes to the value of a member.
    fn find_member(&mut self, name: &str) -> Result<bool, Error> {
        if self.take_if(b'}')? {
            return Ok(false);
        }
        loop {
            if self.name()? == name {
                return Ok(true);
            }
            self.value(Keep::No)?;
            match self.token()? {
                Some(b',') => {}
                Some(b'}') => return Ok(false),
                _ => return Err(self.expected("a comma or the end of an object")),
            }
        }
    }

    /// Behind the bracket of an array, goes to the element of a number.
    fn find_element(&mut self, name: &str) -> Result<bool, Error> {
        let plain = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        let Some(number) = name.parse::<u64>().ok().filter(|_| plain) else { return Ok(false) };
        if self.take_if(b']')? {
            return Ok(false);
        }
        for _ in 0..number {
            self.value(Keep::No)?;
            match self.token()? {
                Some(b',') => {}
                Some(b']') => return Ok(false),
                _ => return Err(self.expected("a comma or the end of an array")),
            }
        }
        Ok(true)
    }

    /// The name of a member, and the colon behind it.
    fn name(&mut self) -> Result<String, Error> {
        self.skip_space()?;
        if self.bytes.peek()? != Some(b'"') {
            return Err(self.expected("the name of a member, in quotation marks"));
        }
        self.value(Keep::Yes)?;
        let name = std::str::from_utf8(&self.text).ok().and_then(|text| Value::parse(text).ok());
        let Some(Value::String(name)) = name else { return Err(self.expected("a name that is a JSON string")) };
        if self.token()? != Some(b':') {
            return Err(self.expected("a colon"));
        }
        Ok((*name).to_owned())
    }

    /// Reads a value, into `self.text` if it is to be kept.
    fn value(&mut self, keep: Keep) -> Result<(), Error> {
        self.skip_space()?;
        self.text.clear();
        let mut scan = Scan::default();
        loop {
            let part = self.bytes.fill()?;
            if part.is_empty() {
                return if scan.may_end() { Ok(()) } else { Err(self.expected("the rest of a value")) };
            }
            let (used, complete) = scan.run(part);
            if keep == Keep::Yes {
                if self.text.len() + used > ITEM_BYTES_MAX {
                    return Err(self.wrong_item(format!("it is longer than {ITEM_BYTES_MAX} bytes")));
                }
                self.text.extend_from_slice(part.get(..used).unwrap_or_default());
            }
            self.bytes.consume(used);
            if complete {
                return if scan.shape == Shape::None { Err(self.expected("a value")) } else { Ok(()) };
            }
        }
    }

    /// The next byte that is no white space.
    fn token(&mut self) -> Result<Option<u8>, Error> {
        self.skip_space()?;
        let byte = self.bytes.peek()?;
        self.bytes.consume(1);
        Ok(byte)
    }

    fn take_if(&mut self, byte: u8) -> Result<bool, Error> {
        self.skip_space()?;
        let found = self.bytes.peek()? == Some(byte);
        if found {
            self.bytes.consume(1);
        }
        Ok(found)
    }

    fn skip_space(&mut self) -> Result<(), Error> {
        loop {
            let part = self.bytes.fill()?;
            let space = part.iter().take_while(|byte| is_space(**byte)).count();
            let all = space == part.len();
            let end = part.is_empty();
            self.bytes.consume(space);
            if end || !all {
                return Ok(());
            }
        }
    }

    fn expected(&self, what: &str) -> Error {
        let place = format!("byte {}", self.bytes.position());
        self.bytes.wrong(place, format!("it is not valid JSON: expected {what}"))
    }

    fn wrong_item(&self, problem: String) -> Error {
        self.bytes.wrong(format!("item {}", self.index), problem)
    }

    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.text.capacity()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Yes,
    No,
}

/// Finds where a value ends.
#[derive(Default)]
struct Scan {
    shape: Shape,
    /// Brackets that are open.
    depth: u64,
    in_string: bool,
    escaped: bool,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Shape {
    /// Nothing came yet.
    #[default]
    None,
    /// A number or a word: it ends before what can be no part of it.
    Bare,
    /// A string, an array or an object: it ends with its last byte.
    Closed,
}

impl Scan {
    /// How many bytes belong to the value, and whether it ends there.
    fn run(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                } else if *byte == b'\\' {
                    self.escaped = true;
                } else if *byte == b'"' {
                    self.in_string = false;
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                continue;
            }
            if self.depth == 0 && (ends_bare(*byte) || (self.shape == Shape::Bare && begins_closed(*byte))) {
                return (at, true);
            }
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                _ => {}
            }
            if self.shape == Shape::None {
                self.shape = if begins_closed(*byte) { Shape::Closed } else { Shape::Bare };
            }
        }
        (bytes.len(), false)
    }

    /// Whether the value may be at its end without a sign of it.
    fn may_end(&self) -> bool {
        self.shape == Shape::Bare
    }
}

fn begins_closed(byte: u8) -> bool {
    matches!(byte, b'"' | b'[' | b'{')
}

fn ends_bare(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b',' | b':' | b']' | b'}')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
