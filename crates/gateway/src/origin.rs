//! An origin of the web (RFC 6454), and which of them are of one site.

use std::fmt;

use symbolon_server::pages::Transport;
use url::{Host, Url};

/// `https://app.example.com`, or plain http on loopback; in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    url: Url,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Origin {
    /// Reads one.
    ///
    /// # Errors
    /// What does not fit, for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let like = "write it as https://app.example.com";
        let url = Url::parse(text).map_err(|_| format!("`{text}` is no address; {like}"))?;
        let origin = url.origin().ascii_serialization();
        if text.trim_end_matches('/') != origin {
            return Err(format!("`{text}` is no origin in its normal spelling; {like}"));
        }
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if !secure {
            return Err(format!("`{text}` is plain http beyond this machine, where cookies would travel open; {like}"));
        }
        Ok(Self { text: origin, url })
    }

    /// As the header `Origin` has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is called in a path below it.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// How cookies are kept there.
    pub fn transport(&self) -> Transport {
        match self.url.scheme() {
            "https" => Transport::Https,
            _ => Transport::LoopbackHttp { port: self.url.port_or_known_default().unwrap_or(80) },
        }
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// Host, and port if it is not the usual one.
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// Whether browsers could take `other` for the same site: same scheme, same last two labels of the name. Browsers go by the public suffix list; where
    /// that says otherwise, the cookie does not travel, and nothing is lost but the use.
    pub fn may_be_same_site(&self, other: &Self) -> bool {
        let site = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => {
                let labels: Vec<&str> = name.rsplitn(3, '.').take(2).collect();
                labels.join(".")
            }
            Some(address) => address.to_string(),
            None => String::new(),
        };
        self.url.scheme() == other.url.scheme() && site(&self.url) == site(&other.url)
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_that_keep_cookies_safe_are_taken() {
        for text in [
            "https://app.example.com",
            "https://app.example.com/",
            "https://a:8443",
            "http://localhost:4600",
            "http://[::1]:1",
        ] {
            assert!(Origin::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "app.example.com",
            "http://app.example.com",
            "https://app.example.com/x",
            "https://APP.example.com",
            "https://u@app.example.com",
            "https://app.example.com:443",
            "https://app.example.com?",
            "null",
            "data:x",
            "http://localhost.evil.example",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_site_is_a_scheme_and_a_name() {
        let same = |one, other| Origin::parse(one).unwrap().may_be_same_site(&Origin::parse(other).unwrap());
        assert!(same("https://app.example.com", "https://www.example.com:8443"));
        assert!(same("http://localhost:4200", "http://localhost:4600"));
        assert!(!same("https://app.example.com", "https://app.example.org"));
        assert!(!same("https://localhost:4200", "http://localhost:4600"));
        assert!(!same("http://127.0.0.1:1", "http://localhost:1"));
        assert!(!same("https://10.0.0.1", "https://11.0.0.1"));
    }
}
