//! The context object, `$$`.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::callback::{gives_token, token};
use super::thread::Thread;
use crate::machine::{Kind, State};
use crate::map_run::with_item;
use crate::{MapItem, Start};

/// What stays the same through an execution.
#[derive(Debug, PartialEq)]
pub(super) struct About {
    /// Of a state that is tested: the whole context object.
    pub(super) given: Option<Value>,
    execution: Value,
    machine: Value,
    /// The region in the execution's ARN.
    pub(super) region: Arc<str>,
    /// The account in the execution's ARN.
    pub(super) account: Arc<str>,
    arn: Arc<str>,
    token_key: u128,
}

impl About {
    pub(super) fn new(start: &Start) -> Self {
        let text = |text: &Arc<str>| Value::String(Arc::clone(text));
        let part = |index| start.execution_arn.split(':').nth(index).unwrap_or("").into();
        Self {
            given: None,
            execution: Value::object([
                ("Id", text(&start.execution_arn)),
                ("Input", start.input.clone()),
                ("StartTime", start.at.to_string().into()),
                ("Name", text(&start.execution_name)),
                ("RoleArn", text(&start.role_arn)),
                ("RedriveCount", Value::from(0)),
            ]),
            machine: Value::object([("Id", text(&start.machine_arn)), ("Name", text(&start.machine_name))]),
            region: part(3),
            account: part(4),
            arn: Arc::clone(&start.execution_arn),
            token_key: start.token_key,
        }
    }

    /// The context object as a thread's state sees it; null for a state that never looks.
    pub(super) fn context(&self, state: &State, thread: &Thread) -> Value {
        if !state.uses_context {
            return Value::Null;
        }
        if let Some(given) = &self.given {
            return match &thread.item {
                Some(item) => {
                    with_item(given, MapItem { index: item.index, key: None, value: &item.value, source: None })
                }
                None => given.clone(),
            };
        }
        let mut about = Map::with_capacity(3);
        about.insert("EnteredTime", thread.entered_at.to_string().into());
        about.insert("Name", Value::String(Arc::clone(&state.name)));
        if counts_retries(&state.kind) {
            about.insert("RetryCount", Value::from(i64::try_from(thread.retry_count).unwrap_or(i64::MAX)));
        }
        let mut context = Map::with_capacity(4);
        context.insert("Execution", self.execution.clone());
        context.insert("StateMachine", self.machine.clone());
        context.insert("State", Value::Object(Arc::new(about)));
        if let Kind::Task(task) = &state.kind
            && gives_token(&task.target)
        {
            let attempt = u32::try_from(thread.retry_count).unwrap_or(u32::MAX - 1) + 1;
            let token = self.token(thread.entered_event, attempt);
            context.insert("Task", Value::object([("Token", Value::from(token))]));
        }
        if let Some(item) = &thread.item {
            let index = Value::from(i64::try_from(item.index).unwrap_or(i64::MAX));
            let item = Value::object([("Index", index), ("Value", item.value.clone())]);
            context.insert("Map", Value::object([("Item", item)]));
        }
        Value::Object(Arc::new(context))
    }
}

impl About {
    /// The token of an attempt at a Task state.
    pub(super) fn token(&self, entered_event: u64, attempt: u32) -> String {
        token(self.token_key, &self.arn, entered_event, attempt)
    }
}

fn counts_retries(kind: &Kind) -> bool {
    match kind {
        Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => true,
        Kind::Pass { .. } | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => false,
    }
}
