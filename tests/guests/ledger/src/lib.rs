//! Writes down that it ran: a file named by idempotency key and dispatch in the directory
//! that is granted as `effects`. What it returns says the same, so that a test can compare
//! what ran with what the history holds.

wit_bindgen::generate!({ path: "../../../wit/v1", world: "task-with-grants" });

use exports::stepwell::task::guest::{Failure, Guest};
use stepwell::task::{context, files};

struct Ledger;

impl Guest for Ledger {
    fn describe() -> String {
        r#"{"name":"ledger","version":"0.1.0","summary":"Writes down that it ran."}"#.to_owned()
    }

    fn run(_input: String) -> Result<String, Failure> {
        let key = context::idempotency_key().replace(':', "_");
        let (attempt, dispatch) = (context::attempt(), context::dispatch());
        files::write("effects", &format!("{key}.{dispatch}"), b"ran")
            .map_err(|error| Failure { error: "EffectFailed".to_owned(), cause: format!("{error:?}") })?;
        Ok(format!(r#"{{"key":"{key}","attempt":{attempt},"dispatch":{dispatch}}}"#))
    }
}

export!(Ledger);
