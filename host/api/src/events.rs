//! Progress as server-sent events: an execution's history, from its first event or after the
//! last one that the client saw, and on until it ends.
//!
//! Each message is `event: history` with the event's number as `id` and the event as data. The last
//! one is `event: end`, once the execution is closed. A client that comes again after the end is answered 204, which stops
//! browsers from coming again for ever.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::{Stream, stream};
use stepwell_asl::{EventKind, HistoryEvent};
use stepwell_engine::{Status, Watch};

use crate::query::Parameters;
use crate::{App, Problem};

/// A comment is sent when nothing happens for so long, so that nobody on the way closes the
/// connection (seconds).
pub const KEEP_ALIVE_SECONDS: u64 = 15;

const LAST_EVENT_ID: &str = "last-event-id";

pub(crate) async fn events(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["after"])?;
    let after = match parameters.number("after", 0, u64::MAX)? {
        Some(after) => after,
        None => last_event_id(&headers)?,
    };
    let view = crate::executions::reading(&app, {
        let id = id.clone();
        move |engine| engine.execution(&id)
    })
    .await?;
    if after > 0 && view.status != Status::Running {
        let execution = view.id.clone();
        let history = crate::executions::reading(&app, move |engine| engine.history(&execution)).await?;
        if history.last().is_none_or(|event| event.id <= after) {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    let watch = app.engine.watch(&view.id).await?;
    let messages = messages(watch, after);
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS));
    Ok(Sse::new(messages).keep_alive(keep_alive).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(0) };
    let text = value.to_str().unwrap_or("").trim();
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "invalid-last-event-id", "The Last-Event-ID is not valid")
            .detail("send the number of the last event that was seen")
    })
}

/// Where a stream of messages stands.
enum Following {
    Events(Watch),
    /// The last event is out; the end is to be said.
    Ended,
    Done,
}

/// Events after the one numbered `after`, and the end. A stream that breaks off without an
/// end, because the host goes down, is worth coming back to.
fn messages(watch: Watch, after: u64) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Following::Events(watch), move |following| async move {
        let mut watch = match following {
            Following::Events(watch) => watch,
            Following::Ended => return Some((Ok(end()), Following::Done)),
            Following::Done => return None,
        };
        loop {
            let event = watch.next().await?;
            let following = if is_last(&event) { Following::Ended } else { Following::Events(watch) };
            if event.id > after {
                return Some((Ok(message(&event)), following));
            }
            match following {
                Following::Events(still) => watch = still,
                Following::Ended => return Some((Ok(end()), Following::Done)),
                Following::Done => return None,
            }
        }
    })
}

fn is_last(event: &HistoryEvent) -> bool {
    matches!(
        event.kind,
        EventKind::ExecutionSucceeded { .. }
            | EventKind::ExecutionFailed { .. }
            | EventKind::ExecutionTimedOut { .. }
            | EventKind::ExecutionAborted { .. }
    )
}

fn message(event: &HistoryEvent) -> Event {
    Event::default().event("history").id(event.id.to_string()).data(event.to_json().to_string())
}

fn end() -> Event {
    Event::default().event("end").data("{}")
}
