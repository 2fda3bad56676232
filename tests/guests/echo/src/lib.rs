//! Gives its input back: the guest of the benchmark.

wit_bindgen::generate!({ path: "../../../wit/v1", world: "task" });

use exports::stepwell::task::guest::{Failure, Guest};

struct Echo;

impl Guest for Echo {
    fn describe() -> String {
        r#"{"name":"echo","version":"0.1.0","summary":"Gives its input back."}"#.to_owned()
    }

    fn run(input: String) -> Result<String, Failure> {
        Ok(input)
    }
}

export!(Echo);
