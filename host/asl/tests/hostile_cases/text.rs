//! Texts that are large when they are written out, and small as they are kept: a string is
//! itself, a list is its parts one after the other, and an object is one of
//!
//! * `{"repeat": TEXT, "times": n, "between": TEXT}`, where `#` counts from 0;
//! * `{"nest": [OPEN, TEXT, CLOSE], "times": n}`, where `#` counts from 0;
//! * `{"quoted": TEXT}`, a JSON string of that content;
//! * `{"bytes": [n, …]}`.

use serde_json::{Value as Json, json};

pub fn repeat(text: impl Into<Json>, times: usize) -> Json {
    json!({"repeat": text.into(), "times": times})
}

pub fn list(text: impl Into<Json>, times: usize) -> Json {
    json!({"repeat": text.into(), "times": times, "between": ","})
}

pub fn nest(open: &str, inner: impl Into<Json>, close: &str, times: usize) -> Json {
    json!({"nest": [open, inner.into(), close], "times": times})
}

pub fn quoted(text: impl Into<Json>) -> Json {
    json!({"quoted": text.into()})
}

pub fn write_out(text: &Json, out: &mut Vec<u8>) {
    match text {
        Json::String(text) => out.extend(text.as_bytes()),
        Json::Array(parts) => parts.iter().for_each(|part| write_out(part, out)),
        Json::Object(operation) => {
            let times = operation.get("times").and_then(Json::as_u64).unwrap_or(1);
            if let Some(repeated) = operation.get("repeat") {
                for at in 0..times {
                    if at > 0 {
                        write_out(operation.get("between").unwrap_or(&json!("")), out);
                    }
                    counted(repeated, at, out);
                }
            } else if let Some(Json::Array(parts)) = operation.get("nest") {
                (0..times).for_each(|at| counted(&parts[0], at, out));
                write_out(&parts[1], out);
                (0..times).for_each(|_| write_out(&parts[2], out));
            } else if let Some(text) = operation.get("quoted") {
                let mut content = Vec::new();
                write_out(text, &mut content);
                out.extend(json!(String::from_utf8(content).unwrap()).to_string().as_bytes());
            } else {
                let bytes = operation.get("bytes").and_then(Json::as_array).unwrap_or_else(|| panic!("{text}"));
                out.extend(bytes.iter().map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()));
            }
        }
        other => panic!("no text: {other}"),
    }
}

fn counted(text: &Json, at: u64, out: &mut Vec<u8>) {
    let mut part = Vec::new();
    write_out(text, &mut part);
    let count = at.to_string();
    for byte in part {
        match byte {
            b'#' => out.extend(count.as_bytes()),
            byte => out.push(byte),
        }
    }
}
