//! Builds what runs in the sandbox: the plugins, and the guests that tests call.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::commands;
use crate::repository::{PLUGINS, Repository, Workspace};
use crate::toolchain::{WASI, ensure_target};

/// The example that ships with the repository.
pub const EXAMPLE: &str = "host/examples/report";

/// The plugins and the test guests.
pub fn build_all(repository: &Repository) -> Result<()> {
    ensure_target(WASI)?;
    for workspace in repository.workspaces().filter(|workspace| workspace.target == PLUGINS.target) {
        build(repository, &workspace)?;
    }
    place_plugins(repository)
}

/// The plugins, and their copies where the example looks for them.
pub fn build_plugins(repository: &Repository) -> Result<()> {
    ensure_target(WASI)?;
    build(repository, &PLUGINS)?;
    place_plugins(repository)
}

fn build(repository: &Repository, workspace: &Workspace) -> Result<()> {
    commands::say(&format!("building the {} for {WASI}", workspace.name));
    commands::run(&mut repository.cargo_in(workspace, &["build", "--release", "--target", WASI]))
}

/// A plugin's component carries its package's name, the example calls it by its directory's.
fn place_plugins(repository: &Repository) -> Result<()> {
    let built = repository.target.join("guests").join(WASI).join("release");
    let place = repository.root.join(EXAMPLE).join("plugins");
    std::fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    for (name, file) in plugins(repository)? {
        let from = built.join(file);
        let to = place.join(format!("{name}.wasm"));
        // An unchanged file keeps its time: a host that watches it does not load it again.
        let content = std::fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        if std::fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        std::fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
    }
    eprintln!("    the components lie in {}", repository.shown(&place));
    Ok(())
}

/// Each plugin's directory and the file that cargo makes of it: a plugin is a package whose
/// library is a component.
fn plugins(repository: &Repository) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let directory = repository.root.join("plugins");
    for entry in std::fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        let manifest = path.join("Cargo.toml");
        if let Ok(text) = std::fs::read_to_string(&manifest) {
            let table: toml::Table = toml::from_str(&text).with_context(|| manifest.display().to_string())?;
            let name = |key: &str| table.get(key)?.get("name")?.as_str();
            let kinds = table.get("lib").and_then(|lib| lib.get("crate-type")?.as_array());
            if !kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib"))) {
                continue;
            }
            let package = name("lib").or_else(|| name("package")).with_context(|| manifest.display().to_string())?;
            let short = path.file_name().context("an entry has a name")?.to_string_lossy().into_owned();
            found.push((short, format!("{}.wasm", package.replace('-', "_")).into()));
        }
    }
    found.sort();
    Ok(found)
}
