#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::style::Palette;

/// The problems of a project file in a directory that has `a.asl.json`, as a terminal shows them.
fn problems(text: &str, purpose: Purpose) -> String {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.asl.json"), "{}").unwrap();
    let file = directory.path().join(FILE_NAME);
    let shown = match Project::parse(&file, text.to_owned(), purpose) {
        Ok(_) => "no problem".to_owned(),
        Err(problems) => problems.render(&Palette::plain()),
    };
    shown.replace(&directory.path().display().to_string(), "DIR")
}

const WHOLE: &str = r#"
[project]
name = "report"

[host]
listen = "127.0.0.1:9000"
data = "data"

[workflows.report]
definition = "a.asl.json"

[[routes]]
method = "POST"
path = "/generate-report"
start = "report"

[plugins.query]
component = "plugins/query.wasm"
[plugins.query.limits]
timeout_seconds_default = 5
memory_bytes_max = 1000000
[plugins.query.grants]
http = ["http://127.0.0.1:9099", "https://*.example.com"]
databases.flights = { path = "flights.db" }
directories.reports = { path = "reports", access = "read-write" }
config = { currency = "USD" }
secrets = ["key"]

[secrets.key]
value_for_development = "s3cret"

[buckets.orders]
path = "data/orders"

[buckets."results.2026"]
path = "results"
access = "read-write"
"#;

#[test]
fn the_whole_file_is_read() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.asl.json"), "{}").unwrap();
    let file = directory.path().join(FILE_NAME);
    let project = Project::parse(&file, WHOLE.to_owned(), Purpose::Development).unwrap();
    assert_eq!(project.name, "report");
    assert_eq!(project.listen, "127.0.0.1:9000".parse().unwrap());
    assert_eq!(project.data, directory.path().join("data"));
    let buckets: Vec<_> = project.buckets.iter().map(|(name, bucket)| (name.as_str(), bucket.access)).collect();
    assert_eq!(
        buckets,
        [
            ("orders", stepwell_objects_local::Access::ReadOnly),
            ("results.2026", stepwell_objects_local::Access::ReadWrite)
        ]
    );
    assert_eq!(project.buckets["orders"].path, directory.path().join("data/orders"));
    assert_eq!(project.workflows[0].name, "report");
    assert_eq!(project.routes[0].path, "/generate-report");
    let plugin = &project.plugins[0].plugin;
    assert_eq!(plugin.component, directory.path().join("plugins/query.wasm"));
    assert_eq!((plugin.limits.timeout_seconds_default, plugin.limits.timeout_seconds_max), (5, 900));
    assert_eq!((plugin.limits.memory_bytes_max, plugin.limits.table_elements_max), (1_000_000, 10_000));
    assert_eq!(plugin.grants.http.len(), 2);
    assert_eq!(plugin.grants.databases["flights"], directory.path().join("flights.db"));
    assert_eq!(plugin.grants.config["currency"], "USD");
    assert!(plugin.grants.secrets.contains_key("key"));
    assert!(!format!("{project:?}").contains("s3cret"));
}

