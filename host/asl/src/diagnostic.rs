//! What is wrong with a definition, and where.

use std::fmt;

/// Whether a definition can be used in spite of the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// A place in the text of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

/// One problem of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// `INVALID_JSON_DESCRIPTION`, `SCHEMA_VALIDATION_FAILED`, `MISSING_TRANSITION_TARGET`, ….
    pub code: &'static str,
    /// What is wrong, without the place.
    pub message: String,
    /// JSON pointer of the place (RFC 6901); empty is the whole definition.
    pub pointer: String,
    /// The place in the text, when it has one there.
    pub span: Option<Span>,
    /// What to do about it.
    pub help: Option<String>,
}

/// `CODE: message at /pointer`, as AWS writes it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        // Some of AWS's messages end with a blank, which it leaves out here.
        write!(f, "{}: {} at {pointer}", self.code, self.message.trim_end())
    }
}

/// The JSON is not JSON.
pub const INVALID_JSON: &str = "INVALID_JSON_DESCRIPTION";
/// A field is missing, unknown or of the wrong kind.
pub const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
/// A transition leads to no state, or none leads to a state.
pub const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";
/// Two states have the same name.
pub const DUPLICATE_NAME: &str = "DUPLICATE_STATE_NAME";
/// A choice can fall through.
pub const NO_DEFAULT: &str = "MISSING_DEFAULT_STATE";
/// `Retry` or `Catch` name an error of the language that there is not.
pub const UNKNOWN_ERROR: &str = "UNKNOWN_ERROR_NAME";
/// Something that this host does not do (yet).
pub const UNSUPPORTED: &str = "UNSUPPORTED";
/// A limit of the host is passed.
pub const LIMIT: &str = "DEFINITION_LIMIT_EXCEEDED";
/// A variable is read that no state sets.
pub const UNKNOWN_VARIABLE: &str = "UNKNOWN_VARIABLE";
