//! The handle by which the rest of the host speaks to the engine.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};
use stepwell_asl::expr::Value;
use stepwell_asl::{Diagnostic, HistoryEvent, Timestamp};
use stepwell_objects::{MemoryObjects, Objects};
use stepwell_store::{CallLog, MapRunRow, Status, StatusCounts, Store};
use stepwell_tasks::Tasks;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::dispatcher::{Answer, Command, Dispatcher, StartCommand, Ticket};
use crate::journal::can_be_read_again;
use crate::map_results::Desk;
use crate::map_runs::run_id;
use crate::names::{ExecutionNames, check_name};
use crate::read::{ExecutionView, ListQuery, Page, Reader};
use crate::shell::{Gauges, Message, Shell, now};
use crate::workflows::{WorkflowInfo, Workflows, digest_of};
use crate::writer::{self, Fatal};
use crate::{Error, INPUT_BYTES_MAX, MapRunChange, MapRunView, Watch, recovery};

/// How the engine is set up.
#[derive(Clone)]
pub struct Options {
    /// Region in ARNs.
    pub region: String,
    /// Twelve-digit account in ARNs.
    pub account: String,
    /// Most starts that wait for their commit; one more is answered [`Error::Throttled`].
    pub queue_max: usize,
    /// Most calls that are out at a time.
    pub calls_max: usize,
    /// The buckets that distributed Maps read from and write to.
    pub objects: Arc<dyn Objects>,
    /// Called when it is not known whether a commit is durable. It must end the process, as
    /// the default does: going on could acknowledge what is lost.
    pub fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        let fatal: Fatal = Arc::new(|reason| {
            eprintln!(
                "stepwell: {reason}\nstepwell: stopping; restart the host, and it recovers what was acknowledged"
            );
            std::process::exit(70);
        });
        let objects = Arc::new(MemoryObjects::new(Vec::<&str>::new()));
        Self {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            queue_max: 4096,
            calls_max: 256,
            objects,
            fatal,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { region, account, queue_max, calls_max, objects, fatal: _ } = self;
        f.debug_struct("Options")
            .field("region", region)
            .field("account", account)
            .field("queue_max", queue_max)
            .field("calls_max", calls_max)
            .field("objects", objects)
            .finish_non_exhaustive()
    }
}

/// What to start.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRequest {
    pub workflow: String,
    /// Without one the execution is named by its id.
    pub name: Option<String>,
    pub input: Value,
}

/// An execution that was started, or is the same start again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub workflow: String,
    pub started_at: Timestamp,
    /// It was running already under this name with this input.
    pub existing: bool,
}

/// Whether the host can take work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    pub ready: bool,
    pub reason: Option<String>,
    pub open_executions: u64,
}

/// The engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    names: ExecutionNames,
    queue_max: usize,
    store: Arc<dyn Store>,
    workflows: Workflows,
    inbox: Sender<Message>,
    gauges: Arc<Gauges>,
    starts_waiting: AtomicUsize,
    is_draining: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("names", &self.inner.names).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    /// The last handle is gone: the threads end. What they had not made durable was not
    /// acknowledged.
    fn drop(&mut self) {
        drop(self.inbox.send(Message::Exit));
    }
}

impl Engine {
    /// Opens the engine on a store and goes on with every execution that is running there.
    /// Calls are sent to `tasks` on `runtime`.
    pub fn open(
        options: Options,
        store: Arc<dyn Store>,
        tasks: Arc<dyn Tasks>,
        runtime: Handle,
    ) -> Result<Self, Error> {
        let names = ExecutionNames { region: options.region, account: options.account };
        let workflows = Workflows::default();
        let (inbox, messages) = unbounded();
        let (groups, waiting_groups) = unbounded();
        let gauges = Arc::new(Gauges::default());

        let mut dispatcher = Dispatcher::new(names.clone(), options.calls_max);
        let mut actions = Vec::new();
        dispatcher.handle(now(), Command::Tick, &mut actions);
        let recovered = recovery::recover(&*store, &workflows, &mut dispatcher, &mut actions)?;
        if recovered.executions + recovered.aside > 0 {
            tracing::info!(executions = recovered.executions, aside = recovered.aside, "recovered open executions");
        }
        let shell = Shell {
            dispatcher,
            inbox: messages,
            own_inbox: inbox.clone(),
            groups,
            tasks,
            runtime,
            gauges: Arc::clone(&gauges),
            replies: std::collections::HashMap::new(),
            tickets: 0,
            calls: std::collections::HashMap::new(),
            items: std::collections::HashMap::new(),
            desk: Arc::new(Desk {
                store: Arc::clone(&store),
                objects: options.objects,
                names: names.clone(),
                stop: Arc::new(AtomicBool::new(false)),
            }),
        };
        let (writer_store, writer_inbox, fatal) = (Arc::clone(&store), inbox.clone(), options.fatal);
        let threads = vec![
            spawn("stepwell-shell", move || shell.run(actions))?,
            spawn("stepwell-writer", move || writer::run(&*writer_store, &waiting_groups, &writer_inbox, &fatal))?,
        ];
        Ok(Self {
            inner: Arc::new(Inner {
                names,
                queue_max: options.queue_max,
                store,
                workflows,
                inbox,
                gauges,
                starts_waiting: AtomicUsize::new(0),
                is_draining: AtomicBool::new(false),
                threads: Mutex::new(threads),
            }),
        })
    }

