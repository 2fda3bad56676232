//! One condition on one value, such as `{"prefix": "aws."}`.

use std::fmt;

use crate::address::Block;
use crate::event::{Value, quoted};
use crate::fold::Folded;
use crate::wildcard::Wildcard;

/// What a value must be. A field fits when any of its conditions does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Text(String),
    /// A text that is an IP address: any spelling of the same address fits.
    Address(Block),
    Number {
        spelled: String,
        double: Option<f64>,
    },
    True,
    False,
    Null,
    Prefix(String),
    PrefixFolded(Folded),
    Suffix(String),
    SuffixFolded(Folded),
    Folded(Folded),
    Wildcard(Wildcard),
    Cidr(Block),
    Numeric(Range),
    Exists,
    /// Fits no value: the matcher asks for the absence of all.
    Absent,
    AnythingBut(Exception),
}

/// What `anything-but` excepts. Each list has at least the semantics of any of its members.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Exception {
    Texts(Vec<String>),
    Numbers(Vec<(String, f64)>),
    Prefixes(Vec<String>),
    Suffixes(Vec<String>),
    Folded(Vec<Folded>),
    Wildcards(Vec<Wildcard>),
}

/// A numeric comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Range {
    Equal(Bound),
    Below(Bound),
    Above(Bound),
    Between(Bound, Bound),
}

/// One end of a range, with the number as it was spelled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub spelled: String,
    pub double: f64,
    /// Whether the bound itself belongs to the range.
    pub closed: bool,
}

impl Condition {
    /// Whether a value fits.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Text(wanted) => text(value).is_some_and(|text| text == wanted),
            Self::Address(block) | Self::Cidr(block) => match value {
                Value::Text { address, .. } => address.as_deref().is_some_and(|digits| block.holds(digits)),
                Value::Number { spelled, .. } => block.holds(spelled.as_bytes()),
                Value::True | Value::False | Value::Null => false,
            },
            Self::Number { spelled, double } => match value {
                Value::Number { spelled: there, double: number } => {
                    spelled == there || double.is_some_and(|double| *number == Some(double))
                }
                Value::Text { .. } | Value::True | Value::False | Value::Null => false,
            },
            Self::True => *value == Value::True,
            Self::False => *value == Value::False,
            Self::Null => *value == Value::Null,
            Self::Prefix(wanted) => text(value).is_some_and(|text| text.starts_with(wanted.as_str())),
            Self::PrefixFolded(wanted) => text(value).is_some_and(|text| wanted.starts(text)),
            Self::Suffix(wanted) => text(value).is_some_and(|text| text.ends_with(wanted.as_str())),
            Self::SuffixFolded(wanted) => text(value).is_some_and(|text| wanted.ends(text)),
            Self::Folded(wanted) => text(value).is_some_and(|text| wanted.equals(text)),
            Self::Wildcard(wanted) => text(value).is_some_and(|text| wanted.fits(text)),
            Self::Numeric(range) => number(value).is_some_and(|number| range.holds(number)),
            Self::Exists => true,
            Self::Absent => false,
            Self::AnythingBut(exception) => !exception.covers(value),
        }
    }
}

impl Exception {
    fn covers(&self, value: &Value) -> bool {
        if let Self::Numbers(numbers) = self {
            return number(value).is_some_and(|there| numbers.iter().any(|(_, number)| *number == there));
        }
        let Some(text) = text(value) else { return false };
        match self {
            Self::Texts(texts) => texts.iter().any(|wanted| wanted == text),
            Self::Numbers(_) => false,
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())),
            Self::Suffixes(suffixes) => suffixes.iter().any(|suffix| text.ends_with(suffix.as_str())),
            Self::Folded(folded) => folded.iter().any(|folded| folded.equals(text)),
            Self::Wildcards(wildcards) => wildcards.iter().any(|wildcard| wildcard.fits(text)),
        }
    }
}

