//! What a client is told when a call is refused or fails.

use serde_json::{Map, Value};

/// An answer that is no success: a code of the service's model or of all services, a message,
/// and what else the error's shape has.
///
/// The codes form an open set (each service has its own), which is why this is no enum. Whether a
/// code stands in the model of an operation can be asked with
/// [`Model::check_error`](crate::model::Model::check_error).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    code: String,
    message: String,
    details: Map<String, Value>,
    status: Option<u16>,
}

impl ServiceError {
    /// An error by its shape's name, such as `StateMachineDoesNotExist`.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), details: Map::new(), status: None }
    }

    /// A member that the error's shape has besides its message, such as `resourceName`.
    #[must_use]
    pub fn with(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(member.into(), value.into());
        self
    }

    /// A status for this one error; without it the model's is used, or the usual one of the code.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// `ValidationException`, with a text of the service's own.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A body that does not have the types of the model.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// The host's own trouble, 500. Clients try again.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message).with_status(500)
    }

    /// The name of the error's shape.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What people read.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The members besides the message.
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// The status that was asked for.
    pub fn status(&self) -> Option<u16> {
        self.status
    }
}
