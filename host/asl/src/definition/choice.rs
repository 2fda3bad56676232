//! Choice rules.

use super::fields::{Fields, expected};
use super::{Builder, Names};
use crate::limits::CHOICE_NESTING_MAX;
use crate::machine::{ChoiceRule, Condition, Operand, Operator, Order, Pattern, QueryLanguage, StateIx, Test};
use crate::query;
use crate::{Timestamp, diagnostic};
use stepwell_expr::Value;

const RULE_FIELDS: [&str; 7] = ["Next", "Comment", "Assign", "Variable", "And", "Or", "Not"];

/// Fields of JSONata that are reported before, and known so far.
const REPORTED: [&str; 2] = ["Condition", "Output"];

/// What an operator compares a variable with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    Pattern,
    Number,
    Instant,
    Flag,
}

impl Builder {
    pub(super) fn rules(&mut self, at: StateIx, fields: &Fields<'_>, names: &Names<'_>) -> Vec<ChoiceRule> {
        let values = fields.list("Choices", &mut self.problems).unwrap_or_default();
        if values.is_empty() && fields.has("Choices") {
            self.problems.schema(fields.at("Choices"), "Value cannot be empty");
        }
        let mut rules = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Choices"));
            let Some(rule) = Fields::of(value, pointer, &mut self.problems) else { continue };
            rule.require(&["Next"], &mut self.problems);
            let next = self.transition(at, &rule, "Next", names);
            let assign = self.assign(&rule);
            let output = self.query(&rule, "Output");
            if let (Some(test), Some(next)) = (self.rule_condition(&rule), next) {
                rules.push(ChoiceRule { test, output, assign, next });
            }
        }
        rules
    }

    fn rule_condition(&mut self, rule: &Fields<'_>) -> Option<Condition> {
        self.foreign(rule);
        if self.speaks == QueryLanguage::JsonPath {
            return self.test(rule, 0).map(Condition::Test);
        }
        let known: Vec<&str> =
            ["Condition", "Next", "Comment", "Assign", "Output"].into_iter().chain(RULE_FIELDS).collect();
        rule.known(&known, &mut self.problems);
        rule.require(&["Condition"], &mut self.problems);
        match rule.get("Condition")? {
            Value::Bool(_) => {}
            Value::String(text) if query::expression(text).is_some() => {}
            Value::String(_) => {
                let help = Some("Write an expression: {% \u{2026} %}.".to_owned());
                let message = "JSONata string must start with {% and end with %}";
                self.problems.error(diagnostic::SCHEMA, rule.at("Condition"), message, help);
                return None;
            }
            other => {
                expected(&mut self.problems, rule.at("Condition"), "Boolean", other);
                return None;
            }
        }
        self.query(rule, "Condition").map(Condition::Query)
    }

    /// Nested tests nest at most [`CHOICE_NESTING_MAX`] deep, and so does this recursion.
    fn test(&mut self, fields: &Fields<'_>, depth: usize) -> Option<Test> {
        if depth > CHOICE_NESTING_MAX {
            self.problems.error(
                diagnostic::LIMIT,
                fields.pointer.clone(),
                format!("'And', 'Or' and 'Not' nest at most {CHOICE_NESTING_MAX} deep"),
                None,
            );
            return None;
        }
        for name in ["Next", "Assign"].into_iter().filter(|name| depth > 0 && fields.has(name)) {
            let help = Some(format!("Only the outermost rule has '{name}'."));
            self.problems.member(fields, name, format!("Field '{name}' is not supported"), help);
        }
        let selectors = ["And", "Or", "Not", "Variable"];
        let chosen: Vec<&str> = selectors.into_iter().filter(|name| fields.has(name)).collect();
        match chosen.as_slice() {
            ["And"] => {
                self.known_beside(fields, "And");
                self.operands(fields, "And", depth).map(Test::And)
            }
            ["Or"] => {
                self.known_beside(fields, "Or");
                self.operands(fields, "Or", depth).map(Test::Or)
            }
            ["Not"] => {
                self.known_beside(fields, "Not");
                let inner = Fields::of(fields.get("Not")?, fields.at("Not"), &mut self.problems)?;
                self.test(&inner, depth + 1).map(|test| Test::Not(Box::new(test)))
            }
            ["Variable"] => self.compare(fields),
            _ => {
                let known: Vec<&str> = RULE_FIELDS.into_iter().chain(REPORTED).chain(operators()).collect();
                fields.known(&known, &mut self.problems);
                // Of a field of the other language it was told that it cannot be here.
                if !fields.has("Condition") {
                    let message =
                        "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]";
                    self.problems.schema(fields.pointer.clone(), message);
                }
                None
            }
        }
    }

    fn known_beside(&mut self, fields: &Fields<'_>, name: &str) {
        fields.known(&["Next", "Comment", "Assign", "Condition", "Output", name], &mut self.problems);
    }

    fn operands(&mut self, fields: &Fields<'_>, name: &str, depth: usize) -> Option<Vec<Test>> {
        let items = fields.list(name, &mut self.problems)?;
        if items.is_empty() {
            self.problems.schema(fields.at(name), "Value cannot be empty");
        }
        let mut tests = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let inner = Fields::of(item, format!("{}/{index}", fields.at(name)), &mut self.problems);
            tests.push(inner.and_then(|inner| self.test(&inner, depth + 1)));
        }
        tests.into_iter().collect()
    }

    fn compare(&mut self, fields: &Fields<'_>) -> Option<Test> {
        let known: Vec<&str> =
            ["Variable", "Next", "Comment", "Assign"].into_iter().chain(REPORTED).chain(operators()).collect();
        fields.known(&known, &mut self.problems);
        let variable = self.path(fields, "Variable");
        let used: Vec<&str> = operators().filter(|name| fields.has(name)).collect();
        let [name] = used.as_slice() else {
            if used.is_empty() {
                self.no_operator(fields, &known);
            } else {
                let message = format!("There should only be one of the following fields: [{}]", used.join(", "));
                let help = Some("Combine comparisons with 'And' or 'Or'.".to_owned());
                self.problems.error(diagnostic::SCHEMA, fields.pointer.clone(), message, help);
            }
            return None;
        };
        let (_, operator, takes) = OPERATORS.iter().copied().find(|(plain, ..)| *plain == path_stripped(name))?;
        let operand = if name.ends_with("Path") {
            Operand::Path(self.path(fields, name)?)
        } else {
            self.operand(fields, name, takes)?
        };
        Some(Test::Compare { variable: variable?, operator, operand })
    }

    fn no_operator(&mut self, fields: &Fields<'_>, known: &[&str]) {
        // A name that is not known was told already, and is most likely the operator.
        if fields.map.keys().any(|name| !known.contains(&&**name)) {
            return;
        }
        let help = Some("Add one, such as 'StringEquals', 'NumericGreaterThan' or 'IsPresent'.".to_owned());
        let message = "A comparison operator is required beside 'Variable'";
        self.problems.error(diagnostic::SCHEMA, fields.pointer.clone(), message, help);
    }

    fn operand(&mut self, fields: &Fields<'_>, name: &str, takes: Takes) -> Option<Operand> {
        let value = fields.get(name)?;
        let (fits, wanted) = match takes {
            Takes::Text | Takes::Pattern => (value.as_str().is_some(), "String"),
            Takes::Number => (value.as_number().is_some(), "Number"),
            Takes::Flag => (value.as_bool().is_some(), "Boolean"),
            Takes::Instant => (value.as_str().is_some(), "String"),
        };
        if !fits {
            expected(&mut self.problems, fields.at(name), wanted, value);
            return None;
        }
        if takes == Takes::Text {
            self.operand_as_text(fields, name);
        }
        if takes == Takes::Instant && value.as_str().and_then(Timestamp::parse).is_none() {
            self.problems.schema(fields.at(name), "String does not match RFC3339 timestamp");
            return None;
        }
        match (takes, value.as_str()) {
            (Takes::Pattern, Some(text)) => match Pattern::parse(text) {
                Some(pattern) => Some(Operand::Pattern(pattern)),
                None => {
                    self.problems.error(
                        diagnostic::SCHEMA,
                        fields.at(name),
                        "A backslash in a pattern stands before '*' or another backslash",
                        Some("Write '\\\\\\\\' in JSON for one backslash.".to_owned()),
                    );
                    None
                }
            },
            _ => Some(Operand::Fixed(value.clone())),
        }
    }
}

