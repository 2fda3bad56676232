//! A project's host in this process: loaded, served, and brought down in good order.

mod load;
mod logs;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

pub use load::{load_tasks, render_broken};
pub use logs::Voice;
pub use serve::serve;

use crate::project::Purpose;

/// What `dev` and `serve` have in common.
#[derive(Debug, Clone, Args)]
pub struct ServeArguments {
    /// Address to listen on, instead of the project file's
    #[arg(long, env = "STEPWELL_LISTEN", value_name = "IP:PORT")]
    pub listen: Option<SocketAddr>,
    /// Data directory, instead of the project file's
    #[arg(long, env = "STEPWELL_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Listen beyond this machine, though nobody has to say who they are yet
    #[arg(long, env = "STEPWELL_INSECURE_NO_AUTH")]
    pub insecure_no_auth: bool,
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
