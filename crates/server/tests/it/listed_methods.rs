//! Every way of client authentication that discovery lists for an endpoint: a client is registered for it and uses it there.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_oauth::registration::AuthMethod;
use symbolon_oauth::{ClientId, random_id};
use symbolon_server::rng::SystemRng;

use crate::support::{API, Answer, ISSUER, NOW, SECRET, World};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that is registered for one way.
struct Way {
    method: String,
    client: String,
    /// What signs its assertions.
    key: Option<SigningKey>,
}

impl Way {
    async fn of(world: &World, method: &str) -> Self {
        let chosen = AuthMethod::ALL.iter().copied().find(|one| one.name() == method).unwrap();
        let known = match chosen {
            AuthMethod::None => Some("spa"),
            AuthMethod::SelfSignedTlsClientAuth => Some("own"),
            AuthMethod::TlsClientAuth => Some("reports"),
            _ => None,
        };
        if let Some(client) = known {
            return Self { method: method.to_owned(), client: client.to_owned(), key: None };
        }
        let mut client = (**world.running.app.registry().client("machine").unwrap()).clone();
        client.client_id = ClientId::parse(&method.replace('_', "-")).unwrap();
        world.put_client(&client).await;
        let client = client.client_id.to_string();
        if chosen == AuthMethod::ClientSecretJwt {
            // The operator's command makes the secret that can be read, and shows it.
            let change = json!({ "client": { "set": { "client": client, "change": { "auth_method": method } } } });
            let secret = world.command(&change).await["client_secret"].as_str().unwrap().to_owned();
            let jwk = Jwk::oct(secret.as_bytes(), Algorithm::HS256).unwrap();
            let key = Some(SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap());
            return Self { method: method.to_owned(), client, key };
        }
        let key = if chosen == AuthMethod::PrivateKeyJwt { Some(world.signs_requests(&client).await) } else { None };
        world
            .change_client(&client, |client| {
                client.token_endpoint_auth_method = chosen;
                client.secrets.retain(|_| chosen != AuthMethod::PrivateKeyJwt);
            })
            .await;
        Self { method: method.to_owned(), client, key }
    }

    /// Posts a form in this way.
    async fn post(&self, world: &World, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let with = |more: &[(&'static str, &str)]| {
            let all = pairs.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            all.collect::<Vec<_>>()
        };
        let assertion = self.key.as_ref().map(|key| {
            let claims = json!({ "iss": self.client, "sub": self.client, "aud": ISSUER, "exp": NOW + 60, "iat": NOW,
                "jti": random_id(&mut SystemRng) });
            jwt::sign(key, "client-authentication+jwt", &claims).unwrap()
        });
        let id = self.client.as_str();
        let (certificate, pairs) = match &*self.method {
            // The world knows from the name which of the two it is.
            "client_secret_basic" | "none" => return world.post_as(id, path, pairs).await,
            "client_secret_post" => (None, with(&[("client_id", id), ("client_secret", SECRET)])),
            "client_secret_jwt" | "private_key_jwt" => {
                let assertion = assertion.unwrap();
                (None, with(&[("client_assertion_type", ASSERTION), ("client_assertion", &assertion)]))
            }
            "tls_client_auth" => (Some("client"), with(&[("client_id", id)])),
            "self_signed_tls_client_auth" => (Some("self"), with(&[("client_id", id)])),
            other => panic!("{other} is listed, and nothing here uses it"),
        };
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        match certificate {
            Some(name) => world.post_over(&[name], path, &pairs).await,
            None => world.post_with("", path, &pairs).await,
        }
    }

    /// An access token that its client got in this way.
    async fn token(&self, world: &World) -> String {
        let answer = if self.method == "none" {
            let code = world.browser().code("spa", "ada@example.com", &[]).await;
            world.redeem("spa", &code).await
        } else {
            self.post(world, "/oauth/token", &[("grant_type", "client_credentials"), ("audience", API)]).await
        };
        assert_eq!(answer.status, 200, "{}: {}", self.method, answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

fn listed(metadata: &Value, endpoint: &str) -> Vec<String> {
    serde_json::from_value(metadata[format!("{endpoint}_endpoint_auth_methods_supported")].clone()).unwrap()
}

/// What a world lists, used where it is listed.
async fn uses_all(world: &World, skip: &[String]) -> Vec<String> {
    let metadata = world.metadata();
    let [tokens, revocation, introspection] =
        ["token", "revocation", "introspection"].map(|endpoint| listed(&metadata, endpoint));
    for method in revocation.iter().chain(&introspection) {
        assert!(tokens.contains(method), "{method} gets no tokens");
    }
    for method in tokens.iter().filter(|method| !skip.contains(method)) {
        let way = Way::of(world, method).await;
        let token = way.token(world).await;
        let shown = [("token", &*token)];
        if introspection.contains(method) {
            let told = way.post(world, "/oauth/introspect", &shown).await;
            assert_eq!((told.status.as_u16(), &told.json()["active"]), (200, &json!(true)), "{method}: {}", told.body);
        } else {
            assert_ne!(way.post(world, "/oauth/introspect", &shown).await.status, 200, "{method} is not listed");
        }
        assert!(revocation.contains(method), "{method} revokes nothing");
        assert_eq!(way.post(world, "/oauth/revoke", &shown).await.status, 200, "{method}");
        if introspection.contains(method) {
            let told = way.post(world, "/oauth/introspect", &shown).await;
            assert_eq!(told.json()["active"], json!(false), "{method}: {}", told.body);
        }
    }
    tokens
}

#[tokio::test]
async fn every_listed_way_of_client_authentication_works_where_it_is_listed_security_32() {
    let plain = uses_all(&World::new().await, &[]).await;
    let all = uses_all(&World::with_certificates().await, &plain).await;
    assert!(!plain.contains(&"tls_client_auth".to_owned()), "no certificate is asked for here");
    let mut known: Vec<&str> = AuthMethod::ALL.iter().map(|method| method.name()).collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    known.sort_unstable();
    all.sort_unstable();
    assert_eq!(all, known);
}
