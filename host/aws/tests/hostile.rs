//! Requests that nobody would send by mistake: whatever comes in, an answer goes out that blames
//! the client, and it is not large.
//!
//! `STEPWELL_MUTATIONS` says how many requests are made up; 5,000 without it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use stepwell_aws::arn::Arn;
use stepwell_aws::pages::{Pager, size};
use stepwell_aws::sigv4::{Key, Keys, Rules, claimed, verify};
use stepwell_aws::wire::{Caller, Request, Route};

/// No answer to a made-up request may be larger (bytes).
const ANSWER_BYTES: usize = 1_000_000;

#[derive(Clone)]
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

struct Known;

impl Keys for Known {
    fn find(&self, access_key_id: &str) -> Option<Key> {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into();
        (access_key_id == "AKIDEXAMPLE").then(|| Key { secret, account: "1".repeat(12), session_token: None })
    }
}

/// A small generator of numbers: the same ones in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most.max(1)).unwrap()).unwrap()
    }

    fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

fn fixture() -> (i64, Vec<Sent>) {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/signed.json")).unwrap();
    let sent = |found: &Value| {
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().as_bytes().to_vec());
        let headers = found["headers"].as_array().unwrap().iter().map(pair).collect();
        let body = STANDARD.decode(text("body")).unwrap();
        Sent { method: text("method"), path: text("path"), query: text("query"), headers, body }
    };
    (fixture["now"].as_i64().unwrap(), fixture["requests"].as_array().unwrap().iter().map(sent).collect())
}

fn mutate(sent: &mut Sent, others: &[Sent], chance: &mut Chance) {
    match chance.below(12) {
        0 => sent.method = (*chance.one_of(&["GET", "POST", "PUT", "DELETE", "", "\u{0}", "PATCH"])).to_owned(),
        1 => sent.path = String::from_utf8_lossy(&bytes(sent.path.as_bytes(), chance)).into_owned(),
        2 => sent.query = String::from_utf8_lossy(&bytes(sent.query.as_bytes(), chance)).into_owned(),
        3 if !sent.headers.is_empty() => {
            let at = chance.below(sent.headers.len());
            sent.headers[at].1 = bytes(&sent.headers[at].1.clone(), chance);
        }
        4 if !sent.headers.is_empty() => drop(sent.headers.remove(chance.below(sent.headers.len()))),
        5 => {
            let other = chance.one_of(others);
            sent.headers.push(chance.one_of(&other.headers).clone());
        }
        6 => sent.body = chance.one_of(others).body.clone(),
        7 => sent.body = bytes(&sent.body.clone(), chance),
        // JSON that stays JSON is what gets furthest.
        8..12 => {
            if let Ok(mut value) = serde_json::from_slice(&sent.body) {
                change(&mut value, chance, 6);
                sent.body = value.to_string().into_bytes();
                if chance.below(8) == 0 {
                    let text = String::from_utf8(sent.body.clone()).unwrap();
                    sent.body = text.replacen('{', "{\"name\":1,\"name\":[],\"input\":-1e-400,", 1).into_bytes();
                }
            }
        }
        _ => {}
    }
}

fn bytes(given: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut out = given.to_vec();
    for _ in 0..=chance.below(3) {
        let at = chance.below(out.len() + 1);
        match chance.below(6) {
            0 if at < out.len() => out[at] = u8::try_from(chance.below(256)).unwrap(),
            1 if at < out.len() => drop(out.remove(at)),
            2 => out.insert(at, *chance.one_of(b"%/{}[]\",:;=&\\\0\xff .?")),
            3 => out.truncate(at),
            4 => drop(out.splice(at..at, chance.one_of(&PIECES).bytes())),
            _ => out.extend_from_within(at..),
        }
    }
    out
}

