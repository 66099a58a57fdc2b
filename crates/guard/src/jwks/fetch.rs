//! One document of the issuer: read in full, [`MAX_BYTES`] at most, with how long it may be kept.

use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use symbolon_jose::JwkSet;
use url::Url;

use crate::{
    client::{Http, chain},
    error::ConfigError,
};

/// The longest document that is read.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// How long discovery and key set together may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

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

/// Fetches and reads the key set; keys it cannot read are left out one by one.
pub(crate) async fn key_set(fetch: &dyn Fetch, url: &Url) -> Result<(JwkSet, Option<u64>), FetchError> {
    let document = fetch.get(url).await?;
    let set = JwkSet::from_slice(&document.body).map_err(|_| FetchError::NotJson("key set"))?;
    if set.skipped() > 0 {
        tracing::debug!(url = %url, skipped = set.skipped(), "keys of the set that cannot be read were left out");
    }
    Ok((set, document.max_age))
}

impl Fetch for Http {
    fn get<'a>(&'a self, url: &'a Url) -> Fetching<'a> {
        Box::pin(exchange(self, url))
    }
}

async fn exchange(http: &Http, url: &Url) -> Result<Document, FetchError> {
    let request = http::Request::get(url.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Full::default())
        .map_err(|error| FetchError::Transport(chain(&error)))?;
    let response = http.send(request).await.map_err(FetchError::Transport)?;
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
