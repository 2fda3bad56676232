//! What is stored.

use std::sync::Arc;

/// Changes to one execution that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Absent where the row stays as it is, but for its number of entries.
    pub change: Option<ExecutionChange>,
    /// What calls wrote that ended with these entries.
    pub logs: Vec<CallLog>,
    /// Map runs of this execution that begin or change with these entries.
    pub map_runs: Vec<MapRunRow>,
    /// How a child execution of a map run ended, as the engine encodes it.
    pub outcome: Option<Vec<u8>>,
}

impl Group {
    /// How many entries the journal holds once the group is committed.
    #[must_use]
    pub fn entries_after(&self) -> u64 {
        self.expected_entries.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// Every store calls this for each group before it changes anything.
    ///
    /// # Panics
    /// When the group breaks a promise of its type: entries with gaps or from another number
    /// than `expected_entries` on, a number above [`NUMBER_MAX`], a closing time that is
    /// there for a running execution or missing for a closed one, or a map run of another
    /// execution. Only a bug of the caller makes such a group.
    pub fn assert_well_formed(&self) {
        let id = &self.execution;
        assert!(self.entries_after() <= NUMBER_MAX, "execution {id}: entry numbers end at {NUMBER_MAX}");
        for (entry, number) in self.entries.iter().zip(self.expected_entries..) {
            assert!(entry.number == number, "execution {id}: entry {} stands where {number} belongs", entry.number);
        }
        for log in &self.logs {
            assert!(log.call <= NUMBER_MAX, "execution {id}: call numbers end at {NUMBER_MAX}");
        }
        for run in &self.map_runs {
            assert!(run.execution == *id, "execution {id}: map run {} belongs to {}", run.id, run.execution);
            assert!(run.number <= NUMBER_MAX, "execution {id}: numbers of map runs end at {NUMBER_MAX}");
        }
        if let Some(child) = self.create.as_ref().and_then(|new| new.child.as_ref()) {
            assert!(child.index.max(child.items) <= NUMBER_MAX, "execution {id}: its index ends at {NUMBER_MAX}");
        }
        if let Some(change) = &self.change {
            assert!(
                (change.status == Status::Running) == change.closed_at_micros.is_none(),
                "execution {id}: closed at {:?} does not go with {}",
                change.closed_at_micros,
                change.status.name()
            );
        }
    }
}

/// The greatest number of an entry or a call: stores keep them as signed 64-bit integers.
pub const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();

/// The row an execution begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewExecution {
    /// Name of the workflow.
    pub workflow: String,
    /// Unique within the workflow for as long as the execution is retained.
    pub name: String,
    /// Digest of the definition it is pinned to.
    pub definition_digest: String,
    /// Text of the definition; kept once for all executions that are pinned to it.
    pub definition: Arc<str>,
    /// Digest of the input, by which a repeated start is known.
    pub input_digest: String,
    /// Microseconds since 1970.
    pub started_at_micros: i64,
    /// Of a child execution of a map run.
    pub child: Option<ChildOf>,
}

impl NewExecution {
    /// The row of the execution `id` before any entry or change.
    #[must_use]
    pub fn row(&self, id: &str) -> ExecutionRow {
        ExecutionRow {
            id: id.to_owned(),
            workflow: self.workflow.clone(),
            name: self.name.clone(),
            definition_digest: self.definition_digest.clone(),
            input_digest: self.input_digest.clone(),
            status: Status::Running,
            started_at_micros: self.started_at_micros,
            closed_at_micros: None,
            wake_at_micros: None,
            entries: 0,
            child: self.child.clone(),
        }
    }
}

/// One journal entry; the store does not look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 0.
    pub number: u64,
    /// Microseconds since 1970.
    pub at_micros: i64,
    /// As the engine encodes it.
    pub body: Vec<u8>,
}

/// What changes in an execution's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionChange {
    /// The status from now on, changed or not.
    pub status: Status,
    /// Microseconds since 1970; present exactly when the status is not running.
    pub closed_at_micros: Option<i64>,
    /// When the execution must be looked at next, if nothing happens before: microseconds
    /// since 1970. Absent where nothing but an input from outside moves it on.
    pub wake_at_micros: Option<i64>,
}

