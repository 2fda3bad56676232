//! States and the transitions between them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use stepwell_expr::Value;

use super::Builder;
use super::fields::{Fields, nearest, problem};
use crate::diagnostic::{self, Severity};
use crate::limits;
use crate::machine::StateIx;

/// The states that a transition can name: those of one `States` object.
#[derive(Default)]
pub(super) struct Names<'a> {
    states: HashMap<&'a str, StateIx>,
    /// In the order of the definition.
    listed: Vec<&'a str>,
}

/// The transitions of one `States` object, by state.
struct Ways {
    onward: HashMap<StateIx, Vec<StateIx>>,
    back: HashMap<StateIx, Vec<StateIx>>,
}

impl Builder {
    /// `StartAt` and `States`, of a machine, a branch or an item processor: a scope of variables.
    pub(super) fn graph(&mut self, fields: &Fields<'_>) -> Option<StateIx> {
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
            self.problems.schema(states.pointer.clone(), "Value cannot be empty");
            return None;
        }
        let names = self.name_states(&states)?;
        let around = std::mem::take(&mut self.edges);
        let named: usize = states.map.keys().map(|name| name.len()).sum();
        self.pointer_bytes += named + states.map.len() * (states.pointer.len() + 1);
        if self.pointer_bytes > limits::STATE_POINTERS_BYTES_MAX {
            let most = limits::STATE_POINTERS_BYTES_MAX;
            let message = format!("The pointers to all states have more than {most} bytes");
            let help = Some("Nest less, or give the states around shorter names.".to_owned());
            self.problems.error(diagnostic::LIMIT, states.pointer.clone(), message, help);
            return None;
        }
        for (name, value) in states.map.iter() {
            let at = names.states.get(&**name).copied()?;
            let state = Fields::of(value, states.at(name), &mut self.problems)
                .and_then(|fields| self.state(name, at, &fields, &names));
            if let Some(slot) = self.states.get_mut(at.0 as usize) {
                *slot = state.map(Box::new);
            }
        }
        let start = start_at.and_then(|name| self.target(name, &fields.at("StartAt"), &names));
        let edges = std::mem::replace(&mut self.edges, around);
        self.check_ways(start, fields, &states, &names, &edges);
        start
    }

    /// Gives each state its index.
    fn name_states<'a>(&mut self, states: &Fields<'a>) -> Option<Names<'a>> {
        let mut names = HashMap::with_capacity(states.map.len());
        let here: Arc<str> = states.pointer.as_str().into();
        let mut too_long = false;
        for name in states.map.keys() {
            let chars = name.chars().count();
            if chars == 0 || chars > limits::STATE_NAME_CHARS_MAX {
                too_long |= chars > 0;
                let most = limits::STATE_NAME_CHARS_MAX;
                let message = format!("A state's name must have from 1 to {most} characters, but this has {chars}");
                self.problems.error(diagnostic::INVALID_STATE_NAME, states.at(name), message, None);
            }
            if let Some(first) = self.named.get(name).cloned() {
                let help = format!("The other one is in {first}. Names are unique in the whole definition.");
                let message = format!("Duplicate State name: {name}");
                self.problems.error(diagnostic::DUPLICATE_NAME, states.at(name), message, Some(help));
            } else {
                self.named.insert(Arc::clone(name), Arc::clone(&here));
            }
            let at = StateIx(u32::try_from(self.states.len()).ok()?);
            self.states.push(None);
            names.insert(&**name, at);
        }
        let listed = states.map.keys().map(|name| &**name).collect();
        // Every place within such a state would carry the name along.
        (!too_long).then_some(Names { states: names, listed })
    }

    /// The state that a transition names.
    fn target(&mut self, name: &str, pointer: &str, names: &Names<'_>) -> Option<StateIx> {
        let found = names.states.get(name).copied();
        if found.is_none() && self.lone && self.nesting == 0 {
            return self.elsewhere(name);
        }
        if found.is_none() {
            let help = if self.problems.full(Severity::Error) { None } else { self.meant(name, names) };
            // AWS says 'Next' of every transition, whatever its field.
            self.problems.error(diagnostic::MISSING_TARGET, pointer, format!("Missing 'Next' target: {name}"), help);
        }
        found
    }

    fn meant(&self, name: &str, names: &Names<'_>) -> Option<String> {
        nearest(name, names.listed.iter().copied()).map(|near| format!("Did you mean '{near}'?")).or_else(|| {
            let elsewhere = self.named.get(name)?;
            Some(format!("There is a state of this name in {elsewhere}, but a transition stays within its 'States'."))
        })
    }

    /// A transition from one state, in one of its fields.
    pub(super) fn transition(
        &mut self,
        from: StateIx,
        fields: &Fields<'_>,
        field: &str,
        names: &Names<'_>,
    ) -> Option<StateIx> {
        let name = fields.text(field, &mut self.problems);
        let to = name.and_then(|name| self.target(name, &fields.at(field), names));
        match to {
            Some(to) => self.edges.push((from, to)),
            None if fields.has(field) => {
                self.loose.insert(from);
            }
            None => {}
        }
        to
    }

    /// That some state of the workflow ends it. AWS asks this of the outermost states alone.
    pub(super) fn terminal(&mut self, fields: &Fields<'_>) {
        let Some(states) = fields.get("States").and_then(Value::as_object).filter(|states| !states.is_empty()) else {
            return;
        };
        if !states.iter().any(|(_, state)| may_end(state)) {
            let message = "Workflow has no terminal state".to_owned();
            let help = Some("Give one of its states \"End\": true, or add a Succeed or Fail state.".to_owned());
            let mut found = problem(Severity::Error, diagnostic::MISSING_END, fields.at("States"), message, help);
            found.location = None;
            self.problems.push(found);
        }
    }

    fn check_ways(
        &mut self,
        start: Option<StateIx>,
        fields: &Fields<'_>,
        states: &Fields<'_>,
        names: &Names<'_>,
        edges: &[(StateIx, StateIx)],
    ) {
        let endless = !states.map.iter().any(|(_, state)| may_end(state));
        // AWS tells of nothing else where a whole workflow has no end.
        if endless && self.nesting == 0 {
            return;
        }
        let mut ways = Ways { onward: HashMap::new(), back: HashMap::new() };
        for (from, to) in edges {
            ways.onward.entry(*from).or_default().push(*to);
            ways.back.entry(*to).or_default().push(*from);
        }
        self.unreachable(start, states, names, &ways);
        let reached = reached(start, &ways.onward);
        let ends =
            states.map.iter().filter(|(_, state)| may_end(state)).filter_map(|(name, _)| names.states.get(&**name));
        let loose = names.states.values().filter(|at| self.loose.contains(at));
        let ending = reached_from(ends.chain(loose).copied(), &ways.back);
        let stuck = names
            .listed
            .iter()
            .find(|name| names.states.get(**name).is_some_and(|at| reached.contains(at) && !ending.contains(at)));
        if let Some(name) = stuck {
            let message = format!("No way leads from the state '{name}' to one that ends");
            let help = format!("Executions of {} go round until a limit stops them.", shown(fields));
            self.problems.warning(diagnostic::NO_WAY_TO_END, states.at(name), message, Some(help));
        }
    }

    /// States that no transition names are errors, as for AWS; those that only each other name
    /// are accepted there.
    fn unreachable(&mut self, start: Option<StateIx>, states: &Fields<'_>, names: &Names<'_>, ways: &Ways) {
        let unnamed: Vec<&str> = names
            .listed
            .iter()
            .copied()
            .filter(|name| names.states.get(name).is_some_and(|at| Some(*at) != start && !ways.back.contains_key(at)))
            .collect();
        for name in &unnamed {
            self.problems.error(
                diagnostic::MISSING_TARGET,
                states.at(name),
                format!("State \"{name}\" is not reachable."),
                Some("Give it to a 'Next', 'Default' or 'StartAt', or take it out.".to_owned()),
            );
        }
        let Some(start) = start else { return };
        let roots = unnamed.iter().filter_map(|name| names.states.get(name)).copied();
        let accounted = reached_from(std::iter::once(start).chain(roots), &ways.onward);
        for name in
            names.listed.iter().filter(|name| names.states.get(**name).is_some_and(|at| !accounted.contains(at)))
        {
            self.problems.warning(
                diagnostic::MISSING_TARGET,
                states.at(name),
                format!("State \"{name}\" is not reachable from the first state"),
                Some("Only states that are not reachable themselves lead to it.".to_owned()),
            );
        }
    }
}

