//! What is stored.

/// Changes to one execution that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The execution's id.
    pub execution: String,
    /// How many entries its journal holds before this group; a store that holds another
    /// number answers [`Outcome::Conflict`].
    pub expected_entries: u64,
    /// Present in the first group of an execution.
    pub create: Option<NewExecution>,
    /// Numbered from `expected_entries` on, without gaps.
    pub entries: Vec<Entry>,
    pub change: Option<ExecutionChange>,
    pub logs: Vec<CallLog>,
}

/// The row an execution begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExecution {
    pub workflow: String,
    /// Unique within the workflow for as long as the execution is retained.
    pub name: String,
    /// Digest of the definition it is pinned to.
    pub definition_digest: String,
    /// Text of the definition; kept once for all executions that are pinned to it.
    pub definition: String,
    /// Digest of the input, by which a repeated start is known.
    pub input_digest: String,
    /// Microseconds since 1970.
    pub started_at_micros: i64,
}

/// One journal entry; the store does not look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 0.
    pub number: u64,
    /// Microseconds since 1970.
    pub at_micros: i64,
    pub body: Vec<u8>,
}

/// What changes in an execution's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionChange {
    pub status: Status,
    /// Microseconds since 1970; present exactly when the status is not running.
    pub closed_at_micros: Option<i64>,
    /// When the execution must be looked at next, if nothing happens before.
    pub wake_at_micros: Option<i64>,
}

/// What one dispatch of a call wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLog {
    /// Id of the call's scheduled event.
    pub call: u64,
    pub dispatch: u32,
    /// Lines, each ended by `\n`.
    pub text: String,
}

/// An execution as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRow {
    pub id: String,
    pub workflow: String,
    pub name: String,
    pub definition_digest: String,
    pub input_digest: String,
    pub status: Status,
    pub started_at_micros: i64,
    pub closed_at_micros: Option<i64>,
    pub wake_at_micros: Option<i64>,
    /// How many entries its journal holds.
    pub entries: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted];

    /// As AWS writes it: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// How many executions there are of each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts {
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub aborted: u64,
}

/// Which executions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    pub workflow: Option<String>,
    pub status: Option<Status>,
    /// Go on after the execution with this start and id.
    pub after: Option<(i64, String)>,
    pub limit: usize,
}

/// What became of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    /// An execution of this workflow has this name already.
    NameTaken(ExecutionRow),
    /// The journal holds another number of entries than expected (and none was added).
    Conflict { entries: u64 },
}
