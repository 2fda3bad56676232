//! What an expression evaluates to while it is evaluated: JSON values, sequences, functions.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Lambda, Symbol, Transform};
use super::builtins::Builtin;
use super::error::Fault;
use super::limits;
use super::machine::FrameId;
use super::patterns::Pattern;
use crate::{Map, Number, Value};

#[derive(Clone, Default)]
pub(super) enum Item {
    /// Undefined.
    #[default]
    Nothing,
    Json(Value),
    List(Rc<List>),
    Record(Rc<Record>),
    Function(Rc<Function>),
    Native(&'static Builtin),
    /// Tuples on their way between the steps of a path.
    Stream(Rc<Vec<Tuple>>),
}

/// An array made by an expression.
#[derive(Clone, Default)]
pub(super) struct List {
    pub items: Vec<Item>,
    /// It dissolves into surrounding sequences, and one item alone stands for itself.
    pub sequence: bool,
    /// One item alone stays an array.
    pub keep_singleton: bool,
    /// An array constructor made it; it does not dissolve.
    pub cons: bool,
    /// It wraps an array that is the whole input.
    pub outer_wrapper: bool,
    depth: u32,
}

/// An object made by an expression.
#[derive(Clone, Default)]
pub(super) struct Record {
    members: Vec<(Arc<str>, Item)>,
    index: Option<HashMap<Arc<str>, usize>>,
    depth: u32,
}

/// An item with the variables that were bound on the way to it.
#[derive(Clone, Default)]
pub(super) struct Tuple {
    pub item: Item,
    pub variables: Vec<(Symbol, Item)>,
}

pub(super) struct Function {
    pub kind: FunctionKind,
    pub depth: u32,
}

pub(super) enum FunctionKind {
    Lambda {
        lambda: Arc<Lambda>,
        input: Item,
        frame: FrameId,
    },
    Regex(Arc<Pattern>),
    /// The `next` of a match: the pattern, the text and where to go on.
    RegexNext(Arc<Pattern>, Arc<str>, usize),
    Transform {
        transform: Arc<Transform>,
        frame: FrameId,
    },
    /// Some arguments are given, `None` is open.
    Partial {
        function: Item,
        arguments: Vec<Option<Item>>,
    },
    /// The second is applied to what the first gives.
    Composed(Item, Item),
}

/// The items of an array, whatever it is made of.
#[derive(Clone, Copy)]
pub(super) enum Array<'a> {
    Values(&'a [Value]),
    Items(&'a [Item]),
}

impl<'a> Array<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Items(items) => items.len(),
        }
    }

    pub(super) fn get(self, at: usize) -> Item {
        match self {
            Self::Values(values) => values.get(at).map_or(Item::Nothing, |value| Item::Json(value.clone())),
            Self::Items(items) => items.get(at).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = Item> + 'a {
        (0..self.len()).map(move |at| self.get(at))
    }

    /// The items with flags that only lists have taken away.
    pub(super) fn to_vec(self) -> Vec<Item> {
        self.iter().collect()
    }
}

/// The members of an object, whatever it is made of.
#[derive(Clone, Copy)]
pub(super) enum Object<'a> {
    Map(&'a Map),
    Record(&'a Record),
}

impl<'a> Object<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Map(map) => map.len(),
            Self::Record(record) => record.members.len(),
        }
    }

    pub(super) fn get(self, key: &str) -> Item {
        match self {
            Self::Map(map) => map.get(key).map_or(Item::Nothing, |value| Item::Json(value.clone())),
            Self::Record(record) => record.get(key),
        }
    }

    pub(super) fn iter(self) -> Box<dyn Iterator<Item = (Arc<str>, Item)> + 'a> {
        match self {
            Self::Map(map) => Box::new(map.iter().map(|(key, value)| (Arc::clone(key), Item::Json(value.clone())))),
            Self::Record(record) => Box::new(record.members.iter().cloned()),
        }
    }
}

impl List {
    pub(super) fn array(items: Vec<Item>) -> Self {
        let depth = items.iter().map(Item::depth).max().unwrap_or(0) + 1;
        Self { items, depth, ..Self::default() }
    }

    pub(super) fn sequence(items: Vec<Item>) -> Self {
        Self { sequence: true, ..Self::array(items) }
    }

    pub(super) fn into_item(self) -> Item {
        Item::List(Rc::new(self))
    }
}

/// Up to this many members are compared one by one.
const SCANNED_MEMBERS_MAX: usize = 12;

impl Record {
    pub(super) fn get(&self, key: &str) -> Item {
        self.place(key).and_then(|at| self.members.get(at)).map_or(Item::Nothing, |(_, item)| item.clone())
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.members.iter().position(|(known, _)| &**known == key),
        }
    }

    pub(super) fn insert(&mut self, key: Arc<str>, item: Item) {
        self.depth = self.depth.max(item.depth() + 1);
        if let Some(at) = self.place(&key) {
            if let Some(member) = self.members.get_mut(at) {
                member.1 = item;
            }
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(Arc::clone(&key), self.members.len());
        }
        self.members.push((key, item));
        self.index_if_large();
    }

    fn index_if_large(&mut self) {
        if self.index.is_none() && self.members.len() > SCANNED_MEMBERS_MAX {
            let places = self.members.iter().enumerate().map(|(at, (key, _))| (Arc::clone(key), at));
            self.index = Some(places.collect());
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some(at) = self.place(key) {
            self.members.remove(at);
            self.index = None;
            self.index_if_large();
        }
    }

    pub(super) fn into_item(self) -> Item {
        Item::Record(Rc::new(self))
    }
}

