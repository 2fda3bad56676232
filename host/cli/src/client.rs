//! A host's API, as this command line uses it.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use stepwell_asl::expr::Value;
use url::Url;

use crate::exit::{Code, Exit};

/// Longest time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time for an answer that is not a stream.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest silence on a stream; the host says something every 15 seconds.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(45);

/// How often a broken stream is taken up again before it is given up, with a pause between.
const RESUMES_MAX: u32 = 20;
const RESUME_PAUSE: Duration = Duration::from_millis(500);

/// Larger answers and messages are given up (bytes).
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Names that are one segment of a path.
const SEGMENT_FORBIDDEN: &[char] = &['/', '?', '#', '%', '\\'];

/// A slash within a segment.
const ESCAPED_SLASH: &str = "%2F";

/// A host.
#[derive(Debug, Clone)]
pub struct Client {
    base: Url,
    http: reqwest::Client,
}

impl Client {
    pub fn new(address: &str) -> Result<Self, Exit> {
        let usage = |message: String| {
            Exit::new(Code::Usage, message).help("write --host http://127.0.0.1:8083, or set STEPWELL_HOST")
        };
        let base = Url::parse(address).map_err(|error| usage(format!("\"{address}\" is no address: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(usage(format!("\"{address}\" is no address of a host")));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("stepwell/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Exit::new(Code::Failed, format!("the HTTP client does not start: {error}")))?;
        Ok(Self { base, http })
    }

    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Exit> {
        let response = self.send(Method::GET, path, query, None).await?;
        json(response).await
    }

    pub async fn post(&self, path: &[&str], body: &Value) -> Result<Value, Exit> {
        let response = self.send(Method::POST, path, &[], Some(body)).await?;
        json(response).await
    }

    pub async fn patch(&self, path: &[&str], body: &Value) -> Result<Value, Exit> {
        let response = self.send(Method::PATCH, path, &[], Some(body)).await?;
        json(response).await
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Response, Exit> {
        let url = self.url(path, query)?;
        let mut request = self.http.request(method, url).timeout(ANSWER_TIMEOUT);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        checked(response).await
    }

    /// Sends every event of an execution's history to `seen`, in order, until it is closed.
    /// A stream that breaks off is taken up again where it was.
    pub async fn follow(&self, id: &str, seen: &mut (dyn FnMut(&Value) + Send)) -> Result<(), Exit> {
        let mut last = 0;
        let mut resumes = 0;
        loop {
            let before = last;
            match self.follow_once(id, &mut last, seen).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(exit) if exit.code == Code::Unreachable && last > 0 => {}
                Err(exit) => return Err(exit),
            }
            resumes = if last > before { 0 } else { resumes + 1 };
            if resumes > RESUMES_MAX {
                let message = format!("the host at {} went away while execution {id} was followed", self.base);
                return Err(Exit::new(Code::Unreachable, message).help(format!(
                    "the execution goes on when the host does: stepwell executions show {id} --follow"
                )));
            }
            tokio::time::sleep(RESUME_PAUSE).await;
        }
    }

    /// True when the end has come.
    async fn follow_once(&self, id: &str, last: &mut u64, seen: &mut (dyn FnMut(&Value) + Send)) -> Result<bool, Exit> {
        let url = self.url(&["api", "v1", "executions", id, "events"], &[])?;
        let mut request = self.http.get(url);
        if *last > 0 {
            request = request.header("last-event-id", *last);
        }
        let mut response = checked(request.send().await.map_err(|error| self.unreachable(&error))?).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(true);
        }
        let mut pending = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => pending.extend_from_slice(&bytes),
                Ok(None) | Err(_) => return Ok(false),
            }
            while let Some(end) = pending.windows(2).position(|pair| pair == b"\n\n") {
                let message: Vec<u8> = pending.drain(..end + 2).collect();
                let message = Message::read(&String::from_utf8_lossy(&message));
                if message.event == "end" {
                    return Ok(true);
                }
                if let (Some(number), Ok(event)) = (message.id, Value::parse(&message.data)) {
                    *last = number;
                    seen(&event);
                }
            }
            if pending.len() > ANSWER_BYTES_MAX {
                return Err(Exit::new(Code::Failed, "the host sent a message that is too large"));
            }
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, Exit> {
        let mut url = self.base.clone();
        // The ARN of a child execution has the slash between a machine and a label.
        let parts: Vec<String> = path
            .iter()
            .map(
                |part| if part.starts_with("arn:") { part.replacen('/', ESCAPED_SLASH, 1) } else { (*part).to_owned() },
            )
            .collect();
        for (part, escaped) in path.iter().zip(&parts) {
            let part_left = escaped.replacen(ESCAPED_SLASH, "", usize::from(*part != escaped));
            if part.is_empty() || *part == "." || *part == ".." || part_left.contains(SEGMENT_FORBIDDEN) {
                return Err(Exit::new(Code::Usage, format!("\"{part}\" is no name or id")));
            }
        }
        let prefix = self.base.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{}", parts.join("/")));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Exit {
        if error.is_timeout() && !error.is_connect() {
            return Exit::new(Code::TimedOut, format!("the host at {} does not answer in time", self.base));
        }
        let mut reason: &dyn std::error::Error = error;
        while let Some(deeper) = reason.source() {
            reason = deeper;
        }
        Exit::new(Code::Unreachable, format!("no host answers at {}: {reason}", self.base))
            .help("start one with `stepwell dev DIR`, or name another with --host URL or STEPWELL_HOST")
    }
}