impl Range {
    fn holds(&self, number: f64) -> bool {
        let above = |bound: &Bound| number > bound.double || (bound.closed && number == bound.double);
        let below = |bound: &Bound| number < bound.double || (bound.closed && number == bound.double);
        match self {
            Self::Equal(bound) => number == bound.double,
            Self::Below(bound) => below(bound),
            Self::Above(bound) => above(bound),
            Self::Between(bottom, top) => above(bottom) && below(top),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text { text, .. } => Some(text),
        Value::Number { .. } | Value::True | Value::False | Value::Null => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number { double, .. } => *double,
        Value::Text { .. } | Value::True | Value::False | Value::Null => None,
    }
}

/// The condition as a pattern spells it.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Address(block) => f.write_str(&quoted(block.spelled())),
            Self::Number { spelled, .. } => f.write_str(spelled),
            Self::True => f.write_str("true"),
            Self::False => f.write_str("false"),
            Self::Null => f.write_str("null"),
            Self::Prefix(text) => write!(f, "{{\"prefix\":{}}}", quoted(text)),
            Self::PrefixFolded(folded) => {
                write!(f, "{{\"prefix\":{{\"equals-ignore-case\":{}}}}}", quoted(folded.spelled()))
            }
            Self::Suffix(text) => write!(f, "{{\"suffix\":{}}}", quoted(text)),
            Self::SuffixFolded(folded) => {
                write!(f, "{{\"suffix\":{{\"equals-ignore-case\":{}}}}}", quoted(folded.spelled()))
            }
            Self::Folded(folded) => write!(f, "{{\"equals-ignore-case\":{}}}", quoted(folded.spelled())),
            Self::Wildcard(wildcard) => write!(f, "{{\"wildcard\":{}}}", quoted(wildcard.spelled())),
            Self::Cidr(block) => write!(f, "{{\"cidr\":{}}}", quoted(block.spelled())),
            Self::Numeric(range) => write!(f, "{{\"numeric\":[{range}]}}"),
            Self::Exists => f.write_str("{\"exists\":true}"),
            Self::Absent => f.write_str("{\"exists\":false}"),
            Self::AnythingBut(exception) => write!(f, "{{\"anything-but\":{exception}}}"),
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = |texts: &mut dyn Iterator<Item = &str>| texts.map(quoted).collect::<Vec<_>>().join(",");
        match self {
            Self::Texts(list) => write!(f, "[{}]", texts(&mut list.iter().map(String::as_str))),
            Self::Numbers(list) => {
                let numbers: Vec<&str> = list.iter().map(|(spelled, _)| spelled.as_str()).collect();
                write!(f, "[{}]", numbers.join(","))
            }
            Self::Prefixes(list) => write!(f, "{{\"prefix\":[{}]}}", texts(&mut list.iter().map(String::as_str))),
            Self::Suffixes(list) => write!(f, "{{\"suffix\":[{}]}}", texts(&mut list.iter().map(String::as_str))),
            Self::Folded(list) => {
                write!(f, "{{\"equals-ignore-case\":[{}]}}", texts(&mut list.iter().map(Folded::spelled)))
            }
            Self::Wildcards(list) => write!(f, "{{\"wildcard\":[{}]}}", texts(&mut list.iter().map(Wildcard::spelled))),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let above = |bound: &Bound| format!("\"{}\",{}", if bound.closed { ">=" } else { ">" }, bound.spelled);
        let below = |bound: &Bound| format!("\"{}\",{}", if bound.closed { "<=" } else { "<" }, bound.spelled);
        match self {
            Self::Equal(bound) => write!(f, "\"=\",{}", bound.spelled),
            Self::Below(bound) => f.write_str(&below(bound)),
            Self::Above(bound) => f.write_str(&above(bound)),
            Self::Between(bottom, top) => write!(f, "{},{}", above(bottom), below(top)),
        }
    }
}
