//! `id_token_hint`: an ID token of ours, shown back to us. Expired ones still say who was meant (OpenID
//! Connect Core §3.1.2.1, RP-Initiated Logout §2), so only signature, issuer and type count.

use serde::Deserialize;
use symbolon_jose::jwt::{self, Policy, Verified};
use symbolon_oauth::OAuthError;
use symbolon_oauth::authorize::{IdTokenHint, ValidRequest};
use symbolon_oauth::endpoint::end_session::HintClaims;

use crate::app::App;
use crate::effects::store_failure;
use crate::registry::Registry;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    /// What an ID token has and signed claims from userinfo have not: what was told of somebody is no proof that they signed in.
    #[serde(rename = "exp")]
    _exp: u64,
    #[serde(default)]
    sid: Option<String>,
}

/// What a hint says, if it is an ID token of ours for a client that is registered. `named` is the client that the request names.
pub(super) fn read(app: &App, registry: &Registry, hint: &str, named: Option<&str>, now: u64) -> Option<HintClaims> {
    let policy = Policy::danger_any_audience(app.issuer.as_str())
        .accept_type(symbolon_oauth::id_token::TYP)
        .danger_accept_expired();
    // Core §3.1.2.1: the client "MAY re-encrypt the signed ID token to the Authentication Server".
    let decrypting = registry.decrypting_keys().filter(|_| hint.matches('.').count() == 4);
    let verify = |keys| {
        let verified = match decrypting {
            Some(decrypting) => jwt::decrypt_then_verify::<Claims>(hint, decrypting, keys, &policy, now),
            None => jwt::verify::<Claims>(hint, keys, &policy, now),
        };
        verified.ok().map(Verified::into_claims)
    };
    // RP-Initiated Logout §2: with a token under the client's secret the request names the client. It knows the secret, so the hint says no
    // more than that this client says so.
    let by_secret = || {
        let client = registry.client(named?).filter(|client| client.id_token_signed_response_alg.is_symmetric())?;
        let secrets = registry.shared_keys(client.client_id.as_str()).iter();
        let claims = secrets.rev().find_map(|secret| verify(secret.verifying()))?;
        (claims.aud == client.client_id.as_str()).then_some(claims)
    };
    let claims = verify(registry.keys().verifying()).or_else(by_secret)?;
    registry.client(&claims.aud)?;
    Some(HintClaims { sub: claims.sub, sid: claims.sid, aud: claims.aud })
}

/// The name that the person of a good hint signs in with, to stand in the field; their password proves who they are as ever. Of a pairwise
/// subject nobody can tell whose it is; and what a client can have written itself, under its secret, tells it nobody's name.
pub(super) async fn login_name(
    app: &App,
    request: &ValidRequest<'_>,
    hint: &IdTokenHint,
) -> Result<Option<String>, OAuthError> {
    let IdTokenHint::Subject(sub) = hint else { return Ok(None) };
    let client = request.client();
    if client.is_pairwise() || client.id_token_signed_response_alg.is_symmetric() {
        return Ok(None);
    }
    let user = app.store.user(sub).await.map_err(|error| store_failure(&error))?;
    Ok(user.and_then(|user| user.email.or(user.username)))
}

/// The hint of an authorization request, which must be for the client that asks.
pub(super) fn for_authorize(app: &App, registry: &Registry, request: &ValidRequest<'_>, now: u64) -> IdTokenHint {
    let Some(hint) = request.id_token_hint() else { return IdTokenHint::Absent };
    let client_id = request.client_id().as_str();
    match read(app, registry, hint, Some(client_id), now) {
        Some(claims) if claims.aud == client_id => IdTokenHint::Subject(claims.sub),
        _ => IdTokenHint::Invalid,
    }
}
