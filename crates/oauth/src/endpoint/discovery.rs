//! Metadata of the server (RFC 8414 §2, OpenID Connect Discovery 1.0 §3): one struct, served at both well-known addresses.
//!
//! Lists exactly what works, derived from the tables of grants, methods and modes, and states every Boolean, because some default
//! to true when absent.

mod aliases;
mod answers;
mod assurance;
mod backchannel;

use serde::Serialize;
use symbolon_jose::{Algorithm, KeyManagement};

use crate::acr::Levels;
use crate::authorize::Prompt;
use crate::claims;
use crate::client_auth::{MAC_ALGS, SIGNING_ALGS};
use crate::dpop;
use crate::endpoint::path;
use crate::grant::{Grant, IMPLICIT};
use crate::ids::Issuer;
use crate::registration::{AuthMethod, RequestObjectAlg, RequestRules, SubjectType};
use crate::scope;
use crate::sign_up::SignUp;

pub use aliases::{Aliases, Certificates};
pub use answers::Answers;
pub use assurance::Assurance;
pub use backchannel::Backchannel;

/// What the shell knows and this crate does not.
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the document that is there or not")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Algorithms the server has keys for.
    pub id_token_signing_algs: Vec<Algorithm>,
    /// What sign-ins are worth.
    pub levels: Levels,
    /// Languages of the pages.
    pub ui_locales: Vec<String>,
    /// Whether guards can follow revocations.
    pub revocation_feed: bool,
    /// Whether pages of some client watch sessions.
    pub session_management: bool,
    /// Whether clients can show certificates.
    pub certificates: Certificates,
    /// Whether clients can register themselves.
    pub registration: bool,
    /// To whom the sign-up page is open.
    pub sign_up: SignUp,
    /// What every client that signs users in is registered for.
    pub required_of_all: RequestRules,
    /// Whether some client may send passwords to the token endpoint: for the others there is no such grant.
    pub password_realm: bool,
    /// What can be encrypted to this server.
    pub decryption_algs: Vec<KeyManagement>,
    /// The types of authorization details that APIs have (RFC 9396 §10).
    pub authorization_details_types: Vec<String>,
}

/// The metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    missing_docs,
    reason = "every member is named and defined by RFC 8414 §2, OpenID Connect Discovery §3, RFC 9207 §3, RFC 9126 §5, RFC 9449 §5.1, RFC 8705 §3.3, §5, RFC 8628 §4 or a logout specification"
)]
#[expect(clippy::struct_excessive_bools, reason = "the document's own shape")]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: String,
    pub jwks_uri: String,
    pub revocation_endpoint: String,
    pub introspection_endpoint: String,
    pub pushed_authorization_request_endpoint: String,
    pub end_session_endpoint: String,
    pub device_authorization_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_session_iframe: Option<String>,
    #[serde(flatten)]
    pub backchannel: Backchannel,
    /// Absent where nobody registers without the operator (RFC 7591 §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    pub scopes_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls_endpoint_aliases: Option<Aliases>,
    #[serde(flatten)]
    pub answers: Answers,
    #[serde(flatten)]
    pub assurance: Assurance,
    pub grant_types_supported: Vec<&'static str>,
    pub subject_types_supported: Vec<&'static str>,
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    pub token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    pub request_object_signing_alg_values_supported: Vec<&'static str>,
    pub code_challenge_methods_supported: &'static [&'static str],
    pub dpop_signing_alg_values_supported: Vec<&'static str>,
    pub claim_types_supported: &'static [&'static str],
    pub claims_supported: Vec<&'static str>,
    pub prompt_values_supported: Vec<&'static str>,
    pub display_values_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ui_locales_supported: Vec<String>,
    /// Names of our own: the feed (decision 6), absent where there is none, and the look-up of session values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbolon_revocation_snapshot_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbolon_revocation_stream_endpoint: Option<String>,
    pub symbolon_session_endpoint: String,
    pub authorization_response_iss_parameter_supported: bool,
    pub claims_parameter_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub require_request_uri_registration: bool,
    pub tls_client_certificate_bound_access_tokens: bool,
    pub backchannel_logout_supported: bool,
    pub backchannel_logout_session_supported: bool,
    pub frontchannel_logout_supported: bool,
    pub frontchannel_logout_session_supported: bool,
}

