//! `/login` and `/callback`: signing in with a code and PKCE (RFC 9700 §2.1.1), and the session that comes of it.
//!
//! What must not be forgotten in between is sealed into a cookie of the browser: nothing is stored for who does not come back, and an answer that was
//! got in another browser fits nowhere (login CSRF, RFC 6749 §10.12). Refused, beside that: an answer of another issuer, an ID token to another question, and
//! ways back that lead anywhere but to the app.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use symbolon_jose::base64url;
use symbolon_oauth::relying_party::SignedIn;
use symbolon_oauth::relying_party::callback::{self, Callback};
use symbolon_oauth::{Params, Rng as _};
use symbolon_server::pages::LocalPath;
use symbolon_server::rng::SystemRng;
use url::Url;
use zeroize::Zeroizing;

use crate::cookie::Cookie;
use crate::facade::PageAsked;
use crate::gateway::Gateway;
use crate::page::Page;
use crate::problem::Problem;
use crate::provider::{ProviderError, Questioned, Tokens};
use crate::sessions::{Access, Content};
use crate::store::Hash;

/// How long somebody may take to sign in, seconds.
const PATIENCE_SECS: u64 = 900;
/// The longest way back that is remembered.
const MAX_RETURN_BYTES: usize = 1_024;
/// Sign-ins that one browser may have begun and not ended; with more it forgets them all.
const MAX_UNDER_WAY: usize = 8;
/// What these may take of a request's head, in bytes; with more, too.
const MAX_UNDER_WAY_BYTES: usize = 8 * 1024;
/// What a page may ask for besides: nothing that decides who gets what.
const BESIDES: &[&str] = &["acr_values", "login_hint", "max_age", "ui_locales"];
/// What `prompt` may ask for.
const PROMPTS: &[&str] = &["login", "consent", "select_account", "create", "none"];
const PURPOSE: &str = "gateway sign-in";

/// What a sign-in must not forget.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    state: String,
    nonce: String,
    verifier: Zeroizing<String>,
    back: String,
    /// What a page asked in the words of an authorization request.
    page: Option<PageAsked>,
    /// The session that this browser has already.
    replaces: Option<Hash>,
    expires_at: u64,
}

/// `GET /login?return_to=/path`: sends the browser to the issuer.
pub(crate) async fn login(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(params) = Params::parse(query.unwrap_or_default().as_bytes()) else { return Page::Malformed.answer() };
    let back = back(&gateway, params.get("return_to"));
    begin(&gateway, &headers, &params, back, None).await
}

/// Sends the browser to the issuer, for whoever asked.
pub(crate) async fn begin(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    params: &Params,
    back: String,
    page: Option<PageAsked>,
) -> Response {
    // A page goes there; what a script fetches or a page embeds would only pile up cookies.
    if headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate") {
        return Problem::Malformed.into_response();
    }
    let under_way = UnderWay {
        state: random(),
        nonce: random(),
        verifier: Zeroizing::new(random()),
        back,
        page,
        replaces: gateway.session(headers).map(|shown| shown.session.hash),
        expires_at: gateway.clock.now().saturating_add(PATIENCE_SECS),
    };
    let asked = Questioned {
        state: &under_way.state,
        nonce: &under_way.nonce,
        verifier: &under_way.verifier,
        besides: besides(params),
    };
    let url = match gateway.provider.question(&gateway.config, &asked).await {
        Ok(url) => url,
        Err(error) => {
            tracing::error!(%error, "nobody can be sent to sign in");
            return Page::IssuerAway.answer();
        }
    };
    let plain = Zeroizing::new(serde_json::to_vec(&under_way).expect("it has only string keys"));
    let sealed = gateway.sealer.seal(PURPOSE, &plain);
    let transport = gateway.transport();
    let Some(cookie) = Cookie::SignIn(which(&under_way.state)).set(&sealed, PATIENCE_SECS, transport) else {
        return Page::Malformed.answer();
    };
    let mut response = see_other(url.as_str());
    let piled_up = piled_up(headers);
    let bytes = piled_up.iter().map(|(_, bytes)| bytes).sum::<usize>();
    if piled_up.len() >= MAX_UNDER_WAY || bytes > MAX_UNDER_WAY_BYTES {
        for (which, _) in piled_up {
            response.headers_mut().append(SET_COOKIE, Cookie::SignIn(which).clear(transport));
        }
    }
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// `GET /callback`: the issuer's answer.
pub(crate) async fn callback(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let state = Params::parse(query.as_bytes()).ok().and_then(|params| params.get("state").map(str::to_owned));
    let which = which(&state.unwrap_or_default());
    let Some(mut under_way) = under_way(&gateway, &headers, &which) else { return Page::NotAsked.answer() };
    let page = under_way.page.take();
    let mut response = match (arrive(&gateway, &query, &under_way).await, page) {
        (Ok((cookie, hash)), page) => {
            let back = page.map_or(Some(under_way.back), |asked| asked.yes(&gateway, hash));
            let mut response = see_other(back.as_deref().unwrap_or("/"));
            response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            response
        }
        // Whoever asked in those words is answered in them; what was not asked for is nobody's.
        (Err(why), Some(asked)) if why != Page::NotAsked => match asked.no(&gateway, why.error()) {
            Some(back) => see_other(&back),
            None => why.answer(),
        },
        (Err(why), _) => why.answer(),
    };
    // A question is asked once.
    response.headers_mut().append(SET_COOKIE, Cookie::SignIn(which).clear(gateway.transport()));
    response
}

