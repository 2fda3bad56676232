//! `task:validate`: checks a document against a JSON Schema (2020-12) and tells every problem.

use jsonschema::Draft;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell::Failure;

/// The most that all problems together take in a failure's cause (bytes of JSON); the ones
/// beyond it are counted.
const CAUSE_BYTES_MAX: usize = 32_768;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    schema: Value,
    document: Value,
}

#[derive(Serialize)]
struct Output {
    valid: bool,
    document: Value,
}

/// One thing that is wrong with the document.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct Problem {
    /// JSON Pointer (RFC 6901) to the value; empty for the document itself.
    pointer: String,
    /// JSON Pointer to the keyword of the schema that the value breaks.
    schema_pointer: String,
    message: String,
}

/// Checks a document against a JSON Schema (2020-12) and tells every problem.
#[stepwell::task]
fn validate(input: Input) -> Result<Output, Failure> {
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .build(&input.schema)
        .map_err(|error| {
            let pointer = error.instance_path().to_string();
            Failure::new("InvalidSchema", format!("the schema at `{pointer}`: {error}"))
        })?;
    let mut problems: Vec<Problem> = validator
        .iter_errors(&input.document)
        .map(|error| Problem {
            pointer: error.instance_path().to_string(),
            schema_pointer: error.schema_path().to_string(),
            message: error.to_string(),
        })
        .collect();
    if problems.is_empty() {
        return Ok(Output { valid: true, document: input.document });
    }
    problems.sort();
    Err(Failure::new("ValidationFailed", cause(&problems)?))
}

/// The problems as JSON, as many as there is room for, and how many more there are.
fn cause(problems: &[Problem]) -> Result<String, Failure> {
    let mut told: Vec<Value> = Vec::new();
    let mut bytes = "[]".len();
    for problem in problems {
        let value = serde_json::to_value(problem)?;
        bytes += value.to_string().len() + ",".len();
        if bytes > CAUSE_BYTES_MAX {
            let more = format!("{} more problems", problems.len() - told.len());
            told.push(serde_json::json!({ "pointer": "", "schemaPointer": "", "message": more }));
            break;
        }
        told.push(value);
    }
    Ok(serde_json::to_string(&told)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        cases::run(env!("CARGO_MANIFEST_DIR"), validate);
    }

    #[test]
    fn more_problems_than_fit_are_counted() {
        let schema = serde_json::json!({ "items": { "type": "string" } });
        let document = Value::from((0..1_000).collect::<Vec<_>>());
        let failure = validate(Input { schema, document }).err().expect("numbers are not strings");
        assert!(failure.cause().len() <= CAUSE_BYTES_MAX + 128, "{} bytes", failure.cause().len());
        let told: Vec<Value> = serde_json::from_str(failure.cause()).expect("the cause is JSON");
        let last = told.last().expect("a problem").to_string();
        assert!(last.contains(&format!("{} more problems", 1_000 - (told.len() - 1))), "{last}");
    }
}
