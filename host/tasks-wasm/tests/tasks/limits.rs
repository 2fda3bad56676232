//! Every limit is reached, ends in its own failure, and the host serves others afterwards.

use crate::world::{self, assert_alive, failure, run, shared};
use std::sync::Arc;

use stepwell_tasks::{FUEL_PER_SECOND, failures};
use stepwell_tasks_wasm::{Allocator, HANDLES_MAX, RANDOM_BYTES_MAX, RuntimeOptions, WasmTasks};
use stepwell_testing::guest;

/// A twentieth of the least second, so that a loaded machine ends these soon as well.
const SMALL_BUDGET: u64 = FUEL_PER_SECOND / 20;

/// Slots of the pool, `pool_calls_max`.
const POOL_CALLS_MAX: usize = 256;

fn with_small_budget() -> Arc<WasmTasks> {
    let small = RuntimeOptions { fuel_max: Some(SMALL_BUDGET), ..world::options() };
    world::load_with(small, vec![world::plugin("probe", guest("probe")), world::plugin("echo", guest("echo"))])
}

#[tokio::test]
async fn an_infinite_loop_ends_by_its_fuel() {
    let tasks = with_small_budget();
    let (failed, returned) = failure(&tasks, "probe", r#"{"do":"spin"}"#).await;
    assert_eq!(failed.error, failures::TIMEOUT);
    assert_eq!(returned.receipt.fuel_computing, SMALL_BUDGET);
    let said = "the budget of 0.050 s (500000000 units of fuel) is used up: 0.050 s (500000000 units) went on computing and 0.000 s";
    assert!(failed.cause.starts_with(said), "{}", failed.cause);
    assert_alive(&tasks).await;
}

/// Each call of the host burns few instructions; what it is charged besides ends the loop.
#[tokio::test]
async fn a_loop_of_host_calls_ends_by_its_fuel_as_well() {
    let tasks = with_small_budget();
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"host-calls"}"#).await;
    assert_eq!(failed.error, failures::TIMEOUT);
    assert!(!failed.cause.contains("wall clock"), "{}", failed.cause);
    assert_alive(&tasks).await;
}

