//! One condition on one value, such as `{"prefix": "aws."}`.

use std::fmt;

use crate::address::Block;
use crate::event::{Seen, quoted};
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
    pub(crate) fn fits(&self, value: Seen<'_>) -> bool {
        match self {
            Self::Text(wanted) => value.text().is_some_and(|text| text == wanted),
            Self::Address(block) | Self::Cidr(block) => match value {
                Seen::Text { address, .. } => address.is_some_and(|digits| block.holds(digits)),
                Seen::Number { spelled, .. } => block.holds(spelled.as_bytes()),
                Seen::True | Seen::False | Seen::Null => false,
            },
            Self::Number { spelled, double } => match value {
                Seen::Number { spelled: there, double: number } => {
                    spelled == there || double.is_some_and(|double| number == Some(double))
                }
                Seen::Text { .. } | Seen::True | Seen::False | Seen::Null => false,
            },
            Self::True => value == Seen::True,
            Self::False => value == Seen::False,
            Self::Null => value == Seen::Null,
            Self::Prefix(wanted) => value.text().is_some_and(|text| text.starts_with(wanted.as_str())),
            Self::PrefixFolded(wanted) => value.text().is_some_and(|text| wanted.starts(text)),
            Self::Suffix(wanted) => value.text().is_some_and(|text| text.ends_with(wanted.as_str())),
            Self::SuffixFolded(wanted) => value.text().is_some_and(|text| wanted.ends(text)),
            Self::Folded(wanted) => value.text().is_some_and(|text| wanted.equals(text)),
            Self::Wildcard(wanted) => value.text().is_some_and(|text| wanted.fits(text)),
            Self::Numeric(range) => value.number().is_some_and(|number| range.holds(number)),
            Self::Exists => true,
            Self::Absent => false,
            Self::AnythingBut(exception) => !exception.covers(value),
        }
    }
}

impl Exception {
    /// How many members the list has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) | Self::Prefixes(texts) | Self::Suffixes(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Folded(folded) => folded.len(),
            Self::Wildcards(wildcards) => wildcards.len(),
        }
    }

    /// Whether the value is excepted by the member with this number.
    pub(crate) fn member_covers(&self, member: usize, value: Seen<'_>) -> bool {
        match self {
            Self::Numbers(numbers) => {
                value.number().is_some_and(|there| numbers.get(member).is_some_and(|(_, number)| *number == there))
            }
            Self::Texts(texts) => value.text().is_some_and(|text| texts.get(member).is_some_and(|it| it == text)),
            Self::Prefixes(prefixes) => value
                .text()
                .is_some_and(|text| prefixes.get(member).is_some_and(|prefix| text.starts_with(prefix.as_str()))),
            Self::Suffixes(suffixes) => value
                .text()
                .is_some_and(|text| suffixes.get(member).is_some_and(|suffix| text.ends_with(suffix.as_str()))),
            Self::Folded(folded) => {
                value.text().is_some_and(|text| folded.get(member).is_some_and(|folded| folded.equals(text)))
            }
            Self::Wildcards(wildcards) => {
                value.text().is_some_and(|text| wildcards.get(member).is_some_and(|wildcard| wildcard.fits(text)))
            }
        }
    }

    fn covers(&self, value: Seen<'_>) -> bool {
        (0..self.len()).any(|member| self.member_covers(member, value))
    }
}

impl Range {
    pub(crate) fn holds(&self, number: f64) -> bool {
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