impl FromIterator<(Arc<str>, Item)> for Record {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Item)>>(members: I) -> Self {
        let mut record = Self { depth: 1, ..Self::default() };
        members.into_iter().for_each(|(key, item)| record.insert(key, item));
        record
    }
}

impl Item {
    pub(super) const NULL: Self = Self::Json(Value::Null);

    pub(super) fn number(number: f64) -> Self {
        Self::Json(super::numbers::to_value(number))
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Json(Value::Number(i64::try_from(count).map_or(Number::Float(f64::INFINITY), Number::Int)))
    }

    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Json(Value::String(text.into()))
    }

    pub(super) fn bool(truth: bool) -> Self {
        Self::Json(Value::Bool(truth))
    }

    pub(super) fn function(kind: FunctionKind, depth: u32) -> Self {
        Self::Function(Rc::new(Function { kind, depth }))
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Levels of arrays, objects and functions made by the expression.
    pub(super) fn depth(&self) -> u32 {
        match self {
            Self::Nothing | Self::Json(_) | Self::Native(_) | Self::Stream(_) => 0,
            Self::List(list) => list.depth,
            Self::Record(record) => record.depth,
            Self::Function(function) => function.depth,
        }
    }

    /// Refuses what nests too deep to be let go of safely.
    pub(super) fn checked(self) -> Result<Self, Fault> {
        if self.depth() <= limits::JSONATA_VALUE_DEPTH_MAX {
            return Ok(self);
        }
        let limit = limits::JSONATA_VALUE_DEPTH_MAX;
        Err(Fault::limit(format!("the expression makes a value of more than {limit} levels (jsonata_value_depth_max)")))
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::Json(Value::String(text)) = self { Some(text) } else { None }
    }

    pub(super) fn as_text(&self) -> Option<Arc<str>> {
        if let Self::Json(Value::String(text)) = self { Some(Arc::clone(text)) } else { None }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        if let Self::Json(Value::Number(number)) = self { Some(number.as_f64()) } else { None }
    }

    pub(super) fn as_array(&self) -> Option<Array<'_>> {
        match self {
            Self::Json(Value::Array(values)) => Some(Array::Values(values)),
            Self::List(list) => Some(Array::Items(&list.items)),
            _ => None,
        }
    }

    pub(super) fn as_object(&self) -> Option<Object<'_>> {
        match self {
            Self::Json(Value::Object(map)) => Some(Object::Map(map)),
            Self::Record(record) => Some(Object::Record(record)),
            _ => None,
        }
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::List(_) | Self::Json(Value::Array(_)))
    }

    pub(super) fn is_function(&self) -> bool {
        matches!(self, Self::Function(_) | Self::Native(_))
    }

    pub(super) fn is_sequence(&self) -> bool {
        matches!(self, Self::List(list) if list.sequence)
    }

    /// Whether it is an array constructor's array, which stays together.
    pub(super) fn is_cons(&self) -> bool {
        matches!(self, Self::List(list) if list.cons)
    }

    /// The letter of its kind in a signature.
    pub(super) fn letter(&self) -> char {
        match self {
            Self::Nothing => 'm',
            Self::Json(Value::Null) => 'l',
            Self::Json(Value::Bool(_)) => 'b',
            Self::Json(Value::Number(_)) => 'n',
            Self::Json(Value::String(_)) => 's',
            Self::Json(Value::Array(_)) | Self::List(_) | Self::Stream(_) => 'a',
            Self::Json(Value::Object(_)) | Self::Record(_) => 'o',
            Self::Function(_) | Self::Native(_) => 'f',
        }
    }

    /// The name of its kind, as `$type` gives it.
    pub(super) fn kind(&self) -> &'static str {
        match self.letter() {
            'l' => "null",
            'b' => "boolean",
            'n' => "number",
            's' => "string",
            'a' => "array",
            'o' => "object",
            'f' => "function",
            _ => "undefined",
        }
    }

    /// A sequence becomes what it stands for: nothing, its one item, or itself.
    pub(super) fn collapsed(self, keep_array: bool) -> Self {
        let Self::List(mut list) = self else { return self };
        if !list.sequence {
            return Self::List(list);
        }
        // With more than one item the mark would say nothing, and the list may be large.
        if keep_array && !list.keep_singleton && list.items.len() == 1 {
            Rc::make_mut(&mut list).keep_singleton = true;
        }
        match list.items.as_slice() {
            [] => Self::Nothing,
            [only] if !list.keep_singleton => only.clone(),
            _ => Self::List(list),
        }
    }
}

/// Equal by value, objects whatever the order of their members; functions only when they are one.
pub(super) fn equal(left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Json(a), Item::Json(b)) => a == b,
        (Item::Function(a), Item::Function(b)) => Rc::ptr_eq(a, b),
        (Item::Native(a), Item::Native(b)) => std::ptr::eq(*a, *b),
        (Item::Nothing, Item::Nothing) => true,
        _ => {
            if let (Some(a), Some(b)) = (left.as_array(), right.as_array()) {
                return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(&a, &b));
            }
            let (Some(a), Some(b)) = (left.as_object(), right.as_object()) else { return false };
            a.len() == b.len() && a.iter().all(|(key, item)| equal(&item, &b.get(&key)))
        }
    }
}
