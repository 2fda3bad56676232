//! `$formatInteger` and `$parseInteger`: integers by a picture.

use super::dates::charge_picture;
use super::{Arguments, words};
use crate::jsonata::error::Fault;
use crate::jsonata::eval::finite;
use crate::jsonata::item::Item;
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;

type Result<T = Item> = std::result::Result<T, Fault>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

/// How an integer is written.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub style: Style,
    pub ordinal: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Style {
    Decimal(Decimal),
    Letters(Case),
    Roman(Case),
    Words(Case),
    /// A sequence that starts with this text; none is known.
    Unknown(String),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Decimal {
    /// The digit zero of its script.
    pub zero: u32,
    /// Digits that are always written.
    pub mandatory: usize,
    /// `#`s.
    pub optional: usize,
    /// Separators: how many digits from the right, and the character.
    separators: Vec<(usize, char)>,
    /// All separators are the same and come at this distance.
    regular: Option<usize>,
}

/// The digit zero of each script that has decimal digits.
const ZEROS: [u32; 37] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

fn zero_of(c: char) -> Option<u32> {
    ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&u32::from(c)))
}

impl Picture {
    pub(super) fn parse(picture: &str) -> Result<Self> {
        let (primary, modifier) = match picture.rsplit_once(';') {
            Some((primary, modifier)) => (primary, modifier.chars().next()),
            None => (picture, None),
        };
        let style = match primary {
            "A" => Style::Letters(Case::Upper),
            "a" => Style::Letters(Case::Lower),
            "I" => Style::Roman(Case::Upper),
            "i" => Style::Roman(Case::Lower),
            "W" => Style::Words(Case::Upper),
            "Ww" => Style::Words(Case::Title),
            "w" => Style::Words(Case::Lower),
            _ => decimal(primary)?,
        };
        Ok(Self { style, ordinal: modifier == Some('o') })
    }

    /// Writes the integer below `number`.
    pub(super) fn format(&self, machine: &mut Machine<'_>, number: f64) -> Result<String> {
        let whole = finite(number)?.floor();
        let number = whole.abs();
        machine.steps(8)?;
        let text = match &self.style {
            Style::Letters(Case::Upper) => words::to_letters(number, 'A'),
            Style::Letters(_) => words::to_letters(number, 'a'),
            Style::Roman(case) => {
                machine.charge_text(numbers::count((number / 1000.0).min(1000.0)))?;
                cased(words::to_roman(number), *case)
            }
            Style::Words(case) => cased(words::to_words(number, self.ordinal), *case),
            Style::Decimal(decimal) => decimal.format(number, self.ordinal),
            Style::Unknown(start) => return Err(Fault::new("D3130").value_text(start)),
        };
        Ok(if whole < 0.0 { format!("-{text}") } else { text })
    }

    /// Reads what this picture writes.
    pub(super) fn read(&self, text: &str) -> Result<f64> {
        Ok(match &self.style {
            Style::Letters(_) => words::of_letters(text),
            Style::Roman(_) => words::of_roman(text),
            Style::Words(_) => words::of_words(&text.to_lowercase()),
            Style::Decimal(decimal) => decimal.read(text),
            Style::Unknown(start) => return Err(Fault::new("D3130").value_text(start)),
        })
    }
}

fn decimal(picture: &str) -> Result<Style> {
    let mut zero = None;
    let mut shape = Decimal::default();
    let mut separators = Vec::new();
    let mut place = 0;
    for c in picture.chars().rev() {
        if let Some(found) = zero_of(c) {
            if zero.is_some_and(|zero| zero != found) {
                return Err(Fault::new("D3131"));
            }
            zero = Some(found);
            shape.mandatory += 1;
            place += 1;
        } else if c == '#' {
            shape.optional += 1;
            place += 1;
        } else {
            separators.push((place, c));
        }
    }
    let Some(zero) = zero else { return Ok(Style::Unknown(picture.chars().take(40).collect())) };
    shape.zero = zero;
    shape.regular = regular(&separators);
    shape.separators = separators;
    Ok(Style::Decimal(shape))
}

