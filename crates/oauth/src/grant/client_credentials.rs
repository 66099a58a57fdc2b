//! `client_credentials` (RFC 6749 §4.4): a client acts for itself.
//!
//! Writes nothing, brings no refresh token (§4.4.3) and no ID token. Refuses public clients, and APIs and scopes beyond the
//! client's registration.

use crate::access_token;
use crate::client_auth::AuthenticatedClient;
use crate::context::Context;
use crate::effect::Effect;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::issue::{Issue, RefreshAnswer, Refusal};
use crate::params::Params;
use crate::registration::Apis;
use crate::scope::Scope;
use crate::target;

/// The value of `grant_type`.
pub const NAME: &str = "client_credentials";
/// What it reads.
pub const PARAMETERS: &[&str] = &["audience", "resource", "scope"];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The API, if one was named.
    pub audience: Option<String>,
    /// The scope, if one was named.
    pub scope: Option<Scope>,
}

impl Request {
    /// Reads the parameters.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            audience: target::requested(params)?.map(str::to_owned),
            scope: params.get("scope").map(Scope::parse).transpose()?,
        })
    }
}

/// Decides. There is nothing to look up but the APIs.
///
/// # Errors
/// The client may not use the grant, the API or the scope.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    apis: &dyn Apis,
) -> Result<Issue, Refusal> {
    let client = client.client();
    if client.is_public() || !client.may_use(Grant::ClientCredentials) {
        return Err(OAuthError::GrantNotAllowed.into());
    }
    let api = target::for_client(client, request.audience.as_deref(), apis)?;
    let registered = client.api(&api.identifier).map(|entry| entry.scopes.clone()).unwrap_or_default();
    let allowed = registered.filtered(|name| api.has_scope(name));
    // RFC 6749 §3.3: with no scope asked for, everything registered; with one, no more than that.
    let scope = match &request.scope {
        None => allowed,
        Some(asked) if asked.is_subset_of(&allowed) => asked.clone(),
        Some(_) => return Err(OAuthError::ScopeNotAllowed.into()),
    };
    let access_token = access_token::for_client(ctx, client, scope, api);
    Ok(Issue { access_token, id_token: None, refresh_token: RefreshAnswer::Absent, effect: Effect::None })
}
