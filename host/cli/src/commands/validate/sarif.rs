//! SARIF 2.1.0, the Static Analysis Results Interchange Format.

use std::fmt::Write as _;

use stepwell_asl::diagnostic::RULES;
use stepwell_asl::expr::Value;
use stepwell_asl::{Diagnostic, Severity, Span};

use super::Checked;
use super::formats::{end_of, number};
use crate::output::pretty;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run over all files, with a rule for every code there is.
pub fn document(checked: &[Checked]) -> String {
    let results = checked.iter().flat_map(|one| one.problems.iter().map(move |problem| result(one, problem)));
    let driver = Value::object([
        ("name", Value::from("stepwell")),
        ("semanticVersion", Value::from(env!("CARGO_PKG_VERSION"))),
        ("rules", Value::array(RULES.iter().map(|(code, about)| rule(code, about)))),
    ]);
    let run = Value::object([
        ("tool", Value::object([("driver", driver)])),
        ("columnKind", Value::from("unicodeCodePoints")),
        ("results", Value::array(results)),
    ]);
    pretty(&Value::object([
        ("$schema", Value::from(SCHEMA)),
        ("version", Value::from("2.1.0")),
        ("runs", Value::array([run])),
    ]))
}

fn rule(code: &str, about: &str) -> Value {
    let help = format!("{about} `stepwell validate --help` tells more.");
    Value::object([("id", Value::from(code)), ("shortDescription", message(about)), ("help", message(&help))])
}

fn result(one: &Checked, problem: &Diagnostic) -> Value {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let text = match &problem.help {
        Some(help) => format!("{} ({help})", problem.message.trim_end()),
        None => problem.message.clone(),
    };
    let mut members = vec![("ruleId", Value::from(problem.code))];
    if let Some(index) = RULES.iter().position(|(code, _)| *code == problem.code) {
        members.push(("ruleIndex", number(index)));
    }
    members.push(("level", Value::from(level)));
    members.push(("message", message(&text)));
    members.push(("locations", Value::array([location(one, problem.span, Some(&problem.pointer))])));
    if let Some(related) = problem.related {
        members.push(("relatedLocations", Value::array([location(one, Some(related), None)])));
    }
    Value::object(members)
}

fn message(text: &str) -> Value {
    Value::object([("text", Value::from(text))])
}

fn location(one: &Checked, span: Option<Span>, pointer: Option<&str>) -> Value {
    let artifact = Value::object([("uri", Value::from(uri(&one.name)))]);
    let mut physical = vec![("artifactLocation", artifact)];
    if let Some(span) = span {
        let end = end_of(&one.text, span);
        let region = Value::object([
            ("startLine", Value::from(i64::from(span.line))),
            ("startColumn", Value::from(i64::from(span.column))),
            ("endLine", number(end.line)),
            ("endColumn", number(end.column)),
        ]);
        physical.push(("region", region));
    }
    let mut members = vec![("physicalLocation", Value::object(physical))];
    if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
        let logical = Value::object([("fullyQualifiedName", Value::from(pointer))]);
        members.push(("logicalLocations", Value::array([logical])));
    }
    Value::object(members)
}

/// A path as a reference of RFC 3986; a relative one stays relative.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/é.asl.json"), "a%20b/%C3%A9.asl.json");
        assert_eq!(uri("/tmp/x.json"), "file:///tmp/x.json");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }
}
