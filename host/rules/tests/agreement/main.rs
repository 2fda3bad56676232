//! A rule set finds exactly the rules whose patterns match by themselves.
//!
//! Rules and events are made up. `STEPWELL_FUZZ_SECONDS` says for how long (10 unless told;
//! `cargo xtask fuzz-rules --minutes N` sets it), `STEPWELL_FUZZ_SEED` where to begin.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod events;
mod patterns;
mod random;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use random::Random;
use stepwell_rules::{Event, Pattern, RuleId, RuleSet, Scratch};

const SECONDS: u64 = 10;
const EVENTS_BETWEEN_CHANGES: usize = 12;

/// The rules that there should be.
type Rules = BTreeMap<RuleId, (String, Pattern)>;

/// How much has been compared.
#[derive(Debug, Default)]
struct Tally {
    sets: usize,
    events: usize,
    rules: usize,
    matches: usize,
}

#[test]
fn a_rule_set_agrees_with_its_patterns() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("STEPWELL_FUZZ_SECONDS").unwrap_or(SECONDS);
    let seed = number("STEPWELL_FUZZ_SEED").unwrap_or(1);
    println!("seed {seed}, {seconds} seconds");
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tally = Tally::default();
    for seed in seed.. {
        one_set(seed, &mut tally);
        if Instant::now() >= end {
            break;
        }
    }
    println!("{tally:?}, no difference");
    assert!(tally.matches > 0 && tally.matches < tally.rules);
}

/// A set whose rules change, and events in between. Earlier copies keep their rules.
fn one_set(seed: u64, tally: &mut Tally) {
    let mut random = Random::new(seed);
    let theme = patterns::Theme::new(&mut random);
    let mut set = RuleSet::with_seed(seed % 3);
    let (mut rules, mut wanted) = (Rules::new(), events::Wanted::new());
    let mut scratch = Scratch::new();
    let mut earlier: Option<(RuleSet, Rules)> = None;
    let most = random.pick(&[1, 3, 10, 40, 150]);
    for _ in 0..4 {
        for _ in 0..=random.below(most) {
            let id = RuleId(u64::try_from(random.below(most * 2)).unwrap());
            if random.percent(25) {
                assert_eq!(set.remove(id), rules.remove(&id).is_some(), "seed {seed}");
                continue;
            }
            let made = patterns::pattern(&mut random, &theme);
            let Ok(pattern) = Pattern::parse(&made.text) else { continue };
            set.add(id, &pattern);
            rules.insert(id, (made.text, pattern));
            for (field, asked) in made.asked {
                wanted.entry(field).or_default().extend(asked);
            }
        }
        assert_eq!(set.len(), rules.len(), "seed {seed}");
        for _ in 0..EVENTS_BETWEEN_CHANGES {
            let event = events::event(&mut random, &theme, &wanted);
            compare(seed, &set, &rules, &event, &mut scratch, tally);
            if let Some((set, rules)) = &earlier {
                compare(seed, set, rules, &event, &mut scratch, tally);
            }
        }
        if random.percent(50) {
            earlier = Some((set.clone(), rules.clone()));
        }
    }
    tally.sets += 1;
}

fn compare(seed: u64, set: &RuleSet, rules: &Rules, text: &str, scratch: &mut Scratch, tally: &mut Tally) {
    let event = Event::parse(text).unwrap();
    let wanted: Vec<RuleId> =
        rules.iter().filter(|(_, (_, pattern))| pattern.matches(&event)).map(|(id, _)| *id).collect();
    let found = set.matches_text(text, scratch).unwrap();
    if found != wanted || set.matches(&event) != wanted {
        let differing: Vec<&RuleId> = rules.keys().filter(|id| found.contains(id) != wanted.contains(id)).collect();
        for id in &differing {
            println!("rule {id:?}: {}", rules[id].0);
        }
        panic!(
            "seed {seed}: the event {text}\nmatches {wanted:?}, its text found {found:?}, its tree {:?}",
            set.matches(&event)
        );
    }
    tally.events += 1;
    tally.rules += rules.len();
    tally.matches += wanted.len();
}
