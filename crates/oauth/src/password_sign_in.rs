//! First-party password sign-in: `POST /authenticate`, and [`grant::password_realm`](crate::grant::password_realm) (no standard; the password
//! grant of RFC 6749 §4.3 does not exist).
//!
//! Only for a client that is marked first-party and allowed to use it; the password itself is checked by the shell, in its bounded
//! pool, before this decides what the sign-in brings.

use crate::access_token::BornIn;
use crate::acr::Performed;
use crate::confirmation::{self, Confirmation};
use crate::context::Context;
use crate::effect::Effect;
use crate::error::OAuthError;
use crate::extent::Extent;
use crate::family::{self, SignIn};
use crate::ids::dated_id;
use crate::issue::{Issue, UserFacts, UserStatus};
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
    /// The session that begins with it, if the client [needs one](begins_session).
    pub session: Option<OwnSession>,
    /// By what means (RFC 8176).
    pub amr: Vec<String>,
    /// What was proven to be held with it, if anything was.
    pub held: Option<Confirmation>,
}

/// A session that begins with the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Its `sid`.
    pub sid: String,
    /// When it ends at the latest.
    pub ends_at: u64,
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

/// Whether a session begins with such a sign-in: session values live in one, and the token of a page that gets cookies is bound to it.
#[must_use]
pub fn begins_session(client: &Client) -> bool {
    client.gets_sessions() || client.gets_cookies()
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
    // Without a proof, where this client's tokens must be bound (RFC 9449 §5.2).
    if signed_in.held.is_none() {
        confirmation::held(client, None, None)?;
    }
    if user.status == UserStatus::Blocked {
        return Err(OAuthError::UserBlocked);
    }
    let api = target::for_user(client, request.audience.as_deref(), ctx.issuer, apis)?;
    if begins_session(client) != signed_in.session.is_some() {
        return Err(OAuthError::ServerError);
    }
    let asked = request.scope.clone().unwrap_or_else(|| everything(api));
    let family_id = dated_id(ctx.now, ctx.rng);
    let (auth_time, levels) = (ctx.now, ctx.levels);
    let born = family::begin(
        ctx,
        &SignIn {
            family_id: &family_id,
            client,
            user,
            api,
            scope: &asked,
            born_in: signed_in.session.as_ref().map(|it| BornIn { sid: &it.sid, ends_at: it.ends_at }),
            nonce: None,
            auth_time,
            amr: &signed_in.amr,
            acr: levels.of(Performed { amr: &signed_in.amr, age_secs: Some(0) }),
            claims: None,
            extent: &Extent::default(),
            held: signed_in.held.as_ref(),
        },
    );
    let effect = Effect::CreateFamily {
        family: born.family,
        refresh_token: born.record,
        access_token: born.access_token.issued(),
    };
    Ok(Issue { access_token: born.access_token, id_token: born.id_token, refresh_token: born.refresh_token, effect })
}

/// A caller that names no scope means: all of the API, and who I am.
fn everything(api: Option<&Api>) -> Scope {
    let of_api = api.map(|api| api.scopes.as_slice()).unwrap_or_default();
    std::iter::once("openid").chain(of_api.iter().map(|scope| scope.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::{AccessTokenForm, RefreshAnswer};
    use crate::registration::AccessTokenFormat;
    use crate::testing::{API, NOW, apis, at, spa, third_party, user};

    fn allowed() -> Client {
        Client { password_sign_in: true, default_audience: Some(API.to_owned()), ..spa() }
    }

    fn run(client: &Client, request: &Request, user: &UserFacts) -> Result<Issue, OAuthError> {
        let own = OwnSession { sid: "sid-1".to_owned(), ends_at: NOW + 36_000 };
        let session = client.gets_sessions().then_some(own);
        let signed_in = SignedIn { session, amr: vec!["pwd".to_owned()], held: None };
        at(NOW, |ctx| decide(ctx, client, request, user, &signed_in, &apis()))
    }

    #[test]
    fn a_bare_sign_in_opens_the_default_api() {
        let issue = run(&allowed(), &Request::default(), &user()).unwrap();
        let claims = &issue.access_token.claims;
        assert!(claims.aud.contains(API) && claims.roles == ["admin"]);
        assert_eq!(claims.scope.to_string(), "openid read:dragons write:dragons");
        assert_eq!((claims.auth_time, claims.sid.as_deref()), (Some(NOW), None));
        assert_eq!(issue.refresh_token, RefreshAnswer::Absent);
        assert!(matches!(issue.effect, Effect::CreateFamily { refresh_token: None, .. }));
    }

    #[test]
    fn a_refresh_token_comes_only_if_asked_for() {
        let request = Request { scope: Some(Scope::parse("openid offline_access").unwrap()), audience: None };
        let issue = run(&allowed(), &request, &user()).unwrap();
        assert!(matches!(issue.effect, Effect::CreateFamily { refresh_token: Some(_), .. }));
    }

    #[test]
    fn a_client_of_sessions_gets_one_and_no_refresh_token() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..allowed() };
        let request = Request { scope: Some(Scope::parse("openid offline_access").unwrap()), audience: None };
        let issue = run(&client, &request, &user()).unwrap();
        let AccessTokenForm::Session(value) = &issue.access_token.form else { panic!("{:?}", issue.access_token) };
        assert_eq!((issue.access_token.claims.exp, &issue.refresh_token), (NOW + 36_000, &RefreshAnswer::Absent));
        let Effect::CreateFamily { family, access_token, .. } = &issue.effect else { panic!("{:?}", issue.effect) };
        assert_eq!((family.sid.as_deref(), family.session_bound), (Some("sid-1"), true));
        assert_eq!((family.absolute_expires_at, access_token.expires_at), (NOW + 36_000, NOW + 36_000));
        assert_eq!(access_token.session_hash, Some(value.hash()));
    }

    #[test]
    fn off_unless_the_client_is_first_party_and_allowed() {
        for client in [
            spa(),
            third_party(),
            Client { password_sign_in: true, ..third_party() },
            Client { first_party: false, ..allowed() },
        ] {
            assert_eq!(run(&client, &Request::default(), &user()).err(), Some(OAuthError::GrantNotAllowed));
        }
        let off = Client { disabled: true, ..allowed() };
        assert_eq!(run(&off, &Request::default(), &user()).err(), Some(OAuthError::ClientDisabled));
    }

    #[test]
    fn blocked_users_and_unknown_apis_are_refused() {
        let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
        assert_eq!(run(&allowed(), &Request::default(), &blocked).err(), Some(OAuthError::UserBlocked));
        let request = Request { audience: Some("https://other.example".to_owned()), scope: None };
        assert_eq!(run(&allowed(), &request, &user()).err(), Some(OAuthError::TargetUnknown));
    }
}
