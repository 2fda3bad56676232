//! What tests of several crates share: guests and plugins built on demand, and the check
//! that the WASI texts in `wit/v1/deps` are those of the WASI that the host links.
//!
//! Refreshing the texts, after wasmtime was updated: `UPDATE_WIT=1 cargo test -p stepwell-testing`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Set by whoever has built all guests and plugins before the tests run.
const BUILT: &str = "STEPWELL_GUESTS_BUILT";

/// The repository's root directory.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap_or_else(|error| panic!("the repository: {error}"))
}

/// The component of a guest in `tests/guests`, built when it is not up to date.
///
/// # Panics
/// When it cannot be built; the message has what the build said.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    component("tests/guests", name)
}

/// The component of a plugin in `plugins`, built when it is not up to date.
///
/// # Panics
/// When it cannot be built; the message has what the build said.
#[must_use]
pub fn plugin(name: &str) -> PathBuf {
    component("plugins", name)
}

/// Where guests and plugins are built.
#[must_use]
pub fn target_directory() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("guests")
}

fn component(workspace: &str, name: &str) -> PathBuf {
    // One build for each workspace and test process; cargo itself keeps processes apart.
    static BUILDS: Mutex<BTreeMap<String, Result<(), String>>> = Mutex::new(BTreeMap::new());
    if std::env::var_os(BUILT).is_none() {
        let mut builds = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
        let built = builds.entry(workspace.to_owned()).or_insert_with(|| build(workspace));
        if let Err(why) = built {
            panic!("the components of {workspace} do not build: {why}");
        }
    }
    let file = format!("{}.wasm", name.replace('-', "_"));
    let path = target_directory().join("wasm32-wasip2/release").join(file);
    assert!(
        path.is_file(),
        "{} is missing: nothing in {workspace} is named {name}, or {BUILT} is set too early",
        path.display()
    );
    path
}

fn build(workspace: &str) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--target", "wasm32-wasip2", "--manifest-path"])
        .arg(root().join(workspace).join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target_directory())
        // The tests' own flags, of a coverage run for one, are not meant for guests.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}\nthe target is added with `rustup target add wasm32-wasip2`",
        String::from_utf8_lossy(&output.stderr)
    ))
}
