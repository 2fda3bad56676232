//! Every field with values of every wrong kind, fields of the other language, and resources.

use serde_json::json;

use crate::Case;
use crate::Expected::Refused;

pub fn families() -> Vec<(&'static str, Vec<Case>)> {
    vec![("wrong-kinds", wrong_kinds()), ("fields-of-the-other-language", foreign()), ("resources", resources())]
}

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

/// A state that is right but for the one field; `FIELD` is where it goes.
const STATES: [(&str, &str, &[&str]); 9] = [
    (
        "machine",
        r#"{FIELD,"StartAt":"S","States":{"S":{"Type":"Succeed"}}}"#,
        &["Comment", "TimeoutSeconds", "Version", "QueryLanguage"],
    ),
    (
        "pass",
        r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Pass","End":true}}}"#,
        &["Comment", "InputPath", "OutputPath", "ResultPath", "Assign", "QueryLanguage"],
    ),
    (
        "task",
        r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Task","Resource":"task:t","End":true}}}"#,
        &[
            "TimeoutSeconds",
            "TimeoutSecondsPath",
            "HeartbeatSeconds",
            "HeartbeatSecondsPath",
            "Retry",
            "Catch",
            "Credentials",
        ],
    ),
    ("parallel", r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Parallel","End":true}}}"#, &["Branches"]),
    (
        "map",
        r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Map","End":true,"Iterator":{"StartAt":"E","States":{"E":{"Type":"Succeed"}}}}}}"#,
        &["ItemsPath", "MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailurePercentage"],
    ),
    ("processor", r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Map","End":true}}}"#, &["ItemProcessor"]),
    (
        "choice",
        r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Choice","Default":"E"},"E":{"Type":"Succeed"}}}"#,
        &["Choices"],
    ),
    (
        "wait",
        r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Wait","End":true}}}"#,
        &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"],
    ),
    ("fail", r#"{"StartAt":"S","States":{"S":{FIELD,"Type":"Fail"}}}"#, &["Error", "Cause", "ErrorPath", "CausePath"]),
];

const VALUES: [(&str, &str); 5] =
    [("null", "null"), ("a-boolean", "true"), ("a-number", "-1.5"), ("an-array", "[[]]"), ("an-object", "{\"a\":{}}")];

fn wrong_kinds() -> Vec<Case> {
    let mut cases = Vec::new();
    for (state, text, fields) in STATES {
        for field in fields {
            for (kind, value) in VALUES {
                // A path may be null, which says that there is nothing; and a set of variables is an object.
                let right = match *field {
                    "InputPath" | "OutputPath" | "ResultPath" => kind == "null",
                    "Assign" => kind == "an-object",
                    _ => false,
                };
                if !right {
                    let definition = text.replace("FIELD", &format!("\"{field}\":{value}"));
                    cases.push(Case::new(format!("{state}-{field}-{kind}"), definition, Refused(SCHEMA)));
                }
            }
        }
    }
    for (name, definition) in [
        ("type-of-another-case", r#"{"StartAt":"S","States":{"S":{"Type":"pass","End":true}}}"#),
        ("type-null", r#"{"StartAt":"S","States":{"S":{"Type":null}}}"#),
        ("type-a-number", r#"{"StartAt":"S","States":{"S":{"Type":1}}}"#),
        ("next-null", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","Next":null}}}"#),
        ("next-an-array", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","Next":["S"]}}}"#),
        ("end-text", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":"true"}}}"#),
        ("end-a-number", r#"{"StartAt":"S","States":{"S":{"Type":"Pass","End":1}}}"#),
        ("start-null", r#"{"StartAt":null,"States":{"S":{"Type":"Succeed"}}}"#),
        ("start-an-object", r#"{"StartAt":{},"States":{"S":{"Type":"Succeed"}}}"#),
        ("states-an-array", r#"{"StartAt":"S","States":[{"Type":"Succeed"}]}"#),
        ("states-text", r#"{"StartAt":"S","States":"S"}"#),
        ("a-state-that-is-text", r#"{"StartAt":"S","States":{"S":"Succeed"}}"#),
        ("a-branch-that-is-null", r#"{"StartAt":"S","States":{"S":{"Type":"Parallel","End":true,"Branches":[null]}}}"#),
        ("a-rule-that-is-text", r#"{"StartAt":"S","States":{"S":{"Type":"Choice","Choices":["$.a"]}}}"#),
        (
            "a-retrier-that-is-null",
            r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":[null]}}}"#,
        ),
        (
            "errors-that-are-text",
            r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":[{"ErrorEquals":"States.ALL"}]}}}"#,
        ),
        (
            "errors-that-are-numbers",
            r#"{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"task:t","End":true,"Retry":[{"ErrorEquals":[1,null]}]}}}"#,
        ),
    ] {
        cases.push(Case::new(name, definition, Refused(SCHEMA)));
    }
    cases
}

fn foreign() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, fields) in [
        ("Pass", &["InputPath", "OutputPath", "Parameters", "ResultPath", "Result"][..]),
        ("Task", &["InputPath", "Parameters", "ResultSelector", "TimeoutSecondsPath", "HeartbeatSecondsPath"]),
        ("Wait", &["SecondsPath", "TimestampPath"]),
        ("Fail", &["ErrorPath", "CausePath"]),
    ] {
        for field in fields {
            let value = if matches!(*field, "Parameters" | "ResultSelector") { "{}" } else { "\"$.a\"" };
            let rest = match kind {
                "Task" => r#","Resource":"task:t","End":true"#,
                "Fail" => "",
                _ => r#","End":true"#,
            };
            let state = format!(
                r#"{{"StartAt":"S","States":{{"S":{{"Type":"{kind}","QueryLanguage":"JSONata","{field}":{value}{rest}}}}}}}"#
            );
            cases.push(Case::new(format!("{kind}-{field}-in-JSONata"), state, Refused(SCHEMA)));
        }
    }
    for (kind, field) in [
        ("Pass", "Output"),
        ("Task", "Arguments"),
        ("Task", "Output"),
        ("Parallel", "Arguments"),
        ("Succeed", "Output"),
    ] {
        let rest = match kind {
            "Task" => r#","Resource":"task:t","End":true"#,
            "Parallel" => r#","Branches":[{"StartAt":"E","States":{"E":{"Type":"Succeed"}}}],"End":true"#,
            "Succeed" => "",
            _ => r#","End":true"#,
        };
        let state = format!(r#"{{"StartAt":"S","States":{{"S":{{"Type":"{kind}","{field}":{{}}{rest}}}}}}}"#);
        cases.push(Case::new(format!("{kind}-{field}-in-JSONPath"), state, Refused(SCHEMA)));
    }
    let back =
        r#"{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Succeed","QueryLanguage":"JSONPath"}}}"#;
    cases.push(Case::new("back-to-JSONPath", back, Refused(SCHEMA)));
    cases
}

fn resources() -> Vec<Case> {
    let long = format!("task:{}", "x".repeat(65));
    let texts = [
        "t",
        "task:",
        "task: t",
        "task:a/b",
        "task:a\nb",
        "task:ä",
        "task:../../etc/passwd",
        &long,
        "arn:",
        "arn:aws:lambda",
        "arn:aws:lambda:us-east-1:123456789012:function:",
        "arn:aws:lambda:::function:f",
        "arn:aws:lambda:us-east-1:123456789012:layer:f",
        "arn:xyz:lambda:us-east-1:123456789012:function:f",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "$.resource",
    ];
    let case = |(at, text): (usize, &&str)| {
        let definition =
            json!([r#"{"StartAt":"S","States":{"S":{"Type":"Task","End":true,"Resource":"#, {"quoted": text}, "}}}"]);
        Case::new(format!("{at:02}"), definition, Refused(SCHEMA))
    };
    texts.iter().enumerate().map(case).collect()
}
