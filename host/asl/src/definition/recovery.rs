//! `Retry` and `Catch`.

use std::collections::HashSet;
use std::sync::Arc;

use stepwell_expr::Value;

use super::fields::{Fields, expected, nearest};
use super::{Builder, Names};
use crate::diagnostic::{self, Severity};
use crate::limits;
use crate::machine::{Catcher, Recovery, Retrier, StateIx};

const RETRIER_FIELDS: [&str; 7] =
    ["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"];
const CATCHER_FIELDS: [&str; 6] = ["ErrorEquals", "ResultPath", "Next", "Comment", "Assign", "Output"];

impl Builder {
    pub(super) fn recovery(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Recovery {
        let mut recovery = Recovery::default();
        let retriers = fields.list("Retry", &mut self.problems).unwrap_or_default();
        let mut taken = Taken::of(fields);
        for (index, value) in retriers.iter().enumerate() {
            let last = index + 1 == retriers.len();
            let pointer = format!("{}/{index}", fields.at("Retry"));
            let retrier = self.retrier(value, pointer.clone(), last);
            self.reached_by_none(&mut taken, retrier.as_ref().map(|retrier| retrier.errors.as_slice()), &pointer);
            if let Some(retrier) = retrier {
                recovery.retried.add(&retrier.errors, recovery.retriers.len());
                recovery.retriers.push(retrier);
            }
        }
        let catchers = fields.list("Catch", &mut self.problems).unwrap_or_default();
        let mut taken = Taken::of(fields);
        for (index, value) in catchers.iter().enumerate() {
            let last = index + 1 == catchers.len();
            let pointer = format!("{}/{index}", fields.at("Catch"));
            let catcher = self.catcher(at, value, pointer.clone(), last, names);
            self.reached_by_none(&mut taken, catcher.as_ref().map(|catcher| catcher.errors.as_slice()), &pointer);
            if let Some(catcher) = catcher {
                recovery.caught.add(&catcher.errors, recovery.catchers.len());
                recovery.catchers.push(catcher);
            }
        }
        recovery
    }

    /// Warns of errors that an earlier retrier or catcher of the same list takes.
    fn reached_by_none(&mut self, taken: &mut Taken, errors: Option<&[Arc<str>]>, pointer: &str) {
        for (index, name) in errors.unwrap_or_default().iter().enumerate() {
            if let Some(reason) = taken.takes(name) {
                let message = format!("'{name}' never gets here: {reason}");
                let place = format!("{pointer}/ErrorEquals/{index}");
                let help = Some("Name it in an earlier place, or remove it.".to_owned());
                self.problems.warning(diagnostic::UNREACHABLE_HANDLER, place, message, help);
            }
        }
        taken.names.extend(errors.unwrap_or_default().iter().cloned());
    }

    fn retrier(&mut self, value: &Value, pointer: String, last: bool) -> Option<Retrier> {
        let fields = Fields::of(value, pointer, &mut self.problems)?;
        fields.known(&RETRIER_FIELDS, &mut self.problems);
        let errors = self.error_names(&fields, last)?;
        let whole = |name, min, max, builder: &mut Self| fields.whole(name, min, max, &mut builder.problems);
        let interval_seconds = whole("IntervalSeconds", 1, limits::DELAY_SECONDS_MAX, self).unwrap_or(1);
        let attempts_max = whole("MaxAttempts", 0, limits::RETRY_ATTEMPTS_MAX, self).unwrap_or(3);
        let delay_seconds_max = whole("MaxDelaySeconds", 1, limits::RETRY_DELAY_SECONDS_MAX, self);
        if delay_seconds_max.is_some_and(|max| max < interval_seconds) {
            self.problems.warning(
                diagnostic::NO_EFFECT,
                fields.at("MaxDelaySeconds"),
                "'IntervalSeconds' has no effect: 'MaxDelaySeconds' is smaller",
                Some("Give 'MaxDelaySeconds' the longest delay that you want.".to_owned()),
            );
        }
        let backoff_rate = match fields.get("BackoffRate") {
            None => 2.0,
            Some(value) => {
                let Some(rate) = value.as_number().map(stepwell_expr::Number::as_f64) else {
                    expected(&mut self.problems, fields.at("BackoffRate"), "Number", value);
                    return None;
                };
                if rate < 1.0 {
                    self.problems.schema(fields.at("BackoffRate"), "Minimum value is 1.0");
                    return None;
                }
                rate
            }
        };
        let strategy = fields.one_word("JitterStrategy", &["NONE", "FULL"], &mut self.problems);
        let full_jitter = strategy == Some("FULL");
        Some(Retrier { errors, interval_seconds, attempts_max, backoff_rate, delay_seconds_max, full_jitter })
    }

    fn catcher(
        &mut self,
        at: StateIx,
        value: &Value,
        pointer: String,
        last: bool,
        names: &Names<'_>,
    ) -> Option<Catcher> {
        let fields = Fields::of(value, pointer, &mut self.problems)?;
        fields.known(&CATCHER_FIELDS, &mut self.problems);
        self.foreign(&fields);
        fields.require(&["Next"], &mut self.problems);
        let errors = self.error_names(&fields, last);
        let result_path = self.result_path(&fields);
        let output = self.query(&fields, "Output");
        let assign = self.assign(&fields);
        let next = self.transition(at, &fields, "Next", names)?;
        Some(Catcher { errors: errors?, result_path, output, assign, next })
    }

    /// `ErrorEquals`. `States.ALL` stands alone, and in the last place.
    fn error_names(&mut self, fields: &Fields<'_>, last: bool) -> Option<Vec<Arc<str>>> {
        fields.require(&["ErrorEquals"], &mut self.problems);
        let items = fields.list("ErrorEquals", &mut self.problems)?;
        let pointer = fields.at("ErrorEquals");
        if items.is_empty() {
            self.problems.schema(pointer.clone(), "Value cannot be empty");
        }
        let mut names: Vec<Arc<str>> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(name) => names.push(Arc::clone(name)),
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    expected(&mut self.problems, format!("{pointer}/{index}"), "String", other);
                }
            }
        }
        for (index, name) in names.iter().enumerate() {
            self.known_error(name, format!("{pointer}/{index}"));
        }
        if let Some(all) = names.iter().position(|name| &**name == ALL)
            && (names.len() > 1 || !last)
        {
            let help = if names.len() > 1 {
                "Take the other names away, or into a retrier or catcher before this one."
            } else {
                "Make this the last one."
            };
            let message = "States.ALL must appear alone and at end of list";
            self.problems.error(diagnostic::SCHEMA, format!("{pointer}/{all}"), message, Some(help.to_owned()));
        }
        Some(names)
    }

    /// A name that looks like one of the language's and is none matches nothing.
    fn known_error(&mut self, name: &str, pointer: String) {
        if STATES_ERRORS.contains(&name) || !name.starts_with("State") || self.problems.full(Severity::Warning) {
            return;
        }
        let near = nearest(name, STATES_ERRORS);
        if name.starts_with("States.") || near.is_some() {
            self.problems.warning(
                diagnostic::UNKNOWN_ERROR,
                pointer,
                format!("There is no error named '{name}'"),
                Some(match near {
                    Some(near) => format!("Did you mean '{near}'?"),
                    None => format!("Those of the language are: {}.", STATES_ERRORS.join(", ")),
                }),
            );
        }
    }
}

