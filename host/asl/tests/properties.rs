//! Any definition does what a naive reading of the language says, folds to the same from its
//! journal, and leaves a well-formed history. `PROPTEST_CASES` raises the number of cases.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::FileFailurePersistence;
use stepwell_asl::Status;

mod begin;
#[path = "properties/generate.rs"]
mod generate;
#[path = "properties/model.rs"]
mod model;
#[path = "properties/reference.rs"]
mod reference;
#[path = "properties/subject.rs"]
mod subject;
#[path = "properties/wellformed.rs"]
mod wellformed;
#[path = "properties/world.rs"]
mod world;

use generate::{Case, case};
use reference::{End, Fault};
use subject::{Lived, live, refold};
use world::{UNTOLD, World, plain};

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_500);
    ProptestConfig {
        cases,
        max_global_rejects: cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Shown as one line.
#[derive(Clone)]
struct Choices(Vec<u8>);

impl std::fmt::Debug for Choices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|choice| write!(f, "{choice:02x}"))
    }
}

fn cases() -> impl Strategy<Value = Choices> {
    prop::collection::vec(any::<u8>(), 0..400).prop_map(Choices)
}

/// How the execution ended, in the words of the reference.
fn ended(lived: &Lived) -> End {
    let text = |text: &Option<std::sync::Arc<str>>| {
        text.as_deref().map(|text| if text.contains(UNTOLD) { UNTOLD } else { text }.to_owned())
    };
    match lived.execution.status() {
        Status::Succeeded { output } => End::Succeeded(plain(serde_json::from_str(&output.to_string()).unwrap())),
        Status::Failed(failure) => End::Failed(Fault { error: text(&failure.error), cause: text(&failure.cause) }),
        Status::TimedOut(_) => End::TimedOut,
        other @ (Status::Running | Status::Aborted(_)) => panic!("it has not ended: {other:?}"),
    }
}

fn told(end: End) -> End {
    match end {
        End::Succeeded(output) => End::Succeeded(plain(output)),
        End::Failed(fault) => {
            let cause = fault.cause.map(|text| if text.contains(UNTOLD) { UNTOLD.to_owned() } else { text });
            End::Failed(Fault { cause, ..fault })
        }
        End::TimedOut => End::TimedOut,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn definitions_do_what_the_language_says(choices in cases(), cut in any::<prop::sample::Index>(), salt in any::<u64>()) {
        let Case { definition, input, world } = case(&choices.0);
        let text = definition.text();
        let lived = live(&text, &input, &world);
        if let Err(reason) = std::panic::catch_unwind(|| wellformed::check(&lived.out.events)) {
            let lines = lived.out.events.iter().map(|event| format!("{} <- {} {}\n", event.id, event.previous_id, event.type_name()));
            eprintln!("{text}\n{input}\n{}", lines.collect::<String>());
            std::panic::resume_unwind(reason);
        }

        // Folded again from its journal, from the beginning and from where it was interrupted.
        refold(&text, &input, &lived, cut.index(lived.journal.len() + 1));

        let reference = reference::run(&definition, &input, &world);
        prop_assume!(!reference.unsure);
        prop_assert_eq!(ended(&lived), told(reference.end.clone()), "{}\n{}\n{:?}", text, input, world);

        // The order of what comes back does not show, as long as nothing takes its siblings with it.
        if !reference.cut_short && definition.timeout_seconds.is_none() {
            let other = live(&text, &input, &World { salt, ..world.clone() });
            prop_assert_eq!(ended(&other), told(reference.end), "in another order: {}\n{}\n{:?}", text, input, world);
        }
    }
}

/// The generator reaches the language, and the reference is seldom at a loss.
#[test]
fn cases_are_worth_their_while() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut sure, mut succeeded, mut long, mut failed, mut kinds) = (0, 0, 0, 0, std::collections::BTreeMap::new());
    let all = 600;
    for _ in 0..all {
        let choices = cases().new_tree(&mut runner).unwrap().current();
        let Case { definition, input, world } = case(&choices.0);
        let lived = live(&definition.text(), &input, &world);
        let told = reference::run(&definition, &input, &world);
        sure += usize::from(!told.unsure);
        match told.end {
            End::Succeeded(_) => succeeded += 1,
            End::Failed(_) | End::TimedOut => failed += 1,
        }
        long += usize::from(lived.out.events.len() > 20);
        for event in &lived.out.events {
            *kinds.entry(event.type_name()).or_insert(0) += 1;
        }
    }
    println!("of {all}: {sure} sure, {succeeded} succeeded, {failed} failed, {long} long\n{kinds:?}");
    assert!(sure * 10 > all * 8, "the reference knows {sure} of {all}");
    assert!(succeeded * 3 > all && failed * 10 > all && long * 4 > all, "{succeeded} {failed} {long} of {all}");
    for kind in [
        "PassStateExited",
        "ChoiceStateExited",
        "WaitStateExited",
        "TaskStateExited",
        "ParallelStateExited",
        "MapStateExited",
        "MapIterationFailed",
        "MapIterationAborted",
        "TaskStateAborted",
        "ParallelStateFailed",
        "MapStateFailed",
        "EvaluationFailed",
        "ExecutionTimedOut",
        "FailStateEntered",
        "SucceedStateExited",
    ] {
        assert!(kinds.contains_key(kind), "no case has a {kind}");
    }
}
