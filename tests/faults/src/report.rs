//! What was found, for a person to read.

use std::fmt::Write as _;

use crate::case::Case;
use crate::invariants::{Standing, Verdict, Violation, violations};

/// A line for each invariant.
#[must_use]
pub fn table(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let Verdict { invariant, says, standing, violations } = verdict;
        let standing = match standing {
            Standing::Checked(1) => "1 thing looked at".to_owned(),
            Standing::Checked(looked_at) => format!("{looked_at} things looked at"),
            Standing::Idle(why) => format!("not checked: {why}"),
        };
        let mark = match (violations.len(), &verdict.standing) {
            (0, Standing::Checked(_)) => "holds",
            (0, Standing::Idle(_)) => "  -  ",
            _ => "BROKEN",
        };
        let _ = writeln!(text, "{invariant:4} {mark:6} {says} ({standing})");
    }
    text
}

/// The smallest counterexample: the violation whose execution has the fewest events, with all
/// that is known of it. `None` when everything holds.
#[must_use]
pub fn counterexample(case: &Case, verdicts: &[Verdict]) -> Option<String> {
    let size = |violation: &Violation| match case.fold(&violation.execution) {
        Some(fold) => fold.events.len(),
        None => case.stored.executions.get(&violation.execution).map_or(0, |row| row.journal.len()),
    };
    let (invariant, violation) = violations(verdicts).min_by_key(|(_, violation)| size(violation))?;
    let Violation { execution, what } = violation;
    let all = violations(verdicts).count();
    let mut text = format!("{invariant} does not hold ({all} violations in all): {what}\n");
    if execution.is_empty() {
        return Some(text);
    }
    let _ = writeln!(text, "execution {execution}");
    for ack in &case.acks {
        let line = serde_json::to_string(ack).unwrap_or_default();
        if line.contains(execution.as_str()) {
            let _ = writeln!(text, "  told     {}", cut(&line));
        }
    }
    if let Some(row) = case.stored.executions.get(execution) {
        let _ = writeln!(text, "  row      {}/{} {} wake {:?}", row.workflow, row.name, row.status, row.wake_at_micros);
        for entry in &row.journal {
            let body = String::from_utf8_lossy(&entry.body);
            let _ = writeln!(text, "  entry    {} at {}: {}", entry.number, entry.at_micros, cut(&body));
        }
    } else {
        let _ = writeln!(text, "  row      none");
    }
    for event in case.fold(execution).map_or(&[][..], |fold| &fold.events) {
        let _ = writeln!(text, "  event    {}", cut(&event.body.to_string()));
    }
    for effect in case.ledger.iter().flatten().filter(|effect| effect.key.starts_with(execution.as_str())) {
        let _ = writeln!(text, "  effect   {effect:?}");
    }
    Some(text)
}

/// The beginning of a text that may be long.
fn cut(text: &str) -> String {
    const SHOWN_CHARS: usize = 300;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
