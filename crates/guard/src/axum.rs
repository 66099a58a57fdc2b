//! For axum: the extractors [`Caller`] and [`Scoped`], and the metadata route (RFC 9728).

use std::{marker::PhantomData, ops::Deref};

use axum::{
    Json, Router,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    RequiredScope,
    caller::{Authentication, Caller},
    challenge::Challenge,
    dpop::{Dpop, algorithms},
    error::{InvalidToken, Rejection},
    guard::Guard,
    scope::Requirement,
};

/// A caller whose token was granted the scope `S`. Dereferences to the token's claims, like [`Caller`].
///
/// ```
/// use symbolon_guard::{Scoped, scopes};
///
/// scopes! { ReadDragons = "read:dragons" }
///
/// async fn dragons(caller: Scoped<ReadDragons>) -> String {
///     format!("the dragons of {}", caller.sub)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Scoped<S> {
    /// The caller.
    pub caller: Caller,
    scope: PhantomData<fn() -> S>,
}

impl<S> Deref for Scoped<S> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// What the layer found out.
fn authentication(parts: &Parts) -> Option<&Authentication> {
    parts.extensions.get()
}

/// The answer to a handler that no layer covers.
fn not_guarded(parts: &Parts) -> Response {
    let rejection = Rejection::NotGuarded;
    tracing::error!(path = parts.uri.path(), %rejection, "add `.layer(guard.layer())` around this route");
    Challenge::new("").response(&rejection, None, None)
}

/// The caller, with the handler's own claims read.
fn read<C: DeserializeOwned>(authentication: &Authentication) -> Result<Caller<C>, Rejection> {
    let caller = authentication.caller()?;
    let custom = caller.extra_as().map_err(|_| Rejection::InvalidToken(InvalidToken::UnexpectedClaims))?;
    Ok(caller.clone().with_custom(custom))
}

impl<S: Send + Sync, C: DeserializeOwned> FromRequestParts<S> for Caller<C> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let authentication = authentication(parts).ok_or_else(|| not_guarded(parts))?;
        read(authentication).map_err(|rejection| authentication.guard.reject(&rejection))
    }
}

/// `None` only where [`Guard::optional`] let a request without a token pass.
impl<S: Send + Sync, C: DeserializeOwned> OptionalFromRequestParts<S> for Caller<C> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Response> {
        let authentication = authentication(parts).ok_or_else(|| not_guarded(parts))?;
        match read(authentication) {
            Ok(caller) => Ok(Some(caller)),
            Err(Rejection::NoToken) => Ok(None),
            Err(rejection) => Err(authentication.guard.reject(&rejection)),
        }
    }
}

impl<S: Send + Sync, R: RequiredScope> FromRequestParts<S> for Scoped<R> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let authentication = authentication(parts).ok_or_else(|| not_guarded(parts))?;
        let caller = authentication.require(&Requirement::AnyScope(vec![R::SCOPE.to_owned()]));
        match caller.and_then(|()| authentication.caller().cloned()) {
            Ok(caller) => Ok(Self { caller, scope: PhantomData }),
            Err(rejection) => Err(authentication.guard.reject(&rejection)),
        }
    }
}

/// Protected resource metadata (RFC 9728 §2).
#[derive(Serialize)]
struct Metadata<'a> {
    resource: &'a str,
    authorization_servers: [&'a str; 1],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes_supported: &'a [String],
    bearer_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dpop_signing_alg_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_bound_access_tokens_required: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tls_client_certificate_bound_access_tokens: bool,
}

impl Guard {
    /// A router that tells clients which issuer this API trusts (RFC 9728), open to all; [`merge`](Router::merge) it outside
    /// the guard's layer. From then on the challenges name its address.
    ///
    /// The path is `/.well-known/oauth-protected-resource`, followed by the audience's path if it has one.
    pub fn metadata<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let dpop = self.dpop_settings();
        let metadata = Metadata {
            resource: self.audience(),
            authorization_servers: [self.issuer()],
            scopes_supported: self.told_scopes(),
            bearer_methods_supported: self.bearer_methods(),
            dpop_signing_alg_values_supported: dpop.map(|_| algorithms().collect()).unwrap_or_default(),
            dpop_bound_access_tokens_required: dpop.map(Dpop::is_required),
            tls_client_certificate_bound_access_tokens: self.takes_certificates(),
        };
        let document = serde_json::json!(metadata);
        let path = self.announce_metadata();
        let any_origin = (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let fresh = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        let answer = move || async move { ([any_origin, fresh], Json(document)).into_response() };
        Router::new().route(&path, get(answer))
    }
}
