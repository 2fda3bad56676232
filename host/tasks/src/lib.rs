//! The task port: what the engine says to whatever runs tasks, and what it hears back.
//!
//! A [`Call`] is one attempt at one task. It carries a JSON document, who is calling, and a
//! [`Budget`] in fuel. What comes back is always a [`Returned`]: a task that traps, hangs or
//! asks for what it may not have is a workflow's [`Failure`], never an error of the host.

mod budget;
mod call;
pub mod failures;
mod fake;

pub use budget::{Budget, FUEL_PER_SECOND, TASK_SECONDS_DEFAULT, TASK_SECONDS_MAX};
pub use call::{Call, Failure, Identity, LogLine, LogStream, Receipt, Returned};
pub use fake::{FakeTasks, Script};

use std::future::Future;
use std::pin::Pin;

/// What an adapter's asynchronous call returns.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Returned> + Send + 'a>>;

/// Whatever runs tasks.
pub trait Tasks: Send + Sync + 'static {
    /// Runs one call to its end. Dropping the future ends the call; nothing of it is left.
    fn call(&self, call: Call) -> Calling<'_>;

    /// What is known of a task by this name; `None` when there is none.
    fn describe(&self, task: &str) -> Option<Descriptor>;

    /// The names of all tasks, sorted.
    fn names(&self) -> Vec<String>;
}

/// What is known of a registered task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The name definitions use in `task:NAME`.
    pub task: String,
    /// SHA-256 of the component, `sha256:` and 64 hexadecimal digits.
    pub component: String,
    /// The JSON object the component's `describe` returned, as text.
    pub description: String,
    /// The budget in seconds when a state has no `TimeoutSeconds`.
    pub timeout_seconds_default: u64,
    /// Why calls to it fail at once, when the component could not be loaded.
    pub broken: Option<Failure>,
}
