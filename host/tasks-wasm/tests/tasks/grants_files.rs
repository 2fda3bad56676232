//! Directories: what a grant opens, and that nothing leads out of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::world::{ask, granted, map, run};
use serde_json::json;
use stepwell_tasks_wasm::{Access, DIRECTORY_ENTRIES_MAX, Directory, Grants};

fn grants(path: &Path, access: Access) -> Grants {
    Grants { directories: map([("reports", Directory { path: path.to_owned(), access })]), ..Grants::default() }
}

#[tokio::test]
async fn a_granted_directory_is_read_and_written() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("made/by/the/host");
    let tasks = granted(grants(&root, Access::ReadWrite));
    let at = |what: &str, path: &str| json!({"do": what, "directory": "reports", "path": path, "content": "text"});
    assert_eq!(ask(&tasks, at("write", "2013/01/report.md")).await, "done");
    assert_eq!(fs::read_to_string(root.join("2013/01/report.md")).unwrap(), "text");
    assert_eq!(ask(&tasks, at("read", "2013/01/report.md")).await, "text");
    assert_eq!(ask(&tasks, at("stat", "2013/01/report.md")).await, json!({"size": 4, "isDirectory": false}));
    assert_eq!(ask(&tasks, at("stat", "2013")).await["isDirectory"], true);
    assert_eq!(ask(&tasks, at("list", "")).await, json!(["2013"]));
    assert_eq!(ask(&tasks, at("list", "2013/01")).await, json!(["report.md"]));
    assert!(ask(&tasks, at("create-new", "2013/01/report.md")).await["exists"].is_string());
    assert_eq!(ask(&tasks, at("create-new", "2013/02/report.md")).await, "done");
    assert_eq!(ask(&tasks, at("list", "2013/02")).await, json!(["report.md"]), "nothing unfinished is left");
    assert_eq!(ask(&tasks, at("remove", "2013/02/report.md")).await, "done");
    assert_eq!(ask(&tasks, at("remove", "2013/02")).await, "done");
    assert!(ask(&tasks, at("remove", "2013")).await["invalid"].is_string(), "a directory that is not empty");
    assert!(ask(&tasks, at("read", "nothing")).await["notFound"].is_string());
    assert!(ask(&tasks, at("read", "2013")).await["invalid"].is_string());
}

#[tokio::test]
async fn a_read_only_grant_is_not_written() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("here"), "old").unwrap();
    let tasks = granted(grants(place.path(), Access::ReadOnly));
    let at = |what: &str| json!({"do": what, "directory": "reports", "path": "here", "content": "new"});
    assert_eq!(ask(&tasks, at("read")).await, "old");
    for what in ["write", "create-new", "remove"] {
        let answer = ask(&tasks, at(what)).await;
        assert!(answer["denied"].as_str().unwrap().contains("read-only"), "{answer}");
    }
    assert_eq!(fs::read_to_string(place.path().join("here")).unwrap(), "old");
    let other = ask(&tasks, json!({"do": "read", "directory": "elsewhere", "path": "here"})).await;
    assert!(other["denied"].as_str().unwrap().contains("no grant names the directory elsewhere"));
}

