//! How journal entries are written: JSON objects with a version, so that an operator can read
//! them and a later release still does.
//!
//! The wire types here are converted by hand from and to the types of the interpreter; a
//! change of those never changes what is stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_asl::expr::Value;
use stepwell_asl::limits::PAYLOAD_DEPTH_MAX;
use stepwell_asl::{CallId, Child, Failure, Input, Receipt, RunId, Start, TimerId, Timestamp};

/// The version this release writes. It reads no other.
const VERSION: u32 = 1;

/// One entry, decoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Record {
    Started(Start),
    Input(Input),
    /// The host was lost while these calls were out; they are sent again.
    Redispatched {
        calls: Vec<CallId>,
    },
    /// The host went down in good order before these calls were sent.
    Parked {
        calls: Vec<CallId>,
    },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("entry {number} does not read: {reason}")]
    Malformed { number: u64, reason: String },
    #[error("entry {number} has version {version}; this release reads version {VERSION}")]
    Version { number: u64, version: u32 },
}

/// An entry's text. `fold` is the digest of the execution after the entry is applied.
pub(crate) fn encode(record: &Record, fold: u64) -> Vec<u8> {
    let wire = Wire { version: VERSION, fold: format!("{fold:016x}"), body: Body::from_record(record) };
    // Values and strings always serialise; an error here would be a bug in serde_json.
    serde_json::to_vec(&wire).unwrap_or_else(|error| unreachable!("a journal entry did not serialise: {error}"))
}

/// The record and the digest of the execution after it.
pub(crate) fn decode(number: u64, at: Timestamp, body: &[u8]) -> Result<(Record, u64), DecodeError> {
    let malformed = |reason: String| DecodeError::Malformed { number, reason };
    let wire: Wire = serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
    if wire.version != VERSION {
        return Err(DecodeError::Version { number, version: wire.version });
    }
    let fold = u64::from_str_radix(&wire.fold, 16).map_err(|error| malformed(error.to_string()))?;
    Ok((wire.body.into_record(at), fold))
}

