//! HTTP: what a grant opens, what stays closed, and what a server can do to a task.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world::{self, ask, failure, granted, granted_plugin, load_with, options};
use serde_json::{Value, json};
use stepwell_tasks::{FUEL_PER_SECOND, failures};
use stepwell_tasks_wasm::{Grants, HTTP_HEADERS_MAX, HTTP_REQUEST_BYTES_MAX, Resolver, RuntimeOptions, WasmTasks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that counts its connections and answers each request by its path.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { port, connections }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("").to_owned();
    let answer = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let question = path.split_once('?').map_or("", |(_, question)| question);
    let response = match path.split_once('?').map_or(path.as_str(), |(path, _)| path) {
        "/hang" => {
            std::future::pending::<()>().await;
            return;
        }
        "/drip" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
            loop {
                if stream.write_all(b"x").await.is_err() {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        "/large" => answer("200 OK", "", &"x".repeat((8 << 20) + 1)),
        "/headers" => answer("200 OK", &format!("x-long: {}\r\n", "y".repeat(20 << 10)), ""),
        "/redirect" => answer("302 Found", &format!("location: {question}\r\n"), ""),
        // So many header fields; two are those of every answer.
        "/fields" => {
            let fields = (2..question.parse().unwrap_or(2)).map(|number| format!("x-{number}: 1\r\n"));
            answer("200 OK", &fields.collect::<String>(), "")
        }
        "/swallow" => answer("200 OK", "", &swallow(&mut stream, &request).await.to_string()),
        "/broken" => "HTTP/1.1 2".to_owned(),
        _ => answer("201 Created", "x-seen: yes\r\n", &head),
    };
    let _ = stream.write_all(response.as_bytes()).await;
}

/// Reads the body of a request to its end; its length.
async fn swallow(stream: &mut TcpStream, read: &[u8]) -> usize {
    let head = read.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = read.len() - head;
    let mut buffer = vec![0; 1 << 16];
    while body < length {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => body += count,
        }
    }
    body
}

fn to(origin: String) -> Grants {
    Grants { http: vec![origin], ..Grants::default() }
}

async fn get(tasks: &WasmTasks, url: &str) -> Value {
    ask(tasks, json!({"do": "http", "url": url})).await
}

#[tokio::test]
async fn a_granted_origin_is_reached() {
    let server = Server::start().await;
    let tasks = granted(to(server.url("")));
    let request = json!({"do": "http", "method": "POST", "url": server.url("/path?q=1#fragment"), "headers": {"X-Key": "value"}, "body": "hello"});
    let answer = ask(&tasks, request).await;
    assert_eq!(answer["status"], 201);
    assert_eq!(answer["headers"]["x-seen"], "yes");
    let seen = answer["body"].as_str().unwrap();
    assert!(seen.starts_with("POST /path?q=1 HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains("x-key: value\r\n") && seen.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)),
        "{seen}"
    );
}

#[tokio::test]
async fn every_other_origin_is_denied_without_a_connection() {
    let (server, canary) = (Server::start().await, Server::start().await);
    let tasks = granted(to(server.url("")));
    let port = canary.port;
    let urls = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://127.0.0.1.:{port}/"),
        format!("https://127.0.0.1:{}/", server.port),
        format!("http://localhost:{}/", server.port),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ];
    for url in urls {
        assert!(get(&tasks, &url).await["denied"].is_string(), "{url}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn requests_that_are_not_what_they_seem_are_invalid() {
    let server = Server::start().await;
    let tasks = granted(to(server.url("")));
    let url = server.url("/");
    let with_user = format!("http://127.0.0.1:{}@evil.test/", server.port);
    let invalid = [
        json!({"url": with_user}),
        json!({"url": format!("http://user:word@127.0.0.1:{}/", server.port)}),
        json!({"url": "/relative"}),
        json!({"url": "file:///etc/passwd"}),
        json!({"url": "ftp://127.0.0.1/"}),
        json!({"url": url, "method": "CONNECT"}),
        json!({"url": url, "method": "GET / HTTP/1.1\r\nx: "}),
        json!({"url": url, "headers": {"Host": "evil.test"}}),
        json!({"url": url, "headers": {"Transfer-Encoding": "chunked"}}),
        json!({"url": url, "headers": {"Content-Length": "1"}}),
        json!({"url": url, "headers": {"x": "a\r\nb: c"}}),
        json!({"url": url, "headers": {"x y": "a"}}),
        json!({"url": url, "headers": {"x": "y".repeat(17 << 10)}}),
        json!({"url": format!("{url}{}", "u".repeat(9 << 10))}),
    ];
    for mut request in invalid {
        request["do"] = json!("http");
        assert!(ask(&tasks, request.clone()).await["invalid"].is_string(), "{request}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn redirects_are_checked_like_requests() {
    let (server, canary) = (Server::start().await, Server::start().await);
    let tasks = granted(to(server.url("")));
    let through = |target: &str| server.url(&format!("/redirect?{target}"));
    let followed = get(&tasks, &through("/landed")).await;
    assert_eq!(followed["status"], 201);
    for target in [canary.url("/"), "http://169.254.169.254/".to_owned(), format!("http://localhost:{}/", canary.port)]
    {
        assert!(get(&tasks, &through(&target)).await["denied"].is_string(), "{target}");
    }
    assert!(get(&tasks, &through("file:///etc/passwd")).await["invalid"].is_string());
    let around = server.url("/redirect?/redirect");
    let endless = get(&tasks, &around).await;
    assert!(endless.is_object(), "{endless}");
    assert_eq!(canary.connections(), 0);
}

/// A name that is granted by itself must be a public one, whatever its name server says.
#[tokio::test]
async fn a_name_that_leads_inside_is_denied() {
    let canary = Server::start().await;
    let resolver = Resolver::new(|name| match name {
        "inside.test" => vec![IpAddr::from([127, 0, 0, 1])],
        "mapped.test" => vec!["::ffff:169.254.169.254".parse().unwrap()],
        _ => Vec::new(),
    });
    let wild = |port: u16| Grants {
        http: vec![
            format!("http://*.inside.test:{port}"),
            "http://inside.test".to_owned(),
            "http://mapped.test".to_owned(),
        ],
        ..Grants::default()
    };
    let resolver = Some(resolver);
    let tasks =
        load_with(RuntimeOptions { resolver: resolver.clone(), ..options() }, vec![granted_plugin(wild(canary.port))]);
    for url in ["http://inside.test/", "http://mapped.test/"] {
        let answer = get(&tasks, url).await;
        assert!(answer["denied"].as_str().is_some_and(|why| why.contains("not a public address")), "{answer}");
    }
    assert_eq!(canary.connections(), 0);
    // Written out with its port, the same name is meant to be inside.
    let exact = to(format!("http://inside.test:{}", canary.port));
    let tasks = load_with(RuntimeOptions { resolver, ..options() }, vec![granted_plugin(exact)]);
    assert_eq!(get(&tasks, &format!("http://inside.test:{}/", canary.port)).await["status"], 201);
}

#[tokio::test]
async fn answers_are_limited_and_trouble_is_told() {
    let server = Server::start().await;
    let tasks = granted(to(server.url("")));
    assert!(get(&tasks, &server.url("/large")).await["tooLarge"].as_str().unwrap().contains("http_response_bytes_max"));
    assert!(get(&tasks, &server.url("/headers")).await["tooLarge"].as_str().unwrap().contains("http_header_bytes_max"));
    assert!(get(&tasks, &server.url("/broken")).await["unreachable"].is_string());
    let nobody = { TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port() };
    let tasks = granted(to(format!("http://127.0.0.1:{nobody}")));
    let refused = get(&tasks, &format!("http://127.0.0.1:{nobody}/")).await;
    assert!(refused["unreachable"].as_str().unwrap().contains("refused"), "{refused}");
}

#[tokio::test]
async fn a_server_that_hangs_cannot_outlast_the_budget() {
    let server = Server::start().await;
    let mut plugin = granted_plugin(to(server.url("")));
    plugin.limits.timeout_seconds_default = 1;
    let tasks = world::load(vec![plugin]);
    for path in ["/hang", "/drip"] {
        let started = std::time::Instant::now();
        let input = json!({"do": "http", "url": server.url(path)}).to_string();
        let (failed, returned) = failure(&tasks, "grants", &input).await;
        assert_eq!(failed.error, failures::TIMEOUT);
        assert!(failed.cause.contains("on waiting"), "{}", failed.cause);
        assert!(returned.receipt.fuel_waiting > FUEL_PER_SECOND / 2);
        assert!(started.elapsed().as_secs() < 10);
    }
}

#[tokio::test]
async fn bodies_and_fields_are_limited() {
    let server = Server::start().await;
    let tasks = granted(to(server.url("")));
    let post = |bytes: usize| json!({"do": "http", "method": "POST", "url": server.url("/swallow"), "bytes": bytes});
    let most = ask(&tasks, post(HTTP_REQUEST_BYTES_MAX)).await;
    assert_eq!(most["body"], HTTP_REQUEST_BYTES_MAX.to_string());
    let more = ask(&tasks, post(HTTP_REQUEST_BYTES_MAX + 1)).await;
    assert!(more["invalid"].as_str().unwrap().contains("http_request_bytes_max"), "{more}");

    let with = |count: usize| {
        let fields = (0..count).map(|number| (format!("x-{number}"), json!("1")));
        json!({"do": "http", "url": server.url("/"), "headers": fields.collect::<serde_json::Map<_, _>>()})
    };
    assert_eq!(ask(&tasks, with(HTTP_HEADERS_MAX)).await["status"], 201);
    let more = ask(&tasks, with(HTTP_HEADERS_MAX + 1)).await;
    assert!(more["invalid"].as_str().unwrap().contains("http_headers_max"), "{more}");

    let most = get(&tasks, &server.url(&format!("/fields?{HTTP_HEADERS_MAX}"))).await;
    assert_eq!(most["headers"].as_object().unwrap().len(), HTTP_HEADERS_MAX);
    let more = get(&tasks, &server.url(&format!("/fields?{}", HTTP_HEADERS_MAX + 1))).await;
    assert!(more["tooLarge"].as_str().is_some_and(|why| why.contains("http_headers_max")), "{more}");
}
