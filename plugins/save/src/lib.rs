//! `task:save`: keeps a document in a granted directory; the same key twice is the same object.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepwell::{Failure, ensure, files};

/// Characters of a name and of an extension.
const NAME_CHARACTERS_MAX: usize = 200;
const EXTENSION_CHARACTERS_MAX: usize = 16;
/// Digits of the content's digest in a name with `digestInName`.
const NAME_DIGEST_DIGITS: usize = 12;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    directory: String,
    /// Without one, the content's digest is the name.
    name: Option<String>,
    /// Adds the beginning of the content's digest to the name, so that other content has
    /// another key.
    #[serde(default)]
    digest_in_name: bool,
    extension: String,
    content: String,
}

#[derive(Serialize)]
struct Output {
    directory: String,
    /// The path in the directory.
    key: String,
    /// `sha256:` and 64 hexadecimal digits.
    digest: String,
    bytes: usize,
    /// False when the object was there already, with the same content.
    created: bool,
}

/// Keeps a document in a granted directory; the same key twice is the same object.
#[stepwell::task]
fn save(input: Input) -> Result<Output, Failure> {
    let Input { directory, name, digest_in_name, extension, content } = input;
    let digits = digest(content.as_bytes());
    let short: String = digits.chars().take(NAME_DIGEST_DIGITS).collect();
    let name = match name {
        None => digits.clone(),
        Some(name) if digest_in_name => format!("{name}-{short}"),
        Some(name) => name,
    };
    check("name", &name, NAME_CHARACTERS_MAX, "-_./")?;
    check("extension", &extension, EXTENSION_CHARACTERS_MAX, "")?;
    let key = format!("{name}.{extension}");
    let created = match files::directory(&directory).create_new(&key, &content) {
        Ok(()) => true,
        Err(files::Error::Exists(_)) => {
            let there = digest(&files::directory(&directory).read(&key).map_err(named)?);
            ensure!(
                there == digits,
                "AlreadyExists",
                "`{key}` in `{directory}` holds other content (sha256:{there}, not sha256:{digits}): choose another name, or set `digestInName`"
            );
            false
        }
        Err(error) => return Err(named(error)),
    };
    Ok(Output { directory, key, digest: format!("sha256:{digits}"), bytes: content.len(), created })
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Letters, digits and the named marks, so that a key is a path on every system. Whether the
/// path leads out of the directory is the host's to say.
fn check(field: &str, text: &str, characters_max: usize, marks: &str) -> Result<(), Failure> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || marks.contains(character);
    let well_formed = !text.is_empty() && text.len() <= characters_max && text.chars().all(allowed);
    let of = if marks.is_empty() { String::new() } else { format!(" and {marks}") };
    ensure!(
        well_formed,
        "InvalidInput",
        "`{field}` is {text:?}: it can be 1 to {characters_max} of the letters a to z, digits{of}"
    );
    Ok(())
}

fn named(error: files::Error) -> Failure {
    let name = match &error {
        files::Error::Denied(_) | files::Error::Invalid(_) => "SaveDenied",
        files::Error::TooLarge(_) => "ContentTooLarge",
        files::Error::NotFound(_) | files::Error::Exists(_) | files::Error::Unavailable(_) => "SaveUnavailable",
    };
    Failure::new(name, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stepwell::testing::Host;

    #[test]
    fn cases() {
        cases::run(env!("CARGO_MANIFEST_DIR"), save);
    }

    #[test]
    fn the_same_key_twice_is_the_same_object() {
        let host = Host::new().directory("reports").install();
        let input = json!({ "directory": "reports", "name": "a", "extension": "md", "content": "text" });
        let first = host.run(save, input.clone()).expect("the first is written");
        let second = host.run(save, input).expect("the second finds it");
        assert_eq!((&first["created"], &second["created"]), (&json!(true), &json!(false)));
        assert_eq!((&first["key"], &first["digest"]), (&second["key"], &second["digest"]));
        assert_eq!(host.files("reports"), ["a.md"]);
    }
}
