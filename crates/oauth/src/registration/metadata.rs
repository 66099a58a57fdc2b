//! What a registration says beside how requests and answers look (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2):
//! where the client's keys are, who made it, what counts when a request does not say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use symbolon_jose::Algorithm;

use super::validate::{Faults, check_web_page};
use super::{AuthMethod, Client, ClientKind, SecretHash, matches_any};
use crate::language::{self, Languages};
use crate::plain_text::is_seen;
use crate::redirect_uri;

/// Most values in a list of a registration that nobody needs many of.
const MAX_VALUES: usize = 20;
/// Longest text that is kept only to be told again.
const MAX_TEXT_CHARS: usize = 500;
/// Members that may be told in several languages (RFC 7591 §2.2).
pub(super) const LOCALIZED: &[&str] = &["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];

/// Part of a [`Client`]'s document, with the members' names of the standards.
///
/// ```
/// use symbolon_oauth::registration::{Client, ClientMetadata};
/// use symbolon_oauth::ClientId;
/// let mut client = Client::web(ClientId::parse("web")?, "Web");
/// client.metadata.jwks_uri = Some("https://app.example/jwks.json".to_owned());
/// assert_eq!(serde_json::to_value(&client).unwrap()["jwks_uri"], "https://app.example/jwks.json");
/// # Ok::<(), symbolon_oauth::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// Where its public keys are; never together with keys that are registered themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// What its assertions must be signed with; `None` means whatever its method of authentication allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    /// Its home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Who is responsible for it, mostly e-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// The software, the same in every installation of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// Who vouches for it, as the client sent it (RFC 7591 §2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
    /// `max_age` of requests that have none, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    /// Its ID tokens must say when the user authenticated. They always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_auth_time: bool,
    /// `acr_values` of requests that have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// Members in other languages, such as `client_name#de` (RFC 7591 §2.2).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub localized: BTreeMap<String, String>,
    /// How it registered itself, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<Dynamic>,
}

/// What is kept of a client that registered itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dynamic {
    /// What opens its registration (RFC 7592 §3); for a moment two, when one was replaced.
    #[serde(default)]
    pub access_tokens: Vec<SecretHash>,
    /// The initial access token that let it in, by its public name, if it took one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_access_token: Option<String>,
}

impl Dynamic {
    /// Whether a registration access token opens this registration.
    #[must_use]
    pub fn opens_with(&self, token: &str, now: u64) -> bool {
        matches_any(&self.access_tokens, token, now)
    }
}

impl Client {
    /// Whether nobody has looked at it: it registered itself where everybody may. A browser is not sent on to its addresses before somebody has
    /// signed in, or a link to this server would lead anywhere (RFC 9700 §4.11.2).
    #[must_use]
    pub fn is_unvetted(&self) -> bool {
        self.metadata.dynamic.as_ref().is_some_and(|dynamic| dynamic.initial_access_token.is_none())
    }

    /// A member that is told to people, such as `client_name`, in the language that fits best; `otherwise` where none does
    /// (RFC 7591 §2.2).
    #[must_use]
    pub fn told_in<'c>(&'c self, languages: &Languages, member: &str, otherwise: Option<&'c str>) -> Option<&'c str> {
        let in_languages = || {
            let all = self.metadata.localized.iter();
            all.filter_map(|(name, text)| Some((name.strip_prefix(member)?.strip_prefix('#')?, text.as_str())))
        };
        let tag = languages.choose(in_languages().map(|(tag, _)| tag));
        tag.and_then(|tag| in_languages().find(|(known, _)| *known == tag)).map(|(_, text)| text).or(otherwise)
    }

    /// Where its public keys have to be fetched, if they are not registered.
    #[must_use]
    pub fn jwks_uri(&self) -> Option<&str> {
        self.metadata.jwks_uri.as_deref()
    }
}