/// Whether an entry with this value reads back: a JSON reader gives up on what nests deeper.
/// For values that were parsed, which bounds the recursion here.
pub(crate) fn can_be_read_again(value: &Value) -> bool {
    depth(value) <= PAYLOAD_DEPTH_MAX
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "v")]
    version: u32,
    fold: String,
    #[serde(rename = "e")]
    body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Body {
    Started(StartedBody),
    Succeeded {
        call: u64,
        output: Value,
        receipt: Option<ReceiptBody>,
    },
    Failed {
        call: u64,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
        receipt: Option<ReceiptBody>,
    },
    Fired {
        timer: u64,
    },
    Stopped {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    Submitted {
        call: u64,
        output: Value,
    },
    Taken {
        call: u64,
        worker: Option<Arc<str>>,
    },
    Heartbeat {
        call: u64,
    },
    MapSucceeded {
        run: u64,
        output: Value,
    },
    MapFailed {
        run: u64,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    MapAdjusted {
        run: u64,
        max_concurrency: Option<u64>,
        tolerated_count: Option<u64>,
        tolerated_percentage: Option<f64>,
    },
    Redispatched {
        calls: Vec<u64>,
    },
    Parked {
        calls: Vec<u64>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartedBody {
    execution_arn: Arc<str>,
    execution_name: Arc<str>,
    role_arn: Arc<str>,
    machine_arn: Arc<str>,
    machine_name: Arc<str>,
    seed: u64,
    /// The upper half, then the lower one.
    token_key: [u64; 2],
    input: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    child: Option<ChildBody>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChildBody {
    run: Arc<str>,
    processor: Arc<str>,
    index: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptBody {
    component: Arc<str>,
    fuel_computing: u64,
    fuel_waiting: u64,
    fuel_budget: u64,
    memory_bytes_peak: u64,
    elapsed_micros: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_tail: Option<Arc<str>>,
}

impl Body {
    fn from_record(record: &Record) -> Self {
        match record {
            Record::Started(start) => Self::Started(StartedBody::from_start(start)),
            Record::Input(Input::Returned { call, outcome: Ok(output), receipt }) => Self::Succeeded {
                call: call.0,
                output: output.clone(),
                receipt: receipt.as_ref().map(ReceiptBody::from_receipt),
            },
            Record::Input(Input::Returned { call, outcome: Err(failure), receipt }) => Self::Failed {
                call: call.0,
                error: failure.error.clone(),
                cause: failure.cause.clone(),
                receipt: receipt.as_ref().map(ReceiptBody::from_receipt),
            },
            Record::Input(Input::Fired { timer }) => Self::Fired { timer: timer.0 },
            Record::Input(Input::Stopped { error, cause }) => {
                Self::Stopped { error: error.clone(), cause: cause.clone() }
            }
            Record::Input(Input::Submitted { call, output }) => {
                Self::Submitted { call: call.0, output: output.clone() }
            }
            Record::Input(Input::Taken { call, worker }) => Self::Taken { call: call.0, worker: worker.clone() },
            Record::Input(Input::Heartbeat { call }) => Self::Heartbeat { call: call.0 },
            Record::Input(Input::RunEnded { run, outcome: Ok(output) }) => {
                Self::MapSucceeded { run: run.0, output: output.clone() }
            }
            Record::Input(Input::RunEnded { run, outcome: Err(failure) }) => {
                Self::MapFailed { run: run.0, error: failure.error.clone(), cause: failure.cause.clone() }
            }
            Record::Input(Input::RunAdjusted { run, max_concurrency, tolerated_count, tolerated_percentage }) => {
                Self::MapAdjusted {
                    run: run.0,
                    max_concurrency: *max_concurrency,
                    tolerated_count: *tolerated_count,
                    tolerated_percentage: *tolerated_percentage,
                }
            }
            Record::Redispatched { calls } => Self::Redispatched { calls: numbers(calls) },
            Record::Parked { calls } => Self::Parked { calls: numbers(calls) },
        }
    }

    fn into_record(self, at: Timestamp) -> Record {
        match self {
            Self::Started(body) => Record::Started(body.into_start(at)),
            Self::Succeeded { call, output, receipt } => Record::Input(Input::Returned {
                call: CallId(call),
                outcome: Ok(output),
                receipt: receipt.map(ReceiptBody::into_receipt),
            }),
            Self::Failed { call, error, cause, receipt } => Record::Input(Input::Returned {
                call: CallId(call),
                outcome: Err(Failure { error, cause }),
                receipt: receipt.map(ReceiptBody::into_receipt),
            }),
            Self::Fired { timer } => Record::Input(Input::Fired { timer: TimerId(timer) }),
            Self::Stopped { error, cause } => Record::Input(Input::Stopped { error, cause }),
            Self::Submitted { call, output } => Record::Input(Input::Submitted { call: CallId(call), output }),
            Self::Taken { call, worker } => Record::Input(Input::Taken { call: CallId(call), worker }),
            Self::Heartbeat { call } => Record::Input(Input::Heartbeat { call: CallId(call) }),
            Self::MapSucceeded { run, output } => {
                Record::Input(Input::RunEnded { run: RunId(run), outcome: Ok(output) })
            }
            Self::MapFailed { run, error, cause } => {
                Record::Input(Input::RunEnded { run: RunId(run), outcome: Err(Failure { error, cause }) })
            }
            Self::MapAdjusted { run, max_concurrency, tolerated_count, tolerated_percentage } => {
                Record::Input(Input::RunAdjusted {
                    run: RunId(run),
                    max_concurrency,
                    tolerated_count,
                    tolerated_percentage,
                })
            }
            Self::Redispatched { calls } => Record::Redispatched { calls: calls.into_iter().map(CallId).collect() },
            Self::Parked { calls } => Record::Parked { calls: calls.into_iter().map(CallId).collect() },
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is left")]
fn halves(key: u128) -> [u64; 2] {
    [(key >> 64) as u64, key as u64]
}

fn whole([upper, lower]: [u64; 2]) -> u128 {
    (u128::from(upper) << 64) | u128::from(lower)
}

fn numbers(calls: &[CallId]) -> Vec<u64> {
    calls.iter().map(|call| call.0).collect()
}

impl StartedBody {
    fn from_start(start: &Start) -> Self {
        Self {
            execution_arn: Arc::clone(&start.execution_arn),
            execution_name: Arc::clone(&start.execution_name),
            role_arn: Arc::clone(&start.role_arn),
            machine_arn: Arc::clone(&start.machine_arn),
            machine_name: Arc::clone(&start.machine_name),
            seed: start.seed,
            token_key: halves(start.token_key),
            input: start.input.clone(),
            child: start.child.as_ref().map(|child| ChildBody {
                run: Arc::clone(&child.run),
                processor: Arc::clone(&child.processor),
                index: child.index,
            }),
        }
    }

    fn into_start(self, at: Timestamp) -> Start {
        Start {
            execution_arn: self.execution_arn,
            execution_name: self.execution_name,
            role_arn: self.role_arn,
            machine_arn: self.machine_arn,
            machine_name: self.machine_name,
            at,
            seed: self.seed,
            token_key: whole(self.token_key),
            input: self.input,
            child: self.child.map(|ChildBody { run, processor, index }| Child { run, processor, index }),
        }
    }
}

impl ReceiptBody {
    fn from_receipt(receipt: &Receipt) -> Self {
        Self {
            component: Arc::clone(&receipt.component),
            fuel_computing: receipt.fuel_computing,
            fuel_waiting: receipt.fuel_waiting,
            fuel_budget: receipt.fuel_budget,
            memory_bytes_peak: receipt.memory_bytes_peak,
            elapsed_micros: receipt.elapsed_micros,
            log_tail: receipt.log_tail.clone(),
        }
    }

    fn into_receipt(self) -> Receipt {
        Receipt {
            component: self.component,
            fuel_computing: self.fuel_computing,
            fuel_waiting: self.fuel_waiting,
            fuel_budget: self.fuel_budget,
            memory_bytes_peak: self.memory_bytes_peak,
            elapsed_micros: self.elapsed_micros,
            log_tail: self.log_tail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start {
            execution_arn: "arn:x".into(),
            execution_name: "n".into(),
            role_arn: "r".into(),
            machine_arn: "arn:m".into(),
            machine_name: "m".into(),
            at: Timestamp::from_micros(7),
            seed: u64::MAX,
            token_key: u128::MAX,
            input: Value::parse(r#"{"b":[1.5,null],"a":"ä"}"#).unwrap(),
            child: None,
        }
    }

    #[test]
    fn every_record_reads_back_as_it_was_written() {
        let receipt = Receipt {
            component: "sha256:00".into(),
            fuel_computing: 1,
            fuel_waiting: 2,
            fuel_budget: 3,
            memory_bytes_peak: 4,
            elapsed_micros: 5,
            log_tail: Some("bye\n".into()),
        };
        let returned =
            |outcome| Record::Input(Input::Returned { call: CallId(4), outcome, receipt: Some(receipt.clone()) });
        // Doubles that a reader which rounds carelessly gets wrong in the last place.
        let doubles = [0x3fb9_9999_9999_999b, 0x7fef_ffff_ffff_ffff, 0x0000_0000_0000_0001, 0x4340_0000_0000_0001];
        let records = [
            Record::Started(start()),
            Record::Started(Start {
                child: Some(Child { run: "arn:run".into(), processor: "/States/M/ItemProcessor".into(), index: 3 }),
                ..start()
            }),
            Record::Input(Input::Submitted { call: CallId(4), output: Value::from("x") }),
            Record::Input(Input::Taken { call: CallId(4), worker: Some("w".into()) }),
            Record::Input(Input::Heartbeat { call: CallId(4) }),
            Record::Input(Input::RunEnded { run: RunId(4), outcome: Ok(Value::from("x")) }),
            Record::Input(Input::RunEnded { run: RunId(4), outcome: Err(Failure::new("E", "c")) }),
            Record::Input(Input::RunAdjusted {
                run: RunId(4),
                max_concurrency: Some(1),
                tolerated_count: None,
                tolerated_percentage: Some(0.5),
            }),
            returned(Ok(Value::from("x"))),
            returned(Ok(Value::Null)),
            returned(Ok(Value::array(doubles.iter().map(|bits| Value::from(f64::from_bits(*bits)))))),
            returned(Err(Failure::new("E", "c"))),
            returned(Err(Failure::default())),
            Record::Input(Input::Fired { timer: TimerId(9) }),
            Record::Input(Input::Stopped { error: None, cause: Some("why".into()) }),
            Record::Redispatched { calls: vec![CallId(3), CallId(8)] },
            Record::Parked { calls: vec![CallId(3)] },
        ];
        for record in records {
            let text = encode(&record, 0xabc);
            let (read, fold) = decode(0, Timestamp::from_micros(7), &text).unwrap();
            assert_eq!((read, fold), (record, 0xabc));
        }
    }

    #[test]
    fn what_is_no_entry_of_ours_is_refused_with_its_number() {
        let error = decode(3, Timestamp::default(), b"{\"v\":1}").unwrap_err();
        assert!(error.to_string().starts_with("entry 3 does not read"), "{error}");
        let newer = br#"{"v":2,"fold":"00","e":{"fired":{"timer":1}}}"#;
        assert!(matches!(decode(0, Timestamp::default(), newer), Err(DecodeError::Version { version: 2, .. })));
    }
}
