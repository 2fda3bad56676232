//! The contract, and what is particular to directories.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

stepwell_objects::contract_tests!(|| {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("kept")).unwrap();
    std::fs::write(place.path().join("kept/there.txt"), "there").unwrap();
    move || Arc::new(opened(place.path())) as Arc<dyn Objects>
});

fn opened(place: &Path) -> LocalObjects {
    let bucket = |name: &str, access| (name.to_owned(), Bucket { path: place.join(name), access });
    let buckets = [bucket("orders", Access::ReadWrite), bucket("kept", Access::ReadOnly)];
    LocalObjects::new(buckets.into_iter().collect()).unwrap()
}

/// A place with both buckets, and the directory of `orders`.
fn place() -> (tempfile::TempDir, LocalObjects, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("kept")).unwrap();
    let objects = opened(place.path());
    let orders = place.path().join("orders");
    (place, objects, orders)
}

fn keys(objects: &LocalObjects, prefix: &str) -> Vec<String> {
    objects.list("orders", prefix, None, 1_000).unwrap().into_iter().map(|info| info.key).collect()
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let place = tempfile::tempdir().unwrap();
    let bucket = Bucket { path: place.path().join("none"), access: Access::ReadOnly };
    let error = LocalObjects::new([("kept".to_owned(), bucket)].into_iter().collect()).unwrap_err().to_string();
    assert!(error.contains("kept") && error.contains("none"), "{error}");
}

#[test]
fn links_are_not_followed_and_not_listed() {
    let (place, objects, orders) = place();
    std::fs::write(place.path().join("secret"), "secret").unwrap();
    std::fs::create_dir_all(orders.join("real")).unwrap();
    std::fs::write(orders.join("real/file"), "real").unwrap();
    symlink(place.path().join("secret"), orders.join("out")).unwrap();
    symlink("../secret", orders.join("up")).unwrap();
    symlink("real/file", orders.join("in")).unwrap();
    symlink(place.path(), orders.join("outside")).unwrap();
    symlink("real", orders.join("inside")).unwrap();
    symlink("loop", orders.join("loop")).unwrap();

    assert_eq!(keys(&objects, ""), ["real/file"]);
    assert_eq!(keys(&objects, "inside/"), [""; 0]);
    assert_eq!(keys(&objects, "outside/"), [""; 0]);
    for key in ["out", "up", "in", "outside/secret", "inside/file", "loop", "loop/x"] {
        assert!(matches!(objects.head("orders", key), Err(Error::NoSuchKey { .. })), "{key}");
        assert!(matches!(objects.read("orders", key, 0, 10), Err(Error::NoSuchKey { .. })), "{key}");
        let error = objects.write("orders", key).err().unwrap();
        assert!(matches!(error, Error::KeyInvalid { .. }), "{key}: {error}");
    }
    assert_eq!(std::fs::read(place.path().join("secret")).unwrap(), b"secret");
}

#[test]
fn only_files_are_objects() {
    let (_place, objects, orders) = place();
    std::fs::create_dir_all(orders.join("empty/below")).unwrap();
    std::fs::write(orders.join(std::ffi::OsStr::from_bytes(b"no\xFFtext")), "").unwrap();
    std::fs::write(orders.join("new\nline"), "").unwrap();
    std::fs::write(orders.join(".hidden"), "").unwrap();
    let socket = std::os::unix::net::UnixListener::bind(orders.join("socket")).unwrap();
    assert_eq!(keys(&objects, ""), [".hidden"]);
    assert!(matches!(objects.read("orders", "socket", 0, 1), Err(Error::NoSuchKey { .. })));
    drop(socket);
}

