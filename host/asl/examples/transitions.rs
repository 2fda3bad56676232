//! How many transitions one core makes per second: a loop of Pass states over 1 KB.
//! `cargo run --release -p stepwell-asl --example transitions`

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_asl::expr::Value;
use stepwell_asl::{Execution, Machine, Output, Start, Timestamp};

const PLAIN: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}}}"#;
const RESULT_PATH: &str = r#"{"StartAt":"A","States":{
    "A":{"Type":"Pass","Result":{"n":1},"ResultPath":"$.last","Next":"B"},
    "B":{"Type":"Pass","Parameters":{"items.$":"$.items","last.$":"$.last.n"},"Next":"A"}}}"#;

fn main() {
    let items: Vec<String> =
        (0..20).map(|n| format!(r#"{{"id":{n},"name":"item number {n}","price":{n}.5}}"#)).collect();
    let input = Value::parse(&format!(r#"{{"items":[{}]}}"#, items.join(","))).unwrap();
    println!("payload: {} bytes", input.to_string().len());
    for (name, definition) in [("Pass", PLAIN), ("Pass with ResultPath or Parameters", RESULT_PATH)] {
        let machine = Arc::new(Machine::parse(definition).unwrap());
        let (mut events, begun) = (0_usize, Instant::now());
        while begun.elapsed() < Duration::from_secs(2) {
            let mut out = Output::default();
            let execution = Execution::start(Arc::clone(&machine), start(input.clone()), &mut out);
            assert_eq!(execution.status().name(), "FAILED", "the history ends every loop");
            events += out.events.len();
        }
        let transitions = events as f64 / 2.0 / begun.elapsed().as_secs_f64();
        println!("{name}: {transitions:.0} transitions/s");
    }
}

fn start(input: Value) -> Start {
    Start {
        execution_arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
        execution_name: "e".into(),
        role_arn: "role".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
        machine_name: "m".into(),
        at: Timestamp::from_micros(0),
        seed: 1,
        token_key: 77,
        input,
        child: None,
    }
}
