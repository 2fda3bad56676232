//! What a target gets: the event, a constant, a part of the event, or a template filled
//! from it (`Input`, `InputPath` and `InputTransformer`).

use std::collections::BTreeMap;

use crate::json::{Token, Tokens, compact, is_json};
use crate::path::Path;

/// `Input` and `InputTemplate` may be this many characters.
pub const INPUT_CHARACTERS_MAX: usize = 8192;
/// `InputPathsMap` may have this many entries.
pub const INPUT_PATHS_MAX: usize = 100;

/// Variables that need no entry in `InputPathsMap`.
pub const PREDEFINED_VARIABLES: [&str; 5] = [
    "aws.events.event",
    "aws.events.event.json",
    "aws.events.event.ingestion-time",
    "aws.events.rule-arn",
    "aws.events.rule-name",
];

/// A target's input, refused. Displayed, it is AWS's message for `ValidationException`
/// where one was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// More than one kind of input.
    #[error("Only one of Input, InputPath, or InputTransformer must be provided for target {target}.")]
    Several {
        /// The target's id.
        target: String,
    },
    /// The template names a variable that is neither mapped nor predefined.
    #[error("InputTemplate for target {target} contains invalid placeholder {variable}.")]
    UnknownVariable {
        /// The target's id.
        target: String,
        /// The variable.
        variable: String,
    },
    /// The template would not be JSON whatever is filled in.
    #[error(
        "Invalid InputTemplate for target {target} : it is neither JSON nor quoted text once its placeholders are filled."
    )]
    Template {
        /// The target's id.
        target: String,
    },
    /// `Input` is not JSON.
    #[error("JSON syntax error in input for target {target}.")]
    Constant {
        /// The target's id.
        target: String,
    },
    /// A path that cannot be read.
    #[error("Invalid path {path} for target {target}: write $ with .key and [0] behind it.")]
    Path {
        /// The target's id.
        target: String,
        /// The path.
        path: String,
    },
    /// A limit is exceeded.
    #[error("{what} for target {target} has {given}; at most {max} are allowed.")]
    Limit {
        /// The target's id.
        target: String,
        /// What is too large, with its unit.
        what: &'static str,
        /// Its size.
        given: usize,
        /// The limit.
        max: usize,
    },
}

/// Why a target gets nothing for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undeliverable {
    /// `InputPath` finds nothing in this event.
    #[error("the target's InputPath finds nothing in the event")]
    NothingThere,
    /// The filled template is not JSON, as when an object is put between quotes.
    #[error("the target's InputTemplate, filled from the event, is not JSON")]
    NotJson,
}

/// A target's input as it is configured: at most one of the three is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct InputSettings<'a> {
    /// A constant: JSON.
    pub input: Option<&'a str>,
    /// A path into the event.
    pub input_path: Option<&'a str>,
    /// The variables' paths and the template.
    pub input_transformer: Option<(&'a BTreeMap<String, String>, &'a str)>,
}

/// What is known about an event on its way to a target.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    /// The event as JSON.
    pub event: &'a str,
    /// The rule's name.
    pub rule_name: &'a str,
    /// The rule's ARN.
    pub rule_arn: &'a str,
    /// When the event came in, RFC 3339.
    pub ingestion_time: &'a str,
}

/// A target's input, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetInput {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Event,
    Constant(String),
    Path(Path),
    Template { paths: BTreeMap<String, Path>, parts: Vec<Part>, text: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Verbatim(String),
    Variable {
        name: String,
        /// Whether it stands between quotes.
        quoted: bool,
    },
}

impl TargetInput {
    /// Checks a target's input.
    ///
    /// # Errors
    /// When more than one kind is given, or the one given is wrong.
    pub fn new(target: &str, settings: InputSettings<'_>) -> Result<Self, InputError> {
        let target = target.to_owned();
        let kind = match (settings.input, settings.input_path, settings.input_transformer) {
            (None, None, None) => Kind::Event,
            (Some(input), None, None) => {
                check_limit(&target, "Input (characters)", input.chars().count(), INPUT_CHARACTERS_MAX)?;
                if !is_json(input) {
                    return Err(InputError::Constant { target });
                }
                Kind::Constant(input.to_owned())
            }
            (None, Some(path), None) => Kind::Path(read_path(&target, path)?),
            (None, None, Some((paths, template))) => template_kind(target, paths, template)?,
            _ => return Err(InputError::Several { target }),
        };
        Ok(Self { kind })
    }

