//! The run of a distributed Map: what its state asks of the host. Every field of the state is
//! evaluated; only what is made for each item is left, and made here.

use std::sync::Arc;

use stepwell_expr::{Entropy, Map, Scope, Value};

use crate::execution::{Tolerance, payload_fits, threshold_exceeded};
use crate::machine::{Kind, Payload, StateIx, WorkflowType};
use crate::query::Evaluation;
use crate::{Failure, Machine, RunId, Timestamp};

/// A run of a distributed Map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRun {
    pub run: RunId,
    /// `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:UUID`.
    pub arn: Arc<str>,
    /// `MACHINE/LABEL`: the name of the machine of the child executions.
    pub machine_name: Arc<str>,
    /// The name of the state.
    pub state_name: Arc<str>,
    /// JSON pointer of the `ItemProcessor`: see [`Machine::processor`].
    pub processor: Arc<str>,
    /// Of the child executions.
    pub child: WorkflowType,
    pub items: Items,
    /// Most child executions at the same time; 0 is as many as the host runs.
    pub max_concurrency: u64,
    /// How many items may fail.
    pub tolerated_count: Option<u64>,
    /// Which share of the items may fail, from 0 to 100.
    pub tolerated_percentage: Option<f64>,
    pub batch: Option<Batch>,
    pub writer: Option<WriteResults>,
    /// Whether the items given are the members of an object.
    pub(crate) is_keyed: bool,
    pub(crate) view: View,
}

/// What a map run goes over.
#[derive(Debug, Clone, PartialEq)]
pub enum Items {
    /// The items themselves: see [`MapRun::given`].
    Given(Arc<Vec<Value>>),
    /// To be read by the host.
    Read(ReadItems),
}

/// One item of a map run.
#[derive(Debug, Clone, Copy)]
pub struct MapItem<'a> {
    /// From 0.
    pub index: u64,
    /// Its name, where the items are the members of an object.
    pub key: Option<&'a str>,
    pub value: &'a Value,
    /// Where it is from: `STATE_DATA`, `S3://bucket/key`.
    pub source: Option<&'a str>,
}

/// `ItemReader`, evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadItems {
    /// `arn:aws:states:::s3:getObject` or `arn:aws:states:::s3:listObjectsV2`.
    pub resource: Arc<str>,
    /// `Parameters` or `Arguments`; null where there are none.
    pub arguments: Value,
    /// `ReaderConfig` with its `MaxItems`; null where there is none.
    pub config: Value,
}

/// `ItemBatcher`, evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Most items of one batch.
    pub items_max: Option<u64>,
    /// Most bytes of the input of one child execution (bytes of compact JSON).
    pub bytes_max: Option<u64>,
    /// `BatchInput`.
    pub input: Option<Value>,
}

/// `ResultWriter`, evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteResults {
    /// `arn:aws:states:::s3:putObject`; `None` where the results only take another form.
    pub resource: Option<Arc<str>>,
    /// `Parameters` or `Arguments`; null where there are none.
    pub arguments: Value,
    /// `WriterConfig`; null where there is none.
    pub config: Value,
}

/// What `ItemSelector` sees besides the item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    pub(crate) state: StateIx,
    pub(crate) entered_event: u64,
    /// The effective input.
    pub(crate) input: Value,
    /// The context object of the state, without an item.
    pub(crate) context: Value,
    pub(crate) variables: Arc<Map>,
    pub(crate) seed: u64,
    pub(crate) at: Timestamp,
}