/// The document.
#[must_use]
pub fn metadata(issuer: &Issuer, settings: &Settings) -> Metadata {
    let methods = |kept: fn(&AuthMethod) -> bool| {
        let works = |method: &AuthMethod| settings.certificates.serve(*method);
        AuthMethod::ALL.iter().copied().filter(works).filter(kept).map(AuthMethod::name).collect::<Vec<_>>()
    };
    let feed = |path| settings.revocation_feed.then(|| issuer.endpoint(path));
    Metadata {
        issuer: issuer.as_str().to_owned(),
        authorization_endpoint: issuer.endpoint(path::AUTHORIZE),
        token_endpoint: issuer.endpoint(path::TOKEN),
        userinfo_endpoint: issuer.endpoint(path::USERINFO),
        jwks_uri: issuer.endpoint(path::JWKS),
        revocation_endpoint: issuer.endpoint(path::REVOKE),
        introspection_endpoint: issuer.endpoint(path::INTROSPECT),
        pushed_authorization_request_endpoint: issuer.endpoint(path::PUSHED_AUTHORIZATION),
        end_session_endpoint: issuer.endpoint(path::END_SESSION),
        device_authorization_endpoint: issuer.endpoint(path::DEVICE_AUTHORIZATION),
        check_session_iframe: settings.session_management.then(|| issuer.endpoint(path::CHECK_SESSION)),
        backchannel: Backchannel::of(issuer),
        registration_endpoint: settings.registration.then(|| issuer.endpoint(path::REGISTER)),
        scopes_supported: scope::STANDARD,
        mtls_endpoint_aliases: settings.certificates.base().map(Aliases::at),
        assurance: Assurance::of(settings),
        answers: Answers::signed_with(&settings.id_token_signing_algs),
        grant_types_supported: grants(settings).map(Grant::name).chain([IMPLICIT]).collect(),
        subject_types_supported: SubjectType::ALL.iter().map(|one| one.name()).collect(),
        token_endpoint_auth_methods_supported: methods(|_| true),
        token_endpoint_auth_signing_alg_values_supported: assertion_algs(),
        revocation_endpoint_auth_methods_supported: methods(|_| true),
        revocation_endpoint_auth_signing_alg_values_supported: assertion_algs(),
        // RFC 7662 §2.1: introspection is never open to a client that proves nothing.
        introspection_endpoint_auth_methods_supported: methods(|method| *method != AuthMethod::None),
        introspection_endpoint_auth_signing_alg_values_supported: assertion_algs(),
        request_object_signing_alg_values_supported: RequestObjectAlg::all().map(RequestObjectAlg::name).collect(),
        code_challenge_methods_supported: &["S256"],
        dpop_signing_alg_values_supported: dpop::ALGS.iter().map(|alg| alg.name()).collect(),
        claim_types_supported: &["normal"],
        claims_supported: OF_TOKENS.iter().copied().chain(claims::supported()).collect(),
        prompt_values_supported: prompts(settings.sign_up),
        display_values_supported: &["page"],
        ui_locales_supported: settings.ui_locales.clone(),
        symbolon_revocation_snapshot_endpoint: feed(path::REVOCATION_SNAPSHOT),
        symbolon_revocation_stream_endpoint: feed(path::REVOCATION_STREAM),
        symbolon_session_endpoint: issuer.endpoint(path::SESSION),
        authorization_response_iss_parameter_supported: true,
        claims_parameter_supported: true,
        request_parameter_supported: true,
        request_uri_parameter_supported: true,
        require_request_uri_registration: true,
        tls_client_certificate_bound_access_tokens: settings.certificates.are_taken(),
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        frontchannel_logout_supported: true,
        frontchannel_logout_session_supported: true,
    }
}

