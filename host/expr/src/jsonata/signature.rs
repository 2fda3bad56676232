//! Signatures of functions, `<s-nn?:s>`, and arguments fitted to them.

use super::error::Fault;
use super::item::{Item, List};

/// What a function takes.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    parameters: Vec<Parameter>,
    /// It asks for the kind of an array's items.
    looks_inside: bool,
}

#[derive(Debug, Clone)]
struct Parameter {
    /// The letters of the kinds it takes; `m` is a missing value.
    kinds: String,
    array: bool,
    /// The kind of an array's items.
    items: Option<char>,
    /// Where no argument is given, the item at hand is taken.
    context: bool,
    optional: bool,
    many: bool,
}

impl Signature {
    /// Reads a signature; what it says of the result is not used.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut rest = text.strip_prefix('<').unwrap_or(text);
        while let Some(letter) = rest.chars().next() {
            rest = rest.get(letter.len_utf8()..).unwrap_or("");
            let kinds = match letter {
                ':' | '>' => break,
                's' | 'n' | 'b' | 'l' | 'o' => format!("{letter}m"),
                'f' => "f".to_owned(),
                'a' | 'x' => "asnblfom".to_owned(),
                'j' | 'u' => "asnblom".to_owned(),
                '(' => {
                    let (choice, after) = rest.split_once(')').unwrap_or((rest, ""));
                    if choice.contains('<') {
                        return Err(Fault::new("S0402"));
                    }
                    rest = after;
                    format!("{choice}m")
                }
                _ => {
                    rest = modify(parameters.last_mut(), letter, rest)?;
                    continue;
                }
            };
            let array = letter == 'a';
            parameters.push(Parameter { kinds, array, items: None, context: false, optional: false, many: false });
        }
        let looks_inside = parameters.iter().any(|parameter| parameter.items.is_some());
        Ok(Self { parameters, looks_inside })
    }

    /// How many items it looks at.
    pub(super) fn items_looked_at(&self, arguments: &[Item]) -> usize {
        if !self.looks_inside {
            return 0;
        }
        arguments.iter().filter_map(Item::as_array).map(super::item::Array::len).sum()
    }

    /// The arguments as the function wants them: filled from the context, single values made
    /// arrays. `name` is for the message.
    pub(super) fn fit(&self, arguments: Vec<Item>, context: &Item) -> Result<Vec<Item>, Fault> {
        let kinds: Vec<char> = arguments.iter().map(Item::letter).collect();
        let Some(counts) = self.counts(&kinds) else {
            return Err(Fault::new("T0410").value_text((self.good_to(&kinds) + 1).to_string()));
        };
        let mut fitted = Vec::with_capacity(self.parameters.len());
        let mut next = arguments.into_iter();
        let mut taken = 0;
        for (parameter, count) in self.parameters.iter().zip(counts) {
            if count == 0 {
                if parameter.context {
                    if !parameter.kinds.contains(context.letter()) {
                        return Err(Fault::new("T0411").value_text((taken + 1).to_string()));
                    }
                    fitted.push(context.clone());
                } else {
                    fitted.push(next.next().unwrap_or(Item::Nothing));
                    taken += 1;
                }
            }
            for _ in 0..count {
                let argument = next.next().unwrap_or(Item::Nothing);
                taken += 1;
                fitted.push(if parameter.array { parameter.array_of(argument, count)? } else { argument });
            }
        }
        Ok(fitted)
    }

    /// How many arguments each parameter takes: as many as it can while the rest still fits.
    fn counts(&self, kinds: &[char]) -> Option<Vec<usize>> {
        let width = kinds.len() + 1;
        // fits[p][a]: parameters from p on can take the arguments from a on.
        let mut fits = vec![vec![false; width]; self.parameters.len() + 1];
        if let Some(last) = fits.last_mut().and_then(|row| row.last_mut()) {
            *last = true;
        }
        let fit =
            |fits: &[Vec<bool>], p: usize, a: usize| fits.get(p).and_then(|row| row.get(a)).copied() == Some(true);
        for (p, parameter) in self.parameters.iter().enumerate().rev() {
            for a in (0..width).rev() {
                let takes = kinds.get(a).is_some_and(|kind| parameter.kinds.contains(*kind));
                let possible = (parameter.optional && fit(&fits, p + 1, a))
                    || (takes && (fit(&fits, p + 1, a + 1) || (parameter.many && fit(&fits, p, a + 1))));
                if let Some(cell) = fits.get_mut(p).and_then(|row| row.get_mut(a)) {
                    *cell = possible;
                }
            }
        }
        if !fit(&fits, 0, 0) {
            return None;
        }
        let mut at = 0;
        let mut counts = Vec::with_capacity(self.parameters.len());
        for (p, parameter) in self.parameters.iter().enumerate() {
            let mut count = 0;
            let most = if parameter.many { kinds.len() - at } else { 1 };
            for tried in (1..=most.min(kinds.len() - at)).rev() {
                let takes = kinds.iter().skip(at).take(tried).all(|kind| parameter.kinds.contains(*kind));
                if takes && fit(&fits, p + 1, at + tried) {
                    count = tried;
                    break;
                }
            }
            at += count;
            counts.push(count);
        }
        Some(counts)
    }

    /// The number of the first argument that does not fit.
    fn good_to(&self, kinds: &[char]) -> usize {
        let mut good = 0;
        for parameter in &self.parameters {
            let takes = kinds.get(good).is_some_and(|kind| parameter.kinds.contains(*kind));
            if takes {
                good += 1;
            } else if !parameter.optional {
                break;
            }
        }
        good
    }
}

impl Parameter {
    /// The argument as an array whose items are of the right kind.
    fn array_of(&self, argument: Item, count: usize) -> Result<Item, Fault> {
        let letter = argument.letter();
        if letter == 'm' {
            return Ok(Item::Nothing);
        }
        if let Some(wanted) = self.items {
            let right = match argument.as_array() {
                None => count == 1 && letter == wanted,
                Some(items) => items.iter().all(|item| item.letter() == wanted),
            };
            if !right {
                return Err(Fault::new("T0412").value_text(plural(wanted)));
            }
        }
        Ok(if letter == 'a' { argument } else { List::array(vec![argument]).into_item() })
    }
}

fn modify<'a>(last: Option<&mut Parameter>, letter: char, rest: &'a str) -> Result<&'a str, Fault> {
    let mut skipped = rest;
    let inner = if letter == '<' {
        let mut depth = 1_usize;
        let end = rest.char_indices().find(|(_, c)| {
            match c {
                '<' => depth += 1,
                '>' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let end = end.map_or(rest.len(), |(at, _)| at);
        skipped = rest.get(end + 1..).unwrap_or("");
        rest.get(..end).unwrap_or("")
    } else {
        ""
    };
    let Some(parameter) = last else {
        return if letter == '<' { Err(Fault::new("S0401")) } else { Ok(skipped) };
    };
    match letter {
        '-' => (parameter.context, parameter.optional) = (true, true),
        '?' => parameter.optional = true,
        '+' => parameter.many = true,
        '<' if parameter.array => parameter.items = inner.chars().next(),
        '<' if parameter.kinds == "f" => {}
        '<' => return Err(Fault::new("S0401")),
        _ => {}
    }
    Ok(skipped)
}

fn plural(kind: char) -> &'static str {
    match kind {
        'a' => "arrays",
        'b' => "booleans",
        'f' => "functions",
        'n' => "numbers",
        'o' => "objects",
        's' => "strings",
        _ => "values",
    }
}
