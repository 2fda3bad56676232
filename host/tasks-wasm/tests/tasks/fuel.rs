//! Fuel: exact for computing, by the clock for waiting, fair between guests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::loading::{file, task};
use crate::world::{self, call, failure, load_with, options, plugin, run};
use stepwell_tasks::{FUEL_PER_SECOND, Tasks, failures};
use stepwell_tasks_wasm::{RuntimeOptions, Walls, WasmTasks};
use stepwell_testing::guest;
use tokio::task::JoinSet;

const BURN: &str = r#"{"do":"burn","n":1000000000000}"#;

const SMALL_BUDGET: u64 = 20_000_000;

/// A thousand calls on a machine whose processors are all taken by others: each stops at
/// the same unit of fuel and, as its log shows, at the same round of its loop.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_budget_stops_the_same_guest_at_the_same_place() {
    let small = RuntimeOptions { fuel_max: Some(SMALL_BUDGET), ..options() };
    let tasks = load_with(small, vec![plugin("probe", guest("probe"))]);
    let first = stopped_at(&tasks).await;
    println!("{} units, the last of {} lines: {:?}", first.0, first.1.len(), first.1.last());
    assert_eq!(first.0, SMALL_BUDGET);
    assert!(first.1.len() > 3, "{first:?}");
    let busy = Busy::start();
    let mut calls = JoinSet::new();
    for _ in 0..1_000 {
        let tasks = Arc::clone(&tasks);
        calls.spawn(async move { stopped_at(&tasks).await });
    }
    let mut count = 0;
    while let Some(stopped) = calls.join_next().await {
        assert_eq!(stopped.unwrap(), first);
        count += 1;
    }
    assert_eq!(count, 1_000);
    drop(busy);
}

