//! What a `Resource` can name.

use std::sync::Arc;

use stepwell_expr::Value;

use super::Builder;
use super::fields::{Fields, nearest};
use crate::machine::{Integrations, QueryLanguage, Target, WorkflowType};
use crate::{ServicePattern, diagnostic, query};

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
        self.required_of(text, fields);
        let integrated = match self.checks.integrations {
            Integrations::Runnable => None,
            Integrations::Any => self.integrated(text),
        };
        if integrated.is_none() {
            self.refuse(state, text, fields);
        }
        integrated
    }

    /// The function that `Parameters` or `Arguments` name as it stands.
    fn invoked(&mut self, fields: &Fields<'_>) -> Option<Arc<str>> {
        let name = match self.speaks {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        let parameters = fields.get(name).and_then(Value::as_object);
        match parameters {
            Some(parameters) => {
                if !parameters.contains_key("FunctionName") && !parameters.contains_key("FunctionName.$") {
                    self.problems.schema(fields.at(name), "The field 'FunctionName' is required but was missing");
                }
                let function = parameters.get("FunctionName").and_then(Value::as_str);
                let known =
                    function.filter(|text| self.speaks == QueryLanguage::JsonPath || query::expression(text).is_none());
                known.map(|name| invoked_name(name).into())
            }
            None => None,
        }
    }

    /// Parameters that the service itself would miss. A warning: what stands in for the service here
    /// may do without.
    fn required_of(&mut self, text: &str, fields: &Fields<'_>) {
        let Some((action, _)) = service(text).map(integration) else { return };
        let name = match self.speaks {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        let Some(given) = fields.get(name).and_then(Value::as_object) else { return };
        let required = REQUIRED.iter().find(|(known, _)| *known == action).map_or(&[][..], |(_, required)| *required);
        for wanted in required {
            if !given.contains_key(wanted) && !given.contains_key(&format!("{wanted}.$")) {
                let message = format!("'{action}' wants '{wanted}', which is missing");
                let help = Some(format!("Add '{wanted}' to '{name}'."));
                self.problems.warning(diagnostic::MISSING_PARAMETER, fields.at(name), message, help);
            }
        }
    }

    /// A resource that AWS integrates, and that this type of workflow may have.
    fn integrated(&self, text: &Arc<str>) -> Option<Target> {
        let express = self.checks.workflow == WorkflowType::Express;
        if is_activity(text) {
            return (!express).then(|| Target::Activity { arn: Arc::clone(text) });
        }
        let (name, pattern) = integration(service(text)?);
        let waits = match pattern {
            ServicePattern::RequestResponse => false,
            ServicePattern::Sync | ServicePattern::Sync2 | ServicePattern::WaitForTaskToken => true,
        };
        if !is_integrated(name) || !follows(name, pattern) || (express && waits) {
            return None;
        }
        let (service, action) = name.rsplit_once(':')?;
        Some(Target::Service { service: service.into(), action: action.into(), pattern })
    }

    fn refuse(&mut self, state: &str, text: &str, fields: &Fields<'_>) {
        let (action, pattern) = service(text).map_or(("", ServicePattern::RequestResponse), integration);
        let express = self.checks.workflow == WorkflowType::Express;
        let known = is_integrated(action) && follows(action, pattern);
        let pattern = Some(pattern.suffix()).filter(|suffix| !suffix.is_empty());
        let (code, message) = if express && is_activity(text) {
            (diagnostic::SCHEMA, "Express state machine does not support Activity ARN".to_owned())
        } else if express && let Some(pattern) = pattern {
            // The blank at the end is AWS's own.
            let pattern = pattern.strip_suffix(":2").unwrap_or(pattern);
            (diagnostic::SCHEMA, format!("Express state machine does not support '{pattern}' service integration "))
        } else if is_activity(text) {
            let message = "uses an activity, which is not supported by this version of Stepwell";
            (diagnostic::UNSUPPORTED, format!("The state '{state}' {message}"))
        } else if known && let Some(pattern) = pattern {
            let message =
                format!("the service integration pattern '{pattern}' is not supported by this version of Stepwell");
            (diagnostic::UNSUPPORTED, format!("The state '{state}' uses '{text}': {message}"))
        } else if !text.starts_with("arn:") {
            (diagnostic::SCHEMA, "Value is not a valid resource ARN".to_owned())
        } else if known {
            let message = "this service integration is not supported by this version of Stepwell";
            (diagnostic::UNSUPPORTED, format!("The state '{state}' uses '{text}': {message}"))
        } else {
            let message = format!(
                "The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
            );
            (diagnostic::SCHEMA, message)
        };
        let near = if known { None } else { nearest(action, INTEGRATED) };
        let help = match near.filter(|_| !action.is_empty()) {
            Some(near) => format!("Did you mean 'arn:aws:states:::{near}'?"),
            None => format!("The state '{state}' needs another 'Resource'. {SUPPORTED}"),
        };
        self.problems.error(code, fields.at("Resource"), message, Some(help));
    }
}

/// `SERVICE:ACTION` and the pattern that follows it.
fn integration(service: &str) -> (&str, ServicePattern) {
    let waiting = [ServicePattern::WaitForTaskToken, ServicePattern::Sync2, ServicePattern::Sync];
    let found = waiting.into_iter().find_map(|pattern| Some((service.strip_suffix(pattern.suffix())?, pattern)));
    found.unwrap_or((service, ServicePattern::RequestResponse))
}

/// Whether AWS integrates the action with such an end. The services that have nothing to wait
/// for are named; of all others every end is taken to be one.
fn follows(action: &str, pattern: ServicePattern) -> bool {
    let service = action.split(':').next().unwrap_or("");
    match pattern {
        ServicePattern::RequestResponse => true,
        ServicePattern::WaitForTaskToken => !matches!(service, "dynamodb" | "http"),
        ServicePattern::Sync => {
            !matches!(service, "apigateway" | "aws-sdk" | "dynamodb" | "events" | "http" | "lambda" | "sns" | "sqs")
        }
        ServicePattern::Sync2 => action == "states:startExecution",
    }
}

/// Whether AWS integrates such an action. Of services listed with `*`,
/// every action is taken to be one.
fn is_integrated(action: &str) -> bool {
    INTEGRATED.iter().any(|known| {
        known
            .strip_suffix(":*")
            .map_or(action == *known, |service| action.strip_prefix(service).is_some_and(|rest| rest.starts_with(':')))
    })
}

/// What the APIs of the services require.
const REQUIRED: [(&str, &[&str]); 12] = [
    ("apigateway:invoke", &["ApiEndpoint", "Method"]),
    ("batch:submitJob", &["JobDefinition", "JobName", "JobQueue"]),
    ("dynamodb:deleteItem", &["Key", "TableName"]),
    ("dynamodb:getItem", &["Key", "TableName"]),
    ("dynamodb:putItem", &["Item", "TableName"]),
    ("dynamodb:updateItem", &["Key", "TableName"]),
    ("ecs:runTask", &["TaskDefinition"]),
    ("events:putEvents", &["Entries"]),
    ("http:invoke", &["ApiEndpoint", "Method"]),
    ("sns:publish", &["Message"]),
    ("sqs:sendMessage", &["MessageBody", "QueueUrl"]),
    ("states:startExecution", &["StateMachineArn"]),
];

/// What AWS's own integrations call; `*` is any action.
const INTEGRATED: [&str; 25] = [
    "apigateway:invoke",
    "athena:*",
    "aws-sdk:*",
    "batch:submitJob",
    "bedrock:*",
    "codebuild:*",
    "databrew:startJobRun",
    "dynamodb:deleteItem",
    "dynamodb:getItem",
    "dynamodb:putItem",
    "dynamodb:updateItem",
    "ecs:runTask",
    "eks:*",
    "elasticmapreduce:*",
    "emr-containers:*",
    "emr-serverless:*",
    "events:putEvents",
    "glue:*",
    "http:invoke",
    "mediaconvert:createJob",
    "sagemaker:*",
    "sns:publish",
    "sqs:sendMessage",
    "states:startExecution",
    "lambda:invoke",
];

fn is_activity(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    matches!(parts.as_slice(), ["arn", partition, "states", _, _, "activity", _] if partition.starts_with("aws"))
}

/// `SERVICE:ACTION` of an `arn:aws:states:::…`.
pub(super) fn service(text: &str) -> Option<&str> {
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
