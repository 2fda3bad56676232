//! What is wrong with a definition, and where.

use std::fmt;

/// Whether a definition can be used in spite of the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot be used.
    Error,
    /// It can, and probably does something else than was meant.
    Warning,
    /// It can, and could be written better.
    Info,
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
    /// The place as AWS tells it, `/States/NAME/Choices[0]/Next`, which is sometimes the object
    /// around the exact place; `/` is the whole definition. `None` where AWS tells none.
    pub location: Option<String>,
    /// The place in the text, when it has one there.
    pub span: Option<Span>,
    /// Another place that has a part in the problem, such as the first of two equal names.
    pub related: Option<Span>,
    /// What to do about it.
    pub help: Option<String>,
}

/// `CODE: message at /location`, as AWS writes it: without a location it writes `null`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.as_deref().unwrap_or("null");
        // Some of AWS's messages end with a blank, which it leaves out here.
        write!(f, "{}: {} at {location}", self.code, self.message.trim_end())
    }
}

/// What a code is about: a sentence for whoever meets it for the first time, for every code that a
/// diagnostic can have.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    RULES.iter().find(|(known, _)| *known == code).map(|(_, about)| *about)
}

/// Every code with what it is about.
pub const RULES: [(&str, &str); 33] = [
    (INVALID_JSON, "The definition is JSON, and no object has two members of the same name."),
    (SCHEMA, "Every field is one that its state has, is of the right kind and in its range, and none is missing."),
    (MISSING_TARGET, "Every transition names a state of the same 'States', and every state is named by one."),
    (MISSING_END, "A workflow has a state that ends it."),
    (DUPLICATE_NAME, "Names of states are unique in the whole definition."),
    (INVALID_STATE_NAME, "A state's name has from 1 to 80 characters."),
    (INVALID_LABEL, "A Label has from 1 to 40 characters, none of them blank or special."),
    (DUPLICATE_LABEL, "Labels are unique in the whole definition."),
    (TOO_DEEP, "Parallel and Map states nest at most 25 deep."),
    (MISSING_PARAMETER, "A service is called with every parameter that its API requires."),
    (UNKNOWN_CONTEXT, "The context object has Execution, Map, State, StateMachine and Task."),
    (OTHER_LANGUAGE, "Paths are for states of JSONPath, {% %} for states of JSONata."),
    (TOKEN_KEPT, "A task with .waitForTaskToken hands its token, $$.Task.Token, to whoever is to return it."),
    (INVALID_JSONATA, "What stands in {% %} is an expression of JSONata."),
    (
        UNSUPPORTED_JSONATA,
        "Expressions begin in $states or in a variable, and read only what there is when they are evaluated.",
    ),
    (INVALID_VARIABLE, "Names of variables are identifiers of at most 80 characters."),
    (RESERVED_VARIABLE, "$states is the language's own variable."),
    (DUPLICATE_VARIABLE, "Branches and iterations assign no variable of the states around them."),
    (
        NO_DOLLAR,
        "A text that looks like a path or an intrinsic function is read as one only where the field's name ends in '.$'.",
    ),
    (NO_PATH, "A text that looks like a path is read as one only where the field's name ends in 'Path'."),
    (STATIC_RESULT, "The Result of a Pass state is handed on as it stands: paths in it are not read."),
    (NO_DEFAULT, "A Choice without Default fails where no rule matches."),
    (NO_WAY_TO_END, "From every state a way leads to one that ends."),
    (UNKNOWN_ERROR, "Names that begin with 'States.' are those that the language has."),
    (UNKNOWN_VARIABLE, "A variable that is read is assigned by some state before."),
    (UNREACHABLE_HANDLER, "A retrier or catcher is reached by some error that none before it takes."),
    (NO_EFFECT, "A field takes part in what its state does."),
    (NO_TIMEOUT, "A task that waits for somebody has a limit to how long."),
    (DEPRECATED, "The language has a newer name for the field."),
    (UNSUPPORTED, "This version of Stepwell does what the definition asks for."),
    (LIMIT, "The definition is within the limits of the host."),
    (UNKNOWN_TASK, "Every task that is called is a plugin of the project, and every bucket that is named is granted."),
    (UNREADABLE, "The definition's file can be read."),
];

/// The JSON is not JSON.
pub const INVALID_JSON: &str = "INVALID_JSON_DESCRIPTION";
/// A field is missing, unknown or of the wrong kind.
pub const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
/// A transition leads to no state, or none leads to a state.
pub const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";
/// No state ends the workflow.
pub const MISSING_END: &str = "MISSING_END_STATE";
/// A state's name is empty or too long.
pub const INVALID_STATE_NAME: &str = "INVALID_STATE_NAME";
/// A `Label` is empty, too long or has a character that it must not have.
pub const INVALID_LABEL: &str = "INVALID_LABEL_NAME";
/// Two Map states have the same `Label`.
pub const DUPLICATE_LABEL: &str = "DUPLICATE_LABEL_NAME";
/// Parallel and Map states nest too deep.
pub const TOO_DEEP: &str = "TOO_DEEPLY_NESTED";
/// A service is called without a parameter that its API requires.
pub const MISSING_PARAMETER: &str = "MISSING_PARAMETER";
/// The context object is asked for what it never has.
pub const UNKNOWN_CONTEXT: &str = "UNKNOWN_CONTEXT_FIELD";
/// A text is written in the query language that its state does not speak.
pub const OTHER_LANGUAGE: &str = "OTHER_QUERY_LANGUAGE";
/// A task waits for a token that it gives to nobody.
pub const TOKEN_KEPT: &str = "TASK_TOKEN_NOT_PASSED";
/// An expression of JSONata cannot be read.
pub const INVALID_JSONATA: &str = "INVALID_JSONATA_EXPRESSION";
/// An expression of JSONata reads what is not there.
pub const UNSUPPORTED_JSONATA: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
/// A variable has a name that it cannot have.
pub const INVALID_VARIABLE: &str = "INVALID_VARIABLE_NAME";
/// `Assign` sets `$states`.
pub const RESERVED_VARIABLE: &str = "RESERVED_VARIABLE_NAME";
/// `Assign` sets a variable of the states around.
pub const DUPLICATE_VARIABLE: &str = "DUPLICATE_VARIABLE_NAME";
/// A payload template has a path in a field without `.$`.
pub const NO_DOLLAR: &str = "NO_DOLLAR";
/// A path stands in a field that takes none.
pub const NO_PATH: &str = "NO_PATH";
/// A path stands in the `Result` of a Pass state.
pub const STATIC_RESULT: &str = "PASS_RESULT_IS_STATIC";
/// States go round and round.
pub const NO_WAY_TO_END: &str = "NO_WAY_TO_END";
/// An earlier retrier or catcher takes all that this one names.
pub const UNREACHABLE_HANDLER: &str = "UNREACHABLE_HANDLER";
/// A field changes nothing.
pub const NO_EFFECT: &str = "FIELD_WITHOUT_EFFECT";
/// A task could wait forever.
pub const NO_TIMEOUT: &str = "MISSING_TIMEOUT";
/// A field has a newer name.
pub const DEPRECATED: &str = "DEPRECATED_FIELD";
/// A task is called that no plugin is named after.
pub const UNKNOWN_TASK: &str = "UNKNOWN_TASK";
/// A file cannot be read.
pub const UNREADABLE: &str = "UNREADABLE";
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
