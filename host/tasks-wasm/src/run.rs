//! One call, from a fresh store to its outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use futures::FutureExt;
use stepwell_tasks::{FUEL_PER_SECOND, Failure, Identity, Receipt, Returned};
use wasmtime::Store;
use wasmtime::component::{ComponentType, Lift};

use crate::Limits;
use crate::engine::EPOCH_TICK;
use crate::interfaces::Granted;
use crate::load::Callable;
use crate::log::Log;
use crate::options::{HOST_CALL_BYTES_MAX, Walls, YIELD_FUEL};
use crate::outcome::{self, Ended, Spent};
use crate::state::{CallState, charge_host_call};

/// What surrounds one call.
pub(crate) struct Setting {
    pub(crate) granted: Arc<Granted>,
    pub(crate) limits: Limits,
    pub(crate) identity: Identity,
    /// The budget (units).
    pub(crate) fuel: u64,
    pub(crate) walls: Walls,
}

/// A failure as the guest returns it.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct GuestFailure {
    pub(crate) error: String,
    pub(crate) cause: String,
}

/// Calls `run`.
pub(crate) async fn run(component: &Callable, setting: Setting, input: &str, waiting: Arc<AtomicBool>) -> Returned {
    let mut call = Prepared::new(component, setting, waiting);
    let backstop = call.backstop;
    let invoked = async |store: &mut Store<CallState>| {
        let instance = component.pre.instantiate_async(&mut *store).await?;
        let run = instance.get_typed_func::<(&str,), (Result<String, GuestFailure>,)>(&mut *store, &component.run)?;
        Ok(run.call_async(&mut *store, (input,)).await?.0)
    };
    let guarded = AssertUnwindSafe(invoked(&mut call.store)).catch_unwind();
    let ended = match tokio::time::timeout(backstop, guarded).await {
        Ok(Ok(Ok(returned))) => Ended::Returned(returned),
        Ok(Ok(Err(error))) => Ended::Trapped(error),
        Ok(Err(_)) => Ended::HostPanicked,
        Err(_) => Ended::Backstop,
    };
    call.close(ended)
}

/// Calls `describe`.
pub(crate) async fn describe(component: &Callable, setting: Setting) -> Result<String, Failure> {
    let mut call = Prepared::new(component, setting, Arc::default());
    let backstop = call.backstop;
    let invoked = async |store: &mut Store<CallState>| {
        let instance = component.pre.instantiate_async(&mut *store).await?;
        let describe = instance.get_typed_func::<(), (String,)>(&mut *store, &component.describe)?;
        Ok(describe.call_async(&mut *store, ()).await?.0)
    };
    let ended = match tokio::time::timeout(backstop, invoked(&mut call.store)).await {
        Ok(Ok(description)) => Ended::Returned(Ok(description)),
        Ok(Err(error)) => Ended::Trapped(error),
        Err(_) => Ended::Backstop,
    };
    call.close(ended).outcome
}

/// A store that is ready for one call, and what is needed to account for it.
struct Prepared {
    store: Store<CallState>,
    log: Log,
    limits: Limits,
    granted: Arc<Granted>,
    fuel: u64,
    started: Instant,
    backstop: Duration,
}

impl Prepared {
    fn new(component: &Callable, setting: Setting, waiting: Arc<AtomicBool>) -> Self {
        let Setting { granted, limits, identity, fuel, walls } = setting;
        let log = Log::new(limits.log_bytes_max);
        let state = CallState::new(identity, Arc::clone(&granted), &limits, &log, waiting);
        let mut store = Store::new(component.pre.engine(), state);
        store.limiter(|state| &mut state.meter);
        store.call_hook(charge_host_call);
        store.set_hostcall_fuel(HOST_CALL_BYTES_MAX);
        let seconds = u32::try_from(fuel.div_ceil(FUEL_PER_SECOND)).unwrap_or(u32::MAX);
        let backstop = walls.backstop_per_second.saturating_mul(seconds).saturating_add(walls.backstop_extra);
        store.set_epoch_deadline(ticks(backstop.saturating_add(walls.epoch_extra)));
        // Both fail only in an engine without fuel, and ours has it.
        let metered = store.set_fuel(fuel).and_then(|()| store.fuel_async_yield_interval(Some(YIELD_FUEL)));
        assert!(metered.is_ok(), "the engine meters fuel");
        Self { store, log, limits, granted, fuel, started: Instant::now(), backstop }
    }

    fn close(self, ended: Ended) -> Returned {
        let left = self.store.get_fuel().unwrap_or(0);
        let state = self.store.data();
        let spent = Spent {
            budget: self.fuel,
            waiting: state.fuel_waiting,
            computing: self.fuel.saturating_sub(left).saturating_sub(state.fuel_waiting),
        };
        let memory_bytes_peak = state.meter.memory_bytes_peak as u64;
        let mut log = self.log.lines(&self.granted.grants);
        let outcome = outcome::of(ended, &spent, &state.meter, &self.limits, &self.granted.grants, &mut log);
        let receipt = Receipt {
            component: String::new(),
            fuel_computing: spent.computing,
            fuel_waiting: spent.waiting,
            fuel_budget: spent.budget,
            memory_bytes_peak,
            elapsed: self.started.elapsed(),
        };
        Returned { outcome, receipt, log }
    }
}

fn ticks(duration: Duration) -> u64 {
    let ticks = duration.as_millis().div_ceil(EPOCH_TICK.as_millis()).saturating_add(1);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}
