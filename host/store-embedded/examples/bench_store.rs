//! How many durable steps a second the embedded store takes, by how many go into one commit.
//!
//! `cargo run --release -p stepwell-store-embedded --example bench_store [DIRECTORY] [SECONDS]`
//!
//! The load is that of a busy host: 1,000 executions advance at random, each ends after ten
//! steps and another takes its place; a step is one entry of 300 bytes, and six in ten change
//! when the execution is to be woken. DIRECTORY is where the store lies while it is measured
//! (a new directory under it, removed afterwards); its disk decides the first row.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use stepwell_store::{Entry, Error, ExecutionChange, Group, NewExecution, Outcome, Status, Store as _};
use stepwell_store_embedded::EmbeddedStore;

const EXECUTIONS: usize = 1_000;
const STEPS_OF_EXECUTION: u64 = 10;
const BODY_BYTES: usize = 300;
const BATCHES: [usize; 3] = [1, 32, 256];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.next().map_or(Ok(4), |text| text.parse())?;
    println!("batch  commits/s   steps/s  p50 µs  p99 µs  bytes/step");
    for batch in BATCHES {
        let place = tempfile::tempdir_in(&parent)?;
        let store = EmbeddedStore::open(place.path())?;
        let row = measure(&store, batch, Duration::from_secs(seconds))?;
        println!("{row}");
    }
    Ok(())
}

fn measure(store: &EmbeddedStore, batch: usize, time: Duration) -> Result<String, Error> {
    let mut load = Load::new();
    let mut commits: Vec<Duration> = Vec::new();
    let written = bytes_written();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let groups = load.groups(batch);
        let begun = Instant::now();
        let outcomes = store.commit(&groups)?;
        commits.push(begun.elapsed());
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Committed));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let written = bytes_written().zip(written).map(|(after, before)| after - before);
    let count = commits.len();
    let steps = count * batch;
    commits.sort_unstable();
    let percentile = |part: usize| commits.get(count * part / 100).map_or(0, |duration| duration.as_micros());
    let bytes = written.map_or_else(
        || "-".to_owned(),
        |written| (written / u64::try_from(steps).unwrap_or(u64::MAX).max(1)).to_string(),
    );
    Ok(format!(
        "{batch:>5} {:>10.0} {:>9.0} {:>7} {:>7} {bytes:>11}",
        per_second(count, seconds),
        per_second(steps, seconds),
        percentile(50),
        percentile(99),
    ))
}

fn per_second(count: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}

struct Load {
    running: Vec<(String, u64)>,
    started: u64,
    random: u64,
}

impl Load {
    fn new() -> Self {
        let running = vec![(String::new(), STEPS_OF_EXECUTION); EXECUTIONS];
        Self { running, started: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    fn groups(&mut self, batch: usize) -> Vec<Group> {
        (0..batch).filter_map(|_| self.group()).collect()
    }

    /// The next step of an execution drawn at random.
    fn group(&mut self) -> Option<Group> {
        let drawn = self.draw();
        let place = usize::try_from(drawn % u64::try_from(self.running.len()).ok()?).ok()?;
        let fresh = uuid_like(self.draw());
        let (id, step) = self.running.get_mut(place)?;
        let mut create = None;
        if *step == STEPS_OF_EXECUTION {
            self.started += 1;
            *id = format!("{:012x}-{fresh}", self.started);
            *step = 0;
            create = Some(new(id, self.started));
        }
        let number = *step;
        *step += 1;
        let at_micros = i64::try_from(self.started).ok()?;
        let change = if *step == STEPS_OF_EXECUTION {
            Some((Status::Succeeded, Some(at_micros), None))
        } else if drawn >> 32 & 0xff < 154 {
            Some((Status::Running, None, Some(i64::try_from(drawn >> 20).ok()?)))
        } else {
            None
        };
        Some(Group {
            execution: id.clone(),
            expected_entries: number,
            create,
            entries: vec![Entry { number, at_micros, body: vec![b'x'; BODY_BYTES] }],
            change: change.map(|(status, closed_at_micros, wake_at_micros)| ExecutionChange {
                status,
                closed_at_micros,
                wake_at_micros,
            }),
            ..Group::default()
        })
    }

    /// xorshift64: the load is the same in every run.
    fn draw(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

fn uuid_like(random: u64) -> String {
    format!("{random:016x}")
}

fn new(id: &str, started: u64) -> NewExecution {
    NewExecution {
        workflow: format!("workflow-{}", started % 8),
        name: id.to_owned(),
        definition_digest: format!("digest-{}", started % 8),
        definition: "{\"StartAt\":\"A\"}".into(),
        input_digest: "0".repeat(64),
        started_at_micros: i64::try_from(started).unwrap_or(i64::MAX),
        child: None,
    }
}

/// What this process has had written to disks, where the system says so.
fn bytes_written() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/io").ok()?;
    text.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}
