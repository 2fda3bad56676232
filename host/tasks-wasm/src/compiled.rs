//! The one place with `unsafe`: loading a compiled component.
#![allow(unsafe_code, reason = "wasmtime cannot check compiled code; the SAFETY argument is below")]

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::Authentic;

/// Loads machine code that this host compiled earlier.
///
/// # Errors
/// When the artefact was made by another engine or configuration.
pub(crate) fn load(engine: &Engine, artefact: &Authentic) -> wasmtime::Result<Component> {
    // SAFETY: `Component::deserialize` runs whatever machine code the bytes hold, so they
    // must be what `Component::serialize` returned. `Authentic` is made in one place, after
    // an HMAC-SHA-256 over exactly these bytes and their name was verified with a key that
    // only this user can read; only `Cache::keep`, which is handed what `serialize`
    // returned, makes such codes. The bytes are in memory and not read from the file again,
    // so nobody can change them between the check and the use.
    unsafe { Component::deserialize(engine, artefact.bytes()) }
}
