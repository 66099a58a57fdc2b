//! A client that keeps one of the FAPI profiles: it signs its assertions and its requests and proves its key.

use http::header::CONTENT_TYPE;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_oauth::profile::SecurityProfile;
use symbolon_oauth::registration::Client;
use symbolon_oauth::{ClientId, random_id};
use symbolon_server::rng::SystemRng;

use super::client::form;
use super::dpop::{DPOP, Prover};
use super::flow::VERIFIER;
use super::requests::{TYP, object_claims, parameters, reference_url};
use super::{Answer, CALLBACK, ISSUER, NOW, World};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client `bank`, first-party, in a world of its own.
pub struct Bank {
    pub world: World,
    pub key: SigningKey,
    pub prover: Prover,
}

impl Bank {
    pub async fn new(profile: SecurityProfile) -> Self {
        Self::of(World::new().await, profile).await
    }

    /// In a world that is there.
    pub async fn of(world: World, profile: SecurityProfile) -> Self {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let mut client = Client::web(ClientId::parse("bank").unwrap(), "Bank").with_profile(profile);
        client.first_party = true;
        client.redirect_uris = vec![CALLBACK.to_owned()];
        client.jwks = Some(json!({ "keys": [jwk.public_value().unwrap()] }));
        client.grant_types.insert("client_credentials".to_owned());
        assert_eq!(client.validate(), Ok(()));
        world.put_client(&client).await;
        Self { world, key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap(), prover: Prover::new() }
    }

    /// An assertion, with these claims changed.
    pub fn assertion(&self, changes: &Value) -> String {
        let mut claims = json!({ "iss": "bank", "sub": "bank", "aud": ISSUER, "exp": NOW + 60, "iat": NOW,
            "jti": random_id(&mut SystemRng) });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        jwt::sign(&self.key, "client-authentication+jwt", &claims).unwrap()
    }

    /// Posts a form as the bank, with a proof if there is one.
    pub async fn post(&self, path: &str, pairs: &[(&str, &str)], proof: Option<&str>) -> Answer {
        self.post_with(path, pairs, &self.assertion(&json!({})), proof).await
    }

    /// The same with that assertion.
    pub async fn post_with(&self, path: &str, pairs: &[(&str, &str)], assertion: &str, proof: Option<&str>) -> Answer {
        let mut pairs = pairs.to_vec();
        pairs.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion)]);
        let mut headers: Vec<(HeaderName, &str)> = vec![(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        headers.extend(proof.map(|proof| (DPOP, proof)));
        self.world.send(Method::POST, path, &headers, Some(form(&pairs))).await
    }

    /// Pushes the usual request, changed.
    pub async fn push(&self, more: &[(&str, &str)]) -> Answer {
        let pairs = parameters("bank", more);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/oauth/par", &pairs, None).await
    }

    /// Pushes it as a request object that keeps the rules of Message Signing, with these claims changed.
    pub async fn push_signed(&self, changes: &Value) -> Answer {
        let mut claims = object_claims("bank", &[]);
        for (name, value) in json!({ "nbf": NOW, "exp": NOW + 300, "response_mode": "jwt" }).as_object().unwrap() {
            claims[name] = value.clone();
        }
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let object = jwt::sign(&self.key, TYP, &claims).unwrap();
        self.post("/oauth/par", &[("request", &object)], None).await
    }

    /// Brings what was pushed to the browser and signs Ada in.
    pub async fn arrive(&self, pushed: &Answer) -> Answer {
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let request_uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let mut browser = self.world.browser();
        let page = browser.get(&reference_url("bank", &request_uri, &[])).await;
        browser.sign_in(&page, "ada@example.com", super::PASSWORD).await
    }

    /// Redeems a code with a proof.
    pub async fn redeem(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        fields.extend(more);
        self.post("/oauth/token", &fields, Some(&self.prover.for_tokens())).await
    }

    /// Refreshes with a proof.
    pub async fn refresh(&self, refresh_token: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        fields.extend(more);
        self.post("/oauth/token", &fields, Some(&self.prover.for_tokens())).await
    }
}
