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
                tokio::spawn(connection(stream, router.clone(), stopped.clone()));
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

async fn connection(stream: TcpStream, router: Router, mut stopped: watch::Receiver<()>) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS_MAX))
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
