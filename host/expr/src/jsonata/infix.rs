//! What follows an operand: operators, predicates, calls, groups and bindings.

use std::sync::Arc;

use super::ancestry;
use super::ast::{Group, Kind, Lambda, Node, Operator, Stage, Steps};
use super::error::Fault;
use super::lexer::{Token, TokenKind};
use super::reader::{Reader, adopt, binary, inherit, operand_seeking};
use super::signature::Signature;
use crate::Value;

impl Reader<'_> {
    pub(super) fn infix(&mut self, token: Token, left: Node) -> Result<Node, Fault> {
        let offset = token.offset;
        let TokenKind::Operator(operator) = token.kind else { return Err(Fault::new("S0205").at(offset)) };
        if let Some((operator, power)) = plain(operator) {
            let right = self.expression(power)?;
            return Ok(binary(operator, left, right, offset));
        }
        match operator {
            "." => self.step(left),
            "[" => self.predicate(left, offset),
            "(" => self.call(left, offset),
            "{" => self.group(left, offset),
            "^" => self.order(left, offset),
            ":=" => self.bind(left, offset),
            "@" => self.focus(left, offset),
            "#" => self.index(left),
            "?" => self.condition(left, offset),
            "~>" => {
                let right = self.expression(40)?;
                let keep = left.keep_array || right.keep_array;
                let mut node = Node::new(Kind::Apply(Box::new(left), Box::new(right)), offset);
                node.keep_array = keep;
                Ok(node)
            }
            "?:" => {
                let otherwise = self.expression(0)?;
                Ok(Node::new(Kind::Default(Box::new(left), Box::new(otherwise)), offset))
            }
            "??" => {
                let otherwise = self.expression(0)?;
                Ok(Node::new(Kind::Coalesce(Box::new(left), Box::new(otherwise)), offset))
            }
            _ => Err(Fault::new("S0201").token(operator).at(offset)),
        }
    }

    fn step(&mut self, left: Node) -> Result<Node, Fault> {
        let right = self.expression(75)?;
        let mut path = into_seeking_path(left);
        path.depth = path.depth.max(right.depth.saturating_add(1));
        let Kind::Path(Steps { steps, keep_singleton, bare_name }) = &mut path.kind else { return Ok(path) };
        *bare_name = false;
        let mut right = right;
        let first_new = if steps.len() == 1 { 0 } else { steps.len() };
        if let Kind::Path(rest) = &mut right.kind
            && right.rare.as_ref().is_none_or(|rare| rare.group.is_none())
        {
            steps.append(&mut rest.steps);
        } else {
            predicates_to_stages(&mut right);
            steps.push(right);
        }
        let last = steps.len().saturating_sub(1);
        for (place, step) in steps.iter_mut().enumerate().skip(first_new) {
            *keep_singleton |= step.keep_array;
            if (place == 0 || place == last) && matches!(step.kind, Kind::Array(_)) {
                step.cons_array = true;
            }
            match &step.kind {
                Kind::Literal(Value::String(name)) => step.kind = Kind::Name(Arc::clone(name)),
                Kind::Literal(value) => {
                    let fault = Fault::new("S0213").value_text(value.to_string()).at(step.offset as usize);
                    self.late.get_or_insert(fault);
                }
                _ => {}
            }
        }
        ancestry::resolve(&mut path, &mut self.slots)?;
        Ok(path)
    }

    fn predicate(&mut self, mut left: Node, offset: usize) -> Result<Node, Fault> {
        if self.at("]") {
            self.advance(true)?;
            left.keep_array = true;
            if let Kind::Path(path) = &mut left.kind
                && path.bare_name
            {
                path.keep_singleton = true;
                path.steps.iter_mut().for_each(|step| step.keep_array = true);
            }
            return Ok(left);
        }
        let mut predicate = self.expression(0)?;
        self.expect("]", true)?;
        let depth = predicate.depth.saturating_add(1);
        left.depth = left.depth.max(depth.saturating_add(1));
        let is_path = matches!(left.kind, Kind::Path(_));
        let step = match path_end(&mut left) {
            Some(step) => step,
            None => &mut left,
        };
        step.depth = step.depth.max(depth);
        if step.rare.as_ref().is_some_and(|rare| rare.group.is_some()) {
            return Err(Fault::new("S0209").at(offset));
        }
        if predicate.rare.as_ref().is_some_and(|rare| rare.seeking.is_some()) {
            for slot in predicate.rare().seeking.clone().unwrap_or_default() {
                if self.slots.get(slot).is_some_and(|slot| slot.level == 1) {
                    ancestry::seek(step, slot, &mut self.slots)?;
                } else if let Some(slot) = self.slots.get_mut(slot) {
                    slot.level -= 1;
                }
            }
            inherit(step, &predicate);
        }
        let stage = Stage::Filter(predicate);
        if is_path {
            step.rare().stages.push(stage)
        } else {
            step.rare().predicates.push(stage)
        }
        Ok(left)
    }

    fn call(&mut self, procedure: Node, offset: usize) -> Result<Node, Fault> {
        let mut arguments = Vec::new();
        if !self.at(")") {
            loop {
                if self.at("?") {
                    self.advance(false)?;
                    arguments.push(None);
                } else {
                    arguments.push(Some(self.expression(0)?));
                }
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect(")", true)?;
        if is_function_word(&procedure) {
            return self.lambda(&arguments, offset);
        }
        let seeking: Vec<_> = arguments.iter().flatten().map(operand_seeking).collect();
        let kind = if arguments.iter().all(Option::is_some) {
            Kind::Call(Box::new(procedure), arguments.into_iter().flatten().collect())
        } else {
            Kind::Partial(Box::new(procedure), arguments)
        };
        let mut node = Node::new(kind, offset);
        seeking.into_iter().for_each(|slots| adopt(&mut node, slots));
        Ok(node)
    }

    fn lambda(&mut self, arguments: &[Option<Node>], offset: usize) -> Result<Node, Fault> {
        let mut parameters = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            match argument {
                Some(Node { kind: Kind::Variable(symbol), rare: None, .. }) => parameters.push(*symbol),
                Some(Node { kind: Kind::Context, rare: None, .. }) => parameters.push(self.symbols.intern("")),
                other => {
                    let at = other.as_ref().map_or(offset, |node| node.offset as usize);
                    return Err(Fault::new("S0208").value_text((place + 1).to_string()).at(at));
                }
            }
        }
        let signature = if self.at("<") { Some(self.signature()?) } else { None };
        self.expect("{", false)?;
        let body = self.expression(0)?;
        self.expect("}", true)?;
        Ok(Node::new(Kind::Lambda(Arc::new(Lambda { parameters, signature, body })), offset))
    }

    fn signature(&mut self) -> Result<Signature, Fault> {
        let offset = self.token.offset;
        let mut text = String::new();
        let mut depth = 0_usize;
        loop {
            match &self.token.kind {
                TokenKind::Operator("<") => depth += 1,
                TokenKind::Operator(">") => depth -= 1,
                TokenKind::Operator("{") | TokenKind::End => break,
                TokenKind::Operator(_)
                | TokenKind::Name(_)
                | TokenKind::Variable(_)
                | TokenKind::Text(_)
                | TokenKind::Number(_)
                | TokenKind::True
                | TokenKind::False
                | TokenKind::Null
                | TokenKind::Regex(..) => {}
            }
            text.push_str(&self.token.kind.text());
            self.advance(false)?;
            if depth == 0 {
                break;
            }
        }
        Signature::parse(&text).map_err(|fault| fault.or_at(offset))
    }

    fn group(&mut self, mut left: Node, offset: usize) -> Result<Node, Fault> {
        let pairs = self.pairs()?;
        if left.rare.as_ref().is_some_and(|rare| rare.group.is_some()) {
            return Err(Fault::new("S0210").at(offset));
        }
        for (key, value) in &pairs {
            left.depth = left.depth.max(key.depth.max(value.depth).saturating_add(1));
        }
        left.rare().group = Some(Group { pairs, offset: u32::try_from(offset).unwrap_or(u32::MAX) });
        Ok(left)
    }

    fn order(&mut self, left: Node, offset: usize) -> Result<Node, Fault> {
        let terms = self.sort_terms()?;
        let mut path = into_path(left);
        let seeking: Vec<_> = terms.iter().map(|term| operand_seeking(&term.expression)).collect();
        let mut sort = Node::new(Kind::Sort(terms), offset);
        seeking.into_iter().for_each(|slots| adopt(&mut sort, slots));
        path.depth = path.depth.max(sort.depth.saturating_add(1));
        if let Kind::Path(path) = &mut path.kind {
            path.bare_name = false;
            path.steps.push(sort);
        }
        ancestry::resolve(&mut path, &mut self.slots)?;
        Ok(path)
    }

    fn bind(&mut self, left: Node, offset: usize) -> Result<Node, Fault> {
        let symbol = match &left {
            Node { kind: Kind::Variable(symbol), rare: None, .. } => *symbol,
            Node { kind: Kind::Context, rare: None, .. } => self.symbols.intern(""),
            _ => return Err(Fault::new("S0212").at(left.offset as usize)),
        };
        let value = self.expression(9)?;
        let seeking = operand_seeking(&value);
        let mut node = Node::new(Kind::Bind(symbol, Box::new(value)), offset);
        adopt(&mut node, seeking);
        Ok(node)
    }

    /// The variable after `@` or `#`.
    fn bound_variable(&mut self, operator: &'static str) -> Result<super::ast::Symbol, Fault> {
        let right = self.expression(80)?;
        match right {
            Node { kind: Kind::Variable(symbol), rare: None, .. } => Ok(symbol),
            other => Err(Fault::new("S0214").token(operator).at(other.offset as usize)),
        }
    }

    fn focus(&mut self, mut left: Node, offset: usize) -> Result<Node, Fault> {
        let symbol = self.bound_variable("@")?;
        if let Kind::Path(path) = &mut left.kind {
            path.bare_name = false;
        }
        let step = match path_end(&mut left) {
            Some(step) => step,
            None => &mut left,
        };
        if step.rare.as_ref().is_some_and(|rare| !rare.stages.is_empty() || !rare.predicates.is_empty()) {
            return Err(Fault::new("S0215").at(offset));
        }
        if matches!(step.kind, Kind::Sort(_)) {
            return Err(Fault::new("S0216").at(offset));
        }
        step.rare().focus = Some(symbol);
        step.tuple = true;
        Ok(left)
    }

    fn index(&mut self, left: Node) -> Result<Node, Fault> {
        let symbol = self.bound_variable("#")?;
        let mut path = left;
        if !matches!(path.kind, Kind::Path(_)) {
            predicates_to_stages(&mut path);
            path = into_path(path);
        }
        if let Kind::Path(path) = &mut path.kind {
            path.bare_name = false;
        }
        let step = match path_end(&mut path) {
            Some(step) => step,
            None => &mut path,
        };
        if step.rare.as_ref().is_none_or(|rare| rare.stages.is_empty()) {
            step.rare().index = Some(symbol);
        } else {
            step.rare().stages.push(Stage::Index(symbol));
        }
        step.tuple = true;
        Ok(path)
    }

    fn condition(&mut self, condition: Node, offset: usize) -> Result<Node, Fault> {
        let then = self.expression(0)?;
        let otherwise = if self.take(":")? { Some(Box::new(self.expression(0)?)) } else { None };
        let mut seeking = vec![operand_seeking(&condition), operand_seeking(&then)];
        seeking.extend(otherwise.as_deref().map(operand_seeking));
        let mut node = Node::new(Kind::Condition(Box::new(condition), Box::new(then), otherwise), offset);
        seeking.into_iter().for_each(|slots| adopt(&mut node, slots));
        Ok(node)
    }
}

