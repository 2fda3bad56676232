//! The definition of one state by itself, as a test of it has it.

use super::Builder;
use super::fields::Fields;
use super::graph::Names;
use crate::machine::{Flow, Kind, Machine, QueryLanguage, State, StateIx};

/// The name of a state that is read by itself, as AWS has it.
pub(crate) const LONE_STATE: &str = "StateName";

impl Builder {
    pub(super) fn lone_state(&mut self, text: &str) -> Option<Machine> {
        let value = self.json(text)?;
        let Some(map) = value.as_object() else {
            self.no_object(text);
            return None;
        };
        self.twins(text);
        let fields = Fields { map, pointer: String::new() };
        let outer = self.variables.enter();
        self.states.push(None);
        let state = self.state(&LONE_STATE.into(), StateIx(0), &fields, &Names::default());
        self.variables.leave(outer);
        if let Some(slot) = self.states.first_mut() {
            *slot = state.map(Box::new);
        }
        let states = std::mem::take(&mut self.states).into_iter();
        let states = states.map(|state| state.map(|state| *state)).collect::<Option<Vec<State>>>()?;
        let start = StateIx(0);
        Some(Machine { states: states.into(), start, timeout_seconds: None, warnings: Vec::new(), comment: None })
    }

    /// What a lone state leads to.
    pub(super) fn elsewhere(&mut self, name: &str) -> Option<StateIx> {
        let at = StateIx(u32::try_from(self.states.len()).ok()?);
        self.states.push(Some(Box::new(State {
            name: name.into(),
            pointer: String::new(),
            language: QueryLanguage::JsonPath,
            flow: Flow::default(),
            assign: None,
            references: Vec::new(),
            uses_context: false,
            next: None,
            kind: Kind::Succeed,
        })));
        Some(at)
    }
}
