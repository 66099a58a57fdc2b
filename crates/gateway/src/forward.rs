//! Calls to the APIs: who is signed in gets through, with the access token in the place of the cookie. Bodies stream both ways.
//!
//! Refused before anything is sent: pages of other origins, missing tokens of the page, paths that could mean two things, bodies that are too long. Never
//! followed: redirects. A caller learns that an API is away, and nothing of why.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use http_body_util::Limited;
use hyper::body::{Frame, Incoming, SizeHint};
use symbolon_server::listen::{Activity, Peer};
use tokio::time::Sleep;

use crate::config::Api;
use crate::folder;
use crate::gateway::Gateway;
use crate::headers::{to_the_api, to_the_browser};
use crate::http::HttpError;
use crate::path;
use crate::problem::Problem;
use crate::provider::bearer;
use crate::sessions::Session;
use crate::{tokens, websocket};

/// Whatever is not the gateway's own: a call to an API, or a file of the app.
pub(crate) async fn any(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(api) = path::api_of(&gateway.config.apis, head.uri.path()) else {
        return folder::serve(&gateway.config, &head).await;
    };
    let answer = if websocket::is_asked_for(&head) {
        websocket::open(&gateway, api, head).await
    } else {
        forward(&gateway, api, head, body).await
    };
    match answer {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn forward(gateway: &Arc<Gateway>, api: &Api, head: Parts, body: Body) -> Result<Response, Problem> {
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(Problem::Method);
    }
    let shown = gateway.signed_in(&head.method, &head.uri, &head.headers)?;
    let session = shown.session;
    let url = path::target(api, head.uri.path(), head.uri.query()).map_err(|path::Ambiguous| Problem::Path)?;
    let max = gateway.config.http.max_body_bytes;
    let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max)) {
        return Err(Problem::BodyTooLarge);
    }
    let token = tokens::for_api(gateway, &session, api).await?;
    let call = call(gateway, &head, url.as_str(), &token, Body::new(Limited::new(body, max)))?;
    let answer = send(gateway, &session, api, call).await?;
    let time = Duration::from_secs(gateway.config.upstream.timeout_secs);
    Ok(passed_on(api, answer, head.extensions.get::<Activity>(), time))
}

/// The call that goes to the API.
pub(crate) fn call(
    gateway: &Gateway,
    head: &Parts,
    url: &str,
    token: &str,
    body: Body,
) -> Result<http::Request<Body>, Problem> {
    let mut call = http::Request::new(body);
    *call.method_mut() = head.method.clone();
    *call.uri_mut() = url.parse().map_err(|_| Problem::Path)?;
    *call.version_mut() = Version::HTTP_11;
    *call.headers_mut() = to_the_api(&head.headers);
    call.headers_mut().extend(forwarded(gateway, &head.headers, head.extensions.get::<Peer>()));
    call.headers_mut().insert(AUTHORIZATION, bearer(token));
    Ok(call)
}

/// Sends it; the head of the answer, or why there is none.
pub(crate) async fn send(
    gateway: &Gateway,
    session: &Session,
    api: &Api,
    call: http::Request<Body>,
) -> Result<http::Response<Incoming>, Problem> {
    let time = Duration::from_secs(gateway.config.upstream.timeout_secs);
    let answer = gateway.http.send(call, time).await.map_err(|error| {
        if let HttpError::TooLarge = error {
            return Problem::BodyTooLarge;
        }
        tracing::warn!(%error, api = api.path, "an API could not be called");
        if let HttpError::Timeout(_) = error { Problem::ApiSlow } else { Problem::ApiAway }
    })?;
    if answer.status() == StatusCode::UNAUTHORIZED {
        tokens::refused(gateway, session, api);
    }
    Ok(answer)
}

/// Who asks, and whom they asked.
fn forwarded(gateway: &Gateway, headers: &HeaderMap, peer: Option<&Peer>) -> HeaderMap {
    let origin = &gateway.config.origin;
    let peer = peer.and_then(|Peer(address)| *address);
    let is_proxy = peer.is_none_or(|peer| gateway.config.http.trusted_proxies.iter().any(|it| it.contains(peer)));
    // Of what a proxy says, the last is what it saw itself.
    let seen = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let seen = seen.and_then(|list| list.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
    let client = if is_proxy { seen.or(peer) } else { peer };
    let pairs = [
        ("x-forwarded-for", client.map(|address| address.to_string())),
        ("x-forwarded-host", Some(origin.authority().to_owned())),
        ("x-forwarded-proto", Some(origin.scheme().to_owned())),
    ];
    let value = |text: String| HeaderValue::try_from(text).ok();
    pairs.into_iter().filter_map(|(name, text)| Some((HeaderName::from_static(name), text.and_then(value)?))).collect()
}

/// What the API answered, for the browser.
pub(crate) fn passed_on(
    api: &Api,
    answer: http::Response<Incoming>,
    activity: Option<&Activity>,
    time: Duration,
) -> Response {
    let (head, body) = answer.into_parts();
    let mut headers = to_the_browser(&head.headers);
    // An API that sends people to another of its own paths means the gateway's.
    let own = |to: &HeaderValue| {
        let rest = to.to_str().ok()?.strip_prefix(api.url.as_str().trim_end_matches('/'))?;
        let whole = rest.is_empty() || rest.starts_with(['/', '?']);
        HeaderValue::try_from(format!("{}{rest}", api.path)).ok().filter(|_| whole)
    };
    if let Some(to) = headers.get(LOCATION).and_then(own) {
        headers.insert(LOCATION, to);
    }
    let activity = activity.cloned().unwrap_or_default();
    activity.expect_signs_every(time);
    let body = Watched { body, activity, time, silence: Box::pin(tokio::time::sleep(time)) };
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = head.status;
    *response.headers_mut() = headers;
    response
}

/// The body of an answer: it may last, and not be silent for too long.
struct Watched {
    body: Incoming,
    /// Keeps the browser's connection.
    activity: Activity,
    time: Duration,
    silence: Pin<Box<Sleep>>,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            ready!(this.silence.as_mut().poll(cx));
            return Poll::Ready(Some(Err("the API fell silent".into())));
        };
        this.activity.sign();
        this.silence.as_mut().set(tokio::time::sleep(this.time));
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
