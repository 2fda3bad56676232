//! The WASI texts beside our interface are those of the WASI that the host links: taken from
//! the crate that Cargo.lock pins, and compared with it here. `UPDATE_WIT=1` takes them anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn wasi_texts_are_those_of_the_linked_crate() {
    let linked = linked_texts();
    let vendored = stepwell_testing::root().join("wit/v1/deps");
    if std::env::var_os("UPDATE_WIT").is_some() {
        take(&linked, &vendored);
    }
    let names = names(&linked);
    assert_eq!(
        names,
        self::names(&vendored),
        "files in wit/v1/deps; UPDATE_WIT=1 cargo test -p stepwell-testing takes them anew"
    );
    for name in names {
        let (ours, theirs) =
            (fs::read_to_string(vendored.join(&name)).unwrap(), fs::read_to_string(linked.join(&name)).unwrap());
        assert!(
            ours == theirs,
            "wit/v1/deps/{name} is not that of the linked wasmtime-wasi; UPDATE_WIT=1 cargo test -p stepwell-testing takes it anew"
        );
    }
}

fn linked_texts() -> PathBuf {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(stepwell_testing::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "wasmtime-wasi").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().join("src/p2/wit/deps")
}

fn take(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for old in names(to) {
        fs::remove_file(to.join(old)).unwrap();
    }
    for name in names(from) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
