//! `-i`: JSON on the command line, in a file, or on standard input.

use std::io::Read as _;

use stepwell_asl::expr::Value;

use crate::exit::{Code, Exit};

/// Larger inputs are not read (bytes): no host would take them.
const INPUT_BYTES_READ_MAX: u64 = 16 << 20;

/// Reads and checks the input.
pub fn read(argument: &str) -> Result<Value, Exit> {
    let (from, text) = source(argument)?;
    Value::parse(&text).map_err(|error| {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or("it is not JSON").to_owned();
        let (line, column) = (error.line(), error.column());
        refuse(&format!("{from} is not valid JSON: {reason} at line {line}, column {column}"))
    })
}

/// Reads text that need not be JSON.
pub fn text(argument: &str) -> Result<String, Exit> {
    source(argument).map(|(_, text)| text)
}

/// Where the text comes from, and the text.
fn source(argument: &str) -> Result<(String, String), Exit> {
    Ok(match argument.strip_prefix('@') {
        Some(path) => {
            let opened = std::fs::File::open(path);
            let text = opened.and_then(limited).map_err(|error| refuse(&format!("cannot read {path}: {error}")))?;
            (path.to_owned(), text)
        }
        None if argument == "-" => {
            let text = limited(std::io::stdin());
            (
                "standard input".to_owned(),
                text.map_err(|error| refuse(&format!("cannot read standard input: {error}")))?,
            )
        }
        None => ("the input".to_owned(), argument.to_owned()),
    })
}

fn limited(source: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    source.take(INPUT_BYTES_READ_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn refuse(message: &str) -> Exit {
    Exit::new(Code::Usage, message)
        .help("write -i '{\"month\": 1}', -i @input.json, or -i - with the JSON on standard input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_sources_and_a_place_for_what_is_wrong() {
        assert_eq!(read("{\"a\":1}").ok(), Value::parse("{\"a\":1}").ok());
        let wrong = read("{\"a\":\n x}").err().map(|exit| exit.to_string());
        assert_eq!(wrong.as_deref(), Some("the input is not valid JSON: expected value at line 2, column 2"));
        let missing = read("@/does/not/exist").err().map(|exit| exit.to_string());
        assert!(missing.is_some_and(|text| text.contains("cannot read /does/not/exist")));
    }
}
