//! Pushed authorization requests (RFC 9126): a client proves who it is, says what it wants, and gets a `request_uri` for the browser.
//!
//! What is pushed is checked as a request at the authorization endpoint is, and again there. The `request_uri` is the client's own, good
//! for a minute to begin with, and used up by the answer: a page that is loaded again does no harm (§4). Refuses redirect URIs that are
//! not registered, and a `request_uri` in what is pushed (§2.1).

use std::fmt;

use crate::authorize::{self, Effective, ObjectKind, Source};
use crate::client_auth::{self, AuthenticatedClient};
use crate::confirmation::Confirmation;
use crate::context::Context;
use crate::error::OAuthError;
use crate::ids::ClientId;
use crate::params::{self, Params};
use crate::registration::Apis;
use crate::request_object::{Keys, Opener};
use crate::token_format::{OpaqueToken, TokenKind};
use serde::{Deserialize, Serialize};

/// What the `request_uri` of a pushed request begins with (RFC 9126 §2.2).
pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// What is kept of a pushed request. `Debug` shows no parameter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// Who pushed it.
    pub client_id: ClientId,
    /// Its parameters, those of the request object if there was one, as a query.
    query: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<ObjectKind>,
    /// When the browser must have arrived, Unix seconds.
    pub begin_until: u64,
}

impl fmt::Debug for PushedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client_id, query: _, object, begin_until } = self;
        f.debug_struct("PushedRequest")
            .field("client_id", client_id)
            .field("object", object)
            .field("begin_until", begin_until)
            .finish_non_exhaustive()
    }
}

/// How far the browser has come with a pushed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It brings the `request_uri` now, Unix seconds.
    At(u64),
    /// It was in time, and comes from a page that was shown then.
    Before,
}

impl PushedRequest {
    /// What it asks, if `client_id` is who pushed it and the browser is in time.
    ///
    /// # Errors
    /// [`OAuthError::PushedRequestUnknown`], whatever the cause.
    pub fn open(&self, hash: [u8; 32], client_id: &str, arrival: Arrival) -> Result<Effective, OAuthError> {
        let in_time = match arrival {
            Arrival::At(now) => now < self.begin_until,
            Arrival::Before => true,
        };
        if self.client_id != client_id || !in_time {
            return Err(OAuthError::PushedRequestUnknown);
        }
        let params = Params::parse_for_authorize(self.query.as_bytes())?;
        Ok(Effective { params, source: Source { pushed: Some(hash), object: self.object } })
    }
}

/// A request to keep, under the hash of the token, and the answer to give once it is kept.
#[derive(Clone, Debug)]
pub struct Push {
    /// What the `request_uri` ends in.
    pub token: OpaqueToken,
    /// What to keep.
    pub request: PushedRequest,
    /// How long the browser has to arrive with it, in seconds.
    pub expires_in: u64,
}

/// The JSON of a successful answer (RFC 9126 §2.2), with the status 201. `Debug` shows no `request_uri`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// For the browser.
    pub request_uri: String,
    /// Seconds.
    pub expires_in: u64,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request_uri: _, expires_in } = self;
        f.debug_struct("Answer").field("expires_in", expires_in).finish_non_exhaustive()
    }
}

impl Push {
    /// What the client is told.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer { request_uri: format!("{PREFIX}{}", self.token.reveal()), expires_in: self.expires_in }
    }
}

/// Whether a `request_uri` is one of ours; then what it ends in, if that is well-formed.
///
/// ```
/// use symbolon_oauth::pushed_request::reference;
/// assert!(reference("https://app.example/request").is_none());
/// assert!(reference("urn:ietf:params:oauth:request_uri:guessed").is_some_and(|found| found.is_err()));
/// ```
#[must_use]
pub fn reference(request_uri: &str) -> Option<Result<OpaqueToken, OAuthError>> {
    let token = request_uri.strip_prefix(PREFIX)?;
    Some(OpaqueToken::parse(TokenKind::PushedRequest, token).map_err(|_| OAuthError::PushedRequestUnknown))
}

