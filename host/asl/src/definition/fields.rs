//! Reading the members of one object: each read knows its place and reports what is wrong.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use crate::diagnostic::{self, Diagnostic, Severity};
use crate::limits::{DIAGNOSTICS_BYTES_MAX, DIAGNOSTICS_MAX};

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Diagnostic>,
    /// How many there were of each severity, those left out among them.
    counts: [usize; 3],
    /// The text of what is kept.
    bytes: usize,
}

impl Problems {
    pub(super) fn error(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(problem(Severity::Error, code, pointer.into(), message.into(), help));
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
        self.push(problem(Severity::Warning, code, pointer.into(), message.into(), help));
    }

    pub(super) fn info(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(problem(Severity::Info, code, pointer.into(), message.into(), help));
    }

    /// An error of the schema about one member that AWS tells at the object around it.
    pub(super) fn member(&mut self, fields: &Fields<'_>, name: &str, message: impl Into<String>, help: Option<String>) {
        let mut found = problem(Severity::Error, diagnostic::SCHEMA, fields.at(name), message.into(), help);
        found.location = Some(fields.pointer.clone());
        self.push(found);
    }

    /// Keeps a problem while there is room for its severity: warnings push no error out.
    pub(super) fn push(&mut self, problem: Diagnostic) {
        let full = self.full(problem.severity);
        if let Some(count) = self.counts.get_mut(rank(problem.severity)) {
            *count += 1;
            // The first of its severity is told however long it is.
            if !full || *count == 1 {
                self.bytes +=
                    problem.message.len() + 2 * problem.pointer.len() + problem.help.as_ref().map_or(0, String::len);
                self.found.push(problem);
            }
        }
    }

    /// Whether no more of this severity are reported. Whoever would search long for what helps
    /// need not.
    pub(super) fn full(&self, severity: Severity) -> bool {
        self.bytes >= DIAGNOSTICS_BYTES_MAX
            || self.counts.get(rank(severity)).is_some_and(|count| *count >= DIAGNOSTICS_MAX)
    }

    pub(super) fn errors(&self) -> bool {
        self.counts.first().is_some_and(|errors| *errors > 0)
    }

    /// What is reported: at most [`DIAGNOSTICS_MAX`], the gravest rather than the first, and one
    /// that says when there are more.
    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        let all: usize = self.counts.iter().sum();
        let mut found = self.found;
        let mut room = DIAGNOSTICS_MAX;
        for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            let mut left = room;
            found.retain(|one| {
                let keeps = one.severity != severity || left > 0;
                left = left.saturating_sub(usize::from(one.severity == severity));
                keeps
            });
            room = left;
        }
        if all > found.len() {
            let [errors, ..] = self.counts;
            let told = found.iter().filter(|one| one.severity == Severity::Error).count();
            let severity = if errors > told { Severity::Error } else { Severity::Warning };
            let message = format!("There are more than {} problems", found.len());
            let help = Some("Mend these first, then check again.".to_owned());
            found.push(problem(severity, diagnostic::LIMIT, String::new(), message, help));
        }
        found
    }
}

fn rank(severity: Severity) -> usize {
    match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}

