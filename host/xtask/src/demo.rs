//! `cargo xtask demo`: the report example, from nothing to a finished report.

mod host;
mod http;
pub mod receiver;
mod running;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::commands::say;
use crate::guests::{self, EXAMPLE};
use crate::repository::Repository;
use host::Host;
use running::Running;

const HOST_PORT: u16 = 8083;
/// The port that the example's grant names for webhooks.
const RECEIVER_PORT: u16 = 8084;
const REPORT_LINES_SHOWN: usize = 25;
const BODY_CHARACTERS_SHOWN: usize = 160;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Leave the host running and say how to stop it
    #[arg(long)]
    keep: bool,
    /// Where the host listens on 127.0.0.1 [default: 8083, or any free port when that is taken]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

pub fn run(repository: &Repository, options: &Options) -> Result<()> {
    let done = from_nothing_to_a_report(repository, options);
    running::settle();
    done
}

fn from_nothing_to_a_report(repository: &Repository, options: &Options) -> Result<()> {
    guests::build_plugins(repository)?;
    let binary = repository.build_host()?;
    let place = repository.target.join("demo");
    std::fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;

    Running::stop_earlier(&place)?;
    let address = host_address(options.port)?;
    let webhooks = receiver_address()?;
    let project = project(repository, &place, webhooks)?;
    let mut running = Running::new(&place)?;

    say(&format!("starting a receiver of webhooks on {webhooks}"));
    running.start("receiver", receiver::command(webhooks, &project)?)?;
    say(&format!("starting the host on http://{address} with {}", repository.shown(&project)));
    running.start("host", Host::command(&binary, &project, address))?;
    let host = Host { address, binary: &binary, root: &repository.root };
    host.wait_until_ready(&mut running)?;

    let demo = Demo { repository, host, project };
    let id = demo.make_a_report(&running)?;
    if options.keep {
        let stop = running.keep()?;
        println!("\nThe host goes on at http://{address}. To stop it and the receiver: {stop}");
    } else {
        running.stop();
    }
    demo.by_hand(&id, options.keep);
    Ok(())
}

struct Demo<'a> {
    repository: &'a Repository,
    host: Host<'a>,
    project: PathBuf,
}

impl Demo<'_> {
    /// Returns the execution's id.
    fn make_a_report(&self, running: &Running) -> Result<String> {
        let input = self.input()?;
        println!();
        println!("$ curl -i http://{}/generate-report --json '{input}'", self.host.address);
        let answer = self.host.post("/generate-report", &input)?;
        println!("{}", answer.status_line);
        for name in ["content-type", "location"] {
            println!("{name}: {}", answer.header(name).unwrap_or("(missing)"));
        }
        println!("\n{}\n", shortened(answer.body.trim_end()));
        if answer.status != 202 {
            bail!("the host did not accept the request; its log is {}", running.log("host").display());
        }
        let answer: serde_json::Value = serde_json::from_str(&answer.body).context("the answer is not JSON")?;
        let id = answer.get("id").and_then(serde_json::Value::as_str).context("the answer has no id")?.to_owned();

        self.host.follow(&id)?;
        self.show_report(&id)?;
        print!("\n{}", std::fs::read_to_string(running.log("receiver")).unwrap_or_default());
        Ok(id)
    }

    /// The request that the example ships, on one line.
    fn input(&self) -> Result<String> {
        let path = self.project.join("input.json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let value: serde_json::Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        Ok(value.to_string())
    }

    fn show_report(&self, id: &str) -> Result<()> {
        let result = self.host.get(&format!("/api/v1/executions/{id}/result"))?;
        let value: serde_json::Value = serde_json::from_str(&result.body).context("the result is not JSON")?;
        let Some(key) = value.pointer("/report/key").and_then(serde_json::Value::as_str) else {
            bail!("the execution ended without a report: {}", result.body.trim_end());
        };
        let path = self.project.join("reports").join(key);
        let report = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        println!("\nThe report lies in {}. It begins:\n", self.repository.shown(&path));
        for line in report.lines().take(REPORT_LINES_SHOWN) {
            println!("  {line}");
        }
        match report.lines().count().saturating_sub(REPORT_LINES_SHOWN) {
            0 => {}
            more => println!("  … and {more} lines more"),
        }
        Ok(())
    }

    fn by_hand(&self, id: &str, kept: bool) {
        let address = self.host.address;
        let binary = self.repository.shown(self.host.binary);
        let host = if address.port() == HOST_PORT { String::new() } else { format!(" --host http://{address}") };
        println!("\nTo do it again by hand:\n");
        if !kept {
            let project = self.repository.shown(&self.project);
            let listen = if address.port() == HOST_PORT { String::new() } else { format!(" --listen {address}") };
            println!("  {binary} dev {project}{listen}        # in another terminal; or: cargo xtask demo --keep");
        }
        // Without `notify`: nobody may be there to receive the webhook.
        let input = r#"{"month": 2}"#;
        println!("  curl -i http://{address}/generate-report --json '{input}'");
        println!("  {binary} start report -i '{input}' --wait{host}");
        println!("  {binary} executions history {id}{host}");
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(BODY_CHARACTERS_SHOWN) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// The port that was asked for, or the usual one, or one that is free.
fn host_address(asked: Option<u16>) -> Result<SocketAddr> {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = asked {
        free(local(port)).with_context(|| format!("port {port} is taken; name another with --port, or none"))?;
        return Ok(local(port));
    }
    if free(local(HOST_PORT)).is_ok() {
        return Ok(local(HOST_PORT));
    }
    let address = free(local(0)).context("no port is free on 127.0.0.1")?;
    say(&format!("port {HOST_PORT} is taken by another program: using {}", address.port()));
    Ok(address)
}

fn receiver_address() -> Result<SocketAddr> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, RECEIVER_PORT));
    match free(usual) {
        Ok(_) => Ok(usual),
        Err(_) => free(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("no port is free on 127.0.0.1"),
    }
}

fn free(address: SocketAddr) -> std::io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

/// The example itself; or, when somebody else has the port that its grant names, a copy
/// whose grant names another.
fn project(repository: &Repository, place: &Path, webhooks: SocketAddr) -> Result<PathBuf> {
    let example = repository.root.join(EXAMPLE);
    if webhooks.port() == RECEIVER_PORT {
        return Ok(example);
    }
    let copy = place.join("report");
    say(&format!(
        "port {RECEIVER_PORT} is taken by another program: using a copy of the example, {}, whose grant names {webhooks}",
        repository.shown(&copy)
    ));
    copy_directory(&example, &copy)?;
    let (from, to) = (format!("127.0.0.1:{RECEIVER_PORT}"), webhooks.to_string());
    for entry in std::fs::read_dir(&copy)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml" || extension == "json") {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            std::fs::write(&path, text.replace(&from, &to)).with_context(|| path.display().to_string())?;
        }
    }
    Ok(copy)
}

/// What the host and the tasks wrote stays where it is: a store in use must not be copied.
fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot write {}", target.display()))?;
        } else if entry.file_name() == "plugins" {
            copy_directory(&entry.path(), &target)?;
        }
    }
    Ok(())
}
