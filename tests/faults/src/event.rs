//! An event of a history, as the host shows it.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// One event. Two are the same when all that the host shows of them is.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: u64,
    pub previous: u64,
    /// Milliseconds since 1970.
    pub at_millis: i64,
    /// The event's `type`.
    pub kind: String,
    /// All of it.
    pub body: Value,
}

impl Event {
    /// Reads an event of `GET …/history`.
    ///
    /// # Errors
    /// When one of the four members that every event has is missing or no such thing.
    pub fn read(body: Value) -> Result<Self> {
        let number = |name: &str| body[name].as_u64().with_context(|| format!("an event without {name}: {body}"));
        let text = |name: &str| body[name].as_str().with_context(|| format!("an event without {name}: {body}"));
        let at: jiff::Timestamp = text("timestamp")?.parse().with_context(|| format!("a timestamp of {body}"))?;
        Ok(Self {
            id: number("id")?,
            previous: number("previousEventId")?,
            at_millis: at.as_millisecond(),
            kind: text("type")?.to_owned(),
            body,
        })
    }

    /// A member of the event's details, whatever their name is.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&Value> {
        let details = self.body.as_object()?.iter().find(|(key, _)| key.ends_with("EventDetails"))?;
        details.1.get(name)
    }

    /// A member of the details that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.detail(name)?.as_str()
    }

    /// Whether the execution ends with it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionTimedOut" | "ExecutionAborted"
        )
    }

    /// Whether a call was handed out with it.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        matches!(self.kind.as_str(), "TaskScheduled" | "LambdaFunctionScheduled")
    }

    /// Whether a call came back with it.
    #[must_use]
    pub fn is_outcome(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "TaskSucceeded"
                | "TaskFailed"
                | "TaskTimedOut"
                | "LambdaFunctionSucceeded"
                | "LambdaFunctionFailed"
                | "LambdaFunctionTimedOut"
        )
    }
}

/// Events by id, to walk from what was caused to what caused it.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(&'a [Event]);

impl<'a> Chain<'a> {
    /// Over a history, in its order.
    #[must_use]
    pub fn new(events: &'a [Event]) -> Self {
        Self(events)
    }

    /// The event of this id.
    #[must_use]
    pub fn get(self, id: u64) -> Option<&'a Event> {
        let at = usize::try_from(id.checked_sub(1)?).ok()?;
        self.0.get(at).filter(|event| event.id == id)
    }

    /// The nearest cause of the event for which this holds.
    pub fn nearest(self, event: &Event, wanted: impl Fn(&Event) -> bool) -> Option<&'a Event> {
        let mut at = event.previous;
        // A damaged history may lead in circles.
        for _ in 0..self.0.len() {
            let cause = self.get(at)?;
            if wanted(cause) {
                return Some(cause);
            }
            at = cause.previous;
        }
        None
    }

    /// The event that entered the state in which this one is.
    #[must_use]
    pub fn entered(self, event: &Event) -> Option<&'a Event> {
        self.nearest(event, |cause| cause.kind.ends_with("StateEntered"))
    }
}
