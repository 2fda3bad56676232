//! Time and memory.

use std::alloc::System;
use std::time::Instant;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use stepwell_rules::{Pattern, RuleId, RuleSet, Scratch};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PASSES: usize = 5;
const PASS_SECONDS: f64 = 0.25;

pub struct Built {
    pub set: RuleSet,
    /// What is allocated once the patterns that the set was built from are gone.
    pub bytes: usize,
    /// CPU time for reading the patterns and adding them.
    pub seconds: f64,
}

pub struct Measured {
    /// Events a second.
    pub median: f64,
    pub best: f64,
    /// How many rules all events match together.
    pub matches: usize,
}

pub fn build(rules: impl Iterator<Item = String>) -> Built {
    let rules: Vec<String> = rules.collect();
    let before = Region::new(ALLOCATOR);
    let begun = cpu_seconds();
    let mut set = RuleSet::new();
    for (number, rule) in rules.iter().enumerate() {
        set.add(RuleId(number as u64), &Pattern::parse(rule).unwrap());
    }
    let seconds = cpu_seconds() - begun;
    let change = before.change();
    let bytes = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    Built { set, bytes, seconds }
}

/// Matches all events once to warm up, and then all of them as often as makes a pass.
pub fn measure(set: &RuleSet, events: &[String]) -> Measured {
    let mut scratch = Scratch::new();
    let mut all = || -> usize { events.iter().map(|event| set.matches_text(event, &mut scratch).unwrap().len()).sum() };
    let matches = all();
    let mut rates: Vec<f64> = (0..PASSES)
        .map(|_| {
            let (begun, mut rounds) = (cpu_seconds(), 0);
            loop {
                assert_eq!(all(), matches);
                rounds += 1;
                let seconds = cpu_seconds() - begun;
                if seconds > PASS_SECONDS {
                    return (rounds * events.len()) as f64 / seconds;
                }
            }
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    Measured { median: rates[PASSES / 2], best: rates[PASSES - 1], matches }
}

/// How long this thread has computed; by the clock where the system does not say.
pub fn cpu_seconds() -> f64 {
    static BEGUN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = schedule.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}
