//! Mocked results against what the APIs of AWS answer. The shapes lie in `shapes/`, one file for
//! each service, written by `host/asl/tools/shapes.py`; of a service or an action that has none
//! there, every result is taken.

use stepwell_expr::Value;

use super::{Error, FieldValidation};
use crate::ServicePattern;

/// Whether a result could be the answer of this action.
pub(super) fn check(
    service: &str,
    action: &str,
    pattern: ServicePattern,
    value: &Value,
    validation: FieldValidation,
) -> Result<(), Error> {
    let strict = match validation {
        FieldValidation::None => return Ok(()),
        FieldValidation::Present => false,
        FieldValidation::Strict => true,
    };
    let Some(answer) = Answer::of(service, action, pattern) else { return Ok(()) };
    let Some(file) = Value::parse(answer.file).ok() else { return Ok(()) };
    let shape = file.get("operations").and_then(|operations| operations.get(answer.operation));
    let (Some(shape), Some(shapes)) = (shape, file.get("shapes").and_then(Value::as_array)) else { return Ok(()) };
    if value.as_object().is_none() {
        return refuse("The result must be an object");
    }
    Model { shapes, strict, open: answer.open }.fits(shape, "", value)
}

/// What an action answers.
struct Answer<'a> {
    /// The text of the file with its shapes.
    file: &'static str,
    operation: &'a str,
    /// Members of the answer that hold JSON here, where the API has its text or bytes.
    open: &'static [&'static str],
}

impl<'a> Answer<'a> {
    /// `None` of what has no shapes: whoever returns a token says what it comes to, for one.
    fn of(service: &str, action: &'a str, pattern: ServicePattern) -> Option<Self> {
        let name = service.strip_prefix("aws-sdk:").unwrap_or(match service {
            "states" => "sfn",
            "events" => "eventbridge",
            "bedrock" => "bedrockruntime",
            other => other,
        });
        let (_, file) = FILES.iter().find(|(known, _)| *known == name)?;
        let (operation, open): (_, &[_]) = match (pattern, service, action) {
            (ServicePattern::WaitForTaskToken, _, _) => return None,
            (ServicePattern::Sync, "states", "startExecution") => ("describeExecution", &[]),
            (ServicePattern::Sync2, "states", "startExecution") => ("describeExecution", &["Input", "Output"]),
            (ServicePattern::Sync, "athena", "startQueryExecution") => ("getQueryExecution", &[]),
            (ServicePattern::Sync | ServicePattern::Sync2, _, _) => return None,
            (ServicePattern::RequestResponse, "lambda", "invoke") => (action, &["Payload"]),
            (ServicePattern::RequestResponse, "bedrock", "invokeModel") => (action, &["Body"]),
            (ServicePattern::RequestResponse, _, _) => (action, &[]),
        };
        Some(Self { file, operation, open })
    }
}

/// By the names that `aws-sdk:` has for the services.
const FILES: [(&str, &str); 18] = [
    ("athena", include_str!("shapes/athena.json")),
    ("batch", include_str!("shapes/batch.json")),
    ("bedrockruntime", include_str!("shapes/bedrockruntime.json")),
    ("dynamodb", include_str!("shapes/dynamodb.json")),
    ("ecs", include_str!("shapes/ecs.json")),
    ("eventbridge", include_str!("shapes/eventbridge.json")),
    ("glue", include_str!("shapes/glue.json")),
    ("kms", include_str!("shapes/kms.json")),
    ("lambda", include_str!("shapes/lambda.json")),
    ("s3", include_str!("shapes/s3.json")),
    ("scheduler", include_str!("shapes/scheduler.json")),
    ("secretsmanager", include_str!("shapes/secretsmanager.json")),
    ("ses", include_str!("shapes/ses.json")),
    ("sesv2", include_str!("shapes/sesv2.json")),
    ("sfn", include_str!("shapes/sfn.json")),
    ("sns", include_str!("shapes/sns.json")),
    ("sqs", include_str!("shapes/sqs.json")),
    ("ssm", include_str!("shapes/ssm.json")),
];

