//! What a signed request says about its signature.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{PRESIGNED_SECONDS_MAX, Verdict, basic};
use crate::ServiceError;
use crate::percent::pairs;
use crate::wire::Request;

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
pub(super) const TERMINATOR: &str = "aws4_request";

/// What a credential is for: `AKIA…/20260102/us-east-1/states/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The id of the key
    pub access_key_id: String,
    /// `YYYYMMDD`
    pub day: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `states`.
    pub service: String,
    /// `aws4_request`
    pub terminator: String,
}

/// A signature with all that it needs.
pub(super) struct Claim {
    pub(super) scope: Scope,
    pub(super) signed_headers: Vec<String>,
    /// 64 hexadecimal digits
    pub(super) signature: String,
    /// `YYYYMMDD'T'HHMMSS'Z'`
    pub(super) date: String,
    /// The same in seconds since 1970.
    pub(super) time: i64,
    /// How long a presigned request is valid (seconds).
    pub(super) expires: Option<i64>,
    pub(super) session_token: Option<String>,
    pub(super) is_presigned: bool,
}

impl Claim {
    pub(super) fn read(request: &Request<'_>, verdict: Verdict) -> Result<Self, ServiceError> {
        let in_query = in_query(request, "X-Amz-Signature", verdict)?.is_some()
            || in_query(request, "X-Amz-Algorithm", verdict)?.is_some();
        let in_header = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).count();
        match (in_query, in_header) {
            (false, 1) => Self::of_header(request, verdict),
            (true, 0) => Self::of_query(request, verdict),
            (false, 0) => Err(verdict.missing()),
            (_, _) => {
                Err(verdict
                    .incomplete("The request must be signed once, in one 'Authorization' header or in the query."))
            }
        }
    }

    fn of_header(request: &Request<'_>, verdict: Verdict) -> Result<Self, ServiceError> {
        let text = request.header("authorization").ok_or_else(|| verdict.missing())?;
        if !text.starts_with("AWS4-") {
            return Err(verdict.missing());
        }
        let (algorithm, parameters) = text.split_once(' ').unwrap_or((text, ""));
        let [mut credential, mut signed_headers, mut signature] = [None, None, None];
        for parameter in parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()) {
            let Some((name, value)) = parameter.split_once('=') else {
                let message = "not a valid key=value pair (missing equal-sign) in Authorization header";
                return Err(verdict.incomplete(format!("'{parameter}' {message}: '{text}'.")));
            };
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => {
                    return Err(
                        verdict.incomplete(format!("Unknown parameter '{name}' in Authorization header: '{text}'."))
                    );
                }
            };
            if place.replace(value).is_some() {
                return Err(
                    verdict.incomplete(format!("Duplicate parameter '{name}' in Authorization header: '{text}'."))
                );
            }
        }
        let date = request.header("x-amz-date").or_else(|| request.header("date"));
        let mut lacks = String::new();
        for (name, value) in [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)] {
            if value.is_none_or(str::is_empty) {
                lacks += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if date.is_none() {
            lacks += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        }
        let (Some(credential), Some(signed_headers), Some(signature), Some(date), true) =
            (credential, signed_headers, signature, date, lacks.is_empty())
        else {
            return Err(verdict.incomplete(format!("{lacks}Authorization={text}")));
        };
        let (date, time) = instant(date, verdict)?;
        check_algorithm(algorithm, verdict)?;
        Ok(Self {
            scope: Scope::parse(credential, verdict)?,
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: check_form(signature, verdict)?,
            date,
            time,
            expires: None,
            session_token: token_header(request, verdict)?,
            is_presigned: false,
        })
    }

    fn of_query(request: &Request<'_>, verdict: Verdict) -> Result<Self, ServiceError> {
        let part = |name: &str| {
            in_query(request, name, verdict)?
                .filter(|value| !value.is_empty())
                .ok_or_else(|| verdict.incomplete(format!("AWS query-string parameters must include '{name}'.")))
        };
        let (algorithm, credential, signature) =
            (part("X-Amz-Algorithm")?, part("X-Amz-Credential")?, part("X-Amz-Signature")?);
        let (signed_headers, date, expires) =
            (part("X-Amz-SignedHeaders")?, part("X-Amz-Date")?, part("X-Amz-Expires")?);
        let (date, time) = instant(&date, verdict)?;
        check_algorithm(&algorithm, verdict)?;
        let lasts = expires.parse::<i64>().ok().filter(|seconds| (1..=PRESIGNED_SECONDS_MAX).contains(seconds));
        let Some(lasts) = lasts else {
            let message = format!("'X-Amz-Expires' must be 1 to {PRESIGNED_SECONDS_MAX} seconds, got '{expires}'.");
            return Err(verdict.incomplete(message));
        };
        Ok(Self {
            scope: Scope::parse(&credential, verdict)?,
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: check_form(&signature, verdict)?,
            date,
            time,
            expires: Some(lasts),
            session_token: match in_query(request, "X-Amz-Security-Token", verdict)? {
                Some(token) => Some(token),
                None => token_header(request, verdict)?,
            },
            is_presigned: true,
        })
    }
}