/// OpenID Prompt Create 1.0 §4.2: `create` is listed where it is supported.
fn prompts(sign_up: SignUp) -> Vec<&'static str> {
    let works = |prompt: &&Prompt| **prompt != Prompt::Create || sign_up.is_listed();
    Prompt::ALL.iter().filter(works).map(|prompt| prompt.name()).collect()
}

/// Claims of ID tokens that say nothing of the person.
const OF_TOKENS: &[&str] =
    &["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash", "s_hash"];

/// What works for somebody.
fn grants(settings: &Settings) -> impl Iterator<Item = Grant> {
    let works = |grant: &Grant| *grant != Grant::PasswordRealm || settings.password_realm;
    Grant::ALL.iter().copied().filter(works)
}

/// What clients may sign their assertions with.
fn assertion_algs() -> Vec<&'static str> {
    SIGNING_ALGS.iter().chain(MAC_ALGS).map(|alg| alg.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::issuer;
    use serde_json::{Value, json};

    fn document() -> Value {
        let settings = Settings {
            id_token_signing_algs: vec![Algorithm::RS256, Algorithm::ES256],
            ui_locales: vec!["en".to_owned()],
            revocation_feed: true,
            ..Settings::default()
        };
        serde_json::to_value(metadata(&issuer(), &settings)).unwrap()
    }

    #[test]
    fn the_revocation_feed_is_listed_where_there_is_one() {
        assert_eq!(document()["symbolon_revocation_stream_endpoint"], issuer().endpoint("/revocations/stream"));
        let without = serde_json::to_value(metadata(&issuer(), &Settings::default())).unwrap();
        assert!(!without.to_string().contains("symbolon_revocation"));
    }

    #[test]
    fn rfc8414_section_2_registration_is_listed_where_clients_can_register() {
        assert_eq!(document().get("registration_endpoint"), None);
        let open = metadata(&issuer(), &Settings { registration: true, ..Settings::default() });
        assert_eq!(open.registration_endpoint, Some(issuer().endpoint("/register")));
    }

    #[test]
    fn prompt_create_section_4_2_create_is_listed_exactly_where_it_works() {
        for (sign_up, listed) in
            [(SignUp::Off, false), (SignUp::Invitation, false), (SignUp::Clients, true), (SignUp::Open, true)]
        {
            let document = metadata(&issuer(), &Settings { sign_up, ..Settings::default() });
            assert_eq!(document.prompt_values_supported.contains(&"create"), listed, "{sign_up:?}");
        }
    }

    #[test]
    fn where_sessions_are_looked_up_is_listed() {
        assert_eq!(document()["symbolon_session_endpoint"], issuer().endpoint("/session"));
    }

    #[test]
    fn what_rfc_8414_and_openid_require_is_there() {
        let document = document();
        for member in [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
            "scopes_supported",
            "claims_supported",
            "grant_types_supported",
            "userinfo_endpoint",
        ] {
            assert!(document.get(member).is_some(), "{member}");
        }
        assert_eq!(document["issuer"], issuer().as_str());
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], json!(true));
    }

    #[test]
    fn booleans_that_default_to_true_are_stated() {
        assert_eq!(document()["request_uri_parameter_supported"], json!(true));
    }

    /// Core §6.2, RFC 9126 §5, RFC 9101 §10.5; specs rule 1.
    #[test]
    fn how_requests_may_come_is_stated_and_required_only_if_of_everybody() {
        let document = document();
        for (member, value) in [
            ("request_parameter_supported", json!(true)),
            ("require_request_uri_registration", json!(true)),
            ("require_pushed_authorization_requests", json!(false)),
            ("require_signed_request_object", json!(false)),
            ("pushed_authorization_request_endpoint", json!(issuer().endpoint("/oauth/par"))),
        ] {
            assert_eq!(document[member], value, "{member}");
        }
        let algs = document["request_object_signing_alg_values_supported"].to_string();
        assert!(algs.contains("\"none\"") && algs.contains("ES256") && algs.contains("HS256"), "{algs}");
        let required_of_all = RequestRules {
            require_pushed_authorization_requests: true,
            require_signed_request_object: true,
            ..RequestRules::default()
        };
        let strict = metadata(&issuer(), &Settings { required_of_all, ..Settings::default() });
        assert!(
            strict.assurance.require_pushed_authorization_requests && strict.assurance.require_signed_request_object
        );
    }

    #[test]
    fn a_grant_that_takes_passwords_is_listed_only_where_a_client_may_send_them_rfc_9700_2_4() {
        let lists = |password_realm| {
            let settings = Settings { password_realm, ..Settings::default() };
            metadata(&issuer(), &settings).grant_types_supported.contains(&Grant::PasswordRealm.name())
        };
        assert!(lists(true) && !lists(false));
    }

    #[test]
    fn every_grant_method_and_mode_of_the_tables_is_listed_and_no_other() {
        let document = document();
        assert_eq!(
            document["grant_types_supported"],
            json!([
                "authorization_code",
                "urn:openid:params:grant-type:ciba",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:token-exchange",
                "implicit"
            ])
        );
        assert_eq!(
            document["token_endpoint_auth_methods_supported"],
            json!(["client_secret_basic", "client_secret_jwt", "client_secret_post", "none", "private_key_jwt"])
        );
        assert_eq!(
            document["response_modes_supported"],
            json!([
                "form_post",
                "form_post.jwt",
                "fragment",
                "fragment.jwt",
                "jwt",
                "query",
                "query.jwt",
                "web_message",
                "web_message.jwt"
            ])
        );
        assert_eq!(
            document["response_types_supported"],
            json!([
                "code",
                "code id_token",
                "code id_token token",
                "code token",
                "id_token",
                "id_token token",
                "none",
                "token"
            ])
        );
        assert_eq!(document["prompt_values_supported"], json!(["consent", "login", "none", "select_account"]));
    }

    /// Back-Channel Logout §2.1, Front-Channel Logout §3.
    #[test]
    fn logout_over_both_channels_is_announced_with_sessions() {
        let document = document();
        assert_eq!(document["backchannel_logout_supported"], json!(true));
        assert_eq!(document["backchannel_logout_session_supported"], json!(true));
        assert_eq!(document["frontchannel_logout_supported"], json!(true));
        assert_eq!(document["frontchannel_logout_session_supported"], json!(true));
    }

    /// Session Management §3.3.
    #[test]
    fn the_frame_that_watches_is_listed_where_some_client_watches() {
        assert_eq!(document().get("check_session_iframe"), None);
        let settings = Settings { session_management: true, ..Settings::default() };
        let watched = serde_json::to_value(metadata(&issuer(), &settings)).unwrap();
        assert_eq!(watched["check_session_iframe"], "https://auth.example/check-session");
    }

    #[test]
    fn a_shared_secret_is_a_key_between_a_client_and_this_server_only_and_none_is_not_offered() {
        let document = document();
        let members = document.as_object().unwrap();
        for (name, algs) in members.iter().filter(|(name, _)| name.contains("_alg_values_supported")) {
            let algs = algs.to_string();
            // APIs have no such secret, and a proof or a request over the back channel is for more than one reader.
            let public_only =
                ["introspection_signing", "dpop", "backchannel_authentication", "request_object_encryption"];
            let expected = !public_only.iter().any(|prefix| name.starts_with(prefix));
            assert_eq!(algs.contains("\"HS256\"") || algs.contains("\"dir\""), expected, "{name}: {algs}");
            assert!(!algs.contains("PBES2") && !algs.contains("RSA1_5"), "{name}: {algs}");
        }
        assert!(!document["id_token_signing_alg_values_supported"].to_string().contains("none"));
        assert!(!document["introspection_endpoint_auth_methods_supported"].to_string().contains("none"));
    }

    #[test]
    fn an_issuer_with_a_slash_gives_urls_without_two() {
        let issuer = Issuer::parse("https://auth.example/").unwrap();
        let document = metadata(&issuer, &Settings::default());
        assert_eq!(document.issuer, "https://auth.example/");
        assert_eq!(document.token_endpoint, "https://auth.example/oauth/token");
    }
}
