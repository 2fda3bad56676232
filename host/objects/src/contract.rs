//! What every implementation must do, as tests that it runs on itself.
//!
//! An implementation names a place and how to open it. The place has two buckets: `orders`,
//! empty, which may be written, and `kept`, which may only be read and has the object
//! `there.txt` with the content `there`. [`contract_tests!`] makes one test of each behaviour:
//!
//! ```
//! use std::sync::Arc;
//! use stepwell_objects::{MemoryObjects, Objects};
//!
//! stepwell_objects::contract_tests!(|| {
//!     let objects = MemoryObjects::new(["orders", "kept"]);
//!     objects.put("kept", "there.txt", "there").unwrap();
//!     objects.make_read_only("kept");
//!     move || Arc::new(objects.clone()) as Arc<dyn Objects>
//! });
//! ```
//!
//! Each call of the inner closure opens the place again; what was written before is still there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use crate::{Error, ObjectInfo, Objects};

/// Opens the place under test.
pub type Open<'a> = &'a mut dyn FnMut() -> Arc<dyn Objects>;

/// One `#[test]` for each behaviour, against the place that the expression makes.
#[macro_export]
macro_rules! contract_tests {
    ($place:expr) => {
        $crate::contract_tests! { @each $place;
            an_object_comes_back_as_it_was_written
            an_object_is_read_in_parts
            an_object_is_there_when_it_is_finished
            a_dropped_writer_leaves_nothing
            a_finished_writer_replaces
            two_writers_of_one_key_each_write_all
            buckets_are_there_when_they_are_granted
            what_is_missing_is_named
            a_read_only_bucket_is_read
            keys_that_name_no_object_are_refused
            keys_of_any_text_are_kept
            listings_are_in_the_order_of_bytes
            listings_have_pages
            listings_have_prefixes
            reopening_keeps_everything
        }
    };
    (@each $place:expr; $($behaviour:ident)+) => {
        $(#[test]
        fn $behaviour() {
            let mut open = ($place)();
            $crate::contract::$behaviour(&mut open);
        })+
    };
}

/// Bytes of every value, in several appends, and none at all.
pub fn an_object_comes_back_as_it_was_written(open: Open<'_>) {
    let objects = open();
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut writer = objects.write("orders", "a/b.bin").unwrap();
    for part in content.chunks(7_001) {
        writer.append(part).unwrap();
    }
    let info = writer.finish().unwrap();
    assert_eq!((info.key.as_str(), info.size_bytes), ("a/b.bin", 100_000));
    assert!(!info.etag.is_empty() && !info.etag.contains('"'), "{info:?}");
    assert_eq!(objects.head("orders", "a/b.bin").unwrap(), info);
    assert_eq!(objects.read("orders", "a/b.bin", 0, 200_000).unwrap(), content);

    let empty = put(&*objects, "empty", b"");
    assert_eq!(empty.size_bytes, 0);
    assert_eq!(objects.read("orders", "empty", 0, 10).unwrap(), b"");
}

/// Any part can be read; past the end there is nothing.
pub fn an_object_is_read_in_parts(open: Open<'_>) {
    let objects = open();
    put(&*objects, "k", b"0123456789");
    let read = |offset, max| objects.read("orders", "k", offset, max).unwrap();
    assert_eq!(read(0, 3), b"012");
    assert_eq!(read(4, 3), b"456");
    assert_eq!(read(8, 3), b"89");
    assert_eq!(read(10, 3), b"");
    assert_eq!(read(u64::MAX, 3), b"");
    assert_eq!(read(3, 0), b"");
    assert_eq!(read(0, usize::MAX), b"0123456789");
}

/// Before it is finished nobody sees it, not even in a listing.
pub fn an_object_is_there_when_it_is_finished(open: Open<'_>) {
    let objects = open();
    let mut writer = objects.write("orders", "day/one").unwrap();
    writer.append(b"half").unwrap();
    assert!(matches!(objects.head("orders", "day/one"), Err(Error::NoSuchKey { .. })));
    assert_eq!(keys(&*objects, "", None, 10), [""; 0]);
    let seen_elsewhere = open();
    assert_eq!(keys(&*seen_elsewhere, "", None, 10), [""; 0]);
    writer.append(b" and half").unwrap();
    writer.finish().unwrap();
    assert_eq!(objects.read("orders", "day/one", 0, 100).unwrap(), b"half and half");
}

