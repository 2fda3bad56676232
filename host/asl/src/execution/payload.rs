//! Payloads on their way into a state and out of it. This is the one place that knows in
//! which order the fields of a query language apply.

use std::sync::Arc;

use stepwell_expr::{EvalError, Expression, Number, Scope, Template, Value, json_bytes_within};

use super::query::Subject;
use super::run::Step;
use super::thread::{Thread, ThreadIx};
use crate::Failure;
use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX, STEP_BYTES_MAX};
use crate::machine::{QueryLanguage, ResultPath, Selection, State};
use crate::query::Query;

/// Whether a value can be a payload: an execution's input, a result, an output.
#[must_use]
pub fn payload_fits(value: &Value) -> bool {
    measured(value).is_some()
}

/// About how many bytes of text a value has; `None` when it cannot be a payload.
pub(super) fn measured(value: &Value) -> Option<usize> {
    let mut size = Size::default();
    match size.add(value, PAYLOAD_DEPTH_MAX) {
        Bound::Fits => Some(size.least),
        Bound::TooDeep => None,
        Bound::MayBeTooLong if shallow(value) => json_bytes_within(value, PAYLOAD_BYTES_MAX).ok(),
        Bound::MayBeTooLong => None,
    }
}

impl Step<'_> {
    /// The raw input after `InputPath`.
    pub(super) fn selected_input(&mut self, at: ThreadIx, state: &State) -> Result<Value, Failure> {
        let input = self.thread(at)?.input.clone();
        if state.language == QueryLanguage::Jsonata {
            return Ok(input);
        }
        let input = self.select(at, state, &state.flow.input_path, input)?;
        self.note(|seen| seen.after_input_path = Some(input.clone()));
        Ok(input)
    }

    /// `InputPath` or `OutputPath`.
    fn select(&mut self, at: ThreadIx, state: &State, selection: &Selection, value: Value) -> Result<Value, Failure> {
        match selection {
            Selection::Whole => Ok(value),
            Selection::Nothing => Ok(Value::object::<Arc<str>>([])),
            Selection::Path(path) => {
                let (context, variables) = (self.context(at, state), self.variables(at));
                let scope = Scope { variables: Some(&variables), ..Scope::new(&value, &context) };
                self.metered(scope, |scope, _| path.eval_path_field(scope))
                    .map_err(|error| self.evaluation(at, state, &error))
            }
        }
    }

    /// The raw input after `InputPath` and `Parameters`, or the `Arguments` in its place.
    pub(super) fn effective_input(&mut self, at: ThreadIx, state: &State) -> Result<Value, Failure> {
        let input = self.selected_input(at, state)?;
        if let Some(arguments) = &state.flow.arguments {
            let arguments = self.query(at, state, arguments, "Arguments", Subject::Input(&input))?;
            let arguments = self.fitting(at, state, arguments, &state.name)?;
            self.note(|seen| seen.after_arguments = Some(arguments.clone()));
            return Ok(arguments);
        }
        let parameters = match &state.flow.parameters {
            Some(template) => self.fill(at, state, template, &input)?,
            None => input,
        };
        self.note(|seen| seen.after_parameters = Some(parameters.clone()));
        Ok(parameters)
    }

    /// A payload template over some input.
    pub(super) fn fill(
        &mut self,
        at: ThreadIx,
        state: &State,
        template: &Template,
        input: &Value,
    ) -> Result<Value, Failure> {
        let (context, variables) = (self.context(at, state), self.variables(at));
        let scope = Scope { variables: Some(&variables), ..Scope::new(input, &context) };
        self.metered(scope, |scope, entropy| template.eval(scope, entropy))
            .map_err(|error| self.evaluation(at, state, &error))
    }

    /// An expression over the state's input, after `InputPath`.
    pub(super) fn evaluate(
        &mut self,
        at: ThreadIx,
        state: &State,
        expression: &Expression,
        field: &str,
    ) -> Result<Value, Failure> {
        let input = self.selected_input(at, state)?;
        let (context, variables) = (self.context(at, state), self.variables(at));
        let scope = Scope { variables: Some(&variables), ..Scope::new(&input, &context) };
        self.metered(scope, |scope, entropy| expression.eval(scope, entropy, field))
            .map_err(|error| self.evaluation(at, state, &error))
    }

    /// `ResultSelector`, over a result.
    pub(super) fn selected_result(&mut self, at: ThreadIx, state: &State, result: Value) -> Result<Value, Failure> {
        let selected = match &state.flow.result_selector {
            Some(template) => self.fill(at, state, template, &result)?,
            None => result,
        };
        self.note(|seen| seen.after_result_selector = Some(selected.clone()));
        Ok(selected)
    }

    /// `ResultPath`, then `OutputPath`; or `Output`.
    pub(super) fn combine(&mut self, at: ThreadIx, state: &State, result: Value) -> Result<Value, Failure> {
        if state.language == QueryLanguage::Jsonata {
            return self.output(at, state, result);
        }
        let combined = self.placed(at, state, &state.flow.result_path, result)?;
        self.note(|seen| seen.after_result_path = Some(combined.clone()));
        self.output(at, state, combined)
    }

    /// A result where a `ResultPath` puts it in the raw input.
    pub(super) fn placed(
        &mut self,
        at: ThreadIx,
        state: &State,
        path: &ResultPath,
        result: Value,
    ) -> Result<Value, Failure> {
        let thread = self.thread(at)?;
        let mut copied = 0;
        let placed = match path {
            ResultPath::Replace => Ok(result),
            ResultPath::Discard => Ok(thread.input.clone()),
            ResultPath::Insert(path) => path.insert_counted(&thread.input, result, &mut copied),
        };
        self.copied(copied);
        placed.map_err(|error| self.evaluation(at, state, &error))
    }

    /// `Output`, of a state, a rule or a catcher; where there is none, what it would start from.
    pub(super) fn query_output(
        &mut self,
        at: ThreadIx,
        state: &State,
        output: Option<&Query>,
        subject: Subject<'_>,
    ) -> Result<Value, Failure> {
        let output = match output {
            Some(query) => self.query(at, state, query, "Output", subject)?,
            None => subject.value().clone(),
        };
        if same(&output, &self.thread(at)?.input) { Ok(output) } else { self.fitting(at, state, output, &state.name) }
    }

    /// `OutputPath` or `Output`, and the limit on what a state may hand on.
    pub(super) fn output(&mut self, at: ThreadIx, state: &State, value: Value) -> Result<Value, Failure> {
        if state.language == QueryLanguage::Jsonata {
            return self.query_output(at, state, state.flow.output.as_ref(), Subject::of(state, &value));
        }
        let output = self.select(at, state, &state.flow.output_path, value)?;
        if same(&output, &self.thread(at)?.input) { Ok(output) } else { self.fitting(at, state, output, &state.name) }
    }

    /// A new payload, if it is not too large and the step may still make it. `name` is the
    /// state or task that made it.
    pub(super) fn fitting(&mut self, at: ThreadIx, state: &State, value: Value, name: &str) -> Result<Value, Failure> {
        let Some(bytes) = measured(&value) else { return Err(too_large(name)) };
        self.pay(at, state, bytes)?;
        Ok(value)
    }

    /// Counts bytes of new data against what one step may make.
    pub(super) fn pay(&mut self, at: ThreadIx, state: &State, bytes: usize) -> Result<(), Failure> {
        self.made_bytes = self.made_bytes.saturating_add(bytes);
        if self.made_bytes > STEP_BYTES_MAX {
            let detail = format!(
                "The execution made more than {STEP_BYTES_MAX} bytes of payloads without waiting for anything."
            );
            return Err(self.runtime(at, state, detail));
        }
        Ok(())
    }

    pub(super) fn context(&self, at: ThreadIx, state: &State) -> Value {
        self.fold.threads.get(at).map_or(Value::Null, |thread| self.fold.about.context(state, thread))
    }

    pub(super) fn thread(&self, at: ThreadIx) -> Result<&Thread, Failure> {
        // A step only works on threads that are there; were one missing, the execution fails
        // and says so instead of going on with something else.
        self.fold.threads.get(at).ok_or_else(|| Failure::new("States.Runtime", "A branch of the execution is missing."))
    }

    /// A failed evaluation, as AWS words it.
    pub(super) fn evaluation(&self, at: ThreadIx, state: &State, error: &EvalError) -> Failure {
        Failure::new(error.error, self.located(at, state, &error.cause))
    }

    /// `States.Runtime` in a state.
    pub(super) fn runtime(&self, at: ThreadIx, state: &State, detail: impl AsRef<str>) -> Failure {
        Failure::new("States.Runtime", self.located(at, state, detail.as_ref()))
    }

    pub(super) fn located(&self, at: ThreadIx, state: &State, detail: &str) -> String {
        // Of a state that is tested AWS says neither its name nor an event.
        if self.inspection.is_some() {
            return detail.to_owned();
        }
        let entered = self.fold.threads.get(at).map_or(0, |thread| thread.entered_event);
        located(&state.name, entered, detail)
    }
}

