//! Access tokens: JWTs of type `at+jwt` (RFC 9068 §2), or session values, of which a look-up says the same.
//!
//! Beside the profile's claims they carry `sid` and `rh`, the user's revocation handle: random ids by which one session, or every
//! token of a user, can be revoked without a look-up per request. No personal data.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use symbolon_jose::Algorithm;
use symbolon_jose::jwt::{Audience, is_same_type};

use crate::actor::Actor;
use crate::authorization_details::AuthorizationDetails;
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::ids::{Issuer, dated_id};
use crate::issue::{AccessTokenForm, AccessTokenPlan, UserFacts};
use crate::registration::{AccessTokenType, Api, Apis, Client};
use crate::scope::Scope;
use crate::status_list::Status;
use crate::token_format::{OpaqueToken, TokenKind};

/// The header's `typ` (RFC 9068 §2.1).
pub const TYP: &str = "at+jwt";

/// The claims (RFC 9068 §2.2). Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// Who issued it.
    pub iss: String,
    /// The user as the client knows them, or the client itself for `client_credentials`.
    pub sub: String,
    /// The user's own id where `sub` is another (OpenID Connect Core §8.1). It stands in no token: whoever reads one finds it by the `jti`.
    #[serde(skip)]
    pub user_id: Option<String>,
    /// The API, the userinfo endpoint, or both.
    pub aud: Audience,
    /// When it ends.
    pub exp: u64,
    /// When it was issued.
    pub iat: u64,
    /// Its own random id.
    pub jti: String,
    /// The client it was issued to.
    pub client_id: String,
    /// What it allows.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The session it was born of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The user's revocation handle at the time of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rh: Option<String>,
    /// When the user really authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By what means (RFC 9068 §2.2.1, RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// What was allowed in detail (RFC 9396 §9.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Map<String, Value>>,
    /// The user's roles, if the API wants them (RFC 9068 §2.2.3.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// What whoever shows it must prove to hold (RFC 7800 §3). One without may be shown by anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Who acts for the user, if somebody does (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// SHA-256, in base64url, of the token that a page must show beside it, if it is a cookie: what is changed by a request that a browser
    /// completes by itself must be asked for by the right page. Given by the shell, which has the key.
    #[serde(rename = "csrf#S256", default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
    /// Where its status stands, if the API asks for status lists. Given by the shell, when the place is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl AccessTokenClaims {
    /// The user's own id, as far as it is known.
    #[must_use]
    pub fn user(&self) -> &str {
        self.user_id.as_deref().unwrap_or(&self.sub)
    }

    /// What stands in the token. A client that may not compare people gets nothing in it that the tokens of others have, too, where no guard needs it:
    /// in one for userinfo alone, neither session nor handle. Their record has both.
    #[must_use]
    pub fn written(&self, issuer: &Issuer) -> Self {
        let ours_alone = self.user_id.is_some() && self.aud == Audience::One(userinfo_audience(issuer));
        if ours_alone { Self { sid: None, rh: None, ..self.clone() } } else { self.clone() }
    }
}

/// What the header of a token with these claims says it is: what the API that it is for wants, else [`TYP`].
#[must_use]
pub fn header_type(claims: &AccessTokenClaims, apis: &dyn Apis) -> &'static str {
    claims.aud.iter().find_map(|audience| apis.api(audience)).map_or(TYP, |api| api.access_token_type.name())
}

/// Whether one of ours with this `typ` is an access token: many tokens are called `JWT`, so that counts only for an API that wants it.
#[must_use]
pub fn is_called(claims: &AccessTokenClaims, typ: &str, apis: &dyn Apis) -> bool {
    let wants = |audience| apis.api(audience).is_some_and(|api| api.access_token_type == AccessTokenType::Jwt);
    is_same_type(typ, TYP) || is_same_type(typ, AccessTokenType::Jwt.name()) && claims.aud.iter().any(wants)
}

/// The audience that opens userinfo.
#[must_use]
pub fn userinfo_audience(issuer: &Issuer) -> String {
    issuer.endpoint(crate::endpoint::path::USERINFO)
}

