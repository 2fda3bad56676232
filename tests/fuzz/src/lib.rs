//! Fuzz targets of the language core. Each is a function of bytes that panics where something
//! does not hold; `tests/fuzz.rs` of `stepwell-asl` runs them over what has been found.

#![allow(clippy::unwrap_used, reason = "a target that cannot go on has found something")]

#[path = "targets/definition.rs"]
pub mod definition;
#[path = "targets/driver.rs"]
mod driver;
#[allow(dead_code, reason = "the properties use more of it")]
#[path = "../../../host/asl/tests/properties/generate.rs"]
mod generate;
#[path = "targets/jsonata.rs"]
pub mod jsonata;
#[path = "targets/jsonpath.rs"]
pub mod jsonpath;
#[path = "../../../host/asl/tests/properties/model.rs"]
mod model;
#[path = "targets/step.rs"]
pub mod step;
#[allow(dead_code, reason = "the properties use more of it")]
#[path = "../../../host/asl/tests/properties/world.rs"]
mod world;
