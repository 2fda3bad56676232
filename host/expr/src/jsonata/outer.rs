//! Names that an expression reads without saying of what.

use super::ast::{Kind, Node};
use super::program::Program;

impl Program {
    /// The plain names, and `$`, that stand for members of the input of the expression itself:
    /// `a` and `$` in `a.b + $`, but neither `b` nor what stands in filters, groups and later
    /// steps, which look at what comes before them. Each name once, in the order of the text as
    /// far as the tree keeps it.
    #[must_use]
    pub fn outer_names(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect(self.tree(), &mut found);
        found
    }
}

/// The recursion is as deep as the tree, which is limited when it is read.
fn collect<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    let mut add = |name: &'a str| {
        if !found.contains(&name) && found.len() < NAMES_TOLD {
            found.push(name);
        }
    };
    match &node.kind {
        Kind::Name(name) => add(name),
        Kind::Context => add("$"),
        Kind::Path(path) => {
            if let Some(first) = path.steps.first() {
                collect(first, found);
            }
        }
        // Both look at what the transform is applied to.
        Kind::Transform(_) | Kind::Sort(_) => {}
        kind => kind.children(&mut |child| collect(child, found)),
    }
}

/// More of them tell nothing new (names).
const NAMES_TOLD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_stands_before_is_outer() {
        for (expression, names) in [
            ("phone", &["phone"][..]),
            ("a.b.c", &["a"]),
            ("$states.input.items[value > 3].name", &[]),
            ("$states.input.items^(>price){status: n}", &[]),
            ("$map($states.input.a, function($x){ b })", &["b"]),
            ("$map($states.input.a, function($x){ $x.b })", &[]),
            ("a + $.b & c[d]", &["a", "$", "c"]),
            ("($x := a; {\"k\": $x, v: [w]})", &["a", "v", "w"]),
            ("$states.input ~> |a|{\"b\": c}|", &[]),
            ("$states.input.($ + b)", &[]),
            ("$sum($)", &["$"]),
        ] {
            assert_eq!(Program::parse(expression).unwrap().outer_names(), names, "{expression}");
        }
    }
}
