//! Functions on strings and objects.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::Digest as _;

use crate::limits::{INTRINSIC_DATA_CHARS_MAX, INTRINSIC_TEXT_BYTES_MAX};
use crate::text::json_within;
use crate::value::{Number, Value};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Blank text is null.
pub(super) fn string_to_json(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    match Value::parse(text) {
        Ok(Value::Number(Number::Float(n))) if n == 0.0 && text.trim() == "-0" => Ok(Value::from(0)),
        Ok(value) => Ok(value),
        Err(error) => Err(format!("the string is no JSON: {error}")),
    }
}

pub(super) fn json_to_string(value: &Value) -> Result<Value, String> {
    json_within(value, INTRINSIC_TEXT_BYTES_MAX).map(Value::from).map_err(|error| error.to_string())
}

pub(super) fn base64_encode(text: &str) -> Result<Value, String> {
    within_limit(text)?;
    Ok(Value::from(BASE64.encode(text)))
}

/// As MIME has it, characters outside the alphabet are passed over. Bytes that are no UTF-8
/// become replacement characters.
pub(super) fn base64_decode(text: &str) -> Result<Value, String> {
    within_limit(text)?;
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let symbols: Vec<u8> = text.bytes().filter(known).collect();
    let bytes = BASE64.decode(symbols).map_err(|error| format!("the string is no Base64: {error}"))?;
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The digest of the text's UTF-8 bytes in lower-case hexadecimal digits.
pub(super) fn hash(text: &str, algorithm: &str) -> Result<Value, String> {
    within_limit(text)?;
    let digest = match algorithm {
        "MD5" => hex::encode(md5::Md5::digest(text)),
        "SHA-1" => hex::encode(sha1::Sha1::digest(text)),
        "SHA-256" => hex::encode(sha2::Sha256::digest(text)),
        "SHA-384" => hex::encode(sha2::Sha384::digest(text)),
        "SHA-512" => hex::encode(sha2::Sha512::digest(text)),
        other => {
            return Err(format!("the algorithm '{other}' is unknown; use MD5, SHA-1, SHA-256, SHA-384 or SHA-512"));
        }
    };
    Ok(Value::from(digest))
}

/// The members of both objects; where both have one, the second's counts.
pub(super) fn json_merge(first: &Value, second: &Value, deep: &Value) -> Result<Value, String> {
    if *deep != Value::Bool(false) {
        return Err("argument 3 has to be false: only shallow merging is supported".to_owned());
    }
    let (Value::Object(first), Value::Object(second)) = (first, second) else {
        return Err(format!(
            "both values have to be objects, but they are a JSON {} and a JSON {}",
            first.kind(),
            second.kind()
        ));
    };
    let mut merged = (**first).clone();
    for (key, value) in second.iter() {
        merged.insert(Arc::clone(key), value.clone());
    }
    Ok(Value::Object(Arc::new(merged)))
}

/// Each character of `delimiters` splits; empty parts are left out.
pub(super) fn string_split(text: &str, delimiters: &str) -> Value {
    let parts = text.split(|c| delimiters.contains(c));
    Value::array(parts.filter(|part| !part.is_empty()).map(Value::from))
}

fn within_limit(text: &str) -> Result<(), String> {
    if text.chars().count() > INTRINSIC_DATA_CHARS_MAX {
        return Err(format!("the string has more than {INTRINSIC_DATA_CHARS_MAX} characters"));
    }
    Ok(())
}
