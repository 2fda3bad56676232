//! `task:notify`: delivers a webhook signed as Standard Webhooks asks
//! (<https://www.standardwebhooks.com>), so that a receiver checks it with any of their
//! libraries.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stepwell::http::{self, Request};
use stepwell::{Context, Failure, ensure, secrets};

/// Before the base64 of a key; a secret without it is the key itself.
const SECRET_PREFIX: &str = "whsec_";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    url: String,
    /// Such as `report.finished`.
    event: String,
    payload: Value,
    /// The name of a granted secret.
    secret: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    status: u16,
    delivery_id: String,
}

/// Delivers a signed webhook to a granted origin.
#[stepwell::task]
fn notify(input: Input, cx: &Context) -> Result<Output, Failure> {
    let secret =
        secrets::require(&input.secret).map_err(|error| Failure::from(error).renamed("NotifySecretMissing"))?;
    // Body and id are the same in every attempt, so that a receiver sees one delivery; only
    // the timestamp, and with it the signature, is of now.
    let body = json!({ "type": input.event, "data": input.payload }).to_string();
    let delivery_id = delivery_id(cx.idempotency_key());
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let signature = signature(&secret, &delivery_id, timestamp, &body)?;
    let answer = Request::post(input.url)
        .header("content-type", "application/json")
        .header("webhook-id", &delivery_id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature)
        .body(body)
        .send()
        .map_err(named)?;
    ensure!(answer.is_success(), "NotifyRejected", "status {}: {}", answer.status, answer.excerpt());
    Ok(Output { status: answer.status, delivery_id })
}

/// The key itself when it can stand in a header and in the signed text, where `.` separates;
/// otherwise its digest.
fn delivery_id(idempotency_key: String) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_:/".contains(character);
    if idempotency_key.chars().all(plain) {
        return idempotency_key;
    }
    Sha256::digest(idempotency_key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signature(secret: &str, id: &str, timestamp: u64, body: &str) -> Result<String, Failure> {
    let key = match secret.strip_prefix(SECRET_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|error| secret_invalid(&error))?,
        None => secret.as_bytes().to_vec(),
    };
    ensure!(!key.is_empty(), "NotifySecretInvalid", "the secret is empty");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| secret_invalid(&error))?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

fn secret_invalid(error: &impl std::fmt::Display) -> Failure {
    Failure::new("NotifySecretInvalid", format!("after `{SECRET_PREFIX}` the secret is base64: {error}"))
}

fn named(error: http::Error) -> Failure {
    let name = match &error {
        http::Error::Denied(_) => "NotifyDenied",
        http::Error::Invalid(_) => "InvalidInput",
        http::Error::Unreachable(_) => "NotifyUnreachable",
        http::Error::TooLarge(_) => "NotifyRejected",
    };
    Failure::new(name, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell::http::Response;
    use stepwell::testing::Host;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn cases() {
        cases::run(env!("CARGO_MANIFEST_DIR"), notify);
    }

    #[test]
    fn the_signature_is_that_of_the_standards_libraries() {
        let body = r#"{"test": 2432232314}"#;
        let signature = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature.as_deref(), Ok("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_receiver_can_check_what_was_sent() {
        let up = |_: &Request| Ok(Response::new(204));
        let host = Host::new().secret("key", SECRET).idempotency_key("exec-1/Notify").http(up).install();
        let input = json!({ "url": "https://a/", "event": "e", "payload": {"b": 1, "a": 2}, "secret": "key" });
        assert_eq!(host.run(notify, input), Ok(json!({ "status": 204, "deliveryId": "exec-1/Notify" })));
        let sent = host.requests().remove(0);
        let header = |name: &str| sent.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        assert_eq!(header("webhook-id").as_deref(), Some("exec-1/Notify"));
        let body = String::from_utf8(sent.body.clone()).expect("text");
        assert_eq!(body, r#"{"type":"e","data":{"b":1,"a":2}}"#);
        let timestamp = header("webhook-timestamp").and_then(|text| text.parse().ok()).expect("a timestamp");
        assert_eq!(header("webhook-signature"), signature(SECRET, "exec-1/Notify", timestamp, &body).ok());
    }
}
