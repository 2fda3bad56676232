//! Paths: steps, predicates, wildcards and groups.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Kind, Node, Stage, Steps};
use super::error::Fault;
use super::eval::finite;
use super::item::{Array, Item, List, Record, Tuple};
use super::machine::{FrameId, Machine};
use super::numbers;
use crate::Value;

/// The items between two steps.
pub(super) enum Run {
    /// Exactly one, even if that is an array.
    One(Item),
    /// Those of an array.
    Many(Item),
}

/// What is grouped.
pub(super) enum Grouped<'a> {
    Item(&'a Item),
    Tuples(&'a [Tuple]),
}

impl Run {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(array) => array.as_array().map_or(0, Array::len),
        }
    }

    pub(super) fn get(&self, at: usize) -> Item {
        match self {
            Self::One(item) => item.clone(),
            Self::Many(array) => array.as_array().map_or(Item::Nothing, |items| items.get(at)),
        }
    }

    /// As an array, the one item in a sequence of its own.
    pub(super) fn into_array(self) -> Item {
        match self {
            Self::One(item) => List::sequence(vec![item]).into_item(),
            Self::Many(array) => array,
        }
    }
}

impl Machine<'_> {
    #[inline(never)]
    pub(super) fn eval_path(&mut self, node: &Node, path: &Steps, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        if let [Node { kind: Kind::Name(name), rare: None, tuple: false, .. }] = path.steps.as_slice()
            && !path.keep_singleton
            && node.rare.is_none()
            && !input.is_array()
        {
            return self.lookup_member(input, name);
        }
        self.deeper(1)?;
        let result = self.walk_path(node, path, input, frame)?;
        self.shallower(1);
        Ok(result)
    }

    fn walk_path(&mut self, node: &Node, path: &Steps, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        let absolute = path.steps.first().is_some_and(|step| matches!(step.kind, Kind::Context | Kind::Variable(_)));
        let mut run = if input.is_array() && !absolute { Run::Many(input.clone()) } else { Run::One(input.clone()) };
        let mut tuples: Option<Vec<Tuple>> = None;
        let mut streaming = false;
        let last = path.steps.len().saturating_sub(1);
        for (place, step) in path.steps.iter().enumerate() {
            streaming |= step.tuple;
            if place == 0 && step.cons_array {
                run = Run::Many(self.eval(step, &run.into_array(), frame)?);
            } else if streaming {
                tuples = Some(self.tuple_step(step, &run, tuples, frame)?);
                continue;
            } else {
                run = self.path_step(step, &run, frame, place == last)?;
            }
            if run.len() == 0 {
                break;
            }
        }
        match tuples {
            Some(tuples) => self.path_of_tuples(node, path, tuples, frame),
            None => self.path_of_items(node, path, run, frame),
        }
    }

    fn path_of_tuples(&mut self, node: &Node, path: &Steps, tuples: Vec<Tuple>, frame: FrameId) -> Result<Item, Fault> {
        if let Some(group) = node.rare.as_ref().and_then(|rare| rare.group.as_ref()) {
            return self.eval_group(&group.pairs, group.offset, Grouped::Tuples(&tuples), frame);
        }
        if node.tuple {
            return Ok(Item::Stream(Rc::new(tuples)));
        }
        self.charge_items(tuples.len())?;
        let mut list = List::sequence(tuples.into_iter().map(|tuple| tuple.item).collect());
        list.keep_singleton = path.keep_singleton;
        list.into_item().checked()
    }

    fn path_of_items(&mut self, node: &Node, path: &Steps, run: Run, frame: FrameId) -> Result<Item, Fault> {
        let result = match run {
            Run::One(item) if path.keep_singleton => {
                let mut list = List::sequence(vec![item]);
                list.keep_singleton = true;
                list.into_item()
            }
            Run::One(item) if node.rare.is_none() => return Ok(item),
            Run::One(item) => List::sequence(vec![item]).into_item(),
            // With more than one item the mark would say nothing.
            Run::Many(Item::List(list)) if path.keep_singleton && (list.cons || list.items.len() < 2) => {
                let mut kept = if list.cons && !list.sequence {
                    List::sequence(vec![Item::List(list)])
                } else {
                    List::clone(&list)
                };
                kept.keep_singleton = true;
                kept.into_item()
            }
            Run::Many(array) => array,
        };
        match node.rare.as_ref().and_then(|rare| rare.group.as_ref()) {
            Some(group) => self.eval_group(&group.pairs, group.offset, Grouped::Item(&result), frame),
            None => Ok(result),
        }
    }

    /// One step over all items.
    fn path_step(&mut self, step: &Node, input: &Run, frame: FrameId, last: bool) -> Result<Run, Fault> {
        if let Kind::Sort(terms) = &step.kind {
            let mut sorted = self.sort_items(terms, input, frame)?;
            for stage in step.rare.iter().flat_map(|rare| &rare.stages) {
                if let Stage::Filter(predicate) = stage {
                    sorted = self.filter(predicate, sorted, frame)?;
                }
            }
            return Ok(if sorted.is_array() { Run::Many(sorted) } else { Run::One(sorted) });
        }
        let mut results = Vec::new();
        let mut flat = true;
        for at in 0..input.len() {
            let mut result = self.step_of(step, &input.get(at), frame)?;
            for stage in step.rare.iter().flat_map(|rare| &rare.stages) {
                if let Stage::Filter(predicate) = stage {
                    result = self.filter(predicate, result, frame)?;
                }
            }
            if !result.is_nothing() {
                flat &= !result.is_array() || result.is_cons();
                self.push(&mut results, result)?;
            }
        }
        if results.len() == 1 {
            let only = results.pop().unwrap_or_default();
            return Ok(if !only.is_array() {
                Run::One(only)
            } else if last && !only.is_sequence() {
                Run::Many(only)
            } else if only.is_cons() {
                Run::One(only)
            } else if last {
                Run::Many(self.resequenced(only)?)
            } else if only.as_array().is_some_and(|items| items.len() == 0) {
                Run::Many(self.sequence(Vec::new())?)
            } else {
                Run::Many(only)
            });
        }
        if !flat {
            let mut items = Vec::new();
            for result in results {
                if result.is_cons() { self.push(&mut items, result)? } else { self.append(&mut items, result)? }
            }
            results = items;
        }
        Ok(Run::Many(self.sequence(results)?))
    }

    /// A name is looked up at once; everything else is evaluated.
    fn step_of(&mut self, step: &Node, item: &Item, frame: FrameId) -> Result<Item, Fault> {
        if let Kind::Name(name) = &step.kind
            && !step.keep_array
            && step.rare.as_ref().is_none_or(|rare| rare.predicates.is_empty() && rare.group.is_none())
        {
            self.step()?;
            return Ok(self.lookup_member(item, name)?.collapsed(false));
        }
        self.eval(step, item, frame)
    }

    /// A sequence of the same items without the marks of the old one.
    fn resequenced(&mut self, item: Item) -> Result<Item, Fault> {
        match &item {
            Item::List(list) if list.keep_singleton || list.outer_wrapper => {
                self.charge_items(list.items.len())?;
                Ok(List::sequence(list.items.clone()).into_item())
            }
            _ => Ok(item),
        }
    }

    /// The items `predicate` selects.
    pub(super) fn filter(&mut self, predicate: &Node, input: Item, frame: FrameId) -> Result<Item, Fault> {
        if let Item::Stream(tuples) = &input {
            self.charge_items(tuples.len().saturating_mul(2))?;
            let kept = self.filter_tuples(predicate, tuples.to_vec(), frame)?;
            return Ok(Item::Stream(Rc::new(kept)));
        }
        let run = if input.is_array() { Run::Many(input) } else { Run::One(input) };
        if let Kind::Literal(Value::Number(number)) = predicate.kind {
            self.step()?;
            let item = place_of(number.as_f64(), run.len()).map_or(Item::Nothing, |at| run.get(at));
            return if item.is_nothing() { self.sequence(Vec::new()) } else { Ok(item) };
        }
        let mut kept = Vec::new();
        for at in 0..run.len() {
            let item = run.get(at);
            let verdict = self.eval(predicate, &item, frame)?;
            for _ in 0..self.selected(&verdict, at, run.len())? {
                if !item.is_nothing() {
                    self.push(&mut kept, item.clone())?;
                }
            }
        }
        match kept.as_slice() {
            [only] if !only.is_array() => Ok(only.clone()),
            _ => self.sequence(kept),
        }
    }

    /// How often the item at `at` is taken by what its predicate gave: as often as its place
    /// is named, or once if it is true.
    pub(super) fn selected(&mut self, verdict: &Item, at: usize, len: usize) -> Result<usize, Fault> {
        if let Some(number) = verdict.as_f64() {
            return Ok(usize::from(place_of(finite(number)?, len) == Some(at)));
        }
        let Some(items) = verdict.as_array() else { return Ok(usize::from(self.truth(verdict)?)) };
        self.steps(items.len())?;
        let mut times = 0;
        for item in items.iter() {
            let Some(number) = item.as_f64() else { return Ok(usize::from(self.truth(verdict)?)) };
            times += usize::from(place_of(finite(number)?, len) == Some(at));
        }
        Ok(times)
    }

    /// The member `key`, of an array those of its items.
    pub(super) fn lookup_member(&mut self, input: &Item, key: &str) -> Result<Item, Fault> {
        if let Some(object) = input.as_object() {
            self.steps(key.len() / 64)?;
            return Ok(object.get(key));
        }
        let Some(items) = input.as_array() else { return Ok(Item::Nothing) };
        let mut found = Vec::new();
        self.steps(items.len())?;
        for item in items.iter() {
            let member = self.lookup_member(&item, key)?;
            self.append(&mut found, member)?;
        }
        self.sequence(found)
    }

    #[inline(never)]
    pub(super) fn wildcard(&mut self, input: &Item) -> Result<Item, Fault> {
        let input = Self::unwrap_outer(input);
        let mut found = Vec::new();
        let mut plain = false;
        let members: Vec<Item> = if let Some(object) = input.as_object() {
            self.charge_items(object.len())?;
            object.iter().map(|(_, item)| item).collect()
        } else if input.is_array() {
            self.items_of(&input)?
        } else {
            Vec::new()
        };
        for member in members {
            if member.is_array() {
                plain = true;
                self.flatten(&mut found, &member)?;
            } else {
                self.push(&mut found, member)?;
            }
        }
        if plain { self.array(found) } else { self.sequence(found) }
    }

    /// All items of arrays within arrays.
    fn flatten(&mut self, into: &mut Vec<Item>, item: &Item) -> Result<(), Fault> {
        let Some(items) = item.as_array() else { return self.push(into, item.clone()) };
        self.steps(items.len())?;
        for item in items.iter() {
            self.flatten(into, &item)?;
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn descendants(&mut self, input: &Item) -> Result<Item, Fault> {
        let mut found = Vec::new();
        if !input.is_nothing() {
            self.descend(&mut found, input)?;
        }
        self.sequence(found)
    }

    fn descend(&mut self, into: &mut Vec<Item>, item: &Item) -> Result<(), Fault> {
        self.step()?;
        if let Some(items) = item.as_array() {
            for item in items.iter() {
                self.descend(into, &item)?;
            }
            return Ok(());
        }
        self.push(into, item.clone())?;
        if let Some(object) = item.as_object() {
            for (_, member) in object.iter() {
                self.descend(into, &member)?;
            }
        }
        Ok(())
    }

    /// An object whose members are made from the items that share a key.
    #[inline(never)]
    pub(super) fn eval_group(
        &mut self,
        pairs: &[(Node, Node)],
        offset: u32,
        input: Grouped<'_>,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        self.deeper(1)?;
        let mut groups = Groups::default();
        match input {
            Grouped::Item(Item::Stream(tuples)) => self.group_tuples(&mut groups, pairs, offset, tuples, frame)?,
            Grouped::Tuples(tuples) => self.group_tuples(&mut groups, pairs, offset, tuples, frame)?,
            Grouped::Item(item) => {
                let run = if item.is_array() { Run::Many(item.clone()) } else { Run::One(item.clone()) };
                for at in 0..run.len().max(1) {
                    let item = run.get(at);
                    for (pair, (key, _)) in pairs.iter().enumerate() {
                        let Some(key) = self.group_key(key, &item, frame, offset)? else { continue };
                        let group = groups.of(self, key, pair, offset)?;
                        group.items.push(Tuple { item: item.clone(), variables: Vec::new() });
                    }
                }
            }
        }
        let mut record = Record::from_iter([]);
        for group in groups.groups {
            let Some((_, value)) = pairs.get(group.pair) else { continue };
            let value = self.group_value(value, group.items, frame)?;
            if !value.is_nothing() {
                self.insert(&mut record, group.key, value)?;
            }
        }
        self.shallower(1);
        self.charge(64)?;
        record.into_item().checked()
    }

    fn group_tuples(
        &mut self,
        groups: &mut Groups,
        pairs: &[(Node, Node)],
        offset: u32,
        tuples: &[Tuple],
        frame: FrameId,
    ) -> Result<(), Fault> {
        for tuple in tuples {
            let inner = self.enter_tuple(tuple, frame)?;
            for (pair, (key, _)) in pairs.iter().enumerate() {
                let Some(key) = self.group_key(key, &tuple.item, inner, offset)? else { continue };
                self.charge(64)?;
                groups.of(self, key, pair, offset)?.items.push(tuple.clone());
            }
            self.leave(inner);
        }
        Ok(())
    }

    pub(super) fn group_key(
        &mut self,
        key: &Node,
        item: &Item,
        frame: FrameId,
        offset: u32,
    ) -> Result<Option<Arc<str>>, Fault> {
        if let Kind::Literal(Value::String(text)) = &key.kind
            && key.rare.is_none()
        {
            self.step()?;
            return Ok(Some(Arc::clone(text)));
        }
        let key = self.eval(key, item, frame)?;
        match &key {
            Item::Nothing => Ok(None),
            Item::Json(Value::String(text)) => Ok(Some(Arc::clone(text))),
            other => Err(Fault::new("T1003").value_text(self.brief(other)).at(offset as usize)),
        }
    }

    /// The value over all items of a group; variables bound on the way are joined.
    fn group_value(&mut self, value: &Node, tuples: Vec<Tuple>, frame: FrameId) -> Result<Item, Fault> {
        let mut tuples = tuples.into_iter();
        let Some(mut joined) = tuples.next() else { return Ok(Item::Nothing) };
        if tuples.len() > 0 {
            let mut items = self.items_of(&joined.item)?;
            let mut variables = Vec::new();
            for (symbol, item) in joined.variables {
                variables.push((symbol, self.items_of(&item)?));
            }
            for tuple in tuples {
                self.append(&mut items, tuple.item)?;
                for (symbol, item) in tuple.variables {
                    if let Some((_, values)) = variables.iter_mut().find(|(known, _)| *known == symbol) {
                        self.append(values, item)?;
                    }
                }
            }
            joined.item = List::array(items).into_item().checked()?;
            joined.variables =
                variables.into_iter().map(|(symbol, values)| (symbol, List::array(values).into_item())).collect();
        }
        if joined.variables.is_empty() {
            return self.eval(value, &joined.item, frame);
        }
        let inner = self.enter_tuple(&joined, frame)?;
        let result = self.eval(value, &joined.item, inner)?;
        self.leave(inner);
        Ok(result)
    }
}

#[derive(Default)]
struct Groups {
    groups: Vec<OneGroup>,
    places: HashMap<Arc<str>, usize>,
}

struct OneGroup {
    key: Arc<str>,
    pair: usize,
    items: Vec<Tuple>,
}

impl Groups {
    fn of(
        &mut self,
        machine: &mut Machine<'_>,
        key: Arc<str>,
        pair: usize,
        offset: u32,
    ) -> Result<&mut OneGroup, Fault> {
        machine.charge(48)?;
        machine.steps(key.len() / 64)?;
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                machine.charge(96)?;
                let place = self.groups.len();
                self.places.insert(Arc::clone(&key), place);
                self.groups.push(OneGroup { key: Arc::clone(&key), pair, items: Vec::new() });
                place
            }
        };
        match self.groups.get_mut(place) {
            Some(group) if group.pair == pair => Ok(group),
            _ => Err(Fault::new("D1009").value_text(key.to_string()).at(offset as usize)),
        }
    }
}

/// The place that a number in a predicate means: rounded down, from the end if negative.
pub(super) fn place_of(number: f64, len: usize) -> Option<usize> {
    let place = numbers::floor(number);
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let place = if place < 0 { place.checked_add(len)? } else { place };
    if place < len { usize::try_from(place).ok() } else { None }
}
