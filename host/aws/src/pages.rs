//! Tokens that continue a listing.
//!
//! A token says where the next page begins. It is authenticated with the host's key and bound to
//! the operation, the caller and all other parameters, so that no client can make one up, change
//! one, or use it for another listing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::wire::Call;
use crate::{Service, ServiceError};

/// How long a token can be used (seconds): a day, as with AWS.
pub const TOKEN_SECONDS_MAX: i64 = 86_400;
/// Longest position that a token can have (bytes): the token is within what every service takes.
pub const POSITION_BYTES_MAX: usize = 512;

const TAG_BYTES: usize = 32;

/// Makes tokens and reads them again.
pub struct Pager {
    key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Pager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").finish_non_exhaustive()
    }
}

impl Pager {
    /// With a key that only this host knows. Tokens of another key are refused.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self { key: Zeroizing::new(key.into()) }
    }

    /// The token for the page of this listing that begins at `position`, which means something to
    /// whoever lists; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// `InternalFailure` for a position of more than [`POSITION_BYTES_MAX`].
    pub fn token(&self, call: &Call, position: &str, now: i64) -> Result<String, ServiceError> {
        if position.len() > POSITION_BYTES_MAX {
            return Err(ServiceError::internal("the place where the next page begins is too long for a token"));
        }
        let payload = format!("{now}:{position}");
        let mut bytes = self.mac(call, &payload).finalize().into_bytes().to_vec();
        bytes.extend(payload.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Where the page begins that the call asks for; `None` for the first one.
    ///
    /// # Errors
    /// In the service's words, for a token that this host did not make for this listing, or made
    /// longer ago than [`TOKEN_SECONDS_MAX`].
    pub fn position(&self, call: &Call, now: i64) -> Result<Option<String>, ServiceError> {
        let member = call.model().operation(call.operation).and_then(|operation| operation.page());
        let Some(token) = member.and_then(|(member, _)| call.text(member)) else { return Ok(None) };
        self.open(call, token, now).map(Some).ok_or_else(|| invalid(call.service))
    }

    fn open(&self, call: &Call, token: &str, now: i64) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, payload) = bytes.split_at_checked(TAG_BYTES)?;
        let payload = std::str::from_utf8(payload).ok()?;
        self.mac(call, payload).verify_slice(tag).ok()?;
        let (made, position) = payload.split_once(':')?;
        let age = now.saturating_sub(made.parse::<i64>().ok()?);
        (age <= TOKEN_SECONDS_MAX).then(|| position.to_owned())
    }

    fn mac(&self, call: &Call, payload: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        let caller = &call.caller;
        let parameters = parameters(call).to_string();
        let scope = call.service.scope();
        for part in ["page 1", scope, call.operation, &caller.account, &caller.region, &parameters, payload] {
            // Each with its length, so that no two lists of parts read alike.
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

/// How many things a page has: what the call asks for, or `usual` if it asks for nothing or for 0.
pub fn size(call: &Call, usual: usize) -> usize {
    let member = call.model().operation(call.operation).and_then(|operation| operation.page());
    let asked = member.and_then(|(_, member)| call.member(member)).and_then(Value::as_u64);
    asked.and_then(|asked| usize::try_from(asked).ok()).filter(|asked| *asked > 0).unwrap_or(usual)
}

/// The input without what may differ from page to page. Members are in a defined order.
fn parameters(call: &Call) -> Value {
    let mut input = call.input.clone();
    let page = call.model().operation(call.operation).and_then(|operation| operation.page());
    if let (Some((token, limit)), Some(members)) = (page, input.as_object_mut()) {
        members.remove(token);
        members.remove(limit);
    }
    input
}

fn invalid(service: Service) -> ServiceError {
    match service {
        Service::States => ServiceError::new("InvalidToken", "Invalid Token: 'Invalid token'"),
        Service::Events | Service::Scheduler | Service::Sts => {
            ServiceError::validation("Parameter NextToken is not valid.")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::Caller;

    const NOW: i64 = 1_800_000_000;

    fn call(operation: &'static str, input: Value) -> Call {
        let service = if operation.contains("Rules") { Service::Events } else { Service::States };
        let caller = Caller { account: "000000000000".to_owned(), region: "us-east-1".to_owned(), access_key_id: None };
        let protocol = service.model().protocol();
        Call { service, operation, protocol, input, caller, request_id: "r".to_owned() }
    }

    #[test]
    fn a_token_continues_its_listing() {
        let pager = Pager::new(*b"a key");
        let first = call("ListExecutions", json!({"stateMachineArn": "a", "maxResults": 2}));
        assert_eq!(pager.position(&first, NOW), Ok(None));
        let token = pager.token(&first, "row:17", NOW).unwrap();
        let next = call("ListExecutions", json!({"stateMachineArn": "a", "maxResults": 5, "nextToken": token}));
        assert_eq!(pager.position(&next, NOW + TOKEN_SECONDS_MAX), Ok(Some("row:17".to_owned())));
        assert_eq!((size(&first, 100), size(&call("ListExecutions", json!({"maxResults": 0})), 100)), (2, 100));
    }

    #[test]
    fn other_tokens_are_refused() {
        let pager = Pager::new(*b"a key");
        let input = json!({"stateMachineArn": "a"});
        let token = pager.token(&call("ListExecutions", input.clone()), "x", NOW).unwrap();
        let with = |token: &str, machine: &str| json!({"stateMachineArn": machine, "nextToken": token});
        let fails = |call: &Call, now| pager.position(call, now).unwrap_err().to_string();
        let wrong = "InvalidToken: Invalid Token: 'Invalid token'";
        assert_eq!(fails(&call("ListExecutions", with(&token, "b")), NOW), wrong);
        assert_eq!(fails(&call("ListStateMachineVersions", with(&token, "a")), NOW), wrong);
        assert_eq!(fails(&call("ListExecutions", with(&token, "a")), NOW + TOKEN_SECONDS_MAX + 1), wrong);
        let mut other = call("ListExecutions", with(&token, "a"));
        other.caller.account = "111111111111".to_owned();
        assert_eq!(fails(&other, NOW), wrong);
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(fails(&call("ListExecutions", with(&altered, "a")), NOW), wrong, "{at}");
        }
        for text in ["", "x", "####", "AAAA"] {
            assert_eq!(fails(&call("ListExecutions", with(text, "a")), NOW), wrong);
        }
        assert!(Pager::new(*b"other").position(&call("ListExecutions", with(&token, "a")), NOW).is_err());
        let rules = call("ListRules", json!({"NextToken": "x"}));
        assert_eq!(fails(&rules, NOW), "ValidationException: Parameter NextToken is not valid.");
    }

    #[test]
    fn a_position_has_a_size() {
        let (pager, call) = (Pager::new(*b"a key"), call("ListStateMachines", json!({})));
        let token = pager.token(&call, &"x".repeat(POSITION_BYTES_MAX), NOW).unwrap();
        assert!(token.len() <= 1024, "Step Functions takes tokens of up to 1,024 characters");
        assert!(pager.token(&call, &"x".repeat(POSITION_BYTES_MAX + 1), NOW).is_err());
    }
}
