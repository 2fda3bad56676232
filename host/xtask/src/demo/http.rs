//! One request to a server on this machine. Plain HTTP to loopback is all the demo speaks, and
//! it is compiled before anything can be shown; a client with TLS would double that time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

const WAIT: Duration = Duration::from_secs(10);
/// Far above what the demo's answers need.
const BODY_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[derive(Debug)]
pub struct Answer {
    /// `HTTP/1.1 202 Accepted`.
    pub status_line: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub fn request(method: &str, address: SocketAddr, path: &str, body: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, WAIT)?;
    stream.set_read_timeout(Some(WAIT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let Message { first: status_line, headers, body } = read_message(stream).context("the answer broke off")?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).context("not an HTTP answer")?;
    Ok(Answer { status_line, status, headers, body })
}

/// A request or an answer.
#[derive(Debug)]
pub struct Message {
    pub first: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Reads as much of a body as `content-length` says; without one, all that comes.
pub fn read_message(stream: impl Read) -> Result<Message> {
    let mut stream = BufReader::new(stream.take(BODY_BYTES_MAX));
    let mut line = || -> Result<String> {
        let mut text = String::new();
        stream.read_line(&mut text)?;
        Ok(text.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    loop {
        let text = line()?;
        match text.split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = Vec::new();
    stream.take(length.unwrap_or(BODY_BYTES_MAX)).read_to_end(&mut body)?;
    Ok(Message { first, headers, body: String::from_utf8(body).context("a body that is not text")? })
}

#[test]
fn a_message_is_read_to_its_length() {
    let text = "HTTP/1.1 202 Accepted\r\nLocation: /x\r\nContent-Length: 2\r\n\r\n{}beyond";
    let message = read_message(text.as_bytes()).expect("it is whole");
    assert_eq!(message.first, "HTTP/1.1 202 Accepted");
    assert_eq!(message.headers[0], ("location".to_owned(), "/x".to_owned()));
    assert_eq!(message.body, "{}");
}
