//! Authorization requests that do not stand in a query: pushed ones, and request objects.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};

use super::client::form;
use super::flow::authorize_url;
use super::{Answer, ISSUER, World};

/// The type of request objects.
pub const TYP: &str = "oauth-authz-req+jwt";

/// The parameters of [`authorize_url`].
pub fn parameters(client: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let url = authorize_url(client, more);
    url::form_urlencoded::parse(url.split_once('?').unwrap().1.as_bytes()).into_owned().collect()
}

/// The claims of a request object with the parameters of [`authorize_url`].
pub fn object_claims(client: &str, more: &[(&str, &str)]) -> Value {
    let mut claims = json!({ "iss": client, "aud": ISSUER });
    for (name, value) in parameters(client, more) {
        claims[name] = json!(value);
    }
    claims
}

/// `/authorize?…` with a request object.
pub fn object_url(client: &str, object: &str, more: &[(&str, &str)]) -> String {
    let pairs = [("client_id", client), ("request", object)].into_iter().chain(more.iter().copied());
    format!("/authorize?{}", form(&pairs.collect::<Vec<_>>()))
}

/// `/authorize?…` with a `request_uri`.
pub fn reference_url(client: &str, request_uri: &str, more: &[(&str, &str)]) -> String {
    let pairs = [("client_id", client), ("request_uri", request_uri)].into_iter().chain(more.iter().copied());
    format!("/authorize?{}", form(&pairs.collect::<Vec<_>>()))
}

/// A request object signed with that key.
pub fn object(key: &SigningKey, client: &str, more: &[(&str, &str)]) -> String {
    jwt::sign(key, TYP, &object_claims(client, more)).unwrap()
}

impl World {
    /// Pushes the parameters of [`authorize_url`].
    pub async fn push(&self, client: &str, more: &[(&str, &str)]) -> Answer {
        let pairs = parameters(client, more);
        let mut pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // The helper adds it where it is how the client says who it is.
        if ["spa", "partner"].contains(&client) {
            pairs.retain(|(name, _)| *name != "client_id");
        }
        self.post_as(client, "/oauth/par", &pairs).await
    }

    /// The same, for the `request_uri`.
    pub async fn pushed(&self, client: &str, more: &[(&str, &str)]) -> String {
        let answer = self.push(client, more).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["request_uri"].as_str().unwrap().to_owned()
    }

    /// Registers a key of the client's for request objects.
    pub async fn signs_requests(&self, client: &str) -> SigningKey {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let public = json!({ "keys": [jwk.public_value().unwrap()] });
        self.change_client(client, |client| client.jwks = Some(public)).await;
        SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap()
    }
}