/// The operators that only join two operands, and how tightly.
fn plain(operator: &str) -> Option<(Operator, u8)> {
    Some(match operator {
        "+" => (Operator::Add, 50),
        "-" => (Operator::Subtract, 50),
        "&" => (Operator::Concatenate, 50),
        "*" => (Operator::Multiply, 60),
        "/" => (Operator::Divide, 60),
        "%" => (Operator::Remainder, 60),
        "=" => (Operator::Equal, 40),
        "!=" => (Operator::NotEqual, 40),
        "<" => (Operator::Less, 40),
        "<=" => (Operator::LessOrEqual, 40),
        ">" => (Operator::Greater, 40),
        ">=" => (Operator::GreaterOrEqual, 40),
        "in" => (Operator::In, 40),
        "and" => (Operator::And, 30),
        "or" => (Operator::Or, 25),
        _ => return None,
    })
}

fn is_function_word(node: &Node) -> bool {
    let Kind::Path(path) = &node.kind else { return false };
    let [step] = path.steps.as_slice() else { return false };
    path.bare_name && matches!(&step.kind, Kind::Name(name) if matches!(&**name, "function" | "λ"))
}

/// The left side of a dot as a path that can be extended.
fn into_seeking_path(node: Node) -> Node {
    let seeking = if matches!(node.kind, Kind::Parent { .. }) { operand_seeking(&node) } else { None };
    let mut path = into_path(node);
    adopt(&mut path, seeking);
    path
}

fn into_path(node: Node) -> Node {
    if matches!(node.kind, Kind::Path(_)) {
        return node;
    }
    let offset = node.offset as usize;
    Node::new(Kind::Path(Steps { steps: vec![node], ..Steps::default() }), offset)
}

/// The last step of a path; `None` where the node itself is the step.
fn path_end(node: &mut Node) -> Option<&mut Node> {
    if let Kind::Path(path) = &mut node.kind { path.steps.last_mut() } else { None }
}

/// Filters of a node that becomes a step.
fn predicates_to_stages(node: &mut Node) {
    if let Some(rare) = &mut node.rare
        && !rare.predicates.is_empty()
    {
        rare.stages = std::mem::take(&mut rare.predicates);
    }
}
