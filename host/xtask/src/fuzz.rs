//! `cargo xtask fuzz`: bytes that look for what does not hold, guided by what they reach.
//!
//! The coverage counters are the compiler's own and need no nightly; libFuzzer reads them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::commands::{self, say};
use crate::repository::Repository;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// What to fuzz; everything, one after the other, when nothing is named
    targets: Vec<Target>,
    /// How long each target is fuzzed
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Definitions, and executions of those that are accepted
    Definition,
    /// Paths, functions and templates over documents
    Jsonpath,
    /// Expressions of JSONata over documents
    Jsonata,
    /// Generated definitions, and whatever may happen to their executions
    Step,
}

/// What came of a target.
struct Found {
    target: &'static str,
    executions: String,
    coverage: String,
    findings: usize,
}

const MANIFEST: &str = "tests/fuzz/Cargo.toml";
/// Counters on every edge of the control flow, and the comparisons on the way to it.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
const SEED_BYTES_MAX: usize = 4_096;
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

pub fn run(repository: &Repository, options: &Options) -> Result<()> {
    let binaries = build(repository)?;
    let targets = if options.targets.is_empty() { Target::value_variants() } else { options.targets.as_slice() };
    let mut lines = Vec::new();
    for target in targets {
        lines.push(fuzz(repository, &binaries, *target, options.minutes)?);
    }
    println!("{:<12}{:>14}{:>10}{:>10}", "target", "executions", "edges", "findings");
    for line in &lines {
        println!("{:<12}{:>14}{:>10}{:>10}", line.target, line.executions, line.coverage, line.findings);
    }
    match lines.iter().map(|line| line.findings).sum::<usize>() {
        0 => Ok(()),
        count => {
            bail!("{count} findings lie in tests/fuzz/regressions; `cargo test -p stepwell-asl --test fuzz` runs them")
        }
    }
}

/// Compiles the targets, and says where they lie.
fn build(repository: &Repository) -> Result<PathBuf> {
    say("building the fuzz targets (release, with coverage counters)");
    let host = host_triple()?;
    let target = repository.target.join("fuzz");
    let mut build = repository.cargo(&["build", "--release", "--manifest-path", MANIFEST, "--target", &host]);
    commands::run(build.arg("--target-dir").arg(&target).env("RUSTFLAGS", COVERAGE))?;
    Ok(target.join(host).join("release"))
}

/// With a target named, build scripts and macros are compiled without the counters.
fn host_triple() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host =
        text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not say what it runs on")?;
    Ok(host.to_owned())
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Jsonpath => "jsonpath",
            Self::Jsonata => "jsonata",
            Self::Step => "step",
        }
    }
}

fn fuzz(repository: &Repository, binaries: &Path, target: Target, minutes: u64) -> Result<Found> {
    let name = target.name();
    let corpus = repository.target.join("fuzz/corpus").join(name);
    let regressions = repository.root.join("tests/fuzz/regressions").join(name);
    for directory in [&corpus, &regressions] {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    sow(repository, target, &corpus)?;
    say(&format!("fuzzing {name} for {minutes} minutes"));
    let before = files(&regressions);
    let binary = binaries.join(name);
    let mut command = Command::new(&binary);
    command.arg(&corpus).arg(&regressions).args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
    command.arg(format!("-max_len={SEED_BYTES_MAX}")).arg(format!("-max_total_time={}", minutes * 60));
    command.arg(format!("-artifact_prefix={}/", regressions.display()));
    let (executions, coverage) = watch(&mut command, name)?;
    let new: Vec<PathBuf> = files(&regressions).difference(&before).cloned().collect();
    for finding in &new {
        minimise(&binary, finding)?;
    }
    Ok(Found { target: name, executions, coverage, findings: new.len() })
}

/// Runs a target to its end; returns its executions and the edges it reached.
fn watch(command: &mut Command, name: &str) -> Result<(String, String)> {
    eprintln!("    {}", commands::shown(command));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot run the target")?;
    let stderr = child.stderr.take().context("a piped stream is there")?;
    let (mut executions, mut coverage, mut told) = ("0".to_owned(), "0".to_owned(), Instant::now());
    let terminal = std::io::stderr().is_terminal();
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split_whitespace();
        if let Some(count) = line.strip_prefix('#').and_then(|rest| rest.split_whitespace().next())
            && count.bytes().all(|byte| byte.is_ascii_digit())
        {
            executions = count.to_owned();
            if words.any(|word| word == "cov:") {
                coverage = words.next().unwrap_or_default().to_owned();
            }
            if told.elapsed() >= PROGRESS_EVERY {
                told = Instant::now();
                let end = if terminal { '\r' } else { '\n' };
                eprint!("    {name}: {executions} executions, {coverage} edges{end}");
            }
        } else if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            executions = count.trim().to_owned();
        } else if line.contains("panicked at") || line.starts_with("SUMMARY:") || line.contains("ERROR: libFuzzer") {
            eprintln!("{line}");
        }
    }
    // How it ended shows in what it left.
    child.wait().context("cannot wait for the target")?;
    Ok((executions, coverage))
}

