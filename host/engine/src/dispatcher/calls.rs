//! Calls on their way out and back.

use std::collections::VecDeque;
use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::limits::{LOG_TAIL_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use stepwell_asl::{CallId, Failure, Input, Invoke, Receipt};
use stepwell_store::CallLog;
use stepwell_tasks::{Budget, Call, Identity, Returned, failures};

use super::{Action, Beside, Dispatcher, Live};
use crate::journal::can_be_read_again;

/// Where a call that is awaited is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    /// From 1, one more after each loss of the host.
    pub dispatch: u32,
    /// Still in the queue otherwise.
    pub is_out: bool,
}

/// A call for the shell to send.
#[derive(Debug)]
pub(crate) struct SendOut {
    pub id: Arc<str>,
    pub call: CallId,
    pub dispatch: u32,
    pub task: Call,
}

/// Calls that wait for their turn. Those of child executions of map runs wait apart, so that the
/// calls of a million items are not all before that of another execution.
#[derive(Debug, Default)]
pub(super) struct Queue {
    own: VecDeque<(Arc<str>, Invoke)>,
    children: VecDeque<(Arc<str>, Invoke)>,
    /// The last one taken was a child's.
    was_child: bool,
}

impl Queue {
    pub fn push(&mut self, id: Arc<str>, invoke: Invoke, is_child: bool) {
        if is_child { self.children.push_back((id, invoke)) } else { self.own.push_back((id, invoke)) }
    }

    /// Calls of child executions that wait.
    pub fn children(&self) -> usize {
        self.children.len()
    }

    /// All that wait, in no order.
    pub fn take(&mut self) -> impl Iterator<Item = (Arc<str>, Invoke)> + use<> {
        std::mem::take(&mut self.own).into_iter().chain(std::mem::take(&mut self.children))
    }

    /// By turns where both kinds wait.
    fn pop(&mut self) -> Option<(Arc<str>, Invoke)> {
        self.was_child = !self.children.is_empty() && (self.own.is_empty() || !self.was_child);
        if self.was_child { self.children.pop_front() } else { self.own.pop_front() }
    }
}

impl Dispatcher {
    /// Sends calls out as long as there is room.
    pub(super) fn send_queued(&mut self, actions: &mut Vec<Action>) {
        while self.draining.is_none() && self.calls_out < self.calls_max {
            let Some((id, invoke)) = self.queue.pop() else { return };
            let Some(live) = self.live.get_mut(&id) else { continue };
            let Some(sent) = live.calls.get_mut(&invoke.call) else { continue };
            sent.is_out = true;
            let dispatch = sent.dispatch;
            self.calls_out += 1;
            let task = task_call(&id, live, &invoke, dispatch);
            actions.push(Action::Send(Box::new(SendOut { id, call: invoke.call, dispatch, task })));
        }
    }

    /// A call has come back. One that nobody awaits any more, or that was sent again since,
    /// changes nothing.
    pub(super) fn returned(
        &mut self,
        id: &Arc<str>,
        call: CallId,
        dispatch: u32,
        returned: Returned,
        actions: &mut Vec<Action>,
    ) {
        let Some(live) = self.live.get_mut(id) else { return };
        if live.calls.get(&call) != Some(&Sent { dispatch, is_out: true }) {
            return;
        }
        live.calls.remove(&call);
        self.calls_out -= 1;
        let wants_log = live.execution.awaited_call(call).is_some_and(|invoke| invoke.wants_log);
        let Returned { outcome, receipt, log } = returned;
        let text: String = log.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect();
        let outcome =
            outcome.map_err(|failure| Failure::new(failure.error, failure.cause)).and_then(|text| read(&text));
        let receipt = (!receipt.component.is_empty()).then(|| Receipt {
            component: receipt.component.into(),
            fuel_computing: receipt.fuel_computing,
            fuel_waiting: receipt.fuel_waiting,
            fuel_budget: receipt.fuel_budget,
            memory_bytes_peak: receipt.memory_bytes_peak,
            elapsed_micros: u64::try_from(receipt.elapsed.as_micros()).unwrap_or(u64::MAX),
            log_tail: wants_log.then(|| tail(&text).into()),
        });
        let logs = if text.is_empty() { Vec::new() } else { vec![CallLog { call: call.0, dispatch, text }] };
        self.apply(id, Input::Returned { call, outcome, receipt }, Beside { logs, ..Beside::default() }, actions);
    }

    /// Nobody awaits the call any more.
    pub(super) fn cancel_call(&mut self, id: &Arc<str>, call: CallId, actions: &mut Vec<Action>) {
        let Some(live) = self.live.get_mut(id) else { return };
        if live.calls.remove(&call).is_some_and(|sent| sent.is_out) {
            self.calls_out -= 1;
            actions.push(Action::Cancel { id: Arc::clone(id), call });
        }
    }
}

/// The end of a log, as much as comes with a result.
fn tail(text: &str) -> &str {
    let most = text.len().saturating_sub(LOG_TAIL_BYTES_MAX);
    let from = (most..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(from..).unwrap_or_default()
}

/// A result, when the journal that keeps it can be read again.
fn read(text: &str) -> Result<Value, Failure> {
    let invalid = |reason: String| {
        Failure::new(
            failures::RESULT_INVALID,
            format!("the task's result is not a JSON document that this host reads: {reason}"),
        )
    };
    let value = Value::parse(text).map_err(|error| invalid(error.to_string()))?;
    if !can_be_read_again(&value) {
        return Err(invalid(format!("it nests deeper than {PAYLOAD_DEPTH_MAX} levels")));
    }
    Ok(value)
}

fn task_call(id: &Arc<str>, live: &Live, invoke: &Invoke, dispatch: u32) -> Call {
    Call {
        task: invoke.resource.task_name(),
        input: invoke.input.to_string().into(),
        budget: Budget { timeout_seconds: invoke.timeout_seconds },
        identity: Identity {
            idempotency_key: format!("{id}:{}", invoke.entered_event).into(),
            attempt: invoke.attempt,
            dispatch,
            execution_id: Arc::clone(id),
            execution_name: Arc::clone(&live.name),
            workflow_name: Arc::clone(&live.workflow),
            state_name: Arc::clone(&invoke.state_name),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_whole_characters() {
        assert_eq!(tail(""), "");
        let fits = "x".repeat(LOG_TAIL_BYTES_MAX);
        assert_eq!(tail(&fits), fits);
        assert_eq!(tail(&format!("a{fits}")), fits);
        let wide = "ä".repeat(LOG_TAIL_BYTES_MAX);
        assert_eq!(tail(&format!("{wide}b")).len(), LOG_TAIL_BYTES_MAX - 1, "half of a character is left out");
    }
}
