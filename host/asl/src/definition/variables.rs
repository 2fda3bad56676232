//! Variables: `Assign`, and the `$name`s that read what it set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stepwell_expr::jsonata::Program;
use stepwell_expr::limits::VARIABLE_NAME_CHARS_MAX;
use stepwell_expr::{Path, Root, Value};

use super::Builder;
use super::fields::{Fields, expected, nearest};
use crate::diagnostic::{self, Severity};
use crate::machine::{Payload, QueryLanguage};

/// The name that expressions have for what a state works on.
const RESERVED: &str = "states";

/// What is found out about variables while a definition is read.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// One per machine, branch and item processor; an outer one comes before its inner ones.
    scopes: Vec<Scope>,
    /// The scope that is being read.
    current: Option<usize>,
    /// What the state that is being read refers to.
    referenced: BTreeSet<Arc<str>>,
}

#[derive(Debug)]
struct Scope {
    outer: Option<usize>,
    /// The pointer of each variable's first `Assign`.
    assigned: BTreeMap<Arc<str>, Arc<str>>,
    /// Names with the states that refer to them, in the order of the definition.
    referenced: Vec<(Arc<str>, Arc<str>)>,
}

impl Variables {
    /// Goes into a scope; what is given back leads out again.
    pub(super) fn enter(&mut self) -> Option<usize> {
        let outer = self.current;
        self.current = Some(self.scopes.len());
        self.scopes.push(Scope { outer, assigned: BTreeMap::new(), referenced: Vec::new() });
        outer
    }

    /// Goes where no variable is seen: into a workflow of its own.
    pub(super) fn leave_all(&mut self) -> Option<usize> {
        self.current.take()
    }

    pub(super) fn leave(&mut self, outer: Option<usize>) {
        self.current = outer;
    }

    /// Begins a state within the one that is being read, if any; what is given back is for
    /// [`Self::end_state`].
    pub(super) fn begin_state(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.referenced)
    }

    /// The names that the state at this pointer refers to.
    pub(super) fn end_state(&mut self, around: BTreeSet<Arc<str>>, pointer: &str) -> Vec<Arc<str>> {
        let referenced: Vec<Arc<str>> = std::mem::replace(&mut self.referenced, around).into_iter().collect();
        if let Some(scope) = self.current.and_then(|current| self.scopes.get_mut(current)) {
            let pointer: Arc<str> = pointer.into();
            scope.referenced.extend(referenced.iter().map(|name| (Arc::clone(name), Arc::clone(&pointer))));
        }
        referenced
    }

    /// Takes note of the variable that a path begins in, if it begins in one.
    pub(super) fn refer(&mut self, path: &Path) {
        if let Root::Variable(name) = path.root() {
            self.referenced.insert(Arc::clone(name));
        }
    }

    /// Takes note of a variable of JSONata.
    pub(super) fn refer_to(&mut self, name: &Arc<str>) {
        self.referenced.insert(Arc::clone(name));
    }

    /// The scopes around one, itself first.
    fn outwards(&self, from: Option<usize>) -> impl Iterator<Item = &Scope> {
        let scope = |at: Option<usize>| at.and_then(|at| self.scopes.get(at));
        std::iter::successors(scope(from), move |inner| scope(inner.outer))
    }
}

impl Builder {
    /// `Assign`, a payload whose members are variables.
    pub(super) fn assign(&mut self, fields: &Fields<'_>) -> Option<Payload> {
        let value = fields.get("Assign")?;
        let pointer = fields.at("Assign");
        let Value::Object(map) = value else {
            expected(&mut self.problems, pointer, "Object", value);
            return None;
        };
        let place: Arc<str> = pointer.as_str().into();
        for field in map.keys() {
            let name = match self.speaks {
                QueryLanguage::JsonPath => field.strip_suffix(".$").unwrap_or(field),
                QueryLanguage::Jsonata => field,
            };
            match refused(name) {
                Some((code, message, help)) => {
                    let place = format!("{pointer}/{}", field.replace('~', "~0").replace('/', "~1"));
                    self.problems.error(code, place, message, Some(help));
                }
                None => {
                    let scope = self.variables.current.and_then(|current| self.variables.scopes.get_mut(current));
                    if let Some(scope) = scope {
                        scope.assigned.entry(name.into()).or_insert_with(|| Arc::clone(&place));
                    }
                }
            }
        }
        self.payload(fields, "Assign")
    }