/// Makes a finding as small as it gets in a minute.
fn minimise(binary: &Path, finding: &Path) -> Result<()> {
    let mut command = Command::new(binary);
    command.args(["-minimize_crash=1", "-max_total_time=60", "-timeout=10"]);
    command.arg(format!("-exact_artifact_path={}", finding.display())).arg(finding);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().context("cannot run the target")?;
    Ok(())
}

/// Seeds out of the repository's own cases.
fn sow(repository: &Repository, target: Target, corpus: &Path) -> Result<()> {
    for seed in seeds(repository, target)? {
        let name = hex_name(&seed);
        std::fs::write(corpus.join(name), seed).context("cannot write a seed")?;
    }
    Ok(())
}

fn hex_name(seed: &[u8]) -> String {
    Sha256::digest(seed).iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

fn seeds(repository: &Repository, target: Target) -> Result<Vec<Vec<u8>>> {
    // Choices of the generator: the simplest, and some that are not.
    if target == Target::Step {
        return Ok((0..=255_u8)
            .map(|at| (0..=255_u8).map(|n| n.wrapping_mul(at).wrapping_add(n / 3)).collect())
            .collect());
    }
    let mut texts = Vec::new();
    for path in files(&repository.root.join("tests/hostile")) {
        let family = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(Value::Array(cases)) = serde_json::from_str(&std::fs::read_to_string(&path)?) else { continue };
        for case in &cases {
            match target {
                Target::Definition => texts.extend(case["definition"].as_str().map(str::to_owned)),
                Target::Jsonata => expressions(&case["definition"], &mut texts),
                Target::Jsonpath if family.contains("path") || family.contains("functions") || family == "context" => {
                    quoted(&case["definition"], &mut texts);
                }
                Target::Jsonpath | Target::Step => {}
            }
        }
    }
    if target == Target::Definition {
        texts.extend(std::fs::read_to_string(repository.root.join("host/examples/report/report.asl.json")));
    }
    Ok(texts.into_iter().map(String::into_bytes).filter(|seed| seed.len() <= SEED_BYTES_MAX).collect())
}

/// Texts that a case quotes as they stand.
fn quoted(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| quoted(item, texts)),
        Value::Object(members) => match members.get("quoted") {
            Some(Value::String(text)) => texts.push(text.clone()),
            _ => members.values().for_each(|value| quoted(value, texts)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What stands between `{%` and `%}`.
fn expressions(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| expressions(item, texts)),
        Value::Object(members) => match members.get("quoted") {
            Some(Value::Array(parts)) if parts.first().is_some_and(|part| part == "{% ") => {
                texts.extend(parts.get(1).and_then(Value::as_str).map(str::to_owned));
            }
            _ => members.values().for_each(|value| expressions(value, texts)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The files in a directory; none where it is not there.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
