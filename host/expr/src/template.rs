//! Payload templates: JSON in which fields named `….$` hold expressions.

use std::sync::Arc;

use crate::budget::Budget;
use crate::entropy::Entropy;
use crate::error::EvalError;
use crate::expression::Expression;
use crate::limits::{TEMPLATE_DEPTH_MAX, TEMPLATE_ERRORS_MAX};
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
    /// Compiles a template. The error holds the problems, [`TEMPLATE_ERRORS_MAX`] at most, in
    /// document order.
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
        Budget::for_one(scope, |budget| self.0.eval(scope, entropy, budget))
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
                scope.count(items.len());
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.eval(scope, entropy, budget)).collect();
                items.map(Value::array)
            }
            Self::Object(members) => {
                scope.count(2 * members.len());
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
        if self.errors.len() >= TEMPLATE_ERRORS_MAX {
            return;
        }
        self.errors.push(TemplateError { pointer: self.pointer.clone(), field: field.to_owned(), message, detail });
    }
}

fn is_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(template: &str) -> Result<Template, Vec<TemplateError>> {
        Template::compile(&Value::parse(template).unwrap())
    }

    fn eval(template: &str, input: &str) -> Result<Value, EvalError> {
        let (input, context) = (Value::parse(input).unwrap(), Value::parse(r#"{"Task":{"Token":"t"}}"#).unwrap());
        compile(template).unwrap().eval(&Scope::new(&input, &context), &mut Entropy::new(1))
    }

    #[test]
    fn expressions_are_replaced_at_every_depth() {
        for (template, expected) in [
            (r#"{"a":1,"b.$":"$.x","c":3}"#, r#"{"a":1,"b":7,"c":3}"#),
            (r#"{"deep":[{"v.$":"$.x"},["$.x"],2]}"#, r#"{"deep":[{"v":7},["$.x"],2]}"#),
            (r#"{"s":"$.x","f":"States.UUID()"}"#, r#"{"s":"$.x","f":"States.UUID()"}"#),
            (r#"{"t.$":"$$.Task.Token","n.$":"States.MathAdd($.x, 1)"}"#, r#"{"t":"t","n":8}"#),
            (r#"{"all.$":"$"}"#, r#"{"all":{"x":7}}"#),
            (r#"{"none.$":"$.y[*]"}"#, r#"{"none":[]}"#),
            ("[1]", "[1]"),
        ] {
            assert_eq!(eval(template, r#"{"x":7}"#).unwrap().to_string(), expected, "{template}");
        }
    }

    #[test]
    fn parts_without_expressions_are_shared() {
        let template = compile(r#"{"fixed":{"list":[1,2]},"v.$":"$.x"}"#).unwrap();
        let scope = Scope::new(&Value::Null, &Value::Null);
        assert!(template.as_constant().is_none());
        assert!(template.eval(&scope, &mut Entropy::new(1)).is_err());
        let input = Value::parse(r#"{"x":1}"#).unwrap();
        let list = |value: &Value| match value.get("fixed") {
            Some(Value::Object(map)) => Arc::as_ptr(map),
            _ => panic!("{value}"),
        };
        let scope = Scope::new(&input, &Value::Null);
        let (one, other) = (
            template.eval(&scope, &mut Entropy::new(1)).unwrap(),
            template.eval(&scope, &mut Entropy::new(1)).unwrap(),
        );
        assert_eq!(list(&one), list(&other));
        assert!(compile(r#"{"a":[{}]}"#).unwrap().as_constant().is_some());
    }

    #[test]
    fn only_so_many_problems_are_reported() {
        let wrong = |fields: usize| {
            let fields: Vec<String> = (0..fields).map(|at| format!(r#""{at}.$":0"#)).collect();
            compile(&format!("{{{}}}", fields.join(","))).unwrap_err().len()
        };
        assert_eq!(wrong(TEMPLATE_ERRORS_MAX), TEMPLATE_ERRORS_MAX);
        assert_eq!(wrong(TEMPLATE_ERRORS_MAX + 1), TEMPLATE_ERRORS_MAX);
    }

    #[test]
    fn all_problems_are_reported_with_their_places() {
        let errors =
            compile(r#"{"a.$":1,"ok.$":"$.x","in/side":[0,{"b.$":"nonsense","c":{"d.$":"$.["}}],"e":1,"e.$":"$"}"#)
                .unwrap_err();
        let places: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.field.as_str())).collect();
        assert_eq!(places, [("", "a.$"), ("/in~1side/1", "b.$"), ("/in~1side/1/c", "d.$"), ("", "e.$")]);
        assert_eq!(
            errors[1].message,
            "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call"
        );
        assert!(errors[0].detail.contains("JSON number"), "{}", errors[0]);
        assert!(errors[2].detail.contains("at byte 3"), "{}", errors[2]);
        assert!(errors[3].detail.contains("'e' is there as well"), "{}", errors[3]);
    }

    #[test]
    fn a_missing_value_names_the_field() {
        let error = eval(r#"{"deep":{"value.$":"$.nope"}}"#, r#"{"x":1}"#).unwrap_err();
        let cause =
            r#"The JSONPath '$.nope' specified for the field 'value.$' could not be found in the input '{"x":1}'"#;
        assert_eq!(error, EvalError::runtime(cause));
    }

    #[test]
    fn the_paths_of_a_template_can_be_listed() {
        let template = compile(r#"{"a.$":"$x","b":[{"c.$":"States.Array($y, States.Array($$.z), 1)"}]}"#).unwrap();
        let mut paths = Vec::new();
        template.visit_paths(&mut |path| paths.push(path.as_str()));
        assert_eq!(paths, ["$x", "$y", "$$.z"]);
    }

    #[test]
    fn the_depth_is_limited() {
        let nested = |depth| (0..depth).fold(Value::Null, |value, _| Value::array([value]));
        assert!(Template::compile(&nested(TEMPLATE_DEPTH_MAX)).is_ok());
        let errors = Template::compile(&nested(TEMPLATE_DEPTH_MAX + 1)).unwrap_err();
        assert!(errors[0].detail.contains("at most 127 deep"), "{}", errors[0]);
    }

    #[test]
    fn all_fields_share_one_budget() {
        let input = Value::array((0..100_000).map(Value::from));
        let fields = |count| Value::object((0..count).map(|at| (format!("f{at}.$"), Value::from("$[*]"))));
        let eval = |count| {
            let template = Template::compile(&fields(count)).unwrap();
            template.eval(&Scope::new(&input, &Value::Null), &mut Entropy::new(1))
        };
        assert!(eval(9).is_ok());
        assert_eq!(eval(11).unwrap_err().error, "States.Runtime");
    }
}