fn under_way(gateway: &Gateway, headers: &HeaderMap, which: &str) -> Option<UnderWay> {
    let sealed = Cookie::SignIn(which.to_owned()).read(headers, gateway.transport()).ok()??;
    let plain = gateway.sealer.open(PURPOSE, sealed).ok()?;
    let under_way: UnderWay = serde_json::from_slice(&plain).ok()?;
    (gateway.clock.now() < under_way.expires_at).then_some(under_way)
}

/// Takes the answer; gives the new session's cookie and hash.
async fn arrive(
    gateway: &Arc<Gateway>,
    query: &str,
    under_way: &UnderWay,
) -> Result<(Option<HeaderValue>, Hash), Page> {
    let away = |error: ProviderError| {
        tracing::error!(%error, "a sign-in failed");
        match error {
            ProviderError::Away(_) => Page::IssuerAway,
            _ => Page::Failed,
        }
    };
    let facts = gateway.provider.facts().await.map_err(away)?;
    let issuer = gateway.provider.issuer();
    let code = match callback::read(query, &under_way.state, issuer, facts.metadata.names_itself()) {
        Ok(Callback::Code(code)) => Zeroizing::new(code),
        Ok(Callback::Declined(code)) if code == "access_denied" => return Err(Page::Declined),
        Ok(Callback::Declined(code)) if code.ends_with("_required") => return Err(Page::SignInNeeded),
        Ok(Callback::Declined(code)) => {
            tracing::warn!(error = code, "the issuer did not sign somebody in");
            return Err(Page::Failed);
        }
        Err(error) => {
            tracing::warn!(%error, "an answer was refused");
            return Err(Page::NotAsked);
        }
    };
    let audience = gateway.config.apis.first().and_then(|api| api.audience.as_deref());
    let asked = (under_way.verifier.as_str(), under_way.nonce.as_str());
    let (tokens, who) = gateway.provider.redeem(&gateway.config, &code, asked, audience).await.map_err(away)?;
    let claims = gateway.provider.says(&tokens.access_token, audience).await;
    let content = content(gateway, tokens, who, audience.unwrap_or_default(), claims);
    let old = under_way.replaces.map(|hash| gateway.sessions.by_hash(&hash));
    let (value, hash) = gateway.sessions.begin(content, under_way.replaces).await.map_err(|error| {
        tracing::error!(%error, "a session could not be stored");
        Page::Failed
    })?;
    if let Some(old) = old.flatten() {
        crate::sign_out::forget(gateway, vec![old]);
    }
    let cookie = Cookie::Session.set(&value, gateway.config.session.absolute_secs, gateway.transport());
    Ok((cookie, hash))
}

fn content(
    gateway: &Gateway,
    tokens: Tokens,
    who: SignedIn,
    audience: &str,
    claims: Option<Map<String, Value>>,
) -> Content {
    let now = gateway.clock.now();
    let access = Access::new(tokens.access_token, claims, now, tokens.expires_in);
    Content {
        sub: who.sub,
        sid: who.sid,
        claims: who.claims,
        scope: tokens.scope.unwrap_or_default(),
        id_token: tokens.id_token.unwrap_or_default(),
        refresh_token: tokens.refresh_token,
        access: BTreeMap::from([(audience.to_owned(), access)]),
        began_at: now,
    }
}

/// Where to go afterwards: to a path of this origin, or to a page of one that may use the gateway. Anywhere else, to the beginning.
pub(crate) fn back(gateway: &Gateway, asked: Option<&str>) -> String {
    let fits =
        |text: &&str| text.len() <= MAX_RETURN_BYTES && HeaderValue::from_str(text).is_ok_and(|it| it.to_str().is_ok());
    let asked = asked.filter(fits);
    let local = asked.and_then(LocalPath::parse).map(|path| path.as_str().to_owned());
    local
        .or_else(|| asked.filter(|text| may_go_back(gateway, text)).map(str::to_owned))
        .unwrap_or_else(|| "/".to_owned())
}

/// Whether this is a page of an origin that may use the gateway.
pub(crate) fn may_go_back(gateway: &Gateway, address: &str) -> bool {
    let origin = Url::parse(address).map(|url| url.origin().ascii_serialization());
    address.len() <= MAX_RETURN_BYTES && origin.is_ok_and(|origin| gateway.allowed.contains(&origin))
}

fn besides(params: &Params) -> Vec<(String, String)> {
    let named = BESIDES.iter().filter_map(|name| params.get(name).map(|value| (*name, value)));
    let prompt = params.get("prompt").filter(|prompt| prompt.split(' ').all(|one| PROMPTS.contains(&one)));
    named
        .chain(prompt.map(|prompt| ("prompt", prompt)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Tells sign-ins of one browser apart: the beginning of their `state`, as it can stand in a name.
fn which(state: &str) -> String {
    state.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

/// Sign-ins that this browser has begun and not ended, and how long each cookie is.
fn piled_up(headers: &HeaderMap) -> Vec<(String, usize)> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let of_ours = pairs.filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let rest = name.trim_start_matches("__Host-").strip_prefix("symbolon-gateway-sign-in-")?;
        Some((rest.split('-').next().unwrap_or_default().to_owned(), name.len() + value.len()))
    });
    of_ours.collect()
}

fn random() -> String {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRng.fill(bytes.as_mut_slice());
    base64url::encode(bytes.as_slice())
}

/// 303, which turns whatever came into a GET, and is kept by nobody.
pub(crate) fn see_other(to: &str) -> Response {
    let Ok(to) = HeaderValue::try_from(to) else { return Problem::Malformed.into_response() };
    (StatusCode::SEE_OTHER, [(LOCATION, to), (http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response()
}