/// Where an endless `burn` was when its fuel ended: the fuel, and what it had told of its rounds.
async fn stopped_at(tasks: &WasmTasks) -> (u64, Vec<String>) {
    let returned = run(tasks, "probe", BURN).await;
    assert_eq!(returned.outcome.unwrap_err().error, failures::TIMEOUT);
    assert_eq!(returned.receipt.fuel_waiting, 0);
    (returned.receipt.fuel_computing, returned.log.into_iter().map(|line| line.text).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_guest_that_ends_by_itself_burns_the_same_every_time() {
    let tasks = world::shared();
    let burn = r#"{"do":"burn","n":300000}"#;
    let first = run(&tasks, "probe", burn).await;
    let busy = Busy::start();
    let others = futures::future::join_all((0..100).map(|_| run(&tasks, "probe", burn))).await;
    drop(busy);
    for other in others {
        assert_eq!(other.receipt.fuel_computing, first.receipt.fuel_computing);
        assert_eq!(other.outcome, first.outcome);
    }
}

#[tokio::test]
async fn hash_maps_burn_the_same_fuel_in_every_call() {
    let mut probe = plugin("probe", guest("probe"));
    probe.limits.timeout_seconds_default = 5;
    let tasks = load_with(options(), vec![probe]);
    let mut seen = Vec::new();
    for _ in 0..20 {
        let returned = run(&tasks, "probe", r#"{"do":"hash","n":5000}"#).await;
        assert_eq!(returned.outcome.unwrap(), "5000");
        seen.push(returned.receipt.fuel_computing);
    }
    assert!(seen.iter().all(|fuel| *fuel == seen[0]), "{seen:?}");
    let mut other = call("probe", r#"{"do":"hash","n":5000}"#);
    other.identity.idempotency_key = Arc::from("another call");
    assert_ne!(tasks.call(other).await.receipt.fuel_computing, seen[0], "another call has another seed");
}

#[tokio::test]
async fn waiting_is_charged_by_the_clock() {
    let tasks = world::shared();
    let returned = run(&tasks, "probe", r#"{"do":"sleep","n":50}"#).await;
    assert_eq!(returned.outcome.unwrap(), "\"slept\"");
    let waited = returned.receipt.fuel_waiting;
    assert!((FUEL_PER_SECOND / 20..FUEL_PER_SECOND).contains(&waited), "{waited}");
    assert!(returned.receipt.fuel_computing < 10_000_000, "{:?}", returned.receipt);
}

#[tokio::test]
async fn a_wait_is_cut_off_when_the_tank_would_be_empty() {
    let tasks = world::shared();
    let started = Instant::now();
    let (failed, returned) = failure(&tasks, "probe", r#"{"do":"sleep","n":31536000000}"#).await;
    assert_eq!(failed.error, failures::TIMEOUT);
    assert!(started.elapsed() >= Duration::from_millis(900) && started.elapsed() < Duration::from_secs(10));
    let receipt = returned.receipt;
    assert_eq!(receipt.fuel_waiting + receipt.fuel_computing, FUEL_PER_SECOND);
    assert!(receipt.fuel_waiting > FUEL_PER_SECOND / 2, "{receipt:?}");
    assert!(failed.cause.contains("on waiting"), "{}", failed.cause);
}

/// One thread, one guest that never stops, and others are served all the time.
#[tokio::test(flavor = "current_thread")]
async fn a_busy_guest_blocks_nobody() {
    let mut probe = plugin("probe", guest("probe"));
    probe.limits.timeout_seconds_default = 2;
    let tasks = load_with(options(), vec![probe, plugin("echo", guest("echo"))]);
    let busy = {
        let tasks = Arc::clone(&tasks);
        tokio::spawn(async move { run(&tasks, "probe", r#"{"do":"spin"}"#).await })
    };
    let mut served = 0;
    while !busy.is_finished() {
        assert_eq!(run(&tasks, "echo", "1").await.outcome.unwrap(), "1");
        served += 1;
        tokio::task::yield_now().await;
    }
    assert!(served > 50, "{served}");
    assert_eq!(busy.await.unwrap().outcome.unwrap_err().error, failures::TIMEOUT);
}

#[tokio::test]
async fn dropping_a_call_ends_it() {
    let mut probe = plugin("probe", guest("probe"));
    probe.limits.timeout_seconds_default = 900;
    probe.limits.concurrent_calls_max = 1;
    let tasks = load_with(options(), vec![probe]);
    for endless in [r#"{"do":"spin"}"#, r#"{"do":"sleep","n":1000000}"#] {
        let cut = tokio::time::timeout(Duration::from_millis(100), run(&tasks, "probe", endless)).await;
        assert!(cut.is_err());
    }
    // The only slot is free again.
    assert_eq!(run(&tasks, "probe", r#"{"do":"burn","n":1}"#).await.outcome.map(|_| ()), Ok(()));
}

#[tokio::test]
async fn the_walls_behind_the_fuel() {
    let walls = |backstop, epoch| Walls {
        backstop_per_second: Duration::ZERO,
        backstop_extra: Duration::from_millis(backstop),
        epoch_extra: Duration::from_millis(epoch),
    };
    let mut probe = plugin("probe", guest("probe"));
    probe.limits.timeout_seconds_default = 900;
    let backstop = RuntimeOptions { walls: walls(300, 60_000), ..options() };
    let tasks = load_with(backstop, vec![probe.clone()]);
    let (failed, returned) = failure(&tasks, "probe", r#"{"do":"spin"}"#).await;
    assert_eq!(failed.error, failures::TIMEOUT);
    assert!(failed.cause.contains("the wall clock ended it"), "{}", failed.cause);
    assert!(returned.receipt.fuel_computing > 0);
}

/// With no time between them, whichever wall is noticed first ends the call: the backstop
/// when the guest yields, the engine's clock in the middle of computing. Roundings that wait
/// for each other take some time and cost no more fuel than other instructions, so this
/// guest's first slice lasts long enough for the clock to strike in it, if not in one call
/// then in another.
#[tokio::test]
async fn the_last_wall_ends_code_in_the_middle_of_computing() {
    let round_for_ever = format!("(loop $more {} (br $more)) unreachable", chain("f64.nearest"));
    let place = tempfile::tempdir().unwrap();
    let slow = file(place.path(), &task("", "", &round_for_ever));
    let walls =
        Walls { backstop_per_second: Duration::ZERO, backstop_extra: Duration::ZERO, epoch_extra: Duration::ZERO };
    let tasks = load_with(RuntimeOptions { walls, ..options() }, vec![plugin("slow", slow)]);
    for _ in 0..200 {
        let (failed, returned) = failure(&tasks, "slow", "1").await;
        assert_eq!(failed.error, failures::TIMEOUT);
        assert!(returned.receipt.fuel_computing > 0 && returned.receipt.fuel_computing < FUEL_PER_SECOND);
        if failed.cause.contains("the engine's clock ended it") {
            return;
        }
        assert!(failed.cause.contains("the wall clock ended it"), "{}", failed.cause);
    }
    panic!("the engine's clock never ended a call");
}

/// What keeps a processor busy for longer costs more, so that no slice lasts very long.
#[tokio::test]
async fn slow_instructions_cost_more() {
    let place = tempfile::tempdir().unwrap();
    let mut burnt = Vec::new();
    for (name, operator) in [("nearest", "f64.nearest"), ("sqrt", "f64.sqrt")] {
        let code = format!("{} unreachable", chain(operator));
        let directory = place.path().join(name);
        std::fs::create_dir(&directory).unwrap();
        let tasks = load_with(options(), vec![plugin(name, file(&directory, &task("", "", &code)))]);
        let (failed, returned) = failure(&tasks, name, "1").await;
        assert_eq!(failed.error, failures::TRAP);
        burnt.push(returned.receipt.fuel_computing);
    }
    assert_eq!(burnt[1] - burnt[0], 200 * (20 - 1), "{burnt:?}");
}

/// 200 of one operator on a double in memory, each waiting for the one before.
fn chain(operator: &str) -> String {
    let (open, close) = (format!("({operator} ").repeat(200), ")".repeat(200));
    format!("(f64.store (i32.const 4096) {open}(f64.load (i32.const 4096)){close})")
}

/// Takes all processors for as long as it lives.
struct Busy(Arc<std::sync::atomic::AtomicBool>);

impl Busy {
    fn start() -> Self {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(stop)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}
