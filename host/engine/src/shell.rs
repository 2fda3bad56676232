//! The shell: the thread that feeds the dispatcher and carries its actions out.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
use crate::map_items::{ItemReader, OpenItems, Page};
use crate::map_results::{Desk, WriteResults, Written};

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
    pub write_trouble: Mutex<Option<String>>,
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
    /// Items of map runs, by run; empty until they were opened.
    pub items: HashMap<Arc<str>, Arc<Mutex<Option<ItemReader>>>>,
    pub desk: Arc<Desk>,
}

impl Drop for Shell {
    /// Whoever reads or writes for a map run is to stop: nobody hears of it any more.
    fn drop(&mut self) {
        self.desk.stop.store(true, Ordering::Relaxed);
    }
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
                Action::OpenItems(open) => {
                    let place = Arc::new(Mutex::new(None));
                    self.items.insert(Arc::clone(&open.run), Arc::clone(&place));
                    self.apart(move |desk| opened(desk, *open, &place));
                }
                Action::ReadItems { run } => {
                    let place = self.items.get(&run).map(Arc::clone);
                    self.apart(move |_| Command::ItemsRead { page: read(place.as_deref()), run });
                }
                Action::CloseItems { run } => drop(self.items.remove(&run)),
                Action::WriteResults(order) => self.apart(move |desk| {
                    let written = Box::new(written(desk, &order));
                    Command::ResultsWritten { run: order.run, written }
                }),
            }
        }
    }

    /// Does work that may wait for a disk on a thread of its own; what it gives comes back as a
    /// message. A panic is a bug that ends the map run, and nothing else.
    fn apart(&self, work: impl FnOnce(&Desk) -> Command + Send + 'static) {
        let (desk, inbox) = (Arc::clone(&self.desk), self.own_inbox.clone());
        self.runtime.spawn_blocking(move || {
            let command = work(&desk);
            // The shell may have gone: then the host reads again when it is back.
            drop(inbox.send(Message::Command(command)));
        });
    }

    fn note_gauges(&self) {
        let open = u64::try_from(self.dispatcher.open_executions()).unwrap_or(u64::MAX);
        self.gauges.open_executions.store(open, Ordering::Relaxed);
        let mut trouble = self.gauges.write_trouble.lock().unwrap_or_else(PoisonError::into_inner);
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

fn opened(desk: &Desk, open: OpenItems, place: &Mutex<Option<ItemReader>>) -> Command {
    let run = Arc::clone(&open.run);
    let opening = || ItemReader::open(open, &desk.objects, Arc::clone(&desk.stop));
    let counted = guarded(AssertUnwindSafe(opening)).and_then(|opened| opened).map(|reader| {
        let counted = reader.counted().clone();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
        counted
    });
    Command::ItemsOpened { run, counted }
}

fn read(place: Option<&Mutex<Option<ItemReader>>>) -> Result<Page, stepwell_asl::Failure> {
    let closed = || stepwell_asl::Failure::new("States.ItemReaderFailed", "the items are not open; this is a bug");
    let mut reader = place.ok_or_else(closed)?.lock().unwrap_or_else(PoisonError::into_inner);
    let reader = reader.as_mut().ok_or_else(closed)?;
    guarded(AssertUnwindSafe(|| reader.page())).and_then(|page| page)
}

fn written(desk: &Desk, order: &WriteResults) -> Written {
    guarded(AssertUnwindSafe(|| desk.write(order))).unwrap_or_else(|failure| Written {
        outcome: Err(stepwell_asl::Failure::new("States.ResultWriterFailed", failure.cause.unwrap_or_default())),
        executions: 0,
        items: 0,
    })
}

/// What the work gives; a panic in it becomes a failure of the map run.
fn guarded<T>(work: AssertUnwindSafe<impl FnOnce() -> T>) -> Result<T, stepwell_asl::Failure> {
    catch_unwind(work).map_err(|_| {
        let cause = "the host failed while it read items or wrote results; this is a bug of the host";
        stepwell_asl::Failure::new("States.ItemReaderFailed", cause)
    })
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
