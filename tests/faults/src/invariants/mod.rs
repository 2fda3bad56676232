//! What must hold, by number.
//!
//! Each check says how many things it looked at. One that cannot look at anything yet says
//! why; one that could and had nothing to look at says that too: neither passes for a proof.

mod answers;
mod calls;
mod data;
mod effects;
mod history;
mod states;

#[cfg(test)]
mod tests;

use crate::case::Case;

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The execution it is about; empty where it is about none.
    pub execution: String,
    pub what: String,
}

/// How an invariant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// So many things were looked at.
    Checked(usize),
    /// There was nothing to look at, or the invariant is about something that is not built.
    Idle(&'static str),
}

/// What became of one invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `I1`.
    pub invariant: &'static str,
    pub says: &'static str,
    pub standing: Standing,
    pub violations: Vec<Violation>,
}

/// What a check found.
#[derive(Debug, Default)]
struct Findings {
    looked_at: usize,
    violations: Vec<Violation>,
}

impl Findings {
    fn violation(&mut self, execution: &str, what: impl Into<String>) {
        self.violations.push(Violation { execution: execution.to_owned(), what: what.into() });
    }

    /// One more thing was looked at, and this must hold of it.
    fn expect(&mut self, holds: bool, execution: &str, what: impl FnOnce() -> String) {
        self.looked_at += 1;
        if !holds {
            self.violation(execution, what());
        }
    }
}

type Check = fn(&Case, &mut Findings);

/// An invariant: a check, or why there is none yet.
type Row = (&'static str, &'static str, Result<Check, &'static str>);

const ROWS: [Row; 27] = [
    ("I1", "the ids of events are dense from 1", Ok(history::ids_are_dense)),
    ("I2", "an event's cause comes before it", Ok(history::causes_come_before)),
    ("I3", "one start, first, with the acknowledged input", Ok(history::one_start)),
    ("I4", "closed exactly when the last event is an end, and one end", Ok(history::one_end)),
    ("I5", "the times of events never decrease", Ok(history::times_never_decrease)),
    ("I6", "every state that is left was entered once", Ok(states::left_was_entered)),
    ("I7", "a call has at most one start and one outcome", Ok(calls::one_outcome)),
    ("I8", "no more attempts, and none sooner, than the retrier says", Ok(calls::retries_as_defined)),
    ("I9", "the journal folds, and what the host shows is the fold", Ok(history::folds)),
    ("I10", "status and output are the interpreter's", Ok(history::ends_as_folded)),
    ("I11", "no Wait is left early", Ok(states::waits_are_long_enough)),
    ("I12", "nothing times out early", Ok(calls::timeouts_are_late_enough)),
    ("I13", "a Map runs all items, and no more at a time than it may", Ok(states::maps_keep_their_limits)),
    ("I14", "no history is longer than 25,000 events", Ok(history::not_too_long)),
    ("I15", "every acknowledged start is there, as it was asked", Ok(answers::starts_are_there)),
    ("I16", "one execution for each machine and name", Ok(answers::names_are_unique)),
    ("I17", "an acknowledged stop has ended the execution", Ok(answers::stops_ended)),
    ("I18", "an acknowledged token has one outcome", Err("task tokens are not built yet")),
    ("I19", "what was read of a history stays its beginning", Ok(answers::reads_are_prefixes)),
    ("I20", "nothing is stuck", Ok(answers::nothing_is_stuck)),
    ("I21", "every recorded success was an effect with that result", Ok(effects::successes_happened)),
    ("I22", "no call is sent again without a loss of the host", Ok(effects::sent_as_often_as_lost)),
    ("I23", "one idempotency key, one input", Ok(effects::one_input_for_each_key)),
    ("I24", "epochs never decrease", Err("leases and epochs come with the store that several hosts share")),
    ("I31", "the store is whole: no orphans, checksums and indexes agree", Ok(data::store_is_whole)),
    ("I32", "what is counted is what is there", Ok(data::counts_agree)),
    ("I33", "every event is one of the pinned definition", Ok(data::events_are_of_the_definition)),
];

/// Checks all invariants, in their order.
#[must_use]
pub fn check(case: &Case) -> Vec<Verdict> {
    let verdict = |(invariant, says, check): &Row| {
        let mut findings = Findings::default();
        let standing = match check {
            Ok(check) => {
                check(case, &mut findings);
                match findings.looked_at {
                    0 => Standing::Idle("nothing of this case is about it"),
                    looked_at => Standing::Checked(looked_at),
                }
            }
            Err(why) => Standing::Idle(why),
        };
        Verdict { invariant, says, standing, violations: findings.violations }
    };
    ROWS.iter().map(verdict).collect()
}

/// All violations, each with its invariant.
pub fn violations(verdicts: &[Verdict]) -> impl Iterator<Item = (&'static str, &Violation)> {
    verdicts.iter().flat_map(|verdict| verdict.violations.iter().map(|violation| (verdict.invariant, violation)))
}
