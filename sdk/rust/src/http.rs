//! Requests to origins that the project file grants (`[plugins.NAME.grants] http`).
//!
//! Waiting for an answer burns fuel by the clock, so a server that hangs cannot outlast the
//! call's budget. An answer of any status is a [`Response`]; [`Response::success`] turns the
//! others into a failure.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, host};

/// A request, built and then [sent](Request::send).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Absolute: `https://host[:port]/path`.
    pub url: String,
    /// Names and values in the order they were added.
    pub headers: Vec<(String, String)>,
    /// Empty when there is none.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200, 404, …
    pub status: u16,
    /// Names and values in the order they came.
    pub headers: Vec<(String, String)>,
    /// Whole, in memory.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No grant covers this origin or address.
    Denied(String),
    /// The request itself is malformed.
    Invalid(String),
    /// The name did not resolve, nothing answered, or the connection broke.
    Unreachable(String),
    /// The answer is larger than the grant's `response_bytes_max`.
    TooLarge(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied(why) | Self::Invalid(why) | Self::Unreachable(why) | Self::TooLarge(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl Request {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A `GET` request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A `POST` request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// A `PUT` request.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// A `DELETE` request.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body as it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to a JSON document and `content-type` to `application/json`.
    ///
    /// # Errors
    /// The failure `InvalidJson` when the value does not write as JSON (a map whose keys are
    /// not text).
    pub fn json(self, value: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value)?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    /// [`Error`] when there is no answer; an answer of any status is not an error.
    pub fn send(self) -> Result<Response, Error> {
        host::http_send(self)
    }
}

impl Response {
    /// An answer, for a test's responder.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Sets the body, for a test's responder.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The first header of this name, compared without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the status is 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer itself when its status is 200 to 299.
    ///
    /// # Errors
    /// The failure `HttpStatus` with the status and the beginning of the body.
    pub fn success(self) -> Result<Self, Failure> {
        if self.is_success() {
            return Ok(self);
        }
        Err(Failure::new("HttpStatus", format!("status {}: {}", self.status, self.excerpt())))
    }

    /// The body as text, bytes that are not UTF-8 replaced, at most 256 characters of it: for
    /// a cause or a log line.
    #[must_use]
    pub fn excerpt(&self) -> String {
        const EXCERPT_CHARACTERS_MAX: usize = 256;
        String::from_utf8_lossy(&self.body).trim().chars().take(EXCERPT_CHARACTERS_MAX).collect()
    }

    /// The body as text.
    ///
    /// # Errors
    /// The failure `InvalidText` when it is not UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// The failure `InvalidJson` when it is not JSON, or not of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}
