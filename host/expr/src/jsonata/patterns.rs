//! Regular expressions. They are matched in linear time; what needs backtracking is refused.

use std::rc::Rc;
use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};
use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

use super::error::Fault;
use super::item::{FunctionKind, Item, List, Record};
use super::limits;
use super::machine::Machine;

/// A regular expression, and an automaton for the same language that tells how far a search
/// looks. A search that finds little may look at all of the rest; many of them would take the
/// square of the text's length.
#[derive(Debug)]
pub(super) struct Pattern {
    pub regex: Regex,
    scanner: DFA,
    states: usize,
}

/// Compiles a pattern as it stands between slashes.
pub(super) fn compile(pattern: &str, flags: &str) -> Result<Pattern, Fault> {
    let regex = RegexBuilder::new(&translated(pattern))
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .size_limit(limits::JSONATA_REGEX_BYTES_MAX)
        .dfa_size_limit(limits::JSONATA_REGEX_BYTES_MAX)
        .nest_limit(64)
        .build()
        .map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            Fault::new("S0303").value_text(format!("/{pattern}/: {reason}"))
        })?;
    if regex.captures_len() > limits::JSONATA_GROUPS_MAX + 1 {
        let limit = limits::JSONATA_GROUPS_MAX;
        let message = format!("the regular expression has more than {limit} groups (jsonata_groups_max)");
        return Err(Fault::limit(message));
    }
    let (scanner, states) =
        scanner(pattern, flags).ok_or_else(|| Fault::new("S0303").value_text(format!("/{pattern}/")))?;
    Ok(Pattern { regex, scanner, states })
}

fn scanner(pattern: &str, flags: &str) -> Option<(DFA, usize)> {
    let syntax =
        syntax::Config::new().case_insensitive(flags.contains('i')).multi_line(flags.contains('m')).nest_limit(64);
    // The limit on the other one is that on what is compiled; this one is as large.
    let config = thompson::Config::new().nfa_size_limit(Some(4 * limits::JSONATA_REGEX_BYTES_MAX));
    let nfa = thompson::Compiler::new().syntax(syntax).configure(config).build(&translated(pattern)).ok()?;
    let states = nfa.states().len();
    let config = DFA::config().cache_capacity(limits::JSONATA_REGEX_BYTES_MAX).skip_cache_capacity_check(true);
    let scanner = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
    Some((scanner, states))
}

/// What scanners keep in mind, by pattern; so many patterns at most.
const SCANNERS_KEPT: usize = 64;

#[derive(Default)]
pub(super) struct Scanners(Vec<(Arc<Pattern>, Cache)>);

impl Scanners {
    fn of(&mut self, pattern: &Arc<Pattern>) -> Option<&mut Cache> {
        let place = match self.0.iter().position(|(known, _)| Arc::ptr_eq(known, pattern)) {
            Some(place) => place,
            None => {
                if self.0.len() >= SCANNERS_KEPT {
                    self.0.remove(0);
                }
                self.0.push((Arc::clone(pattern), pattern.scanner.create_cache()));
                self.0.len() - 1
            }
        };
        self.0.get_mut(place).map(|(_, cache)| cache)
    }
}

/// Pays for what a search from `from` on looks at, block by block as it is known.
fn charge_search(machine: &mut Machine<'_>, pattern: &Arc<Pattern>, text: &str, from: usize) -> Result<(), Fault> {
    // A step for each hundred states that are followed at the same time, at worst.
    const BLOCK_BYTES: usize = 64;
    let block_steps = (BLOCK_BYTES * pattern.states).div_ceil(100);
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    let mut scanners = std::mem::take(&mut machine.scanners);
    let scanner = &pattern.scanner;
    let mut looked = 0;
    if let Some(cache) = scanners.of(pattern) {
        let start = scanner.start_state_forward(cache, &Input::new(text).range(from.min(text.len())..));
        let mut state = start.ok();
        for (at, byte) in bytes.iter().enumerate() {
            if at > 0 && at % BLOCK_BYTES == 0 {
                machine.steps(block_steps)?;
            }
            let Some(current) = state else {
                // It cannot tell: all of the rest is looked at, as far as anybody knows.
                looked = bytes.len();
                machine.steps((bytes.len() - at) / BLOCK_BYTES * block_steps)?;
                break;
            };
            looked = at + 1;
            state = scanner.next_state(cache, current, *byte).ok().filter(|state| !state.is_quit());
            if state.is_some_and(|state| state.is_dead()) {
                break;
            }
        }
    }
    machine.scanners = scanners;
    machine.steps(looked % BLOCK_BYTES * pattern.states / 100)
}

