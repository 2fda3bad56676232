//! [`WasmTasks`]: the plugins of a project, loaded, and the port that calls them.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use stepwell_tasks::{Call, Calling, Descriptor, FUEL_PER_SECOND, Failure, Receipt, Returned, Tasks, failures};
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

use crate::cache::Cache;
use crate::engine::{EpochTicker, engine};
use crate::interfaces::http::ClientFactory;
use crate::interfaces::linker;
use crate::load::{Loaded, Loader};
use crate::options::{RuntimeOptions, Walls};
use crate::{Error, Limits, LoadError, Plugin, run};

/// Threads that may block at the same time, in databases and files of all calls.
const BLOCKING_THREADS_MAX: usize = 64;
/// Smallest and largest stack that an engine is built with (bytes).
const STACK_BYTES_RANGE: (usize, usize) = (64 << 10, 8 << 20);

/// What happens while plugins are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The plugin's name.
    pub plugin: String,
    pub stage: Stage,
}

/// How far a plugin is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The component of this size (bytes) is being compiled.
    Compiling { bytes: u64 },
    /// What an earlier run compiled is used.
    FromCache,
    /// The plugin can be called.
    Ready { elapsed: Duration },
    /// The plugin cannot be called; see [`WasmTasks::broken`].
    Broken,
}

/// Tasks that are WebAssembly components.
pub struct WasmTasks {
    plugins: BTreeMap<String, Known>,
    walls: Walls,
    fuel_max: u64,
    workers: Workers,
    _ticker: EpochTicker,
}

enum Known {
    Loaded(Arc<Loaded>),
    Broken { reason: LoadError, limits: Limits },
}

impl std::fmt::Debug for WasmTasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WasmTasks").field("plugins", &self.plugins.keys()).finish_non_exhaustive()
    }
}

impl WasmTasks {
    /// Loads the plugins, one after the other; compiling uses all processors. Blocks until
    /// all are loaded: call it before serving, or on a thread that may block. A plugin that
    /// cannot be loaded is kept, and calls to it fail at once with the failure that its
    /// [`LoadError`] names.
    ///
    /// # Errors
    /// When nothing can be loaded at all: the engine, its threads or the cache directory
    /// cannot be had, or two plugins have one name.
    pub fn load(
        options: RuntimeOptions,
        plugins: Vec<Plugin>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, Error> {
        let most = |pick: fn(&Limits) -> usize| {
            plugins.iter().map(|plugin| pick(&plugin.limits)).chain([pick(&Limits::default())]).max().unwrap_or(0)
        };
        let (stack_min, stack_max) = STACK_BYTES_RANGE;
        let stack_bytes = plugins.iter().map(|plugin| plugin.limits.stack_bytes_max).max();
        let stack_bytes = stack_bytes.unwrap_or(Limits::default().stack_bytes_max).clamp(stack_min, stack_max);
        let engine = engine(options.allocator, stack_bytes, most(|limits| limits.memory_bytes_max))?;
        let linker = linker(&engine).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let cache = options.cache_directory.as_deref().map(Cache::open).transpose()?;
        let clients = ClientFactory::new(options.resolver);
        let workers = Workers::start()?;
        let ticker = EpochTicker::start(&engine)?;
        let loader =
            Loader { engine: &engine, linker: &linker, cache: cache.as_ref(), clients: &clients, walls: options.walls };
        let mut known = BTreeMap::new();
        for plugin in plugins {
            let name = plugin.name.clone();
            let loaded = load_one(&loader, &plugin, progress, &workers);
            if known.insert(name.clone(), loaded).is_some() {
                return Err(Error::DuplicateName(name));
            }
        }
        Ok(Self {
            plugins: known,
            walls: options.walls,
            fuel_max: options.fuel_max.unwrap_or(u64::MAX),
            workers,
            _ticker: ticker,
        })
    }

    /// The plugins that could not be loaded, and why.
    #[must_use]
    pub fn broken(&self) -> Vec<(String, LoadError)> {
        let broken = self.plugins.iter().filter_map(|(name, known)| match known {
            Known::Loaded(_) => None,
            Known::Broken { reason, .. } => Some((name.clone(), reason.clone())),
        });
        broken.collect()
    }
}

impl Tasks for WasmTasks {
    fn call(&self, call: Call) -> Calling<'_> {
        match self.plugins.get(&*call.task) {
            Some(Known::Loaded(task)) => Box::pin(self.run(Arc::clone(task), call)),
            Some(Known::Broken { reason, .. }) => refused(reason.failure()),
            None => refused(Failure::new(failures::NOT_FOUND, format!("no plugin is named {}", call.task))),
        }
    }

