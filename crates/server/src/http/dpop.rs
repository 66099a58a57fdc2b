//! Proofs of possession at the HTTP door (RFC 9449): out of the header, judged by `oauth`, remembered in the store so that each
//! counts once on all nodes.

use axum::response::Response;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method};
use symbolon_oauth::dpop::{self, DpopFailure, Expect, Proven};
use symbolon_oauth::{Client, Issuer, OAuthError};
use symbolon_store::Hash32;

use crate::app::App;
use crate::effects::store_failure;

const PROOF: HeaderName = HeaderName::from_static(dpop::HEADER);
const NONCE: HeaderName = HeaderName::from_static(dpop::NONCE_HEADER);
/// The name of the replay window.
const ONCE: &str = "dpop";

/// Where a request went.
#[derive(Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) method: &'t Method,
    /// The path of the endpoint: the rest is the issuer's, never the request's `Host`.
    pub(super) path: &'t str,
    pub(super) now: u64,
}

/// The proof of a request of this client, if it has one.
pub(super) fn check(
    app: &App,
    headers: &HeaderMap,
    client: &Client,
    target: Target<'_>,
    access_token: Option<&str>,
) -> Result<Option<Proven>, DpopFailure> {
    let mut lines = headers.get_all(PROOF).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(DpopFailure::Several);
    }
    let proof = line.to_str().map_err(|_| DpopFailure::Malformed)?;
    let judge = |base: &Issuer| {
        let expect = Expect {
            method: target.method.as_str(),
            uri: &base.endpoint(target.path),
            now: target.now,
            access_token,
            nonces: client.dpop_nonce_required.then_some(&app.nonces),
        };
        dpop::check(proof, &expect)
    };
    let proven = match (judge(&app.issuer), &app.mtls_base) {
        // The same endpoint, at the address where certificates are asked for (RFC 8705 §5).
        (Err(DpopFailure::UriMismatch), Some(base)) => judge(base),
        (proven, _) => proven,
    }?;
    if client.profile().allows_alg(proven.alg) { Ok(Some(proven)) } else { Err(DpopFailure::Algorithm) }
}

/// A proof counts once (RFC 9449 §11.1). Last of all checks: what is refused anyway leaves nothing behind.
pub(super) async fn remember(app: &App, proven: &Proven, now: u64) -> Result<(), OAuthError> {
    let first = app.store.remember_once(ONCE, Hash32(proven.once), proven.expires_at, now).await;
    if first.map_err(|error| store_failure(&error))? { Ok(()) } else { Err(OAuthError::Dpop(DpopFailure::Replayed)) }
}

/// Tells a client that must use nonces the one to use next (RFC 9449 §8.2).
pub(super) fn offer_nonce(app: &App, client: Option<&Client>, response: &mut Response, now: u64) {
    if !client.is_some_and(|client| client.dpop_nonce_required) {
        return;
    }
    match app.nonces.at(now).map(HeaderValue::try_from) {
        Ok(Ok(nonce)) => drop(response.headers_mut().insert(NONCE, nonce)),
        why => tracing::error!(?why, "no nonce could be made"),
    }
}