    /// What can only be said of the whole definition: inner scopes set no variable of an outer
    /// one, and what is read is set somewhere.
    pub(super) fn check_variables(&mut self) {
        for scope in &self.variables.scopes {
            let mut clashes: Vec<(&Arc<str>, &Arc<str>, &Arc<str>)> = Vec::new();
            for outer in self.variables.outwards(scope.outer) {
                let both = scope
                    .assigned
                    .iter()
                    .filter_map(|(name, pointer)| outer.assigned.get(name).map(|there| (pointer, name, there)))
                    .filter(|(pointer, _, there)| !around(there, pointer));
                clashes.extend(both);
            }
            clashes.sort();
            for (pointer, name, there) in clashes {
                self.problems.error(
                    diagnostic::DUPLICATE_VARIABLE,
                    pointer.to_string(),
                    format!("The variable name '{name}' was already defined in a parent scope."),
                    Some(format!("It is assigned at {there}. Branches and iterations read it; choose another name.")),
                );
            }
        }
        for (at, scope) in self.variables.scopes.iter().enumerate() {
            for (name, pointer) in &scope.referenced {
                let seen = || self.variables.outwards(Some(at));
                if self.problems.full(Severity::Warning) || seen().any(|scope| scope.assigned.contains_key(name)) {
                    continue;
                }
                let names = seen().flat_map(|scope| scope.assigned.keys());
                let help = nearest(name, names.map(|name| &**name))
                    .or_else(|| nearest(name, Program::function_names()))
                    .map(|near| format!("Did you mean '${near}'?"))
                    .or_else(|| Some("Set it with 'Assign' in an earlier state, here or around here.".to_owned()));
                let message = format!("No state assigns the variable '${name}'");
                self.problems.warning(diagnostic::UNKNOWN_VARIABLE, pointer.to_string(), message, help);
            }
        }
    }
}

/// Whether an `Assign` is of a catcher of the very Parallel or Map that the other is in. It sets
/// its variables once all within has ended, and AWS accepts the same names within.
fn around(outer: &str, inner: &str) -> bool {
    let state = outer.rsplit_once("/Catch/").map(|(state, _)| state);
    state.and_then(|state| inner.strip_prefix(state)).is_some_and(|rest| rest.starts_with('/'))
}

/// Why a name can be no variable's: code, message, help.
fn refused(name: &str) -> Option<(&'static str, String, String)> {
    if name == RESERVED {
        let help = "'$states' is what the language itself tells a state. Choose another name.".to_owned();
        let message = "Cannot assign to reserved variable '$states'.".to_owned();
        return Some((diagnostic::RESERVED_VARIABLE, message, help));
    }
    let chars = name.chars().count();
    if chars == 0 || chars > VARIABLE_NAME_CHARS_MAX {
        let help = format!("A variable's name has from 1 to {VARIABLE_NAME_CHARS_MAX} characters; this has {chars}.");
        let shown: String = name.chars().take(VARIABLE_NAME_CHARS_MAX).collect();
        return Some((diagnostic::INVALID_VARIABLE, format!("Invalid variable name '{shown}'"), help));
    }
    let starts = name.starts_with(char::is_alphabetic);
    if !starts || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        let help = "A variable's name begins with a letter, and has only letters, digits and '_'.".to_owned();
        let message = format!("Invalid variable name '{name}': the variable name contains invalid characters.");
        return Some((diagnostic::INVALID_VARIABLE, message, help));
    }
    None
}
