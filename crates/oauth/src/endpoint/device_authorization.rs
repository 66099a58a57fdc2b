//! The device authorization endpoint (RFC 8628 §3.1, §3.2).

use serde::{Deserialize, Serialize};

use crate::authorize::SessionFacts;
use crate::client_auth::AuthenticatedClient;
use crate::context::Context;
use crate::endpoint::elsewhere::{Answer, Asked, Device, Wanted};
use crate::endpoint::path;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::ids::Issuer;
use crate::registration::Apis;
use crate::scope::Scope;
use crate::token_format::{OpaqueToken, TokenKind};
use crate::user_code::UserCode;

/// How long a device waits between two requests, in seconds (RFC 8628 §3.2).
pub const INTERVAL_SECS: u64 = 5;

/// What waits under a device code until its user has answered, and afterwards for the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceGrant {
    /// What is asked, and what was answered.
    #[serde(flatten)]
    pub asked: Asked,
    /// Where the request came from.
    pub device: Device,
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
    /// In how many seconds that is.
    pub expires_in: u64,
}

/// Decides whether a device may ask somebody.
///
/// # Errors
/// The client is not registered for the grant, or wants what it may not ask for.
pub fn decide(
    ctx: &mut Context<'_>,
    client: AuthenticatedClient<'_>,
    wanted: &Wanted,
    device: Device,
    apis: &dyn Apis,
) -> Result<Started, OAuthError> {
    let client = client.client();
    if !client.may_use(Grant::DeviceCode) {
        return Err(OAuthError::GrantNotAllowed);
    }
    let asked = Asked::begin(ctx, client, wanted, apis)?;
    let expires_in = ctx.lifetimes.device_code_secs;
    Ok(Started {
        device_code: OpaqueToken::generate(TokenKind::DeviceCode, ctx.rng),
        user_code: UserCode::generate(ctx.rng),
        grant: DeviceGrant { asked, device },
        expires_at: ctx.now.saturating_add(expires_in),
        expires_in,
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
            expires_in: self.expires_in,
            interval: INTERVAL_SECS,
        }
    }
}

impl AsRef<Asked> for DeviceGrant {
    fn as_ref(&self) -> &Asked {
        &self.asked
    }
}

impl DeviceGrant {
    /// The same, allowed by whoever is signed in, with the scope that the page showed.
    #[must_use]
    pub fn allowed(mut self, shown: &Scope, session: &SessionFacts) -> Self {
        self.asked.allow(shown, session);
        self
    }

    /// The same, denied.
    #[must_use]
    pub fn denied(mut self) -> Self {
        self.asked.answer = Answer::Denied;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::registration::Client;
    use crate::testing::{API, NOW, apis, at, authenticated, issuer, machine, third_party, tv};

    fn device() -> Device {
        Device { address: "192.0.2.7".to_owned(), user_agent: None }
    }

    fn start(client: &Client, form: &str) -> Result<Started, OAuthError> {
        let wanted = Wanted::parse(&Params::parse(form.as_bytes())?)?;
        at(NOW, |ctx| decide(ctx, authenticated(client), &wanted, device(), &apis()))
    }

    #[test]
    fn a_registered_client_gets_two_codes_rfc_8628_3_2() {
        let started = start(&tv(), "scope=openid+read%3Adragons+fly&audience=http%3A%2F%2Flocalhost%3A4402").unwrap();
        assert_eq!(started.grant.asked.scope.to_string(), "openid read:dragons");
        assert_eq!(started.grant.asked.audience.as_deref(), Some(API));
        assert_eq!((started.grant.asked.answer.clone(), started.expires_at), (Answer::Pending, NOW + 600));
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
        let allowed = grant.clone().allowed(&shown, &session);
        assert_eq!(
            (allowed.asked.scope.to_string().as_str(), &allowed.asked.family_id),
            ("openid", &grant.asked.family_id)
        );
        let stored = serde_json::to_value(&allowed).unwrap();
        assert_eq!(serde_json::from_value::<DeviceGrant>(stored).unwrap(), allowed);
        assert_eq!(grant.denied().asked.answer, Answer::Denied);
    }
}
