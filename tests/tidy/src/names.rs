//! Names that say nothing do not stand for anything here.

use syn::visit::Visit;

use crate::repository::{files, report, rust_files};

const MODULES: [&str; 7] = ["common", "util", "utils", "helper", "helpers", "misc", "types"];
const TYPE_ENDS: [&str; 4] = ["Manager", "Helper", "Util", "Utils"];

#[test]
fn no_file_has_an_empty_name() {
    let problems: Vec<_> = files()
        .into_iter()
        .filter(|path| !path.contains("/deps/"))
        .filter(|path| path.split('/').any(|part| MODULES.contains(&part.split('.').next().unwrap_or_default())))
        .collect();
    report("names: name it after what it does, or move its parts to their users", &problems);
}

#[test]
fn no_type_or_module_has_an_empty_name() {
    let mut problems = Vec::new();
    for file in rust_files() {
        let mut names = Names::default();
        names.visit_file(&file.tree);
        for (name, line) in names.found {
            let path = &file.path;
            if MODULES.contains(&name.as_str()) || TYPE_ENDS.iter().any(|end| name.ends_with(end)) {
                problems.push(format!("{path}:{line}: {name}"));
            }
        }
    }
    report("names: name it after what it does", &problems);
}

#[derive(Default)]
struct Names {
    found: Vec<(String, usize)>,
}

impl Names {
    fn keep(&mut self, ident: &syn::Ident) {
        self.found.push((ident.to_string(), ident.span().start().line));
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // Generated bindings name WIT interfaces, `types` among them; those are not ours to name.
        if item.content.is_some() || !item.attrs.is_empty() {
            self.keep(&item.ident);
        }
        syn::visit::visit_item_mod(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.keep(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.keep(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.keep(&item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.keep(&item.ident);
    }
}
