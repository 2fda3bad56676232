//! Map runs: what is known of one, and how its row keeps it.
//!
//! The row of a run is no journal: everything that its work needs is in the fold of the execution
//! that it belongs to, and in the rows of its children. It is there to be looked at when the run
//! has ended, and remembers what was counted, so that a restart need not count again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepwell_asl::expr::Value;
use stepwell_asl::{Execution, Failure, MapRun, Start, Status as Folded, Timestamp};
use stepwell_store::{MapRunRow, Status};

use crate::Error;

/// The version this release writes. It reads no other.
const VERSION: u32 = 1;

/// A map run as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRunView {
    /// The last part of its ARN.
    pub id: String,
    pub arn: String,
    /// Id of the execution that it belongs to.
    pub execution: String,
    /// `MACHINE/LABEL`: what its child executions call their workflow.
    pub workflow: String,
    /// The name of the Map state.
    pub state: String,
    /// Running, succeeded, failed or aborted.
    pub status: Status,
    pub started_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// 0 is as many as the host runs.
    pub max_concurrency: u64,
    pub tolerated_count: Option<u64>,
    /// From 0 to 100.
    pub tolerated_percentage: Option<f64>,
    pub items: MapRunCounts,
    pub executions: MapRunCounts,
}

/// How many items, or child executions, of a map run there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapRunCounts {
    /// As far as they are known: items once they were counted, executions of batches once they
    /// were read.
    pub total: u64,
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub aborted: u64,
    pub results_written: u64,
}

/// A change to the limits of a map run that is under way; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MapRunChange {
    /// 0 is as many as the host runs.
    pub max_concurrency: Option<u64>,
    pub tolerated_count: Option<u64>,
    /// From 0 to 100.
    pub tolerated_percentage: Option<f64>,
}

/// How much there is to go over, and what would be another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counted {
    pub items: u64,
    /// Of the data that was counted; empty where the items were given.
    pub fingerprint: String,
}

impl MapRunCounts {
    /// Those that have not begun.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.total.saturating_sub(self.running + self.succeeded + self.failed + self.timed_out + self.aborted)
    }

    /// Those that ended in another way than they should.
    pub(crate) fn unsuccessful(&self) -> u64 {
        self.failed + self.timed_out + self.aborted
    }

    pub(crate) fn of_mut(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Running => &mut self.running,
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::TimedOut => &mut self.timed_out,
            Status::Aborted => &mut self.aborted,
        }
    }
}

impl MapRunView {
    /// A run that begins.
    pub(crate) fn begun(execution: &str, spec: &MapRun, at: Timestamp) -> Self {
        Self {
            id: run_id(&spec.arn).to_owned(),
            arn: spec.arn.to_string(),
            execution: execution.to_owned(),
            workflow: spec.machine_name.to_string(),
            state: spec.state_name.to_string(),
            status: Status::Running,
            started_at: at,
            closed_at: None,
            max_concurrency: spec.max_concurrency,
            tolerated_count: spec.tolerated_count,
            tolerated_percentage: spec.tolerated_percentage,
            items: MapRunCounts::default(),
            executions: MapRunCounts::default(),
        }
    }

    pub(crate) fn adjust(&mut self, spec: &MapRun) {
        self.max_concurrency = spec.max_concurrency;
        self.tolerated_count = spec.tolerated_count;
        self.tolerated_percentage = spec.tolerated_percentage;
    }

    pub(crate) fn row(&self, number: u64, counted: Option<&Counted>, is_settled: bool) -> MapRunRow {
        let body = Body {
            version: VERSION,
            arn: self.arn.clone(),
            workflow: self.workflow.clone(),
            state: self.state.clone(),
            status: self.status.name().to_owned(),
            started_at_micros: self.started_at.as_micros(),
            closed_at_micros: self.closed_at.map(Timestamp::as_micros),
            max_concurrency: self.max_concurrency,
            tolerated_count: self.tolerated_count,
            tolerated_percentage: self.tolerated_percentage,
            counted: counted.cloned(),
            items: self.items,
            executions: self.executions,
        };
        let body = serde_json::to_vec(&body)
            .unwrap_or_else(|error| unreachable!("the row of a map run did not serialise: {error}"));
        MapRunRow { id: self.id.clone(), execution: self.execution.clone(), number, is_settled, body }
    }

