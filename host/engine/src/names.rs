//! Names and ARNs of executions.

use crate::Error;

/// Longest name of an execution or workflow (characters).
pub const NAME_CHARS_MAX: usize = 80;

/// Builds the ARNs by which AWS clients and the context object know things.
#[derive(Debug, Clone)]
pub struct ExecutionNames {
    pub region: String,
    pub account: String,
}

impl ExecutionNames {
    #[must_use]
    pub fn machine_arn(&self, workflow: &str) -> String {
        format!("arn:aws:states:{}:{}:stateMachine:{workflow}", self.region, self.account)
    }

    #[must_use]
    pub fn execution_arn(&self, workflow: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:execution:{workflow}:{name}", self.region, self.account)
    }

    #[must_use]
    pub fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/stepwell", self.account)
    }

    /// Workflow and name out of an execution's ARN, whatever its region and account.
    #[must_use]
    pub fn parse_execution_arn(arn: &str) -> Option<(&str, &str)> {
        let mut parts = arn.splitn(8, ':');
        let head = [parts.next()?, parts.next()?, parts.next()?];
        let (_region, _account) = (parts.next()?, parts.next()?);
        let (kind, workflow, name) = (parts.next()?, parts.next()?, parts.next()?);
        (head[0] == "arn" && head[2] == "states" && kind == "execution").then_some((workflow, name))
    }
}

/// Checks an execution's name by AWS's rules.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    let invalid = |reason: String| Error::NameInvalid { name: name.chars().take(NAME_CHARS_MAX).collect(), reason };
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS_MAX {
        return Err(invalid(format!("it has {length} characters, and 1 to {NAME_CHARS_MAX} are allowed")));
    }
    match name.chars().find(|c| c.is_whitespace() || c.is_control() || FORBIDDEN.contains(*c)) {
        Some(c) => Err(invalid(format!("the character {c:?} may not stand in a name"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_aws() {
        for name in ["a", "report-2013_01.x", "ä", &"x".repeat(80)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a:b", "a/b", "a\u{7f}", &"x".repeat(81)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_arn_reads_back() {
        let names = ExecutionNames { region: "eu-west-1".into(), account: "000000000000".into() };
        let arn = names.execution_arn("report", "r-1");
        assert_eq!(ExecutionNames::parse_execution_arn(&arn), Some(("report", "r-1")));
        assert_eq!(ExecutionNames::parse_execution_arn(&names.machine_arn("report")), None);
        assert_eq!(ExecutionNames::parse_execution_arn("arn"), None);
    }
}
