//! The store's records as the facts that pure decisions take, and back. The two crates know nothing of each
//! other; this file is where they meet.

use symbolon_oauth::claims::Profile;
use symbolon_oauth::endpoint::session;
use symbolon_oauth::endpoint::userinfo::{JtiState, TokenFacts};
use symbolon_oauth::{self as oauth, FamilyGrant, NewFamily, NewRefreshToken, SessionState, UserFacts};
use symbolon_store::{self as store, Hash32, RefreshState};

/// What decisions need to know of a user.
pub fn user(user: &store::User) -> UserFacts {
    UserFacts {
        id: user.id.clone(),
        status: match user.status {
            store::UserStatus::Active => oauth::UserStatus::Active,
            store::UserStatus::Blocked => oauth::UserStatus::Blocked,
        },
        revocation_handle: user.revocation_handle.clone(),
        roles: user.roles.iter().cloned().collect(),
        profile: profile(user),
    }
}

/// What claims are made of.
pub fn profile(user: &store::User) -> Profile {
    Profile {
        username: user.username.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        email_verified: user.email_verified,
        more: user.profile.clone(),
        updated_at: Some(user.updated_at),
    }
}

/// What became of the session a grant was born of: expired counts as ended.
pub fn session_state(session: Option<&store::Session>, now: u64) -> SessionState {
    match session {
        None => SessionState::Unknown,
        Some(session) if session.is_live(now) => SessionState::Live,
        Some(_) => SessionState::Ended,
    }
}

/// What became of the session an access token names. The token has an expiry of its own: only a session that
/// was ended on purpose takes it along.
pub fn session_of_token(session: Option<&store::Session>) -> SessionState {
    match session {
        None => SessionState::Unknown,
        Some(session) if session.ended_at.is_some() => SessionState::Ended,
        Some(_) => SessionState::Live,
    }
}

/// A family to store.
pub fn new_family(family: &NewFamily) -> store::Family {
    store::Family {
        id: family.id.clone(),
        client_id: family.client_id.to_string(),
        user_id: family.user_id.clone(),
        sid: family.sid.clone(),
        session_bound: family.session_bound,
        scope: family.grant.scope.to_string(),
        audience: family.grant.audience.iter().cloned().collect(),
        auth_time: family.grant.auth_time,
        created_at: family.created_at,
        absolute_expires_at: family.absolute_expires_at,
        ended_at: None,
        ended_why: None,
        payload: serde_json::to_value(&family.grant).expect("a grant has only string keys"),
    }
}

/// The grant kept with a family; `None` when the record is not one of ours, which is corruption.
pub fn family_grant(family: &store::Family) -> Option<FamilyGrant> {
    serde_json::from_value(family.payload.clone()).ok()
}

/// A refresh token to store.
pub fn new_refresh_token(token: &NewRefreshToken, family: &str) -> store::RefreshToken {
    store::RefreshToken {
        hash: Hash32(token.hash),
        family: family.to_owned(),
        state: RefreshState::Current,
        created_at: token.created_at,
        expires_at: token.expires_at,
    }
}

/// An access token a family remembers.
pub fn issued(token: &oauth::IssuedAccessToken) -> store::IssuedAccessToken {
    store::IssuedAccessToken {
        jti: token.jti.clone(),
        expires_at: token.expires_at,
        sid: token.sid.clone(),
        revocation_handle: token.revocation_handle.clone(),
        session_hash: token.session_hash.map(Hash32),
    }
}

/// What decides about a session value; `None` when the record is not one of ours, which is corruption.
pub fn session_value(found: &store::SessionValueFacts, now: u64) -> Option<session::Facts> {
    let store::SessionValueFacts { jti, family, token } = found;
    let session = token.session.as_ref();
    Some(session::Facts {
        jti: jti.clone(),
        issued_at: family.created_at,
        absolute_expires_at: family.absolute_expires_at,
        ended_at: family.ended_at,
        grant: family_grant(family)?,
        sid: family.sid.clone()?,
        session_expires_at: session.map_or(0, |it| it.idle_expires_at.min(it.absolute_expires_at)),
        token: TokenFacts { session: session_state(session, now), ..token_facts(token) },
    })
}

/// What became of an access token's user, session and id.
pub fn token_facts(found: &store::TokenFacts) -> TokenFacts {
    TokenFacts {
        user: found.user.as_ref().map(user),
        session: session_of_token(found.session.as_ref()),
        jti: if found.jti_revoked { JtiState::Revoked } else { JtiState::Live },
        revoked_until: found.revoked_until,
    }
}
