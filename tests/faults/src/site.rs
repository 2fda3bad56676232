//! A project in a directory of its own, and the real host on it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::acks::{Ack, AckLog};
use crate::workflows;

/// How long a host may take to become ready.
const READY_SECONDS: u64 = 120;

/// A directory that lies in memory where there is one: what tasks leave need not wait for a disk.
pub fn memory_directory() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

/// A project with all workflows of the load, and an address that was free a moment ago.
#[derive(Debug)]
pub struct Site {
    directory: tempfile::TempDir,
    effects: tempfile::TempDir,
    binary: PathBuf,
    bug: Option<&'static str>,
    port: u16,
}

impl Site {
    /// Writes the project. A bug is one of [`crate::programme::BUGS`].
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn new(binary: &Path, bug: Option<&'static str>) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (directory, effects) = (tempfile::tempdir()?, memory_directory()?);
        let site = Self { directory, effects, binary: binary.to_owned(), bug, port };
        fs::create_dir(site.data())?;
        let component = stepwell_testing::guest("ledger");
        let mut toml = format!(
            "[project]\nname = \"faults\"\n[host]\nlisten = \"127.0.0.1:{port}\"\ndata = \"data\"\n\
             [plugins.ledger]\ncomponent = {component:?}\n[plugins.ledger.grants]\n\
             directories.effects = {{ path = {:?}, access = \"read-write\" }}\n",
            site.effects.path(),
        );
        for (name, definition) in workflows::all() {
            fs::write(site.path(&format!("{name}.asl.json")), definition.to_string())?;
            toml += &format!("[workflows.{name}]\ndefinition = \"{name}.asl.json\"\n");
        }
        fs::write(site.path("stepwell.toml"), toml)?;
        Ok(site)
    }

    /// A path in the site's directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// What the tasks left.
    #[must_use]
    pub fn effects(&self) -> &Path {
        self.effects.path()
    }

    /// The log of what clients were told.
    #[must_use]
    pub fn acks(&self) -> PathBuf {
        self.path("acks.jsonl")
    }

    /// A URL of the host.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where the host listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// What hosts wrote here so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("host.log")).unwrap_or_default()
    }

    /// The last lines of that.
    #[must_use]
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Starts a host.
    ///
    /// # Errors
    /// When the binary does not start.
    pub fn start(&self, log: &AckLog, how: &How) -> Result<Host> {
        let out = File::options().create(true).append(true).open(self.path("host.log"))?;
        let mut command = match how.files {
            None => Command::new(&self.binary),
            Some(files) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]).arg(&self.binary);
                command
            }
        };
        command.args(["serve", "--project"]).arg(self.path("stepwell.toml"));
        if let Some(data) = &how.data {
            command.arg("--data").arg(data);
        }
        let compiled = how.compiled.clone().unwrap_or_else(|| stepwell_testing::target_directory().join("compiled"));
        command.env("STEPWELL_COMPILED", compiled).envs(how.environment.iter().cloned());
        command.envs(self.bug.map(|bug| ("STEPWELL_SEEDED_BUG", bug)));
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| self.binary.display().to_string())?;
        log.note(&Ack::HostStarted)?;
        Ok(Host { child, url: self.url("/readyz") })
    }
}

/// What is special about a start.
#[derive(Debug, Default, Clone)]
pub struct How {
    pub environment: Vec<(String, OsString)>,
    /// How many files it may have open.
    pub files: Option<u32>,
    /// Another data directory than the site's.
    pub data: Option<PathBuf>,
    /// Another cache of compiled components than all others share.
    pub compiled: Option<PathBuf>,
}

/// A running host; killed when it is dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    url: String,
}

impl Host {
    /// Waits until it takes work; returns how long that took.
    ///
    /// # Errors
    /// When it ends before, or takes too long.
    pub async fn wait_until_ready(&mut self, client: &reqwest::Client) -> Result<Duration> {
        let begin = Instant::now();
        loop {
            if let Ok(answer) = client.get(&self.url).send().await
                && answer.status().is_success()
            {
                return Ok(begin.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the host ended before it was ready: {status}");
            }
            ensure!(begin.elapsed().as_secs() < READY_SECONDS, "the host is not ready after {READY_SECONDS} s");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// SIGKILL: nothing is said, nothing is written.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn kill(&mut self, log: &AckLog) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        log.note(&Ack::HostLost)?;
        log.sync()
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it did not go down in good order.
    pub fn terminate(&mut self, log: &AckLog) -> Result<()> {
        self.signal("TERM")?;
        let status = self.child.wait()?;
        log.note(&Ack::HostEnded)?;
        log.sync()?;
        ensure!(status.success(), "the host went down with {status}");
        Ok(())
    }

    /// Sends a signal by name.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status()?;
        ensure!(sent.success(), "SIG{name} was not sent");
        Ok(())
    }

    /// The signal that ended it, if one did.
    #[must_use]
    pub fn signal_of(status: ExitStatus) -> Option<i32> {
        status.signal()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP client; connections to loopback are never encrypted, but it wants to be able to.
#[must_use]
pub fn client() -> reqwest::Client {
    // Whoever was first installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap_or_default()
}

/// What a URL answers, as JSON.
///
/// # Errors
/// When nothing answers, with another status than 200, or no JSON.
pub async fn get(client: &reqwest::Client, url: &str) -> Result<Value> {
    let answer = client.get(url).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{url}: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}
