//! Events, as matching sees them: a list of fields with values.

use std::collections::BTreeMap;
use std::fmt;

use crate::address::address_digits;
use crate::error::EventError;
use crate::json::{Token, Tokens};
use crate::number::comparable;

/// An event may be this many bytes of JSON.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// The fields that every event has which AWS matches or delivers.
pub const ENVELOPE_FIELDS: [&str; 6] = ["id", "account", "source", "time", "region", "detail-type"];

/// An event, taken apart for matching. Every value that is neither object nor array is a
/// leaf; its field is the keys that lead to it, joined with dots, and the arrays it lies
/// in are remembered with its place in each. So `{"a.b": 1}` and `{"a": {"b": 1}}` have the
/// same field, and a key that comes twice has both values.
///
/// **Invariant:** memory is linear in the text: a key is kept once however many leaves lie
/// under it, and so is an element.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The outermost object comes first.
    nodes: Vec<Node>,
    elements: Vec<Element>,
}

/// All values under the same keys.
#[derive(Debug, Clone, PartialEq, Default)]
struct Node {
    children: BTreeMap<String, usize>,
    leaves: Vec<Leaf>,
}

/// An object or array that is an element of an array. (The leaves of `[1, 2]` lie side by
/// side: they are values of the same field and exclude nothing.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    /// The element that the array lies in.
    pub outer: Option<usize>,
    /// The array's number.
    pub array: usize,
    /// The place in the array.
    pub index: usize,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    pub value: Value,
    /// The innermost element it lies in.
    pub element: Option<usize>,
}

/// What a leaf is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text {
        text: String,
        /// The digits of the IP address that the text is.
        address: Option<Vec<u8>>,
    },
    Number {
        spelled: String,
        double: Option<f64>,
    },
    True,
    False,
    Null,
}

/// A leaf's value, looked at where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seen<'a> {
    Text {
        text: &'a str,
        /// The digits of the IP address that the text is.
        address: Option<&'a [u8]>,
    },
    Number {
        spelled: &'a str,
        double: Option<f64>,
    },
    True,
    False,
    Null,
}

impl Event {
    /// Reads an event from JSON.
    ///
    /// # Errors
    /// When the text is longer than [`EVENT_BYTES_MAX`], is not JSON, is nested deeper than
    /// [`crate::NESTING_LEVELS_MAX`] or is not an object.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        if text.len() > EVENT_BYTES_MAX {
            return Err(EventError::new(format!(
                "the event is {} bytes long; at most {EVENT_BYTES_MAX} are allowed",
                text.len()
            )));
        }
        let mut tokens = Tokens::new(text);
        if tokens.next()? != Token::ObjectStart {
            return Err(EventError::new("the event is not a JSON object"));
        }
        let mut reader = Reader {
            event: Self { nodes: vec![Node::default()], elements: Vec::new() },
            open: vec![Level::Object { node: 0 }],
            node: 0,
            element: None,
            arrays: 0,
        };
        while !reader.open.is_empty() {
            reader.take(tokens.next()?)?;
        }
        Ok(reader.event)
    }

    /// Checks that the event has the fields of [`ENVELOPE_FIELDS`], as AWS does before it
    /// tests a pattern.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn check_envelope(&self) -> Result<(), EventError> {
        let keys = self.nodes.first().map(|root| &root.children);
        match ENVELOPE_FIELDS.iter().find(|field| !keys.is_some_and(|keys| keys.contains_key(**field))) {
            None => Ok(()),
            Some(field) => Err(EventError::new(format!("the event has no field \"{field}\""))),
        }
    }

    /// The values of a field; none if it is absent, an object or an empty array.
    pub(crate) fn leaves(&self, field: &str) -> impl Iterator<Item = &Leaf> {
        self.nodes_of(field).into_iter().flat_map(|node| &node.leaves)
    }

    /// The keys that lie directly below a field which is an object.
    pub(crate) fn keys_below(&self, field: &str) -> impl Iterator<Item = &str> {
        self.nodes_of(field).into_iter().flat_map(|node| node.children.keys()).map(String::as_str)
    }

    /// The outermost object, for [`Event::leaves_of`] and [`Event::children_of`].
    pub(crate) const ROOT: usize = 0;

    /// The values that lie at the end of the same keys.
    pub(crate) fn leaves_of(&self, node: usize) -> &[Leaf] {
        self.nodes.get(node).map_or(&[], |node| &node.leaves)
    }

    /// The keys that lead on, and where to.
    pub(crate) fn children_of(&self, node: usize) -> impl Iterator<Item = (&str, usize)> {
        let children = self.nodes.get(node).map(|node| &node.children);
        children.into_iter().flatten().map(|(key, child)| (key.as_str(), *child))
    }

    /// All elements of arrays that are objects or arrays.
    pub(crate) fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Where the keys joined with dots are the field: more than one place when keys have
    /// dots themselves.
    fn nodes_of(&self, field: &str) -> Vec<&Node> {
        let mut found = Vec::new();
        let mut open: Vec<(usize, &str)> = vec![(0, field)];
        while let Some((node, rest)) = open.pop() {
            let Some(node) = self.nodes.get(node) else { continue };
            for (dot, _) in rest.match_indices('.') {
                let split = rest.get(..dot).zip(rest.get(dot.saturating_add(1)..));
                if let Some((key, rest)) = split
                    && let Some(child) = node.children.get(key)
                {
                    open.push((*child, rest));
                }
            }
            found.extend(node.children.get(rest).and_then(|child| self.nodes.get(*child)));
        }
        found
    }
}

