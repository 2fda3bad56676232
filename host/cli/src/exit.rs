//! How a command ends. The codes are a promise to scripts.

use std::fmt;

/// The public exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Ok,
    /// The execution failed, timed out or was stopped; also any trouble that has no code of its own.
    Failed,
    Usage,
    /// A definition, a project file or a component is not valid.
    Invalid,
    NotFound,
    /// No host answers.
    Unreachable,
    TimedOut,
    Interrupted,
}

impl Code {
    pub fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::NotFound => 4,
            Self::Unreachable => 5,
            Self::TimedOut => 124,
            Self::Interrupted => 130,
        }
    }
}

/// An error with its exit code and what to do next.
#[derive(Debug)]
pub struct Exit {
    pub code: Code,
    message: String,
    help: Option<String>,
}

impl Exit {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn next_step(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}
