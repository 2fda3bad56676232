//! F1 and F2: SIGKILL.

use std::time::Duration;

use anyhow::Result;

use super::round::Round;
use super::{Found, Plan, Size};
use crate::load::join;
use crate::random::Random;
use crate::site::How;

/// How many clients there are.
const CLIENTS: u64 = 6;

/// After how many kills everything is brought to its end and checked, and a new store begun.
const KILLS_OF_A_ROUND: usize = 10;

/// Kills under load, at any moment; some of them while the host still recovers.
pub(super) async fn under_load(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let (mut acknowledged, mut ready) = (0, Vec::new());
    let longest = if plan.size == Size::Test { 700 } else { 2000 };
    while found.cycles < cycles {
        let round = Round::new(plan)?;
        for _ in 0..KILLS_OF_A_ROUND.min(cycles - found.cycles) {
            found.cycles += 1;
            let mut host = round.start(&How::default())?;
            if random.percent(85) {
                ready.push(round.ready(&mut host).await?);
            }
            let load = round.load();
            let clients = load.run(CLIENTS, random);
            tokio::time::sleep(Duration::from_millis(random.below(longest))).await;
            host.kill(&round.log)?;
            join(clients).await?;
            acknowledged += load.acknowledged();
        }
        round.settle(None, random, &mut found).await?;
    }
    ready.sort_unstable();
    let slowest = ready.last().copied().unwrap_or_default().as_millis();
    found.extra =
        format!("{acknowledged} starts acknowledged, 0 lost where 0 violations; ready in {slowest} ms at most");
    if acknowledged == 0 {
        found.violations.push("the load was too small to show anything".to_owned());
    }
    Ok(found)
}

/// One to five kills in the first moments of recovery, one after another.
pub(super) async fn during_recovery(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let mut kills = 0;
    while found.cycles < cycles {
        let round = Round::new(plan)?;
        for _ in 0..5.min(cycles - found.cycles) {
            found.cycles += 1;
            let mut host = round.start(&How::default())?;
            round.ready(&mut host).await?;
            let load = round.load();
            let clients = load.run(CLIENTS, random);
            tokio::time::sleep(Duration::from_millis(300 + random.below(700))).await;
            host.kill(&round.log)?;
            join(clients).await?;
            for _ in 0..=random.below(4) {
                kills += 1;
                let mut host = round.start(&How::default())?;
                tokio::time::sleep(Duration::from_millis(random.below(500))).await;
                host.kill(&round.log)?;
            }
        }
        round.settle(None, random, &mut found).await?;
    }
    found.extra = format!("{kills} kills in the first 500 ms");
    Ok(found)
}
