//! What is wrong with a project file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::excerpt::{self, Message};
use crate::style::Palette;

/// Everything that is wrong with one project file.
#[derive(Debug)]
pub struct Problems {
    file: PathBuf,
    text: String,
    list: Vec<Problem>,
}

#[derive(Debug)]
struct Problem {
    span: Option<Range<usize>>,
    message: String,
    help: Option<String>,
}

impl Problems {
    pub fn new(file: &Path, text: String) -> Self {
        Self { file: file.to_owned(), text, list: Vec::new() }
    }

    pub fn unreadable(file: &Path, message: String) -> Self {
        let mut problems = Self::new(file, String::new());
        let help = "name the directory or file of a project; `stepwell dev --help` has examples";
        problems.add(None, message, Some(help.to_owned()));
        problems
    }

    pub fn add(&mut self, span: Option<Range<usize>>, message: impl Into<String>, help: Option<String>) {
        self.list.push(Problem { span, message: message.into(), help });
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text of the file, given back.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Each with its place and the line it is about, in the order of the file.
    pub fn render(&self, palette: &Palette) -> String {
        let mut sorted: Vec<&Problem> = self.list.iter().collect();
        sorted.sort_by_key(|problem| problem.span.as_ref().map(|span| span.start));
        let shown = self.file.display().to_string();
        let render = |problem: &&Problem| {
            let message = Message {
                level: "error",
                code: None,
                text: &problem.message,
                help: problem.help.as_deref(),
                pointer: None,
            };
            excerpt::render(&message, &shown, &self.text, problem.span.clone(), palette)
        };
        sorted.iter().map(render).collect::<Vec<_>>().join("\n")
    }
}
