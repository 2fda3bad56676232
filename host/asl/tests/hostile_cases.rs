//! Definitions, expressions and inputs that are made to hurt: each ends within a second of
//! processor time and 64 MiB, with the right error or the right success. They lie in
//! `tests/hostile`, a file per family; `UPDATE_HOSTILE=1` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use peak_alloc::PeakAlloc;
use serde_json::{Value as Json, json};
use stepwell_asl::expr::Value;
use stepwell_asl::{Effect, Execution, Failure, Input, Machine, Output, Severity, Status, payload_fits};

mod begin;
#[path = "hostile_cases/data.rs"]
mod data;
#[path = "hostile_cases/fields.rs"]
mod fields;
#[path = "hostile_cases/functions.rs"]
mod functions;
#[path = "hostile_cases/paths.rs"]
mod paths;
#[path = "hostile_cases/queries.rs"]
mod queries;
#[path = "hostile_cases/running.rs"]
mod running;
#[path = "hostile_cases/structure.rs"]
mod structure;
#[path = "hostile_cases/text.rs"]
mod text;

use text::write_out;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Processor time that a case may take in a release build.
const CPU_MAX: Duration = Duration::from_secs(1);
/// A debug build is so many times slower: the interpreter is not optimized at all in it.
const DEBUG_SLOWDOWN: u32 = 12;
/// Memory that a case may take at its height (bytes).
const MEMORY_BYTES_MAX: usize = 64 << 20;

/// One case.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub definition: Json,
    pub input: Json,
    /// What each call comes to, in turn and round again; an object with `Error` is a failure.
    /// Where there are none, a task gives back its input.
    pub results: Vec<Json>,
    pub expected: Expected,
}

