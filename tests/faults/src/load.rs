//! The clients: they start, start again, stop and read, and note what they are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::acks::{Ack, AckLog};
use crate::random::Random;
use crate::site::{Site, get};
use crate::workflows;

/// How long everything may take to come to its end on a slow machine.
const QUIET_SECONDS: u64 = 120;

/// Rows of a page.
const PAGE_ROWS: usize = 1000;

/// Largest input that is made to fill the disk's log (bytes).
const FILLING_BYTES: u64 = 150_000;

/// What clients share.
#[derive(Debug)]
pub struct Load {
    client: reqwest::Client,
    base: String,
    log: Arc<AckLog>,
    /// Longest pause between two requests of a client (milliseconds).
    pub pause_millis: u64,
    /// In so many of a hundred cases the input is large.
    pub filling_percent: u64,
    /// How long everything may take to come to its end.
    pub quiet_seconds: u64,
    stopped: AtomicBool,
    acknowledged: AtomicU64,
    names: AtomicU64,
}

impl Load {
    /// Clients of the site's host.
    #[must_use]
    pub fn new(site: &Site, client: &reqwest::Client, log: &Arc<AckLog>) -> Self {
        Self {
            client: client.clone(),
            base: site.url(""),
            log: Arc::clone(log),
            pause_millis: 30,
            filling_percent: 0,
            quiet_seconds: QUIET_SECONDS,
            stopped: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            names: AtomicU64::new(0),
        }
    }

    /// How many starts were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Tells all clients to come to an end.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Runs so many clients until the host is gone, or the load is stopped.
    pub fn run(self: &Arc<Self>, clients: u64, random: &mut Random) -> Vec<tokio::task::JoinHandle<Result<()>>> {
        let run = |_| {
            let (load, mut random) = (Arc::clone(self), Random::new(random.draw()));
            tokio::spawn(async move {
                let mut known = Vec::new();
                while !load.stopped.load(Ordering::Relaxed) {
                    if !load.act(&mut random, &mut known).await? {
                        return Ok(());
                    }
                    tokio::time::sleep(Duration::from_millis(random.below(load.pause_millis + 1))).await;
                }
                Ok(())
            })
        };
        (0..clients).map(run).collect()
    }

    /// Does one thing; false when nothing answers any more.
    async fn act(&self, random: &mut Random, known: &mut Vec<(String, String)>) -> Result<bool> {
        let at = random.index(known.len());
        match (random.below(10), known.get(at).cloned()) {
            (0, Some((_, id))) => self.read(&id).await,
            (1, Some((workflow, id))) => {
                if workflow == workflows::LONG || random.percent(20) {
                    self.stop_one(&id).await
                } else {
                    Ok(true)
                }
            }
            _ => self.start(random, known).await,
        }
    }

    async fn start(&self, random: &mut Random, known: &mut Vec<(String, String)>) -> Result<bool> {
        let all = workflows::all();
        let Some((workflow, _)) = all.get(random.index(all.len())) else { return Ok(true) };
        let mut input = json!({"n": random.below(1000), "seconds": random.below(3), "fail": random.below(4)});
        input["items"] = json!((0..random.below(5)).map(|n| json!({"item": n})).collect::<Vec<_>>());
        if *workflow != "retries" {
            input["fail"] = json!(0);
        }
        if random.percent(self.filling_percent) {
            let bytes = usize::try_from(random.below(FILLING_BYTES))?;
            input["filling"] = json!("x".repeat(bytes));
        }
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        let name = format!("n{}-{number}-{:08x}", std::process::id(), random.draw() >> 32);
        let times = if random.percent(15) { 2 } else { 1 };
        for _ in 0..times {
            match self.start_named(workflow, &name, &input).await? {
                Some(Some(id)) => known.push((workflow.to_string(), id)),
                Some(None) => {}
                None => return Ok(false),
            }
        }
        if random.percent(5) {
            // The same name for something else is refused.
            input["n"] = json!("other");
            return Ok(self.start_named(workflow, &name, &input).await?.is_some());
        }
        Ok(true)
    }

