//! Workflow failures.

use std::sync::Arc;

/// Why a state or an execution failed: data, matched by `Retry` and `Catch`. Both parts may
/// be absent, as on AWS (`Fail` without `Error`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
}

impl Failure {
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()) }
    }

    /// The error name; empty when there is none.
    #[must_use]
    pub fn error_name(&self) -> &str {
        self.error.as_deref().unwrap_or("")
    }
}
