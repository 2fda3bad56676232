//! From a component's file to something that can be called.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use stepwell_tasks::{FUEL_PER_SECOND, Identity};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::cache::{ArtefactName, Cache};
use crate::interfaces::Granted;
use crate::interfaces::http::ClientFactory;
use crate::options::{COMPONENT_BYTES_MAX, DESCRIBE_SECONDS, DESCRIPTION_BYTES_MAX, Walls};
use crate::outcome::is_json_object;
use crate::scan::Outline;
use crate::state::CallState;
use crate::{Limits, LoadError, Plugin, Stage, compiled, run};

/// A component that is ready to be called.
pub(crate) struct Loaded {
    pub(crate) digest: String,
    pub(crate) description: String,
    pub(crate) limits: Limits,
    pub(crate) granted: Arc<Granted>,
    pub(crate) component: Callable,
    /// A permit for each call that may run at the same time.
    pub(crate) slots: Semaphore,
}

/// A compiled component with its imports resolved and its exports found.
pub(crate) struct Callable {
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) describe: ComponentExportIndex,
    pub(crate) run: ComponentExportIndex,
}

/// What loading needs besides the plugin.
pub(crate) struct Loader<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) linker: &'a Linker<CallState>,
    pub(crate) cache: Option<&'a Cache>,
    pub(crate) clients: &'a ClientFactory,
    pub(crate) walls: Walls,
}

impl Loader<'_> {
    /// Loads one plugin; `report` hears of each stage.
    ///
    /// # Errors
    /// Why the plugin is broken.
    pub(crate) async fn load(&self, plugin: &Plugin, report: &(dyn Fn(Stage) + Sync)) -> Result<Loaded, LoadError> {
        let bytes = read(&plugin.component, &plugin.granted_in)?;
        let outline = Outline::read(&bytes)?;
        outline.guest()?;
        outline.check_imports(&plugin.name, &plugin.grants, &plugin.granted_in)?;
        let granted = Granted::open(&plugin.grants, self.clients, &plugin.name, &plugin.granted_in)?;
        let component = self.prepare(&bytes, &outline, report)?;
        let description = self.describe(&component, &plugin.limits).await?;
        Ok(Loaded {
            digest: digest(&bytes),
            description,
            limits: plugin.limits.clone(),
            granted: Arc::new(granted),
            component,
            slots: Semaphore::new(plugin.limits.concurrent_calls_max.clamp(1, Semaphore::MAX_PERMITS)),
        })
    }

    /// Compiles, or finds what was compiled before, and resolves imports and exports.
    pub(crate) fn prepare(
        &self,
        bytes: &[u8],
        outline: &Outline,
        report: &(dyn Fn(Stage) + Sync),
    ) -> Result<Callable, LoadError> {
        let component = self.component(bytes, report)?;
        let guest = outline.guest()?;
        let function = |name: &str| {
            let instance = component.get_export_index(None, guest);
            instance
                .and_then(|instance| component.get_export_index(Some(&instance), name))
                .ok_or_else(|| LoadError::ExportMissing(format!("{guest} of the component has no function {name}")))
        };
        let (describe, run) = (function("describe")?, function("run")?);
        let pre = self.linker.instantiate_pre(&component).map_err(|error| {
            LoadError::Invalid(format!("the component does not fit this host's interfaces: {error:#}"))
        })?;
        Ok(Callable { pre, describe, run })
    }

    fn component(&self, bytes: &[u8], report: &(dyn Fn(Stage) + Sync)) -> Result<Component, LoadError> {
        let name = ArtefactName::new(self.engine, &Sha256::digest(bytes));
        if let Some(artefact) = self.cache.and_then(|cache| cache.find(&name)) {
            match compiled::load(self.engine, &artefact) {
                Ok(component) => {
                    report(Stage::FromCache);
                    return Ok(component);
                }
                Err(error) => tracing::warn!(%error, "a compiled component does not load; it is compiled again"),
            }
        }
        report(Stage::Compiling { bytes: bytes.len() as u64 });
        let component = Component::new(self.engine, bytes)
            .map_err(|error| LoadError::Invalid(format!("the component does not compile: {error:#}")))?;
        if let Some(cache) = self.cache {
            match component.serialize() {
                Ok(artefact) => cache.keep(&name, &artefact),
                Err(error) => tracing::warn!(%error, "a compiled component could not be written out"),
            }
        }
        Ok(component)
    }

    /// Asks the component what it is, with nothing granted.
    pub(crate) async fn describe(&self, component: &Callable, limits: &Limits) -> Result<String, LoadError> {
        let nothing = Granted::open(&crate::Grants::default(), self.clients, "", "")?;
        let setting = run::Setting {
            granted: Arc::new(nothing),
            limits: Limits { output_bytes_max: DESCRIPTION_BYTES_MAX, ..limits.clone() },
            identity: nobody(),
            fuel: DESCRIBE_SECONDS * FUEL_PER_SECOND,
            walls: self.walls,
        };
        let description = run::describe(component, setting).await;
        match description {
            Ok(description) if is_json_object(&description) => Ok(description),
            Ok(_) => Err(LoadError::Invalid("describe of the component does not return a JSON object".to_owned())),
            Err(failure) => Err(LoadError::Describe { error: failure.error, cause: failure.cause }),
        }
    }
}

/// SHA-256 of a component, as it stands in histories.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Reads a component's file, up to the limit.
pub(crate) fn read(path: &Path, granted_in: &str) -> Result<Vec<u8>, LoadError> {
    let unreadable = |error: std::io::Error| LoadError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
        granted_in: granted_in.to_owned(),
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > COMPONENT_BYTES_MAX {
        return Err(LoadError::TooLarge { bytes: size, limit: COMPONENT_BYTES_MAX });
    }
    std::fs::read(path).map_err(unreadable)
}

/// The caller of `describe`, which no execution stands behind.
pub(crate) fn nobody() -> Identity {
    let nothing: Arc<str> = Arc::from("");
    Identity {
        idempotency_key: Arc::clone(&nothing),
        attempt: 1,
        dispatch: 1,
        execution_id: Arc::clone(&nothing),
        execution_name: Arc::clone(&nothing),
        workflow_name: Arc::clone(&nothing),
        state_name: nothing,
    }
}
