//! The shell: the thread that feeds the dispatcher and carries its actions out.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use futures::FutureExt;
use stepwell_asl::{CallId, Timestamp};
use stepwell_store::Group;
use stepwell_tasks::{Failure, Receipt, Returned, Tasks, failures};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::dispatcher::{Action, Answer, Command, Dispatcher, SendOut, Ticket};

/// Longest sleep of the shell, so that a step of the wall clock is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Something for the shell.
pub(crate) enum Message {
    Command(Command),
    /// A command whose answer somebody waits for.
    Ask {
        ask: Ask,
        reply: oneshot::Sender<Answer>,
    },
    Exit,
}

/// A command that lacks its ticket.
pub(crate) type Ask = Box<dyn FnOnce(Ticket) -> Command + Send>;

/// What others may read of the shell's state without asking it.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub open_executions: AtomicU64,
    pub write_trouble: std::sync::Mutex<Option<String>>,
}

pub(crate) struct Shell {
    pub dispatcher: Dispatcher,
    pub inbox: Receiver<Message>,
    pub own_inbox: Sender<Message>,
    pub groups: Sender<Group>,
    pub tasks: Arc<dyn Tasks>,
    pub runtime: Handle,
    pub gauges: Arc<Gauges>,
    pub replies: HashMap<Ticket, oneshot::Sender<Answer>>,
    pub tickets: u64,
    pub calls: HashMap<(Arc<str>, CallId), AbortHandle>,
}

impl Shell {
    /// Runs until somebody says [`Message::Exit`]. The actions are those that recovery left.
    pub fn run(mut self, mut actions: Vec<Action>) {
        loop {
            self.carry_out(&mut actions);
            self.note_gauges();
            match self.receive() {
                Ok(Some(message)) => {
                    if !self.take(message, &mut actions) {
                        return;
                    }
                }
                Ok(None) => self.dispatcher.handle(now(), Command::Tick, &mut actions),
                Err(()) => return,
            }
        }
    }

    /// The next message, or none at the next deadline.
    fn receive(&self) -> Result<Option<Message>, ()> {
        let wait = self.dispatcher.next_deadline().map_or(SLEEP_MAX, |at| {
            let micros = at.as_micros().saturating_sub(now().as_micros());
            Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(SLEEP_MAX)
        });
        match self.inbox.recv_timeout(wait) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    fn take(&mut self, message: Message, actions: &mut Vec<Action>) -> bool {
        let command = match message {
            Message::Exit => return false,
            Message::Command(command) => command,
            Message::Ask { ask, reply } => {
                self.tickets += 1;
                let ticket = Ticket(self.tickets);
                self.replies.insert(ticket, reply);
                ask(ticket)
            }
        };
        if let Command::Returned { id, call, .. } = &command {
            self.calls.remove(&(Arc::clone(id), *call));
        }
        self.dispatcher.handle(now(), command, actions);
        true
    }

    fn carry_out(&mut self, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            match action {
                // The writer ends only after this thread, or together with the process.
                Action::Commit(group) => drop(self.groups.send(*group)),
                Action::Send(send) => {
                    let key = (Arc::clone(&send.id), send.call);
                    let handle = send_out(&self.runtime, Arc::clone(&self.tasks), self.own_inbox.clone(), *send);
                    self.calls.insert(key, handle);
                }
                Action::Cancel { id, call } => {
                    if let Some(handle) = self.calls.remove(&(id, call)) {
                        handle.abort();
                    }
                }
                Action::Reply { ticket, answer } => {
                    // Whoever asked may have gone.
                    self.replies.remove(&ticket).map(|reply| reply.send(answer).ok());
                }
            }
        }
    }

    fn note_gauges(&self) {
        let open = u64::try_from(self.dispatcher.open_executions()).unwrap_or(u64::MAX);
        self.gauges.open_executions.store(open, Ordering::Relaxed);
        let mut trouble = self.gauges.write_trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if trouble.as_deref() != self.dispatcher.write_trouble() {
            *trouble = self.dispatcher.write_trouble().map(str::to_owned);
        }
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn send_out(runtime: &Handle, tasks: Arc<dyn Tasks>, inbox: Sender<Message>, send: SendOut) -> AbortHandle {
    let SendOut { id, call, dispatch, task } = send;
    let calling = async move {
        let name = Arc::clone(&task.task);
        let returned = AssertUnwindSafe(tasks.call(task)).catch_unwind().await.unwrap_or_else(|_| {
            let cause = format!("the host failed while it ran task {name}; this is a bug of the host");
            Returned {
                outcome: Err(Failure::new(failures::HOST_UNAVAILABLE, cause)),
                receipt: Receipt::default(),
                log: Vec::new(),
            }
        });
        // The shell may have gone: then the call is sent again when the host is back.
        drop(inbox.send(Message::Command(Command::Returned { id, call, dispatch, returned: Box::new(returned) })));
    };
    runtime.spawn(calling).abort_handle()
}
