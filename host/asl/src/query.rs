//! JSONata in a definition: values in which texts of the form `{% … %}` are expressions.

use std::sync::Arc;

use stepwell_expr::jsonata::{Bindings, Limits, ParseError, Program};
use stepwell_expr::{Entropy, Map, Value};

use crate::limits::STEP_QUERY_STEPS_MAX;

use crate::limits::DIAGNOSTICS_MAX;

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

/// What expressions see, and what they may draw on.
pub(crate) struct Evaluation<'a> {
    /// `$states`.
    pub(crate) states: &'a Value,
    pub(crate) variables: &'a Map,
    pub(crate) entropy: &'a mut Entropy,
    pub(crate) now_millis: i64,
    /// Steps of evaluation.
    pub(crate) steps_left: &'a mut u64,
    /// Allocated so far (bytes).
    pub(crate) bytes: usize,
}

/// Why a field could not be computed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There are no steps left, whatever the expression.
    Exhausted,
    Failed {
        /// `Output/total`.
        field: String,
        detail: String,
    },
}

impl Evaluation<'_> {
    /// Computes a field. It recurses as deep as the definition nests.
    pub(crate) fn run(&mut self, query: &Query, field: &str) -> Result<Value, Trouble> {
        match query {
            Query::Fixed(value) => Ok(value.clone()),
            Query::Computed(computed) => self.program(computed, field),
            Query::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    values.push(self.run(item, &format!("{field}[{index}]"))?);
                }
                Ok(Value::Array(Arc::new(values)))
            }
            Query::Members(members) => {
                let mut map = Map::with_capacity(members.len());
                for (name, member) in members {
                    map.insert(Arc::clone(name), self.run(member, &format!("{field}/{name}"))?);
                }
                Ok(Value::Object(Arc::new(map)))
            }
        }
    }

    fn program(&mut self, computed: &Computed, field: &str) -> Result<Value, Trouble> {
        let mut bindings = Bindings::new().with("states", self.states.clone());
        for name in &computed.names {
            if let Some(value) = self.variables.get(name) {
                bindings.insert(Arc::clone(name), value.clone());
            }
        }
        let mut limits = Limits::default();
        limits.steps = limits.steps.min(*self.steps_left);
        let (result, spent) = computed.program.eval_counted(&bindings, None, self.entropy, self.now_millis, limits);
        *self.steps_left = self.steps_left.saturating_sub(spent.steps.max(1));
        self.bytes = self.bytes.saturating_add(usize::try_from(spent.bytes).unwrap_or(usize::MAX));
        if result.is_err() && *self.steps_left == 0 {
            return Err(Trouble::Exhausted);
        }
        let detail = match result {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => "returned nothing (undefined).".to_owned(),
            Err(error) if error.code == FUNCTION_AS_RESULT => "returned an unsupported result type.".to_owned(),
            Err(error) => format!("threw an error during evaluation. {error}"),
        };
        Err(Trouble::Failed { field: field.to_owned(), detail: computed.described(field, &detail) })
    }
}

impl Trouble {
    /// Of the failure that it becomes.
    pub(crate) fn error_name(&self) -> &'static str {
        match self {
            Self::Exhausted => "States.Runtime",
            Self::Failed { .. } => QUERY_ERROR,
        }
    }

    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Exhausted => format!(
                "The execution took more than {STEP_QUERY_STEPS_MAX} steps in its expressions without waiting for anything."
            ),
            Self::Failed { detail, .. } => detail.clone(),
        }
    }
}

/// What an expression of JSONata fails with.
pub(crate) const QUERY_ERROR: &str = "States.QueryEvaluationError";

/// The code under which the evaluator refuses a function as the result.
const FUNCTION_AS_RESULT: &str = "T1013";

impl Query {
    /// Compiles a value; it recurses as deep as JSON text nests. What cannot be read is added to
    /// `unread`, and stands as null.
    pub(crate) fn compile(value: &Value, pointer: &str, unread: &mut Vec<Unread>) -> Self {
        Self::compile_at(value, &mut pointer.to_owned(), unread)
    }

    /// `pointer` is the value's; it is the same again at the end.
    fn compile_at(value: &Value, pointer: &mut String, unread: &mut Vec<Unread>) -> Self {
        let here = pointer.len();
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Fixed(value.clone()),
            Value::String(text) => match expression(text).map(Computed::compile) {
                None => Self::Fixed(value.clone()),
                Some(Ok(computed)) => Self::Computed(Box::new(computed)),
                Some(Err(error)) => {
                    if unread.len() < DIAGNOSTICS_MAX {
                        unread.push(Unread { pointer: pointer.clone(), error });
                    }
                    Self::Fixed(Value::Null)
                }
            },
            Value::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    step_into(pointer, &at.to_string());
                    list.push(Self::compile_at(item, pointer, unread));
                    pointer.truncate(here);
                }
                if list.iter().all(Self::is_fixed) { Self::Fixed(value.clone()) } else { Self::List(list) }
            }
            Value::Object(map) => {
                let mut members = Vec::with_capacity(map.len());
                for (name, value) in map.iter() {
                    step_into(pointer, name);
                    members.push((Arc::clone(name), Self::compile_at(value, pointer, unread)));
                    pointer.truncate(here);
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

    /// Shows every expression with its JSON pointer; `pointer` is that of this value.
    pub(crate) fn visit_places(&self, pointer: &str, visitor: &mut dyn FnMut(&str, &Computed)) {
        self.visit_below(&mut pointer.to_owned(), visitor);
    }

    fn visit_below(&self, pointer: &mut String, visitor: &mut dyn FnMut(&str, &Computed)) {
        let here = pointer.len();
        match self {
            Self::Fixed(_) => {}
            Self::Computed(computed) => visitor(pointer, computed),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    step_into(pointer, &at.to_string());
                    item.visit_below(pointer, visitor);
                    pointer.truncate(here);
                }
            }
            Self::Members(members) => {
                for (name, value) in members {
                    step_into(pointer, name);
                    value.visit_below(pointer, visitor);
                    pointer.truncate(here);
                }
            }
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }
}

/// Adds a name to a JSON pointer.
fn step_into(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

impl Computed {
    /// What happened to the expression in a field.
    pub(crate) fn described(&self, field: &str, detail: &str) -> String {
        format!("The JSONata expression '{}' specified for the field '{field}' {detail}", self.text)
    }

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
