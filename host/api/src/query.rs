//! Parameters of a query: all must be known and well formed.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::Problem;

/// The parameters of a request's query, in order.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<Vec<(String, String)>>::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(invalid(rejection.body_text())),
        }
    }
}

impl Parameters {
    /// Refuses parameters that nobody asks for, and those that come twice.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Problem> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let list = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(invalid(format!("the parameter \"{name}\" is not known here; known: {list}")));
            }
            if self.0.iter().skip(at + 1).any(|(other, _)| other == name) {
                return Err(invalid(format!("the parameter \"{name}\" is there twice")));
            }
        }
        Ok(self)
    }

    /// The parameter's value; an empty one counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    pub(crate) fn is_present(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// A number from `low` to `high`.
    pub(crate) fn number(&self, name: &str, low: u64, high: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (low..=high).contains(&number) => Ok(Some(number)),
            Ok(_) | Err(_) => {
                Err(invalid(format!("the parameter \"{name}\" must be a whole number from {low} to {high}")))
            }
        }
    }
}

pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-parameter", "A parameter of the query is not valid").detail(detail)
}
