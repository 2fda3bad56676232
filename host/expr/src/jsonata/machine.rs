//! The state of one evaluation: what it may still spend, and its variables.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Symbol, Symbols};
use super::builtins::{self, Builtin, Reading};
use super::error::Fault;
use super::item::{Item, List, Record};
use super::patterns::Scanners;
use super::{Dialect, Limits};
use crate::Entropy;

/// A place in the machine's list of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameId(u32);

/// The variables of a block, of a call or of a tuple.
#[derive(Default)]
struct Frame {
    parent: u32,
    /// A function holds on to it; it stays until the evaluation ends.
    captured: bool,
    variables: Vec<(Symbol, Item)>,
}

/// Frames live in one list and functions name them by their place. That way functions that know
/// themselves make no circle that is never freed, and a long chain of them is freed without
/// recursion.
pub(super) struct Machine<'a> {
    frames: Vec<Frame>,
    free: Vec<u32>,
    globals: Vec<Option<Item>>,
    pub(super) symbols: Cow<'a, Symbols>,
    pub(super) entropy: &'a mut Entropy,
    pub(super) now_millis: i64,
    pub(super) dialect: Dialect,
    /// Pictures of dates that were made ready to read with.
    pub(super) pictures: Vec<(Arc<str>, Rc<Reading>)>,
    pub(super) scanners: Scanners,
    limits: Limits,
    steps_left: u64,
    bytes_left: u64,
    depth: u32,
}

/// What a frame costs.
const FRAME_BYTES: u64 = 96;
/// What a variable costs.
const VARIABLE_BYTES: u64 = 32;
/// What an item of an array costs.
pub(super) const ITEM_BYTES: u64 = 24;

impl<'a> Machine<'a> {
    pub(super) const TOP: FrameId = FrameId(0);

    pub(super) fn new(
        symbols: &'a Symbols,
        globals: Vec<Option<Item>>,
        entropy: &'a mut Entropy,
        now_millis: i64,
        dialect: Dialect,
        limits: Limits,
    ) -> Self {
        Self {
            frames: vec![Frame::default()],
            free: Vec::new(),
            globals,
            symbols: Cow::Borrowed(symbols),
            entropy,
            now_millis,
            dialect,
            pictures: Vec::new(),
            scanners: Scanners::default(),
            limits,
            steps_left: limits.steps,
            bytes_left: limits.bytes,
            depth: 0,
        }
    }

    pub(super) fn step(&mut self) -> Result<(), Fault> {
        self.steps(1)
    }

    /// Steps spent so far.
    pub(super) fn steps_spent(&self) -> u64 {
        self.limits.steps.saturating_sub(self.steps_left)
    }

    /// Bytes allocated so far, as far as they were not given back.
    pub(super) fn bytes_spent(&self) -> u64 {
        self.limits.bytes.saturating_sub(self.bytes_left)
    }

