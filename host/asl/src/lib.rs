//! Amazon States Language: a definition (text) becomes a checked [`Machine`]; an
//! [`Execution`] of it is a value that [`Execution::step`] advances.
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO, logs or
//! awaits. Time comes with every input; what looks random comes from the execution's seed.
//! The same inputs fold to the same execution on any machine.

mod effect;
mod failure;
mod input;
mod time;

pub use effect::{CallId, Effect, Invoke, Resource, TimerId};
pub use failure::Failure;
pub use input::{Input, Receipt, Start};
pub use stepwell_expr as expr;
pub use time::Timestamp;
