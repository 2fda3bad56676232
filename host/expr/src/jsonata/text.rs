//! Values as text, as truths, and as plain JSON.

use std::sync::Arc;

use super::error::Fault;
use super::eval::finite;
use super::item::{Array, Item, Object};
use super::machine::Machine;
use super::numbers;
use crate::{Map, Number, Value};

/// The text `&` joins: a string itself, nothing for undefined, anything else as JSON.
pub(super) fn to_text(machine: &mut Machine<'_>, item: &Item) -> Result<Arc<str>, Fault> {
    match item {
        Item::Nothing | Item::Function(_) | Item::Native(_) => Ok("".into()),
        Item::Json(Value::String(text)) => Ok(Arc::clone(text)),
        _ => Ok(to_json(machine, item, false)?.into()),
    }
}

/// The value as JSON text, in lines if `pretty`.
pub(super) fn to_json(machine: &mut Machine<'_>, item: &Item, pretty: bool) -> Result<String, Fault> {
    if let Some(number) = item.as_f64()
        && !number.is_finite()
    {
        return Err(Fault::new("D3001"));
    }
    let mut text = String::new();
    write(machine, &mut text, item, pretty.then_some(0))?;
    Ok(text)
}

/// Writes `item`; `indent` is how deep the lines are, or none for one line.
fn write(machine: &mut Machine<'_>, text: &mut String, item: &Item, indent: Option<usize>) -> Result<(), Fault> {
    machine.step()?;
    let before = text.len();
    match item {
        Item::Nothing | Item::Json(Value::Null) => text.push_str("null"),
        Item::Json(Value::Bool(truth)) => text.push_str(if *truth { "true" } else { "false" }),
        Item::Json(Value::Number(Number::Int(number))) => text.push_str(&number.to_string()),
        Item::Json(Value::Number(Number::Float(number))) => {
            machine.steps(4)?;
            text.push_str(&numbers::to_text(finite(*number)?));
        }
        Item::Json(Value::String(string)) => {
            machine.charge_text(string.len())?;
            text.push_str(&quoted(string));
        }
        Item::Function(_) | Item::Native(_) => text.push_str("\"\""),
        Item::Stream(tuples) => {
            let items: Vec<Item> = tuples.iter().map(|tuple| tuple.item.clone()).collect();
            return write_array(machine, text, Array::Items(&items), indent);
        }
        Item::Json(Value::Array(_)) | Item::List(_) => {
            let Some(items) = item.as_array() else { return Ok(()) };
            return write_array(machine, text, items, indent);
        }
        Item::Json(Value::Object(_)) | Item::Record(_) => {
            let Some(object) = item.as_object() else { return Ok(()) };
            return write_object(machine, text, object, indent);
        }
    }
    machine.charge_text(text.len() - before)
}

fn write_array(
    machine: &mut Machine<'_>,
    text: &mut String,
    items: Array<'_>,
    indent: Option<usize>,
) -> Result<(), Fault> {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        line(machine, text, indent.map(|deep| deep + 1))?;
        write(machine, text, &item, indent.map(|deep| deep + 1))?;
    }
    if items.len() > 0 {
        line(machine, text, indent)?;
    }
    text.push(']');
    Ok(())
}

fn write_object(
    machine: &mut Machine<'_>,
    text: &mut String,
    object: Object<'_>,
    indent: Option<usize>,
) -> Result<(), Fault> {
    text.push('{');
    for (at, (key, item)) in object.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        line(machine, text, indent.map(|deep| deep + 1))?;
        machine.charge_text(key.len())?;
        text.push_str(&quoted(&key));
        text.push_str(if indent.is_some() { ": " } else { ":" });
        write(machine, text, &item, indent.map(|deep| deep + 1))?;
    }
    if object.len() > 0 {
        line(machine, text, indent)?;
    }
    text.push('}');
    Ok(())
}

fn line(machine: &mut Machine<'_>, text: &mut String, indent: Option<usize>) -> Result<(), Fault> {
    let Some(deep) = indent else { return Ok(()) };
    machine.charge_text(2 * deep + 1)?;
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", deep));
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The result as JSON; `None` is undefined.
pub(super) fn to_value(machine: &mut Machine<'_>, item: &Item) -> Result<Option<Value>, Fault> {
    match item {
        Item::Nothing => Ok(None),
        Item::Function(_) | Item::Native(_) => {
            Err(Fault::new("T1013").message("The expression evaluates to a function, which is no JSON value"))
        }
        other => value(machine, other).map(Some),
    }
}

fn value(machine: &mut Machine<'_>, item: &Item) -> Result<Value, Fault> {
    machine.step()?;
    match item {
        Item::Nothing => Ok(Value::Null),
        Item::Json(Value::Number(number)) => {
            finite(number.as_f64())?;
            Ok(Value::Number(*number))
        }
        Item::Json(value) => Ok(value.clone()),
        Item::Function(_) | Item::Native(_) => Ok(Value::from("")),
        Item::Stream(tuples) => {
            let values: Result<Vec<_>, _> = tuples.iter().map(|tuple| value(machine, &tuple.item)).collect();
            Ok(Value::Array(Arc::new(values?)))
        }
        Item::List(list) => {
            machine.charge_items(list.items.len())?;
            let mut values = Vec::with_capacity(list.items.len());
            for item in &list.items {
                values.push(value(machine, item)?);
            }
            Ok(Value::Array(Arc::new(values)))
        }
        Item::Record(record) => {
            let object = Object::Record(record);
            machine.charge(48 * u64::try_from(object.len()).unwrap_or(u64::MAX))?;
            let mut map = Map::with_capacity(object.len());
            for (key, member) in object.iter() {
                map.insert(key, value(machine, &member)?);
            }
            Ok(Value::Object(Arc::new(map)))
        }
    }
}

impl Machine<'_> {
    /// Whether a value counts as true; an array does when one of its items does.
    pub(super) fn truth(&mut self, item: &Item) -> Result<bool, Fault> {
        Ok(match item {
            Item::Nothing | Item::Function(_) | Item::Native(_) | Item::Json(Value::Null) => false,
            Item::Json(Value::Bool(truth)) => *truth,
            Item::Json(Value::Number(number)) => number.as_f64() != 0.0,
            Item::Json(Value::String(text)) => !text.is_empty(),
            Item::Json(Value::Object(map)) => !map.is_empty(),
            Item::Record(record) => Object::Record(record).len() > 0,
            Item::Stream(tuples) => !tuples.is_empty(),
            Item::Json(Value::Array(_)) | Item::List(_) => {
                for item in item.as_array().into_iter().flat_map(Array::iter) {
                    self.step()?;
                    if self.truth(&item)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    /// How many values there are in a value, itself included; each takes a step.
    pub(super) fn values_in(&mut self, item: &Item) -> Result<usize, Fault> {
        self.steps(1 + item.as_str().map_or(0, |text| text.len() / 64))?;
        let mut count = 1;
        if let Some(items) = item.as_array() {
            for item in items.iter() {
                count += self.values_in(&item)?;
            }
        } else if let Some(object) = item.as_object() {
            for (_, member) in object.iter() {
                count += self.values_in(&member)?;
            }
        }
        Ok(count)
    }
}
