//! A checked machine: names are resolved to indices, expressions are compiled. Only
//! [`Machine::parse`] makes one, so whoever holds a machine need not check it again.

use std::collections::HashMap;
use std::sync::Arc;

use stepwell_expr::{Expression, Path, ReferencePath, Template, Value};

use crate::query::Query;
use crate::{Diagnostic, Failure, Resource, ServicePattern};

/// A checked definition.
#[derive(Debug)]
pub struct Machine {
    /// Shared with the machines of its distributed Maps.
    pub(crate) states: Arc<[State]>,
    pub(crate) start: StateIx,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) comment: Option<Arc<str>>,
}

/// The place of a state in [`Machine::states`]; those of branches and item processors included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StateIx(pub(crate) u32);

impl Machine {
    /// What is worth saying about a definition that is accepted.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The definition's `Comment`.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The machine's own `TimeoutSeconds`.
    #[must_use]
    pub fn timeout_seconds(&self) -> Option<u64> {
        self.timeout_seconds
    }

    /// Every task whose name the definition gives away, with the JSON pointer of its
    /// `Resource`. What `lambda:invoke` finds in its input at run time is not among them.
    #[must_use]
    pub fn resources(&self) -> Vec<(String, Resource)> {
        let mut found = Vec::new();
        for state in self.states.iter() {
            if let Kind::Task(task) = &state.kind
                && let Some(resource) = task.target.known()
            {
                found.push((format!("{}/Resource", state.pointer), resource));
            }
        }
        found
    }

    /// The names of all states, in the order of the definition; those of branches come
    /// after the states around them.
    pub fn state_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.states.iter().map(|state| &state.name)
    }

    /// The variables that each state refers to, sorted; states that refer to none are left out.
    pub fn variable_references(&self) -> impl Iterator<Item = (&Arc<str>, &[Arc<str>])> {
        let referring = self.states.iter().filter(|state| !state.references.is_empty());
        referring.map(|state| (&state.name, state.references.as_slice()))
    }

    /// The machine of the child executions of a distributed Map: the states of the
    /// `ItemProcessor` at this JSON pointer. `None` where there is none. Express ones end after
    /// [`EXPRESS_SECONDS_MAX`](crate::limits::EXPRESS_SECONDS_MAX).
    #[must_use]
    pub fn processor(&self, pointer: &str) -> Option<Self> {
        let (start, kind) = self.states.iter().find_map(|state| match &state.kind {
            Kind::Map(map) => {
                let distributed = map.distributed.as_ref().filter(|found| found.pointer == pointer)?;
                Some((map.processor, distributed.child))
            }
            Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. }
            | Kind::Parallel { .. } => None,
        })?;
        let states = Arc::clone(&self.states);
        let timeout_seconds = match kind {
            WorkflowType::Standard => None,
            WorkflowType::Express => Some(crate::limits::EXPRESS_SECONDS_MAX),
        };
        Some(Self { states, start, timeout_seconds, warnings: Vec::new(), comment: None })
    }

    /// The same states, beginning with the one of this name, wherever it stands.
    pub(crate) fn beginning_with(&self, name: &str) -> Option<Self> {
        let start = (0_u32..).zip(self.states.iter()).find(|(_, state)| *state.name == *name)?.0;
        let states = Arc::clone(&self.states);
        Some(Self { states, start: StateIx(start), timeout_seconds: None, warnings: Vec::new(), comment: None })
    }

    pub(crate) fn state(&self, at: StateIx) -> &State {
        // Every index was made by the parser from this very list.
        #[expect(clippy::indexing_slicing, reason = "the parser made the index from this list")]
        &self.states[at.0 as usize]
    }
}

/// What an execution of a machine is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WorkflowType {
    /// Long, and exactly once.
    #[default]
    Standard,
    /// Short, and at least once.
    Express,
}

/// What a definition is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checks {
    pub workflow: WorkflowType,
    pub integrations: Integrations,
}

/// Which resources a Task state may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Integrations {
    /// Those that this host can run.
    #[default]
    Runnable,
    /// All that AWS integrates.
    Any,
}

/// The language of a state's expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum QueryLanguage {
    #[default]
    JsonPath,
    Jsonata,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: Arc<str>,
    /// JSON pointer of the state in its definition.
    pub(crate) pointer: String,
    pub(crate) language: QueryLanguage,
    pub(crate) flow: Flow,
    /// Of a Choice, where no rule holds.
    pub(crate) assign: Option<Payload>,
    /// The variables that its expressions refer to, sorted.
    pub(crate) references: Vec<Arc<str>>,
    /// Whether an expression of the state looks at the context object.
    pub(crate) uses_context: bool,
    /// Where to go; `None` is the end of the branch.
    pub(crate) next: Option<StateIx>,
    pub(crate) kind: Kind,
}

/// The kinds of states, as their events are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateType {
    Task,
    Pass,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

/// A value that is made when its state runs, in the language of the state.
#[derive(Debug)]
pub(crate) enum Payload {
    Template(Template),
    Query(Query),
}

