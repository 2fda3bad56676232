//! How fast the pure core is: transitions per second, evaluations per second, and how both scale.
//! `cargo xtask bench asl`

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_asl::expr::jsonata::{Bindings, Limits, Program};
use stepwell_asl::expr::{Entropy, Scope, Template, Value};
use stepwell_asl::{Execution, Machine, Output, Start, Status, Timestamp};

/// How long each line is measured.
const SPAN: Duration = Duration::from_secs(2);

fn main() {
    println!("{:<58}{:>14}", "one thread", "per second");
    let ten = passes(10);
    for kib in [1, 100] {
        line(
            &format!("transitions of 10 Pass states, {kib} KiB"),
            transitions(&ten, &document(kib << 10), "SUCCEEDED"),
        );
    }
    let placed = r#"{"StartAt":"A","States":{
        "A":{"Type":"Pass","Result":{"n":1},"ResultPath":"$.last","Next":"B"},
        "B":{"Type":"Pass","Parameters":{"items.$":"$.items","last.$":"$.last.n"},"Next":"C"},"C":{"Type":"Succeed"}}}"#;
    line("transitions with ResultPath and Parameters, 1 KiB", transitions(placed, &document(1 << 10), "SUCCEEDED"));
    let queried = r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{
        "A":{"Type":"Pass","Output":{"items":"{% $states.input.items %}","n":1},"Next":"B"},
        "B":{"Type":"Pass","Output":{"items":"{% $states.input.items %}","n":"{% $states.input.n + 1 %}"},"Next":"C"},"C":{"Type":"Succeed"}}}"#;
    line("transitions with Outputs of JSONata, 1 KiB", transitions(queried, &document(1 << 10), "SUCCEEDED"));
    line("transitions of a Choice loop of 10,000", transitions(COUNTED, &document(1 << 10), "SUCCEEDED"));
    maps();
    evaluations();
    threads(&ten);
    match peak_kib() {
        Some(kib) => println!("\nmemory at its height: {:.1} MiB", f64::from(kib) / 1024.0),
        None => println!("\nmemory at its height: not told by this system"),
    }
}

/// 3,333 rounds of three states.
const COUNTED: &str = r#"{"StartAt":"A","States":{
    "A":{"Type":"Pass","Assign":{"n":0},"Next":"B"},
    "B":{"Type":"Pass","Assign":{"n.$":"States.MathAdd($n, 1)"},"Next":"P"},
    "P":{"Type":"Pass","Next":"C"},
    "C":{"Type":"Choice","Choices":[{"Variable":"$n","NumericLessThan":3333,"Next":"B"}],"Default":"E"},
    "E":{"Type":"Succeed"}}}"#;

