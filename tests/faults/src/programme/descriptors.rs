//! F7: no file can be opened any more, because clients hold every descriptor.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::round::Round;
use super::{Found, Plan};
use crate::load::join;
use crate::random::Random;
use crate::site::{Host, How};

/// How many files a host may have open.
const LIMITS: [u32; 3] = [64, 128, 256];

/// How many clients connect and say nothing.
const CONNECTIONS: usize = 600;

/// Within so many seconds of their going the host answers again.
const RECOVERS_SECONDS: u64 = 5;

pub(super) async fn exhaust(plan: &Plan, cycles: usize, random: &mut Random) -> Result<Found> {
    let mut found = Found::default();
    let mut slowest = Duration::ZERO;
    for _ in 0..cycles {
        found.cycles += 1;
        for files in LIMITS {
            let round = Round::new(plan)?;
            let mut host = round.start(&How { files: Some(files), ..How::default() })?;
            round.ready(&mut host).await?;
            match one(&round, &mut host, random).await {
                Ok(took) => slowest = slowest.max(took),
                Err(error) => found.violations.push(format!("{files} files: {error:#}\n{}", round.site.log_end())),
            }
            let host = if host.ended()?.is_none() { Some(host) } else { None };
            round.settle(host, random, &mut found).await?;
        }
    }
    found.extra =
        format!("64, 128 and 256 files; answers {} ms after there are some again, at most", slowest.as_millis());
    Ok(found)
}

async fn one(round: &Round, host: &mut Host, random: &mut Random) -> Result<Duration> {
    let load = round.load();
    let clients = load.run(3, random);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let address = round.site.address();
    // The queue of connections that nobody accepts has an end as well.
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let held: Vec<_> = (0..CONNECTIONS).map_while(connect).collect();
    tokio::time::sleep(Duration::from_millis(700)).await;
    ensure!(host.ended()?.is_none(), "the host ended while {} clients held connections", held.len());
    drop(held);
    let begin = Instant::now();
    let client = crate::site::client();
    while client.get(round.site.url("/livez")).timeout(Duration::from_secs(1)).send().await.is_err() {
        ensure!(begin.elapsed().as_secs() < RECOVERS_SECONDS, "the host does not answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begin.elapsed();
    tokio::time::sleep(Duration::from_millis(300)).await;
    load.stop();
    join(clients).await?;
    Ok(took)
}
