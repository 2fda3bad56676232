//! An expression on the first lines, and after a line of `---` what it looks at.

use stepwell_asl::expr::jsonata::{Bindings, Limits, Program};
use stepwell_asl::expr::{Entropy, Value, json_bytes_within};

/// Less than a state has, so that more is tried in the same time.
const LIMITS: Limits = Limits { steps: 100_000, bytes: 4_000_000, depth: 500 };

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (expression, input) =
        text.split_once("\n---\n").unwrap_or((text, r#"{"a":[1,{"b":[2,3]}],"s":"text","n":-1.5}"#));
    let Ok(program) = Program::parse(expression) else { return };
    let _ = program.variables();
    let Ok(input) = Value::parse(input) else { return };
    let states = Value::object([("input", input.clone())]);
    let bindings = Bindings::new().with("states", states).with("v", input.clone());
    let eval = || program.eval_counted(&bindings, Some(&input), &mut Entropy::new(1), 1_790_000_000_000, LIMITS);
    let (result, spent) = eval();
    if let Ok(Some(value)) = &result {
        let _ = json_bytes_within(value, 1_000_000);
    }
    let (again, spent_again) = eval();
    // Values may share their parts, and be far larger as text than in memory.
    let text = |result: &Result<Option<Value>, _>| match result {
        Ok(Some(value)) if json_bytes_within(value, 100_000).is_ok() => value.to_string(),
        Ok(other) => other.is_some().to_string(),
        Err(error) => format!("{error:?}"),
    };
    assert_eq!((text(&result), spent), (text(&again), spent_again), "the same expression gives two things");
}
