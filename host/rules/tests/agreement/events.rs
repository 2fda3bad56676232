//! Events whose values are near what patterns ask for, in all kinds of nesting.

use std::collections::BTreeMap;

use crate::patterns::{Asked, Theme, quoted, scalar};
use crate::random::Random;

/// What patterns ask of the fields.
pub type Wanted = BTreeMap<String, Vec<Asked>>;

/// How many values an event may still get.
struct Making<'a> {
    theme: &'a Theme,
    wanted: &'a Wanted,
    values_left: usize,
}

pub fn event(random: &mut Random, theme: &Theme, wanted: &Wanted) -> String {
    let mut making = Making { theme, wanted, values_left: 60 };
    making.object(random, "", 0)
}

impl Making<'_> {
    fn object(&mut self, random: &mut Random, path: &str, depth: usize) -> String {
        let mut members = Vec::new();
        for _ in 0..random.below(6) {
            let key = random.pick(&self.theme.keys);
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let value = self.value(random, &path, depth + 1);
            members.push(format!("{}{}{}:{value}", space(random), quoted(key, random), space(random)));
        }
        format!("{{{}{}}}", members.join(","), space(random))
    }

    fn value(&mut self, random: &mut Random, path: &str, depth: usize) -> String {
        let inner = if depth > 4 || self.values_left == 0 {
            self.scalar(random, path)
        } else if random.percent(self.theme.arrays) {
            self.array(random, path, depth)
        } else if random.percent(45) {
            self.object(random, path, depth)
        } else {
            self.scalar(random, path)
        };
        format!("{}{inner}{}", space(random), space(random))
    }

    fn array(&mut self, random: &mut Random, path: &str, depth: usize) -> String {
        let crowded = depth < 4 && random.percent(self.theme.crowded);
        // All values near the same condition, so that an exception may cover all of them.
        let one = self.wanted.get(path).filter(|_| crowded && random.percent(50)).map(|asked| random.pick(asked).near);
        let count = if crowded { 30 + random.below(40) } else { random.below(5) };
        let elements: Vec<String> = (0..count)
            .map(|_| match &one {
                Some(near) => random.pick(near),
                None if crowded => self.scalar(random, path),
                None => self.value(random, path, depth + 1),
            })
            .collect();
        format!("[{}{}]", elements.join(","), space(random))
    }

    fn scalar(&mut self, random: &mut Random, path: &str) -> String {
        self.values_left = self.values_left.saturating_sub(1);
        match self.wanted.get(path) {
            Some(asked) if random.percent(75) => random.pick(&random.clone().pick(asked).near),
            _ => scalar(random),
        }
    }
}

fn space(random: &mut Random) -> &'static str {
    if random.percent(95) { "" } else { random.pick(&[" ", "\n", "\t ", "\r\n"]) }
}
