//! The accept loop, with what the framework's own does not have: a limit on how long and how
//! many headers may be, and an end that waits for requests under way.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Longest time that the headers of a request may take to arrive (seconds).
pub const HEADER_SECONDS_MAX: u64 = 10;

/// Most headers of a request.
pub const HEADERS_MAX: usize = 100;

/// Largest head of a request (bytes).
const HEAD_BYTES_MAX: usize = 65_536;

/// How long to wait before accepting again, when there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers on the listener until `shutdown` is done, then finishes the requests under way.
/// Streams of progress never finish by themselves: whoever calls decides how long to wait.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    serve_within(Duration::from_secs(HEADER_SECONDS_MAX), listener, router, shutdown).await;
}

async fn serve_within(
    header_time: Duration,
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                drop(stream.set_nodelay(true));
                tokio::spawn(connection(header_time, stream, router.clone(), stopped.clone()));
            }
            Err(error) => refused(&error).await,
        }
    }
    drop(listener);
    drop(stopped);
    // A receiver is held by every connection: all of them gone is all of them done.
    stopping.send_replace(());
    stopping.closed().await;
}

async fn connection(header_time: Duration, stream: TcpStream, router: Router, mut stopped: watch::Receiver<()>) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    let service = TowerToHyperService::new(router);
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let outcome = tokio::select! {
        outcome = serving.as_mut() => outcome,
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn refused(error: &io::Error) {
    let harmless = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionRefused];
    if !harmless.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept connections for now");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;
    use crate::body;

    /// Instead of the times that are real.
    const SHORT: Duration = Duration::from_millis(200);

    /// Serves two plain handlers; the address, and what ends it.
    async fn server() -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let take = async |request| body::json_within(SHORT, request).await.map(|value| value.to_string());
        let router = Router::new().route("/", get(|| async { "here" })).route("/body", post(take));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (finish, finished) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve_within(SHORT, listener, router, async move { drop(finished.await) }));
        (address, finish, serving)
    }

    async fn answer(address: std::net::SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn headers_that_do_not_come_end_the_connection() {
        let (address, _finish, _serving) = server().await;
        let text = answer(address, "GET / HTTP/1.1\r\nHost: a\r\n").await;
        assert!(!text.contains("here"), "{text}");
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_refused() {
        let (address, _finish, _serving) = server().await;
        let head = "POST /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";
        let text = answer(address, &format!("{head}Content-Length: 5\r\n\r\n{{")).await;
        assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    }

    #[tokio::test]
    async fn headers_are_limited_in_number() {
        let (address, _finish, _serving) = server().await;
        let request = |count: usize| {
            let headers: String = (0..count).map(|number| format!("x-{number}: 1\r\n")).collect();
            format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n")
        };
        let most = answer(address, &request(HEADERS_MAX - 2)).await;
        assert!(most.starts_with("HTTP/1.1 200 "), "{most}");
        let more = answer(address, &request(HEADERS_MAX - 1)).await;
        assert!(more.starts_with("HTTP/1.1 431 "), "{more}");
    }

    /// Of a head that is too large, no more is sent than the host has room for: it must not
    /// wait for the rest.
    #[tokio::test]
    async fn a_head_has_a_size() {
        let (address, _finish, _serving) = server().await;
        let request = |bytes: usize| {
            let start = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx: ";
            format!("{start}{}\r\n\r\n", "y".repeat(bytes - start.len() - 4))
        };
        let most = answer(address, &request(HEAD_BYTES_MAX)).await;
        assert!(most.starts_with("HTTP/1.1 200 "), "{most}");
        let more = answer(address, &request(HEAD_BYTES_MAX + 1)[..HEAD_BYTES_MAX]).await;
        assert!(more.starts_with("HTTP/1.1 431 "), "{more}");
    }

    #[tokio::test]
    async fn the_end_waits_for_connections_and_closes_idle_ones() {
        let (address, finish, serving) = server().await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut some = [0; 12];
        idle.read_exact(&mut some).await.unwrap();
        drop(finish);
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
