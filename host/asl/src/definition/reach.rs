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
