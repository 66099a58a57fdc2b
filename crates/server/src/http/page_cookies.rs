//! Tokens for pages that must not have them in their hands (mission P13; RFC 10017 §6): cookies in the answer, the claims in its body, never a
//! signature.
//!
//! Browsers send cookies unasked, and keep those they are answered, whatever page made them ask. So a page of a registered origin of this site
//! must have sent the request, by a script (Fetch Metadata §2; RFC 6454 §7): a form that posts a stranger's code, which would sign a person in
//! as somebody else, is refused like everything else from elsewhere. What uses a cookie must carry the token of the session's pages as well.

use std::collections::HashSet;

use http::header::{ORIGIN, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use symbolon_oauth::registration::is_same_site;
use symbolon_oauth::{
    AccessTokenClaims, AccessTokenFormat, AlsoSession, Client, Effect, EndReason, IdTokenClaims, Issue, OAuthError,
    OpaqueToken, Params, Scope, TokenKind, TokenResponse,
};

use axum::response::Response;

use super::answer;
use crate::app::App;
use crate::config::Config;
use crate::effects::{self, store_failure};
use crate::refresh::{self, Found};
use crate::session::csrf::{self, Purpose};
use crate::session::token_cookie::{self, Reach, TokenCookie, TooLarge};

/// The answer in place of tokens.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    /// What the access token says.
    pub(super) claims: AccessTokenClaims,
    /// What an ID token would say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token_claims: Option<&'a IdTokenClaims>,
    /// Whether it is renewed by a refresh token, or by use.
    pub(super) access_token_format: AccessTokenFormat,
    pub(super) expires_in: u64,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub(super) scope: Scope,
    /// What requests that change something say in `X-CSRF-Token`.
    pub(super) csrf_token: String,
}

/// Where token cookies go.
pub(super) fn reach<'c>(app: &App, config: &'c Config) -> Reach<'c> {
    Reach { transport: app.transport, domain: config.cookie_domain.as_deref() }
}

/// Refuses what a page of the client's did not send by a script of its own.
pub(super) fn check_page(app: &App, client: &Client, headers: &HeaderMap) -> Result<(), OAuthError> {
    let config = app.config();
    let domain = config.cookie_domain.as_deref();
    let mut origins = headers.get_all(ORIGIN).iter();
    let (origin, more) = (origins.next().and_then(|origin| origin.to_str().ok()), origins.next());
    let its_own = origin.filter(|_| more.is_none()).is_some_and(|origin| {
        client.allowed_origins.iter().any(|allowed| allowed == origin) && is_same_site(origin, &app.issuer, domain)
    });
    // A browser that sends no metadata has shown the origin.
    let says = |name: &str, words: &[&str]| {
        headers.get_all(name).iter().all(|value| words.iter().any(|word| value.as_bytes() == word.as_bytes()))
    };
    let by_script = says("sec-fetch-mode", &["cors", "same-origin"]);
    if its_own && by_script && says("sec-fetch-site", &["same-origin", "same-site"]) {
        return Ok(());
    }
    tracing::info!(client = client.client_id.as_str(), origin, by_script, "no page of the client's asked for cookies");
    Err(OAuthError::NotFromItsPage)
}

/// Refuses what lacks the token of the session's pages.
pub(super) fn check_token(
    app: &App,
    client_id: &str,
    headers: &HeaderMap,
    sid: Option<&str>,
) -> Result<(), OAuthError> {
    if sid.is_some_and(|sid| token_cookie::has_page_token(&app.csrf, headers, sid, client_id)) {
        return Ok(());
    }
    tracing::info!(client = client_id, "a request with cookies lacked the token of its page");
    Err(OAuthError::NotFromItsPage)
}

/// How many different tokens in cookies of one name are looked at: a sibling host that plants more of its own could fill the whole header as well.
const MOST_COOKIES: usize = 64;

/// The cookies of this name that can be tokens of ours, each once, in the order of the request.
fn shown<'h>(app: &App, headers: &'h HeaderMap, cookie: TokenCookie) -> Vec<&'h str> {
    let config = app.config();
    let is_token = |text: &&str| match cookie {
        TokenCookie::Access => text.starts_with("eyJ") || OpaqueToken::parse(TokenKind::SessionValue, text).is_ok(),
        TokenCookie::Refresh => OpaqueToken::parse(TokenKind::RefreshToken, text).is_ok(),
    };
    let mut seen = HashSet::new();
    let all = cookie.read_all(headers, reach(app, &config)).into_iter();
    all.filter(is_token).filter(|text| seen.insert(*text)).take(MOST_COOKIES).collect()
}