/// The errors that earlier retriers or catchers of one list take.
struct Taken {
    names: HashSet<Arc<str>>,
    is_task: bool,
}

impl Taken {
    fn of(fields: &Fields<'_>) -> Self {
        let is_task = fields.get("Type").and_then(Value::as_str) == Some("Task");
        Self { names: HashSet::new(), is_task }
    }

    /// Why an error of this name does not get past them.
    fn takes(&self, name: &str) -> Option<&'static str> {
        if self.names.contains(name) {
            return Some("an earlier one names it as well");
        }
        let is_own = name.starts_with("States.") && name != "States.Permissions";
        let by_failed = self.is_task && !is_own && self.names.contains("States.TaskFailed");
        by_failed.then_some("'States.TaskFailed', in an earlier one, takes every error of a task")
    }
}

const ALL: &str = "States.ALL";

/// The errors that the language itself names.
const STATES_ERRORS: [&str; 16] = [
    "States.ALL",
    "States.HeartbeatTimeout",
    "States.Timeout",
    "States.TaskFailed",
    "States.Permissions",
    "States.ResultPathMatchFailure",
    "States.ParameterPathFailure",
    "States.BranchFailed",
    "States.NoChoiceMatched",
    "States.IntrinsicFailure",
    "States.ExceedToleratedFailureThreshold",
    "States.ItemReaderFailed",
    "States.ResultWriterFailed",
    "States.DataLimitExceeded",
    "States.Runtime",
    "States.QueryEvaluationError",
];
