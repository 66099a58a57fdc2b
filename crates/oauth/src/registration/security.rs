//! The member that says which security profile a client keeps, and what of a registration contradicts it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use symbolon_jose::{Algorithm, ContentEncryption, JwkSet, KeyManagement, VerifyingKeys};
use url::Url;

use super::validate::Faults;
use super::{AccessTokenFormat, AuthMethod, Client, ClientKind, Encryption, RequestObjectAlg, responses};
use crate::ids::is_loopback;
use crate::profile::{Demand, SecurityProfile};

/// Part of a [`Client`]'s document.
///
/// ```
/// use symbolon_oauth::profile::SecurityProfile;
/// use symbolon_oauth::registration::{Client, Security};
/// use symbolon_oauth::ClientId;
/// let mut client = Client::web(ClientId::parse("bank")?, "Bank");
/// client.security = Security { security_profile: SecurityProfile::Fapi2, ..Security::default() };
/// assert_eq!(serde_json::to_value(&client).unwrap()["security_profile"], "fapi2");
/// assert!(client.validate().is_err(), "a client with a secret keeps no such profile");
/// # Ok::<(), symbolon_oauth::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// What it keeps to beyond its own switches.
    #[serde(default)]
    pub security_profile: SecurityProfile,
    /// The types of authorization details it may ask for (RFC 9396 §10); none unless it says so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub authorization_details_types: BTreeSet<String>,
    /// What signed answers to its introspection are signed with; RS256 if absent, where the profile allows that (RFC 9701 §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<Algorithm>,
    /// How the content key of encrypted answers to its introspection reaches it; they are not encrypted if absent (RFC 9701 §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_alg: Option<KeyManagement>,
    /// What their content is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_enc: Option<ContentEncryption>,
    /// How the content key of its encrypted request objects reaches this server, which has a key for it from then on (OpenID Connect
    /// Registration §2). It may send others, and ones that are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyManagement>,
    /// What their content is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentEncryption>,
}

impl Client {
    /// With the profile, and with those members that have a default moved to what the profile allows.
    #[must_use]
    pub fn with_profile(mut self, profile: SecurityProfile) -> Self {
        self.security.security_profile = profile;
        if !profile.allows_auth_method(self.token_endpoint_auth_method) {
            self.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        }
        if profile != SecurityProfile::Oidc && !profile.allows_alg(self.id_token_signed_response_alg) {
            self.id_token_signed_response_alg = Algorithm::ES256;
        }
        self
    }

    /// What signed answers to its introspection are signed with.
    #[must_use]
    pub fn introspection_alg(&self) -> Algorithm {
        let registered = self.security.introspection_signed_response_alg;
        registered.unwrap_or_else(|| self.allowed_or_own(Algorithm::RS256))
    }

    /// How signed answers to its introspection are encrypted, if they are.
    #[must_use]
    pub fn introspection_encryption(&self) -> Option<Encryption> {
        let Security { introspection_encrypted_response_alg: alg, introspection_encrypted_response_enc: enc, .. } =
            self.security;
        responses::encryption(alg, enc)
    }

    pub(super) fn check_security(&self, faults: &mut Faults) {
        let Security { introspection_encrypted_response_alg: alg, introspection_encrypted_response_enc: enc, .. } =
            self.security;
        let names = ("introspection_encrypted_response_alg", "introspection_encrypted_response_enc");
        responses::check_encryption(self, faults, names, (alg, enc));
        faults.check(
            !self.introspection_alg().is_symmetric(),
            "introspection_signed_response_alg",
            "HMAC would need a readable secret; choose a signature",
        );
        let Security { request_object_encryption_alg: alg, request_object_encryption_enc: enc, .. } = self.security;
        faults.check(
            alg.is_none_or(|alg| !alg.is_symmetric()),
            "request_object_encryption_alg",
            "a shared secret would have to be readable; choose a public key's",
        );
        faults.check(
            enc.is_none() || alg.is_some(),
            "request_object_encryption_enc",
            "needs request_object_encryption_alg",
        );
        let profile = self.profile();
        if profile == SecurityProfile::Oidc {
            return;
        }
        self.check_methods(profile, faults);
        self.check_answers(profile, faults);
        faults.check(
            self.require_pkce || !profile.demands(Demand::CodeChallenge),
            "require_pkce",
            "the security profile wants PKCE",
        );
        for uri in &self.redirect_uris {
            let plain = Url::parse(uri)
                .is_ok_and(|url| url.scheme() == "http" && !(self.kind == ClientKind::Native && is_loopback(&url)));
            let result = if plain && profile.demands(Demand::Https) {
                Err("the security profile allows plain http only on loopback, for native clients")
            } else {
                Ok(())
            };
            faults.check_value(result, "redirect_uris", uri);
        }
        let bound = profile.demands(Demand::BoundTokens);
        faults.check(
            !bound || self.access_token_format == AccessTokenFormat::Jwt,
            "access_token_format",
            "the security profile wants tokens that are bound to a key: use jwt",
        );
        faults.check(!self.password_sign_in, "password_sign_in", "the security profile lets no client see passwords");
    }

