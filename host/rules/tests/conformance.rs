//! The recorded and generated cases of event routing, run against this crate.
//!
//! They live beside the repository; where they are absent the tests say so and pass.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::value::RawValue;
use stepwell_rules::{
    Event, EventError, InputSettings, Occurrence, Pattern, PatternError, RuleId, RuleSet, Schedule, ScheduleOwner,
    Scratch, TargetInput, Zone,
};

/// A case: its members as they are spelled, because a pattern's order of keys and a number's
/// spelling matter.
type Case = BTreeMap<String, Box<RawValue>>;

/// The cases of a file, or `None` with a printed line.
fn cases(file: &str) -> Option<Vec<Case>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/events").join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("SKIPPED: {} is not there", path.display());
            None
        }
    }
}

/// A member as a value; null if it is not there.
fn member(case: &Case, name: &str) -> Value {
    case.get(name).map_or(Value::Null, |raw| serde_json::from_str(raw.get()).unwrap())
}

fn id(case: &Case) -> String {
    member(case, "id").as_str().unwrap().to_owned()
}

/// The text of a member that is either given as JSON or, under `NAME_text`, verbatim.
fn text(case: &Case, name: &str) -> String {
    match member(case, &format!("{name}_text")).as_str() {
        Some(text) => text.to_owned(),
        None => compact(case.get(name).unwrap().get()),
    }
}

/// JSON without the space between its tokens: the files are indented, their cases are not.
fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let keep = |c: &char| {
        let kept = inside || !c.is_ascii_whitespace();
        inside = if inside { escaped || *c != '"' } else { *c == '"' };
        escaped = inside && !escaped && *c == '\\';
        kept
    };
    json.chars().filter(keep).collect()
}

/// Counts by group, and what went wrong.
#[derive(Default)]
struct Table {
    groups: BTreeMap<String, (usize, usize)>,
    failures: Vec<(String, String)>,
}

impl Table {
    fn add(&mut self, group: &str, id: &str, problem: Option<String>) {
        let (passed, failed) = self.groups.entry(group.to_owned()).or_default();
        match problem {
            None => *passed += 1,
            Some(problem) => {
                *failed += 1;
                self.failures.push((id.to_owned(), problem));
            }
        }
    }

    fn print(&self, title: &str) {
        println!("{title}");
        for (group, (passed, failed)) in &self.groups {
            println!("  {group:<44} {passed:>5} passed {failed:>4} failed");
        }
        for (id, problem) in &self.failures {
            println!("  DIFFERS {id}: {problem}");
        }
    }

    fn total(&self) -> usize {
        self.groups.values().map(|(passed, failed)| passed + failed).sum()
    }
}

/// What TestEventPattern answers: whether it matches, or an error's code and message.
fn test_event_pattern(case: &Case) -> Result<bool, (&'static str, String)> {
    let event = Event::parse(&text(case, "event"))
        .and_then(|event| event.check_envelope().map(|()| event))
        .map_err(|error| (EventError::CODE, error.to_string()))?;
    let pattern = Pattern::parse(&text(case, "pattern")).map_err(|error| (PatternError::CODE, error.to_string()))?;
    let matched = pattern.matches(&event);
    let explanation = pattern.explain(&event);
    assert_eq!(explanation.matched(), matched, "explain disagrees with matches: {}", id(case));
    assert!(matched || explanation.to_string().contains("wanted"), "{}: {explanation}", id(case));
    Ok(matched)
}

fn problem(case: &Case) -> Option<String> {
    let answer = test_event_pattern(case);
    let expected = member(case, "expected");
    match (expected.as_bool(), answer) {
        (Some(expected), Ok(matched)) => (expected != matched).then(|| format!("{matched}, wanted {expected}")),
        (Some(expected), Err((code, message))) => Some(format!("{code}: {message}, wanted {expected}")),
        (None, Ok(matched)) => Some(format!("{matched}, wanted {}", expected["error"])),
        (None, Err((code, message))) => {
            let error = &expected["error"];
            let wanted = error["message"].as_str().unwrap_or("").lines().next().unwrap_or("");
            if error["code"] != code {
                Some(format!("{code}, wanted {}", error["code"]))
            } else if error["message_check"] != "none" && message != wanted {
                Some(format!("{message:?}, wanted {wanted:?}"))
            } else {
                None
            }
        }
    }
}

fn run(file: &str, group: fn(&str) -> String) -> Option<Table> {
    let mut table = Table::default();
    for case in cases(file)? {
        let id = id(&case);
        table.add(&group(&id), &id, problem(&case));
    }
    table.print(file);
    Some(table)
}

fn first_two(id: &str) -> String {
    id.split('/').take(2).collect::<Vec<_>>().join("/").split('.').next().unwrap().to_owned()
}

