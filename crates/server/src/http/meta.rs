//! What is known of every request before its handler runs: its id, its moment, where it came from; and the
//! one log line it leaves.
//!
//! The line has id, route (never the raw URL: queries carry codes and hints), status, milliseconds, how often and how long
//! the store was asked, address, client and user; of a refusal also the cause and the error code. What else is logged on the way
//! carries the id too. The same numbers are counted for Prometheus.
//!
//! A panic in a handler ends here: its request fails with 500, and nothing else does.
//!
//! Forwarded addresses count only from proxies named in the configuration (security requirement 111).

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ACCEPT, ACCEPT_LANGUAGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use symbolon_jose::base64url;
use symbolon_oauth::{ErrorBody, OAuthError, Rng as _};
use symbolon_store::User;
use tracing::Instrument as _;

use super::certificate::Sender;
use super::cors::AnswersClient;
use super::{answer, certificate, page};
use crate::account::locale;
use crate::admin::Origin;
use crate::app::App;
use crate::clock::Stopwatch;
use crate::listen::Peer;
use crate::listen::client_certificate::Shown;
use crate::metrics::{self, Route, RouteOnly};
use crate::observe::facts::{self as observe, Facts};
use crate::pages::WebUrl;
use crate::pages::error::ErrorWhat;
use crate::rng::SystemRng;
use crate::session::cookie::CookieKind;
use crate::words::{Language, Reads};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The facts of a request that every handler may need; read once, at the door.
#[derive(Clone, Debug)]
pub struct Meta {
    /// A random id, also in the `x-request-id` response header and in the audit log.
    pub request_id: Arc<str>,
    /// The client's address, as far as it can be known.
    pub address: Option<IpAddr>,
    /// The certificate that the client has proven to hold, if it has shown one.
    pub certificate: Option<Arc<Shown>>,
    /// The time of the request, Unix seconds.
    pub now: u64,
    /// The languages of whoever waits for the answer.
    pub reads: Reads,
    /// The app whose pending request it carries: its name, and where a sign-in begins there.
    pub(super) came_from: Option<(String, WebUrl)>,
}

impl Meta {
    /// The same for a change of the registry.
    pub(crate) fn origin(&self) -> Origin {
        Origin { address: Some(self.address_text()), request_id: Some(self.request_id.to_string()) }
    }

    /// The same request, which is found to ask for these languages (`ui_locales`).
    pub(super) fn asking(&self, locales: &[String]) -> Self {
        Self { reads: self.reads.asking(locales), ..self.clone() }
    }

    /// The language of pages for whoever sent it.
    pub(super) fn language(&self) -> Language {
        self.reads.language()
    }

    /// The language of letters to this account, or to whoever sent it.
    pub(super) fn language_of_letters(&self, user: Option<&User>) -> &'static str {
        self.reads.with_account(user.and_then(locale)).language_of_letters().tag()
    }

    /// The address, for throttling: on a Unix socket without a forwarding proxy everybody is one neighbour.
    pub fn address_or_unspecified(&self) -> IpAddr {
        self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// The address as text, for records.
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
    /// The standard's code.
    pub(super) fn error(&self) -> &'static str {
        self.error
    }

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
    let sender = if trusted(peer.0, &app) { Sender::TrustedProxy } else { Sender::Anybody };
    let meta = Meta {
        certificate: certificate::take(&app, &mut request, sender),
        request_id: request_id().into(),
        address: client_address(peer, request.headers(), &app),
        now: app.clock.now(),
        reads: reads(&app, request.headers()),
        came_from: None,
    };
    let route = Route(request.extensions().get::<MatchedPath>().cloned());
    let method = request.method().clone();
    let reader = Reader::of(request.headers());

    let facts = Arc::<Facts>::default();
    let mut response = if head_bytes(&request) > app.config().http.max_header_bytes {
        head_too_large(&app, &meta, reader)
    } else {
        request.extensions_mut().insert(meta.clone());
        // Enabled at every level, so that whatever is logged inside can be told to be of this request.
        let span = tracing::error_span!("request", id = %meta.request_id);
        let handling = next.run(request);
        #[cfg(all(feature = "fault-injection", debug_assertions))]
        let handling = crate::fault::harmed(handling);
        let handled = observe::within(Arc::clone(&facts), unharmed(handling)).instrument(span).await;
        handled.unwrap_or_else(|| panicked(&app, &meta, reader))
    };

    if let Ok(value) = HeaderValue::from_str(&meta.request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let answered = Answered { method: &method, route, took: watch.elapsed(), facts: &facts };
    answered.count(&app, &response);
    answered.log(&app, &meta, &response);
    response
}

/// A request and how it went.
struct Answered<'r> {
    method: &'r Method,
    route: Route,
    took: Duration,
    facts: &'r Facts,
}

