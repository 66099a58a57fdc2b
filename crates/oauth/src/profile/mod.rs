//! Security profiles: what is allowed for a client, looked up by client and never global, because the standards disagree. One file each,
//! one line each at the end of this one.
//!
//! A profile adds to a registration and takes nothing away: what it demands is so even where the registration's own switch says nothing,
//! and what contradicts it is refused when the client is registered ([`Client::validate`]). Whoever needs to know asks the client.

use serde::{Deserialize, Serialize};
use symbolon_jose::Algorithm;

use crate::registration::{AuthMethod, Client, RequestObjectAlg};
use crate::response_mode::ResponseMode;
use crate::response_type::ResponseType;

/// What a profile demands beyond what every client keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Demand {
    /// A backchannel request says what it is about, in its `binding_message`.
    BindingMessage,
    /// Access tokens are bound to a key.
    BoundTokens,
    /// Every code has a `code_challenge`.
    CodeChallenge,
    /// A code that was asked for by a pushed request has a `code_challenge`.
    CodeChallengeIfPushed,
    /// A client assertion names the issuer and nothing else, as a string, whatever the registration's switch for old clients says.
    IssuerAudience,
    /// A `nonce` with `openid`, else a `state`.
    NonceOrState,
    /// Plain http is for the loopback interface of native clients only.
    Https,
    /// Requests are pushed.
    PushedRequest,
    /// Answers are signed: as a whole (JARM), or by the ID token in them.
    SignedAnswer,
    /// Backchannel requests are signed.
    SignedBackchannelRequest,
    /// Authorization requests are signed, for an hour at most, for this issuer by name.
    SignedRequest,
    /// A refresh token stays what it is: it is not rotated.
    StableRefreshToken,
}

/// One profile.
struct Rules {
    /// What signs, on either side.
    signing_algs: &'static [Algorithm],
    /// How its clients prove who they are, by the registered names; `None` means in any way.
    auth_methods: Option<&'static [&'static str]>,
    /// What they may ask the authorization endpoint for; `None` means whatever they are registered for.
    response_types: Option<&'static [ResponseType]>,
    /// How far from its end the assertion of a client with the switch for old ones may be, in seconds.
    assertion_secs: u64,
    demands: &'static [Demand],
}

/// How far from its end a client assertion may be that is made for one request.
pub(crate) const BRIEF_SECS: u64 = 300;

macro_rules! profiles {
    ($($(#[$doc:meta])+ $module:ident => $variant:ident),+ $(,)?) => {
        $(mod $module;)+

        /// A security profile, by its name in serde.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum SecurityProfile {
            $($(#[$doc])+ $variant,)+
            /// OpenID Connect and OAuth 2.0 with their best current practice: what the registration says.
            #[default]
            Oidc,
        }

        impl SecurityProfile {
            /// Every profile.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+ Self::Oidc];

            /// The name in registrations.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $module::NAME,)+
                    Self::Oidc => "oidc",
                }
            }

            const fn rules(self) -> &'static Rules {
                match self {
                    $(Self::$variant => &$module::RULES,)+
                    Self::Oidc => &OIDC,
                }
            }
        }
    };
}

/// Every signature, every way.
static OIDC: Rules = Rules {
    signing_algs: Algorithm::ASYMMETRIC,
    auth_methods: None,
    response_types: None,
    // What libraries choose by themselves; each counts once all the same.
    assertion_secs: 3_600,
    demands: &[],
};

/// RFC 8705 §2 and `private_key_jwt`: what all of FAPI authenticates clients by.
const WITHOUT_SECRETS: &[&str] = &["private_key_jwt", "self_signed_tls_client_auth", "tls_client_auth"];

/// FAPI 2.0 Security Profile §5.4.1: "use PS256, ES256, or EdDSA (using the Ed25519 variant) algorithms".
const FAPI2_ALGS: &[Algorithm] = &[Algorithm::EdDSA, Algorithm::Ed25519, Algorithm::ES256, Algorithm::PS256];

