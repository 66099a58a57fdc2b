//! The HTTP client: https, or plain http where the configuration names such an address; HTTP/1.1, no redirects, no proxy, no cookies.
//!
//! Whom to call stands in the configuration or in the issuer's own document, never in a request: no address needs judging here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use symbolon_server::listen::{KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, UNACKNOWLEDGED};

/// How long a connection nobody uses is kept.
const KEEP_IDLE: Duration = Duration::from_secs(30);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest document of the issuer that is read.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Sends requests; connections are kept and used again.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, Body>);

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

/// Why there is no answer. For the log: a caller outside learns none of it.
#[derive(Debug)]
pub(crate) enum HttpError {
    /// Nothing in time.
    Timeout(Duration),
    /// What was to be sent was longer than is taken.
    TooLarge,
    /// The name, the network, TLS or HTTP failed.
    Transport(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(time) => write!(f, "no answer within {} seconds", time.as_secs()),
            Self::TooLarge => f.write_str("the body is longer than is taken"),
            Self::Transport(why) => f.write_str(why),
        }
    }
}

impl Http {
    /// Trusts the system's certificates and those of `tls`.
    pub(crate) fn new(tls: &Arc<rustls::ClientConfig>) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        // An API that is gone without a word must not hold a WebSocket's places until the session ends.
        connector.set_keepalive(Some(KEEPALIVE_IDLE));
        connector.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        connector.set_keepalive_retries(Some(KEEPALIVE_PROBES));
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls.as_ref().clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEEP_IDLE).retry_canceled_requests(true);
        Self(builder.build(https))
    }

    /// Sends a request; the answer's head has to be there within `time`, its body comes.
    pub(crate) async fn send(&self, request: Request<Body>, time: Duration) -> Result<Response<Incoming>, HttpError> {
        let sent = tokio::time::timeout(time, self.0.request(request)).await.map_err(|_| HttpError::Timeout(time))?;
        sent.map_err(
            |error| if is_too_large(&error) { HttpError::TooLarge } else { HttpError::Transport(chain(&error)) },
        )
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn exchange(
        &self,
        request: Request<Body>,
        time: Duration,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let both = async {
            let (head, body) = self.send(request, time).await?.into_parts();
            let body = Limited::new(body, MAX_DOCUMENT_BYTES).collect().await;
            let body = body.map_err(|error| HttpError::Transport(chain(error.as_ref())))?;
            Ok((head.status, body.to_bytes()))
        };
        tokio::time::timeout(time, both).await.unwrap_or(Err(HttpError::Timeout(time)))
    }
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<LengthLimitError>)
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
