//! The members of a registration that a client may set itself, by their names in the standards. One line each: what is not here is
//! ignored when it is sent, and not told.

use serde_json::{Map, Value};

use super::super::{Client, metadata};
use super::RegistrationRefusal;

/// Members that mean the same in a request, in the document and in an answer. The standards' own names; what this version knows nothing of
/// is ignored.
pub(super) const MEMBERS: &[&str] = &[
    "authorization_details_types",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "authorization_signed_response_alg",
    "backchannel_authentication_request_signing_alg",
    "backchannel_client_notification_endpoint",
    "backchannel_logout_session_required",
    "backchannel_logout_uri",
    "backchannel_token_delivery_mode",
    "backchannel_user_code_parameter",
    "client_uri",
    "contacts",
    "default_acr_values",
    "default_max_age",
    "dpop_bound_access_tokens",
    "frontchannel_logout_session_required",
    "frontchannel_logout_uri",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "id_token_signed_response_alg",
    "initiate_login_uri",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "introspection_signed_response_alg",
    "jwks",
    "jwks_uri",
    "logo_uri",
    "policy_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "request_object_signing_alg",
    "request_uris",
    "require_auth_time",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "sector_identifier_uri",
    "software_id",
    "software_statement",
    "software_version",
    "subject_type",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_email",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_uri",
    "tls_client_auth_subject_dn",
    "tls_client_certificate_bound_access_tokens",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "tos_uri",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "userinfo_signed_response_alg",
];

/// Members of an answer that only the server sets (RFC 7592 §2.2).
pub(super) const OF_THE_SERVER: &[&str] =
    &["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

/// Most redirect URIs of one client that registers itself.
pub(super) const MAX_URIS: usize = 50;

pub(super) fn is_localized(name: &str) -> bool {
    metadata::LOCALIZED.contains(&name)
}

/// A client's document while it is written, member by member.
pub(super) struct Document(Map<String, Value>);

impl Document {
    pub(super) fn of(client: &Client) -> Result<Self, RegistrationRefusal> {
        match serde_json::to_value(client) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(RegistrationRefusal::InvalidClientMetadata("it cannot be written down".to_owned())),
        }
    }

    /// Gives what a client may set itself back its default.
    pub(super) fn forget(&mut self, fresh: &Self) {
        for name in MEMBERS.iter().chain(&["localized"]) {
            match fresh.0.get(*name) {
                Some(value) => self.0.insert((*name).to_owned(), value.clone()),
                None => self.0.remove(*name),
            };
        }
    }

    /// Sets a member, if it is one that a client may set.
    pub(super) fn set(&mut self, name: &str, value: &Value) -> Result<(), RegistrationRefusal> {
        refuse_unsupported(name, value)?;
        if !MEMBERS.contains(&name) {
            return Ok(());
        }
        self.0.insert(name.to_owned(), value.clone());
        match serde_json::from_value::<Client>(Value::Object(self.0.clone())) {
            // Nothing here knows this member.
            Ok(client) if client.extra.contains_key(name) => {
                self.0.remove(name);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) => Err(RegistrationRefusal::member(name, "is not a value that is supported here")),
        }
    }

    pub(super) fn read(self) -> Result<Client, RegistrationRefusal> {
        serde_json::from_value(Value::Object(self.0))
            .map_err(|_| RegistrationRefusal::InvalidClientMetadata("it cannot be read".to_owned()))
    }
}

/// What is known, cannot be had, and would change what a client gets if it were merely ignored.
fn refuse_unsupported(name: &str, value: &Value) -> Result<(), RegistrationRefusal> {
    let text = value.as_str();
    match name {
        "initiate_login_uri" if !text.is_some_and(|uri| uri.starts_with("https://")) => {
            Err(RegistrationRefusal::member(name, "must be https"))
        }
        _ => Ok(()),
    }
}
