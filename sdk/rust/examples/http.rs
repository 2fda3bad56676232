//! A request to a granted origin: `http = ["https://api.example.com"]` in the plugin's grants.

use serde::{Deserialize, Serialize};
use stepwell::http::Request;
use stepwell::{Context, Failure, config, secrets};

#[derive(Deserialize, Serialize)]
struct Customer {
    email: String,
}

/// Adds a customer to the CRM.
#[stepwell::task(name = "http")]
fn add(customer: Customer, cx: &Context) -> Result<serde_json::Value, Failure> {
    let answer = Request::post(format!("{}/customers", config::require("crm")?))
        .header("authorization", format!("Bearer {}", secrets::require("crm-token")?))
        .header("idempotency-key", cx.idempotency_key())
        .json(&customer)?
        .send()?;
    answer.success()?.json()
}
