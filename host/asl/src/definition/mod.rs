//! From the text of a definition to a checked [`Machine`], or to all of its problems.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use stepwell_expr::Value;

use crate::diagnostic::{self, Diagnostic, Severity};
use crate::limits;
use crate::machine::{Checks, Integrations, Machine, QueryLanguage, State, StateIx, WorkflowType};

mod advice;
mod choice;
mod fields;
mod graph;
mod locate;
mod lone;
mod maps;
mod payload;
mod reach;
mod recovery;
mod resource;
mod states;
mod syntax;
mod variables;

pub(crate) use lone::LONE_STATE;
pub(crate) use resource::invoked_name;

use fields::{Fields, Problems};
use graph::Names;
use locate::Locator;
use variables::Variables;

impl Machine {
    /// Reads and checks the definition of a standard workflow.
    ///
    /// # Errors
    /// All problems of the definition, warnings among them; at least one is an error.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_as(text, WorkflowType::Standard)
    }

    /// Reads and checks the definition of a workflow of this type. Express workflows have neither
    /// activities nor service integrations that wait.
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub fn parse_as(text: &str, workflow: WorkflowType) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_with(text, Checks { workflow, integrations: Integrations::Runnable })
    }

    /// Reads and checks a definition.
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub fn parse_with(text: &str, checks: Checks) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder { checks, ..Builder::default() };
        let machine = builder.definition(text);
        builder.checked(text, machine)
    }

    /// Reads and checks the definition of one state by itself: where it leads is not looked for.
    /// The machine begins with it. Pointers are those within the state.
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub(crate) fn parse_state(text: &str, checks: Checks) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder { checks, lone: true, ..Builder::default() };
        let machine = builder.lone_state(text);
        builder.checked(text, machine)
    }
}

impl Builder {
    /// The machine, or what is wrong with it.
    fn checked(self, text: &str, machine: Option<Machine>) -> Result<Machine, Vec<Diagnostic>> {
        let errors = self.problems.errors();
        let mut found = self.problems.into_found();
        if !found.is_empty() {
            let mut locator = Locator::new(text);
            for problem in &mut found {
                if problem.span.is_none() {
                    problem.span = locator.locate(&problem.pointer);
                }
                problem.location = problem.location.take().map(|pointer| locator.spoken(&pointer));
            }
        }
        match machine {
            Some(mut machine) if !errors => {
                machine.warnings = found;
                Ok(machine)
            }
            Some(_) | None => Err(found),
        }
    }
}

/// What is built while a definition is read.
#[derive(Debug, Default)]
struct Builder {
    problems: Problems,
    checks: Checks,
    /// Whether one state is read by itself, so that nothing it leads to is there.
    lone: bool,
    /// Whether the machine says `JSONata`, which no state can take back.
    jsonata: bool,
    /// The language of the state that is being read.
    speaks: QueryLanguage,
    /// A place per state, filled once the state is read.
    states: Vec<Option<Box<State>>>,
    /// The `States` (their pointer) that hold the first state of a name.
    named: HashMap<Arc<str>, Arc<str>>,
    /// The transitions found in the `States` that are being read.
    edges: Vec<(StateIx, StateIx)>,
    /// States with a transition to what is not there: where they lead is not known.
    loose: HashSet<StateIx>,
    /// Every `Label` so far.
    labels: HashSet<Arc<str>>,
    /// What the pointers to the states read so far have together.
    pointer_bytes: usize,
    variables: Variables,
    /// How many Parallel and Map states are around the place being read.
    nesting: usize,
}

/// The fields of a definition itself.
const MACHINE_FIELDS: [&str; 6] = ["Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"];

