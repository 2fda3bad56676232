//! An origin that is granted.

use url::{Host, Url};

/// `scheme://host[:port]`, or `scheme://*.domain[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: Host<String>,
    port: Option<u16>,
    /// Every name below `host`, not `host` itself.
    is_wildcard: bool,
    /// The port stands in the text, even when it is the scheme's own.
    has_port_written: bool,
}

impl Origin {
    /// Parses a grant.
    ///
    /// # Errors
    /// Why it cannot be an origin.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            |why: &str| format!("{text:?} {why}; an origin is `https://host[:port]` or `https://*.domain[:port]`");
        let is_wildcard = text.contains("://*.");
        let without_star = text.replacen("://*.", "://", 1);
        if without_star.contains('*') {
            return Err(wrong("has a star where none can be"));
        }
        let url = Url::parse(&without_star).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        if url.scheme() != "http" && url.scheme() != "https" {
            return Err(wrong("is neither http nor https"));
        }
        let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("is more than an origin"));
        }
        let host = url.host().ok_or_else(|| wrong("has no host"))?.to_owned();
        if is_wildcard && !matches!(&host, Host::Domain(name) if name.contains('.')) {
            return Err(wrong("has a wildcard over something that is not a domain of two names or more"));
        }
        let authority = without_star.split("://").nth(1).unwrap_or("").trim_end_matches('/');
        let after_colon = authority.rsplit_once(':').map_or("", |(_, port)| port);
        let has_port_written = !after_colon.is_empty() && after_colon.bytes().all(|byte| byte.is_ascii_digit());
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host,
            port: url.port_or_known_default(),
            is_wildcard,
            has_port_written,
        })
    }

    /// Whether a URL lies in this origin.
    pub(super) fn matches(&self, url: &Url) -> bool {
        if url.scheme() != self.scheme || url.port_or_known_default() != self.port {
            return false;
        }
        match (&self.host, url.host()) {
            (Host::Domain(granted), Some(Host::Domain(asked))) if self.is_wildcard => {
                asked.strip_suffix(granted.as_str()).is_some_and(|before| before.len() > 1 && before.ends_with('.'))
            }
            (granted, Some(asked)) => !self.is_wildcard && *granted == asked.to_owned(),
            (_, None) => false,
        }
    }

    /// Whether the grant says that a private address is meant: it is an address itself, it
    /// is `localhost`, or it is a name with its port written out. `https://example.com`
    /// alone is a public name, and stays one whatever its name servers answer.
    pub(super) fn means_private(&self) -> bool {
        if self.is_wildcard {
            return false;
        }
        match &self.host {
            Host::Ipv4(_) | Host::Ipv6(_) => true,
            Host::Domain(name) => name == "localhost" || self.has_port_written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(origin: &str, url: &str) -> bool {
        Origin::parse(origin).unwrap().matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(matches("https://example.com", "https://example.com/path?query"));
        assert!(matches("https://example.com:443", "https://EXAMPLE.com/"));
        assert!(!matches("https://example.com", "http://example.com/"));
        assert!(!matches("https://example.com", "https://example.com:8443/"));
        assert!(!matches("https://example.com", "https://example.com.evil.test/"));
        assert!(!matches("https://example.com", "https://example.com./"));
        assert!(!matches("https://example.com", "https://www.example.com/"));
        assert!(!matches("https://example.com", "https://example.com@evil.test/"));
    }

    #[test]
    fn a_wildcard_covers_names_below_and_not_the_domain() {
        assert!(matches("https://*.example.com", "https://a.example.com/"));
        assert!(matches("https://*.example.com", "https://a.b.example.com/"));
        assert!(!matches("https://*.example.com", "https://example.com/"));
        assert!(!matches("https://*.example.com", "https://evilexample.com/"));
        assert!(!matches("https://*.example.com", "https://.example.com/"));
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for text in [
            "example.com",
            "ftp://example.com",
            "https://example.com/path",
            "https://*",
            "https://*.com",
            "https://a.*.com",
            "https://user@example.com",
            "https://*.1.2.3.4",
            "",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_private_address_must_be_meant() {
        let meant = |text: &str| Origin::parse(text).unwrap().means_private();
        assert!(meant("http://127.0.0.1:9099"));
        assert!(meant("http://10.0.0.1"));
        assert!(meant("http://[::1]:80"));
        assert!(meant("http://localhost"));
        assert!(meant("https://crm.internal.test:443"));
        assert!(!meant("https://example.com"));
        assert!(!meant("https://*.example.com:8443"));
    }
}
