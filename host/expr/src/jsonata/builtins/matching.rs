//! `$match`, `$contains`, `$replace` and `$split`, with texts, patterns or functions that match.

use std::sync::Arc;

use super::Arguments;
use crate::jsonata::error::Fault;
use crate::jsonata::item::{FunctionKind, Item, Record};
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;
use crate::jsonata::patterns::{self, Pattern};

type Result<T = Item> = std::result::Result<T, Fault>;

/// One match, wherever it came from. Places are in bytes.
struct Match {
    text: Arc<str>,
    start: usize,
    end: usize,
    groups: Vec<Option<Arc<str>>>,
    /// What a function that matches goes on with.
    next: Item,
}

/// What finds matches.
enum Matcher {
    Pattern(Arc<Pattern>),
    Function(Item),
}

impl Matcher {
    fn of(item: &Item) -> Self {
        match item {
            Item::Function(function) => match &function.kind {
                FunctionKind::Regex(regex) => Self::Pattern(Arc::clone(regex)),
                _ => Self::Function(item.clone()),
            },
            other => Self::Function(other.clone()),
        }
    }

    fn first(&self, machine: &mut Machine<'_>, text: &Arc<str>) -> Result<Option<Match>> {
        match self {
            Self::Pattern(regex) => Ok(patterns::search(machine, regex, text, 0)?.map(plain)),
            Self::Function(function) => {
                let found = machine.apply(function, vec![Item::text(Arc::clone(text))], &Item::Nothing)?;
                checked(machine, text, &found)
            }
        }
    }

    fn next(&self, machine: &mut Machine<'_>, text: &Arc<str>, last: &Match) -> Result<Option<Match>> {
        match self {
            Self::Pattern(regex) => Ok(patterns::search_next(machine, regex, text, last.end)?.map(plain)),
            Self::Function(_) => {
                let found = machine.apply(&last.next, Vec::new(), &Item::Nothing)?;
                checked(machine, text, &found)
            }
        }
    }
}

fn plain(found: patterns::Found) -> Match {
    let patterns::Found { text, start, end, groups } = found;
    Match { text, start, end, groups, next: Item::Nothing }
}

/// The match that a function describes.
fn checked(machine: &mut Machine<'_>, text: &str, found: &Item) -> Result<Option<Match>> {
    if found.is_nothing() {
        return Ok(None);
    }
    let refused = || Fault::new("T1010");
    let object = found.as_object().ok_or_else(refused)?;
    let start = object.get("start").as_f64().ok_or_else(refused)?;
    let end = object.get("end").as_f64().ok_or_else(refused)?;
    let groups = object.get("groups");
    let groups = groups.as_array().ok_or_else(refused)?;
    let next = object.get("next");
    if !next.is_function() {
        return Err(refused());
    }
    machine.steps(text.len() / 64 + groups.len())?;
    let bytes = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let start = bytes(numbers::count(start));
    let end = bytes(numbers::count(end)).max(start);
    let groups = groups.iter().map(|group| group.as_text()).collect();
    let matched = object.get("match").as_text().unwrap_or_else(|| text.get(start..end).unwrap_or("").into());
    Ok(Some(Match { text: matched, start, end, groups, next }))
}

/// How many matches are wanted at most, or the error `code` for a negative number.
fn limit(arguments: &Arguments<'_>, at: usize, code: &'static str) -> Result<usize> {
    match arguments.number(at) {
        None => Ok(usize::MAX),
        Some(limit) if limit < 0.0 => Err(Fault::new(code).value_text(numbers::to_text(limit))),
        // A limit of one and a half stands for two rounds of "fewer than".
        Some(limit) => Ok(numbers::count(limit.ceil())),
    }
}

pub(super) fn find_all(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let limit = limit(arguments, 2, "D3040")?;
    let matcher = Matcher::of(arguments.get(1));
    let mut found = Vec::new();
    let mut chars = 0;
    let mut counted = 0;
    let mut current = if limit == 0 { None } else { matcher.first(machine, &text)? };
    while let Some(one) = current {
        chars += text.get(counted..one.start).map_or(0, |between| between.chars().count());
        counted = one.start.max(counted);
        let groups = one.groups.iter().map(|group| group.clone().map_or(Item::NULL, Item::text)).collect();
        let groups = machine.array(groups)?;
        machine.charge(192)?;
        found.push(
            Record::from_iter([
                (Arc::from("match"), Item::text(Arc::clone(&one.text))),
                (Arc::from("index"), Item::count(chars)),
                (Arc::from("groups"), groups),
            ])
            .into_item(),
        );
        current = if found.len() < limit { matcher.next(machine, &text, &one)? } else { None };
    }
    machine.sequence(found)
}

pub(super) fn contains(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    if let Some(part) = arguments.text(1) {
        machine.steps(text.len() / 64)?;
        return Ok(Item::bool(text.contains(&*part)));
    }
    if arguments.get(1).is_nothing() {
        return Ok(Item::bool(false));
    }
    Ok(Item::bool(Matcher::of(arguments.get(1)).first(machine, &text)?.is_some()))
}

