//! AWS Signature Version 4: who sent a request, and whether it came as it was sent.
//!
//! A signature covers the method, the path, the query, the headers that it lists and the body. It
//! must list `host` and every `X-Amz-` header, because those say what is asked. Requests signed in
//! the `Authorization` header and in the query (presigned) are verified alike. A signature may be
//! used again while it is valid, as with AWS; a host that wants each only once gives [`Replays`].
//!
//! Bodies are always part of the signature: `UNSIGNED-PAYLOAD` is for other services.

mod canonical;
mod claim;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::model::Protocol;
use crate::wire::{Caller, Request};
use crate::{Service, ServiceError};

pub use claim::Scope;
pub(crate) use claim::claimed_scope;

/// How far a signature's time may be from the host's (seconds).
pub const SKEW_SECONDS_MAX: i64 = 900;
/// Longest time that a presigned request may be valid (seconds).
pub const PRESIGNED_SECONDS_MAX: i64 = 604_800;
/// Most headers that one signature may cover.
pub const SIGNED_HEADERS_MAX: usize = 100;
/// Longest message of a refusal (characters).
pub const REFUSAL_CHARS_MAX: usize = 2_048;

/// Finds the keys that may call.
pub trait Keys {
    /// The key of this id.
    fn find(&self, access_key_id: &str) -> Option<Key>;
}

/// A key that requests are signed with.
#[derive(Clone)]
pub struct Key {
    /// What both sides know.
    pub secret: Zeroizing<String>,
    /// The account that calls with this key, 12 digits.
    pub account: String,
    /// What a temporary key must be accompanied by.
    pub session_token: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Remembers signatures, for hosts that take each only once.
pub trait Replays {
    /// Whether this signature is seen for the first time. It is of no use any more after `until`
    /// (seconds since 1970) and can be forgotten then.
    fn is_first(&self, signature: &str, until: i64) -> bool;
}

/// What a request is verified against.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The keys
    pub keys: &'a dyn Keys,
    /// The time (seconds since 1970)
    pub now: i64,
    /// The region that scopes must name; any if there is none.
    pub region: Option<&'a str>,
    /// Where signatures are remembered, if each may be used only once.
    pub replays: Option<&'a dyn Replays>,
}

impl std::fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("now", &self.now).field("region", &self.region).finish_non_exhaustive()
    }
}

/// Who sent a request that is for this service.
///
/// # Errors
/// In AWS's words and with the service's codes: no signature, an incomplete one, one of another
/// time, scope or key, or one that does not fit the request.
pub fn verify(request: &Request<'_>, service: Service, rules: &Rules<'_>) -> Result<Caller, ServiceError> {
    let verdict = Verdict { service };
    let claim = claim::Claim::read(request, verdict)?;
    let until = check_time(&claim, rules.now, verdict)?;
    check_headers(&claim, request, verdict)?;
    check_scope(&claim, rules.region, verdict)?;
    let key = rules.keys.find(&claim.scope.access_key_id).ok_or_else(|| verdict.unknown_key())?;
    check_signature(&claim, request, &key, verdict)?;
    let fits = match (&key.session_token, &claim.session_token) {
        (None, None) => true,
        (Some(known), Some(given)) => same(known.as_bytes(), given.as_bytes()),
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !fits {
        return Err(verdict.unknown_key());
    }
    if rules.replays.is_some_and(|replays| !replays.is_first(&claim.signature, until)) {
        return Err(verdict.wrong("This signature was used before, and this host takes each only once."));
    }
    Ok(Caller { account: key.account, region: claim.scope.region, access_key_id: Some(claim.scope.access_key_id) })
}

/// Who a request says that it is from, unverified: for a host that anybody on its machine may
/// call. A key id of 12 digits is the account, and the scope names the region; what the request
/// does not say comes from `usual`.
pub fn claimed(request: &Request<'_>, usual: &Caller) -> Caller {
    let Some(scope) = claimed_scope(request) else { return usual.clone() };
    let is_account = scope.access_key_id.len() == 12 && scope.access_key_id.bytes().all(|byte| byte.is_ascii_digit());
    Caller {
        account: if is_account { scope.access_key_id.clone() } else { usual.account.clone() },
        region: if claim::is_region(&scope.region) { scope.region } else { usual.region.clone() },
        access_key_id: Some(scope.access_key_id),
    }
}

/// Errors, in the words of the service.
#[derive(Clone, Copy)]
struct Verdict {
    service: Service,
}

impl Verdict {
    fn wrong(self, message: impl Into<String>) -> ServiceError {
        ServiceError::new(self.code("InvalidSignatureException", "SignatureDoesNotMatch"), told(message.into()))
    }

    fn incomplete(self, message: impl Into<String>) -> ServiceError {
        ServiceError::new(self.code("IncompleteSignatureException", "IncompleteSignature"), told(message.into()))
    }

    fn missing(self) -> ServiceError {
        let code = self.code("MissingAuthenticationTokenException", "MissingAuthenticationToken");
        ServiceError::new(code, "Request is missing Authentication Token")
    }

    fn unknown_key(self) -> ServiceError {
        let code = self.code("UnrecognizedClientException", "InvalidClientTokenId");
        ServiceError::new(code, "The security token included in the request is invalid.")
    }

    fn code(self, json: &'static str, query: &'static str) -> &'static str {
        match self.service.model().protocol() {
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => json,
            Protocol::Query => query,
        }
    }
}

/// The messages repeat what the client sent, which may be long.
fn told(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(REFUSAL_CHARS_MAX) {
        message.truncate(end);
    }
    message
}

