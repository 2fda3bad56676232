//! Definitions in files: read, checked, their problems shown.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use stepwell_asl::expr::Value;
use stepwell_asl::{Diagnostic, Machine, Resource, Severity};
use stepwell_objects_local::{Access, Bucket};

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

/// A task, or a bucket, that a definition names and nobody has.
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

    /// The buckets that `ItemReader` and `ResultWriter` name literally and that the project does
    /// not grant, or not for that.
    pub fn unknown_buckets(&self, granted: &BTreeMap<String, Bucket>) -> Vec<UnknownTask> {
        let mut unknown = Vec::new();
        let Ok(definition) = Value::parse(&self.text) else { return unknown };
        let mut seen: HashMap<String, usize> = HashMap::new();
        each_bucket(&definition, &mut String::new(), &mut |pointer, field, name| {
            let wanted = format!("\"{name}\"");
            let nth = seen.entry(wanted.clone()).or_default();
            let found = self.text.match_indices(&wanted).nth(*nth);
            *nth += 1;
            let reads = field == "ItemReader";
            let (what, help) = match granted.get(name).map(|bucket| bucket.access) {
                Some(Access::ReadWrite) => return,
                Some(Access::ReadOnly) if reads => return,
                Some(Access::ReadOnly) => {
                    let help = format!("set access = \"read-write\" under [buckets.{name}] in stepwell.toml");
                    ("grants for reading only", help)
                }
                None if granted.is_empty() => {
                    let help = format!("add [buckets.{name}] with the path of a directory to stepwell.toml");
                    ("does not grant", help)
                }
                None => {
                    let known: Vec<&str> = granted.keys().map(String::as_str).collect();
                    ("does not grant", suggestion(name, &known))
                }
            };
            unknown.push(UnknownTask {
                message: format!("the {field} names the bucket \"{name}\", which the project {what}"),
                help,
                span: found.map(|(at, text)| at..at + text.len()),
                pointer: pointer.to_owned(),
            });
        });
        unknown
    }
}

/// Gives every bucket that stands in the definition as it is to `take`: with the pointer to it and the
/// field that it belongs to. The depth is that of a parsed document, which is bounded.
fn each_bucket(value: &Value, pointer: &mut String, take: &mut dyn FnMut(&str, &str, &str)) {
    let Some(map) = value.as_object() else { return };
    let length = pointer.len();
    for (name, member) in map.iter() {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        if matches!(&**name, "ItemReader" | "ResultWriter") {
            for arguments in ["Parameters", "Arguments"] {
                let bucket = member.get(arguments).and_then(|arguments| arguments.get("Bucket"));
                if let Some(text) = bucket.and_then(Value::as_str).filter(|text| !text.starts_with("{%")) {
                    take(&format!("{pointer}/{arguments}/Bucket"), name, text);
                }
            }
        }
        each_bucket(member, pointer, take);
        for (at, branch) in member.as_array().unwrap_or_default().iter().enumerate() {
            let length = pointer.len();
            pointer.push_str(&format!("/{at}"));
            each_bucket(branch, pointer, take);
            pointer.truncate(length);
        }
        pointer.truncate(length);
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
