//! JSONata at work: what an expression sees, and what is said when it fails.

use std::sync::Arc;

use stepwell_expr::{Map, Number, Value};

use super::run::Step;
use super::thread::ThreadIx;
use crate::machine::{Kind, State};
use crate::query::{Evaluation, QUERY_ERROR, Query, Trouble};
use crate::{EventKind, Failure};

/// What a state has come to, when an expression of it is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// There is no result: the state's input, as far as the query language has selected it.
    Input(&'a Value),
    /// `$states.result`.
    Result(&'a Value),
    /// `$states.errorOutput`, of a catcher.
    Error(&'a Value),
}

impl<'a> Subject<'a> {
    /// Of a state on its way out.
    pub(super) fn of(state: &State, value: &'a Value) -> Self {
        match &state.kind {
            Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => Self::Result(value),
            Kind::Pass { .. } | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => {
                Self::Input(value)
            }
        }
    }

    pub(super) fn value(self) -> &'a Value {
        match self {
            Self::Input(value) | Self::Result(value) | Self::Error(value) => value,
        }
    }
}

/// What the expressions of one field see.
struct Sight {
    states: Value,
    variables: Arc<Map>,
}

impl Step<'_> {
    /// A field of JSONata. `field` is its name, which the names of members follow in messages.
    pub(super) fn query(
        &mut self,
        at: ThreadIx,
        state: &State,
        query: &Query,
        field: &str,
        subject: Subject<'_>,
    ) -> Result<Value, Failure> {
        if let Query::Fixed(value) = query {
            return Ok(value.clone());
        }
        let context = self.context(at, state);
        let input = self.thread(at)?.input.clone();
        let mut states = Map::with_capacity(3);
        states.insert("input", input);
        match subject {
            Subject::Input(_) => {}
            Subject::Result(result) => drop(states.insert("result", result.clone())),
            Subject::Error(error) => drop(states.insert("errorOutput", error.clone())),
        }
        states.insert("context", context);
        let sight = Sight { states: Value::Object(Arc::new(states)), variables: self.variables(at) };
        self.compute(at, state, query, field, &sight)
    }

    /// `ItemSelector`, for the item that the context object shows.
    pub(super) fn query_item(
        &mut self,
        at: ThreadIx,
        state: &State,
        query: &Query,
        input: Value,
        context: Value,
    ) -> Result<Value, Failure> {
        let states = Value::object([("input", input), ("context", context)]);
        let sight = Sight { states, variables: self.variables(at) };
        self.compute(at, state, query, "ItemSelector", &sight)
    }

    /// A count of JSONata: a whole number that is not negative.
    pub(super) fn query_whole(
        &mut self,
        at: ThreadIx,
        state: &State,
        query: &Query,
        field: &str,
    ) -> Result<u64, Failure> {
        let value = self.query(at, state, query, field, Subject::Input(&Value::Null))?;
        let whole = match &value {
            Value::Number(number) => whole(*number),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let Some(whole) = whole else {
            return Err(self.unexpected(at, state, query, field, "integer", &value));
        };
        u64::try_from(whole).map_err(|_| {
            let detail = format!("The {field} field must not be negative but was: {whole}");
            self.query_failed(at, state, Some(field), &detail)
        })
    }

    fn compute(
        &mut self,
        at: ThreadIx,
        state: &State,
        query: &Query,
        field: &str,
        sight: &Sight,
    ) -> Result<Value, Failure> {
        let mut evaluation = Evaluation {
            states: &sight.states,
            variables: &sight.variables,
            entropy: &mut self.fold.entropy,
            now_millis: self.at.as_micros().div_euclid(1_000),
            steps_left: &mut self.query_steps_left,
            bytes: 0,
        };
        let result = evaluation.run(query, field);
        let bytes = evaluation.bytes;
        match result {
            Ok(value) => {
                self.made_of(&value, bytes);
                Ok(value)
            }
            Err(trouble @ Trouble::Exhausted) => Err(self.runtime(at, state, trouble.detail())),
            Err(Trouble::Failed { field, detail }) => Err(self.query_failed(at, state, Some(&field), &detail)),
        }
    }

    /// A value that is not of the kind the field takes.
    pub(super) fn unexpected(
        &mut self,
        at: ThreadIx,
        state: &State,
        query: &Query,
        field: &str,
        wanted: &str,
        value: &Value,
    ) -> Failure {
        let found = kind(value);
        let detail =
            format!("returned an unexpected result type. Expected '{wanted}', but was '{found}' for value: {value}");
        let detail = match query {
            Query::Computed(computed) => computed.described(field, &detail),
            Query::Fixed(_) | Query::List(_) | Query::Members(_) => format!("The field '{field}' {detail}"),
        };
        self.query_failed(at, state, Some(field), &detail)
    }

    /// Tells the history that a field could not be evaluated, and fails the state with it. An
    /// evaluation that belongs to a state's entry follows what the entry followed, as AWS has it.
    pub(super) fn query_failed(
        &mut self,
        at: ThreadIx,
        state: &State,
        location: Option<&str>,
        detail: &str,
    ) -> Failure {
        let previous = self.fold.threads.get(at).map_or(0, |thread| {
            if thread.last_event == thread.entered_event { thread.entered_after } else { thread.last_event }
        });
        self.query_failed_after(previous, at, state, location, detail)
    }

    /// As [`Self::query_failed`], after this event.
    pub(super) fn query_failed_after(
        &mut self,
        previous: u64,
        at: ThreadIx,
        state: &State,
        location: Option<&str>,
        detail: &str,
    ) -> Failure {
        let failure = Failure::new(QUERY_ERROR, self.located(at, state, detail));
        let id = self.emit(
            previous,
            EventKind::EvaluationFailed {
                state: Arc::clone(&state.name),
                location: location.map(Arc::from),
                failure: failure.clone(),
            },
        );
        if let Some(thread) = self.fold.threads.get_mut(at) {
            thread.last_event = id;
        }
        failure
    }
}

/// JSONata's names of the JSON kinds.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Numbers of JSONata have no kind: `2.0` is whole.
#[expect(clippy::cast_possible_truncation, reason = "bounded first, and without a fraction")]
fn whole(number: Number) -> Option<i64> {
    match number {
        Number::Int(n) => Some(n),
        Number::Float(n) if n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0 => Some(n as i64),
        Number::Float(_) => None,
    }
}
