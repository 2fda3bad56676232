//! What can go wrong before a call: with the runtime as a whole, or with one plugin.

use std::path::PathBuf;

use stepwell_tasks::Failure;

/// The runtime could not be built, or a file could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine refused its configuration; a fault of this build or of the machine.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The threads of the runtime could not be started.
    #[error("the threads that run tasks do not start: {0}")]
    Threads(std::io::Error),
    /// The HTTP client could not be built.
    #[error("the HTTP client of the http grant does not start: {0}")]
    HttpClient(String),
    /// The directory for compiled components cannot be used.
    #[error(
        "the directory for compiled components, {path}, cannot be used: {source}; make it writable for this user, or name another data directory"
    )]
    Cache { path: PathBuf, source: std::io::Error },
    /// Two plugins have one name.
    #[error("two plugins are named {0}; task names are unique in a project")]
    DuplicateName(String),
    /// The component cannot be read or compiled.
    #[error("{path}: {reason}")]
    Component { path: PathBuf, reason: LoadError },
}

/// One plugin could not be loaded. The plugin stays known: a call to it ends at once in the
/// failure that [`LoadError::failure`] names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The file is not there or cannot be read.
    #[error("the component {path} cannot be read: {reason}; build the plugin, or correct `component` in {granted_in}")]
    Unreadable { path: String, reason: String, granted_in: String },
    /// The file is larger than [`crate::COMPONENT_BYTES_MAX`].
    #[error("the component has {bytes} bytes; component_bytes_max is {limit}")]
    TooLarge { bytes: u64, limit: u64 },
    /// Not a component that this host can run.
    #[error("{0}")]
    Invalid(String),
    /// An export of the task interface is not there.
    #[error("{0}")]
    ExportMissing(String),
    /// An import that no grant covers.
    #[error("{0}")]
    ImportUngranted(String),
    /// A grant itself is wrong.
    #[error("{0}")]
    Grant(String),
    /// `describe` failed.
    #[error("describe failed with {error}: {cause}")]
    Describe { error: String, cause: String },
}

impl LoadError {
    /// The failure of every call to a plugin with this trouble.
    #[must_use]
    pub fn failure(&self) -> Failure {
        use stepwell_tasks::failures;
        let name = match self {
            Self::Unreadable { .. } | Self::TooLarge { .. } | Self::Invalid(_) | Self::Describe { .. } => {
                failures::COMPONENT_INVALID
            }
            Self::ExportMissing(_) => failures::EXPORT_MISSING,
            Self::ImportUngranted(_) => failures::IMPORT_UNGRANTED,
            Self::Grant(_) => failures::GRANT_INVALID,
        };
        Failure::new(name, self.to_string())
    }
}