impl MapRun {
    /// An item of [`Items::Given`], as [`Self::selected_item`] takes it.
    #[must_use]
    pub fn given<'a>(&self, index: u64, item: &'a Value) -> MapItem<'a> {
        listed(index, item, self.is_keyed, GIVEN_SOURCE)
    }

    /// What an item becomes by `ItemSelector`; the item itself, or its key and its value, where
    /// there is none. The same on every call.
    ///
    /// # Errors
    /// The failure of the state, where the item cannot be selected from.
    pub fn selected(&self, machine: &Machine, item: MapItem<'_>) -> Result<Value, Failure> {
        let view = &self.view;
        let unselected = || match item.key {
            Some(key) => Value::object([("Key", Value::from(key)), ("Value", item.value.clone())]),
            None => item.value.clone(),
        };
        let Kind::Map(map) = &machine.state(view.state).kind else { return Ok(unselected()) };
        let Some(selector) = &map.item_selector else { return Ok(unselected()) };
        let mut entropy = Entropy::new(view.seed ^ item.index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let context = with_item(&view.context, item);
        let selected = match selector {
            Payload::Template(template) => {
                let scope = Scope { variables: Some(&view.variables), ..Scope::new(&view.input, &context) };
                template
                    .eval(&scope, &mut entropy)
                    .map_err(|error| Failure::new(error.error, self.located(&error.cause)))?
            }
            Payload::Query(query) => {
                let states = Value::object([("input", view.input.clone()), ("context", context)]);
                let mut evaluation = Evaluation {
                    states: &states,
                    variables: &view.variables,
                    entropy: &mut entropy,
                    now_millis: view.at.as_micros().div_euclid(1_000),
                    steps_left: &mut crate::limits::STEP_QUERY_STEPS_MAX.clone(),
                    bytes: 0,
                };
                evaluation
                    .run(query, "ItemSelector")
                    .map_err(|trouble| Failure::new(trouble.error_name(), self.located(&trouble.detail())))?
            }
        };
        if payload_fits(&selected) { Ok(selected) } else { Err(self.too_large()) }
    }

    /// The input of a child execution that is given several items, selected before.
    #[must_use]
    pub fn batched(&self, items: Vec<Value>) -> Value {
        batched(self.batch.as_ref().and_then(|batch| batch.input.clone()), items)
    }

    /// What the state fails with once so many of its items have failed; `None` while they are
    /// tolerated.
    #[must_use]
    pub fn exceeded(&self, failed: u64, items: u64) -> Option<Failure> {
        let (count, percentage) = (self.tolerated_count, self.tolerated_percentage);
        // One that says nothing of failures tolerates none.
        let count = count.or(percentage.is_none().then_some(0));
        Tolerance { count, percentage, failed }.is_exceeded(items).then(threshold_exceeded)
    }

    /// What the state fails with where an output or an input is larger than a payload may be.
    #[must_use]
    pub fn too_large(&self) -> Failure {
        crate::execution::too_large(&self.state_name)
    }

    fn located(&self, detail: &str) -> String {
        crate::execution::located(&self.state_name, self.view.entered_event, detail)
    }
}

/// An item as it is listed, where members of an object are `{"Key", "Value"}`.
pub(crate) fn listed<'a>(index: u64, item: &'a Value, is_keyed: bool, source: &'a str) -> MapItem<'a> {
    let member = item.as_object().filter(|_| is_keyed);
    let key = member.and_then(|member| member.get("Key")).and_then(Value::as_str);
    let value = member.and_then(|member| member.get("Value")).unwrap_or(item);
    MapItem { index, key, value, source: Some(source) }
}

/// Several items as one input, with the `BatchInput` where there is one.
pub(crate) fn batched(given: Option<Value>, items: Vec<Value>) -> Value {
    let mut input = Map::with_capacity(2);
    if let Some(given) = given {
        input.insert("BatchInput", given);
    }
    input.insert("Items", Value::Array(Arc::new(items)));
    Value::Object(Arc::new(input))
}

/// The context object of a Map, with the item that it is about.
pub(crate) fn with_item(context: &Value, item: MapItem<'_>) -> Value {
    let Value::Object(map) = context else { return context.clone() };
    let mut map = Map::clone(map);
    let mut about = Map::with_capacity(4);
    about.insert("Index", Value::from(i64::try_from(item.index).unwrap_or(i64::MAX)));
    if let Some(key) = item.key {
        about.insert("Key", Value::from(key));
    }
    about.insert("Value", item.value.clone());
    if let Some(source) = item.source {
        about.insert("Source", Value::from(source));
    }
    map.insert("Map", Value::object([("Item", Value::Object(Arc::new(about)))]));
    Value::Object(Arc::new(map))
}

/// What the context object says of an item that the state was given.
pub(crate) const GIVEN_SOURCE: &str = "STATE_DATA";