    fn check_methods(&self, profile: SecurityProfile, faults: &mut Faults) {
        faults.check(
            profile.allows_auth_method(self.token_endpoint_auth_method),
            "token_endpoint_auth_method",
            "the security profile wants private_key_jwt or mutual TLS",
        );
        faults.check(
            !(self.legacy_assertion_audience && profile.demands(Demand::IssuerAudience)),
            "legacy_assertion_audience",
            "the security profile takes the issuer alone as audience",
        );
        // Keys behind a jwks_uri are looked at when they are used.
        let set = self.jwks.as_ref().and_then(|jwks| JwkSet::from_value(jwks).ok());
        let signs = self.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt || self.must_sign_requests();
        faults.check(
            !signs || set.is_none_or(|set| !VerifyingKeys::from_jwks(&set, profile.signing_algs()).is_empty()),
            "jwks",
            "the security profile wants a key for PS256, ES256 or EdDSA",
        );
    }

    fn check_answers(&self, profile: SecurityProfile, faults: &mut Faults) {
        for response_type in self.responses.response_types.iter().copied() {
            let allowed = profile.allows_response_type(response_type);
            let result = if allowed { Ok(()) } else { Err("is not for this security profile") };
            faults.check_value(result, "response_types", response_type.name());
        }
        let modes = &self.responses.response_modes;
        let code_only = self.responses.response_types.iter().all(|one| !one.has_id_token());
        faults.check(
            !(profile.demands(Demand::SignedAnswer) && code_only)
                || modes.is_empty()
                || modes.iter().any(|mode| mode.is_signed()),
            "response_modes",
            "the security profile wants signed answers: one that ends in jwt",
        );
        let algs = [
            ("id_token_signed_response_alg", Some(self.id_token_signed_response_alg)),
            ("authorization_signed_response_alg", self.responses.authorization_signed_response_alg),
            (
                "backchannel_authentication_request_signing_alg",
                self.backchannel.backchannel_authentication_request_signing_alg,
            ),
            ("introspection_signed_response_alg", self.security.introspection_signed_response_alg),
            ("userinfo_signed_response_alg", self.userinfo.userinfo_signed_response_alg),
        ];
        for (member, alg) in algs {
            let allowed = alg.is_none_or(|alg| profile.allows_alg(alg));
            faults.check(allowed, member, "the security profile wants PS256, ES256 or EdDSA");
        }
        let objects = self.requests.request_object_signing_alg;
        faults.check(
            objects.is_none_or(|alg| self.allows_request_object_alg(alg)),
            "request_object_signing_alg",
            "the security profile wants PS256, ES256 or EdDSA",
        );
        faults.check(
            objects != Some(RequestObjectAlg::Unsigned) || !self.must_sign_requests(),
            "request_object_signing_alg",
            "none is no signature, and the security profile wants signed requests",
        );
    }
}

#[cfg(test)]
mod tests {
    use symbolon_jose::Jwk;

    use super::*;
    use crate::registration::DeliveryMode;
    use crate::response_mode::ResponseMode;
    use crate::response_type::ResponseType;
    use crate::testing::{fapi2, machine, spa};

    const STRICT: &[SecurityProfile] =
        &[SecurityProfile::Ciba, SecurityProfile::Fapi1, SecurityProfile::Fapi2, SecurityProfile::Fapi2Signed];

    #[track_caller]
    fn contradicts(profile: SecurityProfile, member: &str, change: impl FnOnce(&mut Client)) {
        let mut client = fapi2().0;
        client.security.security_profile = profile;
        assert_eq!(client.validate(), Ok(()), "{profile:?}");
        change(&mut client);
        let faults = client.validate().expect_err("must be refused");
        assert!(faults.iter().any(|fault| fault.member == member), "{profile:?}: {faults:?}");
    }

