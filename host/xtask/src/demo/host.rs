//! The host, as the demo talks to it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::http::{Answer, request};
use super::running::Running;
use crate::commands;

/// Plugins are compiled once; a slow machine takes half a minute for it.
const READY_WITHIN: Duration = Duration::from_secs(180);
const LOG_LINES_SHOWN: usize = 20;

pub struct Host<'a> {
    pub address: SocketAddr,
    pub binary: &'a Path,
    pub root: &'a Path,
}

impl Host<'_> {
    pub fn command(binary: &Path, project: &Path, address: SocketAddr) -> Command {
        let mut command = Command::new(binary);
        command.arg("dev").arg(project).arg("--listen").arg(address.to_string());
        command
    }

    pub fn wait_until_ready(&self, running: &mut Running) -> Result<()> {
        let begun = Instant::now();
        while !request("GET", self.address, "/readyz", "").is_ok_and(|answer| answer.status == 200) {
            let ended = running.has_ended("host")?;
            if ended || begun.elapsed() > READY_WITHIN {
                let log = std::fs::read_to_string(running.log("host")).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let last = lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default();
                eprintln!("{}", last.join("\n"));
                let what = if ended { "ended before it was ready" } else { "is not ready after three minutes" };
                bail!("the host {what}; its log is {}", running.log("host").display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub fn post(&self, path: &str, body: &str) -> Result<Answer> {
        request("POST", self.address, path, body).with_context(|| format!("POST {path}"))
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        request("GET", self.address, path, "").with_context(|| format!("GET {path}"))
    }

    /// The live tree: states as they are entered, tried and left.
    pub fn follow(&self, id: &str) -> Result<()> {
        let mut follow = Command::new(self.binary);
        follow.args(["executions", "show", id, "--follow", "--host"]).arg(format!("http://{}", self.address));
        // The tree is talk; what `show` says at the end, the demo shows in its own way.
        commands::run(follow.current_dir(self.root).stdout(Stdio::null()))
    }
}
