//! How a client that asks people on another device learns their answer (CIBA Core 1.0 §4). Nothing of it is so unless its registration
//! says it.

use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

use super::validate::Faults;
use super::{Client, ClientKind};
use crate::grant::Grant;
use crate::profile::Demand;
use crate::redirect_uri;

/// How the answer gets to the client (§5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// It is told that there is one, and asks for it.
    Ping,
    /// It asks until there is one.
    Poll,
    /// It gets the tokens themselves.
    Push,
}

impl DeliveryMode {
    /// Every mode.
    pub const ALL: &'static [Self] = &[Self::Poll, Self::Ping, Self::Push];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Poll => "poll",
            Self::Push => "push",
        }
    }
}

/// Part of a [`Client`]'s document, with the members' names of the standard.
///
/// ```
/// use symbolon_oauth::registration::{Backchannel, DeliveryMode};
/// let backchannel: Backchannel = serde_json::from_str(r#"{"backchannel_token_delivery_mode": "poll"}"#)?;
/// assert_eq!(backchannel.backchannel_token_delivery_mode, Some(DeliveryMode::Poll));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backchannel {
    /// How it learns the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_token_delivery_mode: Option<DeliveryMode>,
    /// Where it is told, for ping and push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_client_notification_endpoint: Option<String>,
    /// What its requests are signed with; `None` means that it does not sign them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_authentication_request_signing_alg: Option<Algorithm>,
    /// Whether it would send user codes, which there are none of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_user_code_parameter: bool,
}

impl Client {
    pub(super) fn check_backchannel(&self, faults: &mut Faults) {
        const ENDPOINT: &str = "backchannel_client_notification_endpoint";
        const SIGNING_ALG: &str = "backchannel_authentication_request_signing_alg";
        let Backchannel {
            backchannel_token_delivery_mode: mode,
            backchannel_client_notification_endpoint: endpoint,
            backchannel_authentication_request_signing_alg: alg,
            backchannel_user_code_parameter: user_code,
        } = &self.backchannel;
        if self.may_use(Grant::Ciba) {
            faults.check(
                !self.is_public() && matches!(self.kind, ClientKind::Native | ClientKind::Web),
                "grant_types",
                "ciba is for confidential native and web clients",
            );
            faults.check(mode.is_some(), "backchannel_token_delivery_mode", "ciba needs one: poll, ping or push");
            let sessions = "what is pushed is no session value: use jwt";
            let pushed = *mode == Some(DeliveryMode::Push);
            faults.check(!pushed || !self.gets_sessions(), "access_token_format", sessions);
            let bound = "what is pushed is bound to no key: use ping";
            faults.check(!pushed || !self.must_bind(), "backchannel_token_delivery_mode", bound);
            let must_sign = self.profile().demands(Demand::SignedBackchannelRequest);
            faults.check(!must_sign || alg.is_some(), SIGNING_ALG, "the security profile wants signed requests");
        }
        let is_told = matches!(mode, Some(DeliveryMode::Ping | DeliveryMode::Push));
        faults.check(!is_told || endpoint.is_some(), ENDPOINT, "ping and push need it");
        if let Some(uri) = endpoint {
            // §4: "It MUST be an HTTPS URL". A server receives it, whatever kind of program the client is.
            faults.check_value(redirect_uri::check_registration(uri, ClientKind::Web), ENDPOINT, uri);
        }
        let can_sign = |alg: Algorithm| {
            let set = self.jwks.as_ref().and_then(|jwks| JwkSet::from_value(jwks).ok());
            // Keys behind a jwks_uri are looked at when they are used.
            self.jwks_uri().is_some() || set.is_some_and(|set| !VerifyingKeys::from_jwks(&set, &[alg]).is_empty())
        };
        // §7.1.1: "The JWT MUST be secured with an asymmetric signature"; `none` there is none.
        faults.check(
            alg.is_none_or(|alg| !alg.is_symmetric() && can_sign(alg)),
            SIGNING_ALG,
            "must be a signature for which the client has registered a public key",
        );
        faults.check(!user_code, "backchannel_user_code_parameter", "user codes are not supported");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{machine, spa, third_party};
    use serde_json::{Value, json};
    use symbolon_jose::Jwk;

    fn with(client: Client, members: Value) -> Client {
        let mut client = client;
        client.grant_types.insert(Grant::Ciba.name().to_owned());
        Client { backchannel: serde_json::from_value(members).unwrap(), ..client }
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn each_mode_can_be_registered() {
        for members in [
            json!({"backchannel_token_delivery_mode": "poll"}),
            json!({"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "https://a.example/cb"}),
            json!({"backchannel_token_delivery_mode": "push", "backchannel_client_notification_endpoint": "https://a.example/cb"}),
        ] {
            let client = with(third_party(), members.clone());
            assert_eq!(client.validate(), Ok(()), "{members}");
            let written = serde_json::to_value(&client).unwrap();
            assert_eq!(written["backchannel_token_delivery_mode"], members["backchannel_token_delivery_mode"]);
            assert_eq!(serde_json::from_value::<Client>(written).unwrap(), client);
        }
    }

    #[test]
    fn ciba_section_4_what_a_mode_needs_must_be_there() {
        faulty(&with(third_party(), json!({})), "backchannel_token_delivery_mode");
        for mode in ["ping", "push"] {
            let members = json!({ "backchannel_token_delivery_mode": mode });
            faulty(&with(third_party(), members), "backchannel_client_notification_endpoint");
            for uri in ["http://a.example/cb", "https://a.example/#x", "com.example:/cb", "https://u:p@a.example/"] {
                let members = json!({
                    "backchannel_token_delivery_mode": mode, "backchannel_client_notification_endpoint": uri
                });
                faulty(&with(third_party(), members), "backchannel_client_notification_endpoint");
            }
        }
    }

    #[test]
    fn ciba_section_4_requests_are_signed_by_asymmetric_keys_that_are_known() {
        let signing = |alg: &str| json!({"backchannel_token_delivery_mode": "poll", "backchannel_authentication_request_signing_alg": alg});
        let member = "backchannel_authentication_request_signing_alg";
        faulty(&with(third_party(), signing("ES256")), member);
        faulty(&with(third_party(), signing("HS256")), member);
        assert!(serde_json::from_value::<Backchannel>(signing("none")).is_err());
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let jwks = Some(json!({ "keys": [jwk.public_value().unwrap()] }));
        assert_eq!(with(Client { jwks, ..third_party() }, signing("ES256")).validate(), Ok(()));
    }

    #[test]
    fn public_clients_machines_and_user_codes_are_refused() {
        let poll = json!({"backchannel_token_delivery_mode": "poll"});
        for client in [spa(), machine()] {
            faulty(&with(client, poll.clone()), "grant_types");
        }
        let codes = json!({"backchannel_token_delivery_mode": "poll", "backchannel_user_code_parameter": true});
        faulty(&with(third_party(), codes), "backchannel_user_code_parameter");
    }
}
