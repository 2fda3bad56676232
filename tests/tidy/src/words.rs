//! The repository speaks of the project alone: not of the machine it was written on, nor of
//! the services its packages came through.

use crate::repository::{report, text_files};

/// Looked for as they stand, in any case.
const BANNED: [&str; 14] = [
    "/work/main",
    "/work/shared",
    "/work/t/",
    "/tmp/brief",
    "static.crates.io",
    "index.crates.io",
    "files.pythonhosted.org",
    "pypi.org",
    "registry.npmjs.org",
    "proxy.golang.org",
    "anthropic",
    "claude",
    "subagent",
    "language model",
];

#[test]
fn no_file_speaks_of_its_workplace() {
    let mut problems = Vec::new();
    for (path, text) in text_files() {
        if path == "tests/tidy/src/words.rs" || path == "LICENSE" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = line.to_ascii_lowercase();
            for word in BANNED.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{path}:{}: {word}", number + 1));
            }
        }
    }
    report("words: say it without naming where it was written", &problems);
}

#[test]
fn no_file_is_left_half_merged() {
    let mut problems = Vec::new();
    for (path, text) in text_files() {
        for (number, line) in text.lines().enumerate() {
            if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
                problems.push(format!("{path}:{}: a conflict marker", number + 1));
            }
        }
    }
    report("words", &problems);
}
