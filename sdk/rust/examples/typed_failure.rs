//! A failure with a name: `Retry` and `Catch` in the workflow match on `CardDeclined`.

use serde::{Deserialize, Serialize};
use stepwell::{Failure, ensure};

#[derive(Deserialize)]
struct Order {
    id: String,
    cents: u64,
}

#[derive(Serialize)]
struct Receipt {
    order: String,
    charged: u64,
}

/// Charges an order.
#[stepwell::task(name = "typed-failure")]
fn charge(order: Order) -> Result<Receipt, Failure> {
    ensure!(order.cents <= 10_000, "CardDeclined", "{} cents are over the limit", order.cents);
    Ok(Receipt { order: order.id, charged: order.cents })
}
