//! Secrets that the project file grants by name (`[plugins.NAME.grants] secrets`).

use crate::host;

/// A name that the grant does not have; as a failure, `SecretMissing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name that was asked for.
    pub name: String,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no secret `{0}`: add it to the plugin's `secrets` grant", self.name)
    }
}

impl std::error::Error for Missing {}

/// The value, or none when the name is not granted.
#[must_use]
pub fn get(name: &str) -> Option<String> {
    host::secret_get(name)
}

/// The value of a secret that the task cannot do without.
///
/// # Errors
/// [`Missing`] when the name is not granted.
pub fn require(name: &str) -> Result<String, Missing> {
    get(name).ok_or_else(|| Missing { name: name.to_owned() })
}
