//! The services' models: operations, shapes and their constraints, as AWS publishes them.
//!
//! The files under `host/aws/models` are written by `host/aws/tools/models.py` and are part of the
//! binary. They are data about public APIs; [`Model::check_input`] reads requests by them and
//! refuses in AWS's words, [`Model::check_output`] says where an answer is not what the model
//! promises.

mod constraints;
mod convert;
mod file;
mod output;
mod show;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde_json::Value;

use crate::{Service, ServiceError};

pub use constraints::{SHOWN_CHARS_MAX, VALIDATION_ERRORS_MAX};
pub use output::Violation;

/// The operations and shapes of one service.
#[derive(Debug)]
pub struct Model {
    protocol: Protocol,
    target_prefix: String,
    xml_namespace: String,
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson 1.0
    Json10,
    /// awsJson 1.1
    Json11,
    /// restJson1: paths, queries and JSON bodies
    RestJson,
    /// forms in, XML out
    Query,
}

/// One operation of a service.
#[derive(Debug)]
pub struct Operation {
    name: String,
    modelled: bool,
    /// Method and path with its labels, of restJson1.
    http: Option<(String, String)>,
    status: u16,
    input: String,
    output: String,
    /// The element around the result, of XML.
    wrapper: String,
    errors: Vec<String>,
    host_prefix: String,
    page: Option<(String, String)>,
}

impl Operation {
    /// Its name, such as `CreateStateMachine`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its shapes are in the model; an operation without them is known by name alone.
    pub fn is_modelled(&self) -> bool {
        self.modelled
    }

    /// Whether an answer of it has a body.
    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// The member that continues a listing, and the one that limits it.
    pub fn page(&self) -> Option<(&str, &str)> {
        self.page.as_ref().map(|(token, limit)| (token.as_str(), limit.as_str()))
    }

    /// What SDKs put before the name of the host: `sync-`, or nothing.
    pub fn host_prefix(&self) -> &str {
        &self.host_prefix
    }

    /// The error shapes that its model names.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    pub(crate) fn http(&self) -> Option<(&str, &str)> {
        self.http.as_ref().map(|(method, path)| (method.as_str(), path.as_str()))
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn wrapper(&self) -> &str {
        &self.wrapper
    }
}

/// What a value can be.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<Pattern>,
    values: Vec<String>,
    sensitive: bool,
    /// The status of an error's shape.
    error: Option<u16>,
    /// The code of an error's shape, where it is not the shape's name.
    code: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Structure { members: Vec<Member>, shown: Vec<String> },
    List { member: String },
    Map { key: String, value: String },
    String,
    Boolean,
    Integer,
    Long,
    Float,
    Timestamp,
}

/// A member of a structure, in the model's order.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) shape: String,
    pub(crate) required: bool,
    pub(crate) place: Place,
}

/// Where a member travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Body,
    Label(String),
    Query(String),
}

/// A regular expression of the model, as people see it and as it is matched.
#[derive(Debug)]
struct Pattern {
    shown: String,
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
    compiled: OnceLock<[Vec<Regex>; 3]>,
}

impl Model {
    /// The model of a service.
    pub fn of(service: Service) -> &'static Self {
        static MODELS: [LazyLock<Model>; 4] = [
            LazyLock::new(|| file::read(include_str!("../../models/states.json"))),
            LazyLock::new(|| file::read(include_str!("../../models/events.json"))),
            LazyLock::new(|| file::read(include_str!("../../models/scheduler.json"))),
            LazyLock::new(|| file::read(include_str!("../../models/sts.json"))),
        ];
        let [states, events, scheduler, sts] = &MODELS;
        match service {
            Service::States => states,
            Service::Events => events,
            Service::Scheduler => scheduler,
            Service::Sts => sts,
        }
    }

    /// How the service speaks.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What stands before the point in `X-Amz-Target`; empty for a service without it.
    pub(crate) fn target_prefix(&self) -> &str {
        &self.target_prefix
    }

    pub(crate) fn xml_namespace(&self) -> &str {
        &self.xml_namespace
    }

    /// An operation by its name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// All operations, by name.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// An input with the types and constraints of the model: members that are null or that the
    /// model does not know are left out, as AWS does.
    ///
    /// # Errors
    /// `SerializationException` where a value has another type; otherwise `ValidationException`
    /// with every constraint that is not met, up to [`VALIDATION_ERRORS_MAX`].
    pub fn check_input(&self, operation: &Operation, input: Value) -> Result<Value, ServiceError> {
        let input = self.convert_input(operation, input)?;
        self.check_constraints(operation, &input)?;
        Ok(input)
    }

    /// The members of an operation's input; none for an operation that is known by name alone.
    pub(crate) fn input_members<'a>(&'a self, operation: &Operation) -> &'a [Member] {
        match self.shape(&operation.input).map(|shape| &shape.kind) {
            Some(Kind::Structure { members, shown: _ }) => members,
            Some(_) | None => &[],
        }
    }

    /// The names of the members of an operation's output, in the model's order.
    pub(crate) fn output_members<'a>(&'a self, operation: &Operation) -> impl Iterator<Item = &'a str> {
        let members = match self.shape(&operation.output).map(|shape| &shape.kind) {
            Some(Kind::Structure { members, shown: _ }) => members.as_slice(),
            Some(_) | None => &[],
        };
        members.iter().map(|member| member.name.as_str())
    }

    /// The status of an error of this service, if the code is one of its shapes.
    pub(crate) fn error_status(&self, code: &str) -> Option<u16> {
        let by_code = || self.shapes.values().find(|shape| shape.code.as_deref() == Some(code));
        self.shape(code).filter(|shape| shape.error.is_some()).or_else(by_code)?.error
    }

    /// How the message of an error is called: the services differ in its first letter.
    pub(crate) fn message_member(&self, code: &str) -> &str {
        let named = match self.shape(code).map(|shape| &shape.kind) {
            Some(Kind::Structure { members, shown: _ }) => {
                members.iter().map(|member| member.name.as_str()).find(|name| name.eq_ignore_ascii_case("message"))
            }
            Some(_) | None => None,
        };
        named.unwrap_or(match self.protocol {
            Protocol::RestJson => "Message",
            Protocol::Json10 | Protocol::Json11 | Protocol::Query => "message",
        })
    }

    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        let [all, any, none] =
            self.compiled.get_or_init(|| [&self.all, &self.any, &self.none].map(|list| compile(list)));
        all.iter().all(|expression| expression.is_match(text))
            && (any.is_empty() || any.iter().any(|expression| expression.is_match(text)))
            && !none.iter().any(|expression| expression.is_match(text))
    }
}

/// Expressions for whole texts. One that does not compile would be a mistake in the files of this
/// crate, and a test compiles them all; it is left out here.
fn compile(list: &[String]) -> Vec<Regex> {
    list.iter().filter_map(|expression| Regex::new(&format!(r"\A(?:{expression})\z")).ok()).collect()
}

#[cfg(test)]
mod tests;
