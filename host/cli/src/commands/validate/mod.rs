//! `stepwell validate`: definitions, without a host.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use stepwell_asl::{Diagnostic, Machine, Severity, Span, WorkflowType, diagnostic};
use stepwell_objects_local::Bucket;

use crate::definition::{Source, UnknownTask};
use crate::excerpt::Place;
use crate::exit::{Code, Exit};
use crate::output::{line, say};
use crate::project::{self, Project, Purpose};
use crate::style::{ColorChoice, Palette};

mod files;
mod formats;
mod sarif;

use files::Found;

const ABOUT: &str = "\
Definitions are files, directories that are searched for *.asl.json, or - for standard input.
Every problem is told with its place. A definition that lies beside a project file, stepwell.toml,
may name only tasks that are plugins of that project, and buckets that it grants; --project names another project file.

Problems go to standard output, the summary to standard error.

Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 wrong usage, or a file that
cannot be read.

Formats:
  text    the line, carets below the place, what to do
  json    one document: version, diagnostics (file, severity ERROR|WARNING|INFO, code, message,
          location as AWS writes it, pointer (RFC 6901), line, column, endLine, endColumn, related,
          help) and a summary; members without a value are left out
  github  annotations for GitHub Actions: ::error file=…,line=…,col=…::…
  sarif   SARIF 2.1.0, with a rule for every code

Examples:
  stepwell validate report.asl.json
  stepwell validate workflows --strict
  stepwell validate workflows --format sarif > problems.sarif
  terraform output -raw definition | stepwell validate - --type express";

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub struct Arguments {
    /// Definitions, directories of them, or -
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write problems
    #[arg(long, env = "STEPWELL_FORMAT", value_enum, default_value = "text")]
    format: Report,
    /// Which kind of workflow the definitions are for
    #[arg(long = "type", env = "STEPWELL_TYPE", value_enum, default_value = "standard", value_name = "TYPE")]
    workflow: Kind,
    /// Fail on warnings as well
    #[arg(long, env = "STEPWELL_STRICT")]
    strict: bool,
    /// The project whose plugins the definitions call
    #[arg(long, env = "STEPWELL_PROJECT", value_name = "FILE")]
    project: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Report {
    /// The line, carets below the place, what to do
    Text,
    /// One document
    Json,
    /// Annotations for GitHub Actions
    Github,
    /// SARIF 2.1.0
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Long, and exactly once
    Standard,
    /// Short, and at least once
    Express,
}

/// One definition and what was found.
struct Checked {
    /// What the file is called in reports.
    name: String,
    /// Empty when it could not be read.
    text: String,
    /// In the order of the text.
    problems: Vec<Diagnostic>,
    is_unreadable: bool,
}

/// How many problems of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    errors: usize,
    warnings: usize,
    infos: usize,
}

pub fn run(arguments: &Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let mut projects = Projects { given: None, beside: HashMap::new() };
    if let Some(file) = &arguments.project {
        let names =
            granted(file).map_err(|problems| Exit::new(Code::Usage, problems.render(&Palette::for_stderr(color))))?;
        projects.given = Some(names);
    }
    let workflow = match arguments.workflow {
        Kind::Standard => WorkflowType::Standard,
        Kind::Express => WorkflowType::Express,
    };
    let mut checked = Vec::new();
    for found in files::find(&arguments.files) {
        checked.push(match found {
            Found::Definition(source) => {
                let known = projects.known(&source.path);
                check(source, workflow, known)
            }
            Found::Unreadable(path, message) => unreadable(&path, message),
        });
    }
    match arguments.format {
        Report::Text => {
            let text = formats::text(&checked, &Palette::for_stdout(color));
            if !text.is_empty() {
                line(&text);
            }
        }
        Report::Json => line(&formats::json(&checked)),
        Report::Github => {
            let text = formats::github(&checked);
            if !text.is_empty() {
                line(&text);
            }
        }
        Report::Sarif => line(&sarif::document(&checked)),
    }
    let counts = Counts::of(&checked);
    say(&format!("{} checked: {}", counted(checked.len(), "file"), counts.in_words()));
    let fails = counts.errors > 0 || arguments.strict && counts.warnings > 0;
    Ok(match (checked.iter().any(|one| one.is_unreadable), fails) {
        (true, _) => Code::Usage,
        (false, true) => Code::Failed,
        (false, false) => Code::Ok,
    })
}

