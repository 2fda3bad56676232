//! Reading paths.

use std::sync::Arc;

use crate::cursor::Cursor;
use crate::error::ParseError;
use crate::limits::{FILTER_DEPTH_MAX, PATH_SEGMENTS_MAX, VARIABLE_NAME_CHARS_MAX};
use crate::value::Value;

use super::filter::{Comparison, Filter, Operand, Relative};
use super::{Root, Segment, Selector};

/// `$`, `$$` or `$name`.
pub(super) fn root(cursor: &mut Cursor<'_>) -> Result<Root, ParseError> {
    if !cursor.eat("$") {
        return Err(cursor.error(format!("a path begins with `$`, `$$` or `$name`, not with {}", cursor.found())));
    }
    if cursor.eat("$") {
        return Ok(Root::Context);
    }
    if !cursor.peek().is_some_and(|c| c.is_alphabetic() || c == '_') {
        return Ok(Root::Input);
    }
    let begin = cursor.clone();
    let name = cursor.take_while(|c| c.is_alphanumeric() || c == '_');
    if name.chars().count() > VARIABLE_NAME_CHARS_MAX {
        return Err(begin.error(format!("a variable's name has at most {VARIABLE_NAME_CHARS_MAX} characters")));
    }
    Ok(Root::Variable(name.into()))
}

