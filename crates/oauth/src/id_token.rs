//! ID tokens (OpenID Connect Core §2, §3.1.3.6).
//!
//! `aud` is the client's identifier as a plain string: some clients compare it so. `nonce` is copied from exactly the request it
//! answers and never invented; `auth_time` is the time of the real authentication and does not move on silent renewal.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claims;
use crate::claims_request::ClaimsRequest;
use crate::context::Context;
use crate::issue::{IdTokenPlan, UserFacts};
use crate::registration::{Client, ProfileClaims};
use crate::scope::Scope;

/// The header's `typ`.
pub const TYP: &str = "JWT";

/// The claims. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// Who issued it.
    pub iss: String,
    /// The user.
    pub sub: String,
    /// The client, as a plain string.
    pub aud: String,
    /// When it ends.
    pub exp: u64,
    /// When it was issued.
    pub iat: u64,
    /// When the user really authenticated.
    pub auth_time: u64,
    /// The request's `nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How strongly the user authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By what means (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The session (OpenID Connect Back-Channel Logout §2.1), so that logout knows which one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Half a hash of the access token beside it (OpenID Connect Core §3.1.3.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// Half a hash of the code beside it (OpenID Connect Core §3.3.2.11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// Half a hash of the request's `state` (FAPI 1.0 Part 2 §5.1.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s_hash: Option<String>,
    /// Claims of the profile, for clients that want them here.
    #[serde(flatten)]
    pub profile: Map<String, Value>,
}

/// What an ID token is made of.
pub(crate) struct Inputs<'a> {
    pub(crate) client: &'a Client,
    pub(crate) user: &'a UserFacts,
    pub(crate) scope: &'a Scope,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) sid: Option<&'a str>,
    pub(crate) auth_time: u64,
    pub(crate) acr: Option<&'a str>,
    pub(crate) amr: &'a [String],
    pub(crate) claims: Option<&'a ClaimsRequest>,
    pub(crate) profile: ProfileClaims,
}

/// An ID token, if `openid` is in scope.
pub(crate) fn plan(ctx: &Context<'_>, from: &Inputs<'_>) -> Option<IdTokenPlan> {
    if !from.scope.contains("openid") {
        return None;
    }
    let mut profile = match from.profile {
        ProfileClaims::IdTokenToo => claims::of(&from.user.profile, from.scope),
        ProfileClaims::UserinfoOnly => Map::new(),
    };
    if let Some(asked) = from.claims {
        let asked = asked.of_client(from.client);
        asked.fill(&mut profile, &from.user.profile, &asked.id_token);
    }
    let claims = IdTokenClaims {
        iss: ctx.issuer.as_str().to_owned(),
        sub: ctx.pairwise.subject(from.client, &from.user.id),
        aud: from.client.client_id.as_str().to_owned(),
        exp: ctx.now.saturating_add(ctx.lifetimes.id_token_secs),
        iat: ctx.now,
        auth_time: from.auth_time,
        nonce: from.nonce.map(str::to_owned),
        acr: from.acr.map(str::to_owned),
        amr: from.amr.to_vec(),
        sid: from.sid.map(|sid| ctx.pairwise.session(from.client, sid)),
        at_hash: None,
        c_hash: None,
        s_hash: None,
        profile,
    };
    Some(IdTokenPlan { claims, alg: from.client.id_token_signed_response_alg })
}
