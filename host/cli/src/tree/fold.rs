//! Folds history events, as the API writes them, into a tree of visits.
//!
//! Events name the event before them, and that chain says which state an event belongs to,
//! also when branches and iterations run beside one another.

use std::collections::HashMap;
use std::time::Instant;

use stepwell_asl::expr::Value;

use super::measure::micros_of;

/// The place of a node in its tree.
pub type NodeId = usize;

/// A visit of a state, or one iteration of a Map.
#[derive(Debug, Clone)]
pub struct Node {
    pub name: String,
    /// `Task`, `Parallel`, …, or `Iteration`.
    pub kind: String,
    pub parent: Option<NodeId>,
    pub children: Vec<NodeId>,
    pub entered_micros: i64,
    pub left_micros: Option<i64>,
    /// By this clock, for as long as it runs.
    pub seen: Instant,
    pub outcome: Outcome,
    /// How often a task was called, or branches were begun.
    pub attempts: u32,
    pub failures: Vec<Attempt>,
    /// Used and granted by the last call (units).
    pub fuel: Option<(u64, u64)>,
    /// Number of iterations, of a Map.
    pub length: Option<u64>,
    /// Of a distributed Map.
    pub map_run: Option<MapRun>,
}

/// The map run of a distributed Map: it is one line, however many items there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapRun {
    pub arn: String,
    /// How many items there are, how many have ended well, how many otherwise, and how many run;
    /// `None` until somebody has asked.
    pub counts: Option<(u64, u64, u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Running,
    Succeeded,
    /// It failed, and the workflow goes on elsewhere.
    Caught,
    Failed,
    Aborted,
}

/// A failed attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub number: u32,
    pub error: String,
    pub cause: String,
}

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Entered(NodeId),
    AttemptFailed(NodeId),
    Left(NodeId),
}

#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    /// By event: its type and the node it belongs to.
    events: HashMap<u64, (String, Option<NodeId>)>,
}

impl Tree {
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The visits of the outermost level, in order.
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// How many containers are around the node.
    pub fn depth(&self, id: NodeId) -> usize {
        self.upwards(id).count().saturating_sub(1)
    }

    /// Takes one event in.
    pub fn apply(&mut self, event: &Value) -> Vec<Change> {
        let number = |name: &str| count(event.get(name)).unwrap_or(0);
        let (id, previous) = (number("id"), number("previousEventId"));
        let kind = event.get("type").and_then(Value::as_str).unwrap_or("").to_owned();
        let at = event.get("timestamp").and_then(Value::as_str).and_then(micros_of).unwrap_or(0);
        let mut changes = Vec::new();
        let node = self.place(&Seen { event, kind: &kind, previous, at }, &mut changes);
        self.events.insert(id, (kind, node));
        changes
    }

    /// Takes in how far the map runs are: an object with the array `mapRuns`.
    pub fn count(&mut self, answer: &Value) {
        for run in answer.get("mapRuns").and_then(Value::as_array).unwrap_or_default() {
            let arn = run.get("mapRunArn").and_then(Value::as_str).unwrap_or("");
            let items = |name: &str| count(run.get("itemCounts").and_then(|counts| counts.get(name))).unwrap_or(0);
            let otherwise = items("failed") + items("timedOut") + items("aborted");
            let counts = (items("total"), items("succeeded"), otherwise, items("running"));
            for found in self.nodes.iter_mut().filter_map(|node| node.map_run.as_mut()) {
                if found.arn == arn {
                    found.counts = Some(counts);
                }
            }
        }
    }

    /// A map run is under way.
    pub fn has_map_run(&self) -> bool {
        self.nodes.iter().any(|node| node.map_run.is_some() && node.left_micros.is_none())
    }

    fn place(&mut self, seen: &Seen<'_>, changes: &mut Vec<Change>) -> Option<NodeId> {
        let before = self.events.get(&seen.previous).and_then(|(_, node)| *node);
        if let Some(kind) = seen.kind.strip_suffix("StateEntered") {
            return Some(self.entered(seen, kind, before, changes));
        }
        if seen.kind.ends_with("StateExited") {
            return self.exited(seen, before, changes);
        }
        if seen.kind.ends_with("StateAborted") {
            return self.leave(before?, Outcome::Aborted, seen.at, changes);
        }
        if let Some(what) = seen.kind.strip_prefix("MapIteration") {
            return self.iteration(seen, what, before, changes);
        }
        if let Some(what) = seen.kind.strip_prefix("MapRun") {
            return self.map_run(seen, what, before?, changes);
        }
        if let Some(what) = container_event(seen.kind) {
            return self.container(seen, what, before, changes);
        }
        if seen.kind.starts_with("Execution") {
            self.execution(seen, before, changes);
            return None;
        }
        self.call(seen, before?, changes)
    }

