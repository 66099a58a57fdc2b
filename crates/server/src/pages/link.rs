//! Addresses that may stand in a page: escaping alone does not make `href` or `src` safe.
//!
//! Refuses `javascript:`, `data:` and every other scheme but `https` (and `http` on loopback, for
//! development), addresses with credentials in them, and paths that leave this origin.

use std::fmt;

use url::{Host, Url};

/// An `https` address (or `http` on loopback) that a page may link to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebUrl(String);

impl WebUrl {
    /// Parses an address of a client's home, policy, terms or logo; anything unsuitable is `None`,
    /// and the page is shown without the link.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let allowed = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        (allowed && plain).then(|| Self(url.into()))
    }

    /// Parses a logo: `https` only, so that no page has mixed content.
    pub fn parse_https(text: &str) -> Option<Self> {
        Self::parse(text).filter(|url| url.0.starts_with("https:"))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port, for people to read.
    pub fn host(&self) -> String {
        let Ok(url) = Url::parse(&self.0) else {
            return String::new();
        };
        match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => String::new(),
        }
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path on this very origin: one leading slash, so that it can never name another host
/// (`//evil.example`, `/\evil.example`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Accepts `/…` without a second slash or backslash, control characters or white space.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let foreign = rest.starts_with(['/', '\\']);
        let unclean = text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
        (!foreign && !unclean).then(|| Self(text.to_owned()))
    }

    /// The path, with its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_url_takes_https_and_loopback_http_only() {
        for good in ["https://app.example/x?y=1", "http://localhost:4401/", "http://127.0.0.1:9/", "http://[::1]/"] {
            assert!(WebUrl::parse(good).is_some(), "{good}");
        }
        for bad in [
            "http://app.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "ftp://app.example/",
            "https://user@app.example/",
            "https://user:pass@app.example/",
            "http://localhost.evil.example/",
            "//app.example/",
            "/relative",
            "",
        ] {
            assert!(WebUrl::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_logo_is_never_plain_http() {
        assert!(WebUrl::parse_https("http://localhost:4401/logo.png").is_none());
        assert!(WebUrl::parse_https("https://app.example/logo.png").is_some());
    }

    #[test]
    fn local_path_never_names_another_host() {
        for bad in ["//evil.example", "/\\evil.example", "https://evil.example", "", "x", "/a\nb", "/a b", "/\t/evil"] {
            assert!(LocalPath::parse(bad).is_none(), "{bad:?}");
        }
        assert_eq!(LocalPath::parse("/login?a=b").unwrap().as_str(), "/login?a=b");
    }

    #[test]
    fn host_keeps_a_port_worth_reading() {
        assert_eq!(WebUrl::parse("http://localhost:4401/x").unwrap().host(), "localhost:4401");
        assert_eq!(WebUrl::parse("https://app.example:443/x").unwrap().host(), "app.example");
    }
}
