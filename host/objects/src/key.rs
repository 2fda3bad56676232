//! Which keys objects can have.

use crate::Error;

/// Longest key (bytes), as S3 has it.
pub const KEY_BYTES_MAX: usize = 1024;
/// Longest name between two slashes of a key (bytes), as file systems have it.
pub const KEY_NAME_BYTES_MAX: usize = 255;
/// Most names in a key: so many directories may be open for one listing.
pub const KEY_NAMES_MAX: usize = 64;
/// Names that begin so belong to objects that are being written; no key has one.
pub const RESERVED: &str = ".stepwell-";

/// Whether an object can have this key: names divided by single slashes, none of them `.` or
/// `..`, without control characters.
///
/// # Errors
/// [`Error::KeyInvalid`], which says what is wrong with it.
pub fn check_key(key: &str) -> Result<(), Error> {
    problem(key).map_or(Ok(()), |problem| Err(Error::KeyInvalid { key: shown(key), problem }))
}

fn problem(key: &str) -> Option<String> {
    if key.is_empty() {
        return Some("it is empty".to_owned());
    }
    if key.len() > KEY_BYTES_MAX {
        return Some(format!("it is longer than {KEY_BYTES_MAX} bytes"));
    }
    if key.split('/').count() > KEY_NAMES_MAX {
        return Some(format!("it has more than {KEY_NAMES_MAX} names between slashes"));
    }
    key.split('/').find_map(|name| match name {
        "" => Some("it begins or ends with a slash, or has two in a row".to_owned()),
        "." | ".." => Some(format!("{name:?} is not a name")),
        _ if name.len() > KEY_NAME_BYTES_MAX => {
            Some(format!("a name between two slashes is longer than {KEY_NAME_BYTES_MAX} bytes"))
        }
        _ if name.starts_with(RESERVED) => Some(format!("names that begin with {RESERVED:?} are reserved")),
        _ if name.chars().any(char::is_control) => Some("it has a control character".to_owned()),
        _ => None,
    })
}

/// The start of a key that may be of any length.
fn shown(key: &str) -> String {
    const SHOWN_CHARS: usize = 200;
    match key.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", key.get(..end).unwrap_or_default()),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_length() {
        let name = "n".repeat(KEY_NAME_BYTES_MAX);
        assert!(check_key(&name).is_ok());
        assert!(check_key(&format!("{name}n")).unwrap_err().to_string().contains("255 bytes"));
        let longest = format!("{name}/{name}/{name}/{name}/");
        assert_eq!(longest.len(), KEY_BYTES_MAX);
        let longest = format!("{}/n", longest.get(..KEY_BYTES_MAX - 2).unwrap());
        assert!(check_key(&longest).is_ok());
        let error = check_key(&format!("{longest}n")).unwrap_err().to_string();
        assert!(error.contains("longer than 1024 bytes"), "{error}");
        assert!(error.len() < 500, "{error}");
        let deepest = ["d"; KEY_NAMES_MAX].join("/");
        assert!(check_key(&deepest).is_ok());
        assert!(check_key(&format!("{deepest}/d")).unwrap_err().to_string().contains("64 names"));
    }

    #[test]
    fn keys_are_names_between_slashes() {
        for key in ["a", "a/b.json", "a b", "...", "é/ü", "a\\b", "~", "C:", "-", "a.stepwell-"] {
            assert!(check_key(key).is_ok(), "{key:?}");
        }
        for key in ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\0", "a\nb", "a/.stepwell-1"] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
    }
}