/// Until when the signature can be used (seconds since 1970).
fn check_time(claim: &claim::Claim, now: i64, verdict: Verdict) -> Result<i64, ServiceError> {
    let (given, lasts) = (claim.time, claim.expires.unwrap_or(SKEW_SECONDS_MAX));
    let told = |seconds: i64| basic(seconds).unwrap_or_else(|| seconds.to_string());
    let (date, allowed) = (&claim.date, lasts / 60);
    if given < now.saturating_sub(lasts) {
        let (least, now) = (told(now.saturating_sub(lasts)), told(now));
        return Err(
            verdict.wrong(format!("Signature expired: {date} is now earlier than {least} ({now} - {allowed} min.)"))
        );
    }
    if given > now.saturating_add(SKEW_SECONDS_MAX) {
        let (most, now) = (told(now.saturating_add(SKEW_SECONDS_MAX)), told(now));
        return Err(
            verdict.wrong(format!("Signature not yet current: {date} is still later than {most} ({now} + 15 min.)"))
        );
    }
    Ok(given.saturating_add(lasts))
}

/// What must be signed is signed, once, and is listed as a signer lists it.
fn check_headers(claim: &claim::Claim, request: &Request<'_>, verdict: Verdict) -> Result<(), ServiceError> {
    let signed = &claim.signed_headers;
    if !signed.iter().any(|name| name == "host") {
        return Err(verdict.wrong("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    if signed.len() > SIGNED_HEADERS_MAX {
        return Err(verdict.wrong(format!("'SignedHeaders' names more than {SIGNED_HEADERS_MAX} headers.")));
    }
    if !signed.is_sorted_by(|a, b| a < b)
        || signed.iter().any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase()))
    {
        return Err(verdict.wrong("'SignedHeaders' must be small letters, sorted, each header once."));
    }
    if request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count() != 1 {
        return Err(verdict.wrong("The request must have one 'Host' header."));
    }
    for name in signed {
        if !request.headers.iter().any(|(found, _)| found.eq_ignore_ascii_case(name)) {
            return Err(
                verdict.wrong(format!("The header '{name}' is listed as a 'SignedHeader' and is not in the request."))
            );
        }
    }
    for (name, _) in request.headers {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-amz-") && name != "x-amz-user-agent" && !signed.contains(&name) {
            return Err(
                verdict.wrong(format!("The header '{name}' must be a 'SignedHeader' in the AWS Authorization."))
            );
        }
    }
    Ok(())
}

/// All that is wrong with the scope at once, as AWS tells it.
fn check_scope(claim: &claim::Claim, region: Option<&str>, verdict: Verdict) -> Result<(), ServiceError> {
    let scope = &claim.scope;
    let mut wrong = Vec::new();
    if !claim::is_region(&scope.region) || region.is_some_and(|region| region != scope.region) {
        wrong.push(format!("Credential should be scoped to a valid region, not '{}'.", scope.region));
    }
    if scope.service != verdict.service.scope() {
        wrong.push(format!("Credential should be scoped to correct service: '{}'.", verdict.service.scope()));
    }
    if scope.terminator != claim::TERMINATOR {
        wrong.push(format!(
            "Credential should be scoped with a valid terminator: '{}', not '{}'.",
            claim::TERMINATOR,
            scope.terminator
        ));
    }
    let day = claim.date.get(..8).unwrap_or_default();
    if scope.day != day {
        wrong.push(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{}'.",
            scope.day, claim.date
        ));
    }
    if wrong.is_empty() { Ok(()) } else { Err(verdict.wrong(wrong.join(" "))) }
}

fn check_signature(
    claim: &claim::Claim,
    request: &Request<'_>,
    key: &Key,
    verdict: Verdict,
) -> Result<(), ServiceError> {
    let mismatch = || {
        verdict.wrong(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    };
    let payload = hex::encode(Sha256::digest(request.body));
    let said = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-content-sha256"));
    if said.map(|(_, value)| *value).any(|value| value != payload.as_bytes()) {
        return Err(verdict.wrong("The header 'x-amz-content-sha256' is not the digest of the request's body."));
    }
    let canonical =
        canonical::request(request, &claim.signed_headers, claim.is_presigned, &payload).ok_or_else(mismatch)?;
    let wanted = signature(&key.secret, &claim.scope, &claim.date, &canonical);
    let given: Vec<u8> = hex::decode(&claim.signature).map_err(|_| mismatch())?;
    // Compares in constant time.
    wanted.verify_slice(&given).map_err(|_| mismatch())
}

/// The signature of a canonical request, not yet finished.
fn signature(secret: &str, scope: &Scope, date: &str, canonical: &[u8]) -> Hmac<Sha256> {
    let secret = Zeroizing::new(format!("AWS4{secret}"));
    let mut key = Zeroizing::new(secret.as_bytes().to_vec());
    for part in [&scope.day, &scope.region, &scope.service, &scope.terminator] {
        key = Zeroizing::new(mac(&key, part.as_bytes()).finalize().into_bytes().to_vec());
    }
    let text = format!(
        "{}\n{date}\n{}/{}/{}/{}\n{}",
        claim::ALGORITHM,
        scope.day,
        scope.region,
        scope.service,
        scope.terminator,
        hex::encode(Sha256::digest(canonical))
    );
    mac(&key, text.as_bytes())
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(data);
    mac
}

/// In a time that does not depend on where they differ.
fn same(known: &[u8], given: &[u8]) -> bool {
    mac(b"", known).verify_slice(&mac(b"", given).finalize().into_bytes()).is_ok()
}

/// `20260102T030405Z`
fn basic(seconds: i64) -> Option<String> {
    Some(Timestamp::from_second(seconds).ok()?.strftime("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests;
