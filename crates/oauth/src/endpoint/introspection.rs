//! Introspection (RFC 7662): an API asks whether a token counts, a client whether its own access or refresh token does.
//!
//! Needs authentication (§2.1). An inactive answer is `{"active":false}` and nothing else (§2.2), whatever the reason: unknown,
//! expired, revoked, or not for the one who asks.

use serde::Serialize;
use serde_json::{Map, Value};
use symbolon_jose::Algorithm;
use symbolon_jose::jwe::EncryptingKey;
use symbolon_jose::jwt::Audience;

use super::userinfo::{TokenFacts, is_not_revoked, still_counts};
use crate::access_token::AccessTokenClaims;
use crate::actor::Actor;
use crate::client_auth::{AuthenticatedApi, AuthenticatedClient};
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::error::{ClientAuthFailure, OAuthError, Presented};
use crate::grant::refresh_token;
use crate::params::Params;
use crate::registration::Encryption;
use crate::scope::Scope;

/// What is asked. `Debug` shows no token.
#[derive(Clone)]
pub struct Request {
    /// The token.
    pub token: zeroize::Zeroizing<String>,
}

impl Request {
    /// Reads `token`; `token_type_hint` is not needed.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self { token: zeroize::Zeroizing::new(params.require("token")?.to_owned()) })
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token: _ } = self;
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

/// The media type of a signed answer, which a caller asks for by `Accept` (RFC 9701 §4), and with it the `typ` (§5).
pub const JWT_TYP: &str = "token-introspection+jwt";

/// What is signed of an answer (RFC 9701 §5). There is no `sub` and no `exp`, so that nobody takes it for a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignedAnswer<'a> {
    /// Who says so.
    pub iss: &'a str,
    /// Who asked.
    pub aud: &'a str,
    /// When.
    pub iat: u64,
    /// The answer as it would be in JSON.
    pub token_introspection: &'a Answer,
}

/// Whether an `Accept` header wants the signed form (RFC 9110 §12.5.1): it is named, and JSON is not wanted more.
///
/// ```
/// use symbolon_oauth::endpoint::introspection::wants_jwt;
/// assert!(wants_jwt("application/json;q=0.5, application/token-introspection+jwt"));
/// assert!(!wants_jwt("application/json, application/token-introspection+jwt;q=0.1"));
/// assert!(!wants_jwt("*/*") && !wants_jwt("application/token-introspection+jwt;q=0"));
/// ```
#[must_use]
pub fn wants_jwt(accept: &str) -> bool {
    let weight = |names: &[&str]| names.iter().find_map(|name| weight_of(accept, name));
    let jwt = weight(&["application/token-introspection+jwt"]).unwrap_or_default();
    // "The most specific reference has precedence."
    jwt > 0.0 && jwt >= weight(&["application/json", "application/*", "*/*"]).unwrap_or_default()
}