    #[test]
    fn fapi2_section_5_3_2_1_only_confidential_clients_without_secrets() {
        for profile in STRICT.iter().copied() {
            for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None] {
                contradicts(profile, "token_endpoint_auth_method", |client| client.token_endpoint_auth_method = method);
            }
            let public = Client { security: Security { security_profile: profile, ..Security::default() }, ..spa() };
            assert!(public.validate().is_err());
            assert!(machine().with_profile(profile).validate().is_err(), "without keys");
        }
    }

    #[test]
    fn fapi2_section_5_3_2_1_the_looser_audience_of_assertions_is_refused() {
        for profile in [SecurityProfile::Fapi2, SecurityProfile::Fapi2Signed] {
            contradicts(profile, "legacy_assertion_audience", |client| client.legacy_assertion_audience = true);
        }
    }

    #[test]
    fn fapi2_section_5_3_2_1_tokens_that_cannot_be_bound_are_refused() {
        for profile in STRICT.iter().copied() {
            contradicts(profile, "access_token_format", |client| {
                client.access_token_format = AccessTokenFormat::Session;
            });
            contradicts(profile, "password_sign_in", |client| {
                client.first_party = true;
                client.password_sign_in = true;
            });
        }
    }

    #[test]
    fn fapi_ciba_section_5_2_2_requests_are_signed_and_nothing_is_pushed() {
        let mut client = fapi2().0.with_profile(SecurityProfile::Ciba);
        client.grant_types.insert("urn:openid:params:grant-type:ciba".to_owned());
        client.backchannel.backchannel_token_delivery_mode = Some(DeliveryMode::Ping);
        client.backchannel.backchannel_client_notification_endpoint = Some("https://bank.example/cb".to_owned());
        client.backchannel.backchannel_authentication_request_signing_alg = Some(Algorithm::ES256);
        assert_eq!(client.validate(), Ok(()));
        let faulty = |client: &Client, member| {
            client.validate().is_err_and(|faults| faults.iter().any(|fault| fault.member == member))
        };
        let mut pushed = client.clone();
        pushed.backchannel.backchannel_token_delivery_mode = Some(DeliveryMode::Push);
        assert!(faulty(&pushed, "backchannel_token_delivery_mode"));
        client.backchannel.backchannel_authentication_request_signing_alg = None;
        assert!(faulty(&client, "backchannel_authentication_request_signing_alg"));
    }

    #[test]
    fn fapi2_section_5_3_2_2_response_type_is_code() {
        for response_type in ResponseType::ALL.iter().copied().filter(|one| *one != ResponseType::Code) {
            contradicts(SecurityProfile::Fapi2, "response_types", |client| {
                client.grant_types.insert("implicit".to_owned());
                client.responses.response_types.insert(response_type);
            });
        }
    }

    #[test]
    fn fapi1_section_5_2_2_response_type_is_code_or_code_id_token() {
        for response_type in ResponseType::ALL.iter().copied() {
            let mut client = fapi2().0;
            client.security.security_profile = SecurityProfile::Fapi1;
            client.grant_types.insert("implicit".to_owned());
            client.responses.response_types = [response_type].into();
            let allowed = [ResponseType::Code, ResponseType::CodeIdToken].contains(&response_type);
            assert_eq!(client.validate().is_ok(), allowed, "{response_type:?}");
        }
    }

    #[test]
    fn fapi2_section_5_3_2_2_pkce_is_not_switched_off() {
        contradicts(SecurityProfile::Fapi2, "require_pkce", |client| client.require_pkce = false);
        contradicts(SecurityProfile::Fapi2Signed, "require_pkce", |client| client.require_pkce = false);
    }

    #[test]
    fn fapi2_section_5_3_2_2_redirect_uris_are_https_but_on_loopback_for_native_clients() {
        for profile in STRICT.iter().copied() {
            for uri in ["http://localhost:3000/cb", "http://127.0.0.1/cb"] {
                contradicts(profile, "redirect_uris", |client| client.redirect_uris.push(uri.to_owned()));
            }
        }
        let native =
            Client { kind: ClientKind::Native, redirect_uris: vec!["http://127.0.0.1/cb".into()], ..fapi2().0 };
        assert_eq!(native.validate(), Ok(()));
    }

    #[test]
    fn fapi2_section_5_4_1_other_algorithms_are_refused() {
        for profile in STRICT.iter().copied() {
            contradicts(profile, "id_token_signed_response_alg", |client| {
                client.id_token_signed_response_alg = Algorithm::RS256;
            });
            contradicts(profile, "authorization_signed_response_alg", |client| {
                client.responses.authorization_signed_response_alg = Some(Algorithm::ES384);
            });
            for alg in [RequestObjectAlg::Unsigned, RequestObjectAlg::Signed(Algorithm::RS256)] {
                contradicts(profile, "request_object_signing_alg", |client| {
                    client.requests.request_object_signing_alg = Some(alg);
                });
            }
            contradicts(profile, "jwks", |client| {
                let other = Jwk::generate(Algorithm::ES384).unwrap().public_value().unwrap();
                client.jwks = Some(serde_json::json!({ "keys": [other] }));
            });
        }
    }

    #[test]
    fn fapi2_message_signing_section_5_4_signed_answers_must_be_possible() {
        for profile in [SecurityProfile::Fapi1, SecurityProfile::Fapi2Signed] {
            contradicts(profile, "response_modes", |client| {
                client.responses.response_modes = [ResponseMode::Query].into();
            });
        }
    }

    #[test]
    fn the_default_profile_contradicts_nothing() {
        let old = Client { require_pkce: false, legacy_assertion_audience: true, ..fapi2().0 };
        let old = Client { security: Security::default(), ..old };
        assert_eq!(old.validate(), Ok(()));
    }

    #[test]
    fn a_document_without_the_member_is_of_the_default_profile() {
        let mut document = serde_json::to_value(fapi2().0).unwrap();
        document.as_object_mut().unwrap().remove("security_profile");
        let client: Client = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(client.profile(), SecurityProfile::Oidc);
        document["security_profile"] = "fapi3".into();
        assert!(serde_json::from_value::<Client>(document).is_err(), "what is not known is not taken for less");
    }
}
