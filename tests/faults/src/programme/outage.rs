//! F3 and F4: power loss.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::round::Round;
use super::{Found, Plan, Size};
use crate::acks::{Ack, AckLog};
use crate::load::join;
use crate::power::{self, Disk, Images, Record, Tally, Tearing};
use crate::random::Random;
use crate::shim::Shim;
use crate::site::{How, memory_directory};

/// How many images are made of one run.
const IMAGES_OF_A_RUN: usize = 1000;

/// How many images of the control: it must fail, and does so soon.
const CONTROLS: usize = 40;

/// A run of a host whose disk was watched.
struct Recorded {
    round: Round,
    log: Vec<Record>,
    acks: Vec<Ack>,
}

/// A host under load from its first start to the end, with everything it wrote.
async fn record(plan: &Plan, is_filling: bool, random: &mut Random) -> Result<Recorded> {
    let mut round = Round::new(plan)?;
    let directory = memory_directory()?;
    let path = directory.path().join("disk.log");
    round.log = Arc::new(AckLog::open(&round.site.acks(), Some(path.clone()))?);
    let environment = Shim::build()?.environment(&round.site.data(), Some(&path), None);
    let mut host = round.start(&How { environment, ..How::default() })?;
    round.ready(&mut host).await?;
    let mut load = crate::load::Load::new(&round.site, &round.client, &round.log);
    if is_filling {
        // Enough for the log to be moved into the store's file, more than once.
        (load.filling_percent, load.pause_millis) = (60, 5);
    }
    let load = Arc::new(load);
    let clients = load.run(6, random);
    let millis = match (plan.size, is_filling) {
        (_, true) => 6000,
        (Size::Test, false) => 1500,
        (Size::Smoke | Size::Night, false) => 3000,
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
    load.stop();
    join(clients).await?;
    host.terminate(&round.log)?;
    let log = power::read(&path)?;
    let acks = crate::acks::read(&round.site.acks())?;
    let syncs = log.iter().filter(|record| matches!(record.change, power::Change::Synced { .. })).count();
    ensure!(
        load.acknowledged() > 0 && syncs > 0,
        "{} starts, {syncs} fsyncs: nothing was recorded",
        load.acknowledged()
    );
    Ok(Recorded { round, log, acks })
}

/// Images that are opened in this process; and the control, whose fsyncs are taken for nothing.
pub(super) async fn images(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let (mut all, mut controls, mut moved) = (Tally::default(), Tally::default(), 0);
    let mut runs = 0;
    while all.images < cycles {
        // Every other run of a longer programme fills the log.
        let is_filling = plan.size != Size::Test && runs % 2 == 1;
        let recorded = record(plan, is_filling, random).await?;
        moved += moves(&recorded.log);
        runs += 1;
        let half = if plan.size == Size::Test { cycles } else { cycles.div_ceil(2) };
        let count = IMAGES_OF_A_RUN.min(half).min(cycles - all.images);
        let images = Images { log: &recorded.log, acks: &recorded.acks, count, ignores_syncs: false };
        add(&mut all, power::check_images(images, random)?);
        if runs == 1 {
            let images = Images { count: CONTROLS, ignores_syncs: true, ..images };
            add(&mut controls, power::check_images(images, random)?);
        }
    }
    found.cycles = all.images;
    if let Some(violation) = all.first_violation.clone() {
        let text = format!("{} images lost what was acknowledged, {} are damaged\n{violation}", all.lost, all.damaged);
        found.violations.extend(std::iter::repeat_n(text, all.violations()));
    }
    if controls.violations() == 0 {
        found.violations.push("without fsync nothing was lost: these images prove nothing".to_owned());
    }
    found.extra = format!(
        "{} acknowledgements held; {runs} runs, {moved} writes to the store's own file; control: {} of {} images fail",
        all.acknowledgements,
        controls.violations(),
        controls.images
    );
    Ok(found)
}

/// Writes into the biggest part of the store: the file that is not the log.
fn moves(log: &[Record]) -> usize {
    let store = log.iter().find_map(|record| match &record.change {
        power::Change::Created { file, name } if name == "store.db" => Some(*file),
        _ => None,
    });
    let is_move =
        |record: &&Record| matches!(&record.change, power::Change::Written { file, .. } if Some(*file) == store);
    log.iter().filter(is_move).count()
}

fn add(all: &mut Tally, one: Tally) {
    all.images += one.images;
    all.lost += one.lost;
    all.damaged += one.damaged;
    all.acknowledgements += one.acknowledgements;
    all.first_violation = all.first_violation.take().or(one.first_violation);
}

/// Images that a real host goes on with until everything that was acknowledged has ended.
pub(super) async fn hosts(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let mut executions = 0;
    while found.cycles < cycles {
        let recorded = record(plan, false, random).await?;
        for _ in 0..10.min(cycles - found.cycles) {
            found.cycles += 1;
            executions += one_host(plan, &recorded, random, &mut found).await?;
        }
    }
    found.extra = format!("{executions} acknowledged executions came to their end");
    Ok(found)
}

async fn one_host(plan: &Plan, recorded: &Recorded, random: &mut Random, found: &mut Found) -> Result<usize> {
    let moment = random.index(recorded.log.len()) + 1;
    let (mut disk, mut end) = (Disk::default(), 0);
    for record in recorded.log.iter().take(moment) {
        disk.apply(record);
        end = record.end;
    }
    let round = Round::new(plan)?;
    disk.write_image(&round.site.data(), Tearing::any(random), random)?;
    let mut told = 0;
    for ack in &recorded.acks {
        if let Ack::Started { position, .. } | Ack::Stopped { position, .. } = ack
            && *position <= end
        {
            round.log.note(ack)?;
            told += usize::from(matches!(ack, Ack::Started { .. }));
        }
    }
    // The power went, and what tasks did until then is known; what they did later, the other
    // host did, and not this one. So the effects are left out but for those that are new.
    let mut host = round.start(&How::default())?;
    round.ready(&mut host).await.with_context(|| recorded.round.site.log_end())?;
    let settled = round.load().settle(random).await;
    if let Err(error) = settled.and(host.terminate(&round.log)) {
        found.violations.push(format!("{error:#}\n{}", round.site.log_end()));
    }
    round.check_without_effects(found)?;
    Ok(told)
}
