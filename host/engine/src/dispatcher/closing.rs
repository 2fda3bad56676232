//! Executions that end, and the host that goes down.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_asl::CallId;
use stepwell_store::Status;

use super::{Action, Answer, Change, Dispatcher, Held, Live, Record, Ticket, encode, status_of};

/// A drain that is under way.
#[derive(Debug)]
pub(super) struct Draining {
    ticket: Ticket,
    is_parked: bool,
    is_answered: bool,
}

impl Draining {
    pub fn new(ticket: Ticket) -> Self {
        Self { ticket, is_parked: false, is_answered: false }
    }
}

impl Dispatcher {
    /// Drops an execution that is not running here any more, with all that is out for it.
    pub(super) fn forget(&mut self, id: &Arc<str>, actions: &mut Vec<Action>) {
        let Some(live) = self.live.remove(id) else { return };
        for (timer, at) in live.timers {
            self.timers.remove(&(at, Arc::clone(id), timer));
        }
        for (call, sent) in live.calls {
            if sent.is_out {
                self.calls_out -= 1;
                actions.push(Action::Cancel { id: Arc::clone(id), call });
            }
        }
        if live.has_runs {
            self.runs.parent_gone(id, live.entries);
        }
        if let Some(child) = live.child {
            let status = match status_of(&live.execution) {
                // It is set aside, and nobody knows how it would have ended.
                Status::Running => Status::Failed,
                status @ (Status::Succeeded | Status::Failed | Status::TimedOut | Status::Aborted) => status,
            };
            self.child_ended(id, &child, status, actions);
        }
    }

    /// The drain has waited long enough: calls that are still out are dropped. They are sent
    /// again, under the same key, when the host is back.
    pub(super) fn give_up_calls(&mut self, actions: &mut Vec<Action>) {
        for (id, live) in &mut self.live {
            for (call, sent) in &mut live.calls {
                if sent.is_out {
                    sent.is_out = false;
                    self.calls_out -= 1;
                    actions.push(Action::Cancel { id: Arc::clone(id), call: *call });
                }
            }
        }
    }

    /// Once nothing is out, notes which calls were never sent; once that is durable, answers.
    pub(super) fn advance_drain(&mut self, actions: &mut Vec<Action>) {
        let Some(draining) = &mut self.draining else { return };
        if self.calls_out > 0 || !self.held.is_empty() {
            return;
        }
        if !draining.is_parked {
            draining.is_parked = true;
            self.park(actions);
        }
        let is_quiet = self.held.is_empty();
        if let Some(draining) = &mut self.draining
            && is_quiet
            && !draining.is_answered
        {
            draining.is_answered = true;
            actions.push(Action::Reply { ticket: draining.ticket, answer: Answer::Drained });
        }
    }

    fn park(&mut self, actions: &mut Vec<Action>) {
        let mut unsent: BTreeMap<Arc<str>, Vec<CallId>> = BTreeMap::new();
        for (id, invoke) in self.queue.take() {
            let is_awaited = |live: &Live| live.calls.contains_key(&invoke.call) && !live.is_unwritten();
            if self.live.get(&id).is_some_and(is_awaited) {
                unsent.entry(id).or_default().push(invoke.call);
            }
        }
        for (id, calls) in unsent {
            let Some(live) = self.live.get(&id) else { continue };
            let body = encode(&Record::Parked { calls }, live.execution.digest());
            self.record(Held { id, ..Held::default() }, Change { body: Some(body), ..Change::default() }, actions);
        }
    }
}
