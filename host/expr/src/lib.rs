//! JSON values and the languages that look inside them: JSONPath as Amazon States Language
//! uses it, payload templates, and the intrinsic functions.
//!
//! **Invariant:** nothing here reads a clock, draws a random number, performs IO or logs. What
//! looks random comes from [`Entropy`], which the caller seeds.

mod value;

pub use value::{Map, Number, Value};