/// What happened in a state, as AWS words it.
pub(crate) fn located(state: &str, entered: u64, detail: &str) -> String {
    format!("An error occurred while executing the state '{state}' (entered at the event id #{entered}). {detail}")
}

/// `States.DataLimitExceeded` of a state, or of the task with this name.
pub(crate) fn too_large(name: &str) -> Failure {
    Failure::new(
        "States.DataLimitExceeded",
        format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}

/// Whether two values are one and the same in memory, and so need not be measured again.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Arc::ptr_eq(a, b),
        (Value::Array(a), Value::Array(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        (
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            _,
        ) => false,
    }
}

enum Bound {
    Fits,
    TooDeep,
    MayBeTooLong,
}

/// Bounds of the length of a value's text (bytes).
#[derive(Debug, Default)]
struct Size {
    least: usize,
    most: usize,
}

impl Size {
    /// Adds a value. It recurses `depth` deep at most, and stops where the bytes run out, so
    /// values that share their parts do no harm. Texts are not looked at: every byte may be
    /// escaped as six.
    fn add(&mut self, value: &Value, depth: usize) -> Bound {
        let (least, most) = match value {
            Value::Null | Value::Bool(_) => (4, 5),
            Value::Number(Number::Int(n)) if n.unsigned_abs() < 1_000 => (1, 4),
            Value::Number(_) => (3, 25),
            Value::String(text) => (text.len() + 2, 6 * text.len() + 2),
            Value::Array(items) => (items.len() + 2, items.len() + 2),
            Value::Object(map) => (2 * map.len() + 2, 2 * map.len() + 2),
        };
        if !self.grow(least, most) {
            return Bound::MayBeTooLong;
        }
        let inner = depth.checked_sub(1);
        let add = |size: &mut Self, value: &Value| inner.map_or(Bound::TooDeep, |depth| size.add(value, depth));
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Bound::Fits,
            Value::Array(items) => {
                let mut bounds = items.iter().map(|item| add(self, item));
                bounds.find(|bound| !matches!(bound, Bound::Fits)).unwrap_or(Bound::Fits)
            }
            Value::Object(map) => {
                for (key, value) in map.iter() {
                    if !self.grow(key.len() + 2, 6 * key.len() + 2) {
                        return Bound::MayBeTooLong;
                    }
                    match add(self, value) {
                        Bound::Fits => {}
                        bound @ (Bound::TooDeep | Bound::MayBeTooLong) => return bound,
                    }
                }
                Bound::Fits
            }
        }
    }

    fn grow(&mut self, least: usize, most: usize) -> bool {
        self.least += least;
        self.most += most;
        self.most <= PAYLOAD_BYTES_MAX
    }
}

/// Whether nothing in the value is deeper than a payload may be. Without recursion; used for
/// long values only, and it gives up on those that share their parts beyond measure.
fn shallow(value: &Value) -> bool {
    let mut open = vec![(value, 0_usize)];
    let mut seen = 0_usize;
    while let Some((value, depth)) = open.pop() {
        seen += 1;
        if depth > PAYLOAD_DEPTH_MAX || seen > PAYLOAD_BYTES_MAX {
            return false;
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => open.extend(map.values().map(|value| (value, depth + 1))),
        }
    }
    true
}