fn passes(count: usize) -> String {
    let mut text = String::from(r#"{"StartAt":"s1","States":{"#);
    for at in 1..count {
        write!(text, r#""s{at}":{{"Type":"Pass","Next":"s{}"}},"#, at + 1).unwrap();
    }
    write!(text, r#""s{count}":{{"Type":"Pass","End":true}}}}}}"#).unwrap();
    text
}

/// A document of about so many bytes.
fn document(bytes: usize) -> Value {
    let item = |n: usize| format!(r#"{{"id":{n},"name":"item number {n}","price":{n}.5,"tags":["a","b"]}}"#);
    let items: Vec<String> = (0..bytes.div_ceil(item(100).len() + 1)).map(item).collect();
    Value::parse(&format!(r#"{{"items":[{}]}}"#, items.join(","))).unwrap()
}

fn line(what: &str, per_second: f64) {
    println!("{what:<58}{per_second:>14.0}");
}

/// Transitions per second: states left, over the time that whole executions take.
fn transitions(definition: &str, input: &Value, ends: &str) -> f64 {
    let machine = Arc::new(Machine::parse(definition).unwrap());
    let (mut left, begun) = (0_usize, Instant::now());
    let mut out = Output::default();
    while begun.elapsed() < SPAN {
        out.events.clear();
        out.effects.clear();
        let execution = Execution::start(Arc::clone(&machine), start(input.clone()), &mut out);
        assert_eq!(execution.status().name(), ends);
        // Each state is entered and left, beside the execution's own start and end.
        left += (out.events.len() - 2) / 2;
    }
    left as f64 / begun.elapsed().as_secs_f64()
}

/// Inline Maps: a history has room for about 6,000 iterations of one state.
fn maps() {
    let map = r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","ResultSelector":{"n.$":"States.ArrayLength($)"},
        "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}}"#;
    let machine = Arc::new(Machine::parse(map).unwrap());
    for count in [6_000_i64, 10_000] {
        let input = Value::object([("items", Value::array((0..count).map(Value::from)))]);
        let (mut items, mut ended, begun) = (0_usize, String::new(), Instant::now());
        while begun.elapsed() < SPAN {
            let mut out = Output::default();
            let execution = Execution::start(Arc::clone(&machine), start(input.clone()), &mut out);
            items += out.events.iter().filter(|event| event.type_name() == "MapIterationSucceeded").count();
            ended = match execution.status() {
                Status::Succeeded { .. } => String::new(),
                _ => " (ends where the history does)".to_owned(),
            };
        }
        line(&format!("iterations of an inline Map over {count}{ended}"), items as f64 / begun.elapsed().as_secs_f64());
    }
}

/// The same transform of a document of 10 KiB in both languages.
fn evaluations() {
    let input = document(10 << 10);
    println!("\n{:<58}{:>14}", "transforms of 10 KiB", "ns each");
    let template = r#"{"names.$":"$.items[*].name","dear.$":"$.items[?(@.price > 50)]",
        "count.$":"States.ArrayLength($.items)","first.$":"$.items[0].tags[1]"}"#;
    let template = Template::compile(&Value::parse(template).unwrap()).unwrap();
    let context = Value::Null;
    nanoseconds("JSONPath: names, a filter, a count, a place", || {
        template.eval(&Scope::new(&input, &context), &mut Entropy::new(1)).unwrap()
    });
    let program = "{'names': $states.input.items.name, 'dear': $states.input.items[price > 50],
        'count': $count($states.input.items), 'first': $states.input.items[0].tags[1]}";
    let bindings = Bindings::new().with("states", Value::object([("input", input.clone())]));
    for (what, program) in [
        ("JSONata: names, a filter, a count, a place", program),
        ("JSONata: a sum of products", "$sum($states.input.items.(price * id))"),
        ("JSONata: a member", "$states.input.items[0].name"),
    ] {
        let program = Program::parse(program).unwrap();
        nanoseconds(what, || {
            program.eval(&bindings, None, &mut Entropy::new(1), 0, Limits::default()).unwrap().unwrap()
        });
    }
}

fn nanoseconds(what: &str, evaluate: impl Fn() -> Value) {
    let (mut count, begun) = (0_u32, Instant::now());
    while begun.elapsed() < SPAN / 2 {
        std::hint::black_box(evaluate());
        count += 1;
    }
    println!("{what:<58}{:>14.0}", begun.elapsed().as_secs_f64() * 1e9 / f64::from(count));
}

/// Threads share nothing but the processor's caches: each has a machine and an input of its own.
fn threads(definition: &str) {
    println!("\n{:<58}{:>14}", "10 Pass states, 1 KiB", "per second");
    let run = |threads: usize| -> f64 {
        std::thread::scope(|scope| {
            let work = || transitions(definition, &document(1 << 10), "SUCCEEDED");
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).sum()
        })
    };
    let (one, two) = (run(1), run(2));
    line("1 thread", one);
    line(&format!("2 threads ({:.2} times as many)", two / one), two);
}

/// What the process took of memory at its height (KiB), where the system tells.
fn peak_kib() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
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
        token_key: 1,
        input,
        child: None,
    }
}
