//! Data that was made to break a reader, and data without end.

use std::sync::atomic::{AtomicU64, Ordering};

use stepwell_objects::{Error as ObjectsError, ObjectInfo, ObjectWriter};

use super::*;
use crate::{ITEM_BYTES_MAX, MANIFEST_BYTES_MAX, OBJECT_BYTES_MAX, count, stream};

const CSV: &str = r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"]}"#;
const JSONL: &str = r#"{"InputType": "JSONL"}"#;
const JSON: &str = r#"{"InputType": "JSON"}"#;

/// What a stream may hold for ordinary items, besides the part of the object that it reads.
const HELD_BYTES_EXPECTED: usize = 4_096;

/// One object, whose bytes are made when they are read.
struct Made {
    size_bytes: u64,
    byte: Box<dyn Fn(u64) -> u8 + Send + Sync>,
    read_bytes: AtomicU64,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

impl Made {
    fn new(size_bytes: u64, byte: impl Fn(u64) -> u8 + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { size_bytes, byte: Box::new(byte), read_bytes: AtomicU64::new(0) })
    }

    /// A beginning, and then one byte for ever: a gigabyte of it.
    fn endless(start: &'static str, byte: u8) -> Arc<Self> {
        let at = |offset: u64| usize::try_from(offset).ok().and_then(|offset| start.as_bytes().get(offset)).copied();
        Self::new(1 << 30, move |offset| at(offset).unwrap_or(byte))
    }

    /// Items of the same length, each with its number as seven digits in the place of `#######`.
    fn numbered(start: &'static str, item: &'static str, end: &'static str, items: u64) -> Arc<Self> {
        let place = item.find('#').unwrap() as u64;
        let (before, length) = (start.len() as u64, item.len() as u64);
        let all = before + items * length - u64::from(!end.is_empty());
        Self::new(all + end.len() as u64, move |offset| {
            let pick = |text: &str, at: u64| text.as_bytes()[usize::try_from(at).unwrap()];
            if offset < before {
                return pick(start, offset);
            }
            if offset >= all {
                return pick(end, offset - all);
            }
            let (number, at) = ((offset - before) / length, (offset - before) % length);
            match at.checked_sub(place).filter(|digit| *digit < 7) {
                Some(digit) => {
                    b'0' + u8::try_from(number / 10_u64.pow(6 - u32::try_from(digit).unwrap()) % 10).unwrap()
                }
                None => pick(item, at),
            }
        })
    }
}

impl Objects for Made {
    fn head(&self, _bucket: &str, key: &str) -> Result<ObjectInfo, ObjectsError> {
        let (key, etag) = (key.to_owned(), "made".to_owned());
        Ok(ObjectInfo { key, size_bytes: self.size_bytes, etag, modified_micros: 0 })
    }

