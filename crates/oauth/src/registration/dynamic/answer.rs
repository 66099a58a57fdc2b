//! The client information response (RFC 7591 §3.2.1, RFC 7592 §3): everything that is registered, defaults too, and what is shown once.

use serde_json::{Map, Value, json};

use super::super::{Client, ClientKind};
use super::members::MEMBERS;
use crate::endpoint::path;
use crate::ids::Issuer;
use crate::scope::Scope;

/// What an answer shows and nobody can look up again.
#[derive(Clone, Copy, Debug)]
pub struct Issued<'a> {
    /// A secret, if one was made, and when it ends in Unix seconds.
    pub client_secret: Option<(&'a str, Option<u64>)>,
    /// What opens this registration.
    pub registration_access_token: &'a str,
}

/// The answer.
#[must_use]
pub fn answer(client: &Client, issuer: &Issuer, shown: Issued<'_>) -> Map<String, Value> {
    let mut answer = metadata(client);
    let client_id = client.client_id.as_str();
    answer.insert("client_id".to_owned(), client_id.into());
    answer.insert("client_id_issued_at".to_owned(), client.created_at.into());
    if let Some((secret, expires_at)) = shown.client_secret {
        answer.insert("client_secret".to_owned(), secret.into());
        // "REQUIRED if "client_secret" is issued. Time at which the client secret will expire … or 0 if it will not expire."
        answer.insert("client_secret_expires_at".to_owned(), expires_at.unwrap_or(0).into());
    }
    answer.insert("registration_access_token".to_owned(), shown.registration_access_token.into());
    answer.insert(
        "registration_client_uri".to_owned(),
        format!("{}/{client_id}", issuer.endpoint(path::REGISTER)).into(),
    );
    answer
}

/// "the authorization server MUST return all registered metadata about this client, including any fields provisioned by the
/// authorization server itself" (RFC 7591 §3.2.1): that an operator alone may set is not metadata.
fn metadata(client: &Client) -> Map<String, Value> {
    let mut answer = Map::new();
    let document = serde_json::to_value(client).unwrap_or_default();
    for name in MEMBERS {
        match document.get(*name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(value) => {
                answer.insert((*name).to_owned(), value.clone());
            }
        }
    }
    if client.name != client.client_id.as_str() {
        answer.insert("client_name".to_owned(), client.name.clone().into());
    }
    answer.extend(client.metadata.localized.iter().map(|(name, text)| (name.clone(), text.clone().into())));
    let application_type = if client.kind == ClientKind::Native { "native" } else { "web" };
    answer.insert("application_type".to_owned(), application_type.into());
    answer.insert("grant_types".to_owned(), json!(client.grant_types));
    answer.insert("response_types".to_owned(), json!(client.responses.response_types));
    answer.insert("scope".to_owned(), scope(client).to_string().into());
    answer.insert("subject_type".to_owned(), json!(client.subjects.subject_type));
    answer.insert("require_auth_time".to_owned(), client.metadata.require_auth_time.into());
    answer
}

fn scope(client: &Client) -> Scope {
    let standard = client.scopes.clone().unwrap_or_else(crate::scope::standard);
    let of_apis = client.apis.iter().flat_map(|api| api.scopes.iter());
    standard.iter().chain(of_apis).collect()
}