/// What a registration must be so that each of these members means something.
pub(super) fn check(client: &Client, faults: &mut Faults) {
    let metadata = &client.metadata;
    if let Some(uri) = &metadata.jwks_uri {
        // A server answers there, over TLS.
        faults.check_value(redirect_uri::check_registration(uri, ClientKind::Web), "jwks_uri", uri);
        // RFC 7591 §2: "The jwks_uri and jwks parameters MUST NOT both be present in the same request or response."
        faults.check(client.jwks.is_none(), "jwks_uri", "keys are registered already, in jwks: only one of both");
    }
    check_signing_alg(client, faults);
    if let Some(uri) = &metadata.client_uri {
        faults.check_value(check_web_page(uri), "client_uri", uri);
    }
    for (member, list) in [("contacts", &metadata.contacts), ("default_acr_values", &metadata.default_acr_values)] {
        faults.check(list.len() <= MAX_VALUES, member, "has more than 20 values");
        for text in list {
            faults.check_value(if is_text(text) { Ok(()) } else { Err(NO_TEXT) }, member, text);
        }
    }
    for (member, text) in [("software_id", &metadata.software_id), ("software_version", &metadata.software_version)] {
        faults.check(text.as_deref().is_none_or(is_text), member, NO_TEXT);
    }
    faults.check(metadata.localized.len() <= 5 * MAX_VALUES, "localized", "has more than 100 values");
    for (member, text) in &metadata.localized {
        faults.check_value(check_localized(member, text), "localized", member);
    }
}

const NO_TEXT: &str = "must be 1 to 500 characters on one line";

/// OpenID Connect Registration §2 of `token_endpoint_auth_signing_alg`: "The value none MUST NOT be used"; it has no name here.
fn check_signing_alg(client: &Client, faults: &mut Faults) {
    let Some(alg) = client.metadata.token_endpoint_auth_signing_alg else { return };
    let fits = match client.token_endpoint_auth_method {
        AuthMethod::ClientSecretJwt => alg.is_symmetric(),
        AuthMethod::PrivateKeyJwt => !alg.is_symmetric(),
        _ => true,
    };
    faults.check(
        fits,
        "token_endpoint_auth_signing_alg",
        "does not fit the method: client_secret_jwt has HS256, HS384, HS512, private_key_jwt has signatures",
    );
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_TEXT_CHARS && !text.chars().any(char::is_control)
}

