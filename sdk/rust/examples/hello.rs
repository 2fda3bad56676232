//! The smallest task: a type in, a type out.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    name: String,
}

#[derive(Serialize)]
struct Output {
    greeting: String,
}

/// Greets somebody by name.
#[stepwell::task(name = "hello")]
fn hello(input: Input) -> Output {
    Output { greeting: format!("Hello, {}!", input.name) }
}
