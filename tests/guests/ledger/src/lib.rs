//! Writes down that it ran: a file of its own for every run, in the directory that is granted
//! as `effects`, so that a test can compare what ran with what the history holds. Two runs
//! never share a file, whatever the host tells them, so that a call that was sent twice shows.
//!
//! An input `{"fail": N}` makes the first N attempts fail with `Refused`, after they had their
//! effect.

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
        let name = format!("{}.{attempt}.{dispatch}", key.replace(':', "_"));
        // Chance is the same for the same call, so that runs are told apart by counting them.
        let mut run = 0;
        while let Err(error) =
            files::create_new("effects", &format!("{name}.{run}.json"), effect.to_string().as_bytes())
        {
            if !matches!(error, files::Error::Exists(_)) {
                return Err(Failure { error: "EffectFailed".to_owned(), cause: format!("{error:?}") });
            }
            run += 1;
        }
        if fails {
            return Err(Failure { error: "Refused".to_owned(), cause: format!("attempt {attempt}") });
        }
        Ok(result)
    }
}

export!(Ledger);
