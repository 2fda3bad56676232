//! Functions: calls, application, partial application.

use std::sync::Arc;

use super::ast::{Kind, Lambda, Node};
use super::builtins::{Arguments, Builtin};
use super::error::Fault;
use super::item::{FunctionKind, Item};
use super::machine::{FrameId, Machine};
use super::{patterns, transform};

/// What the body of a function ends with: a value, or a call that takes its place, so that
/// endless recursion at the end of a function takes no stack.
enum Tail {
    Done(Item),
    Call(Box<TailCall>),
}

struct TailCall {
    function: Item,
    arguments: Vec<Item>,
    context: Item,
    offset: usize,
    name: Option<Arc<str>>,
}

impl Machine<'_> {
    #[inline(never)]
    pub(super) fn eval_call(
        &mut self,
        node: &Node,
        procedure: &Node,
        arguments: &[Node],
        first: Option<Item>,
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        let (function, arguments) = self.prepare(node, procedure, arguments, first, input, frame)?;
        self.apply(&function, arguments, input).map_err(|fault| self.place(fault, node.offset as usize, procedure))
    }

    fn place(&self, fault: Fault, offset: usize, procedure: &Node) -> Fault {
        let fault = fault.or_at(offset);
        match self.name_of(procedure) {
            Some(name) => fault.or_token(&name),
            None => fault,
        }
    }

    /// Evaluates the function and its arguments.
    fn prepare(
        &mut self,
        node: &Node,
        procedure: &Node,
        arguments: &[Node],
        first: Option<Item>,
        input: &Item,
        frame: FrameId,
    ) -> Result<(Item, Vec<Item>), Fault> {
        let function = self.eval(procedure, input, frame)?;
        if function.is_nothing()
            && let Some(name) = bare_name(procedure)
            && !self.lookup_name(frame, &name)?.is_nothing()
        {
            return Err(Fault::new("T1005").token(&*name).at(node.offset as usize));
        }
        let mut values = Vec::with_capacity(arguments.len() + 1);
        values.extend(first);
        for argument in arguments {
            values.push(self.eval(argument, input, frame)?);
        }
        Ok((function, values))
    }

    fn name_of(&self, procedure: &Node) -> Option<Arc<str>> {
        match &procedure.kind {
            Kind::Variable(symbol) => self.symbols.name(*symbol).cloned(),
            _ => bare_name(procedure),
        }
    }

    /// Calls `function`; `context` stands in for arguments that a signature takes from it.
    pub(super) fn apply(&mut self, function: &Item, arguments: Vec<Item>, context: &Item) -> Result<Item, Fault> {
        if let Item::Function(called) = function
            && let FunctionKind::Lambda { .. } = called.kind
        {
            // Its body counts as a level.
            return self.run_lambda(&called.kind, arguments, context);
        }
        // Functions of the language take about as much stack as three nodes.
        self.deeper(3)?;
        let result = match function {
            Item::Native(builtin) => self.apply_native(builtin, arguments, context),
            Item::Function(called) => self.apply_made(&called.kind, arguments, context),
            _ => Err(Fault::new("T1006")),
        };
        self.shallower(3);
        result
    }

    /// Runs a lambda, and then whatever stands at its end: each round is one call in tail
    /// position.
    #[inline(never)]
    fn run_lambda(&mut self, kind: &FunctionKind, arguments: Vec<Item>, context: &Item) -> Result<Item, Fault> {
        let mut tail = self.call_lambda(kind, arguments, context)?;
        loop {
            let call = match tail {
                Tail::Done(item) => return Ok(item),
                Tail::Call(call) => call,
            };
            tail = self.next_call(*call)?;
        }
    }

    fn next_call(&mut self, call: TailCall) -> Result<Tail, Fault> {
        let TailCall { function, arguments, context, offset, name } = call;
        let result = match &function {
            Item::Function(called) if matches!(called.kind, FunctionKind::Lambda { .. }) => {
                self.call_lambda(&called.kind, arguments, &context)
            }
            _ => self.apply(&function, arguments, &context).map(Tail::Done),
        };
        result.map_err(|fault| match &name {
            Some(name) => fault.or_at(offset).or_token(name),
            None => fault.or_at(offset),
        })
    }

    /// Calls what is neither a lambda nor a function of the language.
    #[inline(never)]
    fn apply_made(&mut self, kind: &FunctionKind, arguments: Vec<Item>, context: &Item) -> Result<Item, Fault> {
        match kind {
            FunctionKind::Lambda { .. } => self.run_lambda(kind, arguments, context),
            FunctionKind::Regex(regex) => {
                let Some(text) = arguments.first().and_then(Item::as_text) else { return Ok(Item::Nothing) };
                patterns::find(self, regex, &text, None)
            }
            FunctionKind::RegexNext(regex, text, from) => patterns::find(self, regex, text, Some(*from)),
            FunctionKind::Transform { transform, frame } => {
                let argument = arguments.into_iter().next().unwrap_or_default();
                let argument = if argument.is_nothing() { context.clone() } else { argument };
                transform::apply(self, transform, &argument, *frame)
            }
            FunctionKind::Partial { function, arguments: given } => {
                self.charge_items(given.len())?;
                let mut open = arguments.into_iter();
                let filled = given.iter().map(|given| given.clone().or_else(|| open.next()).unwrap_or_default());
                let filled = filled.collect();
                self.apply(function, filled, context)
            }
            FunctionKind::Composed(first, second) => {
                let between = self.apply(first, arguments, context)?;
                self.apply(second, vec![between], context)
            }
        }
    }

    #[inline(never)]
    fn apply_native(&mut self, builtin: &'static Builtin, arguments: Vec<Item>, context: &Item) -> Result<Item, Fault> {
        self.steps(1 + builtin.signature.items_looked_at(&arguments) / 8)?;
        let result = match builtin.signature.fit(arguments, context) {
            Ok(arguments) => (builtin.run)(self, &Arguments { items: &arguments, context }),
            Err(fault) => Err(fault),
        };
        result.map_err(|fault| fault.or_token(builtin.name))
    }

    fn call_lambda(&mut self, kind: &FunctionKind, arguments: Vec<Item>, context: &Item) -> Result<Tail, Fault> {
        let FunctionKind::Lambda { lambda, input, frame } = kind else { return Err(Fault::new("T1006")) };
        let inner = self.bind_arguments(lambda, arguments, context, *frame)?;
        let tail = self.eval_tail(&lambda.body, input, inner)?;
        self.leave(inner);
        Ok(tail)
    }

    #[inline(never)]
    fn bind_arguments(
        &mut self,
        lambda: &Lambda,
        arguments: Vec<Item>,
        context: &Item,
        frame: FrameId,
    ) -> Result<FrameId, Fault> {
        let arguments = match &lambda.signature {
            Some(signature) => {
                self.steps(1 + signature.items_looked_at(&arguments) / 8)?;
                signature.fit(arguments, context)?
            }
            None => arguments,
        };
        let inner = self.enter(frame)?;
        let mut arguments = arguments.into_iter();
        for parameter in &lambda.parameters {
            self.bind(inner, *parameter, arguments.next().unwrap_or_default())?;
        }
        Ok(inner)
    }

    /// Evaluates what a function ends with, up to but without the last call.
    fn eval_tail(&mut self, node: &Node, input: &Item, frame: FrameId) -> Result<Tail, Fault> {
        if node.rare.is_some() || node.keep_array {
            return self.eval(node, input, frame).map(Tail::Done);
        }
        match &node.kind {
            Kind::Condition(condition, then, otherwise) => {
                self.tail_condition(condition, then, otherwise.as_deref(), input, frame)
            }
            Kind::Block(expressions) => self.tail_block(expressions, input, frame),
            Kind::Call(procedure, arguments) => self.tail_call(node, procedure, arguments, input, frame),
            _ => self.eval(node, input, frame).map(Tail::Done),
        }
    }

    #[inline(never)]
    fn tail_condition(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: Option<&Node>,
        input: &Item,
        frame: FrameId,
    ) -> Result<Tail, Fault> {
        self.step()?;
        self.deeper(1)?;
        let condition = self.eval(condition, input, frame)?;
        let branch = if self.truth(&condition)? { Some(then) } else { otherwise };
        let tail = match branch {
            Some(node) => self.eval_tail(node, input, frame)?,
            None => Tail::Done(Item::Nothing),
        };
        self.shallower(1);
        Ok(tail)
    }

    #[inline(never)]
    fn tail_block(&mut self, expressions: &[Node], input: &Item, frame: FrameId) -> Result<Tail, Fault> {
        self.step()?;
        let Some((last, before)) = expressions.split_last() else { return Ok(Tail::Done(Item::Nothing)) };
        self.deeper(1)?;
        let inner = self.enter(frame)?;
        for expression in before {
            self.eval(expression, input, inner)?;
        }
        let tail = self.eval_tail(last, input, inner)?;
        self.leave(inner);
        self.shallower(1);
        Ok(tail)
    }

    #[inline(never)]
    fn tail_call(
        &mut self,
        node: &Node,
        procedure: &Node,
        arguments: &[Node],
        input: &Item,
        frame: FrameId,
    ) -> Result<Tail, Fault> {
        self.step()?;
        self.deeper(1)?;
        let (function, arguments) = self.prepare(node, procedure, arguments, None, input, frame)?;
        self.shallower(1);
        let name = self.name_of(procedure);
        let offset = node.offset as usize;
        Ok(Tail::Call(Box::new(TailCall { function, arguments, context: input.clone(), offset, name })))
    }

    #[inline(never)]
    pub(super) fn eval_apply(
        &mut self,
        node: &Node,
        left: &Node,
        right: &Node,
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        let value = self.eval(left, input, frame)?;
        self.deeper(1)?;
        let result = self.apply_to(node, right, value, input, frame)?;
        self.shallower(1);
        Ok(result)
    }

    fn apply_to(
        &mut self,
        node: &Node,
        right: &Node,
        value: Item,
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        if let Kind::Call(procedure, arguments) = &right.kind {
            // What follows the call in its own right is done to its result.
            let result = self.eval_call(right, procedure, arguments, Some(value), input, frame)?;
            let result = if right.rare.is_some() { self.eval_rare(right, result, frame)? } else { result };
            return Ok(result.collapsed(right.keep_array));
        }
        let function = self.eval(right, input, frame)?;
        if !function.is_function() {
            return Err(Fault::new("T2006").value_text(self.brief(&function)).at(node.offset as usize));
        }
        if value.is_function() {
            self.charge(96)?;
            let depth = value.depth().max(function.depth()) + 1;
            return Item::function(FunctionKind::Composed(value, function), depth).checked();
        }
        self.apply(&function, vec![value], &Item::Nothing).map_err(|fault| fault.or_at(node.offset as usize))
    }

    #[inline(never)]
    pub(super) fn eval_partial(
        &mut self,
        node: &Node,
        procedure: &Node,
        arguments: &[Option<Node>],
        input: &Item,
        frame: FrameId,
    ) -> Result<Item, Fault> {
        let mut given = Vec::with_capacity(arguments.len());
        let mut depth = 0;
        for argument in arguments {
            let value = match argument {
                Some(node) => Some(self.eval(node, input, frame)?),
                None => None,
            };
            depth = depth.max(value.as_ref().map_or(0, Item::depth));
            self.charge(super::machine::ITEM_BYTES)?;
            given.push(value);
        }
        let function = self.eval(procedure, input, frame)?;
        if !function.is_function() {
            let fault = match bare_name(procedure) {
                Some(name) if function.is_nothing() && !self.lookup_name(frame, &name)?.is_nothing() => {
                    Fault::new("T1007").token(&*name)
                }
                _ => Fault::new("T1008"),
            };
            return Err(fault.at(node.offset as usize));
        }
        self.charge(96)?;
        let depth = depth.max(function.depth()) + 1;
        Item::function(FunctionKind::Partial { function, arguments: given }, depth).checked()
    }

    /// Calls the function of `$map` and its like with as many arguments as it takes.
    pub(super) fn apply_some(&mut self, function: &Item, arguments: &[Item]) -> Result<Item, Fault> {
        let count = arity(function).clamp(1, arguments.len().max(1));
        let arguments = arguments.iter().take(count).cloned().collect();
        self.apply(function, arguments, &Item::Nothing)
    }
}

/// How many arguments a function takes.
pub(super) fn arity(function: &Item) -> usize {
    match function {
        Item::Native(builtin) => builtin.arity,
        Item::Function(function) => match &function.kind {
            FunctionKind::Lambda { lambda, .. } => lambda.parameters.len(),
            FunctionKind::Partial { arguments, .. } => arguments.iter().filter(|given| given.is_none()).count(),
            FunctionKind::Regex(_) | FunctionKind::Transform { .. } | FunctionKind::Composed(..) => 1,
            FunctionKind::RegexNext(..) => 0,
        },
        _ => 0,
    }
}

/// The name a path consists of.
fn bare_name(procedure: &Node) -> Option<Arc<str>> {
    let Kind::Path(path) = &procedure.kind else { return None };
    match path.steps.first().map(|step| &step.kind) {
        Some(Kind::Name(name)) => Some(Arc::clone(name)),
        _ => None,
    }
}
