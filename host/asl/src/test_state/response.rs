//! What the test of a state found.

use std::sync::Arc;

use stepwell_expr::{Map, Number, Value};

/// The outcome of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestStateResponse {
    pub status: TestStatus,
    /// Of a state that was left.
    pub output: Option<Value>,
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
    /// The name of the state that follows.
    pub next_state: Option<Arc<str>>,
    /// `None` with [`super::InspectionLevel::Info`].
    pub inspection: Option<Box<InspectionData>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestStatus {
    Succeeded,
    Failed,
    /// It failed, and a retrier would try it again.
    Retriable,
    /// It failed, and a catcher leads on.
    CaughtError,
}

/// What the data became on their way; what the state did not come to, or does not have, is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InspectionData {
    pub input: Value,
    pub after_input_path: Option<Value>,
    pub after_parameters: Option<Value>,
    pub after_arguments: Option<Value>,
    pub after_items_path: Option<Value>,
    pub after_items_pointer: Option<Value>,
    /// One per iteration.
    pub after_item_selector: Option<Value>,
    /// One per batch.
    pub after_item_batcher: Option<Value>,
    pub max_concurrency: Option<u64>,
    pub tolerated_failure_count: Option<u64>,
    /// From 0 to 100.
    pub tolerated_failure_percentage: Option<f64>,
    pub result: Option<Value>,
    pub after_result_selector: Option<Value>,
    pub after_result_path: Option<Value>,
    /// What the next state sees; never an empty object.
    pub variables: Option<Arc<Map>>,
    pub error_details: Option<ErrorDetails>,
}

/// What a failure met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErrorDetails {
    /// The place of the catcher, from 0.
    pub catch_index: Option<usize>,
    /// The place of the retrier, from 0.
    pub retry_index: Option<usize>,
    /// The delay before the next attempt, where there is one (seconds).
    pub retry_backoff_seconds: Option<u64>,
}

impl TestStateResponse {
    /// The body of AWS's answer: data as JSON text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut map = Map::with_capacity(6);
        let text = |text: &Arc<str>| Value::String(Arc::clone(text));
        put(&mut map, "output", self.output.as_ref().map(as_text));
        put(&mut map, "error", self.error.as_ref().map(text));
        put(&mut map, "cause", self.cause.as_ref().map(text));
        put(&mut map, "inspectionData", self.inspection.as_ref().map(|data| data.to_json()));
        put(&mut map, "nextState", self.next_state.as_ref().map(text));
        put(&mut map, "status", Some(self.status.name().into()));
        Value::Object(Arc::new(map))
    }
}

impl TestStatus {
    /// `SUCCEEDED`, `FAILED`, `RETRIABLE` or `CAUGHT_ERROR`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Retriable => "RETRIABLE",
            Self::CaughtError => "CAUGHT_ERROR",
        }
    }
}

impl InspectionData {
    /// The stages with their names at AWS, in the order in which a state comes to them.
    #[must_use]
    pub fn stages(&self) -> Vec<(&'static str, Value)> {
        let whole = |n: Option<u64>| n.map(|n| Value::from(i64::try_from(n).unwrap_or(i64::MAX)));
        let percentage = self.tolerated_failure_percentage.map(|n| Value::Number(Number::Float(n)));
        [
            ("input", Some(self.input.clone())),
            ("afterInputPath", self.after_input_path.clone()),
            ("afterParameters", self.after_parameters.clone()),
            ("afterArguments", self.after_arguments.clone()),
            ("afterItemsPath", self.after_items_path.clone()),
            ("afterItemsPointer", self.after_items_pointer.clone()),
            ("afterItemSelector", self.after_item_selector.clone()),
            ("afterItemBatcher", self.after_item_batcher.clone()),
            ("maxConcurrency", whole(self.max_concurrency)),
            ("toleratedFailureCount", whole(self.tolerated_failure_count)),
            ("toleratedFailurePercentage", percentage),
            ("result", self.result.clone()),
            ("afterResultSelector", self.after_result_selector.clone()),
            ("afterResultPath", self.after_result_path.clone()),
            ("variables", self.variables.as_ref().map(|map| Value::Object(Arc::clone(map)))),
            ("errorDetails", self.error_details.map(ErrorDetails::to_json)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    fn to_json(&self) -> Value {
        let stages = self.stages().into_iter().map(|(name, value)| {
            let as_it_is = matches!(
                name,
                "maxConcurrency" | "toleratedFailureCount" | "toleratedFailurePercentage" | "errorDetails"
            );
            (name, if as_it_is { value } else { as_text(&value) })
        });
        Value::object(stages)
    }
}

impl ErrorDetails {
    fn to_json(self) -> Value {
        let mut map = Map::with_capacity(3);
        let whole = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        put(&mut map, "catchIndex", self.catch_index.map(|n| whole(n as u64)));
        put(&mut map, "retryIndex", self.retry_index.map(|n| whole(n as u64)));
        put(&mut map, "retryBackoffIntervalSeconds", self.retry_backoff_seconds.map(whole));
        Value::Object(Arc::new(map))
    }
}

fn put(map: &mut Map, name: &'static str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(name, value);
    }
}

fn as_text(value: &Value) -> Value {
    value.to_string().into()
}
