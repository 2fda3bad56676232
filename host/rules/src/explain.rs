//! Why an event matches a pattern, or does not.

use std::fmt;

use crate::condition::Condition;
use crate::event::{Event, Value};
use crate::matching::{Dead, distinct_fits, search};
use crate::pattern::Alternative;

/// So many alternatives of a pattern that does not match are explained.
pub const EXPLAINED_ALTERNATIVES_MAX: usize = 8;
/// So many conditions, values or keys of one field are named.
pub const EXPLAINED_VALUES_MAX: usize = 8;
/// A condition or value is shown up to this many characters.
pub const EXPLAINED_CHARACTERS_MAX: usize = 200;

/// Why an event matches or does not. Its text form is meant for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// It matches.
    Matched {
        /// Which of the pattern's alternatives (counting from 0; without `$or` the only one).
        alternative: usize,
        /// What fitted, for every field of it.
        hits: Vec<Hit>,
    },
    /// It does not match.
    Missed {
        /// How many alternatives the pattern has.
        alternatives: usize,
        /// Those with the fewest fields that do not fit, at most
        /// [`EXPLAINED_ALTERNATIVES_MAX`].
        closest: Vec<NearMiss>,
    },
}

/// A field that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The field: keys joined with dots.
    pub field: String,
    /// The condition that fits, as a pattern spells it.
    pub wanted: String,
    /// The value that fits it, as JSON; `None` when there had to be none.
    pub found: Option<String>,
}

/// An alternative that does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// Which one, counting from 0.
    pub alternative: usize,
    /// How many of its fields fit.
    pub fitting: usize,
    /// Those that do not.
    pub misses: Vec<Miss>,
}

/// A field that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The field: keys joined with dots.
    pub field: String,
    /// The conditions, one of which had to fit, as a pattern spells them.
    pub wanted: Vec<String>,
    /// The values that are there, as JSON.
    pub found: Vec<String>,
    /// What is wrong with them.
    pub why: Why,
}

/// What is wrong with a field's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The event has no such field, or an empty array or object there.
    NotThere,
    /// The field is an object with these keys, and conditions are about values.
    AnObject(Vec<String>),
    /// The values are different.
    Different,
    /// A value differs only in upper and lower case.
    OtherCase,
    /// A value has the right characters and is a text instead of a number, or the reverse.
    OtherType,
    /// There had to be no value.
    Present,
    /// A value fits, but in another element of an array than the values of the fields
    /// before it.
    OtherElement,
    /// The event has too many ways to choose array elements to try them all.
    TooManySteps,
}

/// Explains all alternatives of a pattern.
pub(crate) fn explain(alternatives: &[Alternative], event: &Event) -> Explanation {
    let mut closest = Vec::new();
    for (number, alternative) in alternatives.iter().enumerate() {
        match search(alternative, event) {
            Ok(fits) => {
                let hits = alternative.keys().zip(fits).map(|(field, fit)| Hit {
                    field: field.to_string(),
                    wanted: short(&fit.condition.to_string()),
                    found: fit.leaf.map(|leaf| short(&leaf.value.to_string())),
                });
                return Explanation::Matched { alternative: number, hits: hits.collect() };
            }
            Err(dead) => {
                let misses = misses(alternative, event, dead);
                let fitting = alternative.len().saturating_sub(misses.len());
                closest.push(NearMiss { alternative: number, fitting, misses });
            }
        }
        closest.sort_by_key(|miss| miss.misses.len());
        closest.truncate(EXPLAINED_ALTERNATIVES_MAX);
    }
    Explanation::Missed { alternatives: alternatives.len(), closest }
}

fn misses(alternative: &Alternative, event: &Event, dead: Dead) -> Vec<Miss> {
    let mut misses: Vec<Miss> =
        alternative.iter().filter_map(|(field, conditions)| miss(field, conditions, event)).collect();
    if misses.is_empty() {
        // Every field fits by itself.
        let (number, why) = match dead {
            Dead::AtField(number) => (number, Why::OtherElement),
            Dead::TooManySteps => (0, Why::TooManySteps),
        };
        misses
            .extend(alternative.iter().nth(number).map(|(field, conditions)| described(field, conditions, event, why)));
    }
    misses
}