    /// The run of a row, and what was counted of it.
    pub(crate) fn read(row: MapRunRow) -> Result<(Self, Option<Counted>), Error> {
        let unreadable =
            |reason: String| Error::Store(format!("the row of map run {} does not read: {reason}", row.id));
        let body: Body = serde_json::from_slice(&row.body).map_err(|error| unreadable(error.to_string()))?;
        if body.version != VERSION {
            return Err(unreadable(format!("it has version {}; this release reads version {VERSION}", body.version)));
        }
        let status =
            Status::from_name(&body.status).ok_or_else(|| unreadable(format!("no status is {:?}", body.status)))?;
        let view = Self {
            id: row.id,
            arn: body.arn,
            execution: row.execution,
            workflow: body.workflow,
            state: body.state,
            status,
            started_at: Timestamp::from_micros(body.started_at_micros),
            closed_at: body.closed_at_micros.map(Timestamp::from_micros),
            max_concurrency: body.max_concurrency,
            tolerated_count: body.tolerated_count,
            tolerated_percentage: body.tolerated_percentage,
            items: body.items,
            executions: body.executions,
        };
        Ok((view, body.counted))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "v")]
    version: u32,
    arn: String,
    workflow: String,
    state: String,
    status: String,
    started_at_micros: i64,
    closed_at_micros: Option<i64>,
    max_concurrency: u64,
    tolerated_count: Option<u64>,
    tolerated_percentage: Option<f64>,
    counted: Option<Counted>,
    items: MapRunCounts,
    executions: MapRunCounts,
}

/// The id of a run: the last part of its ARN, or the text itself.
pub(crate) fn run_id(id_or_arn: &str) -> &str {
    id_or_arn.rsplit_once(':').map_or(id_or_arn, |(_, id)| id)
}

/// What the child executions of a run are called: a UUID of their own kind (version 8), of which
/// the first bits are the run's and the last ones the index. So a child that is started twice is
/// the same one, which the store refuses, and children lie side by side in its indexes.
#[derive(Debug, Clone)]
pub(crate) struct ChildNames {
    run: Arc<str>,
    prefix: String,
}

impl ChildNames {
    pub fn new(arn: &Arc<str>) -> Self {
        let digest = hex::encode(Sha256::digest(arn.as_bytes()));
        let part = |from, to| digest.get(from..to).unwrap_or("0");
        let prefix = format!("{}-{}-8{}-8{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18));
        Self { run: Arc::clone(arn), prefix }
    }

    /// Id and name.
    pub fn id(&self, index: u64) -> Arc<str> {
        format!("{}-{index:012x}", self.prefix).into()
    }

    /// What a child draws its randomness from, and what its task tokens are authenticated with:
    /// the same in every start of it, and as hard to guess as those of the parent.
    pub fn secrets(&self, parent: &Start, index: u64) -> (u64, u128) {
        let digest = Sha256::new()
            .chain_update(parent.token_key.to_le_bytes())
            .chain_update(parent.seed.to_le_bytes())
            .chain_update(index.to_le_bytes())
            .chain_update(self.run.as_bytes())
            .finalize();
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
        let (key, rest) = digest.split_at(16);
        (u64::try_from(number(rest) & u128::from(u64::MAX)).unwrap_or(0), number(key))
    }
}

/// How a child execution ended, as it is kept beside its row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChildEnd {
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    pub output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<str>>,
}

