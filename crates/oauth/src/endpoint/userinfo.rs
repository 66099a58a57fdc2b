//! Userinfo (OpenID Connect Core §5.3): the claims a token's scope asks for.
//!
//! The shell verifies the token's signature, issuer, type and expiry; this checks what it is for and whether it still counts.
//! Refuses tokens without `openid`, tokens of ended sessions, and tokens from before the user's tokens were all ended.

use serde_json::{Map, Value};

use crate::access_token::{AccessTokenClaims, userinfo_audience};
use crate::claims;
use crate::claims_request::ClaimsRequest;
use crate::ids::Issuer;
use crate::issue::{SessionState, UserFacts, UserStatus};
use crate::registration::Client;

/// What became of a token and whom it stands for; one read of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFacts {
    /// The user, if there still is one.
    pub user: Option<UserFacts>,
    /// The session of the token's `sid`.
    pub session: SessionState,
    /// Whether its `jti` was revoked.
    pub jti: JtiState,
    /// Tokens of its client, for its API, or all, count only if issued after this second (Unix).
    pub revoked_until: Option<u64>,
}

/// Whether one token was revoked by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JtiState {
    /// It counts.
    Live,
    /// It does not.
    Revoked,
}

/// Why userinfo is refused (RFC 6750 §3.1); the challenge is made by whoever answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// 403 `insufficient_scope`: no `openid`.
    InsufficientScope,
    /// 401 `invalid_token`.
    InvalidToken,
}

/// The claims, `sub` always among them: those of the token's scope, and those `asked` for by name.
///
/// # Errors
/// [`Refused`].
pub fn decide(
    issuer: &Issuer,
    token: &AccessTokenClaims,
    facts: &TokenFacts,
    asked: Option<&ClaimsRequest>,
) -> Result<Map<String, Value>, Refused> {
    if !token.aud.contains(&userinfo_audience(issuer)) {
        return Err(Refused::InvalidToken);
    }
    let user = still_counts(token, facts).ok_or(Refused::InvalidToken)?;
    if !token.scope.contains("openid") {
        return Err(Refused::InsufficientScope);
    }
    let mut answer = Map::new();
    // Core §5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token".
    answer.insert("sub".to_owned(), Value::from(token.sub.as_str()));
    answer.extend(claims::of(&user.profile, &token.scope));
    if let Some(asked) = asked {
        asked.fill(&mut answer, &user.profile, &asked.userinfo);
    }
    Ok(answer)
}

/// The claims as they are signed or encrypted for the client (Core §5.3.2): "If signed, the UserInfo Response MUST contain the Claims iss (issuer)
/// and aud (audience) as members". No claim of the profile can be called so.
#[must_use]
pub fn as_jwt(issuer: &Issuer, client: &Client, mut answer: Map<String, Value>) -> Map<String, Value> {
    answer.insert("iss".to_owned(), Value::from(issuer.as_str()));
    answer.insert("aud".to_owned(), Value::from(client.client_id.as_str()));
    answer
}

/// Whether a user's token has been overtaken by events: the user if not.
pub(crate) fn still_counts<'f>(token: &AccessTokenClaims, facts: &'f TokenFacts) -> Option<&'f UserFacts> {
    let user = facts.user.as_ref().filter(|user| user.id == token.user() && user.status == UserStatus::Active)?;
    let same_handle = token.rh.as_deref() == Some(user.revocation_handle.as_str());
    let live = facts.session != SessionState::Ended && is_not_revoked(token, facts);
    (same_handle && live).then_some(user)
}