    /// The body that the target gets, JSON but for templates of several quoted lines.
    ///
    /// # Errors
    /// When this event gives none.
    pub fn body(&self, occurrence: &Occurrence<'_>) -> Result<String, Undeliverable> {
        match &self.kind {
            Kind::Event => Ok(occurrence.event.to_owned()),
            Kind::Constant(input) => Ok(input.clone()),
            Kind::Path(path) => path.find(occurrence.event).map(str::to_owned).ok_or(Undeliverable::NothingThere),
            Kind::Template { paths, parts, text } => {
                let mut body = String::new();
                let mut values: BTreeMap<&str, String> = BTreeMap::new();
                for part in parts {
                    match part {
                        Part::Verbatim(verbatim) => body.push_str(verbatim),
                        Part::Variable { name, quoted } => {
                            let value = values.entry(name).or_insert_with(|| value_of(name, paths, occurrence));
                            body.push_str(&inserted(value, *quoted, *text));
                        }
                    }
                }
                if *text || is_json(&body) { Ok(body) } else { Err(Undeliverable::NotJson) }
            }
        }
    }
}

fn check_limit(target: &str, what: &'static str, given: usize, max: usize) -> Result<(), InputError> {
    if given > max {
        return Err(InputError::Limit { target: target.to_owned(), what, given, max });
    }
    Ok(())
}

fn read_path(target: &str, path: &str) -> Result<Path, InputError> {
    Path::read(path).ok_or_else(|| InputError::Path { target: target.to_owned(), path: path.to_owned() })
}

fn template_kind(target: String, paths: &BTreeMap<String, String>, template: &str) -> Result<Kind, InputError> {
    check_limit(&target, "InputTemplate (characters)", template.chars().count(), INPUT_CHARACTERS_MAX)?;
    check_limit(&target, "InputPathsMap (entries)", paths.len(), INPUT_PATHS_MAX)?;
    let mut read = BTreeMap::new();
    for (name, path) in paths {
        read.insert(name.clone(), read_path(&target, path)?);
    }
    let parts = split(template);
    for part in &parts {
        if let Part::Variable { name, .. } = part
            && !read.contains_key(name)
            && !PREDEFINED_VARIABLES.contains(&name.as_str())
        {
            return Err(InputError::UnknownVariable { target, variable: name.clone() });
        }
    }
    let text = template.trim_start().starts_with('"');
    let filled: String = parts
        .iter()
        .map(|part| match part {
            Part::Verbatim(verbatim) => verbatim.as_str(),
            Part::Variable { .. } => "0",
        })
        .collect();
    if !text && !is_json(&filled) {
        return Err(InputError::Template { target });
    }
    Ok(Kind::Template { paths: read, parts, text })
}

/// Splits a template at its placeholders: `<name>` of letters, digits, `_`, `-` and `.`.
fn split(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut verbatim = String::new();
    let mut rest = template;
    let (mut quoted, mut escaped) = (false, false);
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or("");
        let placeholder = if c == '<' { rest.split_once('>') } else { None };
        if let Some((name, behind)) = placeholder.filter(|(name, _)| is_name(name)) {
            parts.push(Part::Verbatim(std::mem::take(&mut verbatim)));
            parts.push(Part::Variable { name: name.to_owned(), quoted });
            rest = behind;
            escaped = false;
            continue;
        }
        verbatim.push(c);
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(Part::Verbatim(verbatim));
    parts
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A variable's value as JSON without space; nothing when the event has none.
fn value_of(name: &str, paths: &BTreeMap<String, Path>, occurrence: &Occurrence<'_>) -> String {
    if let Some(path) = paths.get(name) {
        return path.find(occurrence.event).map(compact).unwrap_or_default();
    }
    match name {
        "aws.events.event" => without_detail(occurrence),
        "aws.events.event.json" => compact(occurrence.event),
        "aws.events.event.ingestion-time" => crate::event::quoted(occurrence.ingestion_time),
        "aws.events.rule-arn" => crate::event::quoted(occurrence.rule_arn),
        "aws.events.rule-name" => crate::event::quoted(occurrence.rule_name),
        _ => String::new(),
    }
}

/// How a value is put into a template: a text loses its quotes where it stands between
/// quotes; in a quoted line anything else loses all of them, so that the line stays one.
fn inserted(value: &str, quoted: bool, text: bool) -> String {
    if quoted && let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return inner.to_owned();
    }
    if text && quoted {
        return value.replace("\\\"", "").replace('"', "");
    }
    value.to_owned()
}

/// The event without its detail, in the spelling that `aws.events.event` has.
fn without_detail(occurrence: &Occurrence<'_>) -> String {
    let mut members = Vec::new();
    for (key, spelled) in [
        ("id", "id"),
        ("account", "account"),
        ("detail-type", "detailType"),
        ("time", "time"),
        ("source", "source"),
        ("region", "region"),
        ("resources", "resources"),
        ("version", "version"),
    ] {
        let found = Path::read(&format!("$.{key}")).and_then(|path| path.find(occurrence.event));
        if let Some(value) = found {
            let value = if key == "time" { crate::event::quoted(occurrence.ingestion_time) } else { compact(value) };
            members.push(format!("\"{spelled}\":{value}"));
        }
    }
    format!("{{{}}}", members.join(","))
}

