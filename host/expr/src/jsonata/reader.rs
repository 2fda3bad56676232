//! Tokens into a tree: an operator precedence reader. What stands before an operand is in
//! `prefix`, what stands after one in [`super::infix`].

use std::sync::Arc;

use super::ancestry::Slot;
use super::ast::{Kind, Node, Operator, Steps, Symbols, Term, Transform};
use super::error::Fault;
use super::lexer::{Lexer, Token, TokenKind};
use super::{Dialect, limits, patterns};
use crate::Value;

/// Reads one expression.
pub(super) struct Reader<'a> {
    lexer: Lexer<'a>,
    pub(super) token: Token,
    pub(super) symbols: &'a mut Symbols,
    pub(super) slots: Vec<Slot>,
    /// What is wrong with the meaning; it is told when the grammar has nothing to say.
    pub(super) late: Option<Fault>,
    nesting: u16,
    patterns: usize,
}

/// Reads `source`, and gives the tree.
pub(super) fn read(source: &str, dialect: Dialect, symbols: &mut Symbols) -> Result<Node, Fault> {
    let mut lexer = Lexer::new(source, dialect == Dialect::Suite);
    let token = lexer.next(false)?;
    let mut reader = Reader { lexer, token, symbols, slots: Vec::new(), late: None, nesting: 0, patterns: 0 };
    let node = reader.expression(0)?;
    if reader.token.kind != TokenKind::End {
        return Err(Fault::new("S0201").token(reader.token.kind.text()).at(reader.token.offset));
    }
    if let Some(fault) = reader.late {
        return Err(fault);
    }
    let seeks = node.rare.as_ref().is_some_and(|rare| rare.seeking.is_some());
    if seeks || matches!(node.kind, Kind::Parent { .. }) {
        return Err(Fault::new("S0217").token("parent").at(node.offset as usize));
    }
    Ok(node)
}

