//! Steps that bind variables (`@`, `#`, `%`), and sorting.

use std::cmp::Ordering;

use super::ast::{Kind, Node, Stage, Symbol, Term};
use super::error::Fault;
use super::item::{Item, List, Tuple};
use super::machine::{FrameId, Machine};
use super::path::{Run, place_of};
use crate::Value;

/// What a tuple costs, without its variables.
const TUPLE_BYTES: u64 = 48;
/// What a variable of a tuple costs.
const VARIABLE_BYTES: u64 = 32;

impl Tuple {
    fn set(&mut self, symbol: Symbol, item: Item) {
        match self.variables.iter_mut().find(|(known, _)| *known == symbol) {
            Some((_, slot)) => *slot = item,
            None => self.variables.push((symbol, item)),
        }
    }
}

impl Machine<'_> {
    /// A frame with the tuple's variables.
    pub(super) fn enter_tuple(&mut self, tuple: &Tuple, frame: FrameId) -> Result<FrameId, Fault> {
        let inner = self.enter(frame)?;
        for (symbol, item) in &tuple.variables {
            self.bind(inner, *symbol, item.clone())?;
        }
        Ok(inner)
    }

    /// One step over all tuples; the items of `input` are the first.
    pub(super) fn tuple_step(
        &mut self,
        step: &Node,
        input: &Run,
        tuples: Option<Vec<Tuple>>,
        frame: FrameId,
    ) -> Result<Vec<Tuple>, Fault> {
        let mut results = Vec::new();
        if let Kind::Sort(terms) = &step.kind {
            results = match tuples {
                Some(tuples) => self.sort_tuples(terms, tuples, frame)?,
                None => {
                    let sorted = self.sort_items(terms, input, frame)?;
                    let items = self.items_of(&sorted)?;
                    items.into_iter().map(|item| Tuple { item, variables: Vec::new() }).collect()
                }
            };
            if let Some(symbol) = step.rare.as_ref().and_then(|rare| rare.index) {
                results.iter_mut().enumerate().for_each(|(at, tuple)| tuple.set(symbol, Item::count(at)));
            }
        } else {
            let tuples = match tuples {
                Some(tuples) => tuples,
                None => {
                    self.charge_items(input.len().saturating_mul(2))?;
                    (0..input.len()).map(|at| Tuple { item: input.get(at), variables: Vec::new() }).collect()
                }
            };
            for tuple in tuples {
                let inner = self.enter_tuple(&tuple, frame)?;
                let found = self.eval(step, &tuple.item, inner)?;
                self.leave(inner);
                self.extend_tuples(&mut results, step, &tuple, found)?;
            }
        }
        self.tuple_stages(step, results, frame)
    }

    /// Adds one tuple for each item that `step` found from `tuple`.
    fn extend_tuples(
        &mut self,
        results: &mut Vec<Tuple>,
        step: &Node,
        tuple: &Tuple,
        found: Item,
    ) -> Result<(), Fault> {
        let cost = TUPLE_BYTES + VARIABLE_BYTES * u64::try_from(tuple.variables.len() + 2).unwrap_or(u64::MAX);
        if let Item::Stream(stream) = &found {
            for inner in stream.iter() {
                self.charge(cost)?;
                let mut joined = tuple.clone();
                inner.variables.iter().for_each(|(symbol, item)| joined.set(*symbol, item.clone()));
                joined.item = inner.item.clone();
                results.push(joined);
            }
            return Ok(());
        }
        if found.is_nothing() {
            return Ok(());
        }
        let run = if found.is_array() { Run::Many(found) } else { Run::One(found) };
        let rare = step.rare.as_deref();
        for at in 0..run.len() {
            self.step()?;
            self.charge(cost)?;
            let item = run.get(at);
            let mut joined = tuple.clone();
            match rare.and_then(|rare| rare.focus) {
                Some(symbol) => joined.set(symbol, item),
                None => joined.item = item,
            }
            if let Some(symbol) = rare.and_then(|rare| rare.index) {
                joined.set(symbol, Item::count(at));
            }
            for label in rare.iter().flat_map(|rare| &rare.ancestors) {
                joined.set(*label, tuple.item.clone());
            }
            results.push(joined);
        }
        Ok(())
    }

    fn tuple_stages(&mut self, step: &Node, tuples: Vec<Tuple>, frame: FrameId) -> Result<Vec<Tuple>, Fault> {
        let mut tuples = tuples;
        for stage in step.rare.iter().flat_map(|rare| &rare.stages) {
            match stage {
                Stage::Filter(predicate) => tuples = self.filter_tuples(predicate, tuples, frame)?,
                Stage::Index(symbol) => {
                    tuples.iter_mut().enumerate().for_each(|(at, tuple)| tuple.set(*symbol, Item::count(at)));
                }
            }
        }
        Ok(tuples)
    }

    pub(super) fn filter_tuples(
        &mut self,
        predicate: &Node,
        tuples: Vec<Tuple>,
        frame: FrameId,
    ) -> Result<Vec<Tuple>, Fault> {
        let len = tuples.len();
        if let Kind::Literal(Value::Number(number)) = predicate.kind {
            let place = place_of(number.as_f64(), len);
            return Ok(place.and_then(|at| tuples.into_iter().nth(at)).into_iter().collect());
        }
        let mut kept = Vec::new();
        for (at, tuple) in tuples.into_iter().enumerate() {
            let inner = self.enter_tuple(&tuple, frame)?;
            let verdict = self.eval(predicate, &tuple.item, inner)?;
            self.leave(inner);
            for _ in 0..self.selected(&verdict, at, len)? {
                self.charge(TUPLE_BYTES + VARIABLE_BYTES * u64::try_from(tuple.variables.len()).unwrap_or(u64::MAX))?;
                kept.push(tuple.clone());
            }
        }
        Ok(kept)
    }

    pub(super) fn sort_items(&mut self, terms: &[Term], input: &Run, frame: FrameId) -> Result<Item, Fault> {
        let mut tuples = Vec::new();
        for at in 0..input.len() {
            self.charge(TUPLE_BYTES)?;
            tuples.push(Tuple { item: input.get(at), variables: Vec::new() });
        }
        let sorted = self.sort_tuples(terms, tuples, frame)?;
        self.charge_items(sorted.len())?;
        Ok(List::sequence(sorted.into_iter().map(|tuple| tuple.item).collect()).into_item())
    }

    fn sort_tuples(&mut self, terms: &[Term], tuples: Vec<Tuple>, frame: FrameId) -> Result<Vec<Tuple>, Fault> {
        if tuples.len() < 2 {
            return Ok(tuples);
        }
        self.deeper(1)?;
        let mut keyed = Vec::with_capacity(tuples.len());
        for tuple in tuples {
            let inner = self.enter_tuple(&tuple, frame)?;
            let mut keys = Vec::with_capacity(terms.len());
            for term in terms {
                let key = self.eval(&term.expression, &tuple.item, inner)?;
                self.push(&mut keys, key)?;
            }
            self.leave(inner);
            keyed.push((keys, tuple));
        }
        self.shallower(1);
        let sorted = self.merge_sort(keyed, &mut |machine, (a, _), (b, _)| {
            let longest = a.iter().filter_map(Item::as_str).map(str::len).max().unwrap_or(0);
            machine.steps(terms.len() + longest / 64)?;
            compare_keys(terms, a, b)
        })?;
        Ok(sorted.into_iter().map(|(_, tuple)| tuple).collect())
    }

    /// A stable sort whose comparison can fail; it is asked whether the first comes after the
    /// second.
    pub(super) fn merge_sort<T>(
        &mut self,
        items: Vec<T>,
        after: &mut dyn FnMut(&mut Self, &T, &T) -> Result<bool, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let bytes = items.len().saturating_mul(size_of::<T>());
        self.charge(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(2))?;
        let mut runs: Vec<Vec<T>> = items.into_iter().map(|item| vec![item]).collect();
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
            let mut pairs = runs.into_iter();
            while let Some(left) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(right) => self.merge(left, right, after)?,
                    None => left,
                });
            }
            runs = merged;
        }
        Ok(runs.pop().unwrap_or_default())
    }

    fn merge<T>(
        &mut self,
        left: Vec<T>,
        right: Vec<T>,
        after: &mut dyn FnMut(&mut Self, &T, &T) -> Result<bool, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut merged = Vec::with_capacity(left.len() + right.len());
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            self.step()?;
            let next = if after(self, a, b)? { right.next() } else { left.next() };
            merged.extend(next);
        }
        merged.extend(left);
        merged.extend(right);
        Ok(merged)
    }
}

/// Whether `a` comes after `b`. What is undefined comes last, whatever the direction.
fn compare_keys(terms: &[Term], a: &[Item], b: &[Item]) -> Result<bool, Fault> {
    for ((term, a), b) in terms.iter().zip(a).zip(b) {
        let offset = term.expression.offset as usize;
        let ordering = match (a, b) {
            (Item::Nothing, Item::Nothing) => continue,
            (Item::Nothing, _) => return Ok(true),
            (_, Item::Nothing) => return Ok(false),
            (Item::Json(Value::Number(a)), Item::Json(Value::Number(b))) => a.as_f64().total_cmp(&b.as_f64()),
            (Item::Json(Value::String(a)), Item::Json(Value::String(b))) => a.cmp(b),
            _ if [a, b].iter().any(|key| !matches!(key.letter(), 's' | 'n')) => {
                return Err(Fault::new("T2008").at(offset));
            }
            _ => return Err(Fault::new("T2007").at(offset)),
        };
        let ordering = if term.descending { ordering.reverse() } else { ordering };
        match ordering {
            Ordering::Equal => {}
            Ordering::Less => return Ok(false),
            Ordering::Greater => return Ok(true),
        }
    }
    Ok(false)
}
