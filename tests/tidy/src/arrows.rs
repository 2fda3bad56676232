//! Which crate may use which: `host/arrows.toml` against the manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::dependencies::metadata;
use crate::repository::{read, report};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrows {
    arrow: Vec<Arrow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrow {
    from: String,
    to: String,
    reason: String,
}

#[test]
fn arrows_run_as_they_are_drawn() {
    let drawn = drawn();
    let real = real();
    let mut problems = Vec::new();
    for (from, to) in real.difference(&drawn) {
        problems.push(format!("{from} uses {to}, and host/arrows.toml has no such arrow"));
    }
    for (from, to) in drawn.difference(&real) {
        problems.push(format!("{from} -> {to} is drawn in host/arrows.toml, and nobody uses it"));
    }
    report("arrows: a new arrow is a commit of its own with its reason", &problems);
}

#[test]
fn arrows_have_reasons_and_stand_once() {
    let arrows: Arrows = toml::from_str(&read("host/arrows.toml")).unwrap();
    let mut seen = BTreeSet::new();
    let problems: Vec<_> = arrows
        .arrow
        .iter()
        .filter(|arrow| arrow.reason.trim().is_empty() || !seen.insert((&arrow.from, &arrow.to)))
        .map(|arrow| format!("{} -> {}", arrow.from, arrow.to))
        .collect();
    report("arrows: one line each, with its reason", &problems);
}

/// Cargo itself refuses circles of ordinary dependencies, but not those that go through a
/// test's; and what is drawn must make sense by itself.
#[test]
fn arrows_make_no_circle() {
    let mut arrows: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (from, to) in drawn().into_iter().chain(dependencies_of(Some("dev"))) {
        arrows.entry(from).or_default().insert(to);
    }
    // What nothing points away from is taken away until nothing is left, or a circle is.
    loop {
        let ends: BTreeSet<_> = arrows.values().flatten().filter(|to| !arrows.contains_key(*to)).cloned().collect();
        let before = arrows.clone();
        for to in arrows.values_mut() {
            to.retain(|to| !ends.contains(to));
        }
        arrows.retain(|_, to| !to.is_empty());
        if arrows == before {
            break;
        }
    }
    let left: Vec<_> = arrows.into_iter().map(|(from, to)| format!("{from} -> {to:?}")).collect();
    report("arrows: these stand in a circle", &left);
}

fn drawn() -> BTreeSet<(String, String)> {
    let arrows: Arrows = toml::from_str(&read("host/arrows.toml")).unwrap();
    arrows.arrow.into_iter().map(|arrow| (arrow.from, arrow.to)).collect()
}

fn real() -> BTreeSet<(String, String)> {
    let mut found = dependencies_of(None);
    found.extend(dependencies_of(Some("build")));
    found
}

/// Arrows between our own packages, without the prefix.
fn dependencies_of(kind: Option<&str>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for package in metadata().packages {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() == kind) {
            if let Some(to) = dependency.name.strip_prefix("stepwell-") {
                let from = package.name.strip_prefix("stepwell-").unwrap_or(&package.name);
                if from != to {
                    found.insert((from.to_owned(), to.to_owned()));
                }
            }
        }
    }
    found
}
