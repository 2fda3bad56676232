//! The 18 intrinsic functions: `States.Format('Hello {}', $.name)`.

mod arrays;
mod data;
mod format;
mod numbers;
mod parse;

use std::sync::Arc;

use crate::budget::{Budget, Exhausted};
use crate::entropy::Entropy;
use crate::error::{EvalError, ParseError};
use crate::limits::EVALUATION_VALUES_MAX;
use crate::path::{Path, Selection};
use crate::scope::Scope;
use crate::value::Value;

/// A compiled call of an intrinsic function, with the calls within it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    text: Arc<str>,
    function: Function,
    arguments: Vec<Argument>,
}

/// The functions AWS documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Format,
    StringToJson,
    JsonToString,
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Constant(Value),
    /// The literal first argument of `States.Format`, with its escapes: an escaped brace is no
    /// place for a value.
    Pattern(format::Pattern),
    Path(Path),
    Call(Call),
}

/// Why a call has no value.
enum Failure {
    /// The path of an argument leads nowhere or too far.
    Argument(String),
    /// This function, which may stand deep in the expression, does not take what it was given.
    Refused(Function, String),
}

impl Function {
    /// All functions with their names and how many arguments they take.
    const ALL: [(&'static str, Self, usize, usize); 18] = [
        ("States.Format", Self::Format, 1, usize::MAX),
        ("States.StringToJson", Self::StringToJson, 1, 1),
        ("States.JsonToString", Self::JsonToString, 1, 1),
        ("States.Array", Self::Array, 0, usize::MAX),
        ("States.ArrayPartition", Self::ArrayPartition, 2, 2),
        ("States.ArrayContains", Self::ArrayContains, 2, 2),
        ("States.ArrayRange", Self::ArrayRange, 3, 3),
        ("States.ArrayGetItem", Self::ArrayGetItem, 2, 2),
        ("States.ArrayLength", Self::ArrayLength, 1, 1),
        ("States.ArrayUnique", Self::ArrayUnique, 1, 1),
        ("States.Base64Encode", Self::Base64Encode, 1, 1),
        ("States.Base64Decode", Self::Base64Decode, 1, 1),
        ("States.Hash", Self::Hash, 2, 2),
        ("States.JsonMerge", Self::JsonMerge, 3, 3),
        ("States.MathRandom", Self::MathRandom, 2, 3),
        ("States.MathAdd", Self::MathAdd, 2, 2),
        ("States.StringSplit", Self::StringSplit, 2, 2),
        ("States.UUID", Self::Uuid, 0, 0),
    ];

    /// The name as it is written, with `States.`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, function, ..)| *function == self).map_or("", |(name, ..)| name)
    }

    /// The names of all functions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(name, ..)| *name)
    }
}

