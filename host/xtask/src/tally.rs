//! Counts tests in what `cargo test` and `cargo nextest` print.

/// Tests that ran.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// Reads the summary lines of either runner.
    pub fn read(text: &str) -> Self {
        let mut tally = Self::default();
        for line in text.lines().map(without_colours) {
            let summary = line.trim_start().starts_with("test result: ")
                || (line.trim_start().starts_with("Summary [") && line.contains(" run: "));
            if summary {
                tally.passed += number_before(&line, "passed");
                tally.failed += number_before(&line, "failed") + number_before(&line, "timed");
            }
        }
        tally
    }

    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number that stands before a word, as in `12 passed`.
fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<_> = line.split([' ', ',', ';', ':', '(']).filter(|word| !word.is_empty()).collect();
    words
        .windows(2)
        .find(|pair| pair.last() == Some(&word))
        .and_then(|pair| pair.first()?.parse().ok())
        .unwrap_or_default()
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut parts = line.split('\x1b');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, text)| text));
    }
    plain
}

#[test]
fn summaries_of_both_runners_are_counted() {
    let text = "running 2 tests\n\
        test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
        test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
        \x1b[32;1m     Summary\x1b[0m [   1.203s] \x1b[1m30\x1b[0m tests run: \x1b[1m29\x1b[0m \x1b[32mpassed\x1b[0m (1 slow), 1 timed out, 2 skipped\n\
        the word failed in a log counts nothing: 9 failed\n";
    assert_eq!(Tally::read(text), Tally { passed: 37, failed: 3 });
    assert_eq!(Tally { passed: 37, failed: 3 }.to_string(), "37 passed, 3 failed");
}
