//! `States.Format`.

use crate::limits::INTRINSIC_TEXT_BYTES_MAX;
use crate::value::Value;

/// A template, split at its `{}`: one text more than it has places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    texts: Vec<String>,
}

impl Pattern {
    /// A template that came as data: there is no escaping in it.
    pub(super) fn plain(template: &str) -> Self {
        Self { texts: template.split("{}").map(str::to_owned).collect() }
    }

    /// A template from the texts between its places.
    pub(super) fn from_texts(texts: Vec<String>) -> Self {
        Self { texts }
    }

    fn places(&self) -> usize {
        self.texts.len().saturating_sub(1)
    }
}

/// Puts the values into the places, in order.
pub(super) fn format(pattern: &Pattern, values: &[Value]) -> Result<Value, String> {
    if pattern.places() != values.len() {
        return Err(format!(
            "the template has {} places ({{}}), but {} values follow it",
            pattern.places(),
            values.len()
        ));
    }
    let mut text = Text(String::new());
    let mut values = values.iter();
    for part in &pattern.texts {
        let written = text.push(part).and_then(|()| values.next().map_or(Ok(()), |value| text.push_value(value)));
        written.map_err(|TooLong| format!("the text would be longer than {INTRINSIC_TEXT_BYTES_MAX} bytes"))?;
    }
    Ok(Value::from(text.0))
}

struct TooLong;

struct Text(String);

impl Text {
    fn push(&mut self, part: &str) -> Result<(), TooLong> {
        if self.0.len() + part.len() > INTRINSIC_TEXT_BYTES_MAX {
            return Err(TooLong);
        }
        self.0.push_str(part);
        Ok(())
    }

    /// Objects and arrays are written as Java writes maps and lists, `{a=1, b=[x, y]}`: that is
    /// what AWS answers.
    fn push_value(&mut self, value: &Value) -> Result<(), TooLong> {
        match value {
            Value::String(text) => self.push(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.push(&value.to_string()),
            Value::Array(items) => {
                self.push("[")?;
                for (at, item) in items.iter().enumerate() {
                    self.push(if at == 0 { "" } else { ", " })?;
                    self.push_value(item)?;
                }
                self.push("]")
            }
            Value::Object(map) => {
                self.push("{")?;
                for (at, (key, value)) in map.iter().enumerate() {
                    self.push(if at == 0 { "" } else { ", " })?;
                    self.push(key)?;
                    self.push("=")?;
                    self.push_value(value)?;
                }
                self.push("}")
            }
        }
    }
}
