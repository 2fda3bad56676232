//! The parts of the Rust toolchain that the jobs need.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::commands;

/// What tasks are compiled for.
pub const WASI: &str = "wasm32-wasip2";
/// What the pure crates are compiled for, to show that they are pure.
pub const BARE: &str = "wasm32-unknown-unknown";

/// Makes sure that the active toolchain can compile for `target`; adds it when it cannot.
pub fn ensure_target(target: &str) -> Result<()> {
    if has_target(target)? {
        return Ok(());
    }
    commands::say(&format!("adding the target {target} to the Rust toolchain"));
    let mut add = Command::new("rustup");
    add.args(["target", "add", target]);
    match commands::run(&mut add) {
        Ok(()) if has_target(target)? => Ok(()),
        Ok(()) => bail!(
            "rustup added {target}, but `rustc` in PATH is not rustup's and does not have it; \
             put rustup's directory (usually ~/.cargo/bin) first in PATH"
        ),
        Err(error) => Err(error.context(format!(
            "the Rust toolchain cannot compile for {target}, which tasks need. With rustup: \
             `rustup target add {target}`; a toolchain from a distribution has it in a package of its own \
             (its name contains `rust-std` and `{target}`)"
        ))),
    }
}

fn has_target(target: &str) -> Result<bool> {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("cannot run rustc; install Rust with rustup (https://rustup.rs)")?;
    let directory = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(directory.trim()).is_dir())
}

#[test]
fn this_toolchain_has_its_own_target_and_not_just_any() {
    assert!(!has_target("wasm32-nowhere").is_ok_and(|has| has));
}