/// What one dispatch of a call wrote. A second log of the same call and dispatch takes the
/// place of the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLog {
    /// Id of the call's scheduled event.
    pub call: u64,
    /// Which dispatch of the call: a host that was lost makes another one necessary.
    pub dispatch: u32,
    /// Lines, each ended by `\n`.
    pub text: String,
}

/// An execution as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRow {
    /// Unique in the store.
    pub id: String,
    /// Name of its workflow.
    pub workflow: String,
    /// Unique within the workflow.
    pub name: String,
    /// Digest of the definition it is pinned to; [`crate::Store::definition`] has the text.
    pub definition_digest: String,
    /// Digest of the input, by which a repeated start is known.
    pub input_digest: String,
    /// Where it stands.
    pub status: Status,
    /// Microseconds since 1970.
    pub started_at_micros: i64,
    /// Microseconds since 1970; absent while it runs.
    pub closed_at_micros: Option<i64>,
    /// Microseconds since 1970; when to look at it next, if nothing happens before.
    pub wake_at_micros: Option<i64>,
    /// How many entries its journal holds.
    pub entries: u64,
    /// Of a child execution of a map run; such a one is in no listing but that of its run.
    pub child: Option<ChildOf>,
}

/// Whose child an execution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildOf {
    /// Id of the map run, which is there already.
    pub map_run: String,
    /// Which of the run's child executions, from 0.
    pub index: u64,
    /// How many items it has.
    pub items: u64,
}

/// A map run as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRunRow {
    /// Unique in the store.
    pub id: String,
    /// Id of the execution that it belongs to.
    pub execution: String,
    /// Unique within the execution: the id of its event there.
    pub number: u64,
    /// Nothing of it is under way any more: `body` has how it ended.
    pub is_settled: bool,
    /// Limits and counts, as the engine encodes them.
    pub body: Vec<u8>,
}

/// Where an execution stands; all but the first are ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Something is still to come.
    Running,
    /// It came to its end with an output.
    Succeeded,
    /// A failure that nothing caught.
    Failed,
    /// It took longer than its definition allows.
    TimedOut,
    /// Somebody stopped it.
    Aborted,
}

impl Status {
    /// Every status, in the order of their definition.
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

    /// The status of this [`Status::name`], if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// How many executions there are of each [`Status`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts {
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub aborted: u64,
}

impl StatusCounts {
    /// The count of one status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        match status {
            Status::Running => self.running,
            Status::Succeeded => self.succeeded,
            Status::Failed => self.failed,
            Status::TimedOut => self.timed_out,
            Status::Aborted => self.aborted,
        }
    }

    /// The count of one status, to be changed.
    pub fn of_mut(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Running => &mut self.running,
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::TimedOut => &mut self.timed_out,
            Status::Aborted => &mut self.aborted,
        }
    }
}

/// Which executions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Of this workflow alone.
    pub workflow: Option<String>,
    /// Of this status alone.
    pub status: Option<Status>,
    /// Go on after the execution with this start (microseconds since 1970) and id, which need
    /// not be there any more.
    pub after: Option<(i64, String)>,
    /// At most so many; 0 asks for none.
    pub limit: usize,
}

/// Which child executions of a map run to list, in the order of their indices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildQuery {
    /// Id of the map run.
    pub map_run: String,
    /// Of this status alone.
    pub status: Option<Status>,
    /// Go on after the child of this index.
    pub after: Option<u64>,
    /// At most so many; 0 asks for none.
    pub limit: usize,
}

/// What became of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it took effect.
    Committed,
    /// Another execution of this workflow has this name already: this one, as it stands after
    /// the groups before.
    NameTaken(ExecutionRow),
    /// The journal holds another number of entries than expected (and none was added). Also
    /// the answer to a `create` of an id that is there already, to a group without `create` for
    /// an execution that is not there, and to the child of a map run that is not (which hold 0).
    Conflict { entries: u64 },
}
