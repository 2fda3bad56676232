//! `task:format`: fills a template as Markdown, HTML or CSV. Every value is escaped for the
//! format; the filter `safe` leaves one as it is.

use csv::{Terminator, WriterBuilder};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output as Out, State, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stepwell::{Failure, fail};

/// How deep blocks and macros can nest and call each other.
const RECURSION_LIMIT: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    format: Format,
    /// The text, or its lines. CSV without one is the table of `data`.
    template: Option<Json>,
    data: Json,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Format {
    Markdown,
    Html,
    Csv,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    content: String,
    media_type: &'static str,
    extension: &'static str,
    bytes: usize,
}

/// Fills a template as Markdown, HTML or CSV, every value escaped for the format.
#[stepwell::task]
fn format(input: Input) -> Result<Output, Failure> {
    let content = match (input.template, input.format) {
        (Some(template), format) => render(&text(template)?, &input.data, format)?,
        (None, Format::Csv) => table(&Value::from(Serde(&input.data)), None, true).map_err(failure)?,
        (None, Format::Markdown | Format::Html) => fail!("InvalidInput", "`template`: only CSV can do without one"),
    };
    let (media_type, extension) = match input.format {
        Format::Markdown => ("text/markdown; charset=utf-8", "md"),
        Format::Html => ("text/html; charset=utf-8", "html"),
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    Ok(Output { bytes: content.len(), content, media_type, extension })
}

fn text(template: Json) -> Result<String, Failure> {
    let text = match template {
        Json::String(text) => Some(text),
        Json::Array(lines) => lines.iter().map(|line| Some(line.as_str()?.to_owned() + "\n")).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => None,
    };
    text.ok_or_else(|| Failure::new("InvalidInput", "`template`: it is a string, or an array of lines"))
}

fn render(template: &str, data: &Json, format: Format) -> Result<String, Failure> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(failure)?);
    environment.set_recursion_limit(RECURSION_LIMIT);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(move |_| match format {
        Format::Html => AutoEscape::Html,
        Format::Markdown | Format::Csv => AutoEscape::Custom("as `write` does".into()),
    });
    environment.set_formatter(move |out, state, value| write(out, state, value, format));
    environment.add_filter("csv", |rows: &Value, options: Kwargs| {
        let (columns, header) = (options.get("columns")?, options.get::<Option<bool>>("header")?);
        options.assert_all_used()?;
        table(rows, columns, header.unwrap_or(true)).map(Value::from_safe_string)
    });
    environment.render_str(template, Value::from(Serde(data))).map_err(failure)
}

/// Null is written as nothing, text escaped for the format, everything else as it is.
fn write(out: &mut Out, state: &mut State, value: &Value, format: Format) -> Result<(), Error> {
    let text = match (value.as_str(), format) {
        _ if value.is_none() => return Ok(()),
        (_, Format::Html) => return minijinja::escape_formatter(out, state, value),
        (Some(text), Format::Markdown) if !value.is_safe() => markdown(text),
        // The empty field beside it keeps an empty one from being quoted for nothing.
        (Some(text), Format::Csv) if !value.is_safe() => {
            line(&[text.to_owned(), String::new()])?.trim_end_matches(",\n").to_owned()
        }
        (_, Format::Markdown | Format::Csv) => value.to_string(),
    };
    out.write_str(&text).map_err(Error::from)
}

/// Text that shows as it is, also in a table's cell: one line, with marks and tags disarmed.
fn markdown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let escaped = |mark: char| if "\\`*_[]<>#|&~".contains(mark) { format!("\\{mark}") } else { mark.to_string() };
    line.chars().map(escaped).collect()
}

/// A table of objects; without `columns`, those of the first row in its order.
fn table(rows: &Value, columns: Option<Vec<String>>, header: bool) -> Result<String, Error> {
    if rows.kind() != ValueKind::Seq {
        return Err(wrong(&format!("a table is an array of objects, not {}", rows.kind())));
    }
    let columns = match (columns, rows.try_iter()?.next()) {
        (Some(columns), _) => columns,
        (None, None) => return Ok(String::new()),
        (None, Some(first)) => first.try_iter()?.map(|name| name.to_string()).collect(),
    };
    let mut lines = if header { line(&columns)? } else { String::new() };
    for (position, row) in (1..).zip(rows.try_iter()?) {
        let cell = |name: &String| match row.get_attr(name)? {
            value if value.is_undefined() => Err(wrong(&format!("row {position} of the table has no `{name}`"))),
            value if value.is_none() => Ok(String::new()),
            value => Ok(value.to_string()),
        };
        lines += &line(&columns.iter().map(cell).collect::<Result<Vec<_>, _>>()?)?;
    }
    Ok(lines)
}

fn line(fields: &[String]) -> Result<String, Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(fields).map_err(|error| wrong(&error))?;
    String::from_utf8(writer.into_inner().map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))
}

fn wrong(why: &impl ToString) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.to_string())
}

fn failure(error: Error) -> Failure {
    let place = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    Failure::new("TemplateFailed", format!("{place}{}{detail}", error.kind()))
}

#[cfg(test)]
#[test]
fn cases() {
    cases::run(env!("CARGO_MANIFEST_DIR"), format);
}
