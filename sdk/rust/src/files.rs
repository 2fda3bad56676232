//! Directories that the project file grants by name (`[plugins.NAME.grants] directories.NAME`).
//!
//! Paths are relative to the granted directory, with `/` between names; none leads out of
//! it, by dots or by links.

use crate::{Failure, host};

/// A granted directory, by the name of its grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    name: String,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// In bytes; of a directory, unspecified.
    pub size: u64,
    /// A directory rather than a file.
    pub is_directory: bool,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Without the path before it.
    pub name: String,
    /// What it is.
    pub metadata: Metadata,
}

/// Why a file could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No grant has this name, the grant is read-only, or the path leads out of it.
    Denied(String),
    /// Nothing is at the path.
    NotFound(String),
    /// [`Directory::create_new`] found something at the path.
    Exists(String),
    /// Larger than the grant's `file_bytes_max`.
    TooLarge(String),
    /// The path is not one a file can have.
    Invalid(String),
    /// The storage could not be used; trying again may help.
    Unavailable(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied(why)
            | Self::NotFound(why)
            | Self::Exists(why)
            | Self::TooLarge(why)
            | Self::Invalid(why)
            | Self::Unavailable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

/// The directory that is granted by this name. Whether there is such a grant shows at the
/// first use.
pub fn directory(name: impl Into<String>) -> Directory {
    Directory { name: name.into() }
}

impl Directory {
    /// The whole content of a file.
    ///
    /// # Errors
    /// [`Error`]
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        host::files_read(&self.name, path)
    }

    /// The whole content of a file as text.
    ///
    /// # Errors
    /// The failures of [`Error`], and `InvalidText` when the content is not UTF-8.
    pub fn read_text(&self, path: &str) -> Result<String, Failure> {
        Ok(String::from_utf8(self.read(path)?)?)
    }

    /// Writes the whole file so that a reader sees the old one or the new one, never a part;
    /// missing parent directories are made. Durable when it returns.
    ///
    /// # Errors
    /// [`Error`]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<(), Error> {
        host::files_write(&self.name, path, content.as_ref())
    }

    /// The same, refused with [`Error::Exists`] when the path is taken.
    ///
    /// # Errors
    /// [`Error`]
    pub fn create_new(&self, path: &str, content: impl AsRef<[u8]>) -> Result<(), Error> {
        host::files_create_new(&self.name, path, content.as_ref())
    }

    /// What is at the path.
    ///
    /// # Errors
    /// [`Error`]
    pub fn stat(&self, path: &str) -> Result<Metadata, Error> {
        host::files_stat(&self.name, path)
    }

    /// What the directory at the path holds, sorted by name; the empty path is the granted
    /// directory itself.
    ///
    /// # Errors
    /// [`Error`]
    pub fn list(&self, path: &str) -> Result<Vec<Entry>, Error> {
        host::files_list(&self.name, path)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// [`Error`]
    pub fn remove(&self, path: &str) -> Result<(), Error> {
        host::files_remove(&self.name, path)
    }
}
