//! Distributed Maps: what their states ask of the host, and what becomes of its answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use stepwell_asl::expr::Value;
use stepwell_asl::{
    Effect, Execution, Failure, Input, Items, Machine, MapItem, MapRun, Output, Start, Status, WorkflowType,
};

mod begin;

use begin::NOW;

fn start(definition: &str, input: &str) -> (Execution, Output) {
    let machine = Machine::parse(definition).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let start = begin::start(Value::parse(input).unwrap());
    let mut out = Output::default();
    (Execution::start(Arc::new(machine), start, &mut out), out)
}

fn map(language: &str, fields: &str, express: bool) -> String {
    let kind = if express { "EXPRESS" } else { "STANDARD" };
    format!(
        r#"{{"QueryLanguage":"{language}","StartAt":"M","States":{{"M":{{"Type":"Map","End":true,{fields}
        "ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{kind}"}},
        "StartAt":"P","States":{{"P":{{"Type":"Pass","End":true}}}}}}}}}}}}"#
    )
}

fn run_of(out: &Output) -> Arc<MapRun> {
    let [Effect::RunMap(run)] = out.effects.as_slice() else { panic!("{:?}", out.effects) };
    Arc::clone(run)
}

fn types(out: &Output) -> Vec<&'static str> {
    out.events.iter().map(stepwell_asl::HistoryEvent::type_name).collect()
}

