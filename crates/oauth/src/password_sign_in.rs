//! First-party password sign-in: `POST /authenticate` (no standard; the password grant of RFC 6749 §4.3 does not exist).
//!
//! Only for a client that is marked first-party and allowed to use it; the password itself is checked by the shell, in its bounded
//! pool, before this decides what the sign-in brings.

use crate::access_token::{self, UserToken};
use crate::context::Context;
use crate::error::OAuthError;
use crate::id_token;
use crate::ids::random_id;
use crate::issue::{Effect, FamilyGrant, Issue, NewFamily, RefreshAnswer, UserFacts, UserStatus, new_refresh_token};
use crate::registration::{Api, Apis, Client};
use crate::scope::Scope;
use crate::target;

/// What is asked for beside the sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The API; the client's default if absent.
    pub audience: Option<String>,
    /// The scope; `openid` and everything of the API if absent.
    pub scope: Option<Scope>,
}

/// What the sign-in was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session that was made for it, if one was.
    pub sid: Option<String>,
    /// By what means (RFC 8176).
    pub amr: Vec<String>,
}

/// Whether the client may send passwords here at all. Ask before looking at the password.
///
/// # Errors
/// [`OAuthError::GrantNotAllowed`] or [`OAuthError::ClientDisabled`].
pub fn check_client(client: &Client) -> Result<(), OAuthError> {
    if client.disabled {
        return Err(OAuthError::ClientDisabled);
    }
    if client.first_party && client.password_sign_in { Ok(()) } else { Err(OAuthError::GrantNotAllowed) }
}

/// Decides what a user whose password was right gets.
///
/// # Errors
/// The client may not use this, the user is blocked, or the API is not to be had.
pub fn decide(
    ctx: &mut Context<'_>,
    client: &Client,
    request: &Request,
    user: &UserFacts,
    signed_in: &SignedIn,
    apis: &dyn Apis,
) -> Result<Issue, OAuthError> {
    check_client(client)?;
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked);
    }
    let api = target::for_user(client, request.audience.as_deref(), ctx.issuer, apis)?;
    let asked = request.scope.clone().unwrap_or_else(|| everything(api));
    let scope = &target::scope_for_user(client, api, &asked);
    let (sid, auth_time) = (signed_in.sid.as_deref(), ctx.now);
    let access_token = access_token::for_user(ctx, &UserToken { client, user, scope, api, sid, auth_time, acr: None });
    let id_token = id_token::plan(
        ctx,
        &id_token::From { client, user, scope, nonce: None, sid, auth_time, acr: None, amr: &signed_in.amr },
    );
    let wants_refresh = scope.contains("offline_access");
    let absolute_expires_at = if wants_refresh {
        ctx.now.saturating_add(client.refresh_absolute_secs(ctx.lifetimes))
    } else {
        access_token.claims.exp
    };
    let refresh = wants_refresh.then(|| new_refresh_token(ctx, client, absolute_expires_at));
    let (refresh_token, record) =
        refresh.map_or((RefreshAnswer::Absent, None), |(token, record)| (RefreshAnswer::New(token), Some(record)));
    let family = NewFamily {
        id: random_id(ctx.rng),
        client_id: client.client_id.clone(),
        user_id: user.id.clone(),
        sid: signed_in.sid.clone(),
        session_bound: client.is_session_bound() && signed_in.sid.is_some(),
        created_at: ctx.now,
        absolute_expires_at,
        grant: FamilyGrant {
            scope: scope.clone(),
            audience: api.map(|api| api.identifier.clone()),
            auth_time,
            amr: signed_in.amr.clone(),
            acr: None,
            revocation_handle: user.revocation_handle.clone(),
        },
    };
    let effect = Effect::CreateFamily { family, refresh_token: record, access_token: access_token.issued() };
    Ok(Issue { access_token, id_token, refresh_token, effect })
}

/// A caller that names no scope means: all of the API, and who I am.
fn everything(api: Option<&Api>) -> Scope {
    let of_api = api.map(|api| api.scopes.as_slice()).unwrap_or_default();
    std::iter::once("openid").chain(of_api.iter().map(|scope| scope.name.as_str())).collect()
}
