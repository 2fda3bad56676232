//! Patterns of every operator, and values that fit them or nearly do.

use std::collections::BTreeMap;

use crate::random::Random;

pub const KEYS: [&str; 7] = ["a", "b", "c", "x", "a.b", "", "é"];
const TEXTS: [&str; 44] = [
    "",
    "a",
    "b",
    "ab",
    "abc",
    "abcd",
    "ABC",
    "aBc",
    "xabc",
    "abcx",
    "aXc",
    "abab",
    "aa",
    "aaa",
    "abcdefgh",
    "abcdefghi",
    "abcdefghabcdefgh",
    "abcdefghabcdefghi",
    "hgfedcba",
    "ß",
    "SS",
    "ss",
    "ẞ",
    "İ",
    "i̇",
    "I",
    "ı",
    "ǆ",
    "ǅ",
    "Ǆ",
    "ς",
    "Σ",
    "K",
    "k",
    "😀",
    "??",
    "10.0.0.1",
    "10.0.0.01",
    "10.0.0.255",
    "11.0.0.0",
    "2001:db8::1",
    "::ffff:a00:1",
    "a*c",
    "a\\b",
];
const NUMBERS: [&str; 22] = [
    "300",
    "3e2",
    "300.0",
    "3E+2",
    "-0",
    "0",
    "0.0",
    "1",
    "-1",
    "-5.5",
    "1e400",
    "1e-400",
    "9007199254740993",
    "9007199254740992",
    "0.1",
    "0.10",
    "0.1000000000000000055",
    "167772161",
    "299.99999999999994",
    "300.00000000000006",
    "1.7976931348623157e308",
    "5e-324",
];
/// Those that have an order, ascending.
const BOUNDS: [&str; 12] = [
    "-1.7976931348623157e308",
    "-300",
    "-5.5",
    "-1",
    "0",
    "5e-324",
    "0.1",
    "1",
    "299.99999999999994",
    "300",
    "301",
    "1e300",
];
const WILDCARDS: [&str; 18] = [
    "*", "a*", "*c", "a*c", "*b*", "*bc*", "a*b*c", "abc", "*abcd*", "*a*b*", "", "a\\*c", "a\\\\b", "ab*ab", "*é*",
    "*ß*", "ab*gh", "*efgh*",
];
const BLOCKS: [&str; 9] = [
    "10.0.0.0/8",
    "10.0.0.1/31",
    "10.0.0.0/24",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "2001:db8::1/127",
    "::ffff:a00:1/31",
    "16.119.114.33/9",
];

/// A condition, as a pattern spells it, and values like those it wants.
#[derive(Debug, Clone)]
pub struct Asked {
    pub spelled: String,
    pub near: Vec<String>,
}

/// What a set of rules and its events are about.
#[derive(Debug, Clone)]
pub struct Theme {
    pub keys: Vec<&'static str>,
    /// Only a few conditions that often fit.
    pub plain: bool,
    /// How often a value is an array, in a hundred.
    pub arrays: usize,
    /// How often such an array has very many values.
    pub crowded: usize,
}

/// A pattern's text, and by field what it asks.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub text: String,
    pub asked: BTreeMap<String, Vec<Asked>>,
}

/// A text as JSON, sometimes spelled with escapes.
pub fn quoted(text: &str, random: &mut Random) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if random.percent(2) => {
                let mut units = [0; 2];
                out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
            _ => out.push(c),
        }
    }
    out + "\""
}

/// A scalar out of nowhere.
pub fn scalar(random: &mut Random) -> String {
    match random.below(12) {
        0..=5 => quoted(random.pick(&TEXTS), &mut random.clone()),
        6..=8 => (random.pick(&NUMBERS)).to_owned(),
        9 => "true".to_owned(),
        10 => "false".to_owned(),
        _ => "null".to_owned(),
    }
}

