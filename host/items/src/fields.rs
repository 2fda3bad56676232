//! The evaluated fields of a reader or a writer.

use stepwell_expr::Value;

use crate::Error;

/// The members of one object, by name. What is null counts as left out.
pub(crate) struct Fields<'a> {
    name: &'static str,
    object: &'a Value,
}

impl<'a> Fields<'a> {
    /// `known` are the names that may come; nothing at all may come as null.
    pub(crate) fn new(name: &'static str, object: &'a Value, known: &[&str]) -> Result<Self, Error> {
        if object.as_object().is_none() && !object.is_null() {
            return Err(Error::config(name, format!("it must be an object, not {}", described(object))));
        }
        let mut names = object.as_object().into_iter().flat_map(|members| members.iter());
        match names.find(|(key, value)| !value.is_null() && !known.contains(&&***key)) {
            Some((key, _)) => Err(Error::config(
                name,
                format!("the field {:?} is not supported; it may have {}", shortened(key), known.join(", ")),
            )),
            None => Ok(Self { name, object }),
        }
    }

    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&'a str>, Error> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wrong = || Error::config(name, format!("it must be a string, not {}", described(value)));
        value.as_str().map(Some).ok_or_else(wrong)
    }

    /// A text that must be there and say something.
    pub(crate) fn needed(&self, name: &'static str) -> Result<&'a str, Error> {
        let missing = || Error::config(self.name, format!("it must have {name}, a string that is not empty"));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let unknown = || {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            Error::config(name, format!("{:?} is none of {}", shortened(text), words.join(", ")))
        };
        words.iter().find(|(word, _)| *word == text).map(|(_, meant)| Some(*meant)).ok_or_else(unknown)
    }
}

/// What it is, with its value where that is short.
fn described(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => format!("the {} {value}", value.kind()),
        Value::String(_) | Value::Array(_) | Value::Object(_) => format!("of the kind {}", value.kind()),
    }
}

/// The start of a text of any length.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 100;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
