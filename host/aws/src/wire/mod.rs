//! Requests become calls, and what comes of a call becomes an answer.
//!
//! A listener asks [`Route::of`] whose request it is, lets [`sigv4`](crate::sigv4) say who sent it,
//! reads its input with [`Route::read`], has the call done, and answers with [`Call::respond`].
//! Whatever goes wrong on the way is answered in the service's own form by [`Route::refuse`].

mod answer;
mod input;

use crate::model::{Model, Operation, Protocol};
use crate::{Service, ServiceError};

pub use input::BODY_BYTES_MAX;
use serde_json::Value;

/// A request as a listener has it, before anything is decoded.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In capitals, such as `POST`.
    pub method: &'a str,
    /// As it was sent, percent-encoded, from its first `/` up to the `?`.
    pub path: &'a str,
    /// What stood behind the `?`, or nothing.
    pub query: &'a str,
    /// Names in any case, in the order in which they came; repeated ones are repeated. A listener
    /// that speaks HTTP/2 puts `:authority` here as `host`.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// All of the body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The values of a header that are UTF-8.
    pub(crate) fn header_values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let same = move |found: &str| found.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(move |(found, _)| same(found))
            .filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The value of a header that stands there once.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        let count = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).count();
        if count == 1 { self.header_values(name).next().map(str::trim) } else { None }
    }
}

/// Who calls, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// 12 digits
    pub account: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// The key that the request names; nobody without one.
    pub access_key_id: Option<String>,
}

/// Which operation of which service a request is for, and how it is to be answered.
#[derive(Debug, Clone)]
pub struct Route {
    service: Service,
    protocol: Protocol,
    asked: Asked,
    operation: Option<&'static Operation>,
    request_id: String,
}

/// What a request wants, in words for a refusal.
#[derive(Debug, Clone)]
enum Asked {
    /// The operation's name, or what stands in its place
    Operation(String),
    /// Something of a service that is none of these
    Elsewhere(String),
}

/// An operation with its input, checked against the model.
#[derive(Debug, Clone)]
pub struct Call {
    /// The service
    pub service: Service,
    /// The operation's name, such as `StartExecution`.
    pub operation: &'static str,
    /// How the answer is to be written.
    pub protocol: Protocol,
    /// The members of the operation's input shape: no nulls, no unknown ones, timestamps in
    /// seconds since 1970.
    pub input: Value,
    /// Who calls
    pub caller: Caller,
    /// The id that the answer has.
    pub request_id: String,
}

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The HTTP status
    pub status: u16,
    /// Names in small letters, with values that may stand in a header.
    pub headers: Vec<(&'static str, String)>,
    /// All of the body.
    pub body: Vec<u8>,
}

