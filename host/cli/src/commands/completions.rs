//! `stepwell completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::exit::Code;

const EXAMPLES: &str = "\
Examples:
  stepwell completions bash > /etc/bash_completion.d/stepwell
  stepwell completions zsh > ~/.zfunc/_stepwell
  stepwell completions fish > ~/.config/fish/completions/stepwell.fish";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Code> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::args::Cli::command(), "stepwell", &mut script);
    crate::output::line(String::from_utf8_lossy(&script).trim_end());
    Ok(Code::Ok)
}
