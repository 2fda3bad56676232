//! What can go wrong for whoever asks something of the engine.

use std::time::Duration;

use stepwell_store as store;

#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("there is no workflow named `{name}`")]
    UnknownWorkflow { name: String },
    #[error("there is no execution `{id}`")]
    UnknownExecution { id: String },
    /// Another execution of the workflow has the name, with other input or already closed.
    #[error(
        "workflow `{workflow}` already has an execution named `{name}` ({id}), with other input or already closed; names are not reused"
    )]
    NameTaken { workflow: String, name: String, id: String },
    #[error("the execution name `{name}` is not allowed: {reason}")]
    NameInvalid { name: String, reason: String },
    #[error("the input is {bytes} bytes long; at most {} are allowed", crate::INPUT_BYTES_MAX)]
    InputTooLarge { bytes: usize },
    #[error("the input nests deeper than {} levels", stepwell_asl::limits::PAYLOAD_DEPTH_MAX)]
    InputTooDeep,
    #[error("the execution `{id}` is already {status}")]
    AlreadyClosed { id: String, status: &'static str },
    #[error("there is no map run `{id}`")]
    UnknownMapRun { id: String },
    /// It has ended, or its results are being written.
    #[error("the map run `{id}` has ended; its limits cannot be changed any more")]
    MapRunClosed { id: String },
    #[error("{field} of a map run cannot be {value}: {reason}")]
    LimitInvalid { field: &'static str, value: String, reason: &'static str },
    #[error("the cursor is not one that this host gave out")]
    CursorInvalid,
    /// Too much is under way; try again after the time given.
    #[error("the host has as many starts under way as it takes; try again in {} s", retry_after.as_secs().max(1))]
    Throttled { retry_after: Duration },
    /// The host is going down and accepts nothing new.
    #[error("the host is shutting down; it will answer again after the restart")]
    Draining,
    /// The store cannot be written for now; nothing new is accepted, what is there can be read.
    #[error("the store cannot be written: {0}; nothing was started")]
    ReadOnly(String),
    /// What the store holds of this execution does not fold to what it recorded.
    #[error("the execution `{id}` is set aside: {reason}")]
    SetAside { id: String, reason: String },
    #[error("the store failed: {0}")]
    Store(String),
    /// The engine's thread is gone.
    #[error("the engine has stopped")]
    Stopped,
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::ReadOnly(reason) => Self::ReadOnly(reason),
            store::Error::Locked(_)
            | store::Error::Broken(_)
            | store::Error::Damaged(_)
            | store::Error::Incompatible(_) => Self::Store(error.to_string()),
        }
    }
}
