//! Rows of a granted database: `databases.flights = { path = "flights.db" }`.

use serde::{Deserialize, Serialize};
use stepwell::{Failure, sql};

#[derive(Deserialize)]
struct Input {
    month: u32,
}

#[derive(Deserialize, Serialize)]
struct Carrier {
    code: String,
    flights: u64,
}

/// Counts the flights of each carrier in a month.
#[stepwell::task(name = "sql")]
fn carriers(input: Input) -> Result<Vec<Carrier>, Failure> {
    let statement = "SELECT carrier AS code, COUNT(*) AS flights FROM flights
                     WHERE month = ?1 GROUP BY carrier ORDER BY 2 DESC, 1";
    Ok(sql::query("flights", statement).bind(input.month).all()?)
}
