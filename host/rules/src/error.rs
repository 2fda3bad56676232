//! What is wrong with a pattern or an event.

use crate::json::{Location, SyntaxError};

/// A pattern that is not one. Displayed, it is the first line of the message that AWS
/// gives with `InvalidEventPatternException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {reason}")]
pub struct PatternError {
    reason: String,
    location: Option<Location>,
    kind: PatternErrorKind,
}

/// What kind of mistake a pattern has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// It is not JSON.
    Syntax,
    /// It is JSON and breaks the rules of patterns.
    Grammar,
    /// A value in it is not of the kind its operator needs, such as a broken CIDR block.
    Value,
    /// It is larger or more complex than allowed.
    Limit,
}

impl PatternError {
    /// The code of the API's exception.
    pub const CODE: &'static str = "InvalidEventPatternException";

    pub(crate) fn at(kind: PatternErrorKind, reason: impl Into<String>, location: Location) -> Self {
        Self { reason: reason.into(), location: Some(location), kind }
    }

    pub(crate) fn nowhere(kind: PatternErrorKind, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), location: None, kind }
    }

    /// What is wrong, without AWS's introduction.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Where it was noticed: behind the offending token. `None` where AWS names no place.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        self.location
    }

    /// What kind of mistake it is.
    #[must_use]
    pub fn kind(&self) -> PatternErrorKind {
        self.kind
    }
}

impl From<SyntaxError> for PatternError {
    fn from(error: SyntaxError) -> Self {
        Self::at(PatternErrorKind::Syntax, error.message, error.location)
    }
}

/// A text that is not an event. Displayed, it is the message that AWS gives with
/// `ValidationException`; `why` says more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Parameter Event is not valid.")]
pub struct EventError {
    why: String,
}

impl EventError {
    /// The code of the API's exception.
    pub const CODE: &'static str = "ValidationException";

    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }

    /// What is wrong, which AWS does not say.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl From<SyntaxError> for EventError {
    fn from(error: SyntaxError) -> Self {
        Self::new(format!("{}: {}", error.location, error.message))
    }
}