/// Neither by its own id nor by a rule about its client, its API or everything.
pub(crate) fn is_not_revoked(token: &AccessTokenClaims, facts: &TokenFacts) -> bool {
    facts.jti == JtiState::Live && facts.revoked_until.is_none_or(|until| token.iat > until)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scope::Scope;
    use crate::testing::{API, NOW, issuer, user};
    use symbolon_jose::jwt::Audience;

    /// A user's token for the API and userinfo.
    pub(crate) fn token() -> AccessTokenClaims {
        AccessTokenClaims {
            iss: issuer().as_str().to_owned(),
            sub: "usr_ada".to_owned(),
            user_id: None,
            aud: Audience::Many(vec![API.to_owned(), "https://auth.example/userinfo".to_owned()]),
            exp: NOW + 600,
            iat: NOW,
            jti: "j".to_owned(),
            client_id: "spa".to_owned(),
            scope: Scope::parse("openid email").unwrap(),
            sid: Some("sid-1".to_owned()),
            rh: Some("handle-1".to_owned()),
            auth_time: Some(NOW),
            acr: None,
            amr: Vec::new(),
            authorization_details: Vec::new(),
            roles: vec!["admin".to_owned()],
            cnf: None,
            act: None,
            csrf: None,
            status: None,
        }
    }

    pub(crate) fn live() -> TokenFacts {
        TokenFacts { user: Some(user()), session: SessionState::Live, jti: JtiState::Live, revoked_until: None }
    }

    /// Facts under which no token of the user counts any more.
    pub(crate) fn overtaken() -> Vec<TokenFacts> {
        let with = |user: UserFacts| TokenFacts { user: Some(user), ..live() };
        vec![
            TokenFacts { user: None, ..live() },
            TokenFacts { session: SessionState::Ended, ..live() },
            TokenFacts { jti: JtiState::Revoked, ..live() },
            TokenFacts { revoked_until: Some(NOW), ..live() },
            with(UserFacts { status: UserStatus::Blocked, ..user() }),
            with(UserFacts { revocation_handle: "handle-2".to_owned(), ..user() }),
            with(UserFacts { id: "usr_bob".to_owned(), ..user() }),
        ]
    }

    #[test]
    fn single_claims_come_beside_those_of_the_scope_core_5_5() {
        let asked =
            ClaimsRequest { userinfo: ["name", "sub", "rh"].map(str::to_owned).into(), ..ClaimsRequest::default() };
        let answer = decide(&issuer(), &token(), &live(), Some(&asked)).unwrap();
        assert_eq!((&answer["name"], &answer["email"]), (&"Ada".into(), &"ada@example.com".into()));
        assert_eq!((answer.len(), &answer["sub"]), (4, &"usr_ada".into()));
        let for_id_token = ClaimsRequest { id_token: ["name".to_owned()].into(), ..ClaimsRequest::default() };
        assert!(!decide(&issuer(), &token(), &live(), Some(&for_id_token)).unwrap().contains_key("name"));
    }

    #[test]
    fn the_claims_of_the_scope_and_sub_always() {
        let answer = decide(&issuer(), &token(), &live(), None).unwrap();
        let expected = serde_json::json!({"sub": "usr_ada", "email": "ada@example.com", "email_verified": true});
        assert_eq!(Value::Object(answer), expected);
        let narrow = AccessTokenClaims { scope: Scope::parse("openid").unwrap(), ..token() };
        assert_eq!(decide(&issuer(), &narrow, &live(), None).unwrap().len(), 1);
    }

    #[test]
    fn the_user_is_called_as_in_the_token_core_5_3_2() {
        let token = AccessTokenClaims { sub: "usr_pair".to_owned(), user_id: Some("usr_ada".to_owned()), ..token() };
        assert_eq!(decide(&issuer(), &token, &live(), None).unwrap()["sub"], "usr_pair");
        // Whose own id was not found is nobody's.
        let unfound = AccessTokenClaims { user_id: None, ..token };
        assert_eq!(decide(&issuer(), &unfound, &live(), None), Err(Refused::InvalidToken));
    }

    #[test]
    fn tokens_overtaken_by_events_are_refused() {
        for facts in overtaken() {
            assert_eq!(decide(&issuer(), &token(), &facts, None), Err(Refused::InvalidToken), "{facts:?}");
        }
    }

    #[test]
    fn a_token_for_an_api_alone_does_not_open_userinfo() {
        let token = AccessTokenClaims { aud: Audience::One(API.to_owned()), ..token() };
        assert_eq!(decide(&issuer(), &token, &live(), None), Err(Refused::InvalidToken));
    }

    #[test]
    fn a_token_without_openid_has_too_little_scope() {
        let token = AccessTokenClaims { scope: Scope::parse("email").unwrap(), ..token() };
        assert_eq!(decide(&issuer(), &token, &live(), None), Err(Refused::InsufficientScope));
    }

    #[test]
    fn a_clients_own_token_has_no_user() {
        let token = AccessTokenClaims { sub: "machine".to_owned(), rh: None, ..token() };
        assert_eq!(decide(&issuer(), &token, &TokenFacts { user: None, ..live() }, None), Err(Refused::InvalidToken));
    }

    #[test]
    fn a_session_that_is_off_the_record_does_not_end_a_token_that_may_outlive_it() {
        assert!(decide(&issuer(), &token(), &TokenFacts { session: SessionState::Unknown, ..live() }, None).is_ok());
    }
}
