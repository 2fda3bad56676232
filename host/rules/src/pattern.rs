//! Event patterns: which fields must be what.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::condition::Condition;
use crate::error::{PatternError, PatternErrorKind};
use crate::event::Event;
use crate::explain::{self, Explanation};
use crate::json::{Token, Tokens};
use crate::matching::search;
use crate::operators::{Grammar, Reader};
use crate::wildcard::{TOO_COMPLEX, WILDCARD_PLACE_SETS_MAX};

/// A pattern may be this many bytes of JSON.
pub const PATTERN_BYTES_MAX: usize = 64 * 1024;
/// The `$or`s of a pattern may multiply to this many alternatives.
pub const ALTERNATIVES_MAX: usize = 1000;
/// So many `$or`s may lie within each other.
pub const OR_LEVELS_MAX: usize = 32;
/// The alternatives of a pattern may have this many fields together.
pub const ALTERNATIVE_FIELDS_MAX: usize = 50_000;

/// An event pattern that has been checked.
///
/// A pattern is a list of alternatives, of which one must match; without `$or` there is
/// one. An alternative is a set of fields, all of which must fit, in the same elements of
/// whatever arrays they share.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    alternatives: Vec<Alternative>,
}

/// Fields with their conditions. A field's name is the keys that lead to it, joined with
/// dots; when a pattern names a field twice, the last one counts.
pub(crate) type Alternative = BTreeMap<Arc<str>, Arc<[Condition]>>;

impl Pattern {
    /// Reads and checks a pattern: the JSON that AWS calls `EventPattern`. What follows the
    /// closing brace is not looked at, as on AWS.
    ///
    /// # Errors
    /// With AWS's words, when the pattern breaks a rule or exceeds a limit.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > PATTERN_BYTES_MAX {
            let reason = format!("the pattern is {} bytes long; at most {PATTERN_BYTES_MAX} are allowed", text.len());
            return Err(PatternError::nowhere(PatternErrorKind::Limit, reason));
        }
        let alternatives = match Structure::new(text, Grammar::Current).read() {
            Ok(alternatives) => alternatives,
            Err(error) => match error.kind() {
                PatternErrorKind::Syntax | PatternErrorKind::Grammar => {
                    // Its own refusal would name a rule that nobody knows any more.
                    Structure::new(text, Grammar::Former).read().map_err(|_| error)?
                }
                PatternErrorKind::Value | PatternErrorKind::Limit => return Err(error),
            },
        };
        Ok(Self { alternatives })
    }

    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.alternatives.iter().any(|alternative| search(alternative, event).is_ok())
    }

    /// What it is made of: one of them must match.
    pub(crate) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// Why an event matches or does not.
    #[must_use]
    pub fn explain(&self, event: &Event) -> Explanation {
        explain::explain(&self.alternatives, event)
    }
}

/// Reads the objects of a pattern. Levels are kept in a list, not on the stack: their
/// number is the text's choice.
struct Structure<'a> {
    reader: Reader<'a>,
    open: Vec<Level>,
    /// What stands before the names of the fields here: keys, each with a dot behind it.
    path: String,
    alternatives: Vec<Alternative>,
    /// How many sets of places may still be looked at to tell how complex wildcards are.
    place_sets_left: usize,
}

enum Level {
    Object {
        /// How long the path is inside.
        path_length: usize,
        /// Whether it lies in `$or`, where some names are kept for operators.
        in_or: bool,
        empty: bool,
    },
    Or {
        path_length: usize,
        /// The alternatives as they were before.
        before: Vec<Alternative>,
        /// Those of the objects read so far.
        done: Vec<Alternative>,
        objects: usize,
    },
}

/// Names that cannot be fields inside `$or`.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

impl<'a> Structure<'a> {
    fn new(text: &'a str, grammar: Grammar) -> Self {
        let reader = Reader { tokens: Tokens::new(text), grammar };
        Self {
            reader,
            open: Vec::new(),
            path: String::new(),
            alternatives: Vec::new(),
            place_sets_left: WILDCARD_PLACE_SETS_MAX,
        }
    }

    fn read(mut self) -> Result<Vec<Alternative>, PatternError> {
        if self.reader.next()? != Token::ObjectStart {
            return self.reader.wrong("Filter is not an object");
        }
        self.enter_object(false);
        loop {
            match self.open.last() {
                None => return Ok(self.alternatives),
                Some(Level::Object { path_length, in_or, .. }) => {
                    let (path_length, in_or) = (*path_length, *in_or);
                    self.path.truncate(path_length);
                    self.in_object(in_or)?;
                }
                Some(Level::Or { path_length, .. }) => {
                    let path_length = *path_length;
                    self.path.truncate(path_length);
                    self.in_or()?;
                }
            }
        }
    }

