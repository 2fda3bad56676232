//! Events as AWS writes them.

use std::sync::Arc;

use stepwell_expr::{Map, Value};

use super::{EventKind, HistoryEvent, Service};
use crate::{Failure, Receipt};

pub(super) fn event(event: &HistoryEvent) -> Value {
    let mut map = Map::with_capacity(6);
    map.insert("id", number(event.id));
    map.insert("previousEventId", number(event.previous_id));
    map.insert("timestamp", event.at.to_string().into());
    map.insert("type", event.type_name().into());
    if let Some((name, members)) = details(&event.kind) {
        map.insert(name, object(members));
    }
    if let Some(receipt) = receipt(&event.kind) {
        map.insert("stepwell", receipt_json(receipt));
    }
    object(map)
}

fn details(kind: &EventKind) -> Option<(&'static str, Map)> {
    let mut map = Map::new();
    let name = match kind {
        EventKind::ExecutionStarted { input, role_arn } => {
            payload(&mut map, "input", "inputDetails", input);
            map.insert("roleArn", Value::String(Arc::clone(role_arn)));
            "executionStartedEventDetails"
        }
        EventKind::ExecutionSucceeded { output } => {
            payload(&mut map, "output", "outputDetails", output);
            "executionSucceededEventDetails"
        }
        EventKind::ExecutionFailed { failure } => named(&mut map, failure, "executionFailedEventDetails"),
        EventKind::ExecutionTimedOut { failure } => named(&mut map, failure, "executionTimedOutEventDetails"),
        EventKind::ExecutionAborted { failure } => named(&mut map, failure, "executionAbortedEventDetails"),
        EventKind::StateEntered { name, input, .. } => {
            map.insert("name", Value::String(Arc::clone(name)));
            payload(&mut map, "input", "inputDetails", input);
            "stateEnteredEventDetails"
        }
        EventKind::StateExited { name, output, assigned, .. } => {
            map.insert("name", Value::String(Arc::clone(name)));
            payload(&mut map, "output", "outputDetails", output);
            if let Some(assigned) = assigned {
                variables(&mut map, assigned);
            }
            "stateExitedEventDetails"
        }
        EventKind::EvaluationFailed { state, location, failure } => {
            map.insert("state", Value::String(Arc::clone(state)));
            if let Some(location) = location {
                map.insert("location", Value::String(Arc::clone(location)));
            }
            named(&mut map, failure, "evaluationFailedEventDetails")
        }
        EventKind::MapStateStarted { .. }
        | EventKind::MapIterationStarted { .. }
        | EventKind::MapIterationSucceeded { .. }
        | EventKind::MapIterationFailed { .. }
        | EventKind::MapIterationAborted { .. }
        | EventKind::MapRunStarted { .. }
        | EventKind::MapRunFailed { .. } => map_details(&mut map, kind)?,
        EventKind::LambdaFunctionScheduled { .. }
        | EventKind::LambdaFunctionSucceeded { .. }
        | EventKind::LambdaFunctionFailed { .. }
        | EventKind::LambdaFunctionTimedOut { .. } => function_details(&mut map, kind)?,
        EventKind::TaskScheduled { .. }
        | EventKind::TaskStarted { .. }
        | EventKind::TaskSubmitted { .. }
        | EventKind::TaskSucceeded { .. }
        | EventKind::TaskFailed { .. }
        | EventKind::TaskTimedOut { .. } => task_details(&mut map, kind)?,
        EventKind::ActivityScheduled { .. }
        | EventKind::ActivityStarted { .. }
        | EventKind::ActivitySucceeded { .. }
        | EventKind::ActivityFailed { .. }
        | EventKind::ActivityTimedOut { .. } => activity_details(&mut map, kind)?,
        EventKind::StateAborted { .. }
        | EventKind::ParallelStateStarted
        | EventKind::ParallelStateSucceeded
        | EventKind::ParallelStateFailed
        | EventKind::MapStateSucceeded
        | EventKind::MapStateFailed
        | EventKind::MapRunSucceeded
        | EventKind::MapRunAborted
        | EventKind::LambdaFunctionStarted => return None,
    };
    Some((name, map))
}

