//! An event as a rule set sees it: the values of the fields that rules ask about.

use crate::address::address_digits;
use crate::chunks::{NONE, number, place};
use crate::event::{Element, Event, Leaf, Seen, Value};
use crate::number::comparable;
use crate::set::fields::{Fields, ROOT};

/// The values of one event. What it keeps in memory is used again for the next event.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    values: Vec<FlatValue>,
    elements: Vec<Element>,
    fields: Vec<Present>,
    /// The fields that have values.
    touched: Vec<u32>,
    /// Which of the fields' entries are this event's.
    event: u32,
    /// Texts that are not in the event's text as they are meant.
    kept: String,
    digits: Vec<u8>,
}

/// What an event has of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present {
    event: u32,
    first: u32,
    last: u32,
    /// How many values.
    pub count: u32,
    /// How many of them lie in elements of arrays.
    pub in_elements: u32,
    /// The array that all of these lie in, if it is one and lies in no other.
    pub array: Array,
}

/// Which array values lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Array {
    None,
    One(usize),
    Several,
}

#[derive(Debug, Clone, Copy)]
struct FlatValue {
    kind: Kind,
    /// Where the text or the spelling of a number lies, in bytes.
    begin: u32,
    end: u32,
    /// The innermost element it lies in.
    element: u32,
    /// The field's next value.
    next: u32,
    double: Option<f64>,
    /// Where the digits of the address lie that a text is.
    digits: Option<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// A text that is kept here.
    KeptText,
    Number,
    KeptNumber,
    True,
    False,
    Null,
}

