//! The examples as components: each imports what it uses and nothing else, names its
//! functions for a backtrace, and stays small.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasmparser::{Parser, Payload};

/// With the name section and without debugging information (bytes).
const COMPONENT_BYTES_MAX: u64 = 400_000;

const EXAMPLES: [(&str, &[&str]); 6] = [
    ("hello", &[]),
    ("typed_failure", &[]),
    ("context", &["context"]),
    ("http", &["config", "context", "http", "secrets"]),
    ("sql", &["sql"]),
    ("files", &["context", "files"]),
];

#[test]
fn each_example_imports_what_it_uses_and_nothing_else() {
    let Some(built) = build_examples() else {
        println!("skipped: the target wasm32-wasip2 is not installed (`rustup target add wasm32-wasip2`)");
        return;
    };
    for (name, expected) in EXAMPLES {
        let path = built.join(format!("{name}.wasm"));
        let component = Component::read(&path);
        let expected: BTreeSet<String> = expected.iter().map(|import| (*import).to_owned()).collect();
        assert_eq!(component.imports, expected, "{name}");
        assert!(component.exports.contains("stepwell:task/guest@1.0.0"), "{name}: {:?}", component.exports);
        assert!(component.has_names, "{name} does not name its functions");
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert!(bytes <= COMPONENT_BYTES_MAX, "{name} has {bytes} bytes");
    }
}

#[test]
fn each_example_is_under_thirty_lines() {
    for (name, _) in EXAMPLES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
        let lines = std::fs::read_to_string(path).unwrap().lines().count();
        assert!(lines < 30, "{name} has {lines} lines");
    }
}

struct Component {
    /// Interfaces of `stepwell:task` that hold functions, without package and version.
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
    has_names: bool,
}

impl Component {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let mut component = Self { imports: BTreeSet::new(), exports: BTreeSet::new(), has_names: false };
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(&bytes) {
            match payload.unwrap() {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        component.import(import.unwrap().name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        component.exports.insert(export.unwrap().name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if depth == 1 => component.has_names |= section.name() == "name",
                _ => {}
            }
        }
        component
    }

    fn import(&mut self, name: &str) {
        let Some(interface) = name.strip_prefix("stepwell:task/") else {
            assert!(name.starts_with("wasi:"), "{name} is imported");
            return;
        };
        let interface = interface.trim_end_matches("@1.0.0");
        if interface != "types" {
            self.imports.insert(interface.to_owned());
        }
    }
}

/// The directory of the built examples, or none without the target.
fn build_examples() -> Option<PathBuf> {
    const TARGET: &str = "wasm32-wasip2";
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output().unwrap();
    let libraries = PathBuf::from(String::from_utf8(libraries.stdout).unwrap().trim());
    if !libraries.is_dir() {
        return None;
    }
    // The same target directory, so that what the test itself was built from is not built twice.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--examples", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "the examples do not build for {TARGET}");
    Some(target.join(TARGET).join("release/examples"))
}
