//! The shared conformance cases that expressions alone can answer: every JSONPath case, and every
//! recorded execution of a machine that has only `Pass` states.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use stepwell_expr::{Entropy, EvalError, Map, Path, ReferencePath, Scope, Template, Value};

/// The directory of conformance data beside the repository; `None`, with a printed line, where
/// there is none.
fn shared() -> Option<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    if directory.is_dir() {
        return Some(directory);
    }
    println!("skipped: there is no {}", directory.display());
    None
}

fn read(file: PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(&file).unwrap();
    Value::parse(&text).unwrap().as_array().unwrap().to_vec()
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

#[test]
fn jsonpath_cases() {
    let Some(shared) = shared() else { return };
    let cases = read(shared.join("jsonpath/cases.json"));
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(what) = jsonpath_case(case) {
            wrong.push(format!("{} {}: {what}", text(case, "id").unwrap(), text(case, "path").unwrap()));
        }
    }
    println!("{} of {} JSONPath cases pass", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn jsonpath_case(case: &Value) -> Result<(), String> {
    let optional = text(case, "aws") == Some("undocumented");
    let document = case.get("doc").unwrap();
    let path = match (Path::parse(text(case, "path").unwrap()), case.get("invalid")) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(_)) => return Err("was accepted".to_owned()),
        (Err(_), None) if optional => return Ok(()),
        (Err(error), None) => return Err(error.to_string()),
        (Ok(path), None) => path,
    };
    if case.get("definite").is_some_and(|definite| *definite != Value::from(path.is_definite())) {
        return Err(format!("definite is {}", path.is_definite()));
    }
    let found = path.select(&Scope::new(document, &Value::Null)).into_value();
    if let Some(expected) = case.get("aws_value") {
        return if found.as_ref() == Some(expected) { Ok(()) } else { Err(format!("selects {found:?}")) };
    }
    if case.get("aws_error").is_some() {
        return if found.is_none() { Ok(()) } else { Err(format!("selects {found:?}")) };
    }
    let nodes = match found {
        Some(value) if path.is_definite() => Value::array([value]),
        Some(many) => many,
        None => Value::array([]),
    };
    let accepted = match (case.get("nodes"), case.get("nodes_any_of")) {
        (Some(expected), _) => *expected == nodes,
        (None, Some(choice)) => choice.as_array().unwrap().contains(&nodes),
        (None, None) => false,
    };
    if accepted { Ok(()) } else { Err(format!("selects {nodes}")) }
}

#[test]
fn recorded_executions_of_pass_states() {
    let Some(shared) = shared() else { return };
    let mut run = 0;
    let mut wrong = Vec::new();
    for file in ["intrinsic", "base", "choice", "context-object", "map", "scenario", "assign-variables"] {
        let mut run_of_file = 0;
        for case in read(shared.join(format!("asl/{file}.json"))) {
            let Some(machine) = case.get("definition").filter(|machine| has_only_pass_states(machine)) else {
                continue;
            };
            run_of_file += 1;
            if let Err(what) = recorded_case(&case, machine) {
                wrong.push(format!("{}: {what}", text(&case, "id").unwrap()));
            }
        }
        println!("{file}: {run_of_file} cases of Pass states");
        run += run_of_file;
    }
    println!("{} of {run} recorded executions pass", run - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run > 80, "only {run} cases were found");
}

fn has_only_pass_states(machine: &Value) -> bool {
    let is_pass = |state: &Value| text(state, "Type") == Some("Pass") && state.get("QueryLanguage").is_none();
    machine.get("QueryLanguage").is_none()
        && machine.get("States").and_then(Value::as_object).is_some_and(|states| states.values().all(is_pass))
}

fn recorded_case(case: &Value, machine: &Value) -> Result<(), String> {
    let expected = case.get("expected").unwrap();
    let empty = Value::object::<&str>([]);
    let result = execute(machine, case.get("input").unwrap_or(&empty));
    match (text(expected, "status"), result) {
        (Some("SUCCEEDED"), Ok(output)) => {
            let tokens = case.get("normalise").and_then(|normalise| normalise.get("tokens"));
            let tokens = tokens.and_then(Value::as_array).unwrap_or_default();
            let wanted = expected.get("output").unwrap();
            if alike(wanted, &output, tokens) { Ok(()) } else { Err(format!("{output} instead of {wanted}")) }
        }
        (Some("FAILED"), Err(failure)) => {
            // The cause begins with the state and the event, which only the machine knows.
            let cause = text(expected, "cause").unwrap();
            let cause = cause.split_once("). ").map_or(cause, |(_, own)| own);
            let same = text(expected, "error") == Some(failure.error) && like(cause, &failure.cause);
            if same { Ok(()) } else { Err(format!("{failure} instead of {cause}")) }
        }
        (status, result) => Err(format!("{status:?} became {result:?}")),
    }
}

/// What the states of a machine without choices do to its input.
fn execute(machine: &Value, input: &Value) -> Result<Value, EvalError> {
    let mut entropy = Entropy::new(1);
    let mut variables = Map::new();
    let mut data = input.clone();
    let mut name = text(machine, "StartAt");
    while let Some((current, state)) = name.and_then(|name| Some((name, machine.get("States")?.get(name)?))) {
        data = pass(state, &data, &context(input, current), &mut variables, &mut entropy)?;
        name = text(state, "Next");
    }
    Ok(data)
}