/// What a user's token is made of.
pub(crate) struct UserToken<'a> {
    pub(crate) client: &'a Client,
    pub(crate) user: &'a UserFacts,
    pub(crate) scope: &'a Scope,
    pub(crate) api: Option<&'a Api>,
    /// Those of the API go in.
    pub(crate) details: &'a AuthorizationDetails,
    pub(crate) born_in: Option<BornIn<'a>>,
    pub(crate) auth_time: u64,
    pub(crate) acr: Option<&'a str>,
    pub(crate) amr: &'a [String],
    pub(crate) cnf: Option<&'a Confirmation>,
}

/// The session a token is born in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BornIn<'a> {
    pub(crate) sid: &'a str,
    /// When it ends at the latest.
    pub(crate) ends_at: u64,
}

/// A user's token: a session value for a client that is registered so, else a token to sign.
pub(crate) fn for_user(ctx: &mut Context<'_>, from: &UserToken<'_>) -> AccessTokenPlan {
    let exp = match from.born_in {
        // No longer than anything else of the client would live.
        Some(session) if from.client.gets_sessions() => {
            session.ends_at.min(ctx.now.saturating_add(from.client.refresh_absolute_secs(&ctx.lifetimes)))
        }
        _ => ctx.now.saturating_add(lifetime_secs(ctx.lifetimes.access_token_secs, Some(from.client), from.api)),
    };
    let sub = ctx.pairwise.subject(from.client, &from.user.id);
    let claims = AccessTokenClaims {
        user_id: (sub != from.user.id).then(|| from.user.id.clone()),
        scope: from.scope.clone(),
        sid: from.born_in.map(|session| session.sid.to_owned()),
        rh: Some(from.user.revocation_handle.clone()),
        auth_time: Some(from.auth_time),
        acr: from.acr.map(str::to_owned),
        amr: from.amr.to_vec(),
        authorization_details: from.details.at(from.client, from.api),
        roles: roles(from.client, from.api, from.user),
        cnf: from.cnf.cloned(),
        exp,
        ..base(ctx, from.client, &sub, audience(ctx.issuer, from.api, from.scope))
    };
    let form = if from.client.gets_sessions() {
        AccessTokenForm::Session(OpaqueToken::generate(TokenKind::SessionValue, ctx.rng))
    } else {
        AccessTokenForm::Signed(signing_alg(from.client, from.api))
    };
    AccessTokenPlan { claims, form }
}

/// Without an API a user's token opens userinfo only; with one, and `openid` in scope, both.
pub(crate) fn audience(issuer: &Issuer, api: Option<&Api>, scope: &Scope) -> Audience {
    let userinfo = userinfo_audience(issuer);
    match api {
        None => Audience::One(userinfo),
        Some(api) if scope.contains("openid") => Audience::Many(vec![api.identifier.clone(), userinfo]),
        Some(api) => Audience::One(api.identifier.clone()),
    }
}

/// Roles open doors that no consent page names: a third party never carries them.
pub(crate) fn roles(client: &Client, api: Option<&Api>, user: &UserFacts) -> Vec<String> {
    let carries = client.first_party && api.is_some_and(|api| api.include_roles);
    if carries { user.roles.clone() } else { Vec::new() }
}

/// A client's own token (RFC 6749 §4.4): `sub` is the client.
pub(crate) fn for_client(
    ctx: &mut Context<'_>,
    client: &Client,
    scope: Scope,
    api: &Api,
    details: &AuthorizationDetails,
    cnf: Option<&Confirmation>,
) -> AccessTokenPlan {
    let lifetime_secs = lifetime_secs(ctx.lifetimes.access_token_secs, Some(client), Some(api));
    let claims = base(ctx, client, client.client_id.as_str(), Audience::One(api.identifier.clone()));
    let claims = AccessTokenClaims {
        exp: ctx.now.saturating_add(lifetime_secs),
        scope,
        authorization_details: details.at(client, Some(api)),
        cnf: cnf.cloned(),
        ..claims
    };
    AccessTokenPlan { claims, form: AccessTokenForm::Signed(signing_alg(client, Some(api))) }
}

