//! The services whose clients are understood.

use std::fmt;

use crate::model::Model;

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// AWS Step Functions
    States,
    /// Amazon EventBridge
    Events,
    /// Amazon EventBridge Scheduler
    Scheduler,
    /// AWS Security Token Service
    Sts,
}

impl Service {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::States, Self::Events, Self::Scheduler, Self::Sts];

    /// As credential scopes and ARNs have it.
    pub fn scope(self) -> &'static str {
        match self {
            Self::States => "states",
            Self::Events => "events",
            Self::Scheduler => "scheduler",
            Self::Sts => "sts",
        }
    }

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::States => "Step Functions",
            Self::Events => "EventBridge",
            Self::Scheduler => "EventBridge Scheduler",
            Self::Sts => "STS",
        }
    }

    /// The service that a credential scope names.
    pub fn of_scope(scope: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.scope() == scope)
    }

    /// Its operations and shapes.
    pub fn model(self) -> &'static Model {
        Model::of(self)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scope())
    }
}