/// FAPI 1.0 Part 2 §8.6: "shall use PS256 or ES256 algorithms".
const FAPI1_ALGS: &[Algorithm] = &[Algorithm::ES256, Algorithm::PS256];

impl SecurityProfile {
    /// Whether it demands that.
    ///
    /// ```
    /// use symbolon_oauth::profile::{Demand, SecurityProfile};
    /// assert!(SecurityProfile::Fapi2.demands(Demand::PushedRequest));
    /// assert!(!SecurityProfile::Oidc.demands(Demand::PushedRequest));
    /// ```
    #[must_use]
    pub fn demands(self, demand: Demand) -> bool {
        self.rules().demands.contains(&demand)
    }

    /// What signs, on either side.
    #[must_use]
    pub fn signing_algs(self) -> &'static [Algorithm] {
        self.rules().signing_algs
    }

    /// Whether a signature by this counts, and may be made.
    #[must_use]
    pub fn allows_alg(self, alg: Algorithm) -> bool {
        self.rules().signing_algs.contains(&alg)
    }

    /// How far from its end the assertion of a client with the switch for old ones may be, in seconds.
    #[must_use]
    pub fn assertion_secs(self) -> u64 {
        self.rules().assertion_secs
    }

    /// Whether its clients may prove who they are like this.
    #[must_use]
    pub fn allows_auth_method(self, method: AuthMethod) -> bool {
        self.rules().auth_methods.is_none_or(|methods| methods.contains(&method.name()))
    }

    /// Whether its clients may ask for this.
    #[must_use]
    pub fn allows_response_type(self, response_type: ResponseType) -> bool {
        self.rules().response_types.is_none_or(|types| types.contains(&response_type))
    }
}

impl TryFrom<String> for SecurityProfile {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::ALL.iter().copied().find(|profile| profile.name() == name).ok_or("no security profile of that name")
    }
}

impl From<SecurityProfile> for &'static str {
    fn from(profile: SecurityProfile) -> Self {
        profile.name()
    }
}

/// What holds for a client: its registration and its profile together.
impl Client {
    /// Its profile.
    #[must_use]
    pub fn profile(&self) -> SecurityProfile {
        self.security.security_profile
    }

    /// Whether every authorization request of it is pushed (RFC 9126 §6).
    #[must_use]
    pub fn must_push(&self) -> bool {
        self.requests.require_pushed_authorization_requests || self.profile().demands(Demand::PushedRequest)
    }

    /// Whether every authorization request of it is signed (RFC 9101 §10.5).
    #[must_use]
    pub fn must_sign_requests(&self) -> bool {
        self.requests.require_signed_request_object || self.profile().demands(Demand::SignedRequest)
    }

    /// Whether a code needs a `code_challenge`. A public client's own switch is not believed: the registration refuses it.
    #[must_use]
    pub fn must_challenge(&self, pushed: Pushed) -> bool {
        let profile = self.profile();
        let of_profile = profile.demands(Demand::CodeChallenge)
            || (pushed == Pushed::Yes && profile.demands(Demand::CodeChallengeIfPushed));
        self.require_pkce || self.is_public() || of_profile
    }

    /// Whether its access tokens are bound to a key, always (RFC 9449 §5.2 for one way of it).
    #[must_use]
    pub fn must_bind(&self) -> bool {
        self.dpop_bound_access_tokens || self.is_certificate_bound() || self.profile().demands(Demand::BoundTokens)
    }

    /// Whether answers to it that come through the browser are signed.
    #[must_use]
    pub fn must_get_signed(&self, response_type: ResponseType, mode: ResponseMode) -> bool {
        let is_signed = mode.is_signed() || response_type.has_id_token();
        self.profile().demands(Demand::SignedAnswer) && !is_signed
    }