/// A value as the scanner finds it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    /// A text that stands in the event as it is meant, and where.
    Text(&'a str, usize),
    /// A text that does not.
    Unescaped(&'a str),
    /// A number and where it stands.
    Number(&'a str, usize),
    /// A number that stands elsewhere.
    NumberElsewhere(&'a str),
    True,
    False,
    Null,
}

impl Flat {
    /// Forgets the event before.
    pub(crate) fn begin(&mut self, fields: &Fields) {
        self.values.clear();
        self.elements.clear();
        self.touched.clear();
        self.kept.clear();
        self.digits.clear();
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            self.fields.clear();
            self.event = 1;
        }
        let nothing = Present { event: 0, first: NONE, last: NONE, count: 0, in_elements: 0, array: Array::None };
        self.fields.resize(self.fields.len().max(place(fields.len())), nothing);
    }

    /// Takes the values of an event that has been read.
    pub(crate) fn take(&mut self, event: &Event, fields: &Fields) {
        self.begin(fields);
        self.elements.extend_from_slice(event.elements());
        let mut open = vec![(Event::ROOT, ROOT)];
        while let Some((of_event, of_fields)) = open.pop() {
            let field = fields.node(of_fields).map_or(NONE, |node| node.field);
            for leaf in event.leaves_of(of_event).iter().filter(|_| field != NONE) {
                self.take_leaf(leaf, field, fields);
            }
            for (key, child) in event.children_of(of_event) {
                open.extend(fields.child(of_fields, key.as_bytes()).map(|node| (child, node)));
            }
        }
    }

    /// Adds a value of a field.
    pub(crate) fn push(&mut self, found: Found<'_>, element: u32, field: u32, fields: &Fields) {
        let Some(of) = fields.get(field) else { return };
        let (kind, begin, length) = match found {
            Found::Text(text, at) => (Kind::Text, at, text.len()),
            Found::Unescaped(text) => (Kind::KeptText, self.keep(text), text.len()),
            Found::Number(spelled, at) => (Kind::Number, at, spelled.len()),
            Found::NumberElsewhere(spelled) => (Kind::KeptNumber, self.keep(spelled), spelled.len()),
            Found::True => (Kind::True, 0, 0),
            Found::False => (Kind::False, 0, 0),
            Found::Null => (Kind::Null, 0, 0),
        };
        let (mut double, mut digits) = (None, None);
        match found {
            Found::Text(text, _) | Found::Unescaped(text) if of.wants_addresses => digits = self.keep_digits(text),
            Found::Number(spelled, _) | Found::NumberElsewhere(spelled) if of.wants_numbers => {
                double = comparable(spelled);
            }
            _ => {}
        }
        let (begin, end) = (number(begin), number(begin.saturating_add(length)));
        let value = number(self.values.len());
        self.values.push(FlatValue { kind, begin, end, element, next: NONE, double, digits });
        let Some(there) = self.fields.get_mut(place(field)) else { return };
        if there.event != self.event {
            let (event, array) = (self.event, Array::None);
            *there = Present { event, first: value, last: value, count: 0, in_elements: 0, array };
            self.touched.push(field);
        } else if let Some(last) = self.values.get_mut(place(there.last)) {
            last.next = value;
            there.last = value;
        }
        there.count = there.count.saturating_add(1);
        if element != NONE {
            there.in_elements = there.in_elements.saturating_add(1);
            there.array = match (self.elements.get(place(element)), there.array) {
                (Some(Element { outer: None, array, .. }), Array::None) => Array::One(*array),
                (Some(Element { outer: None, array, .. }), Array::One(one)) if *array == one => Array::One(one),
                _ => Array::Several,
            };
        }
    }

    /// Adds an element of an array and gives its number.
    pub(crate) fn push_element(&mut self, element: Element) -> u32 {
        self.elements.push(element);
        number(self.elements.len()).saturating_sub(1)
    }

    /// The elements of arrays that are objects or arrays.
    pub(crate) fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The fields that have values, each once.
    pub(crate) fn touched(&self) -> &[u32] {
        &self.touched
    }

    /// What there is of a field.
    pub(crate) fn present(&self, field: u32) -> Option<Present> {
        self.fields.get(place(field)).copied().filter(|present| present.event == self.event)
    }

    /// The values of a field, by number.
    pub(crate) fn values(&self, field: u32) -> impl Iterator<Item = u32> {
        let first = self.present(field).map(|present| present.first);
        std::iter::successors(first, |value| {
            self.values.get(place(*value)).map(|value| value.next).filter(|next| *next != NONE)
        })
    }

    /// A value, looked at where it lies.
    pub(crate) fn seen<'a>(&'a self, value: u32, text: &'a str) -> Seen<'a> {
        let Some(value) = self.values.get(place(value)) else { return Seen::Null };
        let slice = |text: &'a str| text.get(place(value.begin)..place(value.end)).unwrap_or("");
        let address = value.digits.and_then(|(begin, end)| self.digits.get(place(begin)..place(end)));
        match value.kind {
            Kind::Text => Seen::Text { text: slice(text), address },
            Kind::KeptText => Seen::Text { text: slice(&self.kept), address },
            Kind::Number => Seen::Number { spelled: slice(text), double: value.double },
            Kind::KeptNumber => Seen::Number { spelled: slice(&self.kept), double: value.double },
            Kind::True => Seen::True,
            Kind::False => Seen::False,
            Kind::Null => Seen::Null,
        }
    }

    /// The innermost element that a value lies in.
    pub(crate) fn element(&self, value: u32) -> Option<usize> {
        self.values.get(place(value)).map(|value| value.element).filter(|element| *element != NONE).map(place)
    }

    fn take_leaf(&mut self, leaf: &Leaf, field: u32, fields: &Fields) {
        let found = match &leaf.value {
            Value::Text { text, .. } => Found::Unescaped(text),
            Value::Number { spelled, .. } => Found::NumberElsewhere(spelled),
            Value::True => Found::True,
            Value::False => Found::False,
            Value::Null => Found::Null,
        };
        self.push(found, leaf.element.map_or(NONE, number), field, fields);
    }

    fn keep(&mut self, text: &str) -> usize {
        let begin = self.kept.len();
        self.kept.push_str(text);
        begin
    }

    fn keep_digits(&mut self, text: &str) -> Option<(u32, u32)> {
        // Most texts are told apart from addresses by their first characters.
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.' || byte == b':') {
            return None;
        }
        let digits = address_digits(text)?;
        let begin = number(self.digits.len());
        self.digits.extend_from_slice(&digits);
        Some((begin, number(self.digits.len())))
    }
}
