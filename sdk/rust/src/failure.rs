//! What a task returns instead of a result.

use std::fmt;

/// A workflow failure: a name that `Retry` and `Catch` match on, and a cause for a person.
///
/// The prefixes `States.` and `Task.` belong to the host; a task chooses any other name.
///
/// With `?`, these become failures by themselves:
///
/// | error | failure |
/// |---|---|
/// | [`http::Error`](crate::http::Error) | `HttpDenied`, `HttpInvalid`, `HttpUnreachable`, `HttpTooLarge` |
/// | [`sql::Error`](crate::sql::Error) | `SqlDenied`, `SqlStatement`, `SqlTooLarge`, `SqlUnavailable`, `SqlShape` |
/// | [`files::Error`](crate::files::Error) | `FilesDenied`, `FilesNotFound`, `FilesExists`, `FilesTooLarge`, `FilesInvalid`, `FilesUnavailable` |
/// | [`config::Missing`](crate::config::Missing) | `ConfigMissing` |
/// | [`secrets::Missing`](crate::secrets::Missing) | `SecretMissing` |
/// | [`serde_json::Error`] | `InvalidJson` |
/// | [`std::num::ParseIntError`], [`std::num::ParseFloatError`], [`std::num::TryFromIntError`] | `InvalidNumber` |
/// | [`std::str::Utf8Error`], [`std::string::FromUtf8Error`] | `InvalidText` |
/// | [`std::time::SystemTimeError`] | `InvalidTime` |
/// | [`std::fmt::Error`] | `FormatFailed` |
/// | [`std::io::Error`] | `Io` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    error: String,
    cause: String,
}

impl Failure {
    /// A failure with its name, such as `CardDeclined`, and its cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }

    /// The name that `Retry` and `Catch` match on.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// What happened, for a person to read.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The same failure under another name, for `map_err(|error| Failure::from(error).renamed("…"))`.
    #[must_use]
    pub fn renamed(self, error: impl Into<String>) -> Self {
        Self { error: error.into(), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.cause)
    }
}

impl std::error::Error for Failure {}

/// Ends the task with a failure unless the condition holds.
///
/// ```
/// # use stepwell::{Failure, ensure};
/// fn check(cents: u64) -> Result<(), Failure> {
///     ensure!(cents < 10_000, "CardDeclined", "{cents} cents are over the limit");
///     Ok(())
/// }
/// assert_eq!(check(20_000).unwrap_err().error(), "CardDeclined");
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $error:expr, $($cause:tt)+) => {
        if !$condition {
            $crate::fail!($error, $($cause)+);
        }
    };
}

/// Ends the task with a failure: `fail!("OutOfStock", "{item} is sold out")`.
#[macro_export]
macro_rules! fail {
    ($error:expr, $($cause:tt)+) => {
        return ::core::result::Result::Err(::core::convert::From::from(
            $crate::Failure::new($error, ::std::format!($($cause)+)),
        ))
    };
}

macro_rules! named {
    ($($error:ty => $name:literal),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new($name, error.to_string())
            }
        })+
    };
}

named! {
    serde_json::Error => "InvalidJson",
    std::num::ParseIntError => "InvalidNumber",
    std::num::ParseFloatError => "InvalidNumber",
    std::num::TryFromIntError => "InvalidNumber",
    std::str::Utf8Error => "InvalidText",
    std::string::FromUtf8Error => "InvalidText",
    std::time::SystemTimeError => "InvalidTime",
    fmt::Error => "FormatFailed",
    std::io::Error => "Io",
    crate::config::Missing => "ConfigMissing",
    crate::secrets::Missing => "SecretMissing",
}

impl From<crate::http::Error> for Failure {
    fn from(error: crate::http::Error) -> Self {
        use crate::http::Error;
        let name = match &error {
            Error::Denied(_) => "HttpDenied",
            Error::Invalid(_) => "HttpInvalid",
            Error::Unreachable(_) => "HttpUnreachable",
            Error::TooLarge(_) => "HttpTooLarge",
        };
        Self::new(name, error.to_string())
    }
}

impl From<crate::sql::Error> for Failure {
    fn from(error: crate::sql::Error) -> Self {
        use crate::sql::Error;
        let name = match &error {
            Error::Denied(_) => "SqlDenied",
            Error::Statement(_) => "SqlStatement",
            Error::TooLarge(_) => "SqlTooLarge",
            Error::Unavailable(_) => "SqlUnavailable",
            Error::Shape(_) => "SqlShape",
        };
        Self::new(name, error.to_string())
    }
}

impl From<crate::files::Error> for Failure {
    fn from(error: crate::files::Error) -> Self {
        use crate::files::Error;
        let name = match &error {
            Error::Denied(_) => "FilesDenied",
            Error::NotFound(_) => "FilesNotFound",
            Error::Exists(_) => "FilesExists",
            Error::TooLarge(_) => "FilesTooLarge",
            Error::Invalid(_) => "FilesInvalid",
            Error::Unavailable(_) => "FilesUnavailable",
        };
        Self::new(name, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(x: u8) -> Result<u8, Failure> {
        ensure!(x < 3, "TooMuch", "{x} is not below {}", 3);
        if x == 2 {
            fail!("Odd", "two");
        }
        Ok("7".parse::<u8>()? + x)
    }

    #[test]
    fn a_failure_has_a_name_and_a_cause() {
        assert_eq!(checked(1), Ok(8));
        assert_eq!(checked(2), Err(Failure::new("Odd", "two")));
        assert_eq!(checked(3), Err(Failure::new("TooMuch", "3 is not below 3")));
        assert_eq!(checked(3).unwrap_err().to_string(), "TooMuch: 3 is not below 3");
    }

    #[test]
    fn errors_of_the_standard_library_have_documented_names() {
        let number = Failure::from("x".parse::<u8>().unwrap_err());
        assert_eq!(number.error(), "InvalidNumber");
        let text = Failure::from(String::from_utf8(vec![0xff]).unwrap_err());
        assert_eq!(text.error(), "InvalidText");
        let io = Failure::from(std::io::Error::other("gone"));
        assert_eq!(io, Failure::new("Io", "gone"));
        assert_eq!(io.renamed("Gone").error(), "Gone");
    }
}
