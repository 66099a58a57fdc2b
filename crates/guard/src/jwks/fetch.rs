//! One look at the issuer: its discovery document and its JWK set.
//!
//! https, or plain http on loopback; no redirects; [`MAX_BYTES`] per document; [`TIMEOUT`] for everything together.
//! The operating system's roots decide whom TLS trusts.

use std::{fmt, pin::Pin, sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use symbolon_jose::JwkSet;
use url::{Host, Url};

use crate::error::ConfigError;

/// The longest document that is read.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// How long discovery and key set together may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Where to begin.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    Issuer(String),
    Jwks(Url),
}

/// A document and how long its server lets us keep it.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) body: Bytes,
    /// `max-age` of `Cache-Control`, seconds; 0 for `no-store` and `no-cache`.
    pub(crate) max_age: Option<u64>,
}

/// Why keys could not be fetched. For the log.
#[derive(Debug)]
pub(crate) enum FetchError {
    Url(ConfigError),
    Transport(String),
    Status(StatusCode),
    TooLarge,
    Timeout,
    NotJson(&'static str),
    OtherIssuer(String),
    NoUsableKey,
}

pub(crate) type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Document, FetchError>> + Send + 'a>>;

/// How documents are fetched. A trait so that tests can count, delay and fail.
pub(crate) trait Fetch: fmt::Debug + Send + Sync {
    fn get<'a>(&'a self, url: &'a Url) -> Fetching<'a>;
}

/// The members of a discovery document that matter here (OpenID Connect Discovery §3, RFC 8414 §2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Finds the address of the key set.
pub(crate) async fn discover(fetch: &dyn Fetch, issuer: &str) -> Result<Url, FetchError> {
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
    let jwks = checked_url("jwks url", &metadata.jwks_uri).map_err(FetchError::Url)?;
    // An https issuer never leads us back to plain http, not even on loopback.
    if url.scheme() == "https" && jwks.scheme() != "https" {
        return Err(FetchError::Url(ConfigError::Insecure { what: "jwks url", value: metadata.jwks_uri }));
    }
    Ok(jwks)
}

/// Fetches and reads the key set; keys it cannot read are left out one by one.
pub(crate) async fn key_set(fetch: &dyn Fetch, url: &Url) -> Result<(JwkSet, Option<u64>), FetchError> {
    let document = fetch.get(url).await?;
    let set = JwkSet::from_slice(&document.body).map_err(|_| FetchError::NotJson("key set"))?;
    if set.skipped() > 0 {
        tracing::debug!(url = %url, skipped = set.skipped(), "keys of the set that cannot be read were left out");
    }
    Ok((set, document.max_age))
}

/// An absolute URL that is https, or http on loopback, without user, query and fragment.
pub(crate) fn checked_url(what: &'static str, value: &str) -> Result<Url, ConfigError> {
    let not_a_url = || ConfigError::NotAUrl { what, value: value.to_owned() };
    let url = Url::parse(value).map_err(|_| not_a_url())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // A key set's address may carry a query (some providers name the policy there); an issuer may not (RFC 8414 §2).
    if !plain || url.host().is_none() || (what == "issuer" && url.query().is_some()) {
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

/// The real client. Made on first use, so that a guard on loopback never reads the system's certificates.
#[derive(Default)]
pub(crate) struct Http {
    plain: OnceLock<Client<HttpConnector, Empty<Bytes>>>,
    tls: OnceLock<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>>,
}

impl Http {
    async fn exchange(&self, url: &Url) -> Result<Document, FetchError> {
        let transport = |error: &dyn std::error::Error| FetchError::Transport(chain(error));
        let request = http::Request::get(url.as_str())
            .header(header::ACCEPT, "application/json")
            .body(Empty::new())
            .map_err(|error| transport(&error))?;
        let response = if url.scheme() == "https" {
            self.tls().map_err(|error| transport(&error))?.request(request).await
        } else {
            self.plain.get_or_init(|| Client::builder(TokioExecutor::new()).build_http()).request(request).await
        };
        let response = response.map_err(|error| transport(&error))?;
        // Redirects included: what the configuration names is what is asked.
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let max_age = max_age(response.headers());
        match Limited::new(response.into_body(), MAX_BYTES).collect().await {
            Ok(body) => Ok(Document { body: body.to_bytes(), max_age }),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(FetchError::TooLarge),
            Err(error) => Err(FetchError::Transport(chain(error.as_ref()))),
        }
    }

    fn tls(&self) -> Result<&Client<HttpsConnector<HttpConnector>, Empty<Bytes>>, std::io::Error> {
        if let Some(client) = self.tls.get() {
            return Ok(client);
        }
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())?
            .https_only()
            .enable_http1()
            .build();
        Ok(self.tls.get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl Fetch for Http {
    fn get<'a>(&'a self, url: &'a Url) -> Fetching<'a> {
        Box::pin(self.exchange(url))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

/// RFC 9111 §5.2.2: seconds the answer may be kept; several lines count as one list.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut age = None;
    for directive in lines.flat_map(|line| line.split(',')).map(str::trim) {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache") {
            return Some(0);
        }
        if let Some((name, value)) = directive.split_once('=')
            && name.eq_ignore_ascii_case("max-age")
        {
            age = value.trim_matches('"').parse().ok();
        }
    }
    age
}

/// An error with what lies beneath it: the client's own text is only "client error".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Transport(text) => f.write_str(text),
            Self::Status(status) => write!(f, "the answer has status {status}"),
            Self::TooLarge => write!(f, "the answer is longer than {MAX_BYTES} bytes"),
            Self::Timeout => write!(f, "no answer within {} seconds", TIMEOUT.as_secs()),
            Self::NotJson(what) => write!(f, "the {what} cannot be read"),
            Self::OtherIssuer(issuer) => write!(f, "the discovery document is of another issuer: {issuer:?}"),
            Self::NoUsableKey => f.write_str("the key set has no key for an allowed algorithm"),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Fetches from a server on loopback that answers one request with `answer`.
    async fn fetch(answer: String) -> Result<Document, FetchError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap()).parse().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"GET /jwks HTTP/1.1"));
            // The client may hang up in the middle of what is too long.
            drop(stream.write_all(answer.as_bytes()).await);
            drop(listener);
        });
        let fetched = Http::default().get(&url).await;
        server.await.unwrap();
        fetched
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\ncache-control: max-age=9\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_document_is_read_with_its_age() {
        let document = fetch(ok("{}")).await.unwrap();
        assert_eq!((&document.body[..], document.max_age), (&b"{}"[..], Some(9)));
        assert!(fetch(ok(&"x".repeat(MAX_BYTES))).await.is_ok());
    }

    #[tokio::test]
    async fn too_long_a_document_is_not_read_to_its_end() {
        assert!(matches!(fetch(ok(&"x".repeat(MAX_BYTES + 1))).await, Err(FetchError::TooLarge)));
        let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MAX_BYTES * 2));
        assert!(matches!(fetch(endless).await, Err(FetchError::TooLarge)));
    }

    #[tokio::test]
    async fn redirects_and_errors_are_not_followed_nor_read() {
        for status in
            ["302 Found\r\nlocation: /other", "307 X\r\nlocation: http://127.0.0.1:1/", "500 X", "404 X", "206 X"]
        {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
            assert!(matches!(fetch(answer).await, Err(FetchError::Status(_))), "{status}");
        }
        for broken in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
            assert!(matches!(fetch(broken.to_owned()).await, Err(FetchError::Transport(_))), "{broken}");
        }
    }

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

    #[test]
    fn cache_control_is_read_as_a_list() {
        let read = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CACHE_CONTROL, line.parse().unwrap());
            }
            max_age(&headers)
        };
        assert_eq!(read(&["public, Max-Age=60"]), Some(60));
        assert_eq!(read(&["public", "max-age=\"5\""]), Some(5));
        assert_eq!(read(&["max-age=60, no-store"]), Some(0));
        assert_eq!(read(&["max-age=x"]), None);
        assert_eq!(read(&["s-maxage=9"]), None);
        assert_eq!(read(&[]), None);
    }
}
