//! What tasks did: one file for each run of the guest `ledger`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// A run of the task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Effect {
    /// The idempotency key.
    pub key: String,
    pub attempt: u32,
    pub dispatch: u32,
    /// The input's text.
    pub input: String,
    /// The result's text; absent where the run failed.
    pub result: Option<String>,
}

/// Reads the directory, in the order of keys. A file that a kill cut off is no effect.
///
/// # Errors
/// When a whole file is no effect.
pub fn read(directory: &Path) -> Result<Vec<Effect>> {
    let mut effects: Vec<Effect> = Vec::new();
    for file in std::fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path)?;
            effects.push(serde_json::from_str(&text).with_context(|| format!("{}: {text}", path.display()))?);
        }
    }
    effects.sort();
    Ok(effects)
}