impl Theme {
    /// Everything, arrays that fields must agree on, or many values of few fields.
    pub fn new(random: &mut Random) -> Self {
        let keys = |keys: &[&'static str]| keys.to_vec();
        match random.below(4) {
            0 | 1 => Self { keys: keys(&KEYS), plain: false, arrays: 30, crowded: 3 },
            2 => Self { keys: keys(&["a", "b", "x"]), plain: true, arrays: 60, crowded: 1 },
            _ => Self { keys: keys(&["a", "x"]), plain: random.percent(30), arrays: 60, crowded: 15 },
        }
    }
}

pub fn pattern(random: &mut Random, theme: &Theme) -> Made {
    let mut made = Made::default();
    made.text = object(random, theme, &mut made.asked, "", 0);
    made
}

fn object(
    random: &mut Random,
    theme: &Theme,
    asked: &mut BTreeMap<String, Vec<Asked>>,
    path: &str,
    depth: usize,
) -> String {
    let mut members = Vec::new();
    for _ in 0..=random.below(3) {
        let key = random.pick(&theme.keys);
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let value = if depth < 2 && random.percent(if theme.plain { 75 } else { 45 }) {
            object(random, theme, asked, &path, depth + 1)
        } else {
            let conditions: Vec<Asked> =
                (0..=random.below(3)).map(|_| if theme.plain { plain(random) } else { condition(random) }).collect();
            let spelled: Vec<&str> = conditions.iter().map(|condition| condition.spelled.as_str()).collect();
            let spelled = format!("[{}]", spelled.join(","));
            asked.entry(path).or_default().extend(conditions);
            spelled
        };
        members.push(format!("{}:{value}", quoted(key, random)));
    }
    if random.percent(15) {
        let objects: Vec<String> =
            (0..2 + random.below(2)).map(|_| object(random, theme, asked, path, depth.max(1) + 1)).collect();
        members.push(format!("\"$or\":[{}]", objects.join(",")));
    }
    format!("{{{}}}", members.join(","))
}

fn plain(random: &mut Random) -> Asked {
    let spelled = random.pick(&[
        "1",
        "\"one\"",
        "2",
        r#"{"exists":false}"#,
        r#"{"exists":false}"#,
        r#"{"anything-but":["one",""]}"#,
        r#"{"anything-but":[1,2]}"#,
        r#"{"anything-but":{"prefix":["o","on"]}}"#,
        r#"{"numeric":[">",1]}"#,
    ]);
    let near = ["1", "2", "\"one\"", "\"o\"", "null"].map(str::to_owned).to_vec();
    Asked { spelled: spelled.to_owned(), near }
}

fn condition(random: &mut Random) -> Asked {
    let text = random.pick(&TEXTS);
    let json = quoted(text, &mut random.clone());
    match random.below(20) {
        0..=3 => Asked { spelled: json, near: near(text, random) },
        4 | 5 => {
            let number = random.pick(&NUMBERS);
            Asked { spelled: number.to_owned(), near: vec![number.to_owned(), quoted(number, random)] }
        }
        6 => {
            let word = random.pick(&["true", "false", "null"]);
            Asked { spelled: word.to_owned(), near: vec![word.to_owned(), format!("\"{word}\"")] }
        }
        7 | 8 => {
            let operator = random.pick(&["prefix", "suffix", "equals-ignore-case", "exactly"]);
            Asked { spelled: format!("{{\"{operator}\":{json}}}"), near: near(text, random) }
        }
        9 | 10 => {
            let operator = random.pick(&["prefix", "suffix"]);
            let spelled = format!("{{\"{operator}\":{{\"equals-ignore-case\":{json}}}}}");
            Asked { spelled, near: near(text, random) }
        }
        11 | 12 => {
            let wildcard = random.pick(&WILDCARDS);
            let spelled = format!("{{\"wildcard\":{}}}", quoted(wildcard, random));
            Asked { spelled, near: like(wildcard, random) }
        }
        13 | 14 => numeric(random),
        15 => {
            let block = random.pick(&BLOCKS);
            let address = block.split('/').next().unwrap();
            let near = ["10.0.0.1", "10.255.1.1", "2001:db8::2", "16.119.114.33", address];
            let mut near: Vec<String> = near.iter().map(|text| format!("\"{text}\"")).collect();
            near.push("167772161".to_owned());
            Asked { spelled: format!("{{\"cidr\":\"{block}\"}}"), near }
        }
        16 => {
            let wanted = random.percent(40);
            Asked { spelled: format!("{{\"exists\":{wanted}}}"), near: vec!["1".to_owned()] }
        }
        _ => anything_but(random),
    }
}

fn numeric(random: &mut Random) -> Asked {
    let low = random.below(BOUNDS.len() - 1);
    let high = low + 1 + random.below(BOUNDS.len() - low - 1);
    let (bottom, top) = (BOUNDS[low], BOUNDS[high]);
    let (over, under) = (random.pick(&[">", ">="]), random.pick(&["<", "<="]));
    let list = match random.below(5) {
        0 => format!("\"=\",{bottom}"),
        1 => format!("\"{over}\",{bottom}"),
        2 => format!("\"{under}\",{top}"),
        _ => format!("\"{over}\",{bottom},\"{under}\",{top}"),
    };
    let near = [bottom, top, BOUNDS[(low + high) / 2], "0.5", "299.99999999999997"];
    Asked { spelled: format!("{{\"numeric\":[{list}]}}"), near: near.map(str::to_owned).to_vec() }
}

fn anything_but(random: &mut Random) -> Asked {
    let members: Vec<&str> = (0..=random.below(3)).map(|_| random.pick(&TEXTS)).collect();
    let first = members[0];
    let list = |random: &mut Random, members: &[&str]| {
        let spelled: Vec<String> = members.iter().map(|text| quoted(text, random)).collect();
        format!("[{}]", spelled.join(","))
    };
    let (inner, near) = match random.below(7) {
        0 | 1 => (list(random, &members), near(first, random)),
        2 => {
            let numbers: Vec<&str> = (0..=random.below(3)).map(|_| random.pick(&BOUNDS)).collect();
            (format!("[{}]", numbers.join(",")), numbers.iter().map(|number| (*number).to_owned()).collect())
        }
        3 => (format!("{{\"equals-ignore-case\":{}}}", list(random, &members)), near(first, random)),
        4 | 5 => {
            let members: Vec<&str> = members.into_iter().map(|text| if text.is_empty() { "a" } else { text }).collect();
            let operator = random.pick(&["prefix", "suffix"]);
            (format!("{{\"{operator}\":{}}}", list(random, &members)), near(members[0], random))
        }
        _ => {
            let wildcards: Vec<&str> = (0..=random.below(2)).map(|_| random.pick(&WILDCARDS)).collect();
            (format!("{{\"wildcard\":{}}}", list(random, &wildcards)), like(wildcards[0], random))
        }
    };
    Asked { spelled: format!("{{\"anything-but\":{inner}}}"), near }
}

/// Texts that are this one, or nearly.
fn near(text: &str, random: &mut Random) -> Vec<String> {
    let other = random.pick(&TEXTS);
    let texts = [
        text.to_owned(),
        text.to_uppercase(),
        text.to_lowercase(),
        format!("{text}{other}"),
        format!("{other}{text}"),
        text.chars().skip(1).collect(),
        text.chars().rev().collect(),
    ];
    texts.iter().map(|text| quoted(text, random)).collect()
}

/// Texts that fit a wildcard, or nearly.
fn like(wildcard: &str, random: &mut Random) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..3 {
        let mut text = String::new();
        for part in wildcard.split('*') {
            text.push_str(&part.replace('\\', ""));
            text.push_str(random.pick(&TEXTS));
        }
        texts.push(quoted(&text, random));
        let text = random.pick(&TEXTS);
        texts.push(quoted(&wildcard.replace('*', text), random));
    }
    texts
}
