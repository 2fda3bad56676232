//! Integers in words, in letters and in Roman numerals.

use crate::jsonata::numbers;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const SMALL_ORDINAL: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const MAGNITUDES: [(&str, f64); 4] = [("thousand", 1e3), ("million", 1e6), ("billion", 1e9), ("trillion", 1e12)];
const ROMAN: [(&str, u32); 13] = [
    ("m", 1000),
    ("cm", 900),
    ("d", 500),
    ("cd", 400),
    ("c", 100),
    ("xc", 90),
    ("l", 50),
    ("xl", 40),
    ("x", 10),
    ("ix", 9),
    ("v", 5),
    ("iv", 4),
    ("i", 1),
];

/// `number`, a whole number not below zero, in words.
pub(super) fn to_words(number: f64, ordinal: bool) -> String {
    let mut text = String::new();
    words(&mut text, number, false, ordinal);
    text
}

/// `after` says that a larger part was written before.
fn words(text: &mut String, number: f64, after: bool, ordinal: bool) {
    let small = numbers::count(number);
    if number < 20.0 {
        text.push_str(if after { " and " } else { "" });
        let names = if ordinal { &SMALL_ORDINAL } else { &SMALL };
        text.push_str(names.get(small).unwrap_or(&""));
    } else if number < 100.0 {
        text.push_str(if after { " and " } else { "" });
        let tens = TENS.get((small / 10).saturating_sub(2)).unwrap_or(&"");
        if !small.is_multiple_of(10) {
            text.push_str(tens);
            text.push('-');
            words(text, numbers::of_count(small % 10), false, ordinal);
        } else if ordinal {
            text.push_str(tens.trim_end_matches('y'));
            text.push_str("ieth");
        } else {
            text.push_str(tens);
        }
    } else if number < 1000.0 {
        text.push_str(if after { ", " } else { "" });
        text.push_str(SMALL.get(small / 100).unwrap_or(&""));
        text.push_str(" hundred");
        rest(text, numbers::of_count(small % 100), ordinal);
    } else {
        text.push_str(if after { ", " } else { "" });
        let (name, size) = MAGNITUDES.iter().rev().find(|(_, size)| number >= *size).unwrap_or(&MAGNITUDES[0]);
        let times = (number / size).floor();
        words(text, times, false, false);
        text.push(' ');
        text.push_str(name);
        rest(text, number - times * size, ordinal);
    }
}

fn rest(text: &mut String, rest: f64, ordinal: bool) {
    if rest >= 1.0 {
        words(text, rest, true, ordinal);
    } else if ordinal {
        text.push_str("th");
    }
}

/// The number that words name, cardinal or ordinal; what is not a word of a number counts zero.
pub(super) fn of_words(text: &str) -> f64 {
    let mut segments: Vec<f64> = vec![0.0];
    for word in text.split(|c: char| c == ',' || c == '-' || c.is_whitespace()) {
        let Some(value) = word_value(word) else { continue };
        let top = segments.pop().unwrap_or(0.0);
        if value < 100.0 {
            if top >= 1000.0 {
                segments.push(top);
                segments.push(value);
            } else {
                segments.push(top + value);
            }
        } else {
            segments.push(top * value);
        }
    }
    segments.iter().sum()
}

fn word_value(word: &str) -> Option<f64> {
    let ordinal_tens = || {
        let tens = word.strip_suffix("ieth")?;
        TENS.iter().position(|name| name.strip_suffix('y') == Some(tens))
    };
    if let Some(small) = SMALL.iter().position(|name| *name == word) {
        return Some(numbers::of_count(small));
    }
    if let Some(small) = SMALL_ORDINAL.iter().position(|name| *name == word) {
        return Some(numbers::of_count(small));
    }
    if let Some(tens) = TENS.iter().position(|name| *name == word).or_else(ordinal_tens) {
        return Some(numbers::of_count(tens * 10 + 20));
    }
    let plain = word.strip_suffix("th").unwrap_or(word);
    if plain == "hundred" {
        return Some(100.0);
    }
    MAGNITUDES.iter().find(|(name, _)| *name == plain).map(|(_, size)| *size)
}

/// A number below a million in lower-case Roman numerals; a thousand times `m` at most.
pub(super) fn to_roman(number: f64) -> String {
    let mut rest = u32::try_from(numbers::floor(number).clamp(0, 1_000_000)).unwrap_or(0);
    let mut text = String::new();
    for (letters, value) in ROMAN {
        while rest >= value {
            text.push_str(letters);
            rest -= value;
        }
    }
    text
}

/// The number of upper-case Roman numerals.
pub(super) fn of_roman(text: &str) -> f64 {
    let mut total = 0.0;
    let mut largest = 0.0;
    for c in text.chars().rev() {
        let letter = c.to_ascii_lowercase();
        let value = ROMAN.iter().find(|(letters, _)| letters.chars().eq([letter])).map_or(0, |(_, value)| *value);
        let value = f64::from(value);
        if value < largest {
            total -= value;
        } else {
            largest = value;
            total += value;
        }
    }
    total
}

/// The column of a spreadsheet: a, b … z, aa, ab ….
pub(super) fn to_letters(number: f64, first: char) -> String {
    let mut rest = u64::try_from(numbers::floor(number)).unwrap_or(0);
    let mut letters = Vec::new();
    while rest > 0 {
        let letter = u32::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from_u32(u32::from(first) + letter).unwrap_or(first));
        rest = (rest - 1) / 26;
    }
    letters.into_iter().rev().collect()
}

pub(super) fn of_letters(text: &str) -> f64 {
    text.bytes().fold(0.0, |number, letter| {
        let place = letter.to_ascii_lowercase().saturating_sub(b'a');
        number * 26.0 + f64::from(place) + 1.0
    })
}