    /// Adds a workflow, or gives it a new definition for executions that start from now on.
    pub fn put_workflow(&self, name: &str, definition: &str) -> Result<WorkflowInfo, Vec<Diagnostic>> {
        self.inner.workflows.put(name, self.inner.names.machine_arn(name), definition)
    }

    /// All workflows, sorted by name.
    #[must_use]
    pub fn workflows(&self) -> Vec<WorkflowInfo> {
        self.inner.workflows.all()
    }

    /// Starts an execution. When this returns, it survives the loss of the process and of power.
    pub async fn start(&self, request: StartRequest) -> Result<Started, Error> {
        let StartRequest { workflow, name, input } = request;
        let Some(workflow) = self.inner.workflows.get(&workflow) else {
            return Err(Error::UnknownWorkflow { name: workflow });
        };
        let text = input.to_string();
        if text.len() > INPUT_BYTES_MAX {
            return Err(Error::InputTooLarge { bytes: text.len() });
        }
        if !can_be_read_again(&input) {
            return Err(Error::InputTooDeep);
        }
        let id = Uuid::now_v7().to_string();
        if let Some(name) = &name {
            check_name(name)?;
        }
        let start = StartCommand {
            name: name.as_deref().unwrap_or(&id).into(),
            id: id.into(),
            workflow,
            input,
            input_digest: digest_of(text.as_bytes()),
            seed: Uuid::new_v4().as_u64_pair().1,
            token_key: Uuid::new_v4().as_u128(),
        };
        let _place = self.starting_place()?;
        match self.ask(|ticket| Command::Start { ticket, start: Box::new(start) }).await? {
            Answer::Started(started) => started,
            Answer::Stopped(_) | Answer::Watching(_) | Answer::Run(_) | Answer::Adjusted(_) | Answer::Drained => {
                Err(Error::Stopped)
            }
        }
    }

    /// Stops an execution; returns when that is durable.
    pub async fn stop(&self, id: &str, error: Option<String>, cause: Option<String>) -> Result<Timestamp, Error> {
        let row = self.reader().row(id)?;
        if row.status != Status::Running {
            return Err(Error::AlreadyClosed { id: row.id, status: row.status.name() });
        }
        let (id, error, cause): (Arc<str>, _, _) =
            (row.id.as_str().into(), error.map(Into::into), cause.map(Into::into));
        let answer = self.ask(move |ticket| Command::Stop { ticket, id, error, cause }).await?;
        let Answer::Stopped(stopped) = answer else { return Err(Error::Stopped) };
        match stopped {
            // It closed between the look at the store and the stop.
            Err(Error::UnknownExecution { id }) => match self.reader().row(&id)?.status {
                Status::Running => Err(Error::UnknownExecution { id }),
                status @ (Status::Succeeded | Status::Failed | Status::TimedOut | Status::Aborted) => {
                    Err(Error::AlreadyClosed { id, status: status.name() })
                }
            },
            stopped => stopped,
        }
    }

    /// The execution by id or ARN.
    pub fn execution(&self, id_or_arn: &str) -> Result<ExecutionView, Error> {
        self.reader().execution(id_or_arn)
    }

    /// All its events so far.
    pub fn history(&self, id_or_arn: &str) -> Result<Vec<HistoryEvent>, Error> {
        self.reader().history(id_or_arn)
    }

    /// What its calls wrote.
    pub fn call_logs(&self, id_or_arn: &str) -> Result<Vec<CallLog>, Error> {
        self.reader().call_logs(id_or_arn)
    }