/// Decides on a pushed request. `keys` are for its request object; `held` is what it has proven to hold while it pushed: as if its thumbprint stood in
/// `dpop_jkt` (RFC 9449 §10.1).
///
/// # Errors
/// What the authorization endpoint would refuse, and a `request_uri` (RFC 9126 §2.1: "Reject the request if the request_uri authorization request
/// parameter is provided").
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    held: Option<&Confirmation>,
    params: &Params,
    keys: Keys<'_>,
    apis: &dyn Apis,
) -> Result<Push, OAuthError> {
    let client = client.client();
    if params.get("request_uri").is_some() {
        return Err(OAuthError::ParameterInvalid("request_uri"));
    }
    // Who it is was proven by these, and no request needs to know how.
    let asked = params.iter().filter(|(name, _)| !client_auth::PARAMETERS.contains(name));
    let beside = Params::from_pairs(asked.chain([("client_id", client.client_id.as_str())]))?;
    let (params, object) = match beside.get("request") {
        None => (beside, None),
        Some(text) => {
            let opener = Opener { client, keys, issuer: ctx.issuer, now: ctx.now };
            let (params, kind) = opener.open(&beside, text)?;
            (params, Some(kind))
        }
    };
    let params = bound(params, held)?;
    let token = OpaqueToken::generate(TokenKind::PushedRequest, ctx.rng);
    let request = Effective { params, source: Source { pushed: Some(token.hash()), object } };
    let valid = authorize::validate(&request, Some(client), apis, ctx.issuer);
    authorize::check_sign_up(ctx, &valid.map_err(authorize::Rejection::into_error)?)?;
    let query = request.params.to_query();
    // Escaped it may be three times as long as it came, and what cannot be read again is not kept.
    if query.len() > params::MAX_BYTES {
        return Err(OAuthError::ParametersTooLarge);
    }
    let expires_in = ctx.lifetimes.pushed_request_secs;
    let request = PushedRequest {
        client_id: client.client_id.clone(),
        query,
        object,
        begin_until: ctx.now.saturating_add(expires_in),
    };
    Ok(Push { token, request, expires_in })
}

