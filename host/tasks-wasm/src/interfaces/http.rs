//! `stepwell:task/http`: requests to the origins that are granted, and to nothing else.
//!
//! The defence is the list of origins, compared as parsed URLs. Behind it stands a second
//! one: names are resolved by [`addresses::Filter`], which leaves out every address that is
//! not public, and connections go to what it returned, so a name cannot mean one thing when
//! it is checked and another when it is used. Redirects are followed here, each hop checked
//! like a request of its own.

mod addresses;
mod origin;

use std::error::Error as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION,
};
use reqwest::{Method, StatusCode, redirect};
use url::Url;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower};

use self::addresses::{Filter, NotPublic, Reach};
use self::origin::Origin;
use crate::options::{
    HTTP_HEADER_BYTES_MAX, HTTP_HEADERS_MAX, HTTP_REDIRECTS_MAX, HTTP_REQUEST_BYTES_MAX, HTTP_RESPONSE_BYTES_MAX,
    HTTP_URL_BYTES_MAX, Resolver,
};
use crate::state::{CallState, waiting};

/// Idle connections of a plugin are closed after this long.
const IDLE: Duration = Duration::from_secs(30);

/// What the client says of a head that it does not read, of too many fields for one.
const HEAD_TOO_LARGE: &str = "message head is too large";

/// Headers that are the connection's, not the request's: a guest that set them could make
/// a server see another request than the one that was checked.
const HEADERS_REFUSED: [&str; 12] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "http2-settings",
];

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Field {
    name: String,
    value: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Request {
    method: String,
    url: String,
    headers: Vec<Field>,
    body: Vec<u8>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<Field>,
    body: Vec<u8>,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
pub(crate) enum Error {
    #[component(name = "denied")]
    Denied(String),
    #[component(name = "invalid")]
    Invalid(String),
    #[component(name = "unreachable")]
    Unreachable(String),
    #[component(name = "too-large")]
    TooLarge(String),
}

pub(crate) fn add(linker: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    linker.func_wrap_async("send", |mut store: StoreContextMut<'_, CallState>, (request,): (Request,)| {
        Box::new(async move {
            let granted = Arc::clone(&store.data().granted);
            let sent = waiting(&mut store, granted.http.send(request)).await?;
            Ok((sent,))
        })
    })
}

/// What all plugins' clients have in common.
#[derive(Debug, Clone)]
pub(crate) struct ClientFactory {
    resolver: Option<Resolver>,
}

impl ClientFactory {
    pub(crate) fn new(resolver: Option<Resolver>) -> Self {
        // Whoever was first chose the cryptography for the process; it is the same library.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { resolver }
    }

    fn client(&self, reach: Reach) -> Result<reqwest::Client, Error> {
        let builder = || {
            reqwest::Client::builder()
                .no_proxy()
                .referer(false)
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .pool_idle_timeout(IDLE)
                .dns_resolver(Filter::new(reach, self.resolver.clone()))
        };
        // Without any certificates on the machine, https finds nobody to trust; http still works.
        builder()
            .build()
            .or_else(|_| builder().tls_certs_only([]).build())
            .map_err(|error| Error::Unreachable(format!("the host's HTTP client does not start: {}", chain(&error))))
    }
}

/// One plugin's way to its origins.
pub(crate) struct Client {
    origins: Vec<Origin>,
    factory: ClientFactory,
    public: OnceLock<reqwest::Client>,
    anywhere: OnceLock<reqwest::Client>,
}

impl Client {
    /// A client for these origins.
    ///
    /// # Errors
    /// Which origin cannot be one, and why.
    pub(crate) fn new(origins: &[String], factory: &ClientFactory) -> Result<Self, String> {
        Ok(Self {
            origins: origins.iter().map(|text| Origin::parse(text)).collect::<Result<_, _>>()?,
            factory: factory.clone(),
            public: OnceLock::new(),
            anywhere: OnceLock::new(),
        })
    }

    async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut hop = Hop::new(request)?;
        for _ in 0..=HTTP_REDIRECTS_MAX {
            let response = self.send_once(&hop).await?;
            match next_hop(&hop, &response)? {
                Some(next) => hop = next,
                None => return receive(response).await,
            }
        }
        Err(Error::Invalid(format!("more than {HTTP_REDIRECTS_MAX} redirects (http_redirects_max)")))
    }

    async fn send_once(&self, hop: &Hop) -> Result<reqwest::Response, Error> {
        let client = self.client_for(&hop.url)?;
        let request = client.request(hop.method.clone(), hop.url.clone()).headers(hop.headers.clone());
        let request = if hop.body.is_empty() { request } else { request.body(hop.body.clone()) };
        request.send().await.map_err(|error| failed(&hop.url, &error))
    }

    /// The client for a URL: only an origin that is written out may be private.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        let matching: Vec<_> = self.origins.iter().filter(|origin| origin.matches(url)).collect();
        if matching.is_empty() {
            return Err(Error::Denied(format!("no http grant covers {}", url.origin().ascii_serialization())));
        }
        let is_private_meant = matching.iter().any(|origin| origin.means_private());
        if let (false, Some(address)) = (is_private_meant, addresses::literal(url))
            && !addresses::is_public(address)
        {
            return Err(Error::Denied(NotPublic(address.to_string()).to_string()));
        }
        let (client, reach) = match is_private_meant {
            true => (&self.anywhere, Reach::Anywhere),
            false => (&self.public, Reach::Public),
        };
        if let Some(client) = client.get() {
            return Ok(client);
        }
        let made = self.factory.client(reach)?;
        Ok(client.get_or_init(|| made))
    }
}