/// The pattern in the syntax of the matcher: classes of ASCII as ECMAScript has them, and
/// characters escaped that only ECMAScript takes as they are.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut class = false;
    let mut chars = pattern.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let Some((_, escaped)) = chars.next() else {
                    out.push('\\');
                    break;
                };
                translate_escape(&mut out, escaped, class);
            }
            '[' if class => out.push_str("\\["),
            '[' => {
                class = true;
                out.push('[');
                // A closing bracket in the first place closes in ECMAScript.
                if chars.next_if(|(_, next)| *next == '^').is_some() {
                    out.push('^');
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            '{' if !class && !is_repetition(pattern.get(at..).unwrap_or("")) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

fn translate_escape(out: &mut String, escaped: char, class: bool) {
    match (escaped, class) {
        ('d', false) => out.push_str("[0-9]"),
        ('d', true) => out.push_str("0-9"),
        ('D', _) => out.push_str("[^0-9]"),
        ('w', false) => out.push_str("[0-9A-Za-z_]"),
        ('w', true) => out.push_str("0-9A-Za-z_"),
        ('W', _) => out.push_str("[^0-9A-Za-z_]"),
        ('b', false) => out.push_str("(?-u:\\b)"),
        ('b', true) => out.push_str("\\x08"),
        ('B', false) => out.push_str("(?-u:\\B)"),
        ('s' | 'S' | 'n' | 'r' | 't' | 'f' | 'v' | 'u' | 'x' | 'p' | 'P' | '0'..='9' | 'k', _) => {
            out.push('\\');
            out.push(escaped);
        }
        // These have a meaning of their own to the matcher, or none.
        ('<' | '>', _) => out.push(escaped),
        (other, _) if other.is_ascii_alphabetic() || !other.is_ascii() => out.push(other),
        (other, _) => {
            out.push('\\');
            out.push(other);
        }
    }
}

/// Whether `{2}`, `{2,}` or `{2,3}` stands at the beginning.
fn is_repetition(text: &str) -> bool {
    let Some((body, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return false };
    let (least, most) = body.split_once(',').unwrap_or((body, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|b| b.is_ascii_digit())
}

/// A match as plain data.
pub(super) struct Found {
    pub text: Arc<str>,
    /// In bytes.
    pub start: usize,
    pub end: usize,
    pub groups: Vec<Option<Arc<str>>>,
}

impl Found {
    fn new(captures: &Captures<'_>) -> Self {
        let whole = captures.get(0);
        let groups = captures.iter().skip(1).map(|group| group.map(|group| group.as_str().into())).collect();
        Self {
            text: whole.map_or("", |whole| whole.as_str()).into(),
            start: whole.map_or(0, |whole| whole.start()),
            end: whole.map_or(0, |whole| whole.end()),
            groups,
        }
    }
}

/// The first match from the byte `from` on.
pub(super) fn search(
    machine: &mut Machine<'_>,
    pattern: &Arc<Pattern>,
    text: &str,
    from: usize,
) -> Result<Option<Found>, Fault> {
    machine.steps(1 + pattern.regex.captures_len() / 4)?;
    machine.charge(64)?;
    charge_search(machine, pattern, text, from)?;
    let Some(captures) = pattern.regex.captures_at(text, from) else { return Ok(None) };
    let found = Found::new(&captures);
    let copied: usize = found.groups.iter().flatten().map(|group| group.len() + 24).sum();
    machine.charge_text(found.text.len() + copied)?;
    machine.steps((found.end.saturating_sub(from)) / 64)?;
    Ok(Some(found))
}

/// The next match after one that ended at `from`; a match of nothing would come for ever.
pub(super) fn search_next(
    machine: &mut Machine<'_>,
    pattern: &Arc<Pattern>,
    text: &str,
    from: usize,
) -> Result<Option<Found>, Fault> {
    if from >= text.len() {
        return Ok(None);
    }
    match search(machine, pattern, text, from)? {
        Some(found) if found.text.is_empty() => Err(Fault::new("D1004").value_text(pattern.regex.as_str())),
        found => Ok(found),
    }
}

/// The object a pattern gives when it is called like a function.
pub(super) fn find(
    machine: &mut Machine<'_>,
    pattern: &Arc<Pattern>,
    text: &Arc<str>,
    from: Option<usize>,
) -> Result<Item, Fault> {
    let found = match from {
        None => search(machine, pattern, text, 0)?,
        Some(from) => search_next(machine, pattern, text, from)?,
    };
    let Some(found) = found else { return Ok(Item::Nothing) };
    machine.charge(256)?;
    let place = |bytes: usize| text.get(..bytes).map_or(0, |before| before.chars().count());
    machine.steps(found.end / 64)?;
    let groups = found.groups.iter().map(|group| group.clone().map_or(Item::NULL, Item::text)).collect();
    let next = FunctionKind::RegexNext(Arc::clone(pattern), Arc::clone(text), found.end);
    Ok(Item::Record(Rc::new(Record::from_iter([
        (Arc::from("match"), Item::text(Arc::clone(&found.text))),
        (Arc::from("start"), Item::count(place(found.start))),
        (Arc::from("end"), Item::count(place(found.end))),
        (Arc::from("groups"), List::array(groups).into_item()),
        (Arc::from("next"), Item::function(next, 1)),
    ]))))
}
