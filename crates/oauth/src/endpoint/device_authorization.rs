//! The device authorization endpoint (RFC 8628 §3.1, §3.2), and what the person is asked on the page that it leads to (§3.3).
//!
//! Whoever started the request is not whom the answer gives power over: so the page always asks, also for first-party clients and for
//! what was allowed before, and shows where the request came from (RFC 8628 §5.4; RFC 10027 on cross-device flows).

use serde::{Deserialize, Serialize};

use crate::authorize::SessionFacts;
use crate::client_auth::AuthenticatedClient;
use crate::context::Context;
use crate::endpoint::path;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::ids::{ClientId, Issuer, random_id};
use crate::params::Params;
use crate::registration::{Api, Apis, Client};
use crate::scope::Scope;
use crate::target;
use crate::token_format::{OpaqueToken, TokenKind};
use crate::user_code::UserCode;

/// How long a device waits for its user, in seconds: a code that was sent to somebody else is soon worth nothing.
pub const LIFETIME_SECS: u64 = 600;
/// How long a device waits between two requests, in seconds (RFC 8628 §3.2).
pub const INTERVAL_SECS: u64 = 5;

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Unknown names are dropped later.
    pub scope: Scope,
    /// The API, if one was named.
    pub target: Option<String>,
}

impl Request {
    /// Reads the parameters.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let scope = Scope::parse(params.get("scope").unwrap_or_default())?;
        Ok(Self { scope, target: target::requested(params)?.map(str::to_owned) })
    }
}

/// What waits under a device code until its user has answered, and afterwards for the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceGrant {
    /// Whose code it is.
    pub client_id: ClientId,
    /// The family that will be born of it.
    pub family_id: String,
    /// What is asked for, and once it is allowed, what the page showed.
    pub scope: Scope,
    /// The API, if one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where the request came from.
    pub device: Device,
    /// What its user said.
    pub answer: Answer,
}

/// The device as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its address.
    pub address: String,
    /// Its `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What became of the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, in this session.
    Allowed {
        /// When the user really authenticated.
        auth_time: u64,
        /// By what means.
        amr: Vec<String>,
        /// How strongly.
        acr: Option<String>,
    },
    /// No.
    Denied,
    /// None yet.
    Pending,
}

/// A request to store and to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// For the device: the store gets its hash.
    pub device_code: OpaqueToken,
    /// For the person: the store gets its hash.
    pub user_code: UserCode,
    /// What is kept with the device code.
    pub grant: DeviceGrant,
    /// When both end.
    pub expires_at: u64,
}

/// Decides whether a device may ask somebody.
///
/// # Errors
/// The client is not registered for the grant, or the API is not one it may ask for.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    request: &Request,
    device: Device,
    apis: &dyn Apis,
) -> Result<Started, OAuthError> {
    let client = client.client();
    if !client.may_use(Grant::DeviceCode) {
        return Err(OAuthError::GrantNotAllowed);
    }
    let api = target::for_user(client, request.target.as_deref(), ctx.issuer, apis)?;
    let grant = DeviceGrant {
        client_id: client.client_id.clone(),
        family_id: random_id(ctx.rng),
        scope: target::scope_for_user(client, api, &request.scope),
        audience: api.map(|api| api.identifier.clone()),
        device,
        answer: Answer::Pending,
    };
    Ok(Started {
        device_code: OpaqueToken::generate(TokenKind::DeviceCode, ctx.rng),
        user_code: UserCode::generate(ctx.rng),
        grant,
        expires_at: ctx.now.saturating_add(LIFETIME_SECS),
    })
}

/// The JSON of the answer (RFC 8628 §3.2). `Debug` shows no code.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Response {
    /// For the device alone.
    pub device_code: String,
    /// To show.
    pub user_code: String,
    /// Where it is typed.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code (RFC 8628 §3.3.1).
    pub verification_uri_complete: String,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds.
    pub interval: u64,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("verification_uri", &self.verification_uri).finish_non_exhaustive()
    }
}

impl Started {
    /// The answer to the device.
    #[must_use]
    pub fn response(&self, issuer: &Issuer) -> Response {
        let verification_uri = issuer.endpoint(path::DEVICE);
        Response {
            device_code: self.device_code.reveal().to_owned(),
            user_code: self.user_code.to_string(),
            verification_uri_complete: format!("{verification_uri}?user_code={}", self.user_code),
            verification_uri,
            expires_in: LIFETIME_SECS,
            interval: INTERVAL_SECS,
        }
    }
}

/// What the page asks: always all of it, whatever was allowed before.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The API, if one is asked for.
    pub api: Option<&'a Api>,
}

impl<'a> Question<'a> {
    /// What a person can be asked now of what was asked for then, an API and a scope, for any grant that waits for an answer. Gives the scope
    /// that can be had.
    pub(super) fn about(
        grant: Grant,
        (audience, scope): (Option<&str>, &Scope),
        issuer: &Issuer,
        client: Option<&'a Client>,
        apis: &'a dyn Apis,
    ) -> Result<(Self, Scope), OAuthError> {
        let client = client.ok_or(OAuthError::ClientUnknown)?;
        if client.disabled {
            return Err(OAuthError::ClientDisabled);
        }
        if !client.may_use(grant) {
            return Err(OAuthError::GrantNotAllowed);
        }
        let api = target::of_grant(issuer, client, audience, None, apis)?;
        Ok((Self { client, api }, target::scope_for_user(client, api, scope)))
    }
}