impl Builder {
    fn definition(&mut self, text: &str) -> Option<Machine> {
        let value = self.json(text)?;
        let Some(map) = value.as_object() else {
            self.no_object(text);
            return None;
        };
        self.twins(text);
        let fields = Fields { map, pointer: String::new() };
        fields.known(&MACHINE_FIELDS, &mut self.problems);
        let timeout_seconds = fields.whole("TimeoutSeconds", 1, limits::DELAY_SECONDS_MAX, &mut self.problems);
        self.version(&fields);
        self.jsonata = self.language(&fields) == QueryLanguage::Jsonata;
        let comment = fields.text("Comment", &mut self.problems).cloned();
        let start = self.graph(&fields);
        self.terminal(&fields);
        self.check_variables();
        let start = start?;
        let states = std::mem::take(&mut self.states)
            .into_iter()
            .map(|state| state.map(|state| *state))
            .collect::<Option<Vec<State>>>()?;
        Some(Machine { states: states.into(), start, timeout_seconds, warnings: Vec::new(), comment })
    }

    fn json(&mut self, text: &str) -> Option<Value> {
        if text.len() > limits::DEFINITION_BYTES_MAX {
            self.problems.error(
                diagnostic::LIMIT,
                "",
                format!(
                    "The definition has {} bytes; at most {} are allowed",
                    text.len(),
                    limits::DEFINITION_BYTES_MAX
                ),
                None,
            );
            return None;
        }
        match Value::parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.not_json(text, &error);
                None
            }
        }
    }

    fn not_json(&mut self, text: &str, error: &serde_json::Error) {
        if text.trim().is_empty() {
            self.no_object(text);
            return;
        }
        let (at, message) = match syntax::read(text, 0).flaw {
            Some(flaw) => (flaw.at, flaw.message),
            None => (
                locate::offset(text, error.line(), error.column()),
                format!("The definition is not valid JSON: {error}"),
            ),
        };
        let (at, end) = character_at(text, at);
        let mut found = fields::problem(Severity::Error, diagnostic::INVALID_JSON, String::new(), message, None);
        // The pointer is unknown where the text is no JSON, so the span comes from the reader.
        found.span = Some(Locator::new(text).span(at, end));
        found.location = None;
        self.problems.push(found);
    }

    fn no_object(&mut self, text: &str) {
        let message = "Definition must be a valid JSON object".to_owned();
        let help = Some("A definition is {\"StartAt\": \u{2026}, \"States\": {\u{2026}}}.".to_owned());
        let mut found = fields::problem(Severity::Error, diagnostic::SCHEMA, String::new(), message, help);
        let (at, end) = character_at(text, 0);
        found.span = Some(Locator::new(text).span(at, end));
        found.location = None;
        self.problems.push(found);
    }

    /// Members of one object that have the same name: of them, only the last would count.
    fn twins(&mut self, text: &str) {
        let twins = syntax::read(text, limits::DIAGNOSTICS_MAX).twins;
        if twins.is_empty() {
            return;
        }
        let locator = Locator::new(text);
        for twin in twins {
            let first = locator.span(twin.first.start, twin.first.end);
            let message = format!("Duplicate field '{}'", twin.name);
            let help = format!("The first one is at line {}, column {}. Keep one of them.", first.line, first.column);
            let mut found =
                fields::problem(Severity::Error, diagnostic::INVALID_JSON, twin.pointer, message, Some(help));
            found.span = Some(locator.span(twin.this.start, twin.this.end));
            found.related = Some(first);
            self.problems.push(found);
        }
    }

    fn version(&mut self, fields: &Fields<'_>) {
        fields.one_word("Version", &["1.0"], &mut self.problems);
    }

    /// `QueryLanguage` of a machine or of a state; where it says nothing, the machine's. What is
    /// neither of the two counts as JSONata, as it does for AWS.
    fn language(&mut self, fields: &Fields<'_>) -> QueryLanguage {
        if !fields.has("QueryLanguage") {
            return if self.jsonata { QueryLanguage::Jsonata } else { QueryLanguage::JsonPath };
        }
        match fields.one_word("QueryLanguage", &["JSONPath", "JSONata"], &mut self.problems) {
            Some("JSONPath") => {
                if self.jsonata {
                    self.problems.schema(
                        fields.pointer.clone(),
                        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                    );
                }
                QueryLanguage::JsonPath
            }
            Some(_) | None => QueryLanguage::Jsonata,
        }
    }
}

/// Where the character that a byte belongs to begins and ends; the end of the text is behind all.
fn character_at(text: &str, byte: usize) -> (usize, usize) {
    let at = (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    (at, at + length)
}

#[cfg(test)]
mod tests;
