//! An in-memory host, so that a task is tested by plain `cargo test`.
//!
//! ```
//! # use serde_json::{Value, json};
//! # use stepwell::{Failure, config};
//! # fn price(cents: u64) -> Result<String, Failure> { Ok(format!("{cents} {}", config::require("currency")?)) }
//! use stepwell::testing::Host;
//!
//! let host = Host::new().config("currency", "USD").install();
//! assert_eq!(price(5).unwrap(), "5 USD");           // the function itself
//! assert_eq!(host.run(price, json!(5)), Ok(json!("5 USD"))); // through JSON, as the host calls it
//! assert_eq!(host.run(price, json!("x")).unwrap_err().error(), "InvalidInput");
//! ```
//!
//! As with the real host, nothing is there that was not granted. An installed host belongs
//! to its thread and goes with the value that [`Host::install`] returns.

pub(crate) mod host;
mod run;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::{Context, Failure, http, sql};
pub use run::Runnable;

type HttpResponder = Box<dyn FnMut(&http::Request) -> Result<http::Response, http::Error>>;
type SqlResponder = Box<dyn FnMut(&str, &[sql::Value]) -> Result<sql::Rows, sql::Error>>;

/// What the host will answer; [`Host::install`] puts it in place.
#[derive(Default)]
pub struct Host {
    call: Call,
    config: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    http: Option<HttpResponder>,
    requests: Vec<http::Request>,
    databases: BTreeMap<String, SqlResponder>,
    directories: BTreeMap<String, Directory>,
}

/// A host that is in place for this thread until the value is dropped.
#[derive(Debug)]
pub struct Installed {
    host: Rc<RefCell<Host>>,
    before: Option<Rc<RefCell<Host>>>,
}

struct Call {
    idempotency_key: String,
    attempt: u32,
    dispatch: u32,
    execution_id: String,
    execution_name: String,
    workflow_name: String,
    state_name: String,
    fuel_left: u64,
}

#[derive(Default)]
struct Directory {
    read_only: bool,
    files: BTreeMap<String, Vec<u8>>,
}

impl Host {
    /// A host that grants nothing and answers with example identities: idempotency key
    /// `test-key`, first attempt, first dispatch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Grants a setting.
    #[must_use]
    pub fn config(mut self, key: &str, value: &str) -> Self {
        self.config.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Grants a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Grants HTTP to every origin; the responder is the world. Without one, a request is
    /// [`http::Error::Denied`].
    #[must_use]
    pub fn http(
        mut self,
        responder: impl FnMut(&http::Request) -> Result<http::Response, http::Error> + 'static,
    ) -> Self {
        self.http = Some(Box::new(responder));
        self
    }

    /// Grants a database; the responder is given statement and parameters, and the host keeps
    /// to the query's `rows_max` by itself.
    #[must_use]
    pub fn database(
        mut self,
        name: &str,
        responder: impl FnMut(&str, &[sql::Value]) -> Result<sql::Rows, sql::Error> + 'static,
    ) -> Self {
        self.databases.insert(name.to_owned(), Box::new(responder));
        self
    }

    /// Grants an empty directory for reading and writing.
    #[must_use]
    pub fn directory(mut self, name: &str) -> Self {
        self.directories.entry(name.to_owned()).or_default();
        self
    }

    /// Grants a directory for reading alone.
    #[must_use]
    pub fn directory_read_only(mut self, name: &str) -> Self {
        self.directories.entry(name.to_owned()).or_default().read_only = true;
        self
    }

    /// Puts a file into a directory, which is granted if it was not.
    #[must_use]
    pub fn file(mut self, directory: &str, path: &str, content: impl Into<Vec<u8>>) -> Self {
        let directory = self.directories.entry(directory.to_owned()).or_default();
        directory.files.insert(path.to_owned(), content.into());
        self
    }

    /// Sets the idempotency key.
    #[must_use]
    pub fn idempotency_key(mut self, key: &str) -> Self {
        self.call.idempotency_key = key.to_owned();
        self
    }

    /// Sets the number of the attempt.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.call.attempt = attempt;
        self
    }

    /// Sets the number of the dispatch.
    #[must_use]
    pub fn dispatch(mut self, dispatch: u32) -> Self {
        self.call.dispatch = dispatch;
        self
    }

    /// Sets the execution's id and name.
    #[must_use]
    pub fn execution(mut self, id: &str, name: &str) -> Self {
        self.call.execution_id = id.to_owned();
        self.call.execution_name = name.to_owned();
        self
    }

    /// Sets the workflow's and the state's name.
    #[must_use]
    pub fn state(mut self, workflow_name: &str, state_name: &str) -> Self {
        self.call.workflow_name = workflow_name.to_owned();
        self.call.state_name = state_name.to_owned();
        self
    }

    /// Sets the fuel that is left (units). Tests do not burn it.
    #[must_use]
    pub fn fuel_left(mut self, fuel: u64) -> Self {
        self.call.fuel_left = fuel;
        self
    }

    /// Puts the host in place for this thread. A host that was there before is back when the
    /// returned value is dropped.
    #[must_use = "the host is in place until this value is dropped"]
    pub fn install(self) -> Installed {
        let host = Rc::new(RefCell::new(self));
        let before = host::replace(Some(Rc::clone(&host)));
        Installed { host, before }
    }
}

impl Installed {
    /// Calls a task as the host does: the input is read by the task's type, the output
    /// written as JSON.
    ///
    /// # Errors
    /// The task's failure, or `InvalidInput` when the input is not of its type.
    pub fn run<M>(&self, task: impl Runnable<M>, input: serde_json::Value) -> Result<serde_json::Value, Failure> {
        task.run(&input.to_string(), &self.context())
    }

    /// The context, for calling a task's function directly.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::current()
    }

    /// Every HTTP request so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<http::Request> {
        self.host.borrow().requests.clone()
    }

    /// The content of a file, or none.
    #[must_use]
    pub fn file(&self, directory: &str, path: &str) -> Option<Vec<u8>> {
        self.host.borrow().directories.get(directory)?.files.get(path).cloned()
    }

    /// The paths of a directory's files, sorted.
    #[must_use]
    pub fn files(&self, directory: &str) -> Vec<String> {
        let host = self.host.borrow();
        let directory = host.directories.get(directory);
        directory.map(|directory| directory.files.keys().cloned().collect()).unwrap_or_default()
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        host::replace(self.before.take());
    }
}

impl Default for Call {
    fn default() -> Self {
        Self {
            idempotency_key: "test-key".to_owned(),
            attempt: 1,
            dispatch: 1,
            execution_id: "test-execution-id".to_owned(),
            execution_name: "test-execution".to_owned(),
            workflow_name: "test-workflow".to_owned(),
            state_name: "TestState".to_owned(),
            fuel_left: 600_000_000_000,
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("config", &self.config.keys())
            .field("secrets", &self.secrets.keys())
            .field("databases", &self.databases.keys())
            .field("directories", &self.directories.keys())
            .finish_non_exhaustive()
    }
}