impl Call {
    /// Reads a call that fills the whole text.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        parse::call(text)
    }

    /// The call as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The outermost function.
    #[must_use]
    pub fn function(&self) -> Function {
        self.function
    }

    /// Calls `visit` with every path among the arguments, also those of calls within.
    pub(crate) fn visit_paths<'c>(&'c self, visit: &mut dyn FnMut(&'c Path)) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => visit(path),
                Argument::Call(call) => call.visit_paths(visit),
                Argument::Constant(_) | Argument::Pattern(_) => {}
            }
        }
    }

    /// Evaluates the call. A function that refuses its arguments is `States.IntrinsicFailure`, an
    /// argument's path that leads nowhere `States.Runtime`; the cause names the whole expression,
    /// however deep in it the reason lies.
    pub(crate) fn eval(
        &self,
        scope: &Scope<'_>,
        entropy: &mut Entropy,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        self.value(scope, entropy, budget).map_err(|failure| {
            let cause = |reason| format!("The function '{}' had the following error: {reason}", self.text);
            match failure {
                Failure::Argument(reason) => EvalError::runtime(cause(reason)),
                Failure::Refused(function, reason) => {
                    EvalError::intrinsic(cause(format!("Invalid arguments in {}: {reason}", function.name())))
                }
            }
        })
    }

    /// The recursion ends at `INTRINSIC_DEPTH_MAX`.
    fn value(&self, scope: &Scope<'_>, entropy: &mut Entropy, budget: &mut Budget) -> Result<Value, Failure> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Constant(value) => value.clone(),
                // `States.Format` reads the pattern from the call itself.
                Argument::Pattern(_) => Value::Null,
                Argument::Path(path) => match path.select_within(scope, budget) {
                    Selection::One(value) | Selection::Many(value) => value,
                    Selection::None => return Err(Failure::Argument(path.missing_argument(scope))),
                    Selection::Exhausted => return Err(Failure::Argument(path.exhausted().cause)),
                },
                Argument::Call(call) => call.value(scope, entropy, budget)?,
            });
        }
        let value = self.pay_before(&values, budget).and_then(|()| self.apply(&values, entropy));
        let value = value.and_then(|value| pay_for_result(&value, budget).map(|()| value));
        value.map_err(|reason| Failure::Refused(self.function, reason))
    }

    /// Pays for work that the size of the result does not show.
    fn pay_before(&self, values: &[Value], budget: &mut Budget) -> Result<(), String> {
        let paid = match (self.function, values.first()) {
            (Function::ArrayContains | Function::ArrayUnique, Some(array)) => budget.take_whole(array),
            // Two bytes of JSON can be one more value.
            (Function::StringToJson, Some(Value::String(text))) => budget.take(text.len() / 2),
            _ => Ok(()),
        };
        paid.map_err(exhausted)
    }

    fn apply(&self, values: &[Value], entropy: &mut Entropy) -> Result<Value, String> {
        match (self.function, values) {
            (Function::Format, [template, rest @ ..]) => match self.arguments.first() {
                Some(Argument::Pattern(pattern)) => format::format(pattern, rest),
                _ => format::format(&format::Pattern::plain(text_of(template, 1)?), rest),
            },
            (Function::Array, items) => Ok(Value::array(items.iter().cloned())),
            (Function::StringToJson, [text]) => data::string_to_json(text_of(text, 1)?),
            (Function::JsonToString, [value]) => data::json_to_string(value),
            (Function::ArrayPartition, [array, size]) => arrays::partition(array_of(array, 1)?, size),
            (Function::ArrayContains, [array, value]) => Ok(Value::Bool(array_of(array, 1)?.contains(value))),
            (Function::ArrayRange, [first, last, step]) => arrays::range(first, last, step),
            (Function::ArrayGetItem, [array, index]) => arrays::get_item(array_of(array, 1)?, index),
            (Function::ArrayLength, [array]) => arrays::length(array_of(array, 1)?),
            (Function::ArrayUnique, [array]) => Ok(arrays::unique(array_of(array, 1)?)),
            (Function::Base64Encode, [text]) => data::base64_encode(text_of(text, 1)?),
            (Function::Base64Decode, [text]) => data::base64_decode(text_of(text, 1)?),
            (Function::Hash, [text, algorithm]) => data::hash(text_of(text, 1)?, text_of(algorithm, 2)?),
            (Function::JsonMerge, [first, second, deep]) => data::json_merge(first, second, deep),
            (Function::MathRandom, [low, high]) => numbers::random(low, high, None, entropy),
            (Function::MathRandom, [low, high, seed]) => numbers::random(low, high, Some(seed), entropy),
            (Function::MathAdd, [left, right]) => numbers::add(left, right),
            (Function::StringSplit, [text, delimiters]) => {
                Ok(data::string_split(text_of(text, 1)?, text_of(delimiters, 2)?))
            }
            (Function::Uuid, []) => Ok(Value::from(entropy.uuid_v4())),
            // The number of arguments was checked when the call was read.
            (function, values) => Err(format!("{} does not take {} arguments", function.name(), values.len())),
        }
    }
}

fn pay_for_result(value: &Value, budget: &mut Budget) -> Result<(), String> {
    let paid = match value {
        Value::String(text) => budget.take_text(text.len()),
        Value::Array(items) => budget.take(items.len()),
        Value::Object(map) => budget.take(map.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) => budget.take(1),
    };
    paid.map_err(exhausted)
}

fn exhausted(Exhausted: Exhausted) -> String {
    format!("the evaluation looks at, or makes, more than {EVALUATION_VALUES_MAX} values")
}

fn text_of(value: &Value, place: usize) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("argument {place} has to be a string, but is a JSON {}", value.kind()))
}

fn array_of(value: &Value, place: usize) -> Result<&[Value], String> {
    value.as_array().ok_or_else(|| format!("argument {place} has to be an array, but is a JSON {}", value.kind()))
}

#[cfg(test)]
mod tests;