impl Value {
    pub(crate) fn text(text: String) -> Self {
        let address = address_digits(&text);
        Self::Text { text, address }
    }

    pub(crate) fn number(spelled: String) -> Self {
        let double = comparable(&spelled);
        Self::Number { spelled, double }
    }

    /// The value, looked at where it lies.
    pub(crate) fn seen(&self) -> Seen<'_> {
        match self {
            Self::Text { text, address } => Seen::Text { text, address: address.as_deref() },
            Self::Number { spelled, double } => Seen::Number { spelled, double: *double },
            Self::True => Seen::True,
            Self::False => Seen::False,
            Self::Null => Seen::Null,
        }
    }
}

impl<'a> Seen<'a> {
    /// The text that the value is.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text { text, .. } => Some(text),
            Self::Number { .. } | Self::True | Self::False | Self::Null => None,
        }
    }

    /// The comparable number that the value is.
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Self::Number { double, .. } => double,
            Self::Text { .. } | Self::True | Self::False | Self::Null => None,
        }
    }
}

/// JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, .. } => f.write_str(&quoted(text)),
            Self::Number { spelled, .. } => f.write_str(spelled),
            Self::True => f.write_str("true"),
            Self::False => f.write_str("false"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// An element and those around it, from the inside out.
pub(crate) fn around(elements: &[Element], innermost: Option<usize>) -> impl Iterator<Item = Element> {
    let element = |number: Option<usize>| elements.get(number?).copied();
    std::iter::successors(element(innermost), move |inner| element(inner.outer))
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| format!("{text:?}"))
}

#[derive(Debug)]
struct Reader {
    event: Event,
    open: Vec<Level>,
    /// Where the next value belongs.
    node: usize,
    element: Option<usize>,
    arrays: usize,
}

#[derive(Debug, Clone, Copy)]
enum Level {
    Object {
        /// Where its keys belong.
        node: usize,
    },
    Array {
        /// Where its values belong.
        node: usize,
        number: usize,
        next: usize,
        /// The element that the array lies in.
        outer: Option<usize>,
    },
}

impl Reader {
    fn take(&mut self, token: Token) -> Result<(), EventError> {
        match token {
            Token::ObjectStart => {
                self.enter();
                self.open.push(Level::Object { node: self.node });
            }
            Token::ArrayStart => {
                self.enter();
                self.open.push(Level::Array { node: self.node, number: self.arrays, next: 0, outer: self.element });
                self.arrays = self.arrays.saturating_add(1);
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                self.open.pop();
                self.leave();
            }
            Token::Key(key) => self.key(key),
            Token::Text(text) => self.leaf(Value::text(text)),
            Token::Number(spelled) => self.leaf(Value::number(spelled)),
            Token::True => self.leaf(Value::True),
            Token::False => self.leaf(Value::False),
            Token::Null => self.leaf(Value::Null),
            Token::End => return Err(EventError::new("the event ends too soon")),
        }
        Ok(())
    }

