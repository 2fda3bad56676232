//! The repository's files, as the tests read them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Text of a file, by its path from the root.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Paths from the root, with `/`, sorted: what git tracks or would track. A copy without
/// git's directory is walked instead.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output();
    let mut paths = match listed {
        Ok(output) if output.status.success() => {
            String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
        }
        Ok(_) | Err(_) => walk(),
    };
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths.dedup();
    paths
}

/// Rust files that people wrote: those under a `tests` or `benches` directory of a package
/// are test code as a whole.
pub fn rust_files() -> Vec<RustFile> {
    files()
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| {
            let text = read(&path);
            let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            RustFile { path, text, tree }
        })
        .collect()
}

/// Text files of every kind.
pub fn text_files() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(root().join(&path)).ok().map(|text| (path, text)))
        .collect()
}

pub struct RustFile {
    pub path: String,
    pub text: String,
    pub tree: syn::File,
}

/// Fails with all problems at once.
pub fn report(rule: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{rule}\n  {}\n", problems.join("\n  "));
}

fn walk() -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !matches!(name.as_str(), "target" | ".git" | ".stepwell" | "reports") {
                open.push(entry.path());
            } else if kind.is_file() && !name.ends_with(".wasm") {
                found.push(entry.path().strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found
}
