//! The six fields of `cron(minutes hours day-of-month month day-of-week year)`.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday, date};

/// The years that a cron expression can name.
pub const CRON_YEARS: (i16, i16) = (1970, 2199);

/// A cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

/// Which days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(BTreeSet<i16>),
    /// So many days before the last.
    BeforeLast(i16),
    LastWorkday,
    /// The workday nearest to a day, in the same month.
    WorkdayNear(i16),
    /// Days of the week, from 1 for Sunday.
    OfWeek(BTreeSet<i16>),
    /// The last such day of the week.
    LastOfWeek(i16),
    /// The first, second … such day of the week.
    NthOfWeek(i16, i16),
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What values a field has.
#[derive(Debug, Clone, Copy)]
struct Field {
    min: i16,
    max: i16,
    /// Names, of which the first stands for `min`.
    names: &'static [&'static str],
    /// Whether a range may begin behind its end, as `FRI-MON` does.
    wraps: bool,
}

const MINUTE: Field = Field { min: 0, max: 59, names: &[], wraps: true };
const HOUR: Field = Field { min: 0, max: 23, names: &[], wraps: true };
const DAY: Field = Field { min: 1, max: 31, names: &[], wraps: true };
const MONTH: Field = Field { min: 1, max: 12, names: &MONTHS, wraps: true };
const WEEKDAY: Field = Field { min: 1, max: 7, names: &WEEKDAYS, wraps: true };
const YEAR: Field = Field { min: CRON_YEARS.0, max: CRON_YEARS.1, names: &[], wraps: false };

impl Cron {
    /// Reads the text between the parentheses.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day, month, weekday, year] = fields.as_slice() else { return None };
        let days = match (*day, *weekday) {
            ("?", "?") => return None,
            (day, "?") => days_of_month(day)?,
            ("?", weekday) => days_of_week(weekday)?,
            _ => return None,
        };
        Some(Self {
            minutes: MINUTE.set(minutes)?,
            hours: HOUR.set(hours)?,
            days,
            months: MONTH.set(month)?,
            years: YEAR.set(year)?,
        })
    }

    /// The local times at which it fires, from one on, in order.
    pub(crate) fn times_from(&self, start: DateTime) -> impl Iterator<Item = DateTime> {
        self.dates_from(start.date())
            .flat_map(move |date| {
                self.hours
                    .iter()
                    .flat_map(move |hour| self.minutes.iter().filter_map(move |minute| at(date, *hour, *minute)))
            })
            .skip_while(move |time| *time < start)
    }

    fn dates_from(&self, start: Date) -> impl Iterator<Item = Date> {
        self.years
            .range(start.year()..)
            .flat_map(move |year| self.months.iter().map(move |month| (*year, *month)))
            .skip_while(move |month| *month < (start.year(), i16::from(start.month())))
            .flat_map(move |(year, month)| self.days.of(year, month))
            .skip_while(move |date| *date < start)
    }
}

fn at(date: Date, hour: i16, minute: i16) -> Option<DateTime> {
    Some(date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0))
}

impl Days {
    /// The days in a month, in order.
    fn of(&self, year: i16, month: i16) -> Vec<Date> {
        let Ok(month) = i8::try_from(month) else { return Vec::new() };
        let first = date(year, month, 1);
        let last = i16::from(first.days_in_month());
        let day = |day: i16| -> Option<Date> { Date::new(year, month, i8::try_from(day).ok()?).ok() };
        let all = || (1..=last).filter_map(day);
        match self {
            Self::OfMonth(days) => days.iter().filter_map(|number| day(*number)).collect(),
            Self::BeforeLast(before) => day(last.saturating_sub(*before)).into_iter().collect(),
            Self::LastWorkday => all().rfind(|date| is_workday(*date)).into_iter().collect(),
            Self::WorkdayNear(number) => {
                let near = |distance: i16| day(number.saturating_add(distance)).filter(|date| is_workday(*date));
                // A weekend lies at most two days off, and at a month's edge all on one side.
                day(*number).and_then(|_| [0, -1, 1, 2, -2].into_iter().find_map(near)).into_iter().collect()
            }
            Self::OfWeek(days) => all().filter(|date| days.contains(&number_of(date.weekday()))).collect(),
            Self::LastOfWeek(number) => all().rfind(|date| number_of(date.weekday()) == *number).into_iter().collect(),
            Self::NthOfWeek(number, nth) => {
                let before = usize::try_from(nth.saturating_sub(1)).unwrap_or(usize::MAX);
                all().filter(|date| number_of(date.weekday()) == *number).nth(before).into_iter().collect()
            }
        }
    }
}

fn is_workday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn number_of(weekday: Weekday) -> i16 {
    i16::from(weekday.to_sunday_one_offset())
}

fn days_of_month(text: &str) -> Option<Days> {
    match text {
        "L" => return Some(Days::BeforeLast(0)),
        "LW" | "WL" => return Some(Days::LastWorkday),
        _ => {}
    }
    if let Some(before) = text.strip_prefix("L-") {
        return number(before, 0, 30).map(Days::BeforeLast);
    }
    if let Some(day) = text.strip_suffix('W') {
        return number(day, DAY.min, DAY.max).map(Days::WorkdayNear);
    }
    DAY.set(text).map(Days::OfMonth)
}

