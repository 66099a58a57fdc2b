//! The browser behind a request to a hosted page: its session, and the pre-session cookie that binds forms
//! and pending requests to it before anyone has signed in.

use http::header::REFERER;
use http::{HeaderMap, HeaderValue};
use symbolon_oauth::authorize::SessionFacts;
use symbolon_oauth::{OAuthError, OpaqueToken, TokenKind};
use symbolon_store::{Hash32, NewSession, Session, User, UserStatus};
use url::Url;

use super::meta::Meta;
use crate::app::App;
use crate::effects::store_failure;
use crate::observe::facts;
use crate::rng::SystemRng;
use crate::session::cookie::{CookieKind, Lifetime};
use crate::session::device::{self, Device, Known};

/// A session's `last_seen_at` is written at most this often, in seconds: looking at pages is not worth a
/// write each time.
const TOUCH_EVERY_SECS: u64 = 60;

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    /// Their session.
    pub session: Session,
    /// The account.
    pub user: User,
}

impl SignedIn {
    /// What the authorization decision needs to know.
    pub(super) fn facts(&self, app: &App, now: u64) -> SessionFacts {
        SessionFacts {
            user_id: self.user.id.clone(),
            sid: self.session.sid.clone(),
            auth_time: self.session.auth_time,
            amr: self.session.amr.clone(),
            acr: app.acr(&self.session.amr, self.session.auth_time, now),
        }
    }
}

/// The session this browser holds, if it is live and its user may sign in.
///
/// Two session cookies are none: one of them was planted (security requirement 89).
pub(super) async fn signed_in(app: &App, headers: &HeaderMap, now: u64) -> Result<Option<SignedIn>, OAuthError> {
    let Some(hash) = session_hash(app, headers) else { return Ok(None) };
    let found = app.store.session(hash).await.map_err(|error| store_failure(&error))?;
    let Some((session, user)) = found else { return Ok(None) };
    if !session.is_live(now) || user.status != UserStatus::Active {
        return Ok(None);
    }
    touch(app, &session, now).await?;
    facts::about(&user.id);
    Ok(Some(SignedIn { session, user }))
}

/// Notes that a session is in use, which puts off its idle expiry; says until when.
pub(super) async fn touch(app: &App, session: &Session, now: u64) -> Result<u64, OAuthError> {
    if now < session.last_seen_at.saturating_add(TOUCH_EVERY_SECS) {
        return Ok(session.idle_expires_at);
    }
    let until = idle_end(app, session.persistent, now).min(session.absolute_expires_at);
    app.store.touch_session(session.id_hash, now, until).await.map_err(|error| store_failure(&error))?;
    Ok(until.max(session.idle_expires_at))
}

/// The hash of the session cookie, if there is exactly one well-formed.
pub(super) fn session_hash(app: &App, headers: &HeaderMap) -> Option<Hash32> {
    let value = CookieKind::Session.read(headers, app.transport).ok().flatten()?;
    OpaqueToken::parse(TokenKind::Session, value).ok().map(|token| Hash32(token.hash()))
}

/// The session cookie's value, for anti-forgery tokens bound to it.
pub(super) fn session_binding<'h>(app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
    CookieKind::Session.read(headers, app.transport).ok().flatten()
}

/// The pre-session cookie's value, if the browser sent one.
pub(super) fn pre_session<'h>(app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
    CookieKind::PreSession.read(headers, app.transport).ok().flatten()
}

/// The pre-session cookie's value, and the cookie to set when the browser had none.
pub(super) fn ensure_pre_session(app: &App, headers: &HeaderMap) -> (String, Option<HeaderValue>) {
    if let Some(value) = pre_session(app, headers) {
        return (value.to_owned(), None);
    }
    let value = symbolon_oauth::random_id(&mut SystemRng);
    let cookie = CookieKind::PreSession.set(&value, Lifetime::BrowserSession, app.transport);
    (value, Some(cookie))
}

/// Whether the browser goes here with its whole window, as far as it says: an image or a frame in a page may be there by another visitor.
pub(super) fn is_led_here(headers: &HeaderMap) -> bool {
    let says = |name: &str, wanted: &str| headers.get(name).is_none_or(|value| value == wanted);
    says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}

/// The origin of the page that sent the browser here, as the browser names it.
pub(super) fn sent_from(headers: &HeaderMap) -> Option<String> {
    let page = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
    Some(page.origin().ascii_serialization())
}

