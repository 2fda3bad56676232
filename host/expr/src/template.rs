//! Payload templates: JSON in which fields named `….$` hold expressions.

use std::sync::Arc;

use crate::budget::Budget;
use crate::entropy::Entropy;
use crate::error::EvalError;
use crate::expression::Expression;
use crate::limits::TEMPLATE_DEPTH_MAX;
use crate::path::Path;
use crate::scope::Scope;
use crate::value::{Map, Value};

/// A compiled payload template, as `Parameters`, `ResultSelector`, `ItemSelector` and `Assign`
/// hold it. Parts without expressions are kept as they are and shared by every evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

/// A problem of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {detail}")]
pub struct TemplateError {
    /// JSON pointer, within the template, to the object that holds the field; empty for the
    /// template itself. AWS points there, too.
    pub pointer: String,
    /// The field's name as it is written.
    pub field: String,
    /// What is wrong, in the words of AWS.
    pub message: String,
    /// What exactly is wrong, and where in the field's text.
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Value),
    Expression {
        field: Arc<str>,
        expression: Expression,
    },
    Array(Vec<Node>),
    /// The members by the names they have in the result.
    Object(Vec<(Arc<str>, Node)>),
}

impl Template {
    /// Compiles a template. The error holds every problem, in document order.
    pub fn compile(template: &Value) -> Result<Self, Vec<TemplateError>> {
        let mut compiler = Compiler { pointer: String::new(), errors: Vec::new() };
        let node = compiler.node(template, 0);
        if compiler.errors.is_empty() { Ok(Self(node)) } else { Err(compiler.errors) }
    }

    /// The value without its expressions, if it has none.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        match &self.0 {
            Node::Constant(value) => Some(value),
            Node::Expression { .. } | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// Evaluates every expression; the first that fails is the error.
    pub fn eval(&self, scope: &Scope<'_>, entropy: &mut Entropy) -> Result<Value, EvalError> {
        self.0.eval(scope, entropy, &mut Budget::new())
    }

    /// Calls `visit` with every path in the template, for checks of the variables it uses.
    pub fn visit_paths<'t>(&'t self, visit: &mut dyn FnMut(&'t Path)) {
        self.0.visit_paths(visit);
    }
}

impl Node {
    /// The recursion ends: a template is `TEMPLATE_DEPTH_MAX` deep at most.
    fn eval(&self, scope: &Scope<'_>, entropy: &mut Entropy, budget: &mut Budget) -> Result<Value, EvalError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Expression { field, expression } => expression.eval_within(scope, entropy, field, budget),
            Self::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.eval(scope, entropy, budget)).collect();
                items.map(Value::array)
            }
            Self::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for (name, member) in members {
                    map.insert(Arc::clone(name), member.eval(scope, entropy, budget)?);
                }
                Ok(Value::Object(Arc::new(map)))
            }
        }
    }

    fn visit_paths<'t>(&'t self, visit: &mut dyn FnMut(&'t Path)) {
        match self {
            Self::Constant(_) => {}
            Self::Expression { expression, .. } => expression.visit_paths(visit),
            Self::Array(items) => items.iter().for_each(|item| item.visit_paths(visit)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.visit_paths(visit)),
        }
    }
}

struct Compiler {
    pointer: String,
    errors: Vec<TemplateError>,
}

impl Compiler {
    fn node(&mut self, value: &Value, depth: usize) -> Node {
        if depth > TEMPLATE_DEPTH_MAX {
            let detail = format!("objects and arrays nest at most {TEMPLATE_DEPTH_MAX} deep");
            self.error("", "The template is nested too deeply".to_owned(), detail);
            return Node::Constant(Value::Null);
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Node::Constant(value.clone()),
            Value::Array(items) => {
                let nodes: Vec<Node> = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| self.below(&at.to_string(), |compiler| compiler.node(item, depth + 1)))
                    .collect();
                if nodes.iter().all(is_constant) { Node::Constant(value.clone()) } else { Node::Array(nodes) }
            }
            Value::Object(map) => {
                let nodes: Vec<(Arc<str>, Node)> =
                    map.iter().filter_map(|(name, member)| self.member(map, name, member, depth)).collect();
                if nodes.iter().all(|(_, node)| is_constant(node)) {
                    Node::Constant(value.clone())
                } else {
                    Node::Object(nodes)
                }
            }
        }
    }

    fn member(&mut self, map: &Map, name: &Arc<str>, value: &Value, depth: usize) -> Option<(Arc<str>, Node)> {
        let Some(plain) = name.strip_suffix(".$") else {
            let node = self.below(name, |compiler| compiler.node(value, depth + 1));
            return Some((Arc::clone(name), node));
        };
        let detail = if map.contains_key(plain) {
            format!("the field '{plain}' is there as well; remove one of the two")
        } else {
            match value.as_str().map(Expression::parse) {
                Some(Ok(expression)) => {
                    return Some((plain.into(), Node::Expression { field: Arc::clone(name), expression }));
                }
                Some(Err(error)) => error.to_string(),
                None => format!("it has to be a string, but is a JSON {}", value.kind()),
            }
        };
        let message =
            format!("The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call");
        self.error(name, message, detail);
        None
    }

    fn below<R>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        let len = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let result = work(self);
        self.pointer.truncate(len);
        result
    }

    fn error(&mut self, field: &str, message: String, detail: String) {
        self.errors.push(TemplateError { pointer: self.pointer.clone(), field: field.to_owned(), message, detail });
    }
}

fn is_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(_))
}
