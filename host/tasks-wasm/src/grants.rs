//! What a plugin may use. Nothing is visible unless it is named here; the default is nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// The grants of one plugin.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Origins: `scheme://host[:port]`, or `scheme://*.domain[:port]` for every name below a
    /// domain. An origin written out in full may be a private address; a wildcard never
    /// reaches one.
    pub http: Vec<String>,
    /// SQLite files by name, read-only.
    pub databases: BTreeMap<String, PathBuf>,
    /// Directories by name.
    pub directories: BTreeMap<String, Directory>,
    /// Settings by key.
    pub config: BTreeMap<String, String>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// A granted directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Made when it is missing and the access is read-write.
    pub path: PathBuf,
    pub access: Access,
}

/// What may be done in a granted directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    ReadOnly,
    ReadWrite,
}

/// A secret value: wiped from memory when it is dropped, never shown.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    pub(crate) fn value(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
