//! What AWS clients speak: requests become calls, calls are answered, signatures are verified.
//!
//! This crate knows AWS's protocols and the published models of a few services. It knows nothing
//! of workflows: what an operation does is [registered](operations::Registry) by whoever uses it.
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO, logs or awaits;
//! whatever request comes in, the answer is a value and never a panic.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

pub mod arn;
mod error;
pub mod model;
pub mod operations;
pub mod pages;
mod percent;
pub mod sdk_env;
mod service;
pub mod sigv4;
pub mod wire;

pub use error::ServiceError;
pub use service::Service;
