//! `client_credentials` (RFC 6749 §4.4): a client acts for itself.
//!
//! Writes nothing, brings no refresh token (§4.4.3) and no ID token. Refuses public clients, and APIs and scopes beyond the
//! client's registration.

use crate::access_token;
use crate::authorization_details::{self, AuthorizationDetails};
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
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
pub const PARAMETERS: &[&str] = &["audience", "authorization_details", "resource", "scope"];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The API, if one was named.
    pub audience: Option<String>,
    /// The scope, if one was named.
    pub scope: Option<Scope>,
    /// What is wanted in detail, if anything.
    pub authorization_details: Option<String>,
}

impl Request {
    /// Reads the parameters.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            audience: target::requested(params)?.map(str::to_owned),
            scope: params.get("scope").map(Scope::parse).transpose()?,
            authorization_details: params.get(authorization_details::NAME).map(str::to_owned),
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
    held: Option<&Confirmation>,
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
    // RFC 9396 §6: the operator has allowed the client the type, and nobody else is to be asked.
    let details = match &request.authorization_details {
        Some(text) => AuthorizationDetails::asked(text, client, &[api])?,
        None => AuthorizationDetails::default(),
    };
    // RFC 6749 §3.3: with no scope asked for, everything registered; with one, no more than that.
    let scope = match &request.scope {
        None => allowed,
        Some(asked) if asked.is_subset_of(&allowed) => asked.clone(),
        Some(_) => return Err(OAuthError::ScopeNotAllowed.into()),
    };
    let access_token = access_token::for_client(ctx, client, scope, api, &details, held);
    Ok(Issue { access_token, id_token: None, refresh_token: RefreshAnswer::Absent, effect: Effect::None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::{Api, Client};
    use crate::testing::{API, NOW, apis, at, authenticated, machine, spa};
    use symbolon_jose::jwt::Audience;

    fn run_on(client: &Client, form: &str, apis: &Vec<Api>) -> Result<Issue, OAuthError> {
        let request = Request::parse(&Params::parse(form.as_bytes()).unwrap())?;
        at(NOW, |ctx| decide(ctx, authenticated(client), None, &request, apis)).map_err(|refusal| refusal.error)
    }

    fn run(form: &str) -> Result<Issue, OAuthError> {
        run_on(&machine(), form, &apis())
    }

    #[test]
    fn the_token_speaks_for_the_client_itself() {
        let issue = run("scope=read%3Adragons").unwrap();
        let claims = &issue.access_token.claims;
        assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), ("machine", "machine"));
        assert_eq!(claims.aud, Audience::One(API.to_owned()));
        assert_eq!((claims.iat, claims.exp), (NOW, NOW + 600));
        assert_eq!((&claims.sid, &claims.rh, claims.auth_time), (&None, &None, None));
        assert!(claims.roles.is_empty());
    }

    #[test]
    fn there_is_no_refresh_token_no_id_token_and_nothing_to_store_rfc_6749_4_4_3() {
        let issue = run("scope=read%3Adragons").unwrap();
        assert_eq!((issue.id_token, issue.refresh_token, issue.effect), (None, RefreshAnswer::Absent, Effect::None));
    }

    #[test]
    fn no_scope_means_all_that_is_registered_and_the_api_still_knows() {
        assert_eq!(run("").unwrap().access_token.claims.scope.to_string(), "read:dragons");
        let mut apis = apis();
        apis[0].scopes.clear();
        assert!(run_on(&machine(), "", &apis).unwrap().access_token.claims.scope.is_empty());
    }

    #[test]
    fn the_token_is_bound_to_the_key_that_was_proven_rfc_9449_5() {
        let (request, held) =
            (Request { audience: None, scope: None, authorization_details: None }, Confirmation::Jkt("k".to_owned()));
        let issue = at(NOW, |ctx| decide(ctx, authenticated(&machine()), Some(&held), &request, &apis())).unwrap();
        assert_eq!(issue.access_token.claims.cnf.as_ref(), Some(&held));
        let claims = serde_json::to_value(&issue.access_token.claims).unwrap();
        assert_eq!(claims["cnf"], serde_json::json!({"jkt": "k"}));
        assert_eq!(issue.response("at".to_owned(), None, None).token_type, "DPoP");
    }

    #[test]
    fn scopes_beyond_the_registration_are_refused() {
        for scope in ["write%3Adragons", "read%3Adragons+write%3Adragons", "openid", "offline_access", "Read%3ADragons"]
        {
            assert_eq!(run(&format!("scope={scope}")).err(), Some(OAuthError::ScopeNotAllowed), "{scope}");
        }
    }

    #[test]
    fn apis_beyond_the_registration_and_switched_off_ones_are_invalid_target() {
        assert_eq!(run("audience=https%3A%2F%2Fother.example").err(), Some(OAuthError::TargetUnknown));
        assert_eq!(run("resource=a&resource=b").err(), Some(OAuthError::TargetsSeveral));
        let mut off = apis();
        off[0].disabled = true;
        assert_eq!(run_on(&machine(), "", &off).err(), Some(OAuthError::TargetUnknown));
    }

    #[test]
    fn a_public_or_unregistered_client_is_unauthorized() {
        let mut public = spa();
        public.grant_types.insert(NAME.to_owned());
        assert_eq!(run_on(&public, "", &apis()).err(), Some(OAuthError::GrantNotAllowed));
        let mut without = machine();
        without.grant_types.clear();
        assert_eq!(run_on(&without, "", &apis()).err(), Some(OAuthError::GrantNotAllowed));
    }

    #[test]
    fn the_shorter_life_of_api_and_client_wins() {
        let mut apis = apis();
        apis[0].token_lifetime_secs = Some(3600);
        assert_eq!(run_on(&machine(), "", &apis).unwrap().access_token.claims.exp, NOW + 3600);
        let short = Client { access_token_lifetime_secs: Some(60), ..machine() };
        assert_eq!(run_on(&short, "", &apis).unwrap().access_token.claims.exp, NOW + 60);
    }
}
