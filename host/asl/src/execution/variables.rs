//! Variables at work: what a thread sees, and what a state leaves in it.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::payload::measured;
use super::query::Subject;
use super::run::Step;
use super::thread::ThreadIx;
use crate::Failure;
use crate::limits::VARIABLES_BYTES_MAX;
use crate::machine::{Payload, State};

/// The variables that a thread sees: its own, and those of the threads around it, which wait
/// while it runs, so that theirs stay as they are. No name stands in both, see the checks of a
/// definition. A branch begins with the map of its parent itself; the first variable of its own
/// makes it a map of its own, whose values are still shared.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Variables {
    seen: Arc<Map>,
    /// Of the thread's own variables (bytes).
    own_bytes: usize,
}

impl Variables {
    pub(super) fn seen(&self) -> &Arc<Map> {
        &self.seen
    }

    /// What an execution may begin with.
    pub(super) fn given(variables: Arc<Map>) -> Self {
        let own_bytes = variables.values().filter_map(measured).sum();
        Self { seen: variables, own_bytes }
    }

    /// What a branch or iteration begins with.
    pub(super) fn inner(&self) -> Self {
        Self { seen: Arc::clone(&self.seen), own_bytes: 0 }
    }

    pub(super) fn assign(&mut self, assigned: &Map) {
        let seen = Arc::make_mut(&mut self.seen);
        for (name, value) in assigned.iter() {
            let before = seen.insert(Arc::clone(name), value.clone());
            let freed = before.as_ref().and_then(measured).unwrap_or(0);
            self.own_bytes = (self.own_bytes + measured(value).unwrap_or(0)).saturating_sub(freed);
        }
    }
}

/// A name and a value, both shared, and where to find them (bytes).
const MEMBER_BYTES: usize = 64;

impl Step<'_> {
    /// Of the map that a branch copies when it sets its first variable.
    fn copied_bytes(&self, at: ThreadIx) -> usize {
        let thread = self.fold.threads.get(at);
        let copying = thread.filter(|thread| thread.parent.is_some() && thread.variables.own_bytes == 0);
        copying.map_or(0, |thread| thread.variables.seen.len().saturating_mul(MEMBER_BYTES))
    }

    /// What a thread's expressions see of variables.
    pub(super) fn variables(&self, at: ThreadIx) -> Arc<Map> {
        self.fold.threads.get(at).map(|thread| Arc::clone(thread.variables.seen())).unwrap_or_default()
    }

    /// What an `Assign` sets once its state is left. The value of `subject` is the `$` of JSONPath: the result of a state
    /// that has one, the input of any other, the error of a catcher. Every expression sees the
    /// variables as they were when the state was entered.
    pub(super) fn assigned(
        &mut self,
        at: ThreadIx,
        state: &State,
        assign: Option<&Payload>,
        subject: Subject<'_>,
    ) -> Result<Option<Arc<Map>>, Failure> {
        let assigned = match assign {
            None => return Ok(None),
            Some(Payload::Template(template)) => self.fill(at, state, template, subject.value())?,
            Some(Payload::Query(query)) => self.query(at, state, query, "Assign", subject)?,
        };
        let (Some(bytes), Value::Object(map)) = (measured(&assigned), &assigned) else { return Err(too_large(state)) };
        if map.is_empty() {
            return Ok(None);
        }
        let stored: usize = self.fold.threads.iter().map(|thread| thread.variables.own_bytes).sum();
        let seen = self.variables(at);
        let freed: usize = map.keys().filter_map(|name| seen.get(name)).filter_map(measured).sum();
        if stored.saturating_add(bytes).saturating_sub(freed) > VARIABLES_BYTES_MAX {
            return Err(too_large(state));
        }
        self.pay(at, state, bytes + self.copied_bytes(at))?;
        Ok(Some(Arc::clone(map)))
    }
}

fn too_large(state: &State) -> Failure {
    Failure::new(
        "States.DataLimitExceeded",
        format!(
            "The state '{}' assigned variables with a size exceeding the maximum number of bytes service limit.",
            state.name
        ),
    )
}
