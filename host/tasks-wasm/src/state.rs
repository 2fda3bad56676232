//! What one call carries through the engine: its identity, its grants, its limits, and the
//! account of its fuel.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use stepwell_tasks::{FUEL_PER_SECOND, Identity, LogStream};
use wasmtime::component::ResourceTable;
use wasmtime::{AsContextMut, CallHook, ResourceLimiter, StoreContextMut, Trap};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::Limits;
use crate::interfaces::Granted;
use crate::log::Log;
use crate::options::{CORE_INSTANCES_MAX, HANDLES_MAX, HOST_CALL_FUEL, RANDOM_BYTES_MAX};

/// Units of fuel that one nanosecond of waiting costs.
const FUEL_PER_NANOSECOND: u64 = FUEL_PER_SECOND / 1_000_000_000;

/// The store's data.
pub(crate) struct CallState {
    pub(crate) identity: Identity,
    pub(crate) granted: Arc<Granted>,
    pub(crate) meter: Meter,
    pub(crate) fuel_waiting: u64,
    /// Shared with whoever polls the call: whether it is pending because it waits, and not
    /// because it yielded in the middle of computing.
    pub(crate) waiting: Arc<AtomicBool>,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    pub(crate) fn new(
        identity: Identity,
        granted: Arc<Granted>,
        limits: &Limits,
        log: &Log,
        waiting: Arc<AtomicBool>,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self {
            wasi: wasi(&identity, log),
            identity,
            granted,
            meter: Meter::new(limits),
            fuel_waiting: 0,
            waiting,
            table,
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// WASI with nothing in it: no arguments, no variables, no directories, no network, an
/// empty standard input. The seed of hash maps comes from the call's identity, because a
/// guest burns fuel by its hash maps' order, and the same call must burn the same fuel.
fn wasi(identity: &Identity, log: &Log) -> WasiCtx {
    WasiCtx::builder()
        .stdout(log.stream(LogStream::Stdout))
        .stderr(log.stream(LogStream::Stderr))
        .insecure_random_seed(seed(identity))
        .max_random_size(RANDOM_BYTES_MAX)
        .allow_tcp(false)
        .allow_udp(false)
        .build()
}

fn seed(identity: &Identity) -> u128 {
    let digest = Sha256::new()
        .chain_update(identity.idempotency_key.as_bytes())
        .chain_update(identity.attempt.to_le_bytes())
        .finalize();
    let mut seed = [0; 16];
    seed.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    u128::from_le_bytes(seed)
}

/// Counts memory and tables, and remembers what it refused: the guest that was refused
/// usually aborts, and the failure should then name the limit, not the abort.
pub(crate) struct Meter {
    memory_bytes_max: usize,
    table_elements_max: usize,
    memory_bytes: usize,
    table_elements: usize,
    pub(crate) memory_bytes_peak: usize,
    pub(crate) memory_bytes_refused: Option<usize>,
    pub(crate) table_elements_refused: Option<usize>,
}

impl Meter {
    fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes_max: limits.memory_bytes_max,
            table_elements_max: limits.table_elements_max,
            memory_bytes: 0,
            table_elements: 0,
            memory_bytes_peak: 0,
            memory_bytes_refused: None,
            table_elements_refused: None,
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let all = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if all > self.memory_bytes_max {
            self.memory_bytes_refused = Some(all);
            return Ok(false);
        }
        self.memory_bytes = all;
        self.memory_bytes_peak = self.memory_bytes_peak.max(all);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let all = self.table_elements.saturating_add(desired.saturating_sub(current));
        if all > self.table_elements_max {
            self.table_elements_refused = Some(all);
            return Ok(false);
        }
        self.table_elements = all;
        Ok(true)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        CORE_INSTANCES_MAX
    }

    fn memories(&self) -> usize {
        CORE_INSTANCES_MAX
    }
}

/// Charges [`HOST_CALL_FUEL`] for every call from the guest into the host. What a host
/// function does in no time costs the same everywhere, so computing stays exact.
pub(crate) fn charge_host_call(mut store: StoreContextMut<'_, CallState>, hook: CallHook) -> wasmtime::Result<()> {
    match hook {
        CallHook::CallingHost => {
            let left = store.get_fuel()?;
            if left <= HOST_CALL_FUEL {
                store.set_fuel(0)?;
                return Err(Trap::OutOfFuel.into());
            }
            store.set_fuel(left - HOST_CALL_FUEL)
        }
        CallHook::ReturningFromHost | CallHook::CallingWasm | CallHook::ReturningFromWasm => Ok(()),
    }
}

/// Waits for `work` on the guest's behalf. The wait is charged by the clock, and cut off
/// when it has used up the budget.
///
/// # Errors
/// [`Trap::OutOfFuel`] when the budget ended first; `work` is dropped then.
pub(crate) async fn waiting<R>(
    store: &mut StoreContextMut<'_, CallState>,
    work: impl Future<Output = R>,
) -> wasmtime::Result<R> {
    let left = store.get_fuel()?;
    let mark = WaitingMark::set(&store.data().waiting);
    let started = Instant::now();
    let done = tokio::time::timeout(time_for(left), work).await;
    drop(mark);
    charge_waiting(store, left, started.elapsed(), done.is_err())?;
    done.map_err(|_| Trap::OutOfFuel.into())
}

/// The same for work that needs the store's own resources.
pub(crate) async fn waiting_on_table<R>(
    store: &mut StoreContextMut<'_, CallState>,
    work: impl AsyncFnOnce(&mut ResourceTable) -> R,
) -> wasmtime::Result<R> {
    let left = store.get_fuel()?;
    let mark = WaitingMark::set(&store.data().waiting);
    let started = Instant::now();
    let done = {
        let mut context = store.as_context_mut();
        let table = &mut context.data_mut().table;
        tokio::time::timeout(time_for(left), work(table)).await
    };
    drop(mark);
    charge_waiting(store, left, started.elapsed(), done.is_err())?;
    done.map_err(|_| Trap::OutOfFuel.into())
}

/// How long a call with this much fuel may wait.
pub(crate) fn time_for(fuel: u64) -> Duration {
    Duration::from_nanos(fuel / FUEL_PER_NANOSECOND)
}

fn charge_waiting(
    store: &mut StoreContextMut<'_, CallState>,
    left: u64,
    waited: Duration,
    is_cut_off: bool,
) -> wasmtime::Result<()> {
    let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
    let charge = if is_cut_off { left } else { nanoseconds.saturating_mul(FUEL_PER_NANOSECOND).min(left) };
    let state = store.data_mut();
    state.fuel_waiting = state.fuel_waiting.saturating_add(charge);
    store.set_fuel(left - charge)?;
    if charge == left { Err(Trap::OutOfFuel.into()) } else { Ok(()) }
}

/// Says that the call waits, for as long as it lives.
struct WaitingMark(Arc<AtomicBool>);

impl WaitingMark {
    fn set(waiting: &Arc<AtomicBool>) -> Self {
        waiting.store(true, Ordering::Relaxed);
        Self(Arc::clone(waiting))
    }
}

impl Drop for WaitingMark {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
