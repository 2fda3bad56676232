//! Reading calls.

use crate::cursor::Cursor;
use crate::error::ParseError;
use crate::limits::{INTRINSIC_ARGUMENTS_MAX, INTRINSIC_DEPTH_MAX};
use crate::path::{Path, number};
use crate::value::Value;

use super::format::Pattern;
use super::{Argument, Call, Function};

/// A call that fills the whole text.
pub(super) fn call(text: &str) -> Result<Call, ParseError> {
    let mut cursor = Cursor::new(text);
    cursor.skip_blanks();
    let call = nested(&mut cursor, 1)?;
    cursor.skip_blanks();
    match cursor.peek() {
        None => Ok(call),
        Some(_) => Err(cursor.error(format!("nothing may follow the call, but there is {}", cursor.found()))),
    }
}

fn nested(cursor: &mut Cursor<'_>, depth: usize) -> Result<Call, ParseError> {
    let begin = cursor.clone();
    let start = cursor.offset();
    if depth > INTRINSIC_DEPTH_MAX {
        return Err(begin.error(format!("intrinsic functions nest at most {INTRINSIC_DEPTH_MAX} deep")));
    }
    let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
    let known = Function::ALL.iter().find(|(known, ..)| *known == name);
    let Some(&(name, function, least, most)) = known else {
        return Err(begin.error(format!("`{name}` is no intrinsic function")));
    };
    cursor.skip_blanks();
    if !cursor.eat("(") {
        return Err(cursor.error(format!("`(` has to follow {name}, not {}", cursor.found())));
    }
    let arguments = arguments(cursor, function, depth)?;
    if !(least..=most).contains(&arguments.len()) {
        let wanted = match (least, most) {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        return Err(begin.error(format!("{name} takes {wanted} arguments, not {}", arguments.len())));
    }
    Ok(Call { text: cursor.since(start).into(), function, arguments })
}

/// The arguments and the parenthesis that closes them.
fn arguments(cursor: &mut Cursor<'_>, function: Function, depth: usize) -> Result<Vec<Argument>, ParseError> {
    let mut arguments = Vec::new();
    cursor.skip_blanks();
    if cursor.eat(")") {
        return Ok(arguments);
    }
    loop {
        cursor.skip_blanks();
        if arguments.len() == INTRINSIC_ARGUMENTS_MAX {
            return Err(cursor.error(format!("a call has at most {INTRINSIC_ARGUMENTS_MAX} arguments")));
        }
        let is_pattern = function == Function::Format && arguments.is_empty();
        arguments.push(argument(cursor, is_pattern, depth)?);
        cursor.skip_blanks();
        if cursor.eat(")") {
            return Ok(arguments);
        }
        if !cursor.eat(",") {
            return Err(cursor.error(format!("`,` or `)` has to follow the argument, not {}", cursor.found())));
        }
    }
}

fn argument(cursor: &mut Cursor<'_>, is_pattern: bool, depth: usize) -> Result<Argument, ParseError> {
    match cursor.peek() {
        Some('$') => Path::parse_at(cursor).map(Argument::Path),
        Some('\'') => {
            let mut texts = quoted(cursor, is_pattern)?;
            Ok(if is_pattern {
                Argument::Pattern(Pattern::from_texts(texts))
            } else {
                Argument::Constant(Value::from(texts.pop().unwrap_or_default()))
            })
        }
        Some('-' | '0'..='9') => number(cursor).map(Argument::Constant),
        Some('S') => nested(cursor, depth + 1).map(Argument::Call),
        _ => {
            let begin = cursor.clone();
            match cursor.take_while(|c| c.is_ascii_alphabetic()) {
                "true" => Ok(Argument::Constant(Value::Bool(true))),
                "false" => Ok(Argument::Constant(Value::Bool(false))),
                "null" => Ok(Argument::Constant(Value::Null)),
                _ => Err(begin.error(format!(
                    "a path, a string in single quotes, a number, true, false, null or a call has to stand here, not {}",
                    begin.found()
                ))),
            }
        }
    }
}

/// A string in single quotes; only `\'`, `\{`, `\}` and `\\` are escapes. A template is split at
/// its `{}`, any other string comes in one piece.
fn quoted(cursor: &mut Cursor<'_>, is_pattern: bool) -> Result<Vec<String>, ParseError> {
    let begin = cursor.clone();
    cursor.bump();
    let mut texts = Vec::new();
    let mut text = String::new();
    loop {
        let place = cursor.clone();
        match cursor.bump() {
            Some('\'') => {
                texts.push(text);
                return Ok(texts);
            }
            Some('\\') => match cursor.bump() {
                Some(c @ ('\'' | '{' | '}' | '\\')) => text.push(c),
                _ => return Err(place.error(r"a backslash escapes only `'`, `{`, `}` and itself; write \\ for one")),
            },
            Some('{') if is_pattern && cursor.peek() == Some('}') => {
                cursor.bump();
                texts.push(std::mem::take(&mut text));
            }
            Some(c) => text.push(c),
            None => return Err(begin.error("the quote is not closed")),
        }
    }
}
