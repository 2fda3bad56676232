//! Write a Stepwell task: one typed function is the whole program.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use stepwell::{Failure, ensure};
//!
//! #[derive(Deserialize)]
//! struct Order { id: String, cents: u64 }
//!
//! #[derive(Serialize)]
//! struct Receipt { order: String, charged: u64 }
//!
//! /// Charges an order.
//! #[stepwell::task]
//! fn charge(order: Order) -> Result<Receipt, Failure> {
//!     ensure!(order.cents <= 10_000, "CardDeclined", "{} cents are over the limit", order.cents);
//!     Ok(Receipt { order: order.id, charged: order.cents })
//! }
//! ```
//!
//! The crate's type is `cdylib`; `cargo build --release --target wasm32-wasip2` makes the
//! component. Standard output and standard error are the task's log.
//!
//! What a task may touch beyond its input is what the project file grants its plugin, and is
//! reached through [`http`], [`sql`], [`files`], [`config`] and [`secrets`]. A component
//! imports only the interfaces that its code uses, and the host refuses to load one that
//! imports what it is not granted.
//!
//! Built for any other target, the same functions talk to an in-memory [`testing::Host`], so
//! that plain `cargo test` exercises a task without WebAssembly.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

extern crate self as stepwell;

pub mod config;
mod context;
mod failure;
pub mod files;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod http;
pub mod secrets;
pub mod sql;
mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[cfg(target_arch = "wasm32")]
use guest as host;
#[cfg(not(target_arch = "wasm32"))]
use testing::host;

pub use context::Context;
pub use failure::Failure;
/// Makes a function the task of its component.
///
/// The function takes its input by value, any type that `serde` can read, and optionally
/// `cx: &`[`Context`]. It returns `T`, `Result<T, `[`Failure`]`>` or `Result<T, E>` with
/// `E: Into<Failure>`, where `serde` can write `T`. An input that does not fit its type never
/// reaches the function: it is the failure `InvalidInput`, whose cause names the field.
///
/// The first paragraph of the function's doc comment, and the package's name and version, are
/// what the component tells about itself; `#[stepwell::task(name = "charge")]` names it
/// otherwise. A component has one task.
pub use stepwell_macros::task;

/// What the expansion of [`macro@task`] uses; not for anyone else, and free to change.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::guest::{bindings, export};
    pub use crate::task::{KindFallible, KindPlain, Probe, Task, context, describe, read};
    #[cfg(target_arch = "wasm32")]
    pub use wit_bindgen::rt;
}