/// The answer, or the refusal that it is.
async fn checked(response: Response) -> Result<Response, Exit> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    let problem: Value = Value::parse(&body).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let message = text("detail").or_else(|| text("title")).unwrap_or_else(|| format!("the host answered {status}"));
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Code::Usage,
        _ => Code::Failed,
    };
    Err(Exit::new(code, message))
}

async fn json(response: Response) -> Result<Value, Exit> {
    let body = response
        .text()
        .await
        .map_err(|error| Exit::new(Code::Unreachable, format!("the host's answer broke off: {error}")))?;
    Value::parse(&body).map_err(|_| Exit::new(Code::Failed, "what answers is no Stepwell host: its answer is not JSON"))
}

/// One message of an event stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Message {
    id: Option<u64>,
    event: String,
    data: String,
}

impl Message {
    fn read(text: &str) -> Self {
        let mut message = Self::default();
        for line in text.lines() {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => message.id = value.parse().ok(),
                "event" => value.clone_into(&mut message.event),
                "data" => {
                    if !message.data.is_empty() {
                        message.data.push('\n');
                    }
                    message.data.push_str(value);
                }
                _ => {}
            }
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_and_comments_are_not() {
        let message = Message::read(":keep-alive\nid: 7\nevent: history\ndata: {\"a\":\ndata: 1}\n\n");
        assert_eq!(message, Message { id: Some(7), event: "history".to_owned(), data: "{\"a\":\n1}".to_owned() });
        assert_eq!(Message::read(": comment\n\n"), Message::default());
    }

    #[test]
    fn names_cannot_leave_their_place_in_the_path() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::new("http://127.0.0.1:1/base/").unwrap();
        for name in ["..", "a/b", "a?b", "", "a%2fb", "arn:w/../x", "arn:a%2Fb", "arn:a/b?c"] {
            assert!(client.url(&["api", name], &[]).is_err(), "{name}");
        }
        let url = client.url(&["x", "arn:aws:states:r:a:execution:w:n"], &[("q", "a b".to_owned())]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:1/base/x/arn:aws:states:r:a:execution:w:n?q=a+b");
        let url = client.url(&["x", "arn:aws:states:r:a:execution:w/l:n"], &[]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:1/base/x/arn:aws:states:r:a:execution:w%2Fl:n");
    }
}