/// Whether a state ends its workflow or branch. Of a state whose kind or transition is wrong in
/// itself it is not known, and that is told anyway.
fn may_end(state: &Value) -> bool {
    let kind = state.get("Type").and_then(Value::as_str).unwrap_or("");
    match kind {
        "Succeed" | "Fail" => true,
        "Choice" => false,
        "Pass" | "Task" | "Wait" | "Parallel" | "Map" => {
            state.get("End").and_then(Value::as_bool) == Some(true) || state.get("Next").is_none()
        }
        _ => true,
    }
}

fn reached(start: Option<StateIx>, ways: &HashMap<StateIx, Vec<StateIx>>) -> HashSet<StateIx> {
    reached_from(start.into_iter(), ways)
}

fn reached_from(from: impl Iterator<Item = StateIx>, ways: &HashMap<StateIx, Vec<StateIx>>) -> HashSet<StateIx> {
    let mut open: Vec<StateIx> = from.collect();
    let mut reached: HashSet<StateIx> = open.iter().copied().collect();
    while let Some(at) = open.pop() {
        for to in ways.get(&at).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(*to);
            }
        }
    }
    reached
}

fn shown(fields: &Fields<'_>) -> String {
    if fields.pointer.is_empty() { "this workflow".to_owned() } else { fields.pointer.clone() }
}
