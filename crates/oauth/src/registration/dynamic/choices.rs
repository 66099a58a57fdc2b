//! Lists of what a client could do (OpenID Connect Relying Party Metadata Choices 1.0): the server picks one of each, and its answer says which.
//!
//! The single member, where it is there too, is the client's preference and comes first; then its list in its order. Only a list of which nothing
//! works is refused. A list alone never begins encryption: it says what the client could read, not that it wants it.

use serde_json::{Map, Value};
use symbolon_jose::{ContentEncryption, KeyManagement};

use super::{RegistrationRefusal, Terms};
use crate::client_auth::SIGNING_ALGS;
use crate::registration::{AuthMethod, RequestObjectAlg, SubjectType};
use crate::shared_keys::{MAC_ALGS, can_encrypt};

/// A list and what it is a list of.
struct Choice {
    list: &'static str,
    member: &'static str,
    works: fn(&str, &Terms<'_>) -> bool,
}

const fn choice(list: &'static str, member: &'static str, works: fn(&str, &Terms<'_>) -> bool) -> Choice {
    Choice { list, member, works }
}

#[rustfmt::skip]
const CHOICES: &[Choice] = &[
    choice("authorization_encryption_alg_values_supported", "authorization_encrypted_response_alg", can_be_encrypted),
    choice("authorization_encryption_enc_values_supported", "authorization_encrypted_response_enc", is_content),
    choice("authorization_signing_alg_values_supported", "authorization_signed_response_alg", signs),
    choice("backchannel_authentication_request_signing_alg_values_supported", "backchannel_authentication_request_signing_alg", is_signature),
    choice("id_token_encryption_alg_values_supported", "id_token_encrypted_response_alg", can_be_encrypted),
    choice("id_token_encryption_enc_values_supported", "id_token_encrypted_response_enc", is_content),
    choice("id_token_signing_alg_values_supported", "id_token_signed_response_alg", signs),
    choice("introspection_encryption_alg_values_supported", "introspection_encrypted_response_alg", can_be_encrypted),
    choice("introspection_encryption_enc_values_supported", "introspection_encrypted_response_enc", is_content),
    choice("introspection_signing_alg_values_supported", "introspection_signed_response_alg", signs),
    choice("request_object_encryption_alg_values_supported", "request_object_encryption_alg", is_decrypted),
    choice("request_object_encryption_enc_values_supported", "request_object_encryption_enc", is_content),
    choice("request_object_signing_alg_values_supported", "request_object_signing_alg", is_request_object),
    choice("subject_types_supported", "subject_type", is_subject_type),
    choice("token_endpoint_auth_methods_supported", "token_endpoint_auth_method", is_method),
    choice("token_endpoint_auth_signing_alg_values_supported", "token_endpoint_auth_signing_alg", is_assertion),
    choice("userinfo_encryption_alg_values_supported", "userinfo_encrypted_response_alg", can_be_encrypted),
    choice("userinfo_encryption_enc_values_supported", "userinfo_encrypted_response_enc", is_content),
    choice("userinfo_signing_alg_values_supported", "userinfo_signed_response_alg", signs),
];

/// What the server picks: members that take the place of those sent.
pub(super) fn made(sent: &Map<String, Value>, terms: &Terms<'_>) -> Result<Map<String, Value>, RegistrationRefusal> {
    let mut picked = Map::new();
    for Choice { list, member, works } in CHOICES {
        let Some(offered) = sent.get(*list) else { continue };
        let refused = || RegistrationRefusal::member(list, "must be a list of texts");
        let texts = offered.as_array().ok_or_else(refused)?.iter().map(|one| one.as_str().ok_or_else(refused));
        let texts = texts.collect::<Result<Vec<&str>, _>>()?;
        let preferred = sent.get(*member).and_then(Value::as_str);
        // Of signatures on answers that are plain unless somebody asks, and of all encryption, the list alone begins none.
        if preferred.is_none() && !is_always_there(member) {
            continue;
        }
        let found = preferred.into_iter().chain(texts).find(|text| works(text, terms));
        let Some(text) = found else {
            return Err(RegistrationRefusal::member(list, "has nothing that is supported here"));
        };
        picked.insert((*member).to_owned(), text.into());
    }
    Ok(picked)
}

/// Whether there is one of these in any registration, so that a list says which.
fn is_always_there(member: &str) -> bool {
    const ALWAYS: &[&str] = &[
        "authorization_signed_response_alg",
        "id_token_signed_response_alg",
        "introspection_signed_response_alg",
        "subject_type",
        "token_endpoint_auth_method",
    ];
    ALWAYS.contains(&member)
}

fn signs(name: &str, terms: &Terms<'_>) -> bool {
    terms.signing_algs.iter().any(|alg| alg.answers_to(name))
}

fn is_signature(name: &str, _: &Terms<'_>) -> bool {
    SIGNING_ALGS.iter().any(|alg| alg.name() == name)
}

fn is_assertion(name: &str, _: &Terms<'_>) -> bool {
    SIGNING_ALGS.iter().chain(MAC_ALGS).any(|alg| alg.name() == name)
}

fn can_be_encrypted(name: &str, _: &Terms<'_>) -> bool {
    KeyManagement::ALL.iter().any(|alg| alg.name() == name && (!alg.is_symmetric() || can_encrypt(*alg)))
}

fn is_content(name: &str, _: &Terms<'_>) -> bool {
    ContentEncryption::ALL.iter().any(|enc| enc.name() == name)
}

fn is_decrypted(name: &str, terms: &Terms<'_>) -> bool {
    terms.decryption_algs.iter().any(|alg| alg.name() == name)
}

fn is_request_object(name: &str, _: &Terms<'_>) -> bool {
    RequestObjectAlg::all().any(|alg| alg.name() == name)
}

fn is_subject_type(name: &str, _: &Terms<'_>) -> bool {
    SubjectType::ALL.iter().any(|one| one.name() == name)
}

fn is_method(name: &str, terms: &Terms<'_>) -> bool {
    let served = AuthMethod::ALL.iter().any(|method| method.name() == name && terms.certificates.serve(*method));
    served && terms.policy.token_endpoint_auth_methods.contains(name)
}