    fn describe(&self, task: &str) -> Option<Descriptor> {
        let known = self.plugins.get(task)?;
        Some(match known {
            Known::Loaded(loaded) => Descriptor {
                task: task.to_owned(),
                component: loaded.digest.clone(),
                description: loaded.description.clone(),
                timeout_seconds_default: loaded.limits.budget_seconds(None),
                broken: None,
            },
            Known::Broken { reason, limits } => Descriptor {
                task: task.to_owned(),
                component: String::new(),
                description: "{}".to_owned(),
                timeout_seconds_default: limits.budget_seconds(None),
                broken: Some(reason.failure()),
            },
        })
    }

    fn names(&self) -> Vec<String> {
        self.plugins.keys().cloned().collect()
    }
}

impl WasmTasks {
    async fn run(&self, task: Arc<Loaded>, call: Call) -> Returned {
        let fuel = task.limits.budget_seconds(call.budget.timeout_seconds) * FUEL_PER_SECOND;
        let setting = run::Setting {
            granted: Arc::clone(&task.granted),
            limits: task.limits.clone(),
            identity: call.identity,
            fuel: fuel.min(self.fuel_max),
            walls: self.walls,
        };
        let slot_of = Arc::clone(&task);
        let Ok(_slot) = slot_of.slots.acquire().await else {
            return nothing(Failure::new(failures::HOST_UNAVAILABLE, "the plugin is being unloaded"));
        };
        let waiting = Arc::new(AtomicBool::new(false));
        let is_waiting = Arc::clone(&waiting);
        let guest: BoxFuture<'static, Returned> = Box::pin(async move {
            let mut returned = run::run(&task.component, setting, &call.input, waiting).await;
            returned.receipt.component.clone_from(&task.digest);
            returned
        });
        self.workers.run(guest, &is_waiting).await
    }
}

fn load_one(loader: &Loader<'_>, plugin: &Plugin, progress: &(dyn Fn(Progress) + Sync), workers: &Workers) -> Known {
    let started = Instant::now();
    let report = |stage| progress(Progress { plugin: plugin.name.clone(), stage });
    let loaded = workers.block_on(loader.load(plugin, &report));
    match loaded {
        Ok(loaded) => {
            report(Stage::Ready { elapsed: started.elapsed() });
            Known::Loaded(Arc::new(loaded))
        }
        Err(reason) => {
            report(Stage::Broken);
            Known::Broken { reason, limits: plugin.limits.clone() }
        }
    }
}

fn refused<'a>(failure: Failure) -> Calling<'a> {
    Box::pin(std::future::ready(nothing(failure)))
}

fn nothing(failure: Failure) -> Returned {
    Returned { outcome: Err(failure), receipt: Receipt::default(), log: Vec::new() }
}

/// Threads for guests that compute for long.
///
/// Most calls end before their first yield, within a few milliseconds, and those run where
/// they are polled: a switch of threads would cost as much as the call. A guest that has
/// used up its first slice of fuel moves to these workers, one for each processor, and
/// leaves the caller's threads alone; there it takes turns with the others, a slice each.
/// Timers, sockets and blocking work of guests belong to these workers from the start.
pub(crate) struct Workers {
    /// Taken only when this is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Workers {
    pub(crate) fn start() -> Result<Self, Error> {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(processors)
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("stepwell-task")
            .enable_all()
            .build()
            .map_err(Error::Threads)?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    /// Runs a future to its end while the caller blocks, wherever the caller is.
    pub(crate) fn block_on<R: Send>(&self, future: impl Future<Output = R> + Send) -> R {
        std::thread::scope(|scope| {
            let ended = scope.spawn(|| self.handle.block_on(future)).join();
            ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    async fn run(&self, mut guest: BoxFuture<'static, Returned>, is_waiting: &AtomicBool) -> Returned {
        let first_slice = poll_fn(|context| {
            let _here = self.handle.enter();
            match guest.as_mut().poll(context) {
                Poll::Ready(returned) => Poll::Ready(Some(returned)),
                Poll::Pending if is_waiting.load(Ordering::Relaxed) => Poll::Pending,
                Poll::Pending => Poll::Ready(None),
            }
        });
        if let Some(returned) = first_slice.await {
            return returned;
        }
        let mut rest = AbortOnDrop(self.handle.spawn(guest));
        (&mut rest.0).await.unwrap_or_else(|error| {
            nothing(Failure::new(failures::HOST_UNAVAILABLE, format!("the host ended the call: {error}")))
        })
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for the threads is not allowed on a thread that runs futures itself.
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop<R>(JoinHandle<R>);

impl<R> Drop for AbortOnDrop<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
