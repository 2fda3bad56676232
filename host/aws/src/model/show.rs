//! Values as AWS's error texts show them: the way Java prints objects.

use serde_json::Value;

use super::constraints::SHOWN_CHARS_MAX;
use super::{Kind, Model, Shape};

/// A value in an error text, up to [`SHOWN_CHARS_MAX`] characters.
pub(super) fn shown(model: &Model, shape: &Shape, value: &Value) -> String {
    let mut out = Shown { text: String::new(), left: SHOWN_CHARS_MAX };
    out.value(model, shape, None, value);
    out.text
}

/// A member's name with a small first letter, as AWS's texts have it.
pub(super) fn spelled(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

struct Shown {
    text: String,
    left: usize,
}

impl Shown {
    fn add(&mut self, text: &str) {
        let kept = text.char_indices().nth(self.left).map_or(text, |(end, _)| text.get(..end).unwrap_or_default());
        self.left -= kept.chars().count().min(self.left);
        self.text.push_str(kept);
    }

    /// `name` is the shape's, which Java prints before the members.
    fn value(&mut self, model: &Model, shape: &Shape, name: Option<&str>, value: &Value) {
        if self.left == 0 {
            return;
        }
        match (&shape.kind, value) {
            (Kind::Structure { members, shown }, Value::Object(object)) => {
                self.add(name.unwrap_or_default());
                self.add("(");
                let known = members.iter().map(|member| (member.name.as_str(), Some(member.shape.as_str())));
                let others = shown.iter().map(|name| (name.as_str(), None));
                for (index, (name, shape)) in known.chain(others).enumerate() {
                    self.add(if index == 0 { "" } else { ", " });
                    self.add(&spelled(name));
                    self.add("=");
                    self.named(model, shape.unwrap_or_default(), object.get(name).unwrap_or(&Value::Null));
                }
                self.add(")");
            }
            (Kind::List { member }, Value::Array(items)) => {
                self.add("[");
                for (index, item) in items.iter().enumerate() {
                    self.add(if index == 0 { "" } else { ", " });
                    self.named(model, member, item);
                }
                self.add("]");
            }
            (Kind::Map { key: _, value: member }, Value::Object(object)) => {
                self.add("{");
                for (index, (key, item)) in object.iter().enumerate() {
                    self.add(if index == 0 { "" } else { ", " });
                    self.add(key);
                    self.add("=");
                    self.named(model, member, item);
                }
                self.add("}");
            }
            (_, Value::String(text)) => self.add(text),
            (_, Value::Null) => self.add("null"),
            (_, value) => self.add(&value.to_string()),
        }
    }

    fn named(&mut self, model: &Model, shape: &str, value: &Value) {
        match model.shape(shape) {
            Some(found) if found.sensitive && !value.is_null() => self.add("***Sensitive Data Redacted***"),
            Some(found) => self.value(model, found, Some(shape), value),
            None => self.add("null"),
        }
    }
}
