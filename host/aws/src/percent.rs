//! Percent-encoding, as SigV4 and paths have it.

/// Bytes with everything but letters, digits, `-`, `.`, `_` and `~` encoded; also `/` unless it is kept.
pub(crate) fn encode(bytes: &[u8], keep_slash: bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || (keep_slash && *byte == b'/');
        if plain {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        }
    }
    out
}

/// The bytes that an encoded text stands for; a `%` that starts nothing stands for itself.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) => match (value(*high), value(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                (_, _) => out.push(b'%'),
            },
            (b'+', _) if plus_is_space => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
    }
    out
}

/// `name=value` pairs of a query or a form, decoded; those that are no UTF-8 are `None`.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = Option<(String, String)>> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text| String::from_utf8(decode(text, true)).ok();
        Some((plain(name)?, plain(value)?))
    })
}

fn digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 })
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
