//! Instants: milliseconds since 1970 as text and back. The time is the one the evaluation was
//! given.

use super::{Arguments, picture, picture_read};
use crate::jsonata::error::Fault;
use crate::jsonata::item::Item;
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;

type Result<T = Item> = std::result::Result<T, Fault>;

pub(super) const DAY_MILLIS: i64 = 86_400_000;
/// As far from 1970 as ECMAScript goes, in milliseconds.
const TIME_RANGE_MILLIS: f64 = 8.64e15;

pub(super) fn millis(machine: &mut Machine<'_>, _arguments: &Arguments<'_>) -> Result {
    Ok(Item::number(numbers::of_i64(machine.now_millis)))
}

pub(super) fn now(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let millis = machine.now_millis;
    format(machine, millis, arguments.get(0), arguments.get(1))
}

pub(super) fn from_millis(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(millis) = arguments.number(0) else { return Ok(Item::Nothing) };
    if millis.is_nan() || millis.abs() > TIME_RANGE_MILLIS {
        return Err(Fault::new("D1001").value_text(millis.to_string()));
    }
    format(machine, numbers::floor(millis), arguments.get(1), arguments.get(2))
}

fn format(machine: &mut Machine<'_>, millis: i64, picture: &Item, timezone: &Item) -> Result {
    let offset = timezone.as_str().map_or(0, offset_minutes);
    if picture.is_nothing()
        && offset == 0
        && let Some(text) = instant(millis)
    {
        machine.charge(48)?;
        return Ok(Item::text(text));
    }
    let picture = picture.as_text().unwrap_or_else(|| picture::ISO_8601.into());
    charge_picture(machine, &picture)?;
    picture::format(machine, millis, &picture, offset).map(Item::text)
}

/// The instant as ISO 8601 has it, for years of four digits.
fn instant(millis: i64) -> Option<String> {
    let (year, month, day) = civil_from_days(millis.div_euclid(DAY_MILLIS));
    if !(0..=9_999).contains(&year) {
        return None;
    }
    let rest = millis.rem_euclid(DAY_MILLIS);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"))
}

/// Pays for reading a picture. What is read from a short one is gone before it counts.
pub(super) fn charge_picture(machine: &mut Machine<'_>, picture: &str) -> Result<()> {
    const SHORT_BYTES: usize = 256;
    if picture.len() > SHORT_BYTES {
        machine.charge_text(picture.len().saturating_mul(64))?;
    }
    machine.steps(8 + picture.len() / 2)
}

/// `-0530` in minutes.
fn offset_minutes(timezone: &str) -> i64 {
    let digits: String = timezone.chars().filter(char::is_ascii_digit).take(4).collect();
    let number: i64 = digits.parse().unwrap_or(0);
    let minutes = number / 100 * 60 + number % 100;
    if timezone.starts_with('-') { -minutes } else { minutes }
}

pub(super) fn to_millis(machine: &mut Machine<'_>, arguments: &Arguments<'_>) -> Result {
    let Some(text) = arguments.text(0) else { return Ok(Item::Nothing) };
    let Some(picture) = arguments.text(1) else {
        let millis = iso_8601(&text).ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            Fault::new("D3110").value_text(format!("\"{shown}\""))
        })?;
        return Ok(Item::number(numbers::of_i64(millis)));
    };
    machine.charge_text(text.len())?;
    let millis = picture_read::read(machine, &text, &picture)?;
    Ok(millis.map_or(Item::Nothing, |millis| Item::number(numbers::of_i64(millis))))
}

/// `2018`, `2018-02`, `2018-02-01`, with a time and an offset.
fn iso_8601(text: &str) -> Option<i64> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let month = if rest.starts_with('-') { after(&mut rest, '-')? } else { 1 };
    let day = if rest.starts_with('-') { after(&mut rest, '-')? } else { 1 };
    let mut millis = 0;
    let timed = rest.starts_with('T');
    if timed {
        let hour = after(&mut rest, 'T')?;
        let minute = after(&mut rest, ':')?;
        let second = after(&mut rest, ':')?;
        if hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute + second > 0) {
            return None;
        }
        millis = ((hour * 60 + minute) * 60 + second) * 1000;
        if let Some(fraction) = rest.strip_prefix('.') {
            let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = fraction.split_at_checked(count).filter(|(fraction, _)| !fraction.is_empty())?;
            millis += thousandths(fraction);
            rest = after;
        }
    }
    if rest == "Z" {
        rest = "";
    } else if timed && rest.starts_with(['+', '-']) {
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        rest = rest.get(1..)?;
        let hours = digits(&mut rest, 2)?;
        rest = rest.strip_prefix(':').unwrap_or(rest);
        let minutes = digits(&mut rest, 2)?;
        millis -= sign * (hours * 60 + minutes) * 60_000;
    }
    if !rest.is_empty() || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day) * DAY_MILLIS + millis)
}

fn after(rest: &mut &str, mark: char) -> Option<i64> {
    *rest = rest.strip_prefix(mark)?;
    digits(rest, 2)
}

fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The first three digits of a fraction.
pub(super) fn thousandths(fraction: &str) -> i64 {
    let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
    digits.parse().unwrap_or(0)
}

/// Days since 1970 of a day of the Gregorian calendar.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last of the year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day from days since 1970.
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    let next = if month == 12 { days_from_civil(year + 1, 1, 1) } else { days_from_civil(year, month + 1, 1) };
    next - days_from_civil(year, month, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_same_both_ways() {
        for days in (-1_000_000..1_000_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(days_in_month(2024, 2), 29);
        assert_eq!(days_in_month(1900, 2), 28);
    }
}
