//! Rules change while other threads match.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use stepwell_rules::{Event, Pattern, RuleId, RuleSet, Scratch};

const RULES: u64 = 600;
const READERS: usize = 3;

/// A copy of a set, with its lowest rule and how many it has.
type Published = Arc<Mutex<(RuleSet, u64, u64)>>;

#[test]
fn readers_keep_the_rules_they_have() {
    let published: Published = Arc::new(Mutex::new((RuleSet::new(), 0, 0)));
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| read(&published));
        }
        let mut set = RuleSet::new();
        for rule in 0..RULES {
            let pattern = format!(r#"{{"source":["s"],"detail":{{"n{}":[{{"exists":false}}]}}}}"#, rule % 7);
            set.add(RuleId(rule), &Pattern::parse(&pattern).unwrap());
            if rule % 2 == 1 {
                assert!(set.remove(RuleId(rule / 2)));
            }
            let first = set.matches(&Event::parse(r#"{"source":"s"}"#).unwrap()).first().unwrap().0;
            *published.lock().unwrap() = (set.clone(), first, u64::try_from(set.len()).unwrap());
        }
    });
}

/// Matches with one copy after the other until the last has been seen. The lock is held only
/// while a copy is taken.
fn read(published: &Published) {
    let mut scratch = Scratch::new();
    let mut seen = 0;
    while seen < RULES - 1 {
        let (set, first, count) = published.lock().unwrap().clone();
        for _ in 0..3 {
            let found = set.matches_text(r#"{"source":"s","detail":{}}"#, &mut scratch).unwrap();
            assert_eq!(found.len(), usize::try_from(count).unwrap());
            assert_eq!(found.first().map_or(0, |rule| rule.0), first);
            seen = found.last().map_or(0, |rule| rule.0);
        }
        std::thread::yield_now();
    }
}
