//! The store port: what the engine needs of durable storage.
//!
//! One [`Store::commit`] is one durable transaction over many [`Group`]s, each of which takes
//! effect wholly or not at all. Nothing is acknowledged before the commit that carries it
//! has returned.
//!
//! # How an engine uses it
//! An execution begins with a group that has a [`NewExecution`], and goes on with groups that
//! append [`Entry`]s and change its row. Each group says how many entries it believes are
//! there. If it is wrong it has lost a race, or is a repetition of a commit whose answer
//! was lost; [`Outcome::Conflict`] tells, and nothing was changed. So a blind repetition is
//! harmless.
//!
//! ```
//! use stepwell_store::{Entry, Group, MemoryStore, NewExecution, Outcome, Store};
//!
//! let store = MemoryStore::new();
//! let begin = Group {
//!     execution: "e1".to_owned(),
//!     expected_entries: 0,
//!     create: Some(NewExecution {
//!         workflow: "report".to_owned(),
//!         name: "january".to_owned(),
//!         definition_digest: "sha256:…".to_owned(),
//!         definition: r#"{"StartAt":"A", …}"#.into(),
//!         input_digest: "sha256:…".to_owned(),
//!         started_at_micros: 1_357_000_000_000_000,
//!         child: None,
//!     }),
//!     entries: vec![Entry { number: 0, at_micros: 1_357_000_000_000_000, body: b"started".to_vec() }],
//!     ..Group::default()
//! };
//! assert_eq!(store.commit(&[begin.clone()])?, [Outcome::Committed]);
//! // Repeated after a lost answer:
//! assert_eq!(store.commit(&[begin])?, [Outcome::Conflict { entries: 1 }]);
//!
//! // What a restart reads: the executions that run, and the journal of each.
//! let open = store.open_executions(None, 100)?;
//! assert_eq!(store.journal(&open[0].id, 0, 100)?.len(), 1);
//! # Ok::<(), stepwell_store::Error>(())
//! ```
//!
//! A *map run* belongs to an execution and has a row of its own, which groups of the execution
//! make and change. The executions that it starts are its *children*: ordinary ones, whose rows
//! name the run, and which no listing but the run's own shows. What becomes of a child is kept
//! beside its row as well as in its journal, because the end of a run reads the outcomes of all
//! its children, and must not fold a million journals for it.
//!
//! # What every store keeps to
//! - Groups of one batch are applied in their order, and see what those before them did. A
//!   refused one is as if it had not been in the batch.
//! - A read sees every commit that had returned when it began, and each commit wholly or not
//!   at all.
//! - Texts and bodies are kept byte for byte; texts are compared by their bytes.
//! - After [`Error::ReadOnly`] nothing of the commit is there. After [`Error::Broken`] it is
//!   there wholly or not at all, and only opening the store again tells which.
//!
//! The module `contract` (feature `contract`) has these as tests, which every store runs on
//! itself; `memory` is the reference that random sequences are compared with.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod memory;
mod row;

pub use memory::MemoryStore;
pub use row::{
    CallLog, ChildOf, ChildQuery, Entry, ExecutionChange, ExecutionRow, Group, ListQuery, MapRunRow, NUMBER_MAX,
    NewExecution, Outcome, Status, StatusCounts,
};

/// Durable storage.
pub trait Store: Send + Sync + std::fmt::Debug + 'static {
    /// Makes the groups durable in one transaction and says what became of each, in order.
    /// A group that conflicts changes nothing and does not disturb the others.
    ///
    /// # Panics
    /// When a group breaks a promise of its type ([`Group::assert_well_formed`]).
    fn commit(&self, groups: &[Group]) -> Result<Vec<Outcome>, Error>;

    /// The execution by id.
    fn execution(&self, id: &str) -> Result<Option<ExecutionRow>, Error>;

    /// The execution by workflow and name.
    fn execution_by_name(&self, workflow: &str, name: &str) -> Result<Option<ExecutionRow>, Error>;

    /// Entries of an execution from number `from` on, in order, at most `limit`.
    fn journal(&self, execution: &str, from: u64, limit: usize) -> Result<Vec<Entry>, Error>;

    /// What calls of the execution wrote, in order of call and dispatch.
    fn call_logs(&self, execution: &str) -> Result<Vec<CallLog>, Error>;

    /// Running executions in order of id, after `after`, at most `limit`. Reads no finished one.
    fn open_executions(&self, after: Option<&str>, limit: usize) -> Result<Vec<ExecutionRow>, Error>;

    /// Executions, newest start first (then greatest id first), without children of map runs.
    fn list(&self, query: &ListQuery) -> Result<Vec<ExecutionRow>, Error>;

    /// How many executions there are of each status, of one workflow or of all, without
    /// children of map runs.
    fn count(&self, workflow: Option<&str>) -> Result<StatusCounts, Error>;

    /// The text of a definition by digest.
    fn definition(&self, digest: &str) -> Result<Option<String>, Error>;

    /// The map run by id.
    fn map_run(&self, id: &str) -> Result<Option<MapRunRow>, Error>;

    /// The map runs of an execution, in order of number.
    fn map_runs(&self, execution: &str) -> Result<Vec<MapRunRow>, Error>;

    /// Map runs that are not settled in order of id, after `after`, at most `limit`. Reads no
    /// settled one.
    fn unsettled_map_runs(&self, after: Option<&str>, limit: usize) -> Result<Vec<MapRunRow>, Error>;

    /// Child executions of a map run, in the order of their indices.
    fn children(&self, query: &ChildQuery) -> Result<Vec<ExecutionRow>, Error>;

    /// Index and number of items of a map run's children of one status, in order, after the
    /// index `after`, at most `limit`. Reads no row of an execution.
    fn child_indices(
        &self,
        map_run: &str,
        status: Status,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, Error>;

    /// How a child execution ended, as its last group said.
    fn outcome(&self, execution: &str) -> Result<Option<Vec<u8>>, Error>;
}

/// What the engine does next depends on which of these it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the store; this one must not start.
    #[error("{0}")]
    Locked(String),
    /// Full, or read-only: nothing new is accepted until it changes; what is there can be read.
    #[error("the store cannot be written: {0}")]
    ReadOnly(String),
    /// It is not known whether the commit is durable: the process stops, and recovery decides.
    #[error("the store failed while making a commit durable: {0}")]
    Broken(String),
    /// What was read is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Written by a newer release, or not a store of ours.
    #[error("{0}")]
    Incompatible(String),
}