    fn read(&self, _bucket: &str, _key: &str, offset: u64, bytes_max: usize) -> Result<Vec<u8>, ObjectsError> {
        let end = self.size_bytes.min(offset.saturating_add(bytes_max as u64));
        let bytes: Vec<u8> = (offset..end).map(&self.byte).collect();
        self.read_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    fn list(&self, _: &str, _: &str, _: Option<&str>, _: usize) -> Result<Vec<ObjectInfo>, ObjectsError> {
        Ok(Vec::new())
    }

    fn write(&self, bucket: &str, _key: &str) -> Result<Box<dyn ObjectWriter>, ObjectsError> {
        Err(ObjectsError::ReadOnly { bucket: bucket.to_owned() })
    }
}

#[test]
fn an_item_without_end_is_given_up() {
    let header = r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}"#;
    let pointer = r#"{"InputType": "JSON", "ItemsPointer": "/a"}"#;
    for (config, start, byte, expected) in [
        (JSON, "[1, \"", b'a', "item 1: it is longer than 1048576 bytes"),
        (JSON, "[1, {\"a\": \"", b'\\', "item 1: it is longer than 1048576 bytes"),
        (JSON, "", b'[', "item 0: it is longer than 1048576 bytes"),
        (JSON, "[", b'7', "item 0: it is longer than 1048576 bytes"),
        (JSON, "{\"", b'k', "item 0: it is longer than 1048576 bytes"),
        (pointer, "{\"", b'k', "item 0: it is longer than 1048576 bytes"),
        (JSONL, "1\n", b'x', "line 2: it is longer than 1048576 bytes"),
        (JSONL, "1\n", 0, "line 2: it is longer than 1048576 bytes"),
        (CSV, "1,2\n", b'x', "the row on line 2: it is longer than 1048576 bytes"),
        (CSV, "1,2\n\"", b'\n', "the row on line 2: it is longer than 1048576 bytes"),
        (CSV, "1,2\n", b',', "the row on line 2: it is longer than 1048576 bytes"),
        (CSV, "", 0, "the row on line 1: it is longer than 1048576 bytes"),
        (header, "", b',', "the row on line 1: it is longer than 10240 bytes"),
        (r#"{"InputType": "MANIFEST"}"#, "", b'[', "the manifest: it is longer than 8388608 bytes"),
        (r#"{"InputType": "JSONL", "ManifestType": "ATHENA_DATA"}"#, "", b's', "line 1: it is longer than 1048576"),
    ] {
        let made = Made::endless(start, byte);
        let objects: Arc<dyn Objects> = Arc::clone(&made) as Arc<dyn Objects>;
        let error = count(&of_object(config), &objects).unwrap_err().to_string();
        assert!(error.starts_with("S3://b/k, ") && error.contains(expected), "{config} {start:?}: {error}");
        let read = made.read_bytes.load(Ordering::Relaxed);
        assert!(read <= (MANIFEST_BYTES_MAX + 2 * READ_BYTES) as u64, "{config} {start:?}: {read} bytes were read");
    }
}

#[test]
fn an_item_may_be_as_long_as_the_limit() {
    let longest = format!("\"{}\"", "x".repeat(ITEM_BYTES_MAX - 2));
    assert_eq!(items(JSON, format!("[{longest}]")).unwrap().len(), 1);
    assert_eq!(items(JSONL, &longest).unwrap().len(), 1);
    let row = "x".repeat(ITEM_BYTES_MAX);
    assert_eq!(items(CSV, format!("{row}\n1,2\n")).unwrap().len(), 2);
    assert!(trouble(CSV, format!("{row}x\n")).contains("the row on line 1"));
    let longer = format!("\"y{}\"", "x".repeat(ITEM_BYTES_MAX - 2));
    assert!(trouble(JSON, format!("[{longest}, {longer}]")).contains("item 1: it is longer than"));
    assert!(trouble(JSONL, format!("{longest}\n{longer}")).contains("line 2: it is longer than"));
}

#[test]
fn an_object_larger_than_the_limit_is_not_begun() {
    let made = Made::new(OBJECT_BYTES_MAX + 1, |_| b'\n');
    let objects: Arc<dyn Objects> = Arc::clone(&made) as Arc<dyn Objects>;
    let error = count(&of_object(JSONL), &objects).unwrap_err().to_string();
    assert!(error.contains("more than 10737418240 bytes; divide it"), "{error}");
    assert_eq!(made.read_bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn text_that_is_no_json_is_told_with_its_place() {
    for (content, expected) in [
        ("", "byte 0: it is not valid JSON: expected an array or an object"),
        ("   ", "byte 3: it is not valid JSON"),
        ("<html>", "expected an array or an object"),
        ("[", "expected the rest of a value"),
        ("[1", "expected a comma or the end of the items"),
        ("[1,", "expected the rest of a value"),
        ("[1 2]", "expected a comma or the end of the items"),
        ("[1,]", "expected a value"),
        ("[,1]", "expected a value"),
        ("[1]]", "expected nothing behind the end of the items"),
        ("[1] x", "expected nothing behind the end of the items"),
        ("[1}", "expected a comma or the end of the items"),
        ("[\"a]", "expected the rest of a value"),
        ("[{\"a\":1]", "item 0: it is not a JSON value"),
        ("[{\"a\":1,\"b\"]}]", "item 0: it is not a JSON value"),
        ("[tru]", "item 0: it is not a JSON value"),
        ("[1\"a\"]", "expected a comma or the end of the items"),
        ("[01]", "item 0: it is not a JSON value"),
        ("[\"a\nb\"]", "item 0: it is not a JSON value"),
        ("[\0]", "item 0: it is not a JSON value"),
        ("[0, \"\\ud800\"]", "item 1: it is not a JSON value"),
        ("{1:2}", "expected the name of a member"),
        ("{\"a\" 1}", "expected a colon"),
        ("{\"a\":1,}", "expected the name of a member"),
        ("{\"\\x\":1}", "expected a name that is a JSON string"),
        ("{\"a\":}", "expected a value"),
    ] {
        let error = trouble(JSON, content);
        assert!(error.starts_with("S3://b/k, ") && error.contains(expected), "{content:?}: {error}");
    }
    let error = trouble(JSON, b"[\"ok\", \"\xFF\"]");
    assert!(error.contains("item 1: byte 1 of it is not UTF-8"), "{error}");
    assert!(trouble(JSON, b"\xFF\xFE[\x001\x00]\x00").contains("expected an array or an object"));
    assert!(trouble(JSONL, b"1\n\"\xC3\x28\"\n").contains("line 2: byte 1 of it is not UTF-8"));
    assert!(trouble(CSV, b"a,b\n1,\xE9\n").contains("the row on line 2: the text of column 2 is not UTF-8"));
    assert!(trouble(CSV, "1,2\n3,\"4\n5,6\n").contains("the row on line 2: the object ends in a quoted field"));
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for depth in [1_000, 300_000, 2_000_000] {
        let content = format!("[{}{}]", "[".repeat(depth), "]".repeat(depth));
        assert!(items(JSON, &content).is_err(), "{depth}");
        assert!(items(JSONL, &content).is_err(), "{depth}");
        // What a pointer passes over may be as deep as it likes.
        let content = format!("{{\"deep\": {content}, \"a\": [1]}}");
        assert_eq!(items(r#"{"ItemsPointer": "/a"}"#, &content).unwrap(), ["1"]);
    }
    assert_eq!(items(JSON, format!("[{}{}]", "[".repeat(120), "]".repeat(120))).unwrap().len(), 1);
}

#[test]
fn a_packed_bomb_is_given_up_early() {
    let zeros = packed(&vec![0; 64 << 20]);
    assert!(zeros.len() < 1 << 20);
    for config in [JSONL, CSV] {
        assert!(trouble(config, &zeros).contains("longer than 1048576 bytes"));
    }
    assert!(trouble(JSON, &zeros).contains("expected an array or an object"));
}

#[test]
fn a_million_items_are_read_in_little_memory() {
    const ITEMS: u64 = 1_000_000;
    let first = r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}"#;
    for (config, made) in [
        (JSON, Made::numbered("[", "{\"n\": \"#######\"},", "]", ITEMS)),
        (JSONL, Made::numbered("", "{\"n\": \"#######\"}\n", "", ITEMS)),
        (first, Made::numbered("n\n", "\"#######\"\n", "", ITEMS)),
    ] {
        let objects: Arc<dyn Objects> = Arc::clone(&made) as Arc<dyn Objects>;
        let dataset = of_object(config);
        assert_eq!(count(&dataset, &objects).unwrap().items, ITEMS, "{config}");
        let mut stream = stream(&dataset, objects, ITEMS / 2);
        let mut held_bytes = 0;
        for number in ITEMS / 2..ITEMS {
            let item = stream.next().unwrap().unwrap();
            assert_eq!(item.value.get("n").and_then(Value::as_str), Some(format!("{number:07}").as_str()));
            held_bytes = held_bytes.max(stream.held_bytes());
        }
        assert!(stream.next().is_none());
        assert!(held_bytes <= HELD_BYTES_EXPECTED, "{config}: {held_bytes} bytes were held");
    }
}