/// An output of `null` is one.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl ChildEnd {
    /// `None` while it runs.
    pub fn of(execution: &Execution) -> Option<Self> {
        let failed =
            |failure: &Failure| Some(Self { output: None, error: failure.error.clone(), cause: failure.cause.clone() });
        match execution.status() {
            Folded::Running => None,
            Folded::Succeeded { output } => Some(Self { output: Some(output.clone()), error: None, cause: None }),
            Folded::Failed(failure) | Folded::TimedOut(failure) | Folded::Aborted(failure) => failed(failure),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_else(|error| unreachable!("an outcome did not serialise: {error}"))
    }

    pub fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

/// Which child executions of a run have begun already: what a restart finds. A bit for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Indices {
    words: Vec<u64>,
}

impl Indices {
    pub fn insert(&mut self, index: u64) {
        let Ok(word) = usize::try_from(index / 64) else { return };
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= 1 << (index % 64);
        }
    }

    pub fn contains(&self, index: u64) -> bool {
        let bits = usize::try_from(index / 64).ok().and_then(|word| self.words.get(word));
        bits.is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }

    /// The first that is missing.
    pub fn first_missing(&self) -> u64 {
        let full = self.words.iter().take_while(|word| **word == u64::MAX).count();
        let rest = self.words.get(full).map_or(0, |word| word.trailing_ones());
        u64::try_from(full).unwrap_or(u64::MAX).saturating_mul(64) + u64::from(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_called_the_same_every_time() {
        let arn: Arc<str> =
            "arn:aws:states:eu-west-1:000000000000:mapRun:m/l:4977ded7-b097-4bee-81e1-7863c5660f29".into();
        let names = ChildNames::new(&arn);
        assert_eq!(names.id(255), ChildNames::new(&arn).id(255));
        assert_eq!(uuid::Uuid::parse_str(&names.id(255)).unwrap().get_version_num(), 8);
        assert!(names.id(255).ends_with("-0000000000ff"));
        let parent = |token_key| Start {
            execution_arn: "arn:e".into(),
            execution_name: "e".into(),
            role_arn: "r".into(),
            machine_arn: "arn:m".into(),
            machine_name: "m".into(),
            at: Timestamp::default(),
            seed: 1,
            token_key,
            input: Value::Null,
            child: None,
        };
        assert_eq!(names.secrets(&parent(7), 1), names.secrets(&parent(7), 1));
        for other in [names.secrets(&parent(7), 2), names.secrets(&parent(8), 1)] {
            let one = names.secrets(&parent(7), 1);
            assert!(one.0 != other.0 && one.1 != other.1);
        }
        assert_ne!(names.id(0), ChildNames::new(&"arn:other".into()).id(0));
        assert_eq!(run_id(&arn), "4977ded7-b097-4bee-81e1-7863c5660f29");
        assert_eq!(run_id("x"), "x");
    }

    #[test]
    fn an_outcome_of_null_is_one() {
        let body = ChildEnd { output: Some(Value::Null), error: None, cause: None }.encode();
        assert_eq!(ChildEnd::decode(&body).unwrap().output, Some(Value::Null));
        let failed = ChildEnd { output: None, error: Some("E".into()), cause: None }.encode();
        assert_eq!(failed, br#"{"error":"E"}"#);
        assert_eq!(ChildEnd::decode(&failed).unwrap().output, None);
    }

    #[test]
    fn indices_know_the_first_that_is_missing() {
        let mut indices = Indices::default();
        assert_eq!((indices.first_missing(), indices.contains(0)), (0, false));
        for index in (0..130).filter(|index| *index != 70) {
            indices.insert(index);
        }
        assert_eq!(indices.first_missing(), 70);
        assert!(
            indices.contains(129) && !indices.contains(70) && !indices.contains(130) && !indices.contains(u64::MAX)
        );
        indices.insert(70);
        assert_eq!(indices.first_missing(), 130);
    }
}