    fn enter_object(&mut self, in_or: bool) {
        self.open.push(Level::Object { path_length: self.path.len(), in_or, empty: true });
    }

    /// One entry of an object, or its end.
    fn in_object(&mut self, in_or: bool) -> Result<(), PatternError> {
        let key = match self.reader.next()? {
            Token::Key(key) => key,
            Token::ObjectEnd => return self.leave_object(),
            _ => return self.reader.wrong("Unexpected end-of-input"),
        };
        if let Some(Level::Object { empty, .. }) = self.open.last_mut() {
            *empty = false;
        }
        if key == "$or" && self.reader.grammar == Grammar::Current {
            return self.enter_or();
        }
        if in_or && RESERVED.contains(&key.as_str()) {
            return self.reader.wrong(format!("{key} is Ruler reserved fieldName which cannot be used inside $or."));
        }
        self.path.push_str(&key);
        match self.reader.next()? {
            Token::ObjectStart => {
                self.path.push('.');
                self.enter_object(in_or);
                Ok(())
            }
            Token::ArrayStart => {
                let conditions = self.reader.conditions()?;
                self.check_complexity(&conditions)?;
                self.write(conditions)
            }
            _ => self.reader.wrong(format!("\"{key}\" must be an object or an array")),
        }
    }

    fn check_complexity(&mut self, conditions: &[Condition]) -> Result<(), PatternError> {
        for condition in conditions {
            if let Condition::Wildcard(wildcard) = condition
                && wildcard.is_too_complex(&mut self.place_sets_left)
            {
                return Err(PatternError::nowhere(PatternErrorKind::Limit, TOO_COMPLEX));
            }
        }
        Ok(())
    }

    fn write(&mut self, conditions: Vec<Condition>) -> Result<(), PatternError> {
        if self.alternatives.is_empty() {
            self.alternatives.push(Alternative::new());
        }
        let name: Arc<str> = self.path.as_str().into();
        let conditions: Arc<[Condition]> = conditions.into();
        for alternative in &mut self.alternatives {
            alternative.insert(Arc::clone(&name), Arc::clone(&conditions));
        }
        check_size(&self.alternatives, &[])
    }

    fn leave_object(&mut self) -> Result<(), PatternError> {
        if let Some(Level::Object { empty: true, .. }) = self.open.pop() {
            return self.reader.wrong("Empty objects are not allowed");
        }
        if let Some(Level::Or { done, .. }) = self.open.last_mut() {
            check_size(done, &self.alternatives)?;
            done.append(&mut self.alternatives);
        }
        Ok(())
    }

    fn enter_or(&mut self) -> Result<(), PatternError> {
        if self.reader.next()? != Token::ArrayStart {
            return self.reader.wrong("It must be an Array followed with $or.");
        }
        let levels = self.open.iter().filter(|level| matches!(level, Level::Or { .. })).count();
        if levels >= OR_LEVELS_MAX {
            let reason =
                format!("Rule is too complex - more than {OR_LEVELS_MAX} $or relationships lie within each other");
            return Err(PatternError::nowhere(PatternErrorKind::Limit, reason));
        }
        let before = std::mem::take(&mut self.alternatives);
        self.open.push(Level::Or { path_length: self.path.len(), before, done: Vec::new(), objects: 0 });
        Ok(())
    }

    /// One object of `$or`, or its end.
    fn in_or(&mut self) -> Result<(), PatternError> {
        match self.reader.next()? {
            Token::ObjectStart => {
                if let Some(Level::Or { before, objects, .. }) = self.open.last_mut() {
                    *objects = objects.saturating_add(1);
                    self.alternatives.clone_from(before);
                }
                if self.alternatives.is_empty() {
                    self.alternatives.push(Alternative::new());
                }
                self.enter_object(true);
                Ok(())
            }
            Token::ArrayEnd => {
                let Some(Level::Or { done, objects, .. }) = self.open.pop() else { return Ok(()) };
                if objects < 2 {
                    return self.reader.wrong("There must have at least 2 Objects in $or relationship.");
                }
                self.alternatives = done;
                Ok(())
            }
            _ => self.reader.wrong("Only JSON object is allowed in array of $or relationship."),
        }
    }
}

fn check_size(some: &[Alternative], more: &[Alternative]) -> Result<(), PatternError> {
    let count = some.len().saturating_add(more.len());
    let fields: usize = some.iter().chain(more).map(BTreeMap::len).sum();
    if count > ALTERNATIVES_MAX || fields > ALTERNATIVE_FIELDS_MAX {
        let reason = format!(
            "Rule is too complex - its $or relationships make more than {ALTERNATIVES_MAX} combinations, \
             or combinations of more than {ALTERNATIVE_FIELDS_MAX} fields together"
        );
        return Err(PatternError::nowhere(PatternErrorKind::Limit, reason));
    }
    Ok(())
}
