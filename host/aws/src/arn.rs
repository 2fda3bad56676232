//! Names of AWS's resources, `arn:aws:states:us-east-1:000000000000:stateMachine:orders`.

use std::fmt;

use crate::ServiceError;

/// Longest ARN that is read (characters).
pub const ARN_CHARS_MAX: usize = 2_048;

/// A resource with where it is and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`
    pub partition: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// 12 digits
    pub account: String,
    /// What it names.
    pub resource: Resource,
}

/// What an ARN can name here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `stateMachine:NAME`, with a distributed Map's label behind a `/`, or a version or an alias
    /// behind a `:`
    StateMachine { name: String, label: Option<String>, qualifier: Option<Qualifier> },
    /// `execution:MACHINE:NAME`; the machine of a distributed Map's child has the label
    Execution { machine: String, label: Option<String>, name: String },
    /// `express:MACHINE:NAME:ID`, an express execution
    Express { machine: String, label: Option<String>, name: String, id: String },
    /// `activity:NAME`
    Activity { name: String },
    /// `mapRun:MACHINE/LABEL:ID`
    MapRun { machine: String, label: String, id: String },
    /// `event-bus/NAME`
    EventBus { name: String },
    /// `rule/NAME` on the default bus, `rule/BUS/NAME` on another
    Rule { bus: Option<String>, name: String },
    /// `archive/NAME`
    Archive { name: String },
    /// `replay/NAME`
    Replay { name: String },
    /// `connection/NAME/ID`
    Connection { name: String, id: String },
    /// `api-destination/NAME/ID`
    ApiDestination { name: String, id: String },
    /// `schedule/GROUP/NAME`
    Schedule { group: String, name: String },
    /// `schedule-group/NAME`
    ScheduleGroup { name: String },
}

/// What stands behind a state machine's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Qualifier {
    /// A published version, from 1
    Version(u64),
    /// An alias
    Alias(String),
}

/// Why a text is no ARN of a resource that is known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not begin as ARNs do.
    #[error("Invalid ARN prefix: {0}")]
    Prefix(String),
    /// Its parts are not those of an ARN.
    #[error("Invalid ARN: {0}")]
    Form(String),
    /// It names something else than what is asked for.
    #[error("Resource type not valid in this context: {0}")]
    Kind(String),
}

impl Error {
    /// As Step Functions tells it, with the code `InvalidArn`.
    pub fn for_states(&self) -> ServiceError {
        ServiceError::new("InvalidArn", format!("Invalid Arn: '{self}'"))
    }

    /// As EventBridge and Scheduler tell it: the parameter that has the ARN is not valid.
    pub fn for_parameter(&self, parameter: &str) -> ServiceError {
        ServiceError::validation(format!(
            "Parameter {parameter} is not valid. Reason: Provided Arn is not in correct format."
        ))
    }
}

