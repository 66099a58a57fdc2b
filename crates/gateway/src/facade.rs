//! The gateway in the words of an issuer in cookie mode, so that the browser SDK with `storage: 'cookie'` works against it unchanged: `issuer` is the gateway's
//! address, `clientId` is its `client_id`.
//!
//! A page asks `/authorize` for a code with PKCE; the gateway signs the person in at the real issuer; the code is good for the claims of the session
//! that this very browser has by then, and for no token. Signing out is `/oauth/revoke`, and `/logout` at the end.
//! Refused: other clients, ways back to origins that may not use the gateway, requests without S256, codes of another browser.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_oauth::Params;
use symbolon_oauth::pkce::{self, CodeChallenge};
use symbolon_server::sdk::{self, Keep};
use url::Url;
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::page::Page;
use crate::problem::Problem;
use crate::sign_in;
use crate::sign_out;
use crate::state::{answer, told};
use crate::store::Hash;

/// How long a code is good, seconds.
const CODE_SECS: u64 = 60;
const PURPOSE: &str = "gateway code";
/// The longest `state` and `nonce` of a page: they travel in a cookie.
const MAX_ASKED_BYTES: usize = 256;

/// What a page asked, in the words of an authorization request.
#[derive(Serialize, Deserialize)]
pub(crate) struct PageAsked {
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: CodeChallenge,
}

/// What a code stands for.
#[derive(Serialize, Deserialize)]
struct Code {
    session: Hash,
    nonce: Option<String>,
    challenge: CodeChallenge,
    expires_at: u64,
}

/// `GET /.well-known/openid-configuration`, for the SDK. Other clients have nothing to do here.
pub(crate) async fn metadata(State(gateway): State<Arc<Gateway>>) -> Response {
    let at = |path: &str| gateway.config.origin.at(path);
    answer(&json!({
        "issuer": gateway.config.origin.as_str(),
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/oauth/token"),
        "revocation_endpoint": at("/oauth/revoke"),
        "end_session_endpoint": at("/logout"),
        "jwks_uri": at("/jwks.json"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

/// `GET /sdk/v1/…`: the browser SDK, from the app's own origin.
pub(crate) async fn sdk(Path(name): Path<String>) -> Response {
    let Some((file, keep)) = sdk::find(&name) else { return Problem::NotFound.into_response() };
    let cache = match keep {
        Keep::Minutes => "public, max-age=300",
        Keep::ForEver => "public, max-age=31536000, immutable",
        Keep::Not => "no-store",
    };
    ([(CONTENT_TYPE, file.content_type), (CACHE_CONTROL, cache)], file.content).into_response()
}

/// `GET /authorize`: signs somebody in, and comes back to the page with a code.
pub(crate) async fn authorize(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    // APIs may be named as often as there are.
    let Ok(params) = Params::parse_for_authorize(query.unwrap_or_default().as_bytes()) else {
        return Page::Malformed.answer();
    };
    match read(&gateway, &params) {
        Some(asked) => sign_in::begin(&gateway, &headers, &params, String::new(), Some(asked)).await,
        None => Page::Malformed.answer(),
    }
}

fn read(gateway: &Gateway, params: &Params) -> Option<PageAsked> {
    let once = |name: &str| params.get(name).filter(|_| !params.is_repeated(name));
    let redirect_uri = once("redirect_uri").filter(|uri| sign_in::may_go_back(gateway, uri))?;
    let is_ours = once("client_id") == Some(gateway.config.client_id.as_str()) && once("response_type") == Some("code");
    let challenge = CodeChallenge::from_request(once("code_challenge"), once("code_challenge_method")).ok()??;
    let (state, nonce) = (once("state"), once("nonce"));
    let fits = [state, nonce].into_iter().flatten().all(|value| value.len() <= MAX_ASKED_BYTES);
    (is_ours && fits).then(|| PageAsked {
        redirect_uri: redirect_uri.to_owned(),
        state: state.map(str::to_owned),
        nonce: nonce.map(str::to_owned),
        challenge,
    })
}

impl PageAsked {
    /// Where to go with a code for `session`.
    pub(crate) fn yes(self, gateway: &Gateway, session: Hash) -> Option<String> {
        let expires_at = gateway.clock.now().saturating_add(CODE_SECS);
        let code = Code { session, nonce: self.nonce.clone(), challenge: self.challenge.clone(), expires_at };
        let plain = Zeroizing::new(serde_json::to_vec(&code).expect("it has only string keys"));
        self.back(gateway, "code", &gateway.sealer.seal(PURPOSE, &plain))
    }

    /// Where to go with a no.
    pub(crate) fn no(&self, gateway: &Gateway, error: &str) -> Option<String> {
        self.back(gateway, "error", error)
    }

    fn back(&self, gateway: &Gateway, name: &str, value: &str) -> Option<String> {
        let mut url = Url::parse(&self.redirect_uri).ok()?;
        url.query_pairs_mut()
            .append_pair(name, value)
            .extend_pairs(self.state.as_ref().map(|state| ("state", state)))
            // RFC 9207 §2.
            .append_pair("iss", gateway.config.origin.as_str());
        Some(url.into())
    }
}

/// `POST /oauth/token`: the claims of the session that the code is for.
pub(crate) async fn token(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    let form = match sign_out::form(&headers, body).await {
        Ok(form) => form,
        Err(problem) => return problem.into_response(),
    };
    if let Err(problem) = gateway.refuse_foreign(&Method::POST, &uri, &headers) {
        return problem.into_response();
    }
    if let Some(told) = redeem(&gateway, &headers, &form) {
        return answer(&told);
    }
    let why = "the code is not of this browser, or not good any more";
    (StatusCode::BAD_REQUEST, answer(&json!({ "error": "invalid_grant", "error_description": why }))).into_response()
}

fn redeem(gateway: &Gateway, headers: &HeaderMap, form: &Params) -> Option<Value> {
    form.get("grant_type").filter(|grant| *grant == "authorization_code")?;
    let plain = gateway.sealer.open(PURPOSE, form.get("code")?).ok()?;
    let code: Code = serde_json::from_slice(&plain).ok()?;
    pkce::verify(Some(&code.challenge), form.get("code_verifier")).ok()?;
    let shown = gateway.session(headers).filter(|shown| shown.session.hash == code.session)?;
    if gateway.clock.now() >= code.expires_at {
        return None;
    }
    let mut told = told(gateway, &shown);
    told["id_token_claims"] = json!({ "nonce": code.nonce });
    Some(told)
}
