//! Times and fuel for people.

use std::time::Duration;

use stepwell_asl::Timestamp;
use stepwell_tasks::FUEL_PER_SECOND;

/// `< 1 ms`, `850 µs`, `12 ms`, `1.2 s`, `2 m 05 s`, `3 h 20 m`.
pub fn elapsed(time: Duration) -> String {
    let micros = time.as_micros();
    let millis = time.as_millis();
    let seconds = time.as_secs();
    match seconds {
        // History events are stamped to the millisecond: less is not known.
        0 if micros == 0 => "< 1 ms".to_owned(),
        0 if micros < 1_000 => format!("{micros} µs"),
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `fuel 3.4 M (0.003 s of 30 s)`: units, and the seconds of budget that they are.
pub fn fuel(used: u64, budget: u64) -> String {
    let millis = used.div_ceil(FUEL_PER_SECOND / 1_000);
    let used_seconds = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    if budget == 0 {
        return format!("fuel {} ({used_seconds} s)", units(used));
    }
    format!("fuel {} ({used_seconds} s of {} s)", units(used), budget / FUEL_PER_SECOND)
}

/// The instant of an RFC 3339 text, in microseconds since 1970.
pub fn micros_of(text: &str) -> Option<i64> {
    Timestamp::parse(text).map(Timestamp::as_micros)
}

/// `999`, `1.2 k`, `3.4 M`, `5.6 G`, `7.8 T`.
fn units(count: u64) -> String {
    const STEPS: [(u64, &str); 4] = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match STEPS.iter().find(|(size, _)| count >= *size) {
        Some((size, letter)) => format!("{}.{} {letter}", count / size, count % size / (size / 10)),
        None => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_short() {
        assert_eq!(elapsed(Duration::ZERO), "< 1 ms");
        assert_eq!(elapsed(Duration::from_micros(850)), "850 µs");
        assert_eq!(elapsed(Duration::from_millis(12)), "12 ms");
        assert_eq!(elapsed(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(elapsed(Duration::from_secs(125)), "2 m 05 s");
        assert_eq!(elapsed(Duration::from_secs(12_000)), "3 h 20 m");
        assert_eq!(fuel(34_000_000, 30 * FUEL_PER_SECOND), "fuel 34.0 M (0.004 s of 30 s)");
        assert_eq!(fuel(999, 0), "fuel 999 (0.001 s)");
    }
}
