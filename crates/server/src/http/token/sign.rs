//! What was decided becomes tokens: signed, within their bounds.

use symbolon_jose::Algorithm;
use symbolon_oauth::access_token;
use symbolon_oauth::{AccessTokenClaims, AccessTokenForm, Beside, Issue, OAuthError, TokenResponse};

use crate::app::App;
use crate::effects::store_failure;
use crate::http::page_cookies;
use crate::known_as;
use crate::registry::Registry;
use crate::status_list;

/// Signs what was decided.
pub(in crate::http) async fn sign(
    app: &App,
    registry: &Registry,
    issue: &mut Issue,
    successor: Option<String>,
) -> Result<TokenResponse, OAuthError> {
    let access_token = access_token(app, registry, issue).await?;
    let id_token = match &issue.id_token {
        Some(plan) => {
            let beside = Beside { access_token: Some(&access_token), ..Beside::default() };
            let fetched = app.encryption_keys(registry, &plan.claims.aud, app.clock.now()).await;
            known_as::note(app, registry, issue).await.map_err(|error| store_failure(&error))?;
            Some(registry.sign_id_token(plan, &beside, fetched.as_deref())?)
        }
        None => None,
    };
    Ok(issue.response(access_token, id_token, successor))
}

/// The access token as it is handed out.
pub(crate) async fn access_token(app: &App, registry: &Registry, issue: &mut Issue) -> Result<String, OAuthError> {
    let client = registry.client(&issue.access_token.claims.client_id).map(AsRef::as_ref);
    page_cookies::mark(app, client, &mut issue.access_token.claims);
    match &issue.access_token.form {
        AccessTokenForm::Session(value) => Ok(value.reveal().to_owned()),
        AccessTokenForm::Signed(alg) => {
            let alg = *alg;
            status_list::assign(app, registry, &mut issue.access_token.claims).await?;
            sign_access_token(app, registry, alg, &issue.access_token.claims.written(&app.issuer))
        }
    }
}

/// An access token beyond `tokens.max_size` is refused here, where it can be told, rather than break headers and cookies further on.
fn sign_access_token(
    app: &App,
    registry: &Registry,
    alg: Algorithm,
    claims: &AccessTokenClaims,
) -> Result<String, OAuthError> {
    let access_token = registry.sign(alg, access_token::header_type(claims, registry), claims)?;
    let (bytes, limit, sub) = (access_token.len(), app.config().tokens.max_bytes, &claims.sub);
    if bytes > limit {
        tracing::error!(
            bytes,
            limit,
            sub,
            "access token over tokens.max_size: grant fewer roles or scopes, or raise the limit"
        );
        return Err(OAuthError::ServerError);
    }
    Ok(access_token)
}
