//! Calls that somebody else ends: their tokens, their time limits, and what is heard of them
//! before they end.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use stepwell_expr::Value;

use super::run::{Step, micros};
use super::task::{Events, events};
use super::thread::{Phase, ThreadIx};
use crate::machine::{Kind, Target};
use crate::{CallId, Effect, EventKind, Failure, Invoke, ServicePattern, TimerId};

/// The timers of a call. A task that runs as a component has none: its fuel is its time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Deadlines {
    timeout: Option<TimerId>,
    heartbeat: Option<TimerId>,
}

/// Whether the context object shows a token to a state that calls such a target.
pub(super) fn gives_token(target: &Target) -> bool {
    match target {
        Target::Service { pattern, .. } => *pattern == ServicePattern::WaitForTaskToken,
        Target::Task { .. } | Target::Function { .. } | Target::Invoke { .. } | Target::Activity { .. } => false,
    }
}

/// A task token: it says which execution, visit and attempt it is for, and carries a code that
/// only whoever has the key can make.
pub(super) fn token(key: u128, arn: &str, entered_event: u64, attempt: u32) -> String {
    let told = format!("{arn}|{entered_event}|{attempt}");
    let mut text = told.clone().into_bytes();
    text.push(b'|');
    // A key of any length is one for HMAC.
    if let Ok(mut code) = Hmac::<Sha256>::new_from_slice(&key.to_be_bytes()) {
        code.update(told.as_bytes());
        text.extend(code.finalize().into_bytes().iter().take(TOKEN_CODE_BYTES));
    }
    URL_SAFE_NO_PAD.encode(text)
}

/// Of the code in a token.
const TOKEN_CODE_BYTES: usize = 16;

/// The ARN of the execution that a token is for, as the token itself has it; `None` of text that is no
/// token. Only [`crate::Execution::call_of_token`] says whether it is a true one.
#[must_use]
pub fn execution_of_token(token: &str) -> Option<String> {
    let told = URL_SAFE_NO_PAD.decode(token).ok()?;
    let arn = told.split(|byte| *byte == b'|').next()?;
    let arn = String::from_utf8(arn.to_vec()).ok()?;
    arn.starts_with("arn:").then_some(arn)
}

impl Step<'_> {
    /// The token of a call that somebody else ends.
    pub(super) fn token(&self, target: &Target, entered_event: u64, attempt: u32) -> Option<Arc<str>> {
        let activity = matches!(target, Target::Activity { .. });
        (activity || gives_token(target)).then(|| self.fold.about.token(entered_event, attempt).into())
    }

    /// Sets the timers of a call that has just gone out.
    pub(super) fn set_deadlines(&mut self, at: ThreadIx, target: &Target, invoke: &Invoke) {
        let beats = match target {
            Target::Task { .. } | Target::Function { .. } | Target::Invoke { .. } => return,
            Target::Service { .. } => true,
            // The heart of an activity beats once a worker has taken it.
            Target::Activity { .. } => false,
        };
        let timeout = invoke.timeout_seconds.map(|seconds| self.timer_in(seconds, at));
        let heartbeat = invoke.heartbeat_seconds.filter(|_| beats).map(|seconds| self.timer_in(seconds, at));
        if timeout.is_some() || heartbeat.is_some() {
            self.fold.deadlines.insert(invoke.call, Deadlines { timeout, heartbeat });
        }
    }

    fn timer_in(&mut self, seconds: u64, at: ThreadIx) -> TimerId {
        self.set_timer(self.at.plus_micros(micros(seconds)), Some(at))
    }

    /// Takes back the timers of a call that is not awaited any more.
    pub(super) fn clear_deadlines(&mut self, call: CallId) {
        let Some(Deadlines { timeout, heartbeat }) = self.fold.deadlines.remove(&call) else { return };
        for timer in [timeout, heartbeat].into_iter().flatten() {
            self.cancel_timer(timer);
        }
    }

    /// Nobody awaits the call any more.
    pub(super) fn cancel_call(&mut self, call: CallId) {
        self.fold.calls.remove(&call);
        self.effect(Effect::CancelCall { call });
        self.clear_deadlines(call);
    }

    /// A timer of a call is up: the call is over, whatever comes of it.
    pub(super) fn call_is_late(&mut self, call: CallId, timer: TimerId) {
        let Some(deadlines) = self.fold.deadlines.get(&call) else { return };
        let error = if deadlines.heartbeat == Some(timer) { "States.HeartbeatTimeout" } else { "States.Timeout" };
        self.effect(Effect::CancelCall { call });
        self.returned(call, Err(Failure { error: Some(error.into()), cause: None }), None);
    }

    /// A service took the call on.
    pub(super) fn submitted(&mut self, call: CallId, output: Value) {
        let Some((at, invoke)) = self.calling(call) else { return };
        let Some(thread) = self.fold.threads.get(at) else { return };
        let Kind::Task(task) = &self.machine.state(thread.state).kind else { return };
        if let Events::Task(service) = events(&task.target)
            && !invoke.is_submitted
        {
            let invoke = Invoke { is_submitted: true, ..Invoke::clone(&invoke) };
            self.block(at, Phase::Calling(Arc::new(invoke)));
            self.started(at, EventKind::TaskSubmitted { service, output });
        }
    }

    /// A worker took the call of an activity. Only the first one does.
    pub(super) fn taken_by(&mut self, call: CallId, worker: Option<Arc<str>>) {
        let Some((at, invoke)) = self.calling(call) else { return };
        let Some(thread) = self.fold.threads.get(at) else { return };
        let Kind::Task(task) = &self.machine.state(thread.state).kind else { return };
        if !matches!(task.target, Target::Activity { .. }) || invoke.is_submitted {
            return;
        }
        let taken = Invoke { is_submitted: true, ..Invoke::clone(&invoke) };
        self.block(at, Phase::Calling(Arc::new(taken)));
        self.started(at, EventKind::ActivityStarted { worker });
        if let Some(seconds) = invoke.heartbeat_seconds {
            let heartbeat = Some(self.timer_in(seconds, at));
            self.fold.deadlines.entry(call).or_default().heartbeat = heartbeat;
        }
    }

    /// Whoever works on the call is alive: its time begins anew.
    pub(super) fn heartbeat(&mut self, call: CallId) {
        let Some((at, invoke)) = self.calling(call) else { return };
        let Some(seconds) = invoke.heartbeat_seconds else { return };
        let Some(timer) = self.fold.deadlines.get(&call).and_then(|deadlines| deadlines.heartbeat) else { return };
        self.cancel_timer(timer);
        let heartbeat = Some(self.timer_in(seconds, at));
        self.fold.deadlines.entry(call).or_default().heartbeat = heartbeat;
    }

    fn calling(&self, call: CallId) -> Option<(ThreadIx, Arc<Invoke>)> {
        let at = *self.fold.calls.get(&call)?;
        Some((at, Arc::clone(self.fold.threads.get(at)?.phase.call()?)))
    }
}
