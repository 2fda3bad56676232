//! F5: the Nth write, fsync or truncation fails, once or from then on.
//!
//! The host may end, or take nothing for as long as it lasts. It must not acknowledge what is
//! lost: what was acknowledged is there when the next host, whose disk is well, has started.

use std::time::Duration;

use anyhow::Result;

use super::round::Round;
use super::{Found, Plan};
use crate::load::join;
use crate::random::Random;
use crate::shim::{Control, EIO, ENOSPC, ON_SYNC, ON_TRUNCATE, ON_WRITE, Shim, Word};
use crate::site::{Host, How};

/// How many faults one store goes through before it is checked.
const FAULTS_OF_A_ROUND: usize = 4;

/// The numbers of operations that fail are up to this one.
const OPERATIONS: u64 = 300;

/// What failed, as the table tells it.
#[derive(Debug, Default)]
struct Ends {
    hit: usize,
    ended: usize,
    refused_to_start: usize,
    went_on: usize,
}

pub(super) async fn sweep(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let mut ends = Ends::default();
    let shim = Shim::build()?;
    while found.cycles < cycles {
        let round = Round::new(plan)?;
        for _ in 0..FAULTS_OF_A_ROUND.min(cycles - found.cycles) {
            found.cycles += 1;
            let control = Control::create(&round.site.path("control"))?;
            one(&round, &shim, &control, random, &mut ends, &mut found).await?;
        }
        round.settle(None, random, &mut found).await?;
    }
    let Ends { hit, ended, refused_to_start, went_on } = ends;
    found.extra = format!(
        "{hit} faults were met: {ended} hosts ended by themselves, {refused_to_start} did not start, {went_on} went on"
    );
    Ok(found)
}

async fn one(
    round: &Round,
    shim: &Shim,
    control: &Control,
    random: &mut Random,
    ends: &mut Ends,
    found: &mut Found,
) -> Result<()> {
    let operations = [ON_WRITE, ON_SYNC, ON_TRUNCATE | ON_WRITE].get(random.index(3)).copied().unwrap_or(ON_WRITE);
    let error = [EIO, ENOSPC, 0].get(random.index(3)).copied().unwrap_or(EIO);
    control.set(Word::Operations, operations)?;
    // Half a write is nothing that an fsync can do.
    control.set(Word::ErrorNumber, if error == 0 && operations != ON_WRITE { EIO } else { error })?;
    control.set(Word::Sticky, i64::from(random.percent(50)))?;
    let few = if operations == ON_SYNC { 40 } else { OPERATIONS };
    control.set(Word::First, i64::try_from(random.below(few))? + 1)?;
    // While it starts, or under load.
    let at_start = random.percent(30);
    control.set(Word::Armed, i64::from(at_start))?;
    let environment = shim.environment(&round.site.data(), None, Some(control));
    let mut host = round.start(&How { environment, ..How::default() })?;
    let before = round.site.log().len();
    let mut waiting = Vec::new();
    if host.wait_until_ready(&round.client).await.is_err() {
        // It says so and ends; or the time is over, which the next host's start will tell.
        ends.refused_to_start += 1;
    } else {
        control.set(Word::Armed, 1)?;
        let load = round.load();
        let clients = load.run(3, random);
        tokio::time::sleep(Duration::from_millis(700)).await;
        load.stop();
        // A start whose commit the disk does not take is answered when it does, or never.
        waiting = clients;
    }
    let hits = control.get(Word::Hits)?;
    ends.hit += usize::from(hits > 0);
    match host.ended()? {
        None => ends.went_on += usize::from(hits > 0),
        Some(status) => {
            ends.ended += 1;
            let log = round.site.log();
            let said = log.get(before..).unwrap_or_default();
            if hits == 0 || Host::signal_of(status).is_some() || said.trim().is_empty() {
                found
                    .violations
                    .push(format!("the host ended with {status} after {hits} faults\n{}", round.site.log_end()));
            }
        }
    }
    host.kill(&round.log)?;
    join(waiting).await
}
