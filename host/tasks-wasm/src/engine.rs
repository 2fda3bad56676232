//! The one engine: what WebAssembly may do here, and the clock of its last wall.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig, Strategy};

use crate::options::{Allocator, CORE_INSTANCES_MAX};
use crate::{Error, Limits};

/// Counts up whenever this file changes what compiled code may assume; part of the name of
/// every cached artefact.
pub(crate) const CONFIGURATION_VERSION: u32 = 2;

/// Host code runs on the guest's stack as well; this much stays for it beyond the guest's
/// own limit (bytes).
const HOST_STACK_BYTES: usize = 1 << 20;

/// Fuel of a division (units).
const DIVISION_FUEL: u8 = 12;
/// Fuel of a square root (units).
const SQUARE_ROOT_FUEL: u8 = 20;
/// Fuel of a page that memory grows by (units).
const PAGE_FUEL: u8 = u8::MAX;

/// How often the epoch moves on.
pub(crate) const EPOCH_TICK: Duration = Duration::from_millis(100);

/// Frames that a trap's backtrace keeps: enough to tell recursion from a wild pointer.
const BACKTRACE_FRAMES_MAX: usize = 64;

/// Calls at the same time that the pooling allocator has slots for.
const POOL_CALLS_MAX: u32 = 256;

/// Builds the engine.
///
/// One engine serves all plugins: types of two engines must never meet. Cranelift compiles,
/// because the other compilers had most of the miscompilations of 2026. What no task needs
/// is switched off, each a part that had advisories of its own: garbage collection and
/// exceptions, threads and shared memories, 64-bit and multiple memories, the asynchronous
/// component model. They are switched off here and not by leaving the crate's features out,
/// since builds without those features aborted on some inputs.
///
/// # Errors
/// When wasmtime refuses the configuration.
pub(crate) fn engine(allocator: Allocator, stack_bytes_max: usize, memory_bytes_max: usize) -> Result<Engine, Error> {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .consume_fuel(true)
        .operator_cost(costs())
        .epoch_interruption(true)
        .max_wasm_stack(stack_bytes_max)
        .async_stack_size(stack_bytes_max.saturating_add(HOST_STACK_BYTES))
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX))
        .wasm_component_model(true)
        .concurrency_support(false)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true);
    switch_off(&mut config);
    config.allocation_strategy(match allocator {
        Allocator::OnDemand => InstanceAllocationStrategy::OnDemand,
        Allocator::Pooling => InstanceAllocationStrategy::Pooling(pool(memory_bytes_max)),
    });
    Engine::new(&config).map_err(|error| Error::Engine(format!("{error:#}")))
}

/// The engine that only looks at components.
pub(crate) fn engine_for_inspection() -> Result<Engine, Error> {
    let limits = Limits::default();
    engine(Allocator::OnDemand, limits.stack_bytes_max, limits.memory_bytes_max)
}

/// Fuel of one instruction: one unit, but for those on which a processor spends ten to
/// twenty times as long as on an ordinary one. At one unit a loop of them would stay far
/// longer than others in its slice, and meet the wall clock long before its fuel ends.
fn costs() -> OperatorCost {
    let mut cost = OperatorCost::new();
    let divisions = [
        &mut cost.I32DivS,
        &mut cost.I32DivU,
        &mut cost.I32RemS,
        &mut cost.I32RemU,
        &mut cost.I64DivS,
        &mut cost.I64DivU,
        &mut cost.I64RemS,
        &mut cost.I64RemU,
        &mut cost.F32Div,
        &mut cost.F64Div,
        &mut cost.F32x4Div,
        &mut cost.F64x2Div,
    ];
    for division in divisions {
        *division = DIVISION_FUEL;
    }
    for root in [&mut cost.F32Sqrt, &mut cost.F64Sqrt, &mut cost.F32x4Sqrt, &mut cost.F64x2Sqrt] {
        *root = SQUARE_ROOT_FUEL;
    }
    // A page is zeroed when it is first touched.
    cost.variable.memory_grow_per_page = PAGE_FUEL;
    cost
}

fn switch_off(config: &mut Config) {
    config
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_stack_switching(false)
        .wasm_threads(false)
        .wasm_shared_everything_threads(false)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_relaxed_simd(false);
}

/// Slots are never kept warm beyond what `pagemap_scan` cleans by itself: without it, a
/// thousand calls at once would leave gigabytes behind.
fn pool(memory_bytes_max: usize) -> PoolingAllocationConfig {
    let instances = u32::try_from(CORE_INSTANCES_MAX).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOL_CALLS_MAX)
        .total_stacks(POOL_CALLS_MAX)
        .total_memories(POOL_CALLS_MAX * 2)
        .total_tables(POOL_CALLS_MAX * 4)
        .total_core_instances(POOL_CALLS_MAX * 4)
        .max_core_instances_per_component(instances)
        .max_memories_per_component(instances)
        .max_tables_per_component(instances)
        .max_memory_size(memory_bytes_max);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(1 << 20);
    }
    pool
}

/// Moves the engine's epoch on from a thread of its own, so that even code which never
/// yields is interrupted.
#[derive(Debug)]
pub(crate) struct EpochTicker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTicker {
    pub(crate) fn start(engine: &Engine) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let (weak, stopped) = (engine.weak(), Arc::clone(&stop));
        let tick = move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::park_timeout(EPOCH_TICK);
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        };
        let thread =
            std::thread::Builder::new().name("stepwell-epoch".to_owned()).spawn(tick).map_err(Error::Threads)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only ticks, so there is nothing to learn from how it ended.
            let _ = thread.join();
        }
    }
}
