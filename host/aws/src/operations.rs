//! Which operations are there: all that the models name, each with what this host does of it.
//!
//! What an operation does is registered here by the crate that does it, together with how much of
//! it that is; so the table in the documentation cannot say anything else than the code.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::wire::Route;
use crate::{Service, ServiceError};

/// How much of an operation there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All of it.
    Supported,
    /// Not all; how it differs, as the rest of a sentence.
    Partial(&'static str),
    /// Nothing: it is refused by name.
    No,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The service
    pub service: Service,
    /// The operation's name
    pub operation: &'static str,
    /// How much there is of it.
    pub status: Status,
}

/// Why an operation cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service's model has no such operation, or not its shapes.
    #[error("{service} has no operation {operation} in its model under host/aws/models")]
    Unknown {
        /// The service
        service: Service,
        /// What was to be registered.
        operation: String,
    },
    /// It is registered already.
    #[error("{service} {operation} is registered twice")]
    Twice {
        /// The service
        service: Service,
        /// What was to be registered.
        operation: String,
    },
}

/// The operations that there are, each with what does it: `H` is whatever the host calls.
pub struct Registry<H> {
    entries: BTreeMap<(Service, &'static str), (Status, H)>,
}

impl<H> fmt::Debug for Registry<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

impl<H> Default for Registry<H> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<H> Registry<H> {
    /// An operation that is all there.
    ///
    /// # Errors
    /// For a name that is not in the model, or is registered already.
    pub fn supported(&mut self, service: Service, operation: &str, handler: H) -> Result<(), Error> {
        self.add(service, operation, Status::Supported, handler)
    }

    /// An operation of which something is missing; `how` completes the sentence in the table.
    ///
    /// # Errors
    /// For a name that is not in the model, or is registered already.
    pub fn partial(&mut self, service: Service, operation: &str, how: &'static str, handler: H) -> Result<(), Error> {
        self.add(service, operation, Status::Partial(how), handler)
    }

    /// What does the operation that a request is for.
    ///
    /// # Errors
    /// `UnknownOperationException` for one that the service does not have,
    /// `UnsupportedOperationException` for one that it has and this host has not. Neither is a
    /// server's error, which clients would try again.
    pub fn find(&self, route: &Route) -> Result<&H, ServiceError> {
        let operation = route.operation()?;
        let service = route.service();
        self.entries.get(&(service, operation.name())).map(|(_, handler)| handler).ok_or_else(|| {
            let (title, name) = (service.title(), operation.name());
            let message = format!("{title} {name} is not supported by this host. See host/docs/aws.md for what is.");
            ServiceError::new("UnsupportedOperationException", message)
        })
    }

    /// Every operation of every service, by service and name.
    pub fn rows(&self) -> Vec<Row> {
        let of = |service: Service| {
            service.model().operations().map(move |operation| {
                let operation = operation.name();
                let status = self.entries.get(&(service, operation)).map_or(Status::No, |(status, _)| *status);
                Row { service, operation, status }
            })
        };
        Service::ALL.into_iter().flat_map(of).collect()
    }

    /// The table for the documentation, in Markdown.
    pub fn table(&self) -> String {
        let mut text = String::from("| service | operation | |\n|---|---|---|\n");
        for row in self.rows() {
            let status = match row.status {
                Status::Supported => "works".to_owned(),
                Status::Partial(how) => format!("partial: {how}"),
                Status::No => "no".to_owned(),
            };
            // Writing to a text cannot fail.
            let _ = writeln!(text, "| {} | `{}` | {status} |", row.service.title(), row.operation);
        }
        text
    }

    fn add(&mut self, service: Service, operation: &str, status: Status, handler: H) -> Result<(), Error> {
        let found = service.model().operation(operation).filter(|found| found.is_modelled());
        let Some(found) = found else { return Err(Error::Unknown { service, operation: operation.to_owned() }) };
        if self.entries.contains_key(&(service, found.name())) {
            return Err(Error::Twice { service, operation: operation.to_owned() });
        }
        self.entries.insert((service, found.name()), (status, handler));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Request;

    fn route(target: &str) -> Route {
        let headers = [("X-Amz-Target", target.as_bytes())];
        Route::of(&Request { method: "POST", path: "/", query: "", headers: &headers, body: b"{}" }, "r").unwrap()
    }

    #[test]
    fn what_is_not_registered_is_refused_by_name() {
        let mut registry = Registry::default();
        registry.supported(Service::States, "StartExecution", 1).unwrap();
        registry.partial(Service::States, "TestState", "without mocks", 2).unwrap();
        assert_eq!(registry.find(&route("AWSStepFunctions.StartExecution")), Ok(&1));
        let error = registry.find(&route("AWSStepFunctions.CreateActivity")).unwrap_err();
        assert_eq!(error.code(), "UnsupportedOperationException");
        assert!(error.message().contains("Step Functions CreateActivity"), "{error}");
        let unsupported = route("AWSStepFunctions.CreateActivity").refuse(&error);
        assert_eq!(unsupported.status, 400);
        let error = registry.find(&route("AWSStepFunctions.Fly")).unwrap_err();
        assert_eq!(error.code(), "UnknownOperationException");
        assert!(error.message().contains("Fly"), "{error}");
    }

    #[test]
    fn the_table_has_every_operation() {
        let mut registry = Registry::default();
        registry.supported(Service::Sts, "GetCallerIdentity", ()).unwrap();
        registry.partial(Service::Events, "PutRule", "tags are kept and not used", ()).unwrap();
        let table = registry.table();
        assert!(table.contains("| STS | `GetCallerIdentity` | works |"), "{table}");
        assert!(table.contains("| EventBridge | `PutRule` | partial: tags are kept and not used |"), "{table}");
        assert!(table.contains("| STS | `AssumeRole` | no |"), "{table}");
        assert_eq!(registry.rows().len(), 37 + 57 + 12 + 11);
    }

    #[test]
    fn only_modelled_operations_are_registered_and_once() {
        let mut registry = Registry::default();
        registry.supported(Service::States, "StartExecution", ()).unwrap();
        let twice = registry.supported(Service::States, "StartExecution", ()).unwrap_err();
        assert_eq!(twice.to_string(), "states StartExecution is registered twice");
        for (service, name) in [(Service::Events, "StartExecution"), (Service::Sts, "AssumeRole")] {
            assert!(matches!(registry.supported(service, name, ()), Err(Error::Unknown { .. })), "{name}");
        }
    }
}