/// The shapes of one service.
struct Model<'a> {
    shapes: &'a [Value],
    /// Whether what is required must be there.
    strict: bool,
    open: &'static [&'static str],
}

impl Model<'_> {
    /// A value against the shape at this place. `name` is the field that it belongs to. It
    /// recurses as deep as the value does, which its reader has bounded.
    fn fits(&self, shape: &Value, name: &str, value: &Value) -> Result<(), Error> {
        let place = shape.as_i64().and_then(|place| usize::try_from(place).ok());
        let Some(shape) = place.and_then(|place| self.shapes.get(place)).and_then(Value::as_array) else {
            return Ok(());
        };
        let [kind, rest @ ..] = shape else { return Ok(()) };
        if value.is_null() {
            return Ok(());
        }
        match (kind.as_str().unwrap_or(""), value) {
            ("boolean", Value::Bool(_)) => Ok(()),
            ("boolean", _) => must_be(name, "a boolean"),
            ("enum", Value::String(_))
                if rest.first().and_then(Value::as_array).is_none_or(|all| all.contains(value)) =>
            {
                Ok(())
            }
            ("enum", Value::String(_)) => refuse(&format!("Field '{name}' is not an expected value")),
            ("string", Value::String(text)) => long(name, text, rest),
            ("string" | "enum", _) => must_be(name, "a string"),
            ("number", Value::Number(number)) => large(name, number.as_f64(), rest),
            ("number", _) => must_be(name, "a number"),
            ("list", Value::Array(items)) => {
                rest.first().map_or(Ok(()), |shape| items.iter().try_for_each(|item| self.fits(shape, name, item)))
            }
            ("list", _) => must_be(name, "an array"),
            ("map", Value::Object(map)) => {
                rest.first().map_or(Ok(()), |shape| map.values().try_for_each(|value| self.fits(shape, name, value)))
            }
            ("structure", Value::Object(_)) => self.members(rest, name, value),
            ("map" | "structure", _) => must_be(name, "an object"),
            _ => Ok(()),
        }
    }

    /// Members that the structure does not know are let be.
    fn members(&self, structure: &[Value], name: &str, value: &Value) -> Result<(), Error> {
        if self.strict
            && let Some(required) = structure.get(1).and_then(Value::as_array)
            && let Some(missing) = required.iter().filter_map(Value::as_str).find(|name| value.get(name).is_none())
        {
            return refuse(&format!("Required field '{missing}' is missing"));
        }
        let known = structure.first().and_then(Value::as_object);
        for (member, value) in value.as_object().into_iter().flat_map(stepwell_expr::Map::iter) {
            let open = name.is_empty() && self.open.contains(&&**member);
            if let Some(shape) = known.and_then(|known| known.get(member)).filter(|_| !open) {
                self.fits(shape, member, value)?;
            }
        }
        Ok(())
    }
}

fn long(name: &str, text: &str, bounds: &[Value]) -> Result<(), Error> {
    let bound = |place: usize| bounds.get(place).and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok());
    let chars = text.chars().count();
    if bound(0).is_some_and(|least| chars < least) {
        return refuse(&format!("Field '{name}' is smaller than the minimum length"));
    }
    if bound(1).is_some_and(|most| chars > most) {
        return refuse(&format!("Field '{name}' exceeds the maximum length"));
    }
    Ok(())
}

fn large(name: &str, number: f64, bounds: &[Value]) -> Result<(), Error> {
    let bound = |place: usize| bounds.get(place).and_then(Value::as_number).map(stepwell_expr::Number::as_f64);
    if bound(0).is_some_and(|least| number < least) {
        return refuse(&format!("Field '{name}' is less than the minimum value"));
    }
    if bound(1).is_some_and(|most| number > most) {
        return refuse(&format!("Field '{name}' exceeds the maximum value"));
    }
    Ok(())
}

fn must_be(name: &str, kind: &str) -> Result<(), Error> {
    refuse(&format!("Field '{name}' must be {kind}"))
}

fn refuse(what: &str) -> Result<(), Error> {
    Err(Error::Validation(format!("Mock result schema validation error: {what}")))
}