impl DeviceGrant {
    /// What a person can be asked now: what is registered may have changed since the device asked. Gives the scope that can be had.
    ///
    /// # Errors
    /// The client or the API is switched off, or may not do this any more.
    pub fn question<'a>(
        &self,
        issuer: &Issuer,
        client: Option<&'a Client>,
        apis: &'a dyn Apis,
    ) -> Result<(Question<'a>, Scope), OAuthError> {
        Question::about(Grant::DeviceCode, (self.audience.as_deref(), &self.scope), issuer, client, apis)
    }

    /// The same, allowed by whoever is signed in, with the scope that the page showed.
    #[must_use]
    pub fn allowed(&self, shown: &Scope, session: &SessionFacts) -> Self {
        let answer =
            Answer::Allowed { auth_time: session.auth_time, amr: session.amr.clone(), acr: session.acr.clone() };
        Self { scope: shown.clone(), answer, ..self.clone() }
    }

    /// The same, denied.
    #[must_use]
    pub fn denied(&self) -> Self {
        Self { answer: Answer::Denied, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{API, NOW, apis, at, authenticated, issuer, machine, third_party, tv};

    fn device() -> Device {
        Device { address: "192.0.2.7".to_owned(), user_agent: None }
    }

    fn start(client: &Client, form: &str) -> Result<Started, OAuthError> {
        let request = Request::parse(&Params::parse(form.as_bytes())?)?;
        at(NOW, |ctx| decide(ctx, authenticated(client), &request, device(), &apis()))
    }

    #[test]
    fn a_registered_client_gets_two_codes_rfc_8628_3_2() {
        let started = start(&tv(), "scope=openid+read%3Adragons+fly&audience=http%3A%2F%2Flocalhost%3A4402").unwrap();
        assert_eq!(started.grant.scope.to_string(), "openid read:dragons");
        assert_eq!(started.grant.audience.as_deref(), Some(API));
        assert_eq!((started.grant.answer.clone(), started.expires_at), (Answer::Pending, NOW + 600));
        let json = serde_json::to_value(started.response(&issuer())).unwrap();
        assert_eq!(json["verification_uri"], "https://auth.example/device");
        let complete = format!("https://auth.example/device?user_code={}", started.user_code);
        assert_eq!(json["verification_uri_complete"], complete);
        assert_eq!((&json["expires_in"], &json["interval"]), (&600.into(), &5.into()));
        assert!(json["device_code"].as_str().unwrap().starts_with("sym_dc_"));
        let shown = format!("{started:?} {:?}", started.response(&issuer()));
        assert!(!shown.contains(&started.user_code.to_string()) && !shown.contains(started.device_code.reveal()));
    }

    #[test]
    fn the_grant_is_off_unless_registered_and_the_api_must_be_the_clients() {
        for client in [third_party(), machine()] {
            assert_eq!(start(&client, "scope=openid"), Err(OAuthError::GrantNotAllowed));
        }
        assert_eq!(start(&tv(), "audience=https%3A%2F%2Felsewhere.example"), Err(OAuthError::TargetUnknown));
        assert_eq!(start(&tv(), "scope=a%22"), Err(OAuthError::ScopeMalformed));
    }

    #[test]
    fn what_is_asked_is_judged_again_when_the_page_is_shown() {
        let issuer = issuer();
        let grant = start(&tv(), &format!("scope=openid+read%3Adragons&resource={API}")).unwrap().grant;
        let asked = |client: Option<&Client>, apis: Vec<Api>| {
            grant.question(&issuer, client, &apis).map(|(_, scope)| scope.to_string())
        };
        assert_eq!(asked(Some(&tv()), apis()), Ok("openid read:dragons".to_owned()));
        assert_eq!(asked(None, apis()), Err(OAuthError::ClientUnknown));
        assert_eq!(asked(Some(&Client { disabled: true, ..tv() }), apis()), Err(OAuthError::ClientDisabled));
        let no_more = Client { grant_types: third_party().grant_types, ..tv() };
        assert_eq!(asked(Some(&no_more), apis()), Err(OAuthError::GrantNotAllowed));
        let mut off = apis();
        off[0].disabled = true;
        assert_eq!(asked(Some(&tv()), off), Err(OAuthError::TargetUnknown));
        let mut less = apis();
        less[0].scopes.clear();
        assert_eq!(asked(Some(&tv()), less), Ok("openid".to_owned()));
    }

    #[test]
    fn an_answer_keeps_what_was_asked_and_what_was_shown() {
        let grant = start(&tv(), "scope=openid+email").unwrap().grant;
        let session = SessionFacts {
            user_id: "usr_ada".to_owned(),
            sid: "s".to_owned(),
            auth_time: NOW - 9,
            amr: vec!["pwd".to_owned()],
            acr: None,
        };
        let shown = Scope::parse("openid").unwrap();
        let allowed = grant.allowed(&shown, &session);
        assert_eq!((allowed.scope.to_string().as_str(), &allowed.family_id), ("openid", &grant.family_id));
        let stored = serde_json::to_value(&allowed).unwrap();
        assert_eq!(serde_json::from_value::<DeviceGrant>(stored).unwrap(), allowed);
        assert_eq!(grant.denied().answer, Answer::Denied);
    }
}
