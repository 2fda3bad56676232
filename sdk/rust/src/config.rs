//! Settings that the project file grants by key (`[plugins.NAME.grants] config`).

use std::str::FromStr;

use crate::{Failure, host};

/// A key that the grant does not have; as a failure, `ConfigMissing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The key that was asked for.
    pub key: String,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no setting `{0}`: add `{0}` to the plugin's `config` grant", self.key)
    }
}

impl std::error::Error for Missing {}

/// The value, or none when the key is not granted.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    host::config_get(key)
}

/// The value of a key that the task cannot do without.
///
/// # Errors
/// [`Missing`] when the key is not granted.
pub fn require(key: &str) -> Result<String, Missing> {
    get(key).ok_or_else(|| Missing { key: key.to_owned() })
}

/// The value read as a `T`, or `otherwise` when the key is not granted.
///
/// # Errors
/// The failure `ConfigInvalid` when the value does not read as a `T`.
pub fn parse_or<T: FromStr>(key: &str, otherwise: T) -> Result<T, Failure> {
    match get(key) {
        None => Ok(otherwise),
        Some(text) => text.parse().map_err(|_| {
            let kind = std::any::type_name::<T>();
            Failure::new("ConfigInvalid", format!("the setting `{key}` is {text:?}, not a {kind}"))
        }),
    }
}