/// RFC 9449 §10.1: "the authorization server MUST reject the request if the JWK thumbprint in dpop_jkt does not match the public key in the
/// DPoP header".
fn bound(params: Params, held: Option<&Confirmation>) -> Result<Params, OAuthError> {
    let Some(Confirmation::Jkt(held)) = held else { return Ok(params) };
    match params.get("dpop_jkt") {
        None => Params::from_pairs(params.iter().chain([("dpop_jkt", held.as_str())])),
        Some(named) if named == held => Ok(params),
        Some(_) => Err(OAuthError::ParameterInvalid("dpop_jkt")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::MAX_BYTES;
    use crate::registration::Client;
    use crate::testing::{CHALLENGE, NOW, SPA_URI, apis, at, authenticated, spa, third_party};

    fn usual<'a>(client_id: &'a str, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
    }

    fn push(client: &Client, changes: &[(&str, &str)]) -> Result<Push, OAuthError> {
        let mut pairs = usual(client.client_id.as_str(), &client.redirect_uris[0]);
        pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        let params = Params::from_pairs(pairs.into_iter().chain(changes.iter().copied())).unwrap();
        at(NOW, |ctx| decide(ctx, authenticated(client), None, &params, Keys::default(), &apis()))
    }

    #[test]
    fn a_proof_beside_it_is_as_good_as_dpop_jkt_and_never_another_rfc_9449_10_1() {
        const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let held = Confirmation::Jkt(JKT.to_owned());
        let pushed = |more: &[(&str, &str)]| {
            let client = spa();
            let pairs = usual("spa", SPA_URI).into_iter().chain(more.iter().copied());
            let params = Params::from_pairs(pairs).unwrap();
            let push =
                at(NOW, |ctx| decide(ctx, authenticated(&client), Some(&held), &params, Keys::default(), &apis()))?;
            let opened = push.request.open([0; 32], "spa", Arrival::At(NOW))?;
            Ok(opened.params.get("dpop_jkt").map(str::to_owned))
        };
        assert_eq!(pushed(&[]), Ok(Some(JKT.to_owned())));
        assert_eq!(pushed(&[("dpop_jkt", JKT)]), Ok(Some(JKT.to_owned())));
        let other = JKT.replace('0', "1");
        assert_eq!(pushed(&[("dpop_jkt", &other)]), Err(OAuthError::ParameterInvalid("dpop_jkt")));
    }

    #[test]
    fn what_is_pushed_comes_back_to_its_client_for_a_minute() {
        let push = push(&spa(), &[]).unwrap();
        let hash = push.token.hash();
        let kept = serde_json::to_string(&push.request).unwrap();
        assert!(!kept.contains(push.token.reveal()));
        let request: PushedRequest = serde_json::from_str(&kept).unwrap();
        assert_eq!(request, push.request);
        let effective = request.open(hash, "spa", Arrival::At(NOW + 59)).unwrap();
        assert_eq!(effective.source, Source { pushed: Some(hash), object: None });
        assert_eq!((effective.params.get("state"), effective.params.get("redirect_uri")), (Some("s"), Some(SPA_URI)));
        // Begun in time, it may take as long as a person needs.
        assert!(request.open(hash, "spa", Arrival::Before).is_ok());
        for (client_id, arrival) in
            [("spa", Arrival::At(NOW + 60)), ("other", Arrival::At(NOW)), ("other", Arrival::Before)]
        {
            let refused = request.open(hash, client_id, arrival).err();
            assert_eq!(refused, Some(OAuthError::PushedRequestUnknown), "{client_id} {arrival:?}");
        }
    }

    #[test]
    fn the_request_uri_is_a_secret_of_its_kind_rfc_9126_7_1() {
        let push = push(&spa(), &[]).unwrap();
        let answer = push.answer();
        assert_eq!(answer.expires_in, 60);
        assert_eq!(reference(&answer.request_uri).unwrap().unwrap().hash(), push.token.hash());
        assert!(reference(&answer.request_uri.to_uppercase()).is_none());
        for wrong in ["", "x", "sym_ac_x", &push.token.reveal()[1..]] {
            let refused = reference(&format!("{PREFIX}{wrong}")).unwrap().err();
            assert_eq!(refused, Some(OAuthError::PushedRequestUnknown), "{wrong}");
        }
        assert!(!format!("{push:?} {answer:?}").contains(&push.token.reveal()[7..]));
        assert!(!format!("{:?}", push.request).contains(CHALLENGE));
    }

    #[test]
    fn what_the_authorization_endpoint_would_refuse_is_refused_rfc_9126_2_1() {
        for (change, error) in [
            (("request_uri", "urn:ietf:params:oauth:request_uri:x"), OAuthError::ParameterInvalid("request_uri")),
            (("request_uri", "https://app.example/"), OAuthError::ParameterInvalid("request_uri")),
            (("redirect_uri", "https://evil.example/"), OAuthError::RedirectUriNotRegistered),
            (("redirect_uri", ""), OAuthError::ParameterMissing("redirect_uri")),
            (("response_type", "token"), OAuthError::ResponseTypeNotAllowed),
            (("code_challenge", ""), OAuthError::CodeChallengeMissing),
            (("scope", "a\"b"), OAuthError::ScopeMalformed),
            (("audience", "https://nobody.example"), OAuthError::TargetUnknown),
            (("prompt", "none login"), OAuthError::PromptInvalid),
            (("request", "e30.e30."), OAuthError::RequestObjectInvalid("the request object must be signed")),
        ] {
            assert_eq!(push(&spa(), &[change]).err(), Some(error), "{change:?}");
        }
    }

    /// RFC 9126 §2.3: 413; told at once, and not to the person whose browser brings the `request_uri`.
    #[test]
    fn what_is_kept_can_be_read_again_rfc_9126_2_3() {
        let room = MAX_BYTES - push(&spa(), &[("x", "")]).unwrap().request.query.len();
        let pushed = |signs: usize| push(&spa(), &[("x", &"{".repeat(signs))]);
        let kept = pushed(room / 3).unwrap();
        assert!(kept.request.open(kept.token.hash(), "spa", Arrival::At(NOW)).is_ok());
        assert_eq!(pushed(room / 3 + 1).err(), Some(OAuthError::ParametersTooLarge));
    }

    #[test]
    fn how_the_client_proved_who_it_is_is_not_kept() {
        let client = third_party();
        let push = push(&client, &[("client_secret", "s3cret"), ("client_assertion", "x")]).unwrap();
        let kept = serde_json::to_string(&push.request).unwrap();
        assert!(!kept.contains("s3cret") && !kept.contains("client_assertion") && kept.contains("client_id=third"));
    }

    #[test]
    fn a_client_that_must_push_may_push() {
        let mut client = spa();
        client.requests.require_pushed_authorization_requests = true;
        assert!(push(&client, &[]).is_ok());
        client.requests.require_signed_request_object = true;
        assert_eq!(push(&client, &[]).err(), Some(OAuthError::RequestObjectRequired));
    }
}
