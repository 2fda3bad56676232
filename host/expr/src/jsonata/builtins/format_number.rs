//! `$formatNumber`: decimals by a picture, after the function `format-number` of XPath.

use std::sync::Arc;

use super::Arguments;
use super::dates::charge_picture;
use crate::jsonata::error::Fault;
use crate::jsonata::eval::finite;
use crate::jsonata::item::Item;
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;

type Result<T = Item> = std::result::Result<T, Fault>;

/// The characters of a picture.
#[derive(Debug, Clone)]
struct Symbols {
    decimal: Arc<str>,
    grouping: Arc<str>,
    exponent: Arc<str>,
    minus: Arc<str>,
    percent: Arc<str>,
    per_mille: Arc<str>,
    zero: char,
    digit: Arc<str>,
    pattern: Arc<str>,
}

impl Symbols {
    fn of(options: &Item) -> Self {
        let option = |name: &str, default: &str| -> Arc<str> {
            let given = options.as_object().and_then(|object| object.get(name).as_text());
            given.filter(|text| !text.is_empty()).unwrap_or_else(|| default.into())
        };
        Self {
            decimal: option("decimal-separator", "."),
            grouping: option("grouping-separator", ","),
            exponent: option("exponent-separator", "e"),
            minus: option("minus-sign", "-"),
            percent: option("percent", "%"),
            per_mille: option("per-mille", "‰"),
            zero: option("zero-digit", "0").chars().next().unwrap_or('0'),
            digit: option("digit", "#"),
            pattern: option("pattern-separator", ";"),
        }
    }

    fn is_digit(&self, c: char) -> bool {
        u32::from(c).checked_sub(u32::from(self.zero)).is_some_and(|digit| digit < 10)
    }

    /// Whether the picture's text at this place begins something that is not only copied.
    fn is_active(&self, rest: &str) -> bool {
        let starts = |symbol: &str| rest.starts_with(symbol);
        rest.starts_with(|c| self.is_digit(c))
            || starts(&self.decimal)
            || starts(&self.grouping)
            || starts(&self.exponent)
            || starts(&self.digit)
    }
}

/// One picture, taken apart.
#[derive(Debug, Clone, Default)]
struct Picture {
    prefix: String,
    suffix: String,
    integer_groups: Vec<usize>,
    regular_group: Option<usize>,
    fraction_groups: Vec<usize>,
    integer_least: usize,
    scaling: i32,
    fraction_least: usize,
    fraction_most: usize,
    exponent_least: usize,
    /// 0 for plain numbers, 2 for percent, 3 for per mille.
    shift: i32,
}

pub(super) fn format_number(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(number) = arguments.number(0) else { return Ok(Item::Nothing) };
    let Some(picture) = arguments.text(1) else { return Ok(Item::Nothing) };
    let number = finite(number)?;
    let symbols = Symbols::of(arguments.get(2));
    charge_picture(machine, &picture)?;
    machine.steps(picture.len().saturating_mul(picture.len().min(1_000)) / 64)?;
    let parts: Vec<&str> = picture.split(&*symbols.pattern).collect();
    let (positive, negative) = match parts.as_slice() {
        [positive] => (taken_apart(positive, &symbols)?, None),
        [positive, negative] => (taken_apart(positive, &symbols)?, Some(taken_apart(negative, &symbols)?)),
        _ => return Err(Fault::new("D3080")),
    };
    let picture = match (number < 0.0, negative) {
        (false, _) => positive,
        (true, Some(negative)) => negative,
        (true, None) => Picture { prefix: format!("{}{}", symbols.minus, positive.prefix), ..positive },
    };
    let text = picture.write(number.abs(), &symbols);
    machine.charge_text(text.len())?;
    Ok(Item::text(text))
}

