//! Runs commands and shows them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Says what comes next. Talk goes to standard error.
pub fn say(text: &str) {
    match std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        true => eprintln!("\x1b[1m==> {text}\x1b[0m"),
        false => eprintln!("==> {text}"),
    }
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    let words = command.get_args().map(OsStr::to_string_lossy).map(|word| match word.contains([' ', '"', '\'']) {
        true => format!("'{word}'"),
        false => word.into_owned(),
    });
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

/// Shows the command and runs it to its end, with this terminal as its own.
pub fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("    {line}");
    let status = command.status().with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// The same, showing and keeping what it writes. A command that fails is not an error here.
pub fn run_and_keep(command: &mut Command) -> Result<Kept> {
    let line = shown(command);
    eprintln!("    {line}");
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{line}`"))?;
    let stdout = child.stdout.take().context("a piped stream is there")?;
    let stderr = child.stderr.take().context("a piped stream is there")?;
    let errors = std::thread::spawn(move || copy_lines(stderr, &mut std::io::stderr()));
    let mut text = copy_lines(stdout, &mut std::io::stdout());
    text.push_str(&errors.join().unwrap_or_default());
    let status = child.wait().with_context(|| format!("cannot wait for `{line}`"))?;
    Ok(Kept { succeeded: status.success(), text })
}

/// What a command wrote.
#[derive(Debug)]
pub struct Kept {
    pub succeeded: bool,
    /// Standard output, then standard error.
    pub text: String,
}

fn copy_lines(from: impl Read, to: &mut impl Write) -> String {
    let mut text = String::new();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal is no reason to stop the tests.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        text.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    text
}
