//! Logs on standard error: text for people, JSON for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::exit::{Code, Exit};
use crate::style::{ColorChoice, Palette};

/// What is logged when `STEPWELL_LOG` does not say.
const FILTER_DEFAULT: &str = "info";

/// How the host speaks: in plain lines, or through its log.
#[derive(Debug, Clone, Copy)]
pub enum Voice {
    Lines,
    Log,
}

impl Voice {
    pub fn say(self, text: &str) {
        match self {
            Self::Lines => crate::output::say(text),
            Self::Log => tracing::info!("{}", text.trim()),
        }
    }
}

/// Begins to log. `text` asks for text also where no terminal is.
pub fn begin(text: bool, color: ColorChoice) -> Result<Voice, Exit> {
    let wanted = std::env::var("STEPWELL_LOG").unwrap_or_else(|_| FILTER_DEFAULT.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        Exit::new(Code::Usage, format!("STEPWELL_LOG is not a filter: {error}"))
            .help("write a level, or levels by part: STEPWELL_LOG=info,stepwell_engine=debug")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let is_text = text || std::io::stderr().is_terminal();
    let outcome = if is_text {
        let colored = Palette::for_stderr(color).is_colored();
        builder.compact().with_target(false).with_ansi(colored).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    outcome.map_err(|error| Exit::new(Code::Failed, format!("the log does not start: {error}")))?;
    Ok(if is_text { Voice::Lines } else { Voice::Log })
}