/// Everything after the root; stops at the first character that continues no path.
/// `depth` counts the filters around this path.
pub(super) fn segments(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Segment>, ParseError> {
    let mut segments = Vec::new();
    loop {
        let begin = cursor.clone();
        let segment = match cursor.peek() {
            Some('.') => dotted(cursor, depth)?,
            Some('[') => Segment { descends: false, selector: bracket(cursor, depth)? },
            _ => return Ok(segments),
        };
        if segments.len() == PATH_SEGMENTS_MAX {
            return Err(begin.error(format!("a path has at most {PATH_SEGMENTS_MAX} segments")));
        }
        segments.push(segment);
    }
}

fn dotted(cursor: &mut Cursor<'_>, depth: usize) -> Result<Segment, ParseError> {
    cursor.eat(".");
    let descends = cursor.eat(".");
    let selector = match cursor.peek() {
        Some('[') => bracket(cursor, depth)?,
        Some('*') => {
            cursor.bump();
            Selector::Every
        }
        Some(c) if is_name_char(c) => {
            let begin = cursor.clone();
            let name = cursor.take_while(is_name_char);
            if cursor.peek() == Some('(') {
                return Err(begin.error(format!(
                    "the function {name}() is not supported in paths; use an intrinsic function such as States.ArrayLength"
                )));
            }
            Selector::Name(name.into())
        }
        Some(_) => {
            return Err(cursor.error(format!("a name, `*` or `[` has to follow the dot, not {}", cursor.found())));
        }
        None => return Err(cursor.error("a path must not end with a dot")),
    };
    Ok(Segment { descends, selector })
}

/// What a name after a dot may hold. Jayway takes nearly everything; what could also end a path
/// within a filter or a function's arguments has to stand in brackets.
fn is_name_char(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(
            c,
            '.' | '['
                | ']'
                | '('
                | ')'
                | '\''
                | '"'
                | ','
                | '*'
                | '?'
                | '='
                | '!'
                | '<'
                | '>'
                | '&'
                | '|'
                | '{'
                | '}'
                | '\\'
        )
}

fn bracket(cursor: &mut Cursor<'_>, depth: usize) -> Result<Selector, ParseError> {
    cursor.eat("[");
    cursor.skip_blanks();
    let selector = match cursor.peek() {
        Some('*') => {
            cursor.bump();
            Selector::Every
        }
        Some('?') => filter(cursor, depth)?,
        Some('\'' | '"') => names(cursor)?,
        Some('-' | ':' | '0'..='9') => indices(cursor)?,
        Some(_) => {
            return Err(cursor.error(format!(
                "a quoted name, an index, `*` or `?(` has to stand in brackets, not {}",
                cursor.found()
            )));
        }
        None => return Err(cursor.error("the bracket is not closed")),
    };
    cursor.skip_blanks();
    if cursor.eat("]") { Ok(selector) } else { Err(cursor.error(format!("`]` is missing before {}", cursor.found()))) }
}

fn names(cursor: &mut Cursor<'_>) -> Result<Selector, ParseError> {
    let first = quoted(cursor)?;
    let mut more = Vec::new();
    loop {
        cursor.skip_blanks();
        if !cursor.eat(",") {
            break;
        }
        cursor.skip_blanks();
        if !matches!(cursor.peek(), Some('\'' | '"')) {
            return Err(cursor.error("a quoted name has to follow the comma"));
        }
        more.push(quoted(cursor)?);
    }
    if more.is_empty() {
        return Ok(Selector::Name(first));
    }
    more.insert(0, first);
    Ok(Selector::Names(more))
}

/// A string in either kind of quotes. A backslash protects the quote and itself; before any other
/// character it stands for itself, as AWS has it.
fn quoted(cursor: &mut Cursor<'_>) -> Result<Arc<str>, ParseError> {
    let begin = cursor.clone();
    let quote = cursor.bump();
    let mut text = String::new();
    while let Some(c) = cursor.bump() {
        if Some(c) == quote {
            return Ok(text.into());
        }
        if c == '\\' && (cursor.peek() == quote || cursor.peek() == Some('\\')) {
            text.extend(cursor.bump());
        } else {
            text.push(c);
        }
    }
    Err(begin.error("the quote is not closed"))
}

fn indices(cursor: &mut Cursor<'_>) -> Result<Selector, ParseError> {
    let start = integer(cursor)?;
    cursor.skip_blanks();
    if cursor.eat(":") {
        return slice(cursor, start);
    }
    let Some(first) = start else { return Err(cursor.error("an index is missing")) };
    let mut all = vec![first];
    while cursor.eat(",") {
        cursor.skip_blanks();
        let Some(index) = integer(cursor)? else { return Err(cursor.error("an index has to follow the comma")) };
        all.push(index);
        cursor.skip_blanks();
    }
    Ok(if all.len() == 1 { Selector::Index(first) } else { Selector::Indices(all) })
}

/// The rest of a slice after its first colon.
fn slice(cursor: &mut Cursor<'_>, start: Option<i64>) -> Result<Selector, ParseError> {
    cursor.skip_blanks();
    let end = integer(cursor)?;
    cursor.skip_blanks();
    let mut step = None;
    if cursor.eat(":") {
        cursor.skip_blanks();
        step = integer(cursor)?;
    }
    Ok(Selector::Slice { start, end, step: step.unwrap_or(1) })
}

/// An integer, or none if the next character begins none.
fn integer(cursor: &mut Cursor<'_>) -> Result<Option<i64>, ParseError> {
    let begin = cursor.clone();
    let start = cursor.offset();
    let negative = cursor.eat("-");
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() {
        return if negative { Err(cursor.error("digits have to follow the minus sign")) } else { Ok(None) };
    }
    let number = cursor.since(start).parse();
    number.map(Some).map_err(|_| begin.error("the index is too large"))
}

fn filter(cursor: &mut Cursor<'_>, depth: usize) -> Result<Selector, ParseError> {
    cursor.eat("?");
    cursor.skip_blanks();
    if !cursor.eat("(") {
        return Err(cursor.error("a filter stands in parentheses, as in [?(@.price < 10)]"));
    }
    let filter = any(cursor, depth + 1)?;
    cursor.skip_blanks();
    if !cursor.eat(")") {
        return Err(unexpected_in_filter(cursor));
    }
    Ok(Selector::Filter(filter))
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    let mut conditions = vec![all(cursor, depth)?];
    loop {
        cursor.skip_blanks();
        if !cursor.eat("||") {
            return Ok(if conditions.len() == 1 { conditions.remove(0) } else { Filter::Any(conditions) });
        }
        conditions.push(all(cursor, depth)?);
    }
}

fn all(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    let mut conditions = vec![condition(cursor, depth)?];
    loop {
        cursor.skip_blanks();
        if !cursor.eat("&&") {
            return Ok(if conditions.len() == 1 { conditions.remove(0) } else { Filter::All(conditions) });
        }
        conditions.push(condition(cursor, depth)?);
    }
}

fn condition(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    if depth > FILTER_DEPTH_MAX {
        return Err(cursor.error(format!("filters nest at most {FILTER_DEPTH_MAX} deep")));
    }
    cursor.skip_blanks();
    if cursor.eat("!") {
        return Ok(Filter::Not(Box::new(condition(cursor, depth + 1)?)));
    }
    if cursor.eat("(") {
        let inner = any(cursor, depth + 1)?;
        cursor.skip_blanks();
        return if cursor.eat(")") { Ok(inner) } else { Err(unexpected_in_filter(cursor)) };
    }
    let begin = cursor.clone();
    let left = operand(cursor, depth)?;
    cursor.skip_blanks();
    let Some(comparison) = comparison(cursor)? else {
        return match left {
            Operand::Path(path) => Ok(Filter::Exists(path)),
            Operand::Literal(_) => Err(begin.error("a comparison with a path such as @.price has to stand here")),
        };
    };
    cursor.skip_blanks();
    let right = operand(cursor, depth)?;
    Ok(Filter::Compare(left, comparison, right))
}

fn comparison(cursor: &mut Cursor<'_>) -> Result<Option<Comparison>, ParseError> {
    if cursor.rest().starts_with("=~") {
        return Err(cursor.error("regular expressions (`=~`) are not supported in filters"));
    }
    const COMPARISONS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    Ok(COMPARISONS.iter().find(|(sign, _)| cursor.eat(sign)).map(|(_, comparison)| *comparison))
}

fn operand(cursor: &mut Cursor<'_>, depth: usize) -> Result<Operand, ParseError> {
    match cursor.peek() {
        Some('@') => {
            cursor.bump();
            let segments = segments(cursor, depth)?;
            let definite = segments.iter().all(Segment::is_definite);
            Ok(Operand::Path(Relative { segments, definite }))
        }
        Some('$') => Err(cursor.error("a filter cannot look elsewhere in the document (`$`); begin the path with `@`")),
        Some('\'' | '"') => Ok(Operand::Literal(Value::String(quoted(cursor)?))),
        Some('-' | '0'..='9') => number(cursor).map(Operand::Literal),
        _ => {
            let begin = cursor.clone();
            match cursor.take_while(|c| c.is_ascii_alphabetic()) {
                "true" => Ok(Operand::Literal(Value::Bool(true))),
                "false" => Ok(Operand::Literal(Value::Bool(false))),
                "null" => Ok(Operand::Literal(Value::Null)),
                _ => Err(begin.error(format!(
                    "a path that begins with `@`, a number, a quoted string, true, false or null has to stand here, not {}",
                    begin.found()
                ))),
            }
        }
    }
}

/// A JSON number.
pub(crate) fn number(cursor: &mut Cursor<'_>) -> Result<Value, ParseError> {
    let begin = cursor.clone();
    let text = cursor.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    match Value::parse(text) {
        Ok(value @ Value::Number(_)) => Ok(value),
        _ => Err(begin.error(format!("`{text}` is no number"))),
    }
}

fn unexpected_in_filter(cursor: &Cursor<'_>) -> ParseError {
    cursor.error(format!(
        "`)`, `&&`, `||` or one of == != < <= > >= has to stand here, not {}; other operators are not supported",
        cursor.found()
    ))
}
