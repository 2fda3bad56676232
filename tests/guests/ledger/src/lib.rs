//! Writes down that it ran: a file of its own for every run, in the directory that is granted
//! as `effects`, so that a test can compare what ran with what the history holds. Two runs
//! never share a file, whatever the host tells them, so that a call that was sent twice shows.
//!
//! An input `{"fail": N}` makes the first N attempts fail with `Refused`, after they had their
//! effect.

use std::hash::{BuildHasher as _, RandomState};

wit_bindgen::generate!({ path: "../../../wit/v1", world: "task-with-grants" });

use exports::stepwell::task::guest::{Failure, Guest};
use serde_json::{Value, json};
use stepwell::task::{context, files};

struct Ledger;

impl Guest for Ledger {
    fn describe() -> String {
        r#"{"name":"ledger","version":"0.2.0","summary":"Writes down that it ran."}"#.to_owned()
    }

    fn run(input: String) -> Result<String, Failure> {
        let key = context::idempotency_key();
        let (attempt, dispatch) = (context::attempt(), context::dispatch());
        let asked: Value = serde_json::from_str(&input).unwrap_or_default();
        let fails = asked["fail"].as_u64().is_some_and(|fail| u64::from(attempt) <= fail);
        let result = json!({"key": key, "attempt": attempt, "dispatch": dispatch}).to_string();
        let kept = if fails { Value::Null } else { json!(result) };
        let effect = json!({"key": key, "attempt": attempt, "dispatch": dispatch, "input": input, "result": kept});
        let run = RandomState::new().hash_one(&key);
        let file = format!("{}.{attempt}.{dispatch}.{run:016x}.json", key.replace(':', "_"));
        files::write("effects", &file, effect.to_string().as_bytes())
            .map_err(|error| Failure { error: "EffectFailed".to_owned(), cause: format!("{error:?}") })?;
        if fails {
            return Err(Failure { error: "Refused".to_owned(), cause: format!("attempt {attempt}") });
        }
        Ok(result)
    }
}

export!(Ledger);
