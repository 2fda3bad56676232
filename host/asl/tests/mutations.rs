//! Definitions with every value in turn replaced by one of another kind, or left out: whatever comes
//! of it is told with all that a diagnostic has.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value as Json, json};
use stepwell_asl::{Diagnostic, Machine, Severity, WorkflowType, diagnostic};

/// Every field of the language, in JSONPath.
const PATHS: &str = r#"{"Comment":"c","Version":"1.0","QueryLanguage":"JSONPath","TimeoutSeconds":9,"StartAt":"Pass","States":{
  "Pass":{"Type":"Pass","Comment":"c","InputPath":"$.a","OutputPath":"$","Parameters":{"a.$":"$.a","b":[1,{"c.$":"States.UUID()"}]},"ResultPath":"$.r","Assign":{"v":1,"w.$":"$.a"},"Next":"Task"},
  "Task":{"Type":"Task","Resource":"task:x","Credentials":{"RoleArn":"r"},"TimeoutSeconds":9,"HeartbeatSeconds":5,"ResultSelector":{"a.$":"$.b"},"Next":"Choice",
    "Retry":[{"ErrorEquals":["E"],"IntervalSeconds":1,"MaxAttempts":2,"BackoffRate":1.5,"MaxDelaySeconds":9,"JitterStrategy":"FULL"},{"ErrorEquals":["States.ALL"]}],
    "Catch":[{"ErrorEquals":["E"],"ResultPath":"$.e","Assign":{"x":1},"Next":"Fail"}]},
  "Choice":{"Type":"Choice","Choices":[
    {"Variable":"$.a","StringEquals":"x","Next":"Wait"},{"Variable":"$.a","NumericLessThanPath":"$.b","Next":"Until"},{"Not":{"Variable":"$v","IsPresent":true},"Next":"Map"},
    {"And":[{"Variable":"$.a","TimestampEquals":"2020-01-01T00:00:00Z"},{"Or":[{"Variable":"$.a","BooleanEquals":true}]}],"Assign":{"y":1},"Next":"Both"}],"Default":"Wait"},
  "Wait":{"Type":"Wait","Seconds":1,"Next":"Until"},
  "Until":{"Type":"Wait","TimestampPath":"$.t","Next":"Map"},
  "Map":{"Type":"Map","ItemsPath":"$.i","ItemSelector":{"a.$":"$$.Map.Item.Value"},"MaxConcurrency":1,"ToleratedFailureCount":1,"ToleratedFailurePercentage":5.5,"Next":"Large",
    "ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"In","States":{"In":{"Type":"Succeed"}}}},
  "Large":{"Type":"Map","Label":"l","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},"ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a"],"MaxItems":9}},
    "ItemBatcher":{"MaxItemsPerBatch":9,"BatchInput":{"a":1}},"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b"},"WriterConfig":{"Transformation":"NONE","OutputType":"JSON"}},
    "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Each","States":{"Each":{"Type":"Pass","End":true}}},"Next":"Both"},
  "Both":{"Type":"Parallel","Branches":[{"Comment":"c","StartAt":"L","States":{"L":{"Type":"Succeed","OutputPath":"$"}}},{"StartAt":"R","States":{"R":{"Type":"Pass","Result":{"a":1},"End":true}}}],"Next":"Fail"},
  "Fail":{"Type":"Fail","Error":"E","CausePath":"States.Format('{}', $.a)"}}}"#;

/// The same in JSONata.
const QUERIES: &str = r#"{"QueryLanguage":"JSONata","StartAt":"Pass","States":{
  "Pass":{"Type":"Pass","Output":{"a":"{% $states.input.a %}"},"Assign":{"v":"{% 1 %}","o":{"k":["{% $states.input %}"]}},"Next":"Task"},
  "Task":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $v %}"},"TimeoutSeconds":"{% 9 %}","HeartbeatSeconds":5,"Output":"{% $states.result.Payload %}","Next":"Choice",
    "Catch":[{"ErrorEquals":["E"],"Output":"{% $states.errorOutput %}","Assign":{"e":"{% $states.errorOutput.Error %}"},"Next":"Fail"}]},
  "Choice":{"Type":"Choice","Choices":[{"Condition":"{% $v = 1 %}","Output":1,"Assign":{"c":1},"Next":"Wait"}],"Default":"Map"},
  "Wait":{"Type":"Wait","Timestamp":"{% $now() %}","Next":"Map"},
  "Map":{"Type":"Map","Items":"{% [1,2] %}","MaxConcurrency":"{% 2 %}","ItemSelector":{"i":"{% $states.context.Map.Item.Index %}"},"ItemProcessor":{"StartAt":"In","States":{"In":{"Type":"Pass","Output":"{% $states.input.i %}","End":true}}},"Next":"Both"},
  "Both":{"Type":"Parallel","Arguments":{"a":1},"Branches":[{"StartAt":"L","States":{"L":{"Type":"Succeed","Output":"{% $v %}"}}}],"Output":"{% $states.result[0] %}","Next":"Fail"},
  "Fail":{"Type":"Fail","Error":"{% $e %}","Cause":"c"}}}"#;

fn pointers(value: &Json, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| pointers(item, &format!("{pointer}/{at}"), found));
        }
        Json::Object(map) => map.iter().for_each(|(name, member)| {
            pointers(member, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn judge(definition: &Json) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    Machine::parse_as(&definition.to_string(), WorkflowType::Standard).map(|machine| machine.warnings().to_vec())
}

/// What every diagnostic has.
fn complete(found: &[Diagnostic], definition: &Json) {
    for one in found {
        assert!(!one.message.is_empty() && diagnostic::explain(one.code).is_some(), "{one:?} of {definition}");
        assert!(
            one.span.is_some_and(|span| span.line >= 1 && span.column >= 1 && span.end >= span.start),
            "{one:?} of {definition}"
        );
        assert!(definition.pointer(&one.pointer).is_some(), "{one:?} of {definition}");
        let without = [diagnostic::MISSING_END].contains(&one.code) || one.message.starts_with("Definition must be");
        assert_eq!(one.location.is_none(), without, "{one:?}");
        let location = one.location.as_deref().unwrap_or("/");
        assert!(location.starts_with('/') && !location.contains("/0"), "{one:?}");
    }
}

#[test]
fn whatever_is_wrong_is_told_completely() {
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!("Nonsense"),
        json!("{% x %}"),
        json!([]),
        json!({"X": 1}),
    ];
    for text in [PATHS, QUERIES] {
        let whole: Json = serde_json::from_str(text).unwrap();
        assert_eq!(judge(&whole), Ok(Vec::new()));
        let mut places = Vec::new();
        pointers(&whole, "", &mut places);
        for pointer in &places {
            let mut changed: Vec<(String, Json)> = Vec::new();
            for other in &others {
                let mut one = whole.clone();
                *one.pointer_mut(pointer).unwrap() = other.clone();
                changed.push((other.to_string(), one));
            }
            if let Some((around, name)) = pointer.rsplit_once('/') {
                let mut one = whole.clone();
                if let Some(map) = one.pointer_mut(around).unwrap().as_object_mut() {
                    map.remove(&name.replace("~1", "/").replace("~0", "~"));
                    changed.push(("missing".to_owned(), one));
                }
            }
            for (what, one) in changed {
                match judge(&one) {
                    Ok(warnings) => {
                        complete(&warnings, &one);
                        assert!(warnings.iter().all(|one| one.severity != Severity::Error));
                    }
                    Err(found) => {
                        complete(&found, &one);
                        assert!(found.iter().any(|one| one.severity == Severity::Error), "{pointer} {what}");
                    }
                }
            }
        }
    }
}
