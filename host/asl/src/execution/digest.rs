//! A running digest of a fold: two folds that differ anywhere end in different digests, on any
//! machine and in any release. It guards against mistakes, not against an adversary.

use stepwell_expr::{Number, Value};

use crate::{Items, MapRun};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) fn get(self) -> u64 {
        self.0
    }

    pub(super) fn number(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed.rotate_left(29) ^ (mixed >> 32);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        words.iter().for_each(|word| self.number(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.number(rest.iter().rev().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte)));
        }
    }

    /// What a map run is about.
    pub(super) fn run(&mut self, run: &MapRun) {
        self.number(run.run.0);
        self.text(&run.arn);
        match &run.items {
            Items::Given(items) => {
                self.number(items.len() as u64);
                items.iter().for_each(|item| self.value(item));
            }
            Items::Read(read) => {
                self.text(&read.resource);
                self.value(&read.arguments);
                self.value(&read.config);
            }
        }
        self.number(run.max_concurrency);
        self.number(run.tolerated_count.unwrap_or(u64::MAX));
        self.number(run.tolerated_percentage.map_or(u64::MAX, f64::to_bits));
        if let Some(batch) = &run.batch {
            self.number(batch.items_max.unwrap_or(u64::MAX));
            self.number(batch.bytes_max.unwrap_or(u64::MAX));
            self.value(batch.input.as_ref().unwrap_or(&Value::Null));
        }
        if let Some(writer) = &run.writer {
            self.value(&writer.arguments);
        }
    }

    /// The value's content, member by member in order. Without recursion: an explicit stack.
    pub(super) fn value(&mut self, value: &Value) {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Null => self.number(1),
                Value::Bool(flag) => self.number(2 + u64::from(*flag)),
                Value::Number(Number::Int(n)) => {
                    self.number(4);
                    self.number(n.cast_unsigned());
                }
                Value::Number(Number::Float(n)) => {
                    self.number(5);
                    self.number(n.to_bits());
                }
                Value::String(text) => {
                    self.number(6);
                    self.text(text);
                }
                Value::Array(items) => {
                    self.number(7);
                    self.number(items.len() as u64);
                    open.extend(items.iter().rev());
                }
                Value::Object(map) => {
                    self.number(8);
                    self.number(map.len() as u64);
                    for (key, value) in map.iter() {
                        self.text(key);
                        open.push(value);
                    }
                }
            }
        }
    }
}
