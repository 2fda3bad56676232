//! What a `Resource` can name.

use std::sync::Arc;

use stepwell_expr::Value;

use super::Builder;
use super::fields::Fields;
use crate::diagnostic;
use crate::machine::Target;

const SUPPORTED: &str = "Supported are: task:NAME, the ARN of a Lambda function \
    (arn:aws:lambda:REGION:ACCOUNT:function:NAME), and arn:aws:states:::lambda:invoke.";

impl Builder {
    pub(super) fn target_of(&mut self, state: &str, fields: &Fields<'_>) -> Option<Target> {
        let text = fields.text("Resource", &mut self.problems)?;
        if let Some(name) = text.strip_prefix("task:") {
            if task_name(name) {
                return Some(Target::Task { name: name.into() });
            }
            self.problems.error(
                diagnostic::SCHEMA,
                fields.at("Resource"),
                format!("'{name}' in the state '{state}' is not the name of a task"),
                Some("A task's name has from 1 to 64 letters, digits, '-', '_' or '.'.".to_owned()),
            );
            return None;
        }
        if let Some(name) = function_name(text) {
            return Some(Target::Function { arn: Arc::clone(text), name: name.into() });
        }
        if service(text) == Some("lambda:invoke") {
            return Some(Target::Invoke { function: self.invoked(fields) });
        }
        self.refuse(state, text, fields);
        None
    }

    /// The function that `Parameters` name as it stands.
    fn invoked(&mut self, fields: &Fields<'_>) -> Option<Arc<str>> {
        let parameters = fields.get("Parameters").and_then(Value::as_object);
        match parameters {
            Some(parameters) => {
                if !parameters.contains_key("FunctionName") && !parameters.contains_key("FunctionName.$") {
                    self.problems
                        .schema(fields.at("Parameters"), "The field 'FunctionName' is required but was missing");
                }
                parameters.get("FunctionName").and_then(Value::as_str).map(|name| invoked_name(name).into())
            }
            None => None,
        }
    }

    fn refuse(&mut self, state: &str, text: &str, fields: &Fields<'_>) {
        let later = service(text).and_then(|service| {
            [".waitForTaskToken", ".sync", ".sync:2"].into_iter().find(|pattern| service.ends_with(pattern))
        });
        let (code, message) = match later {
            Some(pattern) => (
                diagnostic::UNSUPPORTED,
                format!("The state '{state}' uses '{text}': the service integration pattern '{pattern}' is not supported by this version of Stepwell"),
            ),
            None if text.starts_with("arn:") => (
                diagnostic::SCHEMA,
                format!("The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."),
            ),
            None => (
                diagnostic::SCHEMA,
                "The resource provided ARN is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.".to_owned(),
            ),
        };
        let help = format!("The state '{state}' needs another 'Resource'. {SUPPORTED}");
        self.problems.error(code, fields.at("Resource"), message, Some(help));
    }
}

/// `SERVICE:ACTION` of an `arn:aws:states:::…`.
fn service(text: &str) -> Option<&str> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
    if !partition.starts_with("aws") {
        return None;
    }
    rest.strip_prefix("states:::")
}

fn task_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// The function's name in its ARN, an alias or version cut off.
fn function_name(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "lambda", region, account, "function", name]
        | ["arn", partition, "lambda", region, account, "function", name, _]
            if partition.starts_with("aws") && !region.is_empty() && !account.is_empty() && task_name(name) =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// The name in what `FunctionName` may be: an ARN, `ACCOUNT:function:NAME`, or `NAME`, each
/// with or without an alias or version.
pub(crate) fn invoked_name(function: &str) -> &str {
    if let Some(name) = function_name(function) {
        return name;
    }
    let rest = function.split_once(":function:").map_or(function, |(_, rest)| rest);
    rest.split_once(':').map_or(rest, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_are_found_in_what_names_a_function() {
        for (given, name) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:echo", "echo"),
            ("arn:aws:lambda:us-east-1:123456789012:function:echo:live", "echo"),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:echo:7", "echo"),
            ("123456789012:function:echo", "echo"),
            ("echo:$LATEST", "echo"),
            ("echo", "echo"),
        ] {
            assert_eq!(invoked_name(given), name, "{given}");
        }
        assert_eq!(function_name("arn:aws:lambda:us-east-1:1:layer:echo"), None);
    }
}
