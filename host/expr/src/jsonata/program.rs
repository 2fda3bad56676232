//! Programs: expressions that were read, ready to be evaluated.

use std::sync::Arc;

use super::ast::{Kind, Node, Symbol, Symbols};
use super::builtins::Builtin;
use super::error::{Fault, ParseError, QueryError};
use super::item::{Item, List};
use super::machine::Machine;
use super::{builtins, limits, reader, text};
use crate::{Entropy, Value};

/// Which version of the language is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// JSONata 2.0.6 as AWS Step Functions has it: without `$eval`, with `$partition`, `$range`,
    /// `$hash`, `$random(seed)`, `$uuid` and `$parse`.
    #[default]
    Aws206,
    /// JSONata 2.2.2 as its own test suite has it: with `?:`, `??` and `$eval`.
    Suite,
}

/// What one evaluation may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps: nodes evaluated, items looked at.
    pub steps: u64,
    /// Bytes allocated over the whole course of the evaluation.
    pub bytes: u64,
    /// Levels of nested evaluation. More than [`limits::JSONATA_DEPTH_MAX`] wants a thread with more
    /// stack.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: limits::JSONATA_STEPS_MAX, bytes: limits::JSONATA_BYTES_MAX, depth: limits::JSONATA_DEPTH_MAX }
    }
}

/// What one evaluation has spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Steps: nodes evaluated, items looked at.
    pub steps: u64,
    /// Bytes allocated; what was made and is gone again is among them for the most part.
    pub bytes: u64,
}

/// Values for variables, by name without `$`.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    values: Vec<(Arc<str>, Value)>,
}

impl Bindings {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable; of two of the same name the later counts.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: Value) -> Self {
        self.insert(name, value);
        self
    }

    /// Adds a variable; of two of the same name the later counts.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) {
        self.values.push((name.into(), value));
    }
}

/// A use of a variable, with the names that directly follow it: `$states.input.order` has the
/// variable `states` and the members `input`, `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariablePath<'a> {
    /// The variable without its `$`: empty for `$`, `$` for `$$`.
    pub variable: &'a str,
    /// The names that follow, up to the first step that is no name.
    pub members: Vec<&'a str>,
    /// Where, in bytes from the start of the expression.
    pub offset: usize,
    /// Whether the expression itself binds a variable of that name somewhere.
    pub bound: bool,
    /// Whether the language has a function of that name.
    pub builtin: bool,
}

/// An expression that was read.
#[derive(Debug, Clone)]
pub struct Program {
    tree: Arc<Node>,
    symbols: Arc<Symbols>,
    /// What each symbol means where nothing is bound.
    builtins: Arc<[Option<&'static Builtin>]>,
    dialect: Dialect,
}

impl Program {
    /// Reads an expression in the dialect of AWS, without the `{%` and `%}` around it.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        Self::parse_as(source, Dialect::Aws206)
    }

    /// Reads an expression in the dialect given.
    pub fn parse_as(source: &str, dialect: Dialect) -> Result<Self, ParseError> {
        let mut symbols = Symbols::default();
        if source.len() > limits::JSONATA_SOURCE_BYTES_MAX {
            let limit = limits::JSONATA_SOURCE_BYTES_MAX;
            let message = format!("the expression is longer than {limit} bytes (jsonata_source_bytes_max)");
            return Err(Fault::limit(message).into_parse_error());
        }
        let tree = reader::read(source, dialect, &mut symbols).map_err(Fault::into_parse_error)?;
        let builtins = symbols.iter().map(|name| builtins::find(name, dialect)).collect();
        Ok(Self { tree: Arc::new(tree), symbols: Arc::new(symbols), builtins, dialect })
    }

    /// Evaluates the expression. `input` is what `$` and plain names look at; `now_millis` is the
    /// time `$now` and `$millis` give, in milliseconds since 1970. `None` is undefined: the
    /// expression selects nothing.
    ///
    /// A function is no JSON value: as the result it is an error of code `T1013`, inside a result
    /// it is an empty string. A result may share its parts and nest: whoever keeps it lets it pass
    /// [`json_bytes_within`](crate::json_bytes_within) first.
    pub fn eval(
        &self,
        bindings: &Bindings,
        input: Option<&Value>,
        entropy: &mut Entropy,
        now_millis: i64,
        limits: Limits,
    ) -> Result<Option<Value>, QueryError> {
        self.eval_counted(bindings, input, entropy, now_millis, limits).0
    }

