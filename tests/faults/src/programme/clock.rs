//! F10: the wall clock is set, under a running host and between two hosts.
//!
//! Times of a history never decrease and no Wait is short by them, whatever the clock did. When
//! it was set back, timers wait for it to come to where it was: so the clock is put right again
//! before everything is to come to its end.

use std::time::Duration;

use anyhow::Result;

use super::round::Round;
use super::{Found, Plan};
use crate::load::join;
use crate::random::Random;
use crate::shim::{Control, Shim, Word};
use crate::site::How;
use crate::stored::Stored;

/// Steps of the clock (seconds): an hour and a day in both directions, and ten minutes back.
const STEPS_SECONDS: [i64; 5] = [-600, 3600, -3600, 86_400, -86_400];

pub(super) async fn step(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let shim = Shim::build()?;
    let mut restarts = 0;
    for cycle in 0..cycles {
        found.cycles += 1;
        let round = Round::new(plan)?;
        let control = Control::create(&round.site.path("control"))?;
        let how = How { environment: shim.environment(&round.site.data(), None, Some(&control)), ..How::default() };
        // A clock that is set back must not come before executions that ran forward: it is put
        // right at the end, and may then be no earlier than it ever was.
        let seconds = STEPS_SECONDS.get(cycle % STEPS_SECONDS.len()).copied().unwrap_or(-600);
        let base = if seconds > 0 { 0 } else { -seconds };
        control.set(Word::ClockNanos, base * 1_000_000_000)?;
        let mut host = round.start(&how)?;
        round.ready(&mut host).await?;
        let load = round.load();
        let clients = load.run(4, random);
        tokio::time::sleep(Duration::from_millis(700)).await;
        control.set(Word::ClockNanos, (base + seconds) * 1_000_000_000)?;
        tokio::time::sleep(Duration::from_millis(700)).await;
        load.stop();
        join(clients).await?;
        if cycle % 2 == 0 {
            // The next host never saw the clock as it was.
            restarts += 1;
            host.kill(&round.log)?;
            host = round.start(&how)?;
            round.ready(&mut host).await?;
            let load = round.load();
            // What began on the other time goes on in this one.
            load.stop_long().await?;
            let clients = load.run(2, random);
            tokio::time::sleep(Duration::from_millis(1500)).await;
            load.stop();
            join(clients).await?;
        }
        control.set(Word::ClockNanos, (base + seconds.max(0)) * 1_000_000_000)?;
        round.settle(Some(host), random, &mut found).await?;
        if !was_shifted(&round, seconds.abs())? {
            found.violations.push(format!("the clock was set by {seconds} s, and no execution shows it"));
        }
    }
    found.extra = format!("-10 min, +1 h, -1 h, +1 d, -1 d in turn; {restarts} with a restart on the new time");
    Ok(found)
}

/// Whether some execution began about as far ahead of the real time as the clock was set.
fn was_shifted(round: &Round, seconds: i64) -> Result<bool> {
    let stored = Stored::read(&round.site.data())?;
    let ahead = jiff::Timestamp::now().as_microsecond() + seconds * 1_000_000 / 2;
    Ok(stored.executions.values().any(|row| row.started_at_micros > ahead))
}