impl Route {
    /// Whose request it is: by `X-Amz-Target`, else by the service in the credential's scope, else
    /// by path. `None` for a request that no AWS client sends; a listener with routes of its own
    /// asks those first, because `/schedules` may be one of them.
    ///
    /// Every request is answered under `request_id`, which the caller makes up.
    pub fn of(request: &Request<'_>, request_id: impl Into<String>) -> Option<Self> {
        let request_id = request_id.into();
        if request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-amz-target")) {
            return Some(Self::of_target(request, request_id));
        }
        let scope = crate::sigv4::claimed_scope(request);
        let service = match scope.as_ref().map(|scope| scope.service.as_str()) {
            Some(name) => match Service::of_scope(name) {
                Some(service) => service,
                None => return Some(Self::elsewhere(format!("The service '{name}'"), request_id)),
            },
            None => of_path(request)?,
        };
        Some(match service {
            Service::States | Service::Events => {
                Self::unknown(service, format!("{} without X-Amz-Target", request.method), request_id)
            }
            Service::Scheduler => Self::of_rest(service, request, request_id),
            Service::Sts => Self::of_form(service, request, request_id),
        })
    }

    /// The service
    pub fn service(&self) -> Service {
        self.service
    }

    /// The operation's name; what was asked for, if the service has no such operation.
    pub fn operation_name(&self) -> &str {
        match &self.asked {
            Asked::Operation(asked) | Asked::Elsewhere(asked) => asked,
        }
    }

    /// The operation's input, checked against the model.
    ///
    /// # Errors
    /// `UnknownOperationException`, `SerializationException` or `ValidationException`; answer it
    /// with [`Route::refuse`].
    pub fn read(&self, request: &Request<'_>, caller: Caller) -> Result<Call, ServiceError> {
        let operation = self.operation()?;
        let model = self.service.model();
        let found = match self.protocol {
            Protocol::Json10 | Protocol::Json11 => input::json(request),
            Protocol::RestJson => input::rest(model, operation, request),
            Protocol::Query => input::form(model, operation, request),
        }?;
        Ok(Call {
            service: self.service,
            operation: operation.name(),
            protocol: self.protocol,
            input: model.check_input(operation, found)?,
            caller,
            request_id: self.request_id.clone(),
        })
    }

    /// The operation, or the error that says that there is none.
    ///
    /// # Errors
    /// `UnknownOperationException`, naming what was asked for.
    pub fn operation(&self) -> Result<&'static Operation, ServiceError> {
        self.operation.ok_or_else(|| {
            let service = self.service.title();
            let message = match &self.asked {
                Asked::Operation(asked) => {
                    format!("{} is no operation of {service} that this host knows", printable(asked))
                }
                Asked::Elsewhere(what) => format!("{} is none that this host has", printable(what)),
            };
            let code = match self.protocol {
                Protocol::Query => "InvalidAction",
                Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => "UnknownOperationException",
            };
            ServiceError::new(code, format!("{message}. See host/docs/aws.md for what there is."))
        })
    }

    /// The answer that says why not.
    pub fn refuse(&self, error: &ServiceError) -> Parts {
        answer::failure(self.service, self.protocol, &self.request_id, error)
    }

    fn of_target(request: &Request<'_>, request_id: String) -> Self {
        let target = request.header("x-amz-target").unwrap_or_default();
        let (prefix, name) = target.split_once('.').unwrap_or(("", target));
        let by_prefix = |service: &Service| {
            let known = service.model().target_prefix();
            !known.is_empty() && known == prefix
        };
        match Service::ALL.into_iter().find(by_prefix) {
            Some(service) if request.method == "POST" => {
                let operation = service.model().operation(name);
                Self::new(service, name.to_owned(), operation, request_id)
            }
            Some(service) => Self::unknown(service, format!("{} with X-Amz-Target", request.method), request_id),
            None => Self::elsewhere(format!("The target '{target}'"), request_id),
        }
    }

    fn of_rest(service: Service, request: &Request<'_>, request_id: String) -> Self {
        let found = service.model().operations().find(|operation| {
            operation
                .http()
                .is_some_and(|(method, path)| method == request.method && input::labels(path, request.path).is_some())
        });
        let asked = match found {
            Some(operation) => operation.name().to_owned(),
            None => format!("{} {}", request.method, request.path),
        };
        Self::new(service, asked, found, request_id)
    }

    fn of_form(service: Service, request: &Request<'_>, request_id: String) -> Self {
        let action = input::form_action(request).unwrap_or_else(|| "a request without Action".to_owned());
        let operation = service.model().operation(&action);
        Self::new(service, action, operation, request_id)
    }

    fn unknown(service: Service, asked: String, request_id: String) -> Self {
        Self::new(service, asked, None, request_id)
    }

    /// Answered as Step Functions would: it is the simplest of the protocols.
    fn elsewhere(what: String, request_id: String) -> Self {
        let (service, asked) = (Service::States, Asked::Elsewhere(what));
        Self { service, protocol: service.model().protocol(), asked, operation: None, request_id }
    }

    fn new(service: Service, asked: String, operation: Option<&'static Operation>, request_id: String) -> Self {
        Self { service, protocol: service.model().protocol(), asked: Asked::Operation(asked), operation, request_id }
    }
}

impl Call {
    /// The answer to this call: the operation's output, or what went wrong.
    pub fn respond(&self, result: Result<Value, ServiceError>) -> Parts {
        match result {
            Ok(output) => answer::success(self, output),
            Err(error) => answer::failure(self.service, self.protocol, &self.request_id, &error),
        }
    }

    /// A member of the input.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.input.get(name)
    }

    /// A member of the input that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.as_str()
    }

    /// The model of this call's service.
    pub fn model(&self) -> &'static Model {
        self.service.model()
    }
}

/// The service whose paths these are.
fn of_path(request: &Request<'_>) -> Option<Service> {
    let known =
        |operation: &Operation| operation.http().is_some_and(|(_, path)| input::labels(path, request.path).is_some());
    if Service::Scheduler.model().operations().any(known) {
        return Some(Service::Scheduler);
    }
    let action = if request.path == "/" { input::form_action(request) } else { None };
    action.filter(|action| Service::Sts.model().operation(action).is_some()).map(|_| Service::Sts)
}

/// What a client sent, in a message: short, on one line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
