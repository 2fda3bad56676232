//! What goes wrong when expressions are read and evaluated.

/// An expression could not be evaluated over the data at hand. It becomes the failure of the
/// state that holds the expression, so it is data of the workflow and no error of the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct EvalError {
    /// The error name that `Retry` and `Catch` compare, for instance `States.Runtime`.
    pub error: &'static str,
    /// What happened, in the words of AWS where they are known. The caller puts
    /// `An error occurred while executing the state …` before it.
    pub cause: String,
}

impl EvalError {
    /// `States.Runtime`: a path matches nothing, or passes a limit.
    #[must_use]
    pub fn runtime(cause: impl Into<String>) -> Self {
        Self { error: "States.Runtime", cause: cause.into() }
    }

    /// `States.IntrinsicFailure`: an intrinsic function refused its arguments.
    #[must_use]
    pub fn intrinsic(cause: impl Into<String>) -> Self {
        Self { error: "States.IntrinsicFailure", cause: cause.into() }
    }

    /// `States.ResultPathMatchFailure`: a result cannot be put where `ResultPath` says.
    #[must_use]
    pub fn result_path(cause: impl Into<String>) -> Self {
        Self { error: "States.ResultPathMatchFailure", cause: cause.into() }
    }
}

/// The text of a path or of an expression is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct ParseError {
    /// What is wrong and, where it is not plain, what to write instead.
    pub message: String,
    /// Where in the text, in bytes from its start.
    pub offset: usize,
}
