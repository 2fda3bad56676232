//! A host in a few lines: tasks are scripted, and time jumps to the next timer.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value as Json;
use stepwell_asl::expr::Value;
use stepwell_asl::{
    Checks, Child, Effect, Execution, Failure, Input, Integrations, Invoke, Items, Machine, MapRun, Output, Resource,
    Start, Status, Timestamp, WorkflowType,
};

pub struct Ran {
    pub status: String,
    pub output: Option<Json>,
    pub error: Option<Json>,
    pub cause: Option<Json>,
    pub history: Vec<Json>,
}

pub struct Refused {
    /// Only for what does not exist here yet.
    pub unsupported: bool,
    pub why: String,
}

const NOW_MICROS: i64 = 1_790_000_000_000_000;
const STEPS: usize = 100_000;

pub fn run(case: &Json) -> Result<Ran, Refused> {
    let text = match &case["definition"] {
        Json::String(text) => filled(text),
        other => filled(&other.to_string()),
    };
    let express = case["type"] == "EXPRESS";
    let workflow = if express { WorkflowType::Express } else { WorkflowType::Standard };
    let machine =
        Machine::parse_with(&text, Checks { workflow, integrations: Integrations::Any }).map_err(|problems| {
            Refused {
                unsupported: problems.iter().all(|problem| {
                    problem.code == "UNSUPPORTED"
                        || problem.message.contains("ARN is not recognized")
                        || problem.message.contains("is not recognized. The value is not a valid resource ARN")
                }),
                why: problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n    "),
            }
        })?;
    let input = if case["input_given"] == false { "{}".to_owned() } else { filled(&case["input"].to_string()) };
    let (execution, out) = run_execution(case, &Arc::new(machine), start(&input));
    Ok(ran(&execution, &out))
}

fn run_execution(case: &Json, machine: &Arc<Machine>, start: Start) -> (Execution, Output) {
    let mut out = Output::default();
    let mut now = start.at.as_micros();
    let mut execution = Execution::start(Arc::clone(machine), start, &mut out);
    let mut open: VecDeque<Effect> = out.effects.drain(..).collect();
    for _ in 0..STEPS {
        let Some(effect) = next(&mut open) else { break };
        let input = match effect {
            Effect::Invoke(invoke) => {
                if let Some(output) = recorded(case, &invoke, "taskSubmittedEventDetails") {
                    now += 1_000;
                    let submitted = Input::Submitted { call: invoke.call, output: json(&output["output"]) };
                    execution.step(Timestamp::from_micros(now), submitted, &mut out);
                }
                let outcome = behave(case, &invoke);
                Input::Returned { call: invoke.call, outcome, receipt: None }
            }
            Effect::RunMap(run) => Input::RunEnded { run: run.run, outcome: run_map(case, machine, &run) },
            Effect::SetTimer { timer, at } => {
                now = now.max(at.as_micros());
                Input::Fired { timer }
            }
            Effect::CancelCall { .. }
            | Effect::CancelTimer { .. }
            | Effect::AdjustRun(_)
            | Effect::CancelRun { .. } => continue,
        };
        now += 1_000;
        execution.step(Timestamp::from_micros(now), input, &mut out);
        open.extend(out.effects.drain(..));
    }
    (execution, out)
}

/// Every item in its turn, each as an execution of its own.
fn run_map(case: &Json, machine: &Arc<Machine>, run: &MapRun) -> Result<Value, Failure> {
    let Items::Given(items) = &run.items else { panic!("no case reads its items") };
    let processor = Arc::new(machine.processor(&run.processor).unwrap());
    let (mut results, mut failed) = (Vec::new(), 0);
    for (index, item) in (0..).zip(items.iter()) {
        let child = Child { run: Arc::clone(&run.arn), processor: Arc::clone(&run.processor), index };
        let input = run.selected(machine, run.given(index, item))?;
        let (execution, _) = run_execution(case, &processor, Start { child: Some(child), ..start(&input.to_string()) });
        match execution.status() {
            Status::Succeeded { output } => results.push(output.clone()),
            Status::Failed(_) | Status::TimedOut(_) | Status::Aborted(_) => failed += 1,
            Status::Running => panic!("a child execution waits for nothing"),
        }
        if let Some(failure) = run.exceeded(failed, items.len() as u64) {
            return Err(failure);
        }
    }
    Ok(Value::array(results))
}

