//! Session values: an API looks up at the session endpoint what an opaque cookie or token of its own stands for.
//!
//! No standard: the answer is introspection's (RFC 7662 §2.2), and the introspection endpoint gives the same. A value is good for the one
//! API it was made for and as long as the session it was born in; roles, scope and profile are those of the moment of asking.

use super::userinfo::{TokenFacts, is_not_revoked};
use crate::access_token::{self, AccessTokenClaims};
use crate::context::Context;
use crate::effect::FamilyGrant;
use crate::error::OAuthError;
use crate::issue::{SessionState, UserStatus};
use crate::params::Params;
use crate::registration::{Apis, Client};
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};

/// The parameter that carries the value.
pub const PARAMETER: &str = "session";

/// What is asked: a value that may be one of ours, or nothing that can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The value, if it is well-formed.
    pub value: Option<OpaqueToken>,
}

impl Request {
    /// Reads `session`.
    ///
    /// # Errors
    /// It is missing.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let text = params.require(PARAMETER)?;
        Ok(Self { value: OpaqueToken::parse(TokenKind::SessionValue, text).ok() })
    }
}

/// What was found for the value's hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Its `jti`.
    pub jti: String,
    /// When it was made.
    pub issued_at: u64,
    /// When its family ends.
    pub absolute_expires_at: u64,
    /// When its family was ended, if it was.
    pub ended_at: Option<u64>,
    /// What was granted.
    pub grant: FamilyGrant,
    /// The session it was born in.
    pub sid: String,
    /// When that session ends unless it is used.
    pub session_expires_at: u64,
    /// Its user and session, and whether it was revoked. Unlike for a signed token, a session that is over or off the record
    /// takes its values along.
    pub token: TokenFacts,
}

