//! WebSocket connections (RFC 6455) that live no longer than the token they were opened with. Feature `ws`.
//!
//! A browser sends no `Authorization` header with a WebSocket, so the token comes in one of these ways: as the client's first message, among the
//! subprotocols, in the guard's cookie (then only from the API's own pages or [`Guard::cookie_origins`]), or, from other programs, in the header
//! after all. See [`Guard::websocket`].
//!
//! - `handshake`: what opens a connection.
//! - `message`: what is said about the token, and the codes with which a connection ends.
//! - `life`: one connection from its first token to its end.
//! - `open`: all of them, and the task that notices when a token does not count any more.
//! - `socket`: what a handler is given.

mod handshake;
mod life;
mod message;
pub(crate) mod open;
mod socket;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, Uri, header};
use hyper::upgrade::OnUpgrade;

use crate::{
    caller::{Authentication, Caller},
    csrf::CSRF_HEADER,
    error::{Malformed, Rejection},
    extract::{Head, Place},
    guard::Guard,
    scope::{Requirement, SignInNeeded},
    service::Heading,
};
use handshake::NotOne;
use life::{Handshake, Shown, Terms, live};
use message::Ending;
pub use socket::{Closed, Message, Sender, Socket};

/// The longest message of a client, unless told otherwise.
const DEFAULT_MESSAGE_BYTES: usize = 64 * 1024;

/// How connections are opened: for [`Guard::websockets`].
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::{Guard, websocket::WebSockets};
///
/// let patient = WebSockets::default().first_message_within(Duration::from_secs(10));
/// let guard = Guard::new("https://auth.example.com", "https://api.example.com")?.websockets(patient);
/// # Ok::<(), symbolon_guard::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct WebSockets {
    pub(crate) within: Duration,
    pub(crate) unknown: usize,
}

impl WebSockets {
    /// How long the first message, with the token, may take: 5 seconds unless changed.
    #[must_use]
    pub fn first_message_within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// How many connections may be open that have not shown a token yet: 1,024 unless changed. Beyond, the answer is 503.
    #[must_use]
    pub fn unauthenticated(self, connections: usize) -> Self {
        Self { unknown: connections, ..self }
    }
}

impl Default for WebSockets {
    fn default() -> Self {
        Self { within: Duration::from_secs(5), unknown: 1024 }
    }
}

/// A request to open a WebSocket: an extractor. What the caller must have, and what the connection may be, is said here.
///
/// Its route stands outside of [`Guard::layer`], which would refuse a request without a token.
#[derive(Debug)]
pub struct Upgrade {
    upgrading: OnUpgrade,
    accept: HeaderValue,
    parts: Parts,
    requirements: Vec<Requirement>,
    protocols: Vec<String>,
    max_message_bytes: usize,
}

impl Upgrade {
    /// Only for callers with this scope; others are told by the code 4403.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.any_scope([scope])
    }

    /// Only for callers with at least one of these scopes.
    #[must_use]
    pub fn any_scope<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.needs(Requirement::AnyScope(scopes.into_iter().map(Into::into).collect()))
    }

    /// Only for callers with this role.
    #[must_use]
    pub fn role(self, role: impl Into<String>) -> Self {
        self.needs(Requirement::Role(role.into()))
    }

    /// Only for callers who signed in like this (RFC 9470): see [`Guard::step_up`].
    #[must_use]
    pub fn step_up<A: Into<String>>(self, acr_values: impl IntoIterator<Item = A>, max_age: Option<Duration>) -> Self {
        let acr_values = acr_values.into_iter().map(Into::into).collect();
        let max_age = max_age.map(|max_age| max_age.as_secs());
        self.needs(Requirement::Authentication(SignInNeeded { acr_values, max_age }))
    }

    /// The API's own subprotocols; the first of them that the client offers is chosen.
    #[must_use]
    pub fn protocols<P: Into<String>>(self, protocols: impl IntoIterator<Item = P>) -> Self {
        Self { protocols: protocols.into_iter().map(Into::into).collect(), ..self }
    }

    /// The longest message of the client: 64 KiB unless changed. Before it has shown a token it is 16 KiB in any case.
    #[must_use]
    pub fn max_message_bytes(self, bytes: usize) -> Self {
        Self { max_message_bytes: bytes, ..self }
    }

    fn needs(mut self, requirement: Requirement) -> Self {
        self.requirements.push(requirement);
        self
    }

    /// With the whole path, also within a nested router.
    fn uri(&self) -> &Uri {
        self.parts.extensions.get::<OriginalUri>().map_or(&self.parts.uri, |original| &original.0)
    }

    fn head(&self) -> Head<'_> {
        Head { method: &self.parts.method, uri: &self.parts.uri, headers: &self.parts.headers }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let accept = handshake::accept(&parts.method, parts.version, &parts.headers).map_err(|not| match not {
            // RFC 6455 §4.4.
            NotOne::OtherVersion => {
                (StatusCode::UPGRADE_REQUIRED, [(header::SEC_WEBSOCKET_VERSION, "13")]).into_response()
            }
            NotOne::Other => (StatusCode::BAD_REQUEST, "this address is for WebSockets").into_response(),
        })?;
        if let Some(token) = handshake::page_token(&parts.headers) {
            parts.headers.entry(CSRF_HEADER).or_insert(token);
        }
        let upgrading = parts.extensions.remove::<OnUpgrade>();
        let upgrading = upgrading.ok_or_else(|| StatusCode::UPGRADE_REQUIRED.into_response())?;
        Ok(Self {
            upgrading,
            accept: HeaderValue::try_from(accept).expect("base64 is printable"),
            parts: parts.clone(),
            requirements: Vec::new(),
            protocols: Vec::new(),
            max_message_bytes: DEFAULT_MESSAGE_BYTES,
        })
    }
}

