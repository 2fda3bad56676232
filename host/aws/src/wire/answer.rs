//! Answers in the form that a service's clients read.

use serde_json::{Map, Value};

use super::{Call, Parts};
use crate::model::Protocol;
use crate::{Service, ServiceError};

/// An operation's output.
pub(super) fn success(call: &Call, output: Value) -> Parts {
    let model = call.model();
    let Some(operation) = model.operation(call.operation) else {
        // A call is made from an operation of its model.
        return failure(call.service, call.protocol, &call.request_id, &ServiceError::internal("no such operation"));
    };
    let output = model.shaped_output(call.operation, output);
    let body = match call.protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson if !operation.has_output() => Vec::new(),
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => output.to_string().into_bytes(),
        Protocol::Query => {
            let members = model.output_members(operation);
            let result: String =
                members.filter_map(|name| Some(element(name, &escaped(&text_of(output.get(name)?))))).collect();
            let result = element(operation.wrapper(), &result);
            let metadata = element("ResponseMetadata", &element("RequestId", &escaped(&call.request_id)));
            document(&format!("{}Response", call.operation), model.xml_namespace(), &(result + &metadata))
        }
    };
    parts(operation.status(), call.protocol, &call.request_id, body)
}

/// An error, with the status that its model or its code gives it.
pub(super) fn failure(service: Service, protocol: Protocol, request_id: &str, error: &ServiceError) -> Parts {
    let model = service.model();
    let code = error.code();
    let usual = || model.error_status(code).unwrap_or_else(|| usual_status(protocol, code));
    let status = error.status().unwrap_or_else(usual);
    let mut members = error.details().clone();
    members.insert(model.message_member(code).to_owned(), Value::from(error.message()));
    let body = match protocol {
        Protocol::Json10 | Protocol::Json11 => {
            let mut body = Map::from_iter([("__type".to_owned(), Value::from(code))]);
            body.extend(members);
            Value::Object(body).to_string().into_bytes()
        }
        Protocol::RestJson => Value::Object(members).to_string().into_bytes(),
        Protocol::Query => {
            let fault = if status < 500 { "Sender" } else { "Receiver" };
            let told = element("Type", fault)
                + &element("Code", &escaped(code))
                + &element("Message", &escaped(error.message()));
            let body = element("Error", &told) + &element("RequestId", &escaped(request_id));
            document("ErrorResponse", model.xml_namespace(), &body)
        }
    };
    let mut parts = parts(status, protocol, request_id, body);
    if protocol == Protocol::RestJson {
        parts.headers.push(("x-amzn-errortype", header_value(code)));
    }
    parts
}

/// The status of codes that are in no model.
fn usual_status(protocol: Protocol, code: &str) -> u16 {
    let json = matches!(protocol, Protocol::Json10 | Protocol::Json11);
    match code {
        "InternalFailure" => 500,
        "UnknownOperationException" if !json => 404,
        "AccessDeniedException"
        | "AccessDenied"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException"
        | "ExpiredTokenException"
            if !json =>
        {
            403
        }
        "InvalidClientTokenId" | "MissingAuthenticationToken" | "SignatureDoesNotMatch" | "ExpiredToken" => 403,
        "RequestEntityTooLargeException" => 413,
        "UnsupportedMediaTypeException" => 415,
        _ => 400,
    }
}

fn parts(status: u16, protocol: Protocol, request_id: &str, body: Vec<u8>) -> Parts {
    let media_type = match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::Query => "text/xml",
    };
    let headers = vec![("x-amzn-requestid", header_value(request_id)), ("content-type", media_type.to_owned())];
    Parts { status, headers, body }
}

/// What may stand in a header: visible ASCII.
fn header_value(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(256).collect()
}

fn document(name: &str, namespace: &str, inner: &str) -> Vec<u8> {
    format!("<{name} xmlns=\"{namespace}\">{inner}</{name}>").into_bytes()
}

fn element(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// XML has no place for most control characters, however they are written.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
