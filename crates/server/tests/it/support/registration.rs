//! What tests of dynamic registration share: a world that lets clients register, and requests as they send them.

use http::header::AUTHORIZATION;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_server::config::RegistrationMode;

use super::{Answer, CALLBACK, World};

const JSON: (HeaderName, &str) = (http::header::CONTENT_TYPE, "application/json");

/// Metadata of a client that goes through the code flow of [`super::flow::authorize_url`].
pub fn usual() -> Value {
    json!({ "redirect_uris": [CALLBACK], "client_name": "Newcomer" })
}

/// The same with changes; null takes a member away.
pub fn with(changes: &Value) -> Value {
    let mut members = usual();
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    members.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    members
}

impl World {
    /// A world in which clients register themselves.
    pub async fn registering(mode: RegistrationMode) -> Self {
        Self::with(|config| config.registration = mode).await
    }

    /// `POST /register`, with a token if it is not empty.
    pub async fn register_with(&self, token: &str, body: &Value) -> Answer {
        self.manage(Method::POST, "/register", token, Some(body)).await
    }

    /// `POST /register` without a token.
    pub async fn register(&self, body: &Value) -> Answer {
        self.register_with("", body).await
    }

    /// Registers a client, and gives the answer's JSON.
    pub async fn registered(&self, changes: &Value) -> Value {
        let answer = self.register(&with(changes)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    /// A request to a registration endpoint, or to the address of one registration.
    pub async fn manage(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = Vec::new();
        if !token.is_empty() {
            headers.push((AUTHORIZATION, bearer.as_str()));
        }
        if body.is_some() {
            headers.push(JSON);
        }
        self.send(method, path, &headers, body.map(Value::to_string)).await
    }

    /// A request about a registration, at the address and with the token that its answer gave.
    pub async fn about(&self, method: Method, registration: &Value, body: Option<&Value>) -> Answer {
        let token = registration["registration_access_token"].as_str().unwrap();
        self.manage(method, path(registration), token, body).await
    }

    /// What an operator's command prints of a new initial access token.
    pub async fn invitation(&self, uses: Option<u32>, lifetime_secs: u64) -> Value {
        let command = json!({ "registration": { "create-token": { "lifetime_secs": lifetime_secs, "uses": uses } } });
        self.command(&command).await
    }

    /// Changes the policy.
    pub async fn policy(&self, patch: &Value) {
        self.command(&json!({ "registration": { "set-policy": { "patch": patch } } })).await;
    }
}

/// The path of a registration's address.
pub fn path(registration: &Value) -> &str {
    registration["registration_client_uri"].as_str().unwrap().strip_prefix(super::ISSUER).unwrap()
}
