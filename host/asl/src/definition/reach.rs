//! What expressions of JSONata can read where they stand.

use stepwell_expr::Value;

use super::Builder;
use super::fields::{Fields, nearest};
use crate::diagnostic::{self, Severity};
use crate::query::Computed;

/// Which parts of `$states` there are besides `input` and `context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    result: bool,
    error_output: bool,
}

/// What `$states` can have.
const PARTS: [&str; 4] = ["input", "result", "errorOutput", "context"];

/// What the context object can have. What is below an execution's input, or an item, is anybody's.
const CONTEXT: [(&str, &[&str]); 5] = [
    ("Execution", &["Id", "Input", "Name", "RedriveCount", "RedriveTime", "RoleArn", "StartTime"]),
    ("Map", &["Item"]),
    ("State", &["EnteredTime", "Name", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
    ("Task", &["Token"]),
];

impl Builder {
    /// What the expressions of a field see. The fields are those of a state, of a choice rule or
    /// of a catcher; a catcher is told by its place.
    pub(super) fn sight(&self, fields: &Fields<'_>, name: &str) -> Sight {
        let last = matches!(name, "Output" | "Assign");
        let kind = fields.get("Type").and_then(Value::as_str).unwrap_or("");
        let catcher = fields.pointer.rsplit_once('/').is_some_and(|(list, _)| list.ends_with("/Catch"))
            && !fields.has("Type")
            && fields.has("ErrorEquals");
        Sight { result: last && matches!(kind, "Task" | "Parallel" | "Map"), error_output: last && catcher }
    }

    /// Reports what an expression reads and cannot: names and `$` with nothing before them, `$$`,
    /// and parts of `$states` that come later or elsewhere.
    pub(super) fn out_of_reach(&mut self, sight: Sight, pointer: &str, computed: &Computed) {
        if self.problems.full(Severity::Error) {
            return;
        }
        let mut told: Vec<String> = Vec::new();
        for name in computed.program.outer_names() {
            let help = match name {
                "$" => "Use $states.input for the input of the state.".to_owned(),
                name => format!("Use $states.input.{name} for the input, or ${name} for a variable."),
            };
            told.push(format!("Reference to '{name}' at the top level is not supported."));
            self.unsupported(&mut told, pointer, help);
        }
        for path in computed.program.variables() {
            if path.variable == "$" {
                told.push("Reference to '$$' is not supported.".to_owned());
                self.unsupported(&mut told, pointer, "Use $states.input for the input of the state.".to_owned());
            }
            let Some(part) = path.members.first().copied().filter(|_| path.variable == "states" && !path.bound) else {
                continue;
            };
            if part == "context" {
                self.context_members(path.members.get(1..).unwrap_or_default(), pointer);
            }
            let there = match part {
                "input" | "context" => true,
                "result" => sight.result,
                "errorOutput" => sight.error_output,
                _ => false,
            };
            if !there {
                told.push(format!("Field '$states.{part}' does not exist."));
                self.unsupported(&mut told, pointer, help_for(part));
            }
        }
    }

    /// A path of JSONPath into the context object, where it begins with names.
    pub(super) fn context_path(&mut self, text: &str, pointer: &str) {
        let Some(rest) = text.strip_prefix("$$.") else { return };
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
        let names: Vec<&str> = rest.get(..end).unwrap_or("").split('.').filter(|name| !name.is_empty()).collect();
        self.context_members(&names, pointer);
    }

    /// Warns of members that the context object never has, two levels deep.
    fn context_members(&mut self, names: &[&str], pointer: &str) {
        let Some((first, rest)) = names.split_first() else { return };
        let known: Vec<&str> = CONTEXT.iter().map(|(name, _)| *name).collect();
        let (wrong, known, around) = match (CONTEXT.iter().find(|(name, _)| name == first), rest.first()) {
            (None, _) => (*first, known.as_slice(), String::new()),
            (Some((around, members)), Some(second)) if !members.contains(second) => {
                (*second, *members, format!("{around}."))
            }
            (Some(_), Some(_) | None) => return,
        };
        let help = match nearest(wrong, known.iter().copied()) {
            Some(near) => format!("Did you mean '{around}{near}'?"),
            None => format!(
                "There are: {}.",
                known.iter().map(|name| format!("{around}{name}")).collect::<Vec<_>>().join(", ")
            ),
        };
        let message = format!("The context object has no '{around}{wrong}'");
        self.problems.warning(diagnostic::UNKNOWN_CONTEXT, pointer, message, Some(help));
    }

    /// Reports the last message, unless the expression was told so before.
    fn unsupported(&mut self, told: &mut Vec<String>, pointer: &str, help: String) {
        let Some((last, before)) = told.split_last() else { return };
        if before.contains(last) {
            told.pop();
        } else {
            self.problems.error(diagnostic::UNSUPPORTED_JSONATA, pointer, last.clone(), Some(help));
        }
    }
}

fn help_for(part: &str) -> String {
    match part {
        "result" => "Only 'Output' and 'Assign' of Task, Parallel and Map states have a result.".to_owned(),
        "errorOutput" => "Only 'Output' and 'Assign' of a catcher, in 'Catch', have it.".to_owned(),
        other => match nearest(other, PARTS) {
            Some(near) => format!("Did you mean '$states.{near}'?"),
            None => format!("There are: {}.", PARTS.map(|part| format!("$states.{part}")).join(", ")),
        },
    }
}
