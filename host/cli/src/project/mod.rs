//! The project file: read, checked as a whole, and resolved to paths and values.

mod check;
mod file;
mod problem;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use problem::Problems;

/// The file's name.
pub const FILE_NAME: &str = "stepwell.toml";

/// Where the host listens when nobody says otherwise.
pub const LISTEN_DEFAULT: &str = "127.0.0.1:8083";

/// The data directory when nobody says otherwise, relative to the project file.
pub const DATA_DEFAULT: &str = ".stepwell";

/// Larger project files are refused (bytes).
pub const FILE_BYTES_MAX: u64 = 1_048_576;

/// What the file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `dev` and `run`: values for development may stand in for secrets.
    Development,
    /// `serve`: every granted secret comes from the environment or a file.
    Production,
}

/// A project, checked; every path is absolute, or relative to the working directory.
pub struct Project {
    pub name: String,
    pub file: PathBuf,
    pub text: String,
    pub listen: SocketAddr,
    pub data: PathBuf,
    /// Where the memories of tasks come from.
    pub allocator: stepwell_tasks_wasm::Allocator,
    pub workflows: Vec<Workflow>,
    pub routes: Vec<Route>,
    pub plugins: Vec<Plugin>,
    /// By name; whether their directories are there, is seen when they are opened.
    pub buckets: BTreeMap<String, stepwell_objects_local::Bucket>,
}

/// Not the text, which may hold secrets for development.
impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project")
            .field("name", &self.name)
            .field("file", &self.file)
            .field("workflows", &self.workflows)
            .field("routes", &self.routes)
            .field("plugins", &self.plugins)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct Workflow {
    pub name: String,
    pub definition: PathBuf,
    /// Where the project file names the definition (bytes).
    pub span: Range<usize>,
}

#[derive(Debug)]
pub struct Route {
    pub path: String,
    /// The workflow.
    pub start: String,
}

/// A plugin, and where the project file names it.
#[derive(Debug)]
pub struct Plugin {
    pub plugin: stepwell_tasks_wasm::Plugin,
    /// Bytes of the project file.
    pub span: Range<usize>,
}

impl Project {
    /// Reads and checks the project file. All problems come back together, but for a file
    /// that is not TOML of the right shape: then the first one does.
    pub fn read(file: &Path, purpose: Purpose) -> Result<Self, Problems> {
        let shown = file.display();
        let length = std::fs::metadata(file).map(|meta| meta.len()).unwrap_or(0);
        if length > FILE_BYTES_MAX {
            let message = format!("{shown} has {length} bytes; a project file has at most {FILE_BYTES_MAX}");
            return Err(Problems::unreadable(file, message));
        }
        let text = std::fs::read_to_string(file).map_err(|error| {
            let message = format!("cannot read the project file {shown}: {error}");
            Problems::unreadable(file, message)
        })?;
        Self::parse(file, text, purpose)
    }

    /// The same on text that is already there.
    pub fn parse(file: &Path, text: String, purpose: Purpose) -> Result<Self, Problems> {
        match toml::from_str::<file::File>(&text) {
            Ok(parsed) => check::Check::new(file, text, purpose).run(parsed),
            Err(error) => {
                let mut problems = Problems::new(file, text);
                let message = error.message().lines().next().unwrap_or("it is not valid TOML").to_owned();
                problems.add(error.span(), message, None);
                Err(problems)
            }
        }
    }

    /// The project file in a directory or the nearest one above it.
    pub fn nearest(start: &Path) -> Option<PathBuf> {
        let start = std::path::absolute(start).ok()?;
        start.ancestors().map(|directory| directory.join(FILE_NAME)).find(|file| file.is_file())
    }
}

#[cfg(test)]
mod tests;
