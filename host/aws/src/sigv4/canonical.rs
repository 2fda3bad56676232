//! A request in the form that is signed.

use crate::percent::{encode, pairs};
use crate::wire::Request;

/// The canonical request; `None` for a request that no signer makes.
///
/// The path is encoded once more as it was sent (every service but S3 does that). A path with
/// empty or dotted segments is refused: signers take those out, and then the signature would say
/// nothing about them.
pub(super) fn request(request: &Request<'_>, signed: &[String], is_presigned: bool, payload: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(1024);
    out.extend(request.method.as_bytes());
    out.push(b'\n');
    out.extend(path(request.path)?.as_bytes());
    out.push(b'\n');
    out.extend(query(request.query, is_presigned)?.as_bytes());
    out.push(b'\n');
    for name in signed {
        out.extend(name.as_bytes());
        out.push(b':');
        let values = request.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        for (index, (_, value)) in values.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            add_trimmed(value, &mut out);
        }
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend(signed.join(";").as_bytes());
    out.push(b'\n');
    out.extend(payload.as_bytes());
    Some(out)
}

fn path(path: &str) -> Option<String> {
    if path.is_empty() || path == "/" {
        return Some("/".to_owned());
    }
    let (last, others) =
        path.strip_prefix('/')?.split('/').collect::<Vec<_>>().split_last().map(|(l, o)| (*l, o.to_vec()))?;
    let dotted = |part: &str| part == "." || part == "..";
    let plain = others.iter().all(|part| !part.is_empty() && !dotted(part)) && !dotted(last);
    plain.then(|| encode(path.as_bytes(), true))
}

/// Sorted by name and value as they are encoded.
fn query(query: &str, is_presigned: bool) -> Option<String> {
    let mut found = Vec::new();
    for pair in pairs(query) {
        let (name, value) = pair?;
        if !(is_presigned && name == "X-Amz-Signature") {
            found.push((encode(name.as_bytes(), false), encode(value.as_bytes(), false)));
        }
    }
    found.sort();
    Some(found.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"))
}

/// Without white space at its ends, and with one space for any of it in between.
fn add_trimmed(value: &[u8], out: &mut Vec<u8>) {
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    out.extend(words.next().unwrap_or_default());
    for word in words {
        out.push(b' ');
        out.extend(word);
    }
}
