//! Tasks as sandboxed WebAssembly components on wasmtime.
//!
//! [`WasmTasks`] loads components once, compiled and checked against their grants, and runs
//! each call in a store of its own, from the first instruction to the last metered in fuel.
//! Whatever a guest does ends in a [`stepwell_tasks::Returned`]: the host stays.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod cache;
mod compiled;
mod engine;
mod error;
mod grants;
mod inspect;
mod interfaces;
mod load;
mod log;
mod options;
mod outcome;
mod random;
mod run;
mod runtime;
mod scan;
mod state;

pub use error::{Error, LoadError};
pub use grants::{Access, Directory, Grants, Secret};
pub use inspect::{Inspection, inspect};
pub use options::*;
pub use runtime::{Progress, Stage, WasmTasks};

#[doc(hidden)]
pub mod bare;