fn activity_details(map: &mut Map, kind: &EventKind) -> Option<&'static str> {
    if let EventKind::ActivityScheduled { resource, input, timeout_seconds, heartbeat_seconds } = kind {
        map.insert("resource", Value::String(Arc::clone(resource)));
        payload(map, "input", "inputDetails", input);
        seconds(map, "timeoutInSeconds", *timeout_seconds);
        seconds(map, "heartbeatInSeconds", *heartbeat_seconds);
        return Some("activityScheduledEventDetails");
    }
    if let EventKind::ActivityStarted { worker } = kind {
        if let Some(worker) = worker {
            map.insert("workerName", Value::String(Arc::clone(worker)));
        }
        return Some("activityStartedEventDetails");
    }
    if let EventKind::ActivitySucceeded { output } = kind {
        payload(map, "output", "outputDetails", output);
        return Some("activitySucceededEventDetails");
    }
    if let EventKind::ActivityFailed { failure } = kind {
        return Some(named(map, failure, "activityFailedEventDetails"));
    }
    let EventKind::ActivityTimedOut { failure } = kind else { return None };
    Some(named(map, failure, "activityTimedOutEventDetails"))
}

fn map_details(map: &mut Map, kind: &EventKind) -> Option<&'static str> {
    if let EventKind::MapStateStarted { length } = kind {
        map.insert("length", number(*length));
        return Some("mapStateStartedEventDetails");
    }
    if let EventKind::MapIterationStarted { name, index } = kind {
        return Some(iteration(map, name, *index, "mapIterationStartedEventDetails"));
    }
    if let EventKind::MapIterationSucceeded { name, index } = kind {
        return Some(iteration(map, name, *index, "mapIterationSucceededEventDetails"));
    }
    if let EventKind::MapIterationFailed { name, index } = kind {
        return Some(iteration(map, name, *index, "mapIterationFailedEventDetails"));
    }
    if let EventKind::MapIterationAborted { name, index } = kind {
        return Some(iteration(map, name, *index, "mapIterationAbortedEventDetails"));
    }
    if let EventKind::MapRunStarted { arn } = kind {
        map.insert("mapRunArn", Value::String(Arc::clone(arn)));
        return Some("mapRunStartedEventDetails");
    }
    let EventKind::MapRunFailed { failure } = kind else { return None };
    Some(named(map, failure, "mapRunFailedEventDetails"))
}

fn function_details(map: &mut Map, kind: &EventKind) -> Option<&'static str> {
    if let EventKind::LambdaFunctionScheduled { resource, input, timeout_seconds } = kind {
        map.insert("resource", Value::String(Arc::clone(resource)));
        payload(map, "input", "inputDetails", input);
        seconds(map, "timeoutInSeconds", *timeout_seconds);
        return Some("lambdaFunctionScheduledEventDetails");
    }
    if let EventKind::LambdaFunctionSucceeded { output, .. } = kind {
        payload(map, "output", "outputDetails", output);
        return Some("lambdaFunctionSucceededEventDetails");
    }
    if let EventKind::LambdaFunctionFailed { failure, .. } = kind {
        return Some(named(map, failure, "lambdaFunctionFailedEventDetails"));
    }
    let EventKind::LambdaFunctionTimedOut { failure, .. } = kind else { return None };
    Some(named(map, failure, "lambdaFunctionTimedOutEventDetails"))
}