/// Also where it would have replaced an object.
pub fn a_dropped_writer_leaves_nothing(open: Open<'_>) {
    let objects = open();
    let before = put(&*objects, "k", b"before");
    for key in ["k", "deep/er/k"] {
        let mut writer = objects.write("orders", key).unwrap();
        writer.append(b"lost").unwrap();
        drop(writer);
    }
    assert_eq!(objects.list("orders", "", None, 10).unwrap(), [before]);
    assert_eq!(objects.read("orders", "k", 0, 100).unwrap(), b"before");
}

/// The etag tells that the object has changed, also when it is as long as before.
pub fn a_finished_writer_replaces(open: Open<'_>) {
    let objects = open();
    let first = put(&*objects, "k", b"first");
    let again = put(&*objects, "k", b"again");
    assert_ne!(first.etag, again.etag);
    assert_eq!(objects.read("orders", "k", 0, 100).unwrap(), b"again");
    assert_eq!(objects.list("orders", "", None, 10).unwrap(), [again]);
}

/// Whoever finishes last is there, whole.
pub fn two_writers_of_one_key_each_write_all(open: Open<'_>) {
    let objects = open();
    let mut one = objects.write("orders", "k").unwrap();
    let mut two = objects.write("orders", "k").unwrap();
    one.append(b"1").unwrap();
    two.append(b"2").unwrap();
    one.append(b"1").unwrap();
    two.append(b"2").unwrap();
    two.finish().unwrap();
    assert_eq!(objects.read("orders", "k", 0, 100).unwrap(), b"22");
    one.finish().unwrap();
    assert_eq!(objects.read("orders", "k", 0, 100).unwrap(), b"11");
}

/// The error says what to add to the project file.
pub fn buckets_are_there_when_they_are_granted(open: Open<'_>) {
    let objects = open();
    for error in [
        objects.head("unknown", "k").unwrap_err(),
        objects.read("unknown", "k", 0, 1).unwrap_err(),
        objects.list("unknown", "", None, 1).unwrap_err(),
        objects.write("unknown", "k").err().unwrap(),
    ] {
        assert!(matches!(&error, Error::NoSuchBucket { bucket } if bucket == "unknown"), "{error}");
        assert!(error.to_string().contains("[buckets.unknown]"), "{error}");
    }
}

/// A name that others lie under is no object either.
pub fn what_is_missing_is_named(open: Open<'_>) {
    let objects = open();
    put(&*objects, "a/b", b"x");
    for key in ["missing", "a", "a/b/c", "a/missing"] {
        for error in [objects.head("orders", key).unwrap_err(), objects.read("orders", key, 0, 1).unwrap_err()] {
            assert!(matches!(&error, Error::NoSuchKey { .. }), "{key}: {error}");
            assert!(error.to_string().contains(key), "{error}");
        }
    }
}

/// Its objects can be had, and none is added.
pub fn a_read_only_bucket_is_read(open: Open<'_>) {
    let objects = open();
    assert_eq!(objects.read("kept", "there.txt", 0, 100).unwrap(), b"there");
    let error = objects.write("kept", "new").err().unwrap();
    assert!(matches!(&error, Error::ReadOnly { bucket } if bucket == "kept"), "{error}");
    assert!(error.to_string().contains("read-write"), "{error}");
    assert_eq!(objects.list("kept", "", None, 10).unwrap().len(), 1);
}

/// Whatever asks for them.
pub fn keys_that_name_no_object_are_refused(open: Open<'_>) {
    let objects = open();
    let long = "k".repeat(2_000);
    for key in ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a\0b", ".stepwell-1", &long] {
        for error in [
            objects.head("orders", key).unwrap_err(),
            objects.read("orders", key, 0, 1).unwrap_err(),
            objects.write("orders", key).err().unwrap(),
        ] {
            assert!(matches!(error, Error::KeyInvalid { .. }), "{key:?}: {error}");
        }
    }
    // A prefix is no key: it may be anything, and finds what begins so.
    for prefix in ["/", "..", "../", "a//", "./", "\0", ".stepwell-", &long] {
        assert_eq!(objects.list("orders", prefix, None, 10).unwrap(), [], "{prefix:?}");
    }
}

/// What means something to a shell or another system is a name like any other.
pub fn keys_of_any_text_are_kept(open: Open<'_>) {
    let objects = open();
    let mut names = ["a b", "\u{e9}t\u{e9}/\u{65e5}\u{672c}", "$HOME/*", "a\\b", "c:d", "%2e%2e/x", "~", "...", "-rf"];
    for key in names {
        put(&*objects, key, key.as_bytes());
    }
    names.sort_unstable();
    assert_eq!(keys(&*objects, "", None, 100), names);
    for key in names {
        assert_eq!(objects.read("orders", key, 0, 100).unwrap(), key.as_bytes());
    }
}

