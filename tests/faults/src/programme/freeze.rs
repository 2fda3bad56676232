//! F9: SIGSTOP under load, and SIGCONT seconds later. No timer is early, and none is lost.

use std::time::Duration;

use anyhow::Result;

use super::round::Round;
use super::{Found, Plan, Size};
use crate::load::join;
use crate::random::Random;
use crate::site::How;

pub(super) async fn freeze(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let most = if plan.size == Size::Night { 10_000 } else { 2000 };
    let mut frozen = Duration::ZERO;
    while found.cycles < cycles {
        let round = Round::new(plan)?;
        let mut host = round.start(&How::default())?;
        round.ready(&mut host).await?;
        for _ in 0..5.min(cycles - found.cycles) {
            found.cycles += 1;
            let load = round.load();
            let clients = load.run(4, random);
            tokio::time::sleep(Duration::from_millis(500)).await;
            host.signal("STOP")?;
            let time = Duration::from_millis(1000 + random.below(most - 999));
            tokio::time::sleep(time).await;
            host.signal("CONT")?;
            frozen += time;
            tokio::time::sleep(Duration::from_millis(300)).await;
            load.stop();
            join(clients).await?;
        }
        round.settle(Some(host), random, &mut found).await?;
    }
    found.extra = format!("frozen for {} s together", frozen.as_secs());
    Ok(found)
}