/// The device cookie's value, if the browser sent one.
pub(super) fn device<'h>(app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
    CookieKind::Device.read(headers, app.transport).ok().flatten()
}

/// The device of this browser that the account knows, if it knows it.
pub(super) fn known_device(app: &App, headers: &HeaderMap, user_id: &str) -> Option<Device> {
    device(app, headers).and_then(|cookie| device::check(&app.device, cookie, user_id))
}

/// The same, with the time of the account's last sign-in here.
pub(super) fn seen_before(app: &App, headers: &HeaderMap, user_id: &str) -> Option<Known> {
    device(app, headers).and_then(|cookie| device::known(&app.device, cookie, user_id))
}

/// The cookie that makes this browser a known device of the account.
pub(super) fn device_cookie(app: &App, headers: &HeaderMap, user_id: &str, now: u64) -> HeaderValue {
    let device = known_device(app, headers, user_id).unwrap_or_else(|| Device::new(&mut SystemRng));
    device_cookie_of(app, headers, device, user_id, now)
}

/// The same for this device.
pub(super) fn device_cookie_of(app: &App, headers: &HeaderMap, device: Device, user_id: &str, now: u64) -> HeaderValue {
    let lifetime = Lifetime::Persistent { max_age_secs: device::LIFETIME_SECS };
    let cookie = device::issue(&app.device, self::device(app, headers), device, user_id, now);
    CookieKind::Device.set(&cookie, lifetime, app.transport)
}

/// Whether "keep me signed in" was ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Until the browser closes.
    No,
    /// Beyond it.
    Yes,
}

/// A session for `user`, with a fresh cookie (security requirement 90).
///
/// The same person signing in again (`prompt=login`) goes on in the session they have, under its `sid`, so
/// that what other clients hold of it lives on; only the cookie and the time of authentication change. The
/// session of anybody else in this browser ends.
pub(super) async fn new_session(
    app: &App,
    headers: &HeaderMap,
    meta: &Meta,
    (user, amr): (&User, &[String]),
    keep: Keep,
) -> Result<(NewSession, HeaderValue), OAuthError> {
    let before = signed_in(app, headers, meta.now).await?.filter(|before| before.user.id == user.id);
    let secret = OpaqueToken::generate(TokenKind::Session, &mut SystemRng);
    let session = match before {
        None => fresh(app, headers, meta, (user, amr), keep, &secret),
        Some(SignedIn { session: Session { sid, created_at, .. }, .. }) => {
            Session { sid, created_at, ..fresh(app, headers, meta, (user, amr), keep, &secret) }
        }
    };
    let lifetime = match keep {
        Keep::No => Lifetime::BrowserSession,
        Keep::Yes => Lifetime::Persistent { max_age_secs: app.config().session.remember_absolute_secs },
    };
    let cookie = CookieKind::Session.set(secret.reveal(), lifetime, app.transport);
    let new =
        NewSession { session, replaces: session_hash(app, headers), revocation_handle: user.revocation_handle.clone() };
    Ok((new, cookie))
}

/// A session that begins now, found by the hash of `secret`.
pub(super) fn fresh(
    app: &App,
    headers: &HeaderMap,
    meta: &Meta,
    (user, amr): (&User, &[String]),
    keep: Keep,
    secret: &OpaqueToken,
) -> Session {
    let persistent = keep == Keep::Yes;
    let settings = app.config().session;
    let absolute = if persistent { settings.remember_absolute_secs } else { settings.absolute_secs };
    let absolute_expires_at = meta.now.saturating_add(absolute);
    Session {
        id_hash: Hash32(secret.hash()),
        sid: symbolon_oauth::dated_id(meta.now, &mut SystemRng),
        user_id: user.id.clone(),
        created_at: meta.now,
        auth_time: meta.now,
        last_seen_at: meta.now,
        idle_expires_at: idle_end(app, persistent, meta.now).min(absolute_expires_at),
        absolute_expires_at,
        persistent,
        amr: amr.to_vec(),
        user_agent: user_agent(headers),
        address: Some(meta.address_text()),
        ended_at: None,
        ended_why: None,
    }
}

/// What the browser calls itself, cut to size.
pub(super) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    told.map(|text| text.chars().take(256).collect())
}

fn idle_end(app: &App, persistent: bool, now: u64) -> u64 {
    let settings = app.config().session;
    now.saturating_add(if persistent { settings.remember_idle_secs } else { settings.idle_secs })
}
