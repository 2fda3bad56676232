//! Schedule expressions: `rate(…)`, `cron(…)` and `at(…)`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::cron::Cron;

/// A schedule expression may be this many characters.
pub const SCHEDULE_CHARACTERS_MAX: usize = 256;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Whose schedule it is: the two services read expressions a little differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleOwner {
    /// A rule on a bus (`events.PutRule`): always in UTC, no `at`, and the unit of a rate
    /// is singular for 1 and plural for all else.
    Rule,
    /// A schedule (`scheduler.CreateSchedule`): in any time zone.
    Scheduler,
}

/// An expression that is none. Displayed, it is AWS's message for `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Of a rule.
    #[error("Parameter ScheduleExpression is not valid.")]
    Rule,
    /// Of a schedule.
    #[error("Invalid Schedule Expression {expression}.")]
    Scheduler {
        /// What was given.
        expression: String,
    },
}

/// A checked schedule expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rate { micros: i64 },
    Cron(Cron),
    At(DateTime),
}

/// A time zone, by the rules that are compiled in: no machine's own files are read, so the
/// same schedule fires at the same instants everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// A zone by its IANA name, such as `Europe/London`. `None` when there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        Some(Self { zone })
    }
}

impl Schedule {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// With AWS's words.
    pub fn parse(expression: &str, owner: ScheduleOwner) -> Result<Self, ScheduleError> {
        let short = expression.chars().count() <= SCHEDULE_CHARACTERS_MAX;
        match Kind::read(expression, owner).filter(|_| short) {
            Some(kind) => Ok(Self { kind }),
            None => Err(match owner {
                ScheduleOwner::Rule => ScheduleError::Rule,
                ScheduleOwner::Scheduler => ScheduleError::Scheduler { expression: expression.to_owned() },
            }),
        }
    }

    /// The first instant after `after` at which it fires; `None` when it never does again.
    /// Instants are microseconds since 1970. A rate counts from `anchor`, the instant the
    /// schedule began to run. A local time that the zone skips does not fire (the one of
    /// `at` fires that much later), one that comes twice fires the first time only.
    #[must_use]
    pub fn next_after(&self, after: i64, anchor: i64, zone: &Zone) -> Option<i64> {
        match &self.kind {
            Kind::Rate { micros } => {
                let passed = after.checked_sub(anchor)?.div_euclid(*micros).max(0);
                anchor.checked_add(passed.checked_add(1)?.checked_mul(*micros)?)
            }
            Kind::Cron(cron) => {
                let local = zone.zone.to_datetime(Timestamp::from_microsecond(after).ok()?);
                let start = local.date().at(local.hour(), local.minute(), 0, 0);
                cron.times_from(start).filter_map(|time| instant(time, zone)).find(|instant| *instant > after)
            }
            Kind::At(time) => {
                let instant = zone.zone.to_ambiguous_timestamp(*time).compatible().ok()?.as_microsecond();
                (instant > after).then_some(instant)
            }
        }
    }
}

/// The instant of a local time, the first one if it comes twice.
fn instant(time: DateTime, zone: &Zone) -> Option<i64> {
    let offset = match zone.zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, .. } => before,
        AmbiguousOffset::Gap { .. } => return None,
    };
    Some(offset.to_timestamp(time).ok()?.as_microsecond())
}

impl Kind {
    fn read(expression: &str, owner: ScheduleOwner) -> Option<Self> {
        let (name, inside) = expression.strip_suffix(')')?.split_once('(')?;
        match name {
            "rate" => Some(Self::Rate { micros: rate(inside, owner)? }),
            "cron" => Cron::read(inside).map(Self::Cron),
            "at" if owner == ScheduleOwner::Scheduler => at(inside).map(Self::At),
            _ => None,
        }
    }
}

fn rate(text: &str, owner: ScheduleOwner) -> Option<i64> {
    let (count, unit) = text.split_once(' ')?;
    let digits = count.bytes().all(|byte| byte.is_ascii_digit());
    let count: i64 = count.parse().ok().filter(|count| digits && *count > 0)?;
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    if owner == ScheduleOwner::Rule && (count == 1) != (singular == unit) {
        return None;
    }
    let minutes = match singular {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return None,
    };
    count.checked_mul(minutes)?.checked_mul(MICROS_PER_MINUTE)
}