/// What the value says now, in the words of a signed token; nothing if it counts no more. `client` is the one it was issued to.
#[must_use]
pub fn claims(ctx: &Context<'_>, client: &Client, apis: &dyn Apis, facts: &Facts) -> Option<AccessTokenClaims> {
    let (issuer, now) = (ctx.issuer, ctx.now);
    if client.disabled || facts.ended_at.is_some() || facts.token.session != SessionState::Live {
        return None;
    }
    let exp = facts.absolute_expires_at.min(facts.session_expires_at);
    let user = facts.token.user.as_ref().filter(|user| user.status == UserStatus::Active)?;
    let api = target::of_grant(issuer, client, facts.grant.audience.as_deref(), None, apis).ok()??;
    let scope = target::scope_for_user(client, Some(api), &facts.grant.scope);
    let sub = ctx.pairwise.subject(client, &user.id);
    let claims = AccessTokenClaims {
        iss: issuer.as_str().to_owned(),
        user_id: (sub != user.id).then(|| user.id.clone()),
        sub,
        aud: access_token::audience(issuer, Some(api), &scope),
        exp,
        iat: facts.issued_at,
        jti: facts.jti.clone(),
        client_id: client.client_id.as_str().to_owned(),
        sid: Some(facts.sid.clone()),
        rh: Some(user.revocation_handle.clone()),
        auth_time: Some(facts.grant.auth_time),
        acr: facts.grant.acr.clone(),
        amr: facts.grant.amr.clone(),
        authorization_details: Vec::new(),
        roles: access_token::roles(client, Some(api), user),
        cnf: None,
        act: None,
        csrf: None,
        status: None,
        scope,
    };
    (now < exp && is_not_revoked(&claims, &facts.token)).then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::userinfo::JtiState;
    use crate::endpoint::userinfo::tests::live;
    use crate::issue::UserFacts;
    use crate::registration::{AccessTokenFormat, Api};
    use crate::scope::Scope;
    use crate::testing::{API, NOW, TestRng, apis, at, spa, third_party, user};

    fn client() -> Client {
        Client { access_token_format: AccessTokenFormat::Session, ..spa() }
    }

    fn found() -> Facts {
        Facts {
            jti: "j".to_owned(),
            issued_at: NOW - 50,
            absolute_expires_at: NOW + 36_000,
            ended_at: None,
            grant: FamilyGrant {
                scope: Scope::parse("openid read:dragons").unwrap(),
                audience: Some(API.to_owned()),
                auth_time: NOW - 100,
                amr: vec!["pwd".to_owned()],
                acr: None,
                claims: None,
                cnf: None,
                extent: crate::extent::Extent::default(),
            },
            sid: "sid-1".to_owned(),
            session_expires_at: NOW + 1_800,
            token: live(),
        }
    }

    fn ask(client: &Client, apis: &Vec<Api>, facts: &Facts) -> Option<AccessTokenClaims> {
        at(NOW, |ctx| claims(ctx, client, apis, facts))
    }

    #[test]
    fn a_live_value_says_what_a_signed_token_would() {
        let said = ask(&client(), &apis(), &found()).unwrap();
        assert_eq!(
            (said.sub.as_str(), said.sid.as_deref(), said.rh.as_deref()),
            ("usr_ada", Some("sid-1"), Some("handle-1"))
        );
        assert!(said.aud.contains(API) && said.aud.contains("https://auth.example/userinfo"));
        assert_eq!((said.iat, said.exp, said.auth_time), (NOW - 50, NOW + 1_800, Some(NOW - 100)));
        assert_eq!((said.scope.to_string().as_str(), said.roles), ("openid read:dragons", vec!["admin".to_owned()]));
    }

    #[test]
    fn roles_and_scope_are_those_of_the_moment() {
        let promoted = UserFacts { roles: vec!["boss".to_owned()], revocation_handle: "handle-2".to_owned(), ..user() };
        let facts = Facts { token: TokenFacts { user: Some(promoted), ..live() }, ..found() };
        let said = ask(&client(), &apis(), &facts).unwrap();
        assert_eq!((said.roles, said.rh.as_deref()), (vec!["boss".to_owned()], Some("handle-2")));
        let mut narrowed = apis();
        narrowed[0].scopes.clear();
        narrowed[0].include_roles = false;
        let said = ask(&client(), &narrowed, &found()).unwrap();
        assert_eq!((said.scope.to_string().as_str(), said.roles.len()), ("openid", 0));
        let mut third = Client { access_token_format: AccessTokenFormat::Session, ..third_party() };
        assert!(ask(&third, &apis(), &found()).unwrap().roles.is_empty(), "a third party never carries roles");
        third.apis.clear();
        assert_eq!(ask(&third, &apis(), &found()), None, "it may no longer ask for the API");
    }

    #[test]
    fn what_is_over_counts_no_more() {
        let with = |token: TokenFacts| Facts { token, ..found() };
        let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
        for facts in [
            Facts { ended_at: Some(NOW - 1), ..found() },
            Facts { absolute_expires_at: NOW, ..found() },
            Facts { session_expires_at: NOW, ..found() },
            with(TokenFacts { session: SessionState::Ended, ..live() }),
            with(TokenFacts { session: SessionState::Unknown, ..live() }),
            with(TokenFacts { user: None, ..live() }),
            with(TokenFacts { user: Some(blocked), ..live() }),
            with(TokenFacts { jti: JtiState::Revoked, ..live() }),
            with(TokenFacts { revoked_until: Some(NOW - 50), ..live() }),
        ] {
            assert_eq!(ask(&client(), &apis(), &facts), None, "{facts:?}");
        }
        let off = Client { disabled: true, ..client() };
        assert_eq!(ask(&off, &apis(), &found()), None);
        assert_eq!(ask(&client(), &Vec::new(), &found()), None, "the API is gone");
        let mut disabled = apis();
        disabled[0].disabled = true;
        assert_eq!(ask(&client(), &disabled, &found()), None);
    }

    #[test]
    fn a_value_outlives_a_change_of_format() {
        assert!(ask(&spa(), &apis(), &found()).is_some(), "what was handed out holds until it ends");
    }

    #[test]
    fn only_a_well_formed_value_is_looked_up() {
        let parse = |text: &str| Request::parse(&Params::from_pairs([("session", text)]).unwrap());
        let value = OpaqueToken::generate(TokenKind::SessionValue, &mut TestRng::new(1));
        let cookie = OpaqueToken::generate(TokenKind::Session, &mut TestRng::new(1));
        assert_eq!(parse(value.reveal()), Ok(Request { value: Some(value.clone()) }));
        for text in [cookie.reveal(), &value.reveal()[1..], "x", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"] {
            assert_eq!(parse(text), Ok(Request { value: None }), "{text}");
        }
        assert_eq!(Request::parse(&Params::default()), Err(OAuthError::ParameterMissing("session")));
    }
}
