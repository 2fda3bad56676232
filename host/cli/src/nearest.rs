//! "Did you mean": the known name that is closest to one that is not known.

/// Names further away than this are no help (edits).
const EDITS_MAX: usize = 3;

/// Longer names are not compared, so that a hostile one costs nothing (characters).
const NAME_CHARS_MAX: usize = 100;

/// The closest of `known`, when it is close enough to be a slip of the finger.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > NAME_CHARS_MAX {
        return None;
    }
    let limit = EDITS_MAX.min(length.div_ceil(2));
    known
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= NAME_CHARS_MAX)
        .map(|candidate| (edits(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The end of a message about an unknown name: the closest known one, or all of them.
pub fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(candidate) => format!("did you mean \"{candidate}\"?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("known: {}", known.join(", ")),
    }
}

/// How many letters must be added, dropped, changed or swapped with their neighbour.
fn edits(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, left) in from.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, right) in to.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&last, column) + usize::from(left != right);
            let mut best = changed.min(at(&last, column + 1) + 1).min(at(&this, column) + 1);
            let swapped = row > 0 && column > 0 && from.get(row - 1) == Some(right) && to.get(column - 1) == Some(left);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            this.push(best);
        }
        before = std::mem::replace(&mut last, this);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["validate", "query", "format"];
        assert_eq!(nearest("qurey", known), Some("query"));
        assert_eq!(nearest("Query", known), Some("query"));
        assert_eq!(nearest("formatt", known), Some("format"));
        assert_eq!(nearest("notify", known), None);
        assert_eq!(nearest("q", known), None);
        assert_eq!(nearest(&"q".repeat(1_000_000), known), None);
    }

    #[test]
    fn a_swap_is_one_edit() {
        assert_eq!(edits("qurey", "query"), 1);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "abc"), 0);
    }
}
