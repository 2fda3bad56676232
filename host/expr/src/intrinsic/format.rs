//! `States.Format`.

use crate::limits::INTRINSIC_TEXT_BYTES_MAX;
use crate::text::{push_java, push_within};
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

/// Puts the values into the places, in order, as [`push_java`] writes them.
pub(super) fn format(pattern: &Pattern, values: &[Value]) -> Result<Value, String> {
    if pattern.places() != values.len() {
        return Err(format!(
            "the template has {} places ({{}}), but {} values follow it",
            pattern.places(),
            values.len()
        ));
    }
    let mut text = String::new();
    let mut values = values.iter();
    for part in &pattern.texts {
        let pushed = push_within(&mut text, part, INTRINSIC_TEXT_BYTES_MAX);
        let value = values.next();
        let pushed =
            pushed.and_then(|()| value.map_or(Ok(()), |value| push_java(&mut text, value, INTRINSIC_TEXT_BYTES_MAX)));
        pushed.map_err(|error| error.to_string())?;
    }
    Ok(Value::from(text))
}