impl Answered<'_> {
    fn count(&self, app: &App, response: &Response) {
        let (route, method, status) = (self.route.clone(), metrics::method(self.method), response.status().as_u16());
        app.metrics.http_duration.get_or_create(&RouteOnly { route: route.clone() }).observe(self.took);
        app.metrics.http_requests.get_or_create(&metrics::Request { route, method, status }).inc();
    }

    /// Writes the one line.
    fn log(&self, app: &App, meta: &Meta, response: &Response) {
        let Self { method, facts, .. } = self;
        let (route, id, address) = (self.route.as_str(), &meta.request_id, meta.address.map(tracing::field::display));
        if matches!(route, "/livez" | "/readyz" | "/healthz") {
            return;
        }
        let ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        let (store_calls, store_ms, sub) = (facts.calls(), facts.store_ms(), facts.subject());
        let refused = response.extensions().get::<Refused>();
        let (cause, error) = (refused.map(|why| why.cause.as_str()), refused.map(|why| why.error));
        // An id that nobody has is the caller's text.
        let client = response.extensions().get::<AnswersClient>().map(|client| client.0.as_str());
        let client = client.filter(|id| app.registry().client(id).is_some());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "symbolon::request",
                    %id, %method, route, status, ms, store_calls, store_ms, cause, error, client, sub, address
                )
            };
        }
        if status >= 500 { line!(error) } else { line!(info) }
    }
}

/// The size of the request line and the headers as HTTP/1.1 writes them (RFC 9112 §2.1), whatever brought them.
fn head_bytes(request: &Request) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>() + "\r\n".len()
}

/// 431 (RFC 6585 §5). The server's buffer is larger than the limit; far beyond it the connection itself answers.
fn head_too_large(app: &App, meta: &Meta, reader: Reader) -> Response {
    const WHY: &str = "the address, cookies and other headers of the request are too large together";
    let mut response = if reader == Reader::Person {
        page::error(app, meta, ErrorWhat::Protocol { code: "invalid_request".to_owned(), description: WHY.to_owned() })
    } else {
        let body = ErrorBody { error: "invalid_request", error_description: WHY.into() };
        answer::json(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &body)
    };
    *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    response.extensions_mut().insert(Refused { cause: "HeadTooLarge".to_owned(), error: "invalid_request" });
    response
}

/// Who reads the answer, as far as the request tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Person,
    Program,
}

impl Reader {
    fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        if accept.is_some_and(|accept| accept.contains("text/html")) { Self::Person } else { Self::Program }
    }
}

/// A panic ends its request and nothing else (security requirement 152): `None`, and other requests of the same connection go on.
async fn unharmed(request: impl Future<Output = Response>) -> Option<Response> {
    let mut request = std::pin::pin!(request);
    std::future::poll_fn(|context| {
        let step = AssertUnwindSafe(|| request.as_mut().poll(context));
        catch_unwind(step).map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}

/// What the caller hears of a panic. Where it was is in the log, under the request's id.
fn panicked(app: &App, meta: &Meta, reader: Reader) -> Response {
    app.metrics.panics.inc();
    tracing::error!(id = %meta.request_id, "a request panicked: please report this, with the lines of its id");
    let mut response = match reader {
        Reader::Person => page::error(app, meta, ErrorWhat::Internal),
        Reader::Program => answer::error(&OAuthError::ServerError),
    };
    response.extensions_mut().insert(Refused { cause: "Panic".to_owned(), error: "server_error" });
    response
}

/// What somebody's browser says of the languages they read.
fn reads(app: &App, headers: &HeaderMap) -> Reads {
    let accepted: Vec<&str> = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).collect();
    let chosen = CookieKind::Language.read(headers, app.transport).ok().flatten().and_then(Language::of_tag);
    Reads::of_browser(chosen, &accepted.join(","), app.config().pages.language)
}

fn request_id() -> String {
    let mut bytes = [0; 12];
    SystemRng.fill(&mut bytes);
    base64url::encode(&bytes)
}

/// Whether it is a proxy that the operator named. Whoever may open our Unix socket is the proxy beside us.
fn trusted(address: Option<IpAddr>, app: &App) -> bool {
    let config = app.config();
    address.is_none_or(|address| config.http.trusted_proxies.iter().any(|network| network.contains(address)))
}

/// The right-most forwarded address that is not itself a trusted proxy, if the direct peer is one.
fn client_address(peer: Peer, headers: &HeaderMap, app: &App) -> Option<IpAddr> {
    if !trusted(peer.0, app) {
        if headers.contains_key(FORWARDED_FOR) {
            note_stranger(peer, app);
        }
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
        if !trusted(client, app) {
            break;
        }
    }
    client
}

/// For `symbolon doctor`, to whom a proxy that nobody named is worth a word.
fn note_stranger(peer: Peer, app: &App) {
    if app.forwarded_by.load().as_deref() != peer.0.as_ref() {
        app.forwarded_by.store(peer.0.map(Arc::new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;

    #[tokio::test]
    async fn a_panic_ends_its_request_and_nothing_else() {
        let panicking =
            async { if StatusCode::OK.is_success() { panic!("on purpose") } else { StatusCode::OK.into_response() } };
        assert!(unharmed(panicking).await.is_none());
        assert_eq!(unharmed(async { StatusCode::OK.into_response() }).await.unwrap().status(), StatusCode::OK);
    }
}
