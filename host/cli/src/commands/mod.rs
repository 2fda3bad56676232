//! One file for each command.

pub mod completions;
pub mod dev;
pub mod executions;
pub mod maps;
pub mod run;
pub mod serve;
pub mod start;
pub mod state;
pub mod task;
pub mod tasks;
pub mod validate;
pub mod version;