impl Counts {
    fn of(checked: &[Checked]) -> Self {
        let mut counts = Self::default();
        for problem in checked.iter().flat_map(|one| &one.problems) {
            match problem.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Info => counts.infos += 1,
            }
        }
        counts
    }

    fn in_words(self) -> String {
        let mut words = format!("{}, {}", counted(self.errors, "error"), counted(self.warnings, "warning"));
        if self.infos > 0 {
            words.push_str(&format!(", {}", counted(self.infos, "hint")));
        }
        words
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What a project grants its definitions.
struct Granted {
    /// The names of plugins.
    tasks: Vec<String>,
    buckets: BTreeMap<String, Bucket>,
}

/// What definitions may name, by the directory of the definition.
struct Projects {
    given: Option<Granted>,
    beside: HashMap<PathBuf, Option<Granted>>,
}

impl Projects {
    /// `None` where there is no project.
    fn known(&mut self, definition: &Path) -> Option<&Granted> {
        if self.given.is_some() {
            return self.given.as_ref();
        }
        let directory = definition.parent().map(Path::to_owned).unwrap_or_default();
        let known = self.beside.entry(directory).or_insert_with_key(|directory| {
            let file = directory.join(project::FILE_NAME);
            if definition.as_os_str() == files::STDIN || !file.is_file() {
                return None;
            }
            let granted = granted(&file).ok();
            if granted.is_none() {
                let file = file.display();
                say(&format!(
                    "note: {file} is not valid, so what it grants is not checked; --project {file} tells why"
                ));
            }
            granted
        });
        known.as_ref()
    }
}

fn granted(file: &Path) -> Result<Granted, project::Problems> {
    let project = Project::read(file, Purpose::Development)?;
    let tasks = project.plugins.into_iter().map(|plugin| plugin.plugin.name).collect();
    Ok(Granted { tasks, buckets: project.buckets })
}

fn check(source: Source, workflow: WorkflowType, granted: Option<&Granted>) -> Checked {
    let (mut problems, machine) = match Machine::parse_as(&source.text, workflow) {
        Ok(machine) => (machine.warnings().to_vec(), Some(machine)),
        Err(problems) => (problems, None),
    };
    if let (Some(machine), Some(granted)) = (machine, granted) {
        let known: Vec<&str> = granted.tasks.iter().map(String::as_str).collect();
        let mut unknown = source.unknown_tasks(&machine, &known);
        unknown.extend(source.unknown_buckets(&granted.buckets));
        problems.extend(unknown.into_iter().map(|task| as_problem(&source.text, task)));
    }
    problems.sort_by_key(|problem| problem.span.map(|span| span.start));
    Checked { name: files::shown(&source.path), text: source.text, problems, is_unreadable: false }
}

fn as_problem(text: &str, task: UnknownTask) -> Diagnostic {
    let span = task.span.map(|span| {
        let place = Place::of(text, span.start);
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { start: span.start, end: span.end, line: short(place.line), column: short(place.column) }
    });
    Diagnostic {
        severity: Severity::Error,
        code: diagnostic::UNKNOWN_TASK,
        message: task.message,
        location: Some(task.pointer.clone()),
        pointer: task.pointer,
        span,
        related: None,
        help: Some(task.help),
    }
}

fn unreadable(path: &Path, message: String) -> Checked {
    let problem = Diagnostic {
        severity: Severity::Error,
        code: diagnostic::UNREADABLE,
        message,
        pointer: String::new(),
        location: None,
        span: None,
        related: None,
        help: None,
    };
    Checked { name: files::shown(path), text: String::new(), problems: vec![problem], is_unreadable: true }
}
