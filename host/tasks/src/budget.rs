//! Fuel, the unit of a task's time.

/// Fuel that one second of `TimeoutSeconds` buys, the same on every machine.
///
/// One unit is one WebAssembly instruction; a division costs 12 and a square root 20, as they
/// take that much longer. Measured guests burn 3.4 to 24 thousand
/// million units in a second of processor time, JSON work 6.5 to 8.7, so a second of budget
/// is between 0.4 and 3 seconds of computing. The constant is never calibrated: a verdict
/// must not depend on the machine that reached it.
pub const FUEL_PER_SECOND: u64 = 10_000_000_000;

/// The budget in seconds of a task whose state has no `TimeoutSeconds` and whose plugin has
/// no default of its own.
pub const TASK_SECONDS_DEFAULT: u64 = 60;

/// The largest budget in seconds that any call is given (15 minutes, as AWS Lambda's).
pub const TASK_SECONDS_MAX: u64 = 900;

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// `TimeoutSeconds` of the state (seconds), when it has one. The adapter caps it with the
    /// task's own limit and turns it into fuel; without it the task's default applies.
    pub timeout_seconds: Option<u64>,
}

impl Budget {
    /// Fuel for a budget in seconds, between 1 and [`TASK_SECONDS_MAX`].
    #[must_use]
    pub fn fuel_for(seconds: u64) -> u64 {
        seconds.clamp(1, TASK_SECONDS_MAX) * FUEL_PER_SECOND
    }
}
