//! Between the JSON text of the interface and the types of a task's function.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{Context, Failure};

/// What the attribute implements for a component's function.
pub trait Task {
    /// A JSON object that tells what the task is.
    fn describe() -> String;

    /// One call.
    ///
    /// # Errors
    /// The task's failure, or `InvalidInput`.
    fn run(input: &str) -> Result<String, Failure>;
}

/// The context of the call that is running.
#[must_use]
pub fn context() -> Context {
    Context::current()
}

/// The text of `describe`.
#[must_use]
pub fn describe(name: &str, version: &str, summary: &str) -> String {
    json!({ "name": name, "version": version, "summary": summary }).to_string()
}

/// The input's text as the function's type.
///
/// # Errors
/// `InvalidInput`, whose cause names the field and what is wrong with it.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { "the input".to_owned() } else { format!("`{path}`") };
        Failure::new("InvalidInput", format!("{place}: {}", error.into_inner()))
    })?;
    reader.end().map_err(|error| Failure::new("InvalidInput", format!("the input: {error}")))?;
    Ok(value)
}

/// Finds out, where the attribute is used, whether the function returns a `Result`: by its
/// type, so that an alias of `Result` is one too, and before any bound is looked at, so that
/// a type that `serde` cannot write is told as that.
#[derive(Debug)]
pub struct Probe<O>(std::marker::PhantomData<O>);

impl<O> Probe<O> {
    /// A probe of the type of this value.
    pub fn of(_output: &O) -> Self {
        Self(std::marker::PhantomData)
    }
}

/// A probe of a `Result`. Chosen over [`KindPlain`] because it needs one reference less.
pub trait KindFallible {
    /// How such an output is written.
    fn kind(&self) -> Fallible {
        Fallible
    }
}

impl<T, E> KindFallible for Probe<Result<T, E>> {}

/// A probe of anything.
pub trait KindPlain {
    /// How such an output is written.
    fn kind(&self) -> Plain {
        Plain
    }
}

impl<O> KindPlain for &Probe<O> {}

/// Writes a `Result`.
#[derive(Debug)]
pub struct Fallible;

impl Fallible {
    /// The output's text, or the failure.
    ///
    /// # Errors
    /// The task's own, or `InvalidOutput` when the value does not write as JSON.
    pub fn write<T: Serialize, E: Into<Failure>>(self, output: Result<T, E>) -> Result<String, Failure> {
        output.map_err(Into::into).and_then(|value| text(&value))
    }
}

/// Writes anything that is not a `Result`.
#[derive(Debug)]
pub struct Plain;

impl Plain {
    /// The output's text.
    ///
    /// # Errors
    /// `InvalidOutput` when the value does not write as JSON.
    pub fn write<T: Serialize>(self, output: T) -> Result<String, Failure> {
        text(&output)
    }
}

fn text(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::new("InvalidOutput", format!("the output: {error}")))
}