/// How a case is to end.
#[derive(Debug)]
pub enum Expected {
    /// The definition is refused, with this code first.
    Refused(&'static str),
    /// The input is no JSON, or too large for a payload.
    InputRefused,
    Fails(&'static str),
    /// The error, and a part of the cause.
    FailsBecause(&'static str, &'static str),
    /// With this output.
    Gives(Json),
    Succeeds,
    TimesOut,
}

impl Case {
    pub fn new(name: impl Into<String>, definition: impl Into<Json>, expected: Expected) -> Self {
        let (definition, input) = (definition.into(), json!("{}"));
        Self { name: name.into(), definition, input, results: Vec::new(), expected }
    }

    pub fn with(mut self, input: impl Into<Json>) -> Self {
        self.input = input.into();
        self
    }

    pub fn given(mut self, results: Vec<Json>) -> Self {
        self.results = results;
        self
    }

    fn json(&self) -> Json {
        let mut case = json!({"name": self.name, "definition": self.definition, "input": self.input});
        if !self.results.is_empty() {
            case["results"] = json!(self.results);
        }
        case["expected"] = match &self.expected {
            Expected::Refused(code) => json!({"refused": code}),
            Expected::InputRefused => json!({"input": "refused"}),
            Expected::Fails(error) => json!({"error": error}),
            Expected::FailsBecause(error, cause) => json!({"error": error, "cause": cause}),
            Expected::Gives(output) => json!({"output": output}),
            Expected::Succeeds => json!({"status": "SUCCEEDED"}),
            Expected::TimesOut => json!({"status": "TIMED_OUT"}),
        };
        case
    }
}

/// A definition of one state.
pub fn one(state: &str) -> String {
    format!(r#"{{"StartAt":"S","States":{{"S":{{{state}}}}}}}"#)
}

/// A Pass state with these `Parameters`.
pub fn parameters(parameters: impl Into<Json>) -> Json {
    around(r#""Type":"Pass","Parameters":"#, parameters)
}

/// A Pass state whose `Output` is a JSONata expression.
pub fn query(expression: impl Into<Json>) -> Json {
    let braces = text::quoted(json!(["{% ", expression.into(), " %}"]));
    around(r#""Type":"Pass","QueryLanguage":"JSONata","Output":"#, braces)
}

/// One state that ends; `what` is its last field.
pub fn around(before: &str, what: impl Into<Json>) -> Json {
    json!([r#"{"StartAt":"S","States":{"S":{"End":true,"#, before, what.into(), "}}}"])
}

fn families() -> Vec<(&'static str, Vec<Case>)> {
    [
        data::families(),
        structure::families(),
        paths::families(),
        functions::families(),
        queries::families(),
        running::families(),
        fields::families(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hostile"))
}

fn file(cases: &[Case]) -> String {
    let lines: Vec<String> = cases.iter().map(|case| case.json().to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

#[test]
fn the_committed_cases_are_those_that_are_generated() {
    let update = std::env::var_os("UPDATE_HOSTILE").is_some();
    let mut names = std::collections::BTreeSet::new();
    for (family, cases) in families() {
        for case in &cases {
            assert!(names.insert(format!("{family}/{}", case.name)), "{family}/{} is there twice", case.name);
        }
        let path = directory().join(format!("{family}.json"));
        if update {
            std::fs::write(&path, file(&cases)).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == file(&cases),
            "tests/hostile/{family}.json is not what is generated: UPDATE_HOSTILE=1 writes it"
        );
    }
    assert!(names.len() >= 500, "{} cases", names.len());
}

#[test]
fn every_case_ends_soon_and_with_little_memory() {
    let mut files: Vec<_> = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let wanted = std::env::var("HOSTILE_CASE").unwrap_or_default();
    // A thread with the stack that Rust gives one, as on a host.
    let run = move || files.iter().flat_map(|path| family(path, &wanted)).collect::<Vec<String>>();
    let wrong = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn family(path: &std::path::Path, wanted: &str) -> Vec<String> {
    let family = path.file_stem().unwrap().to_string_lossy();
    let cases: Vec<Json> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut longest, mut highest, mut wrong) = (Duration::ZERO, 0, Vec::new());
    for case in cases {
        let name = format!("{family}/{}", case["name"].as_str().unwrap());
        if !name.contains(wanted) {
            continue;
        }
        let (definition, input) = (written(&case["definition"]), written(&case["input"]));
        MEMORY.reset_peak_usage();
        let (begun, before) = (ThreadTime::now(), MEMORY.current_usage());
        let ended = end(&definition, &input, case["results"].as_array().map_or(&[], Vec::as_slice));
        let (cpu, memory) = (begun.elapsed(), MEMORY.peak_usage().saturating_sub(before));
        (longest, highest) = (longest.max(cpu), highest.max(memory));
        let slow = cpu > CPU_MAX * if cfg!(debug_assertions) { DEBUG_SLOWDOWN } else { 1 };
        let large = memory > MEMORY_BYTES_MAX;
        let problem = matches(&ended, &case["expected"]).err();
        if slow || large || problem.is_some() {
            let problem = problem.unwrap_or_default();
            wrong.push(format!("{name}: {} ms, {} KiB; {problem}", cpu.as_millis(), memory >> 10));
        } else if !wanted.is_empty() {
            println!("{name}: {} ms, {} KiB; {ended:.200}", cpu.as_millis(), memory >> 10);
        }
    }
    println!("{family}: at most {} ms, {} KiB", longest.as_millis(), highest >> 10);
    wrong
}

fn written(text: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    write_out(text, &mut out);
    out
}

/// How the case ends, as the `expected` of a case says it.
fn end(definition: &[u8], input: &[u8], results: &[Json]) -> Json {
    let Ok(definition) = std::str::from_utf8(definition) else { return json!({"refused": "no text"}) };
    let machine = match Machine::parse(definition) {
        Ok(machine) => machine,
        Err(problems) => {
            let error = problems.iter().find(|problem| problem.severity == Severity::Error).unwrap();
            return json!({"refused": error.code, "message": error.message});
        }
    };
    let input = match serde_json::from_slice::<Value>(input) {
        Ok(input) if payload_fits(&input) => input,
        Ok(_) | Err(_) => return json!({"input": "refused"}),
    };
    match run(machine, input, results) {
        Status::Succeeded { output } => json!({"status": "SUCCEEDED", "output": output}),
        Status::Failed(failure) => json!({"error": failure.error.as_deref(), "cause": failure.cause.as_deref()}),
        other @ (Status::Running | Status::TimedOut(_) | Status::Aborted(_)) => json!({"status": other.name()}),
    }
}

fn run(machine: Machine, input: Value, results: &[Json]) -> Status {
    let mut now = begin::NOW;
    let start = begin::start(input);
    let mut out = Output::default();
    let mut execution = Execution::start(Arc::new(machine), start, &mut out);
    let mut results = results.iter().cycle();
    while let Some(open) = execution.awaited().into_iter().next() {
        let input = match open {
            Effect::Invoke(invoke) => {
                let outcome = results.next().map_or_else(|| Ok(invoke.input.clone()), outcome);
                Input::Returned { call: invoke.call, outcome, receipt: None }
            }
            Effect::SetTimer { timer, at } => {
                now = at;
                Input::Fired { timer }
            }
            Effect::RunMap(_) => panic!("these definitions have no distributed Map"),
            Effect::CancelCall { .. }
            | Effect::CancelTimer { .. }
            | Effect::AdjustRun(_)
            | Effect::CancelRun { .. } => {
                unreachable!("these are never awaited")
            }
        };
        // A host hands on what a step made before it takes the next.
        out = Output::default();
        execution.step(now, input, &mut out);
    }
    execution.status().clone()
}

fn outcome(result: &Json) -> Result<Value, Failure> {
    if let Some(error) = result.get("Error") {
        return Err(Failure::new(String::from_utf8(written(error)).unwrap(), "scripted"));
    }
    Ok(serde_json::from_slice(&written(result)).unwrap())
}

fn matches(ended: &Json, expected: &Json) -> Result<(), String> {
    let wrong = || Err(format!("expected {expected:.300}, but it is {ended:.600}"));
    for (field, wanted) in expected.as_object().unwrap() {
        let holds = match field.as_str() {
            "cause" => ended["cause"].as_str().is_some_and(|cause| cause.contains(wanted.as_str().unwrap())),
            "output" => serde_json::from_slice::<Json>(&written(wanted)).is_ok_and(|wanted| ended["output"] == wanted),
            field => ended.get(field) == Some(wanted),
        };
        if !holds {
            return wrong();
        }
    }
    Ok(())
}
