//! `host/ARCHITECTURE.md` has one table of every limit: each constant whose name ends in
//! `_MAX` or `_MIN`, with the value that the code has and a test that reaches it.
//!
//! Two crates are left out: what the command line's limits bound is how much it shows, and
//! `xtask` serves nobody.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;

use crate::repository::{RustFile, read, report, rust_files};

const DOCUMENT: &str = "host/ARCHITECTURE.md";
const LEFT_OUT: [&str; 2] = ["cli", "xtask"];
/// In place of a test's name, for what changes how fast something is and not what comes out.
const TUNING: &str = "tuning";

#[test]
fn every_limit_is_in_the_table_with_its_value() {
    let files = rust_files();
    let limits = limits(&files);
    let mut rows = rows();
    // A plugin's own limits and the engine's options are no constants.
    rows.retain(|name, _| name.contains("::") && name.chars().all(|c| c.is_alphanumeric() || "_:".contains(c)));
    let mut problems = Vec::new();
    for (name, values) in &limits {
        match rows.get(name) {
            None => problems.push(format!("{name} has no row")),
            Some(row) => {
                let known: Vec<_> = values.iter().flatten().collect();
                if !known.is_empty() && !known.iter().any(|value| **value == number(&row.value)) {
                    problems.push(format!("{name} is {values:?} in the code and {} in the table", row.value));
                }
            }
        }
    }
    problems.extend(rows.keys().filter(|name| !limits.contains_key(*name)).map(|name| format!("{name} is no limit")));
    report("limits: see the table in host/ARCHITECTURE.md", &problems);
}

#[test]
fn every_limit_names_a_test_that_is_there() {
    let tests: BTreeSet<_> = rust_files().iter().flat_map(test_names).collect();
    let problems: Vec<_> = rows()
        .into_iter()
        .filter(|(_, row)| row.test != TUNING)
        .filter_map(|(name, row)| match row.test.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            Some(test) if tests.contains(test) => None,
            Some(test) => Some(format!("{name}: no test is called {test}")),
            None => Some(format!("{name}: `{}` is neither a test's name nor `{TUNING}`", row.test)),
        })
        .collect();
    report("limits: a limit has a test that reaches it", &problems);
}

struct Row {
    value: String,
    test: String,
}

/// Rows `| limit | value | what | test |`, by the first cell.
fn rows() -> BTreeMap<String, Row> {
    let document = read(DOCUMENT);
    let table = document.split("## Every limit").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert!(cells.len() == 4, "{line}");
            let test = cells[3].trim_end_matches('|').trim().to_owned();
            (cells[0].trim_matches('`').to_owned(), Row { value: cells[1].to_owned(), test })
        })
        .collect()
}

/// `1,024 x` as its number.
fn number(text: &str) -> u128 {
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
    digits.parse().unwrap_or_default()
}

/// By `crate::NAME`; one name may stand in two modules of a crate. `None` where the value is
/// not a number written out.
fn limits(files: &[RustFile]) -> BTreeMap<String, Vec<Option<u128>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in files {
        let Some((package, path)) = file.path.strip_prefix("host/").and_then(|path| path.split_once('/')) else {
            continue;
        };
        let tests = path == "src/tests.rs" || path.contains("/tests/");
        if !path.starts_with("src/") || LEFT_OUT.contains(&package) || tests {
            continue;
        }
        let mut constants = Constants::default();
        constants.visit_file(&file.tree);
        for (name, value) in constants.found {
            found.entry(format!("{}::{name}", package.replace('-', "_"))).or_default().push(value);
        }
    }
    found
}

#[derive(Default)]
struct Constants {
    found: Vec<(String, Option<u128>)>,
}

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let name = item.ident.to_string();
        if name.ends_with("_MAX") || name.ends_with("_MIN") {
            self.found.push((name, value(&item.expr)));
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

fn value(expression: &syn::Expr) -> Option<u128> {
    match expression {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => number.base10_parse().ok(),
        syn::Expr::Paren(inner) => value(&inner.expr),
        syn::Expr::Binary(binary) => {
            let (left, right) = (value(&binary.left)?, value(&binary.right)?);
            match binary.op {
                syn::BinOp::Shl(_) => left.checked_shl(u32::try_from(right).ok()?),
                syn::BinOp::Mul(_) => left.checked_mul(right),
                syn::BinOp::Add(_) => left.checked_add(right),
                syn::BinOp::Sub(_) => left.checked_sub(right),
                _ => None,
            }
        }
        _ => None,
    }
}

fn test_names(file: &RustFile) -> Vec<String> {
    let mut names = TestNames::default();
    names.visit_file(&file.tree);
    names.found
}

#[derive(Default)]
struct TestNames {
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for TestNames {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let is_test =
            |attribute: &syn::Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "test");
        if item.attrs.iter().any(is_test) {
            self.found.push(item.sig.ident.to_string());
        }
        syn::visit::visit_item_fn(self, item);
    }

    /// Property tests stand inside a macro, as text.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let words: Vec<_> = item.tokens.clone().into_iter().map(|token| token.to_string()).collect();
        self.found.extend(words.windows(2).filter(|pair| pair[0] == "fn").map(|pair| pair[1].clone()));
    }
}
