//! Functions on arrays.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::limits::ARRAY_RANGE_ITEMS_MAX;
use crate::value::Value;

use super::numbers::rounded;

pub(super) fn partition(items: &[Value], size: &Value) -> Result<Value, String> {
    let size = rounded(size, 2)?;
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        return Err(format!("the size of a chunk has to be a positive integer, but is {size}"));
    };
    Ok(Value::array(items.chunks(size).map(|chunk| Value::array(chunk.iter().cloned()))))
}

/// The last value is part of the range when a step hits it.
pub(super) fn range(first: &Value, last: &Value, step: &Value) -> Result<Value, String> {
    let (first, last, step) = (rounded(first, 1)?, rounded(last, 2)?, rounded(step, 3)?);
    if step == 0 {
        return Err("the step must not be 0".to_owned());
    }
    let mut items = Vec::new();
    let mut next = Some(first);
    while let Some(at) = next.filter(|at| if step > 0 { *at <= last } else { *at >= last }) {
        if items.len() == ARRAY_RANGE_ITEMS_MAX {
            return Err(format!("the range has more than {ARRAY_RANGE_ITEMS_MAX} items"));
        }
        items.push(Value::from(at));
        next = at.checked_add(step);
    }
    Ok(Value::array(items))
}

pub(super) fn get_item(items: &[Value], index: &Value) -> Result<Value, String> {
    let index = rounded(index, 2)?;
    let item = usize::try_from(index).ok().and_then(|at| items.get(at));
    item.cloned().ok_or_else(|| format!("the index {index} is outside the array, which has {} items", items.len()))
}

pub(super) fn length(items: &[Value]) -> Result<Value, String> {
    i64::try_from(items.len()).map(Value::from).map_err(|_| "the array is too long".to_owned())
}

/// The first of all equal items, in order. Items are compared only with those of the same hash:
/// comparing each with each would take seconds on the largest payload.
pub(super) fn unique(items: &[Value]) -> Value {
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::new();
    let mut kept = Vec::new();
    for item in items {
        let alike = seen.entry(hash_of(item)).or_default();
        if !alike.contains(&item) {
            alike.push(item);
            kept.push(item.clone());
        }
    }
    Value::array(kept)
}

fn hash_of(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(b) => b.hash(&mut hasher),
        // Adding 0.0 turns -0.0, which equals 0, into 0.0.
        Value::Number(number) => (number.as_f64() + 0.0).to_bits().hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::Array(items) => items.iter().for_each(|item| hash_of(item).hash(&mut hasher)),
        // Members are equal in any order.
        Value::Object(map) => {
            let members = map.iter().map(|(key, value)| {
                let mut member = DefaultHasher::new();
                key.hash(&mut member);
                hash_of(value).hash(&mut member);
                member.finish()
            });
            members.fold(0, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}