#[tokio::test]
async fn no_path_leads_out() {
    let place = tempfile::tempdir().unwrap();
    let (inside, outside) = (place.path().join("inside"), place.path().join("outside"));
    fs::create_dir_all(inside.join("sub")).unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("secret"), "canary").unwrap();
    symlink("../outside", inside.join("relative")).unwrap();
    symlink(&outside, inside.join("absolute")).unwrap();
    symlink(outside.join("secret"), inside.join("file")).unwrap();
    symlink("../../outside/secret", inside.join("sub/file")).unwrap();
    symlink("sub/../../outside", inside.join("dots")).unwrap();
    symlink("loop", inside.join("loop")).unwrap();
    symlink("/proc/self/root", inside.join("proc")).unwrap();
    let tasks = granted(grants(&inside, Access::ReadWrite));
    let paths = [
        "../outside/secret",
        "sub/../../outside/secret",
        "/etc/passwd",
        "..",
        "../",
        "sub/..",
        "./secret",
        "sub/./x",
        "a//b",
        "sub/",
        "relative/secret",
        "absolute/secret",
        "file",
        "sub/file",
        "dots/secret",
        "loop",
        "loop/x",
        "proc/etc/passwd",
        "relative",
        "\\..\\outside",
        "a\0b",
        ".stepwell-unfinished-1",
    ];
    for path in paths {
        for what in ["read", "write", "create-new", "remove", "list"] {
            let link_itself = what == "remove" && matches!(path, "file" | "sub/file" | "relative" | "loop");
            let replaces_link = what == "write" && matches!(path, "file" | "sub/file" | "loop" | "relative");
            if link_itself || replaces_link {
                continue; // These change the link inside, not what it names; tested below.
            }
            let answer =
                ask(&tasks, json!({"do": what, "directory": "reports", "path": path, "content": "escaped"})).await;
            assert!(answer.is_object(), "{what} {path:?} gave {answer}");
        }
    }
    assert_eq!(
        ask(&tasks, json!({"do": "write", "directory": "reports", "path": "file", "content": "new"})).await,
        "done"
    );
    assert!(!inside.join("file").is_symlink(), "the link was replaced");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "canary");
}

#[tokio::test]
async fn sizes_and_special_files_are_limited() {
    let place = tempfile::tempdir().unwrap();
    fs::File::create(place.path().join("large")).unwrap().set_len((8 << 20) + 1).unwrap();
    let made = std::process::Command::new("mkfifo").arg(place.path().join("pipe")).status();
    let tasks = granted(grants(place.path(), Access::ReadWrite));
    let at = |what: &str, path: &str| json!({"do": what, "directory": "reports", "path": path, "bytes": (8 << 20) + 1});
    assert!(ask(&tasks, at("read", "large")).await["tooLarge"].as_str().unwrap().contains("file_bytes_max"));
    assert!(ask(&tasks, at("write", "too-large")).await["tooLarge"].as_str().unwrap().contains("file_bytes_max"));
    assert!(!place.path().join("too-large").exists());
    if made.is_ok_and(|status| status.success()) {
        assert!(ask(&tasks, at("read", "pipe")).await["invalid"].is_string());
    }
    let long = "a/".repeat(40) + "b";
    assert!(ask(&tasks, at("read", &long)).await["invalid"].as_str().unwrap().contains("path_names_max"));
    let long = "x".repeat(1_025);
    assert!(ask(&tasks, at("read", &long)).await["invalid"].as_str().unwrap().contains("path_bytes_max"));
}

#[tokio::test]
async fn names_and_listings_are_limited() {
    let place = tempfile::tempdir().unwrap();
    let tasks = granted(grants(place.path(), Access::ReadWrite));
    let at = |what: &str, path: &str| json!({"do": what, "directory": "reports", "path": path, "content": "text"});
    let name = |bytes: usize| format!("names/{}", "x".repeat(bytes));
    assert_eq!(ask(&tasks, at("write", &name(255))).await, "done");
    let long = ask(&tasks, at("write", &name(256))).await;
    assert!(long["invalid"].as_str().unwrap().contains("name_bytes_max"), "{long}");

    fs::create_dir(place.path().join("many")).unwrap();
    for number in 0..DIRECTORY_ENTRIES_MAX {
        fs::File::create(place.path().join(format!("many/{number}"))).unwrap();
    }
    let listed = run(&tasks, "grants", &at("list", "many").to_string()).await.outcome.unwrap();
    let listed: Vec<String> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.len(), DIRECTORY_ENTRIES_MAX);
    fs::File::create(place.path().join("many/more")).unwrap();
    let more = ask(&tasks, at("list", "many")).await;
    assert!(more["tooLarge"].as_str().unwrap().contains("directory_entries_max"), "{more}");
}
