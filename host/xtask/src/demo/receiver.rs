//! A receiver of webhooks that believes only what is signed (Standard Webhooks 1.0).

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::http::{Message, read_message};

/// A message this much older or newer than now is not believed.
const AGE_SECONDS_MAX: u64 = 300;
const READ_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub struct Options {
    #[arg(long, default_value = "127.0.0.1:8084")]
    listen: SocketAddr,
    /// The project whose key signs the webhooks
    #[arg(long, default_value = crate::guests::EXAMPLE)]
    project: std::path::PathBuf,
}

/// This program again, as the receiver.
pub fn command(listen: SocketAddr, project: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
    command.args(["receive-webhooks", "--listen", &listen.to_string(), "--project"]).arg(project);
    Ok(command)
}

pub fn run(options: &Options) -> Result<()> {
    let key = key(&options.project)?;
    let listener = TcpListener::bind(options.listen).with_context(|| format!("cannot listen on {}", options.listen))?;
    for stream in listener.incoming() {
        if let Err(error) = stream.map_err(anyhow::Error::from).and_then(|stream| receive(stream, &key)) {
            println!("A webhook was not read: {error:#}");
        }
    }
    Ok(())
}

fn receive(mut stream: TcpStream, key: &[u8]) -> Result<()> {
    stream.set_read_timeout(Some(READ_WITHIN))?;
    let Message { headers, body, .. } = read_message(&stream)?;
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let signed = Signed {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature"),
        body: &body,
    };
    let status = match verify(&signed, key, now) {
        Ok(()) => {
            println!("The receiver got webhook {}, and its signature is right:\n\n{body}", signed.id);
            "204 No Content"
        }
        Err(error) => {
            println!("The receiver refused a webhook: {error:#}");
            "401 Unauthorized"
        }
    };
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
    Ok(())
}

struct Signed<'a> {
    id: &'a str,
    timestamp: &'a str,
    /// `v1,BASE64` one or several times, with blanks between.
    signatures: &'a str,
    body: &'a str,
}

fn verify(message: &Signed<'_>, key: &[u8], now: u64) -> Result<()> {
    let timestamp: u64 = message.timestamp.parse().context("it has no webhook-timestamp")?;
    ensure!(now.abs_diff(timestamp) <= AGE_SECONDS_MAX, "its timestamp is {} s from now", now.abs_diff(timestamp));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).context("the key has no use")?;
    mac.update(format!("{}.{timestamp}.{}", message.id, message.body).as_bytes());
    let right = message
        .signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok());
    ensure!(right, "none of its signatures is right");
    Ok(())
}

/// The key for development that the project file has; `whsec_` says that base64 follows.
fn key(project: &Path) -> Result<Vec<u8>> {
    let path = project.join("stepwell.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let table: toml::Table = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let key = table
        .get("secrets")
        .and_then(|secrets| secrets.get("webhook-key")?.get("value_for_development")?.as_str())
        .with_context(|| format!("{} has no secrets.webhook-key.value_for_development", path.display()))?;
    match key.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).context("the webhook key is not base64 after whsec_"),
        None => Ok(key.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` over `msg_1.1700000000.{"a":1}`.
    const SIGNATURE: &str = "v1,rkwp5YuvdrMkcu0ZhuMsXoTg44mHAr1Q0+FFgFpXsjY=";

    fn message<'a>(signatures: &'a str, body: &'a str) -> Signed<'a> {
        Signed { id: "msg_1", timestamp: "1700000000", signatures, body }
    }

    #[test]
    fn only_what_is_signed_and_fresh_is_believed() {
        let key = b"0123456789abcdef0123456789abcdef";
        let right = message(SIGNATURE, r#"{"a":1}"#);
        assert!(verify(&right, key, 1_700_000_100).is_ok());
        assert!(verify(&message(&format!("v1,AAAA {SIGNATURE}"), r#"{"a":1}"#), key, 1_700_000_000).is_ok());
        assert!(verify(&right, key, 1_700_000_301).is_err(), "too old");
        assert!(verify(&right, key, 1_699_999_699).is_err(), "from the future");
        assert!(verify(&right, b"another key", 1_700_000_000).is_err());
        assert!(verify(&message(SIGNATURE, r#"{"a":2}"#), key, 1_700_000_000).is_err(), "another body");
        assert!(verify(&message("", r#"{"a":1}"#), key, 1_700_000_000).is_err(), "not signed");
    }

    #[test]
    fn the_example_has_a_key() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/report");
        assert!(key(&example).is_ok_and(|key| key.len() >= 24));
    }
}
