//! From the text of a definition to a checked [`Machine`], or to all of its problems.

use std::collections::HashMap;
use std::sync::Arc;

use stepwell_expr::Value;

use crate::diagnostic::{self, Diagnostic, Severity};
use crate::limits;
use crate::machine::{Checks, Integrations, Machine, QueryLanguage, State, StateIx, WorkflowType};

mod choice;
mod fields;
mod locate;
mod maps;
mod payload;
mod recovery;
mod resource;
mod states;
mod variables;

pub(crate) use resource::invoked_name;

use fields::{Fields, Problems, nearest};
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
        let errors = builder.problems.errors();
        let mut found = builder.problems.found;
        if !found.is_empty() {
            let mut locator = Locator::new(text);
            for problem in found.iter_mut().filter(|problem| problem.span.is_none()) {
                problem.span = locator.locate(&problem.pointer);
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
    /// Whether the machine says `JSONata`, which no state can take back.
    jsonata: bool,
    /// The language of the state that is being read.
    speaks: QueryLanguage,
    /// A place per state, filled once the state is read.
    states: Vec<Option<State>>,
    /// The pointer of the first state that has a name.
    named: HashMap<Arc<str>, String>,
    /// The transitions found in the `States` that are being read.
    edges: Vec<(StateIx, StateIx)>,
    variables: Variables,
    /// How many Parallel and Map states are around the place being read.
    nesting: usize,
}

/// The states that a transition can name: those of one `States` object.
struct Names<'a> {
    states: HashMap<&'a str, StateIx>,
    /// In the order of the definition.
    listed: Vec<&'a str>,
}

/// The fields of a definition itself.
const MACHINE_FIELDS: [&str; 6] = ["Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"];

impl Builder {
    fn definition(&mut self, text: &str) -> Option<Machine> {
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
        let value = match Value::parse(text) {
            Ok(value) => value,
            Err(error) => {
                self.not_json(text, &error);
                return None;
            }
        };
        let Some(map) = value.as_object() else {
            self.problems.schema("", "Definition must be a valid JSON object");
            return None;
        };
        let fields = Fields { map, pointer: String::new() };
        fields.known(&MACHINE_FIELDS, &[], &mut self.problems);
        let timeout_seconds = fields.whole("TimeoutSeconds", 1, limits::DELAY_SECONDS_MAX, &mut self.problems);
        self.version(&fields);
        self.jsonata = self.language(&fields) == QueryLanguage::Jsonata;
        let comment = fields.text("Comment", &mut self.problems).cloned();
        let start = self.graph(&fields);
        self.check_variables();
        let start = start?;
        let states = std::mem::take(&mut self.states).into_iter().collect::<Option<Vec<State>>>()?;
        Some(Machine { states: states.into(), start, timeout_seconds, warnings: Vec::new(), comment })
    }

    fn not_json(&mut self, text: &str, error: &serde_json::Error) {
        let start = locate::offset(text, error.line(), error.column());
        // The pointer is unknown where the text is no JSON, so the span comes from the reader.
        self.problems.found.push(Diagnostic {
            severity: Severity::Error,
            code: if text.trim().is_empty() { diagnostic::SCHEMA } else { diagnostic::INVALID_JSON },
            message: if text.trim().is_empty() {
                "Definition must be a valid JSON object".to_owned()
            } else {
                format!("The definition is not valid JSON: {error}")
            },
            pointer: String::new(),
            span: Some(Locator::new(text).span(start, (start + 1).min(text.len()))),
            help: None,
        });
    }

    fn version(&mut self, fields: &Fields<'_>) {
        if let Some(version) = fields.text("Version", &mut self.problems)
            && &**version != "1.0"
        {
            self.problems.schema(fields.at("Version"), "The field 'Version' should have one of these values: [1.0]");
        }
    }

    /// `QueryLanguage` of a machine or of a state; where it says nothing, the machine's.
    fn language(&mut self, fields: &Fields<'_>) -> QueryLanguage {
        let inherited = if self.jsonata { QueryLanguage::Jsonata } else { QueryLanguage::JsonPath };
        let Some(language) = fields.text("QueryLanguage", &mut self.problems) else { return inherited };
        match &**language {
            "JSONPath" if self.jsonata => self.problems.schema(
                fields.pointer.clone(),
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            ),
            "JSONPath" => return QueryLanguage::JsonPath,
            "JSONata" => return QueryLanguage::Jsonata,
            _ => self.problems.schema(
                fields.at("QueryLanguage"),
                "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]",
            ),
        }
        inherited
    }

