//! Userinfo (OpenID Connect Core §5.3): the claims a token's scope asks for.
//!
//! The shell verifies the token's signature, issuer, type and expiry; this checks what it is for and whether it still counts.
//! Refuses tokens without `openid`, tokens of ended sessions, and tokens from before the user's tokens were all ended.

use serde_json::{Map, Value};

use crate::access_token::{AccessTokenClaims, userinfo_audience};
use crate::claims;
use crate::ids::Issuer;
use crate::issue::{SessionState, UserFacts, UserStatus};

/// What became of a token and whom it stands for; one read of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFacts {
    /// The user, if there still is one.
    pub user: Option<UserFacts>,
    /// The session of the token's `sid`.
    pub session: SessionState,
    /// Whether its `jti` was revoked.
    pub jti: JtiState,
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

/// The claims, `sub` always among them.
///
/// # Errors
/// [`Refused`].
pub fn decide(issuer: &Issuer, token: &AccessTokenClaims, facts: &TokenFacts) -> Result<Map<String, Value>, Refused> {
    if !token.aud.contains(&userinfo_audience(issuer)) {
        return Err(Refused::InvalidToken);
    }
    let user = still_counts(token, facts).ok_or(Refused::InvalidToken)?;
    if !token.scope.contains("openid") {
        return Err(Refused::InsufficientScope);
    }
    let mut answer = Map::new();
    answer.insert("sub".to_owned(), Value::from(user.id.as_str()));
    answer.extend(claims::of(&user.profile, &token.scope));
    Ok(answer)
}

/// Whether a user's token has been overtaken by events: the user if not.
pub(super) fn still_counts<'f>(token: &AccessTokenClaims, facts: &'f TokenFacts) -> Option<&'f UserFacts> {
    let user = facts.user.as_ref().filter(|user| user.id == token.sub && user.status == UserStatus::Active)?;
    let same_handle = token.rh.as_deref() == Some(user.revocation_handle.as_str());
    let live = facts.session != SessionState::Ended && facts.jti == JtiState::Live;
    (same_handle && live).then_some(user)
}
