//! JSONPath as Amazon States Language uses it.
//!
//! AWS evaluates paths with Jayway JsonPath, so its notation counts and not RFC 9535's: a dot may
//! stand before a bracket (`$.abc.['def ghi']`), names may hold `-`, `@`, `:` and begin with a
//! digit, and a filter's expression stands in parentheses. Functions, regular expressions and
//! `$` inside a filter are not part of the documented language and are refused.

mod filter;
mod parse;
mod select;

use std::fmt;
use std::sync::Arc;

use crate::budget::{Budget, Exhausted};
use crate::cursor::Cursor;
use crate::error::{EvalError, ParseError};
use crate::limits::{CAUSE_INPUT_BYTES_MAX, EVALUATION_VALUES_MAX};
use crate::scope::Scope;
use crate::text::{java_start, json_start};
use crate::value::Value;

use filter::Filter;
pub(crate) use parse::number;
use select::Missing;
pub(crate) use select::position;

/// A compiled path such as `$.orders[0].id`, `$$.Execution.Name` or `$total`.
#[derive(Debug, Clone)]
pub struct Path {
    text: Arc<str>,
    root: Root,
    segments: Vec<Segment>,
    definite: bool,
}

/// The document a path begins in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// `$`: the input of the state.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(Arc<str>),
}

/// What a path selects.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// The value a definite path leads to.
    One(Value),
    /// A definite path leads nowhere.
    None,
    /// The array of all values an indefinite path leads to; it may be empty.
    Many(Value),
    /// The path looked at more than [`EVALUATION_VALUES_MAX`] values and was stopped.
    Exhausted,
}

impl Selection {
    /// The value or the array; `None` where nothing was found or the path was stopped.
    #[must_use]
    pub fn into_value(self) -> Option<Value> {
        match self {
            Self::One(value) | Self::Many(value) => Some(value),
            Self::None | Self::Exhausted => None,
        }
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    /// The step applies to the value and everything below it (`..`).
    pub(crate) descends: bool,
    pub(crate) selector: Selector,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Selector {
    Name(Arc<str>),
    Names(Vec<Arc<str>>),
    Index(i64),
    Indices(Vec<i64>),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Every,
    Filter(Filter),
}

impl Segment {
    /// Leads to one value at most.
    fn is_definite(&self) -> bool {
        !self.descends && matches!(self.selector, Selector::Name(_) | Selector::Index(_))
    }
}

impl Path {
    /// Reads a path. It begins with `$`, `$$` or `$name`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        let path = Self::parse_at(&mut cursor)?;
        match cursor.peek() {
            None => Ok(path),
            Some('(') => Err(cursor
                .error("functions in paths are not supported; use an intrinsic function such as States.ArrayLength")),
            Some(c) => Err(cursor.error(format!(
                "unexpected `{c}` in a path; write names with such characters in brackets, as in $['a b']"
            ))),
        }
    }

    /// Reads the path that begins at the cursor, as an argument of a function does.
    pub(crate) fn parse_at(cursor: &mut Cursor<'_>) -> Result<Self, ParseError> {
        let start = cursor.offset();
        let root = parse::root(cursor)?;
        let segments = parse::segments(cursor, 0)?;
        let definite = segments.iter().all(Segment::is_definite);
        Ok(Self { text: cursor.since(start).into(), root, segments, definite })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it leads to at most one value: only names and single indexes. Any other path
    /// selects an array.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.definite
    }

    /// The document it begins in.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Evaluates the path.
    #[must_use]
    pub fn select(&self, scope: &Scope<'_>) -> Selection {
        Budget::for_one(scope, |budget| self.select_within(scope, budget))
    }

    /// Evaluates the path as a part of something larger.
    pub(crate) fn select_within(&self, scope: &Scope<'_>, budget: &mut Budget) -> Selection {
        if self.definite {
            return self.find(scope).map_or(Selection::None, |value| Selection::One(value.clone()));
        }
        let Some(document) = self.document(scope) else { return Selection::Many(Value::array([])) };
        match select::collect(&self.segments, document, budget) {
            Ok(found) => Selection::Many(Value::array(found.into_iter().cloned())),
            Err(Exhausted) => Selection::Exhausted,
        }
    }

    /// The value a definite path leads to, without taking a reference count. `None` for an
    /// indefinite path.
    #[must_use]
    pub fn find<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        if !self.definite {
            return None;
        }
        select::follow(&self.segments, self.document(scope)?).ok()
    }