    /// As [`Self::eval`], with what it took.
    pub fn eval_counted(
        &self,
        bindings: &Bindings,
        input: Option<&Value>,
        entropy: &mut Entropy,
        now_millis: i64,
        limits: Limits,
    ) -> (Result<Option<Value>, QueryError>, Spent) {
        let input = input.map_or(Item::Nothing, |value| Item::Json(value.clone()));
        let globals = self.globals(bindings, &input);
        let mut machine = Machine::new(&self.symbols, globals, entropy, now_millis, self.dialect, limits);
        let input = if input.is_array() {
            let mut wrapped = List::sequence(vec![input]);
            wrapped.outer_wrapper = true;
            wrapped.into_item()
        } else {
            input
        };
        let result = machine.eval(&self.tree, &input, Machine::TOP);
        let value = result.and_then(|item| text::to_value(&mut machine, &item));
        let spent = Spent { steps: machine.steps_spent(), bytes: machine.bytes_spent() };
        (value.map_err(|fault| fault.or_at(self.tree.offset as usize).into_query_error()), spent)
    }

    fn globals(&self, bindings: &Bindings, input: &Item) -> Vec<Option<Item>> {
        let mut globals: Vec<Option<Item>> = self.builtins.iter().map(|builtin| builtin.map(Item::Native)).collect();
        let mut set = |name: &str, item: Item| {
            if let Some(slot) = self.symbols.find(name).and_then(|symbol| globals.get_mut(symbol.0 as usize)) {
                *slot = Some(item);
            }
        };
        set("$", input.clone());
        for (name, value) in &bindings.values {
            set(name, Item::Json(value.clone()));
        }
        globals
    }

    /// Every use of a variable, in the order of the text as far as the tree keeps it. Names of
    /// functions are variables too.
    #[must_use]
    pub fn variables(&self) -> Vec<VariablePath<'_>> {
        let mut bound: Vec<Symbol> = Vec::new();
        self.tree.walk(&mut |node| match &node.kind {
            Kind::Bind(symbol, _) => bound.push(*symbol),
            Kind::Lambda(lambda) => bound.extend(&lambda.parameters),
            _ => {
                if let Some(rare) = &node.rare {
                    bound.extend(rare.focus.iter().chain(&rare.index));
                }
            }
        });
        let mut found: Vec<VariablePath<'_>> = Vec::new();
        collect(&self.tree, &self.symbols, self.dialect, &bound, &mut found);
        found.sort_by_key(|path| path.offset);
        found
    }

    /// Whether a name, without its `$`, is that of a function of the language.
    #[must_use]
    pub fn has_function(&self, name: &str) -> bool {
        builtins::find(name, self.dialect).is_some()
    }

    /// The names of the functions that a definition's expressions have, without `$`.
    pub fn function_names() -> impl Iterator<Item = &'static str> {
        builtins::names(Dialect::Aws206)
    }

    pub(super) fn tree(&self) -> &Node {
        &self.tree
    }

    /// The dialect the expression was read in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

fn collect<'a>(
    tree: &'a Node,
    symbols: &'a Symbols,
    dialect: Dialect,
    bound: &[Symbol],
    found: &mut Vec<VariablePath<'a>>,
) {
    let mut uses: Vec<(&str, Vec<&str>, u32, bool)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    tree.walk(&mut |node: &'a Node| {
        let steps: &[Node] = match &node.kind {
            Kind::Path(path) => &path.steps,
            _ => std::slice::from_ref(node),
        };
        let Some((first, rest)) = steps.split_first() else { return };
        if !seen.insert(first.offset) {
            return;
        }
        let (name, is_bound) = match &first.kind {
            Kind::Context => ("", false),
            Kind::Variable(symbol) => (symbols.name(*symbol).map_or("", |name| name), bound.contains(symbol)),
            _ => return,
        };
        let members =
            rest.iter().map_while(|step| if let Kind::Name(name) = &step.kind { Some(&**name) } else { None });
        uses.push((name, members.collect(), first.offset, is_bound));
    });
    for (variable, members, offset, bound) in uses {
        let builtin = builtins::find(variable, dialect).is_some();
        found.push(VariablePath { variable, members, offset: offset as usize, bound, builtin });
    }
}
