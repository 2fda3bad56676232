//! Every limit is reached, ends in its own failure, and the host serves others afterwards.

use crate::world::{self, assert_alive, failure, run, shared};
use std::sync::Arc;

use stepwell_tasks::{FUEL_PER_SECOND, failures};
use stepwell_tasks_wasm::{RuntimeOptions, WasmTasks};
use stepwell_testing::guest;

/// A twentieth of the least second, so that a loaded machine ends these soon as well.
const SMALL_BUDGET: u64 = FUEL_PER_SECOND / 20;

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
