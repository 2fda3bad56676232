//! Standard output and standard error of a guest: a bounded log of escaped lines.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use stepwell_tasks::{LogLine, LogStream};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::Grants;

/// Bytes that a guest may write at once.
const WRITE_BYTES_MAX: usize = 4_096;
/// Secrets shorter than this are not looked for in the log: they would blot out half of it.
const REDACTED_BYTES_MIN: usize = 6;

/// The call wrote more than its `log_bytes_max`.
#[derive(Debug, thiserror::Error)]
#[error("the log is full")]
pub(crate) struct LogFull;

/// The log of one call.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<Content>>);

struct Content {
    bytes_max: usize,
    bytes: usize,
    pieces: Vec<(LogStream, Vec<u8>)>,
}

impl Log {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Mutex::new(Content { bytes_max, bytes: 0, pieces: Vec::new() })))
    }

    /// A stream that writes into this log.
    pub(crate) fn stream(&self, stream: LogStream) -> GuestStream {
        GuestStream { log: self.clone(), stream }
    }

    /// The lines so far, with control characters escaped and granted secrets left out.
    pub(crate) fn lines(&self, grants: &Grants) -> Vec<LogLine> {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = Vec::new();
        for (stream, bytes) in &content.pieces {
            let text = String::from_utf8_lossy(bytes);
            for line in text.lines() {
                lines.push(LogLine { stream: *stream, text: escape(&redact(line, grants)) });
            }
        }
        lines
    }

    fn append(&self, stream: LogStream, bytes: &[u8]) -> Result<(), LogFull> {
        let mut content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = content.bytes_max.saturating_sub(content.bytes);
        let kept = bytes.get(..room).unwrap_or(bytes);
        content.bytes += kept.len();
        match content.pieces.last_mut() {
            Some((last, piece)) if *last == stream => piece.extend_from_slice(kept),
            _ if kept.is_empty() => {}
            _ => content.pieces.push((stream, kept.to_vec())),
        }
        if kept.len() < bytes.len() { Err(LogFull) } else { Ok(()) }
    }
}

/// Takes granted secrets out of a text that goes to a log or a history.
pub(crate) fn redact(text: &str, grants: &Grants) -> String {
    let mut text = text.to_owned();
    for (name, secret) in &grants.secrets {
        let value = secret.value();
        if value.len() >= REDACTED_BYTES_MIN && text.contains(value) {
            text = text.replace(value, &format!("[secret {name}]"));
        }
    }
    text
}

/// Makes control characters visible, so that a line of a log cannot steer a terminal.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\t' || !is_steering(character) {
            escaped.push(character);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
        }
    }
    escaped
}

/// Control characters, and those that turn the direction of text around.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What the guest holds.
#[derive(Clone)]
pub(crate) struct GuestStream {
    log: Log,
    stream: LogStream,
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only the third preview of WASI asks for this, and that is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.append(self.stream, &bytes).map_err(|full| StreamError::Trap(full.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_stream_and_order() {
        let log = Log::new(100);
        log.append(LogStream::Stdout, b"one\ntw").unwrap();
        log.append(LogStream::Stdout, b"o\n").unwrap();
        log.append(LogStream::Stderr, b"three").unwrap();
        let texts: Vec<_> = log.lines(&Grants::default()).into_iter().map(|line| (line.stream, line.text)).collect();
        assert_eq!(
            texts,
            [
                (LogStream::Stdout, "one".to_owned()),
                (LogStream::Stdout, "two".to_owned()),
                (LogStream::Stderr, "three".to_owned()),
            ]
        );
    }

    #[test]
    fn a_full_log_keeps_what_fits() {
        let log = Log::new(5);
        assert!(log.append(LogStream::Stdout, b"123").is_ok());
        assert!(log.append(LogStream::Stdout, b"").is_ok());
        assert!(log.append(LogStream::Stdout, b"4567").is_err());
        assert_eq!(log.lines(&Grants::default())[0].text, "12345");
    }

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(escape("a\u{1b}[2Jb\u{7}\tc\u{202e}"), "a\\u{1b}[2Jb\\u{7}\tc\\u{202e}");
    }
}