/// Not in the order in which a walk through directories would meet them.
pub fn listings_are_in_the_order_of_bytes(open: Open<'_>) {
    let objects = open();
    let mut names = ["a/b", "a.txt", "a-", "a0", "a/b.c", "a/b0/c", "a/b-/c", "B", "b", "a/b!", "\u{e9}", "a~", "a!/z"];
    for key in names {
        put(&*objects, key, b"");
    }
    // `a/b` is an object, so nothing can lie under it.
    names.sort_unstable();
    assert_eq!(keys(&*objects, "", None, 100), names);
    for (at, after) in names.iter().enumerate() {
        assert_eq!(keys(&*objects, "", Some(after), 100), names[at + 1..], "after {after}");
        assert_eq!(keys(&*objects, "", Some(after), 2), names[at + 1..(at + 3).min(names.len())], "after {after}");
    }
}

/// Pages of every size add up to the whole.
pub fn listings_have_pages(open: Open<'_>) {
    let objects = open();
    let mut names = Vec::new();
    for n in 0..7 {
        names.extend([format!("d{n}/x"), format!("d{n}/y/z"), format!("f{n}")]);
    }
    for key in &names {
        put(&*objects, key, b"");
    }
    names.sort_unstable();
    for size in [1, 2, 3, 5, 21, 22, 1_000] {
        let mut found: Vec<String> = Vec::new();
        loop {
            let page = keys(&*objects, "", found.last().map(String::as_str), size);
            let full = page.len() == size;
            found.extend(page);
            if !full {
                break;
            }
        }
        assert_eq!(found, names, "pages of {size}");
    }
    assert_eq!(keys(&*objects, "", None, 0), [""; 0]);
    // A key to go on after need not be there.
    assert_eq!(keys(&*objects, "", Some("d6/y"), 2), ["d6/y/z", "f0"]);
    assert_eq!(keys(&*objects, "", Some("d6/y/"), 1), ["d6/y/z"]);
    assert_eq!(keys(&*objects, "", Some("d6/y/zz"), 1), ["f0"]);
    assert_eq!(keys(&*objects, "", Some("e/../.."), 1), ["f0"]);
}

/// A prefix is the start of a key, wherever its names end.
pub fn listings_have_prefixes(open: Open<'_>) {
    let objects = open();
    for key in ["a", "ab/c", "ab/cd/e", "abc", "b/c"] {
        put(&*objects, key, b"");
    }
    for (prefix, expected) in [
        ("", &["a", "ab/c", "ab/cd/e", "abc", "b/c"][..]),
        ("a", &["a", "ab/c", "ab/cd/e", "abc"]),
        ("ab", &["ab/c", "ab/cd/e", "abc"]),
        ("ab/", &["ab/c", "ab/cd/e"]),
        ("ab/cd", &["ab/cd/e"]),
        ("ab/cd/", &["ab/cd/e"]),
        ("abc/", &[]),
        ("a/", &[]),
        ("z", &[]),
        ("z/z/z", &[]),
    ] {
        assert_eq!(keys(&*objects, prefix, None, 100), expected, "prefix {prefix:?}");
    }
    assert_eq!(keys(&*objects, "ab/", Some("ab/c"), 100), ["ab/cd/e"]);
    assert_eq!(keys(&*objects, "ab/", Some("a"), 1), ["ab/c"]);
    assert_eq!(keys(&*objects, "ab/", Some("b"), 1), [""; 0]);
}

/// What is finished outlives whoever wrote it.
pub fn reopening_keeps_everything(open: Open<'_>) {
    let objects = open();
    let written = [put(&*objects, "a/b", b"1"), put(&*objects, "c", b"2")];
    drop(objects);
    let objects = open();
    assert_eq!(objects.list("orders", "", None, 10).unwrap(), written);
    assert_eq!(objects.read("orders", "a/b", 0, 10).unwrap(), b"1");
}

fn put(objects: &dyn Objects, key: &str, content: &[u8]) -> ObjectInfo {
    let mut writer = objects.write("orders", key).unwrap();
    writer.append(content).unwrap();
    writer.finish().unwrap()
}

fn keys(objects: &dyn Objects, prefix: &str, after: Option<&str>, max: usize) -> Vec<String> {
    let found = objects.list("orders", prefix, after, max).unwrap();
    found.into_iter().map(|info| info.key).collect()
}