fn task_details(map: &mut Map, kind: &EventKind) -> Option<&'static str> {
    if let EventKind::TaskScheduled { service, region, parameters, timeout_seconds, heartbeat_seconds } = kind {
        service_json(map, service);
        map.insert("region", Value::String(Arc::clone(region)));
        map.insert("parameters", parameters.to_string().into());
        seconds(map, "timeoutInSeconds", *timeout_seconds);
        seconds(map, "heartbeatInSeconds", *heartbeat_seconds);
        return Some("taskScheduledEventDetails");
    }
    if let EventKind::TaskStarted { service } = kind {
        service_json(map, service);
        return Some("taskStartedEventDetails");
    }
    if let EventKind::TaskSubmitted { service, output } = kind {
        service_json(map, service);
        payload(map, "output", "outputDetails", output);
        return Some("taskSubmittedEventDetails");
    }
    if let EventKind::TaskSucceeded { service, output, .. } = kind {
        service_json(map, service);
        payload(map, "output", "outputDetails", output);
        return Some("taskSucceededEventDetails");
    }
    if let EventKind::TaskFailed { service, failure, .. } = kind {
        service_json(map, service);
        return Some(named(map, failure, "taskFailedEventDetails"));
    }
    let EventKind::TaskTimedOut { service, failure, .. } = kind else { return None };
    service_json(map, service);
    Some(named(map, failure, "taskTimedOutEventDetails"))
}

fn receipt(kind: &EventKind) -> Option<&Receipt> {
    if let EventKind::LambdaFunctionSucceeded { receipt, .. }
    | EventKind::LambdaFunctionFailed { receipt, .. }
    | EventKind::LambdaFunctionTimedOut { receipt, .. }
    | EventKind::TaskSucceeded { receipt, .. }
    | EventKind::TaskFailed { receipt, .. }
    | EventKind::TaskTimedOut { receipt, .. } = kind
    {
        receipt.as_deref()
    } else {
        None
    }
}

fn receipt_json(receipt: &Receipt) -> Value {
    let mut map = Map::with_capacity(6);
    map.insert("component", Value::String(Arc::clone(&receipt.component)));
    map.insert("fuelComputing", number(receipt.fuel_computing));
    map.insert("fuelWaiting", number(receipt.fuel_waiting));
    map.insert("fuelBudget", number(receipt.fuel_budget));
    map.insert("memoryBytesPeak", number(receipt.memory_bytes_peak));
    map.insert("elapsedMicros", number(receipt.elapsed_micros));
    object(map)
}

fn payload(map: &mut Map, name: &'static str, details: &'static str, value: &Value) {
    map.insert(name, value.to_string().into());
    map.insert(details, Value::object([("truncated", Value::Bool(false))]));
}

/// Each value as JSON text.
fn variables(map: &mut Map, assigned: &Map) {
    let texts = assigned.iter().map(|(name, value)| (Arc::clone(name), Value::from(value.to_string())));
    map.insert("assignedVariables", Value::object(texts));
    map.insert("assignedVariablesDetails", Value::object([("truncated", Value::Bool(false))]));
}

fn named(map: &mut Map, failure: &Failure, details: &'static str) -> &'static str {
    if let Some(error) = &failure.error {
        map.insert("error", Value::String(Arc::clone(error)));
    }
    if let Some(cause) = &failure.cause {
        map.insert("cause", Value::String(Arc::clone(cause)));
    }
    details
}

fn iteration(map: &mut Map, name: &Arc<str>, index: u64, details: &'static str) -> &'static str {
    map.insert("name", Value::String(Arc::clone(name)));
    map.insert("index", number(index));
    details
}

fn service_json(map: &mut Map, service: &Service) {
    map.insert("resourceType", Value::String(Arc::clone(&service.resource_type)));
    map.insert("resource", Value::String(Arc::clone(&service.resource)));
}

fn seconds(map: &mut Map, name: &'static str, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        map.insert(name, number(seconds));
    }
}

/// Ids and counts stay far below 2⁶³.
fn number(n: u64) -> Value {
    Value::from(i64::try_from(n).unwrap_or(i64::MAX))
}

fn object(map: Map) -> Value {
    Value::Object(Arc::new(map))
}
