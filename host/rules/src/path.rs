//! Paths into an event's JSON, such as `$.detail.items[0].id`.
//!
//! A path finds a piece of the text, not a value built from it: what is passed on keeps
//! its keys' order and its numbers' spelling.

use crate::json::{Token, Tokens};

/// A path may be this many characters.
pub const PATH_CHARACTERS_MAX: usize = 256;

/// A path that names at most one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// Reads `$` with `.key`, `['key']` and `[0]` behind it. `None` when it is none.
    pub(crate) fn read(spelled: &str) -> Option<Self> {
        if spelled.chars().count() > PATH_CHARACTERS_MAX {
            return None;
        }
        let mut rest = spelled.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix('.') {
                let end = behind.find(['.', '[']).unwrap_or(behind.len());
                let (key, behind) = behind.split_at_checked(end)?;
                if key.is_empty() || key == "*" {
                    return None;
                }
                steps.push(Step::Key(key.to_owned()));
                rest = behind;
            } else {
                let (inside, behind) = rest.strip_prefix('[')?.split_once(']')?;
                let quoted = ['\'', '"'].into_iter().find_map(|quote| inside.strip_prefix(quote)?.strip_suffix(quote));
                steps.push(match quoted {
                    Some(key) => Step::Key(key.to_owned()),
                    None => Step::Index(inside.parse().ok()?),
                });
                rest = behind;
            }
        }
        Some(Self { steps })
    }

    /// The value's text, without the space around it; the last one where keys come twice.
    /// `None` when there is none, or the text is not JSON.
    pub(crate) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let Some((last, _)) = self.steps.split_last() else { return Some(text.trim()) };
        let mut tokens = Tokens::new(text);
        let mut found = None;
        // The containers that are open; the path leads through the first `through` of them.
        let (mut open, mut through) = (0_usize, 0_usize);
        // Where in each array on the path the next element is.
        let mut indexes: Vec<usize> = Vec::new();
        let mut key = None;
        loop {
            let token = tokens.next().ok()?;
            let here = open == through && open > 0;
            let step = here.then(|| self.steps.get(open.checked_sub(1)?)).flatten();
            match &token {
                Token::Key(name) => {
                    key = Some(name.clone());
                    continue;
                }
                Token::ObjectEnd | Token::ArrayEnd => {
                    open = open.saturating_sub(1);
                    if through > open {
                        through = open;
                        indexes.pop();
                    }
                }
                _ => {}
            }
            let ended = matches!(token, Token::ObjectEnd | Token::ArrayEnd);
            let matched = !ended
                && match step {
                    Some(Step::Key(wanted)) => key.as_ref() == Some(wanted),
                    Some(Step::Index(wanted)) if key.is_none() => indexes.last() == Some(wanted),
                    Some(Step::Index(_)) | None => false,
                };
            if here
                && !ended
                && let Some(index) = indexes.last_mut()
            {
                *index = index.saturating_add(1);
            }
            key = None;
            let container = matches!(token, Token::ObjectStart | Token::ArrayStart);
            if matched && step == Some(last) && open == self.steps.len() {
                let begin = tokens.began();
                if container {
                    skip(&mut tokens)?;
                }
                found = text.get(begin..tokens.behind());
            } else if container {
                let leads = matched || open == 0;
                open = open.saturating_add(1);
                if leads {
                    through = open;
                    indexes.push(0);
                }
            }
            if open == 0 {
                return found;
            }
        }
    }
}

/// Reads on to the end of the container whose start was read.
fn skip(tokens: &mut Tokens<'_>) -> Option<()> {
    let mut open = 1_usize;
    while open > 0 {
        match tokens.next().ok()? {
            Token::ObjectStart | Token::ArrayStart => open = open.saturating_add(1),
            Token::ObjectEnd | Token::ArrayEnd => open = open.saturating_sub(1),
            Token::End => return None,
            Token::Key(_) | Token::Text(_) | Token::Number(_) | Token::True | Token::False | Token::Null => {}
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_pieces_of_text() {
        let text = r#" {"a": {"b": [1.50, {"c": "x"}, [2, 3]], "d e": null}, "a.b": 7, "z": {}} "#;
        for (path, found) in [
            ("$.a.b[0]", Some("1.50")),
            ("$.a.b[1].c", Some("\"x\"")),
            ("$.a.b[1]", Some("{\"c\": \"x\"}")),
            ("$.a.b[2][1]", Some("3")),
            ("$.a['d e']", Some("null")),
            ("$['a.b']", Some("7")),
            ("$.z", Some("{}")),
            ("$.a.b[3]", None),
            ("$.a.c", None),
            ("$.b", None),
            ("$.a[0]", None),
            ("$.a.b.c", None),
        ] {
            assert_eq!(Path::read(path).unwrap().find(text), found, "{path}");
        }
        assert_eq!(Path::read("$").unwrap().find(text), Some(text.trim()));
        assert_eq!(Path::read("$.a").unwrap().find(r#"{"a":1,"a":2}"#), Some("2"));
        assert_eq!(Path::read("$.a").unwrap().find("{\"a\":"), None);
        assert_eq!(Path::read("$.a").unwrap().find("5"), None);
    }

    #[test]
    fn what_is_no_path() {
        for bad in ["", "a", "$.", "$..a", "$[", "$[x]", "$[]", "$a", "$.*"] {
            assert_eq!(Path::read(bad), None, "{bad}");
        }
        let long = |characters: usize| format!("$.{}", "a".repeat(characters - 2));
        assert!(Path::read(&long(PATH_CHARACTERS_MAX)).is_some());
        assert!(Path::read(&long(PATH_CHARACTERS_MAX + 1)).is_none());
    }
}