/// What is wrong with a field when it is looked at by itself.
fn miss(field: &str, conditions: &[Condition], event: &Event) -> Option<Miss> {
    let there = event.leaves(field).next().is_some();
    if !distinct_fits(conditions, event, field).is_empty() || (!there && conditions.contains(&Condition::Absent)) {
        return None;
    }
    let keys: Vec<String> = event.keys_below(field).take(EXPLAINED_VALUES_MAX).map(short).collect();
    if there && conditions.contains(&Condition::Absent) && event.leaves(field).any(|leaf| leaf.element.is_some()) {
        // An element without the field may still do, together with other fields.
        return None;
    }
    let why = if !there && keys.is_empty() {
        Why::NotThere
    } else if !there {
        Why::AnObject(keys)
    } else if conditions.iter().all(|condition| *condition == Condition::Absent) {
        Why::Present
    } else {
        difference(field, conditions, event)
    };
    Some(described(field, conditions, event, why))
}

fn difference(field: &str, conditions: &[Condition], event: &Event) -> Why {
    for leaf in event.leaves(field) {
        for condition in conditions {
            match (condition, &leaf.value) {
                (Condition::Text(wanted), Value::Text { text, .. }) if wanted.to_lowercase() == text.to_lowercase() => {
                    return Why::OtherCase;
                }
                (Condition::Text(spelled), Value::Number { spelled: text, .. })
                | (Condition::Number { spelled, .. }, Value::Text { text, .. })
                    if spelled == text =>
                {
                    return Why::OtherType;
                }
                _ => {}
            }
        }
    }
    Why::Different
}

fn described(field: &str, conditions: &[Condition], event: &Event, why: Why) -> Miss {
    Miss {
        field: field.to_owned(),
        wanted: conditions.iter().take(EXPLAINED_VALUES_MAX).map(|condition| short(&condition.to_string())).collect(),
        found: event.leaves(field).take(EXPLAINED_VALUES_MAX).map(|leaf| short(&leaf.value.to_string())).collect(),
        why,
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(EXPLAINED_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}

impl Explanation {
    /// Whether the event matches.
    #[must_use]
    pub fn matched(&self) -> bool {
        match self {
            Self::Matched { .. } => true,
            Self::Missed { .. } => false,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matched { hits, .. } => {
                f.write_str("matches")?;
                for hit in hits {
                    match &hit.found {
                        Some(found) => write!(f, "\n  {}: {} fits {}", hit.field, found, hit.wanted)?,
                        None => write!(f, "\n  {}: absent, as wanted", hit.field)?,
                    }
                }
                Ok(())
            }
            Self::Missed { alternatives, closest } => {
                f.write_str("does not match")?;
                for near in closest {
                    if *alternatives > 1 {
                        write!(f, "\nalternative {} of {alternatives}:", near.alternative.saturating_add(1))?;
                    }
                    for miss in &near.misses {
                        write!(f, "\n  {miss}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: wanted {}, ", self.field, self.wanted.join(" or "))?;
        let found = self.found.join(", ");
        match &self.why {
            Why::NotThere => f.write_str("found nothing"),
            Why::AnObject(keys) => write!(f, "found an object with the keys {}", keys.join(", ")),
            Why::Different | Why::Present => write!(f, "found {found}"),
            Why::OtherCase => write!(f, "found {found}, which differs in upper and lower case"),
            Why::OtherType => write!(f, "found {found}: a text is not a number"),
            Why::OtherElement => write!(f, "found {found}, but not in the array element that the fields before it fit"),
            Why::TooManySteps => write!(f, "found {found}, and more ways to choose array elements than can be tried"),
        }
    }
}