    /// Spends `count` steps.
    pub(super) fn steps(&mut self, count: usize) -> Result<(), Fault> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match self.steps_left.checked_sub(count) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => {
                self.steps_left = 0;
                Err(Fault::limit(format!(
                    "the expression takes more than {} steps (jsonata_steps_max)",
                    self.limits.steps
                )))
            }
        }
    }

    /// Pays for `bytes` that are about to be allocated.
    pub(super) fn charge(&mut self, bytes: u64) -> Result<(), Fault> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(Fault::limit(format!(
                "the expression allocates more than {} bytes (jsonata_bytes_max)",
                self.limits.bytes
            ))),
        }
    }

    /// Pays for a text of `bytes`, and for the time it takes to write it.
    pub(super) fn charge_text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.charge(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(16))?;
        self.steps(bytes / 64)
    }

    /// Pays for an array of `items`.
    pub(super) fn charge_items(&mut self, items: usize) -> Result<(), Fault> {
        let bytes = u64::try_from(items).unwrap_or(u64::MAX).saturating_mul(ITEM_BYTES);
        self.charge(bytes.saturating_add(48))?;
        self.steps(items / 8)
    }

    /// Appends to an array that is being made.
    pub(super) fn push(&mut self, items: &mut Vec<Item>, item: Item) -> Result<(), Fault> {
        self.charge(ITEM_BYTES)?;
        items.push(item);
        Ok(())
    }

    /// Goes `levels` deeper. A level stands for at most four KiB of stack in a debug build.
    pub(super) fn deeper(&mut self, levels: u32) -> Result<(), Fault> {
        self.depth += levels;
        if self.depth > self.limits.depth {
            return Err(Fault::limit(format!(
                "the expression evaluates deeper than {} levels (jsonata_depth_max)",
                self.limits.depth
            )));
        }
        Ok(())
    }

    pub(super) fn shallower(&mut self, levels: u32) {
        self.depth = self.depth.saturating_sub(levels);
    }

    /// Opens a frame inside `parent`.
    pub(super) fn enter(&mut self, parent: FrameId) -> Result<FrameId, Fault> {
        self.charge(FRAME_BYTES)?;
        if let Some(place) = self.free.pop() {
            if let Some(frame) = self.frames.get_mut(place as usize) {
                frame.parent = parent.0;
            }
            return Ok(FrameId(place));
        }
        let place =
            u32::try_from(self.frames.len()).map_err(|_| Fault::limit("the expression makes too many calls"))?;
        self.frames.push(Frame { parent: parent.0, ..Frame::default() });
        Ok(FrameId(place))
    }

    /// Closes a frame; it is used again unless a function holds on to it.
    pub(super) fn leave(&mut self, frame: FrameId) {
        let Some(left) = self.frames.get_mut(frame.0 as usize) else { return };
        if left.captured || frame == Self::TOP {
            return;
        }
        let variables = u64::try_from(left.variables.len()).unwrap_or(0);
        left.variables.clear();
        self.free.push(frame.0);
        let freed = FRAME_BYTES + variables * VARIABLE_BYTES;
        self.bytes_left = self.bytes_left.saturating_add(freed).min(self.limits.bytes);
    }

    /// Keeps a frame and those around it: a function was made inside.
    pub(super) fn capture(&mut self, frame: FrameId) {
        let mut place = frame.0;
        while place != 0 {
            match self.frames.get_mut(place as usize) {
                Some(found) if !found.captured => {
                    found.captured = true;
                    place = found.parent;
                }
                _ => return,
            }
        }
    }

    pub(super) fn bind(&mut self, frame: FrameId, symbol: Symbol, item: Item) -> Result<(), Fault> {
        if frame == Self::TOP {
            if let Some(slot) = self.globals.get_mut(symbol.0 as usize) {
                *slot = Some(item);
            }
            return Ok(());
        }
        let Some(found) = self.frames.get_mut(frame.0 as usize) else { return Ok(()) };
        let passed = match found.variables.iter_mut().enumerate().find(|(_, (known, _))| *known == symbol) {
            Some((at, (_, slot))) => {
                *slot = item;
                at
            }
            None => {
                found.variables.push((symbol, item));
                let passed = found.variables.len();
                self.charge(VARIABLE_BYTES)?;
                passed
            }
        };
        self.steps(passed / 32)
    }

    pub(super) fn lookup(&mut self, frame: FrameId, symbol: Symbol) -> Result<Item, Fault> {
        let mut place = frame.0;
        let mut passed = 0;
        while place != 0 {
            let Some(found) = self.frames.get(place as usize) else { break };
            if let Some(at) = found.variables.iter().position(|(known, _)| *known == symbol) {
                let item = found.variables.get(at).map_or(Item::Nothing, |(_, item)| item.clone());
                self.steps((passed + at) / 32)?;
                return Ok(item);
            }
            passed += found.variables.len() + 1;
            place = found.parent;
        }
        self.steps(passed / 32)?;
        match self.globals.get(symbol.0 as usize) {
            Some(Some(item)) => Ok(item.clone()),
            _ => Ok(Item::Nothing),
        }
    }

    /// What a name without its `$` would mean: for the hint that the `$` was forgotten.
    pub(super) fn lookup_name(&mut self, frame: FrameId, name: &str) -> Result<Item, Fault> {
        match self.symbols.find(name) {
            Some(symbol) => self.lookup(frame, symbol),
            None => Ok(self.builtin(name).map_or(Item::Nothing, Item::Native)),
        }
    }

    pub(super) fn builtin(&self, name: &str) -> Option<&'static Builtin> {
        builtins::find(name, self.dialect)
    }

    /// Takes over the symbols of an expression that was read during the evaluation.
    pub(super) fn extend(&mut self, symbols: Symbols) {
        for name in symbols.iter().skip(self.globals.len()) {
            self.globals.push(self.builtin(name).map(Item::Native));
        }
        self.symbols = Cow::Owned(symbols);
    }

    /// Sets a member of an object that is being made.
    pub(super) fn insert(&mut self, record: &mut Record, key: Arc<str>, item: Item) -> Result<(), Fault> {
        self.charge(48)?;
        self.steps(key.len() / 64)?;
        record.insert(key, item);
        Ok(())
    }

    /// An array that was made by `push`.
    pub(super) fn array(&mut self, items: Vec<Item>) -> Result<Item, Fault> {
        self.charge(48)?;
        List::array(items).into_item().checked()
    }

    /// A sequence that was made by `push`.
    pub(super) fn sequence(&mut self, items: Vec<Item>) -> Result<Item, Fault> {
        self.charge(48)?;
        List::sequence(items).into_item().checked()
    }

    /// The items of an array, or the one item; nothing has none. Paid for.
    pub(super) fn items_of(&mut self, item: &Item) -> Result<Vec<Item>, Fault> {
        match item {
            Item::Nothing => Ok(Vec::new()),
            Item::List(list) => {
                self.charge_items(list.items.len())?;
                Ok(list.items.clone())
            }
            _ => match item.as_array() {
                Some(array) => {
                    self.charge_items(array.len())?;
                    Ok(array.to_vec())
                }
                None => Ok(vec![item.clone()]),
            },
        }
    }

    pub(super) fn unwrap_outer(item: &Item) -> Item {
        match item {
            Item::List(list) if list.outer_wrapper => list.items.first().cloned().unwrap_or_default(),
            other => other.clone(),
        }
    }
}
