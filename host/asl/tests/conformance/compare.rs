//! Recorded JSON against ours: recordings hold placeholders for whatever differs from run to run.

use serde_json::{Map, Value as Json};

/// Members that say nothing about the language.
const IGNORED: [&str; 9] = [
    "ResponseMetadata",
    "timestamp",
    "roleArn",
    "redriveCount",
    "redriveStatus",
    "redriveStatusReason",
    "stackTrace",
    "SdkHttpMetadata",
    "SdkResponseMetadata",
];
const ANY: [&str; 6] = ["timestamp", "date", "datetime", "<datetime>", "<timestamp>", "<date>"];

pub fn value(normalise: &Json, expected: &Json, actual: &Json, path: &str) -> Result<(), String> {
    Matcher::new(normalise).json(expected, actual, path)
}

/// As the events come, but for those inside a Parallel or Map: there the order is chance, and
/// so are the ids.
pub fn history(normalise: &Json, expected: &[Json], actual: &[Json]) -> Result<(), String> {
    let matcher = Matcher::new(normalise);
    let (expected, actual) = (sections(expected), sections(actual));
    let names = |events: &[&Json]| events.iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    if expected.len() != actual.len() {
        let (e, a): (Vec<_>, Vec<_>) = (
            expected.iter().flat_map(|(_, events)| names(events)).collect(),
            actual.iter().flat_map(|(_, events)| names(events)).collect(),
        );
        return Err(format!("expected {e:?}\n    got      {a:?}"));
    }
    let mut after = 0;
    for ((inside, e), (_, a)) in expected.iter().zip(&actual) {
        if e.len() != a.len() {
            return Err(format!("expected {:?}\n    got      {:?}", names(e), names(a)));
        }
        if *inside {
            after = 2;
            unordered(&matcher, e, a)?;
            continue;
        }
        let (mut e, mut a) = (e[0].clone(), a[0].clone());
        // The two events after a concurrent section point at whichever branch ended last.
        if after > 0 {
            drop_members(&mut e, &mut a, &["previousEventId"]);
            after -= 1;
        }
        if e["id"].is_array() {
            drop_members(&mut e, &mut a, &["id"]);
        }
        matcher.json(&e, &a, &format!("/history/{}", e["id"]))?;
    }
    Ok(())
}

fn unordered(matcher: &Matcher, expected: &[&Json], actual: &[&Json]) -> Result<(), String> {
    let mut left: Vec<Json> = actual.iter().map(|a| (*a).clone()).collect();
    for event in expected {
        let mut event = (*event).clone();
        let found = left.iter_mut().position(|a| {
            drop_members(&mut event, a, &["id", "previousEventId"]);
            a["type"] == event["type"] && matcher.json(&event, a, "").is_ok()
        });
        match found {
            Some(at) => drop(left.remove(at)),
            None => return Err(format!("no such event inside a Parallel or Map: {event}; left are {left:?}")),
        }
    }
    Ok(())
}

fn drop_members(a: &mut Json, b: &mut Json, names: &[&str]) {
    for name in names {
        a.as_object_mut().unwrap().remove(*name);
        b.as_object_mut().unwrap().remove(*name);
    }
}

/// (inside a Parallel or Map, its events), or (outside, one event).
fn sections(events: &[Json]) -> Vec<(bool, Vec<&Json>)> {
    let mut sections = Vec::new();
    let mut inside = Vec::new();
    let mut depth = 0;
    for event in events {
        let kind = event["type"].as_str().unwrap();
        let fan = kind.strip_prefix("ParallelState").or_else(|| kind.strip_prefix("MapState")).unwrap_or("");
        if depth > 0 && matches!(fan, "Succeeded" | "Failed" | "Aborted") {
            depth -= 1;
            if depth == 0 {
                sections.push((true, std::mem::take(&mut inside)));
                sections.push((false, vec![event]));
                continue;
            }
        }
        if depth > 0 && kind.starts_with("Execution") {
            sections.push((true, std::mem::take(&mut inside)));
            depth = 0;
            sections.push((false, vec![event]));
            continue;
        }
        if depth > 0 {
            inside.push(event);
        } else {
            sections.push((false, vec![event]));
        }
        if fan == "Started" {
            depth += 1;
        }
    }
    if !inside.is_empty() {
        sections.push((true, inside));
    }
    sections
}

struct Matcher {
    tokens: Vec<String>,
}

impl Matcher {
    fn new(normalise: &Json) -> Self {
        let tokens = normalise["tokens"].as_array().into_iter().flatten();
        let mut tokens: Vec<String> = tokens.map(|token| token.as_str().unwrap().to_owned()).collect();
        tokens.sort_by_key(|token| std::cmp::Reverse(token.len()));
        Self { tokens }
    }