    /// The id; nothing inside when the start was refused; nothing at all when nobody answers.
    async fn start_named(&self, workflow: &str, name: &str, input: &Value) -> Result<Option<Option<String>>> {
        let url = format!("{}/api/v1/workflows/{workflow}/executions", self.base);
        let Some((status, body)) = self.post(&url, &json!({"name": name, "input": input})).await else {
            return Ok(None);
        };
        let position = self.log.position();
        let (workflow, name) = (workflow.to_owned(), name.to_owned());
        match status {
            202 => {
                let id = body["id"].as_str().context("a start without an id")?.to_owned();
                let existing = body["existing"] == true;
                let input = input.clone();
                self.log.note(&Ack::Started { id: id.clone(), workflow, name, input, existing, position })?;
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                Ok(Some(Some(id)))
            }
            409 => {
                let id = body["execution"].as_str().context("a conflict without the execution")?.to_owned();
                self.log.note(&Ack::NameTaken { workflow, name, id })?;
                Ok(Some(None))
            }
            429 | 503 => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(Some(None))
            }
            _ => anyhow::bail!("a start was answered with {status}: {body}"),
        }
    }

    async fn stop_one(&self, id: &str) -> Result<bool> {
        let url = format!("{}/api/v1/executions/{id}/stop", self.base);
        let Some((status, body)) = self.post(&url, &json!({"error": "Stopped", "cause": "by the load"})).await else {
            return Ok(false);
        };
        match status {
            200 => self.log.note(&Ack::Stopped { id: id.to_owned(), position: self.log.position() })?,
            // It was closed already, or the host takes nothing for now.
            409 | 503 => {}
            404 => self.log.note(&Ack::Missing { id: id.to_owned() })?,
            // The host has set it aside, and the checker will say why.
            500 => {}
            _ => anyhow::bail!("a stop was answered with {status}: {body}"),
        }
        Ok(true)
    }

    async fn read(&self, id: &str) -> Result<bool> {
        let url = format!("{}/api/v1/executions/{id}/history?limit=10000", self.base);
        let Ok(answer) = self.client.get(url).send().await else { return Ok(false) };
        let status = answer.status();
        let Ok(body) = answer.json::<Value>().await else { return Ok(false) };
        if status.as_u16() == 404 {
            self.log.note(&Ack::Missing { id: id.to_owned() })?;
            return Ok(true);
        }
        // The host says itself that this one is damaged; the checker will say so too.
        if body["executionStatus"].is_null() && status.as_u16() == 500 {
            return Ok(true);
        }
        ensure!(status.is_success(), "an acknowledged execution cannot be read: {status} {body}");
        let events = body["events"].as_array().cloned().context("a history without events")?;
        self.log.note(&Ack::Read { id: id.to_owned(), events })?;
        Ok(true)
    }

    async fn post(&self, url: &str, body: &Value) -> Option<(u16, Value)> {
        let answer = self.client.post(url).json(body).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// Brings everything to its end: stops what would wait for an hour, and waits for the rest.
    /// Then notes how the host lists everything, and what it shows of some.
    ///
    /// # Errors
    /// When it does not come to an end.
    pub async fn settle(&self, random: &mut Random) -> Result<()> {
        let begin = Instant::now();
        loop {
            let running = self.list("?status=RUNNING").await?;
            if running.is_empty() {
                break;
            }
            for row in running.iter().filter(|row| row["workflow"] == workflows::LONG) {
                self.stop_one(row["id"].as_str().unwrap_or_default()).await?;
            }
            ensure!(begin.elapsed().as_secs() < self.quiet_seconds, "{} executions run on and on", running.len());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let rows = self.list("?").await?;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        self.log.note(&Ack::Listed { ids: rows.iter().map(|row| (text(row, "id"), text(row, "status"))).collect() })?;
        for _ in 0..rows.len().min(30) {
            if let Some(row) = rows.get(random.index(rows.len())) {
                self.read(&text(row, "id")).await?;
            }
        }
        Ok(())
    }

    /// Stops everything that waits for an hour.
    ///
    /// # Errors
    /// When the host does not answer as it should.
    pub async fn stop_long(&self) -> Result<()> {
        for row in self.list(&format!("?status=RUNNING&workflow={}", workflows::LONG)).await? {
            self.stop_one(row["id"].as_str().unwrap_or_default()).await?;
        }
        Ok(())
    }

    async fn list(&self, query: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let url = format!("{}/api/v1/executions{query}&limit={PAGE_ROWS}{cursor}", self.base);
            let mut page = get(&self.client, &url).await?;
            if let Some(page) = page["executions"].as_array_mut() {
                rows.append(page);
            }
            let Some(next) = page["next"].as_str() else { return Ok(rows) };
            cursor = format!("&cursor={next}");
        }
    }
}

/// Waits for clients; what one of them could not take is the programme's failure.
///
/// # Errors
/// When a client met an answer that should not be.
pub async fn join(clients: Vec<tokio::task::JoinHandle<Result<()>>>) -> Result<()> {
    for client in clients {
        client.await??;
    }
    Ok(())
}
