//! Definitions in files: read, checked, their problems shown.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use stepwell_asl::{Diagnostic, Machine, Resource, Severity};

use crate::excerpt::{self, Message};
use crate::nearest::suggestion;
use crate::style::Palette;

/// Larger files are not read (bytes): AWS takes definitions up to 1 MB.
pub const FILE_BYTES_MAX: u64 = 1_048_576;

/// The text of a definition's file.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

/// A task that a definition names and nobody has.
#[derive(Debug)]
pub struct UnknownTask {
    pub pointer: String,
    pub message: String,
    pub help: String,
    pub span: Option<Range<usize>>,
}

impl Source {
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let length = std::fs::metadata(path).map(|meta| meta.len()).unwrap_or(0);
        if length > FILE_BYTES_MAX {
            return Err(format!("{shown} has {length} bytes; a definition has at most {FILE_BYTES_MAX}"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// One problem as a terminal shows it.
    pub fn render(&self, diagnostic: &Diagnostic, palette: &Palette) -> String {
        let message = Message {
            level: severity_name(diagnostic.severity),
            code: Some(diagnostic.code),
            text: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            pointer: Some(&diagnostic.pointer),
        };
        let span = diagnostic.span.map(|span| span.start..span.end);
        excerpt::render(&message, &self.path.display().to_string(), &self.text, span, palette)
    }

    /// One task that is missing, as a terminal shows it.
    pub fn render_unknown(&self, unknown: &UnknownTask, palette: &Palette) -> String {
        let message = Message {
            level: "error",
            code: None,
            text: &unknown.message,
            help: Some(&unknown.help),
            pointer: Some(&unknown.pointer),
        };
        excerpt::render(&message, &self.path.display().to_string(), &self.text, unknown.span.clone(), palette)
    }

    /// The tasks that the machine calls and that are not among the known ones.
    pub fn unknown_tasks(&self, machine: &Machine, known: &[&str]) -> Vec<UnknownTask> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut unknown = Vec::new();
        for (pointer, resource) in machine.resources() {
            let name = &resource.task_name();
            if known.contains(&&**name) {
                continue;
            }
            let wanted = match &resource {
                Resource::Task { name } => format!("\"task:{name}\""),
                Resource::Lambda { function } => function.to_string(),
                Resource::Service { .. } => format!("{name}\""),
                Resource::Activity { arn } => format!("\"{arn}\""),
            };
            let nth = seen.entry(wanted.clone()).or_default();
            let found = self.text.match_indices(&wanted).nth(*nth);
            *nth += 1;
            let state = state_of(&pointer);
            unknown.push(UnknownTask {
                message: format!(
                    "the state \"{state}\" calls the task \"{name}\", which no plugin of the project is named"
                ),
                help: suggestion(name, known),
                span: found.map(|(at, text)| at..at + text.len()),
                pointer,
            });
        }
        unknown
    }
}

pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// The state's name out of the pointer `…/States/NAME/Resource`.
fn state_of(pointer: &str) -> String {
    let before = pointer.strip_suffix("/Resource").unwrap_or(pointer);
    let name = before.rsplit('/').next().unwrap_or(before);
    name.replace("~1", "/").replace("~0", "~")
}
