//! Calling a task through JSON from a test.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::task::{Fallible, Plain, read};
use crate::{Context, Failure};

/// A function that `#[stepwell::task]` accepts. `M` tells its four shapes apart and is always
/// inferred; where it cannot be (an error type that `serde` can write too), call the function
/// itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task's function",
    note = "a task is `fn(Input) -> Output` or `fn(Input, &Context) -> Output`, where `Output` is serializable or a `Result` whose error converts into `Failure`"
)]
pub trait Runnable<M> {
    /// One call.
    ///
    /// # Errors
    /// The task's failure, or `InvalidInput`.
    fn run(self, input: &str, cx: &Context) -> Result<Value, Failure>;
}

impl<F, I, T, E> Runnable<(I, Result<T, E>)> for F
where
    F: FnOnce(I) -> Result<T, E>,
    I: DeserializeOwned,
    T: Serialize,
    E: Into<Failure>,
{
    fn run(self, input: &str, _: &Context) -> Result<Value, Failure> {
        value(Fallible.write(self(read(input)?))?)
    }
}

impl<F, I, O> Runnable<(I, O, Plain)> for F
where
    F: FnOnce(I) -> O,
    I: DeserializeOwned,
    O: Serialize,
{
    fn run(self, input: &str, _: &Context) -> Result<Value, Failure> {
        value(Plain.write(self(read(input)?))?)
    }
}

impl<F, I, T, E> Runnable<(I, Context, Result<T, E>)> for F
where
    F: FnOnce(I, &Context) -> Result<T, E>,
    I: DeserializeOwned,
    T: Serialize,
    E: Into<Failure>,
{
    fn run(self, input: &str, cx: &Context) -> Result<Value, Failure> {
        value(Fallible.write(self(read(input)?, cx))?)
    }
}

impl<F, I, O> Runnable<(I, Context, O, Plain)> for F
where
    F: FnOnce(I, &Context) -> O,
    I: DeserializeOwned,
    O: Serialize,
{
    fn run(self, input: &str, cx: &Context) -> Result<Value, Failure> {
        value(Plain.write(self(read(input)?, cx))?)
    }
}

fn value(text: String) -> Result<Value, Failure> {
    Ok(serde_json::from_str(&text)?)
}
