//! What is known of every request before its handler runs: its id, its moment, where it came from; and the
//! one log line it leaves.
//!
//! The line has id, route (never the raw URL: queries carry codes and hints), status and milliseconds.
//! Forwarded addresses count only from proxies named in the configuration (security requirement 111).

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use symbolon_jose::base64url;
use symbolon_oauth::Rng as _;

use crate::app::App;
use crate::clock::Stopwatch;
use crate::listen::Peer;
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
    request.extensions_mut().insert(meta);

    let mut response = unharmed(next.run(request)).await;

    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    if !matches!(route, "/livez" | "/readyz" | "/healthz") {
        let ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(target: "symbolon::request", %id, %method, route, status = response.status().as_u16(), ms);
    }
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
