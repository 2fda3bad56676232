//! A file has at most 600 lines and a function at most 70, test code aside. What is longer
//! stands in `ratchet.toml` with its length, and may only shrink.

use std::collections::{BTreeMap, BTreeSet};

use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::repository::{RustFile, read, report, rust_files};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_and_functions_keep_their_size() {
    let files = rust_files();
    let tests = test_modules(&files);
    let mut lengths = BTreeMap::new();
    for file in files.iter().filter(|file| !is_test_code(&file.path, &tests)) {
        measure(file, &mut lengths);
    }
    report(
        "sizes: split it where a second thought begins, or (when it shrank) lower its line in tests/tidy/ratchet.toml",
        &compare(&lengths, &ratchet()),
    );
}

/// Everything longer than its limit, by `path` or `path::function`.
fn measure(file: &RustFile, lengths: &mut BTreeMap<String, usize>) {
    let mut seen = Seen::default();
    seen.visit_file(&file.tree);
    let lines = file.text.lines().count().saturating_sub(seen.test_lines);
    if lines > FILE_LINES_MAX {
        lengths.insert(file.path.clone(), lines);
    }
    for (name, lines) in seen.functions {
        if lines > FUNCTION_LINES_MAX {
            lengths.insert(format!("{}::{name}", file.path), lines);
        }
    }
}

fn compare(lengths: &BTreeMap<String, usize>, ratchet: &BTreeMap<String, usize>) -> Vec<String> {
    let names: BTreeSet<_> = lengths.keys().chain(ratchet.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| match (lengths.get(name), ratchet.get(name)) {
            (Some(now), None) => Some(format!("{name} has {now} lines")),
            (Some(now), Some(then)) if now > then => Some(format!("{name} grew from {then} to {now} lines")),
            (Some(now), Some(then)) if now < then => Some(format!("{name} shrank from {then} to {now} lines: good")),
            (Some(_), Some(_)) => None,
            (None, _) => Some(format!("{name} is within its limit: take it out of the ratchet")),
        })
        .collect()
}

fn ratchet() -> BTreeMap<String, usize> {
    toml::from_str(&read("tests/tidy/ratchet.toml")).unwrap()
}

/// Files that a `#[cfg(test)] mod name;` names.
fn test_modules(files: &[RustFile]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files {
        let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let stem = file.path.trim_end_matches(".rs");
        let inside =
            if stem.ends_with("/lib") || stem.ends_with("/main") || stem.ends_with("/mod") { directory } else { stem };
        for item in &file.tree.items {
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
                && (is_for_tests(&module.attrs) || is_for_tests(&file.tree.attrs))
            {
                found.insert(format!("{inside}/{}.rs", module.ident));
                found.insert(format!("{inside}/{}/", module.ident));
            }
        }
    }
    found
}

fn is_test_code(path: &str, modules: &BTreeSet<String>) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.contains("/benches/")
        || modules.contains(path)
        || modules.iter().any(|module| module.ends_with('/') && path.starts_with(module.as_str()))
}

/// `#[cfg(test)]`, `#[cfg(any(test, …))]`, `#[test]` and its asynchronous kin.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().segments.last().is_some_and(|last| last.ident == "test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| list.tokens.clone().into_iter().any(|token| token.to_string() == "test")))
    })
}

#[derive(Default)]
struct Seen {
    test_lines: usize,
    functions: Vec<(String, usize)>,
}

impl Seen {
    fn function(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        let lines = whole.end().line + 1 - signature.span().start().line;
        self.functions.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            _ => &[],
        };
        if is_for_tests(attributes) {
            let span = item.span();
            self.test_lines += span.end().line + 1 - span.start().line;
        } else {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, item.span());
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, item.span());
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig, item.span());
        syn::visit::visit_trait_item_fn(self, item);
    }
}

#[test]
fn a_long_function_is_seen_and_its_tests_are_not_counted() {
    let body = "    let _ = 1;\n".repeat(80);
    let text = format!(
        "fn long() {{\n{body}}}\n#[cfg(test)]\nmod tests {{\n{}\n}}\n",
        format!("fn f() {{\n{body}}}\n").repeat(10)
    );
    let tree = syn::parse_file(&text).unwrap();
    let mut lengths = BTreeMap::new();
    measure(&RustFile { path: "x.rs".to_owned(), text, tree }, &mut lengths);
    assert_eq!(lengths, BTreeMap::from([("x.rs::long".to_owned(), 82)]));
}

#[test]
fn the_ratchet_only_turns_one_way() {
    let is = |lines| BTreeMap::from([("x.rs".to_owned(), lines)]);
    assert_eq!(compare(&is(700), &is(700)), Vec::<String>::new());
    assert_eq!(compare(&is(701), &is(700)), ["x.rs grew from 700 to 701 lines"]);
    assert_eq!(compare(&is(699), &is(700)), ["x.rs shrank from 700 to 699 lines: good"]);
    assert_eq!(compare(&BTreeMap::new(), &is(700)), ["x.rs is within its limit: take it out of the ratchet"]);
}
