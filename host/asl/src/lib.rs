//! Amazon States Language: a definition (text) becomes a checked [`Machine`]; an
//! [`Execution`] of it is a value that [`Execution::step`] advances.
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO, logs or
//! awaits. Time comes with every input; what looks random comes from the execution's seed.
//! The same inputs fold to the same execution on any machine.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod definition;
pub mod diagnostic;
mod effect;
mod event;
mod execution;
mod failure;
mod input;
pub mod limits;
mod machine;
mod map_run;
mod query;
pub mod test_state;
mod time;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use effect::{CallId, Effect, Invoke, Resource, RunId, ServicePattern, TimerId};
pub use event::{EventKind, HistoryEvent, Service};
pub use execution::{Execution, Output, Status, execution_of_token, payload_fits};
pub use failure::Failure;
pub use input::{Child, Input, Receipt, Start};
pub use machine::{Checks, Integrations, Machine, StateType, WorkflowType};
pub use map_run::{Batch, Items, MapItem, MapRun, ReadItems, WriteResults};
pub use stepwell_expr as expr;
pub use test_state::test_state;
pub use time::Timestamp;
