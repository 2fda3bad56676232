//! The tree on standard error: redrawn in place on a terminal, a line for each change elsewhere.

use std::io::{IsTerminal as _, Write as _};

use stepwell_asl::expr::Value;

use super::fold::{Change, NodeId, Tree};
use super::render::{self, Look};
use crate::style::Palette;

/// Lines are not cut where there is no terminal to say how wide it is (characters).
const WIDTH_MAX: usize = 400;

/// A tree that is shown while it grows.
#[derive(Debug)]
pub struct Live {
    tree: Tree,
    look: Look,
    /// Lines of the terminal, when it is one and its owner did not say otherwise.
    rows: Option<usize>,
    /// How many lines at the end are drawn again with each change.
    drawn: usize,
    /// How many visits of the outermost level are written for good.
    settled: usize,
}

impl Live {
    pub fn new(palette: Palette) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let size = terminal_size::terminal_size_of(std::io::stderr()).filter(|_| on_terminal);
        let width = size.map_or(WIDTH_MAX, |(width, _)| usize::from(width.0).max(20));
        let rows = size.map(|(_, height)| usize::from(height.0).max(4));
        Self { tree: Tree::default(), look: Look { palette, width }, rows, drawn: 0, settled: 0 }
    }

    /// Takes an event in and shows what it changed.
    pub fn apply(&mut self, event: &Value) {
        let changes = self.tree.apply(event);
        if self.rows.is_some() {
            self.redraw();
        } else {
            self.write_changes(&changes);
        }
    }

    /// Takes in how far the map runs are: the answer of a host to that question.
    pub fn count(&mut self, answer: &Value) {
        self.tree.count(answer);
        self.tick();
    }

    /// A map run is under way.
    pub fn has_map_run(&self) -> bool {
        self.tree.has_map_run()
    }

    /// Lets the times of what runs go on.
    pub fn tick(&mut self) {
        if self.rows.is_some() {
            self.redraw();
        }
    }

    fn write_changes(&self, changes: &[Change]) {
        let mut out = String::new();
        for change in changes {
            let line = match *change {
                Change::Entered(id) if self.holds_others(id) => Some(render::begun_line(&self.tree, id, &self.look)),
                Change::Entered(_) => None,
                Change::AttemptFailed(id) => {
                    let failed = self.tree.node(id).and_then(|node| node.failures.last());
                    failed.map(|attempt| render::failed_line(&self.tree, id, attempt, &self.look))
                }
                Change::Left(id) => Some(render::line(&self.tree, id, &self.look)),
            };
            if let Some(line) = line {
                out.push_str(&line);
                out.push('\n');
            }
        }
        write(&out);
    }

    fn holds_others(&self, id: NodeId) -> bool {
        self.tree.node(id).is_some_and(|node| matches!(node.kind.as_str(), "Parallel" | "Map" | "Iteration"))
    }

    /// Writes what is over for good, and what goes on below it, to be drawn again.
    fn redraw(&mut self) {
        let mut out = String::new();
        if self.drawn > 0 {
            out.push_str(&format!("\x1b[{}A\r\x1b[J", self.drawn));
        }
        let roots = self.tree.roots();
        while let Some(id) = roots.get(self.settled).copied()
            && self.tree.node(id).is_some_and(|node| node.left_micros.is_some())
        {
            for line in render::subtree(&self.tree, id, &self.look) {
                out.push_str(&line);
                out.push('\n');
            }
            self.settled += 1;
        }
        let mut lines: Vec<String> = roots
            .get(self.settled..)
            .unwrap_or(&[])
            .iter()
            .flat_map(|id| render::subtree(&self.tree, *id, &self.look))
            .collect();
        let room = self.rows.unwrap_or(usize::MAX).saturating_sub(2);
        if lines.len() > room {
            let hidden = lines.len() - room;
            lines.truncate(room);
            lines.push(format!("  … {hidden} more lines"));
        }
        self.drawn = lines.len();
        for line in lines {
            out.push_str(&line);
            out.push('\n');
        }
        write(&out);
    }
}

/// A terminal that went away is no reason to stop following.
fn write(text: &str) {
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
