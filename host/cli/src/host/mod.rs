//! A project's host in this process: loaded, served, and brought down in good order.

mod load;
mod logs;
#[cfg(feature = "seeded-bugs")]
mod seeded;
mod serve;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

pub use load::{load_tasks, open_buckets, render_broken};
pub use logs::Voice;
pub use serve::serve;

use crate::project::Purpose;

/// Compiled plugins, in the data directory.
const COMPILED_DIRECTORY: &str = "compiled";

/// What `dev` and `serve` have in common.
#[derive(Debug, Clone, Args)]
pub struct ServeArguments {
    /// Address to listen on, instead of the project file's
    #[arg(long, env = "STEPWELL_LISTEN", value_name = "IP:PORT")]
    pub listen: Option<SocketAddr>,
    /// Data directory, instead of the project file's
    #[arg(long, env = "STEPWELL_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub compiled: CompiledArguments,
    /// Listen beyond this machine, though nobody has to say who they are yet
    #[arg(long, env = "STEPWELL_INSECURE_NO_AUTH")]
    pub insecure_no_auth: bool,
}

/// Where compiled plugins are kept.
#[derive(Debug, Clone, Args)]
pub struct CompiledArguments {
    /// Directory of compiled plugins, which several projects may share [default: compiled in the data directory]
    #[arg(long, env = "STEPWELL_COMPILED", value_name = "DIR")]
    pub compiled: Option<PathBuf>,
}

impl CompiledArguments {
    /// The directory for a project with this data directory.
    pub fn directory(&self, data: &Path) -> PathBuf {
        self.compiled.clone().unwrap_or_else(|| data.join(COMPILED_DIRECTORY))
    }
}

/// What is served, and how.
#[derive(Debug)]
pub struct Setup {
    pub file: PathBuf,
    pub purpose: Purpose,
    pub arguments: ServeArguments,
    /// Serve although plugins are broken; calls to them fail.
    pub keep_going: bool,
}
