//! What a call costs: the echo task (1 KB) through the task port, beside the bare engine's
//! instantiate, call and drop of the same component, in the same run.
//!
//! `cargo xtask bench tasks` builds the guest and runs this in release. The two are measured
//! in turns, a slice of each, so that whatever else the machine does falls on both. Not
//! measured: the first calls, until caches are warm.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_tasks::{Budget, Call, Identity, Tasks};
use stepwell_tasks_wasm::bare::Bare;
use stepwell_tasks_wasm::{Allocator, Grants, Limits, Plugin, RuntimeOptions, WasmTasks};

const SLICES: usize = 20;
const CALLS_IN_A_SLICE: usize = 250;
const CALLS_TO_WARM_UP: usize = 300;

fn main() {
    let component = stepwell_testing::guest("echo");
    let input: Arc<str> = Arc::from(format!("\"{}\"", "x".repeat(1_022)));
    println!(
        "{:<12} {:>7} {:>6} {:>12} {:>10} {:>10} {:>7}",
        "allocator", "threads", "what", "calls/s", "p50 µs", "p99 µs", "ratio"
    );
    for allocator in [Allocator::OnDemand, Allocator::Pooling] {
        let plugin = Plugin {
            name: "echo".to_owned(),
            component: component.clone(),
            limits: Limits::default(),
            grants: Grants::default(),
            granted_in: "stepwell.toml".to_owned(),
        };
        let options = RuntimeOptions { allocator, ..RuntimeOptions::default() };
        let port = Arc::new(WasmTasks::load(options, vec![plugin], &|_| {}).unwrap());
        let bare = Arc::new(Bare::new(&component, allocator).unwrap());
        for threads in [1, 2] {
            compare(&port, &bare, &input, allocator, threads);
        }
    }
    println!("ratio: p50 of the port by p50 of the bare engine; the aim is 1.3 at most");
}

fn compare(port: &Arc<WasmTasks>, bare: &Arc<Bare>, input: &Arc<str>, allocator: Allocator, threads: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
    let through_port = || {
        let (port, input) = (Arc::clone(port), Arc::clone(input));
        async move {
            let returned = port.call(call(&input)).await;
            assert_eq!(returned.outcome.unwrap().len(), 1_024);
        }
    };
    let through_engine = || {
        let (bare, input) = (Arc::clone(bare), Arc::clone(input));
        async move { assert_eq!(bare.call(&input).await, 1_024) }
    };
    runtime.block_on(measure(threads, CALLS_TO_WARM_UP, &through_port));
    runtime.block_on(measure(threads, CALLS_TO_WARM_UP, &through_engine));
    let (mut of_port, mut of_engine) = (Measured::default(), Measured::default());
    for _ in 0..SLICES {
        of_port.add(runtime.block_on(measure(threads, CALLS_IN_A_SLICE, &through_port)));
        of_engine.add(runtime.block_on(measure(threads, CALLS_IN_A_SLICE, &through_engine)));
    }
    let ratio = of_port.quantile(0.5) / of_engine.quantile(0.5);
    let allocator = format!("{allocator:?}");
    for (what, measured, ratio) in [("bare", &mut of_engine, None), ("port", &mut of_port, Some(ratio))] {
        let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        println!(
            "{allocator:<12} {threads:>7} {what:>6} {:>12.0} {:>10.1} {:>10.1} {ratio:>7}",
            measured.per_second(),
            measured.quantile(0.5),
            measured.quantile(0.99),
        );
    }
}

/// So many calls one after the other, on each of so many threads.
async fn measure<F: Future<Output = ()> + Send + 'static>(
    threads: usize,
    calls: usize,
    one: &impl Fn() -> F,
) -> Measured {
    let started = Instant::now();
    let lanes: Vec<_> = (0..threads)
        .map(|_| {
            let all: Vec<F> = (0..calls).map(|_| one()).collect();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(all.len());
                for call in all {
                    let started = Instant::now();
                    call.await;
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for lane in lanes {
        times.extend(lane.await.unwrap());
    }
    Measured { times, elapsed: started.elapsed() }
}

#[derive(Default)]
struct Measured {
    times: Vec<Duration>,
    elapsed: Duration,
}

impl Measured {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.elapsed += other.elapsed;
    }

    fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// In microseconds.
    fn quantile(&mut self, quantile: f64) -> f64 {
        self.times.sort_unstable();
        let place = (self.times.len() as f64 * quantile) as usize;
        self.times[place.min(self.times.len() - 1)].as_secs_f64() * 1e6
    }
}

fn call(input: &Arc<str>) -> Call {
    let name: Arc<str> = Arc::from("bench");
    Call {
        task: Arc::from("echo"),
        input: Arc::clone(input),
        budget: Budget { timeout_seconds: None },
        identity: Identity {
            idempotency_key: Arc::clone(&name),
            attempt: 1,
            dispatch: 1,
            execution_id: Arc::clone(&name),
            execution_name: Arc::clone(&name),
            workflow_name: Arc::clone(&name),
            state_name: name,
        },
    }
}