pub(super) fn split(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let limit = match arguments.number(2) {
        Some(limit) if limit < 0.0 => return Err(Fault::new("D3020").value_text(numbers::to_text(limit))),
        Some(limit) => numbers::count(limit),
        None => usize::MAX,
    };
    let mut parts = Vec::new();
    if let Some(separator) = arguments.text(1) {
        machine.charge_text(text.len())?;
        if separator.is_empty() {
            for c in text.chars().take(limit) {
                machine.charge(24)?;
                machine.push(&mut parts, Item::text(c.to_string()))?;
            }
        } else {
            for part in text.split(&*separator).take(limit) {
                machine.charge(24)?;
                machine.push(&mut parts, Item::text(part))?;
            }
        }
        return machine.array(parts);
    }
    let matcher = Matcher::of(arguments.get(1));
    let mut from = 0;
    let mut current = if limit == 0 { None } else { matcher.first(machine, &text)? };
    while let Some(one) = current {
        if parts.len() >= limit {
            break;
        }
        let part = text.get(from..one.start).unwrap_or("");
        machine.charge_text(part.len())?;
        machine.push(&mut parts, Item::text(part))?;
        from = one.end;
        current = matcher.next(machine, &text, &one)?;
    }
    if parts.len() < limit {
        let part = text.get(from..).unwrap_or("");
        machine.charge_text(part.len())?;
        machine.push(&mut parts, Item::text(part))?;
    }
    machine.array(parts)
}

pub(super) fn replace(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let pattern = arguments.get(1);
    if pattern.as_str() == Some("") {
        return Err(Fault::new("D3010"));
    }
    let limit = limit(arguments, 3, "D3011")?;
    let mut out = String::new();
    let mut from = 0;
    if let (Some(pattern), Some(replacement)) = (pattern.as_str(), arguments.text(2)) {
        for (at, _) in text.match_indices(pattern).take(limit) {
            let before = text.get(from..at).unwrap_or("");
            machine.step()?;
            machine.charge_text(before.len() + replacement.len())?;
            out.push_str(before);
            out.push_str(&replacement);
            from = at + pattern.len();
        }
    } else {
        let matcher = match pattern.as_str() {
            Some(pattern) => Matcher::Pattern(Arc::new(patterns::compile(&regex::escape(pattern), "")?)),
            None => Matcher::of(pattern),
        };
        let mut count = 0;
        let mut current = if limit == 0 { None } else { matcher.first(machine, &text)? };
        while let Some(one) = current {
            let before = text.get(from..one.start).unwrap_or("");
            let new = replacement(machine, arguments.get(2), &one)?;
            machine.charge_text(before.len() + new.len())?;
            out.push_str(before);
            out.push_str(&new);
            from = one.end;
            count += 1;
            current = if count < limit { matcher.next(machine, &text, &one)? } else { None };
        }
    }
    let rest = text.get(from..).unwrap_or("");
    machine.charge_text(rest.len())?;
    out.push_str(rest);
    Ok(Item::text(out))
}

/// What takes the place of a match.
fn replacement(machine: &mut Machine<'_>, with: &Item, found: &Match) -> Result<Arc<str>> {
    if let Some(template) = with.as_str() {
        let mut text = String::new();
        substitute(machine, &mut text, template, found)?;
        return Ok(text.into());
    }
    let groups = found.groups.iter().map(|group| group.clone().map_or(Item::NULL, Item::text)).collect();
    let groups = machine.array(groups)?;
    machine.charge(256)?;
    let object = Record::from_iter([
        (Arc::from("match"), Item::text(Arc::clone(&found.text))),
        (Arc::from("start"), Item::count(found.start)),
        (Arc::from("end"), Item::count(found.end)),
        (Arc::from("groups"), groups),
    ]);
    let result = machine.apply(with, vec![object.into_item()], &Item::Nothing)?;
    result.as_text().ok_or_else(|| Fault::new("D3012").value_text(result.kind()))
}

/// Writes `template` with `$0`, `$1` … replaced by what was matched and `$$` by a dollar.
fn substitute(machine: &mut Machine<'_>, out: &mut String, template: &str, found: &Match) -> Result<()> {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        machine.charge_text(before.len() + 1)?;
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            machine.charge_text(found.text.len())?;
            out.push_str(&found.text);
            rest = after;
        } else {
            let Some((group, digits)) = group_number(rest, found.groups.len()) else {
                out.push('$');
                continue;
            };
            if let Some(Some(text)) = group.checked_sub(1).and_then(|at| found.groups.get(at)) {
                machine.charge_text(text.len())?;
                out.push_str(text);
            }
            rest = rest.get(digits..).unwrap_or("");
        }
    }
    machine.charge_text(rest.len())?;
    out.push_str(rest);
    Ok(())
}

/// The group that the digits at the beginning name, and how many digits it takes: no more than
/// there are groups.
fn group_number(text: &str, groups: usize) -> Option<(usize, usize)> {
    let widest = groups.max(1).to_string().len();
    let digits = text.bytes().take(widest).take_while(u8::is_ascii_digit).count();
    let number = |digits: usize| text.get(..digits).and_then(|digits| digits.parse::<usize>().ok());
    let group = number(digits)?;
    if digits > 1 && group > groups {
        number(digits - 1).map(|group| (group, digits - 1))
    } else {
        Some((group, digits))
    }
}