/// Checks a picture and takes it apart.
fn taken_apart(picture: &str, symbols: &Symbols) -> Result<Picture> {
    let refuse = |code: &'static str| Err(Fault::new(code));
    let times = |symbol: &str| picture.matches(symbol).take(2).count();
    let begins = |(at, _): &(usize, char)| symbols.is_active_body(picture.get(*at..).unwrap_or(""));
    let first = picture.char_indices().find(begins).map(|(at, _)| at);
    let last = picture.char_indices().rev().find(begins);
    let last_end = last.map(|(at, c)| at + c.len_utf8());
    let (prefix, body, suffix) = match (first, last_end) {
        (Some(first), Some(end)) => (
            picture.get(..first).unwrap_or(""),
            picture.get(first..end).unwrap_or(""),
            picture.get(end..).unwrap_or(""),
        ),
        _ => (picture, "", ""),
    };
    let (mantissa, exponent) = match body.split_once(&*symbols.exponent) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (integer, fraction) = match mantissa.split_once(&*symbols.decimal) {
        Some((integer, fraction)) => (integer, fraction),
        None => (mantissa, ""),
    };
    if times(&symbols.decimal) > 1 {
        return refuse("D3081");
    }
    if times(&symbols.percent) > 1 && !body.is_empty() {
        return refuse("D3082");
    }
    if times(&symbols.per_mille) > 1 && !body.is_empty() {
        return refuse("D3083");
    }
    if times(&symbols.percent) > 0 && times(&symbols.per_mille) > 0 && !body.is_empty() {
        return refuse("D3084");
    }
    if body.is_empty() {
        return refuse("D3086");
    }
    if !mantissa.chars().any(|c| symbols.is_digit(c)) && !mantissa.contains(&*symbols.digit) {
        return refuse("D3085");
    }
    let mut at = 0;
    while let Some(c) = body.get(at..).and_then(|rest| rest.chars().next()) {
        if !symbols.is_active(body.get(at..).unwrap_or("")) {
            return refuse("D3086");
        }
        at += c.len_utf8();
    }
    check_groups(symbols, integer, fraction, mantissa)?;
    let marked = times(&symbols.percent) > 0 || times(&symbols.per_mille) > 0;
    if let Some(exponent) = exponent {
        if !exponent.is_empty() && marked {
            return refuse("D3092");
        }
        if exponent.is_empty() || !exponent.chars().all(|c| symbols.is_digit(c)) {
            return refuse("D3093");
        }
    }
    let shift = match (picture.contains(&*symbols.percent), picture.contains(&*symbols.per_mille)) {
        (true, _) => 2,
        (false, true) => 3,
        (false, false) => 0,
    };
    Ok(measured(symbols, prefix, suffix, integer, fraction, exponent, shift))
}

impl Symbols {
    /// As [`Self::is_active`], but an exponent's mark alone does not begin the number.
    fn is_active_body(&self, rest: &str) -> bool {
        self.is_active(rest) && (!rest.starts_with(&*self.exponent) || rest.starts_with(|c| self.is_digit(c)))
    }
}

fn check_groups(symbols: &Symbols, integer: &str, fraction: &str, mantissa: &str) -> Result<()> {
    let beside =
        [format!("{}{}", symbols.grouping, symbols.decimal), format!("{}{}", symbols.decimal, symbols.grouping)];
    if beside.iter().any(|pair| mantissa.contains(pair)) {
        return Err(Fault::new("D3087"));
    }
    if !mantissa.contains(&*symbols.decimal) && integer.ends_with(&*symbols.grouping) {
        return Err(Fault::new("D3088"));
    }
    if mantissa.contains(&symbols.grouping.repeat(2)) {
        return Err(Fault::new("D3089"));
    }
    let first_digit = integer.find(|c| symbols.is_digit(c));
    let last_optional = integer.rfind(&*symbols.digit);
    if matches!((first_digit, last_optional), (Some(digit), Some(optional)) if digit < optional) {
        return Err(Fault::new("D3090"));
    }
    let first_optional = fraction.find(&*symbols.digit);
    let last_digit = fraction.rfind(|c| symbols.is_digit(c));
    if matches!((first_optional, last_digit), (Some(optional), Some(digit)) if optional < digit) {
        return Err(Fault::new("D3091"));
    }
    Ok(())
}

