//! The workflows that can be started, by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use stepwell_asl::{Diagnostic, Machine};

/// A workflow as it is now. Running executions stay with the definition they began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowInfo {
    pub name: String,
    pub arn: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// The definition's text, byte for byte.
    pub definition: Arc<str>,
}

#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    pub info: WorkflowInfo,
    pub pinned: Pinned,
}

/// A definition that executions are pinned to, and the machine that it is.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    pub digest: Arc<str>,
    pub definition: Arc<str>,
    pub machine: Arc<Machine>,
}

/// Definitions by workflow, and checked ones by digest.
#[derive(Debug, Default)]
pub(crate) struct Workflows {
    by_name: RwLock<BTreeMap<String, Workflow>>,
    checked: Mutex<HashMap<Arc<str>, Pinned>>,
}

/// `sha256:` and 64 hexadecimal digits.
pub(crate) fn digest_of(text: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

impl Workflows {
    pub fn put(&self, name: &str, arn: String, text: &str) -> Result<WorkflowInfo, Vec<Diagnostic>> {
        let digest = digest_of(text.as_bytes());
        let pinned = match self.checked(&digest) {
            Some(pinned) => pinned,
            None => self.check(&digest, text)?,
        };
        let info = WorkflowInfo { name: name.to_owned(), arn, digest, definition: Arc::clone(&pinned.definition) };
        let workflow = Workflow { info: info.clone(), pinned };
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), workflow);
        Ok(info)
    }

    pub fn get(&self, name: &str) -> Option<Workflow> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub fn all(&self) -> Vec<WorkflowInfo> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.values().map(|workflow| workflow.info.clone()).collect()
    }

    /// The definition of a digest, when it was checked before.
    pub fn checked(&self, digest: &str) -> Option<Pinned> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Checks a definition, once for each digest.
    pub fn check(&self, digest: &str, text: &str) -> Result<Pinned, Vec<Diagnostic>> {
        let machine = Arc::new(Machine::parse(text)?);
        let pinned = Pinned { digest: digest.into(), definition: text.into(), machine };
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(Arc::clone(&pinned.digest), pinned.clone());
        Ok(pinned)
    }
}
