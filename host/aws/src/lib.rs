//! What AWS clients speak: requests become calls, calls are answered, signatures are verified.
//!
//! This crate knows AWS's protocols and the published models of a few services. It knows nothing
//! of workflows: what an operation does is [registered](operations::Registry) by whoever uses it.
//!
//! What a listener does with a request:
//!
//! ```
//! use stepwell_aws::operations::Registry;
//! use stepwell_aws::sigv4::{Keys, Rules, verify};
//! use stepwell_aws::wire::{Call, Parts, Request, Route};
//! use stepwell_aws::{Service, ServiceError};
//!
//! type Handler = fn(&Call) -> Result<serde_json::Value, ServiceError>;
//!
//! fn answer(request: &Request<'_>, registry: &Registry<Handler>, keys: &dyn Keys, now: i64) -> Option<Parts> {
//!     // Nobody's: the listener has other routes.
//!     let route = Route::of(request, "an id that nobody else has")?;
//!     let done = || {
//!         let rules = Rules { keys, now, region: None, replays: None };
//!         let caller = verify(request, route.service(), &rules)?;
//!         let handler = registry.find(&route)?;
//!         let call = route.read(request, caller)?;
//!         Ok(call.respond(handler(&call)))
//!     };
//!     Some(done().unwrap_or_else(|error| route.refuse(&error)))
//! }
//!
//! # struct Nobody;
//! # impl Keys for Nobody {
//! #     fn find(&self, _: &str) -> Option<stepwell_aws::sigv4::Key> { None }
//! # }
//! let mut registry: Registry<Handler> = Registry::default();
//! registry.supported(Service::States, "ListActivities", |_| Ok(serde_json::json!({"activities": []})))?;
//! let headers = [("x-amz-target", b"AWSStepFunctions.ListActivities".as_slice())];
//! let request = Request { method: "POST", path: "/", query: "", headers: &headers, body: b"{}" };
//! let parts = answer(&request, &registry, &Nobody, 1_800_000_000).unwrap();
//! assert!(String::from_utf8_lossy(&parts.body).contains("MissingAuthenticationTokenException"));
//! # Ok::<(), stepwell_aws::operations::Error>(())
//! ```
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
