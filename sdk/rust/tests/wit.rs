//! The SDK carries a copy of the interface, so that it builds outside the repository.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

#[test]
fn the_copy_of_the_interface_is_the_repositorys() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let original = here.join("../../wit/v1/task.wit");
    if !original.exists() {
        println!("skipped: {} is not there, so this is not the repository", original.display());
        return;
    }
    let copy = std::fs::read_to_string(here.join("wit/task.wit")).unwrap();
    let original_text = std::fs::read_to_string(&original).unwrap();
    assert!(copy == original_text, "sdk/rust/wit/task.wit differs: copy wit/v1/task.wit over it");
}
