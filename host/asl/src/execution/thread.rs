//! The threads of an execution: one for the machine itself and one for each running branch of
//! a Parallel or iteration of a Map. They live in an arena and refer to each other by place.

use std::sync::Arc;

use stepwell_expr::Value;

use super::tolerance::Tolerance;
use super::variables::Variables;
use crate::machine::StateIx;
use crate::{Invoke, MapRun, TimerId, Timestamp};

/// A thread's place in the arena. Places are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ThreadIx(pub(super) u32);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thread {
    /// The thread whose Parallel or Map this one belongs to, and which branch or item it is.
    pub(super) parent: Option<(ThreadIx, usize)>,
    pub(super) state: StateIx,
    /// The state's raw input.
    pub(super) input: Value,
    pub(super) entered_event: u64,
    /// What the entry has as its previous event.
    pub(super) entered_after: u64,
    pub(super) entered_at: Timestamp,
    /// What the next event has as its previous one.
    pub(super) last_event: u64,
    /// Attempts that each retrier of the state has made; empty before the first.
    pub(super) attempts: Vec<u64>,
    /// All retries of this visit: `$$.State.RetryCount`.
    pub(super) retry_count: u64,
    /// The item of the nearest Map around.
    pub(super) item: Option<Arc<Item>>,
    pub(super) variables: Variables,
    pub(super) phase: Phase,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) index: u64,
    pub(super) value: Value,
}

/// What a thread is about to do, or waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    /// To enter its state.
    Enter,
    /// To do what its state is for; again after a retry's delay.
    Perform,
    /// A call to return.
    Calling(Arc<Invoke>),
    /// The end of a Wait state.
    Waiting(TimerId),
    /// The end of a retry's delay.
    Delayed(TimerId),
    /// Its branches or iterations.
    Fanned(Box<Fan>),
    /// The end of its map run.
    Running(Arc<MapRun>),
    /// To go on with the results of its branches or iterations.
    Joined(Value),
}

impl Phase {
    /// The call that the thread waits for.
    pub(super) fn call(&self) -> Option<&Arc<Invoke>> {
        match self {
            Self::Calling(invoke) => Some(invoke),
            Self::Enter
            | Self::Perform
            | Self::Waiting(_)
            | Self::Delayed(_)
            | Self::Fanned(_)
            | Self::Running(_)
            | Self::Joined(_) => None,
        }
    }

    /// The map run that the thread waits for.
    pub(super) fn map_run(&self) -> Option<&Arc<MapRun>> {
        match self {
            Self::Running(run) => Some(run),
            Self::Enter
            | Self::Perform
            | Self::Calling(_)
            | Self::Waiting(_)
            | Self::Delayed(_)
            | Self::Fanned(_)
            | Self::Joined(_) => None,
        }
    }
}

/// A Parallel or Map state at work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fan {
    /// The items of a Map; `None` for a Parallel.
    pub(super) items: Option<Arc<Vec<Value>>>,
    /// The effective input.
    pub(super) input: Value,
    /// By branch or item; null until it is there.
    pub(super) results: Vec<Value>,
    /// How many are done.
    pub(super) done: usize,
    /// The next to start.
    pub(super) next: usize,
    /// Those that run, in the order they were started.
    pub(super) running: Vec<ThreadIx>,
    /// How many may run at the same time.
    pub(super) concurrency: usize,
    /// `None` where the first failure is the end.
    pub(super) tolerance: Option<Tolerance>,
}

impl Fan {
    pub(super) fn new(items: Option<Arc<Vec<Value>>>, input: Value, count: usize, concurrency: usize) -> Self {
        let results = vec![Value::Null; count];
        Self { items, input, results, done: 0, next: 0, running: Vec::new(), concurrency, tolerance: None }
    }
}

impl Thread {
    /// What the context object shows of a thread, without what the thread works on.
    pub(super) fn clone_header(&self) -> Self {
        Self {
            parent: self.parent,
            state: self.state,
            input: Value::Null,
            entered_event: self.entered_event,
            entered_after: self.entered_after,
            entered_at: self.entered_at,
            last_event: self.last_event,
            attempts: Vec::new(),
            retry_count: self.retry_count,
            item: self.item.clone(),
            variables: Variables::default(),
            phase: Phase::Perform,
        }
    }
}

/// The arena.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Threads {
    places: Vec<Option<Thread>>,
    free: Vec<ThreadIx>,
}

impl Threads {
    pub(super) fn add(&mut self, thread: Thread) -> ThreadIx {
        if let Some(at) = self.free.pop()
            && let Some(place) = self.places.get_mut(at.0 as usize)
        {
            *place = Some(thread);
            return at;
        }
        let at = ThreadIx(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        self.places.push(Some(thread));
        at
    }

    pub(super) fn get(&self, at: ThreadIx) -> Option<&Thread> {
        self.places.get(at.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, at: ThreadIx) -> Option<&mut Thread> {
        self.places.get_mut(at.0 as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, at: ThreadIx) -> Option<Thread> {
        let thread = self.places.get_mut(at.0 as usize)?.take()?;
        self.free.push(at);
        Some(thread)
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.free.clear();
    }

    /// The machine's own thread, while it runs.
    pub(super) fn roots(&self) -> impl Iterator<Item = ThreadIx> {
        (0_u32..)
            .zip(&self.places)
            .filter_map(|(at, place)| place.as_ref().filter(|thread| thread.parent.is_none()).map(|_| ThreadIx(at)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.places.iter().flatten()
    }
}