impl Guard {
    /// Opens a WebSocket for whoever shows a good token, and gives it to `handle` with the caller. It is closed with a code that says why when
    /// that token expires or is revoked, unless the client shows another one of the same subject in time.
    ///
    /// ```
    /// use axum::{Router, extract::State, response::Response, routing::get};
    /// use symbolon_guard::{Guard, websocket::Upgrade};
    ///
    /// async fn live(State(guard): State<Guard>, upgrade: Upgrade) -> Response {
    ///     let upgrade = upgrade.scope("read:dragons");
    ///     guard.websocket(upgrade, |mut socket, caller| async move {
    ///         while let Some(message) = socket.recv().await {
    ///             println!("{} says {message:?}", caller.sub);
    ///             if socket.send("heard").await.is_err() { break }
    ///         }
    ///     }).await
    /// }
    ///
    /// # let guard = symbolon_guard::testing::TestIssuer::offline().guard("https://api.example.com");
    /// let app: Router = Router::new().route("/live", get(live)).with_state(guard); // not under guard.layer()
    /// ```
    ///
    /// The client says `{"type":"authenticate","token":"…"}`, first and to renew, and is answered `{"type":"authenticated","expires_in":300}`.
    /// Codes: 4401 (no token, or one that does not count), 4403 (scope or role missing, or the token of somebody else), 1013 (the issuer
    /// cannot be asked: come again).
    pub async fn websocket<H, F>(&self, upgrade: Upgrade, handle: H) -> Response
    where
        H: FnOnce(Socket, Caller) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let handshake = match self.handshake(&upgrade).await {
            Ok(handshake) => handshake,
            Err(response) => return *response,
        };
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, upgrade.accept.clone());
        let chosen = handshake::chosen(&upgrade.parts.headers, &upgrade.protocols);
        if let Some(Ok(chosen)) = chosen.map(HeaderValue::from_str) {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        let terms = Terms {
            guard: self.clone(),
            requirements: upgrade.requirements.as_slice().into(),
            uri: upgrade.uri().clone(),
            headers: without_secrets(&upgrade.parts.headers),
            extensions: upgrade.parts.extensions,
            max_message_bytes: upgrade.max_message_bytes,
            within: self.websocket_settings().within,
        };
        tokio::spawn(async move {
            // A handshake that broke off is nobody's connection.
            if let Ok(upgraded) = upgrade.upgrading.await {
                live(terms, upgraded, handshake, handle).await;
            }
        });
        response
    }

    /// Who asks, as far as the request tells. A page learns nothing of a refused handshake, so what pages send is refused on an open connection,
    /// where it has a code; but a cookie on a page of somebody else opens none (RFC 6455 §10.2).
    async fn handshake(&self, upgrade: &Upgrade) -> Result<Handshake, Box<Response>> {
        let refused = |rejection: Rejection| Box::new(self.reject(&rejection));
        if let Some(token) = handshake::token(&upgrade.parts.headers).map_err(refused)? {
            if upgrade.parts.headers.contains_key(header::AUTHORIZATION) {
                return Err(refused(Rejection::Malformed(Malformed::TwoTokens)));
            }
            return Ok(self.told(self.shown(upgrade, &token, Place::Header).await));
        }
        match self.sources().find(upgrade.head(), None).map_err(refused)? {
            Some(found) if found.place == Place::Cookie => {
                match self.shown(upgrade, &found.token, Place::Cookie).await {
                    Err(rejection @ Rejection::CrossSite) => Err(refused(rejection)),
                    shown => Ok(self.told(shown)),
                }
            }
            Some(found) => self.shown(upgrade, &found.token, found.place).await.map(Handshake::Known).map_err(refused),
            None => {
                if let Ok(permit) = Arc::clone(&self.open().unknown).try_acquire_owned() {
                    return Ok(Handshake::Unknown(permit));
                }
                tracing::warn!("a WebSocket was refused: too many are open that have not shown a token yet");
                Err(Box::new((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()))
            }
        }
    }

    /// A refusal that is said on the open connection.
    fn told(&self, shown: Result<Shown, Rejection>) -> Handshake {
        match shown {
            Ok(shown) => Handshake::Known(shown),
            Err(rejection) => {
                self.note(&rejection);
                Handshake::Refused(Ending::of(&rejection))
            }
        }
    }

    /// The verdict on a token of the request.
    async fn shown(&self, upgrade: &Upgrade, token: &str, place: Place) -> Result<Shown, Rejection> {
        let proven = self.judge().verify(token).await?;
        let heading = Heading { head: upgrade.head(), uri: upgrade.uri(), extensions: &upgrade.parts.extensions };
        self.admit(&proven, token, heading, place)?;
        let authentication = Authentication::of(self.clone(), Arc::clone(&proven));
        upgrade.requirements.iter().try_for_each(|needed| authentication.require(needed))?;
        Ok((Arc::from(token), proven))
    }
}

/// The request's headers as they are kept with the connection.
fn without_secrets(headers: &http::HeaderMap) -> http::HeaderMap {
    let mut kept = headers.clone();
    for name in [header::AUTHORIZATION, header::COOKIE, header::SEC_WEBSOCKET_PROTOCOL] {
        kept.remove(name);
    }
    kept
}
