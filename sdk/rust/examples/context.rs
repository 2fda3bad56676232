//! Which call this is: the key stays the same in every retry, so that twice means once.

use serde_json::{Value, json};
use stepwell::Context;

/// Tells which call it is.
#[stepwell::task(name = "context")]
fn whoami(_: Value, cx: &Context) -> Value {
    println!("attempt {} in state {}", cx.attempt(), cx.state_name());
    json!({
        "idempotencyKey": cx.idempotency_key(),
        "attempt": cx.attempt(),
        "execution": cx.execution_name(),
        "workflow": cx.workflow_name(),
    })
}
