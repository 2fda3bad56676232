//! The binary `stepwell`: hosts, and everything that is asked of them on a command line.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

mod args;
mod client;
mod commands;
mod definition;
mod excerpt;
mod exit;
mod follow;
mod host;
mod input;
mod nearest;
mod output;
mod project;
mod style;
mod tree;

use clap::Parser as _;

use args::{Cli, Command};
use exit::{Code, Exit};
use style::{ColorChoice, Paint, Palette};

fn main() {
    let cli = Cli::parse();
    let palette = Palette::for_stderr(cli.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::say(&format!("error: the runtime does not start: {error}"));
            std::process::exit(i32::from(Code::Failed.number()));
        }
    };
    // Whoever uses TLS finds the one implementation that is built in.
    drop(rustls::crypto::ring::default_provider().install_default());
    let code = runtime.block_on(run(cli.command, cli.color)).unwrap_or_else(|error| {
        let exit = error.downcast_ref::<Exit>();
        // What is rendered with its places needs no second introduction.
        let text = format!("{error:#}");
        if text.starts_with('\u{1b}') || text.starts_with("error") {
            output::say(text.trim_end());
        } else {
            output::say(&format!("{}: {}", palette.paint(Paint::Error, "error"), output::printable(&text)));
        }
        if let Some(help) = exit.and_then(Exit::next_step) {
            output::say(&format!("{}: {help}", palette.paint(Paint::Note, "help")));
        }
        exit.map_or(Code::Failed, |exit| exit.code)
    });
    // Threads of the runtime may still wait for the disk or a peer; nothing that was
    // promised depends on them.
    std::process::exit(i32::from(code.number()));
}

async fn run(command: Command, color: ColorChoice) -> anyhow::Result<Code> {
    match command {
        Command::Dev(arguments) => commands::dev::run(arguments, color).await,
        Command::Serve(arguments) => commands::serve::run(arguments, color).await,
        Command::Run(arguments) => commands::run::run(arguments, color).await,
        Command::Start(arguments) => commands::start::run(arguments, color).await,
        Command::Executions(command) => commands::executions::run(command, color).await,
        Command::Maps(command) => commands::maps::run(command).await,
        Command::Validate(arguments) => commands::validate::run(&arguments, color),
        Command::State(command) => commands::state::run(command, color).await,
        Command::Task(command) => commands::task::run(command),
        Command::Tasks(command) => commands::tasks::run(command).await,
        Command::Version(arguments) => commands::version::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
    }
}
