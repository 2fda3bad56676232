//! `stepwell executions`: what runs and ran on a host.

mod history;
mod list;
mod logs;
mod show;
mod stop;

use clap::Subcommand;

use crate::exit::Code;
use crate::style::ColorChoice;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List executions, newest first
    List(list::Arguments),
    /// Show one: status, input, output or why it failed
    Show(show::Arguments),
    /// Show the events of one
    History(history::Arguments),
    /// Stop one
    Stop(stop::Arguments),
    /// Show what the tasks of one wrote
    Logs(logs::Arguments),
}

pub async fn run(command: Command, color: ColorChoice) -> anyhow::Result<Code> {
    match command {
        Command::List(arguments) => list::run(arguments).await,
        Command::Show(arguments) => show::run(arguments, color).await,
        Command::History(arguments) => history::run(arguments).await,
        Command::Stop(arguments) => stop::run(arguments).await,
        Command::Logs(arguments) => logs::run(arguments).await,
    }
}
