//! What happens once a commit has returned: replies, events for watchers, effects.

use std::sync::Arc;

use stepwell_asl::{CallId, Effect, Execution, MapRun, Timestamp};
use stepwell_store::{ChildOf, Outcome, Status};

use super::children::Child;
use super::{Action, Answer, Change, Dispatcher, Held, Live, Record, calls, encode, status_of};
use crate::workflows::Pinned;
use crate::{Error, Started};

/// An execution that recovery found in the store.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub id: Arc<str>,
    pub workflow: Arc<str>,
    pub name: Arc<str>,
    pub pinned: Pinned,
    pub execution: Execution,
    /// Of a child execution: its map run, its index and its number of items.
    pub child: Option<ChildOf>,
    pub entries: u64,
    pub wake_at: Option<Timestamp>,
    /// When its last entry came: it goes on no earlier, though the clock was set back since.
    pub last_at: Timestamp,
    /// Which awaited calls must be sent, each with the dispatch number it is sent under.
    pub calls: Vec<(CallId, u32)>,
}

impl Dispatcher {
    /// Groups come back in the order in which they were asked for.
    pub(super) fn committed(&mut self, outcomes: Vec<Outcome>, actions: &mut Vec<Action>) {
        for outcome in outcomes {
            let held = self.held.pop_front();
            assert!(held.is_some(), "a commit came back that nobody asked for");
            let Some(held) = held else { return };
            match outcome {
                Outcome::Committed => self.release(held, actions),
                Outcome::NameTaken(row) => self.name_taken(held, &row, actions),
                Outcome::Conflict { entries } => {
                    let reason = format!("its journal holds {entries} entries, another number than this host wrote");
                    self.set_aside(&held.id, reason, held.reply, actions);
                }
            }
        }
    }

    /// Takes an execution over from a lost host. Its calls go out again under a new dispatch
    /// number, which is journaled first.
    pub fn adopt(&mut self, adopted: Adopted, actions: &mut Vec<Action>) {
        let Adopted { id, workflow, name, pinned, execution, child, entries, wake_at, last_at, calls } = adopted;
        self.now = self.now.max(last_at);
        let mut live = Live::new(workflow, name, pinned, execution);
        live.child = child.map(|child| Child::written(&child));
        live.entries = entries;
        live.wake_at = wake_at;
        live.published = live.execution.last_event_id();
        let mut effects = live.execution.awaited();
        // Map runs are adopted by themselves, when it is known which of their children are there.
        effects.retain(|effect| !matches!(effect, Effect::RunMap(_)));
        let digest = live.execution.digest();
        for (call, dispatch) in &calls {
            live.calls.insert(*call, calls::Sent { dispatch: *dispatch, is_out: false });
        }
        self.live.insert(Arc::clone(&id), live);
        if calls.is_empty() {
            self.carry_out(&id, effects, actions);
            return;
        }
        let body = encode(&Record::Redispatched { calls: calls.iter().map(|(call, _)| *call).collect() }, digest);
        let held = Held { id, effects, ..Held::default() };
        self.record(held, Change { body: Some(body), ..Change::default() }, actions);
    }

    pub fn is_live(&self, id: &Arc<str>) -> bool {
        self.live.contains_key(id)
    }

    pub fn is_aside(&self, id: &Arc<str>) -> bool {
        self.aside.contains_key(id)
    }

    /// A map run that the execution awaits.
    pub fn awaited_run(&self, id: &Arc<str>, number: u64) -> Option<Arc<MapRun>> {
        self.live.get(id)?.execution.map_runs().find(|run| run.run.0 == number).cloned()
    }

    /// Recovery could not fold the execution.
    pub fn adopt_aside(&mut self, id: Arc<str>, reason: String) {
        tracing::error!(execution = %id, %reason, "an execution is set aside");
        self.aside.insert(id, reason);
    }

    pub(super) fn release(&mut self, held: Held, actions: &mut Vec<Action>) {
        let Held { id, reply, input_digest: _, effects, events } = held;
        if let Some((ticket, answer)) = reply {
            actions.push(Action::Reply { ticket, answer });
        }
        if let Some(live) = self.live.get_mut(&id) {
            live.published = events.last().map_or(live.published, |event| event.id);
            live.watchers.retain(|watcher| events.iter().all(|event| watcher.send(event.clone()).is_ok()));
        }
        self.carry_out(&id, effects, actions);
        let is_closed = self.live.get(&id).is_some_and(|live| {
            status_of(&live.execution) != Status::Running && live.published == live.execution.last_event_id()
        });
        if is_closed {
            self.forget(&id, actions);
        }
    }

    fn carry_out(&mut self, id: &Arc<str>, effects: Vec<Effect>, actions: &mut Vec<Action>) {
        for effect in effects {
            match effect {
                Effect::Invoke(invoke) => {
                    let Some(live) = self.live.get_mut(id) else { return };
                    live.calls.entry(invoke.call).or_insert(calls::Sent { dispatch: 1, is_out: false });
                    self.queue.push(Arc::clone(id), invoke, live.child.is_some());
                }
                Effect::RunMap(spec) => self.open_run(&spec, actions),
                Effect::AdjustRun(spec) => self.run_adjusted(&spec, actions),
                Effect::CancelRun { run } => self.cancel_run(id, run, actions),
                Effect::CancelCall { call } => self.cancel_call(id, call, actions),
                Effect::SetTimer { timer, at } => {
                    let Some(live) = self.live.get_mut(id) else { return };
                    #[cfg(feature = "seeded-bugs")]
                    let at = super::early(at);
                    live.timers.insert(timer, at);
                    self.timers.insert((at, Arc::clone(id), timer));
                }
                Effect::CancelTimer { timer } => {
                    let Some(live) = self.live.get_mut(id) else { return };
                    if let Some(at) = live.timers.remove(&timer) {
                        self.timers.remove(&(at, Arc::clone(id), timer));
                    }
                }
            }
        }
    }

    /// Starting is idempotent by name while the execution runs with the same input.
    fn name_taken(&mut self, held: Held, row: &stepwell_store::ExecutionRow, actions: &mut Vec<Action>) {
        self.forget(&held.id, actions);
        let Some((ticket, _)) = held.reply else { return };
        let is_same = row.status == Status::Running && Some(&row.input_digest) == held.input_digest.as_ref();
        let answer = if is_same {
            Ok(Started {
                id: row.id.clone(),
                arn: self.names.execution_arn(&row.workflow, &row.name),
                name: row.name.clone(),
                workflow: row.workflow.clone(),
                started_at: Timestamp::from_micros(row.started_at_micros),
                existing: true,
            })
        } else {
            Err(Error::NameTaken { workflow: row.workflow.clone(), name: row.name.clone(), id: row.id.clone() })
        };
        actions.push(Action::Reply { ticket, answer: Answer::Started(answer) });
    }
}