/// RFC 7591 §2.2: "a '#' character" and a language tag (BCP 47) after the member's name.
fn check_localized(member: &str, text: &str) -> Result<(), &'static str> {
    let (name, tag) = member.split_once('#').ok_or("has no language")?;
    if !LOCALIZED.contains(&name) {
        return Err("is not a member that is told in several languages");
    }
    if !language::is_tag(tag) {
        return Err("does not end with a language tag");
    }
    if name != "client_name" {
        return check_web_page(text);
    }
    if is_text(text) && is_seen(text) {
        Ok(())
    } else {
        Err("must be 1 to 500 characters on one line, none of them hidden")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{machine, third_party};
    use serde_json::{Value, json};
    use symbolon_jose::Jwk;

    fn with(members: Value) -> Client {
        Client { metadata: serde_json::from_value(members).unwrap(), ..third_party() }
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().expect_err("must be refused");
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn a_document_of_before_has_none_of_it() {
        let body = serde_json::to_value(third_party()).unwrap();
        let client: Client = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(client.metadata, ClientMetadata::default());
        assert!(client.extra.is_empty() && body.get("contacts").is_none());
    }

    #[test]
    fn rfc7591_section_2_jwks_and_jwks_uri_exclude_each_other() {
        let jwks = json!({ "keys": [Jwk::generate(Algorithm::ES256).unwrap().public_value().unwrap()] });
        let by_reference = with(json!({ "jwks_uri": "https://third.example/jwks.json" }));
        assert_eq!(by_reference.validate(), Ok(()));
        faulty(&Client { jwks: Some(jwks), ..by_reference }, "jwks_uri");
    }

    #[test]
    fn openid_registration_section_2_jwks_uri_is_https() {
        for uri in [
            "http://third.example/jwks.json",
            "ftp://third.example/jwks.json",
            "https://third.example/jwks.json#keys",
            "https://user@third.example/jwks.json",
            "//third.example/jwks.json",
            "file:///etc/passwd",
            "",
        ] {
            faulty(&with(json!({ "jwks_uri": uri })), "jwks_uri");
        }
    }

    #[test]
    fn keys_by_reference_are_keys_enough() {
        let by_reference = with(json!({ "jwks_uri": "https://third.example/jwks.json" }));
        let proving = Client {
            token_endpoint_auth_method: AuthMethod::PrivateKeyJwt,
            secrets: Vec::new(),
            ..by_reference.clone()
        };
        assert_eq!(proving.validate(), Ok(()));
        let mut signing = by_reference.clone();
        signing.requests.require_signed_request_object = true;
        assert_eq!(signing.validate(), Ok(()));
        let mut encrypted = by_reference;
        encrypted.responses.id_token_encrypted_response_alg = Some(symbolon_jose::KeyManagement::EcdhEs);
        assert_eq!(encrypted.validate(), Ok(()));
    }

    #[test]
    fn openid_registration_section_2_the_algorithm_of_assertions_fits_the_method() {
        let with_method = |token_endpoint_auth_method, alg: &str| Client {
            token_endpoint_auth_method,
            ..with(json!({ "jwks_uri": "https://third.example/j", "token_endpoint_auth_signing_alg": alg }))
        };
        assert_eq!(with_method(AuthMethod::ClientSecretJwt, "HS384").validate(), Ok(()));
        let keyed = Client { secrets: Vec::new(), ..with_method(AuthMethod::PrivateKeyJwt, "PS256") };
        assert_eq!(keyed.validate(), Ok(()));
        faulty(&with_method(AuthMethod::ClientSecretJwt, "RS256"), "token_endpoint_auth_signing_alg");
        faulty(&with_method(AuthMethod::PrivateKeyJwt, "HS256"), "token_endpoint_auth_signing_alg");
        let none = json!({ "token_endpoint_auth_signing_alg": "none" });
        assert!(serde_json::from_value::<ClientMetadata>(none).is_err(), "OpenID Connect Registration §2");
    }

    #[test]
    fn members_that_are_only_told_again_are_bounded() {
        faulty(&with(json!({ "contacts": vec!["a@third.example"; 21] })), "contacts");
        faulty(&with(json!({ "contacts": [""] })), "contacts");
        faulty(&with(json!({ "contacts": ["a\nb"] })), "contacts");
        faulty(&with(json!({ "software_id": "x".repeat(501) })), "software_id");
        faulty(&with(json!({ "client_uri": "javascript:alert(1)" })), "client_uri");
        faulty(&with(json!({ "default_acr_values": [" "] })), "default_acr_values");
        assert_eq!(with(json!({ "contacts": ["ops@third.example"], "software_id": "s-1" })).validate(), Ok(()));
        assert_eq!(machine().metadata.contacts.len(), 0);
    }

    #[test]
    fn rfc7591_section_2_2_people_are_told_in_their_language() {
        let client = with(json!({ "localized": {
            "client_name#de": "Die Dritten", "client_name#ja-Kana-JP": "x", "tos_uri#de": "https://third.example/agb",
        } }));
        let told = |locale: &str, member: &str| {
            client.told_in(&Languages::of(&[locale.to_owned()], ""), member, Some("otherwise")).unwrap()
        };
        assert_eq!((told("de-AT", "client_name"), told("de", "tos_uri")), ("Die Dritten", "https://third.example/agb"));
        assert_eq!((told("fr", "client_name"), told("de", "policy_uri")), ("otherwise", "otherwise"));
        assert_eq!(told("ja", "client_name"), "otherwise", "RFC 4647 §3.4 never adds to what was asked for");
    }

    #[test]
    fn rfc7591_section_2_2_a_member_in_another_language_names_the_language() {
        let localized = |name: &str, text: &str| with(json!({ "localized": { name: text } }));
        assert_eq!(localized("client_name#de-CH", "Die Dritten").validate(), Ok(()));
        assert_eq!(localized("tos_uri#ja", "https://third.example/tos").validate(), Ok(()));
        for (name, text) in [
            ("client_name", "x"),
            ("client_name#", "x"),
            ("client_name#de_CH", "x"),
            ("client_name#verylonglanguage", "x"),
            ("redirect_uris#de", "https://evil.example/"),
            ("tos_uri#de", "javascript:alert(1)"),
            ("client_name#de", ""),
        ] {
            faulty(&localized(name, text), "localized");
        }
    }
}