    fn json(&self, expected: &Json, actual: &Json, path: &str) -> Result<(), String> {
        let differ = || Err(format!("{path}: expected {expected}, got {actual}"));
        match (expected, actual) {
            (Json::String(e), _) if ANY.contains(&e.as_str()) || self.tokens.contains(e) => Ok(()),
            (Json::String(e), a) if placeholder_at(e).is_some_and(|len| len == e.len()) && !a.is_string() => Ok(()),
            (Json::String(e), Json::String(a)) => {
                if self.text(e, a) {
                    return Ok(());
                }
                match (serde_json::from_str::<Json>(e), serde_json::from_str::<Json>(a)) {
                    (Ok(e), Ok(a)) => self.json(&e, &a, path),
                    _ => differ(),
                }
            }
            (Json::String(_), _) => differ(),
            (Json::Number(e), Json::String(a)) if e.to_string() == *a => Ok(()),
            (_, Json::String(a)) if a.starts_with(['{', '[']) => match serde_json::from_str(a) {
                Ok(a) => self.json(expected, &a, path),
                Err(_) => differ(),
            },
            (Json::Object(e), Json::Object(a)) => self.object(e, a, path),
            (Json::Array(e), Json::Array(a)) => {
                if e.len() != a.len() {
                    return differ();
                }
                e.iter().zip(a).enumerate().try_for_each(|(i, (e, a))| self.json(e, a, &format!("{path}/{i}")))
            }
            (Json::Number(e), Json::Number(a)) => {
                let (e, a) = (e.as_f64().unwrap(), a.as_f64().unwrap());
                if (e - a).abs() <= 1e-12 * e.abs().max(1.0) { Ok(()) } else { differ() }
            }
            (e, a) if e == a => Ok(()),
            _ => differ(),
        }
    }

    fn object(&self, expected: &Map<String, Json>, actual: &Map<String, Json>, path: &str) -> Result<(), String> {
        for (key, e) in expected.iter().filter(|(key, _)| !IGNORED.contains(&key.as_str())) {
            let Some(a) = actual.get(key) else { return Err(format!("{path}/{key}: expected {e}, got nothing")) };
            self.json(e, a, &format!("{path}/{key}"))?;
        }
        match actual.keys().find(|key| !expected.contains_key(*key) && !IGNORED.contains(&key.as_str())) {
            Some(key) => Err(format!("{path}/{key}: expected nothing, got {}", actual[key])),
            None => Ok(()),
        }
    }

    /// Whether a text matches, placeholders and tokens standing for any run of characters.
    fn text(&self, expected: &str, actual: &str) -> bool {
        let (expected, actual) = (timeless(expected), timeless(actual));
        let actual = actual.replace("arn:aws:", "arn:<partition>:").replace(":us-east-1:", ":<region>:");
        let expected = expected.replace("arn:aws:", "arn:<partition>:").replace(":us-east-1:", ":<region>:");
        if expected == actual {
            return true;
        }
        let mut pieces = vec![String::new()];
        let mut rest = expected.as_str();
        while let Some(c) = rest.chars().next() {
            let token = self.tokens.iter().find(|token| rest.starts_with(token.as_str())).map(String::len);
            if let Some(len) = token.or_else(|| placeholder_at(rest)) {
                pieces.push(String::new());
                rest = &rest[len..];
            } else {
                pieces.last_mut().unwrap().push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        pieces.len() > 1 && spans(&pieces, &actual)
    }
}

fn spans(pieces: &[String], text: &str) -> bool {
    let (first, rest) = pieces.split_first().unwrap();
    let (last, middle) = rest.split_last().unwrap();
    let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        let Some(at) = text.find(piece.as_str()) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last.as_str())
}

/// The length of a `<placeholder:7>` that the text begins with.
fn placeholder_at(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find('>')?;
    let name = &inner[..end];
    let fine = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':'));
    fine.then_some(end + 2)
}

/// The text with every digit of an RFC 3339 instant as 0: the notation stays.
fn timeless(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let shape = "dddd-dd-ddTdd:dd:dd";
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let fits = bytes.len() - at >= shape.len()
            && shape.chars().zip(&bytes[at..]).all(|(s, c)| if s == 'd' { c.is_ascii_digit() } else { s == *c });
        if fits {
            out.push_str("0000-00-00T00:00:00");
            at += shape.len();
            while bytes.get(at).is_some_and(|c| c.is_ascii_digit() || *c == '.') {
                out.push(if bytes[at] == '.' { '.' } else { '0' });
                at += 1;
            }
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}
