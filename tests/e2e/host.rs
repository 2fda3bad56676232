//! The real binary in a directory of its own.

#![allow(dead_code, reason = "no test uses all of it")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a host may take to become ready.
const READY_MAX: Duration = Duration::from_secs(120);

/// A directory for a project, and an address that was free a moment ago.
pub struct Site {
    directory: tempfile::TempDir,
    port: u16,
}

impl Site {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), port: free_port() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// What hosts wrote here so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("host.log")).unwrap_or_default()
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An HTTP client; connections to loopback are never encrypted, but it wants to be able to.
pub fn client() -> reqwest::Client {
    // Whoever was first installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// A running host; killed when it is dropped.
pub struct Host<'a> {
    site: &'a Site,
    child: Child,
}

impl<'a> Host<'a> {
    /// Starts `stepwell` with these words and the path of the site's project file.
    pub fn start(site: &'a Site, words: &[&str]) -> Self {
        let log = File::options().create(true).append(true).open(site.path("host.log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_stepwell"))
            .args(words)
            .arg(site.path("stepwell.toml"))
            .env("STEPWELL_COMPILED", stepwell_testing::target_directory().join("compiled"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { site, child }
    }

    pub async fn wait_until_ready(&mut self) {
        let client = client();
        let begin = Instant::now();
        loop {
            if let Ok(answer) = client.get(self.site.url("/readyz")).send().await
                && answer.status().is_success()
            {
                return;
            }
            let exited = self.child.try_wait().unwrap();
            assert!(exited.is_none(), "the host ended: {exited:?}\n{}", self.site.log());
            assert!(begin.elapsed() < READY_MAX, "not ready\n{}", self.site.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL: nothing is said, nothing is written.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how the host ended.
    pub fn terminate(&mut self) -> ExitStatus {
        let done = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(done.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Host<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a file.
pub fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{} to {}: {error}", from.display(), to.display()));
}
