//! Data on standard output, talk on standard error.

use std::io::Write as _;

use stepwell_asl::expr::Value;

use crate::args::Format;
use crate::exit::Code;

/// Writes a line of data. Whoever reads may stop reading: then the command ends, too.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(i32::from(Code::Ok.number()));
    }
}

/// Writes a line of talk.
pub fn say(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// One document, as its format has it; `text` makes the text.
pub fn document(format: Format, value: &Value, text: impl FnOnce(&Value) -> String) {
    match format {
        Format::Text => line(text(value).trim_end_matches('\n')),
        Format::Json => line(&pretty(value)),
        Format::Jsonl => line(&value.to_string()),
    }
}

/// Many documents: a table, one array, or one on each line.
pub fn documents(format: Format, values: &[Value], text: impl FnOnce(&[Value]) -> String) {
    match format {
        Format::Text => line(text(values).trim_end_matches('\n')),
        Format::Json => line(&pretty(&Value::array(values.iter().cloned()))),
        Format::Jsonl => values.iter().for_each(|value| line(&value.to_string())),
    }
}

/// Indented JSON text.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// A table without lines; cells are the texts of members.
pub fn table(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(headings.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    let lines = table.to_string();
    let lines: Vec<&str> = lines.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n")
}

/// A member as text; empty when it is not there.
pub fn member(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_string(),
    }
}

/// Text from outside must not drive the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
