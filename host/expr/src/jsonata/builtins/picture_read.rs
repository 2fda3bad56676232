//! Dates and times read by a picture.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::dates::{DAY_MILLIS, days_from_civil, thousandths};
use super::integers::Style;
use super::picture::{DAYS, MONTHS, Marker, Part, fragment, parts};
use super::words;
use crate::jsonata::error::Fault;
use crate::jsonata::machine::Machine;
use crate::jsonata::{limits, numbers};

type Result<T> = std::result::Result<T, Fault>;

/// A picture, ready to read with.
pub(in crate::jsonata) struct Reading {
    parts: Vec<Part>,
    regex: Regex,
}

/// So many pictures are kept ready; further ones take the places of the oldest.
const PICTURES_KEPT: usize = 8;

/// The picture, made ready or kept from the last time.
fn reading(machine: &mut Machine<'_>, picture: &Arc<str>) -> Result<Rc<Reading>> {
    if let Some((_, reading)) = machine.pictures.iter().find(|(known, _)| known == picture) {
        let reading = Rc::clone(reading);
        machine.steps(1 + picture.len() / 8)?;
        return Ok(reading);
    }
    machine.charge_text(picture.len().saturating_mul(512))?;
    machine.steps(1_000)?;
    let parts = if picture.len() > limits::JSONATA_PICTURE_BYTES_MAX { Vec::new() } else { parts(picture)? };
    let markers = parts.iter().filter(|part| matches!(part, Part::Marker(_))).count();
    if parts.is_empty() && !picture.is_empty() || markers > limits::JSONATA_GROUPS_MAX {
        let (bytes, groups) = (limits::JSONATA_PICTURE_BYTES_MAX, limits::JSONATA_GROUPS_MAX);
        return Err(Fault::limit(format!(
            "a picture of $toMillis has more than {bytes} bytes (jsonata_picture_bytes_max) or {groups} markers \
             (jsonata_groups_max)"
        )));
    }
    let mut pattern = String::from("^");
    for part in &parts {
        match part {
            Part::Literal(text) => pattern.push_str(&regex::escape(text)),
            Part::Marker(marker) => {
                pattern.push('(');
                pattern.push_str(&expected(marker)?);
                pattern.push(')');
            }
        }
    }
    pattern.push('$');
    let regex = RegexBuilder::new(&pattern)
        .case_insensitive(true)
        .size_limit(limits::JSONATA_REGEX_BYTES_MAX)
        .dfa_size_limit(limits::JSONATA_REGEX_BYTES_MAX)
        .build()
        .map_err(|_| Fault::limit("the picture of $toMillis is too long (jsonata_regex_bytes_max)"))?;
    let reading = Rc::new(Reading { parts, regex });
    if machine.pictures.len() >= PICTURES_KEPT {
        machine.pictures.remove(0);
    }
    machine.pictures.push((Arc::clone(picture), Rc::clone(&reading)));
    Ok(reading)
}

/// Milliseconds since 1970; `None` if the text does not fit the picture.
pub(super) fn read(machine: &mut Machine<'_>, text: &str, picture: &Arc<str>) -> Result<Option<i64>> {
    let reading = reading(machine, picture)?;
    let Reading { parts, regex } = &*reading;
    machine.steps(parts.len())?;
    machine.steps(text.len().saturating_mul(4))?;
    let Some(captures) = regex.captures(text) else { return Ok(None) };
    let mut components = BTreeMap::new();
    let markers = parts.iter().filter_map(|part| if let Part::Marker(marker) = part { Some(marker) } else { None });
    for (marker, found) in markers.zip(captures.iter().skip(1)) {
        let found = found.map_or("", |found| found.as_str());
        if let Some(value) = value_of(marker, found)? {
            components.insert(marker.component, value);
        }
    }
    if components.is_empty() {
        return Ok(None);
    }
    millis_of(components, machine.now_millis).map(Some)
}

/// The regular expression of what a marker reads.
fn expected(marker: &Marker) -> Result<String> {
    if matches!(marker.component, 'Z' | 'z') {
        let prefix = if marker.component == 'z' { "GMT" } else { "" };
        return Ok(format!("{prefix}[-+][0-9]+(?::[0-9]+)?"));
    }
    if marker.component == 'P' {
        return Ok("am|pm".to_owned());
    }
    let Some(integer) = &marker.integer else {
        let names = names_of(marker)?;
        return Ok(names.join("|"));
    };
    Ok(match &integer.style {
        Style::Letters(_) => "[a-z]+".to_owned(),
        Style::Roman(_) => "[mdclxvi]+".to_owned(),
        Style::Words(_) => "[a-z][a-z, -]*".to_owned(),
        Style::Decimal(decimal) => {
            let zero = char::from_u32(decimal.zero).unwrap_or('0');
            let nine = char::from_u32(decimal.zero + 9).unwrap_or('9');
            let separators: String = decimal.separator_characters().map(|c| regex::escape(&c.to_string())).collect();
            let count = marker.read_digits.map_or_else(|| "+".to_owned(), |digits| format!("{{{digits}}}"));
            let suffix = if integer.ordinal { "(?:th|st|nd|rd)" } else { "" };
            format!("[{zero}-{nine}{separators}]{count}{suffix}")
        }
        Style::Unknown(start) => return Err(Fault::new("D3130").value_text(start)),
    })
}

