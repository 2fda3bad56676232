//! Evaluation, node by node.

use std::sync::Arc;

use super::ast::{Kind, Lambda, Node, Operator, Stage, Transform};
use super::error::Fault;
use super::item::{FunctionKind, Item, List, Record, equal};
use super::machine::{FrameId, Machine};
use super::numbers;
use super::text::to_text;
use crate::Value;

impl Machine<'_> {
    /// What `node` gives over `input`. Every node takes a step and a level.
    pub(super) fn eval(&mut self, node: &Node, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        self.step()?;
        self.deeper(1)?;
        let result = self.eval_kind(node, input, frame)?;
        let result = if node.rare.is_some() { self.eval_rare(node, result, frame)? } else { result };
        self.shallower(1);
        Ok(result.collapsed(node.keep_array))
    }

    fn eval_kind(&mut self, node: &Node, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        match &node.kind {
            Kind::Literal(value) => Ok(Item::Json(value.clone())),
            Kind::Name(name) => self.lookup_member(input, name),
            Kind::Context => Ok(Self::unwrap_outer(input)),
            Kind::Variable(symbol) => self.lookup(frame, *symbol),
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendants => self.descendants(input),
            Kind::Parent { label, .. } => self.lookup(frame, *label),
            Kind::Path(path) => self.eval_path(node, path, input, frame),
            Kind::Negate(operand) => self.negate(operand, input, frame),
            Kind::Array(items) => self.eval_array(node, items, input, frame),
            Kind::Object(pairs) => self.eval_object(node, pairs, input, frame),
            Kind::Binary(operator, left, right) => self.eval_binary(*operator, left, right, node, input, frame),
            Kind::Bind(symbol, value) => {
                let value = self.eval(value, input, frame)?;
                self.bind(frame, *symbol, value.clone())?;
                Ok(value)
            }
            Kind::Apply(left, right) => self.eval_apply(node, left, right, input, frame),
            Kind::Call(procedure, arguments) => self.eval_call(node, procedure, arguments, None, input, frame),
            Kind::Partial(procedure, arguments) => self.eval_partial(node, procedure, arguments, input, frame),
            Kind::Lambda(lambda) => self.make_lambda(lambda, input, frame),
            Kind::Condition(condition, then, otherwise) => {
                self.eval_condition(condition, then, otherwise.as_deref(), input, frame)
            }
            Kind::Default(left, otherwise) => self.eval_default(left, otherwise, input, frame),
            Kind::Coalesce(left, otherwise) => self.eval_coalesce(left, otherwise, input, frame),
            Kind::Block(expressions) => self.eval_block(expressions, input, frame),
            Kind::Regex(regex) => Ok(Item::function(FunctionKind::Regex(Arc::clone(regex)), 1)),
            Kind::Transform(transform) => self.make_transform(transform, frame),
            // A sort is a step of a path and is evaluated there.
            Kind::Sort(_) => Ok(Item::Nothing),
        }
    }

    /// The predicates and the group of a node that is no path.
    #[inline(never)]
    pub(super) fn eval_rare(&mut self, node: &Node, result: Item, frame: FrameId) -> Result<Item, Fault> {
        let Some(rare) = &node.rare else { return Ok(result) };
        let mut result = result;
        for stage in &rare.predicates {
            if let Stage::Filter(predicate) = stage {
                result = self.filter(predicate, result, frame)?;
            }
        }
        match &rare.group {
            Some(group) if !matches!(node.kind, Kind::Path(_)) => {
                self.eval_group(&group.pairs, group.offset, super::path::Grouped::Item(&result), frame)
            }
            _ => Ok(result),
        }
    }

    #[inline(never)]
    fn negate(&mut self, operand: &Node, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        let value = self.eval(operand, input, frame)?;
        match (&value, value.as_f64()) {
            (Item::Nothing, _) => Ok(Item::Nothing),
            (_, Some(number)) => Ok(Item::number(-number)),
            _ => Err(Fault::new("D1002").token("-").value_text(self.brief(&value)).at(operand.offset as usize)),
        }
    }

    #[inline(never)]
    fn eval_array(&mut self, node: &Node, items: &[Node], input: &Item, frame: FrameId) -> Result<Item, Fault> {
        let mut array = Vec::new();
        for item in items {
            let value = self.eval(item, input, frame)?;
            if matches!(item.kind, Kind::Array(_)) && !value.is_nothing() {
                self.push(&mut array, value)?;
            } else {
                self.append(&mut array, value)?;
            }
        }
        self.charge(48)?;
        let mut list = List::array(array);
        list.cons = node.cons_array;
        list.into_item().checked()
    }

    /// Adds a value to an array: the items of an array, else the value itself.
    pub(super) fn append(&mut self, array: &mut Vec<Item>, value: Item) -> Result<(), Fault> {
        match &value {
            Item::Nothing => Ok(()),
            Item::List(list) if array.is_empty() && std::rc::Rc::strong_count(list) > 1 => {
                self.charge_items(list.items.len())?;
                array.clone_from(&list.items);
                Ok(())
            }
            Item::List(_) | Item::Json(Value::Array(_)) => {
                let Some(items) = value.as_array() else { return Ok(()) };
                self.charge_items(items.len())?;
                array.extend(items.iter());
                Ok(())
            }
            _ => self.push(array, value),
        }
    }

    #[inline(never)]
    fn eval_object(
        &mut self,
        node: &Node,
        pairs: &[(Node, Node)],
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        const COMPARED_KEYS: usize = 64;
        if input.is_array() || matches!(input, Item::Stream(_)) || pairs.len() > COMPARED_KEYS {
            return self.eval_group(pairs, node.offset, super::path::Grouped::Item(input), frame);
        }
        // One item makes one group of each pair: no grouping is needed.
        let mut record = Record::from_iter([]);
        let mut keys = Vec::with_capacity(pairs.len());
        for (key, _) in pairs {
            keys.push(self.group_key(key, input, frame, node.offset)?);
        }
        for (at, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            self.steps(key.len() / 64)?;
            if keys.iter().take(at).flatten().any(|known| known == key) {
                return Err(Fault::new("D1009").value_text(&**key).at(node.offset as usize));
            }
        }
        for (key, (_, value)) in keys.into_iter().zip(pairs) {
            let Some(key) = key else { continue };
            let value = self.eval(value, input, frame)?;
            if !value.is_nothing() {
                self.insert(&mut record, key, value)?;
            }
        }
        self.charge(64)?;
        record.into_item().checked()
    }

    #[inline(never)]
    fn eval_binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        node: &Node,
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        let left = self.eval(left, input, frame)?;
        match operator {
            Operator::And => {
                if !self.truth(&left)? {
                    return Ok(Item::bool(false));
                }
                let right = self.eval(right, input, frame)?;
                return Ok(Item::bool(self.truth(&right)?));
            }
            Operator::Or => {
                if self.truth(&left)? {
                    return Ok(Item::bool(true));
                }
                let right = self.eval(right, input, frame)?;
                return Ok(Item::bool(self.truth(&right)?));
            }
            _ => {}
        }
        let right = self.eval(right, input, frame)?;
        self.combine(operator, &left, &right)
            .map_err(|fault| fault.or_at(node.offset as usize).or_token(operator.text()))
    }

    fn combine(&mut self, operator: Operator, left: &Item, right: &Item) -> Result<Item, Fault> {
        match operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                self.arithmetic(operator, left, right)
            }
            Operator::Equal | Operator::NotEqual => {
                if left.is_nothing() || right.is_nothing() {
                    return Ok(Item::bool(false));
                }
                self.charge_compare(left)?;
                Ok(Item::bool(equal(left, right) == (operator == Operator::Equal)))
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.compare(operator, left, right)
            }
            Operator::Concatenate => self.concatenate(left, right),
            Operator::In => self.includes(left, right),
            Operator::Range => self.range(left, right),
            Operator::And | Operator::Or => Ok(Item::Nothing),
        }
    }

    /// Spends steps on a comparison of whole documents.
    fn charge_compare(&mut self, item: &Item) -> Result<(), Fault> {
        let size = item.as_array().map_or(0, super::item::Array::len)
            + item.as_object().map_or(0, super::item::Object::len)
            + item.as_str().map_or(0, |text| text.len() / 64);
        if size > 0 {
            self.values_in(item)?;
        }
        Ok(())
    }

    fn arithmetic(&mut self, operator: Operator, left: &Item, right: &Item) -> Result<Item, Fault> {
        let a = operand(left, "T2001")?;
        let b = operand(right, "T2002")?;
        let (Some(a), Some(b)) = (a, b) else { return Ok(Item::Nothing) };
        Ok(Item::number(match operator {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => a / b,
            _ => a % b,
        }))
    }

    fn compare(&mut self, operator: Operator, left: &Item, right: &Item) -> Result<Item, Fault> {
        let comparable = |item: &Item| matches!(item.letter(), 'm' | 's' | 'n');
        for side in [left, right] {
            if !comparable(side) {
                return Err(Fault::new("T2010").value_text(self.brief(side)));
            }
        }
        let ordering = match (left, right) {
            (Item::Nothing, _) | (_, Item::Nothing) => return Ok(Item::Nothing),
            (Item::Json(Value::Number(a)), Item::Json(Value::Number(b))) => a.as_f64().partial_cmp(&b.as_f64()),
            (Item::Json(Value::String(a)), Item::Json(Value::String(b))) => {
                self.steps(a.len().min(b.len()) / 64)?;
                Some(a.cmp(b))
            }
            _ => return Err(Fault::new("T2009").value_text(self.brief(left))),
        };
        Ok(Item::bool(match operator {
            Operator::Less => ordering.is_some_and(std::cmp::Ordering::is_lt),
            Operator::LessOrEqual => ordering.is_some_and(std::cmp::Ordering::is_le),
            Operator::Greater => ordering.is_some_and(std::cmp::Ordering::is_gt),
            _ => ordering.is_some_and(std::cmp::Ordering::is_ge),
        }))
    }

    fn concatenate(&mut self, left: &Item, right: &Item) -> Result<Item, Fault> {
        let left = to_text(self, left)?;
        let right = to_text(self, right)?;
        self.charge_text(left.len() + right.len())?;
        let mut text = String::with_capacity(left.len() + right.len());
        text.push_str(&left);
        text.push_str(&right);
        Ok(Item::text(text))
    }

    fn includes(&mut self, left: &Item, right: &Item) -> Result<Item, Fault> {
        if left.is_nothing() || right.is_nothing() {
            return Ok(Item::bool(false));
        }
        let Some(items) = right.as_array() else { return Ok(Item::bool(equal(left, right))) };
        let cost = 1 + left.as_str().map_or(0, |text| text.len() / 64);
        for item in items.iter() {
            self.steps(cost)?;
            if !item.is_array() && item.as_object().is_none() && equal(left, &item) {
                return Ok(Item::bool(true));
            }
        }
        Ok(Item::bool(false))
    }

    fn range(&mut self, left: &Item, right: &Item) -> Result<Item, Fault> {
        let integer = |item: &Item, code: &'static str| match (item, item.as_f64()) {
            (Item::Nothing, _) => Ok(None),
            (_, Some(number)) if number.fract() == 0.0 && number.is_finite() => Ok(Some(numbers::floor(number))),
            _ => Err(Fault::new(code)),
        };
        let first = integer(left, "T2003")?;
        let last = integer(right, "T2004")?;
        let (Some(first), Some(last)) = (first, last) else { return Ok(Item::Nothing) };
        if first > last {
            return Ok(Item::Nothing);
        }
        let size = last.abs_diff(first).saturating_add(1);
        if size > super::limits::JSONATA_RANGE_ITEMS_MAX {
            return Err(Fault::new("D2014").value_text(size.to_string()));
        }
        self.charge_items(usize::try_from(size).unwrap_or(usize::MAX))?;
        let items = (first..=last).map(|number| Item::Json(Value::from(number))).collect();
        Ok(List::sequence(items).into_item())
    }

    #[inline(never)]
    fn eval_condition(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: Option<&Node>,
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        let condition = self.eval(condition, input, frame)?;
        if self.truth(&condition)? {
            return self.eval(then, input, frame);
        }
        otherwise.map_or(Ok(Item::Nothing), |node| self.eval(node, input, frame))
    }

    #[inline(never)]
    fn eval_default(&mut self, left: &Node, otherwise: &Node, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        let value = self.eval(left, input, frame)?;
        if self.truth(&value)? { Ok(value) } else { self.eval(otherwise, input, frame) }
    }

    #[inline(never)]
    fn eval_coalesce(&mut self, left: &Node, otherwise: &Node, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        let value = self.eval(left, input, frame)?;
        if value.is_nothing() { self.eval(otherwise, input, frame) } else { Ok(value) }
    }

    #[inline(never)]
    fn eval_block(&mut self, expressions: &[Node], input: &Item, frame: FrameId) -> Result<Item, Fault> {
        let inner = self.enter(frame)?;
        let mut result = Item::Nothing;
        for expression in expressions {
            result = self.eval(expression, input, inner)?;
        }
        self.leave(inner);
        Ok(result)
    }

    #[inline(never)]
    fn make_lambda(&mut self, lambda: &Arc<Lambda>, input: &Item, frame: FrameId) -> Result<Item, Fault> {
        self.charge(96)?;
        self.capture(frame);
        let kind = FunctionKind::Lambda { lambda: Arc::clone(lambda), input: input.clone(), frame };
        Item::function(kind, input.depth() + 1).checked()
    }

    #[inline(never)]
    fn make_transform(&mut self, transform: &Arc<Transform>, frame: FrameId) -> Result<Item, Fault> {
        self.charge(64)?;
        self.capture(frame);
        Ok(Item::function(FunctionKind::Transform { transform: Arc::clone(transform), frame }, 1))
    }

    /// A value in a message: its text, cut off.
    pub(super) fn brief(&mut self, item: &Item) -> String {
        const SHOWN_CHARS: usize = 80;
        match item {
            Item::Json(Value::String(text)) => text.chars().take(SHOWN_CHARS).collect(),
            Item::Json(Value::Number(number)) => numbers::to_text(number.as_f64()),
            Item::Json(Value::Bool(truth)) => truth.to_string(),
            Item::Json(Value::Null) => "null".to_owned(),
            other => other.kind().to_owned(),
        }
    }
}

/// A number, nothing, or the error `code`.
fn operand(item: &Item, code: &'static str) -> Result<Option<f64>, Fault> {
    match item {
        Item::Nothing => Ok(None),
        Item::Json(Value::Number(number)) => finite(number.as_f64()).map(Some),
        other => Err(Fault::new(code).value_text(other.kind())),
    }
}

/// Refuses what JSON cannot write.
pub(super) fn finite(number: f64) -> Result<f64, Fault> {
    if number.is_finite() { Ok(number) } else { Err(Fault::new("D1001").value_text(number.to_string())) }
}
