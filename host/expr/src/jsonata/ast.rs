//! What an expression is after it was read.

use std::collections::HashMap;
use std::sync::Arc;

use super::patterns::Pattern;
use super::signature::Signature;
use crate::Value;

/// A variable's name, as a number within its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Symbol(pub u32);

/// The names of a program's variables.
#[derive(Debug, Clone, Default)]
pub(super) struct Symbols {
    names: Vec<Arc<str>>,
    by_name: HashMap<Arc<str>, Symbol>,
}

impl Symbols {
    pub(super) fn intern(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.by_name.get(name) {
            return *symbol;
        }
        let name: Arc<str> = name.into();
        let symbol = self.fresh(Arc::clone(&name));
        self.by_name.insert(name, symbol);
        symbol
    }

    /// A symbol that no text can name.
    pub(super) fn fresh(&mut self, name: Arc<str>) -> Symbol {
        let symbol = Symbol(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(name);
        symbol
    }

    pub(super) fn find(&self, name: &str) -> Option<Symbol> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, symbol: Symbol) -> Option<&Arc<str>> {
        self.names.get(symbol.0 as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.names.iter()
    }
}

/// One node of the tree.
#[derive(Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub offset: u32,
    /// Levels below and including this node.
    pub depth: u16,
    /// `[]` was written after it: one result stays an array of one.
    pub keep_array: bool,
    /// It hands on a stream of tuples, or is a step that makes one.
    pub tuple: bool,
    /// An array constructor whose array is not dissolved into the surrounding sequence.
    pub cons_array: bool,
    pub rare: Option<Box<Rare>>,
}

/// What few nodes have.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Filters on a node that is no step.
    pub predicates: Vec<Stage>,
    /// Filters and index bindings on a step.
    pub stages: Vec<Stage>,
    pub group: Option<Group>,
    /// `@$name`.
    pub focus: Option<Symbol>,
    /// `#$name`.
    pub index: Option<Symbol>,
    /// Under these names the step binds the item it looks inside, for `%` further on.
    pub ancestors: Vec<Symbol>,
    /// Open `%`s below this node, as places in the reader's list. Of no use after reading.
    pub seeking: Option<Vec<usize>>,
}

#[derive(Debug)]
pub(super) enum Stage {
    Filter(Node),
    Index(Symbol),
}

#[derive(Debug)]
pub(super) struct Group {
    pub pairs: Vec<(Node, Node)>,
    pub offset: u32,
}

#[derive(Debug)]
pub(super) struct Lambda {
    pub parameters: Vec<Symbol>,
    pub signature: Option<Signature>,
    pub body: Node,
}

#[derive(Debug)]
pub(super) struct Transform {
    pub pattern: Node,
    pub update: Node,
    pub delete: Option<Node>,
}

#[derive(Debug)]
pub(super) struct Term {
    pub descending: bool,
    pub expression: Node,
}

#[derive(Debug, Default)]
pub(super) struct Steps {
    pub steps: Vec<Node>,
    pub keep_singleton: bool,
    /// Nothing but one name was written so far, perhaps with predicates. Of no use after reading.
    pub bare_name: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concatenate,
    And,
    Or,
    In,
    Range,
}

impl Operator {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Concatenate => "&",
            Self::And => "and",
            Self::Or => "or",
            Self::In => "in",
            Self::Range => "..",
        }
    }
}

#[derive(Debug)]
pub(super) enum Kind {
    Literal(Value),
    Name(Arc<str>),
    /// `$`: the item at hand.
    Context,
    Variable(Symbol),
    Wildcard,
    Descendants,
    Parent {
        label: Symbol,
        slot: usize,
    },
    Path(Steps),
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Vec<(Node, Node)>),
    Binary(Operator, Box<Node>, Box<Node>),
    Bind(Symbol, Box<Node>),
    Apply(Box<Node>, Box<Node>),
    Call(Box<Node>, Vec<Node>),
    /// A call in which `None` stands for `?`.
    Partial(Box<Node>, Vec<Option<Node>>),
    Lambda(Arc<Lambda>),
    Condition(Box<Node>, Box<Node>, Option<Box<Node>>),
    /// `a ?: b`: b where a is not true.
    Default(Box<Node>, Box<Node>),
    /// `a ?? b`: b where a is undefined.
    Coalesce(Box<Node>, Box<Node>),
    Block(Vec<Node>),
    Regex(Arc<Pattern>),
    Transform(Arc<Transform>),
    Sort(Vec<Term>),
}

impl Node {
    pub(super) fn new(kind: Kind, offset: usize) -> Self {
        let mut below = 0;
        kind.children(&mut |child| below = below.max(child.depth));
        Self {
            kind,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            depth: below.saturating_add(1),
            keep_array: false,
            tuple: false,
            cons_array: false,
            rare: None,
        }
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Calls `visit` with this node and everything below it.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        self.kind.children(&mut |child| child.walk(visit));
        let Some(rare) = &self.rare else { return };
        for stage in rare.predicates.iter().chain(&rare.stages) {
            if let Stage::Filter(predicate) = stage {
                predicate.walk(visit);
            }
        }
        for (key, value) in rare.group.iter().flat_map(|group| &group.pairs) {
            key.walk(visit);
            value.walk(visit);
        }
    }
}

impl Kind {
    /// Calls `visit` with each node directly below, stages and groups excepted.
    pub(super) fn children<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        match self {
            Self::Literal(_)
            | Self::Name(_)
            | Self::Context
            | Self::Variable(_)
            | Self::Wildcard
            | Self::Descendants
            | Self::Parent { .. }
            | Self::Regex(_) => {}
            Self::Path(path) => path.steps.iter().for_each(visit),
            Self::Negate(node) | Self::Bind(_, node) => visit(node),
            Self::Array(nodes) | Self::Block(nodes) => nodes.iter().for_each(visit),
            Self::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Self::Binary(_, left, right)
            | Self::Apply(left, right)
            | Self::Default(left, right)
            | Self::Coalesce(left, right) => {
                visit(left);
                visit(right);
            }
            Self::Call(procedure, arguments) => {
                visit(procedure);
                arguments.iter().for_each(visit);
            }
            Self::Partial(procedure, arguments) => {
                visit(procedure);
                arguments.iter().flatten().for_each(visit);
            }
            Self::Lambda(lambda) => visit(&lambda.body),
            Self::Condition(condition, then, otherwise) => {
                visit(condition);
                visit(then);
                if let Some(node) = otherwise {
                    visit(node);
                }
            }
            Self::Transform(transform) => {
                visit(&transform.pattern);
                visit(&transform.update);
                if let Some(node) = &transform.delete {
                    visit(node);
                }
            }
            Self::Sort(terms) => terms.iter().for_each(|term| visit(&term.expression)),
        }
    }
}