#[test]
fn a_value_for_development_is_refused_in_production() {
    insta::assert_snapshot!(problems(WHOLE, Purpose::Production), @r#"
    error: the secret "key" has only a value for development
      --> DIR/stepwell.toml:27:12
       |
    27 | secrets = ["key"]
       |            ^^^^^
       = help: `stepwell serve` needs env = "VARIABLE" or file = "PATH"
    "#);
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let text = "[project]\nname = \"a\"\n[plugins.q]\ncomponent = \"q.wasm\"\n[plugins.q.limits]\nmemory = 5\n";
    insta::assert_snapshot!(problems(text, Purpose::Development), @r"
    error: unknown field `memory`, expected one of `timeout_seconds_default`, `timeout_seconds_max`, `memory_bytes_max`, `table_elements_max`, `stack_bytes_max`, `output_bytes_max`, `log_bytes_max`, `concurrent_calls_max`
      --> DIR/stepwell.toml:6:1
      |
    6 | memory = 5
      | ^^^^^^
    ");
}

#[test]
fn what_is_not_toml_is_named_with_its_place() {
    insta::assert_snapshot!(problems("[project]\nname = \n", Purpose::Development), @r"
    error: string values must be quoted, expected literal string
      --> DIR/stepwell.toml:2:8
      |
    2 | name = 
      |        ^
    ");
}

#[test]
fn a_wrong_type_is_named_with_its_place() {
    let text = "[project]\nname = \"a\"\n[plugins.q]\ncomponent = \"q\"\nlimits.log_bytes_max = -1\n";
    insta::assert_snapshot!(problems(text, Purpose::Development), @r"
    error: invalid value: integer `-1`, expected u64
      --> DIR/stepwell.toml:5:24
      |
    5 | limits.log_bytes_max = -1
      |                        ^^
    ");
}

#[test]
fn all_problems_come_together() {
    let text = r#"
[project]
name = "my project"
[host]
listen = "localhost"
[workflows.report]
definition = "b.asl.json"
[workflows.reprot]
definition = "a.asl.json"
[[routes]]
method = "GET"
path = "/api/v1/x"
start = "repotr"
[[routes]]
method = "POST"
path = "/a//b"
start = "report"
[plugins.query]
component = "q.wasm"
limits = { timeout_seconds_default = 901, output_bytes_max = 0 }
grants = { http = ["ftp://a", "http://a/b"], secrets = ["kye", "none"] }
[secrets.key]
env = "STEPWELL_TEST_UNSET"
file = "x"
[secrets.none]
"#;
    insta::assert_snapshot!(problems(text, Purpose::Development), @r#"
    error: "my project" is no name for a project
      --> DIR/stepwell.toml:3:8
      |
    3 | name = "my project"
      |        ^^^^^^^^^^^^
       = help: use 1 to 64 of the characters a-z A-Z 0-9 - _

    error: "localhost" is no address to listen on
      --> DIR/stepwell.toml:5:10
      |
    5 | listen = "localhost"
      |          ^^^^^^^^^^^
       = help: write an IP address and a port, such as "127.0.0.1:8083" or "[::1]:8083"

    error: the definition DIR/b.asl.json does not exist
      --> DIR/stepwell.toml:7:14
      |
    7 | definition = "b.asl.json"
      |              ^^^^^^^^^^^^
       = help: correct the path; paths are relative to the project file

    error: a route cannot have the method "GET"
      --> DIR/stepwell.toml:11:10
       |
    11 | method = "GET"
       |          ^^^^^
       = help: a route that starts a workflow has the method "POST"

    error: the path /api/v1/x belongs to the host
      --> DIR/stepwell.toml:12:8
       |
    12 | path = "/api/v1/x"
       |        ^^^^^^^^^^^
       = help: choose a path that is not below /api

    error: the route starts the workflow "repotr", which this file does not name
      --> DIR/stepwell.toml:13:9
       |
    13 | start = "repotr"
       |         ^^^^^^^^
       = help: did you mean "report"?

    error: "/a//b" is no path for a route
      --> DIR/stepwell.toml:16:8
       |
    16 | path = "/a//b"
       |        ^^^^^^^
       = help: write a path such as "/generate-report": parts of a-z A-Z 0-9 - _ . ~ after slashes

    error: 901 is outside of what this limit can be
      --> DIR/stepwell.toml:20:38
       |
    20 | limits = { timeout_seconds_default = 901, output_bytes_max = 0 }
       |                                      ^^^
       = help: write a number from 1 to 900

    error: timeout_seconds_default is 901, more than timeout_seconds_max, which is 900
      --> DIR/stepwell.toml:20:38
       |
    20 | limits = { timeout_seconds_default = 901, output_bytes_max = 0 }
       |                                      ^^^
       = help: raise the maximum or lower the default

    error: 0 is outside of what this limit can be
      --> DIR/stepwell.toml:20:62
       |
    20 | limits = { timeout_seconds_default = 901, output_bytes_max = 0 }
       |                                                              ^
       = help: write a number from 1 to 262144

    error: "ftp://a" is no origin
      --> DIR/stepwell.toml:21:20
       |
    21 | grants = { http = ["ftp://a", "http://a/b"], secrets = ["kye", "none"] }
       |                    ^^^^^^^^^
       = help: write scheme, host and port, such as "https://api.example.com", "https://*.example.com" or "http://127.0.0.1:9099"

    error: "http://a/b" is no origin
      --> DIR/stepwell.toml:21:31
       |
    21 | grants = { http = ["ftp://a", "http://a/b"], secrets = ["kye", "none"] }
       |                               ^^^^^^^^^^^^
       = help: write scheme, host and port, such as "https://api.example.com", "https://*.example.com" or "http://127.0.0.1:9099"

    error: the grant names the secret "kye", which this file does not describe
      --> DIR/stepwell.toml:21:57
       |
    21 | grants = { http = ["ftp://a", "http://a/b"], secrets = ["kye", "none"] }
       |                                                         ^^^^^
       = help: did you mean "key"?

    error: the secret "key" comes from two places
      --> DIR/stepwell.toml:22:10
       |
    22 | [secrets.key]
       |          ^^^
       = help: write env = "VARIABLE" or file = "PATH"; value_for_development may stand beside it for `dev`

    error: the secret "none" comes from nowhere
      --> DIR/stepwell.toml:25:10
       |
    25 | [secrets.none]
       |          ^^^^
       = help: write env = "VARIABLE" or file = "PATH"; value_for_development may stand beside it for `dev`
    "#);
}

#[test]
fn a_secret_comes_from_a_file_without_its_last_line_end() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key"), "abc\n").unwrap();
    let text = "[project]\nname = \"a\"\n[plugins.q]\ncomponent = \"q\"\ngrants.secrets = [\"k\"]\n\
                [secrets.k]\nfile = \"key\"\n";
    let file = directory.path().join(FILE_NAME);
    let project = Project::parse(&file, text.to_owned(), Purpose::Production).unwrap();
    assert!(project.plugins[0].plugin.grants.secrets.contains_key("k"));
    std::fs::remove_file(directory.path().join("key")).unwrap();
    assert!(Project::parse(&file, text.to_owned(), Purpose::Production).is_err());
}

#[test]
fn the_nearest_project_file_is_found_upwards() {
    let directory = tempfile::tempdir().unwrap();
    let deep = directory.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(directory.path().join(FILE_NAME), "").unwrap();
    assert_eq!(Project::nearest(&deep), Some(directory.path().join(FILE_NAME)));
}

#[test]
fn a_file_that_is_missing_or_too_large_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(FILE_NAME);
    let missing = Project::read(&file, Purpose::Development).unwrap_err().render(&Palette::plain());
    assert!(missing.contains("cannot read the project file"), "{missing}");
    std::fs::write(&file, " ".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1)).unwrap();
    let large = Project::read(&file, Purpose::Development).unwrap_err().render(&Palette::plain());
    assert!(large.contains("has at most 1048576"), "{large}");
}

#[test]
fn a_bucket_is_named_as_aws_names_them() {
    for (name, is_allowed) in [("abc", true), ("a.b-c", true), ("ab", false), ("Abc", false), ("abc-", false)] {
        let text = format!("[project]\nname = \"p\"\n[buckets.\"{name}\"]\npath = \"x\"\n");
        let shown = problems(&text, Purpose::Development);
        assert_eq!(shown == "no problem", is_allowed, "{shown}");
        assert!(is_allowed || shown.contains("is no name for a bucket"), "{shown}");
    }
}