    /// Whether its refresh tokens stay what they are. Never so where nothing but the token proves whose it is.
    #[must_use]
    pub fn keeps_refresh_token(&self) -> bool {
        self.profile().demands(Demand::StableRefreshToken) && !self.is_public()
    }

    /// What is registered, where its profile allows it; else what its ID tokens are signed with, which the profile does allow.
    #[must_use]
    pub fn allowed_or_own(&self, alg: Algorithm) -> Algorithm {
        if self.profile().allows_alg(alg) { alg } else { self.id_token_signed_response_alg }
    }

    /// Whether a request object of it may be signed so.
    #[must_use]
    pub fn allows_request_object_alg(&self, alg: RequestObjectAlg) -> bool {
        match alg {
            RequestObjectAlg::Signed(alg) if alg.is_symmetric() => self.can_share_keys(),
            RequestObjectAlg::Signed(alg) => self.profile().allows_alg(alg),
            // Nothing but a signature keeps FAPI 2.0 §5.4.1: "not use or accept the none algorithm".
            RequestObjectAlg::Unsigned => self.profile() == SecurityProfile::Oidc,
        }
    }
}

/// Whether a request was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It came through the browser.
    No,
    /// By its client, which has proven who it is.
    Yes,
}

profiles![
    /// FAPI-CIBA.
    ciba => Ciba,
    /// FAPI 1.0 Advanced.
    fapi1 => Fapi1,
    /// FAPI 2.0 Security Profile.
    fapi2 => Fapi2,
    /// FAPI 2.0 Message Signing.
    fapi2_signed => Fapi2Signed,
];

#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_documents_and_nothing_else_is_one() {
        for profile in SecurityProfile::ALL.iter().copied() {
            let text = serde_json::to_string(&profile).unwrap();
            assert_eq!(text, format!("\"{}\"", profile.name()));
            assert_eq!(serde_json::from_str::<SecurityProfile>(&text).unwrap(), profile);
        }
        for other in ["", "FAPI2", "fapi", "fapi2_signed"] {
            assert!(serde_json::from_value::<SecurityProfile>(other.into()).is_err(), "{other}");
        }
        assert_eq!(SecurityProfile::default(), SecurityProfile::Oidc);
    }

    #[test]
    fn fapi2_section_5_4_1_only_ps256_es256_and_eddsa_sign() {
        for profile in [SecurityProfile::Fapi2, SecurityProfile::Fapi2Signed] {
            for alg in Algorithm::ALL.iter().copied() {
                let allowed = ["PS256", "ES256", "EdDSA", "Ed25519"].contains(&alg.name());
                assert_eq!(profile.allows_alg(alg), allowed, "{alg}");
            }
        }
        assert!(!SecurityProfile::Fapi1.allows_alg(Algorithm::RS256));
        assert!(
            SecurityProfile::Oidc.allows_alg(Algorithm::RS256) && !SecurityProfile::Oidc.allows_alg(Algorithm::HS256)
        );
    }

    #[test]
    fn fapi2_section_5_3_2_1_no_secret_authenticates_a_client() {
        for profile in SecurityProfile::ALL.iter().copied().filter(|one| *one != SecurityProfile::Oidc) {
            for method in AuthMethod::ALL.iter().copied() {
                let without_secret = WITHOUT_SECRETS.contains(&method.name());
                assert_eq!(profile.allows_auth_method(method), without_secret, "{profile:?} {method:?}");
            }
        }
        assert!(AuthMethod::ALL.iter().all(|method| SecurityProfile::Oidc.allows_auth_method(*method)));
    }

    #[test]
    fn message_signing_is_the_security_profile_and_more() {
        for demand in SecurityProfile::Fapi2.rules().demands {
            assert!(SecurityProfile::Fapi2Signed.demands(*demand), "{demand:?}");
        }
        assert!(SecurityProfile::Fapi2Signed.demands(Demand::SignedRequest));
        assert!(SecurityProfile::Fapi2Signed.demands(Demand::SignedAnswer));
    }
}
