//! What is known of every request before its handler runs: its id, its moment, where it came from; and the
//! one log line it leaves.
//!
//! The line has id, route (never the raw URL: queries carry codes and hints), status and milliseconds; of a refusal
//! also the cause, the error code and the client. What else is logged on the way carries the id too.
//!
//! Forwarded addresses count only from proxies named in the configuration (security requirement 111).

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use symbolon_jose::base64url;
use symbolon_oauth::{ErrorBody, OAuthError, Rng as _};
use tracing::Instrument as _;

use super::cors::AnswersClient;
use super::{answer, page};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::listen::Peer;
use crate::pages::error::ErrorWhat;
use crate::rng::SystemRng;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The facts of a request that every handler may need; read once, at the door.
#[derive(Clone, Debug)]
pub struct Meta {
    /// A random id, also in the `x-request-id` response header and in the audit log.
    pub request_id: Arc<str>,
    /// The client's address, as far as it can be known.
    pub address: Option<IpAddr>,
    /// The time of the request, Unix seconds.
    pub now: u64,
}

impl Meta {
    /// The address as text, for throttling and records.
    pub fn address_text(&self) -> String {
        self.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }
}

/// Why a request was refused, for its log line: put into the response's extensions.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// In our words.
    cause: String,
    /// The standard's code.
    error: &'static str,
}

impl Refused {
    /// Notes on `response` that it tells of `error`.
    pub(super) fn note(mut response: Response, error: &OAuthError) -> Response {
        response.extensions_mut().insert(Self { cause: error.cause(), error: error.wire().code });
        response
    }
}

/// The middleware: adds [`Meta`] to the request and writes the log line.
pub async fn layer(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer(None));
    let meta = Meta {
        request_id: request_id().into(),
        address: client_address(peer, request.headers(), &app),
        now: app.clock.now(),
    };
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let id = Arc::clone(&meta.request_id);

    let mut response = if head_bytes(&request) > app.config.http.max_header_bytes {
        head_too_large(&app, &meta, request.headers())
    } else {
        request.extensions_mut().insert(meta);
        // Enabled at every level, so that whatever is logged inside can be told to be of this request.
        let span = tracing::error_span!("request", %id);
        unharmed(next.run(request)).instrument(span).await
    };

    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    if !matches!(route, "/livez" | "/readyz" | "/healthz") {
        let ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        let refused = response.extensions().get::<Refused>();
        let (cause, error) = (refused.map(|why| why.cause.as_str()), refused.map(|why| why.error));
        // An id that nobody has is the caller's text.
        let client = response.extensions().get::<AnswersClient>().map(|client| client.0.as_str());
        let client = client.filter(|id| app.registry().client(id).is_some());
        if status >= 500 {
            tracing::error!(target: "symbolon::request", %id, %method, route, status, ms, cause, error, client);
        } else {
            tracing::info!(target: "symbolon::request", %id, %method, route, status, ms, cause, error, client);
        }
    }
    response
}

/// The size of the request line and the headers as HTTP/1.1 writes them (RFC 9112 §2.1), whatever brought them.
fn head_bytes(request: &Request) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>() + "\r\n".len()
}

/// 431 (RFC 6585 §5). The server's buffer is larger than the limit; far beyond it the connection itself answers.
fn head_too_large(app: &App, meta: &Meta, headers: &HeaderMap) -> Response {
    const WHY: &str = "the address, cookies and other headers of the request are too large together";
    let person = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|it| it.contains("text/html"));
    let mut response = if person {
        page::error(app, meta, ErrorWhat::Protocol { code: "invalid_request".to_owned(), description: WHY.to_owned() })
    } else {
        let body = ErrorBody { error: "invalid_request", error_description: WHY.into() };
        answer::json(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &body)
    };
    *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    response.extensions_mut().insert(Refused { cause: "HeadTooLarge".to_owned(), error: "invalid_request" });
    response
}

/// A panic ends its request and nothing else (security requirement 152): the caller gets a 500, and other
/// requests of the same connection go on.
async fn unharmed(request: impl Future<Output = Response>) -> Response {
    let mut request = std::pin::pin!(request);
    let ended = std::future::poll_fn(|context| {
        let step = AssertUnwindSafe(|| request.as_mut().poll(context));
        catch_unwind(step).map_or(Poll::Ready(None), |poll| poll.map(Some))
    });
    ended.await.unwrap_or_else(|| {
        tracing::error!("a request panicked");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

fn request_id() -> String {
    let mut bytes = [0; 12];
    SystemRng.fill(&mut bytes);
    base64url::encode(&bytes)
}

/// The right-most forwarded address that is not itself a trusted proxy, if the direct peer is one.
fn client_address(peer: Peer, headers: &HeaderMap, app: &App) -> Option<IpAddr> {
    let proxies = &app.config.http.trusted_proxies;
    // Whoever may open our Unix socket is the proxy beside us.
    let trusted =
        |address: Option<IpAddr>| address.is_none_or(|address| proxies.iter().any(|net| net.contains(address)));
    if !trusted(peer.0) {
        return peer.0;
    }
    let mut client = peer.0;
    let lines = headers.get_all(FORWARDED_FOR);
    let mut hops: Vec<&str> =
        lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    while let Some(hop) = hops.pop() {
        // What a trusted proxy could not read as an address must not be trusted further.
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = Some(address);
        if !trusted(client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_its_request_with_a_500_and_nothing_else() {
        let panicking =
            async { if StatusCode::OK.is_success() { panic!("on purpose") } else { StatusCode::OK.into_response() } };
        assert_eq!(unharmed(panicking).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(unharmed(async { StatusCode::OK.into_response() }).await.status(), StatusCode::OK);
    }
}
