//! Reports for people, programs and GitHub.

use stepwell_asl::expr::Value;
use stepwell_asl::{Diagnostic, Severity, Span};

use super::{Checked, Counts};
use crate::definition::severity_name;
use crate::excerpt::{self, Message, Place};
use crate::output::{pretty, printable};
use crate::style::Palette;

/// The version of the JSON report: what it has stays, and more may come.
const JSON_VERSION: i64 = 1;

/// Where a span ends: line and column of the character after it.
pub fn end_of(text: &str, span: Span) -> Place {
    Place::of(text, span.end)
}

/// With the lines of the definitions.
pub fn text(checked: &[Checked], palette: &Palette) -> String {
    let mut shown = Vec::new();
    for one in checked {
        for problem in &one.problems {
            shown.push(rendered(one, problem, palette));
        }
    }
    shown.join("\n").trim_end().to_owned()
}

fn rendered(one: &Checked, problem: &Diagnostic, palette: &Palette) -> String {
    let help = problem.help.as_deref().map(fit);
    let message = Message {
        level: severity_name(problem.severity),
        code: Some(problem.code),
        text: &fit(&problem.message),
        help: help.as_deref(),
        pointer: Some(&fit(&problem.pointer)),
    };
    let span = problem.span.map(|span| span.start..span.end);
    let mut shown = excerpt::render(&message, &one.name, &one.text, span, palette);
    if let Some(related) = problem.related {
        shown.push_str(&excerpt::also(&one.name, &one.text, related.start..related.end, palette));
    }
    shown
}

/// Text for a terminal: nothing in it drives the terminal, and what is endless is cut.
fn fit(text: &str) -> String {
    let mut fitting: String = printable(text).chars().take(TEXT_CHARS_SHOWN).collect();
    if text.chars().nth(TEXT_CHARS_SHOWN).is_some() {
        fitting.push('…');
    }
    fitting
}

/// Longer texts are cut (characters).
const TEXT_CHARS_SHOWN: usize = 600;

/// One document.
pub fn json(checked: &[Checked]) -> String {
    let problems = checked.iter().flat_map(|one| one.problems.iter().map(move |problem| as_json(one, problem)));
    let counts = Counts::of(checked);
    let summary = Value::object([
        ("files", number(checked.len())),
        ("errors", number(counts.errors)),
        ("warnings", number(counts.warnings)),
        ("infos", number(counts.infos)),
    ]);
    pretty(&Value::object([
        ("version", Value::from(JSON_VERSION)),
        ("diagnostics", Value::array(problems)),
        ("summary", summary),
    ]))
}

fn as_json(one: &Checked, problem: &Diagnostic) -> Value {
    let mut members = vec![
        ("file", Value::from(one.name.as_str())),
        ("severity", Value::from(severity_name(problem.severity).to_uppercase())),
        ("code", Value::from(problem.code)),
        ("message", Value::from(problem.message.as_str())),
    ];
    if let Some(location) = &problem.location {
        members.push(("location", Value::from(location.as_str())));
    }
    if !one.is_unreadable {
        members.push(("pointer", Value::from(problem.pointer.as_str())));
    }
    if let Some(span) = problem.span {
        members.extend(places(one, span));
    }
    if let Some(related) = problem.related {
        members.push(("related", Value::object(places(one, related))));
    }
    if let Some(help) = &problem.help {
        members.push(("help", Value::from(help.as_str())));
    }
    Value::object(members)
}

fn places(one: &Checked, span: Span) -> [(&'static str, Value); 4] {
    let end = end_of(&one.text, span);
    [
        ("line", Value::from(i64::from(span.line))),
        ("column", Value::from(i64::from(span.column))),
        ("endLine", number(end.line)),
        ("endColumn", number(end.column)),
    ]
}

pub fn number(number: usize) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Workflow commands of GitHub Actions, one per line.
pub fn github(checked: &[Checked]) -> String {
    let problems = checked.iter().flat_map(|one| one.problems.iter().map(move |problem| annotation(one, problem)));
    problems.collect::<Vec<_>>().join("\n")
}

fn annotation(one: &Checked, problem: &Diagnostic) -> String {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = vec![format!("file={}", property(&one.name))];
    if let Some(span) = problem.span {
        let end = end_of(&one.text, span);
        properties.push(format!("line={},col={}", span.line, span.column));
        properties.push(format!("endLine={}", end.line));
        // GitHub takes columns only within one line.
        if usize::try_from(span.line).is_ok_and(|line| line == end.line) {
            properties.push(format!("endColumn={}", end.column));
        }
    }
    properties.push(format!("title={}", property(problem.code)));
    let mut message = problem.message.clone();
    if let Some(help) = &problem.help {
        message.push_str(&format!("\n{help}"));
    }
    format!("::{level} {}::{}", properties.join(","), data(&message))
}

/// Text after the last `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_ends_an_annotation() {
        assert_eq!(data("100% a\r\nb::c"), "100%25 a%0D%0Ab::c");
        assert_eq!(property("C:\\a,b%.json"), "C%3A\\a%2Cb%25.json");
    }
}
