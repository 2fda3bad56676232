//! Where things lie.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::commands;

/// A Cargo workspace of the repository.
#[derive(Debug, Clone, Copy)]
pub struct Workspace {
    /// What it is called when it is talked about.
    pub name: &'static str,
    /// Its manifest, from the root.
    pub manifest: &'static str,
    /// Its target directory, below the main one; the main workspace has none of its own.
    pub target: Option<&'static str>,
    /// It compiles for WebAssembly alone, so it has no tests to run here.
    pub only_wasm: bool,
}

pub const MAIN: Workspace = Workspace { name: "host", manifest: "Cargo.toml", target: None, only_wasm: false };
pub const SDK: Workspace =
    Workspace { name: "Rust SDK", manifest: "sdk/rust/Cargo.toml", target: Some("sdk"), only_wasm: false };
pub const PLUGINS: Workspace =
    Workspace { name: "plugins", manifest: "plugins/Cargo.toml", target: Some("guests"), only_wasm: false };
pub const GUESTS: Workspace =
    Workspace { name: "test guests", manifest: "tests/guests/Cargo.toml", target: Some("guests"), only_wasm: true };

pub const WORKSPACES: [Workspace; 4] = [MAIN, SDK, PLUGINS, GUESTS];

#[derive(Debug)]
pub struct Repository {
    pub root: PathBuf,
    /// What `CARGO_TARGET_DIR` says, or `target`.
    pub target: PathBuf,
}

impl Repository {
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("this package is not two directories below the repository's root")?;
        let root = match root.join("Cargo.toml").is_file() {
            true => root.to_owned(),
            false => std::env::current_dir().context("the repository was moved and there is no current directory")?,
        };
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => root.join(target),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A command of cargo's, in the repository's root. What the outer cargo says of this
    /// package is taken out of the environment: build scripts that watch those variables
    /// would run again, with all that depends on them, each time that cargo is called
    /// another way.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_of_this_package) {
                command.env_remove(name);
            }
        }
        command
    }

    /// The same for one of the workspaces, in its own target directory.
    pub fn cargo_in(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let mut command = self.cargo(arguments);
        if let Some(target) = workspace.target {
            command.arg("--manifest-path").arg(workspace.manifest).arg("--target-dir").arg(self.target.join(target));
        }
        command
    }

    /// The workspaces that are there.
    pub fn workspaces(&self) -> impl Iterator<Item = Workspace> {
        WORKSPACES.into_iter().filter(|workspace| self.root.join(workspace.manifest).is_file())
    }

    /// A path as a person in the root would write it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// Builds the binary `stepwell` and says where it lies.
    pub fn build_host(&self) -> Result<PathBuf> {
        commands::say(
            "building the host (the first time takes some minutes: a WebAssembly compiler is among its parts)",
        );
        let mut build = self.cargo(&["build", "--package", "stepwell-cli", "--bin", "stepwell"]);
        commands::run(&mut build)?;
        let binary = self.target.join("debug").join("stepwell");
        anyhow::ensure!(
            binary.is_file(),
            "cargo built no {}: is build.target-dir set in a cargo config?",
            binary.display()
        );
        Ok(binary)
    }
}

fn is_of_this_package(variable: &str) -> bool {
    const NAMES: [&str; 5] = ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    NAMES.contains(&variable) || ["CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|p| variable.starts_with(p))
}