impl Arn {
    /// Reads an ARN of Step Functions, EventBridge or Scheduler.
    ///
    /// # Errors
    /// For a text that does not begin with `arn:`, lacks a part, or names a resource that none of
    /// them has.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let short = || text.chars().take(256).collect::<String>();
        if !text.starts_with("arn:") {
            return Err(Error::Prefix(short()));
        }
        let form = || Error::Form(short());
        if text.chars().nth(ARN_CHARS_MAX).is_some() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(form());
        }
        let mut parts = text.splitn(6, ':').skip(1);
        let mut part = || parts.next().map(str::to_owned).ok_or_else(form);
        let (partition, service, region, account, resource) = (part()?, part()?, part()?, part()?, part()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_partition = partition == "aws" || partition.starts_with("aws-");
        if !is_partition || region.is_empty() || !is_account {
            return Err(form());
        }
        let kind = || Error::Kind(resource.split([':', '/']).next().unwrap_or_default().chars().take(256).collect());
        let resource = match service.as_str() {
            "states" => of_states(&resource),
            "events" => of_events(&resource),
            "scheduler" => of_scheduler(&resource),
            _ => None,
        };
        Ok(Self { partition, region, account, resource: resource.ok_or_else(kind)? })
    }

    /// The service whose resource it is.
    pub fn service(&self) -> crate::Service {
        match self.resource {
            Resource::StateMachine { .. }
            | Resource::Execution { .. }
            | Resource::Express { .. }
            | Resource::Activity { .. }
            | Resource::MapRun { .. } => crate::Service::States,
            Resource::EventBus { .. }
            | Resource::Rule { .. }
            | Resource::Archive { .. }
            | Resource::Replay { .. }
            | Resource::Connection { .. }
            | Resource::ApiDestination { .. } => crate::Service::Events,
            Resource::Schedule { .. } | Resource::ScheduleGroup { .. } => crate::Service::Scheduler,
        }
    }

    /// An ARN in the partition `aws`.
    pub fn new(region: impl Into<String>, account: impl Into<String>, resource: Resource) -> Self {
        Self { partition: "aws".to_owned(), region: region.into(), account: account.into(), resource }
    }

    /// That this ARN names something that an operation does not take there.
    pub fn unfit(&self) -> Error {
        let text = self.resource.to_string();
        Error::Kind(text.split([':', '/']).next().unwrap_or_default().to_owned())
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service().scope();
        write!(f, "arn:{}:{service}:{}:{}:{}", self.partition, self.region, self.account, self.resource)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = |name: &str, label: &Option<String>| match label {
            Some(label) => format!("{name}/{label}"),
            None => name.to_owned(),
        };
        match self {
            Self::StateMachine { name, label, qualifier } => {
                write!(f, "stateMachine:{}", machine(name, label))?;
                match qualifier {
                    Some(Qualifier::Version(version)) => write!(f, ":{version}"),
                    Some(Qualifier::Alias(alias)) => write!(f, ":{alias}"),
                    None => Ok(()),
                }
            }
            Self::Execution { machine: of, label, name } => write!(f, "execution:{}:{name}", machine(of, label)),
            Self::Express { machine: of, label, name, id } => write!(f, "express:{}:{name}:{id}", machine(of, label)),
            Self::Activity { name } => write!(f, "activity:{name}"),
            Self::MapRun { machine, label, id } => write!(f, "mapRun:{machine}/{label}:{id}"),
            Self::EventBus { name } => write!(f, "event-bus/{name}"),
            Self::Rule { bus: Some(bus), name } => write!(f, "rule/{bus}/{name}"),
            Self::Rule { bus: None, name } => write!(f, "rule/{name}"),
            Self::Archive { name } => write!(f, "archive/{name}"),
            Self::Replay { name } => write!(f, "replay/{name}"),
            Self::Connection { name, id } => write!(f, "connection/{name}/{id}"),
            Self::ApiDestination { name, id } => write!(f, "api-destination/{name}/{id}"),
            Self::Schedule { group, name } => write!(f, "schedule/{group}/{name}"),
            Self::ScheduleGroup { name } => write!(f, "schedule-group/{name}"),
        }
    }
}

fn of_states(resource: &str) -> Option<Resource> {
    let parts: Vec<_> = resource.splitn(6, ':').map(str::to_owned).collect();
    if parts.iter().any(String::is_empty) {
        return None;
    }
    let machine = |text: &str| match text.split_once('/') {
        Some((name, label)) if !name.is_empty() && !label.is_empty() && !label.contains('/') => {
            Some((name.to_owned(), Some(label.to_owned())))
        }
        Some(_) => None,
        None => Some((text.to_owned(), None)),
    };
    let parts: Vec<_> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["stateMachine", found] => {
            let (name, label) = machine(found)?;
            Some(Resource::StateMachine { name, label, qualifier: None })
        }
        ["stateMachine", found, qualifier] => {
            let (name, label) = machine(found)?;
            Some(Resource::StateMachine { name, label, qualifier: Some(Qualifier::of(qualifier)?) })
        }
        ["execution", found, name] => {
            let (machine, label) = machine(found)?;
            Some(Resource::Execution { machine, label, name: (*name).to_owned() })
        }
        ["express", found, name, id] => {
            let (machine, label) = machine(found)?;
            Some(Resource::Express { machine, label, name: (*name).to_owned(), id: (*id).to_owned() })
        }
        ["activity", name] => Some(Resource::Activity { name: (*name).to_owned() }),
        ["mapRun", found, id] => {
            let (machine, label) = machine(found)?;
            Some(Resource::MapRun { machine, label: label?, id: (*id).to_owned() })
        }
        _ => None,
    }
}

impl Qualifier {
    /// All digits are a version; anything else is an alias.
    fn of(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().filter(|version| *version > 0 && !text.starts_with('0')).map(Self::Version);
        }
        Some(Self::Alias(text.to_owned()))
    }
}

