//! Why items cannot be read, or results not be written.

/// The message is the cause of `States.ItemReaderFailed`, or of `States.ResultWriterFailed`.
/// Where AWS is known to have words for it, they are AWS's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the `ItemReader` or `ResultWriter` has a value that cannot be used.
    #[error("{field}: {problem}")]
    Config { field: &'static str, problem: String },
    /// `MaxItems` is negative.
    #[error("field MaxItems must be positive")]
    MaxItems,
    /// The object cannot be read or written.
    #[error(transparent)]
    Object(#[from] stepwell_objects::Error),
    /// What should be mapped over is neither an array nor an object.
    #[error("Attempting to map over non-iterable node.")]
    NotIterable,
    /// `ItemsPointer` leads nowhere.
    #[error("The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.")]
    PointerMissing,
    /// Two columns have the same name.
    #[error("CSV headers cannot contain duplicates.")]
    HeadersRepeated,
    /// The content of an object is not what it is said to be.
    #[error("{object}, {place}: {problem}")]
    Content { object: String, place: String, problem: String },
    /// The object was written while it was read.
    #[error("{object} changed while it was read; start again when nobody writes it")]
    Changed { object: String },
}

impl Error {
    pub(crate) fn config(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Config { field, problem: problem.into() }
    }
}