pub(super) fn problem(
    severity: Severity,
    code: &'static str,
    pointer: String,
    message: String,
    help: Option<String>,
) -> Diagnostic {
    let location = Some(pointer.clone());
    Diagnostic { severity, code, message, pointer, location, span: None, related: None, help }
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
            expected(problems, pointer.clone(), "Object", value);
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
                expected(problems, self.at(name), "String", other);
                None
            }
        }
    }

    pub(super) fn flag(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.get(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            expected(problems, self.at(name), "Boolean", value);
        }
        flag
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, name: &str, min: u64, max: u64, problems: &mut Problems) -> Option<u64> {
        let value = self.get(name)?;
        let Some(number) = value.as_i64() else {
            let large = value.as_number().is_some_and(|number| number.as_f64() > 1e18);
            if large {
                problems.schema(self.at(name), format!("Maximum value is {max}"));
            } else {
                expected(problems, self.at(name), "Integer", value);
            }
            return None;
        };
        match u64::try_from(number) {
            Ok(number) if number > max => problems.schema(self.at(name), format!("Maximum value is {max}")),
            Ok(number) if number >= min => return Some(number),
            Ok(_) | Err(_) => problems.schema(self.at(name), format!("Minimum value is {min}")),
        }
        None
    }

    /// One of a few texts.
    pub(super) fn one_word<'w>(&self, name: &str, words: &[&'w str], problems: &mut Problems) -> Option<&'w str> {
        let text = self.text(name, problems)?;
        let found = words.iter().copied().find(|word| *word == &**text);
        if found.is_none() {
            let help = nearest(text, words.iter().copied()).map(|near| format!("Did you mean '{near}'?"));
            let message = format!("Value should be one of the following: [{}]", words.join(", "));
            problems.error(diagnostic::SCHEMA, self.at(name), message, help);
        }
        found
    }

    pub(super) fn list(&self, name: &str, problems: &mut Problems) -> Option<&'a [Value]> {
        let value = self.get(name)?;
        let items = value.as_array();
        if items.is_none() {
            expected(problems, self.at(name), "Array", value);
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
    pub(super) fn known(&self, names: &[&str], problems: &mut Problems) {
        for name in self.map.keys() {
            if names.contains(&&**name) {
                continue;
            }
            let near = if problems.full(Severity::Error) { None } else { nearest(name, names.iter().copied()) };
            let help = near
                .map(|near| format!("Did you mean '{near}'?"))
                .or_else(|| (!names.is_empty()).then(|| format!("Known here: {}.", listed(names))));
            problems.member(self, name, format!("Field '{name}' is not supported"), help);
        }
    }

    /// Reports when more than one of the members is there; true when one or more are.
    pub(super) fn one_of(&self, names: &[&str], problems: &mut Problems) -> bool {
        let there = names.iter().filter(|name| self.has(name)).count();
        if there > 1 {
            let message = format!("There should only be one of the following fields: [{}]", names.join(", "));
            problems.schema(self.pointer.clone(), message);
        }
        there > 0
    }
}

/// Reports a value of another kind.
pub(super) fn expected(problems: &mut Problems, pointer: String, wanted: &str, value: &Value) {
    let help = Some(format!("This is of type {}.", kind(value)));
    problems.error(diagnostic::SCHEMA, pointer, format!("Expected value of type {wanted}"), help);
}

/// A few names, in words.
fn listed(names: &[&str]) -> String {
    match names.get(..NAMES_LISTED) {
        Some(first) if names.len() > NAMES_LISTED => format!("{}, \u{2026}", first.join(", ")),
        Some(_) | None => names.join(", "),
    }
}

/// Longer lists are cut, so that a help stays a line or two.
const NAMES_LISTED: usize = 24;

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
    fn warnings_push_no_error_out() {
        let mut problems = Problems::default();
        for n in 0..DIAGNOSTICS_MAX * 2 {
            problems.warning(diagnostic::NO_PATH, format!("/{n}"), "w", None);
        }
        problems.info(diagnostic::DEPRECATED, "", "i", None);
        problems.schema("/last", "e");
        assert!(problems.errors() && problems.full(Severity::Warning) && !problems.full(Severity::Error));
        let found = problems.into_found();
        assert_eq!(found.len(), DIAGNOSTICS_MAX + 1);
        let errors: Vec<&Diagnostic> = found.iter().filter(|one| one.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 1);
        assert_eq!(found.last().map(|one| (one.code, one.severity)), Some((diagnostic::LIMIT, Severity::Warning)));
    }

    #[test]
    fn long_problems_are_fewer() {
        let mut problems = Problems::default();
        let pointer = "p".repeat(DIAGNOSTICS_BYTES_MAX / 19);
        for _ in 0..DIAGNOSTICS_MAX {
            problems.schema(pointer.clone(), "e");
        }
        problems.warning(diagnostic::NO_PATH, pointer.clone(), "w", None);
        problems.warning(diagnostic::NO_PATH, pointer, "w", None);
        let found = problems.into_found();
        assert_eq!(found.len(), 10 + 1 + 1, "ten are as long as the limit, the first warning is told anyway");
        assert_eq!(found.last().map(|one| one.message.as_str()), Some("There are more than 11 problems"));
    }

    #[test]
    fn a_near_name_is_found() {
        assert_eq!(nearest("Nxet", ["Next", "End"]), Some("Next"), "two letters are swapped");
        assert_eq!(nearest("Nxit", ["Next", "End"]), None, "two letters of four are too many");
        assert_eq!(nearest("next", ["Next", "End"]), Some("Next"));
        assert_eq!(nearest("ResultPaht", ["ResultPath", "InputPath"]), Some("ResultPath"));
        assert_eq!(nearest("Wobble", ["Next", "End"]), None);
    }
}
