//! `Retry` and `Catch`.

use std::sync::Arc;

use stepwell_expr::Value;

use super::fields::{Fields, nearest};
use super::{Builder, Names};
use crate::machine::{Catcher, Recovery, Retrier, StateIx};
use crate::{diagnostic, limits};

const RETRIER_FIELDS: [&str; 7] =
    ["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"];
const CATCHER_FIELDS: [&str; 6] = ["ErrorEquals", "ResultPath", "Next", "Comment", "Assign", "Output"];

impl Builder {
    pub(super) fn recovery(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Recovery {
        let mut recovery = Recovery::default();
        let retriers = fields.list("Retry", &mut self.problems).unwrap_or_default();
        for (index, value) in retriers.iter().enumerate() {
            let last = index + 1 == retriers.len();
            recovery.retriers.extend(self.retrier(value, format!("{}/{index}", fields.at("Retry")), last));
        }
        let catchers = fields.list("Catch", &mut self.problems).unwrap_or_default();
        for (index, value) in catchers.iter().enumerate() {
            let last = index + 1 == catchers.len();
            let pointer = format!("{}/{index}", fields.at("Catch"));
            recovery.catchers.extend(self.catcher(at, value, pointer, last, names));
        }
        recovery
    }

    fn retrier(&mut self, value: &Value, pointer: String, last: bool) -> Option<Retrier> {
        let fields = Fields::of(value, pointer, &mut self.problems)?;
        fields.known(&RETRIER_FIELDS, &[], &mut self.problems);
        let errors = self.error_names(&fields, last)?;
        let whole = |name, min, max, builder: &mut Self| fields.whole(name, min, max, &mut builder.problems);
        let interval_seconds = whole("IntervalSeconds", 1, limits::DELAY_SECONDS_MAX, self).unwrap_or(1);
        let attempts_max = whole("MaxAttempts", 0, limits::RETRY_ATTEMPTS_MAX, self).unwrap_or(3);
        let delay_seconds_max = whole("MaxDelaySeconds", 1, limits::RETRY_DELAY_SECONDS_MAX, self);
        if delay_seconds_max.is_some_and(|max| max <= interval_seconds) && fields.has("IntervalSeconds") {
            self.problems.schema(
                fields.at("MaxDelaySeconds"),
                "The value of 'MaxDelaySeconds' must be greater than that of 'IntervalSeconds'",
            );
        }
        let backoff_rate = match fields.get("BackoffRate") {
            None => 2.0,
            Some(value) => {
                let rate = value.as_number().map(stepwell_expr::Number::as_f64).filter(|rate| *rate >= 1.0);
                if rate.is_none() {
                    self.problems.schema(fields.at("BackoffRate"), "Expected a number greater than or equal to 1.0");
                }
                rate?
            }
        };
        let full_jitter = match fields.text("JitterStrategy", &mut self.problems).map(|text| &**text) {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                self.problems.schema(
                    fields.at("JitterStrategy"),
                    "The field 'JitterStrategy' should have one of these values: [FULL, NONE]",
                );
                false
            }
        };
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
        fields.known(&CATCHER_FIELDS, &[], &mut self.problems);
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
            self.problems.schema(pointer.clone(), "Array must have at least one item");
        }
        let mut names: Vec<Arc<str>> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(name) => names.push(Arc::clone(name)),
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    self.problems.schema(
                        format!("{pointer}/{index}"),
                        format!("Expected value of type String, but was {}", super::fields::kind(other)),
                    )
                }
            }
        }
        for (index, name) in names.iter().enumerate() {
            self.known_error(name, format!("{pointer}/{index}"));
        }
        if names.iter().any(|name| &**name == "States.ALL") {
            if names.len() > 1 {
                self.problems.schema(pointer, "States.ALL must appear alone in an array");
            } else if !last {
                self.problems.schema(pointer, "States.ALL must appear in the last position of the list");
            }
        }
        Some(names)
    }

    /// A name that looks like one of the language's and is none matches nothing.
    fn known_error(&mut self, name: &str, pointer: String) {
        if STATES_ERRORS.contains(&name) {
            return;
        }
        let near = nearest(name, STATES_ERRORS).filter(|_| name.starts_with("State"));
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
