//! One line for each node, and the lines below it.

use std::time::Duration;

use super::fold::{Attempt, Node, NodeId, Outcome, Tree};
use super::measure;
use crate::style::{Paint, Palette};

/// Names are padded to this width, so that the columns after them stand in line (characters).
const NAME_WIDTH: usize = 22;

/// A cause is cut to so much; `executions show` has all of it (characters).
const CAUSE_CHARS_MAX: usize = 200;

/// Iterations beyond so many are summed up, unless they failed.
const ITERATIONS_SHOWN: usize = 8;

/// How lines are made.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub palette: Palette,
    /// Longer lines are cut (characters).
    pub width: usize,
}

/// The line of a node.
pub fn line(tree: &Tree, id: NodeId, look: &Look) -> String {
    let Some(node) = tree.node(id) else { return String::new() };
    let depth = tree.depth(id);
    let indent = "  ".repeat(depth + 1);
    let name = shown_name(node);
    let pad = NAME_WIDTH.saturating_sub(name.chars().count() + depth * 2);
    let (glyph, paint) = glyph(node.outcome);
    let mut parts = vec![(Paint::Strong, format!("{indent}{name}{}", " ".repeat(pad))), (paint, format!("  {glyph}"))];
    for word in words(node) {
        parts.push((Paint::Faint, format!("  {word}")));
    }
    cut(&parts, look)
}

/// The line of an attempt that failed.
pub fn attempt_line(tree: &Tree, id: NodeId, attempt: &Attempt, look: &Look) -> String {
    let indent = "  ".repeat(tree.depth(id) + 2);
    let retried = tree.node(id).is_some_and(|node| node.attempts > attempt.number);
    let after = if retried { format!("  (attempt {}, tried again)", attempt.number) } else { String::new() };
    let text = format!("{indent}{}{after}", failure(attempt));
    cut(&[(if retried { Paint::Warning } else { Paint::Error }, text)], look)
}

/// A node that has begun, where lines cannot be drawn again.
pub fn begun_line(tree: &Tree, id: NodeId, look: &Look) -> String {
    let indent = "  ".repeat(tree.depth(id) + 1);
    cut(&[(Paint::Faint, format!("{indent}{} …", tree.node(id).map(shown_name).unwrap_or_default()))], look)
}

/// A failed attempt, where the line of its state is yet to come.
pub fn failed_line(tree: &Tree, id: NodeId, attempt: &Attempt, look: &Look) -> String {
    let indent = "  ".repeat(tree.depth(id) + 1);
    let name = tree.node(id).map(shown_name).unwrap_or_default();
    let text = format!("{indent}{name}: attempt {}: {}", attempt.number, failure(attempt));
    cut(&[(Paint::Warning, text)], look)
}

/// The node, its failed attempts, and everything below it.
pub fn subtree(tree: &Tree, id: NodeId, look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    push_subtree(tree, id, look, &mut lines);
    lines
}

fn push_subtree(tree: &Tree, id: NodeId, look: &Look, lines: &mut Vec<String>) {
    let Some(node) = tree.node(id) else { return };
    lines.push(line(tree, id, look));
    for attempt in &node.failures {
        lines.push(attempt_line(tree, id, attempt, look));
    }
    let (shown, hidden) = worth_showing(tree, node);
    for child in shown {
        push_subtree(tree, child, look, lines);
    }
    if hidden > 0 {
        let indent = "  ".repeat(tree.depth(id) + 2);
        lines.push(cut(&[(Paint::Faint, format!("{indent}… {hidden} more ended well"))], look));
    }
}

/// Of many iterations: those that failed or run, and the last ones of the others.
fn worth_showing(tree: &Tree, node: &Node) -> (Vec<NodeId>, usize) {
    let ended_well = |id: &NodeId| tree.node(*id).is_some_and(|child| child.outcome == Outcome::Succeeded);
    let well = node.children.iter().filter(|id| ended_well(id)).count();
    if node.kind != "Map" || node.children.len() <= ITERATIONS_SHOWN {
        return (node.children.clone(), 0);
    }
    let others = node.children.len() - well;
    let mut hidden = well.saturating_sub(ITERATIONS_SHOWN.saturating_sub(others));
    let total_hidden = hidden;
    let mut shown = Vec::new();
    for child in &node.children {
        if ended_well(child) && hidden > 0 {
            hidden -= 1;
        } else {
            shown.push(*child);
        }
    }
    (shown, total_hidden)
}

fn shown_name(node: &Node) -> String {
    if node.kind == "Iteration" { format!("[{}]", printable(&node.name)) } else { printable(&node.name) }
}

fn failure(attempt: &Attempt) -> String {
    let error = if attempt.error.is_empty() { "no error name" } else { &attempt.error };
    let cause = first_line(&attempt.cause);
    let separator = if cause.is_empty() { "" } else { ": " };
    format!("{}{separator}{cause}", printable(error))
}

fn words(node: &Node) -> Vec<String> {
    let time = match node.left_micros {
        Some(left) => {
            let micros = u64::try_from(left.saturating_sub(node.entered_micros)).unwrap_or(0);
            Duration::from_micros(micros)
        }
        None => node.seen.elapsed(),
    };
    let mut words = vec![measure::elapsed(time)];
    if let Some((used, budget)) = node.fuel {
        words.push(measure::fuel(used, budget));
    }
    if node.attempts > 1 {
        words.push(format!("attempt {}", node.attempts));
    }
    if let Some((total, well, otherwise, running)) = node.map_run.as_ref().and_then(|run| run.counts) {
        words.push(format!("{} of {total} items", well + otherwise));
        if otherwise > 0 {
            words.push(format!("{otherwise} failed"));
        }
        if running > 0 && node.left_micros.is_none() {
            words.push(format!("{running} running"));
        }
    } else if let Some(length) = node.length.filter(|_| node.map_run.is_none()) {
        words.push(format!("{length} items"));
    }
    match node.outcome {
        Outcome::Caught => words.push("caught".to_owned()),
        Outcome::Aborted => words.push("aborted".to_owned()),
        Outcome::Running | Outcome::Succeeded | Outcome::Failed => {}
    }
    words
}

fn glyph(outcome: Outcome) -> (&'static str, Paint) {
    match outcome {
        Outcome::Running => ("…", Paint::Active),
        Outcome::Succeeded => ("✓", Paint::Good),
        Outcome::Caught => ("↷", Paint::Warning),
        Outcome::Failed => ("✗", Paint::Error),
        Outcome::Aborted => ("⊘", Paint::Faint),
    }
}

/// The parts painted, and cut where the terminal ends.
fn cut(parts: &[(Paint, String)], look: &Look) -> String {
    let mut left = look.width;
    let mut out = String::new();
    for (paint, text) in parts {
        let shown: String = text.chars().take(left).collect();
        left = left.saturating_sub(shown.chars().count());
        if !shown.is_empty() {
            out.push_str(&look.palette.paint(*paint, &shown));
        }
    }
    out
}

fn first_line(cause: &str) -> String {
    let line = cause.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let shown: String = line.chars().take(CAUSE_CHARS_MAX).collect();
    let ellipsis = if line.chars().count() > CAUSE_CHARS_MAX { "…" } else { "" };
    format!("{}{ellipsis}", printable(&shown))
}

/// Text from outside must not drive the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