    fn entered(&mut self, seen: &Seen<'_>, kind: &str, before: Option<NodeId>, changes: &mut Vec<Change>) -> NodeId {
        let previous = self.events.get(&seen.previous).map_or("", |(kind, _)| kind.as_str());
        let inside = matches!(previous, "ParallelStateStarted" | "MapStateStarted" | "MapIterationStarted");
        let parent = if inside { before } else { before.and_then(|node| self.node(node)?.parent) };
        self.add(seen, kind, seen.detail("stateEntered", "name"), parent, changes)
    }

    fn add(
        &mut self,
        seen: &Seen<'_>,
        kind: &str,
        name: String,
        parent: Option<NodeId>,
        changes: &mut Vec<Change>,
    ) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node {
            name,
            kind: kind.to_owned(),
            parent,
            children: Vec::new(),
            entered_micros: seen.at,
            left_micros: None,
            seen: Instant::now(),
            outcome: Outcome::Running,
            attempts: 0,
            failures: Vec::new(),
            fuel: None,
            length: None,
            map_run: None,
        });
        match parent.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(id),
            None => self.roots.push(id),
        }
        changes.push(Change::Entered(id));
        id
    }

    fn exited(&mut self, seen: &Seen<'_>, before: Option<NodeId>, changes: &mut Vec<Change>) -> Option<NodeId> {
        let name = seen.detail("stateExited", "name");
        let node = self.upwards(before?).find(|id| {
            self.node(*id)
                .is_some_and(|node| node.name == name && node.left_micros.is_none() && node.kind != "Iteration")
        })?;
        let failed = self.node(node).is_some_and(|node| node.outcome == Outcome::Failed);
        self.leave(node, if failed { Outcome::Caught } else { Outcome::Succeeded }, seen.at, changes)
    }

    fn leave(&mut self, id: NodeId, outcome: Outcome, at: i64, changes: &mut Vec<Change>) -> Option<NodeId> {
        let node = self.nodes.get_mut(id)?;
        if node.left_micros.is_none() {
            node.outcome = outcome;
            node.left_micros = Some(at);
            changes.push(Change::Left(id));
        }
        Some(id)
    }

    fn iteration(
        &mut self,
        seen: &Seen<'_>,
        what: &str,
        before: Option<NodeId>,
        changes: &mut Vec<Change>,
    ) -> Option<NodeId> {
        let details = format!("mapIteration{what}");
        let (map_name, index) = (seen.detail(&details, "name"), seen.detail(&details, "index"));
        let map = self.open_map(&map_name, before)?;
        if what == "Started" {
            return Some(self.add(seen, "Iteration", index, Some(map), changes));
        }
        let outcome = match what {
            "Succeeded" => Outcome::Succeeded,
            "Failed" => Outcome::Failed,
            _ => Outcome::Aborted,
        };
        let children = &self.node(map)?.children;
        let open = |id: &&NodeId| self.node(**id).is_some_and(|node| node.name == index && node.left_micros.is_none());
        let iteration = *children.iter().rev().find(open)?;
        if outcome != Outcome::Succeeded {
            self.abandon_below(iteration, seen.at);
        }
        self.leave(iteration, outcome, seen.at, changes)
    }

    /// The Map around an event, or any Map of the name that is open.
    fn open_map(&self, name: &str, before: Option<NodeId>) -> Option<NodeId> {
        let fits = |id: &NodeId| {
            self.node(*id).is_some_and(|node| node.kind == "Map" && node.name == name && node.left_micros.is_none())
        };
        let around = before.and_then(|before| self.upwards(before).find(fits));
        around.or_else(|| (0..self.nodes.len()).rev().find(fits))
    }

    fn map_run(&mut self, seen: &Seen<'_>, what: &str, id: NodeId, changes: &mut Vec<Change>) -> Option<NodeId> {
        let node = self.nodes.get_mut(id)?;
        match what {
            "Started" => {
                node.map_run = Some(MapRun { arn: seen.detail("mapRunStarted", "mapRunArn"), counts: None });
            }
            "Failed" => {
                node.outcome = Outcome::Failed;
                let (error, cause) = (seen.detail("mapRunFailed", "error"), seen.detail("mapRunFailed", "cause"));
                node.failures.push(Attempt { number: node.attempts.max(1), error, cause });
                changes.push(Change::AttemptFailed(id));
            }
            _ => {}
        }
        Some(id)
    }

    fn container(
        &mut self,
        seen: &Seen<'_>,
        what: (&str, &str),
        before: Option<NodeId>,
        changes: &mut Vec<Change>,
    ) -> Option<NodeId> {
        let (kind, what) = what;
        let fits = |id: &NodeId| self.node(*id).is_some_and(|node| node.kind == kind && node.left_micros.is_none());
        let id = self.upwards(before?).find(fits)?;
        // The failure of a map run has been told by its own event.
        let is_told = self.node(id).is_some_and(|node| node.map_run.is_some() && node.outcome == Outcome::Failed);
        let failure = (what == "Failed" && !is_told).then(|| self.failure_below(id));
        if what == "Failed" {
            self.abandon_below(id, seen.at);
        }
        let node = self.nodes.get_mut(id)?;
        match (what, failure) {
            ("Started", _) => {
                node.attempts += 1;
                node.outcome = Outcome::Running;
                node.length =
                    count(seen.event.get("mapStateStartedEventDetails").and_then(|details| details.get("length")));
            }
            (_, Some(failure)) => {
                node.outcome = Outcome::Failed;
                let (error, cause) = failure.unwrap_or_default();
                node.failures.push(Attempt { number: node.attempts, error, cause });
                changes.push(Change::AttemptFailed(id));
            }
            (_, None) => {}
        }
        Some(id)
    }

    /// The failure that made a container fail: the latest below it.
    fn failure_below(&self, id: NodeId) -> Option<(String, String)> {
        let below = (id + 1..self.nodes.len()).rev().filter(|below| self.upwards(*below).any(|around| around == id));
        below.filter_map(|below| self.node(below)).find_map(|node| {
            let last = node.failures.last().filter(|_| node.outcome == Outcome::Failed)?;
            Some((last.error.clone(), last.cause.clone()))
        })
    }

    /// Whatever is open below a container that failed will not go on.
    fn abandon_below(&mut self, id: NodeId, at: i64) {
        let below: Vec<NodeId> = (id + 1..self.nodes.len())
            .filter(|below| self.upwards(*below).skip(1).any(|around| around == id))
            .collect();
        for below in below {
            self.close(below, at);
        }
    }

    fn close(&mut self, id: NodeId, at: i64) {
        if let Some(node) = self.nodes.get_mut(id)
            && node.left_micros.is_none()
        {
            node.left_micros = Some(at);
            if node.outcome == Outcome::Running {
                node.outcome = Outcome::Aborted;
            }
        }
    }

    fn execution(&mut self, seen: &Seen<'_>, before: Option<NodeId>, changes: &mut Vec<Change>) {
        if !matches!(seen.kind, "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionTimedOut" | "ExecutionAborted") {
            return;
        }
        if seen.kind == "ExecutionFailed"
            && let Some(node) = before.and_then(|id| self.nodes.get_mut(id))
        {
            node.outcome = Outcome::Failed;
            if node.kind == "Fail" {
                let (error, cause) = (seen.detail("executionFailed", "error"), seen.detail("executionFailed", "cause"));
                node.failures.push(Attempt { number: 1, error, cause });
            }
        }
        for id in 0..self.nodes.len() {
            if self.node(id).is_some_and(|node| node.left_micros.is_none()) {
                self.close(id, seen.at);
                changes.push(Change::Left(id));
            }
        }
    }

    /// Events of a task's calls.
    fn call(&mut self, seen: &Seen<'_>, id: NodeId, changes: &mut Vec<Change>) -> Option<NodeId> {
        let node = self.nodes.get_mut(id)?;
        if let Some(receipt) = seen.event.get("stepwell") {
            let number = |name: &str| count(receipt.get(name)).unwrap_or(0);
            node.fuel = Some((number("fuelComputing").saturating_add(number("fuelWaiting")), number("fuelBudget")));
        }
        if seen.kind.ends_with("Scheduled") {
            node.attempts += 1;
            node.outcome = Outcome::Running;
        } else if seen.kind.ends_with("Failed") || seen.kind.ends_with("TimedOut") {
            node.outcome = Outcome::Failed;
            let details = format!("{}{}", seen.kind.get(..1)?.to_lowercase(), seen.kind.get(1..)?);
            let (error, cause) = (seen.detail(&details, "error"), seen.detail(&details, "cause"));
            node.failures.push(Attempt { number: node.attempts.max(1), error, cause });
            changes.push(Change::AttemptFailed(id));
        }
        Some(id)
    }

    /// The node and everything around it, from the inside out.
    fn upwards(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(id), |id| self.node(*id).and_then(|node| node.parent))
    }
}

/// An event on its way in.
struct Seen<'a> {
    event: &'a Value,
    kind: &'a str,
    previous: u64,
    at: i64,
}

impl Seen<'_> {
    /// A member of `{what}EventDetails` as text.
    fn detail(&self, what: &str, member: &str) -> String {
        match self.event.get(&format!("{what}EventDetails")).and_then(|details| details.get(member)) {
            Some(Value::String(text)) => text.to_string(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }
}

fn count(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_i64).and_then(|number| u64::try_from(number).ok())
}

/// The kind and the happening of `ParallelStateStarted`, `MapStateFailed`, …
fn container_event(kind: &str) -> Option<(&str, &str)> {
    let (container, what) = kind.split_once("State")?;
    let known = matches!(container, "Parallel" | "Map") && matches!(what, "Started" | "Succeeded" | "Failed");
    known.then_some((container, what))
}

#[cfg(test)]
mod tests;
