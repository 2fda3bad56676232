//! Every dependency has a line of reason, and the heavy ones stay in their places.

use std::process::Command;

use serde::Deserialize;

use crate::repository::{read, report, root};

/// What `cargo metadata` says. The crate of that name would do; but the features that it asks
/// of serde_json would be those of every crate that is built together with this one, the
/// WebAssembly engine among them.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: std::path::PathBuf,
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `dev`, `build`, or none for an ordinary one.
    pub kind: Option<String>,
}

/// The workspace's packages and what they ask for, without asking a registry.
pub fn metadata() -> Metadata {
    metadata_with(&["--no-deps"])
}

pub fn metadata_with(arguments: &[&str]) -> Metadata {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let mut inside = false;
    let mut problems = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        }
        let asks = inside && line.contains(" = ");
        if asks && !line.contains("path = ") && !line.contains("# ") && !above_is_comment(&manifest, number) {
            problems.push(format!("Cargo.toml:{}: {line}", number + 1));
        }
    }
    report("dependencies: say in a comment what it is for", &problems);
}

fn above_is_comment(manifest: &str, number: usize) -> bool {
    let above = number.checked_sub(1).and_then(|above| manifest.lines().nth(above));
    above.is_some_and(|line| line.starts_with("# ") && !line.starts_with("# ---"))
}

#[test]
fn every_dependency_is_asked_for() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let offered = manifest["workspace"]["dependencies"].as_table().unwrap().keys();
    let offered = offered.filter(|name| !name.starts_with("stepwell-"));
    let metadata = metadata();
    let asked =
        |name: &str| metadata.packages.iter().any(|package| package.dependencies.iter().any(|d| d.name == name));
    let problems: Vec<_> = offered.filter(|name| !asked(name)).cloned().collect();
    report("dependencies: nobody asks for it; take its line out of Cargo.toml", &problems);
}

/// Who may ask for what. Tests may ask for anything but wasmtime.
const PLACES: [(&str, &[&str]); 8] = [
    ("wasmtime", &["stepwell-tasks-wasm"]),
    ("wasmtime-wasi", &["stepwell-tasks-wasm"]),
    ("tokio", &["stepwell-engine", "stepwell-api", "stepwell-cli", "stepwell-tasks-wasm", "stepwell-faults"]),
    ("rusqlite", &["stepwell-store-embedded", "stepwell-tasks-wasm", "stepwell-faults"]),
    ("axum", &["stepwell-api"]),
    ("reqwest", &["stepwell-tasks-wasm", "stepwell-cli", "stepwell-faults"]),
    ("clap", &["stepwell-cli", "xtask", "stepwell-faults"]),
    ("anyhow", &["stepwell-cli", "xtask", "stepwell-faults"]),
];

#[test]
fn the_heavy_ones_stay_in_their_places() {
    let metadata = metadata();
    let mut problems = Vec::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            let place = PLACES.iter().find(|(name, _)| *name == dependency.name);
            let counts = dependency.kind.as_deref() != Some("dev") || dependency.name.starts_with("wasmtime");
            if let Some((name, places)) = place
                && counts
                && !places.contains(&package.name.as_str())
            {
                problems.push(format!("{} asks for {name}; only {} may", package.name, places.join(", ")));
            }
        }
    }
    report("dependencies: ask for it through the port of the crate that may", &problems);
}

/// What decides has no clock, no runtime, no log and no chance of its own.
#[test]
fn pure_crates_cannot_act() {
    const PURE: [&str; 4] = ["stepwell-expr", "stepwell-asl", "stepwell-rules", "stepwell-aws"];
    const ACTS: [&str; 10] =
        ["tokio", "futures", "tracing", "log", "rand", "getrandom", "uuid", "reqwest", "rusqlite", "crossbeam-channel"];
    let metadata = metadata();
    let mut problems = Vec::new();
    for package in metadata.packages.iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for dependency in &package.dependencies {
            if dependency.kind.is_none() && ACTS.contains(&dependency.name.as_str()) {
                problems.push(format!("{} asks for {}", package.name, dependency.name));
            }
        }
    }
    report("dependencies: time and chance come in with the input", &problems);
}