#[test]
fn patterns_recorded_from_aws_agree_entirely() {
    let Some(table) = run("patterns-aws.json", |_| "aws".to_owned()) else { return };
    assert!(table.failures.is_empty(), "{} cases differ", table.failures.len());
}

#[test]
fn patterns_of_the_open_engines_tests_agree() {
    let Some(table) = run("patterns-ruler.json", first_two) else { return };
    assert!(table.failures.len() * 1000 <= table.total(), "{} cases differ", table.failures.len());
}

#[test]
fn generated_patterns_agree() {
    let Some(table) = run("patterns-generated.json", first_two) else { return };
    assert!(table.failures.len() * 1000 <= table.total(), "{} cases differ", table.failures.len());
}

/// All patterns in one rule set: each event finds its own case's rule as wanted, and every
/// fortieth is compared with all patterns.
#[test]
fn all_patterns_at_once_agree() {
    let (mut set, mut patterns, mut events) = (RuleSet::new(), Vec::new(), Vec::new());
    for file in ["patterns-aws.json", "patterns-ruler.json", "patterns-generated.json"] {
        for case in cases(file).unwrap_or_default() {
            let event = text(&case, "event");
            if let (Ok(pattern), Ok(_)) = (Pattern::parse(&text(&case, "pattern")), Event::parse(&event)) {
                set.add(RuleId(u64::try_from(patterns.len()).unwrap()), &pattern);
                patterns.push(pattern);
                events.push((id(&case), event, member(&case, "expected").as_bool()));
            }
        }
    }
    let mut scratch = Scratch::new();
    for (number, (id, text, expected)) in events.iter().enumerate() {
        let rule = RuleId(u64::try_from(number).unwrap());
        let found = set.matches_text(text, &mut scratch).unwrap();
        assert!(expected.is_none_or(|expected| expected == found.contains(&rule)), "{id}");
        if number % 40 == 0 {
            let event = Event::parse(text).unwrap();
            let all = patterns.iter().enumerate().filter(|(_, pattern)| pattern.matches(&event));
            let all: Vec<RuleId> = all.map(|(number, _)| RuleId(u64::try_from(number).unwrap())).collect();
            assert_eq!((found, set.matches(&event)), (all.as_slice(), all.clone()), "{id}");
        }
    }
    println!("{} patterns in one set", set.len());
}

/// AWS's full messages name a place in the pattern; where it is the pattern's own text
/// (some recordings are cut or changed), ours is the same.
#[test]
fn refused_patterns_are_refused_in_the_same_place() {
    let Some(cases) = cases("patterns-aws.json") else { return };
    let mut table = Table::default();
    for case in cases {
        let expected = member(&case, "expected");
        let Some(raw) = expected["error"]["message_raw"].as_str() else { continue };
        // AWS quotes the text it was given; where the recording changed it, places mean nothing.
        let quoted = raw.split("(String)\"").nth(1).and_then(|rest| rest.split("\"; line: ").next());
        let Some(pattern) = quoted.filter(|quoted| !quoted.contains('<')) else { continue };
        let Err(error) = Pattern::parse(pattern) else { continue };
        let Some(place) = error.location() else { continue };
        let wanted = format!("line: {}, column: {}]", place.line, place.column);
        let id = id(&case);
        table.add("places", &id, (!raw.contains(&wanted)).then(|| format!("{wanted} is not in {raw:?}")));
    }
    table.print("places in patterns-aws.json");
    assert!(table.failures.is_empty(), "{} places differ", table.failures.len());
}

/// Every pattern that a recorded answer of AWS carries is one.
#[test]
fn patterns_in_recorded_answers_are_accepted() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/events/aws-recordings.json");
    let Ok(recordings) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return;
    };
    let mut open: Vec<Value> = vec![serde_json::from_str(&recordings).unwrap()];
    let mut table = Table::default();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(members) => {
                for (name, value) in members {
                    if name == "EventPattern" {
                        let pattern = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        let problem = Pattern::parse(&pattern).err().map(|error| error.to_string());
                        table.add("EventPattern", &pattern, problem);
                    } else {
                        open.push(value);
                    }
                }
            }
            _ => {}
        }
    }
    table.print("aws-recordings.json");
    assert!(table.failures.is_empty() && table.total() > 0);
}

/// Whether a recorded value stands for this one: `<…>` and `date` stand for any.
fn stands_for(recorded: &Value, ours: &Value) -> bool {
    match (recorded, ours) {
        (Value::String(text), _) if text == "date" || (text.starts_with('<') && text.ends_with('>')) => true,
        (Value::Object(recorded), Value::Object(ours)) => {
            recorded.len() == ours.len()
                && recorded.iter().all(|(key, value)| ours.get(key).is_some_and(|ours| stands_for(value, ours)))
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            recorded.len() == ours.len() && recorded.iter().zip(ours).all(|(recorded, ours)| stands_for(recorded, ours))
        }
        _ => recorded == ours,
    }
}

