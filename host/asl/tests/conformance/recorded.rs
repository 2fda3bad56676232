//! The recorded cases, which lie beside the repository.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// All cases, by file; `None`, with a word about it, where there are none.
pub fn cases() -> Option<Vec<Json>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/asl");
    if !folder.is_dir() {
        println!("SKIPPED: there are no recorded cases at {}", folder.display());
        return None;
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let read = |file| serde_json::from_str::<Vec<Json>>(&std::fs::read_to_string(file).unwrap()).unwrap();
    Some(files.into_iter().flat_map(read).collect())
}