/// The parameters of a token request, with the refresh token out of the cookie.
pub(super) async fn with_refresh_token(
    app: &App,
    client_id: &str,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Params, OAuthError> {
    if params.get("grant_type") != Some("refresh_token") {
        return Ok(params.clone());
    }
    // One that the page has in its hands is from before, or from elsewhere.
    if params.get("refresh_token").is_some() {
        return Err(OAuthError::RefreshTokenUnknown);
    }
    let shown = shown(app, headers, TokenCookie::Refresh);
    let token = match shown.as_slice() {
        [token] => Some(*token),
        several => of_page(app, client_id, headers, several).await?,
    };
    // Nothing to renew by is, for the page, a sign-in that is over.
    let token = token.ok_or(OAuthError::RefreshTokenUnknown)?;
    Params::from_pairs(params.iter().chain([("refresh_token", token)]))
}

/// Of several refresh tokens the one of the session whose page asks: another host of the domain may have planted the others, which tell themselves
/// by that (RFC 6265 §8.6). Who plants what is not of this session changes nothing, and keeps nobody from renewing.
async fn of_page<'h>(
    app: &App,
    client_id: &str,
    headers: &HeaderMap,
    shown: &[&'h str],
) -> Result<Option<&'h str>, OAuthError> {
    for text in shown {
        let Ok(token) = OpaqueToken::parse(TokenKind::RefreshToken, text) else { continue };
        let found = refresh::find(&*app.store, &token).await.map_err(|error| store_failure(&error))?;
        let family = found.map(Found::into_family).filter(|family| family.client_id == client_id);
        let sid = family.and_then(|family| family.sid);
        if sid.is_some_and(|sid| token_cookie::has_page_token(&app.csrf, headers, &sid, client_id)) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// The tokens that a sign-out may end the sign-in by, first those that live longer.
pub(super) fn to_revoke<'h>(app: &App, headers: &'h HeaderMap) -> Vec<&'h str> {
    [TokenCookie::Refresh, TokenCookie::Access].into_iter().flat_map(|cookie| shown(app, headers, cookie)).collect()
}

/// Writes into the claims by what token its pages vouch, if the access token will be a cookie.
pub(super) fn mark(app: &App, client: Option<&Client>, claims: &mut AccessTokenClaims) {
    if let (Some(client), Some(sid)) = (client.filter(|client| client.gets_cookies()), &claims.sid) {
        let token = token_cookie::page_token(&app.csrf, sid, client.client_id.as_str());
        claims.csrf = Some(token_cookie::page_token_hash(&token));
    }
}

/// The answer to a page: the tokens as cookies, and what they say.
pub(super) async fn deliver(
    app: &App,
    client: &Client,
    issue: &Issue,
    tokens: TokenResponse,
    now: u64,
) -> Result<Response, OAuthError> {
    let claims = issue.access_token.claims.written(&app.issuer);
    let Some(sid) = issue.access_token.claims.sid.as_deref() else {
        tracing::error!(client = client.client_id.as_str(), "tokens that are cookies need a session");
        return Err(OAuthError::ServerError);
    };
    let config = app.config();
    let reach = reach(app, &config);
    let access = match TokenCookie::Access.set(&tokens.access_token, reach) {
        Ok(cookie) => cookie,
        Err(TooLarge { bytes }) => {
            tracing::error!(
                bytes,
                limit = token_cookie::MAX_BYTES,
                client = client.client_id.as_str(),
                sub = claims.sub,
                "the access token does not fit a cookie: grant fewer roles or scopes, or register the client with --access-token-format session"
            );
            end(app, &issue.effect, now).await?;
            return Err(OAuthError::TokenTooLargeForCookie);
        }
    };
    let told = Told {
        claims,
        id_token_claims: issue.id_token.as_ref().map(|plan| &plan.claims),
        access_token_format: client.access_token_format,
        expires_in: tokens.expires_in,
        scope: tokens.scope,
        csrf_token: token_cookie::page_token(&app.csrf, sid, client.client_id.as_str()),
    };
    let mut response = answer::json(StatusCode::OK, &told);
    response.headers_mut().append(SET_COOKIE, access);
    if let Some(refresh_token) = &tokens.refresh_token {
        let cookie = TokenCookie::Refresh.set(refresh_token, reach).map_err(|_| OAuthError::ServerError)?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What was begun and cannot be handed out does not stay.
async fn end(app: &App, effect: &Effect, now: u64) -> Result<(), OAuthError> {
    let family_id = match effect {
        Effect::CreateFamily { family, .. } | Effect::RedeemCode { family, .. } => &family.id,
        Effect::NoteAccessToken { family_id, .. } | Effect::RotateRefreshToken { family_id, .. } => family_id,
        _ => return Ok(()),
    };
    let why = EndReason::Revoked;
    let effect = Effect::EndFamily { family_id: family_id.clone(), beside: None, why, also_session: AlsoSession::No };
    effects::apply_end(app, &effect, now).await.map(drop)
}

/// Makes the browser forget them.
pub(super) fn clear(app: &App, response: &mut Response) {
    let config = app.config();
    for cookie in TokenCookie::ALL {
        response.headers_mut().append(SET_COOKIE, cookie.clear(reach(app, &config)));
    }
}

/// How long a page may take from giving up its tokens to the page that ends the session, in seconds.
const LOGOUT_HINT_SECS: u64 = 60;

/// What tells the page that ends the session that its app meant it (RP-Initiated Logout 1.0 §2 `logout_hint`): the app has no ID token to show.
pub(super) fn logout_hint(app: &App, sid: &str, client_id: &str, now: u64) -> String {
    csrf::issue(&app.csrf, &meant(sid, client_id), Purpose::SignOut, now)
}

/// Whether a hint means this session, and came from this client just now.
pub(super) fn is_logout_hint(app: &App, hint: &str, sid: &str, client_id: &str, now: u64) -> bool {
    csrf::check(&app.csrf, hint, &meant(sid, client_id), Purpose::SignOut, now, LOGOUT_HINT_SECS).is_ok()
}

fn meant(sid: &str, client_id: &str) -> String {
    format!("{sid}\0{client_id}")
}