/// Calls first; then the earliest timer. What was taken back is left out.
fn next(open: &mut VecDeque<Effect>) -> Option<Effect> {
    let cancelled: Vec<Effect> =
        open.iter().filter(|e| matches!(e, Effect::CancelCall { .. } | Effect::CancelTimer { .. })).cloned().collect();
    open.retain(|effect| match effect {
        Effect::Invoke(invoke) => !cancelled.contains(&Effect::CancelCall { call: invoke.call }),
        Effect::SetTimer { timer, .. } => !cancelled.contains(&Effect::CancelTimer { timer: *timer }),
        Effect::RunMap(_) => true,
        Effect::CancelCall { .. } | Effect::CancelTimer { .. } | Effect::AdjustRun(_) | Effect::CancelRun { .. } => {
            false
        }
    });
    if let Some(at) = open.iter().position(|effect| matches!(effect, Effect::Invoke(_) | Effect::RunMap(_))) {
        return open.remove(at);
    }
    let instant = |effect: &Effect| match effect {
        Effect::SetTimer { at, .. } => Some(*at),
        Effect::Invoke(_)
        | Effect::CancelCall { .. }
        | Effect::CancelTimer { .. }
        | Effect::RunMap(_)
        | Effect::AdjustRun(_)
        | Effect::CancelRun { .. } => None,
    };
    let (at, _) = open.iter().enumerate().min_by_key(|(_, effect)| instant(effect))?;
    open.remove(at)
}

fn start(input: &str) -> Start {
    Start {
        execution_arn: "arn:aws:states:us-east-1:111111111111:execution:machine:run".into(),
        execution_name: "run".into(),
        role_arn: "arn:aws:iam::111111111111:role/sfn-role".into(),
        machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:machine".into(),
        machine_name: "machine".into(),
        at: Timestamp::from_micros(NOW_MICROS),
        seed: 7,
        token_key: 77,
        input: Value::parse(input).unwrap(),
        child: None,
    }
}

fn filled(text: &str) -> String {
    // 2026-09-21T13:33:20Z is the instant that NOW_MICROS says.
    text.replace("{{now}}", "2026-09-21T13:33:20")
        .replace("{{uid", "uid")
        .replace("}}", if text.contains("{{uid") { "" } else { "}}" })
}

/// What the recorded function was written like, as JSON has it.
const TRACE: &str =
    r#"  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"#;

/// What was recorded of a service's answer: services are no part of the interpreter.
fn recorded<'a>(case: &'a Json, invoke: &Invoke, details: &str) -> Option<&'a Json> {
    let Resource::Service { service, action, pattern } = &invoke.resource else { return None };
    let mut events = case["expected"]["history"].as_array()?.iter().filter_map(|event| event.get(details));
    events.find(|event| {
        event["resourceType"] == **service && event["resource"] == format!("{action}{}", pattern.suffix())
    })
}

fn json(value: &Json) -> Value {
    Value::parse(&value.to_string()).unwrap()
}

fn behave(case: &Json, invoke: &Invoke) -> Result<Value, Failure> {
    if let Some(answer) = recorded(case, invoke, "taskSucceededEventDetails") {
        return Ok(json(&answer["output"]));
    }
    if let Some(answer) = recorded(case, invoke, "taskFailedEventDetails") {
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        return Err(Failure::new(text(&answer["error"]), text(&answer["cause"])));
    }
    let name = &invoke.resource.task_name();
    if case["tasks"].get(&**name).is_none() {
        return Err(Failure::new("Task.NotFound", format!("There is no task '{name}'")));
    }
    let raised = |kind: &str, message: &str| {
        let cause = format!(
            r#"{{"errorMessage":"{message}","errorType":"{kind}","requestId":"7a4a6a0e-0000-4000-8000-000000000000","stackTrace":["{TRACE}"]}}"#
        );
        Err(Failure::new(kind, cause))
    };
    match &**name {
        "echo" => Ok(invoke.input.clone()),
        "raise-exception" => raised("Exception", "Some exception was raised."),
        "raise-custom-exception" => raised("CustomException", ""),
        "wait-60-seconds" => Err(Failure { error: Some("States.Timeout".into()), cause: None }),
        "large-output-string" => Ok("a".repeat(257 * 1024).into()),
        "return-hello-world" | "return-hello-world-2" => Ok(Value::object([("Return", Value::from("HelloWorld"))])),
        "return-bytes-str" => Ok("HelloWorld!".into()),
        other => panic!("no behaviour is written for the task {other}"),
    }
}

fn ran(execution: &Execution, out: &Output) -> Ran {
    let text = |text: &Option<Arc<str>>| text.as_ref().map(|text| Json::String(text.to_string()));
    let (output, error, cause) = match execution.status() {
        Status::Running => (None, None, None),
        Status::Succeeded { output } => (Some(serde_json::from_str(&output.to_string()).unwrap()), None, None),
        Status::Failed(failure) | Status::TimedOut(failure) | Status::Aborted(failure) => {
            (None, text(&failure.error), text(&failure.cause))
        }
    };
    Ran {
        status: execution.status().name().to_owned(),
        output,
        error,
        cause,
        history: out.events.iter().map(|event| serde_json::from_str(&event.to_json().to_string()).unwrap()).collect(),
    }
}
