//! The programs that the demo started, and how they end: with the demo, on Ctrl-C, or, kept
//! with `--keep`, by the next demo.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::commands::say;

/// A host drains for at most 30 seconds.
const DRAIN_WITHIN: Duration = Duration::from_secs(35);
const INTERRUPTED: i32 = 130;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// After Ctrl-C, what follows from the programs' end is not worth telling: this never returns
/// then, and whoever heard the signal ends the process.
pub fn settle() {
    while IS_INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Drop stops what was started, unless it was kept.
pub struct Running {
    place: PathBuf,
    children: Vec<(&'static str, Child)>,
    /// The same by number, for whoever hears Ctrl-C.
    pids: Arc<Mutex<Vec<u32>>>,
}

impl Running {
    pub fn new(place: &Path) -> Result<Self> {
        let pids = Arc::new(Mutex::new(Vec::new()));
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).context("cannot listen for Ctrl-C")?;
        let (known, state) = (Arc::clone(&pids), state(place));
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                IS_INTERRUPTED.store(true, Ordering::SeqCst);
                say("stopping");
                stop_all(&known.lock().unwrap_or_else(PoisonError::into_inner));
                let _ = std::fs::remove_file(state);
                std::process::exit(INTERRUPTED);
            }
        });
        Ok(Self { place: place.to_owned(), children: Vec::new(), pids })
    }

    /// Starts a program in a process group of its own, so that it can outlive this one, with
    /// what it says in a log.
    pub fn start(&mut self, name: &'static str, mut command: Command) -> Result<()> {
        let log = self.log(name);
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let program = command.get_program().to_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut pids = self.pids.lock().unwrap_or_else(PoisonError::into_inner);
        pids.push(child.id());
        self.children.push((name, child));
        let lines: Vec<_> = pids.iter().map(u32::to_string).collect();
        std::fs::write(state(&self.place), lines.join("\n")).context("cannot note what runs")
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.place.join(format!("{name}.log"))
    }

    pub fn has_ended(&mut self, name: &str) -> Result<bool> {
        match self.children.iter_mut().find(|(known, _)| *known == name) {
            Some((_, child)) => Ok(child.try_wait()?.is_some()),
            None => Ok(true),
        }
    }

    /// Lets the programs live on, and says how to end them.
    pub fn keep(mut self) -> Result<String> {
        let mut pids = self.pids.lock().unwrap_or_else(PoisonError::into_inner);
        let line = pids.drain(..).map(|pid| pid.to_string()).collect::<Vec<_>>().join(" ");
        drop(pids);
        self.children.clear();
        Ok(format!("kill {line}"))
    }

    pub fn stop(self) {}

    /// Ends what an earlier demo left, so that it can be run twice.
    pub fn stop_earlier(place: &Path) -> Result<()> {
        let path = state(place);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
        let pids: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).filter(|pid| is_ours(*pid)).collect();
        if !pids.is_empty() {
            say("stopping the host of an earlier demo");
            stop_all(&pids);
        }
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pids = std::mem::take(&mut *self.pids.lock().unwrap_or_else(PoisonError::into_inner));
        if pids.is_empty() {
            return;
        }
        pids.iter().for_each(|pid| signal("TERM", *pid));
        for (_, child) in &mut self.children {
            let _ = child.wait();
        }
        let _ = std::fs::remove_file(state(&self.place));
    }
}

/// The process ids of what runs, one in a line.
fn state(place: &Path) -> PathBuf {
    place.join("running")
}

fn stop_all(pids: &[u32]) {
    pids.iter().for_each(|pid| signal("TERM", *pid));
    let begun = Instant::now();
    while pids.iter().any(|pid| is_ours(*pid)) {
        if begun.elapsed() > DRAIN_WITHIN {
            pids.iter().filter(|pid| is_ours(**pid)).for_each(|pid| signal("KILL", *pid));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Numbers are given again: only a process that looks like one of the demo's is touched.
fn is_ours(pid: u32) -> bool {
    let ps = Command::new("ps").args(["-o", "stat=,command=", "-p", &pid.to_string()]).output();
    let line = match std::fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => String::from_utf8_lossy(&line).replace('\0', " "),
        Err(_) => ps.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default(),
    };
    !line.trim_start().starts_with('Z') && ["/stepwell ", "/xtask "].iter().any(|program| line.contains(program))
}

fn signal(name: &str, pid: u32) {
    // The shell has `kill` built in where no program of that name is installed.
    let _ = Command::new("sh").args(["-c", &format!("kill -{name} {pid} 2>/dev/null")]).status();
}
