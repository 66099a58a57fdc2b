//! What the issuer says of itself: its discovery document (OpenID Connect Discovery §3, RFC 8414 §2), and which addresses are
//! good enough to be asked.

use serde::Deserialize;
use url::{Host, Url};

use super::fetch::{Fetch, FetchError};
use crate::error::ConfigError;

/// Where to begin.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    Issuer(String),
    Jwks(Url),
}

/// What the issuer has for a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Discovered {
    pub(crate) jwks: Url,
    /// `None`: the issuer has no revocation feed. An error: it says that it has one, at an address that must not be asked.
    pub(crate) feed: Option<Result<Feed, ConfigError>>,
    /// RFC 7662.
    pub(crate) introspection: Option<Url>,
}

/// The addresses of a revocation feed (decision 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Feed {
    pub(crate) snapshot: Url,
    pub(crate) stream: Url,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    symbolon_revocation_snapshot_endpoint: Option<String>,
    symbolon_revocation_stream_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
}

/// Fetches the document.
pub(crate) async fn discover(fetch: &dyn Fetch, issuer: &str) -> Result<Discovered, FetchError> {
    // OpenID Connect Discovery §4.1: a terminating slash is removed before the well-known path is appended.
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let url = checked_url("issuer", &address).map_err(FetchError::Url)?;
    let document = fetch.get(&url).await?;
    let metadata: Metadata =
        serde_json::from_slice(&document.body).map_err(|_| FetchError::NotJson("discovery document"))?;
    // Discovery §4.3: exactly the issuer that was asked, byte by byte.
    if metadata.issuer != issuer {
        return Err(FetchError::OtherIssuer(metadata.issuer));
    }
    let endpoint = |what, value: &str| {
        let endpoint = checked_url(what, value)?;
        // An https issuer never leads us back to plain http, not even on loopback.
        if url.scheme() == "https" && endpoint.scheme() != "https" {
            return Err(ConfigError::Insecure { what, value: value.to_owned() });
        }
        Ok(endpoint)
    };
    let feed = |snapshot: &str, stream: &str| {
        let snapshot = endpoint("revocation snapshot endpoint", snapshot)?;
        Ok(Feed { snapshot, stream: endpoint("revocation stream endpoint", stream)? })
    };
    let snapshot = metadata.symbolon_revocation_snapshot_endpoint.as_deref();
    let stream = metadata.symbolon_revocation_stream_endpoint.as_deref();
    // One without the other is no feed, but an address that cannot be used.
    let feed = snapshot.or(stream).map(|_| feed(snapshot.unwrap_or_default(), stream.unwrap_or_default()));
    // Asked only where the owner chose so; an address that cannot be used is missed then.
    let introspection = metadata.introspection_endpoint.as_deref();
    Ok(Discovered {
        jwks: endpoint("jwks url", &metadata.jwks_uri).map_err(FetchError::Url)?,
        feed,
        introspection: introspection.and_then(|value| endpoint("introspection endpoint", value).ok()),
    })
}

/// An absolute URL that is https, or http on loopback, without user, query and fragment.
pub(crate) fn checked_url(what: &'static str, value: &str) -> Result<Url, ConfigError> {
    let not_a_url = || ConfigError::NotAUrl { what, value: value.to_owned() };
    let url = Url::parse(value).map_err(|_| not_a_url())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // A key set's address may carry a query (some providers name the policy there); an issuer may not (RFC 8414 §2).
    if !plain || url.host().is_none() || (matches!(what, "issuer" | "public address") && url.query().is_some()) {
        return Err(not_a_url());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(ConfigError::Insecure { what, value: value.to_owned() }),
    }
}

fn is_loopback(url: &Url) -> bool {
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
    fn only_https_and_loopback_addresses_pass() {
        for good in ["https://a.example/", "http://localhost:4400", "http://127.0.0.1:1/x", "http://[::1]:1"] {
            assert!(checked_url("issuer", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "http://a.example",
            "http://localhost.evil.example",
            "http://10.0.0.1",
            "ftp://a.example",
            "https://u:p@a.example",
            "https://a.example/#f",
            "https://a.example/?q",
            "data:text/plain,x",
        ] {
            assert!(checked_url("issuer", bad).is_err(), "{bad}");
        }
        assert!(checked_url("jwks url", "https://a.example/?p=x").is_ok());
    }
}