    fn key(&mut self, key: String) {
        let Some(Level::Object { node }) = self.open.last() else { return };
        let fresh = self.event.nodes.len();
        let Some(parent) = self.event.nodes.get_mut(*node) else { return };
        self.node = *parent.children.entry(key).or_insert(fresh);
        if self.node == fresh {
            self.event.nodes.push(Node::default());
        }
    }

    /// An object or array begins: if it is an element, what is in it lies in that element.
    fn enter(&mut self) {
        if let Some(Level::Array { number, next, outer, .. }) = self.open.last_mut() {
            let element = Element { outer: *outer, array: *number, index: *next };
            *next = next.saturating_add(1);
            self.element = Some(self.event.elements.len());
            self.event.elements.push(element);
        }
    }

    /// An object or array ended: what follows belongs where it itself belonged.
    fn leave(&mut self) {
        if let Some(Level::Array { node, outer, .. }) = self.open.last() {
            self.node = *node;
            self.element = *outer;
        }
    }

    fn leaf(&mut self, value: Value) {
        if let Some(Level::Array { next, .. }) = self.open.last_mut() {
            *next = next.saturating_add(1);
        }
        let leaf = Leaf { value, element: self.element };
        if let Some(node) = self.event.nodes.get_mut(self.node) {
            node.leaves.push(leaf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(text: &str, field: &str) -> Vec<String> {
        let event = Event::parse(text).unwrap();
        let show = |leaf: &Leaf| {
            let places: Vec<String> =
                around(&event.elements, leaf.element).map(|e| format!(" {}[{}]", e.array, e.index)).collect();
            format!("{}{}", leaf.value, places.concat())
        };
        event.leaves(field).map(show).collect()
    }

    #[test]
    fn leaves_know_their_elements() {
        let text = r#"{"a":[{"b":1},0,{"b":[2,3]},[4],5],"c":{"d":"x"},"e":{},"f":[],"g":6}"#;
        assert_eq!(leaves(text, "a"), ["0", "4 0[3]", "5"]);
        assert_eq!(leaves(text, "a.b"), ["1 0[0]", "2 0[2]", "3 0[2]"]);
        assert_eq!(leaves(text, "c.d"), ["\"x\""]);
        assert_eq!(leaves(text, "g"), ["6"]);
        for none in ["c", "e", "f", "", "x", "a.c", "c.d.e"] {
            assert!(leaves(text, none).is_empty(), "{none}");
        }
        assert_eq!(leaves(r#"{"a":[[{"b":1}],[{"b":2}]]}"#, "a.b"), ["1 1[0] 0[0]", "2 2[0] 0[1]"]);
    }

    #[test]
    fn dots_and_duplicates_meet_in_one_field() {
        let mut found = leaves(r#"{"a.b":1,"a":{"b":2},"a":{"b":3},"":{"":4}}"#, "a.b");
        found.sort();
        assert_eq!(found, ["1", "2", "3"]);
        assert_eq!(leaves(r#"{"":{"":4}}"#, "."), ["4"]);
    }

    #[test]
    fn what_is_not_an_event_is_refused() {
        for bad in ["plain string", "[\"plain string\"]", "1", "", "{", "{\"a\":}"] {
            assert_eq!(Event::parse(bad).unwrap_err().to_string(), "Parameter Event is not valid.", "{bad}");
        }
        let bare = Event::parse("{\"testEvent\":\"value\"}").unwrap();
        assert!(bare.check_envelope().unwrap_err().why().contains("id"));
    }

    #[test]
    fn an_event_has_a_size() {
        let of = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert!(Event::parse(&of(EVENT_BYTES_MAX)).is_ok());
        assert!(Event::parse(&of(EVENT_BYTES_MAX + 1)).is_err());
    }
}