fn measured(
    symbols: &Symbols,
    prefix: &str,
    suffix: &str,
    integer: &str,
    fraction: &str,
    exponent: Option<&str>,
    shift: i32,
) -> Picture {
    let digits = |text: &str| text.chars().filter(|c| symbols.is_digit(*c)).count();
    let optional = |text: &str| text.matches(&*symbols.digit).count();
    // How many digits stand on the far side of each separator.
    let groups = |text: &str, after: bool| -> Vec<usize> {
        text.match_indices(&*symbols.grouping)
            .map(|(at, _)| if after { text.get(at..) } else { text.get(..at) })
            .map(|side| digits(side.unwrap_or("")) + optional(side.unwrap_or("")))
            .collect()
    };
    let mut picture = Picture {
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
        integer_groups: groups(integer, true),
        fraction_groups: groups(fraction, false),
        integer_least: digits(integer),
        scaling: i32::try_from(digits(integer)).unwrap_or(i32::MAX),
        fraction_least: digits(fraction),
        fraction_most: digits(fraction) + optional(fraction),
        exponent_least: exponent.map_or(0, digits),
        shift,
        regular_group: None,
    };
    picture.regular_group = regular(&picture.integer_groups);
    let exponential = exponent.is_some();
    if picture.integer_least == 0 && picture.fraction_most == 0 {
        if exponential {
            (picture.fraction_least, picture.fraction_most) = (1, 1);
        } else {
            picture.integer_least = 1;
        }
    }
    if exponential && picture.integer_least == 0 && optional(integer) > 0 {
        picture.integer_least = 1;
    }
    if picture.integer_least == 0 && picture.fraction_least == 0 {
        picture.fraction_least = 1;
    }
    picture
}

/// The distance of separators that come at multiples of it.
fn regular(groups: &[usize]) -> Option<usize> {
    let step = *groups.iter().min()?;
    let even = step > 0 && (1..=groups.len()).all(|times| groups.contains(&(step * times)));
    even.then_some(step)
}

impl Picture {
    fn write(&self, number: f64, symbols: &Symbols) -> String {
        let mut mantissa = scaled(number, self.shift);
        let mut exponent = 0;
        if self.exponent_least > 0 && mantissa != 0.0 {
            // As many digits before the point as the picture has there.
            let digits = format!("{mantissa:e}");
            let magnitude: i32 = digits.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
            exponent = magnitude + 1 - self.scaling;
            mantissa = scaled(mantissa, exponent.saturating_neg());
        }
        let places = self.fraction_most.min(1_000);
        let rounded = numbers::round(mantissa, i32::try_from(places).unwrap_or(0));
        let text = format!("{rounded:.places$}");
        let (integer, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let integer = format!("{}{integer}", "0".repeat(self.integer_least.saturating_sub(integer.len())));
        let fraction = format!("{fraction}{}", "0".repeat(self.fraction_least.saturating_sub(fraction.len())));
        let mut out = self.prefix.clone();
        self.write_integer(&mut out, &integer, symbols);
        if !fraction.is_empty() {
            out.push_str(&symbols.decimal);
            for (at, digit) in fraction.chars().enumerate() {
                if at > 0 && self.fraction_groups.contains(&at) {
                    out.push_str(&symbols.grouping);
                }
                out.push(symbols.shown(digit));
            }
        }
        if self.exponent_least > 0 {
            out.push_str(&symbols.exponent);
            if exponent < 0 {
                out.push_str(&symbols.minus);
            }
            let digits = exponent.unsigned_abs().to_string();
            let padded = format!("{}{digits}", "0".repeat(self.exponent_least.saturating_sub(digits.len())));
            out.extend(padded.chars().map(|digit| symbols.shown(digit)));
        }
        out.push_str(&self.suffix);
        out
    }

    fn write_integer(&self, out: &mut String, digits: &str, symbols: &Symbols) {
        let count = digits.len();
        for (at, digit) in digits.chars().enumerate() {
            let right = count - at;
            let separated = match self.regular_group {
                Some(step) => right.is_multiple_of(step),
                None => self.integer_groups.contains(&right),
            };
            if at > 0 && separated {
                out.push_str(&symbols.grouping);
            }
            out.push(symbols.shown(digit));
        }
    }
}

impl Symbols {
    /// The digit in the picture's script.
    fn shown(&self, digit: char) -> char {
        let value = digit.to_digit(10).unwrap_or(0);
        char::from_u32(u32::from(self.zero) + value).unwrap_or(digit)
    }
}

/// `number` times ten to the power of `by`, exact in decimal.
fn scaled(number: f64, by: i32) -> f64 {
    if by == 0 {
        return number;
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0).saturating_add(by);
    format!("{mantissa}e{exponent}").parse().unwrap_or(number)
}