fn names_of(marker: &Marker) -> Result<Vec<String>> {
    let names: &[&str] = match marker.component {
        'M' | 'x' => &MONTHS,
        'F' => &DAYS,
        other => return Err(Fault::new("D3133").value_text(other.to_string())),
    };
    let width = marker.width_max.unwrap_or(usize::MAX);
    Ok(names.iter().map(|name| name.chars().take(width).collect()).collect())
}

/// The value of what was read; nothing for what says nothing.
fn value_of(marker: &Marker, found: &str) -> Result<Option<i64>> {
    match marker.component {
        'Z' | 'z' => return Ok(Some(offset_of(found))),
        'P' => return Ok(Some(i64::from(found.eq_ignore_ascii_case("pm")))),
        'f' if found.bytes().all(|b| b.is_ascii_digit()) => return Ok(Some(thousandths(found))),
        _ => {}
    }
    let Some(integer) = &marker.integer else {
        let names = names_of(marker)?;
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(found));
        return Ok(place.and_then(|at| i64::try_from(at + 1).ok()));
    };
    let number = match &integer.style {
        Style::Roman(_) => words::of_roman(found),
        _ => integer.read(found)?,
    };
    // Far beyond any calendar, and small enough to calculate with.
    const COMPONENT_BOUND: f64 = 1e6;
    if number > COMPONENT_BOUND {
        return Err(Fault::new("D1001").value_text(numbers::to_text(number)));
    }
    Ok(Some(numbers::floor(number)))
}

/// `+05:30`, `-5` or `GMT+0530` in minutes.
fn offset_of(text: &str) -> i64 {
    let text = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let digits = text.trim_start_matches(['+', '-']);
    let number = |text: &str| text.parse::<i64>().unwrap_or(0).min(10_000);
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (number(hours), number(minutes)),
        None => {
            let (hours, minutes) = digits.split_at_checked(2).unwrap_or((digits, ""));
            (number(hours), number(minutes))
        }
    };
    let minutes = hours * 60 + minutes;
    if text.starts_with('-') { -minutes } else { minutes }
}

/// Puts the components together. Larger ones that are missing are today's, smaller ones the
/// first; one in between must not be missing.
fn millis_of(mut components: BTreeMap<char, i64>, now: i64) -> Result<i64> {
    let date: Vec<char> = "YXMxWwdD".chars().filter(|part| components.contains_key(part)).collect();
    let only = |allowed: &str| !date.is_empty() && date.iter().all(|part| allowed.contains(*part));
    let by_day_of_year = !only("YMD") && only("Yd");
    if only("XxwF") || only("XW") {
        return Err(Fault::new("D3136"));
    }
    let time: Vec<char> = "PHhmsf".chars().filter(|part| components.contains_key(part)).collect();
    let half_days = !time.iter().all(|part| "Hmsf".contains(*part)) && time.iter().all(|part| "Phmsf".contains(*part));
    let order = if by_day_of_year { "Yd" } else { "YMD" }.chars();
    let order = order.chain(if half_days { "Phmsf" } else { "Hmsf" }.chars());
    let (mut started, mut ended) = (false, false);
    for part in order {
        match components.entry(part) {
            Entry::Occupied(_) if ended => return Err(Fault::new("D3136")),
            Entry::Occupied(_) => started = true,
            Entry::Vacant(missing) if started => {
                missing.insert(i64::from(matches!(part, 'M' | 'D' | 'd')));
                ended = true;
            }
            Entry::Vacant(missing) => {
                missing.insert(fragment(now, part));
            }
        }
    }
    let part = |name: char| components.get(&name).copied().unwrap_or(0);
    let year = if (0..=99).contains(&part('Y')) { part('Y') + 1900 } else { part('Y') };
    let days = if by_day_of_year {
        days_from_civil(year, 1, 1) + part('d') - 1
    } else {
        let months = (part('M') - 1).max(0);
        days_from_civil(year + months / 12, months % 12 + 1, 1) + part('D') - 1
    };
    let hour = if half_days { part('h') % 12 + 12 * part('P') } else { part('H') };
    let millis = ((hour * 60 + part('m')) * 60 + part('s')) * 1_000 + part('f');
    let offset = components.get(&'Z').or_else(|| components.get(&'z')).copied().unwrap_or(0);
    Ok(days * DAY_MILLIS + millis - offset * 60_000)
}