/// The distance of separators that are all the same and come at multiples of it.
fn regular(separators: &[(usize, char)]) -> Option<usize> {
    let (step, first) = *separators.first()?;
    let even = separators.iter().enumerate().all(|(at, (place, c))| *c == first && *place == step * (at + 1));
    if even && step > 0 { Some(step) } else { None }
}

impl Decimal {
    /// All separators are the same and come at even distances.
    pub(super) fn is_regular(&self) -> bool {
        self.regular.is_some()
    }

    pub(super) fn separator_characters(&self) -> impl Iterator<Item = char> {
        self.separators.iter().map(|(_, c)| *c)
    }

    fn format(&self, number: f64, ordinal: bool) -> String {
        let digits = format!("{number:.0}");
        let missing = self.mandatory.saturating_sub(digits.len());
        let digits = "0".repeat(missing) + &digits;
        let mut out: Vec<char> = Vec::new();
        for (place, digit) in digits.bytes().rev().enumerate() {
            if let Some(separator) = self.separator(place) {
                out.push(separator);
            }
            out.push(char::from_u32(self.zero + u32::from(digit - b'0')).unwrap_or('0'));
        }
        let mut text: String = out.into_iter().rev().collect();
        if ordinal {
            text.push_str(suffix(&digits));
        }
        text
    }

    /// What stands to the right of the digit at `place`, counted from the right.
    fn separator(&self, place: usize) -> Option<char> {
        match (self.regular, self.separators.first()) {
            (Some(step), Some((_, c))) => (place > 0 && place.is_multiple_of(step)).then_some(*c),
            _ => self.separators.iter().find(|(at, _)| *at == place && place > 0).map(|(_, c)| *c),
        }
    }

    fn read(&self, text: &str) -> f64 {
        text.chars()
            .filter_map(|c| u32::from(c).checked_sub(self.zero).filter(|digit| *digit < 10))
            .fold(0.0, |number, digit| number * 10.0 + f64::from(digit))
    }
}

/// `st`, `nd`, `rd` or `th`.
fn suffix(digits: &str) -> &'static str {
    let teen = digits.len() > 1 && digits.as_bytes().get(digits.len() - 2) == Some(&b'1');
    match (teen, digits.as_bytes().last()) {
        (false, Some(b'1')) => "st",
        (false, Some(b'2')) => "nd",
        (false, Some(b'3')) => "rd",
        _ => "th",
    }
}

pub(super) fn cased(text: String, case: Case) -> String {
    match case {
        Case::Lower => text,
        Case::Upper => text.to_uppercase(),
        Case::Title => {
            let mut out = String::with_capacity(text.len());
            for word in text.split_inclusive([' ', '-']) {
                if matches!(word.trim(), "and") {
                    out.push_str(word);
                } else {
                    let mut chars = word.chars();
                    out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
                    out.push_str(chars.as_str());
                }
            }
            out
        }
    }
}

pub(super) fn format_integer(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(number) = arguments.number(0) else { return Ok(Item::Nothing) };
    let Some(picture) = arguments.text(1) else { return Ok(Item::Nothing) };
    charge_picture(machine, &picture)?;
    let picture = Picture::parse(&picture)?;
    if let Style::Decimal(shape) = &picture.style {
        machine.charge_text(shape.mandatory.saturating_mul(8))?;
        machine.steps(shape.separators.len().saturating_mul(shape.mandatory + 310) / 8)?;
    }
    let text = picture.format(machine, number)?;
    machine.charge_text(text.len())?;
    Ok(Item::text(text))
}

pub(super) fn parse_integer(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let Some(picture) = arguments.text(1) else { return Ok(Item::Nothing) };
    charge_picture(machine, &picture)?;
    machine.charge_text(text.len().saturating_mul(4))?;
    let picture = Picture::parse(&picture)?;
    picture.read(&text).map(Item::number)
}
