//! I7, I8 and I12: calls, their retries and their time.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Findings;
use crate::case::Case;
use crate::event::{Chain, Event};

/// Times are shown in milliseconds, cut off: two of them are exact to one.
const CUT_OFF_MILLIS: i64 = 1;

pub(super) fn one_outcome(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        let chain = Chain::new(events);
        let (mut starts, mut outcomes) = (BTreeMap::<u64, u32>::new(), BTreeMap::<u64, u32>::new());
        for event in events {
            let counted = match event.kind.as_str() {
                "TaskStarted" | "LambdaFunctionStarted" => &mut starts,
                _ if event.is_outcome() => &mut outcomes,
                _ => continue,
            };
            match chain.nearest(event, Event::is_scheduled) {
                Some(scheduled) => *counted.entry(scheduled.id).or_default() += 1,
                None => found.violation(id, format!("event {} ({}) is of no call", event.id, event.kind)),
            }
        }
        let has_succeeded = events.last().is_some_and(|event| event.kind == "ExecutionSucceeded");
        let has_aborted = events.iter().any(|event| event.kind.ends_with("Aborted"));
        for event in events.iter().filter(|event| event.is_scheduled()) {
            let starts = starts.get(&event.id).copied().unwrap_or(0);
            let outcomes = outcomes.get(&event.id).copied().unwrap_or(0);
            // What was still out when a sibling failed, or the execution ended, has no outcome.
            let may_lack = !has_succeeded || has_aborted;
            found.expect(starts <= 1 && (outcomes == 1 || (outcomes == 0 && may_lack)), id, || {
                format!("the call {} has {starts} starts and {outcomes} outcomes", event.id)
            });
        }
    }
}

/// Checked where the first retrier whose names fit is not in doubt: it names the error, or all.
pub(super) fn retries_as_defined(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        let Some(definition) = case.definition(id) else { continue };
        let chain = Chain::new(events);
        let mut visits: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.is_scheduled() || event.is_outcome()) {
            if let Some(entered) = chain.entered(event) {
                visits.entry(entered.id).or_default().push(event);
            }
        }
        for (entered, calls) in visits {
            let name = chain.get(entered).and_then(|event| event.text("name")).unwrap_or_default();
            let Some(state) = super::states::state(&definition, name) else { continue };
            retries_of_a_visit(id, state, &calls, found);
        }
    }
}

fn retries_of_a_visit(id: &str, state: &Value, calls: &[&Event], found: &mut Findings) {
    let retriers = state["Retry"].as_array().map_or(&[][..], Vec::as_slice);
    let attempts = calls.iter().filter(|event| event.is_scheduled()).count();
    let most: u64 = retriers.iter().map(|retrier| retrier["MaxAttempts"].as_u64().unwrap_or(3)).sum();
    found.expect(attempts as u64 <= most + 1, id, || format!("{attempts} attempts, and the state allows {}", most + 1));
    let mut used: BTreeMap<usize, i32> = BTreeMap::new();
    for pair in calls.windows(2) {
        let [failed, again] = pair else { continue };
        if !failed.is_outcome() || !again.is_scheduled() {
            continue;
        }
        let error = failed.text("error").unwrap_or("States.Timeout");
        let names = |retrier: &Value| {
            let named = retrier["ErrorEquals"].as_array().map_or(&[][..], Vec::as_slice);
            named.iter().any(|name| name == error || name == "States.ALL" || name == "States.TaskFailed")
        };
        let Some((at, retrier)) = retriers.iter().enumerate().find(|(_, retrier)| names(retrier)) else {
            found.violation(id, format!("event {} tries again after {error}, which no retrier names", again.id));
            continue;
        };
        let before = used.entry(at).or_default();
        let most = retrier["MaxAttempts"].as_u64().unwrap_or(3);
        let seconds = retrier["IntervalSeconds"].as_f64().unwrap_or(1.0)
            * retrier["BackoffRate"].as_f64().unwrap_or(2.0).powi(*before);
        let seconds = retrier["MaxDelaySeconds"].as_f64().map_or(seconds, |most| seconds.min(most));
        *before += 1;
        let holds = u64::try_from(*before).is_ok_and(|used| used <= most);
        found.expect(holds, id, || format!("retry {before} after {error}, and {most} are allowed"));
        if retrier["JitterStrategy"] != "FULL" {
            let waited = again.at_millis - failed.at_millis + CUT_OFF_MILLIS;
            found.expect(waited as f64 >= seconds * 1000.0, id, || {
                format!("event {} tries again after {waited} ms, and the retrier says {seconds} s", again.id)
            });
        }
    }
}

/// A task's time is its fuel; an execution's is the clock's.
pub(super) fn timeouts_are_late_enough(case: &Case, found: &mut Findings) {
    for (id, events) in case.histories() {
        for event in
            events.iter().filter(|event| matches!(event.kind.as_str(), "TaskTimedOut" | "LambdaFunctionTimedOut"))
        {
            let receipt = &event.body["stepwell"];
            let fuel = |name: &str| receipt[name].as_u64();
            if let (Some(computing), Some(waiting), Some(budget)) =
                (fuel("fuelComputing"), fuel("fuelWaiting"), fuel("fuelBudget"))
            {
                found.expect(computing + waiting >= budget, id, || {
                    format!("event {} timed out with {computing} + {waiting} of {budget} units of fuel", event.id)
                });
            }
        }
        let (Some(first), Some(last)) = (events.first(), events.last()) else { continue };
        if last.kind == "ExecutionTimedOut" {
            let Some(seconds) = case.definition(id).and_then(|definition| definition["TimeoutSeconds"].as_i64()) else {
                found.violation(id, "the execution timed out, and its definition has no TimeoutSeconds");
                continue;
            };
            let took = last.at_millis - first.at_millis + CUT_OFF_MILLIS;
            found.expect(took >= seconds * 1000, id, || format!("timed out after {took} ms of {seconds} s"));
        }
    }
}