fn pass(
    state: &Value,
    raw: &Value,
    context: &Value,
    variables: &mut Map,
    entropy: &mut Entropy,
) -> Result<Value, EvalError> {
    let known = variables.clone();
    let look = |field: &str, data: &Value| match state.get(field) {
        None => Ok(data.clone()),
        Some(Value::Null) => Ok(Value::object::<&str>([])),
        Some(path) => Path::parse(path.as_str().unwrap()).unwrap().eval_path_field(&scope(data, context, &known)),
    };
    let mut result = look("InputPath", raw)?;
    if let Some(template) = state.get("Parameters") {
        result = Template::compile(template).unwrap().eval(&scope(&result, context, &known), entropy)?;
    }
    if let Some(fixed) = state.get("Result") {
        result = fixed.clone();
    }
    if let Some(template) = state.get("Assign") {
        let assigned = Template::compile(template).unwrap().eval(&scope(&result, context, &known), entropy)?;
        for (name, value) in assigned.as_object().unwrap().iter() {
            variables.insert(name.clone(), value.clone());
        }
    }
    let output = match state.get("ResultPath") {
        None => result,
        Some(Value::Null) => raw.clone(),
        Some(path) => ReferencePath::parse(path.as_str().unwrap()).unwrap().insert(raw, result)?,
    };
    look("OutputPath", &output)
}

fn scope<'a>(input: &'a Value, context: &'a Value, variables: &'a Map) -> Scope<'a> {
    Scope { variables: Some(variables), ..Scope::new(input, context) }
}

fn context(input: &Value, state: &str) -> Value {
    let name = "2b1c5a60-machine";
    let machine = Value::object([
        ("Id", Value::from(format!("arn:aws:states:us-east-1:111111111111:stateMachine:{name}"))),
        ("Name", Value::from(name)),
    ]);
    let execution = Value::object([
        ("Id", Value::from(format!("arn:aws:states:us-east-1:111111111111:execution:{name}:run-1"))),
        ("Input", input.clone()),
        ("Name", Value::from("run-1")),
        ("RoleArn", Value::from("arn:aws:iam::111111111111:role/any")),
        ("StartTime", Value::from("2022-07-13T13:48:01.000Z")),
        ("RedriveCount", Value::from(0)),
    ]);
    let state = Value::object([("Name", Value::from(state)), ("EnteredTime", Value::from("2022-07-13T13:48:01.000Z"))]);
    Value::object([("Execution", execution), ("State", state), ("StateMachine", machine)])
}

/// Equal, but for placeholders in the expectation.
fn alike(expected: &Value, actual: &Value, tokens: &[Value]) -> bool {
    match (expected, actual) {
        (expected, _) if tokens.contains(expected) || *expected == Value::from("date") => true,
        (Value::String(expected), Value::String(actual)) => like(expected, actual),
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual.iter()).all(|(e, a)| alike(e, a, tokens))
        }
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected.iter().all(|(key, e)| actual.get(key).is_some_and(|a| alike(e, a, tokens)))
        }
        (expected, actual) => expected == actual,
    }
}

/// Equal, but that `<…>` in the expectation stands for any text.
fn like(expected: &str, actual: &str) -> bool {
    let Some((start, rest)) = expected.split_once('<') else { return expected == actual };
    let Some((_, rest)) = rest.split_once('>') else { return expected == actual };
    let Some(actual) = actual.strip_prefix(start) else { return false };
    actual.char_indices().map(|(at, _)| at).chain([actual.len()]).any(|at| like(rest, &actual[at..]))
}

#[test]
fn every_recorded_template_and_path_compiles() {
    let Some(shared) = shared() else { return };
    let mut templates = 0;
    for entry in std::fs::read_dir(shared.join("asl")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        for case in read(file) {
            let machine = case.get("definition").filter(|_| text(&case, "kind") == Some("run"));
            if let Some(machine) = machine {
                templates += compile_all(machine, text(&case, "id").unwrap());
            }
        }
    }
    println!("{templates} templates and paths compile");
}

/// Compiles the templates and paths of all states, in nested machines too.
fn compile_all(value: &Value, id: &str) -> usize {
    if text(value, "QueryLanguage") == Some("JSONata") {
        return 0;
    }
    let mut compiled = 0;
    if let Some(map) = value.as_object() {
        for (key, member) in map.iter() {
            match &**key {
                "Parameters" | "ResultSelector" | "ItemSelector" | "Assign" => {
                    assert!(Template::compile(member).is_ok(), "{id}: {:?}", Template::compile(member));
                    compiled += 1;
                }
                "InputPath" | "OutputPath" | "ItemsPath" | "SecondsPath" | "TimestampPath" if !member.is_null() => {
                    assert!(Path::parse(member.as_str().unwrap()).is_ok(), "{id}: {member}");
                    compiled += 1;
                }
                "ResultPath" if !member.is_null() => {
                    assert!(ReferencePath::parse(member.as_str().unwrap()).is_ok(), "{id}: {member}");
                    compiled += 1;
                }
                "Result" => {}
                _ => compiled += compile_all(member, id),
            }
        }
    } else if let Some(items) = value.as_array() {
        compiled += items.iter().map(|item| compile_all(item, id)).sum::<usize>();
    }
    compiled
}
