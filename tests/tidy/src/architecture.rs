//! `host/ARCHITECTURE.md` names files and symbols; each of them is there.

use std::collections::BTreeSet;

use crate::repository::{files, read, report, root, text_files};

const DOCUMENT: &str = "host/ARCHITECTURE.md";

#[test]
fn every_path_is_there() {
    let problems: Vec<_> = spans()
        .into_iter()
        .filter(|(_, span)| span.contains('/') && is_path(span))
        .filter(|(_, span)| !root().join(span.trim_end_matches('/')).exists())
        .map(|(line, span)| format!("{DOCUMENT}:{line}: {span}"))
        .collect();
    report("architecture: no such path", &problems);
}

/// A symbol is written `crate::name`, with the crate's directory under `host/` before the
/// first `::`; each name after it is a word in that crate's sources.
#[test]
fn every_symbol_is_there() {
    let sources = text_files();
    let crates: BTreeSet<_> = files()
        .iter()
        .filter_map(|path| path.strip_prefix("host/")?.strip_suffix("/Cargo.toml"))
        .filter(|name| !name.contains('/'))
        .map(|name| (name.replace('-', "_"), name.to_owned()))
        .collect();
    let mut checked = 0;
    let mut problems = Vec::new();
    for (line, span) in spans() {
        let Some((first, rest)) = span.split_once("::") else { continue };
        let Some((_, directory)) = crates.iter().find(|(name, _)| name == first) else { continue };
        let prefix = format!("host/{directory}/src/");
        for name in rest.trim_end_matches("()").split("::") {
            checked += 1;
            if !sources.iter().any(|(path, text)| path.starts_with(&prefix) && has_word(text, name)) {
                problems.push(format!("{DOCUMENT}:{line}: {span}: no {name} in {prefix}"));
            }
        }
    }
    report("architecture: no such symbol", &problems);
    assert!(checked >= 20, "{DOCUMENT} names only {checked} symbols; the walk through the house names its rooms");
}

/// What stands in single backquotes, with its line.
fn spans() -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in read(DOCUMENT).lines().enumerate() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (number + 1, span.to_owned())));
        }
    }
    found
}

fn is_path(span: &str) -> bool {
    const TOPS: [&str; 8] = ["host/", "wit/", "plugins/", "sdk/", "tests/", ".ci/", ".cargo/", "README.md"];
    TOPS.iter().any(|top| span.starts_with(top))
        && span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(inside)
            && !text[at + word.len()..].chars().next().is_some_and(inside)
    })
}

#[test]
fn every_failure_name_is_in_its_table() {
    let document = read(DOCUMENT);
    let problems: Vec<_> = read("host/tasks/src/failures.rs")
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('.') && !document.contains(&format!("| `{name}` |")))
        .map(str::to_owned)
        .collect();
    report("architecture: the table of failure names lacks it", &problems);
}
