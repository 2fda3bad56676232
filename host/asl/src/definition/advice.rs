//! What is allowed, and probably not what was meant.

use stepwell_expr::{Expression, Value};

use super::Builder;
use super::fields::Fields;
use crate::diagnostic::{self, Severity};
use crate::machine::QueryLanguage;

/// Fields whose value is a payload template.
const TEMPLATES: [&str; 5] = ["Parameters", "ResultSelector", "ItemSelector", "Arguments", "Assign"];

impl Builder {
    /// Looks at one state as a whole.
    pub(super) fn advise(&mut self, fields: &Fields<'_>) {
        let state = fields.get("Type").and_then(Value::as_str).unwrap_or("");
        if self.speaks == QueryLanguage::JsonPath {
            for name in TEMPLATES.into_iter().filter(|name| *name != "Arguments") {
                if let Some(value) = fields.get(name) {
                    self.undollared(value, &mut fields.at(name));
                }
            }
            self.paths_as_text(state, fields);
            self.without_effect(state, fields);
        } else {
            for (name, value) in fields.map.iter().filter(|(name, _)| !matches!(&***name, "Comment" | "States")) {
                if name.as_ref() != "Branches" && name.as_ref() != "ItemProcessor" && name.as_ref() != "Iterator" {
                    self.half_open(value, &mut fields.at(name));
                }
            }
        }
        if state == "Map" {
            self.old_names(fields);
        }
        self.endless_waits(state, fields);
    }

    /// Texts in a template that look like paths, in fields whose names do not end in `.$`. It
    /// recurses as deep as JSON text nests, as do those below.
    fn undollared(&mut self, value: &Value, pointer: &mut String) {
        if self.problems.full(Severity::Warning) {
            return;
        }
        let here = pointer.len();
        match value {
            Value::Object(map) => {
                for (name, member) in map.iter() {
                    let text = member.as_str().filter(|_| !name.ends_with(".$"));
                    if text.is_some_and(is_expression) && !self.problems.full(Severity::Warning) {
                        let mut place = pointer.clone();
                        push(&mut place, name);
                        let message =
                            format!("The field '{name}' looks like a path or an intrinsic function, and is a text");
                        let help = Some(format!("Write '{name}.$' to have it evaluated."));
                        self.problems.warning(diagnostic::NO_DOLLAR, place, message, help);
                    }
                    if matches!(member, Value::Object(_) | Value::Array(_)) {
                        push(pointer, name);
                        self.undollared(member, pointer);
                        pointer.truncate(here);
                    }
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    push(pointer, &at.to_string());
                    self.undollared(item, pointer);
                    pointer.truncate(here);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Texts that begin with `{%` and do not end with `%}`.
    fn half_open(&mut self, value: &Value, pointer: &mut String) {
        let here = pointer.len();
        match value {
            Value::String(text) if text.starts_with("{%") && !(text.ends_with("%}") && text.len() >= 4) => {
                self.problems.schema(pointer.clone(), "JSONata string must start with {% and end with %}");
            }
            Value::Object(map) => {
                for (name, member) in map.iter() {
                    push(pointer, name);
                    self.half_open(member, pointer);
                    pointer.truncate(here);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    push(pointer, &at.to_string());
                    self.half_open(item, pointer);
                    pointer.truncate(here);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Paths where a text is taken as it stands.
    fn paths_as_text(&mut self, state: &str, fields: &Fields<'_>) {
        let taken: &[&str] = match state {
            "Fail" => &["Error", "Cause"],
            _ => &[],
        };
        for name in taken {
            if fields.get(name).and_then(Value::as_str).is_some_and(is_expression) {
                let message =
                    format!("The value of '{name}' looks like a path or an intrinsic function, and is a text");
                let help = Some(format!("Use '{name}Path' to have it evaluated."));
                self.problems.warning(diagnostic::NO_PATH, fields.at(name), message, help);
            }
        }
        if state == "Pass"
            && let Some(found) = fields.get("Result").and_then(looks_dynamic)
        {
            let message =
                format!("'{found}' in 'Result' looks like a path, and is a text: 'Result' is handed on as it stands");
            let help = Some("Use 'Parameters', with a field whose name ends in '.$'.".to_owned());
            self.problems.warning(diagnostic::STATIC_RESULT, fields.at("Result"), message, help);
        }
    }

    fn without_effect(&mut self, state: &str, fields: &Fields<'_>) {
        let discards = fields.get("ResultPath").is_some_and(|path| matches!(path, Value::Null));
        let cases = [
            ("ResultSelector", discards, "'ResultPath' is null, which discards what it makes"),
            ("Parameters", state == "Pass" && fields.has("Result"), "'Result' takes its place"),
        ];
        for (name, is_useless, reason) in cases {
            if is_useless && fields.has(name) {
                let message = format!("'{name}' has no effect: {reason}");
                self.problems.warning(
                    diagnostic::NO_EFFECT,
                    fields.at(name),
                    message,
                    Some("Remove one of the two.".to_owned()),
                );
            }
        }
    }

    /// What Map states called their fields at first.
    fn old_names(&mut self, fields: &Fields<'_>) {
        for (old, new) in [("Iterator", "ItemProcessor"), ("Parameters", "ItemSelector")] {
            if fields.has(old) && self.speaks == QueryLanguage::JsonPath {
                let message = format!("'{old}' of a Map is called '{new}' today");
                self.problems.info(
                    diagnostic::DEPRECATED,
                    fields.at(old),
                    message,
                    Some(format!("Rename it to '{new}'.")),
                );
            }
        }
    }

    /// Tasks that wait for somebody, for as long as it takes.
    fn endless_waits(&mut self, state: &str, fields: &Fields<'_>) {
        let resource = fields.get("Resource").and_then(Value::as_str).unwrap_or("");
        let waits = resource.ends_with(".waitForTaskToken") || resource.contains(":activity:");
        let limits = ["TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"];
        if state == "Task" && waits && !limits.iter().any(|name| fields.has(name)) {
            let message = "The task waits for an answer, and nothing limits how long";
            let help = Some("Add 'TimeoutSeconds' or 'HeartbeatSeconds'.".to_owned());
            self.problems.warning(diagnostic::NO_TIMEOUT, fields.at("Resource"), message, help);
        }
    }

    /// A text operand of a choice rule that looks like a path.
    pub(super) fn operand_as_text(&mut self, fields: &Fields<'_>, name: &str) {
        if fields.get(name).and_then(Value::as_str).is_some_and(is_expression) && !name.ends_with("Matches") {
            let message = format!("The value of '{name}' looks like a path, and is a text");
            let help = Some(format!("Use '{name}Path' to compare with what is there."));
            self.problems.warning(diagnostic::NO_PATH, fields.at(name), message, help);
        }
    }
}

/// Whether a text would be a path or a call where one is read. Prices (`$5`) and the like are not.
fn is_expression(text: &str) -> bool {
    let begins = ["$.", "$$.", "$[", "States."].iter().any(|begin| text.starts_with(begin)) || text == "$";
    begins && text.len() <= EXPRESSION_BYTES_READ && Expression::parse(text).is_ok()
}

/// Longer texts are not tried (bytes).
const EXPRESSION_BYTES_READ: usize = 1024;

fn looks_dynamic(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if is_expression(text) => Some(text.to_string()),
        Value::Object(map) => map.iter().find_map(|(_, member)| looks_dynamic(member)),
        Value::Array(items) => items.iter().find_map(looks_dynamic),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}