    /// `StartAt` and `States`, of a machine, a branch or an item processor: a scope of variables.
    fn graph(&mut self, fields: &Fields<'_>) -> Option<StateIx> {
        let outer = self.variables.enter();
        let start = self.graph_within(fields);
        self.variables.leave(outer);
        start
    }

    fn graph_within(&mut self, fields: &Fields<'_>) -> Option<StateIx> {
        fields.require(&["StartAt", "States"], &mut self.problems);
        let start_at = fields.text("StartAt", &mut self.problems);
        let states = Fields::of(fields.get("States")?, fields.at("States"), &mut self.problems)?;
        if states.map.is_empty() {
            self.problems.schema(states.pointer.clone(), "There must be at least one state");
            return None;
        }
        let names = self.name_states(&states)?;
        let around = std::mem::take(&mut self.edges);
        let mut places = Vec::new();
        for (name, value) in states.map.iter() {
            let at = names.states.get(&**name).copied()?;
            let pointer = states.at(name);
            places.push((at, pointer.clone(), name));
            let state =
                Fields::of(value, pointer, &mut self.problems).and_then(|fields| self.state(name, at, &fields, &names));
            if let Some(slot) = self.states.get_mut(at.0 as usize) {
                *slot = state;
            }
        }
        let start = self.target(start_at?, "StartAt", &fields.at("StartAt"), &names);
        let edges = std::mem::replace(&mut self.edges, around);
        self.reachable(start?, &places, &edges);
        start
    }

    /// Gives each state its index.
    fn name_states<'a>(&mut self, states: &Fields<'a>) -> Option<Names<'a>> {
        let mut names = HashMap::with_capacity(states.map.len());
        for name in states.map.keys() {
            let pointer = states.at(name);
            let chars = name.chars().count();
            if chars == 0 || chars > limits::STATE_NAME_CHARS_MAX {
                self.problems.schema(
                    pointer.clone(),
                    format!(
                        "A state's name must have from 1 to {} characters, but this has {chars}",
                        limits::STATE_NAME_CHARS_MAX
                    ),
                );
            }
            if let Some(first) = self.named.get(name) {
                let help = format!("The other one is at {first}. Names are unique in the whole definition.");
                self.problems.error(
                    diagnostic::DUPLICATE_NAME,
                    pointer.clone(),
                    format!("Duplicate state name: {name}"),
                    Some(help),
                );
            } else {
                self.named.insert(Arc::clone(name), pointer);
            }
            let at = StateIx(u32::try_from(self.states.len()).ok()?);
            self.states.push(None);
            names.insert(&**name, at);
        }
        let listed = states.map.keys().map(|name| &**name).collect();
        Some(Names { states: names, listed })
    }

    /// The state that a transition names. `field` is the transition's name.
    fn target(&mut self, name: &str, field: &str, pointer: &str, names: &Names<'_>) -> Option<StateIx> {
        let found = names.states.get(name).copied();
        if found.is_none() && !self.problems.full() {
            let help = nearest(name, names.listed.iter().copied())
                .map(|near| format!("Did you mean '{near}'?"))
                .or_else(|| {
                    self.named.get(name).map(|at| {
                        format!("There is a state of this name at {at}, but a transition cannot leave its branch.")
                    })
                });
            self.problems.error(diagnostic::MISSING_TARGET, pointer, format!("Missing '{field}' target: {name}"), help);
        }
        found
    }

    /// A transition from one state, in one of its fields.
    fn transition(&mut self, from: StateIx, fields: &Fields<'_>, field: &str, names: &Names<'_>) -> Option<StateIx> {
        let name = fields.text(field, &mut self.problems)?;
        let to = self.target(name, field, &fields.at(field), names)?;
        self.edges.push((from, to));
        Some(to)
    }

    fn reachable(&mut self, start: StateIx, places: &[(StateIx, String, &Arc<str>)], edges: &[(StateIx, StateIx)]) {
        let mut onward: HashMap<StateIx, Vec<StateIx>> = HashMap::new();
        for (from, to) in edges {
            onward.entry(*from).or_default().push(*to);
        }
        let mut reached = std::collections::HashSet::from([start]);
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            for to in onward.get(&at).into_iter().flatten() {
                if reached.insert(*to) {
                    open.push(*to);
                }
            }
        }
        for (at, pointer, name) in places {
            if !reached.contains(at) {
                self.problems.error(
                    diagnostic::MISSING_TARGET,
                    pointer.clone(),
                    format!("State \"{name}\" is not reachable."),
                    Some("Give it to a 'Next', 'Default' or 'StartAt', or take it out.".to_owned()),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
