//! A plugin is at most 150 lines on the public SDK, says what it is, and has cases.

use crate::repository::{files, read, report};

const PLUGIN_LINES_MAX: usize = 150;
const PLUGINS: [&str; 5] = ["validate", "query", "format", "save", "notify"];

#[test]
fn every_plugin_is_small_and_told_of() {
    let files = files();
    let mut problems = Vec::new();
    for plugin in plugins(&files) {
        let base = format!("plugins/{plugin}");
        let lines =
            read(&format!("{base}/src/lib.rs")).lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if lines > PLUGIN_LINES_MAX {
            problems.push(format!("{base}/src/lib.rs has {lines} lines, more than {PLUGIN_LINES_MAX}"));
        }
        for (part, what) in [("README.md", "README"), ("cases", "case")] {
            if !files.iter().any(|file| file.starts_with(&format!("{base}/{part}"))) {
                problems.push(format!("{base} has no {what}"));
            }
        }
        let manifest = read(&format!("{base}/Cargo.toml"));
        if manifest.contains("host/") {
            problems.push(format!("{base}/Cargo.toml reaches into the host; a plugin uses the SDK alone"));
        }
    }
    report("plugins", &problems);
}

#[test]
fn the_shipped_plugins_are_there() {
    let files = files();
    let found = plugins(&files);
    let problems: Vec<_> =
        PLUGINS.iter().filter(|name| !found.iter().any(|f| f == *name)).map(|name| format!("plugins/{name}")).collect();
    report("plugins: the README promises it", &problems);
}

fn plugins(files: &[String]) -> Vec<String> {
    files
        .iter()
        .filter_map(|path| path.strip_prefix("plugins/")?.strip_suffix("/src/lib.rs"))
        .filter(|name| !name.contains('/') && read(&format!("plugins/{name}/Cargo.toml")).contains("cdylib"))
        .map(str::to_owned)
        .collect()
}
