//! The grammar of a field's conditions: the array behind a field name.
//!
//! The order of the checks and the words of the refusals are AWS's, so that a mistake is
//! called here what it is called there.

use crate::address::Block;
use crate::condition::{Bound, Condition, Exception, Range};
use crate::error::{PatternError, PatternErrorKind};
use crate::fold::Folded;
use crate::json::{Location, Token, Tokens};
use crate::number::comparable;
use crate::wildcard::Wildcard;

/// Which of the two grammars of patterns is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// With `$or`, and with lists and wildcards in `anything-but`.
    Current,
    /// Without: `$or` is a field like any other. A pattern that the current grammar refuses
    /// is still good when this one takes it.
    Former,
}

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";
const AFFIX_TEXT: &str = "prefix/suffix match pattern must be a string";
const AFFIX_EMPTY: &str = "Null prefix/suffix not allowed";
const FOLDED_TEXT: &str = "equals-ignore-case match pattern must be a string";
const WILDCARD_TEXT: &str = "wildcard match pattern must be a string";
const FOLDED_LIST: &str = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.";

/// Reads conditions off the tokens of a pattern.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub tokens: Tokens<'a>,
    pub grammar: Grammar,
}

impl Reader<'_> {
    pub(crate) fn next(&mut self) -> Result<Token, PatternError> {
        Ok(self.tokens.next()?)
    }

    /// A mistake at the last token.
    pub(crate) fn wrong<T>(&self, reason: impl Into<String>) -> Result<T, PatternError> {
        Err(grammar(reason, self.tokens.location_unread()))
    }

    /// A mistake at the last token, a text that was looked into.
    fn wrong_text<T>(&self, reason: impl Into<String>) -> Result<T, PatternError> {
        Err(grammar(reason, self.tokens.location_behind()))
    }

    /// The elements of a field's array, whose bracket has been read.
    pub(crate) fn conditions(&mut self) -> Result<Vec<Condition>, PatternError> {
        let mut conditions = Vec::new();
        loop {
            conditions.push(match self.next()? {
                Token::ArrayEnd => break,
                Token::ObjectStart => self.expression()?,
                Token::Text(text) => match Block::single(&text) {
                    Some(block) => Condition::Address(block),
                    None => Condition::Text(text),
                },
                Token::Number(spelled) => Condition::Number { double: comparable(&spelled), spelled },
                Token::True => Condition::True,
                Token::False => Condition::False,
                Token::Null => Condition::Null,
                Token::ArrayStart | Token::ObjectEnd | Token::Key(_) | Token::End => {
                    return self.wrong("Match value must be String, number, true, false, or null");
                }
            });
        }
        if conditions.is_empty() {
            return self.wrong("Empty arrays are not allowed");
        }
        Ok(conditions)
    }

    /// A match expression, whose brace has been read.
    fn expression(&mut self) -> Result<Condition, PatternError> {
        let Token::Key(operator) = self.next()? else {
            return self.wrong("Match expression name not found");
        };
        match operator.as_str() {
            "exactly" => {
                let text = self.text("exact match pattern must be a string")?;
                self.only(Condition::Text(text))
            }
            "prefix" => self.affix("prefix", "Prefix", Condition::Prefix, Condition::PrefixFolded),
            "suffix" => self.affix("suffix", "Suffix", Condition::Suffix, Condition::SuffixFolded),
            "numeric" => {
                if self.next()? != Token::ArrayStart {
                    return self.wrong("Value of numeric must be an array.");
                }
                let range = self.numeric()?;
                self.end(TOO_MANY)?;
                Ok(Condition::Numeric(range))
            }
            "anything-but" => Ok(Condition::AnythingBut(self.anything_but()?)),
            "exists" => {
                let condition = match self.next()? {
                    Token::True => Condition::Exists,
                    Token::False => Condition::Absent,
                    _ => return self.wrong("exists match pattern must be either true or false."),
                };
                self.only(condition)
            }
            "cidr" => {
                let text = self.text("prefix match pattern must be a string")?;
                let block =
                    Block::cidr(&text).map_err(|reason| PatternError::nowhere(PatternErrorKind::Value, reason))?;
                self.only(Condition::Cidr(block))
            }
            "equals-ignore-case" => {
                let text = self.text(FOLDED_TEXT)?;
                self.only(Condition::Folded(Folded::new(&text)))
            }
            "wildcard" => {
                let text = self.text(WILDCARD_TEXT)?;
                let wildcard = self.wildcard(&text)?;
                self.only(Condition::Wildcard(wildcard))
            }
            other => Err(grammar(format!("Unrecognized match type {other}"), self.tokens.location_of_value())),
        }
    }

    fn text(&mut self, otherwise: &str) -> Result<String, PatternError> {
        match self.next()? {
            Token::Text(text) => Ok(text),
            _ => self.wrong(otherwise),
        }
    }

    fn end(&mut self, otherwise: &str) -> Result<(), PatternError> {
        match self.next()? {
            Token::ObjectEnd => Ok(()),
            Token::Key(_) => Err(grammar(otherwise, self.tokens.location_of_value())),
            _ => self.wrong(otherwise),
        }
    }

    fn only(&mut self, condition: Condition) -> Result<Condition, PatternError> {
        self.end(ONE_KEY)?;
        Ok(condition)
    }

    fn wildcard(&self, text: &str) -> Result<Wildcard, PatternError> {
        Wildcard::read(text).or_else(|reason| self.wrong_text(reason))
    }

    /// The value of `prefix` or `suffix`: a text, or `{"equals-ignore-case": text}`.
    fn affix(
        &mut self,
        name: &str,
        title: &str,
        plain: fn(String) -> Condition,
        folded: fn(Folded) -> Condition,
    ) -> Result<Condition, PatternError> {
        match self.next()? {
            Token::Text(text) => self.only(plain(text)),
            Token::ObjectStart => {
                let Token::Key(inner) = self.next()? else {
                    return self.wrong(format!("{title} expression name not found"));
                };
                if inner != "equals-ignore-case" {
                    let place = self.tokens.location_of_value();
                    return Err(grammar(format!("Unsupported {name} pattern: {inner}"), place));
                }
                let text = self.text(FOLDED_TEXT)?;
                self.end(ONE_KEY)?;
                self.only(folded(Folded::new(&text)))
            }
            _ => self.wrong(format!("{name} match pattern must be a string")),
        }
    }

    /// The value of `numeric`, whose bracket has been read.
    fn numeric(&mut self) -> Result<Range, PatternError> {
        let operator = match self.next()? {
            Token::Text(operator) => operator,
            other => return self.wrong(format!("Invalid member in numeric match: {}", spelling(&other))),
        };
        let value = self.next()?;
        let named = match operator.as_str() {
            "=" => "equals",
            "<" | "<=" | ">" | ">=" => operator.as_str(),
            _ => return self.wrong_text(format!("Unrecognized numeric range operator: {operator}")),
        };
        let Token::Number(spelled) = value else {
            return self.wrong(format!("Value of {named} must be numeric"));
        };
        let behind = self.next()?;
        let ended = behind == Token::ArrayEnd;
        match operator.as_str() {
            ">" | ">=" if !ended => return self.top(spelled, operator == ">=", &behind),
            _ if !ended => return self.wrong(TOO_MANY),
            _ => {}
        }
        let bound = self.bound(spelled, operator != "<" && operator != ">")?;
        Ok(match operator.as_str() {
            "=" => Range::Equal(bound),
            "<" | "<=" => Range::Below(bound),
            _ => Range::Above(bound),
        })
    }

    /// The rest of a range, after its bottom.
    fn top(&mut self, bottom: String, bottom_closed: bool, operator: &Token) -> Result<Range, PatternError> {
        let Token::Text(operator) = operator else {
            return self.wrong(format!("Bad value in numeric range: {}", spelling(operator)));
        };
        if operator != "<" && operator != "<=" {
            return self.wrong_text(format!("Bad numeric range operator: {operator}"));
        }
        let Token::Number(top) = self.next()? else {
            return self.wrong(format!("Value of {operator} must be numeric"));
        };
        if self.next()? != Token::ArrayEnd {
            return self.wrong("Too many terms in numeric range expression");
        }
        let bottom = self.bound(bottom, bottom_closed)?;
        let top = self.bound(top, operator == "<=")?;
        if bottom.double >= top.double {
            return self.wrong("Bottom must be less than top");
        }
        Ok(Range::Between(bottom, top))
    }

    fn bound(&self, spelled: String, closed: bool) -> Result<Bound, PatternError> {
        match comparable(&spelled) {
            Some(double) => Ok(Bound { spelled, double, closed }),
            None => self.wrong(format!("Cannot compare number : {spelled}")),
        }
    }

    /// The value of `anything-but` and the end of its expression.
    fn anything_but(&mut self) -> Result<Exception, PatternError> {
        let first = self.next()?;
        if first == Token::ObjectStart {
            return self.anything_but_object();
        }
        let exception = match first {
            Token::Text(text) => Exception::Texts(vec![text]),
            Token::Number(spelled) => {
                let double = self.bound(spelled.clone(), true)?.double;
                Exception::Numbers(vec![(spelled, double)])
            }
            Token::ArrayStart => self.anything_but_list()?,
            _ => return self.wrong("Value of anything-but must be an array or single string/number value."),
        };
        self.end(TOO_MANY)?;
        Ok(exception)
    }

    fn anything_but_list(&mut self) -> Result<Exception, PatternError> {
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        loop {
            match self.next()? {
                Token::ArrayEnd => break,
                Token::Text(text) => texts.push(text),
                Token::Number(spelled) => {
                    let double = self.bound(spelled.clone(), true)?.double;
                    numbers.push((spelled, double));
                }
                _ => return self.wrong("Inside anything but list, start|null|boolean is not supported."),
            }
        }
        match (texts.is_empty(), numbers.is_empty()) {
            (false, true) => Ok(Exception::Texts(texts)),
            (true, false) => Ok(Exception::Numbers(numbers)),
            _ => self
                .wrong("Inside anything but list, either all values are number or string, mixed type is not supported"),
        }
    }

    /// `{"prefix": …}` and its like inside `anything-but`.
    fn anything_but_object(&mut self) -> Result<Exception, PatternError> {
        let Token::Key(operator) = self.next()? else {
            return self.wrong("Anything-But expression name not found");
        };
        let wildcards = self.grammar == Grammar::Current;
        let what = match operator.as_str() {
            "equals-ignore-case" => FOLDED_LIST,
            "prefix" | "suffix" => AFFIX_TEXT,
            "wildcard" if wildcards => WILDCARD_TEXT,
            _ => {
                let place = self.tokens.location_of_value();
                return Err(grammar(format!("Unsupported anything-but pattern: {operator}"), place));
            }
        };
        let lists = wildcards || operator == "equals-ignore-case";
        let affix = what == AFFIX_TEXT;
        let mut texts = Vec::new();
        match self.next()? {
            Token::ArrayStart if lists => loop {
                match self.next()? {
                    Token::ArrayEnd => break,
                    Token::Text(text) if affix && text.is_empty() => return self.wrong_text(AFFIX_EMPTY),
                    Token::Text(text) => texts.push(text),
                    _ => return self.wrong(what),
                }
            },
            Token::Text(text) if affix && text.is_empty() => return self.wrong_text(AFFIX_EMPTY),
            Token::Text(text) => texts.push(text),
            Token::Number(_) => return self.wrong(what),
            _ => return self.wrong("Value of anything-but must be an array or single string/number value."),
        }
        let exception = match operator.as_str() {
            "prefix" => Exception::Prefixes(texts),
            "suffix" => Exception::Suffixes(texts),
            "wildcard" => {
                let read: Result<Vec<Wildcard>, PatternError> = texts.iter().map(|text| self.wildcard(text)).collect();
                Exception::Wildcards(read?)
            }
            _ => Exception::Folded(texts.iter().map(|text| Folded::new(text)).collect()),
        };
        self.end(TOO_MANY)?;
        self.end(TOO_MANY)?;
        Ok(exception)
    }
}

fn grammar(reason: impl Into<String>, place: Location) -> PatternError {
    PatternError::at(PatternErrorKind::Grammar, reason, place)
}

/// How a message names a token.
fn spelling(token: &Token) -> String {
    match token {
        Token::ObjectStart => "{".to_owned(),
        Token::ObjectEnd => "}".to_owned(),
        Token::ArrayStart => "[".to_owned(),
        Token::ArrayEnd => "]".to_owned(),
        Token::Key(text) | Token::Text(text) | Token::Number(text) => text.clone(),
        Token::True => "true".to_owned(),
        Token::False => "false".to_owned(),
        Token::Null | Token::End => "null".to_owned(),
    }
}