/// Buses may have slashes in their names: those of partners do.
fn of_events(resource: &str) -> Option<Resource> {
    let (kind, rest) = resource.split_once('/')?;
    if rest.split('/').any(str::is_empty) {
        return None;
    }
    let one = |text: &str| (!text.contains('/')).then(|| text.to_owned());
    let two = |text: &str| text.split_once('/').and_then(|(name, id)| Some((one(name)?, one(id)?)));
    match kind {
        "event-bus" => Some(Resource::EventBus { name: rest.to_owned() }),
        "rule" => Some(match rest.rsplit_once('/') {
            Some((bus, name)) => Resource::Rule { bus: Some(bus.to_owned()), name: name.to_owned() },
            None => Resource::Rule { bus: None, name: rest.to_owned() },
        }),
        "archive" => Some(Resource::Archive { name: one(rest)? }),
        "replay" => Some(Resource::Replay { name: one(rest)? }),
        "connection" => two(rest).map(|(name, id)| Resource::Connection { name, id }),
        "api-destination" => two(rest).map(|(name, id)| Resource::ApiDestination { name, id }),
        _ => None,
    }
}

fn of_scheduler(resource: &str) -> Option<Resource> {
    let parts: Vec<_> = resource.splitn(4, '/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    match parts.as_slice() {
        ["schedule", group, name] => Some(Resource::Schedule { group: (*group).to_owned(), name: (*name).to_owned() }),
        ["schedule-group", name] => Some(Resource::ScheduleGroup { name: (*name).to_owned() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        for resource in [
            "states:us-east-1:000000000000:stateMachine:orders",
            "states:us-east-1:000000000000:stateMachine:orders:3",
            "states:us-east-1:000000000000:stateMachine:orders:live",
            "states:us-east-1:000000000000:stateMachine:orders/each",
            "states:us-east-1:000000000000:execution:orders:one",
            "states:us-east-1:000000000000:execution:orders/each:one",
            "states:us-east-1:000000000000:express:orders:one:5f3a",
            "states:us-east-1:000000000000:activity:pack",
            "states:us-east-1:000000000000:mapRun:orders/each:5f3a",
            "events:eu-central-1:111111111111:event-bus/aws.partner/example.com/1",
            "events:eu-central-1:111111111111:rule/orders",
            "events:eu-central-1:111111111111:rule/aws.partner/example.com/1/orders",
            "events:eu-central-1:111111111111:archive/all",
            "events:eu-central-1:111111111111:replay/again",
            "events:eu-central-1:111111111111:connection/shop/5f3a",
            "events:eu-central-1:111111111111:api-destination/shop/5f3a",
            "scheduler:eu-central-1:111111111111:schedule/default/nightly",
            "scheduler:eu-central-1:111111111111:schedule-group/default",
        ] {
            let text = format!("arn:aws:{resource}");
            assert_eq!(Arn::parse(&text).unwrap().to_string(), text);
        }
        let version = Arn::parse("arn:aws:states:us-east-1:000000000000:stateMachine:orders:3").unwrap().resource;
        let is =
            Resource::StateMachine { name: "orders".to_owned(), label: None, qualifier: Some(Qualifier::Version(3)) };
        assert_eq!(version, is);
    }

    #[test]
    fn what_is_no_arn_is_refused_in_awss_words() {
        let told = |text: &str| Arn::parse(text).unwrap_err().for_states().to_string();
        assert_eq!(told("invalid_arn"), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: invalid_arn'");
        let states = "arn:aws:states:us-east-1:000000000000";
        for (text, part) in [
            ("arn:aws:states", "Invalid ARN: arn:aws:states"),
            ("arn:aws:states:us-east-1:1:activity:x", "Invalid ARN: "),
            ("arn:none:states:us-east-1:000000000000:activity:x", "Invalid ARN: "),
            (&format!("{states}:activity:a b"), "Invalid ARN: "),
            (&format!("{states}:queue:x"), "Resource type not valid in this context: queue"),
            (&format!("{states}:activity:"), "Resource type not valid in this context: activity"),
            (&format!("{states}:stateMachine:x:0"), "not valid in this context: stateMachine"),
            (&format!("{states}:mapRun:x:1"), "not valid in this context: mapRun"),
            (&format!("{states}:execution:a:b:c"), "not valid in this context: execution"),
            ("arn:aws:sqs:us-east-1:000000000000:q", "not valid in this context: q"),
            ("arn:aws:events:us-east-1:000000000000:rule//x", "not valid in this context: rule"),
        ] {
            assert!(told(text).contains(part), "{text}: {}", told(text));
        }
    }

    #[test]
    fn an_arn_has_a_length() {
        let text = |chars: usize| {
            let start = "arn:aws:states:us-east-1:000000000000:activity:";
            format!("{start}{}", "ä".repeat(chars - start.len()))
        };
        assert!(Arn::parse(&text(ARN_CHARS_MAX)).is_ok());
        assert!(matches!(Arn::parse(&text(ARN_CHARS_MAX + 1)), Err(Error::Form(_))));
    }
}
