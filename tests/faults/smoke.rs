//! The fault programme in its smallest size, as one of the ordinary tests. `cargo xtask faults`
//! runs more of it, and says with which seed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use stepwell_faults::programme::{self, Fault, Plan, Size};

/// One after another: each wants the machine for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whatever_happens_to_the_host() {
    let seed =
        std::env::var("STEPWELL_SEED").map_or_else(|_| u64::from(std::process::id()), |seed| seed.parse().unwrap());
    let binary = Path::new(env!("CARGO_BIN_EXE_stepwell")).to_owned();
    let plan = Plan { binary, seed, size: Size::Test, cycles: None, bug: None };
    let mut lines = Vec::new();
    for fault in [Fault::F1, Fault::F2, Fault::F3, Fault::F5, Fault::F6, Fault::F9] {
        lines.push(programme::run(fault, &plan).await.unwrap());
    }
    println!("STEPWELL_SEED={seed}\n{}", programme::table(&lines));
    for line in &lines {
        let violations = &line.found.violations;
        assert!(violations.is_empty(), "STEPWELL_SEED={seed} {}: {}", line.fault.name(), violations.join("\n"));
    }
}
