//! Colours, when whoever reads wants them.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set; anywhere when `CLICOLOR_FORCE` is.
    #[default]
    Auto,
    Always,
    Never,
}

/// What a piece of text is, from which its colour follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Strong,
    Error,
    Warning,
    Good,
    Active,
    Faint,
    Note,
}

/// Colours or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    colored: bool,
}

impl Palette {
    #[cfg(test)]
    pub fn plain() -> Self {
        Self { colored: false }
    }

    /// For what goes to standard error.
    pub fn for_stderr(choice: ColorChoice) -> Self {
        Self { colored: wanted(choice, std::io::stderr().is_terminal()) }
    }

    /// For what goes to standard output.
    pub fn for_stdout(choice: ColorChoice) -> Self {
        Self { colored: wanted(choice, std::io::stdout().is_terminal()) }
    }

    pub fn is_colored(&self) -> bool {
        self.colored
    }

    pub fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.colored {
            return text.to_owned();
        }
        let style = match paint {
            Paint::Strong => Style::new().bold(),
            Paint::Error => AnsiColor::Red.on_default().bold(),
            Paint::Warning => AnsiColor::Yellow.on_default(),
            Paint::Good => AnsiColor::Green.on_default(),
            Paint::Active => AnsiColor::Cyan.on_default(),
            Paint::Faint => Style::new().dimmed(),
            Paint::Note => AnsiColor::Blue.on_default().bold(),
        };
        format!("{style}{text}{style:#}")
    }
}

fn wanted(choice: ColorChoice, is_terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        ColorChoice::Auto if set("CLICOLOR_FORCE") => true,
        ColorChoice::Auto => is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}
