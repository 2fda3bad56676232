//! The same component on the same engine without the port: what the benchmark of the port
//! compares with. Not part of the interface of this crate.

use std::path::Path;
use std::sync::Arc;

use wasmtime::{Engine, Store};

use crate::engine::engine;
use crate::interfaces::Granted;
use crate::interfaces::http::ClientFactory;
use crate::interfaces::linker;
use crate::load::{Callable, Loader, nobody, read};
use crate::log::Log;
use crate::options::{Allocator, Walls, YIELD_FUEL};
use crate::run::GuestFailure;
use crate::scan::Outline;
use crate::state::CallState;
use crate::{Error, Grants, Limits};

/// A component that is instantiated, called and dropped, and nothing else.
#[allow(missing_debug_implementations, reason = "of no use in a benchmark")]
pub struct Bare {
    engine: Engine,
    component: Callable,
    granted: Arc<Granted>,
}

impl Bare {
    /// Compiles the component.
    ///
    /// # Errors
    /// As [`crate::inspect`].
    pub fn new(path: &Path, allocator: Allocator) -> Result<Self, Error> {
        let trouble = |reason| Error::Component { path: path.to_owned(), reason };
        let limits = Limits::default();
        let engine = engine(allocator, limits.stack_bytes_max, limits.memory_bytes_max)?;
        let linker = linker(&engine).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let clients = ClientFactory::new(None);
        let loader =
            Loader { engine: &engine, linker: &linker, cache: None, clients: &clients, walls: Walls::default() };
        let bytes = read(path, "the command line").map_err(trouble)?;
        let outline = Outline::read(&bytes).map_err(trouble)?;
        let component = loader.prepare(&bytes, &outline, &|_| {}).map_err(trouble)?;
        let granted = Granted::open(&Grants::default(), &clients, "", "").map_err(trouble)?;
        Ok(Self { engine, component, granted: Arc::new(granted) })
    }

    /// One call in a fresh store; the length of the result (bytes).
    ///
    /// # Panics
    /// When the guest fails: there is nothing to measure then.
    #[expect(clippy::expect_used, reason = "a benchmark of calls that fail is none")]
    pub async fn call(&self, input: &str) -> usize {
        let log = Log::new(0);
        let state = CallState::new(nobody(), Arc::clone(&self.granted), &Limits::default(), &log, Arc::default());
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(u64::MAX / 2);
        store.set_fuel(u64::MAX / 2).expect("the engine meters fuel");
        store.fuel_async_yield_interval(Some(YIELD_FUEL)).expect("the engine meters fuel");
        let instance = self.component.pre.instantiate_async(&mut store).await.expect("the component has no limits");
        let run = instance
            .get_typed_func::<(&str,), (Result<String, GuestFailure>,)>(&mut store, &self.component.run)
            .expect("the component was checked");
        let (result,) = run.call_async(&mut store, (input,)).await.expect("the guest returns");
        result.map_or(0, |result| result.len())
    }
}