/// `yyyy-mm-ddThh:mm:ss`, nothing more and nothing less.
fn at(text: &str) -> Option<DateTime> {
    let shape = text.len() == 19
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    if shape { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn next(expression: &str, zone: &str, after: &str) -> Option<String> {
        let schedule = Schedule::parse(expression, ScheduleOwner::Scheduler).unwrap();
        let next = schedule.next_after(micros(after), micros("2026-01-01T00:00:07Z"), &Zone::named(zone).unwrap())?;
        Some(Timestamp::from_microsecond(next).unwrap().to_string())
    }

    #[test]
    fn rates_count_from_their_anchor() {
        assert_eq!(next("rate(5 minutes)", "UTC", "2026-01-01T00:10:06Z").unwrap(), "2026-01-01T00:10:07Z");
        assert_eq!(next("rate(5 minutes)", "UTC", "2026-01-01T00:10:07Z").unwrap(), "2026-01-01T00:15:07Z");
        assert_eq!(next("rate(1 day)", "UTC", "2025-01-01T00:00:00Z").unwrap(), "2026-01-02T00:00:07Z");
    }

    #[test]
    fn skipped_times_do_not_fire_and_repeated_ones_fire_once() {
        let zone = "America/New_York";
        assert_eq!(next("cron(30 2 * * ? *)", zone, "2026-03-08T00:00:00Z").unwrap(), "2026-03-09T06:30:00Z");
        assert_eq!(next("cron(30 1 * * ? *)", zone, "2026-11-01T05:00:00Z").unwrap(), "2026-11-01T05:30:00Z");
        assert_eq!(next("cron(30 1 * * ? *)", zone, "2026-11-01T05:30:00Z").unwrap(), "2026-11-02T06:30:00Z");
        assert_eq!(next("cron(0/15 * * * ? *)", zone, "2026-11-01T06:10:00Z").unwrap(), "2026-11-01T07:00:00Z");
    }

    #[test]
    fn a_moment_comes_once() {
        assert_eq!(
            next("at(2026-07-01T12:00:00)", "Europe/London", "2026-01-01T00:00:00Z").unwrap(),
            "2026-07-01T11:00:00Z"
        );
        assert_eq!(next("at(2026-07-01T12:00:00)", "Europe/London", "2026-07-01T11:00:00Z"), None);
        assert_eq!(
            next("at(2026-03-29T01:30:00)", "Europe/London", "2026-01-01T00:00:00Z").unwrap(),
            "2026-03-29T01:30:00Z"
        );
    }

    #[test]
    fn the_ends_of_time_are_answered() {
        for expression in [
            "rate(99999999 days)",
            "rate(1 minute)",
            "cron(* * * * ? *)",
            "cron(0 0 31 2 ? *)",
            "at(9999-12-31T23:59:59)",
        ] {
            let schedule = Schedule::parse(expression, ScheduleOwner::Scheduler).unwrap();
            for after in [i64::MIN, -1, 0, i64::MAX] {
                let _ = schedule.next_after(after, 0, &Zone::named("Asia/Kathmandu").unwrap());
                let _ = schedule.next_after(after, i64::MAX, &Zone::utc());
            }
        }
        assert_eq!(Zone::named("Mars/Olympus"), None);
    }

    #[test]
    fn what_is_refused() {
        for bad in [
            "",
            "rate",
            "rate()",
            "rate(10)",
            "rate(-10 minutes)",
            "rate(10  minutes)",
            "rate(99999999999999999 days)",
            "rate(5 minutes",
            "at(2021-12-31)",
            "at(2021-12-31T23:59:59Z)",
            "at(2021-13-31T23:59:59)",
            "every(5 minutes)",
            "cron(* * * * ? *) ",
        ] {
            let error = Schedule::parse(bad, ScheduleOwner::Scheduler).unwrap_err();
            assert_eq!(error.to_string(), format!("Invalid Schedule Expression {bad}."));
        }
        assert!(Schedule::parse("at(2021-12-31T23:59:59)", ScheduleOwner::Rule).is_err());
    }

    #[test]
    fn an_expression_has_a_length() {
        let fits = format!("cron({},10 * * * ? *)", ["1"; 119].join(","));
        let long = format!("cron({} * * * ? *)", ["1"; 121].join(","));
        assert_eq!((fits.len(), long.len()), (SCHEDULE_CHARACTERS_MAX, SCHEDULE_CHARACTERS_MAX + 1));
        for owner in [ScheduleOwner::Rule, ScheduleOwner::Scheduler] {
            assert!(Schedule::parse(&fits, owner).is_ok());
            assert!(Schedule::parse(&long, owner).is_err());
        }
    }
}
