//! Which call this is.

use crate::host;

/// Which call this is: passed to a task whose second parameter is `cx: &Context`.
///
/// In a unit test it is what the installed [`testing::Host`](crate::testing::Host) says;
/// without one, every method panics and says how to install it.
#[derive(Debug)]
pub struct Context {
    _made_by_the_host: (),
}

impl Context {
    pub(crate) fn current() -> Self {
        Self { _made_by_the_host: () }
    }

    /// Stable for the state's visit: the same in every retry, after a crash of the host, and
    /// after a redrive. Hand it to whatever the task changes, so that twice means once.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        host::idempotency_key()
    }

    /// 1 for the first attempt, one more for each `Retry`.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        host::attempt()
    }

    /// 1 for the first time this attempt was sent out, one more after each loss of the host.
    #[must_use]
    pub fn dispatch(&self) -> u32 {
        host::dispatch()
    }

    /// The execution's id.
    #[must_use]
    pub fn execution_id(&self) -> String {
        host::execution_id()
    }

    /// The execution's name.
    #[must_use]
    pub fn execution_name(&self) -> String {
        host::execution_name()
    }

    /// The workflow's name.
    #[must_use]
    pub fn workflow_name(&self) -> String {
        host::workflow_name()
    }

    /// The state's name.
    #[must_use]
    pub fn state_name(&self) -> String {
        host::state_name()
    }

    /// Fuel left in the budget of this call (units).
    #[must_use]
    pub fn fuel_left(&self) -> u64 {
        host::fuel_left()
    }
}
