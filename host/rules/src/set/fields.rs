//! The fields that rules ask about: a tree of the keys that lead to them, and for each
//! field what has to be looked up about its values.

use std::sync::Arc;

use crate::chunks::{Chunks, NONE};
use crate::digest::Seed;
use crate::set::keys::short;
use crate::set::ranges::Ranges;
use crate::set::table::{Table, entry};

/// The number of the tree's root.
pub(crate) const ROOT: u32 = 0;
/// What distinguishes the hashes of keys from those of values.
const KEYS: u32 = u32::MAX;

/// All fields, by the keys that lead to them. A field's name is cut at its dots; so is a
/// key of an event that has dots, which makes `{"a.b": 1}` and `{"a": {"b": 1}}` the same.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    seed: Seed,
    nodes: Table<Node>,
    fields: Chunks<Field>,
}

/// A place in the tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    hash: u32,
    next: u32,
    parent: u32,
    segment: Arc<str>,
    /// Which lengths the segments directly below have: one bit for each, the last for all
    /// that are longer.
    lengths: u64,
    /// The field that ends here, or [`NONE`].
    pub field: u32,
}

/// What has to be looked up about the values of a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    node: u32,
    /// Which kinds of keys its conditions have: a bit for each number of a kind.
    pub kinds: u32,
    /// How long the keys are that stand for the beginning or end of a value, ascending.
    pub prefixes: Vec<u32>,
    pub suffixes: Vec<u32>,
    pub folded_prefixes: Vec<u32>,
    pub folded_suffixes: Vec<u32>,
    pub address_digits: Vec<u32>,
    /// How many bytes the pieces of wildcards have.
    pub pieces: Vec<u32>,
    /// How wide the ranges of numbers are: a bit for each power of two.
    pub widths: u64,
    /// How many requirements on it lead to rules.
    pub leading: u32,
    /// How many of those hold for nearly every value.
    pub leading_broadly: u32,
    /// Those of them that have one bound.
    pub above: Ranges,
    pub below: Ranges,
    /// Whether the number that a value is has to be known.
    pub wants_numbers: bool,
    /// Whether the address that a value is has to be known.
    pub wants_addresses: bool,
}

entry!(Node, 4);

impl Node {
    /// Whether fields lie below.
    pub(crate) fn has_children(&self) -> bool {
        self.lengths != 0
    }
}

impl Fields {
    pub(crate) fn new(seed: Seed) -> Self {
        let mut nodes = Table::new();
        nodes.push(Node { field: NONE, parent: NONE, ..Node::default() });
        Self { seed, nodes, fields: Chunks::new() }
    }

    pub(crate) fn len(&self) -> u32 {
        self.fields.len()
    }

    pub(crate) fn get(&self, field: u32) -> Option<&Field> {
        self.fields.get(field)
    }

    pub(crate) fn get_mut(&mut self, field: u32) -> Option<&mut Field> {
        self.fields.get_mut(field)
    }

    pub(crate) fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node)
    }

    /// The number of the field with this name, which there is from now on.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        let mut node = ROOT;
        for segment in name.split('.') {
            node = match self.below(node, segment.as_bytes()) {
                Some(child) => child,
                None => self.add(node, segment),
            };
        }
        let Some(there) = self.nodes.get_mut(node) else { return NONE };
        if there.field == NONE {
            there.field = self.fields.push(Field { node, ..Field::default() });
        }
        there.field
    }

    /// The name of a field.
    pub(crate) fn name(&self, field: u32) -> String {
        let mut segments = Vec::new();
        let mut at = self.fields.get(field).map_or(NONE, |field| field.node);
        while at != ROOT
            && let Some(node) = self.nodes.get(at)
        {
            segments.push(&*node.segment);
            at = node.parent;
        }
        segments.reverse();
        segments.join(".")
    }

    /// Where a key of an event leads to from a place.
    pub(crate) fn child(&self, node: u32, key: &[u8]) -> Option<u32> {
        if let Some(child) = self.below(node, key) {
            return Some(child);
        }
        if !key.contains(&b'.') {
            return None;
        }
        key.split(|byte| *byte == b'.').try_fold(node, |node, segment| self.below(node, segment))
    }

    fn below(&self, node: u32, segment: &[u8]) -> Option<u32> {
        if self.nodes.get(node)?.lengths & length_bit(segment.len()) == 0 {
            return None;
        }
        let hash = self.hash(node, segment);
        let same = |entry: &Node| entry.parent == node && entry.segment.as_bytes() == segment;
        self.nodes.with_hash(hash).find(|(_, entry)| same(entry)).map(|(number, _)| number)
    }

    fn add(&mut self, parent: u32, segment: &str) -> u32 {
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.lengths |= length_bit(segment.len());
        }
        let hash = self.hash(parent, segment.as_bytes());
        let node = Node { hash, next: NONE, parent, segment: segment.into(), lengths: 0, field: NONE };
        self.nodes.push(node)
    }

    fn hash(&self, node: u32, segment: &[u8]) -> u32 {
        short(self.seed.start(node, KEYS).of(segment))
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_to_fields() {
        let mut fields = Fields::new(Seed(1));
        let names = ["a", "a.b", "a.b.c", "", ".", "é.x", "a..b"];
        let numbers: Vec<u32> = names.iter().map(|name| fields.number(name)).collect();
        for (name, number) in names.iter().zip(&numbers) {
            assert_eq!((fields.number(name), fields.name(*number)), (*number, (*name).to_owned()));
        }
        let find = |keys: &[&str]| {
            let node = keys.iter().try_fold(ROOT, |node, key| fields.child(node, key.as_bytes()))?;
            fields.node(node).map(|node| node.field).filter(|field| *field != NONE)
        };
        assert_eq!(find(&["a", "b", "c"]), numbers.get(2).copied());
        assert_eq!(find(&["a.b", "c"]), numbers.get(2).copied());
        assert_eq!(find(&["a.b.c"]), numbers.get(2).copied());
        assert_eq!(find(&["a.", "b"]), numbers.get(6).copied());
        assert_eq!(find(&["", ""]), numbers.get(4).copied());
        assert_eq!(find(&["b"]), None);
    }
}