impl Pattern {
    /// `None` when a backslash stands before anything else than `*` or a backslash.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => pieces.push(std::mem::take(&mut piece).into_boxed_str()),
                '\\' => match chars.next() {
                    Some(escaped @ ('*' | '\\')) => piece.push(escaped),
                    Some(_) | None => return None,
                },
                other => piece.push(other),
            }
        }
        pieces.push(piece.into_boxed_str());
        Some(Self { pieces })
    }
}

fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, ..)| *name).chain(PATH_OPERATORS)
}

fn path_stripped(name: &str) -> &str {
    name.strip_suffix("Path").unwrap_or(name)
}

const OPERATORS: [(&str, Operator, Takes); 23] = [
    ("StringEquals", Operator::String(Order::Equals), Takes::Text),
    ("StringLessThan", Operator::String(Order::LessThan), Takes::Text),
    ("StringGreaterThan", Operator::String(Order::GreaterThan), Takes::Text),
    ("StringLessThanEquals", Operator::String(Order::LessThanEquals), Takes::Text),
    ("StringGreaterThanEquals", Operator::String(Order::GreaterThanEquals), Takes::Text),
    ("StringMatches", Operator::StringMatches, Takes::Pattern),
    ("NumericEquals", Operator::Numeric(Order::Equals), Takes::Number),
    ("NumericLessThan", Operator::Numeric(Order::LessThan), Takes::Number),
    ("NumericGreaterThan", Operator::Numeric(Order::GreaterThan), Takes::Number),
    ("NumericLessThanEquals", Operator::Numeric(Order::LessThanEquals), Takes::Number),
    ("NumericGreaterThanEquals", Operator::Numeric(Order::GreaterThanEquals), Takes::Number),
    ("BooleanEquals", Operator::BooleanEquals, Takes::Flag),
    ("TimestampEquals", Operator::Timestamp(Order::Equals), Takes::Instant),
    ("TimestampLessThan", Operator::Timestamp(Order::LessThan), Takes::Instant),
    ("TimestampGreaterThan", Operator::Timestamp(Order::GreaterThan), Takes::Instant),
    ("TimestampLessThanEquals", Operator::Timestamp(Order::LessThanEquals), Takes::Instant),
    ("TimestampGreaterThanEquals", Operator::Timestamp(Order::GreaterThanEquals), Takes::Instant),
    ("IsNull", Operator::IsNull, Takes::Flag),
    ("IsPresent", Operator::IsPresent, Takes::Flag),
    ("IsNumeric", Operator::IsNumeric, Takes::Flag),
    ("IsString", Operator::IsString, Takes::Flag),
    ("IsBoolean", Operator::IsBoolean, Takes::Flag),
    ("IsTimestamp", Operator::IsTimestamp, Takes::Flag),
];

/// Those whose operand can be a path.
const PATH_OPERATORS: [&str; 16] = [
    "StringEqualsPath",
    "StringLessThanPath",
    "StringGreaterThanPath",
    "StringLessThanEqualsPath",
    "StringGreaterThanEqualsPath",
    "NumericEqualsPath",
    "NumericLessThanPath",
    "NumericGreaterThanPath",
    "NumericLessThanEqualsPath",
    "NumericGreaterThanEqualsPath",
    "BooleanEqualsPath",
    "TimestampEqualsPath",
    "TimestampLessThanPath",
    "TimestampGreaterThanPath",
    "TimestampLessThanEqualsPath",
    "TimestampGreaterThanEqualsPath",
];