/// One request on its way, the first or one that a redirect led to.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Hop {
    fn new(request: Request) -> Result<Self, Error> {
        if request.body.len() > HTTP_REQUEST_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "the body has {} bytes; http_request_bytes_max is {HTTP_REQUEST_BYTES_MAX}",
                request.body.len()
            )));
        }
        Ok(Self {
            method: method(&request.method)?,
            url: target(&request.url)?,
            headers: headers(&request.headers)?,
            body: request.body.into(),
        })
    }
}

fn method(name: &str) -> Result<Method, Error> {
    let method = Method::from_bytes(name.as_bytes())
        .map_err(|_| Error::Invalid(format!("{} is not a method", name.escape_debug())))?;
    if method == Method::CONNECT || method == Method::TRACE {
        return Err(Error::Invalid(format!("the method {method} is not one a task can use")));
    }
    Ok(method)
}

fn target(text: &str) -> Result<Url, Error> {
    if text.len() > HTTP_URL_BYTES_MAX {
        return Err(Error::Invalid(format!("the URL is longer than {HTTP_URL_BYTES_MAX} bytes (http_url_bytes_max)")));
    }
    let url = Url::parse(text).map_err(|error| Error::Invalid(format!("the URL is not absolute: {error}")))?;
    checked(url)
}

fn checked(mut url: Url) -> Result<Url, Error> {
    if url.scheme() != "http" && url.scheme() != "https" {
        return Err(Error::Invalid(format!("the scheme {} is neither http nor https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Invalid("the URL carries a user name; use the authorization header".to_owned()));
    }
    url.set_fragment(None);
    Ok(url)
}

fn headers(fields: &[Field]) -> Result<HeaderMap, Error> {
    let bytes: usize = fields.iter().map(|field| field.name.len().saturating_add(field.value.len())).sum();
    if fields.len() > HTTP_HEADERS_MAX || bytes > HTTP_HEADER_BYTES_MAX {
        return Err(Error::Invalid(format!(
            "{} header fields of {bytes} bytes; http_headers_max is {HTTP_HEADERS_MAX}, http_header_bytes_max is {HTTP_HEADER_BYTES_MAX}",
            fields.len()
        )));
    }
    let mut headers = HeaderMap::new();
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| Error::Invalid(format!("{} is not the name of a header", field.name.escape_debug())))?;
        if HEADERS_REFUSED.contains(&name.as_str()) {
            return Err(Error::Invalid(format!("the header {name} is set by the host")));
        }
        let value = HeaderValue::from_str(&field.value)
            .map_err(|_| Error::Invalid(format!("the value of {name} has characters that a header cannot have")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Where a redirect leads; none when the response is the answer.
fn next_hop(hop: &Hop, response: &reqwest::Response) -> Result<Option<Hop>, Error> {
    let status = response.status();
    let keeps_method = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let changes_method = matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER);
    if !keeps_method && !changes_method {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let url = hop.url.join(location).map_err(|error| {
        Error::Invalid(format!("the redirect from {} leads nowhere: {error}", hop.url.origin().ascii_serialization()))
    })?;
    let url = checked(url)?;
    let mut next = Hop { method: hop.method.clone(), headers: hop.headers.clone(), body: hop.body.clone(), url };
    if changes_method && next.method != Method::HEAD && (status == StatusCode::SEE_OTHER || next.method == Method::POST)
    {
        next.method = Method::GET;
        next.body = bytes::Bytes::new();
        next.headers.remove(CONTENT_TYPE);
        next.headers.remove(CONTENT_LENGTH);
    }
    if next.url.origin() != hop.url.origin() {
        next.headers.remove(AUTHORIZATION);
        next.headers.remove(COOKIE);
    }
    Ok(Some(next))
}

async fn receive(mut response: reqwest::Response) -> Result<Response, Error> {
    let mut fields = Vec::new();
    let mut header_bytes = 0_usize;
    for (name, value) in response.headers() {
        header_bytes = header_bytes.saturating_add(name.as_str().len()).saturating_add(value.len());
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        fields.push(Field { name: name.as_str().to_owned(), value });
    }
    if fields.len() > HTTP_HEADERS_MAX || header_bytes > HTTP_HEADER_BYTES_MAX {
        return Err(Error::TooLarge(format!(
            "the response has {} header fields of {header_bytes} bytes; http_headers_max is {HTTP_HEADERS_MAX}, http_header_bytes_max is {HTTP_HEADER_BYTES_MAX}",
            fields.len()
        )));
    }
    let url = response.url().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&url, &error))? {
        if body.len().saturating_add(chunk.len()) > HTTP_RESPONSE_BYTES_MAX {
            return Err(Error::TooLarge(format!(
                "the response body is larger than {HTTP_RESPONSE_BYTES_MAX} bytes (http_response_bytes_max)"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status: response.status().as_u16(), headers: fields, body })
}

fn failed(url: &Url, error: &reqwest::Error) -> Error {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(not_public) = cause.downcast_ref::<NotPublic>() {
            return Error::Denied(not_public.to_string());
        }
        // The client reads no head with more fields than the limit; of its error there is only
        // the text to go by.
        if cause.source().is_none() && cause.to_string() == HEAD_TOO_LARGE {
            return Error::TooLarge(format!(
                "the response has more than {HTTP_HEADERS_MAX} header fields (http_headers_max), or a head too long to be read"
            ));
        }
        source = cause.source();
    }
    Error::Unreachable(format!("{}: {}", url.origin().ascii_serialization(), chain(error)))
}

/// An error with its causes, the innermost last.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
        next = cause.source();
    }
    if text.is_empty() { "the connection failed".to_owned() } else { text }
}
