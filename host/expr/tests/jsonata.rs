//! The official JSONata test suite, where its shared copy is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use stepwell_expr::jsonata::{Bindings, Dialect, Limits, Program};
use stepwell_expr::{Entropy, Value};

/// Of a thousand cases of the suite at least so many pass. It only goes up.
const PASSED_PER_MILLE: usize = 999;

fn shared(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance").join(name);
    std::fs::read_to_string(path).ok()
}

/// What one case gave: a value, undefined, or an error's code, token and message.
fn outcome(case: &Value, datasets: &Value) -> Result<Option<Value>, (String, Option<String>, String)> {
    let source = case.get("expr").and_then(Value::as_str).unwrap();
    let program =
        Program::parse_as(source, Dialect::Suite).map_err(|error| (error.code.to_owned(), None, error.message))?;
    let input = match case.get("data") {
        Some(data) => Some(data),
        None => case.get("dataset").and_then(Value::as_str).and_then(|name| datasets.get(name)),
    };
    let mut bindings = Bindings::new();
    for (name, value) in case.get("bindings").and_then(Value::as_object).iter().flat_map(|map| map.iter()) {
        bindings.insert(&**name, value.clone());
    }
    let depth = case.get("depth").and_then(Value::as_i64).and_then(|depth| u32::try_from(depth).ok());
    let limits = Limits { steps: 60_000_000, bytes: 2_000_000_000, depth: depth.unwrap_or(500) };
    program
        .eval(&bindings, input, &mut Entropy::new(7), 1_500_000_000_000, limits)
        .map_err(|error| (error.code.to_owned(), error.token, error.message))
}

fn passes(case: &Value, datasets: &Value) -> Result<(), String> {
    let outcome = outcome(case, datasets);
    let error = case.get("error");
    let code = case.get("code").or_else(|| error.and_then(|error| error.get("code"))).and_then(Value::as_str);
    if let Some(code) = code {
        let (found, token, message) =
            outcome.map_err(Some).err().flatten().ok_or_else(|| format!("no error, want {code}"))?;
        let wanted = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
        if found != code {
            return Err(format!("{found} {message}, want {code}"));
        }
        if wanted("token").is_some_and(|wanted| Some(wanted) != token.as_deref()) {
            return Err(format!("token {token:?}"));
        }
        return match wanted("message") {
            Some(wanted) if wanted != message => Err(format!("message {message:?}, want {wanted:?}")),
            _ => Ok(()),
        };
    }
    let found = outcome.map_err(|(code, _, message)| format!("error {code} {message}"))?;
    let wanted = case.get("result");
    let same = match (&found, wanted) {
        (Some(Value::Array(a)), Some(Value::Array(b))) if case.get("unordered").is_some() => {
            let sorted = |items: &[Value]| {
                let mut texts: Vec<_> = items.iter().map(Value::to_string).collect();
                texts.sort();
                texts
            };
            sorted(a) == sorted(b)
        }
        (found, wanted) => found.as_ref() == wanted,
    };
    if same { Ok(()) } else { Err(format!("{found:?}, want {wanted:?}")) }
}

#[test]
fn the_official_suite_passes() {
    let (Some(cases), Some(datasets)) = (shared("jsonata/cases.json"), shared("jsonata/datasets.json")) else {
        eprintln!("SKIPPED: ../shared/conformance/jsonata is not there");
        return;
    };
    let cases = Value::parse(&cases).unwrap();
    let datasets = Value::parse(&datasets).unwrap();
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failed: HashMap<String, String> = HashMap::new();
    // Its deepest case recurses by design.
    let checked = std::thread::Builder::new().stack_size(8 << 20).spawn(move || {
        for case in cases.as_array().unwrap() {
            let id = case.get("id").and_then(Value::as_str).unwrap().to_owned();
            let group = groups.entry(id.split('/').next().unwrap().to_owned()).or_default();
            group.1 += 1;
            match passes(case, &datasets) {
                Ok(()) => group.0 += 1,
                Err(why) => {
                    failed.insert(id.clone(), why.clone());
                    eprintln!("{id}: {} : {}", case.get("expr").unwrap(), why.chars().take(500).collect::<String>());
                }
            }
        }
        (groups, failed)
    });
    let (groups, failed) = checked.unwrap().join().unwrap();
    let passed: usize = groups.values().map(|(passed, _)| passed).sum();
    let total: usize = groups.values().map(|(_, total)| total).sum();
    for (group, (passed, total)) in &groups {
        eprintln!("{group:32} {passed:4}/{total}");
    }
    eprintln!("{:32} {passed:4}/{total}, {} failed", "all", failed.len());
    assert!(passed * 1_000 >= total * PASSED_PER_MILLE, "fewer cases pass than did before");
}

#[test]
fn recorded_functions_of_aws() {
    let Some(cases) = shared("asl/jsonata-functions.json") else {
        eprintln!("SKIPPED: ../shared/conformance/asl is not there");
        return;
    };
    let cases = Value::parse(&cases).unwrap();
    let mut checked = 0;
    for case in cases.as_array().unwrap() {
        let states = case.get("definition").and_then(|definition| definition.get("States")).and_then(Value::as_object);
        let state = states.unwrap().values().next().unwrap();
        let output = state.get("Output").and_then(Value::as_str).unwrap_or_default();
        let Some(source) = output.strip_prefix("{%").and_then(|output| output.strip_suffix("%}")) else { continue };
        let input = case.get("input").cloned().unwrap_or_default();
        let bindings = Bindings::new().with("states", Value::object([("input", input)]));
        let program = Program::parse(source.trim()).unwrap();
        let found = program.eval(&bindings, None, &mut Entropy::new(7), 0, Limits::default()).unwrap();
        let wanted = case.get("expected").and_then(|expected| expected.get("output"));
        assert_eq!(found.as_ref(), wanted, "{source}");
        checked += 1;
    }
    eprintln!("{checked} recorded functions of AWS");
    assert!(checked > 0);
}
