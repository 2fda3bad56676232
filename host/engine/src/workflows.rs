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
    pub machine: Arc<Machine>,
}

/// Definitions by workflow, and checked machines by digest.
#[derive(Debug, Default)]
pub(crate) struct Workflows {
    by_name: RwLock<BTreeMap<String, Workflow>>,
    machines: Mutex<HashMap<String, Arc<Machine>>>,
}

/// `sha256:` and 64 hexadecimal digits.
pub(crate) fn digest_of(text: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

impl Workflows {
    pub fn put(&self, name: &str, arn: String, text: &str) -> Result<WorkflowInfo, Vec<Diagnostic>> {
        let digest = digest_of(text.as_bytes());
        let machine = self.machine(&digest, text)?;
        let info = WorkflowInfo { name: name.to_owned(), arn, digest, definition: text.into() };
        let workflow = Workflow { info: info.clone(), machine };
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

    /// The machine of a definition, checked once for each digest.
    pub fn machine(&self, digest: &str, text: &str) -> Result<Arc<Machine>, Vec<Diagnostic>> {
        let known = self.machines.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        if let Some(machine) = known {
            return Ok(machine);
        }
        let machine = Arc::new(Machine::parse(text)?);
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.insert(digest.to_owned(), Arc::clone(&machine));
        Ok(machine)
    }
}