#[test]
fn what_a_killed_process_left_is_not_listed() {
    let (_place, objects, orders) = place();
    let mut writer = objects.write("orders", "day/report").unwrap();
    writer.append(b"half").unwrap();
    // As when the process is killed: nothing is cleaned up.
    std::mem::forget(writer);
    assert_eq!(std::fs::read_dir(orders.join("day")).unwrap().count(), 1);

    let objects = LocalObjects::new(
        [("orders".to_owned(), Bucket { path: orders.clone(), access: Access::ReadWrite })].into_iter().collect(),
    )
    .unwrap();
    assert_eq!(keys(&objects, ""), [""; 0]);
    assert_eq!(keys(&objects, "day/.stepwell"), [""; 0]);
    let mut writer = objects.write("orders", "day/report").unwrap();
    writer.append(b"whole").unwrap();
    writer.finish().unwrap();
    assert_eq!(keys(&objects, ""), ["day/report"]);
    assert_eq!(std::fs::read(orders.join("day/report")).unwrap(), b"whole");
}

#[test]
fn a_dropped_writer_leaves_no_file_and_no_directory() {
    let (_place, objects, orders) = place();
    drop(objects.write("orders", "a/b/c").unwrap());
    assert_eq!(std::fs::read_dir(&orders).unwrap().count(), 0);

    let one = objects.write("orders", "a/b/c").unwrap();
    let other = objects.write("orders", "a/b/d").unwrap();
    drop(one);
    other.finish().unwrap();
    assert_eq!(keys(&objects, ""), ["a/b/d"]);
    assert_eq!(std::fs::read_dir(orders.join("a/b")).unwrap().count(), 1);
}

#[test]
fn a_name_is_a_file_or_a_directory() {
    let (_place, objects, _orders) = place();
    objects.write("orders", "a/b").unwrap().finish().unwrap();
    for key in ["a", "a/b/c"] {
        let error = objects.write("orders", key).err().unwrap();
        assert!(matches!(error, Error::KeyInvalid { .. }), "{key}: {error}");
        assert!(error.to_string().contains("choose another key"), "{error}");
    }
    // The directory comes while the object is written.
    let writer = objects.write("orders", "late").unwrap();
    objects.write("orders", "late/x").unwrap().finish().unwrap();
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, Error::KeyInvalid { .. }), "{error}");
    assert_eq!(keys(&objects, ""), ["a/b", "late/x"]);
}

#[test]
fn a_file_that_changes_has_another_etag() {
    let (_place, objects, orders) = place();
    std::fs::write(orders.join("k"), "one").unwrap();
    let before = objects.head("orders", "k").unwrap();
    assert_eq!(objects.head("orders", "k").unwrap(), before);
    std::fs::write(orders.join("k"), "longer").unwrap();
    assert_ne!(objects.head("orders", "k").unwrap().etag, before.etag);
}

#[test]
fn a_large_directory_is_listed_in_pages() {
    let (_place, objects, orders) = place();
    let mut names: Vec<String> = (0..3_000).map(|n| format!("object-{n}")).collect();
    for name in &names {
        std::fs::write(orders.join(name), "").unwrap();
    }
    // Empty directories take room on a page, and give nothing.
    for n in 0..50 {
        std::fs::create_dir(orders.join(format!("object-{n}d"))).unwrap();
    }
    names.sort_unstable();
    let mut found: Vec<String> = Vec::new();
    loop {
        let page = objects.list("orders", "object-", found.last().map(String::as_str), 700).unwrap();
        let count = page.len();
        found.extend(page.into_iter().map(|info| info.key));
        if count < 700 {
            break;
        }
    }
    assert_eq!(found, names);
}

#[test]
fn deep_directories_are_listed_as_far_as_keys_go() {
    let (_place, objects, orders) = place();
    let deepest = ["d"; stepwell_objects::KEY_NAMES_MAX].join("/");
    objects.write("orders", &deepest).unwrap().finish().unwrap();
    let beyond = orders.join(["e"; stepwell_objects::KEY_NAMES_MAX + 5].join("/"));
    std::fs::create_dir_all(&beyond).unwrap();
    std::fs::write(beyond.join("f"), "").unwrap();
    assert_eq!(keys(&objects, ""), [deepest]);
}
