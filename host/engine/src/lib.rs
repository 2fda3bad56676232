//! The engine: executions that survive whatever happens to the process that runs them.
//!
//! A [`Dispatcher`](dispatcher::Dispatcher) owns the running executions and decides, on one
//! thread and without waiting for anything; the shell around it commits journal entries,
//! sends calls out and wakes at deadlines. Every input goes the same way:
//!
//! **Invariant: first the journal, then the world.** An input is applied in memory, its entry
//! joins the batch that is being written, and only when the commit has returned are replies
//! given and effects carried out.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod dispatcher;
mod engine;
mod error;
mod journal;
mod map_items;
mod map_results;
mod map_runs;
mod names;
mod read;
mod recovery;
mod shell;
mod watch;
mod workflows;
mod writer;

pub use engine::{Engine, Options, Readiness, StartRequest, Started};
pub use error::Error;
pub use map_runs::{MapRunChange, MapRunCounts, MapRunView};
pub use names::{ExecutionNames, NAME_CHARS_MAX};
pub use read::{ExecutionSummary, ExecutionView, ListQuery, PAGE_ROWS_MAX, Page};
pub use stepwell_store::Status;
pub use watch::Watch;
pub use workflows::WorkflowInfo;

/// Input of an execution (bytes of compact JSON text), as AWS has it.
pub const INPUT_BYTES_MAX: usize = 262_144;
