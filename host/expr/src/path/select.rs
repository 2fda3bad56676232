//! Following a path through a document.

use crate::value::Value;

use super::{Segment, Selector};

/// Where a definite path came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    /// Index of the segment that selects nothing.
    pub(super) at: usize,
    /// The value it was applied to is an object.
    pub(super) in_object: bool,
    /// The JSON name of that value's kind.
    pub(super) kind: &'static str,
}

/// The path looked at too many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// Follows a definite path: a few pointer hops, nothing is allocated.
pub(super) fn follow<'v>(segments: &[Segment], document: &'v Value) -> Result<&'v Value, Missing> {
    let mut value = document;
    for (at, segment) in segments.iter().enumerate() {
        let next = match &segment.selector {
            Selector::Name(name) => value.get(name),
            Selector::Index(index) => value.as_array().and_then(|items| items.get(position(*index, items.len())?)),
            Selector::Names(_)
            | Selector::Indices(_)
            | Selector::Slice { .. }
            | Selector::Every
            | Selector::Filter(_) => None,
        };
        let in_object = matches!(value, Value::Object(_));
        value = next.ok_or(Missing { at, in_object, kind: value.kind() })?;
    }
    Ok(value)
}

/// Follows indefinite paths and counts the values it looks at.
#[derive(Debug)]
pub(super) struct Walk {
    nodes_left: usize,
}

impl Walk {
    pub(super) fn new(nodes_max: usize) -> Self {
        Self { nodes_left: nodes_max }
    }

    /// All values the segments select, in document order.
    pub(super) fn select<'v>(
        &mut self,
        segments: &[Segment],
        document: &'v Value,
    ) -> Result<Vec<&'v Value>, Exhausted> {
        let mut current = vec![document];
        for segment in segments {
            let mut next = Vec::new();
            for value in current {
                if segment.descends {
                    self.descend(&segment.selector, value, &mut next)?;
                } else {
                    self.apply(&segment.selector, value, &mut next)?;
                }
            }
            current = next;
        }
        Ok(current)
    }

    /// Counts one value that is looked at.
    pub(super) fn look(&mut self) -> Result<(), Exhausted> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Exhausted)?;
        Ok(())
    }

    /// Applies a selector to `top` and all values below it, each before those below it. The
    /// stack is ours, so that a deep document costs memory of the heap alone.
    fn descend<'v>(
        &mut self,
        selector: &Selector,
        top: &'v Value,
        found: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        if let Selector::Filter(filter) = selector
            && matches!(top, Value::Object(_))
            && filter.accepts(top, self)?
        {
            found.push(top);
        }
        let mut open = vec![top];
        while let Some(value) = open.pop() {
            match selector {
                // Every value below is tested once, as a member of what holds it.
                Selector::Filter(filter) => {
                    for child in children(value) {
                        if filter.accepts(child, self)? {
                            found.push(child);
                        }
                    }
                }
                Selector::Name(_)
                | Selector::Names(_)
                | Selector::Index(_)
                | Selector::Indices(_)
                | Selector::Slice { .. }
                | Selector::Every => self.apply(selector, value, found)?,
            }
            let before = open.len();
            for child in children(value) {
                self.look()?;
                if matches!(child, Value::Array(_) | Value::Object(_)) {
                    open.push(child);
                }
            }
            if let Some(added) = open.get_mut(before..) {
                added.reverse();
            }
        }
        Ok(())
    }

    fn apply<'v>(
        &mut self,
        selector: &Selector,
        value: &'v Value,
        found: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        self.look()?;
        match selector {
            Selector::Name(name) => found.extend(value.get(name)),
            Selector::Names(names) => {
                for name in names {
                    self.look()?;
                    found.extend(value.get(name));
                }
            }
            Selector::Index(index) => self.index(*index, value, found)?,
            Selector::Indices(indices) => {
                for index in indices {
                    self.index(*index, value, found)?;
                }
            }
            Selector::Slice { start, end, step } => {
                let Some(items) = value.as_array() else { return Ok(()) };
                for at in slice(*start, *end, *step, items.len()) {
                    self.look()?;
                    found.extend(items.get(at));
                }
            }
            Selector::Every => {
                for child in children(value) {
                    self.look()?;
                    found.push(child);
                }
            }
            Selector::Filter(filter) => match value {
                Value::Array(items) => {
                    for item in items.iter() {
                        if filter.accepts(item, self)? {
                            found.push(item);
                        }
                    }
                }
                // Jayway tests an object itself, not its members.
                Value::Object(_) => {
                    if filter.accepts(value, self)? {
                        found.push(value);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            },
        }
        Ok(())
    }

    fn index<'v>(&mut self, index: i64, value: &'v Value, found: &mut Vec<&'v Value>) -> Result<(), Exhausted> {
        self.look()?;
        if let Some(items) = value.as_array() {
            found.extend(position(index, items.len()).and_then(|at| items.get(at)));
        }
        Ok(())
    }
}

/// The values directly below one, in order.
fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(map) => Box::new(map.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Box::new(std::iter::empty()),
    }
}

/// The place an index means; negative ones count from the end.
pub(crate) fn position(index: i64, len: usize) -> Option<usize> {
    let from_end = usize::try_from(index.unsigned_abs()).ok()?;
    let at = if index < 0 { len.checked_sub(from_end)? } else { from_end };
    (at < len).then_some(at)
}

/// The places of a slice, by the rules of RFC 9535, section 2.3.4.2.2. A step of 0 selects none.
fn slice(start: Option<i64>, end: Option<i64>, step: i64, len: usize) -> Vec<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
    let mut places = Vec::new();
    if step > 0 {
        let mut at = from_end(start.unwrap_or(0)).clamp(0, len);
        let end = from_end(end.unwrap_or(len)).clamp(0, len);
        while at < end {
            places.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = from_end(start.unwrap_or(len - 1)).clamp(-1, len - 1);
        let end = end.map_or(-1, |end| from_end(end).clamp(-1, len - 1));
        while at > end {
            places.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    }
    places
}
