//! Bugs on purpose, for the fault programme: its checker must find each of them. This module is
//! only there with the feature `seeded-bugs`, and does nothing until `STEPWELL_SEEDED_BUG` names
//! one. `timer-early` is the one that a wrapper cannot reach: it stands in the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell_engine::Status;
use stepwell_store::{
    CallLog, ChildQuery, Entry, Error, ExecutionRow, Group, ListQuery, MapRunRow, Outcome, StatusCounts, Store,
};
use stepwell_tasks::{Call, Calling, Descriptor, Tasks};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// A commit is said to have returned before it has begun.
    AckBeforeCommit,
    /// Some commits are made twice: the number of entries that they expect is not looked at.
    SkipGuard,
    /// Some calls are made twice.
    DoubleDispatch,
    /// Some entries are not written, and said to be.
    LoseEntry,
    /// Some entries are written otherwise than they happened.
    RewriteHistory,
}

fn bug() -> Option<Bug> {
    match std::env::var("STEPWELL_SEEDED_BUG").ok()?.as_str() {
        "ack-before-commit" => Some(Bug::AckBeforeCommit),
        "skip-guard" => Some(Bug::SkipGuard),
        "double-dispatch" => Some(Bug::DoubleDispatch),
        "lose-entry" => Some(Bug::LoseEntry),
        "rewrite-history" => Some(Bug::RewriteHistory),
        _ => None,
    }
}

/// How long a commit waits that was acknowledged already.
const LATE: Duration = Duration::from_millis(300);

/// One in so many is spoiled.
const EVERY: u64 = 40;

/// The store, with the bug in it.
pub fn store(store: Arc<dyn Store>) -> Arc<dyn Store> {
    match bug() {
        Some(bug) => Arc::new(Spoiled { inner: store, bug, count: AtomicU64::new(0) }),
        None => store,
    }
}

/// The tasks, with the bug in them.
pub fn tasks(tasks: Arc<dyn Tasks>) -> Arc<dyn Tasks> {
    match bug() {
        Some(Bug::DoubleDispatch) => Arc::new(Twice { inner: tasks, count: AtomicU64::new(0) }),
        Some(Bug::AckBeforeCommit | Bug::SkipGuard | Bug::LoseEntry | Bug::RewriteHistory) | None => tasks,
    }
}

struct Twice {
    inner: Arc<dyn Tasks>,
    count: AtomicU64,
}

impl Tasks for Twice {
    fn call(&self, call: Call) -> Calling<'_> {
        let is_spoiled = self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY);
        Box::pin(async move {
            if is_spoiled {
                drop(self.inner.call(call.clone()).await);
            }
            self.inner.call(call).await
        })
    }

    fn describe(&self, task: &str) -> Option<Descriptor> {
        self.inner.describe(task)
    }

    fn names(&self) -> Vec<String> {
        self.inner.names()
    }
}

#[derive(Debug)]
struct Spoiled {
    inner: Arc<dyn Store>,
    bug: Bug,
    count: AtomicU64,
}

impl Spoiled {
    fn spoil(&self, group: &mut Group) {
        // A start that is spoiled would not be known at all: that is found too easily.
        if group.create.is_some() || !self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
            return;
        }
        let ends = group.change.as_ref().is_some_and(|change| change.status != Status::Running);
        match self.bug {
            Bug::LoseEntry if ends => group.entries.clear(),
            Bug::RewriteHistory => {
                for entry in &mut group.entries {
                    let body = String::from_utf8_lossy(&entry.body).replace(r#""attempt":1"#, r#""attempt":7"#);
                    entry.body = body.into_bytes();
                }
            }
            Bug::LoseEntry | Bug::AckBeforeCommit | Bug::SkipGuard | Bug::DoubleDispatch => {}
        }
    }

    /// The same once more, as if the number of entries were not compared.
    fn repeat(&self, groups: &[Group]) -> Result<(), Error> {
        for group in groups.iter().filter(|group| group.create.is_none() && !group.entries.is_empty()) {
            if self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
                let mut again = group.clone();
                again.expected_entries = group.entries_after();
                for (entry, number) in again.entries.iter_mut().zip(again.expected_entries..) {
                    entry.number = number;
                }
                self.inner.commit(&[again])?;
            }
        }
        Ok(())
    }
}

impl Store for Spoiled {
    fn commit(&self, groups: &[Group]) -> Result<Vec<Outcome>, Error> {
        if self.bug == Bug::AckBeforeCommit {
            let (inner, late) = (Arc::clone(&self.inner), groups.to_vec());
            std::thread::spawn(move || {
                std::thread::sleep(LATE);
                drop(inner.commit(&late));
            });
            return Ok(vec![Outcome::Committed; groups.len()]);
        }
        let mut spoiled = groups.to_vec();
        spoiled.iter_mut().for_each(|group| self.spoil(group));
        let outcomes = self.inner.commit(&spoiled)?;
        if self.bug == Bug::SkipGuard {
            self.repeat(groups)?;
        }
        Ok(outcomes)
    }

    fn execution(&self, id: &str) -> Result<Option<ExecutionRow>, Error> {
        self.inner.execution(id)
    }

    fn execution_by_name(&self, workflow: &str, name: &str) -> Result<Option<ExecutionRow>, Error> {
        self.inner.execution_by_name(workflow, name)
    }

    fn journal(&self, execution: &str, from: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        self.inner.journal(execution, from, limit)
    }

    fn call_logs(&self, execution: &str) -> Result<Vec<CallLog>, Error> {
        self.inner.call_logs(execution)
    }

    fn open_executions(&self, after: Option<&str>, limit: usize) -> Result<Vec<ExecutionRow>, Error> {
        self.inner.open_executions(after, limit)
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<ExecutionRow>, Error> {
        self.inner.list(query)
    }

    fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, Error> {
        self.inner.count(workflow)
    }

    fn definition(&self, digest: &str) -> Result<Option<String>, Error> {
        self.inner.definition(digest)
    }

    fn map_run(&self, id: &str) -> Result<Option<MapRunRow>, Error> {
        self.inner.map_run(id)
    }

    fn map_runs(&self, execution: &str) -> Result<Vec<MapRunRow>, Error> {
        self.inner.map_runs(execution)
    }

    fn unsettled_map_runs(&self, after: Option<&str>, limit: usize) -> Result<Vec<MapRunRow>, Error> {
        self.inner.unsettled_map_runs(after, limit)
    }

    fn children(&self, query: &ChildQuery) -> Result<Vec<ExecutionRow>, Error> {
        self.inner.children(query)
    }

    fn child_indices(
        &self,
        run: &str,
        status: Status,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, Error> {
        self.inner.child_indices(run, status, after, limit)
    }

    fn outcome(&self, execution: &str) -> Result<Option<Vec<u8>>, Error> {
        self.inner.outcome(execution)
    }
}