/// How data comes into a state and out of it: the five fields of JSONPath, the two of JSONata.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) input_path: Selection,
    pub(crate) parameters: Option<Template>,
    pub(crate) result_selector: Option<Template>,
    pub(crate) result_path: ResultPath,
    pub(crate) output_path: Selection,
    pub(crate) arguments: Option<Query>,
    /// Of a Choice, where no rule holds.
    pub(crate) output: Option<Query>,
}

/// `InputPath` and `OutputPath`.
#[derive(Debug, Default)]
pub(crate) enum Selection {
    #[default]
    Whole,
    /// `null`: an empty object.
    Nothing,
    Path(Path),
}

#[derive(Debug, Default)]
pub(crate) enum ResultPath {
    /// `$`: the result takes the input's place.
    #[default]
    Replace,
    /// `null`: the result is dropped.
    Discard,
    Insert(ReferencePath),
}

#[derive(Debug)]
pub(crate) enum Kind {
    Pass { result: Option<Value> },
    Task(Box<Task>),
    Choice { rules: Vec<ChoiceRule>, default: Option<StateIx> },
    Wait(Wait),
    Succeed,
    Fail { error: Text, cause: Text },
    Parallel { branches: Vec<StateIx>, recovery: Recovery },
    Map(Box<MapState>),
}

impl Kind {
    pub(crate) fn state_type(&self) -> StateType {
        match self {
            Self::Pass { .. } => StateType::Pass,
            Self::Task(_) => StateType::Task,
            Self::Choice { .. } => StateType::Choice,
            Self::Wait(_) => StateType::Wait,
            Self::Succeed => StateType::Succeed,
            Self::Fail { .. } => StateType::Fail,
            Self::Parallel { .. } => StateType::Parallel,
            Self::Map(_) => StateType::Map,
        }
    }

    /// `Retry` and `Catch`, of the states that have them.
    pub(crate) fn recovery(&self) -> Option<&Recovery> {
        match self {
            Self::Task(task) => Some(&task.recovery),
            Self::Parallel { recovery, .. } => Some(recovery),
            Self::Map(map) => Some(&map.recovery),
            Self::Pass { .. } | Self::Choice { .. } | Self::Wait(_) | Self::Succeed | Self::Fail { .. } => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) target: Target,
    pub(crate) timeout: Seconds,
    pub(crate) heartbeat: Seconds,
    pub(crate) recovery: Recovery,
}

/// What a Task state calls.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// `task:NAME`.
    Task { name: Arc<str> },
    /// A Lambda function's ARN.
    Function { arn: Arc<str>, name: Arc<str> },
    /// `arn:aws:states:::lambda:invoke`; the function when `Parameters` name it as it stands.
    Invoke { function: Option<Arc<str>> },
    /// `arn:aws:states:::SERVICE:ACTION`, with what follows it.
    Service { service: Arc<str>, action: Arc<str>, pattern: ServicePattern },
    /// `arn:aws:states:REGION:ACCOUNT:activity:NAME`.
    Activity { arn: Arc<str> },
}

impl Target {
    fn known(&self) -> Option<Resource> {
        match self {
            Self::Task { name } => Some(Resource::Task { name: Arc::clone(name) }),
            Self::Function { name, .. } => Some(Resource::Lambda { function: Arc::clone(name) }),
            Self::Invoke { function } => function.as_ref().map(|name| Resource::Lambda { function: Arc::clone(name) }),
            Self::Service { service, action, pattern } => {
                Some(Resource::Service { service: Arc::clone(service), action: Arc::clone(action), pattern: *pattern })
            }
            Self::Activity { arn } => Some(Resource::Activity { arn: Arc::clone(arn) }),
        }
    }
}

/// A number of seconds that may be read from the input.
#[derive(Debug)]
pub(crate) enum Seconds {
    Absent,
    Fixed(u64),
    Path(Expression),
    Query(Query),
}

#[derive(Debug)]
pub(crate) enum Wait {
    Seconds(u64),
    SecondsPath(Expression),
    SecondsQuery(Query),
    Until(crate::Timestamp),
    UntilPath(Expression),
    UntilQuery(Query),
}

/// `Error` and `Cause` of a Fail state.
#[derive(Debug)]
pub(crate) enum Text {
    Absent,
    Fixed(Arc<str>),
    Path(Expression),
    Query(Query),
}

#[derive(Debug)]
pub(crate) struct MapState {
    pub(crate) items_path: Option<Path>,
    /// `Items`, of JSONata.
    pub(crate) items: Option<Query>,
    /// `ItemSelector`, or the older `Parameters`, which select per item as well.
    pub(crate) item_selector: Option<Payload>,
    pub(crate) concurrency: Concurrency,
    /// `ToleratedFailureCount`.
    pub(crate) tolerated_count: Option<Amount<u64>>,
    /// `ToleratedFailurePercentage`, from 0 to 100.
    pub(crate) tolerated_percentage: Option<Amount<f64>>,
    pub(crate) processor: StateIx,
    pub(crate) recovery: Recovery,
    /// `None` for an inline Map.
    pub(crate) distributed: Option<Box<Distributed>>,
}

