//! `stepwell validate`: definitions, without a host.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use stepwell_asl::expr::Value;
use stepwell_asl::{Diagnostic, Machine, Severity};

use crate::definition::{Source, UnknownTask, severity_name};
use crate::excerpt::Place;
use crate::exit::Code;
use crate::output::{line, pretty, say};
use crate::project::{Project, Purpose};
use crate::style::{ColorChoice, Palette};

const EXAMPLES: &str = "\
Examples:
  stepwell validate report.asl.json
  stepwell validate workflows/*.asl.json --format json
  stepwell validate report.asl.json --project host/examples/report/stepwell.toml

With --project the tasks that a definition calls must be plugins of that project. Problems go to
standard output, the summary to standard error; the exit code is 3 when a definition is not valid.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Definitions
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write problems
    #[arg(long, env = "STEPWELL_FORMAT", value_enum, default_value = "text")]
    format: Report,
    /// The project whose plugins the definitions call
    #[arg(long, env = "STEPWELL_PROJECT", value_name = "FILE")]
    project: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Report {
    /// The line, a caret below the place, what to do
    Text,
    /// One document: file, severity, code, message, location, line, column
    Json,
}

/// What became of one file.
struct Checked {
    text: Vec<String>,
    json: Vec<Value>,
    errors: usize,
    is_missing: bool,
}

pub fn run(arguments: &Arguments, color: ColorChoice) -> anyhow::Result<Code> {
    let palette = Palette::for_stdout(color);
    let known = match &arguments.project {
        Some(file) => Some(plugins(file, color)?),
        None => None,
    };
    let known: Option<Vec<&str>> = known.as_ref().map(|names| names.iter().map(String::as_str).collect());
    let checked: Vec<Checked> = arguments.files.iter().map(|file| check(file, known.as_deref(), &palette)).collect();
    match arguments.format {
        Report::Text => {
            let text: Vec<&str> = checked.iter().flat_map(|one| one.text.iter().map(String::as_str)).collect();
            if !text.is_empty() {
                line(text.join("\n").trim_end());
            }
        }
        Report::Json => {
            let all = checked.iter().flat_map(|one| one.json.iter().cloned());
            line(&pretty(&Value::object([("diagnostics", Value::array(all))])));
        }
    }
    let errors: usize = checked.iter().map(|one| one.errors).sum();
    let warnings: usize = checked.iter().map(|one| one.json.len() - one.errors).sum();
    let files = checked.len();
    say(&format!("{} checked: {}, {}", counted(files, "file"), counted(errors, "error"), counted(warnings, "warning")));
    Ok(match (errors, checked.iter().any(|one| one.is_missing)) {
        (_, true) => Code::NotFound,
        (0, false) => Code::Ok,
        (_, false) => Code::Invalid,
    })
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn plugins(file: &std::path::Path, color: ColorChoice) -> Result<Vec<String>, crate::exit::Exit> {
    let project = Project::read(file, Purpose::Development)
        .map_err(|problems| crate::exit::Exit::new(Code::Invalid, problems.render(&Palette::for_stderr(color))))?;
    Ok(project.plugins.into_iter().map(|plugin| plugin.plugin.name).collect())
}

fn check(file: &std::path::Path, known: Option<&[&str]>, palette: &Palette) -> Checked {
    let mut checked = Checked { text: Vec::new(), json: Vec::new(), errors: 0, is_missing: false };
    let source = match Source::read(file) {
        Ok(source) => source,
        Err(message) => {
            checked.errors = 1;
            checked.is_missing = !file.exists();
            checked.json.push(Value::object([
                ("file", Value::from(file.display().to_string())),
                ("severity", Value::from("ERROR")),
                ("code", Value::from("UNREADABLE")),
                ("message", Value::from(message.as_str())),
            ]));
            checked.text.push(format!("error: {message}\n"));
            return checked;
        }
    };
    let (diagnostics, machine) = match Machine::parse(&source.text) {
        Ok(machine) => (machine.warnings().to_vec(), Some(machine)),
        Err(diagnostics) => (diagnostics, None),
    };
    for diagnostic in &diagnostics {
        checked.errors += usize::from(diagnostic.severity == Severity::Error);
        checked.text.push(source.render(diagnostic, palette));
        checked.json.push(as_json(&source, diagnostic));
    }
    if let (Some(machine), Some(known)) = (machine, known) {
        for unknown in source.unknown_tasks(&machine, known) {
            checked.errors += 1;
            checked.text.push(source.render_unknown(&unknown, palette));
            checked.json.push(unknown_as_json(&source, &unknown));
        }
    }
    checked
}

fn as_json(source: &Source, diagnostic: &Diagnostic) -> Value {
    let mut members = vec![
        ("file", Value::from(source.path.display().to_string())),
        ("severity", Value::from(severity_name(diagnostic.severity).to_uppercase())),
        ("code", Value::from(diagnostic.code)),
        ("message", Value::from(diagnostic.message.as_str())),
        ("location", Value::from(diagnostic.pointer.as_str())),
    ];
    if let Some(span) = diagnostic.span {
        members.push(("line", Value::from(i64::from(span.line))));
        members.push(("column", Value::from(i64::from(span.column))));
    }
    if let Some(help) = &diagnostic.help {
        members.push(("help", Value::from(help.as_str())));
    }
    Value::object(members)
}

fn unknown_as_json(source: &Source, unknown: &UnknownTask) -> Value {
    let mut members = vec![
        ("file", Value::from(source.path.display().to_string())),
        ("severity", Value::from("ERROR")),
        ("code", Value::from("UNKNOWN_TASK")),
        ("message", Value::from(unknown.message.as_str())),
        ("location", Value::from(unknown.pointer.as_str())),
    ];
    if let Some(span) = &unknown.span {
        let place = Place::of(&source.text, span.start);
        let number = |number: usize| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        members.push(("line", number(place.line)));
        members.push(("column", number(place.column)));
    }
    members.push(("help", Value::from(unknown.help.as_str())));
    Value::object(members)
}