impl Reader<'_> {
    pub(super) fn expression(&mut self, power: u8) -> Result<Node, Fault> {
        self.nesting += 1;
        if self.nesting > limits::JSONATA_NESTING_MAX {
            let limit = limits::JSONATA_NESTING_MAX;
            let message = format!("the expression nests deeper than {limit} levels (jsonata_nesting_max)");
            return Err(Fault::limit(message).at(self.token.offset));
        }
        // A slash after an operand divides; after what opens one it begins a pattern.
        let opens = matches!(self.token.kind, TokenKind::Operator("(" | "[" | "{" | "-" | "|"));
        let token = self.advance(!opens)?;
        let mut left = self.prefix(token)?;
        while power < self.power() {
            let token = self.advance(false)?;
            left = self.infix(token, left)?;
            if left.depth > limits::JSONATA_TREE_DEPTH_MAX {
                let limit = limits::JSONATA_TREE_DEPTH_MAX;
                let message =
                    format!("the expression has more than {limit} levels of operators (jsonata_tree_depth_max)");
                return Err(Fault::limit(message).at(self.token.offset));
            }
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// Goes to the next token and gives the one that was current.
    pub(super) fn advance(&mut self, infix: bool) -> Result<Token, Fault> {
        let next = self.lexer.next(infix)?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    pub(super) fn at(&self, operator: &str) -> bool {
        matches!(self.token.kind, TokenKind::Operator(found) if found == operator)
    }

    /// Takes `operator`, or says that it is missing.
    pub(super) fn expect(&mut self, operator: &'static str, infix: bool) -> Result<(), Fault> {
        if self.at(operator) {
            self.advance(infix)?;
            return Ok(());
        }
        let code = if self.token.kind == TokenKind::End { "S0203" } else { "S0202" };
        Err(Fault::new(code).value_text(operator).token(self.token.kind.text()).at(self.token.offset))
    }

    /// Takes `operator` if it is there.
    pub(super) fn take(&mut self, operator: &'static str) -> Result<bool, Fault> {
        let there = self.at(operator);
        if there {
            self.advance(false)?;
        }
        Ok(there)
    }

    /// How tightly the current token binds what stands before it.
    fn power(&self) -> u8 {
        let TokenKind::Operator(operator) = self.token.kind else { return 0 };
        match operator {
            "[" | "(" | "@" | "#" => 80,
            "." => 75,
            "{" => 70,
            "*" | "/" | "%" => 60,
            "+" | "-" | "&" => 50,
            "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" | "?:" | "??" | "in" => 40,
            "and" => 30,
            "or" => 25,
            "?" => 20,
            ":=" => 10,
            _ => 0,
        }
    }

    fn prefix(&mut self, token: Token) -> Result<Node, Fault> {
        let offset = token.offset;
        match token.kind {
            TokenKind::End => Err(Fault::new("S0207").at(offset)),
            TokenKind::Name(name) => Ok(name_path(&name, offset)),
            TokenKind::Variable(name) if name.is_empty() => Ok(Node::new(Kind::Context, offset)),
            TokenKind::Variable(name) => {
                let symbol = self.symbols.intern(&name);
                Ok(Node::new(Kind::Variable(symbol), offset))
            }
            TokenKind::Text(text) => Ok(Node::new(Kind::Literal(Value::String(text)), offset)),
            TokenKind::Number(number) => Ok(Node::new(Kind::Literal(super::numbers::to_value(number)), offset)),
            TokenKind::True => Ok(Node::new(Kind::Literal(Value::Bool(true)), offset)),
            TokenKind::False => Ok(Node::new(Kind::Literal(Value::Bool(false)), offset)),
            TokenKind::Null => Ok(Node::new(Kind::Literal(Value::Null), offset)),
            TokenKind::Regex(pattern, flags) => {
                self.patterns += 1;
                if self.patterns > limits::JSONATA_PATTERNS_MAX {
                    let limit = limits::JSONATA_PATTERNS_MAX;
                    let message =
                        format!("the expression has more than {limit} regular expressions (jsonata_patterns_max)");
                    return Err(Fault::limit(message).at(offset));
                }
                let regex = patterns::compile(&pattern, &flags).map_err(|fault| fault.at(offset))?;
                Ok(Node::new(Kind::Regex(Arc::new(regex)), offset))
            }
            TokenKind::Operator(operator) => self.prefix_operator(operator, offset),
        }
    }

    fn prefix_operator(&mut self, operator: &'static str, offset: usize) -> Result<Node, Fault> {
        match operator {
            "and" | "or" | "in" => Ok(name_path(operator, offset)),
            "*" => Ok(Node::new(Kind::Wildcard, offset)),
            "**" => Ok(Node::new(Kind::Descendants, offset)),
            "%" => {
                let slot = self.slots.len();
                if slot >= limits::JSONATA_PARENTS_MAX {
                    let limit = limits::JSONATA_PARENTS_MAX;
                    let message = format!("the expression uses % more than {limit} times (jsonata_parents_max)");
                    return Err(Fault::limit(message).at(offset));
                }
                let label = self.symbols.fresh("%".into());
                self.slots.push(Slot { level: 1, label });
                Ok(Node::new(Kind::Parent { label, slot }, offset))
            }
            "-" => self.negation(offset),
            "(" => self.block(offset),
            "[" => self.array(offset),
            "{" => {
                let pairs = self.pairs()?;
                let mut node = Node::new(Kind::Object(Vec::new()), offset);
                for (key, value) in &pairs {
                    inherit(&mut node, key);
                    inherit(&mut node, value);
                    node.depth = node.depth.max(key.depth.max(value.depth).saturating_add(1));
                }
                node.kind = Kind::Object(pairs);
                Ok(node)
            }
            "|" => self.transform(offset),
            ")" | "]" | "}" | "," | ";" | ":" | ".." => Err(Fault::new("S0201").token(operator).at(offset)),
            _ => Err(Fault::new("S0211").token(operator).at(offset)),
        }
    }

    fn negation(&mut self, offset: usize) -> Result<Node, Fault> {
        let operand = self.expression(70)?;
        if let Kind::Literal(Value::Number(number)) = operand.kind
            && operand.rare.is_none()
        {
            let mut node = operand;
            node.kind = Kind::Literal(super::numbers::to_value(-number.as_f64()));
            return Ok(node);
        }
        let seeking = operand_seeking(&operand);
        let mut node = Node::new(Kind::Negate(Box::new(operand)), offset);
        adopt(&mut node, seeking);
        Ok(node)
    }

    fn block(&mut self, offset: usize) -> Result<Node, Fault> {
        let mut expressions = Vec::new();
        while !self.at(")") {
            expressions.push(self.expression(0)?);
            if !self.take(";")? {
                break;
            }
        }
        self.expect(")", true)?;
        let seeking: Vec<_> = expressions.iter().map(operand_seeking).collect();
        let cons = expressions.iter().any(|node| {
            node.cons_array
                || matches!(&node.kind, Kind::Path(path) if path.steps.first().is_some_and(|step| step.cons_array))
        });
        let mut node = Node::new(Kind::Block(expressions), offset);
        node.cons_array = cons;
        seeking.into_iter().for_each(|slots| adopt(&mut node, slots));
        Ok(node)
    }

    fn array(&mut self, offset: usize) -> Result<Node, Fault> {
        let mut items = Vec::new();
        if !self.at("]") {
            loop {
                let mut item = self.expression(0)?;
                if self.at("..") {
                    let range = self.token.offset;
                    self.advance(false)?;
                    let last = self.expression(0)?;
                    item = binary(Operator::Range, item, last, range);
                }
                items.push(item);
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect("]", true)?;
        let seeking: Vec<_> = items.iter().map(operand_seeking).collect();
        let mut node = Node::new(Kind::Array(items), offset);
        seeking.into_iter().for_each(|slots| adopt(&mut node, slots));
        Ok(node)
    }

    /// The members of an object constructor, and the brace that closes it.
    pub(super) fn pairs(&mut self) -> Result<Vec<(Node, Node)>, Fault> {
        let mut pairs = Vec::new();
        if !self.at("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((key, self.expression(0)?));
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    fn transform(&mut self, offset: usize) -> Result<Node, Fault> {
        let pattern = self.expression(0)?;
        self.expect("|", false)?;
        let update = self.expression(0)?;
        let delete = if self.take(",")? { Some(self.expression(0)?) } else { None };
        self.expect("|", true)?;
        Ok(Node::new(Kind::Transform(Arc::new(Transform { pattern, update, delete })), offset))
    }

    /// The terms of `^( … )`, from the parenthesis on.
    pub(super) fn sort_terms(&mut self) -> Result<Vec<Term>, Fault> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.at(">");
            if descending || self.at("<") {
                self.advance(false)?;
            }
            terms.push(Term { descending, expression: self.expression(0)? });
            if !self.take(",")? {
                break;
            }
        }
        self.expect(")", true)?;
        Ok(terms)
    }
}

fn name_path(name: &str, offset: usize) -> Node {
    let steps = vec![Node::new(Kind::Name(name.into()), offset)];
    Node::new(Kind::Path(Steps { steps, keep_singleton: false, bare_name: true }), offset)
}

pub(super) fn binary(operator: Operator, left: Node, right: Node, offset: usize) -> Node {
    let seeking = [operand_seeking(&left), operand_seeking(&right)];
    let mut node = Node::new(Kind::Binary(operator, Box::new(left), Box::new(right)), offset);
    seeking.into_iter().for_each(|slots| adopt(&mut node, slots));
    node
}

/// The open `%`s of an operand, `None` where it never had one.
pub(super) fn operand_seeking(node: &Node) -> Option<Vec<usize>> {
    let mut slots = node.rare.as_ref().and_then(|rare| rare.seeking.clone());
    if let Kind::Parent { slot, .. } = node.kind {
        slots.get_or_insert_default().push(slot);
    }
    slots
}

pub(super) fn adopt(node: &mut Node, seeking: Option<Vec<usize>>) {
    if let Some(slots) = seeking {
        node.rare().seeking.get_or_insert_default().extend(slots);
    }
}

/// `node` looks for the parents that `operand` looks for.
pub(super) fn inherit(node: &mut Node, operand: &Node) {
    adopt(node, operand_seeking(operand));
}