#[test]
fn every_field_is_evaluated_before_the_run() {
    let definition = map(
        "JSONPath",
        r#""Label":"files","ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
            "Parameters":{"Bucket":"in","Key.$":"$.key"},
            "ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","MaxItemsPath":"$.most"}},
        "ItemSelector":{"row.$":"$$.Map.Item.Value","at.$":"$$.Map.Item.Index","of.$":"$.key","id.$":"States.UUID()"},
        "ItemBatcher":{"MaxItemsPerBatchPath":"$.batch","MaxInputBytesPerBatch":1000,"BatchInput":{"key.$":"$.key"}},
        "MaxConcurrency":7,"ToleratedFailurePercentage":12.5,
        "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"out","Prefix.$":"$.key"},
            "WriterConfig":{"Transformation":"COMPACT","OutputType":"JSONL"}},"#,
        true,
    );
    let (execution, out) = start(&definition, r#"{"key":"a.csv","most":5,"batch":3}"#);
    let run = run_of(&out);
    assert_eq!(types(&out), ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted"]);
    assert_eq!(run.run.0, 4);
    let prefix = "arn:aws:states:eu-west-1:123456789012:mapRun:machine/files:";
    assert!(run.arn.starts_with(prefix) && run.arn.len() == prefix.len() + 36, "{}", run.arn);
    assert_eq!((&*run.machine_name, &*run.processor), ("machine/files", "/States/M/ItemProcessor"));
    assert_eq!((run.child, run.max_concurrency), (WorkflowType::Express, 7));
    let Items::Read(read) = &run.items else { panic!("{:?}", run.items) };
    assert_eq!(read.arguments.to_string(), r#"{"Bucket":"in","Key":"a.csv"}"#);
    assert_eq!(read.config.to_string(), r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","MaxItems":5}"#);
    let batch = run.batch.as_ref().unwrap();
    assert_eq!((batch.items_max, batch.bytes_max), (Some(3), Some(1000)));
    let writer = run.writer.as_ref().unwrap();
    assert_eq!(writer.arguments.to_string(), r#"{"Bucket":"out","Prefix":"a.csv"}"#);

    let item = Value::parse(r#"{"x":"1"}"#).unwrap();
    let selected = run.selected(execution.machine(), run.given(4, &item)).unwrap();
    let text = selected.to_string();
    assert!(text.starts_with(r#"{"row":{"x":"1"},"at":4,"of":"a.csv","id":""#), "{text}");
    assert_eq!(run.selected(execution.machine(), run.given(4, &item)).unwrap(), selected, "the same on every call");
    assert_ne!(run.selected(execution.machine(), run.given(5, &item)).unwrap(), selected);
    let batched = run.batched(vec![Value::from(1), Value::from(2)]);
    assert_eq!(batched.to_string(), r#"{"BatchInput":{"key":"a.csv"},"Items":[1,2]}"#);
}

#[test]
fn the_members_of_an_object_are_items_with_keys() {
    for (language, fields) in [
        ("JSONPath", r#""ItemSelector":{"i.$":"$$.Map.Item"},"#),
        ("JSONata", r#""ItemSelector":{"i":"{% $states.context.Map.Item %}"},"#),
    ] {
        let (execution, out) = start(&map(language, fields, false), r#"{"a":1,"b":[2]}"#);
        let run = run_of(&out);
        let Items::Given(items) = &run.items else { panic!("{:?}", run.items) };
        let selected = run.selected(execution.machine(), run.given(1, &items[1])).unwrap();
        assert_eq!(selected.to_string(), r#"{"i":{"Index":1,"Key":"b","Value":[2],"Source":"STATE_DATA"}}"#);
    }
    let (execution, out) = start(&map("JSONPath", "", false), r#"{"a":1,"b":[2]}"#);
    let run = run_of(&out);
    let Items::Given(items) = &run.items else { panic!("{:?}", run.items) };
    let unselected = run.selected(execution.machine(), run.given(1, &items[1])).unwrap();
    assert_eq!(unselected.to_string(), r#"{"Key":"b","Value":[2]}"#);
    let value = Value::from(7);
    let read = MapItem { index: 0, key: None, value: &value, source: Some("S3://in/a.json") };
    assert_eq!(run.selected(execution.machine(), read).unwrap(), value);
}

#[test]
fn jsonata_says_the_same() {
    let definition = map(
        "JSONata",
        r#""Items":"{% [1..$states.input.n] %}","MaxConcurrency":"{% $states.input.n * 2 %}",
        "ItemSelector":{"v":"{% $states.context.Map.Item.Value + $states.input.n %}"},
        "ItemBatcher":{"MaxItemsPerBatch":"{% $states.input.n %}","BatchInput":"{% $states.input %}"},
        "ToleratedFailureCount":"{% 1 %}","#,
        false,
    );
    let (execution, out) = start(&definition, r#"{"n":3}"#);
    let run = run_of(&out);
    assert_eq!((run.max_concurrency, run.tolerated_count), (6, Some(1)));
    let Items::Given(items) = &run.items else { panic!("{:?}", run.items) };
    assert_eq!(Value::Array(Arc::clone(items)).to_string(), "[1,2,3]");
    assert_eq!(run.selected(execution.machine(), run.given(2, &items[2])).unwrap().to_string(), r#"{"v":6}"#);
    let batch = run.batch.as_ref().unwrap();
    assert_eq!((batch.items_max, batch.input.as_ref().unwrap().to_string().as_str()), (Some(3), r#"{"n":3}"#));
    let failure = run.selected(execution.machine(), run.given(0, &Value::from("x"))).unwrap_err();
    assert_eq!(failure.error_name(), "States.QueryEvaluationError");
    let cause = failure.cause.unwrap();
    assert!(cause.starts_with("An error occurred while executing the state 'M' (entered at the event id #2). The JSONata expression '$states.context.Map.Item.Value + $states.input.n' specified for the field 'ItemSelector/v' threw an error"), "{cause}");
}

#[test]
fn the_run_ends_as_the_host_says() {
    let definition = map("JSONPath", "", false);
    let (mut execution, mut out) = start(&definition, "[1]");
    let run = run_of(&out).run;
    execution.step(NOW, Input::RunEnded { run, outcome: Ok(Value::array([Value::from(9)])) }, &mut out);
    assert_eq!(*execution.status(), Status::Succeeded { output: Value::array([Value::from(9)]) });
    let ends = ["MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"];
    assert_eq!(types(&out)[4..], ends);
    let before = execution.digest();
    execution.step(NOW, Input::RunEnded { run, outcome: Ok(Value::Null) }, &mut out);
    assert_eq!(execution.digest(), before, "late");

    let (mut execution, mut out) = start(&definition, "[1]");
    let failed = Failure::new("States.ItemReaderFailed", "why");
    execution.step(NOW, Input::RunEnded { run, outcome: Err(failed.clone()) }, &mut out);
    assert_eq!(*execution.status(), Status::Failed(failed));
    assert_eq!(types(&out)[4..], ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]);

    let (mut execution, mut out) = start(&definition, "[1]");
    execution.step(NOW, Input::Stopped { error: None, cause: None }, &mut out);
    assert_eq!(out.effects.last(), Some(&Effect::CancelRun { run }));
    assert_eq!(types(&out)[4..], ["MapRunAborted", "MapStateAborted", "ExecutionAborted"]);

    let (mut execution, mut out) = start(&definition, "[1]");
    let large = Value::from("x".repeat(300_000));
    execution.step(NOW, Input::RunEnded { run, outcome: Ok(large) }, &mut out);
    let Status::Failed(failure) = execution.status() else { panic!("{:?}", execution.status()) };
    assert_eq!(failure.error_name(), "States.DataLimitExceeded");
}

#[test]
fn limits_of_a_run_change_while_it_is_under_way() {
    let (mut execution, mut out) = start(&map("JSONPath", r#""MaxConcurrency":3,"#, false), "[1]");
    let run = run_of(&out).run;
    let adjust = |count| Input::RunAdjusted {
        run,
        max_concurrency: Some(9),
        tolerated_count: count,
        tolerated_percentage: None,
    };
    execution.step(NOW, adjust(Some(4)), &mut out);
    execution.step(NOW, adjust(None), &mut out);
    let Some(Effect::AdjustRun(adjusted)) = out.effects.last() else { panic!("{:?}", out.effects) };
    assert_eq!((adjusted.max_concurrency, adjusted.tolerated_count), (9, Some(4)));
    assert_eq!(execution.awaited(), [Effect::RunMap(Arc::clone(adjusted))]);
}

#[test]
fn failures_are_tolerated_up_to_the_thresholds() {
    let exceeded = |fields: &str, failed, items| {
        let (_, out) = start(&map("JSONPath", fields, false), "[1]");
        run_of(&out).exceeded(failed, items).is_some()
    };
    assert!(!exceeded("", 0, 10) && exceeded("", 1, 10));
    let counted = r#""ToleratedFailureCount":2,"#;
    assert!(!exceeded(counted, 2, 2) && exceeded(counted, 3, 1000));
    let shared = r#""ToleratedFailurePercentage":25,"#;
    assert!(!exceeded(shared, 25, 100) && exceeded(shared, 26, 100));
    let both = r#""ToleratedFailureCount":2,"ToleratedFailurePercentage":50,"#;
    assert!(exceeded(both, 3, 100) && exceeded(both, 2, 3) && !exceeded(both, 2, 4));
}

#[test]
fn a_child_execution_is_one_of_the_processor() {
    let definition = r#"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"Label":"l","Assign":{"x":1},
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"N","States":{
            "N":{"Type":"Map","Label":"deep","End":true,"ItemProcessor":{
                "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
                "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}}}}"#;
    let machine = Machine::parse(definition).unwrap();
    assert!(machine.processor("/States/M").is_none());
    let processor = machine.processor("/States/M/ItemProcessor").unwrap();
    let (execution, _) = start(definition, "[[1,2]]");
    let parent = Arc::clone(execution.map_runs().next().unwrap());
    let mut out = Output::default();
    let begin = Start {
        machine_name: Arc::clone(&parent.machine_name),
        input: Value::array([Value::from(1)]),
        ..execution.started().clone()
    };
    let child = Execution::start(Arc::new(processor), begin, &mut out);
    let run = run_of(&out);
    assert!(run.arn.contains(":mapRun:machine/deep:"), "{}", run.arn);
    assert!(child.machine().processor(&run.processor).is_some());
}