fn base(ctx: &mut Context<'_>, client: &Client, sub: &str, aud: Audience) -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ctx.issuer.as_str().to_owned(),
        sub: sub.to_owned(),
        user_id: None,
        aud,
        exp: ctx.now,
        iat: ctx.now,
        jti: dated_id(ctx.now, ctx.rng),
        client_id: client.client_id.as_str().to_owned(),
        scope: Scope::empty(),
        sid: None,
        rh: None,
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        authorization_details: Vec::new(),
        roles: Vec::new(),
        cnf: None,
        act: None,
        csrf: None,
        status: None,
    }
}

/// How long an access token lives, in seconds: the shorter of what its API and its client say, else the server's default.
#[must_use]
pub fn lifetime_secs(default_secs: u64, client: Option<&Client>, api: Option<&Api>) -> u64 {
    let of_api = api.and_then(|api| api.token_lifetime_secs);
    let of_client = client.and_then(|client| client.access_token_lifetime_secs);
    match (of_api, of_client) {
        (Some(one), Some(other)) => one.min(other),
        (Some(secs), None) | (None, Some(secs)) => secs,
        (None, None) => default_secs,
    }
}

/// The API's algorithm, unless the client's profile does not allow it; a token for userinfo alone is read by us, and the client's choice for ID tokens will do.
fn signing_alg(client: &Client, api: Option<&Api>) -> Algorithm {
    api.map_or(client.id_token_signed_response_alg, |api| client.allowed_or_own(api.signing_alg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, apis, at, issuer, pairwise, third_party, user};

    fn token(client: &Client, api: Option<&Api>) -> AccessTokenClaims {
        let (user, scope) = (user(), Scope::parse("openid").unwrap());
        let born_in = Some(BornIn { sid: "sid-1", ends_at: NOW });
        let details = &AuthorizationDetails::default();
        let from = UserToken {
            client,
            user: &user,
            scope: &scope,
            api,
            details,
            born_in,
            auth_time: NOW,
            acr: None,
            amr: &[],
            cnf: None,
        };
        at(NOW, |ctx| for_user(ctx, &from)).claims
    }

    #[test]
    fn only_for_an_api_that_wants_it_is_a_token_called_jwt() {
        let mut known = apis();
        let claims = token(&third_party(), Some(&known[0]));
        let of_userinfo = token(&third_party(), None);
        assert_eq!(header_type(&claims, &known), "at+jwt");
        assert!(is_called(&claims, "application/at+jwt", &known) && !is_called(&claims, "JWT", &known));
        known[0].access_token_type = AccessTokenType::Jwt;
        assert_eq!((header_type(&claims, &known), header_type(&of_userinfo, &known)), ("JWT", "at+jwt"));
        assert!(is_called(&claims, "JWT", &known) && is_called(&claims, "at+jwt", &known));
        assert!(!is_called(&of_userinfo, "JWT", &known) && !is_called(&claims, "logout+jwt", &known));
    }

    #[test]
    fn what_a_client_with_pairwise_subjects_can_read_is_not_in_the_tokens_of_others_core_8_1() {
        let client = pairwise(third_party());
        let claims = token(&client, None);
        assert_eq!((claims.user(), claims.sid.as_deref()), ("usr_ada", Some("sid-1")), "its record has all of it");
        let written = serde_json::to_string(&claims.written(&issuer())).unwrap();
        for common in ["usr_ada", "sid-1", "handle-1", "user_id"] {
            assert!(!written.contains(common), "{common}: {written}");
        }
        // An API's guard follows revocations by them.
        let of_api = token(&client, Some(&apis()[0]));
        assert_eq!(of_api.written(&issuer()), of_api);
        let public = token(&third_party(), None);
        assert_eq!((public.written(&issuer()), public.user()), (public.clone(), "usr_ada"));
    }
}
