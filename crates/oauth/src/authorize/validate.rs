//! Checks an authorization request: first what must be proven before anything is redirected, then the rest, rule by rule.

use super::check::{self, Draft};
use super::{ErrorRedirect, ValidRequest};
use crate::error::OAuthError;
use crate::ids::Issuer;
use crate::params::Params;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::registration::{Apis, Client};
use crate::response_mode::{AuthorizationResponse, ResponseMode};
use crate::target;

/// Why a request was refused, and how the caller learns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// On a page of ours: client or redirect URI are in doubt (RFC 6749 §4.1.2.1).
    Page(OAuthError),
    /// At the redirect URI.
    Redirect(Box<ErrorRedirect>),
}

impl Rejection {
    /// Why.
    #[must_use]
    pub fn error(&self) -> &OAuthError {
        match self {
            Self::Page(error) => error,
            Self::Redirect(redirect) => &redirect.error,
        }
    }
}

/// Checks the parameters ([`Params::parse_for_authorize`]) against the client they name, `None` if there is none of that name.
/// Look the client up by `params.get("client_id")`.
///
/// # Errors
/// [`Rejection`]; its variant says where it may be told.
pub fn validate<'a>(
    params: &Params,
    client: Option<&'a Client>,
    apis: &'a dyn Apis,
    issuer: &'a Issuer,
) -> Result<ValidRequest<'a>, Rejection> {
    let client = check::client::check(params, client).map_err(Rejection::Page)?;
    let redirect_uri = check::redirect_uri::check(params, client).map_err(Rejection::Page)?;
    let draft = Draft { params, client, redirect_uri: &redirect_uri };
    rest(&draft, apis, issuer)
        .map_err(|error| Rejection::Redirect(Box::new(refusal(&draft, &redirect_uri, issuer, error))))
}

/// Every rule whose breach may be told by redirect. The order decides which breach is told first.
fn rest<'a>(draft: &Draft<'a, '_>, apis: &'a dyn Apis, issuer: &'a Issuer) -> Result<ValidRequest<'a>, OAuthError> {
    check::repeated::check(draft)?;
    let response_mode = check::response_mode::check(draft)?;
    let state = check::state::check(draft)?;
    check::request_object::check(draft)?;
    check::response_type::check(draft)?;
    check::grant::check(draft)?;
    let code_challenge = check::code_challenge::check(draft)?;
    let prompt = check::prompt::check(draft)?;
    let max_age = check::max_age::check(draft)?;
    let nonce = check::nonce::check(draft)?;
    let hints = check::hints::check(draft)?;
    let api = target::for_user(draft.client, target::requested(draft.params)?, issuer, apis)?;
    let scope = check::scope::check(draft, api)?;
    Ok(ValidRequest {
        client: draft.client,
        issuer,
        api,
        redirect_uri: draft.redirect_uri.clone(),
        response_mode,
        scope,
        state,
        nonce,
        code_challenge,
        prompt,
        max_age,
        login_hint: hints.login_hint,
        ui_locales: hints.ui_locales,
        id_token_hint: hints.id_token_hint,
    })
}

/// In the mode asked for and with the state sent, if those are sound themselves.
fn refusal(
    draft: &Draft<'_, '_>,
    redirect_uri: &RegisteredRedirectUri,
    issuer: &Issuer,
    error: OAuthError,
) -> ErrorRedirect {
    let mode = check::response_mode::check(draft).unwrap_or(ResponseMode::Query);
    let state = check::state::check(draft).unwrap_or(None);
    let response = AuthorizationResponse::error(redirect_uri.clone(), mode, issuer, state.as_deref(), &error);
    ErrorRedirect { error, response }
}
