//! Properties: where the parts of an object are divided changes nothing, and what is read is what
//! was written.

use proptest::prelude::*;

use super::*;

const CSV: &str = r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b", "c"]}"#;
const CSV_FIRST: &str = r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "PIPE"}"#;
const JSON: &str = r#"{"InputType": "JSON"}"#;
const JSON_POINTER: &str = r#"{"InputType": "JSON", "ItemsPointer": "/a/1"}"#;
const JSONL: &str = r#"{"InputType": "JSONL"}"#;

/// Items or the error, as text.
fn outcome(config: &str, content: &[u8], read_bytes: usize) -> Result<Vec<String>, String> {
    items_by(config, content, read_bytes).map_err(|error| error.to_string())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ a\\[\\]{}\",:\\\\\u{e9}\n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::array),
            prop::collection::vec(("[a\"\\\\}]{0,3}", inner), 0..4).prop_map(Value::object),
        ]
    })
}

/// Pieces of JSON in any order: mostly wrong, sometimes right.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"a\":",
        "1",
        "-0.5",
        "null",
        "tru",
        " ",
        "\n",
        "\\",
        "\u{e9}",
        "[1,2]",
        "{\"a\":[0,[1,{}]]}",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat().into_bytes())
}

fn csv_like() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"ab,|\"\"\\\n\r \0\xC3".to_vec()), 0..40)
}

proptest! {
    #[test]
    fn the_size_of_parts_changes_nothing(
        like_json in json_like(),
        like_csv in csv_like(),
        read_bytes in 1_usize..64,
    ) {
        for (config, content) in [
            (JSON, &like_json), (JSON_POINTER, &like_json), (JSONL, &like_json),
            (CSV, &like_csv), (CSV_FIRST, &like_csv), (JSONL, &like_csv),
        ] {
            let whole = outcome(config, content, READ_BYTES);
            prop_assert_eq!(&outcome(config, content, read_bytes), &whole);
            prop_assert_eq!(&outcome(config, &packed(content), read_bytes), &whole);
        }
    }

    #[test]
    fn what_is_read_is_what_the_parser_reads(text in json_like()) {
        let read = outcome(JSON, &text, READ_BYTES);
        match Value::parse(std::str::from_utf8(&text).unwrap()) {
            Ok(Value::Array(expected)) => {
                prop_assert_eq!(read, Ok(expected.iter().map(Value::to_string).collect::<Vec<_>>()));
            }
            Ok(Value::Object(_)) => prop_assert!(read.is_ok()),
            Ok(_) | Err(_) => prop_assert!(read.is_err()),
        }
    }

    #[test]
    fn written_values_come_back(values in prop::collection::vec(value(), 0..8), read_bytes in 1_usize..64) {
        let expected: Vec<_> = values.iter().map(Value::to_string).collect();
        let array = format!("[{}\n]", expected.join(" ,\t"));
        prop_assert_eq!(outcome(JSON, array.as_bytes(), read_bytes), Ok(expected.clone()));
        let pointed = format!("{{\"b\": {array}, \"a\": [{array}, {array}]}}");
        prop_assert_eq!(outcome(JSON_POINTER, pointed.as_bytes(), read_bytes), Ok(expected.clone()));
        prop_assert_eq!(outcome(JSONL, expected.join("\n").as_bytes(), read_bytes), Ok(expected));
    }

    #[test]
    fn written_rows_come_back(
        rows in prop::collection::vec(prop::array::uniform3("[ab,\"\\\\\r\n \u{e9}]{0,6}"), 0..6),
        read_bytes in 1_usize..64,
    ) {
        let quoted = |field: &String| format!("\"{}\"", field.replace('\\', "\\\\").replace('"', "\"\""));
        let text: Vec<_> = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n").collect();
        let expected: Vec<_> = rows
            .iter()
            .map(|row| Value::object(["a", "b", "c"].into_iter().zip(row.iter().map(|field| Value::from(field.as_str())))))
            .map(|row| row.to_string())
            .collect();
        prop_assert_eq!(outcome(CSV, text.concat().as_bytes(), read_bytes), Ok(expected));
    }
}