    /// Evaluates the path of a field such as `InputPath`, `OutputPath` or `ItemsPath`, where a
    /// definite path without a value is `States.Runtime` with the cause
    /// `Invalid path '$.a.b' : Missing property in path $['a']`.
    pub fn eval_path_field(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match self.select(scope) {
            Selection::One(value) | Selection::Many(value) => Ok(value),
            Selection::None => {
                Err(EvalError::runtime(format!("Invalid path '{}' : {}", self.text, self.missing(scope))))
            }
            Selection::Exhausted => Err(self.exhausted()),
        }
    }

    /// Evaluates the path of a payload template's field or of `ErrorPath` and `CausePath`, where
    /// a definite path without a value is `States.Runtime` with the cause
    /// `The JSONPath '$.x' specified for the field 'value.$' could not be found in the input '…'`.
    /// `field` is the field's name as it is written, with its `.$`.
    pub fn eval_field(&self, scope: &Scope<'_>, field: &str) -> Result<Value, EvalError> {
        Budget::for_one(scope, |budget| self.eval_field_within(scope, field, budget))
    }

    pub(crate) fn eval_field_within(
        &self,
        scope: &Scope<'_>,
        field: &str,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        match self.select_within(scope, budget) {
            Selection::One(value) | Selection::Many(value) => Ok(value),
            Selection::None => Err(EvalError::runtime(format!(
                "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{}'",
                self.text,
                json_start(scope.input, CAUSE_INPUT_BYTES_MAX)
            ))),
            Selection::Exhausted => Err(self.exhausted()),
        }
    }

    fn document<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        match &self.root {
            Root::Input => Some(scope.input),
            Root::Context => Some(scope.context),
            Root::Variable(name) => scope.variables?.get(name),
        }
    }

    /// Why this path, as an argument of a function, leads nowhere, in the words of AWS: those of
    /// Jayway shine through only where an index is applied to what is no array.
    pub(crate) fn missing_argument(&self, scope: &Scope<'_>) -> String {
        let found = self.document(scope).map(|document| select::follow(&self.segments, document));
        if let Some(Err(missing)) = found
            && let Some(Selector::Index(_)) = self.segments.get(missing.at).map(|segment| &segment.selector)
            && !matches!(missing.value, Value::Array(_))
        {
            return missing.describe(&self.segments);
        }
        let input = json_start(scope.input, CAUSE_INPUT_BYTES_MAX);
        format!("The JsonPath argument for the field '{}' could not be found in the input '{input}'", self.text)
    }

    /// Jayway's words for why a definite path leads nowhere.
    fn missing(&self, scope: &Scope<'_>) -> String {
        let Some(document) = self.document(scope) else { return format!("No results for path: {}", self.text) };
        match select::follow(&self.segments, document) {
            Ok(_) => format!("No results for path: {}", self.text),
            Err(missing) => missing.describe(&self.segments),
        }
    }

    pub(crate) fn exhausted(&self) -> EvalError {
        EvalError::runtime(format!(
            "The JSONPath '{}' looks at more than {EVALUATION_VALUES_MAX} values; narrow it, for instance by naming the field instead of '..'",
            self.text
        ))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Paths are equal when they are written alike.
impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Missing<'_> {
    /// Jayway's words.
    fn describe(&self, segments: &[Segment]) -> String {
        let selector = segments.get(self.at).map(|segment| &segment.selector);
        let parent = normal_form(segments.get(..self.at).unwrap_or_default());
        match (selector, self.value) {
            (Some(Selector::Name(_)), Value::Object(_)) if self.at + 1 < segments.len() => {
                format!("Missing property in path {}", normal_form(segments.get(..=self.at).unwrap_or(segments)))
            }
            (Some(Selector::Name(name)), value) if !matches!(value, Value::Object(_)) => format!(
                "Expected to find an object with property ['{name}'] in path {parent} but found a JSON {}",
                value.kind()
            ),
            (Some(Selector::Index(_)), Value::Null) => format!("The path {parent} is null"),
            (Some(Selector::Index(index)), value) if !matches!(value, Value::Array(_)) => format!(
                "Filter: [{index}] can only be applied to arrays. Current context is: {}",
                java_start(value, CAUSE_INPUT_BYTES_MAX)
            ),
            _ => format!("No results for path: {}", normal_form(segments)),
        }
    }
}

/// `$['a'][0]`, as Jayway prints paths. Only definite paths come here.
fn normal_form(segments: &[Segment]) -> String {
    let mut text = String::from("$");
    for segment in segments {
        match &segment.selector {
            Selector::Name(name) => text.push_str(&format!("['{name}']")),
            Selector::Index(index) => text.push_str(&format!("[{index}]")),
            Selector::Names(_)
            | Selector::Indices(_)
            | Selector::Slice { .. }
            | Selector::Every
            | Selector::Filter(_) => text.push_str("[*]"),
        }
    }
    text
}

#[cfg(test)]
mod tests;
