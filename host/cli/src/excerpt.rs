//! A message with the place it is about: file, line and column, the line itself, a caret.

use std::fmt::Write as _;
use std::ops::Range;

use crate::style::{Paint, Palette};

/// Longer lines are cut, so that a minified file does not flood the terminal (characters).
const LINE_CHARS_MAX: usize = 160;

/// Where a byte of a text is, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub fn of(text: &str, byte: usize) -> Self {
        let before = before(text, byte);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        Self { line: before.matches('\n').count() + 1, column }
    }
}

/// What is said about a place.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// `error`, `warning` or `info`.
    pub level: &'a str,
    pub code: Option<&'a str>,
    pub text: &'a str,
    pub help: Option<&'a str>,
    /// A JSON pointer, where there is one.
    pub pointer: Option<&'a str>,
}

/// Renders a message about `span` (bytes) of the text of a file.
pub fn render(message: &Message<'_>, file: &str, text: &str, span: Option<Range<usize>>, palette: &Palette) -> String {
    let mut out = String::new();
    let level = match message.code {
        Some(code) => format!("{}[{code}]", message.level),
        None => message.level.to_owned(),
    };
    let paint = match message.level {
        "warning" => Paint::Warning,
        "info" => Paint::Note,
        _ => Paint::Error,
    };
    let _ = writeln!(out, "{}: {}", palette.paint(paint, &level), palette.paint(Paint::Strong, message.text));
    match span {
        Some(span) => {
            let place = Place::of(text, span.start);
            let _ = writeln!(out, "  --> {file}:{}:{}", place.line, place.column);
            source_line(&mut out, text, &span, place, palette);
        }
        None => {
            let _ = writeln!(out, "  --> {file}");
        }
    }
    if let Some(pointer) = message.pointer.filter(|pointer| !pointer.is_empty()) {
        let _ = writeln!(out, "   = at {pointer}");
    }
    if let Some(help) = message.help {
        let _ = writeln!(out, "   = {}: {help}", palette.paint(Paint::Note, "help"));
    }
    out
}

/// A second place of the same message.
pub fn also(file: &str, text: &str, span: Range<usize>, palette: &Palette) -> String {
    let place = Place::of(text, span.start);
    let mut out = format!("   = {}: the other one:\n", palette.paint(Paint::Note, "note"));
    let _ = writeln!(out, "  --> {file}:{}:{}", place.line, place.column);
    source_line(&mut out, text, &span, place, palette);
    out
}

fn source_line(out: &mut String, text: &str, span: &Range<usize>, place: Place, palette: &Palette) {
    let line = text.lines().nth(place.line - 1).unwrap_or("");
    let skipped = (place.column - 1).saturating_sub(LINE_CHARS_MAX / 2);
    let shown: String =
        line.chars().skip(skipped).take(LINE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let covered = text.get(span.start..span.end).and_then(|part| part.lines().next()).unwrap_or("");
    let left = (place.column - 1).saturating_sub(skipped);
    let carets = covered.chars().count().clamp(1, LINE_CHARS_MAX.saturating_sub(left).max(1));
    let _ = writeln!(out, "{gutter} |");
    let _ = writeln!(out, "{number} | {shown}");
    let marks = palette.paint(Paint::Error, &"^".repeat(carets));
    let _ = writeln!(out, "{gutter} | {}{marks}", " ".repeat(left));
}

/// The text before a byte, or before the character that the byte is inside of.
fn before(text: &str, byte: usize) -> &str {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_place() {
        let text = "a = 1\nbö = \"x\"\n";
        let start = text.find('"').unwrap_or(0);
        let message =
            Message { level: "error", code: Some("SW1"), text: "no", help: Some("try 1"), pointer: Some("/b") };
        let shown = render(&message, "f.toml", text, Some(start..start + 3), &Palette::plain());
        insta::assert_snapshot!(shown, @r#"
        error[SW1]: no
          --> f.toml:2:6
          |
        2 | bö = "x"
          |      ^^^
           = at /b
           = help: try 1
        "#);
    }

    #[test]
    fn places_outside_the_text_and_inside_characters_do_no_harm() {
        assert_eq!(Place::of("ö", 1), Place { line: 1, column: 1 });
        assert_eq!(Place::of("a\n", 99), Place { line: 2, column: 1 });
        let message = Message { level: "error", code: None, text: "no", help: None, pointer: None };
        let long = "x".repeat(100_000);
        let shown = render(&message, "f", &long, Some(90_000..95_000), &Palette::plain());
        assert!(shown.len() < 1000);
    }
}