/// The weight of a media range, if it is named; 1 unless it says another (RFC 9110 §12.4.2).
fn weight_of(accept: &str, name: &str) -> Option<f32> {
    let mut ranges = accept.split(',').map(|range| range.split(';').map(str::trim));
    let mut parameters = ranges.find_map(|mut parts| parts.next()?.eq_ignore_ascii_case(name).then_some(parts))?;
    let weight = parameters.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(weight.and_then(|weight| weight.parse().ok()).unwrap_or(1.0))
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Caller<'a> {
    /// An API: about tokens meant for it.
    Api(AuthenticatedApi<'a>),
    /// A confidential client: about its own tokens.
    Client(AuthenticatedClient<'a>),
}

/// The answer (RFC 7662 §2.2).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// It counts.
    Active(Box<Active>),
    /// It counts, and is the caller's own refresh token.
    ActiveRefreshToken(Box<ActiveRefreshToken>),
    /// It does not, or is none of the caller's business.
    Inactive {
        /// Always false.
        active: AlwaysFalse,
    },
}

/// `false`, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlwaysFalse;

impl Serialize for AlwaysFalse {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

/// What is told of a token that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the members are RFC 7662 §2.2's and the token's own")]
pub struct Active {
    pub active: bool,
    pub token_type: &'static str,
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub client_id: String,
    pub exp: u64,
    pub iat: u64,
    pub jti: String,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// Not for clients with pairwise subjects, which would have it in common with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// For APIs only, whose guard drops what it remembers when this is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// RFC 9396 §9.2: what was allowed in detail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Map<String, Value>>,
    /// RFC 9449 §6.2, RFC 8705 §3.2: whoever shows the token must prove to hold this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// RFC 8693 §4.1: who acts for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// For the guard of an API that takes it as a cookie.
    #[serde(rename = "csrf#S256", skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
}

/// What is told of a refresh token that counts, to the client it was issued to. It is for no API and of no type that an API takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the members are RFC 7662 §2.2's")]
pub struct ActiveRefreshToken {
    pub active: bool,
    pub iss: String,
    pub sub: String,
    pub client_id: String,
    pub exp: u64,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// RFC 9449 §6.2, RFC 8705 §3.2: what must be proven beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

impl<'a> Caller<'a> {
    /// Its name, and what answers to it are signed with (RFC 9701 §6).
    #[must_use]
    pub fn signature(self) -> (&'a str, Algorithm) {
        match self {
            Self::Api(api) => {
                let api = api.api();
                (&api.identifier, api.introspection_alg())
            }
            Self::Client(client) => {
                let client = client.client();
                (client.client_id.as_str(), client.introspection_alg())
            }
        }
    }

    /// How signed answers to it are encrypted, if they are (RFC 9701 §6).
    #[must_use]
    pub fn encryption(self) -> Option<Encryption> {
        match self {
            Self::Api(api) => api.api().introspection_encryption(),
            Self::Client(client) => client.client().introspection_encryption(),
        }
    }

    /// The registered key for that.
    #[must_use]
    pub fn encrypting_key(self, encryption: Encryption) -> Option<EncryptingKey> {
        match self {
            Self::Api(api) => api.api().encrypting_key(encryption),
            Self::Client(client) => client.client().encrypting_key(encryption),
        }
    }
}

impl Answer {
    /// `{"active":false}`
    pub const INACTIVE: Self = Self::Inactive { active: AlwaysFalse };

    /// Whether the token counts.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active(_) | Self::ActiveRefreshToken(_))
    }
}

/// Decides about a token whose signature, issuer, type and expiry the shell has verified; `None` if it did not pass.
/// `facts` are needed for a user's token; a client's own token has neither user nor session.
///
/// # Errors
/// The caller is a client that proves nothing (RFC 7662 §2.1).
pub fn decide(caller: Caller<'_>, token: Option<&AccessTokenClaims>, facts: &TokenFacts) -> Result<Answer, OAuthError> {
    may_ask(caller)?;
    let Some(token) = token.filter(|token| concerns(caller, token) && counts(token, facts)) else {
        return Ok(Answer::INACTIVE);
    };
    Ok(Answer::Active(Box::new(Active {
        active: true,
        token_type: Confirmation::token_type(token.cnf.as_ref()),
        iss: token.iss.clone(),
        sub: token.sub.clone(),
        aud: token.aud.clone(),
        client_id: token.client_id.clone(),
        exp: token.exp,
        iat: token.iat,
        jti: token.jti.clone(),
        scope: token.scope.clone(),
        sid: token.sid.clone().filter(|_| !matches!(caller, Caller::Client(client) if client.client().is_pairwise())),
        rh: token.rh.clone().filter(|_| matches!(caller, Caller::Api(_))),
        auth_time: token.auth_time,
        acr: token.acr.clone(),
        roles: token.roles.clone(),
        amr: token.amr.clone(),
        authorization_details: token.authorization_details.clone(),
        cnf: token.cnf.clone(),
        act: token.act.clone(),
        csrf: token.csrf.clone(),
    })))
}

/// The same about a refresh token; `facts` are what was found for it. For an API it never counts: only the client it was issued to can use it.
///
/// # Errors
/// The caller is a client that proves nothing (RFC 7662 §2.1).
pub fn decide_refresh_token(
    ctx: &Context<'_>,
    caller: Caller<'_>,
    facts: Option<&refresh_token::Facts>,
) -> Result<Answer, OAuthError> {
    may_ask(caller)?;
    let (Caller::Client(client), Some(facts)) = (caller, facts) else { return Ok(Answer::INACTIVE) };
    let Some(user) = refresh_token::would_serve(ctx, client, facts) else { return Ok(Answer::INACTIVE) };
    let (client, family) = (client.client(), &facts.family);
    Ok(Answer::ActiveRefreshToken(Box::new(ActiveRefreshToken {
        active: true,
        iss: ctx.issuer.as_str().to_owned(),
        sub: ctx.pairwise.subject(client, &user.id),
        client_id: client.client_id.to_string(),
        exp: facts.expires_at.min(family.absolute_expires_at),
        scope: family.grant.scope.clone(),
        cnf: family.grant.cnf.clone(),
    })))
}

/// RFC 7662 §2.1: who asks must have proven who they are, "to prevent token scanning attacks".
fn may_ask(caller: Caller<'_>) -> Result<(), OAuthError> {
    match caller {
        Caller::Client(client) if client.client().is_public() => {
            Err(OAuthError::client_auth(ClientAuthFailure::Missing, Presented::Body))
        }
        Caller::Api(_) | Caller::Client(_) => Ok(()),
    }
}

fn concerns(caller: Caller<'_>, token: &AccessTokenClaims) -> bool {
    match caller {
        Caller::Api(api) => token.aud.contains(&api.api().identifier),
        Caller::Client(client) => client.client().client_id == token.client_id.as_str(),
    }
}

fn counts(token: &AccessTokenClaims, facts: &TokenFacts) -> bool {
    let clients_own = token.rh.is_none() && token.sub == token.client_id;
    if clients_own { is_not_revoked(token, facts) } else { still_counts(token, facts).is_some() }
}

#[cfg(test)]
mod tests {
    use super::super::userinfo::JtiState;
    use super::super::userinfo::tests::{live, overtaken, token};
    use super::*;
    use crate::client_auth::{Credentials, authenticate_api};
    use crate::issue::SessionState;
    use crate::registration::{Api, SecretHash};
    use crate::testing::{NOW, apis, at, authenticated, machine, spa, third_party};
    use serde_json::{Value, json};

    fn as_api(identifier: &str, token: Option<&AccessTokenClaims>, facts: &TokenFacts) -> Value {
        let api = Api { identifier: identifier.to_owned(), secrets: vec![SecretHash::of("x", 0)], ..apis().remove(0) };
        let form = Params::from_pairs([("client_id", identifier), ("client_secret", "x")]).unwrap();
        let credentials = Credentials::from_request(None, &form).unwrap();
        let proven = at(NOW, |ctx| authenticate_api(ctx, Some(&api), &credentials)).unwrap();
        serde_json::to_value(decide(Caller::Api(proven), token, facts).unwrap()).unwrap()
    }

    #[test]
    fn an_api_learns_about_tokens_meant_for_it() {
        let answer = as_api(crate::testing::API, Some(&token()), &live());
        assert_eq!(
            (&answer["active"], &answer["sub"], &answer["scope"]),
            (&json!(true), &json!("usr_ada"), &json!("openid email"))
        );
        assert_eq!((&answer["client_id"], &answer["token_type"]), (&json!("spa"), &json!("Bearer")));
        assert_eq!(answer["rh"], "handle-1", "an API's guard follows it");
    }

    #[test]
    fn an_inactive_answer_is_active_false_and_nothing_else_rfc_7662_2_2() {
        let inactive = json!({"active": false});
        assert_eq!(as_api(crate::testing::API, None, &live()), inactive);
        assert_eq!(as_api("https://other.example", Some(&token()), &live()), inactive);
        for facts in overtaken() {
            assert_eq!(as_api(crate::testing::API, Some(&token()), &facts), inactive, "{facts:?}");
        }
    }

    #[test]
    fn a_client_learns_about_its_own_tokens_only() {
        let (machine, third) = (machine(), third_party());
        let own = AccessTokenClaims {
            sub: "machine".to_owned(),
            client_id: "machine".to_owned(),
            rh: None,
            sid: None,
            ..token()
        };
        let nobody =
            TokenFacts { user: None, session: SessionState::Unknown, jti: JtiState::Live, revoked_until: None };
        let ask = |client: &crate::Client, facts: &TokenFacts| {
            serde_json::to_value(decide(Caller::Client(authenticated(client)), Some(&own), facts).unwrap()).unwrap()["active"].clone()
        };
        assert_eq!(ask(&machine, &nobody), json!(true));
        assert_eq!(ask(&machine, &TokenFacts { jti: JtiState::Revoked, ..nobody.clone() }), json!(false));
        assert_eq!(ask(&machine, &TokenFacts { revoked_until: Some(NOW), ..nobody.clone() }), json!(false));
        assert_eq!(ask(&machine, &TokenFacts { revoked_until: Some(NOW - 1), ..nobody.clone() }), json!(true));
        assert_eq!(ask(&third, &nobody), json!(false));
    }

    #[test]
    fn a_bound_token_is_told_as_bound_rfc_9449_6_2() {
        let bound = AccessTokenClaims { cnf: Some(Confirmation::Jkt("k".to_owned())), ..token() };
        let answer = as_api(crate::testing::API, Some(&bound), &live());
        assert_eq!((&answer["token_type"], &answer["cnf"]), (&json!("DPoP"), &json!({"jkt": "k"})));
        let answer = as_api(crate::testing::API, Some(&token()), &live());
        assert_eq!((&answer["token_type"], answer.get("cnf")), (&json!("Bearer"), None));
    }

    #[test]
    fn rfc8693_section_4_1_who_acts_is_told() {
        let acted = AccessTokenClaims { act: Some(Actor::new("shop", None)), ..token() };
        assert_eq!(as_api(crate::testing::API, Some(&acted), &live())["act"], json!({"sub": "shop"}));
        assert_eq!(as_api(crate::testing::API, Some(&token()), &live()).get("act"), None);
    }

    #[test]
    fn a_client_is_not_told_the_handle_of_its_user() {
        let third = third_party();
        let own = AccessTokenClaims { client_id: "third".to_owned(), ..token() };
        let answer = decide(Caller::Client(authenticated(&third)), Some(&own), &live()).unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!((&answer["active"], answer.get("rh")), (&json!(true), None));
    }

    #[test]
    fn a_public_client_may_not_ask_rfc_7662_2_1() {
        assert_eq!(
            decide(Caller::Client(authenticated(&spa())), Some(&token()), &live()).err(),
            Some(OAuthError::client_auth(ClientAuthFailure::Missing, Presented::Body))
        );
    }

    #[test]
    fn the_form_with_the_greater_weight_is_wanted_rfc_9110_12_4_2() {
        let jwt = "application/token-introspection+jwt";
        for signed in
            ["", ";q=0.5, application/json;q=0.4", ", application/json", ";q=1, */*;q=0.8", ";Q=0.001", "; q=0.9"]
        {
            assert!(wants_jwt(&format!("{jwt}{signed}")), "{signed}");
            assert!(wants_jwt(&format!("text/html, {}{signed}", jwt.to_uppercase())), "{signed}");
        }
        for json in [";q=0", ";q=0.1, application/json", ";q=0.5, */*", ";q=0.5, application/*;q=0.6", ";q=0.000"] {
            assert!(!wants_jwt(&format!("{jwt}{json}")), "{json}");
        }
        assert!(wants_jwt(&format!("{jwt};q=0.5, application/json;q=0.1, */*")), "JSON is named, with less");
    }

    #[test]
    fn a_request_without_a_token_is_refused() {
        assert_eq!(Request::parse(&Params::default()).err(), Some(OAuthError::ParameterMissing("token")));
    }
}
