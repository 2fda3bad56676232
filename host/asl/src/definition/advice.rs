//! What is allowed, and probably not what was meant.

use stepwell_expr::{Expression, Value};

use super::Builder;
use super::fields::Fields;
use super::states::{JSONATA_FIELDS, JSONPATH_FIELDS};
use crate::diagnostic::{self, Severity};
use crate::machine::QueryLanguage;

/// Fields whose value is a payload template.
const TEMPLATES: [&str; 4] = ["Parameters", "ResultSelector", "ItemSelector", "Assign"];

impl Builder {
    /// Looks at one state as a whole.
    pub(super) fn advise(&mut self, fields: &Fields<'_>) {
        let state = fields.get("Type").and_then(Value::as_str).unwrap_or("");
        if self.speaks == QueryLanguage::JsonPath {
            for name in TEMPLATES {
                if let Some(value) = fields.get(name) {
                    self.undollared(value, &mut fields.at(name));
                }
            }
            self.paths_as_text(state, fields);
            self.without_effect(state, fields);
        }
        let elsewhere = ["Comment", "Branches", "ItemProcessor", "Iterator", "Result", "Resource"];
        for (name, value) in fields.map.iter().filter(|(name, _)| !elsewhere.contains(&&***name)) {
            // That the field belongs to the other language is told where its fields are.
            let foreign = match self.speaks {
                QueryLanguage::JsonPath => JSONATA_FIELDS.contains(&&**name),
                QueryLanguage::Jsonata => JSONPATH_FIELDS.contains(&&**name),
            };
            if foreign {
                continue;
            }
            self.braces(value, &mut fields.at(name));
        }
        if state == "Map" {
            self.old_names(fields);
        }
        self.endless_waits(state, fields);
        self.kept_tokens(state, fields);
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

    /// Texts that begin with `{%` and do not end with `%}`, and those of the other language.
    fn braces(&mut self, value: &Value, pointer: &mut String) {
        let here = pointer.len();
        match value {
            Value::String(text) => self.written_otherwise(text, pointer),
            Value::Object(map) => {
                for (name, member) in map.iter().filter(|(name, _)| !matches!(&***name, "Variable" | "Condition")) {
                    push(pointer, name);
                    self.braces(member, pointer);
                    pointer.truncate(here);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    push(pointer, &at.to_string());
                    self.braces(item, pointer);
                    pointer.truncate(here);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn written_otherwise(&mut self, text: &str, pointer: &str) {
        let (opens, closes) = (text.starts_with("{%"), text.ends_with("%}") && text.len() >= 4);
        if self.speaks == QueryLanguage::Jsonata {
            if opens && !closes {
                self.problems.schema(pointer, "JSONata string must start with {% and end with %}");
            } else if is_path(text) && !self.problems.full(Severity::Warning) {
                let message = "This looks like a path, and is a text: the state speaks JSONata";
                let help = Some("Write {% $states.input\u{2026} %} for the input.".to_owned());
                self.problems.warning(diagnostic::OTHER_LANGUAGE, pointer, message, help);
            }
        } else if pointer.ends_with("Path") || pointer.ends_with(".$") {
            self.context_path(text, pointer);
        } else if opens && closes && text.contains("$states") && !self.problems.full(Severity::Warning) {
            // Templates of other languages have these braces, too, but hardly such a variable.
            let message = "This looks like an expression of JSONata, and is a text: the state speaks JSONPath";
            let help = Some("Set \"QueryLanguage\": \"JSONata\", of the state or of the whole definition.".to_owned());
            self.problems.warning(diagnostic::OTHER_LANGUAGE, pointer, message, help);
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

    /// Tasks that wait for a token which nobody gets: it is in the context object alone.
    fn kept_tokens(&mut self, state: &str, fields: &Fields<'_>) {
        let resource = fields.get("Resource").and_then(Value::as_str).unwrap_or("");
        if state != "Task" || !resource.ends_with(".waitForTaskToken") {
            return;
        }
        let (name, context, token) = match self.speaks {
            QueryLanguage::JsonPath => ("Parameters", "$$", "\"TaskToken.$\": \"$$.Task.Token\""),
            QueryLanguage::Jsonata => ("Arguments", "$states", "\"TaskToken\": \"{% $states.context.Task.Token %}\""),
        };
        if !fields.get(name).is_some_and(|value| mentions(value, context)) {
            let message = "The task waits for its token to come back, and gives it to nobody";
            let help = Some(format!("Put {token} into '{name}'."));
            self.problems.warning(diagnostic::TOKEN_KEPT, fields.at("Resource"), message, help);
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

/// Whether a text is a path as only JSONPath has them. In JSONata `$.a` would be one, too, but
/// not outside of `{% %}`.
fn is_path(text: &str) -> bool {
    ["$.", "$$."].iter().any(|begin| text.starts_with(begin)) && is_expression(text)
}

/// Whether some text has this in it.
fn mentions(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains(wanted),
        Value::Array(items) => items.iter().any(|item| mentions(item, wanted)),
        Value::Object(map) => map.iter().any(|(_, member)| mentions(member, wanted)),
    }
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
