//! The host's side of the interfaces that tasks import, one file each.

pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod secrets;
pub(crate) mod sql;
pub(crate) mod wasi;

use wasmtime::component::Linker;

use crate::state::CallState;
use crate::{Grants, LoadError};

/// The version that this host defines its interfaces at; components built to an older minor
/// version of the same major are served by it too.
const VERSION: &str = "1.0.0";

/// A plugin's grants, checked and opened once when it is loaded.
pub(crate) struct Granted {
    pub(crate) grants: Grants,
    pub(crate) http: http::Client,
    pub(crate) databases: sql::Databases,
    pub(crate) directories: files::Directories,
}

impl Granted {
    /// Checks and opens what is granted.
    ///
    /// # Errors
    /// [`LoadError::Grant`] names the grant and the file it is written in.
    pub(crate) fn open(
        grants: &Grants,
        client: &http::ClientFactory,
        plugin: &str,
        granted_in: &str,
    ) -> Result<Self, LoadError> {
        let place = |grant: String, reason: String| {
            LoadError::Grant(format!("[plugins.{plugin}.grants] {grant} in {granted_in}: {reason}"))
        };
        Ok(Self {
            http: http::Client::new(&grants.http, client).map_err(|reason| place("http".to_owned(), reason))?,
            databases: sql::Databases::open(&grants.databases)
                .map_err(|(name, reason)| place(format!("databases.{name}"), reason))?,
            directories: files::Directories::open(&grants.directories)
                .map_err(|(name, reason)| place(format!("directories.{name}"), reason))?,
            grants: grants.clone(),
        })
    }
}

/// A linker with everything in it; whether a component may import an interface was decided
/// before, and what it reaches through one is decided by its grants.
///
/// # Errors
/// Only when two definitions have one name.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasi::add(&mut linker)?;
    linker.instance(&name("types"))?;
    context::add(&mut linker.instance(&name("context"))?)?;
    config::add(&mut linker.instance(&name("config"))?)?;
    secrets::add(&mut linker.instance(&name("secrets"))?)?;
    http::add(&mut linker.instance(&name("http"))?)?;
    sql::add(&mut linker.instance(&name("sql"))?)?;
    files::add(&mut linker.instance(&name("files"))?)?;
    Ok(linker)
}

fn name(interface: &str) -> String {
    format!("stepwell:task/{interface}@{VERSION}")
}
