//! What tasks were promised does not change: the exported interface and its types are the
//! text they were when version 1 was published, and every copy of the WIT is the same.

use crate::repository::{files, read, report};

/// The two interfaces, without comments and blanks.
const FROZEN: &str = "package stepwell:task@1.0.0; \
    interface types { type json = string; record failure { error: string, cause: string, } } \
    interface guest { use types.{json, failure}; describe: func() -> json; \
    run: func(input: json) -> result<json, failure>; }";

#[test]
fn the_guest_interface_is_frozen() {
    let text = plain(&read("wit/v1/task.wit"));
    assert!(
        text.starts_with(FROZEN),
        "wit/v1/task.wit: `guest` and its types are frozen within the major version; a change is wit/v2\n{text}"
    );
}

#[test]
fn copies_of_the_wit_are_the_same() {
    let master = read("wit/v1/task.wit");
    let problems: Vec<_> = files()
        .into_iter()
        .filter(|path| path.ends_with("/task.wit") && path != "wit/v1/task.wit")
        .filter(|path| read(path) != master)
        .collect();
    report("wit: copy wit/v1/task.wit over it", &problems);
}

fn plain(wit: &str) -> String {
    let code = wit.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
