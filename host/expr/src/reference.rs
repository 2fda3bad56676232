//! Reference paths: paths that name one place, so that something can be put there.

use std::fmt;
use std::sync::Arc;

use crate::error::{EvalError, ParseError};
use crate::limits::CAUSE_INPUT_BYTES_MAX;
use crate::path::{Path, Root, Segment, Selector};
use crate::scope::Scope;
use crate::text::json_start;
use crate::value::{Map, Value};

/// A path of names and single indexes from `$`, as `ResultPath` takes it. Amazon States Language
/// allows neither `@ , : ? *` nor `..` in it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePath(Path);

impl ReferencePath {
    /// Reads a reference path. Paths into the context object (`$$`) and into variables are no
    /// reference paths: nothing can be put there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let path = Path::parse(text)?;
        let message = match path.root() {
            Root::Context => "a reference path begins with `$`; nothing can be put into the context object",
            Root::Variable(_) => "a reference path begins with `$`; use Assign to set a variable",
            Root::Input if !path.is_definite() => {
                "a reference path names one place: only names and single indexes, as in $.a['b c'][0]"
            }
            Root::Input => return Ok(Self(path)),
        };
        Err(ParseError { message: message.to_owned(), offset: 0 })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is `$`, the whole document.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.segments().is_empty()
    }

    /// The value at this place.
    #[must_use]
    pub fn get(&self, target: &Value) -> Option<Value> {
        self.0.find(&Scope::new(target, &Value::Null)).cloned()
    }

    /// The target with `value` at this place. Objects that are missing on the way are made; an
    /// index has to be there already. `States.ResultPathMatchFailure` where the way leads
    /// through something else.
    pub fn insert(&self, target: &Value, value: Value) -> Result<Value, EvalError> {
        self.insert_counted(target, value, &mut 0)
    }

    /// As [`Self::insert`]; adds how many members and items were copied on the way.
    pub fn insert_counted(&self, target: &Value, value: Value, copied: &mut usize) -> Result<Value, EvalError> {
        let mut result = target.clone();
        // Dropping the failure's detail: AWS names the path and the whole input, no more.
        put(&mut result, self.0.segments(), value, copied).map_err(|NoPlace| {
            EvalError::result_path(format!(
                "Unable to apply ReferencePath {} to input {}",
                self.as_str(),
                json_start(target, CAUSE_INPUT_BYTES_MAX)
            ))
        })?;
        Ok(result)
    }
}

impl fmt::Display for ReferencePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

struct NoPlace;

/// Puts the value in; what others hold too is copied one level at a time. A path has few
/// segments, see `PATH_SEGMENTS_MAX`.
fn put(target: &mut Value, segments: &[Segment], value: Value, copied: &mut usize) -> Result<(), NoPlace> {
    let mut place = target;
    for segment in segments {
        *copied += place.as_object().map_or(0, Map::len).max(place.as_array().map_or(0, <[Value]>::len));
        place = match (&segment.selector, place) {
            (Selector::Name(name), Value::Object(map)) => member(Arc::make_mut(map), name)?,
            (Selector::Index(index), Value::Array(items)) => {
                let at = crate::path::position(*index, items.len()).ok_or(NoPlace)?;
                Arc::make_mut(items).get_mut(at).ok_or(NoPlace)?
            }
            _ => return Err(NoPlace),
        };
    }
    *place = value;
    Ok(())
}

fn member<'m>(map: &'m mut Map, name: &Arc<str>) -> Result<&'m mut Value, NoPlace> {
    if !map.contains_key(name) {
        map.insert(Arc::clone(name), Value::Object(Arc::new(Map::new())));
    }
    map.get_mut(name).ok_or(NoPlace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_place() {
        for (path, target, expected) in [
            ("$", r#"{"a":1}"#, r#""new""#),
            ("$.a", r#"{"a":1,"b":2}"#, r#"{"a":"new","b":2}"#),
            ("$.c", r#"{"a":1}"#, r#"{"a":1,"c":"new"}"#),
            ("$.x.y.z", r#"{"a":1}"#, r#"{"a":1,"x":{"y":{"z":"new"}}}"#),
            ("$.a['b c']", r#"{"a":{"d":1}}"#, r#"{"a":{"d":1,"b c":"new"}}"#),
            ("$.l[1]", r#"{"l":[1,2,3]}"#, r#"{"l":[1,"new",3]}"#),
            ("$.l[-1].k", r#"{"l":[1,{"k":0}]}"#, r#"{"l":[1,{"k":"new"}]}"#),
            ("$[0]", "[1]", r#"["new"]"#),
        ] {
            let target = Value::parse(target).unwrap();
            let before = target.to_string();
            let path = ReferencePath::parse(path).unwrap();
            let result = path.insert(&target, Value::from("new")).unwrap();
            assert_eq!(result.to_string(), expected, "{path}");
            assert_eq!(target.to_string(), before, "{path}: the target is another's");
            assert_eq!(path.get(&result), Some(Value::from("new")), "{path}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_is_a_failure() {
        for (path, target) in [
            ("$.a", r#""text""#),
            ("$.a", "[1]"),
            ("$.a", "null"),
            ("$.a.b", r#"{"a":"text"}"#),
            ("$.a.b", r#"{"a":null}"#),
            ("$.l[3]", r#"{"l":[1,2,3]}"#),
            ("$.l[0]", "{}"),
            ("$[0]", "{}"),
        ] {
            let value = Value::parse(target).unwrap();
            let failure = ReferencePath::parse(path).unwrap().insert(&value, Value::Null).unwrap_err();
            assert_eq!(failure.error, "States.ResultPathMatchFailure");
            assert_eq!(failure.cause, format!("Unable to apply ReferencePath {path} to input {target}"));
        }
    }

    #[test]
    fn only_one_place_can_be_named() {
        for path in ["$.a[*]", "$..a", "$.a[0,1]", "$.a[0:1]", "$['a','b']", "$[?(@.a)]", "$$.a", "$a", "a", "$."] {
            assert!(ReferencePath::parse(path).is_err(), "{path}");
        }
    }
}
