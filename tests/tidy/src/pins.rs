//! Versions below which a known hole is open: `host/SECURITY-PINS.md` against the lock file.

use crate::dependencies::metadata_with;
use crate::repository::{read, report};

#[test]
fn the_lock_file_keeps_the_pins() {
    let locked = locked();
    let mut problems = Vec::new();
    for (name, rule) in pins() {
        let versions: Vec<_> = locked.iter().filter(|(package, _)| *package == name).collect();
        if versions.is_empty() {
            problems.push(format!("{name} is pinned and not in Cargo.lock: take its row out"));
        }
        for (_, version) in versions.into_iter().filter(|(_, version)| !keeps(version, &rule)) {
            problems.push(format!("{name} {version} breaks its pin {rule}: cargo update -p {name}"));
        }
    }
    report("pins: see host/SECURITY-PINS.md for the reasons", &problems);
}

/// The crate's version says nothing of the SQLite inside it; its header does.
#[test]
fn the_bundled_sqlite_keeps_its_pin() {
    let row = read("host/SECURITY-PINS.md").lines().find(|line| line.starts_with("| SQLite")).map(str::to_owned);
    let rule = row.as_deref().and_then(|row| row.split('|').nth(2)).map(|cell| cell.trim().replace('`', ""));
    let metadata = metadata_with(&[]);
    let package = metadata.packages.iter().find(|package| package.name == "libsqlite3-sys").unwrap();
    let header = package.manifest_path.with_file_name("sqlite3").join("sqlite3.h");
    let header = std::fs::read_to_string(&header).unwrap_or_else(|error| panic!("{}: {error}", header.display()));
    let version = header.lines().find_map(|line| line.strip_prefix("#define SQLITE_VERSION ")).unwrap();
    let version = version.trim().trim_matches('"');
    let rule = rule.unwrap();
    assert!(keeps(version, &rule), "libsqlite3-sys bundles SQLite {version}, the pin is {rule}");
}

#[test]
fn a_rule_is_read_as_written() {
    assert!(keeps("48.0.8", ">= 48.0.8"));
    assert!(keeps("48.0.10", ">= 48.0.8"));
    assert!(!keeps("48.0.7", ">= 48.0.8"));
    assert!(!keeps("47.9.9", ">= 48.0.8"));
    assert!(keeps("0.41.1", "= 0.41.1"));
    assert!(!keeps("0.41.2", "= 0.41.1"));
}

/// Rows `| crate | rule | reason |`; the reason is not optional.
fn pins() -> Vec<(String, String)> {
    read("host/SECURITY-PINS.md")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
            assert!(cells.len() == 5 && cells[3].len() > 10, "no reason in {line}");
            (cells[1].clone(), cells[2].clone())
        })
        .collect()
}

fn locked() -> Vec<(String, String)> {
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).unwrap();
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    lock["package"].as_array().unwrap().iter().map(|p| (text(p, "name"), text(p, "version"))).collect()
}

fn keeps(version: &str, rule: &str) -> bool {
    let (operator, wanted) = rule.split_once(' ').unwrap_or_else(|| panic!("`{rule}` is not `>= 1.2.3`"));
    match operator {
        ">=" => numbers(version) >= numbers(wanted),
        "=" => numbers(version) == numbers(wanted),
        other => panic!("{other} is not an operator of the pins"),
    }
}

/// `1.2.3+4` as its three numbers.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['+', '-']).next().unwrap_or_default();
    plain.split('.').map(|number| number.parse().unwrap()).collect()
}