impl Scope {
    fn parse(credential: &str, verdict: Verdict) -> Result<Self, ServiceError> {
        Self::of(credential).ok_or_else(|| {
            verdict.incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
            ))
        })
    }

    fn of(credential: &str) -> Option<Self> {
        let mut parts = credential.split('/').map(str::to_owned);
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (access_key_id, day, region, service, terminator) = (part()?, part()?, part()?, part()?, part()?);
        let scope = Self { access_key_id, day, region, service, terminator };
        parts.next().is_none().then_some(scope)
    }
}

/// What a request says its credential is for, whether or not that is true.
pub(crate) fn claimed_scope(request: &Request<'_>) -> Option<Scope> {
    let of_header = || {
        let (_, parameters) = request.header("authorization")?.strip_prefix("AWS4-")?.split_once(' ')?;
        parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("Credential=")).and_then(Scope::of)
    };
    of_header().or_else(|| Scope::of(&values_in_query(request, "X-Amz-Credential").next()?))
}

/// Whether a text can be a region: regions become parts of names.
pub(super) fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(plain)
}

/// A parameter of the query that may stand there once.
fn in_query(request: &Request<'_>, name: &str, verdict: Verdict) -> Result<Option<String>, ServiceError> {
    let mut found = values_in_query(request, name);
    let first = found.next();
    if found.next().is_some() {
        return Err(verdict.incomplete(format!("AWS query-string parameter '{name}' stands in the query twice.")));
    }
    Ok(first)
}

fn values_in_query<'a>(request: &Request<'a>, name: &'a str) -> impl Iterator<Item = String> + 'a {
    pairs(request.query).flatten().filter(move |(given, _)| given == name).map(|(_, value)| value)
}

fn token_header(request: &Request<'_>, verdict: Verdict) -> Result<Option<String>, ServiceError> {
    let count = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-security-token")).count();
    match (count, request.header("x-amz-security-token")) {
        (0, _) => Ok(None),
        (_, Some(token)) => Ok(Some(token.to_owned())),
        (_, None) => Err(verdict.unknown_key()),
    }
}

/// A signer writes small letters; nothing else is a signature.
fn check_form(signature: &str, verdict: Verdict) -> Result<String, ServiceError> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if signature.len() == 64 && signature.bytes().all(is_digit) {
        return Ok(signature.to_owned());
    }
    Err(verdict.wrong("The signature in the request is not 64 hexadecimal digits in small letters."))
}

fn check_algorithm(algorithm: &str, verdict: Verdict) -> Result<(), ServiceError> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(verdict.incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now). ")))
}

/// A time as it is signed, and in seconds since 1970: ISO 8601's basic form, or what `Date` has.
fn instant(text: &str, verdict: Verdict) -> Result<(String, i64), ServiceError> {
    let found = of_basic(text).or_else(|| {
        let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_zoned(text).ok()?;
        Some(zoned.timestamp())
    });
    let spelled = found.and_then(|time| Some((basic(time.as_second())?, time.as_second())));
    spelled.ok_or_else(|| {
        verdict.incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })
}

fn of_basic(text: &str) -> Option<Timestamp> {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if !shape.eq(*b"00000000T000000Z") {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range| part(range).and_then(|value| i8::try_from(value).ok());
    let (year, month, day) = (part(0..4)?, small(4..6)?, small(6..8)?);
    let (hour, minute, second) = (small(9..11)?, small(11..13)?, small(13..15)?);
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