/// Whether a text is a JSON object: what `PutEvents` wants of a detail.
#[must_use]
pub fn is_json_object(text: &str) -> bool {
    matches!(Tokens::new(text).next(), Ok(Token::ObjectStart)) && is_json(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"version":"0","id":"i","detail-type":"t","time":"T","detail": {"s":"a\"b","n":1.0,"o":{"x": [1, "y"]},"nil":null}}"#;

    fn fill(template: &str) -> Result<String, String> {
        let paths = [
            ("s", "$.detail.s"),
            ("n", "$.detail.n"),
            ("o", "$.detail.o"),
            ("nil", "$.detail.nil"),
            ("gone", "$.detail.gone"),
        ];
        let paths: BTreeMap<String, String> =
            paths.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect();
        let settings = InputSettings { input_transformer: Some((&paths, template)), ..InputSettings::default() };
        let input = TargetInput::new("T1", settings).map_err(|error| error.to_string())?;
        let occurrence = Occurrence { event: EVENT, rule_name: "r", rule_arn: "arn:r", ingestion_time: "now" };
        input.body(&occurrence).map_err(|error| error.to_string())
    }

    #[test]
    fn templates_are_filled() {
        for (template, body) in [
            (r#"{"a":<s>,"b":"<n>","c":<o>,"d":<nil>}"#, r#"{"a":"a\"b","b":"1.0","c":{"x":[1,"y"]},"d":null}"#),
            (r#""<s> <n> <o> <nil> <gone>.""#, r#""a\"b 1.0 {x:[1,y]} null .""#),
            ("<o>", r#"{"x":[1,"y"]}"#),
            (r#"{"q":"\"<n>\"","lt":"a < b > c"}"#, r#"{"q":"\"1.0\"","lt":"a < b > c"}"#),
            (
                r#"[<aws.events.rule-name>,"<aws.events.rule-arn>",<aws.events.event.ingestion-time>,<aws.events.event>]"#,
                r#"["r","arn:r","now",{"id":"i","detailType":"t","time":"now","version":"0"}]"#,
            ),
        ] {
            assert_eq!(fill(template).as_deref(), Ok(body));
        }
    }

    #[test]
    fn what_cannot_be_filled_is_not_delivered() {
        for template in [r#"{"a":"<o>"}"#, r#"{"a":<gone>}"#] {
            assert_eq!(fill(template), Err(Undeliverable::NotJson.to_string()), "{template}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(
            fill("\"<unknown>\"").unwrap_err(),
            "InputTemplate for target T1 contains invalid placeholder unknown."
        );
        assert!(fill("{\"a\":}").is_err());
        assert!(fill("plain").is_err());
        let new = |settings| TargetInput::new("T1", settings);
        let both = InputSettings { input: Some("1"), input_path: Some("$"), input_transformer: None };
        assert_eq!(
            new(both).unwrap_err().to_string(),
            "Only one of Input, InputPath, or InputTransformer must be provided for target T1."
        );
        assert!(new(InputSettings { input: Some("{"), ..InputSettings::default() }).is_err());
        assert!(new(InputSettings { input_path: Some("detail"), ..InputSettings::default() }).is_err());
    }

    #[test]
    fn limits_of_inputs() {
        let constant = |characters: usize| {
            let input = format!("\"{}\"", "é".repeat(characters - 2));
            TargetInput::new("T1", InputSettings { input: Some(&input), ..InputSettings::default() })
        };
        assert!(constant(INPUT_CHARACTERS_MAX).is_ok());
        assert!(matches!(constant(INPUT_CHARACTERS_MAX + 1), Err(InputError::Limit { .. })));
        let mapped = |entries: usize| {
            let paths: BTreeMap<String, String> =
                (0..entries).map(|number| (format!("v{number}"), "$.a".to_owned())).collect();
            TargetInput::new("T1", InputSettings { input_transformer: Some((&paths, "1")), ..InputSettings::default() })
        };
        assert!(mapped(INPUT_PATHS_MAX).is_ok());
        assert!(matches!(mapped(INPUT_PATHS_MAX + 1), Err(InputError::Limit { .. })));
    }

    #[test]
    fn details_are_objects() {
        assert!(is_json_object("{\"a\":1}"));
        for bad in ["[1]", "\"x\"", "{", "{} x", ""] {
            assert!(!is_json_object(bad), "{bad}");
        }
    }
}