    /// A page of executions, newest first.
    pub fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        self.reader().list(query)
    }

    /// How many executions there are of each status.
    pub fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, Error> {
        self.reader().count(workflow)
    }

    /// A map run by id or ARN, as it stands.
    pub async fn map_run(&self, id_or_arn: &str) -> Result<MapRunView, Error> {
        let found = self.inner.store.map_run(run_id(id_or_arn))?;
        let row = found.ok_or_else(|| Error::UnknownMapRun { id: id_or_arn.to_owned() })?;
        self.as_it_stands(row).await
    }

    /// The map runs of an execution, in the order in which they began.
    pub async fn map_runs(&self, execution: &str) -> Result<Vec<MapRunView>, Error> {
        let row = self.reader().row(execution)?;
        let mut runs = Vec::new();
        for run in self.inner.store.map_runs(&row.id)? {
            runs.push(self.as_it_stands(run).await?);
        }
        Ok(runs)
    }

    /// Changes the limits of a map run that is under way; returns when that is durable.
    pub async fn adjust_map_run(&self, id_or_arn: &str, change: MapRunChange) -> Result<MapRunView, Error> {
        let percentage = change.tolerated_percentage.filter(|share| !(0.0..=100.0).contains(share));
        if let Some(share) = percentage {
            let (field, reason) = ("toleratedFailurePercentage", "it is a share, from 0 to 100");
            return Err(Error::LimitInvalid { field, value: share.to_string(), reason });
        }
        let view = self.map_run(id_or_arn).await?;
        let run: Arc<str> = view.id.as_str().into();
        match self.ask(move |ticket| Command::AdjustRun { ticket, run, change }).await? {
            Answer::Adjusted(adjusted) => adjusted?,
            Answer::Started(_) | Answer::Stopped(_) | Answer::Watching(_) | Answer::Run(_) | Answer::Drained => {
                return Err(Error::Stopped);
            }
        }
        self.map_run(&view.id).await
    }

    /// What is under way is asked of the dispatcher, which counts; a row has the counts of a run
    /// that has ended.
    async fn as_it_stands(&self, row: MapRunRow) -> Result<MapRunView, Error> {
        let (mut view, _) = MapRunView::read(row)?;
        if view.status != Status::Running {
            return Ok(view);
        }
        let run: Arc<str> = view.id.as_str().into();
        let answer = self.ask(move |ticket| Command::DescribeRun { ticket, run }).await?;
        if let Answer::Run(Some(live)) = answer {
            return Ok(*live);
        }
        // It may have ended between the two looks.
        if let Some(row) = self.inner.store.map_run(&view.id)? {
            (view, _) = MapRunView::read(row)?;
        }
        Ok(view)
    }

    /// Follows an execution from its first event on.
    pub async fn watch(&self, id_or_arn: &str) -> Result<Watch, Error> {
        let row = self.reader().row(id_or_arn)?;
        let id: Arc<str> = row.id.as_str().into();
        let answer = self.ask(move |ticket| Command::Watch { ticket, id }).await?;
        let Answer::Watching(live) = answer else { return Err(Error::Stopped) };
        // Read after the watch began, so that nothing falls between.
        Ok(Watch::new(self.reader().history(&row.id)?, live))
    }

    /// Whether the host can take work.
    #[must_use]
    pub fn ready(&self) -> Readiness {
        let trouble = self.inner.gauges.write_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let reason = if self.inner.is_draining.load(Ordering::Relaxed) {
            Some("the host is shutting down".to_owned())
        } else {
            trouble.map(|reason| format!("the store cannot be written: {reason}"))
        };
        let open_executions = self.inner.gauges.open_executions.load(Ordering::Relaxed);
        Readiness { ready: reason.is_none(), reason, open_executions }
    }

    /// Goes down in good order: accepts and sends nothing more, waits for the calls that are
    /// out at most so long, makes everything durable and ends the engine's threads. What is
    /// still running goes on when the store is opened again.
    pub async fn drain(&self, limit: Duration) {
        self.inner.is_draining.store(true, Ordering::Relaxed);
        let inbox = self.inner.inbox.clone();
        let drained = self.ask(|ticket| Command::Drain { ticket });
        tokio::pin!(drained);
        if tokio::time::timeout(limit, &mut drained).await.is_err() {
            drop(inbox.send(Message::Command(Command::DrainLimit)));
            drop(drained.await);
        }
        drop(inbox.send(Message::Exit));
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        drop(joined.await);
    }

    fn reader(&self) -> Reader<'_> {
        let Inner { store, workflows, names, .. } = &*self.inner;
        Reader { store: &**store, workflows, names }
    }

    /// A place among the starts that wait for their commit, given back when it is dropped.
    fn starting_place(&self) -> Result<impl Drop + use<>, Error> {
        struct Place(Arc<Inner>);
        impl Drop for Place {
            fn drop(&mut self) {
                self.0.starts_waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let place = Place(Arc::clone(&self.inner));
        if self.inner.starts_waiting.fetch_add(1, Ordering::Relaxed) >= self.inner.queue_max {
            return Err(Error::Throttled { retry_after: Duration::from_secs(1) });
        }
        Ok(place)
    }

    async fn ask(&self, command: impl FnOnce(Ticket) -> Command + Send + 'static) -> Result<Answer, Error> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Ask { ask: Box::new(command), reply };
        self.inner.inbox.send(message).map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::Store(format!("the thread {name} cannot be started: {error}")))
}
