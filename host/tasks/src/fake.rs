//! Tasks that follow a script, for tests of what stands above the port.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Call, Calling, Descriptor, Failure, Receipt, Returned, TASK_SECONDS_DEFAULT, Tasks, failures};

/// What a scripted task does with a call.
pub type Script = Arc<dyn Fn(&Call) -> Result<String, Failure> + Send + Sync>;

/// Tasks by name, each a function; keeps every call it was sent.
#[derive(Default)]
pub struct FakeTasks {
    scripts: BTreeMap<String, Script>,
    calls: Mutex<Vec<Call>>,
}

impl std::fmt::Debug for FakeTasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeTasks").field("names", &self.names()).finish_non_exhaustive()
    }
}

impl FakeTasks {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a task.
    #[must_use]
    pub fn with(
        mut self,
        name: &str,
        script: impl Fn(&Call) -> Result<String, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.scripts.insert(name.to_owned(), Arc::new(script));
        self
    }

    /// Every call so far, in the order they came.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tasks for FakeTasks {
    fn call(&self, call: Call) -> Calling<'_> {
        let script = self.scripts.get(&*call.task).cloned();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
        Box::pin(async move {
            let outcome = match script {
                Some(script) => script(&call),
                None => Err(Failure::new(failures::NOT_FOUND, format!("no task is named {}", call.task))),
            };
            Returned { outcome, receipt: Receipt::default(), log: Vec::new() }
        })
    }

    fn describe(&self, task: &str) -> Option<Descriptor> {
        self.scripts.contains_key(task).then(|| Descriptor {
            task: task.to_owned(),
            component: String::new(),
            description: "{}".to_owned(),
            timeout_seconds_default: TASK_SECONDS_DEFAULT,
            broken: None,
        })
    }

    fn names(&self) -> Vec<String> {
        self.scripts.keys().cloned().collect()
    }
}
