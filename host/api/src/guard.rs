//! Keeps web pages from talking to the host behind their reader's back.
//!
//! A page of another origin can send requests to loopback, by address or through a name of
//! its own that resolves there. The host therefore answers only to its own names, sends no
//! CORS headers, and refuses changes that come from another origin.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::{App, Problem};

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = authority(&request);
    if let Err(problem) = check_host(host.as_deref(), &app.allowed_hosts) {
        return problem.into_response();
    }
    if !request.method().is_safe()
        && let Err(problem) = check_origin(request.headers(), host.as_deref())
    {
        return problem.into_response();
    }
    next.run(request).await
}

/// The host and port that the request is for.
fn authority(request: &Request) -> Option<String> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| request.uri().authority().map(|authority| authority.as_str())).map(str::to_ascii_lowercase)
}

fn check_host(host: Option<&str>, allowed: &[String]) -> Result<(), Problem> {
    let name = host.map(without_port);
    if allowed.is_empty() || name.is_some_and(|name| allowed.iter().any(|known| known == name)) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong-host", "The host is not known by this name").detail(
        format!(
            "the request is for the host \"{}\"; this host answers to {}; nothing was started",
            host.unwrap_or(""),
            allowed.join(", ")
        ),
    ))
}

fn check_origin(headers: &HeaderMap, host: Option<&str>) -> Result<(), Problem> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or("").to_ascii_lowercase();
    let own = origin.split_once("://").map(|(_, authority)| authority);
    if own.is_some() && own == host {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "wrong-origin", "Pages of another origin may change nothing")
        .detail(format!("the request comes from the origin \"{origin}\"; nothing was started")))
}

/// `[::1]:8083` and `localhost:8083` without the port.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        Some(_) | None => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_left_out() {
        assert_eq!(without_port("[::1]:8083"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("localhost:8083"), "localhost");
        assert_eq!(without_port("localhost"), "localhost");
    }
}
