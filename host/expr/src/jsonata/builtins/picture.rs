//! Dates and times by a picture, after `format-dateTime` of XPath.

use super::dates::{DAY_MILLIS, civil_from_days, days_from_civil};
use super::integers::{Case, Picture, Style};
use crate::jsonata::error::Fault;
use crate::jsonata::machine::Machine;
use crate::jsonata::numbers;

type Result<T> = std::result::Result<T, Fault>;

pub(super) const ISO_8601: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A part of a picture.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

#[derive(Debug, Clone)]
pub(super) struct Marker {
    pub component: char,
    pub names: Option<Case>,
    pub integer: Option<Picture>,
    /// `t`: no offset is written `Z`.
    traditional: bool,
    pub width_max: Option<usize>,
    /// The last digits of the year that are written.
    year_digits: Option<u32>,
    /// Digits that are read where the next marker follows at once.
    pub read_digits: Option<usize>,
}

pub(super) fn parts(picture: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = picture;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or("");
        if (c == '[' && after.starts_with('[')) || (c == ']' && after.starts_with(']')) {
            literal.push(c);
            rest = after.get(1..).unwrap_or("");
        } else if c == '[' {
            let (marker, after) = after.split_once(']').ok_or_else(|| Fault::new("D3135"))?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            let marker = Marker::parse(marker)?;
            if marker.integer.is_some()
                && let Some(Part::Marker(previous)) = parts.last_mut()
            {
                previous.stop_reading();
            }
            parts.push(Part::Marker(marker));
            rest = after;
        } else {
            literal.push(c);
            rest = after;
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

impl Marker {
    fn parse(marker: &str) -> Result<Self> {
        let marker: String = marker.chars().filter(|c| !c.is_whitespace()).collect();
        let mut chars = marker.chars();
        let unknown = |c: &str| Fault::new("D3132").value_text(c);
        let component = chars.next().ok_or_else(|| unknown(""))?;
        let (presentation, width) = match chars.as_str().rsplit_once(',') {
            Some((presentation, width)) => (presentation, Some(width)),
            None => (chars.as_str(), None),
        };
        let (least, most) = match width.map(|width| width.split_once('-').unwrap_or((width, ""))) {
            Some((least, most)) => (least.parse::<usize>().ok(), most.parse::<usize>().ok()),
            None => (None, None),
        };
        let default = default_of(component).ok_or_else(|| unknown(&component.to_string()))?;
        let (first, second) = match presentation.chars().next_back() {
            None => (default, None),
            Some(last) if presentation.len() > 1 && matches!(last, 'a' | 't' | 'c' | 'o') => {
                (presentation.strip_suffix(last).unwrap_or(presentation), Some(last))
            }
            Some(_) => (presentation, None),
        };
        let names = match (first.chars().next(), first.chars().nth(1)) {
            (Some('n'), _) => Some(Case::Lower),
            (Some('N'), Some('n')) => Some(Case::Title),
            (Some('N'), _) => Some(Case::Upper),
            _ => None,
        };
        let mut found = Self {
            component,
            names,
            integer: None,
            traditional: second == Some('t'),
            width_max: most,
            year_digits: None,
            read_digits: None,
        };
        if names.is_none() && !matches!(component, 'P' | 'C' | 'E') {
            let mut integer = Picture::parse(first)?;
            integer.ordinal = second == Some('o');
            found.fit(&mut integer, least, most);
            found.integer = Some(integer);
        }
        Ok(found)
    }

    /// Applies the widths.
    fn fit(&mut self, integer: &mut Picture, least: Option<usize>, most: Option<usize>) {
        let Style::Decimal(decimal) = &mut integer.style else { return };
        // More digits than a number has are noughts; nobody needs more of them than this.
        const WIDEST: usize = 64;
        if let Some(least) = least {
            decimal.mandatory = decimal.mandatory.max(least.min(WIDEST));
        }
        if self.component == 'Y' {
            let written = decimal.mandatory + decimal.optional;
            match most {
                Some(most) => {
                    decimal.mandatory = most.min(WIDEST);
                    self.year_digits = u32::try_from(most).ok();
                }
                None if written >= 2 => self.year_digits = u32::try_from(written).ok(),
                None => {}
            }
        }
    }

    fn stop_reading(&mut self) {
        if let Some(Picture { style: Style::Decimal(decimal), .. }) = &self.integer {
            self.read_digits = Some(decimal.mandatory);
        }
    }
}

fn default_of(component: char) -> Option<&'static str> {
    Some(match component {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
        'F' | 'P' | 'C' | 'E' => "n",
        'm' | 's' => "01",
        'Z' | 'z' => "01:01",
        _ => return None,
    })
}

pub(super) fn format(machine: &mut Machine<'_>, millis: i64, picture: &str, offset: i64) -> Result<String> {
    let local = millis.saturating_add(offset * 60_000);
    let mut out = String::new();
    for part in parts(picture)? {
        match part {
            Part::Literal(text) => out.push_str(&text),
            Part::Marker(marker) => {
                machine.step()?;
                let text = marker.format(machine, local, offset)?;
                out.push_str(&text);
            }
        }
    }
    machine.charge_text(out.len())?;
    Ok(out)
}

impl Marker {
    fn format(&self, machine: &mut Machine<'_>, local: i64, offset: i64) -> Result<String> {
        match self.component {
            'P' => {
                let text = if fragment(local, 'H') >= 12 { "pm" } else { "am" };
                Ok(if self.names == Some(Case::Upper) { text.to_uppercase() } else { text.to_owned() })
            }
            'C' | 'E' => Ok("ISO".to_owned()),
            'Z' | 'z' => self.format_offset(machine, offset),
            _ => {
                let mut value = fragment(local, self.component);
                if let Some(case) = self.names {
                    return self.format_name(value, case);
                }
                if let Some(power) = self.year_digits.and_then(|digits| 10_i64.checked_pow(digits)) {
                    value %= power;
                }
                match &self.integer {
                    Some(integer) => integer.format(machine, numbers::of_i64(value)),
                    None => Ok(value.to_string()),
                }
            }
        }
    }

    fn format_name(&self, value: i64, case: Case) -> Result<String> {
        let names: &[&str] = match self.component {
            'M' | 'x' => &MONTHS,
            'F' => &DAYS,
            other => return Err(Fault::new("D3133").value_text(other.to_string())),
        };
        let name = usize::try_from(value - 1).ok().and_then(|at| names.get(at)).copied().unwrap_or("");
        let name = match case {
            Case::Upper => name.to_uppercase(),
            Case::Lower => name.to_lowercase(),
            Case::Title => name.to_owned(),
        };
        Ok(name.chars().take(self.width_max.unwrap_or(usize::MAX)).collect())
    }

    fn format_offset(&self, machine: &mut Machine<'_>, offset: i64) -> Result<String> {
        if offset == 0 && self.traditional {
            return Ok("Z".to_owned());
        }
        let (hours, minutes) = (offset / 60, offset % 60);
        let together = numbers::of_i64(hours * 100 + minutes);
        let sign = if offset >= 0 { "+" } else { "" };
        let mut text = String::new();
        if let Some(integer) = &self.integer {
            let Style::Decimal(decimal) = &integer.style else { return Err(Fault::new("D3134")) };
            text = match decimal.mandatory {
                _ if decimal.is_regular() => integer.format(machine, together)?,
                1 | 2 => {
                    let hours = integer.format(machine, numbers::of_i64(hours))?;
                    if minutes == 0 { hours } else { format!("{hours}:{:02}", minutes.abs()) }
                }
                3 | 4 => integer.format(machine, together)?,
                _ => return Err(Fault::new("D3134")),
            };
        }
        let prefix = if self.component == 'z' { "GMT" } else { "" };
        Ok(format!("{prefix}{sign}{text}"))
    }
}

/// A component of the local time.
pub(super) fn fragment(local: i64, component: char) -> i64 {
    let days = local.div_euclid(DAY_MILLIS);
    let millis = local.rem_euclid(DAY_MILLIS);
    let hour = millis / 3_600_000;
    let (year, month, day) = civil_from_days(days);
    // Monday is 1.
    let weekday = (days + 3).rem_euclid(7) + 1;
    // A week belongs to the year and the month of its Thursday.
    let thursday = days - weekday + 4;
    let (week_year, week_month, week_day) = civil_from_days(thursday);
    match component {
        'Y' => year,
        'M' => month,
        'D' => day,
        'd' => days - days_from_civil(year, 1, 1) + 1,
        'F' => weekday,
        'W' => (thursday - days_from_civil(week_year, 1, 1)) / 7 + 1,
        'w' => (week_day - 1) / 7 + 1,
        'X' => week_year,
        'x' => week_month,
        'H' => hour,
        'h' => {
            if hour % 12 == 0 {
                12
            } else {
                hour % 12
            }
        }
        'P' => i64::from(hour >= 12),
        'm' => millis / 60_000 % 60,
        's' => millis / 1_000 % 60,
        'f' => millis % 1_000,
        _ => 0,
    }
}