#[tokio::test]
async fn a_memory_bomb() {
    let tasks = shared();
    let (failed, returned) = failure(&tasks, "probe", r#"{"do":"memory"}"#).await;
    assert_eq!(failed.error, failures::MEMORY_LIMIT);
    assert!(failed.cause.contains("memory_bytes_max is 16777216"), "{}", failed.cause);
    assert!(returned.receipt.memory_bytes_peak <= 16 << 20, "{:?}", returned.receipt);
    assert!(returned.receipt.memory_bytes_peak > 10 << 20, "{:?}", returned.receipt);
    assert_alive(&tasks).await;
}

#[tokio::test]
async fn a_guest_may_live_with_less_memory_than_it_asked_for() {
    let returned = run(&shared(), "probe", r#"{"do":"memory-try","n":1000000000}"#).await;
    assert_eq!(returned.outcome.unwrap(), "true");
}

#[tokio::test]
async fn deep_recursion_on_either_stack() {
    let tasks = shared();
    for deep in [r#"{"do":"recursion"}"#, r#"{"do":"recursion-frames"}"#] {
        let (failed, _) = failure(&tasks, "probe", deep).await;
        assert_eq!(failed.error, failures::STACK_LIMIT, "{}", failed.cause);
        assert!(failed.cause.contains("recursion"), "{}", failed.cause);
        assert_alive(&tasks).await;
    }
}

#[tokio::test]
async fn a_log_flood_keeps_what_fits() {
    let tasks = shared();
    let (failed, returned) = failure(&tasks, "probe", r#"{"do":"flood"}"#).await;
    assert_eq!(failed.error, failures::LOG_LIMIT);
    let kept: usize = returned.log.iter().map(|line| line.text.len() + 1).sum();
    assert!(kept <= 65_537 && kept > 60_000, "{kept}");
    assert_alive(&tasks).await;
}

#[tokio::test]
async fn a_trap_and_a_panic_name_the_guests_functions() {
    let tasks = shared();
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"trap"}"#).await;
    assert_eq!(failed.error, failures::TRAP);
    assert!(failed.cause.contains("unreachable") && failed.cause.contains("probe::trap"), "{}", failed.cause);
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"panic","text":"out of paper"}"#).await;
    assert_eq!(failed.error, failures::PANIC);
    assert!(failed.cause.starts_with("panicked at ") && failed.cause.contains("out of paper"), "{}", failed.cause);
    assert!(failed.cause.contains("; in probe::panic_with <- "), "{}", failed.cause);
    assert!(!failed.cause.contains("wasmtime") && !failed.cause.contains("stepwell_tasks_wasm"), "{}", failed.cause);
    let (failed, _) = failure(&tasks, "probe", r#"{"do":"wild-pointer"}"#).await;
    assert_eq!(failed.error, failures::TRAP);
    assert!(failed.cause.contains("out of bounds") && failed.cause.contains("wild_pointer"), "{}", failed.cause);
    assert_alive(&tasks).await;
}

#[tokio::test]
async fn an_exit() {
    let tasks = shared();
    for status in [0, 1] {
        let (failed, _) = failure(&tasks, "probe", &format!(r#"{{"do":"exit","n":{status}}}"#)).await;
        assert_eq!(failed.error, failures::EXIT);
    }
    assert_alive(&tasks).await;
}

#[tokio::test]
async fn concurrent_calls_wait_for_their_turn() {
    let mut one_at_a_time = world::plugin("probe", guest("probe"));
    one_at_a_time.limits.concurrent_calls_max = 1;
    let tasks = world::load(vec![one_at_a_time]);
    let calls = (0..3).map(|_| run(&tasks, "probe", r#"{"do":"sleep","n":40}"#));
    let started = std::time::Instant::now();
    let all = futures::future::join_all(calls).await;
    assert!(started.elapsed().as_millis() >= 120, "{:?}", started.elapsed());
    for returned in all {
        assert_eq!(returned.outcome.unwrap(), "\"slept\"");
        assert!(returned.receipt.elapsed.as_millis() < 110, "the wait for a slot is not the call's");
    }
}

#[tokio::test]
async fn handles_and_random_bytes_are_limited() {
    let tasks = shared();
    for (what, most) in [("handles", HANDLES_MAX as u64), ("random", RANDOM_BYTES_MAX)] {
        let asked = |count: u64| format!(r#"{{"do":"{what}","n":{count}}}"#);
        assert_eq!(run(&tasks, "probe", &asked(most)).await.outcome.unwrap(), most.to_string());
        let (failed, _) = failure(&tasks, "probe", &asked(most + 1)).await;
        assert_eq!(failed.error, failures::TRAP);
        assert!(
            failed.cause.contains(if what == "random" { "exceeds limit 65536" } else { "table" }),
            "{}",
            failed.cause
        );
        assert_alive(&tasks).await;
    }
}

/// With the pool, what a call is and costs stays the same, in slots that are fresh and in
/// slots that others have used.
#[tokio::test]
async fn the_pool_changes_nothing_but_where_memories_come_from() {
    let plugins = || {
        let mut probe = world::plugin("probe", guest("probe"));
        probe.limits.memory_bytes_max = 16 << 20;
        vec![probe, world::plugin("echo", guest("echo"))]
    };
    let with = |allocator| RuntimeOptions { allocator, fuel_max: Some(SMALL_BUDGET), ..world::options() };
    let on_demand = world::load_with(with(Allocator::OnDemand), plugins());
    let pooling = world::load_with(with(Allocator::Pooling), plugins());
    assert_eq!(pooling.broken(), []);
    let calls = [
        r#"{"do":"context"}"#,
        r#"{"do":"burn","n":300000}"#,
        r#"{"do":"hash","n":5000}"#,
        r#"{"do":"memory"}"#,
        r#"{"do":"memory-try","n":1000000000}"#,
        r#"{"do":"recursion"}"#,
        r#"{"do":"log","n":3,"text":"line"}"#,
        r#"{"do":"trap"}"#,
        r#"{"do":"panic","text":"out of paper"}"#,
        r#"{"do":"wild-pointer"}"#,
        r#"{"do":"output","n":262142}"#,
        r#"{"do":"spin"}"#,
        r#"{"do":"hash","n":5000}"#,
    ];
    for input in calls.into_iter().chain(calls) {
        let (one, other) = (run(&on_demand, "probe", input).await, run(&pooling, "probe", input).await);
        assert_eq!(one.outcome, other.outcome, "{input}");
        assert_eq!(one.log, other.log, "{input}");
        assert_eq!(one.receipt.fuel_computing, other.receipt.fuel_computing, "{input}");
        assert_eq!(one.receipt.memory_bytes_peak, other.receipt.memory_bytes_peak, "{input}");
        assert_eq!((one.receipt.fuel_waiting, other.receipt.fuel_waiting), (0, 0), "{input}");
    }
    assert_alive(&pooling).await;
}

#[tokio::test]
async fn the_pool_has_so_many_slots() {
    let mut probe = world::plugin("probe", guest("probe"));
    probe.limits.concurrent_calls_max = 2 * POOL_CALLS_MAX;
    let pooling = RuntimeOptions { allocator: Allocator::Pooling, ..world::options() };
    let tasks = world::load_with(pooling, vec![probe, world::plugin("echo", guest("echo"))]);
    // Long enough that all are there at the same time.
    let calls = (0..=POOL_CALLS_MAX).map(|_| run(&tasks, "probe", r#"{"do":"sleep","n":3000}"#));
    let (slept, refused): (Vec<_>, Vec<_>) =
        futures::future::join_all(calls).await.into_iter().map(|returned| returned.outcome).partition(Result::is_ok);
    assert_eq!((slept.len(), refused.len()), (POOL_CALLS_MAX, 1), "{refused:?}");
    let failed = refused[0].clone().unwrap_err();
    assert_eq!(failed.error, failures::HOST_UNAVAILABLE);
    assert!(failed.cause.contains("all slots"), "{}", failed.cause);
    assert_alive(&tasks).await;
}
