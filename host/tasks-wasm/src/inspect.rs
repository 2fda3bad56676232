//! What a component file is, without a project around it.

use std::path::Path;

use crate::engine::{EpochTicker, engine_for_inspection};
use crate::interfaces::http::ClientFactory;
use crate::interfaces::linker;
use crate::load::{Loader, digest, read};
use crate::options::Walls;
use crate::runtime::Workers;
use crate::scan::Outline;
use crate::{Error, Limits, LoadError};

/// What a component file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Size of the file (bytes).
    pub bytes: u64,
    /// The contract: `stepwell:task/task@1.0.0`, `stepwell:task/task-with-grants@1.0.0`,
    /// `wasi:cli/command`, `wasi:http/proxy`, or `unknown`.
    pub world: String,
    /// Imported interfaces, in the order of the file.
    pub imports: Vec<String>,
    /// Exported interfaces and functions.
    pub exports: Vec<String>,
    /// The JSON object that `describe` returned, or why there is none.
    pub description: Result<String, LoadError>,
    /// The limits that a plugin has when its project sets none.
    pub limits: Limits,
}

/// Looks at a component's file: reads its outline, compiles it and asks it to describe
/// itself, with nothing granted. Blocks.
///
/// # Errors
/// When the file cannot be read or is not a component.
pub fn inspect(path: &Path) -> Result<Inspection, Error> {
    let trouble = |reason| Error::Component { path: path.to_owned(), reason };
    let bytes = read(path, "the command line").map_err(trouble)?;
    let outline = Outline::read(&bytes).map_err(trouble)?;
    let limits = Limits::default();
    let description = description(&bytes, &outline, &limits)?;
    Ok(Inspection {
        digest: digest(&bytes),
        bytes: bytes.len() as u64,
        world: outline.world(),
        imports: outline.imports,
        exports: outline.exports,
        description,
        limits,
    })
}

fn description(bytes: &[u8], outline: &Outline, limits: &Limits) -> Result<Result<String, LoadError>, Error> {
    let engine = engine_for_inspection()?;
    let linker = linker(&engine).map_err(|error| Error::Engine(format!("{error:#}")))?;
    let (workers, _ticker) = (Workers::start()?, EpochTicker::start(&engine)?);
    let clients = ClientFactory::new(None);
    let loader = Loader { engine: &engine, linker: &linker, cache: None, clients: &clients, walls: Walls::default() };
    Ok(match loader.prepare(bytes, outline, &|_| {}) {
        Ok(component) => workers.block_on(loader.describe(&component, limits)),
        Err(reason) => Err(reason),
    })
}
