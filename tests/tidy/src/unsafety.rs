//! `unsafe` stands in one module: the one that loads compiled components.

use syn::visit::Visit;

use crate::repository::{report, rust_files};

/// The module that may, the bindings that `wit-bindgen` generates for guests, and the guests
/// that misbehave on purpose.
const ALLOWED: [&str; 3] = ["host/tasks-wasm/src/compiled.rs", "sdk/rust/src/guest.rs", "tests/guests/"];

#[test]
fn unsafe_stands_in_one_module() {
    let mut problems = Vec::new();
    for file in rust_files() {
        if ALLOWED.iter().any(|allowed| file.path.starts_with(allowed)) {
            continue;
        }
        let mut seen = Unsafe::default();
        seen.visit_file(&file.tree);
        problems.extend(seen.lines.iter().map(|line| format!("{}:{line}", file.path)));
    }
    report("unsafe: only the module that loads compiled components may", &problems);
}

#[derive(Default)]
struct Unsafe {
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for Unsafe {
    fn visit_expr_unsafe(&mut self, expression: &'ast syn::ExprUnsafe) {
        self.lines.push(expression.unsafe_token.span.start().line);
        syn::visit::visit_expr_unsafe(self, expression);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some(token) = &item.unsafety {
            self.lines.push(token.span.start().line);
        }
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(token) = &signature.unsafety {
            self.lines.push(token.span.start().line);
        }
        syn::visit::visit_signature(self, signature);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let allows = attribute.path().is_ident("allow") || attribute.path().is_ident("expect");
        if allows && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("unsafe_code")) {
            self.lines.push(attribute.pound_token.span.start().line);
        }
    }
}