fn input_problem(case: &Case) -> Option<String> {
    let (entry, target, expected) =
        (member(case, "put_events_entry"), member(case, "target"), member(case, "expected"));
    let text_of = |value: &Value, name: &str| {
        value.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let event = format!(
        r#"{{"version":"0","id":"1","detail-type":{},"source":{},"account":"111111111111","time":"date","region":"r","resources":[],"detail":{}}}"#,
        entry["DetailType"],
        entry["Source"],
        text_of(&entry, "Detail").unwrap()
    );
    if !Pattern::parse(&text(case, "event_pattern")).unwrap().matches(&Event::parse(&event).unwrap()) {
        return Some("the rule's pattern does not match".to_owned());
    }
    let (input, input_path) = (text_of(&target, "Input"), text_of(&target, "InputPath"));
    let paths: BTreeMap<String, String> =
        serde_json::from_value(target["InputTransformer"]["InputPathsMap"].clone()).unwrap_or_default();
    let template = target["InputTransformer"]["InputTemplate"].as_str();
    let settings = InputSettings {
        input: input.as_deref(),
        input_path: input_path.as_deref(),
        input_transformer: template.map(|template| (&paths, template)),
    };
    let input = match TargetInput::new("<target-id>", settings) {
        Ok(input) => input,
        Err(error) if expected["error"]["Message"] == error.to_string() => return None,
        Err(error) => return Some(format!("refused: {error}")),
    };
    let occurrence = Occurrence { event: &event, rule_name: "r", rule_arn: "arn", ingestion_time: "<ingestion-time>" };
    match input.body(&occurrence) {
        Err(_) if expected["delivered"] == false => None,
        Ok(body) if expected["body_text"] == body => None,
        Ok(body)
            if expected.get("body").is_some_and(|wanted| stands_for(wanted, &serde_json::from_str(&body).unwrap())) =>
        {
            None
        }
        other => Some(format!("{other:?}, wanted {expected}")),
    }
}

#[test]
fn target_inputs_recorded_from_aws_agree_entirely() {
    let Some(cases) = cases("inputs.json") else { return };
    let mut table = Table::default();
    for case in cases {
        table.add("inputs", &id(&case), input_problem(&case));
    }
    table.print("inputs.json");
    assert!(table.failures.is_empty(), "{} cases differ", table.failures.len());
}

#[test]
fn schedule_expressions_agree_entirely() {
    let Some(cases) = cases("schedules.json") else { return };
    let mut table = Table::default();
    for case in cases {
        let (api, expected) = (member(&case, "api"), member(&case, "expected"));
        let api = api.as_str().unwrap();
        let owner = if api.starts_with("events.") { ScheduleOwner::Rule } else { ScheduleOwner::Scheduler };
        let problem = match Schedule::parse(member(&case, "expression").as_str().unwrap(), owner) {
            Ok(_) => (expected != "valid").then(|| format!("accepted, wanted {expected}")),
            Err(error) if expected["error"]["message"] == error.to_string() => None,
            Err(error) => Some(format!("{error}, wanted {expected}")),
        };
        table.add(api, &id(&case), problem);
    }
    table.print("schedules.json");
    assert!(table.failures.is_empty(), "{} cases differ", table.failures.len());
}

#[test]
fn next_firings_agree_entirely() {
    let Some(cases) = cases("schedule-next.json") else { return };
    let mut table = Table::default();
    for case in cases {
        let text = |name: &str| member(&case, name).as_str().unwrap().to_owned();
        let schedule = Schedule::parse(&text("expression"), ScheduleOwner::Scheduler).unwrap();
        let zone = Zone::named(&text("timezone")).unwrap();
        let mut after = text("after").parse::<jiff::Timestamp>().unwrap().as_microsecond();
        let mut fired = Vec::new();
        while fired.len() < 5
            && let Some(next) = schedule.next_after(after, 0, &zone)
        {
            fired.push(jiff::Timestamp::from_microsecond(next).unwrap().to_string());
            after = next;
        }
        let expected: Vec<String> = serde_json::from_value(member(&case, "expected_next")).unwrap();
        let problem = (fired != expected).then(|| format!("{fired:?}, wanted {expected:?}"));
        table.add(&text("timezone"), &id(&case), problem);
    }
    table.print("schedule-next.json");
    assert!(table.failures.is_empty(), "{} cases differ", table.failures.len());
}