/// What a distributed Map has beyond an inline one: each item, or batch of items, is an
/// execution of its own.
#[derive(Debug)]
pub(crate) struct Distributed {
    /// Of the child executions.
    pub(crate) child: WorkflowType,
    pub(crate) label: Option<Arc<str>>,
    /// JSON pointer of the `ItemProcessor`.
    pub(crate) pointer: String,
    pub(crate) reader: Option<Reader>,
    pub(crate) batcher: Option<Batcher>,
    pub(crate) writer: Option<Writer>,
}

/// `ItemReader`.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) resource: Arc<str>,
    /// `Parameters` or `Arguments`.
    pub(crate) arguments: Option<Payload>,
    pub(crate) config: ReaderConfig,
}

#[derive(Debug)]
pub(crate) struct ReaderConfig {
    /// As it stands, or with expressions of JSONata.
    pub(crate) fields: Query,
    pub(crate) max_items: Option<Amount<u64>>,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self { fields: Query::Fixed(Value::Null), max_items: None }
    }
}

/// `ItemBatcher`.
#[derive(Debug)]
pub(crate) struct Batcher {
    pub(crate) items: Option<Amount<u64>>,
    /// Bytes of JSON.
    pub(crate) bytes: Option<Amount<u64>>,
    /// `BatchInput`.
    pub(crate) input: Option<Payload>,
}

/// `ResultWriter`.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` where the results only take another form.
    pub(crate) resource: Option<Arc<str>>,
    pub(crate) arguments: Option<Payload>,
    /// `WriterConfig` as it stands.
    pub(crate) config: Value,
}

#[derive(Debug)]
pub(crate) enum Concurrency {
    /// 0 means as many as [`crate::limits::MAP_CONCURRENCY_MAX`].
    Fixed(u64),
    Path(Expression),
    Query(Query),
}

/// A number that may be read from the input.
#[derive(Debug)]
pub(crate) enum Amount<T> {
    Fixed(T),
    Path(Expression),
    Query(Query),
}

#[derive(Debug, Default)]
pub(crate) struct Recovery {
    pub(crate) retriers: Vec<Retrier>,
    pub(crate) retried: Takers,
    pub(crate) catchers: Vec<Catcher>,
    pub(crate) caught: Takers,
}

/// Which of a list of retriers or catchers takes a failure: the first that names its error.
#[derive(Debug, Default)]
pub(crate) struct Takers(HashMap<Arc<str>, usize>);

impl Takers {
    pub(crate) fn add(&mut self, errors: &[Arc<str>], place: usize) {
        for error in errors {
            self.0.entry(Arc::clone(error)).or_insert(place);
        }
    }

    /// `States.ALL` covers what a workflow can go on from: not `States.Runtime`, which says that
    /// the workflow itself is wrong. `States.TaskFailed` covers the failures of tasks but for
    /// timeouts and results that are too large.
    pub(crate) fn first(&self, failure: &Failure) -> Option<usize> {
        let timed_out = matches!(failure.error_name(), "States.Timeout" | "States.HeartbeatTimeout");
        let wrong = failure.error_name() == "States.Runtime";
        let too_large = failure.error_name() == "States.DataLimitExceeded";
        let names = [
            failure.error.as_deref(),
            (!wrong).then_some("States.ALL"),
            (!wrong && !timed_out && !too_large).then_some("States.TaskFailed"),
            timed_out.then_some("States.Timeout"),
        ];
        names.into_iter().flatten().filter_map(|name| self.0.get(name)).min().copied()
    }
}

#[derive(Debug)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<Arc<str>>,
    pub(crate) interval_seconds: u64,
    pub(crate) attempts_max: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) delay_seconds_max: Option<u64>,
    pub(crate) full_jitter: bool,
}

#[derive(Debug)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<Arc<str>>,
    pub(crate) result_path: ResultPath,
    /// `Output`, of JSONata.
    pub(crate) output: Option<Query>,
    pub(crate) assign: Option<Payload>,
    pub(crate) next: StateIx,
}

#[derive(Debug)]
pub(crate) struct ChoiceRule {
    pub(crate) test: Condition,
    /// `Output`, of JSONata.
    pub(crate) output: Option<Query>,
    pub(crate) assign: Option<Payload>,
    pub(crate) next: StateIx,
}

/// When a choice rule holds.
#[derive(Debug)]
pub(crate) enum Condition {
    Test(Test),
    Query(Query),
}

/// One node of a choice rule; nested at most [`crate::limits::CHOICE_NESTING_MAX`] deep.
#[derive(Debug)]
pub(crate) enum Test {
    Compare { variable: Path, operator: Operator, operand: Operand },
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

#[derive(Debug)]
pub(crate) enum Operand {
    Fixed(Value),
    Path(Path),
    /// A `StringMatches` pattern.
    Pattern(Pattern),
}

/// Text with `*` for any run of characters; `\*` is the character itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The literal pieces between the wildcards.
    pub(crate) pieces: Vec<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    String(Order),
    Numeric(Order),
    Timestamp(Order),
    BooleanEquals,
    StringMatches,
    IsNull,
    IsPresent,
    IsNumeric,
    IsString,
    IsBoolean,
    IsTimestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}