const PIECES: [&str; 12] = [
    "%00",
    "%ff",
    "%",
    "../",
    "//",
    "AWS4-HMAC-SHA256 ",
    "Credential=a/b/c/d/e",
    "aws4_request",
    "1e309",
    "18446744073709551616",
    "[[[[[[[[[[[[[[[[[[[[[[[[",
    "\u{202e}ü€😀",
];

fn change(value: &mut Value, chance: &mut Chance, depth: usize) {
    if depth > 0 && chance.below(4) > 0 {
        match value {
            Value::Array(items) if !items.is_empty() => {
                let at = chance.below(items.len());
                return change(&mut items[at], chance, depth - 1);
            }
            Value::Object(members) if !members.is_empty() => {
                let at = chance.below(members.len());
                return change(members.values_mut().nth(at).unwrap(), chance, depth - 1);
            }
            _ => {}
        }
    }
    let deep = |levels: usize| (0..levels).fold(Value::from(1), |inner, _| Value::Array(vec![inner]));
    *value = match chance.below(14) {
        0 => Value::Null,
        1 => Value::from(chance.below(2) == 0),
        2 => Value::from(i64::MIN),
        3 => Value::from(u64::MAX),
        4 => Value::from(1e308),
        5 => Value::from(""),
        6 => Value::from("x".repeat(chance.below(3_000))),
        7 => Value::from(*chance.one_of(&PIECES)),
        8 => deep(chance.below(130)),
        9 => Value::Array(vec![value.clone(); chance.below(150)]),
        10 => Value::Array(vec![Value::Null; chance.below(2_000)]),
        11 => (0..chance.below(60))
            .map(|n| (format!("key {n}\u{7}"), Value::from("v")))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        12 => Value::from("arn:aws:states:us-east-1:000000000000:stateMachine:a:b:c"),
        _ => Value::from(-1),
    };
}

#[test]
fn made_up_requests_are_answered_and_blamed_on_the_client() {
    let count = std::env::var("STEPWELL_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(5_000);
    let (now, genuine) = fixture();
    let usual = Caller { account: "0".repeat(12), region: "us-east-1".to_owned(), access_key_id: None };
    let pager = Pager::new(*b"a key");
    let mut chance = Chance(0x5eed_0000_0000_0006);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..count {
        let mut sent = chance.one_of(&genuine).clone();
        for _ in 0..=chance.below(4) {
            mutate(&mut sent, &genuine, &mut chance);
        }
        let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let request =
            Request { method: &sent.method, path: &sent.path, query: &sent.query, headers: &headers, body: &sent.body };
        let Some(route) = Route::of(&request, "id-1") else {
            *ends.entry("nobody's".to_owned()).or_default() += 1;
            continue;
        };
        let rules = Rules { keys: &Known, now, region: None, replays: None };
        if let Err(error) = verify(&request, route.service(), &rules) {
            let parts = route.refuse(&error);
            assert!((400..500).contains(&parts.status) && parts.body.len() < ANSWER_BYTES, "{error}");
        }
        let end = match route.read(&request, claimed(&request, &usual)) {
            Ok(call) => {
                let _ = (pager.position(&call, now), size(&call, 100));
                for member in call.input.as_object().unwrap().values().filter_map(Value::as_str) {
                    let _ = Arn::parse(member);
                }
                let parts = call.respond(Ok(call.input.clone()));
                assert_eq!(parts.status, 200);
                "read".to_owned()
            }
            Err(error) => {
                let parts = route.refuse(&error);
                assert!((400..500).contains(&parts.status), "{error}");
                assert!(parts.body.len() < ANSWER_BYTES, "{} bytes for {}", parts.body.len(), sent.body.len());
                assert!(!error.message().is_empty());
                error.code().to_owned()
            }
        };
        *ends.entry(end).or_default() += 1;
    }
    println!("{count} requests: {ends:?}");
    // The mutations are worth something if they get everywhere.
    for end in ["read", "SerializationException", "UnknownOperationException", "ValidationException"] {
        assert!(ends.contains_key(end), "{ends:?}");
    }
}
