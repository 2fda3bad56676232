//! JSONata in a definition: values in which texts of the form `{% … %}` are expressions.

use std::sync::Arc;

use stepwell_expr::Value;
use stepwell_expr::jsonata::{ParseError, Program};

/// A value of a definition with its expressions compiled.
#[derive(Debug)]
pub(crate) enum Query {
    /// Holds no expression.
    Fixed(Value),
    Computed(Box<Computed>),
    List(Vec<Self>),
    Members(Vec<(Arc<str>, Self)>),
}

/// One expression.
#[derive(Debug)]
pub(crate) struct Computed {
    /// Without the braces, trimmed: what messages show.
    pub(crate) text: Box<str>,
    pub(crate) program: Program,
    /// Every name that it uses as a variable, sorted; those of functions are not among them.
    pub(crate) names: Vec<Arc<str>>,
    /// Those of the names that the expression does not bind itself.
    pub(crate) free: Vec<Arc<str>>,
}

/// An expression that could not be read, with the place below the value.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) pointer: String,
    pub(crate) error: ParseError,
}

impl Query {
    /// Compiles a value; it recurses as deep as JSON text nests. What cannot be read is added to
    /// `unread`, and stands as null.
    pub(crate) fn compile(value: &Value, pointer: &str, unread: &mut Vec<Unread>) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Fixed(value.clone()),
            Value::String(text) => match expression(text).map(Computed::compile) {
                None => Self::Fixed(value.clone()),
                Some(Ok(computed)) => Self::Computed(Box::new(computed)),
                Some(Err(error)) => {
                    unread.push(Unread { pointer: pointer.to_owned(), error });
                    Self::Fixed(Value::Null)
                }
            },
            Value::Array(items) => {
                let compile = |(at, item)| Self::compile(item, &format!("{pointer}/{at}"), unread);
                let items: Vec<Self> = items.iter().enumerate().map(compile).collect();
                if items.iter().all(Self::is_fixed) { Self::Fixed(value.clone()) } else { Self::List(items) }
            }
            Value::Object(map) => {
                let mut members = Vec::with_capacity(map.len());
                for (name, value) in map.iter() {
                    let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    members.push((Arc::clone(name), Self::compile(value, &below, unread)));
                }
                let fixed = members.iter().all(|(_, value)| value.is_fixed());
                if fixed { Self::Fixed(value.clone()) } else { Self::Members(members) }
            }
        }
    }

    /// Shows every expression.
    pub(crate) fn visit(&self, visitor: &mut dyn FnMut(&Computed)) {
        match self {
            Self::Fixed(_) => {}
            Self::Computed(computed) => visitor(computed),
            Self::List(items) => items.iter().for_each(|item| item.visit(visitor)),
            Self::Members(members) => members.iter().for_each(|(_, value)| value.visit(visitor)),
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }
}

impl Computed {
    fn compile(text: &str) -> Result<Self, ParseError> {
        let program = Program::parse(text)?;
        let (mut names, mut free): (Vec<Arc<str>>, Vec<Arc<str>>) = (Vec::new(), Vec::new());
        for path in program.variables() {
            let own = matches!(path.variable, "" | "$" | "states");
            if own || program.has_function(path.variable) {
                continue;
            }
            names.push(path.variable.into());
            if !path.bound {
                free.push(path.variable.into());
            }
        }
        for list in [&mut names, &mut free] {
            list.sort();
            list.dedup();
        }
        Ok(Self { text: text.into(), program, names, free })
    }
}

/// What stands in `{% … %}`, trimmed; `None` of any other text.
pub(crate) fn expression(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}
