//! Any text is a machine or has problems; a machine runs.

use stepwell_asl::expr::Value;
use stepwell_asl::{Machine, Severity};

use crate::driver::drive;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Machine::parse(text) {
        Err(problems) => {
            assert!(problems.iter().any(|problem| problem.severity == Severity::Error), "refused without an error");
            for problem in problems {
                let _ = problem.to_string();
                if let Some(span) = problem.span {
                    assert!(text.get(span.start..span.end).is_some(), "a span outside the text: {span:?}");
                }
            }
        }
        Ok(machine) => {
            let _ = machine.resources();
            let input = Value::parse(r#"{"a":[1,{"b":2}],"n":3,"s":"x"}"#).unwrap();
            drive(text, &input, &[0; 80]);
        }
    }
}
