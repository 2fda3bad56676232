//! What became of the executions of a Map's items, and how it is written.

use jiff::Timestamp;
use stepwell_expr::Value;

use crate::Error;
use crate::fields::Fields;

/// What became of one execution.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    pub name: &'a str,
    pub execution_arn: &'a str,
    pub machine_arn: &'a str,
    /// JSON text.
    pub input: &'a str,
    pub status: Status<'a>,
    /// In microseconds since 1970-01-01T00:00:00Z; means nothing while it is pending.
    pub started_micros: i64,
    /// As `started_micros`.
    pub stopped_micros: i64,
    pub redrive_count: u32,
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub enum Status<'a> {
    /// With an output, a JSON text.
    Succeeded {
        output: &'a str,
    },
    Failed(Failure<'a>),
    TimedOut(Failure<'a>),
    Aborted(Failure<'a>),
    /// It was never started.
    Pending,
}

/// Why it did not succeed, as far as somebody said so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failure<'a> {
    pub error: Option<&'a str>,
    pub cause: Option<&'a str>,
}

/// The state's output where the results are not exported: a JSON array of results or, with the
/// `OutputType` JSONL, a text with a result on each line. `config` is the evaluated
/// `WriterConfig`, null when there is none; then the results are COMPACT.
///
/// # Errors
/// The field that cannot be used, or the execution whose output is no JSON.
pub fn transform(config: &Value, outcomes: &[Outcome<'_>]) -> Result<Value, Error> {
    let format = WriterConfig::new(config, Transformation::Compact)?;
    let mut results = Vec::new();
    for outcome in outcomes {
        results.extend(format.transformation.results(outcome)?);
    }
    if !format.lines {
        return Ok(Value::array(results));
    }
    Ok(Value::from(results.iter().map(|result| format!("{result}\n")).collect::<String>()))
}

/// What is left of an outcome when it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Transformation {
    /// Everything that is known.
    None,
    /// The output.
    Compact,
    /// The output; of an array its elements.
    Flatten,
}

/// A `WriterConfig`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriterConfig {
    pub transformation: Transformation,
    /// JSON Lines, not a JSON array.
    pub lines: bool,
}

impl WriterConfig {
    /// `unsaid` is the transformation when the configuration has none.
    pub(crate) fn new(config: &Value, unsaid: Transformation) -> Result<Self, Error> {
        let fields = Fields::new("WriterConfig", config, &["Transformation", "OutputType"])?;
        let words = [
            ("NONE", Transformation::None),
            ("COMPACT", Transformation::Compact),
            ("FLATTEN", Transformation::Flatten),
        ];
        Ok(Self {
            transformation: fields.word("Transformation", &words)?.unwrap_or(unsaid),
            lines: fields.word("OutputType", &[("JSON", false), ("JSONL", true)])?.unwrap_or(false),
        })
    }
}

impl Transformation {
    /// The results that an outcome makes. One that did not succeed is not transformed.
    pub(crate) fn results(self, outcome: &Outcome<'_>) -> Result<Vec<Value>, Error> {
        let output = match outcome.status {
            Status::Succeeded { output } => output,
            Status::Failed(_) | Status::TimedOut(_) | Status::Aborted(_) | Status::Pending => {
                return Ok(vec![outcome.described()]);
            }
        };
        let parsed = || {
            Value::parse(output).map_err(|error| Error::Content {
                object: outcome.execution_arn.to_owned(),
                place: "its output".to_owned(),
                problem: format!("it is not a JSON value: {error}"),
            })
        };
        match self {
            Self::None => Ok(vec![outcome.described()]),
            Self::Compact => Ok(vec![parsed()?]),
            Self::Flatten => match parsed()? {
                Value::Array(items) => Ok(items.to_vec()),
                output => Ok(vec![output]),
            },
        }
    }
}

impl Outcome<'_> {
    /// Everything that is known, with the names that AWS gives it, in their order.
    fn described(&self) -> Value {
        let included = || Value::object([("Included", Value::from(true))]);
        let (status, output, failure, redrive, reason) = match self.status {
            Status::Pending => {
                return Value::object([
                    ("Input", Value::from(self.input)),
                    ("InputDetails", included()),
                    ("Status", Value::from("PENDING")),
                ]);
            }
            Status::Succeeded { output } => (
                "SUCCEEDED",
                Some(output),
                Failure::default(),
                "NOT_REDRIVABLE",
                Some("Execution is SUCCEEDED and cannot be redriven"),
            ),
            Status::Failed(failure) => ("FAILED", None, failure, "REDRIVABLE_BY_MAP_RUN", None),
            Status::TimedOut(failure) => ("TIMED_OUT", None, failure, "REDRIVABLE_BY_MAP_RUN", None),
            Status::Aborted(failure) => ("ABORTED", None, failure, "REDRIVABLE_BY_MAP_RUN", None),
        };
        let text = |text: &str| Some(Value::from(text));
        let members = [
            ("Cause", failure.cause.and_then(text)),
            ("Error", failure.error.and_then(text)),
            ("ExecutionArn", text(self.execution_arn)),
            ("Input", text(self.input)),
            ("InputDetails", Some(included())),
            ("Name", text(self.name)),
            ("Output", output.and_then(text)),
            ("OutputDetails", Some(included())),
            ("RedriveCount", Some(Value::from(i64::from(self.redrive_count)))),
            ("RedriveStatus", text(redrive)),
            ("RedriveStatusReason", reason.and_then(text)),
            ("StartDate", Some(date(self.started_micros))),
            ("StateMachineArn", text(self.machine_arn)),
            ("Status", text(status)),
            ("StopDate", Some(date(self.stopped_micros))),
        ];
        Value::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }
}

/// `2025-02-04T01:49:50.099Z`; null for what is no instant.
fn date(micros: i64) -> Value {
    let instant = Timestamp::from_microsecond(micros.div_euclid(1_000).saturating_mul(1_000));
    instant.map_or(Value::Null, |instant| Value::from(format!("{instant:.3}")))
}