fn days_of_week(text: &str) -> Option<Days> {
    if text == "L" {
        return Some(Days::OfWeek(BTreeSet::from([WEEKDAY.max])));
    }
    if let Some((day, nth)) = text.split_once('#') {
        return Some(Days::NthOfWeek(WEEKDAY.value(day)?, number(nth, 1, 5)?));
    }
    if let Some(day) = text.strip_suffix('L') {
        return WEEKDAY.value(day).map(Days::LastOfWeek);
    }
    WEEKDAY.set(text).map(Days::OfWeek)
}

impl Field {
    /// The values that a list names.
    fn set(self, list: &str) -> Option<BTreeSet<i16>> {
        let mut values = BTreeSet::new();
        for item in list.split(',') {
            values.extend(self.item(item)?);
        }
        Some(values)
    }

    /// The values that `*`, `a`, `a-b`, and each of them with `/step`, name.
    fn item(self, item: &str) -> Option<Vec<i16>> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step, 1, self.max)?)),
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.min, self.max),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            // A step without an end goes on to the last value.
            None if step.is_some() => (self.value(range)?, self.max),
            None => (self.value(range)?, self.value(range)?),
        };
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        if from <= to {
            return Some((from..=to).step_by(step).collect());
        }
        self.wraps.then(|| (from..=self.max).chain(self.min..=to).step_by(step).collect())
    }

    fn value(self, text: &str) -> Option<i16> {
        let named = self.names.iter().zip(self.min..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        match named {
            Some((_, value)) => Some(value),
            None => number(text, self.min, self.max),
        }
    }
}

fn number(text: &str, min: i16, max: i16) -> Option<i16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| digits && (min..=max).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, after: &str, count: usize) -> Vec<String> {
        let start: DateTime = after.parse().unwrap();
        Cron::read(cron).unwrap().times_from(start).take(count).map(|time| time.to_string()).collect()
    }

    #[test]
    fn workdays_near_a_day_stay_in_the_month() {
        // 2026-08-01 and 2026-11-01 are a Saturday and a Sunday, 2026-05-31 is a Sunday.
        assert_eq!(next("0 0 1W 8 ? 2026", "2026-01-01T00:00", 2), ["2026-08-03T00:00:00"]);
        assert_eq!(next("0 0 1W 11 ? 2026", "2026-01-01T00:00", 2), ["2026-11-02T00:00:00"]);
        assert_eq!(next("0 0 31W 5 ? 2026", "2026-01-01T00:00", 2), ["2026-05-29T00:00:00"]);
        assert_eq!(next("0 0 31W 2 ? *", "2026-01-01T00:00", 1), Vec::<String>::new());
        assert_eq!(next("0 0 LW * ? 2026", "2026-05-01T00:00", 1), ["2026-05-29T00:00:00"]);
        assert_eq!(next("0 0 L-2 * ? 2026", "2026-02-01T00:00", 1), ["2026-02-26T00:00:00"]);
    }

    #[test]
    fn ranges_wrap_and_steps_step() {
        assert_eq!(
            next("0/30 22-0 * * ? *", "2026-01-01T00:10", 3),
            ["2026-01-01T00:30:00", "2026-01-01T22:00:00", "2026-01-01T22:30:00"]
        );
        assert_eq!(
            next("0 0 ? * FRI-MON/2 *", "2026-01-01T00:00", 3),
            ["2026-01-02T00:00:00", "2026-01-04T00:00:00", "2026-01-09T00:00:00"]
        );
        assert_eq!(next("0 0 ? * L 2026", "2026-01-01T00:00", 1), ["2026-01-03T00:00:00"]);
        assert_eq!(next("59 23 31 12 ? *", "2199-12-31T23:59", 9), ["2199-12-31T23:59:00"]);
    }

    #[test]
    fn what_is_refused() {
        for bad in [
            "",
            "* * * * *",
            "* * * * ? * *",
            "* * ? * ? *",
            "* * * * * *",
            "60 * * * ? *",
            "* 24 * * ? *",
            "* * 0 * ? *",
            "* * 32 * ? *",
            "* * * 13 ? *",
            "* * ? * 0 *",
            "* * ? * 8 *",
            "* * * * ? 1969",
            "* * * * ? 2200",
            "* * * * ? 2030-2020",
            "*/0 * * * ? *",
            "*/60 * * * ? *",
            "? * * * ? *",
            "1- * * * ? *",
            "-1 * * * ? *",
            "+1 * * * ? *",
            "1,,2 * * * ? *",
            "* * ? * MON#6 *",
            "* * ? * #1 *",
            "* * 1,L * ? *",
            "* * W * ? *",
            "* * 1-5W * ? *",
            "99999999999 * * * ? *",
        ] {
            assert_eq!(Cron::read(bad), None, "{bad}");
        }
    }
}
