//! What fuzzing has found stays mended: every file in `tests/fuzz/regressions` is run through its
//! target again, after some bytes that show that the targets do something.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

#[path = "../../../tests/fuzz/src/targets/definition.rs"]
mod definition;
#[path = "../../../tests/fuzz/src/targets/driver.rs"]
mod driver;
#[allow(dead_code, reason = "the properties use more of it")]
#[path = "properties/generate.rs"]
mod generate;
#[path = "../../../tests/fuzz/src/targets/jsonata.rs"]
mod jsonata;
#[path = "../../../tests/fuzz/src/targets/jsonpath.rs"]
mod jsonpath;
#[path = "properties/model.rs"]
mod model;
#[path = "../../../tests/fuzz/src/targets/step.rs"]
mod step;
#[allow(dead_code, reason = "the properties use more of it")]
#[path = "properties/world.rs"]
mod world;

type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

const TARGETS: [Target; 4] = [
    (
        "definition",
        definition::run,
        &[
            "",
            "{",
            r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"Next":"B"},"B":{"Type":"Task","Resource":"task:t","End":true}}}"#,
        ],
    ),
    (
        "jsonpath",
        jsonpath::run,
        &["$.a[?(@.b)]\n{\"a\":[{\"b\":1}]}", "$.a.b\n{}", "States.Format('{}', $)\n1", "{\"a.$\":\"$$\"}\n[]"],
    ),
    ("jsonata", jsonata::run, &["$sum(a)\n---\n{\"a\":[1,2]}", "($f := function($n){ $f($n) }; $f(1))", "'"]),
    ("step", step::run, &["\u{1}\u{7f}0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"]),
];

#[test]
fn what_was_found_stays_mended() {
    for (name, target, samples) in TARGETS {
        samples.iter().for_each(|sample| target(sample.as_bytes()));
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/regressions").join(name);
        let entries = std::fs::read_dir(directory).into_iter().flatten();
        for path in entries.map(|entry| entry.unwrap().path()) {
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn many_choices_drive_many_executions() {
    for at in 0..=255_u8 {
        let bytes: Vec<u8> = (0..=255_u8).map(|n| n.wrapping_mul(at).wrapping_add(n / 3)).collect();
        step::run(&bytes);
    }
}
