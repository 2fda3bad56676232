//! Reading the members of one object: each read knows its place and reports what is wrong.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use crate::diagnostic::{self, Diagnostic, Severity};
use crate::limits::DIAGNOSTICS_MAX;

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) found: Vec<Diagnostic>,
}

impl Problems {
    pub(super) fn error(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(Severity::Error, code, pointer.into(), message.into(), help);
    }

    pub(super) fn schema(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.error(diagnostic::SCHEMA, pointer, message, None);
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(Severity::Warning, code, pointer.into(), message.into(), help);
    }

    fn push(&mut self, severity: Severity, code: &'static str, pointer: String, message: String, help: Option<String>) {
        match self.found.len() {
            n if n < DIAGNOSTICS_MAX => {
                self.found.push(Diagnostic { severity, code, message, pointer, span: None, help });
            }
            DIAGNOSTICS_MAX => self.found.push(Diagnostic {
                severity,
                code: diagnostic::LIMIT,
                message: format!("There are more than {DIAGNOSTICS_MAX} problems"),
                pointer: String::new(),
                span: None,
                help: Some("Mend these first, then check again.".to_owned()),
            }),
            _ => {}
        }
    }

    /// Whether nothing more is reported. Whoever would search long for what helps need not.
    pub(super) fn full(&self) -> bool {
        self.found.len() > DIAGNOSTICS_MAX
    }

    pub(super) fn errors(&self) -> bool {
        self.found.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// The members of one object, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    pub(super) map: &'a Map,
    pub(super) pointer: String,
}

impl<'a> Fields<'a> {
    /// Reports when the value is no object.
    pub(super) fn of(value: &'a Value, pointer: String, problems: &mut Problems) -> Option<Self> {
        let map = value.as_object();
        if map.is_none() {
            problems.schema(pointer.clone(), format!("Expected value of type Object, but was {}", kind(value)));
        }
        Some(Self { map: map?, pointer })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The pointer of a member.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    pub(super) fn text(&self, name: &str, problems: &mut Problems) -> Option<&'a Arc<str>> {
        match self.get(name)? {
            Value::String(text) => Some(text),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                problems.schema(self.at(name), format!("Expected value of type String, but was {}", kind(other)));
                None
            }
        }
    }

    pub(super) fn flag(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.get(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            problems.schema(self.at(name), format!("Expected value of type Boolean, but was {}", kind(value)));
        }
        flag
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, name: &str, min: u64, max: u64, problems: &mut Problems) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_i64().and_then(|n| u64::try_from(n).ok()).filter(|n| (min..=max).contains(n));
        if number.is_none() {
            let what = if value.as_number().is_some() { value.to_string() } else { kind(value).to_owned() };
            problems.schema(self.at(name), format!("Expected a whole number from {min} to {max}, but was {what}"));
        }
        number
    }

    pub(super) fn list(&self, name: &str, problems: &mut Problems) -> Option<&'a [Value]> {
        let value = self.get(name)?;
        let items = value.as_array();
        if items.is_none() {
            problems.schema(self.at(name), format!("Expected value of type Array, but was {}", kind(value)));
        }
        items
    }

    /// Reports the required members that are missing, in one message as AWS does.
    pub(super) fn require(&self, names: &[&str], problems: &mut Problems) {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !self.has(name)).collect();
        if !missing.is_empty() {
            problems.schema(self.pointer.clone(), format!("These fields are required: [{}]", missing.join(", ")));
        }
    }

    /// Reports members that nobody knows, with the nearest name that would be known.
    pub(super) fn known(&self, names: &[&str], later: &[(&str, &str)], problems: &mut Problems) {
        for name in self.map.keys() {
            if names.contains(&&**name) || problems.full() {
                continue;
            }
            if let Some((_, what)) = later.iter().find(|(known, _)| *known == &**name) {
                problems.error(
                    diagnostic::UNSUPPORTED,
                    self.at(name),
                    format!("The field '{name}' is not supported by this version of Stepwell ({what})"),
                    None,
                );
                continue;
            }
            let help = nearest(name, names.iter().copied())
                .map(|near| format!("Did you mean '{near}'?"))
                .or_else(|| Some(format!("Known here: {}.", names.join(", "))));
            problems.error(diagnostic::SCHEMA, self.at(name), format!("Field '{name}' is not supported"), help);
        }
    }

    /// Reports when more than one of the members is there; true when one or more are.
    pub(super) fn one_of(&self, names: &[&str], problems: &mut Problems) -> bool {
        let there: Vec<&str> = names.iter().copied().filter(|name| self.has(name)).collect();
        if there.len() > 1 {
            problems
                .schema(self.pointer.clone(), format!("Only one of these fields is allowed: [{}]", there.join(", ")));
        }
        !there.is_empty()
    }
}

/// AWS's names of the JSON kinds.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.as_i64().is_some() => "Integer",
        Value::Number(_) => "Float",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

/// The name that is nearest to a misspelt one, when one is near enough.
pub(super) fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let chars = wrong.chars().count();
    let allowed = (chars / 3).clamp(1, 3);
    names
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(chars) <= allowed)
        .take(NAMES_COMPARED)
        .map(|name| (distance(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A definition can have so many names that comparing each with each would take minutes.
const NAMES_COMPARED: usize = 200;

/// How many letters must be changed, put in, left out or swapped with their neighbour. Texts
/// that are longer than any name count as far away.
fn distance(a: &str, b: &str) -> usize {
    const COMPARED_CHARS: usize = 100;
    let a: Vec<char> = a.chars().take(COMPARED_CHARS + 1).collect();
    let b: Vec<char> = b.chars().take(COMPARED_CHARS + 1).collect();
    if a.len() > COMPARED_CHARS || b.len() > COMPARED_CHARS {
        return usize::MAX;
    }
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = at(&above, j) + usize::from(x != y);
            let mut best = change.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    at(&above, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found() {
        assert_eq!(nearest("Nxet", ["Next", "End"]), Some("Next"), "two letters are swapped");
        assert_eq!(nearest("Nxit", ["Next", "End"]), None, "two letters of four are too many");
        assert_eq!(nearest("next", ["Next", "End"]), Some("Next"));
        assert_eq!(nearest("ResultPaht", ["ResultPath", "InputPath"]), Some("ResultPath"));
        assert_eq!(nearest("Wobble", ["Next", "End"]), None);
    }
}
