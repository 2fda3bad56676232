//! What the tasks of a generated definition do, and how long they take. The reference and the
//! interpreter under test live in the same world: a task's end is a function of what it is given.

use serde_json::json;

use super::model::Json;

/// Stands for a cause that quotes the history, which the reference does not keep.
pub const UNTOLD: &str = "An error occurred while executing";

#[derive(Debug, Clone)]
pub struct World {
    pub tasks: Vec<Reply>,
    /// Decides how long each call takes.
    pub salt: u64,
}

#[derive(Debug, Clone)]
pub enum Reply {
    Echo,
    Wrap,
    Give(Json),
    /// Every call fails.
    Never(&'static str),
    /// Only the attempts after so many succeed.
    After(u64, &'static str),
    /// One input in three fails.
    Sometimes(&'static str),
}

impl World {
    /// The result of a call, or its error.
    pub fn outcome(&self, task: usize, input: &Json, attempt: u64) -> Result<Json, &'static str> {
        let input = plain(input.clone());
        match &self.tasks[task % self.tasks.len()] {
            Reply::Echo => Ok(input),
            Reply::Wrap => Ok(json!({"got": input, "n": 5, "list": [3, 4]})),
            Reply::Give(result) => Ok(result.clone()),
            Reply::Never(error) => Err(error),
            Reply::After(failing, error) if attempt <= *failing => Err(error),
            Reply::After(..) => Ok(json!({"n": attempt})),
            Reply::Sometimes(error) if hash(&input, task as u64).is_multiple_of(3) => Err(error),
            Reply::Sometimes(_) => Ok(json!([1, {"n": 2}])),
        }
    }

    /// How long the call takes (microseconds): hardly ever as long as another.
    pub fn micros(&self, task: usize, input: &Json, attempt: u64) -> i64 {
        let drawn = hash(&plain(input.clone()), self.salt ^ ((task as u64) << 32) ^ attempt);
        1 + i64::try_from(drawn % 5_000_000).unwrap()
    }
}

/// The value with what is written in several ways made the same: `2.0` and `2`, and causes that
/// quote the history.
pub fn plain(value: Json) -> Json {
    match value {
        Json::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            Some(n) if n.fract() == 0.0 && n.abs() < 1e15 => json!(n as i64),
            _ => Json::Number(number),
        },
        Json::String(text) if text.contains(UNTOLD) => json!(UNTOLD),
        Json::Array(items) => items.into_iter().map(plain).collect(),
        Json::Object(members) => members.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        other => other,
    }
}

fn hash(value: &Json, salt: u64) -> u64 {
    let mut hash = salt ^ 0xCBF2_9CE4_8422_2325;
    for byte in value.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    hash ^ (hash >> 29)
}
