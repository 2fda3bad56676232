//! Takes from an event's text the values that rules ask about, and skips the rest.

use crate::chunks::NONE;
use crate::event::Element;
use crate::json::{NESTING_LEVELS_MAX, Token, Tokens};
use crate::masks::Masks;
use crate::set::fields::{Fields, Node, ROOT};
use crate::set::flat::{Flat, Found};

/// What is used again for the next event.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    masks: Masks,
    levels: Vec<Level>,
}

/// An object or array that is being read. What no rule asks about has none.
#[derive(Debug, Clone, Copy)]
enum Level {
    Object {
        /// Where its keys belong.
        node: u32,
    },
    Array {
        /// Where its values belong.
        node: u32,
        number: usize,
        next: usize,
        /// The element that the array lies in.
        outer: u32,
    },
}

/// The text is not an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoEvent;

impl Scanner {
    /// Reads the text of an event. Of what no rule asks about only quotes and brackets are
    /// looked at.
    pub(crate) fn read(&mut self, text: &str, fields: &Fields, flat: &mut Flat) -> Result<(), NoEvent> {
        flat.begin(fields);
        self.masks.read(text.as_bytes());
        self.levels.clear();
        let reading = Reading {
            text,
            bytes: text.as_bytes(),
            at: 0,
            masks: &self.masks,
            levels: &mut self.levels,
            fields,
            flat,
            element: NONE,
            arrays: 0,
        };
        reading.run().ok_or(NoEvent)
    }
}

struct Reading<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    masks: &'a Masks,
    levels: &'a mut Vec<Level>,
    fields: &'a Fields,
    flat: &'a mut Flat,
    /// The innermost element of an array here.
    element: u32,
    arrays: usize,
}

impl Reading<'_> {
    fn run(mut self) -> Option<()> {
        if self.byte()? != b'{' {
            return None;
        }
        self.at = self.at.saturating_add(1);
        self.levels.push(Level::Object { node: ROOT });
        let mut first = true;
        while let Some(level) = self.levels.last().copied() {
            let byte = self.byte()?;
            let close = match level {
                Level::Object { .. } => b'}',
                Level::Array { .. } => b']',
            };
            if byte == close {
                self.at = self.at.saturating_add(1);
                self.leave();
                first = false;
                continue;
            }
            if !first {
                if byte != b',' {
                    return None;
                }
                self.at = self.at.saturating_add(1);
            }
            let node = match level {
                Level::Object { node } => self.key(node)?,
                Level::Array { node, .. } => Some(node),
            };
            first = self.value(node)?;
        }
        Some(())
    }

    /// Reads a key and gives the place it leads to.
    fn key(&mut self, node: u32) -> Option<Option<u32>> {
        if self.byte()? != b'"' {
            return None;
        }
        let (begin, end) = self.string()?;
        let key = self.bytes.get(begin..end)?;
        let child = if self.masks.has_escapes() && key.contains(&b'\\') {
            self.fields.child(node, self.unescaped(begin, end)?.as_bytes())
        } else {
            self.fields.child(node, key)
        };
        if self.byte()? != b':' {
            return None;
        }
        self.at = self.at.saturating_add(1);
        Some(child)
    }

    /// Reads or skips a value; tells whether it was an object or array that has begun.
    fn value(&mut self, node: Option<u32>) -> Option<bool> {
        let here = node.and_then(|number| Some((number, self.fields.node(number)?)));
        match self.byte()? {
            b'"' => {
                let (begin, end) = self.string()?;
                if let Some(field) = field_of(here) {
                    self.text(field, begin, end)?;
                }
            }
            b'{' => match here {
                Some((node, there)) if there.has_children() => {
                    return self.enter(Level::Object { node });
                }
                _ => self.skip()?,
            },
            b'[' => match here {
                Some((node, there)) if there.has_children() || there.field != NONE => {
                    let array = Level::Array { node, number: self.arrays, next: 0, outer: self.element };
                    self.arrays = self.arrays.saturating_add(1);
                    return self.enter(array);
                }
                _ => self.skip()?,
            },
            _ => self.word(field_of(here))?,
        }
        Some(false)
    }

    /// An object or array begins: if it is an element, what is in it lies in that element.
    fn enter(&mut self, mut level: Level) -> Option<bool> {
        if let Some(Level::Array { number, next, outer, .. }) = self.levels.last_mut() {
            let outer = (*outer != NONE).then(|| crate::chunks::place(*outer));
            self.element = self.flat.push_element(Element { outer, array: *number, index: *next });
            *next = next.saturating_add(1);
        }
        if let Level::Array { outer, .. } = &mut level {
            *outer = self.element;
        }
        if self.levels.len() >= NESTING_LEVELS_MAX {
            return None;
        }
        self.levels.push(level);
        self.at = self.at.saturating_add(1);
        Some(true)
    }

    /// It ended: what follows belongs where it itself belonged.
    fn leave(&mut self) {
        self.levels.pop();
        if let Some(Level::Array { outer, .. }) = self.levels.last() {
            self.element = *outer;
        }
    }

    fn skip(&mut self) -> Option<()> {
        let levels_left = NESTING_LEVELS_MAX.saturating_sub(self.levels.len());
        self.at = self.masks.closing(self.at, levels_left)?.saturating_add(1);
        Some(())
    }

    /// Where the string that begins here has its text; it is left behind.
    fn string(&mut self) -> Option<(usize, usize)> {
        let begin = self.at.saturating_add(1);
        let end = self.masks.quote(begin)?;
        self.at = end.saturating_add(1);
        Some((begin, end))
    }

    fn text(&mut self, field: u32, begin: usize, end: usize) -> Option<()> {
        let text = self.text.get(begin..end)?;
        if self.masks.has_escapes() && text.contains('\\') {
            let text = self.unescaped(begin, end)?;
            self.flat.push(Found::Unescaped(&text), self.element, field, self.fields);
        } else {
            self.flat.push(Found::Text(text, begin), self.element, field, self.fields);
        }
        Some(())
    }

    fn unescaped(&self, begin: usize, end: usize) -> Option<String> {
        let quoted = self.text.get(begin.checked_sub(1)?..=end)?;
        match Tokens::new(quoted).next() {
            Ok(Token::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, field: Option<u32>) -> Option<()> {
        let begin = self.at;
        let rest = self.bytes.get(begin..)?;
        let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))?;
        if length == 0 {
            return None;
        }
        self.at = begin.saturating_add(length);
        let Some(field) = field else { return Some(()) };
        let word = self.text.get(begin..self.at)?;
        let found = match word {
            "true" => Found::True,
            "false" => Found::False,
            "null" => Found::Null,
            _ if word.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) => {
                Found::Number(word, begin)
            }
            _ => return None,
        };
        self.flat.push(found, self.element, field, self.fields);
        Some(())
    }

    /// The next byte that is not space.
    fn byte(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at = self.at.saturating_add(1),
                byte => return Some(byte),
            }
        }
    }
}

fn field_of(here: Option<(u32, &Node)>) -> Option<u32> {
    here.map(|(_, node)| node.field).filter(|field| *field != NONE)
}
